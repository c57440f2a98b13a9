"""Condition regressors: sums, shifts, bins, edges of the run, CONN's own."""

import numpy as np
import pytest

from bids_ketamine.core.connectivity.condition_regressors import mean_sampled_regressor
from bids_ketamine.core.glm.haemodynamic_response import canonical_response
from tests.core.connectivity.task_series import REFERENCE


def regressor(onsets, durations, *, t_r=2.0, n_scans=100, **changed):
    return mean_sampled_regressor(
        onsets=np.array(onsets, dtype=float),
        durations=np.array(durations, dtype=float),
        t_r=t_r,
        n_scans=n_scans,
        **changed,
    )


@pytest.mark.parametrize("t_r", [2.0, 0.72, 1.5])
def test_a_lasting_block_is_the_running_sum_of_the_response_averaged_over_volumes(t_r):
    response = canonical_response(interval=t_r / 10, length=32.0)
    n_scans = int(np.ceil(40.0 / t_r))
    running = np.ones(n_scans * 10)
    running[: len(response)] = np.cumsum(response)
    expected = running[: n_scans * 10].reshape(n_scans, 10).mean(axis=1)
    found = regressor([0.0], [np.inf], t_r=t_r, n_scans=n_scans)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found[-1] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("duration", "volumes"),
    [
        (4.0, 2.0),
        (1.99, 0.9),  # whole bins of 0.2 s
        (0.6, 0.3),  # 0.6 / 0.2 is a little under 3 in binary
        (0.0, 0.1),  # one bin at least
        (0.05, 0.1),
    ],
)
def test_the_area_of_an_event_is_its_duration_in_volumes(duration, volumes):
    assert regressor([20.0], [duration]).sum() == pytest.approx(volumes, rel=1e-12)


def test_an_onset_goes_to_the_nearest_bin_and_later_from_the_middle():
    at = {shift: regressor([20.0 + shift], [4.0]) for shift in (0.0, 0.09, 0.1, 0.2)}
    np.testing.assert_array_equal(at[0.09], at[0.0])
    np.testing.assert_array_equal(at[0.1], at[0.2])
    assert np.abs(at[0.1] - at[0.0]).max() > 0.01


def test_a_later_onset_by_a_repetition_time_is_a_volume_later():
    first, later = regressor([10.0], [12.0]), regressor([12.0], [12.0])
    np.testing.assert_allclose(later[1:], first[:-1], atol=1e-14)


def test_events_apart_add_up_and_overlapping_ones_do_not():
    one, two = regressor([10.0], [8.0]), regressor([30.0], [8.0])
    np.testing.assert_allclose(regressor([10.0, 30.0], [8.0, 8.0]), one + two, atol=1e-14)
    np.testing.assert_array_equal(regressor([10.0, 10.0], [8.0, 8.0]), one)
    np.testing.assert_array_equal(regressor([10.0, 14.0], [8.0, 8.0]), regressor([10.0], [12.0]))


def test_an_event_before_the_first_volume_goes_on_into_the_run():
    found = regressor([-20.0], [30.0])
    np.testing.assert_allclose(found, regressor([20.0], [30.0], n_scans=120)[20:], atol=1e-14)
    np.testing.assert_array_equal(regressor([-140.0], [30.0]), np.zeros(100))
    np.testing.assert_allclose(
        regressor([-140.0], [150.0]), regressor([-100.0], [110.0]), atol=1e-14
    )


def test_an_event_ends_with_the_run_and_one_after_it_is_not_there():
    np.testing.assert_array_equal(regressor([180.0], [500.0]), regressor([180.0], [20.0]))
    np.testing.assert_array_equal(regressor([250.0], [10.0]), np.zeros(100))


def test_no_events_give_zeros():
    np.testing.assert_array_equal(regressor([], []), np.zeros(100))


def test_regressors_are_those_of_conn():
    with np.load(REFERENCE / "conn_faces_shapes.npz") as stored:
        for condition in range(2):
            found = regressor(
                stored[f"onsets_{condition}"].ravel(),
                stored[f"durations_{condition}"].ravel(),
                n_scans=len(stored["weights"]),
            )
            np.testing.assert_allclose(found, stored["weights"][:, condition], atol=1e-12)
