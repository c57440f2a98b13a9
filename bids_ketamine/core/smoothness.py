"""How smooth images are in space, from the correlation of neighbouring voxels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


def volumes_to_compare(n_scans: int, *, n_pairs: int) -> tuple[int, ...]:
    """Return the first volumes of pairs of successive ones, spread over a run.

    Parameters
    ----------
    n_scans : int
        Volumes of the run.
    n_pairs : int
        Pairs at most.

    Examples
    --------
    >>> volumes_to_compare(100, n_pairs=4), volumes_to_compare(3, n_pairs=4)
    ((0, 33, 65, 98), (0, 1))
    """
    if n_scans < 2:
        return ()
    spread = np.linspace(0, n_scans - 2, min(n_pairs, n_scans - 1))
    return tuple(int(scan) for scan in np.unique(spread.round()))


def estimate_smoothness(
    differences: Iterable[np.ndarray],
    *,
    inside: np.ndarray,
    voxel_sizes: Sequence[float] | np.ndarray,
) -> np.ndarray:
    """Estimate the full width at half maximum of the Gaussian that noise looks smoothed with.

    ``FWHM = d sqrt(-2 ln 2 / ln r)`` along each axis, with ``d`` the size of a voxel and ``r`` the
    correlation of the difference of two successive volumes with itself one voxel further,
    ``sum e(v) e(v + 1) / sum (e(v)^2 + e(v + 1)^2) / 2`` over pairs of neighbours that are both
    inside; ``e`` is the difference minus its mean. The median ``r`` of several differences is
    taken, since a movement makes single ones smooth. A white Gaussian field smoothed with a
    Gaussian of standard deviation ``s`` has ``r = exp(-d^2 / 4 s^2)``. What is not smooth (``r``
    not above 0) gives 0; widths under two voxels come out a little too small.

    Parameters
    ----------
    differences : iterable of ndarray of shape (n_voxels,)
        Differences of successive volumes at the voxels inside, in the order of the mask; voxels
        that are not finite count as 0.
    inside : ndarray of bool, shape (i, j, k)
        The voxels.
    voxel_sizes : sequence or ndarray of float
        Along the three axes, mm.

    Returns
    -------
    ndarray of shape (3,)
        Widths, mm; NaN along an axis without neighbours, or without differences.

    References
    ----------
    Forman et al. (1995) doi:10.1002/mrm.1910330508; Jenkinson (2000), FMRIB technical report
    TR00MJ3.
    """
    box = tuple(slice(index.min(), index.max() + 1) for index in np.nonzero(inside))
    # A layer of zeros after each axis: a shift of the flat box never joins two of its rows.
    padded = np.pad(inside[box], ((0, 1),) * 3)
    places = np.flatnonzero(padded)
    steps = (padded.shape[1] * padded.shape[2], padded.shape[2], 1)
    weights = [_neighbours(padded, axis).reshape(-1)[places] / 2 for axis in range(3)]
    field = np.zeros(padded.size, dtype=np.float32)
    correlations = []
    for difference in differences:
        error = np.asarray(difference, dtype=np.float32)
        if not np.isfinite(error.sum(dtype=np.float64)):
            error = np.where(np.isfinite(error), error, np.float32(0))
        error = error - error.mean(dtype=np.float64).astype(np.float32)
        # Of the order of 1, whatever the unit: squares neither overflow nor vanish.
        error /= max(float(np.abs(error).max()), np.finfo(np.float32).tiny)
        field[places] = error
        squares = error**2
        with np.errstate(invalid="ignore", divide="ignore"):
            correlations.append(
                [
                    np.dot(field[:-step], field[step:]) / np.dot(squares, weight)
                    for step, weight in zip(steps, weights, strict=True)
                ]
            )
    known = np.array(correlations, dtype=float).reshape(-1, 3)
    known = known[np.isfinite(known).any(axis=1)]
    if not len(known):
        return np.full(3, np.nan)
    return np.array(
        [_width(np.median(r), size) for r, size in zip(known.T, voxel_sizes, strict=True)]
    )


def mean_width(widths: Sequence[float] | np.ndarray) -> float:
    """Return the geometric mean of widths along the axes on which they are known; NaN for none.

    Examples
    --------
    >>> round(mean_width([4.0, 9.0, float("nan")]), 6), mean_width([5.0, 5.0, 0.0])
    (6.0, 0.0)
    """
    known = np.asarray(widths, dtype=float)
    known = known[np.isfinite(known)]
    if not known.size:
        return float("nan")
    return float(np.prod(known) ** (1.0 / known.size))


def _neighbours(inside: np.ndarray, axis: int) -> np.ndarray:
    """Count the neighbours of each voxel along an axis that are inside, 0 to 2."""
    along = np.moveaxis(inside, axis, 0)
    count = np.zeros(along.shape, dtype=np.float32)
    both = along[:-1] & along[1:]
    count[:-1] += both
    count[1:] += both
    return np.moveaxis(count, 0, axis)


def _width(correlation: float, size: float) -> float:
    if not np.isfinite(correlation):
        return float("nan")
    if correlation <= 0:
        return 0.0
    # Rounding can make the correlation of a constant field 1 or more.
    return float(size * np.sqrt(-2 * np.log(2) / np.log(min(correlation, 1 - 1e-7))))
