"""State equation and signal: rest, steady states, derivatives, the bilinear operators."""

import numpy as np
import pytest

from bids_ketamine.core.dcm import bilinear
from bids_ketamine.core.dcm.bilinear import bilinear_operators, linear_signal
from bids_ketamine.core.dcm.state_equation import (
    SPM_ECHO_TIME,
    bold_jacobian,
    bold_signal,
    effective_connectivity,
    signal_coefficients,
    state_derivative,
    state_jacobian,
)
from bids_ketamine.core.dcm.structure import DcmStructure, unpack
from tests.core.dcm.circuits import CIRCUIT, SINGLE, circuit_parameters

FULL = DcmStructure(np.ones((3, 3)), np.ones((3, 3, 2)), np.ones((3, 2)))
COMPLEX_STEP = 1e-30


def drawn(structure=FULL, *, seed=0, spread=0.3):
    rng = np.random.default_rng(seed)
    n, m = structure.n_regions, structure.n_inputs
    parameters = unpack(spread * rng.normal(size=structure.n_parameters), structure)
    return parameters, spread * rng.normal(size=(n, 5)), rng.normal(size=m)


def rest(structure):
    return np.zeros((structure.n_regions, 5)), np.zeros(structure.n_inputs)


def signal(states, parameters):
    return bold_signal(states[:, 3], states[:, 4], parameters.epsilon, echo_time=SPM_ECHO_TIME)


# Known values ---------------------------------------------------------------------------------


def test_at_rest_nothing_moves_and_there_is_no_signal():
    for structure in (SINGLE, CIRCUIT, FULL):
        parameters, _, _ = drawn(structure, seed=4)
        states, inputs = rest(structure)
        np.testing.assert_array_equal(state_derivative(parameters, states, inputs), states)
        np.testing.assert_array_equal(signal(states, parameters), states[:, 0])
        operators = bilinear_operators(parameters)
        assert (operators.at_rest[0] == 0.0).all()
        assert (operators.at_rest[:, 0] == 0.0).all()


def test_coupling_by_hand():
    parameters = unpack(circuit_parameters(), CIRCUIT)
    np.testing.assert_allclose(
        effective_connectivity(parameters, np.array([1.0, 0.0])),
        [[-0.5 * np.exp(0.1), 0.25], [-0.15, -0.5 * np.exp(-0.2)]],
        rtol=1e-15,
    )
    np.testing.assert_allclose(
        effective_connectivity(parameters, np.array([1.0, 0.5])),
        [[-0.5 * np.exp(0.1), 0.35], [-0.30, -0.5 * np.exp(-0.2)]],
        rtol=1e-15,
    )


def test_a_modulated_self_connection_stays_negative():
    parameters, _, _ = drawn(FULL, seed=1, spread=3.0)
    for inputs in np.random.default_rng(2).normal(size=(20, 2)):
        assert (np.diagonal(effective_connectivity(parameters, inputs)) < 0.0).all()


def test_the_derivative_by_hand():
    """One region, all states different from rest."""
    parameters = unpack(np.array([0.2, 0.7, 2.0, 0.1, -0.3, 0.0]), SINGLE)
    z, s, f, v, q = 0.3, -0.1, 1.2, 1.1, 0.9
    found = state_derivative(
        parameters, np.array([[z, s, np.log(f), np.log(v), np.log(q)]]), np.array([0.5])
    )
    transit, outflow = 2.0 * np.exp(0.1), v ** (1.0 / 0.32)
    expected = [
        -0.5 * np.exp(0.2 + 0.7 * 0.5) * z + 2.0 * 0.5 / 16.0,
        z - 0.64 * np.exp(-0.3) * s - 0.32 * (f - 1.0),
        s / f,
        (f - outflow) / (transit * v),
        (f * (1.0 - 0.6 ** (1.0 / f)) / 0.4 - outflow * q / v) / (transit * q),
    ]
    np.testing.assert_allclose(found, [expected], rtol=1e-13)


def test_the_steady_state_under_a_constant_input():
    """z = c u / (16 * 0.5), f = 1 + z / 0.32, v = f^0.32, q = v E(f) / E0."""
    parameters = unpack(np.array([0.0, 0.0, 1.0, 0.2, 0.1, 0.05]), SINGLE)
    z = 1.0 / 8.0
    f = 1.0 + z / 0.32
    v = f**0.32
    q = v * (1.0 - 0.6 ** (1.0 / f)) / 0.4
    states = np.array([[z, 0.0, np.log(f), np.log(v), np.log(q)]])
    moved = state_derivative(parameters, states, np.ones(1))
    np.testing.assert_allclose(moved, np.zeros((1, 5)), rtol=0, atol=1e-15)
    k1, k2, k3 = 4.3 * 40.3 * 0.4 * 0.04, np.exp(0.05) * 25 * 0.4 * 0.04, 1.0 - np.exp(0.05)
    expected = 4.0 * (k1 * (1.0 - q) + k2 * (1.0 - q / v) + k3 * (1.0 - v))
    np.testing.assert_allclose(signal(states, parameters), expected, rtol=1e-13)
    assert 1.0 < expected < 4.0  # percent: less deoxyhaemoglobin, more signal


def test_the_echo_time_scales_two_coefficients():
    short = signal_coefficients(np.array([0.1]), 0.02)
    long = signal_coefficients(np.array([0.1]), 0.04)
    np.testing.assert_allclose([long[0], long[1]], [2 * short[0], 2 * short[1]], rtol=1e-15)
    np.testing.assert_allclose([short[2], long[2]], 1.0 - np.exp(0.1), rtol=1e-15)


# Derivatives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_analytic_derivatives_are_those_of_complex_steps(seed):
    parameters, states, inputs = drawn(seed=seed)
    found = state_jacobian(parameters, states, inputs)
    slope = bold_jacobian(parameters, states, echo_time=SPM_ECHO_TIME)
    for column in range(states.size):
        moved = states.astype(complex)
        moved.T.flat[column] += 1j * COMPLEX_STEP
        change = state_derivative(parameters, moved, inputs).imag / COMPLEX_STEP
        np.testing.assert_allclose(
            found.states[:, column], change.ravel(order="F"), rtol=1e-12, atol=1e-14
        )
        change = signal(moved, parameters).imag / COMPLEX_STEP
        np.testing.assert_allclose(slope[:, column], change, rtol=1e-12, atol=1e-14)
    for column in range(inputs.size):
        turned = inputs.astype(complex)
        turned[column] += 1j * COMPLEX_STEP
        change = state_derivative(parameters, states.astype(complex), turned).imag / COMPLEX_STEP
        np.testing.assert_allclose(
            found.inputs[:, column], change.ravel(order="F"), rtol=1e-12, atol=1e-14
        )


def exact_operators(parameters, structure):
    """Return the derivatives at rest: by states, by inputs, by both."""
    states, inputs = rest(structure)
    size, n = states.size + 1, structure.n_regions
    found = state_jacobian(parameters, states, inputs)
    at_rest = np.zeros((size, size))
    at_rest[1:, 1:] = found.states
    by_input = np.zeros((structure.n_inputs, size, size))
    by_input[:, 1:, 0] = found.inputs.T
    mixed = np.array(parameters.modulations)
    every = np.arange(n)
    own = np.diagonal(parameters.connections)
    mixed[every, every] *= -0.5 * np.exp(own)[:, None]
    by_input[:, 1 : n + 1, 1 : n + 1] = np.moveaxis(mixed, -1, 0)
    return at_rest, by_input


def test_bilinear_operators_are_forward_differences_of_the_state_equation(monkeypatch):
    """Their error is that of a step of exp(-8), and falls in proportion to it."""
    parameters, _, _ = drawn(seed=5)
    at_rest, by_input = exact_operators(parameters, FULL)
    error = []
    for step in (np.exp(-8.0), 0.5 * np.exp(-8.0)):
        monkeypatch.setattr(bilinear, "DIFFERENCE_STEP", step)
        found = bilinear_operators(parameters)
        error.append(
            (
                np.abs(found.at_rest - at_rest).max(),
                np.abs(found.by_input - by_input).max(),
            )
        )
    assert error[0][0] < 1e-3
    assert error[0][1] < 1e-3
    np.testing.assert_allclose(np.divide(*error), [2.0, 2.0], rtol=1e-3)


def test_what_does_not_curve_has_no_error_of_differences():
    parameters, _, _ = drawn(seed=6)
    at_rest, by_input = exact_operators(parameters, FULL)
    found = bilinear_operators(parameters)
    neuronal = slice(1, 4)
    np.testing.assert_allclose(found.at_rest[neuronal], at_rest[neuronal], rtol=1e-14, atol=1e-16)
    np.testing.assert_array_equal(found.by_input[..., 0], by_input[..., 0])
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_array_equal(
        found.by_input[:, neuronal, neuronal][:, off], by_input[:, neuronal, neuronal][:, off]
    )


def test_operators_of_several_models_are_those_of_each():
    vectors = 0.3 * np.random.default_rng(7).normal(size=(3, FULL.n_parameters))
    together = bilinear_operators(unpack(vectors, FULL))
    for k, own in enumerate(vectors):
        alone = bilinear_operators(unpack(own, FULL))
        np.testing.assert_array_equal(together.at_rest[k], alone.at_rest)
        np.testing.assert_array_equal(together.by_input[k], alone.by_input)


def test_the_linear_signal_is_the_slope_at_rest():
    parameters, _, _ = drawn(seed=8)
    found = linear_signal(parameters, echo_time=SPM_ECHO_TIME)
    slope = bold_jacobian(parameters, rest(FULL)[0], echo_time=SPM_ECHO_TIME)
    np.testing.assert_array_equal(found[:, 0], 0.0)
    np.testing.assert_allclose(found[:, 1:], slope, rtol=2e-3, atol=1e-15)
