from itertools import product

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bids_ketamine.core.dcm.estimation import estimate_dcm
from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.core.glm.convolution import microtime_input
from bids_ketamine.demo.circuit import (
    BINS,
    CIRCUIT_INPUTS,
    LABELS,
    MODEL_ECHO_TIME,
    STRUCTURE,
    circuit_activation,
    circuit_inputs,
    circuit_parameters,
    circuit_signals,
    slowest_rate,
)
from bids_ketamine.demo.circuit_plan import relative_improvement
from bids_ketamine.demo.circuit_truth import realised_change
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import SESSIONS, plan_participant
from bids_ketamine.demo.tasks import START_TIME, T_R, TASKS, trials_of_run

MODEL = ForwardModel()
TASK = TASKS["faces"]
N = 400
EXCITATION = LABELS.index("amygdala > vmPFC by faces")
INHIBITION = LABELS.index("vmPFC > amygdala by faces")


@pytest.fixture(scope="module")
def planted():
    return [plan_participant(i, seed=3, effect=True, model=MODEL) for i in range(N)]


@pytest.fixture(scope="module")
def trials():
    return trials_of_run(TASK, "sub-01", "pre", seed=0)


def parameters(**other):
    usual = {
        "excitation": MODEL.circuit_excitation.value,
        "inhibition": MODEL.circuit_inhibition.value,
        "excitation_by_faces": MODEL.circuit_excitation_by_faces.value,
        "inhibition_by_faces": MODEL.circuit_inhibition_by_faces.value,
        "drive": MODEL.circuit_drive.value,
        "selves": np.zeros(2),
        "transit": np.zeros(2),
        "decay": 0.0,
        "epsilon": 0.0,
    }
    return circuit_parameters(**{**usual, **other})


def changes(participants, place):
    return np.array(
        [each.circuit["post"][place] - each.circuit["pre"][place] for each in participants]
    )


def test_free_parameters_are_those_of_the_published_model():
    assert [LABELS[place] for place in STRUCTURE.free] == [
        "vmPFC > vmPFC",
        "vmPFC > amygdala",
        "amygdala > vmPFC",
        "amygdala > amygdala",
        "vmPFC > amygdala by faces",
        "amygdala > vmPFC by faces",
        "all_trials > amygdala",
        "vmPFC transit",
        "amygdala transit",
        "decay",
        "epsilon",
    ]
    vector = dict(zip(LABELS, parameters(), strict=True))
    assert vector["amygdala > vmPFC"] == 0.15
    assert vector["vmPFC > amygdala"] == -0.27
    assert vector["amygdala > vmPFC by faces"] == 1.0
    assert vector["vmPFC > amygdala by faces"] == -0.3
    assert vector["all_trials > amygdala"] == 0.6
    assert np.count_nonzero(parameters()) == 5


def test_inputs_are_those_of_the_analysis(trials):
    """The same but for one bin a trial: SPM lets an event last a bin longer than it does."""
    inputs = circuit_inputs(trials, n_volumes=TASK.n_volumes)
    assert inputs.shape == (215 * 16, 2)
    for place, conditions in enumerate(CIRCUIT_INPUTS.values()):
        own = [trial for trial in trials if trial.trial_type in conditions]
        expected = microtime_input(
            onsets=np.array([trial.onset for trial in own]),
            durations=np.array([trial.duration for trial in own]),
            t_r=T_R,
            n_scans=TASK.n_volumes,
            microtime_resolution=BINS,
            lead_in_bins=0,
        )
        differs = np.flatnonzero(inputs[:, place] != expected)
        ends = [round((trial.onset + trial.duration) / T_R * BINS) for trial in own]
        np.testing.assert_array_equal(differs, ends)
        np.testing.assert_array_equal((expected - inputs[:, place])[differs], np.ones(len(own)))


def test_signals_solve_the_published_equations(trials):
    """A general solver of the linearised circuit: vmPFC and amygdala as their rates say."""
    vector = parameters()
    inputs = circuit_inputs(trials, n_volumes=TASK.n_volumes)
    centred = inputs - inputs.mean(axis=0)
    step = T_R / BINS

    def derivative(time, state):
        all_trials, faces = centred[min(int(time / step + 1e-9), len(centred) - 1)]
        z, s, f, v, q = state.reshape(5, 2)
        neural = np.array(
            [
                -0.5 * z[0] + (0.15 + 1.0 * faces) * z[1],
                -0.5 * z[1] + (-0.27 - 0.3 * faces) * z[0] + 0.6 / 16.0 * all_trials,
            ]
        )
        flow, volume, content = np.exp(f), np.exp(v), np.exp(q)
        outflow = volume ** (1.0 / 0.32)
        extraction = (1.0 - 0.6 ** (1.0 / flow)) / 0.4
        return np.concatenate(
            [
                neural,
                z - 0.64 * s - 0.32 * (flow - 1.0),
                s / flow,
                (flow - outflow) / (2.0 * volume),
                (flow * extraction - outflow * content / volume) / (2.0 * content),
            ]
        )

    n_volumes = 60
    times = START_TIME + T_R * np.arange(n_volumes)
    found = solve_ivp(derivative, (0.0, times[-1]), np.zeros(10), t_eval=times, max_step=step)
    volume, content = np.exp(found.y[6:8]), np.exp(found.y[8:10])
    k1, k2 = 4.3 * 40.3 * 0.4 * MODEL_ECHO_TIME, 25.0 * 0.4 * MODEL_ECHO_TIME
    bold = 4.0 * (k1 * (1.0 - content) + k2 * (1.0 - content / volume))
    signals = circuit_signals(vector, trials=trials, n_volumes=TASK.n_volumes)[:n_volumes]
    # SPM's scheme is exact for the system linearised at rest; volumes lie on its grid.
    assert np.abs(signals - bold.T).max() < 0.15 * np.ptp(bold)
    for region in range(2):
        assert np.corrcoef(signals[:, region], bold[region])[0, 1] > 0.99


def test_faces_raise_the_vmpfc_and_with_it_what_holds_the_amygdala_down(trials):
    contrast = circuit_activation(parameters(), trials=trials, task=TASK)
    assert contrast["vmPFC"] == pytest.approx(0.41, abs=0.05)
    assert contrast["amygdala"] == pytest.approx(-0.27, abs=0.05)
    # Without inhibition the amygdala knows no difference, as it is driven by all trials alike.
    free = parameters(inhibition=0.0, inhibition_by_faces=0.0)
    contrast = circuit_activation(free, trials=trials, task=TASK)
    assert contrast["amygdala"] == pytest.approx(0.0, abs=0.005)
    assert contrast["vmPFC"] > 0.5


def test_without_modulation_faces_and_shapes_are_alike(trials):
    vector = parameters(excitation_by_faces=0.0, inhibition_by_faces=0.0)
    contrast = circuit_activation(vector, trials=trials, task=TASK)
    assert list(contrast.values()) == pytest.approx([0.0, 0.0], abs=0.005)
    signals = circuit_signals(vector, trials=trials, n_volumes=TASK.n_volumes)
    assert np.ptp(signals, axis=0).min() > 0.3  # it still answers trials
    no_trials = circuit_signals(vector, trials=[], n_volumes=20)
    np.testing.assert_array_equal(no_trials, np.zeros((20, 2)))


def test_every_circuit_is_stable(planted, trials):
    inputs = circuit_inputs(trials, n_volumes=TASK.n_volumes)
    rates = [
        slowest_rate(person.circuit[session], inputs=inputs)
        for person in planted[:150]
        for session in SESSIONS
    ]
    assert max(rates) < -0.1
    assert slowest_rate(parameters(inhibition=1.0), inputs=inputs) > 0.0


def test_the_corners_of_all_ranges_are_stable(trials):
    inputs = circuit_inputs(trials, n_volumes=TASK.n_volumes)
    worst = -MODEL.circuit_change_slope.value * MODEL.circuit_change_limit.value
    worst += MODEL.circuit_change_noise.high
    rates = []
    for high in product((False, True), repeat=5):
        pick = [each.high if top else each.low for each, top in zip(_drawn(), high, strict=True)]
        for change in product((-worst, 0.0, worst), repeat=2):
            vector = parameters(
                excitation=pick[0],
                inhibition=pick[1],
                excitation_by_faces=pick[2] + change[0],
                inhibition_by_faces=pick[3] + change[1],
                selves=np.full(2, pick[4]),
            )
            rates.append(slowest_rate(vector, inputs=inputs))
    assert max(rates) < -0.05


def _drawn():
    return (
        MODEL.circuit_excitation,
        MODEL.circuit_inhibition,
        MODEL.circuit_excitation_by_faces,
        MODEL.circuit_inhibition_by_faces,
        MODEL.circuit_self,
    )


def test_the_vmpfc_prefers_faces_in_every_participant_and_session(planted):
    contrasts = np.array(
        [
            circuit_activation(
                person.circuit[session],
                trials=trials_of_run(TASK, person.label, session, seed=3),
                task=TASK,
            )["vmPFC"]
            for person in planted[:40]
            for session in SESSIONS
        ]
    )
    assert contrasts.min() > 0.02
    assert contrasts.mean() == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize(
    ("place", "arm", "slope"),
    [
        (EXCITATION, "midazolam", -0.35),
        (EXCITATION, "ketamine", -0.35),
        (INHIBITION, "midazolam", 0.0),
        (INHIBITION, "ketamine", -0.35),
    ],
)
def test_change_goes_with_improvement_as_planted(planted, place, arm, slope):
    own = [person for person in planted if person.arm == arm]
    relative = np.array([relative_improvement(person.improvement, MODEL) for person in own])
    assert np.polyfit(relative, changes(own, place), 1)[0] == pytest.approx(slope, abs=0.012)
    told = realised_change(planted, LABELS[place], MODEL)[arm]
    # What is beyond the limit takes a little of the slope.
    assert told["slope"] == pytest.approx(slope, abs=0.045)
    assert told["correlation"] == pytest.approx(-0.98 if slope else 0.0, abs=0.02 if slope else 0.2)
    assert told["mean"] == pytest.approx(np.mean(changes(own, place)), abs=1e-6)


def test_improvement_is_limited():
    assert relative_improvement(11.0, MODEL) == 0.0
    assert relative_improvement(21.0, MODEL) == pytest.approx(1.0)
    assert [relative_improvement(far, MODEL) for far in (60.0, -60.0)] == [1.75, -1.75]


def test_only_what_faces_do_changes_between_sessions(planted):
    for person in planted[:50]:
        differs = np.flatnonzero(person.circuit["pre"] != person.circuit["post"])
        assert set(differs.tolist()) == {EXCITATION, INHIBITION}


def test_without_effect_faces_do_nothing_and_nothing_changes(planted):
    for index in range(20):
        person = plan_participant(index, seed=3, effect=False, model=MODEL)
        np.testing.assert_array_equal(person.circuit["pre"], person.circuit["post"])
        assert set(person.circuit["pre"][[EXCITATION, INHIBITION]]) == {0.0}
        others = np.setdiff1d(np.arange(len(LABELS)), [EXCITATION, INHIBITION])
        np.testing.assert_array_equal(
            person.circuit["pre"][others], planted[index].circuit["pre"][others]
        )


def test_a_small_trial_tells_no_slope(planted):
    told = realised_change(planted[:2], LABELS[EXCITATION], MODEL)
    assert {each["slope"] for each in told.values()} == {None}
    assert all(isinstance(each["mean"], float) for each in told.values())
    null = [plan_participant(i, seed=3, effect=False, model=MODEL) for i in range(12)]
    told = realised_change(null, LABELS[INHIBITION], MODEL)
    assert {each["correlation"] for each in told.values()} == {None}
    assert {each["mean"] for each in told.values()} == {0.0}


def test_the_model_of_the_study_finds_the_parameters(planted):
    """Without noise worth mentioning the estimate is the truth, up to what priors take away."""
    ketamine = [person for person in planted if person.arm == "ketamine"][:3]
    errors = []
    for person in ketamine:
        for session in SESSIONS:
            trials = trials_of_run(TASK, person.label, session, seed=3)
            vector = person.circuit[session]
            signals = circuit_signals(vector, trials=trials, n_volumes=TASK.n_volumes)
            noise = np.random.default_rng(0).normal(size=signals.shape)
            estimate = estimate_dcm(
                [
                    Recording(
                        signals + 0.003 * noise,
                        np.ones((len(signals), 1)),
                        circuit_inputs(trials, n_volumes=TASK.n_volumes),
                        T_R,
                    )
                ],
                structure=STRUCTURE,
                delays=np.full(2, START_TIME),
                echo_time=MODEL_ECHO_TIME,
                centre_inputs=True,
                maximum_iterations=128,
                restart="stalled",
            )
            errors.append(estimate.posterior_mean - vector)
    assert np.abs(np.array(errors)[:, [EXCITATION, INHIBITION]]).max() < 0.12
    assert np.abs(np.array(errors)).mean() < 0.03
