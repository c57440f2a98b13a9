"""Table of pairs of regions: generalized PPI in both directions and on average."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.reports.participant_gppi_files import GppiSession
from bids_ketamine.reports.participant_regions import estimate_of
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    decimals_for,
    interval,
    is_number,
    listed,
    number,
    region_words,
)

#: More regions than this have too many pairs to read.
MOST_REGIONS = 20
INFINITE = "\u221e"
NOTE = (
    "\u2192 is the estimate with the first region as seed and the second as target, \u2190 the "
    "other way round; mean and interval are those of the measures table. Inflation is the "
    "variance inflation of the interaction, the larger of both directions; r is its correlation "
    "with the task, the larger in size."
)


def pair_table(sessions: Sequence[GppiSession], contrast: str, regions: Sequence[str]) -> TableView:
    """Return one row for each pair of regions.

    Parameters
    ----------
    sessions : sequence of GppiSession
        Estimates of each session.
    contrast : str
        The contrast.
    regions : sequence of str
        Regions in order.
    """
    directed = [_directed(session, contrast) for session in sessions]
    means = [session.pairs(contrast) for session in sessions]
    decimals = decimals_for(row["value"] for each in directed for row in each.values())
    rows: list[tuple[str, ...]] = []
    alarms: set[tuple[int, int]] = set()
    for first, second in combinations(regions, 2):
        cells = [region_words(f"{first}{PAIR}{second}")]
        for session, estimates, measures in zip(sessions, directed, means, strict=True):
            there, back = estimates.get((first, second)), estimates.get((second, first))
            mean = measures.get(frozenset((first, second)))
            inflation, is_high = _inflation((there, back), session.inflation_limit)
            cells += [_value(there, decimals), _value(back, decimals), *_mean(mean, decimals)]
            if is_high:
                alarms.add((len(rows), len(cells)))
            correlation, is_high = _correlation((there, back), session.correlation_limit)
            if is_high:
                alarms.add((len(rows), len(cells) + 1))
            cells += [inflation, correlation]
        rows.append(tuple(cells))
    columns = [Column("Regions")]
    for session in sessions:
        names = ("\u2192", "\u2190", "mean", "95 % interval", "inflation", "r")
        columns += [Column(name, numeric=True, group=session.name) for name in names]
    units = listed(list(dict.fromkeys(session.unit for session in sessions)), "or")
    caption = f"Generalized PPI of pairs: {contrast} ({units})"
    return TableView(caption, tuple(columns), tuple(rows), note=NOTE, alarms=frozenset(alarms))


def _directed(session: GppiSession, contrast: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    table = session.table
    own = table[(table["kind"] == "contrast") & (table["effect"] == contrast)]
    return {(str(row["seed"]), str(row["target"])): row for row in records(own)}


Row = Mapping[str, Any] | None


def _value(row: Row, decimals: int) -> str:
    return ABSENT if row is None else number(row["value"], decimals)


def _mean(row: Row, decimals: int) -> tuple[str, str]:
    if row is None:
        return ABSENT, ABSENT
    estimate = estimate_of(row)
    return number(row["value"], decimals), interval(estimate.low, estimate.high, decimals)


def _inflation(rows: Sequence[Row], limit: float) -> tuple[str, bool]:
    """Return the larger inflation of both directions, and whether it is above the limit."""
    found = [float(row["variance_inflation"]) for row in rows if row is not None]
    known = [each for each in found if not math.isnan(each)]
    if not known:
        return ABSENT, False
    largest = max(known)
    return (INFINITE if math.isinf(largest) else number(largest, 1)), largest > limit


def _correlation(rows: Sequence[Row], limit: float) -> tuple[str, bool]:
    """Return the larger correlation with the task, and whether its size is above the limit."""
    found = [row["task_correlation"] for row in rows if row is not None]
    known = [float(each) for each in found if is_number(each)]
    if not known:
        return ABSENT, False
    largest = max(known, key=abs)
    return number(largest, 2), abs(largest) > limit
