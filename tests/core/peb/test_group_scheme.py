"""Free energy of a second level, its slopes, and what they are where precisions are known."""

import numpy as np
import pytest

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.group_model import SPM_LOG_PRECISION_VARIANCE, group_model
from bids_ketamine.core.peb.group_scheme import evaluate
from tests.core.peb.gaussian_groups import (
    Gaussian,
    effects_of_known_precision,
    group_of_regressions,
)

#: Ridges of 1e-8 in what SPM12 inverts. They are in the free energy and not in all its slopes.
OF_RIDGE = 1e-6

N_MODELS = 12
PRIOR = Gaussian(np.array([0.2, 0.0, -0.1]), np.diag([0.5, 1.0, 0.25]))
COVARIATE = np.linspace(-1.5, 1.5, N_MODELS)
MEANS = np.array([0.9, -0.4, 0.3]) + COVARIATE[:, None] * np.array([0.0, 0.5, 0.0])
WEIGHTS = np.linspace(0.3, 2.0, N_MODELS)


def laid_out(columns, *, seed=3, weights=None, components="all", prior=PRIOR):
    models = group_of_regressions(seed, means=MEANS, prior=prior, between_deviation=0.2)
    model = group_model(
        models,
        design=group_design(columns, rows=models.labels),
        fields=None,
        precision_components=components,
        between_ratio=16.0,
        log_precision_variance=SPM_LOG_PRECISION_VARIANCE,
        weights=weights,
    )
    return models, model


def anywhere(model, seed=0):
    """Return effects and log precisions away from any special place."""
    rng = np.random.default_rng(seed)
    effects = model.prior_mean + 0.3 * rng.normal(size=len(model.prior_mean))
    return effects, 0.5 * rng.normal(size=len(model.components))


def maximum(model, log_precision, effects):
    """Return where the free energy is greatest in the effects: it is a parabola in them."""
    found = evaluate(model, effects, log_precision)
    own = slice(0, len(effects))
    step = np.linalg.solve(-found.curvature[own, own], found.gradient[own])
    return effects + step, np.linalg.inv(-found.curvature[own, own])


# Known precision ------------------------------------------------------------------------------


def test_with_an_intercept_alone_the_mean_is_weighted_by_precision():
    models, model = laid_out({"mean": np.ones(N_MODELS)}, components="single")
    effects, log_precision = anywhere(model)
    between = np.linalg.inv(
        (np.exp(log_precision[0]) + np.exp(-8.0)) * 16.0 * np.linalg.inv(PRIOR.covariance)
    )
    mean, covariance = maximum(model, log_precision, effects)
    expected = effects_of_known_precision(models, np.ones((N_MODELS, 1)), between, PRIOR)
    turned = model.directions
    np.testing.assert_allclose(turned @ mean, expected.mean, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(
        turned @ covariance @ turned.T, expected.covariance, rtol=0, atol=1e-8
    )


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
@pytest.mark.parametrize("seed", range(3))
def test_effects_of_covariates_are_weighted_by_precision(seed, weights):
    columns = {"mean": np.ones(N_MODELS), "dose": COVARIATE, "dose squared": COVARIATE**2}
    models, model = laid_out(columns, weights=weights)
    effects, log_precision = anywhere(model, seed)
    precision = evaluate(model, effects, log_precision).precision
    turned = model.directions
    between = np.array([(turned / precision) @ turned.T] * N_MODELS)
    between /= model.weights[:, None, None]
    across = np.kron(np.eye(3), turned)
    prior = Gaussian(across @ model.prior_mean, (across * model.prior_variance) @ across.T)
    expected = effects_of_known_precision(models, model.matrix, between, prior)
    mean, covariance = maximum(model, log_precision, effects)
    np.testing.assert_allclose(across @ mean, expected.mean, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(
        across @ covariance @ across.T, expected.covariance, rtol=0, atol=1e-7
    )


def test_the_maximum_in_the_effects_is_found_from_everywhere():
    _, model = laid_out({"mean": np.ones(N_MODELS), "dose": COVARIATE})
    _, log_precision = anywhere(model)
    one, other = (maximum(model, log_precision, anywhere(model, each)[0])[0] for each in (1, 2))
    np.testing.assert_allclose(one, other, rtol=0, atol=2 * OF_RIDGE)


# Slopes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("components", ["single", "all"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_slopes_are_differences(weights, components):
    columns = {"mean": np.ones(N_MODELS), "dose": COVARIATE}
    _, model = laid_out(columns, weights=weights, components=components)
    effects, log_precision = anywhere(model)
    here, n_effects = np.concatenate([effects, log_precision]), len(effects)

    def at(point):
        return evaluate(model, point[:n_effects], point[n_effects:])

    def climbed(point):
        """The part that slopes are of: priors and evidence, without log-determinants."""
        found = at(point)
        away = (point[:n_effects] - model.prior_mean) ** 2 / model.prior_variance
        prior = away.sum() + (point[n_effects:] ** 2).sum() / SPM_LOG_PRECISION_VARIANCE
        return found.free_energy + found.complexity - 0.5 * prior

    steps = 1e-4 * np.eye(len(here))
    slopes = [(climbed(here + each) - climbed(here - each)) / 2e-4 for each in steps]
    bends = [(at(here + each).gradient - at(here - each).gradient) / 2e-4 for each in steps]
    found = at(here)
    # Ridges over the variance between models, 0.01, show at this size.
    near = 2e-5 * np.abs(found.gradient).max()
    np.testing.assert_allclose(found.gradient, slopes, rtol=0, atol=near)
    near = 2e-5 * np.abs(found.curvature).max()
    np.testing.assert_allclose(found.curvature, bends, rtol=0, atol=near)
    np.testing.assert_allclose(found.curvature, found.curvature.T, rtol=0, atol=1e-10)


@pytest.mark.parametrize("scale", [1e-3, 0.1, 30.0])
def test_the_unit_of_a_covariate_is_a_reparametrization(scale):
    """Effect times scale is the same effect: the free energy is the same number."""
    _, one = laid_out({"mean": np.ones(N_MODELS), "dose": COVARIATE})
    _, other = laid_out({"mean": np.ones(N_MODELS), "dose": scale * COVARIATE})
    effects, log_precision = anywhere(one)
    units = np.repeat([1.0, scale], 3)
    found, again = (
        evaluate(one, effects, log_precision),
        evaluate(other, effects / units, log_precision),
    )
    assert again.free_energy == pytest.approx(found.free_energy, abs=1e-9)
    np.testing.assert_allclose(again.gradient[6:], found.gradient[6:], rtol=1e-10)
    np.testing.assert_allclose(again.gradient[:6] / units, found.gradient[:6], rtol=1e-10)


def test_a_weight_is_a_number_of_random_effects():
    """A weight of infinity leaves no random effect: the model obeys the design."""
    _, model = laid_out({"mean": np.ones(N_MODELS)}, weights=np.full(N_MODELS, 1e9))
    effects, log_precision = anywhere(model)
    found = evaluate(model, effects, log_precision)
    np.testing.assert_allclose(found.reduced_mean, found.predicted, rtol=0, atol=1e-6)
