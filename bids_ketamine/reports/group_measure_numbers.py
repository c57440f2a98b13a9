"""Means of imaging measures as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    decimals_for,
    interval,
    is_absent,
    is_number,
    number,
    region_words,
    text,
)

#: Regions of a table; the rest is in the files.
MOST_ROWS = 50
#: Shares of the intracranial volume have nothing but zeros in the first three.
MOST_DECIMALS = 6


def numbers_table(
    by_region: Mapping[tuple[str, str, str], Mapping[str, Any]],
    regions: list[str],
    sessions: list[str],
    arms: list[str],
    title: str,
) -> TableView:
    """Return the mean of every region by session and arm with its interval.

    Parameters
    ----------
    by_region : mapping of (region, session, arm) to mapping
        Rows of ``group_summary``.
    regions, sessions, arms : list of str
        In order.
    title : str
        The measure.
    """
    columns = [Column("Regions")]
    for session in sessions:
        columns += [Column(arm, numeric=True, group=session) for arm in arms]
    cells = []
    for region in regions[:MOST_ROWS]:
        own = [by_region.get((region, session, arm)) for session in sessions for arm in arms]
        decimals = _decimals([row for row in own if row is not None])
        cells.append((region_words(region), *(_number(row, decimals) for row in own)))
    note = "Mean (interval), n."
    if len(regions) > MOST_ROWS:
        note += f" The first {MOST_ROWS} of {len(regions):,}; all are in group_summary.tsv."
    return TableView(f"{title}, numbers", tuple(columns), tuple(cells), note=note)


def _decimals(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return the decimals of a region's means, small enough for the width of their intervals."""
    widths = [row["ci_high"] - row["ci_low"] for row in rows]
    known = [float(each) for each in widths if is_number(each) and each > 0.0]
    usual = decimals_for([row["mean"] for row in rows])
    if not known:
        return usual
    needed = 1 - math.floor(math.log10(float(np.median(known))))
    return int(np.clip(needed, usual, MOST_DECIMALS))


def _number(row: Mapping[str, Any] | None, decimals: int) -> str:
    if row is None or is_absent(row["n"]):
        return ABSENT
    if is_absent(row["mean"]):
        return f"{ABSENT}, {text(row['n'])}"
    limits = interval(row["ci_low"], row["ci_high"], decimals)
    between = "" if limits == ABSENT else f" ({limits})"
    return f"{number(row['mean'], decimals)}{between}, {text(row['n'])}"
