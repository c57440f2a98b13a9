"""What a second level refuses, in a sentence that names it; and what only looks like it."""

import numpy as np
import pytest

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb, models_of_pebs
from bids_ketamine.core.peb.models import first_level_models
from bids_ketamine.core.peb.prediction import leave_one_out
from bids_ketamine.core.peb.student_t import estimate_student_t_peb
from bids_ketamine.errors import InputDataError
from tests.core.peb.gaussian_groups import Gaussian, group_of_regressions

PRIOR = Gaussian(np.array([0.2, 0.0, -0.1]), np.diag([1.0, 0.5, 0.25]))
N = 6
LABELS = tuple(f"sub-{row + 1:02d}" for row in range(N))


@pytest.fixture(scope="module")
def models():
    means = np.tile([0.9, -0.4, 0.3], (N, 1))
    return group_of_regressions(4, means=means, prior=PRIOR, between_deviation=0.15)


def constant(models):
    return group_design({"mean": np.ones(models.n_models)}, rows=models.labels)


def estimated(models, **changed):
    settings = {"fields": None, "precision_components": "all"} | changed
    return estimate_peb(models, design=constant(models), **settings)


def with_posterior(models, covariance):
    """Return models made anew with another posterior covariance of the third one."""
    covariances = list(models.posterior_covariance)
    covariances[2] = covariance
    return first_level_models(
        posterior_mean=models.posterior_mean,
        posterior_covariance=covariances,
        prior_mean=models.prior_mean,
        prior_covariance=models.prior_covariance,
        free_energy=models.free_energy,
        parameters=models.parameters,
        fields=models.fields,
        labels=models.labels,
    )


@pytest.mark.parametrize(
    "covariance",
    [
        np.diag([0.1, 0.0, 0.1]),
        np.diag([0.1, -0.1, 0.1]),
        np.array([[0.1, 0.2, 0.0], [0.2, 0.1, 0.0], [0.0, 0.0, 0.1]]),
    ],
)
def test_a_posterior_that_is_no_covariance(models, covariance):
    with pytest.raises(InputDataError, match="of sub-03 is not positive definite") as raised:
        with_posterior(models, covariance)
    assert raised.value.cure


def test_certainty_of_a_fixed_parameter_is_none():
    prior = Gaussian(PRIOR.mean, np.diag([1.0, 0.0, 0.25]))
    means = np.tile([0.9, 0.0, 0.3], (N, 1))
    models = group_of_regressions(4, means=means, prior=prior, between_deviation=0.1)
    assert (models.posterior_covariance[:, 1, 1] == 0.0).all()
    assert estimated(models).parameters == ("p1", "p3")


def test_a_posterior_wider_than_the_prior(models):
    wider = with_posterior(models, np.diag([0.1, 0.6, 0.1]))
    with pytest.raises(InputDataError, match="wider than their priors: sub-03") as raised:
        estimated(wider)
    assert raised.value.cure
    # What is not in the second level may be anything.
    fields = ("modulation", "connection", "modulation")
    assert estimated(wider._replace(fields=fields), fields=["modulation"]).converged


def test_a_posterior_that_learnt_nothing_is_no_wider_than_its_prior(models):
    nothing = with_posterior(models, PRIOR.covariance)
    found = estimated(nothing)
    others = estimated(nothing.rows([0, 1, 3, 4, 5]))
    assert np.isfinite(found.posterior_mean).all()
    # A model that says nothing hardly moves the mean.
    deviation = others.posterior_deviation
    assert (np.abs(found.posterior_mean - others.posterior_mean) < 0.5 * deviation).all()


@pytest.mark.parametrize(
    "weights", [[1.0] * 5, [1.0] * 5 + [0.0], [1.0] * 5 + [-1.0], [1.0] * 5 + [np.nan], 1.0]
)
def test_weights_that_are_no_weights(models, weights):
    with pytest.raises(InputDataError, match="Weights are not 6 positive numbers"):
        estimated(models, weights=weights)


def test_second_levels_need_a_label_each(models):
    one = estimated(models)
    with pytest.raises(InputDataError, match="1 second levels with 2 labels"):
        models_of_pebs([one], labels=["midazolam", "ketamine"])
    with pytest.raises(InputDataError, match="0 second levels with 0 labels"):
        models_of_pebs([], labels=[])


def test_what_one_has_alone_cannot_be_predicted_for_them(models):
    only = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    # Zero in all others, centred, or in two columns: without sub-04 it is no column of its own.
    told = "`drug` without sub-04. "
    for values in (only, only - only.mean(), 3.0 * only + 7.0):
        design = group_design({"mean": np.ones(N), "drug": values}, rows=LABELS)
        with pytest.raises(InputDataError, match=told) as raised:
            leave_one_out(models, design=design, fields=None)
        assert raised.value.message.count("without") == 1
        assert raised.value.cure
    columns = {"mean": np.ones(N), "age": np.arange(N) - 2.5, "drug": only - only.mean()}
    with pytest.raises(InputDataError, match=told):
        leave_one_out(models, design=group_design(columns, rows=LABELS), fields=None)


def test_models_join_in_order(models):
    joined = models.rows([0, 1]).joined(models.rows([4, 2]))
    for own, expected in zip(joined, models.rows([0, 1, 4, 2]), strict=True):
        np.testing.assert_array_equal(own, expected)


@pytest.mark.parametrize("student", [False, True])
def test_precisions_that_are_known_stay(models, student):
    # Of a variance near 0, the log precision is its prior mean, 0, whatever the data say.
    settings = {"fields": None, "precision_components": "all", "design": constant(models)}
    if student:
        # So many degrees of freedom are the Gaussian level.
        settings |= {"participants": models.labels, "degrees_of_freedom": 1e9}
    estimate = estimate_student_t_peb if student else estimate_peb
    known = estimate(models, log_precision_variance=1e-10, **settings)
    np.testing.assert_allclose(known.log_precision, 0.0, rtol=0, atol=1e-7)
    expected = PRIOR.covariance / 16.0 / (1.0 + np.exp(-8.0))
    np.testing.assert_allclose(known.between_covariance, expected, rtol=1e-6, atol=1e-12)
    free = estimate(models, log_precision_variance=4.0, **settings)
    usual = estimate(models, **settings)
    moved = [np.abs(each.log_precision).max() for each in (known, usual, free)]
    assert moved[0] < moved[1] < moved[2]


@pytest.mark.parametrize(("deviation", "expected"), [(1.0, True), (1e-4, False)])
def test_a_covariate_too_small_to_move_is_not_called_converged(deviation, expected):
    """SPM12's scheme ends where its steps change nothing: far from there for tiny covariates."""
    slope = np.linspace(-1.0, 1.0, N)
    means = np.outer(np.ones(N), [0.9, -0.4, 0.3]) + 0.5 * slope[:, None]
    models = group_of_regressions(5, means=means, prior=PRIOR, between_deviation=0.05)
    columns = {"mean": np.ones(N), "slope": deviation * slope / slope.std()}
    design = group_design(columns, rows=models.labels)
    found = estimate_peb(models, design=design, fields=None, precision_components="all")
    assert found.converged is expected
    assert bool(abs(found.posterior_mean[0, 1]) > 0.1) is expected
