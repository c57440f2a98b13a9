"""Linear discriminant contrasts: closed forms, bias and variance by simulation, invariances."""

import numpy as np
import pytest
from scipy import linalg

from bids_ketamine.core.rsa.contrast_errors import error_terms, predicted_bias, standard_error
from bids_ketamine.core.rsa.discriminant_contrast import (
    discriminant_contrast,
    dissimilarities,
    pattern_products,
)
from bids_ketamine.core.rsa.noise_covariance import noise_covariance, noise_normalised
from bids_ketamine.core.rsa.noise_level import NoiseLevel
from bids_ketamine.core.rsa.pattern_weights import gls_weights, mean_weights, pair_weights
from bids_ketamine.errors import ProcessingError

#: Three conditions in three partitions of a run, and two regressors of no interest.
CONDITIONS = np.array([1, 2, 3] * 3 + [0, 0])
PARTITIONS = np.repeat([1, 2, 3, 0], [3, 3, 3, 2])
PAIRS = [(1, 2), (1, 3), (2, 3)]


def run_design(rng, n_scans=60):
    """Slow regressors that overlap, so that estimates of partitions covary."""
    events = rng.standard_normal((n_scans, len(CONDITIONS)))
    kernel = np.exp(-np.arange(8) / 3.0)
    return np.apply_along_axis(np.convolve, 0, events, kernel)[:n_scans]


def weights_of(training, design):
    return pair_weights(CONDITIONS, PARTITIONS, pairs=PAIRS, training=training, design=design)


def direct(patterns, pair, shared):
    """Return LDC from its definition."""
    first, second = (
        np.array([patterns[(each == CONDITIONS) & (m == PARTITIONS)][0] for m in shared])
        for each in pair
    )
    difference = first - second
    total = 0.0
    for place in range(len(shared)):
        others = np.delete(difference, place, axis=0).mean(axis=0)
        total += difference[place] @ others
    return total / len(shared) / patterns.shape[1]


def test_mean_training_is_the_definition():
    patterns = np.random.default_rng(1).standard_normal((11, 9))
    expected = [direct(patterns, pair, (1, 2, 3)) for pair in PAIRS]
    stacked = discriminant_contrast(patterns, weights_of("mean", None))
    np.testing.assert_allclose(stacked, expected, rtol=1e-12)
    one = mean_weights(CONDITIONS, PARTITIONS, pair=(1, 3))
    assert discriminant_contrast(patterns, one) == pytest.approx(expected[1], rel=1e-12)


def test_quadratic_form_has_the_same_value():
    patterns = np.random.default_rng(2).standard_normal((11, 9))
    weights = weights_of("mean", None)
    products = pattern_products(patterns)
    np.testing.assert_allclose(
        np.sum(weights.quadratic * products, axis=(1, 2)),
        discriminant_contrast(patterns, weights),
        rtol=1e-12,
    )


@pytest.mark.parametrize("training", ["mean", "gls"])
def test_without_noise_it_is_the_squared_mahalanobis_distance_per_voxel(training):
    rng = np.random.default_rng(3)
    means = rng.standard_normal((4, 6))  # of no interest, and of three conditions
    patterns = means[CONDITIONS]
    root = rng.standard_normal((6, 6))
    covariance = root @ root.T + np.eye(6)
    expected = [
        (means[a] - means[b]) @ np.linalg.solve(covariance, means[a] - means[b]) / 6
        for a, b in PAIRS
    ]
    found = discriminant_contrast(
        noise_normalised(patterns, covariance), weights_of(training, run_design(rng))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_gls_training_is_the_fit_of_one_regressor_a_condition():
    """The training patterns are what a model with joined regressors would have estimated."""
    rng = np.random.default_rng(4)
    design = run_design(rng)
    weights = gls_weights(CONDITIONS, PARTITIONS, pair=(1, 2), design=design)
    series = rng.standard_normal((60, 5))
    patterns = np.linalg.pinv(design) @ series
    rest = PARTITIONS != 2
    fitted = design[:, rest] @ patterns[rest]
    joined = np.column_stack(
        [design[:, rest & (each == CONDITIONS)].sum(axis=1) for each in (1, 2, 3)]
        + [design[:, CONDITIONS == 0]]
    )
    expected = np.linalg.lstsq(joined, fitted, rcond=None)[0]
    np.testing.assert_allclose(weights.training[1] @ patterns, expected[0] - expected[1])
    np.testing.assert_allclose(weights.test[1] @ patterns, patterns[3] - patterns[4])


def test_gls_equals_mean_for_two_partitions():
    rng = np.random.default_rng(5)
    kept = PARTITIONS != 3
    design = run_design(rng)[:, kept]
    plain = mean_weights(CONDITIONS[kept], PARTITIONS[kept], pair=(1, 2))
    least = gls_weights(CONDITIONS[kept], PARTITIONS[kept], pair=(1, 2), design=design)
    np.testing.assert_allclose(least.training, plain.training, atol=1e-12)


def test_full_covariance_makes_it_invariant_to_mixing_of_voxels():
    rng = np.random.default_rng(6)
    residuals, patterns = rng.standard_normal((80, 7)), rng.standard_normal((11, 7))
    mixing = rng.standard_normal((7, 7)) + 2.0 * np.eye(7)
    weights = weights_of("mean", None)

    def contrast(mixed):
        noise = noise_covariance(residuals @ mixed, df=79.0, estimator="full")
        return discriminant_contrast(noise_normalised(patterns @ mixed, noise.covariance), weights)

    np.testing.assert_allclose(contrast(mixing), contrast(np.eye(7)), rtol=1e-9)


@pytest.mark.parametrize("training", ["mean", "gls"])
def test_bias_and_standard_error_are_those_of_simulated_runs(training):
    """Patterns that are equal, and patterns that differ; noise that neighbours share."""
    rng = np.random.default_rng(7)
    design = run_design(rng)
    estimates = np.linalg.inv(design.T @ design)
    n_voxels, n_runs = 12, 20_000
    distance = np.subtract.outer(np.arange(n_voxels), np.arange(n_voxels))
    noise = 1.3 * np.exp(-(distance**2) / 4.0)
    level, effective = 1.3, np.trace(noise) ** 2 / np.trace(noise @ noise)
    assert effective < 6.0
    weights = weights_of(training, design)
    terms = error_terms(weights, estimates_covariances=[estimates])
    left, right = np.linalg.cholesky(estimates), np.linalg.cholesky(noise + 1e-9 * np.eye(12))
    # Differences that neighbours share as they share noise.
    size = np.sqrt(np.trace(estimates) / 11)
    for difference in (0.0, 3.0 * size):
        means = difference * rng.standard_normal((n_runs, 4, n_voxels)) @ right.T
        errors = left @ rng.standard_normal((n_runs, 11, n_voxels)) @ right.T
        patterns = means[:, CONDITIONS] + errors
        products = patterns @ np.swapaxes(patterns, 1, 2) / n_voxels
        found = np.sum(products[:, None] * weights.quadratic, axis=(2, 3))
        apart = means[:, [1, 1, 2]] - means[:, [2, 3, 3]]
        true = np.sum(apart**2, axis=2) / n_voxels
        bias = predicted_bias(terms, levels=np.array([level]))
        expected = standard_error(
            terms,
            levels=np.array([level]),
            effective_voxels=effective,
            difference=true.mean(axis=0),
        )
        deviation = (found - true).std(axis=0)
        np.testing.assert_allclose(deviation, expected, rtol=0.03)
        mean_error = (found - true).mean(axis=0) - bias
        assert (np.abs(mean_error) < 3.5 * expected / np.sqrt(n_runs)).all()
        assert (np.abs(bias) > 10 * expected / np.sqrt(n_runs)).any()


def test_runs_have_no_bias_with_means():
    conditions, partitions = np.array([1, 2, 1, 2]), np.array([1, 1, 2, 2])
    block = np.array([[2.0, 0.5], [0.5, 1.0]])
    weights = mean_weights(conditions, partitions, pair=(1, 2))
    terms = error_terms(weights, estimates_covariances=[block, block])
    assert predicted_bias(terms, levels=np.ones(2)) == 0.0
    # Sum of two products d1 d2, each d of variance 2 + 1 - 2 * 0.5 = 2, in four voxels.
    error = standard_error(terms, levels=np.ones(2), effective_voxels=4.0, difference=0.0)
    assert error == pytest.approx(2.0 / np.sqrt(4.0), rel=1e-12)
    # A run with four times the noise, and a difference whose square is 3 per voxel: w is half of
    # both differences, so that its variance is (2 + 4 * 2) / 4.
    error = standard_error(terms, levels=np.array([1.0, 4.0]), effective_voxels=4.0, difference=3.0)
    assert error**2 == pytest.approx((4.0 * 2.0**2 + 4.0 * 3.0 * 10.0 / 4.0) / 4.0, rel=1e-12)


@pytest.mark.parametrize("training", ["mean", "gls"])
def test_terms_of_runs_add_up_to_traces_of_the_quadratic_form(training):
    rng = np.random.default_rng(10)
    conditions, partitions = np.tile([1, 2, 3, 0], 6), np.repeat(np.arange(1, 7), 4)
    partitions[conditions == 0] = 0
    design = rng.standard_normal((80, 24))
    weights = pair_weights(conditions, partitions, pairs=PAIRS, training=training, design=design)
    roots = [rng.standard_normal((size, 30)) for size in (4, 12, 8)]
    blocks, levels = [root @ root.T for root in roots], np.array([0.5, 2.0, 1.5])
    joined = linalg.block_diag(
        *(level * block for level, block in zip(levels, blocks, strict=True))
    )
    terms = error_terms(weights, estimates_covariances=blocks)
    form, contrast = weights.quadratic @ joined, weights.difference
    bias = np.trace(form, axis1=1, axis2=2)
    np.testing.assert_allclose(predicted_bias(terms, levels=levels), bias, rtol=1e-10)
    variance = 2.0 * np.trace(form @ form, axis1=1, axis2=2)
    variance += 4.0 * 0.7 * np.einsum("pi,ij,pj->p", contrast, joined, contrast)
    found = standard_error(terms, levels=levels, effective_voxels=9.0, difference=0.7)
    np.testing.assert_allclose(found, np.sqrt(variance / 9.0), rtol=1e-10)


def test_pairs_without_two_partitions_have_no_value():
    conditions, partitions = np.array([1, 2, 3, 1, 2]), np.array([1, 1, 1, 2, 2])
    patterns = np.random.default_rng(8).standard_normal((5, 6))
    weights = pair_weights(conditions, partitions, pairs=PAIRS, training="mean", design=None)
    assert weights.n_partitions.tolist() == [2, 0, 0]
    assert weights.held.tolist() == [[True, True], [False, False], [False, False]]
    found = dissimilarities(
        pattern_products(patterns),
        weights,
        terms=error_terms(weights, estimates_covariances=[np.eye(5)]),
        level=NoiseLevel(np.ones(1), 6.0),
    )
    assert found.raw[0] == pytest.approx(
        (patterns[0] - patterns[1]) @ (patterns[3] - patterns[4]) / 6
    )
    assert np.isnan(np.stack(found)[:, 1:]).all()
    with pytest.raises(ProcessingError, match="two partitions with both conditions; there is 1"):
        mean_weights(conditions, partitions, pair=(1, 3))


def test_value_is_raw_minus_bias():
    rng = np.random.default_rng(9)
    design = run_design(rng)
    weights = weights_of("mean", None)
    found = dissimilarities(
        pattern_products(rng.standard_normal((11, 6))),
        weights,
        terms=error_terms(weights, estimates_covariances=[np.linalg.inv(design.T @ design)]),
        level=NoiseLevel(np.array([1.2]), 5.0),
    )
    np.testing.assert_allclose(found.value, found.raw - found.predicted_bias)
    assert (found.predicted_bias != 0).all()


def test_rows_of_a_stack_are_those_of_their_partitions():
    kept = ~((PARTITIONS == 2) & (CONDITIONS == 1))
    weights = pair_weights(
        CONDITIONS[kept], PARTITIONS[kept], pairs=PAIRS, training="mean", design=None
    )
    assert weights.held.tolist() == [[True, False, True]] * 2 + [[True] * 3]
    assert weights.n_partitions.tolist() == [2, 2, 3]
    own = mean_weights(CONDITIONS[kept], PARTITIONS[kept], pair=(1, 2))
    np.testing.assert_array_equal(weights.test[0, [0, 2]], own.test)
    np.testing.assert_array_equal(weights.training[0, [0, 2]], own.training)
    assert not weights.training[0, 1].any()


def test_unknown_training_is_refused():
    with pytest.raises(ProcessingError, match="`gls` cannot be made"):
        weights_of("gls", None)
    with pytest.raises(ProcessingError, match="`median` cannot be made"):
        weights_of("median", None)
