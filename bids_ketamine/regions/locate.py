"""Voxels of regions on the grid of a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bids_ketamine.dataset.names import listed
from bids_ketamine.images.grid import Grid
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.regions.volumes import RegionVolume, on_grid, read_volume


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
    """

    name: str
    origin: str
    voxels: np.ndarray
    n_voxels: int

    def coverage(self, usable: np.ndarray) -> float:
        """Return the share of the region's voxels that can be used.

        Parameters
        ----------
        usable : ndarray of bool, shape (x, y, z)
            Voxels with signal.
        """
        if not self.n_voxels:
            return 0.0
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
    images = _Images(grid)
    located: list[Region] = []
    notes: list[str] = []
    absent: list[str] = []
    for source in sources:
        if source.spheres:
            located.append(_spheres(source, grid))
        elif source.own_segmentation:
            if own_segmentation is None:
                located.append(_nowhere(source))
                absent.append(source.name)
            else:
                located.append(images.region(source, own_segmentation))
        elif source.image is not None:
            located.append(images.region(source, source.image))
    if absent:
        notes.append(f"no segmentation of the participant: no voxels of {listed(absent)}")
    notes += images.notes()
    return LocatedRegions(tuple(located), tuple(notes))


def _nowhere(source: RegionSource) -> Region:
    return Region(source.name, source.origin, np.empty(0, dtype=np.intp), 0)


@dataclass
class _OnGrid:
    """An image of regions on the grid.

    Attributes
    ----------
    source : RegionSource
        The first region made of it.
    own_counts : mapping of int to int
        Voxels of each label on its own grid.
    places : mapping of int to ndarray of int
        Places of each label's voxels on the grid of the series.
    share : float
        Volume of its own voxels over that of the grid's.
    same_grid, fractions : bool
        Whether nothing was resampled; whether a mask has values between 0 and 1.
    labels : ndarray of int32, shape (i, j, k)
        On its own grid; 1 inside a mask.
    affine : ndarray of shape (4, 4)
        Of its own grid.
    names, small : list of str
        Regions made of it; those that are smaller than a voxel of the series.
    """

    source: RegionSource
    own_counts: Mapping[int, int]
    places: Mapping[int, np.ndarray]
    share: float
    same_grid: bool
    fractions: bool
    labels: np.ndarray
    affine: np.ndarray
    names: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)


class _Images:
    """Images of regions on a grid; each is read and resampled once."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._read: dict[tuple[Path, bool], _OnGrid] = {}

    def region(self, source: RegionSource, path: Path) -> Region:
        """Return a region of an image."""
        key = (path, bool(source.indices))
        if key not in self._read:
            self._read[key] = _bring(read_volume(path), source, self._grid)
        image = self._read[key]
        image.names.append(source.name)
        labels = source.indices or (1,)  # a mask is label 1 everywhere
        own = sum(image.own_counts.get(label, 0) for label in labels)
        known = [image.places[label] for label in labels if label in image.places]
        voxels = np.sort(np.concatenate(known)) if known else np.empty(0, dtype=np.intp)
        if own and not known and source.transform is None:
            voxels = _holding_most(np.isin(image.labels, labels), image.affine, self._grid)
            image.small += [source.name] if voxels.size else []
        whole = own if image.same_grid else max(round(own * image.share), len(voxels), 1)
        return Region(source.name, source.origin, voxels, whole)

    def notes(self) -> list[str]:
        """Say what was done to each image."""
        notes = []
        for (path, _), image in self._read.items():
            source, which = image.source, f"regions of {path.name} ({listed(image.names)})"
            if source.transform is not None:
                notes.append(
                    f"{which} brought from {source.space} by {source.transform.name}, nearest voxel"
                )
            elif not image.same_grid:
                notes.append(f"{which} resampled to the grid of the images, nearest voxel")
            if source.space is None and not source.own_segmentation:
                notes.append(
                    f"{path.name} does not say its template: taken to be in the space of the images"
                )
            if image.small:
                notes.append(
                    f"{listed(image.small)} of {path.name}: smaller than a voxel of the images; "
                    "the voxel that holds most of it is taken"
                )
            if image.fractions:
                notes.append(f"{path.name} has values between 0 and 1: all above 0 are the region")
        return notes


def _bring(own: RegionVolume, source: RegionSource, grid: Grid) -> _OnGrid:
    labels = own.labels if source.indices else own.inside.astype(np.int32)
    labels = np.maximum(labels, 0)  # no table names a negative label
    same_grid = source.transform is None and grid.same_as(Grid(own.inside, own.affine))
    moved = labels if same_grid else on_grid(labels, own.affine, grid, source.transform)
    flat = moved.reshape(-1)
    inside = np.flatnonzero(flat)
    inside = inside[np.argsort(flat[inside], kind="stable")]
    there, starts = np.unique(flat[inside], return_index=True)
    own_labels, own_counts = np.unique(labels, return_counts=True)
    masked = not source.indices
    return _OnGrid(
        source=source,
        own_counts=dict(zip(own_labels.tolist(), own_counts.tolist(), strict=True)),
        places=dict(zip(there.tolist(), np.split(inside, starts[1:]), strict=False)),
        share=own.voxel_volume / abs(np.linalg.det(grid.affine[:3, :3])),
        same_grid=same_grid,
        fractions=masked and bool(((own.values > 0) & (own.values < 1)).any()),
        labels=labels,
        affine=own.affine,
    )


def _holding_most(inside: np.ndarray, affine: np.ndarray, grid: Grid) -> np.ndarray:
    """Return the voxel that holds most of a region no voxel's centre lies in."""
    millimetres = np.argwhere(inside) @ affine[:3, :3].T + affine[:3, 3]
    inverse = np.linalg.inv(grid.affine)
    indices = np.rint(millimetres @ inverse[:3, :3].T + inverse[:3, 3]).astype(np.intp)
    indices = indices[((indices >= 0) & (indices < grid.brain.shape)).all(axis=1)]
    if not len(indices):
        return np.empty(0, dtype=np.intp)
    places, counts = np.unique(
        np.ravel_multi_index(tuple(indices.T), grid.brain.shape), return_counts=True
    )
    return places[[counts.argmax()]]


def _spheres(source: RegionSource, grid: Grid) -> Region:
    inverse = np.linalg.inv(grid.affine)
    indices: set[tuple[int, ...]] = set()
    reach = np.ceil(source.radius * np.abs(inverse[:3, :3]).sum(axis=1)).astype(int) + 1
    for centre in source.spheres:
        middle = np.rint(inverse[:3, :3] @ centre + inverse[:3, 3]).astype(int)
        offsets = np.stack(
            np.meshgrid(*[np.arange(-n, n + 1) for n in reach], indexing="ij"), axis=-1
        ).reshape(-1, 3)
        around = middle + offsets
        distance = np.linalg.norm(
            around @ grid.affine[:3, :3].T + grid.affine[:3, 3] - np.asarray(centre), axis=1
        )
        inside = around[distance <= source.radius]
        # A sphere smaller than a voxel still has the voxel its centre is in.
        indices |= {tuple(index) for index in (inside if len(inside) else middle[None])}
    within = np.array(
        [
            index
            for index in indices
            if all(0 <= i < n for i, n in zip(index, grid.brain.shape, strict=True))
        ],
        dtype=np.intp,
    ).reshape(-1, 3)
    places = np.sort(np.ravel_multi_index(tuple(within.T), grid.brain.shape))
    return Region(source.name, source.origin, places, len(indices))
