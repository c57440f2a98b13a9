"""A covariate predicted for each participant from the others."""

import warnings

import numpy as np
import pytest
from scipy import stats

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.prediction import leave_one_out
from bids_ketamine.errors import InputDataError
from tests.core.peb.gaussian_groups import Gaussian, group_of_regressions

N_MODELS = 12
COVARIATE = np.linspace(-2.0, 2.0, N_MODELS)
SLOPES = np.array([0.4, 0.0, -0.6])

#: Of different variances, in no order: SPM12 sorts one side by them and not the other.
PRIOR = Gaussian(np.zeros(3), np.diag([0.25, 1.0, 0.5]))


def group(*, slopes=SLOPES, between=0.05, seed=2):
    means = np.array([0.5, -0.3, 0.2]) + COVARIATE[:, None] * slopes
    return group_of_regressions(
        seed, means=means, prior=PRIOR, between_deviation=between, noise_variance=0.2
    )


def predicted(models, values=COVARIATE, **settings):
    design = group_design({"mean": np.ones(models.n_models), "dose": values}, rows=models.labels)
    return leave_one_out(models, design=design, fields=None, **settings)


def turned(models, order):
    return models._replace(
        posterior_mean=models.posterior_mean[:, order],
        posterior_covariance=models.posterior_covariance[:, order][:, :, order],
        prior_mean=models.prior_mean[:, order],
        prior_covariance=models.prior_covariance[:, order][:, :, order],
        parameters=tuple(models.parameters[each] for each in order),
    )


def test_a_covariate_that_shows_in_the_parameters_is_predicted():
    found = predicted(group())
    np.testing.assert_allclose(found.mean, COVARIATE, rtol=0, atol=0.6)
    assert found.r > 0.95
    assert (found.variance > 0.0).all()


def test_statistics_are_those_of_the_correlation():
    found = predicted(group())
    r, p = stats.pearsonr(COVARIATE, found.mean, alternative="greater")
    assert found.r == pytest.approx(r, abs=1e-12)
    assert found.p == pytest.approx(p, rel=1e-9)
    assert found.df == N_MODELS - 2
    assert found.t == pytest.approx(r * np.sqrt((N_MODELS - 2) / (1 - r**2)), rel=1e-9)


def test_a_covariate_that_does_not_show_is_not_predicted():
    found = predicted(group(slopes=np.zeros(3)))
    assert abs(found.r) < 0.8
    assert np.abs(found.mean).max() < 2.0


@pytest.mark.parametrize("order", [[1, 2, 0], [2, 1, 0], [0, 2, 1]])
def test_the_order_of_parameters_does_not_matter(order):
    """SPM12 mixes parameters of different prior variance here; this must not."""
    models = group()
    one, other = predicted(models), predicted(turned(models, order))
    np.testing.assert_allclose(other.mean, one.mean, rtol=0, atol=1e-9)
    np.testing.assert_allclose(other.variance, one.variance, rtol=0, atol=1e-9)
    np.testing.assert_allclose(other.level_probability, one.level_probability, rtol=0, atol=1e-9)


def test_the_order_of_participants_does_not_matter():
    models = group()
    order = np.random.default_rng(3).permutation(N_MODELS)
    one, other = predicted(models), predicted(models.rows(order), COVARIATE[order])
    np.testing.assert_allclose(other.mean, one.mean[order], rtol=0, atol=1e-9)
    assert other.r == pytest.approx(one.r, abs=1e-9)


def test_the_one_left_out_does_not_tell_his_covariate():
    """Another value of his own changes only the level, not what is predicted for him."""
    models = group()
    changed = COVARIATE.copy()
    changed[4] = 1.7
    one, other = predicted(models), predicted(models, changed)
    assert other.mean[4] == pytest.approx(one.mean[4], abs=1e-12)
    assert other.variance[4] == pytest.approx(one.variance[4], abs=1e-12)
    assert np.abs(np.delete(other.mean - one.mean, 4)).min() > 1e-6


def test_two_arms_are_told_apart():
    arm = np.repeat([-1.0, 1.0], N_MODELS // 2)
    means = np.array([0.5, -0.3, 0.2]) + arm[:, None] * SLOPES
    models = group_of_regressions(
        7, means=means, prior=PRIOR, between_deviation=0.05, noise_variance=0.2
    )
    found = predicted(models, arm)
    np.testing.assert_array_equal(found.levels, [-1.0, 1.0])
    assert found.level_probability.shape == (2, N_MODELS)
    np.testing.assert_allclose(found.level_probability.sum(axis=0), 1.0, rtol=1e-12)
    right = found.level_probability[(arm > 0).astype(int), np.arange(N_MODELS)]
    assert (right > 0.9).all()


def test_other_covariates_are_known_of_the_one_left_out():
    models = group()
    other = np.cos(np.arange(N_MODELS))
    design = group_design(
        {"mean": np.ones(N_MODELS), "dose": COVARIATE, "age": other - other.mean()},
        rows=models.labels,
    )
    found = leave_one_out(models, design=design, fields=None)
    assert found.r > 0.95


def test_predictions_that_are_all_the_same_correlate_with_nothing():
    """Models that say what their prior says leave the covariate at its mean, 0."""
    models = group()
    silent = models._replace(
        posterior_mean=np.zeros_like(models.posterior_mean),
        posterior_covariance=models.prior_covariance.copy(),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = predicted(silent)
    np.testing.assert_array_equal(found.mean, 0.0)
    assert np.isnan([found.r, found.t, found.p]).all()
    assert found.df == N_MODELS - 2
    np.testing.assert_allclose(found.level_probability.sum(axis=0), 1.0, rtol=1e-12)


@pytest.mark.parametrize("n_columns", [1, 2])
def test_what_cannot_be_predicted(n_columns):
    models = group().rows([0, 1]) if n_columns == 2 else group()
    columns = {"mean": np.ones(models.n_models), "dose": COVARIATE[: models.n_models]}
    columns = dict(list(columns.items())[:n_columns])
    design = group_design(columns, rows=models.labels)
    with pytest.raises(InputDataError, match=f"{models.n_models} models and {n_columns}") as raised:
        leave_one_out(models, design=design, fields=None)
    assert raised.value.cure
