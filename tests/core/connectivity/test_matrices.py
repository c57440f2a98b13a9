"""Partial correlations: regression on all other regions, closed forms, and where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from bids_ketamine.core.connectivity.matrices import (
    fisher_z,
    partial_correlation,
    pearson_correlation,
)


def given_others(series, first, second):
    """Return the correlation of what regression on all other series leaves."""
    others = np.delete(series, [first, second], axis=1)
    model = np.column_stack([others, np.ones(len(series))])
    left = series - model @ np.linalg.lstsq(model, series, rcond=None)[0]
    return np.corrcoef(left[:, first], left[:, second])[0, 1]


@pytest.mark.parametrize("n_regions", [2, 3, 8, 60])
def test_it_is_the_correlation_of_what_regression_on_the_others_leaves(n_regions):
    rng = np.random.default_rng(n_regions)
    series = rng.normal(size=(100, n_regions)) @ rng.normal(size=(n_regions, n_regions)) + 50.0
    found = partial_correlation(pearson_correlation(series))
    for first, second in ((0, 1), (0, n_regions - 1)):
        expected = given_others(series, first, second)
        assert found[first, second] == pytest.approx(expected, abs=1e-8)
        assert found[second, first] == found[first, second]
    np.testing.assert_array_equal(np.diag(found), 1.0)
    assert (np.abs(found) <= 1.0).all()


def test_of_two_regions_it_is_the_plain_correlation():
    r = np.array([[1.0, -0.37], [-0.37, 1.0]])
    np.testing.assert_allclose(partial_correlation(r), r, atol=1e-15)
    np.testing.assert_array_equal(partial_correlation(np.ones((1, 1))), [[1.0]])


def test_equal_correlations_have_a_closed_form():
    """Of n regions that all correlate with r, given the others: r / (1 + (n - 2) r)."""
    for n_regions, r in ((3, 0.5), (6, 0.2), (40, 0.9)):
        plain = np.full((n_regions, n_regions), r)
        np.fill_diagonal(plain, 1.0)
        off = partial_correlation(plain)[np.triu_indices(n_regions, 1)]
        np.testing.assert_allclose(off, r / (1 + (n_regions - 2) * r), rtol=1e-10)


def test_what_a_third_region_explains_is_gone_and_signs_stay():
    rng = np.random.default_rng(0)
    common = rng.normal(size=20_000)
    noise = rng.normal(size=(20_000, 3))
    series = np.column_stack([common + noise[:, 0], common + noise[:, 1], common])
    found = partial_correlation(pearson_correlation(series))
    assert pearson_correlation(series)[0, 1] == pytest.approx(0.5, abs=0.03)
    assert found[0, 1] == pytest.approx(0.0, abs=0.03)
    turned = partial_correlation(pearson_correlation(series * [1, -1, 1]))
    np.testing.assert_allclose(turned[1, [0, 2]], -found[1, [0, 2]], atol=1e-10)


def test_a_flat_region_is_left_out_of_the_others_rest():
    series = np.random.default_rng(1).normal(size=(80, 4))
    with_flat = np.insert(series, 2, 7.0, axis=1)
    found = partial_correlation(pearson_correlation(with_flat))
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()
    kept = [0, 1, 3, 4]
    np.testing.assert_allclose(
        found[np.ix_(kept, kept)], partial_correlation(pearson_correlation(series)), atol=1e-12
    )


@pytest.mark.parametrize(
    "series",
    [
        np.random.default_rng(2).normal(size=(10, 12)),
        np.random.default_rng(3).normal(size=(12, 12)),
        np.random.default_rng(4).normal(size=(50, 3)) @ [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]],
        np.zeros((20, 3)),
    ],
    ids=["more regions than volumes", "as many", "one is the sum of the others", "all flat"],
)
def test_combinations_of_each_other_have_none(series):
    assert np.isnan(partial_correlation(pearson_correlation(series))).all()


def test_regions_that_are_nearly_alike_still_have_one():
    rng = np.random.default_rng(5)
    series = rng.normal(size=(200, 3))
    series[:, 1] = series[:, 0] + 1e-3 * rng.normal(size=200)
    found = partial_correlation(pearson_correlation(series))
    assert found[0, 1] > 0.999
    assert np.isfinite(fisher_z(found[0, 1]))
    assert found[0, 2] == pytest.approx(given_others(series, 0, 2), abs=1e-7)
