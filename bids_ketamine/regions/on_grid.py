"""Images of regions on the grid of a series: each is read and resampled once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bids_ketamine.dataset.names import listed
from bids_ketamine.images.grid import Grid, labels_at, nearest_on_grid
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.regions.transform import read_transform
from bids_ketamine.regions.volumes import RegionVolume, read_labels, read_mask_volume

#: Room around an image for what a transform between templates may move, mm.
MARGIN = 20.0
#: The grid is continued over an image's edges by at most this many times its own size.
LARGEST_MARGIN = 1.0


class RegionImages:
    """Images of regions on a grid.

    Parameters
    ----------
    grid : Grid
        Grid of the series.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        # What makes two regions share an image: the file, how it is read, how it is moved.
        self._read: dict[tuple[Path, bool, Path | None], _OnGrid] = {}

    def find(self, source: RegionSource, path: Path) -> tuple[np.ndarray, int]:
        """Return the voxels of a region, and how many it has with those out of view.

        A label between the centres of coarse voxels takes the voxel that holds most of it.

        Parameters
        ----------
        source : RegionSource
            The region.
        path : Path
            Its image.

        Returns
        -------
        voxels : ndarray of int, shape (n_inside,)
            Places in the flattened grid, sorted.
        n_voxels : int
            Voxels of the whole region.
        """
        image = self._image(source, path)
        image.names.append(source.name)
        parts, whole = [], 0
        for label in source.indices or (1,):  # a mask is label 1
            places, count = image.places.get(label), image.counts.get(label, 0)
            if count == 0 and (image.volume.labels == label).any():
                count = 1
                if source.transform is None:
                    places = _holding_most(image.volume, label, self._grid)
                    image.small += [source.name] if len(places) else []
            parts.append(np.empty(0, dtype=np.intp) if places is None else places)
            whole += count
        voxels = np.unique(np.concatenate(parts))
        return voxels, max(whole, len(voxels))

    def labels_at(self, source: RegionSource, path: Path, points: np.ndarray) -> np.ndarray:
        """Return the labels of the voxels in which points lie.

        Parameters
        ----------
        source : RegionSource
            A region of the image.
        path : Path
            The image.
        points : ndarray of shape (n, 3)
            mm in the space of the grid.

        Returns
        -------
        ndarray of int, shape (n,)
            Labels (1 within a mask), 0 outside the image.
        """
        volume = self._image(source, path).volume
        if source.transform is not None:
            points = read_transform(source.transform)(points)
        return labels_at(volume.labels, volume.affine, points)

    def absent(self, source: RegionSource, path: Path) -> list[int]:
        """Return the labels of a region of which its image has no voxel."""
        there = set(np.unique(self._image(source, path).volume.labels).tolist())
        return [label for label in source.indices if label not in there]

    def _image(self, source: RegionSource, path: Path) -> _OnGrid:
        key = (path, not source.indices, source.transform)
        if key not in self._read:
            self._read[key] = _bring(path, source, self._grid)
        return self._read[key]

    def notes(self) -> list[str]:
        """Say what was done to each image."""
        images = ((path, image) for (path, *_), image in self._read.items())
        return [sentence for path, image in images for sentence in image.told(path)]


@dataclass
class _OnGrid:
    """An image of regions on the grid.

    Attributes
    ----------
    volume : RegionVolume
        The image on its own grid.
    source : RegionSource
        The first region made of it.
    places : mapping of int to ndarray of int
        Places of each label's voxels in the field of view.
    counts : mapping of int to int
        Voxels of each label on the grid, continued beyond the field of view.
    same_grid : bool
        Whether nothing was resampled.
    names, small : list of str
        Regions made of it; those with a label smaller than a voxel of the series.
    """

    volume: RegionVolume
    source: RegionSource
    places: Mapping[int, np.ndarray]
    counts: Mapping[int, int]
    same_grid: bool
    names: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)

    def told(self, path: Path) -> list[str]:
        """Say what was done."""
        source, which = self.source, f"regions of {path.name} ({listed(self.names)})"
        notes = []
        if source.transform is not None:
            notes.append(
                f"{which} brought from {source.space} by {source.transform.name}, nearest voxel"
            )
        elif not self.same_grid:
            notes.append(f"{which} resampled to the grid of the images, nearest voxel")
        if source.space is None and not source.own_segmentation:
            notes.append(
                f"{path.name} does not say its template: taken to be in the space of the images"
            )
        if self.small:
            notes.append(
                f"{listed(dict.fromkeys(self.small))} of {path.name}: smaller than a voxel of the "
                "images; the voxel that holds most of it is taken"
            )
        if self.volume.fractions:
            notes.append(f"{path.name} has values between 0 and 1: all above 0 are the region")
        return notes


def _bring(path: Path, source: RegionSource, grid: Grid) -> _OnGrid:
    volume = read_labels(path) if source.indices else read_mask_volume(path)
    same_grid = source.transform is None and grid.same_as(
        Grid(np.zeros(volume.labels.shape, dtype=bool), volume.affine)
    )
    if same_grid:
        low, larger = np.zeros(3, dtype=int), volume.labels
    else:
        low, shape = _continued(volume, grid, MARGIN if source.transform else 0.0)
        origin = grid.affine.copy()
        origin[:3, 3] -= grid.affine[:3, :3] @ low
        larger = nearest_on_grid(
            volume.labels,
            volume.affine,
            shape,
            origin,
            moved=None if source.transform is None else read_transform(source.transform),
        )
    view = tuple(slice(a, a + n) for a, n in zip(low, grid.brain.shape, strict=True))
    labels, counts = np.unique(larger, return_counts=True)
    return _OnGrid(
        volume=volume,
        source=source,
        places=_places(larger[view]),
        counts=dict(zip(labels.tolist(), counts.tolist(), strict=True)),
        same_grid=same_grid,
    )


def _continued(volume: RegionVolume, grid: Grid, margin: float) -> tuple[np.ndarray, list[int]]:
    """Continue the grid over an image's labels, so that what is out of view can be counted.

    Returns
    -------
    low : ndarray of int, shape (3,)
        Voxels put before the grid.
    shape : list of int
        Of the continued grid.
    """
    size = np.array(grid.brain.shape)
    inside = [np.flatnonzero(volume.labels.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    if not all(len(each) for each in inside):
        return np.zeros(3, dtype=int), size.tolist()
    box = np.array([[each[0] - 0.5, each[-1] + 0.5] for each in inside])
    corners = np.array(np.meshgrid(*box)).reshape(3, -1).T
    millimetres = corners @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    inverse = np.linalg.inv(grid.affine)
    voxels = millimetres @ inverse[:3, :3].T + inverse[:3, 3]
    room = margin * np.linalg.norm(inverse[:3, :3], axis=1) + 1
    most = (LARGEST_MARGIN * size).astype(int)
    low = np.clip(np.ceil(room - voxels.min(axis=0)), 0, most).astype(int)
    high = np.clip(np.ceil(voxels.max(axis=0) + room - (size - 1)), 0, most).astype(int)
    return low, (size + low + high).tolist()


def _places(labels: np.ndarray) -> dict[int, np.ndarray]:
    """Return the places of each label in one pass; hundreds of labels share an image."""
    flat = labels.reshape(-1)
    inside = np.flatnonzero(flat)
    inside = inside[np.argsort(flat[inside], kind="stable")]
    there, starts = np.unique(flat[inside], return_index=True)
    return dict(zip(there.tolist(), np.split(inside, starts[1:]), strict=False))


def _holding_most(volume: RegionVolume, label: int, grid: Grid) -> np.ndarray:
    """Return the voxel that holds most of a label in which no voxel's centre lies."""
    millimetres = np.argwhere(volume.labels == label) @ volume.affine[:3, :3].T
    millimetres += volume.affine[:3, 3]
    inverse = np.linalg.inv(grid.affine)
    indices = np.rint(millimetres @ inverse[:3, :3].T + inverse[:3, 3]).astype(np.intp)
    indices = indices[((indices >= 0) & (indices < grid.brain.shape)).all(axis=1)]
    if not len(indices):
        return np.empty(0, dtype=np.intp)
    places, counts = np.unique(
        np.ravel_multi_index(tuple(indices.T), grid.brain.shape), return_counts=True
    )
    return places[[counts.argmax()]]
