from collections import Counter
from itertools import groupby

import numpy as np
import pytest

from bids_ketamine.demo.tasks import (
    EMOTIONS,
    START_TIME,
    T_R,
    TASKS,
    activation,
    face_matching_trials,
    stroop_trials,
)


def test_face_run_is_one_block_of_each_emotion_between_shapes():
    trials = face_matching_trials(np.random.default_rng(0))
    blocks = [(name, len(list(group))) for name, group in groupby(t.trial_type for t in trials)]
    assert [n for _, n in blocks] == [6] * 9
    assert [name for name, _ in blocks[::2]] == ["shapes"] * 5
    assert sorted(name for name, _ in blocks[1::2]) == sorted(EMOTIONS)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", ["faces", "stroop"])
def test_trials_fit_their_run(name, seed):
    task = TASKS[name]
    trials = task.make_trials(np.random.default_rng(seed))
    onsets = np.array([trial.onset for trial in trials])
    durations = np.array([trial.duration for trial in trials])
    assert np.all(np.diff(onsets) >= durations[:-1] - 1e-9)
    # At least 8 s of the response to the last trial are recorded.
    assert onsets[-1] + durations[-1] + 8.0 <= task.n_volumes * T_R


def test_emotion_order_is_random():
    orders = {
        tuple(dict.fromkeys(t.trial_type for t in face_matching_trials(np.random.default_rng(i))))
        for i in range(30)
    }
    assert len(orders) > 10


def test_stroop_counts_errors_and_omissions():
    trials = [trial for seed in range(60) for trial in stroop_trials(np.random.default_rng(seed))]
    assert set(Counter(t.trial_type for t in trials).values()) == {3600}
    missed = np.mean([t.response_time is None for t in trials])
    assert missed == pytest.approx(0.01, abs=0.004)
    assert all(t.accuracy == 0 for t in trials if t.response_time is None)
    answered = [t for t in trials if t.response_time is not None]
    errors = {
        name: np.mean([1 - t.accuracy for t in answered if t.trial_type == name])
        for name in ("congruent", "incongruent", "baseline")
    }
    assert errors["incongruent"] == pytest.approx(0.06, abs=0.012)
    assert errors["congruent"] == pytest.approx(0.025, abs=0.009)
    assert np.mean(list(errors.values())) == pytest.approx(0.037, abs=0.007)


def test_start_time_is_the_middle_of_the_slices():
    assert pytest.approx(0.975) == START_TIME
    np.testing.assert_allclose(TASKS["faces"].frame_times[:2], [0.975, 2.975])


@pytest.mark.parametrize("name", ["faces", "stroop"])
def test_least_squares_recovers_the_planted_contrast(name):
    task = TASKS[name]
    trials = task.make_trials(np.random.default_rng(2))
    regions = ("amygdala", "dACC", "vmPFC")
    common = dict.fromkeys(regions, 0.25)

    def signals(amplitudes):
        return activation(
            task=task, trials=trials, common=common, amplitudes=amplitudes, regions=regions
        )

    high, low = max(task.sides.values()), min(task.sides.values())
    above = [c for c, side in task.sides.items() if side == high]
    below = [c for c, side in task.sides.items() if side == low]
    design = []
    for conditions in (above, below, [c for c in task.sides if c not in above + below]):
        only = [trial for trial in trials if trial.trial_type in conditions]
        column = activation(
            task=task, trials=only, common={"x": 1.0}, amplitudes={}, regions=("x",)
        )
        if only:
            design.append(column[:, 0])
    estimates = np.linalg.lstsq(np.array(design).T, signals({"amygdala": 0.4}), rcond=None)[0]
    np.testing.assert_allclose(estimates[0] - estimates[1], [0.4, 0.0, 0.0], atol=1e-10)
    # No condition beyond half a percent, even for the largest amplitude.
    largest = np.linalg.lstsq(np.array(design).T, signals({"amygdala": 0.5}), rcond=None)[0]
    assert largest.max() == pytest.approx(0.5)
    assert largest.min() == pytest.approx(0.0, abs=1e-10)


def test_rest_has_no_activation():
    signals = activation(
        task=TASKS["rest"], trials=[], common={"dACC": 0.25}, amplitudes={}, regions=("dACC",)
    )
    np.testing.assert_array_equal(signals, np.zeros((360, 1)))
