"""A series inside its brain mask, read by threads: one decompresses, others smooth."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from bids_ketamine.core.glm.scaling import global_mean
from bids_ketamine.core.glm.voxel_series import linear_algebra_threads
from bids_ketamine.core.smoothness import estimate_smoothness, volumes_to_compare
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.smoothing import Smoother
from bids_ketamine.images.voxels import read_volumes, refuse_too_large, shortened

#: What reading holds of every voxel of the grid: masks and the numbers of voxels, bytes.
GRID_BYTES = 40
#: What a thread that smooths holds of every voxel of the grid, bytes.
THREAD_BYTES = 28

#: Threads that smooth: more of them wait for the one that decompresses.
MOST_THREADS = 4

#: Pairs of successive volumes from which the smoothness is estimated.
N_PAIRS = 12


class Inside(NamedTuple):
    """What is read of a series inside the brain.

    ``series`` has the shape (n_scans, n_voxels), float32, smoothed if asked for; ``mean`` and
    ``deviation`` in time before smoothing have the shape (n_voxels,), float64; the others are as
    in :class:`~bids_ketamine.images.series.RunImage`.
    """

    series: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    global_means: np.ndarray
    smoothness_before: np.ndarray
    smoothness_after: np.ndarray
    notes: list[str]


def read_inside(image: Any, path: Path, grid: Grid, fwhm: float | None) -> Inside:
    """Read a series inside its brain mask, smoothed if asked for.

    Parameters
    ----------
    image : nibabel image
        Four dimensions; its data are not in memory yet.
    path : Path
        Its file.
    grid : Grid
        Its voxels and its brain.
    fwhm : float or None
        Full width at half maximum of the Gaussian, mm.

    Raises
    ------
    ReadWriteError
        If the file system fails.
    InputDataError
        If the file is truncated or damaged, a volume holds no finite value inside the brain, or
        there is not the memory.
    """
    n_scans, n_voxels = image.shape[3], int(grid.brain.sum())
    n_threads = max(1, min(MOST_THREADS, linear_algebra_threads()))
    held = GRID_BYTES + n_threads * (THREAD_BYTES + 2 * image.dataobj.dtype.itemsize)
    refuse_too_large(4 * n_scans * n_voxels + held * grid.brain.size, path)
    rows = _Rows(image, grid, fwhm, n_threads)
    moments = _Moments(n_voxels)
    before = _Pairs(n_scans)
    notes: list[str] = []
    waiting: deque[Future[None]] = deque()
    # Volumes are shared out among threads, so that a product of matrices has one of them.
    with (
        np.errstate(invalid="ignore", over="ignore"),
        threadpool_limits(1, user_api="blas"),
        ThreadPoolExecutor(n_threads, "smooth") as threads,
    ):
        for scan, stored in enumerate(read_volumes(image, path, notes)):
            values = rows.inside(stored)
            moments.add(values)
            before.add(values)
            waiting.append(threads.submit(rows.fill, scan, stored, values))
            if len(waiting) > n_threads:
                waiting.popleft().result()
        for each in waiting:
            each.result()
        widths = before.widths(grid.brain.T, grid.voxel_sizes[::-1])[::-1]
        after = widths
        if fwhm is not None:
            smooth = _Pairs(n_scans)
            smooth.add_all(rows.series)
            after = smooth.widths(grid.brain, grid.voxel_sizes)
    if moments.without:
        raise InputDataError(
            f"{len(moments.without)} of {n_scans} volumes hold no finite value inside the brain "
            f"mask: {shortened(moments.without)} (counted from 1).",
            path=path,
            cure="Make the image again, or exclude the run.",
        )
    if 0 < moments.n_zero < n_scans:
        notes.append(
            f"{moments.n_zero} of {n_scans} volumes are zero everywhere inside the brain mask"
        )
    mean, deviation = (each[rows.order] for each in moments.result())
    return Inside(rows.series, mean, deviation, rows.global_means, widths, after, notes)


class _Rows:
    """Series inside the brain and what is made of each volume beside it, filled by threads."""

    def __init__(self, image: Any, grid: Grid, fwhm: float | None, n_threads: int) -> None:
        self._shape = image.shape[:3]
        self._slope = float(image.dataobj.slope)
        self._intercept = float(image.dataobj.inter)
        self._places = np.flatnonzero(grid.brain.T)
        number = np.empty(grid.brain.size, dtype=np.intp)
        number[self._places] = np.arange(self._places.size)
        #: Voxel of each column of the series, as counted in the order of the file.
        self.order = number.reshape(self._shape, order="F")[grid.brain]
        self.series = np.empty((image.shape[3], self.order.size), dtype=np.float32)
        self.global_means = np.zeros(image.shape[3])
        self._desks: SimpleQueue[tuple[np.ndarray, Smoother | None]] = SimpleQueue()
        for _ in range(n_threads):
            smoother = None if fwhm is None else Smoother(self._shape, grid.affine, fwhm)
            self._desks.put((np.empty(grid.brain.size, dtype=np.float32), smoother))

    def inside(self, stored: np.ndarray) -> np.ndarray:
        """Return the real values inside the brain in the order of the file, float32."""
        values = stored.take(self._places)
        if (self._slope, self._intercept) != (1.0, 0.0):
            values = values * np.float64(self._slope) + self._intercept
        return values.astype(np.float32)

    def fill(self, scan: int, stored: np.ndarray, values: np.ndarray) -> None:
        """Smooth a volume if asked for, and keep its values inside the brain and its mean."""
        desk = self._desks.get()
        volume, smoother = desk
        try:
            # States of floating-point errors belong to a thread.
            with np.errstate(invalid="ignore", over="ignore"):
                self._real(stored, volume)
                if smoother is not None:
                    volume = smoother.smooth(volume.reshape(self._shape[::-1])).reshape(-1)
                    values = volume.take(self._places)
                self.series[scan] = values.take(self.order)
                self.global_means[scan] = global_mean(volume)
        finally:
            self._desks.put(desk)

    def _real(self, stored: np.ndarray, volume: np.ndarray) -> None:
        """Scale a whole volume; what is not finite becomes zero."""
        np.copyto(volume, stored, casting="unsafe")
        if (self._slope, self._intercept) != (1.0, 0.0):
            volume *= np.float32(self._slope)
            volume += np.float32(self._intercept)
        if stored.dtype.kind == "f" and not np.isfinite(volume.sum(dtype=np.float64)):
            volume[~np.isfinite(volume)] = 0


class _Moments:
    """Mean and deviation of voxels in time, from one volume after the other."""

    def __init__(self, n_voxels: int) -> None:
        self._first: np.ndarray | None = None
        self._sum, self._squares = np.zeros(n_voxels), np.zeros(n_voxels)
        self._n_scans = 0
        self.n_zero = 0
        #: Volumes without a finite value, counted from 1.
        self.without: list[int] = []

    def add(self, values: np.ndarray) -> None:
        """Add a volume."""
        self._n_scans += 1
        if not np.isfinite(values).any():
            self.without.append(self._n_scans)
        self.n_zero += not values.any()
        if self._first is None:
            self._first = values
        # Away from the first volume: no difference of large sums.
        away = (values - self._first).astype(np.float64)
        self._sum += away
        np.multiply(away, away, out=away)
        self._squares += away

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and deviation; not finite where a value was not."""
        if self._first is None:
            raise ValueError("no volume was added")
        with np.errstate(invalid="ignore", over="ignore"):
            shift = self._sum / self._n_scans
            variance = self._squares / self._n_scans - shift**2
            return self._first + shift, np.sqrt(np.maximum(variance, 0.0))


class _Pairs:
    """Differences of some pairs of successive volumes."""

    def __init__(self, n_scans: int) -> None:
        self._chosen = volumes_to_compare(n_scans, n_pairs=N_PAIRS)
        self._last: np.ndarray | None = None
        self._n_seen = 0
        self._differences: list[np.ndarray] = []

    def add(self, values: np.ndarray) -> None:
        """Add the next volume."""
        if self._last is not None:
            self._differences.append(values - self._last)
        self._last = values if self._n_seen in self._chosen else None
        self._n_seen += 1

    def add_all(self, series: np.ndarray) -> None:
        """Add all volumes."""
        self._differences = [series[scan + 1] - series[scan] for scan in self._chosen]

    def widths(self, brain: np.ndarray, voxel_sizes: np.ndarray) -> np.ndarray:
        """Return the smoothness along each axis, mm."""
        return estimate_smoothness(self._differences, inside=brain, voxel_sizes=voxel_sizes)
