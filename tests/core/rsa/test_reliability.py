"""Split halves: which they are, and that each half makes its own dissimilarities."""

from math import comb

import numpy as np
import pytest

from bids_ketamine.core.rsa.contrast_errors import error_terms, predicted_bias
from bids_ketamine.core.rsa.discriminant_contrast import discriminant_contrast, pattern_products
from bids_ketamine.core.rsa.pattern_weights import pair_weights
from bids_ketamine.core.rsa.reliability import (
    half_dissimilarities,
    half_splits,
    partition_products,
    split_half_reliability,
)

CONDITIONS = np.tile([1, 2, 3, 4], 6)
PARTITIONS = np.repeat([1, 2, 3, 4, 5, 6], 4)
PAIRS = [(a, b) for a in range(1, 5) for b in range(a + 1, 5)]


def weights_of(conditions=CONDITIONS, partitions=PARTITIONS, pairs=PAIRS):
    return pair_weights(conditions, partitions, pairs=pairs, training="mean", design=None)


def reliability(patterns, splits, estimates, pairs=PAIRS):
    weights = weights_of(pairs=pairs)
    between = partition_products(weights, pattern_products(patterns) - 1.1 * estimates)
    return split_half_reliability(between, weights.held, splits=splits)


def test_six_partitions_have_ten_splits():
    splits = half_splits(6, maximum=100)
    assert len(splits) == len(set(splits)) == 10
    for first, second in splits:
        assert len(first) == len(second) == 3
        assert sorted(first + second) == [1, 2, 3, 4, 5, 6]
        assert 1 in first


def test_odd_numbers_differ_by_one_and_come_once():
    splits = half_splits(5, maximum=100)
    assert len(set(splits)) == 10
    assert {(len(first), len(second)) for first, second in splits} == {(2, 3)}


def test_fewer_than_four_partitions_cannot_be_split():
    assert half_splits(3, maximum=10) == ()


def test_many_partitions_give_a_seeded_spread():
    splits = half_splits(12, maximum=20)
    assert splits == half_splits(12, maximum=20)
    assert splits != half_splits(12, maximum=20, seed=1)
    assert len(set(splits)) == 20
    assert comb(12, 6) // 2 == 462
    assert len(half_splits(80, maximum=7)) == 7


def of_half(patterns, estimates, half, kept=None):
    """Return dissimilarities of a half from the weights of its regressors alone."""
    inside = np.isin(PARTITIONS, half) & (kept if kept is not None else True)
    weights = weights_of(CONDITIONS[inside], PARTITIONS[inside])
    terms = error_terms(weights, estimates_covariances=[estimates[np.ix_(inside, inside)]])
    bias = predicted_bias(terms, levels=np.array([1.1]))
    return discriminant_contrast(patterns[inside], weights) - bias


def test_correlation_is_that_of_dissimilarities_of_either_half():
    rng = np.random.default_rng(1)
    design = rng.standard_normal((90, 24))
    estimates = np.linalg.inv(design.T @ design)
    patterns = rng.standard_normal((24, 10))
    splits = half_splits(6, maximum=3)
    for (first, second), each in zip(splits, reliability(patterns, splits, estimates), strict=True):
        assert (each.first_half, each.second_half) == (first, second)
        both = of_half(patterns, estimates, first), of_half(patterns, estimates, second)
        assert each.correlation == pytest.approx(np.corrcoef(*both)[0, 1], rel=1e-10)


def test_a_half_takes_the_partitions_that_hold_the_pair():
    """Trial type 1 is missing in partition 2, and 2 in partitions 4 and 5."""
    rng = np.random.default_rng(5)
    missing = (CONDITIONS == 1) & (PARTITIONS == 2)
    missing |= (CONDITIONS == 2) & np.isin(PARTITIONS, (4, 5))
    estimates, patterns = np.cov(rng.standard_normal((24, 60))), rng.standard_normal((24, 10))
    weights = weights_of(CONDITIONS[~missing], PARTITIONS[~missing])
    products = pattern_products(patterns) - 1.1 * estimates
    between = partition_products(weights, products[np.ix_(~missing, ~missing)])
    halves = [(1, 2, 3), (4, 5, 6)]
    found = half_dissimilarities(between, weights.held, halves=halves)
    for half, values in zip(halves, found, strict=True):
        np.testing.assert_allclose(values, of_half(patterns, estimates, half, ~missing), rtol=1e-9)
    assert np.isnan(found).tolist() == [[False] * 6, [True, False, False, True, True, False]]


def test_patterns_of_the_other_half_do_not_enter():
    rng = np.random.default_rng(2)
    patterns = rng.standard_normal((24, 10))
    first, second = half_splits(6, maximum=100)[0]
    changed = patterns + 100.0 * np.isin(PARTITIONS, second)[:, None] * rng.standard_normal(
        (24, 10)
    )
    weights = weights_of()
    before, after = (
        half_dissimilarities(
            partition_products(weights, pattern_products(each)), weights.held, halves=[first]
        )
        for each in (patterns, changed)
    )
    np.testing.assert_allclose(after, before, rtol=1e-9)


def test_patterns_without_noise_are_reliable():
    means = np.random.default_rng(3).standard_normal((5, 10))
    found = reliability(means[CONDITIONS], half_splits(6, maximum=100), np.eye(24))
    assert [each.correlation for each in found] == pytest.approx([1.0] * 10, rel=1e-9)


def test_fewer_than_three_pairs_have_no_correlation():
    patterns = np.random.default_rng(4).standard_normal((24, 10))
    (found,) = reliability(patterns, half_splits(6, maximum=1), np.eye(24), PAIRS[:2])
    assert np.isnan(found.correlation)
