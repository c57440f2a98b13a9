"""Series of the study's regions as a resting run has them, before any cleaning."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.cleaning.signal_quality import SMALLEST_MEAN
from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.core.connectivity.seed_maps import ResidualBasis
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.dataset.xcpd_series import XcpdSeries
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_series import DenseSeries, open_dense_series
from bids_ketamine.images.grayordinate_means import RegionMeans, read_region_means
from bids_ketamine.images.grayordinate_regions import GrayordinateRegion
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.images import read_image, t_r_notes
from bids_ketamine.interfaces.resting_neighbourhood import NeighbourSeries, neighbours_in_volume
from bids_ketamine.interfaces.resting_regions import SessionRegions
from bids_ketamine.interfaces.resting_seed_maps import VoxelCoordinates
from bids_ketamine.interfaces.runs import region_quality, region_series
from bids_ketamine.regions.centres import AT_MIDLINE, OF_EITHER_SIDE, region_centres

PERCENT = "percent of the region's mean"
ARBITRARY = "arbitrary"

#: Share of regions without a mean above 0 from which on the images came without their mean.
MOST_BARE = 0.1
WITHOUT_MEAN = (
    "the images came without their mean: series are in the unit of the images, and there is no "
    "signal-to-noise ratio"
)


#: Programs that do not know the repetition time leave this in the header of a volume, s.
UNSET_T_R = 1.0


class RegionSeries(NamedTuple):
    """Region series of a run as they were read.

    Attributes
    ----------
    names : list of str
        Regions.
    series : ndarray of shape (n_scans, n_regions)
        float64; NaN where there is no value, which of tables may be single volumes.
    quality : RegionQuality
        Coverage and temporal signal-to-noise ratio of the regions.
    unit : str
        Unit in which cleaned series are told: :data:`PERCENT` of images, else that of the table.
    notes : tuple of str
        What a reader should know.
    origins : mapping of str to str
        What each region is made of, where it is known.
    centres : dict of str to list of list of float
        Centres of regions, mm, as far as they are known.
    image : RunImage, VoxelCoordinates, DenseSeries or None
        The images, or what seed maps need of volumes.
    fwhm : float or None
        Full width at half maximum of the smoothing done here, mm.
    means : RegionMeans or None
        Of a dense series, with the coordinates that seed maps need.
    neighbours : NeighbourSeries or None
        Cortex around the regions of `cleaning.local_neighbourhood`.
    xcpd : XcpdSeries or None
        What XCP-D says of the volumes of a table.
    """

    names: list[str]
    series: np.ndarray
    quality: RegionQuality
    unit: str
    notes: tuple[str, ...]
    origins: Mapping[str, str] = MappingProxyType({})
    centres: Mapping[str, list[list[float]]] = MappingProxyType({})
    image: RunImage | VoxelCoordinates | DenseSeries | None = None
    fwhm: float | None = None
    means: RegionMeans | None = None
    neighbours: NeighbourSeries | None = None
    xcpd: XcpdSeries | None = None


def open_dense(run: RunInputs) -> DenseSeries:
    """Open a run's CIFTI series; its values are read later."""
    if run.bold is None:
        raise ValueError("a run without images")
    return open_dense_series(run.bold, t_r=run.t_r)


def volume_series(run: RunInputs, regions: SessionRegions) -> RegionSeries:
    """Average a series of volumes over regions.

    Parameters
    ----------
    run : RunInputs
        The run.
    regions : SessionRegions
        Regions of the session, and how images are read.

    Raises
    ------
    InputMissingError, ReadWriteError, InputDataError
        If an image is not there, cannot be read, or does not fit.
    """
    settings = regions.settings
    image, fwhm = read_image(run, settings.inputs)
    if settings.cleaning is not None:
        _require_t_r(image, run)
    located = regions.in_volume(image.grid)
    neighbours = None
    if settings.cleaning is not None:
        neighbours = neighbours_in_volume(
            image, located.regions, settings.cleaning, aseg=regions.own_segmentation
        )
    return RegionSeries(
        names=[region.name for region in located.regions],
        series=region_series(image, image.series, located.regions),
        quality=region_quality(located.regions, [image.usable], [image.tsnr]),
        unit=PERCENT,
        notes=(*image.notes, *located.notes, *_note_of(neighbours)),
        origins={region.name: f"{region.origin}, cleaned" for region in located.regions},
        centres=region_centres(located.regions, image.grid),
        image=image,
        fwhm=fwhm,
        neighbours=neighbours,
    )


def _require_t_r(image: RunImage, run: RunInputs) -> None:
    """Refuse repetition times at odds, as of CIFTI series; one never set is noted elsewhere."""
    if image.header_t_r != UNSET_T_R and t_r_notes(image.header_t_r, run.t_r):
        raise InputDataError(
            f"The header of the series says a repetition time of {image.header_t_r:g} s, its "
            f"sidecar {run.t_r:g} s.",
            path=run.bold,
            cure="Filters and minutes of data rest on it: correct the sidecar or the header.",
        )


def dense_series(
    dense: DenseSeries, regions: SessionRegions, *, basis: ResidualBasis | None = None
) -> RegionSeries:
    """Average a dense series over regions, in one reading of the file.

    Parameters
    ----------
    dense : DenseSeries
        Result of :func:`open_dense`.
    regions : SessionRegions
        Regions of the session.
    basis : ResidualBasis, optional
        Of the run's cleaning, where seed maps are wanted.

    Raises
    ------
    InputMissingError, ReadWriteError, InputDataError
        If a file of regions is not there, or the series cannot be read.
    """
    located = regions.on_grayordinates(dense.grayordinates)
    n_regions, rings = len(located.regions), located.rings
    around = () if rings is None else rings.rings
    means = read_region_means(dense, (*located.regions, *around), basis=basis)
    return RegionSeries(
        names=[region.name for region in located.regions],
        series=means.series[:, :n_regions],
        quality=means.quality.first(n_regions),
        unit=PERCENT,
        notes=(*means.notes, *located.notes),
        origins={region.name: f"{region.origin}, cleaned" for region in located.regions},
        centres=_dense_centres(located.regions, located.points),
        image=dense,
        means=means if basis is not None else None,
        neighbours=(
            None if rings is None else NeighbourSeries(rings.regions, means.series[:, n_regions:])
        ),
    )


class InPercent(NamedTuple):
    """Region series with what turns them into percent of each region's mean.

    Attributes
    ----------
    read : RegionSeries
        As it came; in an arbitrary unit, with a note, where images came without their mean.
    factor : ndarray of shape (n_regions,)
        What the series are to be multiplied by; 1 for those of an arbitrary unit.
    level : ndarray of shape (n_regions,)
        Mean of each region over the volumes that are used; NaN where unknown.
    """

    read: RegionSeries
    factor: np.ndarray
    level: np.ndarray


def in_percent(read: RegionSeries, kept: np.ndarray) -> InPercent:
    """Return what turns region series of images into percent of their mean.

    Images that were denoised before may have lost it: what is left of a mean is rounding, and
    regions in percent of that could not be compared with each other.

    Parameters
    ----------
    read : RegionSeries
        Series of a run.
    kept : ndarray of bool, shape (n_scans,)
        Volumes that are used.
    """
    ones, used = np.ones(read.series.shape[1]), read.series[kept]
    if not len(used):
        return InPercent(read, ones, ones * np.nan)
    level, deviation = used.mean(axis=0), used.std(axis=0)
    if read.unit != PERCENT:
        return InPercent(read, ones, level)
    known = np.isfinite(level) & (deviation > 0)
    bare = known & (level <= SMALLEST_MEAN * deviation)
    if bare.sum() > MOST_BARE * known.sum():
        own = read._replace(unit=ARBITRARY, notes=(*read.notes, WITHOUT_MEAN))
        return InPercent(own, ones, level)
    factor = np.where(level > 0, 100.0 / np.where(level > 0, level, 1.0), 1.0)
    return InPercent(read, factor, level)


def _dense_centres(
    regions: tuple[GrayordinateRegion, ...], points: np.ndarray
) -> dict[str, list[list[float]]]:
    """Return centres as :func:`~bids_ketamine.regions.centres.region_centres` does of volumes."""
    centres = {}
    for region in regions:
        own = points[region.columns]
        own = own[np.isfinite(own).all(axis=1)]
        if not len(own):
            continue
        sides = [own[own[:, 0] < 0], own[own[:, 0] > 0]]
        parted = all(len(side) > OF_EITHER_SIDE * len(own) for side in sides) and all(
            abs(side[:, 0].mean()) > AT_MIDLINE for side in sides
        )
        parts = sides if parted else [own]
        centres[region.name] = [np.round(part.mean(axis=0), 1).tolist() for part in parts]
    return centres


def _note_of(neighbours: NeighbourSeries | None) -> tuple[str, ...]:
    return (neighbours.note,) if neighbours is not None and neighbours.note else ()
