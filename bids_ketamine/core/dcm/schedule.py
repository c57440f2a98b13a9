"""When the states of a run are needed: changes of the inputs, and samples of the regions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.state_equation import N_STATES

#: Most equal steps that are made at once, and most states of a system for which it is worth it:
#: squaring a move costs as much as d steps.
LONGEST_POWER, LARGEST_SQUARED = 8, 32

#: Steps over a gap for which the exponential of that very gap is made.
FEWEST_USES = 4


class Move(NamedTuple):
    """An exponential exp(g dt J), or what it is the product of.

    Attributes
    ----------
    level : int
        Combination of inputs.
    factors : tuple of int or None
        Two moves before it; None for one bin.
    """

    level: int
    factors: tuple[int, int] | None


class Jump(NamedTuple):
    """Steps that are made at once.

    Attributes
    ----------
    move : int
        What takes the states on.
    sources, targets : slice
        Steps at whose start the states are known, and become known.
    """

    move: int
    sources: slice
    targets: slice


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
    moves : tuple of Move
        Exponentials that the jumps need.
    jumps : tuple of Jump
        How all states follow from the first.
    samples : ndarray of int, shape (n_scans, n_regions)
        At the start of which step each region is sampled in each scan.
    step : float
        Length of a bin, s.
    """

    inputs: np.ndarray
    steps: np.ndarray
    stretches: tuple[tuple[int, int, int], ...]
    moves: tuple[Move, ...]
    jumps: tuple[Jump, ...]
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
    stretches = _stretches(steps)
    size = N_STATES * n_regions + 1
    moves, jumps = _plan(stretches, longest=LONGEST_POWER if size <= LARGEST_SQUARED else 1)
    return Schedule(levels, steps, stretches, moves, jumps, np.searchsorted(grid, sampled), step)


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


def _plan(
    stretches: tuple[tuple[int, int, int], ...], *, longest: int
) -> tuple[tuple[Move, ...], tuple[Jump, ...]]:
    """Lay out how the states of all steps follow, several equal steps at once."""
    moves: list[Move] = []
    places: dict[tuple[int, int], int] = {}

    def place_of(level: int, bins: int) -> int:
        """Return the place of a move over some bins, after those that it is made of."""
        if (level, bins) not in places:
            factors = None
            if bins > 1:
                # The largest power of two below it is shared by its neighbours.
                half = 1 << ((bins - 1).bit_length() - 1)
                factors = place_of(level, half), place_of(level, bins - half)
            places[level, bins] = len(moves)
            moves.append(Move(level, factors))
        return places[level, bins]

    jumps, now = [], 0
    for level, gap, count in stretches:
        # Once k states of a stretch are there, the k-th power of its move gives the next k.
        there = 1
        while there <= count:
            reach = min(there, longest)
            first, new = now + there - reach, min(reach, count + 1 - there)
            targets = slice(now + there, now + there + new)
            jumps.append(Jump(place_of(level, gap * reach), slice(first, first + new), targets))
            there += new
        now += count
    return tuple(moves), tuple(jumps)
