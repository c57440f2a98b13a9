"""Microtime inputs by hand."""

import numpy as np

from bids_ketamine.core.glm.convolution import microtime_input, orthogonalized, sample_regressor


def level(onsets, durations, **options):
    return microtime_input(
        onsets=np.array(onsets, dtype=float),
        durations=np.array(durations, dtype=float),
        t_r=2.0,
        n_scans=4,
        microtime_resolution=4,
        lead_in_bins=2,
        **options,
    )


def test_a_block_is_on_for_one_bin_more_than_its_duration():
    # bins of 0.5 s, two before the run: 1.0 s is bin 4, and 1.5 s last 3 + 1 bins
    assert level([1.0], [1.5]).tolist() == [0] * 4 + [1, 1, 1, 1] + [0] * 10


def test_impulses_have_unit_area_and_halves_are_rounded_away_from_zero():
    # 0.25 s is half a bin: bin 1; -0.25 s: bin -1
    assert level([0.25, -0.25], [0.0, 0.0]).tolist() == [0, 2, 0, 2] + [0] * 14


def test_impulses_beside_longer_events_are_one_bin_high():
    assert level([0.0, 2.0], [0.0, 0.5]).tolist() == [0, 0, 1, 0, 0, 0, 1, 1] + [0] * 10


def test_overlaps_add_early_events_begin_in_the_first_bin_and_late_ones_are_left_out():
    found = level([-5.0, 0.0, 100.0], [1.0, 8.0, 1.0])
    assert found.tolist() == [1, 1, 2] + [1] * 15


def test_amplitudes_scale_each_event():
    assert level([0.0, 2.0], [0.0, 0.0], amplitudes=np.array([1.5, -0.5])).tolist() == (
        [0, 0, 3, 0, 0, 0, -1] + [0] * 11
    )


def test_a_volume_takes_its_reference_bin_of_the_convolution():
    values = np.arange(18.0)
    sampled = sample_regressor(
        values,
        np.array([0.0, 1.0]),  # a delay of one bin
        n_scans=4,
        microtime_resolution=4,
        reference_bin=2,
        lead_in_bins=2,
    )
    # bin 2 + 4 j + 1, one bin earlier
    assert sampled.tolist() == [2.0, 6.0, 10.0, 14.0]


def test_later_regressors_lose_what_earlier_ones_explain():
    first, second = np.array([1.0, 1.0, 0.0]), np.array([2.0, 0.0, 5.0])
    kept, rest, nothing = orthogonalized([first, second, first + second])
    assert kept.tolist() == first.tolist()
    np.testing.assert_allclose(rest, [1.0, -1.0, 5.0], atol=1e-14)
    assert nothing.tolist() == [0.0, 0.0, 0.0]
