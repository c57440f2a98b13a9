"""When regions are sampled and inputs change, by hand."""

import numpy as np
import pytest

from bids_ketamine.core.dcm.schedule import sampling_schedule


def column(*values):
    return np.array(values, dtype=float)[:, None]


def planned(inputs, *, n_scans, step=1.0, delays=None, n_regions=1):
    delays = None if delays is None else np.array(delays)
    return sampling_schedule(inputs, step=step, n_scans=n_scans, n_regions=n_regions, delays=delays)


def test_without_changes_there_is_a_step_from_scan_to_scan():
    plan = planned(np.zeros((12, 1)), n_scans=3)
    # The last bin of each scan of 4 bins, counted from 0; the run begins at bin 0. The first three
    # bins, a step that comes but once, are made in powers of two.
    assert plan.steps.tolist() == [[0, 2], [0, 1], [0, 4], [0, 4], [0, 1]]
    assert plan.samples.tolist() == [[2], [3], [4]]
    assert plan.stretches == ((0, 2, 1), (0, 1, 1), (0, 4, 2))
    assert plan.inputs.tolist() == [[0.0]]
    assert plan.step == 1.0


def test_a_gap_that_repeats_is_one_step():
    plan = planned(np.zeros((15, 1)), n_scans=5)
    # Scans of 3 bins: four steps of 3 have a move of their own, the two bins before are one.
    assert plan.stretches == ((0, 2, 1), (0, 3, 4))
    fewer = planned(np.zeros((12, 1)), n_scans=4)
    assert fewer.stretches == ((0, 2, 2), (0, 1, 1), (0, 2, 1), (0, 1, 1), (0, 2, 1), (0, 1, 1))


def test_changes_of_inputs_split_steps():
    plan = planned(column(0, 0, 1, 1, 1, 0, 0, 0), n_scans=2)
    # Bins 0, 2 (on), 3 (sample), 5 (off), 7 (sample).
    assert plan.steps.tolist() == [[0, 2], [1, 1], [1, 2], [0, 2], [0, 1]]
    assert plan.samples.tolist() == [[2], [4]]
    assert plan.stretches == ((0, 2, 1), (1, 1, 1), (1, 2, 1), (0, 2, 1))
    assert plan.inputs.tolist() == [[0.0], [1.0]]


def test_combinations_of_inputs_are_levels():
    inputs = np.column_stack([column(0, 1, 1, 0, 0, 1), column(0, 0, 0.5, 0.5, 0, 0)])
    plan = planned(inputs, n_scans=1)
    assert plan.inputs.tolist() == [[0.0, 0.0], [0.0, 0.5], [1.0, 0.0], [1.0, 0.5]]
    assert plan.steps[:, 0].tolist() == [0, 2, 3, 1, 0, 2]
    assert plan.steps[:, 1].tolist() == [1] * 6


def test_equal_steps_are_one_stretch():
    plan = planned(np.zeros((20, 1)), n_scans=20)
    assert plan.steps.tolist() == [[0, 1]] * 20
    assert plan.stretches == ((0, 1, 19),)
    assert plan.samples.ravel().tolist() == list(range(20))


def test_a_single_step_has_no_stretch():
    plan = planned(np.zeros((1, 1)), n_scans=1)
    assert plan.steps.tolist() == [[0, 1]]
    assert plan.stretches == ()


def test_delays_are_rounded_to_bins_halves_up_and_one_at_least():
    # Bins of 0.5 s, 4 in a scan: 0 and 0.2 s give bin 1, 0.75 s 1.5 -> 2, 1.2 s 2.4 -> 2, 2 s 4.
    plan = planned(
        np.zeros((12, 1)),
        n_scans=3,
        step=0.5,
        delays=[0.0, 0.2, 0.75, 1.2, 2.0],
        n_regions=5,
    )
    # Steps begin at bins 0, 1, 3, 4, 5, 7, 8, 9, 11 (counted from 0).
    begins = np.concatenate([[0], np.cumsum(plan.steps[:, 1])[:-1]])
    assert begins.tolist() == [0, 1, 3, 4, 5, 7, 8, 9, 11]
    assert begins[plan.samples].tolist() == [
        [0, 0, 1, 1, 3],
        [4, 4, 5, 5, 7],
        [8, 8, 9, 9, 11],
    ]


def test_no_delay_is_a_delay_of_one_repetition_time():
    inputs = column(*(np.arange(24) % 7 < 3))
    without = planned(inputs, n_scans=3)
    late = planned(inputs, n_scans=3, delays=[8.0])
    np.testing.assert_array_equal(without.steps, late.steps)
    np.testing.assert_array_equal(without.samples, late.samples)


def test_a_sample_after_the_end_is_taken_in_the_last_bin():
    plan = planned(np.zeros((8, 1)), n_scans=2, delays=[6.0])
    begins = np.concatenate([[0], np.cumsum(plan.steps[:, 1])[:-1]])
    assert begins[plan.samples].ravel().tolist() == [5, 7]


def test_scans_of_no_whole_number_of_bins_begin_at_the_next_bin():
    # 2.5 bins a scan: scans begin at 0, 2.5 -> 3, 5, 7.5 -> 8; offset round(2.5) = 3.
    plan = planned(np.zeros((10, 1)), n_scans=4)
    begins = np.concatenate([[0], np.cumsum(plan.steps[:, 1])[:-1]])
    assert begins[plan.samples].ravel().tolist() == [2, 5, 7, 9]


@pytest.mark.parametrize("seed", range(5))
def test_steps_and_stretches_tell_the_same(seed):
    rng = np.random.default_rng(seed)
    inputs = rng.integers(0, 2, size=(60, 2)).astype(float)
    plan = planned(inputs, n_scans=10, delays=[1.0, 4.0], n_regions=2)
    told = [(level, gap) for level, gap, count in plan.stretches for _ in range(count)]
    assert told == [tuple(step) for step in plan.steps[:-1].tolist()]
    begins = np.concatenate([[0], np.cumsum(plan.steps[:, 1])[:-1]])
    np.testing.assert_array_equal(plan.inputs[plan.steps[:, 0]], inputs[begins])
    np.testing.assert_array_equal(begins[plan.samples[:, 0]], np.arange(10) * 6)
    np.testing.assert_array_equal(begins[plan.samples[:, 1]], np.arange(10) * 6 + 3)
