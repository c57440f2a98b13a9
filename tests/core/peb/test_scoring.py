"""Scores of reduced models against densities and against the reduction itself."""

import itertools

import numpy as np
import pytest

from bids_ketamine.core.peb.reduction import reduce_model, switched_off_priors
from bids_ketamine.core.peb.scoring import log_evidence_changes, switched_off_scores
from tests.core.peb.gaussian_groups import Gaussian, log_density, regression

PRIOR = Gaussian(np.array([0.1, 0.0, -0.2, 0.0]), np.diag([1.0, 0.5, 2.0, 0.25]))
POSTERIOR = regression(1, parameters=np.array([0.4, -0.3, 0.0, 0.2])).posterior(PRIOR)
MOMENTS = {
    "posterior_mean": POSTERIOR.mean,
    "posterior_covariance": POSTERIOR.covariance,
    "prior_mean": PRIOR.mean,
    "prior_covariance": PRIOR.covariance,
}
ALL = np.array(list(itertools.product([False, True], repeat=4)))

#: SPM12's ridge of 1e-7, times z^2 / (2 variance): z^2 is up to 20, the variance 0.02.
OF_RIDGE = 1e-4


def test_what_is_removed_scores_its_density_ratio_at_zero():
    """Savage and Dickey, for every combination of four parameters."""
    for off, score in zip(ALL, switched_off_scores(**MOMENTS, off=ALL), strict=True):
        own, zero = np.ix_(off, off), np.zeros(off.sum())
        expected = log_density(POSTERIOR.mean[off], POSTERIOR.covariance[own], zero)
        expected -= log_density(PRIOR.mean[off], PRIOR.covariance[own], zero)
        assert score == pytest.approx(expected, abs=OF_RIDGE)


def test_removing_nothing_scores_nothing():
    assert abs(switched_off_scores(**MOMENTS, off=ALL[:1])[0]) < 1e-6


def test_scores_are_free_energies_of_the_reduction():
    mean, covariance = switched_off_priors(
        prior_mean=PRIOR.mean, prior_covariance=PRIOR.covariance, off=ALL
    )
    reduced = reduce_model(**MOMENTS, reduced_mean=mean, reduced_covariance=covariance)
    np.testing.assert_allclose(
        switched_off_scores(**MOMENTS, off=ALL), reduced.free_energy_change, rtol=0, atol=OF_RIDGE
    )


def test_scores_of_other_priors_are_free_energies_too():
    means = np.array([[0.3, 0.0, -0.2, 0.0], [0.1, 0.2, 0.0, 0.1]])
    covariances = np.stack([np.diag([0.2, 0.5, 2.0, 0.25]), 0.3 * np.eye(4) + 0.1])
    reduced = reduce_model(**MOMENTS, reduced_mean=means, reduced_covariance=covariances)
    scores = log_evidence_changes(**MOMENTS, reduced_mean=means, reduced_covariance=covariances)
    np.testing.assert_allclose(scores, reduced.free_energy_change, rtol=0, atol=OF_RIDGE)


def test_a_model_scores_the_same_alone_and_among_others():
    together = switched_off_scores(**MOMENTS, off=ALL)
    alone = [switched_off_scores(**MOMENTS, off=each[None])[0] for each in ALL]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-11)
