"""Serial covariance behind residuals: of a known process, whatever was fitted."""

import numpy as np
import pytest
from scipy import linalg

from bids_ketamine.core.cosines import drift_basis
from bids_ketamine.core.glm.residual_autocovariance import residual_autocovariance

N_SCANS = 160


@pytest.mark.parametrize("coefficient", [-0.1, 0.0, 0.15])
def test_what_a_fit_takes_from_the_noise_is_given_back(coefficient):
    rng = np.random.default_rng(3)
    truth = coefficient ** np.arange(N_SCANS)
    noise = np.linalg.cholesky(linalg.toeplitz(truth)) @ rng.normal(size=(N_SCANS, 4000))
    drift = drift_basis(n_scans=N_SCANS, t_r=2.0, high_pass_period=128.0)
    slow = np.cumsum(rng.normal(size=(N_SCANS, 25)), axis=0)
    design = np.column_stack([np.ones(N_SCANS), slow])
    design -= drift @ (drift.T @ design)
    basis = linalg.orth(np.column_stack([drift, design]))
    residuals = noise - basis @ (basis.T @ noise)
    naive = np.sum(residuals[1:] * residuals[:-1]) / np.sum(residuals**2)
    assert abs(naive - coefficient) > 0.1
    found = residual_autocovariance(residuals, design=design, drift=drift, reach=8)
    np.testing.assert_allclose(found[0, :9], truth[:9], atol=0.01)
    np.testing.assert_array_equal(found[0, 9:], 0.0)
    np.testing.assert_array_equal(found, linalg.toeplitz(found[0]))


def test_voxels_count_alike_and_constant_ones_not_at_all():
    rng = np.random.default_rng(4)
    noise = rng.normal(size=(N_SCANS, 50))
    constant, none = np.ones((N_SCANS, 1)), np.empty((N_SCANS, 0))
    residuals = noise - noise.mean(axis=0)
    scaled = np.column_stack([residuals * 10.0 ** np.arange(50), np.zeros(N_SCANS)])
    expected = residual_autocovariance(residuals, design=constant, drift=none, reach=4)
    found = residual_autocovariance(scaled, design=constant, drift=none, reach=4)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    flat = residual_autocovariance(scaled[:, 50:], design=constant, drift=none, reach=4)
    np.testing.assert_array_equal(flat, np.eye(N_SCANS))
