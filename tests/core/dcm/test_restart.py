"""A second beginning where SPM12's scheme stalls, and what is told of it."""

import numpy as np
import pytest

from tests.core.dcm.circuits import (
    block_inputs,
    circuit_parameters,
    estimated,
    recording,
    simulated,
)


def weak_responses(seed):
    """Return responses of a fifth under noise of 0.25 percent, five times SPM12's expectation."""
    inputs = block_inputs(120, scans=6)
    signal = simulated(circuit_parameters(), inputs)
    noise = np.random.default_rng(seed).normal(size=signal.shape)
    return recording(0.2 * signal + 0.25 * noise, inputs)


def ends(seed):
    run = weak_responses(seed)
    return estimated(run, restart="never"), estimated(run, restart="stalled")


@pytest.mark.parametrize(("seed", "gain"), [(1, 20.6), (7, 22.8)])
def test_a_stalled_estimation_is_begun_again(seed, gain):
    first, again = ends(seed)
    # All steps after the two that are taken in any case were rejected, which SPM12's rule takes
    # for convergence.
    assert first.trace[:, 1].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert first.converged
    assert again.free_energy - first.free_energy == pytest.approx(gain, abs=0.5)
    assert again.explained_variance > 1.8 * first.explained_variance
    assert first.flat
    (told,) = again.diagnostics
    assert told.startswith("the last of 8 iterations were all rejected; begun again")
    assert f"is {again.free_energy:.1f} in place of {first.free_energy:.1f}" in told
    assert first.diagnostics == (f"the last of {first.n_iterations} iterations were all rejected",)


@pytest.mark.parametrize("seed", [0, 21])
def test_the_first_end_is_kept_where_it_is_better(seed):
    first, again = ends(seed)
    assert again.free_energy == first.free_energy
    np.testing.assert_array_equal(again.posterior_mean, first.posterior_mean)
    (told,) = again.diagnostics
    assert told.endswith("the first end is kept")


def test_an_estimation_that_does_not_stall_is_left_alone():
    inputs = block_inputs(120, scans=6)
    run = recording(simulated(circuit_parameters(), inputs), inputs)
    run = run._replace(series=run.series + weak_responses(3).series / 3.0)
    first, again = (estimated(run, restart=when) for when in ("never", "stalled"))
    np.testing.assert_array_equal(first.trace, again.trace)
    np.testing.assert_array_equal(first.posterior_mean, again.posterior_mean)
    assert again.diagnostics == ()
    always = estimated(run, restart="always")
    assert always.free_energy >= first.free_energy
    assert always.free_energy == pytest.approx(first.free_energy, abs=0.1)
    (told,) = always.diagnostics
    assert told.startswith("begun again")
