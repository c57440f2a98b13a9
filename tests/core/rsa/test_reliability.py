"""Split halves: which they are, and that each half makes its own dissimilarities."""

from math import comb

import numpy as np
import pytest

from bids_ketamine.core.rsa.discriminant_contrast import (
    discriminant_contrast,
    pattern_products,
    predicted_bias,
)
from bids_ketamine.core.rsa.pattern_weights import mean_weights, pair_weights
from bids_ketamine.core.rsa.reliability import half_splits, half_weights, split_half_reliability

CONDITIONS = np.tile([1, 2, 3, 4], 6)
PARTITIONS = np.repeat([1, 2, 3, 4, 5, 6], 4)
PAIRS = [(a, b) for a in range(1, 5) for b in range(a + 1, 5)]


def reliability(patterns, splits, estimates, training="mean", design=None):
    halves = half_weights(
        CONDITIONS, PARTITIONS, pairs=PAIRS, splits=splits, training=training, design=design
    )
    return split_half_reliability(
        pattern_products(patterns), halves, estimates_covariance=estimates, noise_level=1.1
    )


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


@pytest.mark.parametrize("training", ["mean", "gls"])
def test_correlation_is_that_of_dissimilarities_of_either_half(training):
    rng = np.random.default_rng(1)
    design = rng.standard_normal((90, 24))
    estimates = np.linalg.inv(design.T @ design)
    patterns = rng.standard_normal((24, 10))
    splits = half_splits(6, maximum=3)
    found = reliability(patterns, splits, estimates, training, design)

    def of_half(half):
        kept = np.isin(PARTITIONS, half)
        weights = pair_weights(
            CONDITIONS[kept],
            PARTITIONS[kept],
            pairs=PAIRS,
            training=training,
            design=design[:, kept],
        )
        bias = predicted_bias(
            weights, estimates_covariance=estimates[np.ix_(kept, kept)], noise_level=1.1
        )
        return discriminant_contrast(patterns[kept], weights) - bias

    for (first, second), each in zip(splits, found, strict=True):
        assert (each.first_half, each.second_half) == (first, second)
        expected = np.corrcoef(of_half(first), of_half(second))[0, 1]
        assert each.correlation == pytest.approx(expected, rel=1e-10)


def test_patterns_of_the_other_half_do_not_enter():
    rng = np.random.default_rng(2)
    patterns = rng.standard_normal((24, 10))
    splits = half_splits(6, maximum=100)[:1]
    halves = half_weights(
        CONDITIONS, PARTITIONS, pairs=PAIRS, splits=splits, training="mean", design=None
    )
    second = np.isin(PARTITIONS, splits[0][1])
    changed = patterns + 100.0 * second[:, None] * rng.standard_normal((24, 10))
    np.testing.assert_allclose(
        discriminant_contrast(changed, halves[0].first),
        discriminant_contrast(patterns, halves[0].first),
        rtol=1e-9,
    )


def test_patterns_without_noise_are_reliable():
    means = np.random.default_rng(3).standard_normal((5, 10))
    found = reliability(means[CONDITIONS], half_splits(6, maximum=100), np.eye(24))
    assert [each.correlation for each in found] == pytest.approx([1.0] * 10, rel=1e-9)


def test_fewer_than_three_pairs_have_no_correlation():
    patterns = np.random.default_rng(4).standard_normal((24, 10))
    halves = half_weights(
        CONDITIONS,
        PARTITIONS,
        pairs=PAIRS[:2],
        splits=half_splits(6, maximum=1),
        training="mean",
        design=None,
    )
    (found,) = split_half_reliability(
        pattern_products(patterns), halves, estimates_covariance=np.eye(24), noise_level=1.0
    )
    assert np.isnan(found.correlation)


def test_weights_of_a_half_are_zero_in_the_other():
    (halves,) = half_weights(
        CONDITIONS,
        PARTITIONS,
        pairs=[(1, 2)],
        splits=half_splits(6, maximum=100)[:1],
        training="mean",
        design=None,
    )
    inside = np.isin(PARTITIONS, halves.first_half)
    own = mean_weights(CONDITIONS[inside], PARTITIONS[inside], pair=(1, 2))
    np.testing.assert_array_equal(halves.first.test[0][:, inside], own.test)
    assert not halves.first.test[0][:, ~inside].any()
    assert not halves.first.training[0][:, ~inside].any()
