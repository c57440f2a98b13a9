"""The Gaussian second level: closed forms where precisions are known, symmetries where not."""

import numpy as np
import pytest
from scipy.linalg import block_diag
from scipy.stats import norm

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.core.peb.models import first_level_models
from bids_ketamine.errors import InputDataError
from tests.core.peb.gaussian_groups import (
    Gaussian,
    effects_of_known_precision,
    group_of_regressions,
    likelihoods,
    log_density,
)

PRIOR = Gaussian(np.array([0.2, 0.0, -0.1]), np.diag([1.0, 0.5, 0.25]))
N_MODELS = 12
COVARIATE = np.linspace(-1.5, 1.5, N_MODELS)
MEANS = np.array([0.9, -0.4, 0.3]) + COVARIATE[:, None] * np.array([0.0, 0.5, 0.0])

#: Ridges of 1e-8 in what SPM12 inverts.
OF_RIDGE = 1e-6

#: The scheme ends when a step gains less than 1e-4 nats of a free energy whose log-determinants
#: its slopes leave out: so near it comes to the point where they vanish.
OF_SCHEME = 2e-3


def group(seed=0, **changed):
    arguments = {"means": MEANS, "prior": PRIOR, "between_deviation": 0.15} | changed
    return group_of_regressions(seed, **arguments)


def intercept(models):
    return group_design({"mean": np.ones(models.n_models)}, rows=models.labels)


def with_covariate(models, values=COVARIATE):
    return group_design({"mean": np.ones(models.n_models), "dose": values}, rows=models.labels)


def estimated(models, design=None, **changed):
    settings = {"fields": None, "precision_components": "all"} | changed
    return estimate_peb(models, design=intercept(models) if design is None else design, **settings)


def effects_prior(estimate):
    return Gaussian(estimate.prior_mean, estimate.prior_covariance)


# Estimates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("components", ["single", "all", "fields"])
@pytest.mark.parametrize("seed", range(3))
def test_effects_are_weighted_by_the_precision_between_and_within(seed, components):
    models = group(seed)
    design = with_covariate(models)
    estimate = estimated(models, design, precision_components=components)
    assert estimate.converged
    expected = effects_of_known_precision(
        models, design.matrix, estimate.between_covariance, effects_prior(estimate)
    )
    np.testing.assert_allclose(
        estimate.posterior_covariance, expected.covariance, rtol=0, atol=OF_RIDGE
    )
    found = estimate.posterior_mean.ravel(order="F")
    np.testing.assert_allclose(found, expected.mean, rtol=0, atol=OF_SCHEME)


def test_free_energy_is_the_evidence_of_all_data_less_the_price_of_the_precisions():
    prior = Gaussian(np.zeros(3), PRIOR.covariance)
    models = group(4, prior=prior)
    design = with_covariate(models)
    estimate = estimated(models, design)
    own, pull = likelihoods(models)
    # What each model's data say of its parameters is a Gaussian observation of them.
    observed = np.linalg.solve(own, pull[..., None])[..., 0]
    noise = np.linalg.inv(own)
    between = [each + estimate.between_covariance for each in noise]
    effects = np.kron(design.matrix, np.eye(3))
    together = effects @ estimate.prior_covariance @ effects.T + block_diag(*between)
    evidence = log_density(np.zeros(36), together, observed.ravel())
    evidence -= sum(
        log_density(mean, each + first, seen)
        for mean, each, first, seen in zip(
            models.prior_mean, noise, models.prior_covariance, observed, strict=True
        )
    )
    # Shrinkage leaves the factor by which evidence of a model was too large: none is left in F.
    log_precision = estimate.state.log_precision
    price = 0.5 * 16.0 * log_precision @ log_precision
    full = np.linalg.inv(-estimate.state.curvature)[6:, 6:]
    price -= 0.5 * np.linalg.slogdet(16.0 * full)[1]
    expected = models.free_energy.sum() + evidence - price
    assert estimate.free_energy == pytest.approx(expected, abs=OF_SCHEME)


# Priors ---------------------------------------------------------------------------------------


def test_priors_of_the_effects():
    models = group()
    values = 3.0 * COVARIATE + 1.0
    estimate = estimated(models, with_covariate(models, values))
    np.testing.assert_allclose(estimate.prior_mean, [0.2, 0.0, -0.1, 0.0, 0.0, 0.0], atol=1e-15)
    spread = N_MODELS / (values**2).sum()
    expected = np.diag([1.0, 0.5, 0.25, spread, 0.5 * spread, 0.25 * spread])
    np.testing.assert_allclose(estimate.prior_covariance, expected, rtol=1e-14)


@pytest.mark.parametrize(("components", "n"), [("single", 1), ("all", 3), ("fields", 2)])
def test_precision_components_make_up_the_prior_precision(components, n):
    models = group(fields=("connection", "modulation", "modulation"))
    estimate = estimated(models, precision_components=components)
    assert estimate.components.shape == (n, 3, 3)
    np.testing.assert_allclose(
        estimate.components.sum(axis=0), np.diag([16.0, 32.0, 64.0]), rtol=1e-12
    )
    assert estimate.log_precision.shape == (n,)


def test_variance_between_models_is_found():
    """Of each parameter its own, from 200 models; first-level noise adds 1/30 of it or less."""
    means = np.zeros((200, 2))
    prior = Gaussian(np.zeros(2), np.diag([1.0, 1.0]))
    models = group_of_regressions(
        11, means=means, prior=prior, between_deviation=0.3, noise_variance=0.1
    )
    estimate = estimated(models)
    found = np.sqrt(np.diagonal(estimate.between_covariance))
    np.testing.assert_allclose(found, 0.3, rtol=0.1)


# What enters ----------------------------------------------------------------------------------


def test_only_the_wanted_free_parameters_enter():
    prior = Gaussian(np.zeros(4), np.diag([1.0, 0.0, 0.5, 0.25]))
    models = group(
        means=np.tile([0.5, 0.0, -0.3, 0.2], (N_MODELS, 1)),
        prior=prior,
        names=("a", "b", "c", "d"),
        fields=("modulation", "modulation", "connection", "modulation"),
    )
    estimate = estimated(models, fields=["modulation"])
    assert estimate.parameters == ("a", "d")
    assert estimate.fields == ("modulation", "modulation")
    np.testing.assert_array_equal(estimate.positions, [0, 3])
    everything = estimated(models, fields=None)
    assert everything.parameters == ("a", "c", "d")


def test_the_order_of_parameters_does_not_matter():
    models = group(3)
    order = np.array([2, 0, 1])
    turned = models._replace(
        posterior_mean=models.posterior_mean[:, order],
        posterior_covariance=models.posterior_covariance[:, order][:, :, order],
        prior_mean=models.prior_mean[:, order],
        prior_covariance=models.prior_covariance[:, order][:, :, order],
        parameters=tuple(models.parameters[each] for each in order),
    )
    one = estimated(models, with_covariate(models))
    other = estimated(turned, with_covariate(turned))
    np.testing.assert_allclose(other.posterior_mean, one.posterior_mean[order], atol=1e-11)
    assert other.free_energy == pytest.approx(one.free_energy, abs=1e-9)
    np.testing.assert_allclose(
        other.between_covariance, one.between_covariance[np.ix_(order, order)], atol=1e-11
    )


def test_the_order_of_models_does_not_matter():
    models = group(3)
    order = np.random.default_rng(1).permutation(N_MODELS)
    one = estimated(models, with_covariate(models))
    turned = models.rows(order)
    other = estimated(turned, with_covariate(turned, COVARIATE[order]))
    np.testing.assert_allclose(other.posterior_mean, one.posterior_mean, atol=1e-11)
    assert other.free_energy == pytest.approx(one.free_energy, abs=1e-9)


@pytest.mark.parametrize("scale", [0.1, 7.0])
def test_the_unit_of_a_covariate_is_no_more_than_a_unit(scale):
    """The model is the same, the scheme's path is not: it ends within a hundredth of an sd."""
    models = group(5)
    one = estimated(models, with_covariate(models))
    other = estimated(models, with_covariate(models, scale * COVARIATE))
    units = np.array([1.0, scale])
    distance = np.abs(other.posterior_mean * units - one.posterior_mean)
    assert (distance < 0.01 * one.posterior_deviation).all()
    np.testing.assert_allclose(
        other.posterior_deviation * units, one.posterior_deviation, rtol=1e-2
    )
    assert other.free_energy == pytest.approx(one.free_energy, abs=0.05)


def test_probability_is_of_the_effects_sign():
    models = group(6)
    estimate = estimated(models, with_covariate(models))
    deviation = np.sqrt(np.diagonal(estimate.posterior_covariance)).reshape(2, 3).T
    np.testing.assert_allclose(estimate.posterior_deviation, deviation, rtol=1e-14)
    expected = norm.cdf(np.abs(estimate.posterior_mean) / deviation)
    np.testing.assert_allclose(estimate.posterior_probability, expected, rtol=1e-14)
    assert estimate.posterior_probability[1, 1] > 0.99
    assert estimate.posterior_probability.min() >= 0.5


# Mistakes -------------------------------------------------------------------------------------


def test_a_design_of_other_rows():
    models = group()
    fewer = models.rows(np.arange(5))
    with pytest.raises(InputDataError, match="12 rows for 5 models"):
        estimated(fewer, with_covariate(models))


def test_a_kind_that_no_free_parameter_has():
    with pytest.raises(InputDataError, match="driving") as raised:
        estimated(group(), fields=["driving"])
    assert "modulation" in raised.value.cure


def test_correlated_parameters_have_no_kind_of_their_own():
    prior = Gaussian(np.zeros(2), np.array([[1.0, 0.3], [0.3, 1.0]]))
    models = group_of_regressions(
        1,
        means=np.zeros((6, 2)),
        prior=prior,
        between_deviation=0.1,
        fields=("connection", "modulation"),
    )
    with pytest.raises(InputDataError, match="correlated"):
        estimated(models, precision_components="fields")


def test_one_model_is_a_group_of_one():
    """Nothing is shrunk; the mean is the model's own posterior, drawn to the prior."""
    models = group().rows([0])
    estimate = estimated(models)
    expected = effects_of_known_precision(
        models, np.ones((1, 1)), estimate.between_covariance, PRIOR
    )
    # The scheme ends at 0.05 standard deviations from where its slopes vanish.
    near = 0.1 * estimate.posterior_deviation[:, 0]
    assert (np.abs(estimate.posterior_mean[:, 0] - expected.mean) < near).all()
    np.testing.assert_allclose(
        estimate.posterior_covariance, expected.covariance, rtol=0, atol=OF_RIDGE
    )


def test_models_as_lists_or_arrays_are_the_same_models():
    models = group(1)
    again = first_level_models(
        posterior_mean=models.posterior_mean.tolist(),
        posterior_covariance=models.posterior_covariance.tolist(),
        prior_mean=models.prior_mean.tolist(),
        prior_covariance=models.prior_covariance.tolist(),
        free_energy=models.free_energy.tolist(),
        parameters=models.parameters,
        fields=models.fields,
        labels=models.labels,
    )
    one, other = estimated(models), estimated(again)
    np.testing.assert_array_equal(one.posterior_mean, other.posterior_mean)
    assert one.free_energy == other.free_energy
