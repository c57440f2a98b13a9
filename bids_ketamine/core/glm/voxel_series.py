"""Series of voxels, in double precision a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

#: Voxels worked on at once: their series in double precision stay in the caches' reach.
BLOCK = 4096


class VoxelSeries(NamedTuple):
    """Series of some voxels of a run, taken in blocks so that little is in double precision.

    Attributes
    ----------
    series : ndarray of shape (n_scans, n_all)
        Series of the run, float32 or float64, in any unit.
    columns : ndarray of int, shape (n_voxels,)
        Its columns that are meant, ascending.
    factor : float
        What values are multiplied with: to percent of the grand mean.
    """

    series: np.ndarray
    columns: np.ndarray
    factor: float

    @property
    def n_voxels(self) -> int:
        """Number of voxels."""
        return len(self.columns)

    def blocks(self, size: int | None = None) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the places of some voxels among all, and their scaled series, float64."""
        size = size or BLOCK
        for start in range(0, self.n_voxels, size):
            places = slice(start, min(start + size, self.n_voxels))
            columns = self.columns[places]
            first, last = int(columns[0]), int(columns[-1])
            if last - first + 1 == len(columns):  # a slice is not copied before it is converted
                chosen = self.series[:, first : last + 1]
            else:
                chosen = self.series[:, columns]
            yield places, np.multiply(chosen, self.factor, dtype=np.float64)


def as_voxels(series: np.ndarray) -> VoxelSeries:
    """Return series that are scaled already, shape (n_scans, n_series), as voxels."""
    return VoxelSeries(series, np.arange(series.shape[1]), 1.0)


def column_norms(matrix: np.ndarray) -> np.ndarray:
    """Return the norm of each column, 1 for one of zeros, shape (n_columns,).

    Columns are brought to unit length before a decomposition: else a small one (a squared
    derivative of a rotation beside a tissue signal) would be taken for rounding.
    """
    norms = np.linalg.norm(matrix, axis=0)
    return np.where(norms > 0, norms, 1.0)


def column_space(matrix: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the columns of a matrix, shape (n_rows, rank)."""
    left, singular, _ = np.linalg.svd(matrix / column_norms(matrix), full_matrices=False)
    tolerance = max(matrix.shape) * np.spacing(singular[0]) if singular.size else 0.0
    return np.asarray(left[:, singular > tolerance])
