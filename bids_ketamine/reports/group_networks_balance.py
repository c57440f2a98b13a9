"""Patients and controls in tables: how alike they are, and how measures differ."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.canvas import PALETTE, QUIET, ArmStyle
from bids_ketamine.reports.figures.control_bars import balance_figure
from bids_ketamine.reports.group_networks_views import (
    NetworkContext,
    model_words,
    network_title,
)
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, Picture, TableView, picture
from bids_ketamine.reports.words import (
    ABSENT,
    counted,
    decimals_for,
    interval,
    is_absent,
    is_number,
    number,
    p_value,
    percent,
    signed,
    text,
)

EVERYBODY, MATCHED = "everybody", "matched"
#: What pairs are worth when nobody is left over.
ALL_PAIRED = (
    "everybody is in one, so that matching changes neither the groups nor their balance, and "
    "only where a patient has no value leaves out the control too. It would take more controls "
    "than patients for a choice."
)
CLUSTERS = {EVERYBODY: "everybody", MATCHED: "matched pairs"}
BEFORE, AFTER = "before matching", "after matching"
STAGES = {
    BEFORE: ArmStyle(QUIET, "o"),
    AFTER: ArmStyle(PALETTE[0], "D"),
}


def _covariate(row: Mapping[str, Any]) -> str:
    name = text(row["covariate"]).replace("_", " ")
    return name if is_absent(row["level"]) else f"{name}: {text(row['level'])}"


def _stages(table: pd.DataFrame) -> list[tuple[str, dict[str, dict[str, Any]]]]:
    """Return each covariate, or level of one, with its rows by stage."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in records(table):
        found.setdefault(_covariate(row), {})[text(row["stage"])] = row
    return list(found.items())


def balance_pictures(table: pd.DataFrame) -> list[Picture]:
    """Draw standardized differences of covariates; nothing without any.

    Parameters
    ----------
    table : DataFrame
        ``group_balance``.
    """
    rows = []
    for name, stages in _stages(table):
        found: list[Any] = [
            stages.get(stage, {}).get("standardized_difference") for stage in ("before", "after")
        ]
        before, after = (float(each) if is_number(each) else np.nan for each in found)
        if np.isfinite(before) or np.isfinite(after):
            rows.append((name, before, after))
    if not rows:
        return []
    # Where matching changed nothing, marks of both would lie on each other.
    has_after = any(
        np.isfinite(after) and not np.isclose(before, after) for _, before, after in rows
    )
    caption = "Standardized differences of covariates"
    caption += " before and after matching" if has_after else ""
    draw = partial(
        balance_figure,
        rows,
        styles=STAGES if has_after else {BEFORE: STAGES[BEFORE]},
        name="balance",
        description=caption,
    )
    data = pd.DataFrame(rows, columns=["covariate", "before", "after"])
    return [picture(caption, draw, name="balance-controls", data=data)]


def balance_table(table: pd.DataFrame) -> TableView | None:
    """Return how alike patients and controls are, before and after matching.

    Parameters
    ----------
    table : DataFrame
        ``group_balance``.
    """
    if table.empty:
        return None
    columns = [Column("Covariate")]
    for stage in (BEFORE, AFTER):
        columns += [
            Column(name, numeric=True, group=stage)
            for name in ("patients", "controls", "difference, SD")
        ]
    cells = tuple(
        (name, *(cell for stage in ("before", "after") for cell in _told(stages.get(stage))))
        for name, stages in _stages(table)
    )
    note = (
        "Mean (SD), or share; differences in standard deviations before matching. They describe "
        "these groups and are no tests."
    )
    return TableView("Balance of patients and controls", tuple(columns), cells, note=note)


def _told(row: Mapping[str, Any] | None) -> tuple[str, str, str]:
    if row is None:
        return (ABSENT, ABSENT, ABSENT)
    shown = []
    for who in ("patients", "controls"):
        mean, sd = row[who], row[f"sd_{who}"]
        if is_absent(row["level"]):
            spread = f" ({number(sd)})" if is_number(sd) else ""
            words = f"{number(mean)}{spread}" if is_number(mean) else ABSENT
        else:
            words = percent(mean)
        shown.append(f"{words}, n = {text(row[f'n_{who}'])}" if words != ABSENT else ABSENT)
    return shown[0], shown[1], signed(row["standardized_difference"], 2)


def everybody_paired(pairs: pd.DataFrame) -> bool:
    """Tell whether nobody is left without a pair, so that matching leaves out nobody.

    Parameters
    ----------
    pairs : DataFrame
        ``group_matching``.
    """
    return len(pairs) > 0 and bool(pairs[["patient", "control"]].notna().all(axis=None))


def matching_notes(pairs: pd.DataFrame) -> list[str]:
    """Say how many have no partner and why.

    Parameters
    ----------
    pairs : DataFrame
        ``group_matching``; nobody without individual data.
    """
    if pairs.empty:
        return []
    n = counted(len(pairs.dropna(subset=["patient", "control"])), "pair")
    notes = [f"{n}." if not everybody_paired(pairs) else f"{n}: {ALL_PAIRED}"]
    for name, word in (("patient", "patient"), ("control", "control")):
        other = "control" if name == "patient" else "patient"
        alone = pairs[pairs[other].isna() & pairs[name].notna()]
        if len(alone):
            reasons = alone["reason"].fillna("no reason is given").value_counts().head(4)
            why = "; ".join(f"{reason} ({count})" for reason, count in reasons.items())
            notes.append(f"{counted(len(alone), word)} in no pair: {why}.")
    return notes


def differences_table(rows: pd.DataFrame, context: NetworkContext, caption: str) -> TableView:
    """Return differences of patients and controls.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``group_controls``.
    context : NetworkContext
        Names of measures.
    caption : str
        Of the table.
    """
    several = rows["measure"].nunique() > 1
    of_networks = rows["measure"].isin(list(context.kinds)).all()
    columns = [Column("Network" if of_networks else "Regions")]
    columns += [Column("Nuisance model" if of_networks else "Measure")] if several else []
    columns += [Column("Patients in"), Column("Compared")]
    columns += [
        Column(name, numeric=True)
        for name in ("n", "patients", "controls", "difference", "interval", "t", "p", "g")
    ]
    cells = []
    for row in records(rows):
        kind = row["measure"]
        model = model_words(kind, context.spec) if of_networks else text(kind).replace("_", " ")
        decimals = decimals_for([row["mean_patients"], row["mean_controls"]])
        cells.append(
            (
                network_title(row["regions"]),
                *([model] if several else []),
                text(row["session"]),
                CLUSTERS.get(text(row["compared"]), text(row["compared"])),
                f"{text(row['n_patients'])} / {text(row['n_controls'])}",
                number(row["mean_patients"], decimals),
                number(row["mean_controls"], decimals),
                signed(row["estimate"], decimals),
                interval(row["ci_low"], row["ci_high"], decimals),
                number(row["statistic"], 2),
                p_value(row["p_value"]),
                number(row["hedges_g"], 2),
            )
        )
    return TableView(caption, tuple(columns), tuple(cells))
