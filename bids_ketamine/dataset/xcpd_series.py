"""What XCP-D writes beside its region time series: motion, censored volumes, coverage.

XCP-D takes the volumes it censors out of its time series (from 0.4 on, unless it is told to
interpolate them), but not out of its tables of motion and outliers: a row of the series is a
volume of the run only by way of the latter. Names of older versions:
``*_atlas-NAME_timeseries.tsv`` and ``*_atlas-NAME_coverage.tsv``; of newer ones:
``*_seg-NAME_stat-mean_timeseries.tsv`` (or ``atlas-NAME_stat-mean``) and
``*_stat-coverage_bold.tsv``; of both: ``*[_desc-filtered]_motion.tsv`` and ``*_outliers.tsv``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.dataset.tables import read_timeseries
from bids_ketamine.dataset.tsv import CellProblems, Table, read_table
from bids_ketamine.errors import InputDataError

DISPLACEMENT = "framewise_displacement"
FILTERED = f"{DISPLACEMENT}_filtered"
SAME_RUN = "All must come from one run of XCP-D."


@dataclass(frozen=True, eq=False)
class XcpdSeries:
    """Region time series with the volumes of the run to which their rows belong.

    Attributes
    ----------
    regions : tuple of str
        Names of the columns.
    series : ndarray of shape (n_kept, n_regions)
        Rows of volumes that are not censored, in the unit of the file; NaN where missing.
    kept : ndarray of bool, shape (n_volumes,)
        Volumes of the run (without those that XCP-D dropped at its start) in `series`.
    framewise_displacement : ndarray of shape (n_volumes,)
        mm; NaN where unknown.
    filtered_displacement : ndarray of shape (n_volumes,)
        The same of motion without respiration, mm; NaN where there is none.
    coverage : ndarray of shape (n_regions,)
        Share of each region with signal; NaN where unknown.
    notes : tuple of str
        What was done, and what is odd.
    """

    regions: tuple[str, ...]
    series: np.ndarray
    kept: np.ndarray
    framewise_displacement: np.ndarray
    filtered_displacement: np.ndarray
    coverage: np.ndarray
    notes: tuple[str, ...]


def read_xcpd_series(
    path: Path, *, motion: Path | None, outliers: Path | None, coverage: Path | None
) -> XcpdSeries:
    """Read region time series of XCP-D with what tells their volumes.

    Rows are as many as the volumes, or as many as those that are not outliers. In the first case
    (XCP-D interpolated what it censored, or censored nothing) rows of outliers are left out
    here, for they are made of their neighbours; so are rows without any value.

    Parameters
    ----------
    path : Path
        The region time series.
    motion, outliers, coverage : Path or None
        Results of :func:`bids_ketamine.dataset.xcpd_files.find_xcpd_files`.

    Returns
    -------
    XcpdSeries
        Series and the volumes they belong to.

    Raises
    ------
    InputMissingError
        If a file is not there.
    InputDataError
        If a cell is not a number, the rows of the tables do not fit each other, an outlier is
        neither 0 nor 1, the coverage is no share or is of other regions, or no volume is left.
    """
    table = read_timeseries(path)
    values = table.to_numpy(dtype=float)
    censored = None if outliers is None else _censored(outliers)
    displacement = None if motion is None else _displacement(motion)
    if censored is not None and displacement is not None and len(displacement) != len(censored):
        raise InputDataError(
            f"The table of motion has {len(displacement)} volumes, that of outliers "
            f"({outliers.name if outliers else ''}) {len(censored)}.",
            path=motion,
            cure=SAME_RUN,
        )
    n_volumes = len(values)
    if censored is not None:
        n_volumes = len(censored)
    elif displacement is not None:
        n_volumes = len(displacement)
    kept, rows, notes = _volumes(values, censored, n_volumes, path)
    unknown = np.full(n_volumes, np.nan)
    regions = tuple(str(name) for name in table)
    return XcpdSeries(
        regions=regions,
        series=values[rows],
        kept=kept,
        framewise_displacement=_column(displacement, DISPLACEMENT, unknown),
        filtered_displacement=_column(displacement, FILTERED, unknown),
        coverage=_coverage(coverage, regions),
        notes=tuple(notes),
    )


def _volumes(
    values: np.ndarray, censored: np.ndarray | None, n_volumes: int, path: Path
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the volumes that are kept, the rows that hold them, and what was done."""
    n_rows = len(values)
    known = np.isfinite(values).any(axis=1)
    kept = np.ones(n_volumes, dtype=bool) if censored is None else ~censored
    n_good = int(kept.sum())
    told = f"{n_volumes - n_good} of {n_volumes} volumes are censored by XCP-D"
    if n_rows == n_volumes:
        if (known & ~kept).any():
            told += " and interpolated in its series: left out"
        kept = rows = kept & known
    elif n_rows == n_good:
        rows = known
        kept[np.flatnonzero(kept)] = known
    else:
        left = "" if censored is None else f", {n_good} of them without outliers"
        raise InputDataError(
            f"The time series have {n_rows} rows, the run {n_volumes} volumes{left}.",
            path=path,
            cure=SAME_RUN
            if censored is not None
            else "Give XCP-D's `*_outliers.tsv` as well: it tells which volumes were taken out.",
        )
    if not rows.any():
        raise InputDataError("No volume is left: all are censored or without values.", path=path)
    notes = [told] if n_good < n_volumes else []
    n_empty = n_good - int(kept.sum())
    if n_empty:
        notes.append(f"{n_empty} of {n_volumes} volumes have no values: left out (censored)")
    return kept, rows, notes


def _censored(path: Path) -> np.ndarray:
    """Return the outliers: volumes with a 1 in any column."""
    table = read_table(path)
    problems = CellProblems(table)
    marks = np.zeros((len(table.rows), len(table.columns)))
    for row in range(len(table.rows)):
        for place in range(len(table.columns)):
            before = problems.count
            marks[row, place] = problems.number(row, place)
            if problems.count == before and marks[row, place] not in (0.0, 1.0):
                problems.add(row, place, f"`{table.rows[row][place]}` is neither 0 nor 1")
    problems.tell()
    if not len(marks):
        raise InputDataError("The table has a header and no rows.", path=path)
    return np.asarray(marks.any(axis=1))


def _displacement(path: Path) -> pd.DataFrame:
    """Return displacement, and that of filtered motion where it is told."""
    table = read_timeseries(path)
    if DISPLACEMENT not in table:
        read_table(path).position(DISPLACEMENT)
    if "_desc-filtered_" in path.name and FILTERED not in table:
        # Older versions say by the name alone that motion was filtered.
        return table[[DISPLACEMENT]].rename(columns={DISPLACEMENT: FILTERED})
    return table[[name for name in (DISPLACEMENT, FILTERED) if name in table]]


def _column(table: pd.DataFrame | None, name: str, unknown: np.ndarray) -> np.ndarray:
    if table is None or name not in table:
        return unknown.copy()
    return table[name].to_numpy(dtype=float)


def _coverage(path: Path | None, regions: Sequence[str]) -> np.ndarray:
    """Return the coverage of regions; a table of two columns, name and share."""
    if path is None:
        return np.full(len(regions), np.nan)
    table = read_table(path)
    if len(table.columns) != 2:
        raise InputDataError(
            f"A table of coverage has two columns, region and share, not {len(table.columns)}.",
            path=path,
        )
    shares = {cells[0]: _share(table, row) for row, cells in enumerate(table.rows)}
    absent = [name for name in regions if name not in shares]
    if absent:
        raise InputDataError(
            f"The table of coverage has no row for {len(absent)} regions of the time series, the "
            f"first `{absent[0]}`.",
            path=path,
            cure=SAME_RUN,
        )
    return np.array([shares[name] for name in regions])


def _share(table: Table, row: int) -> float:
    value = table.number(row, 1)
    if not (value != value or 0 <= value <= 1):
        raise table.cell_error(row, 1, f"`{table.rows[row][1]}` is no share between 0 and 1")
    return value
