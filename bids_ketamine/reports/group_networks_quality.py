"""Signal quality of networks before and after cleaning, and before and after treatment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from bids_ketamine.reports.figure_data import file_name
from bids_ketamine.reports.figures.canvas import ArmStyle, arm_styles
from bids_ketamine.reports.figures.forest import Estimate, forest_figure
from bids_ketamine.reports.group_networks_views import (
    NetworkContext,
    NetworkPart,
    network_title,
    network_words,
)
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, Picture, TableView, picture
from bids_ketamine.reports.words import (
    ABSENT,
    capitalized,
    equals_p,
    interval,
    is_number,
    listed,
    measure_words,
    number,
    p_value,
    signed,
    text,
    unit_words,
)
from bids_ketamine.study.measure_names import RATIO, SIGNAL_QUALITY

#: Pictures: what they show, and the measures in them.
PICTURES = {
    "Temporal signal-to-noise ratio": ("raw_tsnr", "cleaned_tsnr"),
    "Temporal standard deviation": ("raw_temporal_sd", "cleaned_temporal_sd"),
}
STAGES = {"raw": "before cleaning", "cleaned": "after cleaning"}


def quality_part(context: NetworkContext) -> NetworkPart | None:
    """Show signal quality by network, and its ratio to that of the reference.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    """
    summary = context.group.summary
    own = summary[summary["measure"].isin(SIGNAL_QUALITY)]
    arms = _arms(context, own)
    own = own[own["arm"].isin(arms) & own["session"].isin(_sessions(context))]
    # Series that were read as a table have no mean, and nothing before cleaning.
    known = own[own["n"].gt(0)][["measure", "regions"]].drop_duplicates()
    absent = [each for each in SIGNAL_QUALITY if each not in set(known["measure"])]
    asked = [each for each in absent if each in set(own["measure"])]
    own = own.merge(known, on=["measure", "regions"])
    if own.empty:
        return None
    change = context.change
    reference = context.spec.networks.signal_reference if context.spec.networks else None
    ratios = own[own["regions"].str.contains(RATIO, regex=False)]
    plain = own[~own.index.isin(ratios.index)]
    pictures = [
        each
        for part, of_ratio in ((plain, False), (ratios, True))
        for each in _pictures(context, part, arms, of_ratio=of_ratio)
    ]
    results = _sentences(context, ratios if len(ratios) else plain, arms)
    words = (
        "Medians over the regions of each network, means over participants with "
        f"{context.level} intervals. The ratio of mean to temporal standard deviation says how "
        "much signal there is to correlate; cleaning takes noise out of the standard deviation"
    )
    if reference:
        words += f". Ratios compare a network with {network_words(reference)}"
    if change is not None:
        words += (
            ". A change of signal quality with treatment would change correlations without any "
            "change of the brain's"
        )
    return NetworkPart(
        anchor="networks-quality",
        title="Signal quality",
        words=words + ".",
        results=tuple(results),
        pictures=tuple(pictures),
        details=tuple(_tables(context, own, arms)),
        notes=(f"Not known of anybody: {listed([measure_words(each) for each in asked])}.",)
        if asked
        else (),
    )


def _sessions(context: NetworkContext) -> list[str]:
    """Return the ends of the change, or all sessions without one."""
    change = context.change
    return [change.first, change.second] if change is not None else context.order


def _arms(context: NetworkContext, rows: pd.DataFrame) -> list[str]:
    treated = [arm for arm in context.treated if arm in set(rows["arm"])]
    return treated or ["all"]


def _label(row: Mapping[str, Any]) -> str:
    stage = STAGES[text(row["measure"]).split("_", 1)[0]]
    return f"{network_title(row['regions'])}, {stage}"


def _pictures(
    context: NetworkContext, rows: pd.DataFrame, arms: Sequence[str], *, of_ratio: bool
) -> list[Picture]:
    pictures = []
    for title, measures in PICTURES.items():
        own = rows[rows["measure"].isin(measures)].dropna(subset="mean")
        if own.empty:
            continue
        found: dict[str, dict[str, Estimate]] = {}
        for regions in dict.fromkeys(own["regions"]):
            for row in records(own[own["regions"] == regions]):
                arm = f", {row['arm']}" if len(arms) > 1 else ""
                of_row = found.setdefault(_label(row), {})
                of_row[f"{row['session']}{arm}"] = Estimate(
                    row["mean"], row["ci_low"], row["ci_high"]
                )
        what = f"{title}, ratio to the reference" if of_ratio else title
        draw = partial(
            forest_figure,
            list(found.items()),
            styles=_styles(found),
            unit="ratio" if of_ratio else unit_words(own["unit"].iloc[0]),
            limits=None,
            legend=True,
            name=f"quality-{measures[0]}-{int(of_ratio)}",
            description=f"{what}, networks before and after cleaning, by session",
        )
        name = file_name("signal", measures[0].removeprefix("raw_"), "ratio" if of_ratio else None)
        columns = ["measure", "regions", "session", "arm", "n", "mean", "ci_low", "ci_high"]
        pictures.append(picture(what, draw, name=name, data=own[columns].reset_index(drop=True)))
    return pictures


def _styles(found: Mapping[str, Mapping[str, Estimate]]) -> dict[str, ArmStyle]:
    names = list(dict.fromkeys(name for each in found.values() for name in each))
    # The style of `all` is that of all arms together; a session may bear that name.
    return dict(zip(names, arm_styles([f"-{each}" for each in names]).values(), strict=False))


def _paired(context: NetworkContext, arms: Sequence[str]) -> dict[tuple[str, str, str], Any]:
    tests, change = context.group.tests, context.change
    if change is None:
        return {}
    own = tests[tests["measure"].isin(SIGNAL_QUALITY) & (tests["test"] == "paired")]
    own = own[(own["change"] == change.name) & own["arm"].isin(arms)]
    return {
        (text(row["measure"]), text(row["regions"]), text(row["arm"])): row for row in records(own)
    }


def _sentences(context: NetworkContext, rows: pd.DataFrame, arms: Sequence[str]) -> list[str]:
    """State what is before and after treatment of the signal-to-noise ratio after cleaning."""
    paired, told = _paired(context, arms), []
    sessions = _sessions(context)
    for measure in ("raw_tsnr", "cleaned_tsnr"):
        own = rows[rows["measure"] == measure]
        for regions in dict.fromkeys(own["regions"]):
            for arm in arms:
                here = own[(own["regions"] == regions) & (own["arm"] == arm)]
                means = {row["session"]: row["mean"] for row in records(here)}
                known = [each for each in sessions if is_number(means.get(each))]
                if not known:
                    continue
                values = " and ".join(f"{number(means[each], 2)} in {each}" for each in known)
                row = paired.get((measure, str(regions), arm))
                test = ""
                if row is not None and is_number(row["p_value"]):
                    limits = interval(row["ci_low"], row["ci_high"], 2)
                    change = signed(row["estimate"], 2)
                    test = (
                        f" (change {change}, {context.level} interval {limits}, "
                        f"{equals_p(row['p_value'], 'p')})"
                    )
                who = f", {arm}" if len(arms) > 1 else ""
                told.append(
                    f"{network_title(regions)}, signal-to-noise ratio "
                    f"{STAGES[measure.split('_', 1)[0]]}{who}: {values}{test}."
                )
    return told


def _tables(context: NetworkContext, rows: pd.DataFrame, arms: Sequence[str]) -> list[TableView]:
    paired = _paired(context, arms)
    sessions = in_order(rows["session"], _sessions(context))
    tables = []
    for measure in SIGNAL_QUALITY:
        own = rows[rows["measure"] == measure]
        if own.empty:
            continue
        cells = []
        for regions in dict.fromkeys(own["regions"]):
            for arm in arms:
                here = own[(own["regions"] == regions) & (own["arm"] == arm)]
                if len(here):
                    by_session = {row["session"]: row for row in records(here)}
                    test = paired.get((measure, str(regions), arm))
                    cells.append(_cells(regions, arm, by_session, test, sessions, arms))
        columns = [Column("Network"), *([Column("Arm")] if len(arms) > 1 else [])]
        columns += [Column(each, numeric=True) for each in sessions]
        columns += [Column(each, numeric=True) for each in ("change", "interval", "p")]
        plain = own[~own["regions"].str.contains(RATIO, regex=False)]
        unit = unit_words((plain if len(plain) else own)["unit"].iloc[0], "no unit")
        has_ratios = 0 < len(plain) < len(own)
        without = "; ratios have none" if has_ratios and unit != "ratio" else ""
        caption = f"{capitalized(measure_words(measure))} ({unit}{without})"
        tables.append(TableView(caption, tuple(columns), tuple(cells), note="Mean (SD), n."))
    return tables


def _cells(
    regions: object,
    arm: str,
    by_session: Mapping[str, Mapping[str, Any]],
    test: Mapping[str, Any] | None,
    sessions: Sequence[str],
    arms: Sequence[str],
) -> tuple[str, ...]:
    told = []
    for session in sessions:
        row = by_session.get(session)
        if row is None or not is_number(row["mean"]):
            told.append(ABSENT)
            continue
        sd = f" ({number(row['sd'])})" if is_number(row["sd"]) else ""
        told.append(f"{number(row['mean'])}{sd}, {text(row['n'])}")
    change = (
        (signed(test["estimate"]), interval(test["ci_low"], test["ci_high"]),
         p_value(test["p_value"]))
        if test is not None
        else (ABSENT, ABSENT, ABSENT)
    )  # fmt: skip
    who = (arm,) if len(arms) > 1 else ()
    return (network_title(regions), *who, *told, *change)
