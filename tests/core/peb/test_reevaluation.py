"""Participants under the prior of their group: against models computed from the data."""

import numpy as np
import pytest

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.core.peb.reevaluation import reevaluated_models
from tests.core.peb.gaussian_groups import Gaussian, group_of_regressions, regression

N_MODELS = 10
COVARIATE = np.linspace(-1.0, 1.0, N_MODELS)
FIELDS = ("modulation", "connection", "modulation", "decay")
#: The third is fixed, at a value of its own.
PRIOR = Gaussian(np.array([0.1, 0.0, 0.2, 0.0]), np.diag([1.0, 0.5, 0.0, 0.004]))
SEEDS = range(20, 20 + N_MODELS)


def tasks():
    rng = np.random.default_rng(6)
    true = np.array([0.6, -0.4, 0.2, 0.0]) + 0.1 * rng.normal(size=(N_MODELS, 4)) * [1, 1, 0, 0]
    true[:, 0] += 0.5 * COVARIATE
    return [
        regression(seed, parameters=own, n_rows=12) for seed, own in zip(SEEDS, true, strict=True)
    ]


def estimated(*, fields=("modulation", "connection"), weights=None):
    template = group_of_regressions(
        1, means=np.zeros((N_MODELS, 4)), prior=PRIOR, between_deviation=0.1, fields=FIELDS
    )
    posteriors = [task.posterior(PRIOR) for task in tasks()]
    models = template._replace(
        posterior_mean=np.array([each.mean for each in posteriors]),
        posterior_covariance=np.array([each.covariance for each in posteriors]),
        free_energy=np.array([task.log_evidence(PRIOR) for task in tasks()]),
    )
    design = group_design({"mean": np.ones(N_MODELS), "dose": COVARIATE}, rows=models.labels)
    return estimate_peb(
        models,
        design=design,
        fields=list(fields),
        precision_components="all",
        weights=weights,
    )


@pytest.mark.parametrize("weights", [None, np.linspace(0.2, 3.0, N_MODELS)])
def test_models_are_those_that_the_data_give_under_the_prior_of_the_group(weights):
    estimate = estimated(weights=weights)
    found = reevaluated_models(estimate)
    price = estimate.complexity / N_MODELS
    for row, task in enumerate(tasks()):
        prior = Gaussian(found.prior_mean[row], found.prior_covariance[row])
        posterior = task.posterior(prior)
        np.testing.assert_allclose(found.posterior_mean[row], posterior.mean, atol=1e-6)
        np.testing.assert_allclose(found.posterior_covariance[row], posterior.covariance, atol=1e-6)
        evidence = task.log_evidence(prior)
        assert found.free_energy[row] + price == pytest.approx(evidence, abs=1e-5)


def test_the_prior_of_the_group_is_of_the_parameters_that_entered():
    estimate = estimated(fields=("modulation",))
    found = reevaluated_models(estimate)
    assert estimate.positions.tolist() == [0]
    np.testing.assert_array_equal(found.prior_mean[:, 1:], np.tile(PRIOR.mean[1:], (N_MODELS, 1)))
    np.testing.assert_allclose(
        found.prior_covariance[:, 1:, 1:], [PRIOR.covariance[1:, 1:]] * N_MODELS, atol=1e-12
    )
    np.testing.assert_allclose(
        found.prior_covariance[:, 0, 0], estimate.between_covariance[0, 0], rtol=1e-10
    )
    # Predicted by the design, at the last evaluation: a step of the scheme from the estimate.
    predicted = estimate.design.matrix @ estimate.posterior_mean[0]
    np.testing.assert_allclose(found.prior_mean[:, 0], predicted, rtol=0, atol=5e-3)


def test_weights_divide_the_variance_of_the_group():
    weights = np.linspace(0.2, 3.0, N_MODELS)
    found = reevaluated_models(estimated(weights=weights))
    products = found.prior_covariance[:, 0, 0] * weights
    np.testing.assert_allclose(products, products[0], rtol=1e-9)


def test_participants_come_nearer_to_each_other():
    estimate = estimated()
    found = reevaluated_models(estimate)
    away = estimate.models.posterior_mean - found.prior_mean
    nearer = found.posterior_mean - found.prior_mean
    for place in estimate.positions:
        assert (nearer[:, place] ** 2).sum() < 0.8 * (away[:, place] ** 2).sum()


def test_what_is_fixed_stays():
    found = reevaluated_models(estimated())
    np.testing.assert_array_equal(found.posterior_mean[:, 2], 0.2)
    np.testing.assert_array_equal(found.prior_covariance[:, 2], 0.0)
    np.testing.assert_array_equal(found.posterior_covariance[:, 2], 0.0)


def test_names_and_labels_stay():
    estimate = estimated()
    found = reevaluated_models(estimate)
    assert found.labels == estimate.models.labels
    assert found.parameters == estimate.models.parameters
    assert found.fields == FIELDS
