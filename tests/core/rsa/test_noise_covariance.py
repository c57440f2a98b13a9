"""Noise covariance: the shrinkage formula by loops, rules for df, roots, refusals."""

import numpy as np
import pytest

from bids_ketamine.core.rsa.covariance_df import covariance_df
from bids_ketamine.core.rsa.noise_covariance import (
    noise_covariance,
    noise_normalised,
    shrunk_to_diagonal,
)
from bids_ketamine.errors import ProcessingError


def correlated(rng, n_scans, n_voxels):
    mixing = np.eye(n_voxels) + 0.3 * rng.standard_normal((n_voxels, n_voxels))
    return rng.standard_normal((n_scans, n_voxels)) @ mixing + 5.0


def test_intensity_is_that_of_the_formula_by_loops():
    residuals = correlated(np.random.default_rng(1), 30, 6)
    df = 21.5
    centred = residuals - residuals.mean(axis=0)
    n_voxels = centred.shape[1]
    sample = np.zeros((n_voxels, n_voxels))
    distance = variance = 0.0
    for i in range(n_voxels):
        for j in range(n_voxels):
            sample[i, j] = sum(row[i] * row[j] for row in centred) / df
            squares = sum(row[i] ** 2 * row[j] ** 2 for row in centred)
            variance += squares / (n_voxels * df**2) - sample[i, j] ** 2 / (n_voxels * df)
            distance += sample[i, j] ** 2 / n_voxels if i != j else 0.0
    expected = variance / distance
    assert 0.05 < expected < 0.95
    noise = noise_covariance(residuals, df=df, estimator="shrinkage_to_diagonal")
    assert noise.shrinkage == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(noise.sample, sample, rtol=1e-12)
    target = np.diag(np.diag(sample))
    np.testing.assert_allclose(
        noise.covariance, expected * target + (1 - expected) * sample, rtol=1e-12
    )


def test_estimators_by_name():
    residuals = correlated(np.random.default_rng(2), 40, 5)
    full, diagonal, none, fixed = (
        noise_covariance(residuals, df=39.0, estimator=name, shrinkage=0.25)
        for name in ("full", "diagonal", "identity", "shrinkage_to_diagonal")
    )
    covariance = np.cov(residuals, rowvar=False)
    np.testing.assert_allclose(full.covariance, covariance, rtol=1e-12)
    np.testing.assert_allclose(diagonal.covariance, np.diag(np.diag(covariance)), rtol=1e-12)
    np.testing.assert_array_equal(none.covariance, np.eye(5))
    np.testing.assert_allclose(none.sample, covariance, rtol=1e-12)
    np.testing.assert_allclose(fixed.covariance, shrunk_to_diagonal(covariance, shrinkage=0.25))
    assert (full.shrinkage, diagonal.shrinkage, fixed.shrinkage) == (0.0, 1.0, 0.25)
    assert np.isnan(none.shrinkage)


def test_one_voxel_has_nothing_to_shrink():
    noise = noise_covariance(np.array([[1.0], [3.0]]), df=1.0, estimator="shrinkage_to_diagonal")
    assert (noise.covariance.tolist(), noise.shrinkage) == ([[2.0]], 1.0)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("trace_rv", 80.0), ("effective", 78.0), ("rsatoolbox_2018", 40.0), ("n_minus_1", 99.0)],
)
def test_df_by_rule(rule, expected):
    estimates = np.diag([1.0, 3.0])
    found = covariance_df(
        rule, n_scans=100, trace_rv=80.0, residual_df=78.0, estimates_covariance=estimates
    )
    assert found == expected


def test_root_is_symmetric_and_inverts_the_covariance():
    noise = noise_covariance(
        correlated(np.random.default_rng(3), 50, 7), df=49.0, estimator="shrinkage_to_diagonal"
    )
    root = noise_normalised(np.eye(7), noise.covariance)
    np.testing.assert_allclose(root, root.T, atol=1e-12)
    np.testing.assert_allclose(root @ noise.covariance @ root, np.eye(7), atol=1e-12)
    assert np.linalg.eigvalsh(root).min() > 0


def test_full_covariance_with_more_voxels_than_degrees_of_freedom_is_refused():
    rng = np.random.default_rng(4)
    basis = np.linalg.qr(rng.standard_normal((40, 15)))[0]
    series = rng.standard_normal((40, 30))
    residuals = series - basis @ (basis.T @ series)  # rank 25, fewer than 30 voxels
    with pytest.raises(ProcessingError, match="covariance of 30 voxels is singular"):
        noise_covariance(residuals, df=25.0, estimator="full")
    with pytest.raises(ProcessingError, match="too few volumes") as caught:
        noise_covariance(rng.standard_normal((20, 30)), df=19.0, estimator="full")
    assert caught.value.cure.startswith("Choose `shrinkage_to_diagonal` or `diagonal`")
    noise_covariance(residuals[:, :20], df=25.0, estimator="full")


def test_voxels_that_repeat_others_are_told_from_too_few_volumes():
    residuals = np.random.default_rng(6).standard_normal((200, 12))
    residuals[:, 7] = residuals[:, 2]
    with pytest.raises(ProcessingError, match="some voxels have the residuals of others") as caught:
        noise_covariance(residuals, df=199.0, estimator="full")
    assert "volumes" not in str(caught.value)
    assert "`shrinkage_to_diagonal` or `diagonal`, or leave voxels that repeat" in caught.value.cure
    # Shrinkage keeps them apart.
    noise = noise_covariance(residuals, df=199.0, estimator="shrinkage_to_diagonal")
    assert 0.0 < noise.shrinkage < 1.0


def test_shrinkage_that_is_zero_is_not_cured_by_shrinkage():
    """Two values at equal distance from the mean have no fourth moment: the intensity is 0."""
    residuals = np.tile([[1.0], [-1.0]], (20, 3)) * [1.0, 2.0, 3.0]
    with pytest.raises(ProcessingError, match="covariance of 3 voxels is singular") as caught:
        noise_covariance(residuals, df=39.0, estimator="shrinkage_to_diagonal", shrinkage=0.0)
    assert "shrinkage_to_diagonal" not in str(caught.value)
    assert caught.value.cure.startswith("Choose `diagonal`")


@pytest.mark.parametrize("estimator", ["shrinkage_to_diagonal", "diagonal", "full", "identity"])
def test_factor_is_that_of_the_covariance(estimator):
    residuals = correlated(np.random.default_rng(7), 40, 6)
    noise = noise_covariance(residuals, df=39.0, estimator=estimator)
    np.testing.assert_allclose(noise.factor @ noise.factor.T, noise.covariance, rtol=1e-12)
    assert not np.triu(noise.factor, 1).any()


def test_singular_covariance_has_no_root():
    with pytest.raises(ProcessingError, match="singular"):
        noise_normalised(np.eye(2), np.ones((2, 2)))


@pytest.mark.parametrize("estimator", ["shrinkage_to_diagonal", "diagonal", "full", "identity"])
def test_voxels_without_signal_are_refused(estimator):
    residuals = np.random.default_rng(5).standard_normal((20, 4))
    residuals[:, 2] = 100.0
    with pytest.raises(ProcessingError, match="the same in all volumes in 1 of 4 voxels"):
        noise_covariance(residuals, df=19.0, estimator=estimator)
    residuals[3, 1] = np.nan
    with pytest.raises(ProcessingError, match="not finite in 1 of 4"):
        noise_covariance(residuals, df=19.0, estimator=estimator)


def test_unknown_names_are_refused():
    with pytest.raises(ProcessingError, match="no noise covariance `oas`"):
        noise_covariance(np.eye(3), df=2.0, estimator="oas")
    with pytest.raises(ProcessingError, match="no rule `n`"):
        covariance_df("n", n_scans=9, trace_rv=5.0, residual_df=5.0, estimates_covariance=np.eye(2))
