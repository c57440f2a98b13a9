"""Estimated models whose results are known: split runs, scales, delays, priors, truths."""

import numpy as np
import pytest
from scipy.linalg import block_diag

from bids_ketamine.core.dcm.laplace_model import laplace_model
from bids_ketamine.core.dcm.priors import dcm_priors
from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.core.dcm.structure import parameter_vector
from bids_ketamine.core.dcm.variational_laplace import initial_state, variational_laplace
from tests.core.dcm.circuits import (
    BINS,
    CIRCUIT,
    SINGLE,
    block_inputs,
    circuit_parameters,
    estimated,
    recording,
    simulated,
)

FREE = CIRCUIT.free


def noisy(series, *, seed, deviation=0.1):
    return series + deviation * np.random.default_rng(seed).normal(size=series.shape)


@pytest.fixture(scope="module")
def run():
    inputs = block_inputs(120, scans=6)
    return recording(noisy(simulated(circuit_parameters(), inputs), seed=3), inputs)


@pytest.fixture(scope="module")
def estimate(run):
    return estimated(run)


# The fit --------------------------------------------------------------------------------------


def test_parameters_are_recovered(run, estimate):
    """The true ones lie within three posterior standard deviations."""
    deviation = np.sqrt(np.diagonal(estimate.posterior_covariance)[FREE])
    away = (estimate.posterior_mean - circuit_parameters())[FREE] / deviation
    assert np.abs(away).max() < 3.0
    # The modulations, 0.2 and -0.3, are told from zero.
    assert estimate.posterior_mean[10] > 3.0 * np.sqrt(estimate.posterior_covariance[10, 10])
    assert estimate.posterior_mean[9] < -3.0 * np.sqrt(estimate.posterior_covariance[9, 9])
    assert estimate.converged
    assert not estimate.flat
    assert estimate.diagnostics == ()
    assert estimate.structure is CIRCUIT


def test_parameters_that_are_not_free_stay_where_they_are(estimate):
    fixed = np.setdiff1d(np.arange(CIRCUIT.n_parameters), FREE)
    np.testing.assert_array_equal(estimate.posterior_mean[fixed], 0.0)
    np.testing.assert_array_equal(estimate.posterior_covariance[fixed], 0.0)
    np.testing.assert_array_equal(estimate.posterior_covariance[:, fixed], 0.0)


def test_the_prediction_is_that_of_the_posterior_mean(run, estimate):
    np.testing.assert_allclose(
        estimate.predicted[0],
        simulated(estimate.posterior_mean, run.inputs),
        rtol=0,
        atol=1e-12,
    )
    # The residual of a model whose confound is a constant has no mean.
    left = run.series - estimate.predicted[0]
    np.testing.assert_allclose(estimate.residuals[0], left - left.mean(axis=0), atol=1e-12)
    shares = [
        np.sum(estimate.predicted[0][:, k] ** 2)
        / (np.sum(estimate.predicted[0][:, k] ** 2) + np.sum(estimate.residuals[0][:, k] ** 2))
        for k in range(2)
    ]
    np.testing.assert_allclose(estimate.explained_variance_by_region, shares, rtol=1e-12)
    # Noise of 0.1 percent; standard deviations of the responses are 0.22 and 0.57 percent.
    assert estimate.explained_variance == pytest.approx(0.95, abs=0.01)


def test_the_noise_lies_between_its_prior_and_that_of_the_data(estimate):
    deviation = np.exp(-0.5 * estimate.log_precision)
    assert (deviation > np.exp(-3.0)).all()
    assert (deviation < 0.1).all()


def test_the_trace_tells_every_iteration(estimate):
    assert estimate.trace.shape == (estimate.n_iterations, 4)
    np.testing.assert_array_equal(estimate.trace[:, 0], np.arange(1, estimate.n_iterations + 1))
    assert set(estimate.trace[:, 1]) <= {0.0, 1.0}
    assert estimate.trace[-1, 2] == estimate.free_energy
    assert (estimate.trace[-4:, 3] < 0.1).all()
    assert (estimate.trace[:-4, 3] >= 0.1).any()


def test_iterations_that_are_spent_are_told(run):
    found = estimated(run, maximum_iterations=3)
    assert not found.converged
    assert found.n_iterations == 3
    assert found.diagnostics == ("not converged: 3 iterations were spent",)


def test_a_model_of_noise_is_flat(run):
    found = estimated(run._replace(series=noisy(np.zeros((120, 2)), seed=5, deviation=0.3)))
    assert found.flat
    assert found.explained_variance < 0.1


# Runs, scale, centring, delays ----------------------------------------------------------------


def test_a_run_split_where_the_system_is_at_rest():
    """Two runs give what one gives whose confounds are those of both."""
    task = block_inputs(48, scans=6)[: 24 * BINS]
    half = np.concatenate([task, np.zeros((40 * BINS, 2))])
    whole = np.concatenate([half, half])
    series = noisy(simulated(circuit_parameters(), whole, centre_inputs=False), seed=0)
    # An estimation takes the mean from each run.
    parts = [part - part.mean(axis=0) for part in np.split(series, 2)]
    apart = estimated(*(recording(part, half) for part in parts), centre_inputs=False)
    ones = np.ones((64, 1))
    joined = Recording(np.concatenate(parts), block_diag(ones, ones), whole, 2.0)
    together = estimated(joined, centre_inputs=False)
    np.testing.assert_allclose(apart.posterior_mean, together.posterior_mean, rtol=0, atol=1e-8)
    np.testing.assert_allclose(
        apart.posterior_covariance, together.posterior_covariance, rtol=0, atol=1e-8
    )
    assert apart.free_energy == pytest.approx(together.free_energy, abs=1e-6)
    assert [each.shape for each in apart.predicted] == [(64, 2), (64, 2)]
    np.testing.assert_allclose(
        np.concatenate(apart.residuals), together.residuals[0], rtol=0, atol=1e-7
    )


def test_each_run_has_its_own_confounds(run):
    """What is added to one run, and is among its confounds alone, changes nothing."""
    drift = np.linspace(-1.0, 1.0, 120)[:, None]
    confounds = np.hstack([run.confounds, drift])
    plain = estimated(run._replace(confounds=confounds), run)
    drifting = run._replace(series=run.series + 0.3 * drift, confounds=confounds)
    found = estimated(drifting, run)
    np.testing.assert_allclose(found.posterior_mean, plain.posterior_mean, rtol=0, atol=1e-6)
    assert found.confounds.shape == (240, 3)


def test_series_of_more_than_four_percent_are_shrunk_to_it(run):
    enlarged = [estimated(run._replace(series=factor * run.series)) for factor in (5.0, 20.0)]
    scales = [each.scale for each in enlarged]
    assert scales[0] == pytest.approx(4.0 * scales[1], rel=1e-12)
    assert np.ptp(enlarged[0].series[0]) == pytest.approx(4.0, rel=1e-12)
    np.testing.assert_allclose(*(each.posterior_mean for each in enlarged), rtol=0, atol=1e-8)
    assert enlarged[0].free_energy == pytest.approx(enlarged[1].free_energy, abs=1e-7)


def test_centring_is_that_of_the_inputs_over_all_runs(run, estimate):
    whole = estimated(
        run._replace(inputs=run.inputs - run.inputs.mean(axis=0)), centre_inputs=False
    )
    np.testing.assert_allclose(whole.posterior_mean, estimate.posterior_mean, rtol=0, atol=1e-9)
    # A constant added to an input is centred away.
    shifted = estimated(run._replace(inputs=run.inputs + 3.0))
    np.testing.assert_allclose(shifted.posterior_mean, estimate.posterior_mean, rtol=0, atol=1e-8)
    second = run._replace(inputs=run.inputs[::-1])
    mean = 0.5 * (run.inputs.mean(axis=0) + second.inputs.mean(axis=0))
    by_hand = [each._replace(inputs=each.inputs - mean) for each in (run, second)]
    both = estimated(run, second, maximum_iterations=4)
    np.testing.assert_allclose(
        both.predicted,
        estimated(*by_hand, centre_inputs=False, maximum_iterations=4).predicted,
        rtol=0,
        atol=1e-10,
    )


def test_delays_sample_each_region_at_its_time():
    """Scans of 2 s, measured 0.5 and 1.5 s after they begin, are among scans of 0.5 s."""
    inputs = block_inputs(40, scans=5)
    delayed = simulated(circuit_parameters(), inputs, delays=np.array([0.5, 1.5]))
    often = simulated(circuit_parameters(), inputs, t_r=0.5, n_scans=160)
    assert np.abs(simulated(circuit_parameters(), inputs) - delayed).max() > 0.05
    np.testing.assert_allclose(delayed[:, 0], often[0::4, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(delayed[:, 1], often[2::4, 1], rtol=0, atol=1e-12)


def test_the_right_delays_fit_better():
    inputs = block_inputs(120, scans=6)
    delays = np.array([0.2, 1.8])
    run = recording(noisy(simulated(circuit_parameters(), inputs, delays=delays), seed=8), inputs)
    right = estimated(run, delays=delays)
    wrong = estimated(run, delays=delays[::-1])
    assert right.free_energy > wrong.free_energy + 3.0


def test_the_signal_is_in_proportion_to_the_echo_time_where_epsilon_is_zero():
    vector, inputs = circuit_parameters(), block_inputs(40, scans=5)
    vector[-1] = 0.0
    short, long = (simulated(vector, inputs, echo_time=echo_time) for echo_time in (0.02, 0.05))
    assert np.ptp(short) > 0.5
    np.testing.assert_allclose(long, 2.5 * short, rtol=0, atol=1e-12)
    run = recording(long, inputs)
    right, wrong = (estimated(run, echo_time=echo_time) for echo_time in (0.05, 0.02))
    # A shorter echo time needs more drive for the same signal.
    assert wrong.posterior_mean[13] > 1.5 * right.posterior_mean[13]


# Priors ---------------------------------------------------------------------------------------


def test_data_that_are_noise_alone_return_the_prior(run):
    """A noise level so high that the data say nothing."""
    priors = dcm_priors(CIRCUIT)._replace(
        log_precision_mean=np.full(2, -25.0), log_precision_covariance=1e-14 * np.eye(2)
    )
    found = estimated(run, priors=priors)
    np.testing.assert_allclose(found.posterior_mean, priors.mean, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.posterior_covariance, priors.covariance, rtol=0, atol=1e-7)
    assert found.converged


def test_one_region_alone():
    inputs = block_inputs(100, scans=5)[:, :1]
    truth = parameter_vector(
        SINGLE, connections=[[0.5]], modulations=[[[0.0]]], driving=[[1.0]], transit=[0.0]
    )
    series = noisy(simulated(truth, inputs, structure=SINGLE), seed=2, deviation=0.05)
    found = estimated(recording(series, inputs), structure=SINGLE)
    # The prior variance of its self-connection is 1, not 1/64.
    assert found.prior_covariance[0, 0] == 1.0
    deviation = np.sqrt(np.diagonal(found.posterior_covariance))
    assert np.abs(found.posterior_mean[0] - 0.5) < 2.5 * deviation[0]
    assert np.abs(found.posterior_mean[2] - 1.0) < 2.5 * deviation[2]
    assert found.explained_variance > 0.95


def test_another_beginning_ends_in_the_same_place(run, estimate):
    """From the true parameters, by long steps, as from the prior means."""
    model = laplace_model(
        run.series - run.series.mean(axis=0),
        confounds=run.confounds,
        predict=estimate.forward.predict,
        priors=dcm_priors(CIRCUIT),
        component=np.arange(2),
    )
    start = initial_state(model, circuit_parameters())
    state = variational_laplace(model, maximum_iterations=128, start=start)
    assert state.best.free_energy == pytest.approx(estimate.free_energy, abs=0.05)
    deviation = np.sqrt(np.diagonal(estimate.posterior_covariance)[FREE])
    away = model.parameters(state.best.point)[FREE] - estimate.posterior_mean[FREE]
    assert np.abs(away / deviation).max() < 0.2
