"""Runs of a session, each cleaned by itself, joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class SessionSeries(NamedTuple):
    """Cleaned series of a session.

    Attributes
    ----------
    series : ndarray of shape (n_kept, n_series)
        Runs below one another; the mean of each is zero.
    run : ndarray of int, shape (n_kept,)
        Run of each volume, counted from 0 in the order that came in.
    """

    series: np.ndarray
    run: np.ndarray


def join_runs(runs: Sequence[np.ndarray], *, unit_variance: bool) -> SessionSeries:
    """Join cleaned runs.

    Parameters
    ----------
    runs : sequence of ndarray, each of shape (n_kept, n_series)
        Cleaned series by run; without runs that could not be cleaned.
    unit_variance : bool
        Give each series the standard deviation 1 in each run, so that a run of another scale
        does not decide alone over the correlation of the session. A flat series stays zero.

    Returns
    -------
    SessionSeries
        All runs. A series that is missing in one run is missing there alone: it has no
        correlation in the session.

    Raises
    ------
    ValueError
        If there is no run, or runs have different numbers of series.

    Examples
    --------
    >>> joined = join_runs([np.array([[-1.0], [1.0]]), np.array([[9.0], [-9.0]])],
    ...                    unit_variance=True)
    >>> joined.series.ravel().tolist(), joined.run.tolist()
    ([-1.0, 1.0, 1.0, -1.0], [0, 0, 1, 1])
    """
    widths = {each.shape[1] for each in runs}
    if len(widths) != 1:
        raise ValueError(f"Runs to join must have the same series, got {sorted(widths)} series.")
    scaled = []
    for each in runs:
        values = np.asarray(each, dtype=np.float64)
        if unit_variance:
            deviation = values.std(axis=0)
            values = values / np.where(deviation == 0, 1.0, deviation)
        scaled.append(values)
    run = np.repeat(np.arange(len(runs)), [len(each) for each in runs])
    return SessionSeries(np.concatenate(scaled), run)
