"""Resting runs before cleaning with `rest.confounds`: region series and nuisance regressors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.core.nuisance import Nuisance, displacement, no_nuisance
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.dataset.tables import read_confounds
from bids_ketamine.images.cifti_series import DenseSeries
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.resting_regions import SessionRegions
from bids_ketamine.interfaces.resting_seed_maps import VoxelCoordinates
from bids_ketamine.interfaces.resting_series import (
    ARBITRARY,
    RegionSeries,
    dense_series,
    in_percent,
    open_dense,
    volume_series,
)
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.resting_tables import table_series
from bids_ketamine.interfaces.runs import read_nuisance


class RawRun(NamedTuple):
    """A run before cleaning, of time series or of images.

    Attributes
    ----------
    names : list of str
        Regions.
    series : ndarray of shape (n_scans, n_regions)
        float64, in ``unit``; 0 where a region has no values. Volumes that the time series have
        no values of are left out.
    finite : ndarray of bool, shape (n_regions,)
        Whether a region has values.
    quality : RegionQuality
        Coverage and temporal signal-to-noise ratio of the regions.
    nuisance : Nuisance
        Nuisance regressors and the state of every volume, also of those left out.
    band : tuple of float or None
        Lower and upper frequency that cleaning keeps, Hz; ``None`` for no filter.
    notes : list of str
        What the sidecar says of the run.
    lost : str
        Volumes that cost degrees of freedom, in words; empty if there are none.
    unit : str
        Unit of the series.
    level : ndarray of shape (n_regions,)
        Mean of the images, scanner units, NaN for a region without; ones for tables.
    origins : mapping of str to str
        What each region is made of, where it is known.
    centres : dict of str to list of list of float
        Centres of regions, mm; empty where they came as time series.
    image : RunImage, VoxelCoordinates, DenseSeries or None
        The image series.
    fwhm : float or None
        Full width at half maximum of the smoothing done here, mm.
    """

    names: list[str]
    series: np.ndarray
    finite: np.ndarray
    quality: RegionQuality
    nuisance: Nuisance
    band: tuple[float, ...] | None
    notes: list[str]
    lost: str
    unit: str
    level: np.ndarray
    origins: Mapping[str, str] = MappingProxyType({})
    centres: Mapping[str, list[list[float]]] = MappingProxyType({})
    image: RunImage | VoxelCoordinates | DenseSeries | None = None
    fwhm: float | None = None


def read_raw_run(run: RunInputs, regions: SessionRegions) -> RawRun:
    """Read the region series of a resting run, and its nuisance regressors.

    Parameters
    ----------
    run : RunInputs
        The run: region time series are taken as they are, images are averaged over regions.
    regions : SessionRegions
        Regions of the session, and how images are read.

    Raises
    ------
    InputMissingError, InputDataError
        If a file of the run is not there or holds what it must not.
    """
    settings = regions.settings
    if run.timeseries is not None:
        return _of_time_series(run, settings)
    if run.is_grayordinates:
        return _of_images(run, dense_series(open_dense(run), regions), settings)
    return _of_images(run, volume_series(run, regions), settings)


def _of_time_series(run: RunInputs, settings: RestSettings) -> RawRun:
    """Read region time series that were cleaned elsewhere."""
    read = table_series(run, settings)
    series = read.series
    motion_notes: list[str] = []
    nuisance = motion_of(run, len(series), motion_notes)
    if read.xcpd is not None and np.isfinite(read.xcpd.framewise_displacement).any():
        motion_notes = []
        nuisance = nuisance._replace(framewise_displacement=read.xcpd.framewise_displacement)
    notes = [
        *motion_notes,
        *read.notes,
        "time series are used as they are: no nuisance regression, no band-pass here",
    ]
    censored = np.isnan(series).all(axis=1)
    lost = ""
    if censored.any():
        lost = f"{int(censored.sum())} of {len(censored)} volumes have no values (censored)"
        if read.xcpd is None:
            notes.append(f"{int(censored.sum())} volumes without values are left out (censored)")
        nuisance = nuisance._replace(outlier=censored)
        series = series[~censored]
    finite = np.isfinite(series).all(axis=0)
    return RawRun(
        read.names,
        np.where(finite, series, 0.0),
        finite,
        read.quality,
        nuisance,
        band=None,
        notes=notes,
        lost=lost,
        unit=ARBITRARY,
        level=np.ones(len(read.names)),
    )


def _of_images(run: RunInputs, read: RegionSeries, settings: RestSettings) -> RawRun:
    """Express an image series' regions in percent of each one's mean."""
    rest = settings.rest
    nuisance = read_nuisance(run, rest.confounds, len(read.series))
    read, factor, level = in_percent(read, np.ones(len(read.series), dtype=bool))
    finite = np.isfinite(read.series).all(axis=0)
    return RawRun(
        read.names,
        # The unit does not touch correlations.
        np.where(finite, read.series, 0.0) * factor,
        finite,
        read.quality,
        nuisance,
        band=rest.band_pass,
        notes=list(read.notes),
        lost=nuisance.lost_volumes,
        unit=read.unit,
        level=level,
        origins=read.origins,
        centres=read.centres,
        image=read.image,
        fwhm=read.fwhm,
    )


def motion_of(run: RunInputs, n_scans: int, notes: list[str]) -> Nuisance:
    """Return motion alone for series that were cleaned elsewhere.

    Parameters
    ----------
    run : RunInputs
        The run.
    n_scans : int
        Volumes of its series.
    notes : list of str
        What is odd is added.
    """
    nothing = no_nuisance(n_scans)
    if run.confounds is None:
        return nothing
    table = read_confounds(run.confounds)
    if len(table) != n_scans:
        notes.append("the confounds table has other volumes than the time series: motion unknown")
        return nothing
    return nothing._replace(framewise_displacement=displacement(table, notes))
