"""Autoregression behind residuals: of a known process, whatever was fitted."""

import numpy as np
import pytest
from scipy import linalg

from bids_ketamine.core.cosines import drift_basis
from bids_ketamine.core.glm.residual_autoregression import (
    LARGEST,
    autoregressive_covariance,
    residual_autoregression,
)


def fitted(coefficient, *, n_scans, n_nuisance, n_voxels, seed=3):
    """Return residuals of autoregressive noise, and what was fitted."""
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(autoregressive_covariance(coefficient, n_scans))
    noise = root @ rng.normal(size=(n_scans, n_voxels))
    drift = drift_basis(n_scans=n_scans, t_r=2.0, high_pass_period=128.0)
    slow = np.cumsum(rng.normal(size=(n_scans, n_nuisance)), axis=0)
    design = np.column_stack([np.ones(n_scans), slow])
    design -= drift @ (drift.T @ design)
    basis = linalg.orth(np.column_stack([drift, design]))
    return noise - basis @ (basis.T @ noise), {"design": design, "drift": drift}


@pytest.mark.parametrize("coefficient", [-0.1, 0.0, 0.15, 0.5])
def test_what_a_fit_takes_from_the_noise_is_given_back(coefficient):
    residuals, model = fitted(coefficient, n_scans=160, n_nuisance=25, n_voxels=4000)
    naive = np.sum(residuals[1:] * residuals[:-1]) / np.sum(residuals**2)
    assert abs(naive - coefficient) > 0.1
    assert residual_autoregression(residuals, **model) == pytest.approx(coefficient, abs=0.015)


@pytest.mark.parametrize("n_nuisance", [60, 88, 95])
def test_few_degrees_of_freedom_leave_a_sound_estimate(n_nuisance):
    residuals, model = fitted(0.05, n_scans=120, n_nuisance=n_nuisance, n_voxels=4000)
    assert residual_autoregression(residuals, **model) == pytest.approx(0.05, abs=0.05)


def test_voxels_count_alike_and_constant_ones_not_at_all():
    residuals, model = fitted(0.2, n_scans=100, n_nuisance=3, n_voxels=50)
    scaled = np.column_stack([residuals * 10.0 ** np.arange(50), np.zeros(100)])
    expected = residual_autoregression(residuals, **model)
    assert residual_autoregression(scaled, **model) == pytest.approx(expected, abs=1e-6)
    assert residual_autoregression(scaled[:, 50:], **model) == 0.0


def test_a_series_that_hardly_changes_has_the_largest_coefficient():
    ramp = np.linspace(-1.0, 1.0, 80)[:, None]
    model = {"design": np.ones((80, 1)), "drift": np.empty((80, 0))}
    assert residual_autoregression(ramp, **model) == LARGEST
