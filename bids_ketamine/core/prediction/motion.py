"""Head motion taken out of imaging measures, for many sets of training rows (methods row A11)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.group.moments import ROUNDING_UNITS
from bids_ketamine.core.group.residualization import FEWEST_OBSERVATIONS
from bids_ketamine.core.prediction.trial_data import CHANGE, TIMINGS, ImagingBlock

MACHINE_EPSILON = float(np.finfo(np.float64).eps)


class MotionSlopes(NamedTuple):
    """What motion explains of each measure.

    Attributes
    ----------
    slope : ndarray of shape (n_sets, p)
        Unit of the measure per mm; 0 where there is none to estimate.
    mean_fd : ndarray of shape (n_sets, p)
        Mean of the displacements that it was estimated from, mm; 0 where there is none.
    """

    slope: np.ndarray
    mean_fd: np.ndarray


def sessions_of(imaging: ImagingBlock, *, timing: str) -> tuple[np.ndarray, np.ndarray]:
    """Stack the sessions that a timing uses: no predictor of it sees another one.

    Parameters
    ----------
    imaging : ImagingBlock
        Measures of both sessions.
    timing : {"change", "baseline"}
        Both sessions, or the first.

    Returns
    -------
    values, fd : ndarray of shape (n_sessions, n, p)
        In the unit of each measure, and mm; NaN where missing.

    Raises
    ------
    ValueError
        If the timing is another one.
    """
    if timing not in TIMINGS:
        raise ValueError(f"timing must be one of {TIMINGS}, got {timing!r}")
    n_sessions = 2 if timing == CHANGE else 1
    values = np.stack([imaging.first, imaging.second][:n_sessions])
    fd = np.stack([imaging.first_fd, imaging.second_fd][:n_sessions])
    return np.where(np.isfinite(values), values, np.nan), np.where(np.isfinite(fd), fd, np.nan)


def without_unknown_motion(imaging: ImagingBlock, *, timing: str) -> ImagingBlock:
    """Make values missing whose motion is unknown while that of others is known.

    They cannot be compared with values that motion has been taken out of. Measures without any
    displacement, with displacements that do not vary, or with fewer than three of them stay as
    they are: the rules of :func:`bids_ketamine.core.group.residualization.residualize_on_motion`.
    All participants decide, left out or not, so that each has the same missing values in all sets.

    Parameters
    ----------
    imaging : ImagingBlock
        Measures of both sessions.
    timing : {"change", "baseline"}
        Sessions that count; the second one of "baseline" is left as it is.
    """
    values, fd = sessions_of(imaging, timing=timing)
    everybody = np.ones((1, values.shape[1]), dtype=bool)
    known = np.isfinite(values) & np.isfinite(fd)
    applied = _moments(np.where(known, fd, 0.0), known, everybody).varies[0]
    kept = np.where(applied & ~known, np.nan, values)
    if timing == CHANGE:
        return imaging._replace(first=kept[0], second=kept[1])
    return imaging._replace(first=kept[0])


def motion_slopes(values: np.ndarray, fd: np.ndarray, *, training: np.ndarray) -> MotionSlopes:
    """Regress each measure on mean framewise displacement over the training rows of each set.

    Least squares y = a + b FD over participants and sessions together.

    Parameters
    ----------
    values : ndarray of shape (n_sessions, n, p)
        Measures in their units, NaN where missing.
    fd : ndarray of the same shape
        Mean framewise displacement of each value's run, mm, NaN where unknown.
    training : ndarray of bool, shape (n_sets, n)
        Rows that each set learns from.

    Returns
    -------
    MotionSlopes
        Slope 0 where a set has fewer than three displacements, or these do not vary.
    """
    known = np.isfinite(values) & np.isfinite(fd)
    x = _moments(np.where(known, fd, 0.0), known, training)
    y = _moments(np.where(known, values, 0.0), known, training)
    products = (x.deviations * y.deviations).sum(axis=1)
    slope = products / np.where(x.varies, x.squares, 1.0)
    return MotionSlopes(np.where(x.varies, slope, 0.0), np.where(x.varies, x.mean, 0.0))


def motion_removed(
    values: np.ndarray, fd: np.ndarray, *, training: np.ndarray, timing: str
) -> np.ndarray:
    """Take out of each measure what motion explains among the training rows of each set.

    y' = y - b (FD - mean(FD)); a change is y'_second - y'_first, in which the mean cancels.

    Parameters
    ----------
    values, fd : ndarray of shape (n_sessions, n, p)
        As for :func:`motion_slopes`.
    training : ndarray of bool, shape (n_sets, n)
        Rows that each set learns from.
    timing : {"change", "baseline"}
        What is wanted.

    Returns
    -------
    ndarray of shape (n_sets, n, p)
        Changes, or values of the first session, of all participants; NaN where missing.
    """
    slope, mean_fd = (each[:, np.newaxis] for each in motion_slopes(values, fd, training=training))
    if timing == CHANGE:
        moved = fd[1] - fd[0]
        return (values[1] - values[0]) - slope * np.where(np.isfinite(moved), moved, 0.0)
    return values[0] - slope * np.where(np.isfinite(fd[0]), fd[0] - mean_fd, 0.0)


class _Moments(NamedTuple):
    """Of some values of each set."""

    mean: np.ndarray  # (n_sets, p)
    deviations: np.ndarray  # (n_sets, n_sessions n, p), 0 where a value does not count
    squares: np.ndarray  # (n_sets, p)
    varies: np.ndarray  # (n_sets, p): three values or more that are not all equal


def _moments(values: np.ndarray, known: np.ndarray, training: np.ndarray) -> _Moments:
    """Compute moments of (n_sessions, n, p) over sessions and the training rows of each set.

    Sums go along the middle axis, where rows that are left out add 0 exactly: the last digits
    know nothing of these rows, nor of the number of sets.
    """
    n_sessions, n_rows, p = values.shape
    rows = (n_sessions * n_rows, p)
    present = known.reshape(rows) & np.tile(training, n_sessions)[:, :, np.newaxis]
    counted = np.where(present, values.reshape(rows), 0.0)
    n = present.sum(axis=1)
    mean = counted.sum(axis=1) / np.maximum(n, 1)
    deviations = np.where(present, counted - mean[:, np.newaxis], 0.0)
    squares = (deviations**2).sum(axis=1)
    rounding = ROUNDING_UNITS * MACHINE_EPSILON * np.abs(counted).max(axis=1, initial=0.0)
    varies = (n >= FEWEST_OBSERVATIONS) & (squares > n * rounding**2)
    return _Moments(mean, deviations, squares, varies)
