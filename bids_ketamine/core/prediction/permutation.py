"""Permutation tests that stop as soon as the answer is clear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Statistics that agree to so much are equal: where nothing is selected in any fold, the
#: permuted statistic is the observed one but for rounding.
EQUAL = 1e-12


class PermutationTest(NamedTuple):
    """An observed statistic among permuted ones.

    Attributes
    ----------
    observed : float
        The statistic; large values speak against the null hypothesis.
    null : ndarray of shape (m,)
        Permuted statistics in the order drawn.
    n_exceeding : int
        Permuted statistics at or above the observed one.
    p_value : float
        n_exceeding / m where the test stopped, else (n_exceeding + 1) / (m + 1).
    stopped : bool
        Whether it stopped before the last permutation.
    """

    observed: float
    null: np.ndarray
    n_exceeding: int
    p_value: float
    stopped: bool

    @property
    def n_permutations(self) -> int:
        """Permutations drawn."""
        return len(self.null)


def permutation_test(
    statistic: Callable[[int], float],
    *,
    observed: float,
    n_permutations: int,
    stop_at: int | None,
    n_jobs: int,
    progress: Callable[[int, int], None] | None = None,
) -> PermutationTest:
    """Compare a statistic with its permutations, one after the other.

    With sequential stopping the test ends at the first permutation at which `stop_at` of them
    have reached the observed statistic; p = stop_at / m is as valid as the p of a fixed number.
    The result does not depend on the number of threads.

    Parameters
    ----------
    statistic : callable
        Gives the statistic of a permutation by its number, from 0.
    observed : float
        The statistic of the data.
    n_permutations : int
        Permutations at most; at least 1.
    stop_at : int or None
        Statistics at or above the observed one after which the test stops; None for never.
    n_jobs : int
        Threads.
    progress : callable, optional
        Called with permutations done and how many have reached the observed statistic.

    Returns
    -------
    PermutationTest
        The test.

    References
    ----------
    Besag, J. & Clifford, P. (1991). Sequential Monte Carlo p-values. Biometrika 78, 301-304.
    Phipson, B. & Smyth, G. K. (2010). Permutation p-values should never be zero. Stat. Appl.
    Genet. Mol. Biol. 9, 39.

    Examples
    --------
    >>> found = permutation_test(
    ...     lambda number: [3.0, 1.0, 5.0][number],
    ...     observed=4.0,
    ...     n_permutations=3,
    ...     stop_at=None,
    ...     n_jobs=1,
    ... )
    >>> found.n_exceeding, found.p_value
    (1, 0.5)
    """
    null: list[float] = []
    exceeding, stopped = 0, False
    for value in _in_order(statistic, n_permutations, n_jobs):
        null.append(value)
        exceeding += not value < observed - EQUAL  # one that is not a number speaks for nothing
        if progress is not None:
            progress(len(null), exceeding)
        if exceeding == stop_at:
            stopped = len(null) < n_permutations
            break
    counted = exceeding == stop_at
    p_value = exceeding / len(null) if counted else (exceeding + 1) / (len(null) + 1)
    return PermutationTest(observed, np.array(null), int(exceeding), float(p_value), stopped)


def permuted_rows(
    number: int, *, groups: ArrayLike, seed: int, stream: int = 5
) -> NDArray[np.int64]:
    """Return rows in random order within groups.

    Parameters
    ----------
    number : int
        Which permutation; each has its own random numbers.
    groups : array_like of shape (n,)
        Group of each row, such as its arm.
    seed : int
        Seed of all.
    stream : int
        Tells the random numbers of one test from those of another.

    Returns
    -------
    ndarray of int, shape (n,)
        Which row stands in the place of each.

    Examples
    --------
    >>> sorted(permuted_rows(0, groups=["a", "b", "a"], seed=1)[[0, 2]].tolist())
    [0, 2]
    """
    source = np.random.default_rng([seed, stream, number + 1])
    labels = np.unique(np.asarray(groups), return_inverse=True)[1]
    order = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        order[rows] = source.permutation(rows)
    return order


def _in_order(statistic: Callable[[int], float], n: int, n_jobs: int) -> Iterator[float]:
    """Yield statistics in order; those begun when the caller stops are thrown away."""
    if n_jobs <= 1:
        yield from map(statistic, range(n))
        return
    with ThreadPoolExecutor(n_jobs) as pool:
        for start in range(0, n, n_jobs):
            yield from pool.map(statistic, range(start, min(start + n_jobs, n)))
