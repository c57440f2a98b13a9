"""Regression against closed forms."""

import numpy as np
import pytest
from scipy import stats

from bids_ketamine.core.glm.regression import (
    ContrastEstimate,
    combine_runs,
    fit_contrasts,
    scale_to_grand_mean,
)
from bids_ketamine.errors import ProcessingError


def data(seed=0, n=60, voxels=7):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, 3))])
    return design, design @ rng.normal(size=(4, voxels)) + rng.normal(size=(n, voxels))


def test_ordinary_least_squares_equals_the_normal_equations():
    design, series = data()
    weights = np.array([0.0, 1.0, -1.0, 0.0])
    estimate = fit_contrasts(
        series=series, design_matrix=design, contrasts={"c": weights}, noise_model="ols"
    )["c"]
    beta, *_ = np.linalg.lstsq(design, series, rcond=None)
    residual = series - design @ beta
    variance = (residual**2).sum(0) / 56 * (weights @ np.linalg.inv(design.T @ design) @ weights)
    np.testing.assert_allclose(estimate.effect, weights @ beta, rtol=1e-10)
    np.testing.assert_allclose(estimate.variance, variance, rtol=1e-10)
    assert estimate.residual_df == 56


def test_z_has_the_tail_of_t_far_out_too():
    estimate = ContrastEstimate(np.array([2.0, -3.0, 60.0]), np.ones(3), 20.0)
    np.testing.assert_allclose(
        stats.norm.logsf(np.abs(estimate.z)), stats.t.logsf(np.abs(estimate.t), 20.0), rtol=1e-9
    )
    assert np.sign(estimate.z).tolist() == [1, -1, 1]


def test_runs_are_averaged_and_variances_shrink():
    one = ContrastEstimate(np.array([1.0]), np.array([4.0]), 10.0)
    two = ContrastEstimate(np.array([3.0]), np.array([2.0]), 20.0)
    both = combine_runs([one, two])
    assert (both.effect[0], both.variance[0], both.residual_df) == (2.0, 1.5, 30.0)


def test_a_saturated_design_is_an_error():
    design, series = data(n=4)
    with pytest.raises(ProcessingError, match="4 columns for 4 volumes"):
        fit_contrasts(series=series, design_matrix=design, contrasts={}, noise_model="ols")


def test_grand_mean_becomes_one_hundred():
    scaled, factor = scale_to_grand_mean(np.array([[10.0, 30.0], [20.0, 40.0]]))
    assert factor == 4.0
    assert scaled.mean() == 100.0
    with pytest.raises(ProcessingError, match="must be positive"):
        scale_to_grand_mean(np.array([[1.0, -1.0]]))


def test_autoregressive_noise_keeps_the_false_positive_rate():
    rng = np.random.default_rng(1)
    n, voxels = 200, 4000
    noise = np.zeros((n, voxels))
    innovation = rng.normal(size=(n, voxels))
    noise[0] = innovation[0] / np.sqrt(1 - 0.4**2)
    for scan in range(1, n):
        noise[scan] = 0.4 * noise[scan - 1] + innovation[scan]
    slow = np.sin(np.arange(n) / 8.0)
    design = np.column_stack([np.ones(n), slow])
    rate = {}
    for model in ("ar1", "ols"):
        estimate = fit_contrasts(
            series=noise + 100,
            design_matrix=design,
            contrasts={"c": np.array([0.0, 1.0])},
            noise_model=model,
        )["c"]
        p = 2 * stats.norm.sf(np.abs(estimate.z))
        rate[model] = np.mean(p < 0.05)
    assert 0.035 < rate["ar1"] < 0.075
    assert rate["ols"] > 0.12
