"""Level of the noise after normalisation, against its truth in simulated residuals."""

import re

import numpy as np
import pytest

from bids_ketamine.core.rsa.noise_covariance import noise_covariance, refuse_too_many_voxels
from bids_ketamine.core.rsa.noise_level import noise_level, residual_basis
from bids_ketamine.errors import ProcessingError

N_SCANS = 160


def smooth_covariance(n_voxels, rng):
    """Covariance of neighbours in a line, with variances that differ."""
    distance = np.subtract.outer(np.arange(n_voxels), np.arange(n_voxels))
    correlation = 0.8 * np.exp(-(distance**2) / 8.0) + 0.2 * np.eye(n_voxels)
    deviation = np.exp(0.3 * rng.standard_normal(n_voxels))
    return correlation * np.outer(deviation, deviation)


def design_with_spikes(rng):
    """Constant, 35 regressors and four spikes: a quarter of the volumes' freedom."""
    design = rng.standard_normal((N_SCANS, 40))
    design[:, 0] = 1.0
    design[:, -4:] = 0.0
    design[[10, 50, 51, 120], [36, 37, 38, 39]] = 1.0
    return design


def one_run(independent, noise):
    """Return the level of one run without serial correlation: tr(RV) is the number of residuals."""
    return noise_level([independent], noise, trace_rv=[len(independent)])


def simulated(n_voxels, estimator, seed):
    """Return estimated and true level and effective voxels."""
    rng = np.random.default_rng(seed)
    truth = smooth_covariance(n_voxels, rng)
    basis = residual_basis(design_with_spikes(rng), drift=np.empty((N_SCANS, 0)))
    series = rng.standard_normal((N_SCANS, n_voxels)) @ np.linalg.cholesky(truth).T
    residuals = basis @ (basis.T @ series)
    noise = noise_covariance(residuals, df=basis.shape[1], estimator=estimator)
    left = np.linalg.solve(noise.covariance, truth)
    level, effective = np.trace(left) / n_voxels, np.trace(left) ** 2 / np.trace(left @ left)
    found = one_run(basis.T @ residuals, noise)
    return found.levels[0], level, found.effective_voxels, effective


@pytest.mark.parametrize(
    ("n_voxels", "estimator"),
    [
        (20, "shrinkage_to_diagonal"),
        (20, "diagonal"),
        (80, "shrinkage_to_diagonal"),
        (80, "full"),
        (200, "shrinkage_to_diagonal"),
    ],
)
def test_level_and_effective_voxels_are_those_of_the_true_covariance(n_voxels, estimator):
    runs = np.array([simulated(n_voxels, estimator, seed) for seed in range(12)])
    level, true_level, effective, true_effective = runs.mean(axis=0)
    assert level == pytest.approx(true_level, rel=0.03)
    assert effective == pytest.approx(true_effective, rel=0.1)
    # Without leaving anything out it would be 1.
    assert n_voxels < 200 or true_level > 1.05
    assert estimator != "full" or true_level > 3.0


def test_identity_gives_the_mean_variance():
    residuals = np.random.default_rng(7).standard_normal((50, 4)) * [1.0, 2.0, 3.0, 4.0]
    noise = noise_covariance(residuals, df=50.0, estimator="identity")
    assert one_run(residuals, noise).levels == pytest.approx([np.mean(residuals**2)])


def test_residual_of_one_voxel_by_hand():
    residuals = np.array([[1.0], [-2.0], [1.0], [0.0]])
    noise = noise_covariance(residuals, df=3.0, estimator="full")  # variance 2
    squares = residuals[:, 0] ** 2
    without = 2.0 - squares / 3.0
    expected = 0.75 * np.mean(squares / without)
    assert one_run(residuals, noise).levels == pytest.approx([expected], rel=1e-12)
    # Residuals that serial correlation has made smaller than the noise, by half.
    found = noise_level([residuals], noise, trace_rv=[2.0])
    assert found.levels == pytest.approx([2.0 * expected], rel=1e-12)
    assert found.effective_voxels == 1.0


@pytest.mark.parametrize("estimator", ["shrinkage_to_diagonal", "full", "identity"])
def test_each_run_has_its_own_level(estimator):
    """Three runs, noise of SD 1, 2 and 1.5, one covariance for all of them."""
    rng = np.random.default_rng(9)
    truth = smooth_covariance(40, rng)
    root, sizes, deviation = np.linalg.cholesky(truth).T, (60, 90, 80), np.array([1.0, 2.0, 1.5])
    compared = []
    for _ in range(20):
        parts = [
            each * rng.standard_normal((size, 40)) @ root
            for each, size in zip(deviation, sizes, strict=True)
        ]
        noise = noise_covariance(np.concatenate(parts), df=230.0, estimator=estimator)
        left = np.linalg.solve(noise.covariance, truth)
        found = noise_level(parts, noise, trace_rv=sizes)
        effective = np.trace(left) ** 2 / np.trace(left @ left)
        level = deviation**2 * np.trace(left) / 40
        compared.append([*found.levels, found.effective_voxels, *level, effective])
    mean = np.mean(compared, axis=0)
    np.testing.assert_allclose(mean[:3], mean[4:7], rtol=0.03)
    assert mean[3] == pytest.approx(mean[7], rel=0.1)


def test_runs_that_are_alike_have_the_level_of_one_long_run():
    rng = np.random.default_rng(10)
    residuals = rng.standard_normal((120, 30))
    noise = noise_covariance(residuals, df=120.0, estimator="shrinkage_to_diagonal")
    long = one_run(residuals, noise)
    short = noise_level(np.split(residuals, 3), noise, trace_rv=[40.0] * 3)
    assert short.levels.mean() == pytest.approx(long.levels[0], rel=1e-3)
    assert short.effective_voxels == pytest.approx(long.effective_voxels, rel=0.01)


def test_basis_is_orthonormal_and_explains_nothing_of_the_design():
    rng = np.random.default_rng(8)
    design = design_with_spikes(rng)
    drift = np.linalg.qr(rng.standard_normal((N_SCANS, 3)))[0]
    basis = residual_basis(design, drift=drift)
    assert basis.shape == (N_SCANS, N_SCANS - 43)
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
    np.testing.assert_allclose(basis.T @ np.column_stack([design, drift]), 0.0, atol=1e-10)


def test_two_residuals_are_too_few():
    noise = noise_covariance(np.eye(3), df=2.0, estimator="diagonal")
    with pytest.raises(ProcessingError, match="2 independent residuals of a run are too few"):
        noise_level([np.eye(3), np.eye(3)[:2]], noise, trace_rv=[3.0, 2.0])


def test_level_of_a_full_covariance_goes_to_infinity_and_is_refused_before():
    basis = residual_basis(np.ones((101, 1)), drift=np.empty((101, 0)))
    residuals = np.random.default_rng(11).standard_normal((101, 90))
    noise = noise_covariance(residuals, df=100.0, estimator="full")
    # Of an inverse Wishart distribution: 100 / (100 - 90 - 1).
    assert one_run(basis.T @ residuals, noise).levels[0] > 8.0
    message = "^72 voxels are too many .*: 102 independent residuals allow 71.$"
    with pytest.raises(ProcessingError) as caught:
        refuse_too_many_voxels(72, n_residuals=102, estimator="full")
    assert re.match(message, caught.value.message)
    assert caught.value.cure.startswith("Choose `shrinkage_to_diagonal` or `diagonal`")
    refuse_too_many_voxels(71, n_residuals=102, estimator="full")
    refuse_too_many_voxels(72, n_residuals=102, estimator="shrinkage_to_diagonal")
