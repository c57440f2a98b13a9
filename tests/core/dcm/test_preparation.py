"""Means, scale and centring of data, and all that may be wrong with them."""

import numpy as np
import pytest

from bids_ketamine.core.dcm.preparation import centre_inputs, check_recordings, prepare_series
from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.errors import InputDataError
from tests.core.dcm.circuits import BINS, CIRCUIT, block_inputs, estimated

N_SCANS = 40


def good():
    series = np.random.default_rng(0).normal(size=(N_SCANS, 2))
    return Recording(series, np.ones((N_SCANS, 1)), block_inputs(N_SCANS), 2.0)


def complaint(*recordings):
    with pytest.raises(InputDataError) as caught:
        check_recordings(recordings, CIRCUIT)
    return str(caught.value)


def changed(array, value, *places):
    array = array.copy()
    array[places] = value
    return array


# Preparation ----------------------------------------------------------------------------------


def test_series_within_four_percent_keep_their_scale():
    first = np.array([[0.0, 1.0], [2.0, 5.0]])
    second = np.array([[10.0, 20.0], [11.0, 20.0], [12.0, 20.0]])
    series, scale = prepare_series([first, second])
    assert scale == 1.0
    np.testing.assert_array_equal(series[0], [[-1.0, -2.0], [1.0, 2.0]])
    np.testing.assert_array_equal(series[1], [[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])


def test_series_of_a_larger_range_are_shrunk_to_four_percent():
    # Without means: -1 .. 1 in one run, -5 .. 3 in the other one. The range of all is 8.
    first = np.array([[0.0, 9.0], [2.0, 9.0]])
    second = np.array([[-5.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    series, scale = prepare_series([first, second])
    assert scale == 0.5
    np.testing.assert_array_equal(series[0][:, 0], [-0.5, 0.5])
    np.testing.assert_array_equal(series[1][:, 0], [-2.5, 1.0, 1.5])
    np.testing.assert_array_equal(series[1][:, 1], 0.0)


def test_inputs_are_centred_over_all_runs():
    first, second = np.array([[1.0, 0.0]]), np.array([[0.0, 2.0], [0.0, 2.0], [1.0, 4.0]])
    centred = centre_inputs([first, second])
    np.testing.assert_array_equal(centred[0], [[0.5, -2.0]])
    np.testing.assert_array_equal(centred[1], [[-0.5, 0.0], [-0.5, 0.0], [0.5, 2.0]])
    np.testing.assert_array_equal(first, [[1.0, 0.0]])


# What may be wrong ----------------------------------------------------------------------------


def test_good_data_pass():
    check_recordings([good(), good()], CIRCUIT)


def test_there_must_be_a_run():
    assert "there is no run" in complaint()


def test_values_that_are_not_finite_are_counted():
    run = good()
    series = changed(changed(run.series, np.nan, 3, 1), np.inf, 4, 0)
    inputs = changed(run.inputs, np.nan, slice(3), 0)
    told = complaint(run._replace(series=series, inputs=inputs))
    assert "run 1: 2 values of the series are not finite" in told
    assert "run 1: 3 values of the inputs are not finite" in told
    confounds = np.full((N_SCANS, 2), np.nan)
    told = complaint(run, run._replace(confounds=confounds))
    assert f"run 2: {2 * N_SCANS} values of the confounds are not finite" in told
    assert "run 1" not in told


def test_inputs_of_another_length():
    run = good()
    told = complaint(run._replace(inputs=run.inputs[:-1]))
    assert f"{N_SCANS * BINS - 1} bins of inputs are no whole number of bins" in told
    assert f"each of {N_SCANS} scans" in told
    assert "0 bins of inputs" in complaint(run._replace(inputs=run.inputs[:0]))


def test_shapes_that_do_not_fit_the_model():
    run = good()
    told = complaint(run._replace(series=np.ones((N_SCANS, 3))))
    assert f"series of shape ({N_SCANS}, 3) for 2 regions" in told
    told = complaint(run._replace(series=run.series[:, 0]))
    assert f"series of shape ({N_SCANS},) for 2 regions" in told
    told = complaint(run._replace(inputs=run.inputs[:, :1], confounds=run.confounds[1:]))
    assert f"inputs of shape ({N_SCANS * BINS}, 1) for 2 inputs" in told
    assert f"confounds of shape ({N_SCANS - 1}, 1) for {N_SCANS} scans" in told


@pytest.mark.parametrize("t_r", [0.0, -2.0, np.nan, np.inf])
def test_a_repetition_time_is_positive(t_r):
    assert f"a repetition time of {t_r} s" in complaint(good()._replace(t_r=t_r))


def test_a_region_varies_in_every_run():
    run = good()
    told = complaint(run, run._replace(series=changed(run.series, 7.0, slice(None), 1)))
    assert "run 2: region 2 does not vary" in told
    assert "run 1" not in told


def test_an_input_is_on_in_some_run():
    run = good()
    off = run._replace(inputs=changed(run.inputs, 0.0, slice(None), 1))
    assert "input 2 is never on" in complaint(off)
    assert "input 2 is never on" in complaint(off, off)
    check_recordings([off, run], CIRCUIT)


def test_all_problems_are_told_at_once():
    run = good()
    first = run._replace(series=changed(run.series, np.nan, 0, 0), t_r=0.0)
    told = complaint(first, run._replace(inputs=run.inputs[:-1], confounds=run.confounds[:-2]))
    for problem in (
        "run 1: a repetition time of 0.0 s",
        "run 1: 1 values of the series are not finite",
        "run 2: confounds of shape (38, 1) for 40 scans",
        "run 2: 639 bins of inputs",
    ):
        assert problem in told


def test_an_estimation_begins_with_these_checks():
    run = good()
    with pytest.raises(InputDataError, match="1 values of the series are not finite"):
        estimated(run._replace(series=changed(run.series, np.nan, 5, 0)))
    with pytest.raises(InputDataError, match="there is no run"):
        estimated()
