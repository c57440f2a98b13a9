"""Variational Laplace of linear models is conjugate regression; and what it does when stuck."""

import numpy as np
import pytest
from scipy.special import logsumexp

from bids_ketamine.core.dcm.laplace_model import laplace_model, linearise
from bids_ketamine.core.dcm.priors import DcmPriors
from bids_ketamine.core.dcm.variational_laplace import (
    initial_state,
    next_state,
    stepped_back,
    variational_laplace,
)
from bids_ketamine.errors import ProcessingError
from tests.core.dcm.linear_models import linear_task

ITERATIONS = 128


def settled(model, task):
    """Return the end of a scheme that begins with long steps: it is nearer to the optimum."""
    start = initial_state(model, task.prior_mean)
    state = variational_laplace(model, maximum_iterations=ITERATIONS, start=start)
    assert state.converged
    assert not state.stalled
    return state.best


def expanded(model, best):
    """Return mean and covariance of all parameters, then of the effects of confounds."""
    n_parameters, n_free = model.directions.shape
    effects = np.eye(len(best.point) - n_free)
    to_all = np.zeros((n_parameters + len(effects), len(best.point)))
    to_all[:n_parameters, :n_free] = model.directions
    to_all[n_parameters:, n_free:] = effects
    mean = to_all @ best.point
    mean[:n_parameters] += model.prior_mean
    return mean, to_all @ best.covariance @ to_all.T


# Linear models --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_known_noise_gives_the_conjugate_posterior_and_the_evidence(seed):
    """The hyperparameters' term vanishes with their prior variance: F is the log evidence."""
    task = linear_task(seed=seed)
    model = task.model()
    best = settled(model, task)
    expected = task.closed_form(task.log_precision)
    mean, covariance = expanded(model, best)
    np.testing.assert_allclose(mean, expected.mean, rtol=0, atol=1e-10)
    np.testing.assert_allclose(covariance, expected.covariance, rtol=0, atol=1e-12)
    assert best.free_energy == pytest.approx(expected.log_evidence, abs=1e-9)
    np.testing.assert_allclose(best.log_precision, task.log_precision, rtol=0, atol=1e-9)
    assert best.terms[2] == pytest.approx(0.0, abs=1e-9)
    assert sum(best.terms) == pytest.approx(best.free_energy, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_confounds_are_parameters_with_a_vague_prior(seed):
    task = linear_task(seed=seed, n_confounds=2)
    model = task.model()
    best = settled(model, task)
    expected = task.closed_form(task.log_precision)
    mean, covariance = expanded(model, best)
    np.testing.assert_allclose(mean, expected.mean, rtol=0, atol=1e-7)
    np.testing.assert_allclose(covariance, expected.covariance, rtol=0, atol=1e-9)
    assert best.free_energy == pytest.approx(expected.log_evidence, abs=1e-8)
    # Effects are by column, confounds fastest.
    np.testing.assert_allclose(model.effects(best.point).T.ravel(), mean[3:], rtol=0, atol=1e-14)


def test_a_prior_of_low_rank_keeps_parameters_in_its_span():
    root = np.array([[1.0, 0.0], [0.5, 0.0], [0.0, 0.3]])
    task = linear_task(seed=7)._replace(prior_covariance=root @ root.T)
    model = task.model()
    assert model.n_free == 2
    best = settled(model, task)
    expected = task.closed_form(task.log_precision)
    mean, covariance = expanded(model, best)
    np.testing.assert_allclose(mean, expected.mean, rtol=0, atol=1e-10)
    np.testing.assert_allclose(covariance, expected.covariance, rtol=0, atol=1e-12)
    assert best.free_energy == pytest.approx(expected.log_evidence, abs=1e-9)
    assert mean[1] - task.prior_mean[1] == pytest.approx(0.5 * (mean[0] - task.prior_mean[0]))


def test_columns_may_share_their_noise():
    task = linear_task(seed=8, noise=(0.7, 0.7))
    model = task.model(component=np.array([0, 0]))
    best = settled(model, task)
    expected = task.closed_form(task.log_precision)
    assert best.log_precision.shape == (1,)
    _, covariance = expanded(model, best)
    np.testing.assert_allclose(covariance, expected.covariance, rtol=0, atol=1e-12)
    assert best.free_energy == pytest.approx(expected.log_evidence, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_unknown_noise_gives_nearly_the_evidence_averaged_over_it(seed):
    """By quadrature of p(y | h) p(h) for SPM12's prior variance of h: nearly Gaussian in h."""
    variance, deviation = 1.0 / 128.0, np.sqrt(1.0 / 128.0)
    task = linear_task(seed=seed)
    task = task._replace(log_precision=task.log_precision + 0.3)
    best = settled(task.model(log_precision_variance=variance), task)
    width = 0.5
    away = np.arange(-6.0, 6.0 + width, width)
    terms = [
        task.closed_form(task.log_precision + deviation * np.array([first, second])).log_evidence
        - 0.5 * (first**2 + second**2)
        for first in away
        for second in away
    ]
    expected = logsumexp(terms) + np.log(width**2 / (2.0 * np.pi))
    assert best.free_energy == pytest.approx(expected, abs=0.06)


def test_unknown_noise_is_found():
    """With a vague prior, the noise level is that of the residuals."""
    task = linear_task(seed=11, n_rows=400, noise=(0.5, 2.0))
    vague = task._replace(log_precision=np.zeros(2))
    best = settled(vague.model(log_precision_variance=16.0), vague)
    # 2 / n is the variance of a log variance.
    np.testing.assert_allclose(
        best.log_precision, task.log_precision, rtol=0, atol=3.0 * np.sqrt(2.0 / 400.0)
    )
    np.testing.assert_allclose(best.log_precision_variance, [2.0 / 400.0] * 2, rtol=0.01)


def test_data_that_say_nothing_return_the_prior():
    covariance = np.array([[1.0, 0.3], [0.3, 0.5]])
    mean = np.array([0.7, -1.2])
    data = np.random.default_rng(3).normal(size=(25, 1))
    model = laplace_model(
        data,
        confounds=np.zeros((25, 0)),
        predict=lambda parameters: np.zeros((len(parameters), 25, 1)),
        priors=DcmPriors(mean, covariance, np.zeros(1), np.full((1, 1), 1e-14)),
        component=np.zeros(1, dtype=int),
    )
    state = variational_laplace(model, maximum_iterations=ITERATIONS)
    found, spread = expanded(model, state.best)
    np.testing.assert_array_equal(found, mean)
    np.testing.assert_allclose(spread, covariance, rtol=0, atol=1e-13)
    # Standard normal noise, known to be that.
    expected = -0.5 * (data.ravel() @ data.ravel() + 25.0 * np.log(2.0 * np.pi))
    assert state.best.free_energy == pytest.approx(expected, abs=1e-9)
    assert state.trace[-1][3] == 0.0


def test_very_noisy_data_return_the_prior():
    task = linear_task(seed=5)._replace(log_precision=np.full(2, -25.0))
    mean, covariance = expanded(task.model(), settled(task.model(), task))
    # 80 observations of unit size weigh 80 exp(-25) against prior precisions of about one.
    np.testing.assert_allclose(mean, task.prior_mean, rtol=0, atol=1e-7)
    np.testing.assert_allclose(covariance, task.prior_covariance, rtol=0, atol=1e-7)


# The scheme -----------------------------------------------------------------------------------


def test_the_first_steps_are_short_and_become_longer():
    task = linear_task(seed=1, n_confounds=1)
    model = task.model()
    state = initial_state(model)
    assert state.log_time == -4.0
    times = []
    for _ in range(4):
        state = next_state(state, model, linearise(model, state.point))
        times.append(state.log_time)
    assert times == [-3.5, -3.0, -2.5, -2.0]
    energies = [best for _, _, best, _ in state.trace]
    assert energies == sorted(energies)
    assert [accepted for _, accepted, _, _ in state.trace] == [True] * 4


def test_the_scheme_begins_with_least_squares_effects_of_confounds():
    task = linear_task(seed=2, n_confounds=2)
    model = task.model()
    effects = model.effects(initial_state(model).point)
    slopes = np.stack([np.polyfit(task.confounds[:, 1], own, 1)[::-1] for own in task.data.T], 1)
    np.testing.assert_allclose(effects, slopes, rtol=1e-11)


def test_iterations_that_are_spent_do_not_converge():
    task = linear_task(seed=3)
    state = variational_laplace(task.model(), maximum_iterations=3)
    assert (state.iteration, state.converged, state.gave_up) == (3, False, False)
    assert len(state.trace) == 3


def walled(wall, *, truth=3.0):
    """Return a regression with slope 3 whose prediction does not exist beyond a wall."""
    rng = np.random.default_rng(0)
    regressor = rng.normal(size=(30, 1))

    def predict(parameters):
        slopes = parameters[:, 0][:, None, None]
        return np.where(np.abs(slopes) > wall, np.nan, slopes * regressor)

    return laplace_model(
        truth * regressor + 0.3 * rng.normal(size=regressor.shape),
        confounds=np.ones((30, 1)),
        predict=predict,
        priors=DcmPriors(np.zeros(1), 4.0 * np.eye(1), np.full(1, 2.0), np.eye(1) / 128.0),
        component=np.zeros(1, dtype=int),
    )


def test_a_step_that_diverges_is_taken_back():
    free = variational_laplace(walled(10.0), maximum_iterations=ITERATIONS)
    assert (free.n_retries, free.converged) == (0, True)
    assert free.best.point[0] == pytest.approx(3.0, abs=0.15)
    stopped = variational_laplace(walled(2.5), maximum_iterations=ITERATIONS)
    assert stopped.n_retries > 0
    assert not stopped.gave_up
    assert 2.45 < stopped.best.point[0] < 2.5
    assert np.isfinite(stopped.best.free_energy)


def test_a_model_that_diverges_wherever_it_goes_is_given_up():
    # The wall is just beyond the step of the forward differences, exp(-8).
    state = variational_laplace(walled(np.exp(-8.0) + 1e-12), maximum_iterations=ITERATIONS)
    assert state.gave_up
    assert not state.converged
    assert state.n_retries >= 4
    assert np.isfinite(state.best.free_energy)
    assert state.best.point[0] == 0.0


def test_a_model_that_diverges_from_the_start_is_an_error():
    with pytest.raises(ProcessingError, match="not finite where its estimation begins"):
        variational_laplace(walled(1e-5), maximum_iterations=ITERATIONS)


def test_there_is_no_step_to_take_back_before_the_first():
    with pytest.raises(ValueError, match="no step to take back"):
        stepped_back(initial_state(linear_task(seed=0).model()))
