"""Events on a fine time grid, and regressors sampled from it, as SPM builds them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Bins of the fine grid before the first volume: room for events that began earlier.
LEAD_IN_BINS = 32


def lead_in_for(onsets: np.ndarray, step: float) -> int:
    """Return the bins before the first volume that events need, 32 at least.

    SPM begins events that are earlier than its lead-in with it; a longer one keeps their time.

    Examples
    --------
    >>> lead_in_for(np.array([-10.0, 3.0]), 0.125)
    81
    """
    return max(LEAD_IN_BINS, int(np.ceil(-onsets.min(initial=0.0) / step)) + 1)


def microtime_input(
    *,
    onsets: np.ndarray,
    durations: np.ndarray,
    t_r: float,
    n_scans: int,
    microtime_resolution: int,
    lead_in_bins: int = LEAD_IN_BINS,
    amplitudes: np.ndarray | None = None,
) -> np.ndarray:
    r"""Lay events out on bins of dt = t_r / microtime_resolution.

    An event is on in its bin ``round(onset / dt)`` and the ``round(duration / dt)`` after it;
    overlaps add up. Its height is one, or 1 / dt (unit area) if no event of the condition
    lasts. Events before the lead-in begin in its first bin, those after the run are left out.

    Parameters
    ----------
    onsets, durations : ndarray of shape (n_events,)
        s.
    t_r : float
        Repetition time, s.
    n_scans : int
        Volumes.
    microtime_resolution : int
        Bins a repetition time.
    lead_in_bins : int, optional
        Bins before the first volume.
    amplitudes : ndarray of shape (n_events,), optional
        What the height of each event is multiplied with: a parametric modulator.

    Returns
    -------
    ndarray of shape (lead_in_bins + n_scans * microtime_resolution,)
        The input.
    """
    step = t_r / microtime_resolution
    n_bins = lead_in_bins + n_scans * microtime_resolution
    first = np.maximum(_rounded(onsets / step) + lead_in_bins, 0)
    last = first + _rounded(durations / step)
    height = np.full(len(onsets), 1.0 if np.any(durations) else 1.0 / step)
    if amplitudes is not None:
        height = height * amplitudes
    level = np.zeros(n_bins)
    for start, end, each in zip(first, last, height, strict=True):
        # Sliced, not summed over edges: heights stay free of rounding.
        level[start : end + 1] += each
    return level


def _rounded(bins: np.ndarray) -> np.ndarray:
    """Round to whole bins, halves away from zero."""
    bins = np.asarray(bins, dtype=float)
    return (np.sign(bins) * np.floor(np.abs(bins) + 0.5)).astype(int)


def sample_regressor(
    level: np.ndarray,
    response: np.ndarray,
    *,
    n_scans: int,
    microtime_resolution: int,
    reference_bin: int,
    lead_in_bins: int = LEAD_IN_BINS,
) -> np.ndarray:
    """Convolve an input with a response and take one bin of each volume.

    Volume j takes bin ``j * microtime_resolution + reference_bin - 1`` after the lead-in.

    Parameters
    ----------
    level : ndarray of shape (lead_in_bins + n_scans * microtime_resolution,)
        Input on the fine grid.
    response : ndarray of shape (n_samples,)
        Response on the same grid.
    n_scans : int
        Volumes.
    microtime_resolution : int
        Bins a repetition time.
    reference_bin : int
        Bin of a volume at which it is sampled, counted from 1.
    lead_in_bins : int, optional
        Bins before the first volume.

    Returns
    -------
    ndarray of shape (n_scans,)
        The regressor.
    """
    convolved = np.convolve(level, response)[: len(level)]
    bins = lead_in_bins + np.arange(n_scans) * microtime_resolution + reference_bin - 1
    return convolved[bins]


def orthogonalized(regressors: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Make each regressor orthogonal to those before it (the first is kept as it is).

    Parameters
    ----------
    regressors : sequence of ndarray of shape (n_scans,)
        Regressors of a condition in order.

    Returns
    -------
    list of ndarray
        What is left of each after least squares on the earlier ones.
    """
    kept: list[np.ndarray] = []
    basis = np.empty((len(regressors[0]) if regressors else 0, 0))
    for regressor in regressors:
        rest = regressor - basis @ (basis.T @ regressor)
        rest -= basis @ (basis.T @ rest)
        size = float(np.linalg.norm(rest))
        # A regressor that adds nothing must be seen as such, not as rounding.
        if size <= 1e-12 * float(np.linalg.norm(regressor)):
            rest = np.zeros_like(regressor)
        else:
            basis = np.column_stack([basis, rest / size])
        kept.append(rest)
    return kept
