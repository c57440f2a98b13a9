import numpy as np
import pytest

from bids_ketamine.demo.haemodynamics import haemodynamic_response, step_response, task_response


def test_response_peaks_near_five_seconds_and_undershoots():
    times = np.arange(0.0, 32.0, 0.001)
    response = haemodynamic_response(times)
    assert times[response.argmax()] == pytest.approx(5.0, abs=0.01)
    assert times[response.argmin()] == pytest.approx(15.7, abs=0.2)
    assert response.min() / response.max() == pytest.approx(-0.09, abs=0.01)


def test_response_integrates_to_five_sixths():
    times = np.arange(0.0, 60.0, 0.001)
    assert haemodynamic_response(times).sum() * 0.001 == pytest.approx(5.0 / 6.0, abs=1e-4)
    assert step_response(60.0) == pytest.approx(5.0 / 6.0, abs=1e-9)


def test_step_response_is_the_running_integral():
    times = np.arange(0.0, 30.0, 0.001)
    integral = np.cumsum(haemodynamic_response(times)) * 0.001
    assert np.abs(integral - step_response(times)).max() < 1e-3


def test_long_block_reaches_its_plateau():
    times = np.arange(0.0, 80.0, 0.5)
    response = task_response(onsets=[0.0], durations=[60.0], frame_times=times, unit="plateau")
    assert response[times == 50.0] == pytest.approx(1.0, abs=1e-3)


def test_event_peaks_at_one_and_events_add_up():
    times = np.arange(0.0, 60.0, 0.01)
    one = task_response(onsets=[10.0], durations=[1.0], frame_times=times, unit="peak")
    assert one.max() == pytest.approx(1.0, abs=1e-4)
    assert times[one.argmax()] == pytest.approx(15.5, abs=0.1)
    two = task_response(onsets=[10.0, 10.0], durations=[1.0, 1.0], frame_times=times, unit="peak")
    np.testing.assert_allclose(two, 2.0 * one)


def test_contiguous_trials_equal_one_block():
    times = np.arange(0.0, 60.0, 2.0)
    trials = task_response(
        onsets=[5.0, 10.0], durations=[5.0, 5.0], frame_times=times, unit="plateau"
    )
    block = task_response(onsets=[5.0], durations=[10.0], frame_times=times, unit="plateau")
    np.testing.assert_allclose(trials, block, atol=1e-12)
