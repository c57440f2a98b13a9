"""Split-half reliability of dissimilarities: each half of the partitions makes its own."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.connectivity.matrices import pearson_correlation
from bids_ketamine.core.rsa.discriminant_contrast import discriminant_contrast_of, predicted_bias
from bids_ketamine.core.rsa.pattern_weights import PatternWeights, pair_weights

#: Least number of partitions: cross-validation needs two in each half.
FEWEST_FOR_HALVES = 4

#: Least number of pairs of conditions over which halves are correlated: two would give 1 or -1.
FEWEST_PAIRS = 3

#: Partitions of a half, from 1.
Half = tuple[int, ...]


class HalfWeights(NamedTuple):
    """Weights of all pairs in both halves of the partitions.

    Attributes
    ----------
    first_half, second_half : tuple of int
        Partitions.
    first, second : PatternWeights
        Weights of shape (n_pairs, n_partitions, n_regressors), zero for regressors of the other
        half.
    """

    first_half: Half
    second_half: Half
    first: PatternWeights
    second: PatternWeights


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


def half_weights(
    conditions: np.ndarray,
    partitions: np.ndarray,
    *,
    pairs: Sequence[tuple[int, int]],
    splits: Sequence[tuple[Half, Half]],
    training: str,
    design: np.ndarray | None,
) -> tuple[HalfWeights, ...]:
    """Return the weights of all pairs in both halves of each split; once for all regions.

    Parameters
    ----------
    conditions, partitions, pairs, training, design
        As for :func:`~bids_ketamine.core.rsa.pattern_weights.pair_weights`. Regressors of the
        other half, and their columns of the design, are left out before weights are made.
    splits : sequence of (tuple of int, tuple of int)
        Result of :func:`half_splits`.

    Returns
    -------
    tuple of HalfWeights
        One a split.
    """

    def of_half(half: Half) -> PatternWeights:
        kept = (conditions == 0) | (partitions == 0) | np.isin(partitions, half)
        weights = pair_weights(
            conditions[kept],
            partitions[kept],
            pairs=pairs,
            training=training,
            design=None if design is None else design[:, kept],
        )
        placed = np.zeros((2, *weights.test.shape[:-1], len(conditions)))
        placed[..., kept] = weights
        return PatternWeights(placed[0], placed[1])

    return tuple(HalfWeights(*split, of_half(split[0]), of_half(split[1])) for split in splits)


def split_half_reliability(
    products: np.ndarray,
    halves: Sequence[HalfWeights],
    *,
    estimates_covariance: np.ndarray,
    noise_level: float,
) -> tuple[SplitReliability, ...]:
    """Correlate the dissimilarities of the halves of the partitions.

    The patterns of one half alone enter its dissimilarities (LDC minus predicted bias). What the
    halves share: the noise covariance with which patterns were normalised, and, for partitions
    of one run, its model, by which errors of the estimates covary between halves.

    Parameters
    ----------
    products : ndarray of shape (n_regressors, n_regressors)
        G of the region:
        :func:`~bids_ketamine.core.rsa.discriminant_contrast.pattern_products`.
    halves : sequence of HalfWeights
        Result of :func:`half_weights`.
    estimates_covariance : ndarray of shape (n_regressors, n_regressors)
        B.
    noise_level : float
        Variance of the noise of normalised patterns, per voxel.

    Returns
    -------
    tuple of SplitReliability
        One a split.
    """

    def of_half(weights: PatternWeights) -> np.ndarray:
        bias = predicted_bias(
            weights, estimates_covariance=estimates_covariance, noise_level=noise_level
        )
        return discriminant_contrast_of(products, weights) - bias

    return tuple(
        SplitReliability(
            each.first_half,
            each.second_half,
            _correlation(of_half(each.first), of_half(each.second)),
        )
        for each in halves
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
