"""Tables of one participant's measures, sessions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.outputs.measures import DIRECTED, PAIR
from bids_ketamine.reports.participant_regions import estimate_of
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.tree import ParticipantOutput
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    capitalized,
    counted,
    decimals_for,
    interval,
    is_absent,
    listed,
    measure_words,
    number,
    percent,
    region_words,
    text,
    unit_words,
)
from bids_ketamine.study.measure_names import VOLUME

#: More rows than this are not readable; the tables hold the rest.
MOST_ROWS = 60
#: More pairs of trial types than this share a table.
MOST_CONTRASTS = 4
FAMILY = ["measure", "task", "contrast", "unit"]


def measure_tables(found: ParticipantOutput) -> list[TableView]:
    """Return one table for each measure, task and contrast.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    """
    parts = [session.measures.assign(session=session.name) for session in found.sessions]
    parts = [part for part in parts if len(part)]
    if not parts:
        return []
    measures = _joined(pd.concat(parts, ignore_index=True))
    sessions = [session.name for session in found.sessions if len(session.measures)]
    return [
        _table(dict(zip(FAMILY, key, strict=True)), family, sessions)
        for key, family in measures.groupby(FAMILY, dropna=False, sort=False)
    ]


def _joined(measures: pd.DataFrame) -> pd.DataFrame:
    """Let many pairs of trial types, and the parameters of a model, share a table."""
    measures = measures.copy()
    for _, own in measures[measures["measure"] == "ldc"].groupby("task", sort=False):
        if own["contrast"].nunique() > MOST_CONTRASTS:
            rows = own.index
            names = own["contrast"].astype(str) + ": " + own["regions"].astype(str)
            measures.loc[rows, "regions"] = names
            measures.loc[rows, "contrast"] = None
    # The parameters of a model share a table, too.
    circuits = measures.index[measures["measure"] == "dcm"]
    told = [text(each, "").partition(" ") for each in measures.loc[circuits, "contrast"]]
    regions = measures.loc[circuits, "regions"].astype(str)
    shown = [f"{kind}: {region}" for (_, _, kind), region in zip(told, regions, strict=True)]
    measures.loc[circuits, "regions"] = shown
    measures.loc[circuits, "contrast"] = [model for model, _, _ in told]
    return measures


def _table(family: Mapping[str, Any], rows: pd.DataFrame, sessions: Sequence[str]) -> TableView:
    regions = list(dict.fromkeys(rows["regions"]))
    note = ""
    if len(regions) > MOST_ROWS:
        sizes = rows.assign(size=rows["value"].abs()).groupby("regions", sort=False)["size"].max()
        kept = set(sizes.nlargest(MOST_ROWS).index)
        note = (
            f"Shown are the {MOST_ROWS} of {len(regions):,} with the largest size; all stand in "
            "the measures tables of the sessions."
        )
        regions = [region for region in regions if region in kept]
        n_missing = int(rows["value"].isna().sum())
        if n_missing:
            note += f" {counted(n_missing, 'value')} in all missing."
    # Shares of the intracranial volume have nothing but zeros in three decimals.
    decimals = None if family["measure"] == VOLUME else decimals_for(rows["value"])
    intervals = bool(rows["standard_error"].notna().any())
    by_region = {
        (row["session"], row["regions"]): row
        for row in records(rows[rows["regions"].isin(regions)])
    }
    cells = tuple(
        (
            region_words(region),
            *(
                cell
                for session in sessions
                for cell in _cells(by_region.get((session, region)), decimals, intervals)
            ),
            _reasons([(name, by_region.get((name, region))) for name in sessions]),
        )
        for region in regions
    )
    several = any(joint in str(each) for each in regions for joint in (PAIR, DIRECTED))
    columns = [Column("Regions" if several else "Region")]
    for session in sessions:
        columns += [Column("value", numeric=True, group=session)]
        columns += [Column("95 % interval", numeric=True, group=session)] if intervals else []
        columns += [
            Column("coverage", numeric=True, group=session),
            Column("tSNR", numeric=True, group=session),
        ]
    columns.append(Column("Why missing", wide=True))
    known = {
        column.name
        for place, column in enumerate(columns)
        if any(row[place] not in ("", ABSENT) for row in cells)
    }
    # What no row has, such as the coverage of volumes, needs no column.
    kept = {columns[0].name, "value", *known}
    shown = [place for place, column in enumerate(columns) if column.name in kept]
    return TableView(
        _caption(family),
        tuple(columns[place] for place in shown),
        tuple(tuple(row[place] for place in shown) for row in cells),
        note=note,
    )


def _caption(family: Mapping[str, Any]) -> str:
    where = text(family["task"])
    if not is_absent(family["contrast"]):
        where += f", {family['contrast']}"
    words = capitalized(measure_words(family["measure"]))
    return f"{words}: {where} ({unit_words(family['unit'], 'no unit')})"


def _cells(row: Mapping[str, Any] | None, decimals: int | None, intervals: bool) -> tuple[str, ...]:
    if row is None:
        return (ABSENT,) * (4 if intervals else 3)
    estimate = estimate_of(row)
    within = (interval(estimate.low, estimate.high, decimals),) if intervals else ()
    coverage = [percent(row["coverage"]), percent(row["coverage_second"])]
    tsnr = [number(row["tsnr"], 0), number(row["tsnr_second"], 0)]
    return (
        number(row["value"], decimals),
        *within,
        " / ".join(each for each in coverage if each != ABSENT) or ABSENT,
        " / ".join(each for each in tsnr if each != ABSENT) or ABSENT,
    )


def _reasons(rows: Sequence[tuple[str, Mapping[str, Any] | None]]) -> str:
    """Return why values are missing; sessions with the same reason are told together."""
    told: dict[str, list[str]] = {}
    for session, row in rows:
        if row is None:
            told.setdefault("no row", []).append(session)
        elif is_absent(row["value"]) or not is_absent(row["reason"]):
            told.setdefault(text(row["reason"], "no reason is given"), []).append(session)
    return "; ".join(f"{listed(names)}: {reason}" for reason, names in told.items())
