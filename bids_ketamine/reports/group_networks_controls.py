"""Patients before and after treatment against controls, everybody and in matched pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bids_ketamine.reports.figure_data import file_name
from bids_ketamine.reports.figures.canvas import PALETTE, QUIET, ArmStyle
from bids_ketamine.reports.figures.control_bars import (
    Bar,
    control_bars_figure,
)
from bids_ketamine.reports.group_data import KEYS, read_long
from bids_ketamine.reports.group_networks_balance import (
    CLUSTERS,
    EVERYBODY,
    MATCHED,
    balance_pictures,
    balance_table,
    differences_table,
    everybody_paired,
    matching_notes,
)
from bids_ketamine.reports.group_networks_views import (
    NetworkContext,
    NetworkPart,
    as_array,
    moments_estimate,
    network_title,
    network_words,
)
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import in_order, matches, records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import (
    decimals_for,
    equals_p,
    interval,
    is_absent,
    is_number,
    listed,
    number,
    signed,
    text,
    unit_words,
)

FloatArray = NDArray[np.float64]

#: Rows of networks and of other measures in tables.
MOST_ROWS = 80
COMPARED = ["arm", "session", "compared"]


def controls_part(context: NetworkContext) -> NetworkPart | None:
    """Show the comparison with controls.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    """
    table, section = context.table("group_controls"), context.spec.controls
    if table.empty or section is None:
        return None
    own = table[table["measure"].isin(list(context.kinds))]
    others = table[~table.index.isin(own.index)]
    shown = own if len(own) else others
    first = shown[shown["measure"] == shown["measure"].iloc[0]]
    pictures = [*_bars(context, first), *balance_pictures(context.table("group_balance"))]
    balance = balance_table(context.table("group_balance"))
    whole = first[first["compared"] == EVERYBODY]
    results = [_sentence(row, context) for row in records(whole) if is_number(row["p_value"])]
    styles = _styles(context, first)
    return NetworkPart(
        anchor="networks-controls",
        title=f"Patients against {section.level}",
        words=_words(context, styles),
        results=tuple(results),
        pictures=tuple(pictures),
        tables=(balance,) if balance is not None else (),
        details=tuple(
            differences_table(rows.head(MOST_ROWS), context, caption)
            for rows, caption in (
                (own, "Networks: patients minus controls"),
                (others, "Other measures: patients minus controls"),
            )
            if len(rows)
        ),
        notes=tuple(matching_notes(context.table("group_matching"))),
        summary=_summary(first, context),
    )


def _words(context: NetworkContext, styles: Mapping[str, ArmStyle]) -> str:
    section = context.spec.controls
    assert section is not None  # asked for by the caller
    words = (
        f"Bars are means with {context.level} intervals"
        + (", points participants" if context.individual_data else "")
        + f": {listed(list(styles))}. Groups are compared by Student's t test, two-sided, not "
        "corrected; sentences tell everybody, the table matched pairs too. Controls have the mean "
        "of their own sessions"
    )
    if section.matching:
        covariates = listed([each.replace("_", " ") for each in section.matching])
        words += f". Pairs are matched on {covariates}: " + (
            "what both groups differ in, which pairs of everybody cannot change, is shown below"
            if everybody_paired(context.table("group_matching"))
            else "what both groups still differ in is shown below, and a test of pairs rests on "
            "fewer participants"
        )
    return words + "."


def _group(session: object) -> str:
    return f"patients, {text(session)}"


def _styles(context: NetworkContext, rows: pd.DataFrame) -> dict[str, ArmStyle]:
    """Return the look of controls and of patients by session."""
    section = context.spec.controls
    assert section is not None  # asked for by the caller
    sessions = in_order(rows["session"], context.order)
    looks = [ArmStyle(PALETTE[0], "o"), ArmStyle(PALETTE[1], "D"), ArmStyle(PALETTE[3], "^")]
    found = {section.level: ArmStyle(QUIET, "s")}
    return found | {
        _group(session): looks[place % len(looks)] for place, session in enumerate(sessions)
    }


def _bars(context: NetworkContext, rows: pd.DataFrame) -> list[Picture]:
    styles = _styles(context, rows)
    keys = rows[KEYS].drop_duplicates()
    values = (
        read_long(context.group, "measures", keys=keys)
        if context.individual_data
        else pd.DataFrame()
    )
    pictures = []
    for key in records(keys):
        own = rows[matches(rows, key)].dropna(subset="mean_patients")
        if own.empty:
            continue
        persons = values[matches(values, key)] if len(values) else values
        clusters = [
            (title, _cluster(context, part, persons, compared))
            for compared, title in CLUSTERS.items()
            if len(part := own[own["compared"] == compared])
        ]
        title = network_title(key["regions"])
        draw = partial(
            control_bars_figure,
            clusters,
            styles=styles,
            unit=unit_words(key["unit"]),
            name=f"controls-{key['regions']}",
            description=f"{title}: means of {listed(list(styles))}",
        )
        name = file_name("controls", key["measure"], key["regions"])
        pictures.append(picture(title, draw, name=name, data=_bar_data(clusters)))
    return pictures


def _cluster(
    context: NetworkContext, rows: pd.DataFrame, persons: pd.DataFrame, compared: str
) -> list[Bar]:
    """Return the bars of everybody, or of matched pairs: controls, then patients by session."""
    section = context.spec.controls
    assert section is not None  # asked for by the caller
    level = context.spec.group.confidence_level
    ordered = [
        row
        for session in in_order(rows["session"], context.order)
        for row in records(rows[rows["session"] == session])
    ]
    # Controls of pairs may differ between sessions of the patients: those of the most pairs.
    fullest = max(ordered, key=lambda row: row["n_controls"])
    controls = moments_estimate(
        fullest["mean_controls"], fullest["sd_controls"], fullest["n_controls"], level
    )
    pairs = context.table("group_matching").dropna(subset=["patient", "control"])
    members = {
        name: set(pairs[name]) if compared == MATCHED else None for name in ("patient", "control")
    }
    bars = [
        Bar(
            section.level, controls.value, controls.low, controls.high,
            _control_values(context, persons, members["control"]),
        )
    ]  # fmt: skip
    for row in ordered:
        mean = moments_estimate(row["mean_patients"], row["sd_patients"], row["n_patients"], level)
        values = _patient_values(context, persons, row, members["patient"])
        bars.append(Bar(_group(row["session"]), mean.value, mean.low, mean.high, values))
    return bars


def _control_values(
    context: NetworkContext, persons: pd.DataFrame, members: set[str] | None
) -> FloatArray:
    """Return the mean over the sessions of each control."""
    section = context.spec.controls
    if persons.empty or section is None:
        return np.empty(0)
    own = persons[(persons["arm"] == section.level) & persons["included"].astype(bool)]
    sessions = section.control_sessions
    if not sessions:  # a mean of sessions counts none of them twice
        sessions = tuple(each.name for each in context.spec.own_sessions)
    own = own[own["session"].isin(list(sessions))]
    if members is not None:
        own = own[own["participant_id"].isin(members)]
    return as_array(own.groupby("participant_id")["adjusted"].mean())


def _patient_values(
    context: NetworkContext,
    persons: pd.DataFrame,
    row: Mapping[str, Any],
    members: set[str] | None,
) -> FloatArray:
    section = context.spec.controls
    if persons.empty or section is None:
        return np.empty(0)
    own = persons[persons["included"].astype(bool) & (persons["session"] == row["session"])]
    own = own[own["arm"] != section.level]
    if not is_absent(row["arm"]) and row["arm"] != "all":
        own = own[own["arm"] == row["arm"]]
    if members is not None:
        own = own[own["participant_id"].isin(members)]
    return as_array(own["adjusted"])


def _bar_data(clusters: Sequence[tuple[str, Sequence[Bar]]]) -> pd.DataFrame:
    columns = ["compared", "group", "mark", "value", "ci_low", "ci_high"]
    rows: list[tuple[Any, ...]] = []
    for title, bars in clusters:
        for bar in bars:
            rows.append((title, bar.group, "mean", bar.mean, bar.low, bar.high))
            rows += [(title, bar.group, "participant", each, None, None) for each in bar.values]
    return pd.DataFrame(rows, columns=columns)


def _sentence(row: Mapping[str, Any], context: NetworkContext) -> str:
    decimals = decimals_for([row["ci_high"] - row["ci_low"]])
    arms = context.table("group_controls")["arm"].nunique()
    arm = f"{text(row['arm'], 'all')}, " if arms > 1 else ""
    return unbroken(
        f"{network_title(row['regions'])}, {arm}{text(row['session'])}: "
        f"patients minus controls {signed(row['estimate'], decimals)} {unit_words(row['unit'])} "
        f"({context.level} interval {interval(row['ci_low'], row['ci_high'], decimals)}), "
        f"t({number(row['df'], 0)}) = {number(row['statistic'], 2)}, "
        f"{equals_p(row['p_value'], 'p')}, g = {number(row['hedges_g'], 2)}, "
        f"n = {text(row['n_patients'])} and {text(row['n_controls'])}."
    )


def _is_same(rows: pd.DataFrame) -> bool:
    """Tell whether pairs are of the same participants as everybody."""
    whole, pairs = (
        rows[rows["compared"] == each].set_index(KEYS[:4])[["n_patients", "n_controls"]]
        for each in CLUSTERS
    )
    return len(whole) > 0 and whole.sort_index().equals(pairs.sort_index())


def _summary(rows: pd.DataFrame, context: NetworkContext) -> str:
    """Count the differences with a small p in each session, everybody and matched."""
    told = []
    known = rows.dropna(subset="p_value")
    for session in in_order(known["session"], context.order):
        here = known[known["session"] == session]
        is_same = _is_same(here)
        for compared, words in CLUSTERS.items():
            if is_same and compared == MATCHED:
                continue
            own = here[here["compared"] == compared]
            words += " (all in pairs)" if is_same else ""
            small = own[own["p_value"] < 0.05]
            if len(own):
                names = [network_words(each) for each in small["regions"]]
                which = f" ({listed(names)})" if 0 < len(names) <= 4 else ""
                told.append(f"{session}, {words}: {len(small)} of {len(own)}{which}")
    return f"Networks in which patients differ with p < .05: {'; '.join(told)}." if told else ""
