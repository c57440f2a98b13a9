"""Search over nested models: against enumeration, and with parameters planted at zero."""

import itertools

import numpy as np
import pytest
from scipy.special import expit, logsumexp

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.core.peb.search import search_models, search_peb
from bids_ketamine.errors import InputDataError
from tests.core.peb.gaussian_groups import (
    Gaussian,
    group_of_regressions,
    regression,
    without,
)

#: SPM12's ridge of 1e-7 in scores, times z^2 / (2 variance) of these models.
OF_RIDGE = 5e-4


def moments(true, *, seed=1, prior_variance=1.0, n_rows=30):
    size = len(true)
    prior = Gaussian(np.zeros(size), prior_variance * np.eye(size))
    posterior = regression(seed, parameters=np.asarray(true), n_rows=n_rows).posterior(prior)
    return {
        "posterior_mean": posterior.mean,
        "posterior_covariance": posterior.covariance,
        "prior_mean": prior.mean,
        "prior_covariance": prior.covariance,
    }


def reduced(given, off):
    return without(
        off,
        posterior=Gaussian(given["posterior_mean"], given["posterior_covariance"]),
        prior=Gaussian(given["prior_mean"], given["prior_covariance"]),
    )


# Few parameters: all combinations ---------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_with_four_parameters_the_search_is_an_enumeration(seed):
    given = moments([1.2, 0.0, 0.25, 0.0], seed=seed)
    found = search_models(**given)
    np.testing.assert_array_equal(found.candidates, [0, 1, 2, 3])
    expected = np.array(list(itertools.product([True, False], repeat=4)))
    np.testing.assert_array_equal(found.removed, expected)
    energies = np.array([reduced(given, off)[0] for off in expected])
    np.testing.assert_allclose(found.free_energy, energies, rtol=0, atol=OF_RIDGE)
    probability = np.exp(energies - logsumexp(energies))
    np.testing.assert_allclose(found.probability, probability, rtol=0, atol=OF_RIDGE)
    np.testing.assert_array_equal(found.kept, ~expected[np.argmax(energies)])
    with_it = probability @ ~expected  # half of all models have each: sums compare as means do
    np.testing.assert_allclose(found.parameter_probability, with_it, rtol=0, atol=OF_RIDGE)


@pytest.mark.parametrize("seed", range(4))
def test_the_average_is_over_the_models_within_the_best(seed):
    """What the best model does without stays away; the rest is a mixture of Occam's window."""
    given = moments([1.2, 0.0, 0.25, 0.0], seed=seed)
    found = search_models(**given)
    energies = np.array([reduced(given, off)[0] for off in found.removed])
    window = energies > energies.max() - 8.0
    assert 1 < window.sum() < 16
    models = [reduced(given, off | ~found.kept) for off in found.removed[window]]
    scores, means, variances = (np.array(each) for each in zip(*models, strict=True))
    weights = np.exp(scores - logsumexp(scores))
    mean = weights @ means
    variance = weights @ (variances + (means - mean) ** 2)
    np.testing.assert_allclose(found.averaged_free_energy, scores, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(found.averaged_mean, mean, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(found.averaged_variance, variance, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(found.averaged_mean[~found.kept], 0.0, rtol=0, atol=1e-6)


def test_probabilities_sum_to_one():
    found = search_models(**moments([0.6, 0.0, 0.25, 0.0, 0.1]))
    assert found.probability.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.removed.shape == (32, 5)
    assert ((found.parameter_probability >= 0.0) & (found.parameter_probability <= 1.0)).all()


# Many parameters: greedy ------------------------------------------------------------------------


def test_planted_zeros_are_found_among_many_parameters():
    true = np.array([1.5, 0.0] * 7)
    found = search_models(**moments(true, n_rows=400))
    np.testing.assert_array_equal(found.kept, true != 0.0)
    assert found.parameter_probability[true != 0.0].min() > 0.99
    assert found.parameter_probability[true == 0.0].max() < 0.35
    np.testing.assert_allclose(found.averaged_mean[true == 0.0], 0.0, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.averaged_mean[true != 0.0], 1.5, rtol=0, atol=0.3)


def test_what_a_pass_removes_stays_removed():
    """Of 40 parameters without effect a pass takes 10 at once; what is left is searched again."""
    given = moments(np.zeros(40), n_rows=800)
    found = search_models(**given | {"posterior_mean": np.zeros(40)})
    assert not found.kept.any()
    assert found.candidates.size <= 8
    removed_before = np.setdiff1d(np.arange(40), found.candidates)
    np.testing.assert_array_equal(found.parameter_probability[removed_before], 0.0)
    np.testing.assert_allclose(found.averaged_mean, 0.0, rtol=0, atol=1e-12)


def test_only_candidates_are_switched_off():
    given = moments(np.zeros(6))
    found = search_models(**given | {"posterior_mean": np.zeros(6)}, candidates=np.array([1, 4]))
    np.testing.assert_array_equal(found.candidates, [1, 4])
    np.testing.assert_array_equal(found.kept, [True, False, True, True, False, True])
    np.testing.assert_array_equal(found.parameter_probability[[0, 2, 3, 5]], 1.0)
    assert found.removed.shape == (4, 2)


def test_fixed_parameters_are_no_candidates():
    given = moments(np.array([1.0, 0.0, 1.0]))
    for name in ("posterior_covariance", "prior_covariance"):
        given[name] = given[name] * np.outer([1, 0, 1], [1, 0, 1])
    given["posterior_mean"] = given["posterior_mean"] * [1, 0, 1]
    found = search_models(**given)
    np.testing.assert_array_equal(found.candidates, [0, 2])
    np.testing.assert_array_equal(found.kept, [True, False, True])
    assert found.parameter_probability[1] == 0.0
    assert found.averaged_mean[1] == 0.0


def test_nothing_is_removed_where_everything_is_there():
    found = search_models(**moments(np.full(10, 2.0), n_rows=200))
    assert found.kept.all()
    np.testing.assert_allclose(found.parameter_probability, 1.0, rtol=0, atol=1e-6)


# Probabilities of all ---------------------------------------------------------------------------


def alike(size, mean=0.45):
    """Return independent effects with the same posterior, N(mean, 0.2^2), and prior N(0, 1)."""
    return {
        "posterior_mean": np.full(size, mean),
        "posterior_covariance": 0.04 * np.eye(size),
        "prior_mean": np.zeros(size),
        "prior_covariance": np.eye(size),
    }


@pytest.mark.parametrize("size", [3, 8, 9, 16, 40])
def test_effects_that_are_alike_are_as_probable(size):
    """Those of the last pass and those that it left out: 1 and 0 are SPM12's alone."""
    found = search_models(**alike(size))
    # Savage and Dickey, by hand: the density at 0 falls by z^2 / 2, having grown by ln 5.
    expected = expit(0.45**2 / 0.08 - np.log(5.0))
    np.testing.assert_allclose(found.compared_probability, expected, rtol=0, atol=1e-5)
    own = found.candidates
    assert own.size == min(size, 8)
    np.testing.assert_allclose(found.parameter_probability[own], expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(np.delete(found.parameter_probability, own), 1.0)


def test_effects_that_are_not_there_are_improbable_but_not_impossible():
    found = search_models(**alike(40, mean=0.05))
    assert not found.kept.any()
    expected = expit(0.05**2 / 0.08 - np.log(5.0))
    np.testing.assert_allclose(found.compared_probability, expected, rtol=0, atol=1e-5)
    assert (found.parameter_probability == 0.0).sum() >= 32


def test_what_no_pass_compared_is_compared_with_the_best_model():
    given = moments([1.0, 0.0, 0.25, 0.0, 0.1, -0.6] * 3, n_rows=60)
    found = search_models(**given)
    own = found.candidates
    np.testing.assert_array_equal(found.compared_probability[own], found.parameter_probability[own])
    for place in np.setdiff1d(np.arange(18), own):
        switched = np.arange(18) == place
        with_it = reduced(given, ~found.kept & ~switched)[0]
        without_it = reduced(given, ~found.kept | switched)[0]
        expected = expit(with_it - without_it)
        assert found.compared_probability[place] == pytest.approx(expected, abs=OF_RIDGE)
    assert (found.compared_probability[found.kept] > 0.5).all()
    assert (found.compared_probability[~found.kept] < 0.5).all()


def test_fixed_parameters_have_no_probability_of_being_there():
    given = moments(np.array([1.0, 0.0, 1.0]))
    for name in ("posterior_covariance", "prior_covariance"):
        given[name] = given[name] * np.outer([1, 0, 1], [1, 0, 1])
    given["posterior_mean"] = given["posterior_mean"] * [1, 0, 1]
    assert search_models(**given).compared_probability[1] == 0.0


@pytest.mark.parametrize(
    ("candidates", "fixed"), [([], []), ([1], [1]), (None, [0, 1, 2])], ids=["none", "one", "all"]
)
def test_nothing_that_can_be_switched_off(candidates, fixed):
    given = alike(3)
    given["prior_covariance"][fixed, fixed] = 0.0
    if candidates is not None:
        candidates = np.array(candidates, dtype=int)
    with pytest.raises(InputDataError, match="No parameter can be switched off") as raised:
        search_models(**given, candidates=candidates)
    assert raised.value.cure


def test_energies_that_are_not_finite():
    given = alike(3) | {"posterior_mean": np.array([0.1, np.nan, 0.2])}
    with pytest.raises(InputDataError, match="not finite"):
        search_models(**given)


# A second level ---------------------------------------------------------------------------------


def test_an_effect_planted_at_zero_is_removed_from_a_second_level():
    covariate = np.linspace(-1.0, 1.0, 20)
    means = np.array([0.8, 0.0]) + covariate[:, None] * np.array([0.0, 0.9])
    models = group_of_regressions(
        3, means=means, prior=Gaussian(np.zeros(2), np.eye(2)), between_deviation=0.1
    )
    design = group_design({"mean": np.ones(20), "dose": covariate}, rows=models.labels)
    estimate = estimate_peb(models, design=design, fields=None, precision_components="all")
    found = search_peb(estimate)
    # Mean of p1 and p2, then their change with the dose.
    np.testing.assert_array_equal(found.kept, [True, False, False, True])
    np.testing.assert_allclose(found.parameter_probability[[0, 3]], 1.0, rtol=0, atol=1e-6)
    assert found.parameter_probability[[1, 2]].max() < 0.2
    np.testing.assert_allclose(found.averaged_mean[[0, 3]], [0.8, 0.9], rtol=0, atol=0.15)
    np.testing.assert_allclose(found.averaged_mean[[1, 2]], 0.0, rtol=0, atol=1e-6)
