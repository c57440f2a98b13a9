"""When the states of a run are needed: changes of the inputs, and samples of the regions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Steps over a gap for which the exponential of that very gap is made.
FEWEST_USES = 4


class Schedule(NamedTuple):
    """Steps from one time of interest to the next.

    Attributes
    ----------
    inputs : ndarray of shape (n_levels, m)
        Combinations of inputs that occur.
    steps : ndarray of int, shape (n_steps, 2)
        For each step which combination is on, and how many bins it lasts.
    stretches : tuple of (int, int, int)
        The same joined: combination, bins of a step, how many such steps follow each other; the
        last step is left out, since nothing is sampled after it.
    samples : ndarray of int, shape (n_scans, n_regions)
        At the start of which step each region is sampled in each scan.
    step : float
        Length of a bin, s.
    """

    inputs: np.ndarray
    steps: np.ndarray
    stretches: tuple[tuple[int, int, int], ...]
    samples: np.ndarray
    step: float


def sampling_schedule(
    inputs: np.ndarray,
    *,
    step: float,
    n_scans: int,
    n_regions: int,
    delays: np.ndarray | None,
) -> Schedule:
    r"""Lay out the times at which a run is integrated, in SPM12's rounding.

    Scan k = 0, 1, ... of region i is taken at bin
    :math:`\lceil k \, bins / n_{scans} \rceil + D_i` (counted from 1, bin b at time (b - 1) dt),
    :math:`D_i = \max(\mathrm{round}(delay_i / dt), 1)`; without delays
    :math:`D_i = \mathrm{round}(bins / n_{scans})`, the last bin of the scan.

    Parameters
    ----------
    inputs : ndarray of shape (n_bins, m)
        Inputs on the fine grid.
    step : float
        Length dt of a bin, s.
    n_scans : int
        Scans.
    n_regions : int
        Regions.
    delays : ndarray of shape (n_regions,) or None
        Time within a scan at which each region is measured, s.

    Returns
    -------
    Schedule
        Steps up to the last sample.

    Examples
    --------
    >>> on = np.array([0.0, 0.0, 1.0, 1.0])[:, None]
    >>> plan = sampling_schedule(on, step=1.0, n_scans=2, n_regions=1, delays=None)
    >>> plan.steps.tolist(), plan.samples.ravel().tolist()
    ([[0, 1], [0, 1], [1, 1], [1, 1]], [1, 3])
    """
    n_bins = len(inputs)
    if delays is None:
        offsets = np.full(n_regions, _rounded(np.array(n_bins / n_scans)))
    else:
        offsets = np.maximum(_rounded(np.asarray(delays, dtype=float) / step), 1)
    starts = np.ceil(np.arange(n_scans) * n_bins / n_scans).astype(int)
    sampled = np.minimum(starts[:, None] + offsets, n_bins) - 1
    changes = 1 + np.flatnonzero((inputs[1:] != inputs[:-1]).any(axis=1))
    grid = np.unique(np.concatenate([[0], changes, sampled.ravel()]))
    grid = _with_rare_gaps_split(grid, inputs)
    levels, level_of = np.unique(inputs[grid], axis=0, return_inverse=True)
    gaps = np.diff(grid, append=grid[-1] + 1)
    steps = np.column_stack([level_of.ravel(), gaps])
    return Schedule(levels, steps, _stretches(steps), np.searchsorted(grid, sampled), step)


def _with_rare_gaps_split(grid: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Split gaps that hardly repeat into powers of two.

    The moves over powers of two are made by squaring in any case; a move over another gap is
    worth its making only if many steps use it.
    """
    gaps = np.diff(grid)
    _, level_of = np.unique(inputs[grid[:-1]], axis=0, return_inverse=True)
    _, kind, uses = np.unique(
        np.column_stack([level_of.ravel(), gaps]), axis=0, return_inverse=True, return_counts=True
    )
    rare = uses[kind.ravel()] < FEWEST_USES
    added = []
    for start, gap in zip(grid[:-1][rare].tolist(), gaps[rare].tolist(), strict=True):
        while gap & (gap - 1):  # more than one power of two
            largest = 1 << (gap.bit_length() - 1)
            start, gap = start + largest, gap - largest
            added.append(start)
    return np.union1d(grid, np.array(added, dtype=int))


def _stretches(steps: np.ndarray) -> tuple[tuple[int, int, int], ...]:
    """Join equal steps that follow each other."""
    made = steps[:-1]
    starts = np.flatnonzero(np.append(True, (made[1:] != made[:-1]).any(axis=1)))[: len(made)]
    counts = np.diff(starts, append=len(made))
    return tuple(
        (level, gap, count)
        for (level, gap), count in zip(made[starts].tolist(), counts.tolist(), strict=True)
    )


def _rounded(bins: np.ndarray) -> np.ndarray:
    """Round positive numbers to whole ones, halves up."""
    return np.floor(bins + 0.5).astype(int)
