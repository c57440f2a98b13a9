"""Bayesian model reduction against models that were computed anew, and by hand."""

import numpy as np
import pytest

from bids_ketamine.core.peb.reduction import reduce_model, switched_off_priors
from tests.core.peb.gaussian_groups import Gaussian, log_density, regression

#: SPM12's ridge of 1e-8, which stands for a variance of zero, moves means by so much.
OF_RIDGE = 1e-6

#: And free energies by z^2 / (2 variance) times 1e-8: here z^2 is 15 and the variance 0.02.
OF_RIDGE_IN_EVIDENCE = 1e-5

PARAMETERS = np.array([0.8, -0.5, 0.0, 0.3])
FULL = Gaussian(np.array([0.1, 0.0, -0.2, 0.0]), np.diag([1.0, 0.5, 2.0, 0.25]))


def moments(posterior, prior):
    return {
        "posterior_mean": posterior.mean,
        "posterior_covariance": posterior.covariance,
        "prior_mean": prior.mean,
        "prior_covariance": prior.covariance,
    }


def reduce_to(reduced, seed=1):
    """Return the reduced model, and the same model computed from the data."""
    task = regression(seed, parameters=PARAMETERS)
    found = reduce_model(
        **moments(task.posterior(FULL), FULL),
        reduced_mean=reduced.mean,
        reduced_covariance=reduced.covariance,
    )
    change = task.log_evidence(reduced) - task.log_evidence(FULL)
    return found, task.posterior(reduced), change


def test_the_same_prior_changes_nothing():
    task = regression(3, parameters=PARAMETERS)
    posterior = task.posterior(FULL)
    found = reduce_model(
        **moments(posterior, FULL), reduced_mean=FULL.mean, reduced_covariance=FULL.covariance
    )
    assert abs(found.free_energy_change) < 1e-12
    # SPM12 adds a ridge of 1e-8 to covariances.
    np.testing.assert_allclose(found.mean, posterior.mean, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.covariance, posterior.covariance, rtol=0, atol=2e-8)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "reduced",
    [
        Gaussian(np.array([0.5, 0.5, 0.0, -1.0]), np.diag([0.3, 0.5, 0.1, 0.2])),
        Gaussian(np.zeros(4), 0.2 * np.eye(4) + 0.1),
        Gaussian(FULL.mean, 3.0 * FULL.covariance),
    ],
    ids=["elsewhere", "correlated", "wider"],
)
def test_another_prior_gives_what_the_data_give_under_it(reduced, seed):
    found, posterior, change = reduce_to(reduced, seed)
    assert found.free_energy_change == pytest.approx(change, abs=OF_RIDGE_IN_EVIDENCE)
    np.testing.assert_allclose(found.mean, posterior.mean, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(found.covariance, posterior.covariance, rtol=0, atol=OF_RIDGE)


@pytest.mark.parametrize("off", [(0,), (2,), (1, 3), (0, 1, 2, 3)])
def test_switching_off_gives_what_the_data_give_without_the_parameters(off):
    mask = np.isin(np.arange(4), off)
    kept = np.where(mask, 0.0, 1.0)
    reduced = Gaussian(FULL.mean * kept, FULL.covariance * np.outer(kept, kept))
    prior = switched_off_priors(prior_mean=FULL.mean, prior_covariance=FULL.covariance, off=mask)
    np.testing.assert_array_equal(prior[0], reduced.mean)
    np.testing.assert_array_equal(prior[1], reduced.covariance)
    found, posterior, change = reduce_to(reduced)
    assert found.free_energy_change == pytest.approx(change, abs=OF_RIDGE_IN_EVIDENCE)
    np.testing.assert_allclose(found.mean, posterior.mean, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(found.covariance, posterior.covariance, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(found.mean[mask], 0.0, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(np.diagonal(found.covariance)[mask], 0.0, rtol=0, atol=2e-8)


@pytest.mark.parametrize("off", [(0,), (2,), (1, 3)])
def test_evidence_without_parameters_is_the_density_ratio_at_zero(off):
    """Savage and Dickey: posterior over prior density where the parameters are zero."""
    places = np.array(off)
    posterior = regression(2, parameters=PARAMETERS).posterior(FULL)
    mean, covariance = switched_off_priors(
        prior_mean=FULL.mean,
        prior_covariance=FULL.covariance,
        off=np.isin(np.arange(4), off),
    )
    found = reduce_model(
        **moments(posterior, FULL), reduced_mean=mean, reduced_covariance=covariance
    )
    own = np.ix_(places, places)
    zero = np.zeros(len(off))
    expected = log_density(posterior.mean[places], posterior.covariance[own], zero)
    expected -= log_density(FULL.mean[places], FULL.covariance[own], zero)
    assert found.free_energy_change == pytest.approx(expected, abs=OF_RIDGE_IN_EVIDENCE)


def test_many_reduced_models_are_each_of_them_alone():
    posterior = regression(5, parameters=PARAMETERS).posterior(FULL)
    off = np.array([[False] * 4, [True, False, True, False], [False, False, False, True]])
    mean, covariance = switched_off_priors(
        prior_mean=FULL.mean, prior_covariance=FULL.covariance, off=off
    )
    together = reduce_model(
        **moments(posterior, FULL), reduced_mean=mean, reduced_covariance=covariance
    )
    assert together.mean.shape == (3, 4)
    for place in range(3):
        alone = reduce_model(
            **moments(posterior, FULL),
            reduced_mean=mean[place],
            reduced_covariance=covariance[place],
        )
        for own, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(own[place], one, rtol=1e-13, atol=1e-13)


def test_reducing_twice_is_reducing_once():
    posterior = regression(6, parameters=PARAMETERS).posterior(FULL)
    between = Gaussian(np.array([0.2, 0.1, 0.0, 0.0]), np.diag([0.6, 0.4, 0.5, 0.3]))
    last = Gaussian(np.array([0.0, 0.3, 0.1, 0.0]), np.diag([0.2, 0.3, 0.7, 0.1]))
    direct = reduce_model(
        **moments(posterior, FULL), reduced_mean=last.mean, reduced_covariance=last.covariance
    )
    first = reduce_model(
        **moments(posterior, FULL),
        reduced_mean=between.mean,
        reduced_covariance=between.covariance,
    )
    second = reduce_model(
        **moments(Gaussian(first.mean, first.covariance), between),
        reduced_mean=last.mean,
        reduced_covariance=last.covariance,
    )
    both = first.free_energy_change + second.free_energy_change
    assert both == pytest.approx(direct.free_energy_change, abs=OF_RIDGE)
    np.testing.assert_allclose(second.mean, direct.mean, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(second.covariance, direct.covariance, rtol=0, atol=OF_RIDGE)


def test_what_was_fixed_in_the_full_model_takes_the_reduced_prior():
    """A parameter without prior variance was never estimated; it moves with its prior mean."""
    prior = Gaussian(FULL.mean, FULL.covariance * np.outer([1, 0, 1, 1], [1, 0, 1, 1]))
    posterior = regression(7, parameters=PARAMETERS).posterior(prior)
    found = reduce_model(
        **moments(posterior, prior),
        reduced_mean=prior.mean + np.array([0.0, 0.7, 0.0, 0.0]),
        reduced_covariance=prior.covariance,
    )
    assert found.mean[1] == pytest.approx(0.7, abs=1e-14)
    np.testing.assert_array_equal(found.covariance[1], 0.0)
    np.testing.assert_allclose(np.delete(found.mean, 1), np.delete(posterior.mean, 1), atol=1e-9)
    assert abs(found.free_energy_change) < 1e-12


def test_a_direction_that_is_fixed_away_from_zero_costs_no_digits():
    """Where the reduced variance is zero, its mean over the ridge must not swamp the rest."""
    kept = np.array([0.0, 1.0, 1.0, 1.0])
    reduced = Gaussian(np.array([0.7, 0.0, 0.0, 0.0]), FULL.covariance * np.outer(kept, kept))
    found, posterior, change = reduce_to(reduced)
    assert found.free_energy_change == pytest.approx(change, abs=OF_RIDGE_IN_EVIDENCE)
    np.testing.assert_allclose(found.mean, posterior.mean, rtol=0, atol=OF_RIDGE)
