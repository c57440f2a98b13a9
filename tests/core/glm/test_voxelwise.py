"""Voxel by voxel regression against closed forms and nilearn's own contrasts."""

import numpy as np
import pytest
from nilearn.glm import compute_contrast
from nilearn.glm.first_level import run_glm
from scipy import stats

from bids_ketamine.core.glm.estimates import VoxelwiseContrast, t_maps
from bids_ketamine.core.glm.voxel_series import as_voxels
from bids_ketamine.core.glm.voxelwise import brain_mean_factor, fit_voxelwise
from bids_ketamine.errors import ProcessingError


def data(seed=0, n=60, voxels=7):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, 3))])
    return design, design @ rng.normal(size=(4, voxels)) + rng.normal(size=(n, voxels))


def fit(series, design, weights, noise_model):
    weights = np.atleast_2d(np.transpose(weights)).T if np.ndim(weights) == 1 else weights
    return fit_voxelwise(
        as_voxels(series),
        design_matrix=design,
        contrasts={"c": weights},
        noise_model=noise_model,
    )["c"]


def test_ordinary_least_squares_equals_the_normal_equations():
    design, series = data()
    weights = np.array([0.0, 1.0, -1.0, 0.0])
    found = fit(series, design, weights[:, None], "ols")
    estimate = VoxelwiseContrast.combine([found], test="t")
    beta, *_ = np.linalg.lstsq(design, series, rcond=None)
    residual = series - design @ beta
    variance = (residual**2).sum(0) / 56 * (weights @ np.linalg.inv(design.T @ design) @ weights)
    np.testing.assert_allclose(estimate.effect, weights @ beta, rtol=1e-10)
    np.testing.assert_allclose(estimate.variance, variance, rtol=1e-10)
    assert estimate.residual_df == 56


@pytest.mark.parametrize("noise_model", ["ols", "ar1"])
def test_contrasts_are_nilearns_also_when_voxels_are_fitted_in_blocks(noise_model, monkeypatch):
    monkeypatch.setattr("bids_ketamine.core.glm.voxelwise.VOXELWISE_BLOCK", 8)
    design, series = data(voxels=20)
    t_weights, f_weights = np.array([0.0, 1.0, -1.0, 0.0]), np.eye(4)[1:3]
    labels, results = run_glm(series, design, noise_model=noise_model, bins=100)
    t = compute_contrast(labels, results, t_weights, stat_type="t")
    f = compute_contrast(labels, results, f_weights, stat_type="F")
    ours = VoxelwiseContrast.combine(
        [fit(series, design, t_weights[:, None], noise_model)], test="t"
    )
    np.testing.assert_allclose(ours.statistic, np.ravel(t.stat()))
    np.testing.assert_allclose(ours.z, np.ravel(t.z_score()), atol=1e-6)
    ours = VoxelwiseContrast.combine([fit(series, design, f_weights.T, noise_model)], test="F")
    np.testing.assert_allclose(ours.statistic, np.ravel(f.stat()))
    tail = stats.f.sf(ours.statistic, 2, 56)
    np.testing.assert_allclose(stats.norm.sf(ours.z), tail, rtol=1e-9)


def test_z_has_the_tail_of_t_far_out_too():
    maps = t_maps(np.array([2.0, -3.0, 60.0]), np.ones(3), 20.0)
    np.testing.assert_allclose(
        stats.norm.logsf(np.abs(maps.z)), stats.t.logsf(np.abs(maps.statistic), 20.0), rtol=1e-9
    )
    assert np.sign(maps.z).tolist() == [1, -1, 1]


def test_runs_are_averaged_and_variances_shrink():
    one = VoxelwiseContrast(np.array([[1.0]]), np.array([[[4.0]]]), 10.0)
    two = VoxelwiseContrast(np.array([[3.0]]), np.array([[[2.0]]]), 20.0)
    both = VoxelwiseContrast.combine([one, two], test="t")
    assert (both.effect[0], both.variance[0], both.residual_df) == (2.0, 1.5, 30.0)
    # F of one row: (2 ** 2) / 1.5
    assert VoxelwiseContrast.combine([one, two], test="F").statistic[0] == pytest.approx(8 / 3)


def test_a_voxel_without_noise_has_no_statistic():
    silent = VoxelwiseContrast(np.array([[1.0, 1.0]]), np.array([[[0.0, 4.0]]]), 10.0)
    assert VoxelwiseContrast.combine([silent], test="t").statistic.tolist() == [0.0, 0.5]
    assert VoxelwiseContrast.combine([silent], test="F").statistic.tolist() == [0.0, 0.25]


def test_a_contrast_can_be_laid_out_among_more_voxels():
    one = VoxelwiseContrast(np.array([[1.0]]), np.array([[[4.0]]]), 10.0)
    placed = one.placed(np.array([False, True]))
    np.testing.assert_array_equal(placed.effects, [[np.nan, 1.0]])
    np.testing.assert_array_equal(placed.select(np.array([1])).covariance, [[[4.0]]])


def test_a_saturated_design_is_an_error():
    design, series = data(n=4)
    with pytest.raises(ProcessingError, match="4 columns for 4 volumes"):
        fit(series, design, np.eye(4)[:, [0]], "ols")


def test_the_grand_mean_becomes_one_hundred():
    assert brain_mean_factor(np.array([[10.0, 30.0], [20.0, 40.0]])) == 4.0
    with pytest.raises(ProcessingError, match="must be positive"):
        brain_mean_factor(np.array([[1.0, -1.0]]))


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
        found = fit(noise + 100, design, np.array([[0.0], [1.0]]), model)
        maps = VoxelwiseContrast.combine([found], test="t")
        rate[model] = float((np.abs(maps.z) > 1.96).mean())
    assert rate["ar1"] == pytest.approx(0.05, abs=0.015)
    assert rate["ols"] > 0.15
