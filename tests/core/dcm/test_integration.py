"""Predicted series against SciPy's general solver, and how they are computed."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bids_ketamine.core.dcm import integration, schedule
from bids_ketamine.core.dcm.bilinear import bilinear_operators
from bids_ketamine.core.dcm.integration import integrate
from bids_ketamine.core.dcm.schedule import sampling_schedule
from bids_ketamine.core.dcm.simulation import simulate_bold
from bids_ketamine.core.dcm.state_equation import SPM_ECHO_TIME, bold_signal, state_derivative
from bids_ketamine.core.dcm.structure import DcmStructure, parameter_vector, unpack
from bids_ketamine.errors import InputDataError, ProcessingError
from tests.core.dcm.circuits import BINS, CIRCUIT, block_inputs, circuit_parameters, simulated

T_R = 2.0
BIN = T_R / BINS


def solved(flow, inputs, start, *, rtol=1e-12):
    """Return states at the beginning of every bin: inputs are constant within each."""
    changes = 1 + np.flatnonzero((inputs[1:] != inputs[:-1]).any(axis=1))
    ends = np.append(changes, len(inputs) - 1)
    states, first = [start[None]], 0
    for end in np.unique(ends):
        found = solve_ivp(
            flow,
            (first * BIN, end * BIN),
            states[-1][-1],
            method="DOP853",
            t_eval=np.arange(first + 1, end + 1) * BIN,
            args=(inputs[first],),
            rtol=rtol,
            atol=1e-14,
        )
        assert found.success
        states.append(found.y.T)
        first = end
    return np.concatenate(states)


def bilinear_solution(vector, structure, inputs):
    """Return the states of the bilinear system, (n_bins, 5 n), by another solver."""
    operators = bilinear_operators(unpack(vector, structure))

    def flow(_, state, level):
        return (operators.at_rest + np.tensordot(level, operators.by_input, axes=1)) @ state

    start = np.zeros(len(operators.at_rest))
    start[0] = 1.0
    return solved(flow, inputs, start)[:, 1:]


def nonlinear_solution(vector, structure, inputs):
    """Return the states of the state equation itself."""
    parameters, n = unpack(vector, structure), structure.n_regions

    def flow(_, state, level):
        return state_derivative(parameters, state.reshape(5, n).T, level).ravel(order="F")

    return solved(flow, inputs, np.zeros(5 * n), rtol=1e-10)


def signal(states, vector, structure):
    n = structure.n_regions
    epsilon = unpack(vector, structure).epsilon
    return bold_signal(
        states[:, 3 * n : 4 * n], states[:, 4 * n :], epsilon, echo_time=SPM_ECHO_TIME
    )


def predicted(vector, structure, inputs, *, delays=None):
    schedule = sampling_schedule(
        inputs,
        step=BIN,
        n_scans=len(inputs) // BINS,
        n_regions=structure.n_regions,
        delays=delays,
    )
    return integrate(
        np.atleast_2d(vector), structure=structure, schedules=[schedule], echo_time=SPM_ECHO_TIME
    )[0]


@pytest.fixture(scope="module")
def three_regions():
    rng = np.random.default_rng(3)
    structure = DcmStructure(np.ones((3, 3)), np.ones((3, 3, 2)), np.ones((3, 2)))
    vector = 0.15 * rng.normal(size=structure.n_parameters)
    vector[27:33] = 1.0, 0.5, -0.7, 0.8, 0.0, 0.4
    # Inputs that change within scans, at no multiple of them.
    bins = 25 * BINS
    inputs = np.column_stack([np.arange(bins) % 37 < 11, np.arange(bins) % 90 > 60]).astype(float)
    return structure, vector, inputs - inputs.mean(axis=0)


# Against another solver -----------------------------------------------------------------------


def test_the_scheme_solves_the_bilinear_system(three_regions):
    structure, vector, inputs = three_regions
    states = bilinear_solution(vector, structure, inputs)
    found = predicted(vector, structure, inputs)
    # Without delays, a scan is taken one bin before its end.
    last = np.arange(25) * BINS + BINS - 1
    np.testing.assert_allclose(found.neural[0], states[last, :3], rtol=0, atol=1e-8)
    expected = signal(states, vector, structure)[last]
    np.testing.assert_allclose(found.bold[0], expected, rtol=0, atol=1e-8)
    assert np.ptp(expected) > 0.9


def test_delays_sample_the_same_solution_earlier(three_regions):
    structure, vector, inputs = three_regions
    states = bilinear_solution(vector, structure, inputs)
    found = predicted(vector, structure, inputs, delays=np.array([0.5, 1.0, 1.8]))
    # 0.5 s are 4 bins, 1.0 s 8 and 1.8 s 14.4; bin b is the time (b - 1) dt.
    bold = signal(states, vector, structure)
    for region, offset in enumerate((4, 8, 14)):
        sampled = np.arange(25) * BINS + offset - 1
        np.testing.assert_allclose(
            found.bold[0, :, region], bold[sampled, region], rtol=0, atol=1e-8
        )
        np.testing.assert_allclose(
            found.neural[0, :, region], states[sampled, region], rtol=0, atol=1e-8
        )


def test_of_weak_inputs_the_bilinear_system_is_a_good_approximation(monkeypatch):
    """Its error is of second order: halved inputs leave a quarter of it."""
    # With SPM12's step the operators themselves err by 1e-4 of the signal.
    monkeypatch.setattr("bids_ketamine.core.dcm.bilinear.DIFFERENCE_STEP", 1e-5)
    vector, inputs = circuit_parameters(), block_inputs(20, scans=5)
    last = np.arange(20) * BINS + BINS - 1
    error, size = [], []
    for strength in (0.1, 0.05, 0.025):
        exact = signal(nonlinear_solution(vector, CIRCUIT, strength * inputs), vector, CIRCUIT)[
            last
        ]
        found = predicted(vector, CIRCUIT, strength * inputs).bold[0]
        error.append(np.abs(found - exact).max())
        size.append(np.abs(exact).max())
    ratios = np.divide(error[:-1], error[1:])
    np.testing.assert_allclose(ratios, [4.0, 4.0], rtol=0.06)
    # Inputs of a tenth make a signal of 0.14 percent, with an error of less than a hundredth of it.
    assert size[0] > 0.14
    assert error[0] < 0.01 * size[0]


def test_of_tiny_inputs_the_error_is_that_of_the_differences():
    """SPM12's forward differences make up to a thousandth of the signal."""
    vector, inputs = circuit_parameters(), 1e-3 * block_inputs(20, scans=5)
    last = np.arange(20) * BINS + BINS - 1
    exact = signal(nonlinear_solution(vector, CIRCUIT, inputs), vector, CIRCUIT)[last]
    found = predicted(vector, CIRCUIT, inputs).bold[0]
    error = np.abs(found - exact).max() / np.abs(exact).max()
    assert 1e-5 < error < 1e-3


# How it is computed ---------------------------------------------------------------------------


def several(structure, *, n_models=7, spread=0.2):
    rng = np.random.default_rng(11)
    return spread * rng.normal(size=(n_models, structure.n_parameters))


def test_powers_of_moves_change_nothing(three_regions, monkeypatch):
    structure, _, inputs = three_regions
    vectors = several(structure)
    found = []
    for longest in (1, 2, 8):
        monkeypatch.setattr(schedule, "LONGEST_POWER", longest)
        found.append(predicted(vectors, structure, inputs))
    for each in found[1:]:
        np.testing.assert_allclose(each.bold, found[0].bold, rtol=0, atol=1e-13)
        np.testing.assert_allclose(each.neural, found[0].neural, rtol=0, atol=1e-13)


def test_blocks_of_models_change_nothing(three_regions, monkeypatch):
    structure, _, inputs = three_regions
    vectors = several(structure)
    together = predicted(vectors, structure, inputs)
    # One model at a time, and three.
    size = 8 * 16**2 * len(np.unique(inputs, axis=0)) ** 2
    for n_bytes in (1, size):
        monkeypatch.setattr(integration, "BLOCK_BYTES", n_bytes)
        apart = predicted(vectors, structure, inputs)
        np.testing.assert_allclose(apart.bold, together.bold, rtol=0, atol=1e-13)
        np.testing.assert_allclose(apart.neural, together.neural, rtol=0, atol=1e-13)
        assert apart.bold.shape == (7, 25, 3)


def test_runs_each_begin_at_rest(three_regions):
    structure, vector, inputs = three_regions
    schedules = [
        sampling_schedule(own, step=BIN, n_scans=n, n_regions=3, delays=None)
        for own, n in ((inputs, 25), (inputs[: 10 * BINS], 10))
    ]
    long, short = integrate(
        vector[None], structure=structure, schedules=schedules, echo_time=SPM_ECHO_TIME
    )
    np.testing.assert_allclose(short.bold[0], long.bold[0, :10], rtol=0, atol=1e-13)
    np.testing.assert_allclose(long.bold, predicted(vector, structure, inputs).bold, atol=1e-13)


def test_without_input_nothing_happens():
    silent = circuit_parameters(driving=0.0)
    inputs = block_inputs(40)
    np.testing.assert_array_equal(simulated(silent, inputs), np.zeros((40, 2)))
    np.testing.assert_array_equal(
        simulated(circuit_parameters(), np.zeros_like(inputs)), np.zeros((40, 2))
    )


# Models that diverge --------------------------------------------------------------------------

#: Two regions that excite each other at 1 Hz: their sum grows by exp(t / 2).
EXPLOSIVE = parameter_vector(
    CIRCUIT,
    connections=[[0.0, 1.0], [1.0, 0.0]],
    modulations=np.zeros((2, 2, 2)),
    driving=[[0.0, 0.0], [1.0, 0.0]],
    transit=np.zeros(2),
)


def test_a_model_that_diverges_is_cut_short_and_others_are_not():
    inputs = block_inputs(60)
    found = predicted(np.stack([circuit_parameters(), EXPLOSIVE]), CIRCUIT, inputs)
    assert found.cut_short.tolist() == [False, True]
    alone = predicted(circuit_parameters(), CIRCUIT, inputs)
    np.testing.assert_allclose(found.bold[0], alone.bold[0], rtol=0, atol=1e-12)
    # Activity is about exp((t - 20) / 2) / 16 in each region after the first block began (20 s).
    # The sum of all absolute states, six times as much, passes 1e6 near 20 + 2 ln(1e6 * 16 / 6).
    states = np.abs(bilinear_solution(EXPLOSIVE, CIRCUIT, inputs)).sum(axis=1) + 1.0
    last = np.arange(60) * BINS + BINS - 1
    within = states[last] <= 1e6
    assert within.sum() == 24
    np.testing.assert_array_equal(found.bold[1][~within], 0.0)
    np.testing.assert_array_equal(found.neural[1][~within], 0.0)
    assert (found.neural[1][within][11:] > 0.0).all()


def test_a_simulation_that_diverges_is_an_error():
    with pytest.raises(ProcessingError, match="unstable"):
        simulated(EXPLOSIVE, block_inputs(60))


def test_inputs_that_do_not_fit_are_an_error():
    with pytest.raises(InputDataError, match=r"\(480, 2\) do not fit 29 scans and 2 inputs"):
        simulate_bold(
            circuit_parameters(),
            structure=CIRCUIT,
            inputs=block_inputs(30),
            n_scans=29,
            t_r=T_R,
            delays=None,
            echo_time=SPM_ECHO_TIME,
            centre_inputs=True,
        )
    with pytest.raises(InputDataError, match=r"\(480, 1\) do not fit 30 scans and 2 inputs"):
        simulated(circuit_parameters(), block_inputs(30)[:, :1])
