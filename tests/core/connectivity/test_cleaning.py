"""One projection for nuisance and band, correlations, pairs."""

import numpy as np
import pytest

from bids_ketamine.core.connectivity.cleaning import clean_series
from bids_ketamine.core.connectivity.matrices import fisher_z, pearson_correlation
from bids_ketamine.core.connectivity.regions import RegionQuality, pair_reasons, weak_regions
from bids_ketamine.core.cosines import cosine_basis


def test_residuals_are_those_of_a_direct_least_squares_fit():
    rng = np.random.default_rng(0)
    series, nuisance = rng.normal(size=(120, 4)), rng.normal(size=(120, 6))
    cleaned = clean_series(series, nuisance=nuisance, t_r=2.0, band_pass=(0.008, 0.09))
    basis, frequencies = cosine_basis(120, 2.0)
    outside = (frequencies < 0.008) | (frequencies > 0.09)
    model = np.column_stack([np.ones(120), nuisance, basis[:, outside]])
    beta, *_ = np.linalg.lstsq(model, series, rcond=None)
    np.testing.assert_allclose(cleaned.series, series - model @ beta, atol=1e-10)
    assert cleaned.residual_df == 120 - np.linalg.matrix_rank(model)


def test_nothing_filtered_out_is_put_back():
    rng = np.random.default_rng(1)
    nuisance = rng.normal(size=(100, 5))
    cleaned = clean_series(
        rng.normal(size=(100, 3)), nuisance=nuisance, t_r=2.0, band_pass=(0.01, 0.1)
    )
    basis, frequencies = cosine_basis(100, 2.0)
    outside = (frequencies < 0.01) | (frequencies > 0.1)
    assert np.abs(basis[:, outside].T @ cleaned.series).max() < 1e-10
    assert np.abs((nuisance - nuisance.mean(0)).T @ cleaned.series).max() < 1e-10


def test_a_cosine_inside_the_band_passes_and_one_outside_does_not():
    basis, frequencies = cosine_basis(200, 2.0)
    inside = int(np.argmin(np.abs(frequencies - 0.05)))
    outside = int(np.argmin(np.abs(frequencies - 0.2)))
    cleaned = clean_series(
        basis[:, [inside, outside]], nuisance=np.empty((200, 0)), t_r=2.0, band_pass=(0.008, 0.09)
    )
    np.testing.assert_allclose(cleaned.series[:, 0], basis[:, inside], atol=1e-12)
    np.testing.assert_allclose(cleaned.series[:, 1], 0.0, atol=1e-12)


def test_collinear_nuisance_costs_one_degree_of_freedom():
    rng = np.random.default_rng(2)
    one = rng.normal(size=(50, 1))
    cleaned = clean_series(
        rng.normal(size=(50, 2)), nuisance=np.hstack([one, 3 * one]), t_r=None, band_pass=None
    )
    assert cleaned.residual_df == 48


def test_correlations_equal_numpy_and_flat_series_have_none():
    rng = np.random.default_rng(3)
    series = rng.normal(size=(40, 3))
    np.testing.assert_allclose(
        pearson_correlation(series), np.corrcoef(series, rowvar=False), atol=1e-14
    )
    series[:, 1] = 5.0
    r = pearson_correlation(series)
    assert np.isnan(r[1]).all()
    assert np.isnan(r[:, 1]).all()
    assert r[0, 0] == 1.0


def test_fisher_z_has_no_value_at_one():
    z = fisher_z(np.array([0.5, 1.0, -1.0]))
    assert z[0] == pytest.approx(0.5493061443)
    assert np.isnan(z[1:]).all()


def test_pairs_say_which_region_stands_in_the_way():
    weak = weak_regions(np.column_stack([np.sin(np.arange(50.0)), np.cos(np.arange(50.0)) * 1e-4]))
    assert weak.tolist() == [False, True]
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    reasons = pair_reasons(
        first,
        second,
        names=["a", "b", "c"],
        quality=RegionQuality(np.array([1.0, np.nan, 0.3]), np.full(3, np.nan), ("", "", "")),
        weak=np.array([False, True, False]),
        minimum_coverage=0.5,
    )
    assert reasons.tolist() == [
        "b has no signal",
        "coverage of c 30% is under 50%",
        "b has no signal",
    ]
