"""Table of pairs of regions: generalized PPI in both directions and on average."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.reports.inflation import INFINITE, REGRESSOR_LIMIT
from bids_ketamine.reports.participant_gppi_files import GppiSession
from bids_ketamine.reports.participant_gppi_sentences import differing_pairs
from bids_ketamine.reports.participant_regions import estimate_of
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
NOTE = (
    "\u2192 is the estimate with the first region as seed and the second as target, \u2190 the "
    "other way round; mean and interval are those of the measures table. Standard errors and p "
    "values of each direction stand in the tables whose names end in _gppi.tsv. Inflation is the "
    "variance inflation of the interaction, the larger of both directions: above {}, the limit for "
    "interactions, it stands out (that for regressors of the task is {}); that of a contrast can "
    "be below 1, where its columns move against each other. Task r is the correlation of the "
    "interaction with the task, the larger in size."
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
    directed = [session.directed(contrast) for session in sessions]
    differing = [differing_pairs(session, contrast) for session in sessions]
    means = [session.pairs(contrast) for session in sessions]
    decimals = decimals_for(row["value"] for each in directed for row in each.values())
    rows: list[tuple[str, ...]] = []
    alarms: set[tuple[int, int]] = set()
    for first, second in combinations(regions, 2):
        cells = [region_words(f"{first}{PAIR}{second}")]
        for session, estimates, measures, apart in zip(
            sessions, directed, means, differing, strict=True
        ):
            there, back = estimates.get((first, second)), estimates.get((second, first))
            mean = measures.get(frozenset((first, second)))
            inflation, is_high = _inflation((there, back), session.inflation_limit)
            if (first, second) in apart or (second, first) in apart:
                alarms |= {(len(rows), len(cells)), (len(rows), len(cells) + 1)}
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
        names = ("\u2192", "\u2190", "mean", "95 % interval", "inflation", "task r")
        columns += [Column(name, numeric=True, group=session.name) for name in names]
    units = listed(list(dict.fromkeys(session.unit for session in sessions)), "or")
    caption = f"Generalized PPI of pairs: {contrast} ({units})"
    note = NOTE.format(number(sessions[0].inflation_limit), number(REGRESSOR_LIMIT))
    return TableView(caption, tuple(columns), tuple(rows), note=note, alarms=frozenset(alarms))


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
