"""Resting runs before cleaning: region series from images, or from tables made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.core.nuisance import Nuisance, displacement, no_nuisance
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.dataset.tables import read_confounds, read_timeseries
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.images import read_image
from bids_ketamine.interfaces.runs import (
    own_segmentation,
    read_nuisance,
    region_quality,
    region_series,
)
from bids_ketamine.regions.centres import region_centres
from bids_ketamine.regions.locate import locate_regions
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.spec import InputsSpec, RegionsSpec, RestSpec


class RestSettings(NamedTuple):
    """What the resting runs of a session are read and cleaned with.

    Attributes
    ----------
    rest, regions, inputs
        Sections of the study.
    region_sources : tuple of RegionSource
        What its regions are made of.
    datasets : mapping of str to str
        Dataset name of each input folder.
    """

    rest: RestSpec
    regions: RegionsSpec
    region_sources: tuple[RegionSource, ...]
    inputs: InputsSpec
    datasets: Mapping[str, str]

    @property
    def atlas(self) -> str:
        """Name of the regions in output file names."""
        return self.inputs.timeseries_atlas or self.regions.atlas


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
    origins : mapping of str to str
        What each region is made of, where it is known.
    centres : dict of str to list of list of float
        Centres of regions, mm; empty where they came as time series.
    image : RunImage or None
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
    origins: Mapping[str, str] = MappingProxyType({})
    centres: Mapping[str, list[list[float]]] = MappingProxyType({})
    image: RunImage | None = None
    fwhm: float | None = None


def read_raw_run(session: SessionInputs, run: RunInputs, settings: RestSettings) -> RawRun:
    """Read the region series of a resting run, and its nuisance regressors.

    Parameters
    ----------
    session : SessionInputs
        The session, for the participant's own segmentation.
    run : RunInputs
        The run: region time series are taken as they are, images are averaged over regions.
    settings : RestSettings
        Regions, and how images are read.

    Raises
    ------
    InputMissingError, InputDataError
        If a file of the run is not there or holds what it must not.
    """
    if run.timeseries is not None:
        return _of_time_series(run, settings)
    return _of_images(session, run, settings)


def _of_time_series(run: RunInputs, settings: RestSettings) -> RawRun:
    """Read region time series that were cleaned elsewhere."""
    names, series = _columns(run, settings.regions)
    motion_notes: list[str] = []
    nuisance = motion_of(run, len(series), motion_notes)
    notes = [
        *motion_notes,
        "time series are used as they are: no nuisance regression, no band-pass here",
    ]
    censored = np.isnan(series).all(axis=1)
    lost = ""
    if censored.any():
        lost = f"{int(censored.sum())} of {len(censored)} volumes have no values (censored)"
        notes.append(f"{int(censored.sum())} volumes without values are left out (censored)")
        nuisance = nuisance._replace(outlier=censored)
        series = series[~censored]
    finite = np.isfinite(series).all(axis=0)
    return RawRun(
        names,
        np.where(finite, series, 0.0),
        finite,
        RegionQuality.unknown(len(names)),
        nuisance,
        band=None,
        notes=notes,
        lost=lost,
        unit="arbitrary",
    )


def _of_images(session: SessionInputs, run: RunInputs, settings: RestSettings) -> RawRun:
    """Average an image series over regions, in percent of each region's mean."""
    rest = settings.rest
    image, fwhm = read_image(run, settings.inputs)
    located = locate_regions(
        settings.region_sources,
        image.grid,
        own_segmentation=own_segmentation(session.runs_of(rest.task)),
    )
    regions = located.regions
    series = region_series(image, image.series, regions)
    nuisance = read_nuisance(run, rest.confounds, len(series))
    finite = np.isfinite(series).all(axis=0)
    series = np.where(finite, series, 0.0)
    level = series.mean(axis=0)
    return RawRun(
        [region.name for region in regions],
        # The unit does not touch correlations.
        100.0 * series / np.where(level > 0, level, 1.0),
        finite,
        region_quality(regions, [image.usable], [image.tsnr]),
        nuisance,
        band=rest.band_pass,
        notes=[*image.notes, *located.notes],
        lost=nuisance.lost_volumes,
        unit="percent of the region's mean",
        origins={region.name: f"{region.origin}, cleaned" for region in regions},
        centres=region_centres(regions, image.grid),
        image=image,
        fwhm=fwhm,
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


def _columns(run: RunInputs, regions: RegionsSpec) -> tuple[list[str], np.ndarray]:
    """Return the study's regions as means of columns of a time-series table."""
    if run.timeseries is None:
        raise ValueError("a run without time series")
    table = read_timeseries(run.timeseries)
    if regions.all_columns:
        return [str(name) for name in table], table.to_numpy(dtype=float)
    names, series = [], []
    for region in regions.definitions:
        absent = [name for name in region.columns if name not in table]
        if absent or not region.columns:
            what = f"column `{absent[0]}`" if absent else "columns given in the study file"
            raise InputDataError(
                f"Region `{region.name}` has no {what} in the time series.", path=run.timeseries
            )
        names.append(region.name)
        series.append(table[list(region.columns)].to_numpy(dtype=float).mean(axis=1))
    return names, np.column_stack(series)
