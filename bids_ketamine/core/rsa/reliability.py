r"""Split-half reliability of dissimilarities: each half of the partitions makes its own.

With C_m the row that weights patterns to the difference of a pair in partition m, and D (M, M) the
products of differences over voxels, the patterns of the other partitions of a half H of k,
averaged, give

.. math:: D_{mn} = C_m G C_n', \qquad
          \mathrm{LDC}_H = \frac{1}{k (k - 1)} \sum_{m \ne n \in H} D_{mn}

and the same of :math:`C_m B C_n'` is its bias for unit noise, B the covariance of the estimates.
Training patterns of a half are always means, also where those of the dissimilarities are
generalized least squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.connectivity.matrices import pearson_correlation
from bids_ketamine.core.rsa.pattern_weights import FEWEST_PARTITIONS, PatternWeights

#: Least number of partitions: cross-validation needs two in each half.
FEWEST_FOR_HALVES = 4

#: Least number of pairs of conditions over which halves are correlated: two would give 1 or -1.
FEWEST_PAIRS = 3

#: Partitions of a half, from 1.
Half = tuple[int, ...]


class SplitReliability(NamedTuple):
    """How far dissimilarities of two halves agree.

    Attributes
    ----------
    first_half, second_half : tuple of int
        Partitions.
    correlation : float
        Pearson r over pairs; NaN where fewer than three pairs have both values, or they do not
        vary.
    """

    first_half: Half
    second_half: Half
    correlation: float


def half_splits(n_partitions: int, *, maximum: int, seed: int = 0) -> tuple[tuple[Half, Half], ...]:
    """Return the ways to divide partitions in two halves, each once.

    Where there are more than ``maximum``, they are listed in order, the list is cut in
    ``maximum`` stretches of equal length, and one way is drawn from each.

    Parameters
    ----------
    n_partitions : int
        Partitions are 1 to this number.
    maximum : int
        Most ways.
    seed : int
        Of the draw.

    Returns
    -------
    tuple of tuple of (tuple of int, tuple of int)
        Halves of equal size; with an odd number the first one is smaller by one. None for fewer
        than four partitions.

    Examples
    --------
    >>> half_splits(4, maximum=10)
    (((1, 2), (3, 4)), ((1, 3), (2, 4)), ((1, 4), (2, 3)))
    """
    if n_partitions < FEWEST_FOR_HALVES:
        return ()
    size = n_partitions // 2
    even = n_partitions % 2 == 0
    # With equal halves, partition 1 is in the first one: else each way would come twice.
    total = comb(n_partitions, size) // (2 if even else 1)
    if total <= maximum:
        places = list(range(total))
    else:
        draws = np.random.default_rng(seed).random(maximum)
        edges = [total * number // maximum for number in range(maximum + 1)]
        places = [
            low + min(int(draw * (high - low)), high - low - 1)
            for draw, low, high in zip(draws, edges[:-1], edges[1:], strict=True)
        ]
    splits = []
    for place in places:
        first = tuple(each + 1 for each in _combination(place, n_partitions, size))
        second = tuple(each for each in range(1, n_partitions + 1) if each not in first)
        splits.append((first, second))
    return tuple(splits)


def partition_products(weights: PatternWeights, products: np.ndarray) -> np.ndarray:
    """Return D: products of the differences of pairs in two partitions.

    Parameters
    ----------
    weights : PatternWeights
        Of all pairs; the rows C are read.
    products : ndarray of shape (n_regressors, n_regressors)
        G of a region
        (:func:`~bids_ketamine.core.rsa.discriminant_contrast.pattern_products`), or B.

    Returns
    -------
    ndarray of shape (n_pairs, n_partitions, n_partitions)
        Squared distance / voxel; 0 for partitions without the pair.
    """
    return np.asarray((weights.test @ products) @ np.swapaxes(weights.test, -1, -2))


def half_dissimilarities(
    between: np.ndarray, held: np.ndarray, *, halves: Sequence[Half]
) -> np.ndarray:
    """Return the dissimilarities that parts of the partitions make.

    Parameters
    ----------
    between : ndarray of shape (n_pairs, n_partitions, n_partitions)
        D: :func:`partition_products` of patterns, minus what their errors are expected to make.
    held : ndarray of bool, shape (n_pairs, n_partitions)
        Which partitions hold the pair (:attr:`PatternWeights.held`); D is 0 for others.
    halves : sequence of tuple of int
        Partitions of each half.

    Returns
    -------
    ndarray of shape (n_halves, n_pairs)
        Squared distance / voxel; NaN where fewer than two partitions of the half hold the pair.

    Examples
    --------
    A pair in three partitions, of which the second half has two:

    >>> between = np.array([[[9.0, 1.0, 2.0], [1.0, 9.0, 3.0], [2.0, 3.0, 9.0]]])
    >>> half_dissimilarities(between, np.ones((1, 3), bool), halves=[(1,), (2, 3)]).tolist()
    [[nan], [3.0]]
    """
    inside = np.zeros((len(halves), held.shape[1]))
    for row, half in zip(inside, halves, strict=True):
        row[np.array(half) - 1] = 1.0
    apart = between * ~np.eye(held.shape[1], dtype=bool)
    sums = np.sum((inside @ apart) * inside, axis=-1).T
    count = inside @ held.T
    enough = count >= FEWEST_PARTITIONS
    ordered = np.where(enough, count * (count - 1.0), 1.0)
    return np.where(enough, sums / ordered, np.nan)


def split_half_reliability(
    between: np.ndarray, held: np.ndarray, *, splits: Sequence[tuple[Half, Half]]
) -> tuple[SplitReliability, ...]:
    """Correlate the dissimilarities of the halves of the partitions.

    The patterns of one half alone enter its dissimilarities (LDC minus predicted bias), always
    with means as training patterns. What the halves share: the noise covariance with which
    patterns were normalised, and, for partitions of one run, its model, by which errors of the
    estimates covary between halves.

    Parameters
    ----------
    between, held : ndarray
        As for :func:`half_dissimilarities`.
    splits : sequence of (tuple of int, tuple of int)
        Result of :func:`half_splits`.

    Returns
    -------
    tuple of SplitReliability
        One a split.
    """
    first, second = (
        half_dissimilarities(between, held, halves=[split[place] for split in splits])
        for place in (0, 1)
    )
    return tuple(
        SplitReliability(*split, _correlation(*both))
        for split, *both in zip(splits, first, second, strict=True)
    )


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < FEWEST_PAIRS:
        return float("nan")
    return float(pearson_correlation(np.column_stack([first, second])[known])[0, 1])


def _combination(place: int, n_items: int, size: int) -> tuple[int, ...]:
    """Return the combination at a place of the list in lexicographic order, from 0."""
    chosen: list[int] = []
    item = 0
    while len(chosen) < size:
        starting_here = comb(n_items - item - 1, size - len(chosen) - 1)
        if place < starting_here:
            chosen.append(item)
        else:
            place -= starting_here
        item += 1
    return tuple(chosen)
