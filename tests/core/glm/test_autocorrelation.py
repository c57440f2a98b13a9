"""Serial correlations: components, likelihood, whitening."""

import numpy as np
import pytest
from scipy import linalg

from bids_ketamine.core.glm.autocorrelation import covariance_components, whitening_matrix
from bids_ketamine.core.glm.covariance_pool import pooled_covariance
from bids_ketamine.core.glm.restricted_likelihood import (
    estimate_hyperparameters,
    estimate_hyperparameters_marsbar,
)
from bids_ketamine.core.glm.voxel_series import VoxelSeries, as_voxels
from bids_ketamine.errors import ProcessingError


def test_components_add_up_to_an_autoregressive_covariance():
    first, second = covariance_components(n_scans=6)
    # Q1 + Q2 = 2 Q(0.2); lags beyond 0.2^5 = 3.2e-4 are cut off
    np.testing.assert_allclose(
        (first + second)[0] / 2, [1, 0.2, 0.04, 0.008, 0.0016, 0.00032], rtol=1e-12
    )
    # Q2 - Q1 = 2 a dQ/da = 2 k a^k at lag k
    np.testing.assert_allclose((second - first)[0, :3], [0.0, 0.4, 0.16], atol=2e-4)
    assert covariance_components(n_scans=8)[0][0, 6] == 0.0


@pytest.mark.parametrize("weights", [(1.3, 0.4), (0.5, 1.0)])
def test_fisher_scoring_finds_the_weights_of_a_covariance_that_has_them(weights):
    # At the true weights the restricted likelihood of the covariance itself has no slope.
    components = covariance_components(n_scans=80)
    rng = np.random.default_rng(0)
    covariance = np.tensordot(weights, components, 1)
    found = estimate_hyperparameters_marsbar(
        covariance,
        fixed_effects=rng.normal(size=(80, 5)),
        components=components,
        tolerance=1e-14,
    )
    np.testing.assert_allclose(found.weights, weights, rtol=1e-6)
    assert np.trace(found.covariance) == pytest.approx(80.0)


def test_spms_iteration_comes_near_the_same_weights():
    components = covariance_components(n_scans=120)
    covariance = np.tensordot((1.1, 0.5), components, 1)
    found = estimate_hyperparameters(
        covariance, fixed_effects=np.ones((120, 1)), components=components
    )
    np.testing.assert_allclose(found.weights, (1.1, 0.5), atol=0.02)


def test_whitening_makes_the_identity_of_a_covariance():
    covariance = linalg.toeplitz(0.3 ** np.arange(50.0))
    whitening = whitening_matrix(covariance)
    np.testing.assert_allclose(whitening @ covariance @ whitening.T, np.eye(50), atol=1e-5)
    assert (np.abs(whitening[whitening != 0.0]) > 1e-6).all()
    with pytest.raises(ProcessingError, match="not positive definite"):
        whitening_matrix(linalg.toeplitz([1.0, 0.99, -0.9]))


def pool(series, design, pooling_p):
    return pooled_covariance(
        as_voxels(series),
        design_matrix=design,
        drift=np.empty((len(design), 0)),
        pooling_p=pooling_p,
    )


def test_pooled_voxels_are_scaled_to_unit_residual_variance():
    rng = np.random.default_rng(3)
    design = np.column_stack([rng.normal(size=40), np.ones(40)])
    series = rng.normal(size=(40, 9)) * np.arange(1, 10) + 100.0
    residual = series - design @ np.linalg.lstsq(design, series, rcond=None)[0]
    scaled = series / np.sqrt((residual**2).sum(axis=0) / 38)
    found = pool(series, design, None)
    np.testing.assert_allclose(found.covariance, scaled @ scaled.T / 9, rtol=1e-12)
    assert (found.n_pooled, found.selected) == (9, False)


def test_only_voxels_in_which_the_design_matters_are_pooled():
    rng = np.random.default_rng(4)
    design = np.column_stack([rng.normal(size=60), np.ones(60)])
    series = rng.normal(size=(60, 6)) + 100.0
    series[:, [1, 4]] += 3.0 * design[:, [0]]
    found = pool(series, design, 0.001)
    np.testing.assert_allclose(found.covariance, pool(series[:, [1, 4]], design, None)[0])
    assert (found.n_pooled, found.selected) == (2, True)


def test_without_a_significant_voxel_all_are_pooled():
    rng = np.random.default_rng(5)
    design = np.column_stack([rng.normal(size=60), np.ones(60)])
    series = rng.normal(size=(60, 3)) + 100.0
    found = pool(series, design, 1e-12)
    np.testing.assert_allclose(found.covariance, pool(series, design, None)[0])
    assert (found.n_pooled, found.selected) == (3, False)


def test_series_that_the_design_explains_leave_no_noise():
    design = np.column_stack([np.arange(20.0), np.ones(20)])
    with pytest.raises(ProcessingError, match="beyond what the design explains"):
        pool(design @ np.array([[1.0], [50.0]]), design, None)


def test_blocks_of_chosen_voxels_are_scaled_and_in_order(monkeypatch):
    monkeypatch.setattr("bids_ketamine.core.glm.voxel_series.BLOCK", 3)
    series = np.arange(20, dtype=np.float32).reshape(2, 10)
    voxels = VoxelSeries(series, np.array([0, 1, 2, 5, 7, 9]), 2.0)
    places, blocks = zip(*voxels.blocks(), strict=True)
    assert [each.start for each in places] == [0, 3]
    np.testing.assert_array_equal(np.hstack(blocks), 2.0 * series[:, [0, 1, 2, 5, 7, 9]])
    assert blocks[0].dtype == np.float64
