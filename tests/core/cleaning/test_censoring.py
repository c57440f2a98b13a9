"""Censoring: causes, thresholds, segments, and time that is left."""

import numpy as np
import pytest

from bids_ketamine.core.cleaning.censoring import censor_volumes, usable_time
from bids_ketamine.core.confounds import power_displacement
from tests.core.cleaning.real_confounds import SUBJECTS, confounds_table, needs_real_confounds

NONE = np.full(8, np.nan)
STEADY = np.zeros(8, dtype=bool)


def censor(**given):
    settings = {
        "framewise_displacement": NONE,
        "dvars": NONE,
        "non_steady_state": STEADY,
        "displacement_threshold": None,
        "dvars_threshold": None,
        "minimum_segment": 1,
    }
    return censor_volumes(**(settings | given))


def test_a_head_that_turns_once_is_censored_once():
    motion = np.zeros((8, 6))
    motion[4:, 0] = 0.1
    motion[4:, 4] = 0.004  # 0.2 mm on a sphere of 50 mm
    fd = power_displacement(motion)
    assert fd[4] == pytest.approx(0.3)
    result = censor(framewise_displacement=fd, displacement_threshold=0.25)
    assert np.flatnonzero(~result.kept).tolist() == [4]
    assert (result.n_displaced, result.n_kept, result.notes) == (1, 7, ())


def test_the_threshold_itself_and_the_unknown_first_volume_are_kept():
    fd = np.array([np.nan, 0.25, 0.2500001, 0.1, 0.1, 0.1, 0.1, 0.1])
    result = censor(framewise_displacement=fd, displacement_threshold=0.25)
    assert np.flatnonzero(~result.kept).tolist() == [2]


def test_each_volume_counts_under_its_first_cause():
    unsteady = np.array([1, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    fd = np.array([np.nan, 9, 9, 0, 0, 0, 0, 0])
    dvars = np.array([np.nan, 9, 9, 9, 0, 0, 9, 0])
    result = censor(
        framewise_displacement=fd,
        dvars=dvars,
        non_steady_state=unsteady,
        displacement_threshold=0.25,
        dvars_threshold=1.5,
        minimum_segment=2,
    )
    assert result.kept.tolist() == [False, False, False, False, True, True, False, False]
    assert (result.n_non_steady, result.n_displaced, result.n_changed) == (2, 1, 2)
    assert result.n_in_short_segments == 1
    assert result.causes == (
        "2 before the steady state, 1 by displacement, 2 by DVARS, 1 in short segments"
    )
    assert result.n_kept + 2 + 1 + 2 + 1 == 8


@pytest.mark.parametrize(
    ("minimum", "kept"),
    [
        (1, [1, 1, 1, 0, 1, 1, 0, 1]),
        (2, [1, 1, 1, 0, 1, 1, 0, 0]),
        (3, [1, 1, 1, 0, 0, 0, 0, 0]),
        (4, [0] * 8),
    ],
)
def test_segments_at_the_ends_count_as_those_between(minimum, kept):
    fd = np.array([0, 0, 0, 9, 0, 0, 9, 0], dtype=float)
    result = censor(framewise_displacement=fd, displacement_threshold=0.5, minimum_segment=minimum)
    assert result.kept.astype(int).tolist() == kept


def test_unknown_motion_censors_nothing_and_is_told():
    result = censor(displacement_threshold=0.25, dvars_threshold=1.5)
    assert result.kept.all()
    assert result.notes == (
        "framewise displacement is unknown: no volume is censored by it",
        "DVARS is unknown: no volume is censored by it",
    )
    gaps = np.array([np.nan, 0.1, np.nan, 0.1, 0.1, 0.1, 0.1, 0.3])
    result = censor(framewise_displacement=gaps, displacement_threshold=0.25)
    assert result.n_kept == 7
    assert result.notes == ("framewise displacement of 1 volumes is unknown: they are kept",)


def test_all_volumes_censored_is_a_result_with_a_reason():
    result = censor(framewise_displacement=np.full(8, 3.0), displacement_threshold=0.25)
    assert result.n_kept == 0
    time = usable_time([result.kept, result.kept], t_r=[2.0, 2.0], minimum_minutes=0)
    assert time == (0.0, 0, 16, "all 16 volumes are censored")


def test_exactly_the_minimum_is_enough():
    run = np.ones(375, dtype=bool)
    assert usable_time([run], t_r=[0.8], minimum_minutes=5).reason == ""
    # 3 x 0.1 is more than 0.3 in floating point, 0.3 itself is less.
    assert usable_time([np.ones(3, bool)] * 2, t_r=[0.1] * 2, minimum_minutes=0.01).reason == ""
    assert usable_time([run[1:]], t_r=[0.8], minimum_minutes=5).reason == (
        "4.987 min usable < 5 min"
    )


def test_runs_of_different_repetition_times_add_up():
    time = usable_time(
        [np.arange(100) < 60, np.ones(100, dtype=bool)], t_r=[2.0, 1.5], minimum_minutes=5
    )
    assert time.minutes == pytest.approx(4.5)
    assert time.reason == "4.5 min usable < 5 min"
    assert usable_time([], t_r=[], minimum_minutes=5).reason == "no run"


@pytest.mark.parametrize(
    "wrong",
    [
        {"dvars": np.zeros(7)},
        {"minimum_segment": 0},
        {"displacement_threshold": 0.0},
        {"dvars_threshold": -1.0},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must"):
        censor(**wrong)


@needs_real_confounds
@pytest.mark.parametrize("subject", SUBJECTS)
def test_real_displacement_is_that_of_fmriprep(subject):
    table = confounds_table(subject)
    motion = table[["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]].to_numpy()
    fd = power_displacement(motion)
    np.testing.assert_allclose(fd, table["framewise_displacement"], atol=2e-6)
    result = censor_volumes(
        framewise_displacement=fd,
        dvars=table["std_dvars"].to_numpy(),
        non_steady_state=np.zeros(len(table), dtype=bool),
        displacement_threshold=0.25,
        dvars_threshold=1.5,
        minimum_segment=1,
    )
    bad = (table["framewise_displacement"] > 0.25) | (table["std_dvars"] > 1.5)
    assert result.kept.tolist() == (~bad).tolist()
