"""Whitened and filtered least squares against closed forms."""

import numpy as np
import pytest
from scipy import linalg

from bids_ketamine.core.cosines import drift_basis
from bids_ketamine.core.glm.autocorrelation import whitening_matrix
from bids_ketamine.core.glm.estimates import PooledContrast, relative_noise
from bids_ketamine.core.glm.filtered_model import (
    adjusted_series,
    contrast_of,
    filter_design,
    fit_voxels,
    whitened_residual,
)
from bids_ketamine.core.glm.voxel_series import as_voxels
from bids_ketamine.errors import ProcessingError

N = 60


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def ordinary(design, drift):
    return filter_design(design, drift=drift, whitening=np.eye(N), covariance=np.eye(N))


def test_without_serial_correlation_it_is_least_squares_with_drift_in_the_design(rng):
    design = np.column_stack([rng.normal(size=(N, 3)), np.ones(N)])
    drift = drift_basis(n_scans=N, t_r=2.0, high_pass_period=60.0)
    series = rng.normal(size=(N, 5)) + 100.0
    model = ordinary(design, drift)
    fit = fit_voxels(as_voxels(series), model)
    whole = np.column_stack([design, drift])
    estimates, *_ = np.linalg.lstsq(whole, series, rcond=None)
    residual = series - whole @ estimates
    df = N - 4 - drift.shape[1]
    np.testing.assert_allclose(fit.estimates, estimates[:4], rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(fit.residual_variance, (residual**2).sum(axis=0) / df)
    np.testing.assert_allclose(whitened_residual(series, model), residual, atol=1e-11)
    assert model.residual_df == pytest.approx(df)
    weights = np.array([[1.0, -1.0, 0.0, 0.0]]).T
    maps = PooledContrast.combine([contrast_of(fit, model, weights)], test="t")
    spread = np.linalg.inv(whole.T @ whole)[:2, :2]
    variance = fit.residual_variance * (spread[0, 0] + spread[1, 1] - 2 * spread[0, 1])
    np.testing.assert_allclose(maps.variance, variance)
    np.testing.assert_allclose(maps.statistic, (estimates[0] - estimates[1]) / np.sqrt(variance))


def test_whitening_with_the_true_covariance_is_generalized_least_squares(rng):
    covariance = linalg.toeplitz(0.4 ** np.arange(float(N)))
    design = np.column_stack([rng.normal(size=(N, 2)), np.ones(N)])
    series = linalg.cholesky(covariance, lower=True) @ rng.normal(size=(N, 4)) + 100.0
    model = filter_design(
        design,
        drift=np.empty((N, 0)),
        whitening=whitening_matrix(covariance, smallest=0.0),
        covariance=covariance,
    )
    fit = fit_voxels(as_voxels(series), model)
    inverse = np.linalg.inv(covariance)
    expected = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ series)
    np.testing.assert_allclose(fit.estimates, expected, rtol=1e-8)
    np.testing.assert_allclose(model.covariance, np.linalg.inv(design.T @ inverse @ design))
    assert model.residual_df == pytest.approx(N - 3)


def test_an_f_test_of_one_row_is_the_square_of_t_and_of_all_rows_compares_models(rng):
    design = np.column_stack([rng.normal(size=(N, 3)), np.ones(N)])
    series = rng.normal(size=(N, 6)) + 100.0
    model = ordinary(design, np.empty((N, 0)))
    fit = fit_voxels(as_voxels(series), model)
    one = contrast_of(fit, model, np.eye(4)[:, [1]])
    t = PooledContrast.combine([one], test="t").statistic
    np.testing.assert_allclose(PooledContrast.combine([one], test="F").statistic, t**2)
    both = PooledContrast.combine([contrast_of(fit, model, np.eye(4)[:, :2])], test="F")

    def squares(matrix):
        return ((series - matrix @ np.linalg.lstsq(matrix, series, rcond=None)[0]) ** 2).sum(axis=0)

    full, reduced = squares(design), squares(design[:, 2:])
    np.testing.assert_allclose(both.statistic, (reduced - full) / 2 / (full / (N - 4)))
    assert (both.effect_df, both.residual_df) == pytest.approx((2.0, N - 4))


def test_two_runs_are_one_model_with_a_block_for_each(rng):
    designs = [np.column_stack([rng.normal(size=(N, 2)), np.ones(N)]) for _ in range(2)]
    series = [rng.normal(size=(N, 5)) + level for level in (100.0, 90.0)]
    for test, weights in (("t", np.array([[1.0], [-1.0], [0.0]])), ("F", np.eye(3)[:, :2])):
        runs = []
        for design, values in zip(designs, series, strict=True):
            model = ordinary(design, np.empty((N, 0)))
            runs.append(contrast_of(fit_voxels(as_voxels(values), model), model, weights))
        found = PooledContrast.combine(runs, test=test, noise_levels=np.ones(2))
        joint = linalg.block_diag(*designs)
        stacked = np.vstack(series)
        estimates = np.linalg.lstsq(joint, stacked, rcond=None)[0]
        variance = ((stacked - joint @ estimates) ** 2).sum(axis=0) / (2 * N - 6)
        contrast = np.vstack([weights, weights]) / 2
        spread = contrast.T @ np.linalg.inv(joint.T @ joint) @ contrast
        effect = contrast.T @ estimates
        square = np.einsum("iv,ij,jv->v", effect, np.linalg.inv(spread), effect)
        expected = square / weights.shape[1] / variance
        statistic = found.statistic**2 if test == "t" else found.statistic
        np.testing.assert_allclose(statistic, expected)
        assert found.residual_df == pytest.approx(2 * N - 6)


def test_adjusting_takes_effects_of_no_interest_out_and_leaves_noise(rng):
    task, nuisance = rng.normal(size=(2, N))
    design = np.column_stack([task, nuisance, np.ones(N)])
    noise = rng.normal(size=(N, 3))
    model = ordinary(design, np.empty((N, 0)))
    found = adjusted_series(noise + np.outer(nuisance, [5.0, 1.0, 0.0]) + 100, model, kept=[0])
    # The fit on what is of no interest goes, residual noise and the rest of the task stay.
    fitted = design @ np.linalg.lstsq(design, noise, rcond=None)[0]
    others = design[:, 1:]
    gone = others @ np.linalg.lstsq(others, fitted, rcond=None)[0]
    np.testing.assert_allclose(found, noise - gone, atol=1e-10)


def test_a_design_as_large_as_the_run_leaves_nothing(rng):
    with pytest.raises(ProcessingError, match="nothing is left to estimate the noise"):
        ordinary(rng.normal(size=(N, N)), np.empty((N, 0)))


def test_runs_of_unequal_noise_keep_the_false_positive_rate():
    # Run 1 has twice the noise and few events: pooling as if they were alike would be liberal.
    generator = np.random.default_rng(5)
    runs = []
    for n, level, n_events in ((100, 2.0, 5), (300, 1.0, 40)):
        task = np.zeros(n)
        task[generator.choice(n, n_events, replace=False)] = 1.0
        design = np.column_stack([task, np.ones(n)])
        model = filter_design(
            design, drift=np.empty((n, 0)), whitening=np.eye(n), covariance=np.eye(n)
        )
        series = level * generator.normal(size=(n, 20000)) + 100.0
        fit = fit_voxels(as_voxels(series), model)
        runs.append(contrast_of(fit, model, np.array([[1.0], [0.0]])))
    levels = relative_noise(runs)
    np.testing.assert_allclose(levels, [1.6, 0.4], rtol=0.02)
    maps = PooledContrast.combine(runs, test="t")
    assert np.mean(np.abs(maps.z) > 1.96) == pytest.approx(0.05, abs=0.006)


def test_columns_of_very_different_size_are_all_taken_out(rng):
    design = np.column_stack([rng.normal(size=(N, 4)), np.ones(N)])
    scale = np.array([1.0, 1e4, 1e-10, 1e-12, 1.0])
    series = rng.normal(size=(N, 3)) + 100.0
    drift = np.empty((N, 0))
    fits = []
    for matrix in (design, design * scale):
        model = ordinary(matrix, drift)
        fit = fit_voxels(as_voxels(series), model)
        contrast = contrast_of(fit, model, np.eye(5)[:, [0]])
        fits.append(PooledContrast.combine([contrast], test="t"))
        assert model.residual_df == pytest.approx(N - 5)
    np.testing.assert_allclose(fits[0].statistic, fits[1].statistic, rtol=1e-6)


def test_an_unknown_variance_gives_no_statistic(rng):
    design = np.column_stack([rng.normal(size=N), np.ones(N)])
    model = ordinary(design, np.empty((N, 0)))
    series = np.column_stack([rng.normal(size=N) + 100.0, np.full(N, np.nan)])
    contrast = contrast_of(fit_voxels(as_voxels(series), model), model, np.eye(2)[:, [0]])
    found = PooledContrast.combine([contrast], test="t")
    assert np.isfinite(found.statistic[0])
    assert np.isnan(found.statistic[1])
    assert np.isnan(found.z[1])
