"""Voxel grids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

#: Two affines that differ by less (mm) describe the same grid.
AFFINE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Grid:
    """Voxel grid of a run and its brain.

    Attributes
    ----------
    brain : ndarray of bool, shape (x, y, z)
        Inside the brain mask.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    """

    brain: np.ndarray
    affine: np.ndarray

    @property
    def voxel_sizes(self) -> np.ndarray:
        """Edges of a voxel along the three axes, mm."""
        return np.sqrt((np.asarray(self.affine, dtype=float)[:3, :3] ** 2).sum(axis=0))

    def same_as(self, other: Grid) -> bool:
        """Tell whether two grids have the same voxels (brains may differ)."""
        return self.brain.shape == other.brain.shape and np.allclose(
            self.affine, other.affine, atol=AFFINE_TOLERANCE
        )

    def volume(self, values: np.ndarray, voxels: np.ndarray) -> np.ndarray:
        """Lay values of some voxels (a mask of the grid) out in space, NaN elsewhere."""
        volume = np.full(self.brain.shape, np.nan)
        volume[voxels] = values
        return volume


def nearest_on_grid(
    labels: np.ndarray,
    affine: np.ndarray,
    shape: Sequence[int],
    target: np.ndarray,
    *,
    moved: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Return labels on another grid: each voxel takes the one its centre lies in.

    ``target_labels[v] = labels[round(A^-1 m(T v))]`` with ``A`` the labels' affine, ``T`` that of
    the other grid, and ``m`` the way between their spaces.

    Parameters
    ----------
    labels : ndarray of int, shape (i, j, k)
        Labels on their own grid.
    affine : ndarray of shape (4, 4)
        Its voxel indices to mm.
    shape : sequence of int
        Shape (x, y, z) of the other grid.
    target : ndarray of shape (4, 4)
        Its voxel indices to mm.
    moved : callable, optional
        Points of the other grid's space, shape (n, 3) in mm, to points of the labels' space;
        none where the two are one space.

    Returns
    -------
    ndarray of int, shape (x, y, z)
        Labels on the other grid, 0 where their image has no voxel.
    """
    result = np.zeros(tuple(shape), dtype=labels.dtype)
    inverse = np.linalg.inv(affine)
    plane = np.stack(
        np.meshgrid(np.arange(shape[1]), np.arange(shape[2]), indexing="ij"), axis=-1
    ).reshape(-1, 2)
    for row in range(shape[0]):  # a plane at a time bounds the memory
        points = plane @ target[:3, 1:3].T + row * target[:3, 0] + target[:3, 3]
        if moved is not None:
            points = moved(points)
        result[row] = _nearest(labels, inverse, points).reshape(result.shape[1:])
    return result


def labels_at(labels: np.ndarray, affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the labels of the voxels in which points lie.

    Parameters
    ----------
    labels : ndarray of int, shape (i, j, k)
        Labels on their own grid.
    affine : ndarray of shape (4, 4)
        Its voxel indices to mm.
    points : ndarray of shape (n, 3)
        mm, in the labels' space.

    Returns
    -------
    ndarray of int, shape (n,)
        Labels; 0 where their image has no voxel.
    """
    return _nearest(labels, np.linalg.inv(affine), points)


def _nearest(labels: np.ndarray, inverse: np.ndarray, points: np.ndarray) -> np.ndarray:
    # A centre half-way between two voxels goes to the upper one, whatever the rounding.
    nearest = np.floor(points @ inverse[:3, :3].T + inverse[:3, 3] + 0.5 + 1e-6).astype(int)
    inside = ((nearest >= 0) & (nearest < labels.shape)).all(axis=1)
    found = np.zeros(len(points), dtype=labels.dtype)
    found[inside] = labels[tuple(nearest[inside].T)]
    return found
