"""Region time series that were made elsewhere, as tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.dataset.tables import read_timeseries
from bids_ketamine.dataset.xcpd_series import read_xcpd_series
from bids_ketamine.errors import InputDataError
from bids_ketamine.interfaces.resting_series import ARBITRARY, RegionSeries
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.study.spec import RegionsSpec


def table_series(run: RunInputs, settings: RestSettings) -> RegionSeries:
    """Read region time series that were made elsewhere, a row a volume of the run.

    Volumes that XCP-D took out of its tables are rows without values here.

    Parameters
    ----------
    run : RunInputs
        The run.
    settings : RestSettings
        Regions: columns, means of columns, or every column.

    Raises
    ------
    InputMissingError, InputDataError
        If the table is not there, or a column that is asked for.
    """
    if run.timeseries is None:
        raise ValueError("a run without time series")
    xcpd = None
    files = run.xcpd
    if files is not None and files.paths:
        xcpd = read_xcpd_series(
            run.timeseries,
            motion=files.motion.path,
            outliers=files.outliers.path,
            coverage=files.coverage.path,
        )
        columns = list(xcpd.regions)
        values = np.full((len(xcpd.kept), len(columns)), np.nan)
        values[xcpd.kept] = xcpd.series
    else:
        table = read_timeseries(run.timeseries)
        columns, values = [str(name) for name in table], table.to_numpy(dtype=float)
    names, members = _members(run.timeseries, columns, settings.regions)
    coverage = np.full(len(names), np.nan)
    if xcpd is not None:
        coverage = np.array([xcpd.coverage[each].min() for each in members])
    quality = RegionQuality.unknown(len(names))._replace(coverage=coverage)
    series = values
    if not settings.regions.all_columns:
        series = np.column_stack([values[:, each].mean(axis=1) for each in members])
    return RegionSeries(
        names=names,
        series=series,
        quality=quality,
        unit=ARBITRARY,
        notes=() if xcpd is None else xcpd.notes,
        xcpd=xcpd,
    )


def _members(
    path: Path, columns: list[str], regions: RegionsSpec
) -> tuple[list[str], list[list[int]]]:
    """Return the regions of a table, and the columns of each."""
    if regions.all_columns:
        return columns, [[place] for place in range(len(columns))]
    names, members = [], []
    for region in regions.definitions:
        absent = [name for name in region.columns if name not in columns]
        if absent or not region.columns:
            what = f"column `{absent[0]}`" if absent else "columns given in the study file"
            raise InputDataError(
                f"Region `{region.name}` has no {what} in the time series.", path=path
            )
        names.append(region.name)
        members.append([columns.index(name) for name in region.columns])
    return names, members
