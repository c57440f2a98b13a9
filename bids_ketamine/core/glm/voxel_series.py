"""Series of voxels, in double precision a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from scipy import linalg
from threadpoolctl import threadpool_info, threadpool_limits

#: Voxels worked on at once: their series in double precision stay in the caches' reach.
BLOCK = 4096


Result = TypeVar("Result")


def linear_algebra_threads() -> int:
    """Return how many threads a product of matrices may use here."""
    counts = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    return max(counts, default=1)


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

    def places(self, size: int | None = None) -> list[slice]:
        """Return the places of voxels that are worked on at once, among all."""
        size = size or BLOCK
        return [
            slice(start, min(start + size, self.n_voxels))
            for start in range(0, self.n_voxels, size)
        ]

    def block(self, places: slice) -> np.ndarray:
        """Return the scaled series of some voxels, float64, shape (n_scans, n_some)."""
        columns = self.columns[places]
        first, last = int(columns[0]), int(columns[-1])
        if last - first + 1 == len(columns):  # a slice is not copied before it is converted
            chosen = self.series[:, first : last + 1]
        else:
            chosen = self.series[:, columns]
        return np.multiply(chosen, self.factor, dtype=np.float64)

    def blocks(self, size: int | None = None) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the places of some voxels among all, and their scaled series."""
        for places in self.places(size):
            yield places, self.block(places)

    def over_blocks(self, work: Callable[[slice, np.ndarray], Result]) -> Iterator[Result]:
        """Yield what some work makes of each block, in their order.

        Blocks are shared out over as many threads as linear algebra may use, and each has one:
        threads inside a product of this size wait for each other more than they help, and the
        result would depend on their number.
        """
        n_threads = linear_algebra_threads()
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(n_threads) as pool:
            yield from pool.map(lambda places: work(places, self.block(places)), self.places())


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
    left, singular, _ = singular_vectors(matrix / column_norms(matrix))
    tolerance = max(matrix.shape) * np.spacing(singular[0]) if singular.size else 0.0
    return np.asarray(left[:, singular > tolerance])


def singular_vectors(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the singular value decomposition, without what belongs to no column.

    The fast routine has failed to converge on finite matrices of real runs; the slow one then
    takes its place.
    """
    try:
        left, singular, rows = np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:
        left, singular, rows = linalg.svd(matrix, full_matrices=False, lapack_driver="gesvd")
    return left, singular, rows
