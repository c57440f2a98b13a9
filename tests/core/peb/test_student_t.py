"""The Student-t level: its weights, and its evidence against integration over them."""

import numpy as np
import pytest
from scipy import special, stats

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.core.peb.models import first_level_models
from bids_ketamine.core.peb.student_t import estimate_student_t_peb, random_effect_squares
from bids_ketamine.errors import InputDataError
from tests.core.peb.gaussian_groups import Gaussian, effects_of_known_precision
from tests.core.peb.simulated_trials import simulated_trial

#: What each participant's data say of one parameter, with this precision; one lies far out.
SEEN = np.array([0.3, 0.5, 0.1, 0.4, 0.2, 0.35, 0.45, 3.0])
INFORMATION = 200.0

#: Prior variance of the log precision with which the variance between participants is known.
KNOWN = 1e-10

#: What SPM12's shrinkage leaves of data and prior: see `gaussian_groups.likelihoods`.
SHRUNK = INFORMATION + 1.0 / 16.0
SHRUNK_SEEN = (INFORMATION + 1.0 + 1.0 / 16.0) * INFORMATION * SEEN / (INFORMATION + 1.0) / SHRUNK


def one_parameter(seen=SEEN):
    """Return models of one parameter, prior N(0, 1), seen with known precision."""
    precision, n = INFORMATION + 1.0, len(seen)
    return first_level_models(
        posterior_mean=[[INFORMATION * each / precision] for each in seen],
        posterior_covariance=[[[1.0 / precision]]] * n,
        prior_mean=[[0.0]] * n,
        prior_covariance=[[[1.0]]] * n,
        free_energy=stats.norm.logpdf(seen, 0.0, np.sqrt(1.0 + 1.0 / INFORMATION)),
        parameters=["p1"],
        fields=["modulation"],
        labels=[f"sub-{place + 1:02d}" for place in range(n)],
    )


def mean_of(models, degrees_of_freedom, **changed):
    """Return the Student-t level of one column."""
    settings = {
        "design": group_design({"mean": np.ones(models.n_models)}, rows=models.labels),
        "fields": None,
        "precision_components": "all",
        "participants": models.labels,
    } | changed
    return estimate_student_t_peb(models, degrees_of_freedom=degrees_of_freedom, **settings)


def integrated(nu):
    """Return log evidence, mean and deviation of the mean, by sums over weights and mean."""
    between = 1.0 / 16.0 / (1.0 + np.exp(-8.0))
    mean = np.linspace(-1.0, 2.0, 241)
    # Over the logarithm of the weight: wide where nu is small, narrow where it is large.
    width = np.sqrt(2.0 / nu)
    grid = np.linspace(-16.0 if nu > 2.0 else -40.0, 10.0, 2001) * width
    weight = np.exp(grid)
    share = stats.gamma.pdf(weight, nu / 2.0, scale=2.0 / nu) * weight * (grid[1] - grid[0])
    assert share.sum() == pytest.approx(1.0, abs=1e-6)
    deviation = np.sqrt(between / weight + 1.0 / SHRUNK)
    log_density = stats.norm.logpdf(mean)
    for seen in SHRUNK_SEEN:
        log_density += np.log(stats.norm.pdf(seen, mean[:, None], deviation) @ share)
    evidence = special.logsumexp(log_density) + np.log(mean[1] - mean[0])
    # Free energies of the models are of their own prior; the group's takes its place.
    evidence += one_parameter().free_energy.sum()
    evidence -= stats.norm.logpdf(SHRUNK_SEEN, 0.0, np.sqrt(1.0 + 1.0 / SHRUNK)).sum()
    probability = special.softmax(log_density)
    centre = probability @ mean
    return evidence, centre, np.sqrt(probability @ (mean - centre) ** 2)


# Weights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("nu", [1.0, 4.0, 30.0])
def test_weights_are_those_of_the_level_that_they_give(nu):
    found = mean_of(one_parameter(), nu)
    assert found.converged
    squares = random_effect_squares(found)
    np.testing.assert_allclose(found.weights, (nu + 1.0) / (nu + squares), rtol=1.1e-4)
    # By hand: posterior of each random effect under the weighted prior, prediction known.
    precision = found.weights / found.between_covariance[0, 0]
    error = SHRUNK_SEEN - found.posterior_mean[0, 0]
    moved, variance = error * SHRUNK / (SHRUNK + precision), 1.0 / (SHRUNK + precision)
    expected = (moved**2 + variance) / found.between_covariance[0, 0]
    np.testing.assert_allclose(squares, expected, rtol=1e-5)


def test_who_lies_far_out_counts_little():
    found = mean_of(one_parameter(), 4.0)
    assert found.weights.argmin() == 7
    assert found.weights[7] < 0.05 < 1.0 < found.weights[:7].min()
    # Beside the one, the mean of the others is 0.33.
    gaussian = estimate_peb(
        found.models, design=found.design, fields=None, precision_components="all"
    )
    assert gaussian.posterior_mean[0, 0] > 0.6
    assert found.posterior_mean[0, 0] == pytest.approx(SEEN[:7].mean(), abs=0.02)


def test_effects_are_those_of_the_weights():
    data = simulated_trial(2, sizes={"a": 9}, session=0.4)
    models = data.models
    owners = [*data.participants, *data.participants]
    session = np.repeat([-0.5, 0.5], 9)
    design = group_design({"mean": np.ones(18), "session": session}, rows=models.labels)
    found = mean_of(models, 4.0, design=design, participants=owners, fields=["modulation"])
    entering = models._replace(
        posterior_mean=models.posterior_mean[:, :2],
        posterior_covariance=models.posterior_covariance[:, :2, :2],
        prior_mean=models.prior_mean[:, :2],
        prior_covariance=models.prior_covariance[:, :2, :2],
        parameters=models.parameters[:2],
    )
    expected = effects_of_known_precision(
        entering,
        design.matrix,
        found.between_covariance / found.weights[:, None, None],
        Gaussian(found.prior_mean, found.prior_covariance),
    )
    np.testing.assert_allclose(found.posterior_mean.ravel(order="F"), expected.mean, atol=1e-6)
    np.testing.assert_allclose(found.posterior_covariance, expected.covariance, rtol=0, atol=1e-7)


def test_rows_of_a_participant_share_a_weight():
    """The random effects of both sessions, of both parameters, are four of one weight."""
    data = simulated_trial(2, sizes={"a": 9}, session=0.4)
    far = data.models.posterior_mean.copy()
    far[4, 0] += 5.0
    models = data.models._replace(posterior_mean=far)
    owners = [*data.participants, *data.participants]
    session = np.repeat([-0.5, 0.5], 9)
    design = group_design({"mean": np.ones(18), "session": session}, rows=models.labels)
    settings = {"design": design, "fields": ["modulation"]}
    found = mean_of(models, 4.0, participants=owners, **settings)
    assert found.converged
    np.testing.assert_array_equal(found.weights[:9], found.weights[9:])
    squares = random_effect_squares(found).reshape(2, 9).sum(axis=0)
    np.testing.assert_allclose(found.weights[:9], (4.0 + 4.0) / (4.0 + squares), rtol=1.1e-4)
    assert found.weights[:9].argmin() == 4
    # Rows of their own have two random effects each, and only the first session is far out.
    apart = mean_of(models, 4.0, **settings)
    squares = random_effect_squares(apart)
    np.testing.assert_allclose(apart.weights, (4.0 + 2.0) / (4.0 + squares), rtol=1.1e-4)
    assert apart.weights.argmin() == 4
    assert apart.weights[13] > 5.0 * apart.weights[4]


def test_the_order_of_rows_does_not_matter():
    models, order = one_parameter(), np.random.default_rng(0).permutation(8)
    one, other = mean_of(models, 4.0), mean_of(models.rows(order), 4.0)
    np.testing.assert_allclose(other.weights, one.weights[order], rtol=1e-9)
    assert other.free_energy == pytest.approx(one.free_energy, abs=1e-9)


# Evidence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("nu", [1.0, 4.0, 30.0])
def test_the_free_energy_is_a_close_lower_bound(nu):
    evidence, mean, deviation = integrated(nu)
    found = mean_of(one_parameter(), nu, log_precision_variance=KNOWN)
    assert evidence - 0.5 < found.free_energy < evidence
    assert found.posterior_mean[0, 0] == pytest.approx(mean, abs=0.1 * deviation)
    # Weights are taken as known: up to a fifth too small, never too large.
    assert 0.78 < found.posterior_deviation[0, 0] / deviation < 1.0


def test_with_many_degrees_of_freedom_the_bound_is_the_evidence():
    evidence, mean, deviation = integrated(1e4)
    found = mean_of(one_parameter(), 1e4, log_precision_variance=KNOWN)
    assert found.free_energy == pytest.approx(evidence, abs=5e-3)
    assert found.posterior_mean[0, 0] == pytest.approx(mean, abs=0.01 * deviation)
    assert found.posterior_deviation[0, 0] == pytest.approx(deviation, rel=0.005)


def test_with_more_still_it_is_the_gaussian_level():
    models = one_parameter()
    found = mean_of(models, 1e6)
    gaussian = estimate_peb(
        models, design=found.design, fields=None, precision_components="all", scheme="newton"
    )
    assert found.free_energy == pytest.approx(gaussian.free_energy, abs=1e-3)
    np.testing.assert_allclose(found.posterior_mean, gaussian.posterior_mean, rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        found.posterior_covariance, gaussian.posterior_covariance, rtol=0, atol=1e-6
    )
    np.testing.assert_allclose(found.weights, 1.0, rtol=0, atol=2e-4)


def test_heavy_tails_are_preferred_where_one_lies_far_out_only():
    far, none = one_parameter(), one_parameter(SEEN[:7])
    gain = [
        mean_of(each, 4.0, log_precision_variance=KNOWN).free_energy
        - mean_of(each, 1e6, log_precision_variance=KNOWN).free_energy
        for each in (far, none)
    ]
    assert gain[0] > 10.0
    assert -2.0 < gain[1] < 0.5


# What is kept and refused ---------------------------------------------------------------------


def test_degrees_of_freedom_are_kept():
    models = one_parameter()
    found = mean_of(models, 7.0)
    assert found.degrees_of_freedom == 7.0
    gaussian = estimate_peb(models, design=found.design, fields=None, precision_components="all")
    assert gaussian.degrees_of_freedom == np.inf
    np.testing.assert_array_equal(gaussian.weights, 1.0)


def test_rounds_that_are_spent_are_told(monkeypatch):
    monkeypatch.setattr("bids_ketamine.core.peb.student_t.MAXIMUM_ROUNDS", 2)
    found = mean_of(one_parameter(), 4.0)
    assert not found.converged
    # Weights and effects are of one round.
    fixed = estimate_peb(
        found.models,
        design=found.design,
        fields=None,
        precision_components="all",
        scheme="newton",
        weights=found.weights,
    )
    np.testing.assert_array_equal(found.posterior_mean, fixed.posterior_mean)


@pytest.mark.parametrize("nu", [0.0, -1.0, np.nan])
def test_degrees_of_freedom_that_are_none(nu):
    with pytest.raises(InputDataError, match="degrees of freedom") as raised:
        mean_of(one_parameter(), nu)
    assert raised.value.cure


def test_a_participant_for_each_model():
    with pytest.raises(InputDataError, match="7 participants for 8 models"):
        mean_of(one_parameter(), 4.0, participants=["sub-01"] * 7)
