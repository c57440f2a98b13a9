"""A region over runs: joined partitions, products, values by the equations, simulated noise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bids_ketamine.core.glm.filtered_model import filter_design
from bids_ketamine.core.rsa.contrast_errors import error_terms, predicted_bias, standard_error
from bids_ketamine.core.rsa.discriminant_contrast import discriminant_contrast
from bids_ketamine.core.rsa.noise_covariance import noise_covariance, noise_normalised
from bids_ketamine.core.rsa.noise_level import noise_level, residual_basis
from bids_ketamine.core.rsa.pattern_weights import pair_weights
from bids_ketamine.core.rsa.region_similarity import (
    RunPatterns,
    normalised_products,
    region_similarity,
    similarity_model,
    unbiased_products,
)
from bids_ketamine.core.rsa.reliability import half_dissimilarities
from bids_ketamine.errors import ProcessingError
from tests import ldc_by_hand

N_SCANS, N_VOXELS = 90, 12
DRIFT = np.linalg.qr(np.vander(np.arange(N_SCANS) / N_SCANS, 3)[:, :2])[0]
PAIRS = list(itertools.combinations((1, 2, 3), 2))


def run_of(rng, conditions, partitions, smooth=5):
    """Return the model of a run with overlapping regressors."""
    n_columns = len(conditions)
    design = rng.normal(size=(N_SCANS + smooth, n_columns)).cumsum(axis=0)
    design = design[smooth:] - design[:-smooth]
    model = filter_design(
        np.column_stack([design, np.ones(N_SCANS)]),
        drift=DRIFT,
        whitening=np.eye(N_SCANS),
        covariance=None,
    )
    return RunPatterns(model, np.array([*conditions, 0]), np.array([*partitions, 0]))


def estimated(rng, runs, patterns=None, covariance=None, deviations=None):
    """Return estimates, residuals and independent residuals of simulated runs."""
    root = np.eye(N_VOXELS) if covariance is None else np.linalg.cholesky(covariance).T
    parts = []
    for run, deviation in zip(runs, deviations or [1.0] * len(runs), strict=True):
        series = deviation * rng.normal(size=(N_SCANS, N_VOXELS)) @ root
        model = run.model
        if patterns is not None:
            of_columns = patterns[np.maximum(run.conditions - 1, 0)] * (run.conditions > 0)[:, None]
            series = series + model.design @ of_columns
        filtered = model.filter(series)
        estimates = model.inverse @ filtered
        residuals = filtered - model.design @ estimates
        basis = residual_basis(model.design, drift=model.drift)
        parts.append((estimates, residuals, basis.T @ residuals))
    estimates, residuals, independent = zip(*parts, strict=True)
    return np.concatenate(estimates), np.concatenate(residuals), independent


def test_partitions_of_runs_follow_each_other_without_gaps():
    rng = np.random.default_rng(0)
    blocks = [run_of(rng, (1, 2, 1, 2), (1, 1, 2, 2)), run_of(rng, (1, 2, 1, 2), (1, 1, 3, 3))]
    model = similarity_model(blocks, pairs=[(1, 2)], training="mean")
    assert model.n_partitions == 4
    # The second block of the second run is the third of its own: its number stays its name.
    assert model.partition_labels == ("1.1", "1.2", "2.1", "2.3")
    assert len(model.splits) == 3
    assert model.run_of_partition.tolist() == [0, 0, 1, 1]
    assert model.trace_rv == pytest.approx(sum(run.model.trace_rv for run in blocks))
    whole = [run_of(rng, (1, 2), (1, 1)) for _ in range(3)]
    joined = similarity_model(whole, pairs=[(1, 2)], training="mean")
    assert joined.partition_labels == ("1", "2", "3")
    assert joined.splits == ()
    one = similarity_model(blocks[:1], pairs=[(1, 2)], training="mean")
    assert one.partition_labels == ("1", "2")


def test_runs_have_no_error_in_common():
    rng = np.random.default_rng(1)
    runs = [run_of(rng, (1, 2), (1, 1)) for _ in range(2)]
    model = similarity_model(runs, pairs=[(1, 2)], training="mean")
    difference = np.array([1.0, -1.0, 0.0])
    errors = [difference @ run.model.covariance @ difference for run in runs]
    np.testing.assert_allclose(model.error_products, [np.diag(errors)], rtol=1e-12)
    np.testing.assert_allclose(model.terms.variances, [np.array(errors) / 4.0], rtol=1e-12)
    np.testing.assert_allclose(model.terms.bias, 0.0, atol=1e-15)


def test_means_leave_columns_of_no_interest_out():
    rng = np.random.default_rng(7)
    runs = [run_of(rng, (1, 2, 0, 1, 2), (1, 1, 0, 2, 2)) for _ in range(2)]
    mean = similarity_model(runs, pairs=[(1, 2)], training="mean")
    assert mean.columns.tolist() == [0, 1, 3, 4, 6, 7, 9, 10]
    assert mean.weights.test.shape == (1, 4, 8)
    least = similarity_model(runs, pairs=[(1, 2)], training="gls")
    assert least.columns.tolist() == list(range(12))
    # What a region gives for means is that of weights of all columns.
    estimates, residuals, independent = estimated(rng, runs)
    found = region_similarity(estimates, residuals, independent, model=mean, covariance="diagonal")
    everything = pair_weights(
        np.tile([1, 2, 0, 1, 2, 0], 2),
        np.array([1, 1, 0, 2, 2, 0, 3, 3, 0, 4, 4, 0]),
        pairs=[(1, 2)],
        training="mean",
        design=None,
    )
    noise = noise_covariance(residuals, df=mean.trace_rv, estimator="diagonal")
    raw = discriminant_contrast(noise_normalised(estimates, noise.covariance), everything)
    np.testing.assert_allclose(found.dissimilarities.raw, raw, rtol=1e-12)
    terms = error_terms(everything, estimates_covariances=[run.model.covariance for run in runs])
    bias = predicted_bias(terms, levels=found.level.levels)
    np.testing.assert_allclose(found.dissimilarities.predicted_bias, bias, rtol=1e-10)


@pytest.mark.parametrize("training", ["mean", "gls"])
def test_runs_of_unequal_noise_average_zero(training):
    """Equal patterns, noise of SD 1 and 2, trials of either run in an order of its own."""
    rng = np.random.default_rng(8)
    runs = [
        run_of(rng, (1, 2, 2, 1), (1, 1, 2, 2), smooth=12),
        run_of(rng, (1, 2, 1, 2), (1, 1, 2, 2), smooth=12),
    ]
    model = similarity_model(runs, pairs=[(1, 2)], training=training)
    drawn = [
        region_similarity(
            *estimated(rng, runs, deviations=(1.0, 2.0)),
            model=model,
            covariance="shrinkage_to_diagonal",
        )
        for _ in range(400)
    ]
    value = np.array([each.dissimilarities.value[0] for each in drawn])
    error = value.std() / np.sqrt(400)
    assert abs(value.mean()) < 2 * error
    levels = np.mean([each.level.levels for each in drawn], axis=0)
    assert levels[1] / levels[0] == pytest.approx(4.0, rel=0.05)
    # One level for both runs would be wrong by far more.
    one = np.full(2, levels.mean())
    assert abs((predicted_bias(model.terms, levels=levels - one))[0]) > 6 * error
    claimed = standard_error(
        model.terms,
        levels=levels,
        effective_voxels=np.mean([each.level.effective_voxels for each in drawn]),
        difference=0.0,
    )
    assert claimed[0] == pytest.approx(value.std(), rel=0.1)


def test_halves_of_runs_of_unequal_noise_average_zero():
    rng = np.random.default_rng(9)
    runs = [run_of(rng, (1, 2, 2, 1), (1, 1, 2, 2), smooth=12) for _ in range(2)]
    model = similarity_model(runs, pairs=[(1, 2)], training="mean")
    drawn = []
    for _ in range(400):
        estimates, residuals, independent = estimated(rng, runs, deviations=(1.0, 2.0))
        noise = noise_covariance(residuals, df=model.trace_rv, estimator="diagonal")
        level = noise_level(independent, noise, trace_rv=model.trace_rv_of_runs)
        products = normalised_products(estimates[model.columns], noise.factor)
        between = unbiased_products(products, model, level)
        drawn.append(
            half_dissimilarities(between, model.weights.held, halves=[(1, 2), (3, 4)])[:, 0]
        )
    mean, error = np.mean(drawn, axis=0), np.std(drawn, axis=0) / np.sqrt(400)
    assert (np.abs(mean) < 2.5 * error).all()
    bias = model.error_products[0, [0, 2], [1, 3]] * np.array([0.4, 1.6])
    assert (np.abs(bias) > 4 * error).all()


@pytest.mark.parametrize("estimator", ["shrinkage_to_diagonal", "identity"])
def test_values_are_those_of_the_equations(estimator):
    rng = np.random.default_rng(2)
    runs = [run_of(rng, (1, 2, 3), (1, 1, 1)) for _ in range(4)]
    patterns = rng.normal(size=(3, N_VOXELS))
    estimates, residuals, independent = estimated(rng, runs, patterns)
    model = similarity_model(runs, pairs=PAIRS, training="mean")
    found = region_similarity(estimates, residuals, independent, model=model, covariance=estimator)
    covariance = np.eye(N_VOXELS)
    if estimator != "identity":
        covariance, shrinkage = ldc_by_hand.shrunk_covariance(residuals, model.trace_rv)
        assert found.shrinkage == pytest.approx(shrinkage, abs=1e-12)
    own = estimates.reshape(4, 4, N_VOXELS)  # runs, columns, voxels
    expected = [
        ldc_by_hand.contrast(
            own[:, first - 1], own[:, second - 1], np.linalg.inv(covariance), range(4)
        )
        for first, second in PAIRS
    ]
    np.testing.assert_allclose(found.dissimilarities.raw, expected, rtol=1e-9)
    np.testing.assert_allclose(found.dissimilarities.predicted_bias, 0.0, atol=1e-12)
    assert len(found.reliability) == 3


def test_bias_of_one_run_is_that_of_the_equations():
    rng = np.random.default_rng(3)
    run = run_of(rng, (1, 2, 1, 2, 1, 2), (1, 1, 2, 2, 3, 3))
    parts = estimated(rng, [run])
    model = similarity_model([run], pairs=[(1, 2)], training="mean")
    found = region_similarity(*parts, model=model, covariance="diagonal")
    unit = ldc_by_hand.bias_for_unit_noise(run.model.covariance, [0, 2, 4], [1, 3, 5])
    bias = found.dissimilarities.predicted_bias
    assert bias[0] == pytest.approx(unit * found.level.levels[0], rel=1e-10)
    assert abs(unit) > 1e-4
    np.testing.assert_allclose(
        found.dissimilarities.value, found.dissimilarities.raw - bias, atol=1e-15
    )


def test_equal_patterns_of_one_run_average_zero():
    rng = np.random.default_rng(4)
    run = run_of(rng, (1, 2, 1, 2), (1, 1, 2, 2))
    model = similarity_model([run], pairs=[(1, 2)], training="mean")
    lag = np.abs(np.subtract.outer(np.arange(N_VOXELS), np.arange(N_VOXELS)))
    drawn = [
        region_similarity(
            *estimated(rng, [run], covariance=0.5**lag * 4.0),
            model=model,
            covariance="shrinkage_to_diagonal",
        ).dissimilarities
        for _ in range(300)
    ]
    value = np.array([each.value[0] for each in drawn])
    raw = np.array([each.raw[0] for each in drawn])
    bias = np.array([each.predicted_bias[0] for each in drawn])
    error = value.std() / np.sqrt(300)
    assert abs(value.mean()) < 3 * error
    assert abs(raw.mean() - bias.mean()) < 3 * error
    assert 0.8 < np.mean([each.standard_error[0] for each in drawn]) / value.std() < 1.25


def test_products_are_those_of_the_inverse():
    rng = np.random.default_rng(5)
    estimates, root = rng.normal(size=(5, N_VOXELS)), rng.normal(size=(N_VOXELS, 40))
    covariance = root @ root.T
    expected = estimates @ np.linalg.inv(covariance) @ estimates.T / N_VOXELS
    factor = np.linalg.cholesky(covariance)
    np.testing.assert_allclose(normalised_products(estimates, factor), expected, rtol=1e-9)


def test_one_voxel_is_a_region_and_too_many_are_refused():
    rng = np.random.default_rng(6)
    runs = [run_of(rng, (1, 2), (1, 1)) for _ in range(2)]
    estimates, residuals, independent = estimated(rng, runs)
    model = similarity_model(runs, pairs=[(1, 2)], training="mean")
    one = region_similarity(
        estimates[:, :1], residuals[:, :1], [each[:, :1] for each in independent], model=model,
        covariance="shrinkage_to_diagonal",
    )  # fmt: skip
    variance = np.sum((residuals[:, 0] - residuals[:, 0].mean()) ** 2) / model.trace_rv
    difference = (estimates[[0, 3], 0] - estimates[[1, 4], 0]) / np.sqrt(variance)
    assert one.dissimilarities.raw[0] == pytest.approx(difference.prod(), rel=1e-10)
    many = np.hstack([residuals + 0.1 * rng.normal(size=residuals.shape) for _ in range(20)])
    with pytest.raises(ProcessingError, match="240 voxels are too many for a noise covariance"):
        region_similarity(
            np.hstack([estimates] * 20), many, [np.hstack([each] * 20) for each in independent],
            model=model, covariance="full",
        )  # fmt: skip
