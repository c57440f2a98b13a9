"""Cortex around regions, whose mean signal is regressed from theirs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.cleaning.neighbourhood import neighbour_series, ring_neighbours
from bids_ketamine.errors import InputMissingError, UsageError
from bids_ketamine.images.grayordinate_regions import GrayordinateRegion
from bids_ketamine.images.grayordinates import LEFT, RIGHT, Grayordinates
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.series import RunImage
from bids_ketamine.images.surface_spheres import read_midthickness
from bids_ketamine.regions.locate import Region, locate_regions
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.measure_names import is_chosen
from bids_ketamine.study.spec import CleaningSpec

#: Labels of the cortex in FreeSurfer's segmentation, left and right.
CORTEX = (3, 42)


class NeighbourSeries(NamedTuple):
    """Mean series of the cortex around some regions of a run.

    Attributes
    ----------
    regions : ndarray of int, shape (n_chosen,)
        Places of these regions among all.
    series : ndarray of shape (n_scans, n_chosen)
        Raw means, scanner units; NaN for a region without such cortex.
    note : str
        What counts as cortex, where it is not the participant's own segmentation; else empty.
    """

    regions: np.ndarray
    series: np.ndarray
    note: str = ""


def chosen_regions(cleaning: CleaningSpec | None, names: Sequence[str]) -> np.ndarray:
    """Return the places of the regions from which neighbours are regressed.

    Parameters
    ----------
    cleaning : CleaningSpec or None
        Section of the study.
    names : sequence of str
        Regions.

    Raises
    ------
    UsageError
        If a name or pattern of `local_neighbourhood` fits no region.
    """
    wanted = cleaning.local_neighbourhood if cleaning is not None else ()
    unfit = [each for each in wanted if not any(is_chosen(name, (each,)) for name in names)]
    if unfit:
        raise UsageError(
            f"No region fits `{unfit[0]}` of `cleaning.local_neighbourhood`.",
            cure="Name regions of the study, or patterns with `*`.",
        )
    fit = [place for place, name in enumerate(names) if wanted and is_chosen(name, wanted)]
    return np.array(fit, dtype=np.intp)


def neighbours_in_volume(
    image: RunImage, regions: Sequence[Region], cleaning: CleaningSpec, *, aseg: Path | None
) -> NeighbourSeries | None:
    """Average the cortex around the chosen regions of a series of volumes.

    Cortex is that of the participant's own segmentation; without one, the voxels of the study's
    other regions stand for it, which is noted.

    Parameters
    ----------
    image : RunImage
        The series.
    regions : sequence of Region
        All regions on its grid.
    cleaning : CleaningSpec
        Which are chosen, and distances.
    aseg : Path or None
        The participant's ``desc-aseg_dseg`` in the space of the series.

    Returns
    -------
    NeighbourSeries or None
        None if no region is chosen.

    Raises
    ------
    UsageError
        If there is neither a segmentation nor another region.
    """
    chosen = chosen_regions(cleaning, [region.name for region in regions])
    if not chosen.size:
        return None
    usable = image.usable.reshape(-1)
    cortex, note = _cortex_voxels(regions, chosen, image.grid, aseg)
    cortex = cortex[usable[cortex]]
    nearest, farthest = cleaning.neighbourhood_distance
    rings = ring_neighbours(
        [_millimetres(regions[place].voxels, image.grid) for place in chosen],
        candidates=_millimetres(cortex, image.grid),
        nearest=nearest,
        farthest=farthest,
    )
    columns = (np.cumsum(usable) - 1)[cortex]
    series = neighbour_series(image.series, [columns[ring] for ring in rings])
    return NeighbourSeries(chosen, series, note)


def _cortex_voxels(
    regions: Sequence[Region], chosen: np.ndarray, grid: Grid, aseg: Path | None
) -> tuple[np.ndarray, str]:
    own = [regions[place].voxels for place in chosen]
    if aseg is not None:
        source = RegionSource("cortex", "cortex", indices=CORTEX, own_segmentation=True)
        (cortex,) = locate_regions([source], grid, own_segmentation=aseg).regions
        if cortex.voxels.size:
            return np.setdiff1d(cortex.voxels, np.concatenate(own)), ""
    others = [region.voxels for place, region in enumerate(regions) if place not in set(chosen)]
    if not others:
        raise UsageError(
            "`cleaning.local_neighbourhood` needs to know the cortex: there is no segmentation of "
            "the participant in the space of the images, and the study has no other regions.",
            cure="Let fMRIPrep write `desc-aseg_dseg` in that space, add an atlas of the cortex to "
            "`regions`, or leave `local_neighbourhood` out.",
        )
    cortex_voxels = np.setdiff1d(np.concatenate(others), np.concatenate(own))
    return cortex_voxels, (
        "no segmentation of the participant: the study's other regions stand for the cortex of "
        "`local_neighbourhood`"
    )


def _millimetres(voxels: np.ndarray, grid: Grid) -> np.ndarray:
    index = np.array(np.unravel_index(voxels, grid.brain.shape))
    return np.asarray((grid.affine[:3, :3] @ index + grid.affine[:3, [3]]).T)


class Rings(NamedTuple):
    """Vertices of the cortex around chosen regions of a dense series.

    Attributes
    ----------
    regions : ndarray of int, shape (n_chosen,)
        Places of these regions among all.
    rings : tuple of GrayordinateRegion
        The cortex around each, to be averaged as a region is; empty where there is none.
    """

    regions: np.ndarray
    rings: tuple[GrayordinateRegion, ...]


def rings_on_surface(
    regions: Sequence[GrayordinateRegion],
    grayordinates: Grayordinates,
    cleaning: CleaningSpec,
    *,
    points: np.ndarray,
) -> Rings | None:
    """Find the cortex around the chosen regions on the surface of a dense series.

    Parameters
    ----------
    regions : sequence of GrayordinateRegion
        All regions.
    grayordinates : Grayordinates
        Of the series.
    cleaning : CleaningSpec
        Which are chosen, and distances.
    points : ndarray of shape (n_grayordinates, 3)
        Result of :func:`grayordinate_points`.

    Returns
    -------
    Rings or None
        None if no region is chosen.

    Raises
    ------
    InputMissingError
        If the places of vertices are not known.
    """
    chosen = chosen_regions(cleaning, [region.name for region in regions])
    if not chosen.size:
        return None
    cortex = np.flatnonzero(grayordinates.vertices >= 0)
    if not np.isfinite(points[cortex]).all():
        raise InputMissingError(
            "`cleaning.local_neighbourhood` needs the places of the cortex's vertices, and there "
            "is no midthickness surface.",
            cure="Name both under `regions.midthickness`, put TemplateFlow's fsLR where it looks, "
            "or leave `local_neighbourhood` out.",
        )
    cortex = np.setdiff1d(cortex, np.concatenate([regions[place].columns for place in chosen]))
    nearest, farthest = cleaning.neighbourhood_distance
    rings = ring_neighbours(
        [points[regions[place].columns] for place in chosen],
        candidates=points[cortex],
        nearest=nearest,
        farthest=farthest,
    )
    return Rings(
        chosen,
        tuple(
            GrayordinateRegion(f"around {regions[place].name}", cortex[ring], len(ring))
            for place, ring in zip(chosen, rings, strict=True)
        ),
    )


def grayordinate_points(
    grayordinates: Grayordinates, *, midthickness: Sequence[Path]
) -> np.ndarray:
    """Return where grayordinates lie, shape (n_grayordinates, 3), mm; NaN where not known.

    Parameters
    ----------
    grayordinates : Grayordinates
        Of the series.
    midthickness : sequence of Path
        Left and right surface; empty without.
    """
    affine = grayordinates.affine
    points = grayordinates.voxels @ affine[:3, :3].T + affine[:3, 3]
    points[grayordinates.vertices >= 0] = np.nan
    if not midthickness:
        return np.asarray(points)
    surfaces = read_midthickness(midthickness[0], midthickness[1])
    for name, own in ((LEFT, surfaces.left), (RIGHT, surfaces.right)):
        structure = grayordinates.surfaces.get(name)
        if structure is not None:
            points[structure.columns] = own[grayordinates.vertices[structure.columns]]
    return np.asarray(points)
