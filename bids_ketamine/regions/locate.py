"""Voxels of regions on the grid of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bids_ketamine.dataset.names import listed
from bids_ketamine.images.grid import AFFINE_TOLERANCE, Grid
from bids_ketamine.regions.on_grid import RegionImages
from bids_ketamine.regions.sources import RegionSource


@dataclass(frozen=True)
class Region:
    """Voxels of a region on a grid.

    Attributes
    ----------
    name : str
        Name in the study.
    origin : str
        What it is made of, in words.
    voxels : ndarray of int, shape (n_inside,)
        Voxels of the region that lie inside the field of view: places in the flattened grid (in
        C order), which an atlas of hundreds of regions can afford.
    n_voxels : int
        Voxels of the whole region, those outside the field of view counted.
    problem : str
        Why it has no voxels, where coverage does not say it.
    """

    name: str
    origin: str
    voxels: np.ndarray
    n_voxels: int
    problem: str = ""

    def coverage(self, usable: np.ndarray) -> float:
        """Return the share of the region's voxels that can be used; NaN where it has none.

        Parameters
        ----------
        usable : ndarray of bool, shape (x, y, z)
            Voxels with signal.
        """
        if not self.n_voxels:
            return float("nan")
        return float(usable.reshape(-1)[self.voxels].sum()) / self.n_voxels


@dataclass(frozen=True)
class LocatedRegions:
    """The regions of a study on a grid.

    Attributes
    ----------
    regions : tuple of Region
        In the order of the study.
    notes : tuple of str
        What was done to bring them there, and which could not be.
    """

    regions: tuple[Region, ...]
    notes: tuple[str, ...]


def locate_regions(
    sources: Sequence[RegionSource], grid: Grid, *, own_segmentation: Path | None
) -> LocatedRegions:
    """Find the voxels of regions on a grid.

    Spheres take the voxels whose centre lies within the radius. Masks and labels on another
    grid are resampled with the nearest voxel; those in another template go through its
    transform. A region between the centres of coarse voxels takes the voxel that holds most of
    it, as a sphere does. All of this is noted.

    Parameters
    ----------
    sources : sequence of RegionSource
        Regions of images and spheres; those of time-series columns are left out.
    grid : Grid
        Voxel grid.
    own_segmentation : Path or None
        The participant's ``desc-aseg_dseg`` in the space of the grid.

    Raises
    ------
    InputMissingError, InputDataError
        If an image cannot be read.
    """
    images = RegionImages(grid)
    located = [
        locate_region(source, grid, images, own=own_segmentation)
        for source in sources
        if not source.columns
    ]
    notes = [f"{region.name}: {region.problem}" for region in located if region.problem]
    notes += dict.fromkeys(source.note for source in sources if source.note)
    notes += images.notes()
    return LocatedRegions(tuple(located), tuple(notes))


def locate_region(
    source: RegionSource, grid: Grid, images: RegionImages, *, own: Path | None
) -> Region:
    """Find the voxels of one region.

    Parameters
    ----------
    source : RegionSource
        A region of an image or of spheres.
    grid : Grid
        Voxel grid.
    images : RegionImages
        Images on that grid, read so far.
    own : Path or None
        The participant's segmentation in the space of the grid.
    """
    if source.spheres:
        return _spheres(source, grid)
    if source.own_segmentation:
        if own is None:
            return _nowhere(source, "no segmentation of the participant")
        return _of_own(source, own, images)
    if source.image is None:
        raise ValueError(f"the region {source.name} is made of nothing")
    return _of_image(source, source.image, images)


def _of_image(source: RegionSource, path: Path, images: RegionImages) -> Region:
    voxels, n_voxels = images.find(source, path)
    why = "" if len(voxels) else "it lies outside the field of view"
    return Region(source.name, source.origin, voxels, n_voxels, problem=why)


def _of_own(source: RegionSource, path: Path, images: RegionImages) -> Region:
    """Return a region of the participant's segmentation, which must have all its labels."""
    absent = images.absent(source, path)
    if absent:
        labels = listed(map(str, absent))
        return _nowhere(source, f"the participant's segmentation has no voxel of label {labels}")
    return _of_image(source, path, images)


def _nowhere(source: RegionSource, why: str) -> Region:
    return Region(source.name, source.origin, np.empty(0, dtype=np.intp), 0, problem=why)


def _spheres(source: RegionSource, grid: Grid) -> Region:
    shape = np.array(grid.brain.shape)
    balls = [_ball(centre, source.radius, grid) for centre in source.spheres]
    every = balls[0] if len(balls) == 1 else np.unique(np.concatenate(balls), axis=0)
    within = every[((every >= 0) & (every < shape)).all(axis=1)]
    places = np.sort(np.ravel_multi_index(tuple(within.T), grid.brain.shape))
    why = "" if len(places) else "it lies outside the field of view"
    return Region(source.name, source.origin, places, len(every), problem=why)


def _ball(centre: Sequence[float], radius: float, grid: Grid) -> np.ndarray:
    """Return the voxels, shape (n, 3), whose centres lie within a sphere, in view or not."""
    inverse = np.linalg.inv(grid.affine)
    middle = np.rint(inverse[:3, :3] @ centre + inverse[:3, 3]).astype(int)
    reach = np.ceil(radius * np.linalg.norm(inverse[:3, :3], axis=1)).astype(int) + 1
    plane = np.stack(
        np.meshgrid(*[np.arange(-n, n + 1) for n in reach[1:]], indexing="ij"), axis=-1
    ).reshape(-1, 2)
    parts = []
    for row in range(-reach[0], reach[0] + 1):  # a plane at a time bounds the memory
        around = middle + np.column_stack([np.full(len(plane), row), plane])
        away = around @ grid.affine[:3, :3].T + grid.affine[:3, 3] - np.asarray(centre)
        # Affines of NIfTI files are in single precision.
        parts.append(around[np.linalg.norm(away, axis=1) <= radius + AFFINE_TOLERANCE])
    inside = np.concatenate(parts)
    # A sphere smaller than a voxel still has the voxel its centre is in.
    return inside if len(inside) else middle[None]
