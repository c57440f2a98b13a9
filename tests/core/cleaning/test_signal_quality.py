"""Temporal standard deviation and signal-to-noise ratio before and after cleaning."""

import numpy as np
import pytest

from bids_ketamine.core.cleaning.signal_quality import group_ratio, signal_quality


def test_known_means_and_deviations():
    wave = np.tile([1.0, -1.0], 50)[:, None]
    before = wave * [5.0, 20.0] + [1000.0, 500.0]
    after = wave * [2.0, 10.0]
    quality = signal_quality(before, after, kept=np.ones(100, dtype=bool))
    unit = np.sqrt(100 / 99)  # n - 1
    np.testing.assert_allclose(quality.mean, [1000.0, 500.0])
    np.testing.assert_allclose(quality.deviation_before, np.array([5.0, 20.0]) * unit)
    np.testing.assert_allclose(quality.deviation_after, np.array([2.0, 10.0]) * unit)
    np.testing.assert_allclose(quality.snr_before, np.array([200.0, 25.0]) / unit)
    np.testing.assert_allclose(quality.snr_after, np.array([500.0, 50.0]) / unit)
    assert quality.problems == ("", "")


def test_censored_volumes_do_not_count_as_noise_before_cleaning():
    rng = np.random.default_rng(0)
    kept = rng.random(200) > 0.2
    before = rng.normal(100, 1, size=(200, 3))
    quality = signal_quality(before, np.zeros((kept.sum(), 3)) + 0.0, kept=kept)
    spoilt = before.copy()
    spoilt[~kept] = 1e5
    again = signal_quality(spoilt, np.zeros((kept.sum(), 3)), kept=kept)
    assert np.array_equal(quality.snr_before, again.snr_before)
    # A series that cleaning takes out altogether has no ratio after it.
    assert np.isnan(again.snr_after).all()


def test_regions_without_a_ratio_say_why():
    rng = np.random.default_rng(1)
    before = rng.normal(100, 1, size=(50, 4))
    before[3, 0] = np.nan
    before[:, 1] = 77.7
    before[:, 2] -= before[:, 2].mean()
    after = rng.normal(size=(50, 4))
    quality = signal_quality(before, after, kept=np.ones(50, dtype=bool))
    assert quality.problems == ("missing values", "does not vary", "no mean above 0", "")
    assert np.isnan(quality.snr_before[:3]).all()
    assert np.isnan(quality.snr_after[:3]).all()
    assert quality.snr_before[3] > 50
    # The deviation of a series without mean is still one.
    assert quality.deviation_before[2] == pytest.approx(1.0, rel=0.3)


def test_one_volume_has_no_deviation():
    kept = np.arange(10) == 4
    quality = signal_quality(np.ones((10, 2)), np.zeros((1, 2)), kept=kept)
    assert quality.problems == ("1 volumes", "1 volumes")
    assert np.isnan(quality.snr_before).all()


def test_shapes_that_do_not_belong_together_are_refused():
    kept = np.ones(10, dtype=bool)
    for before, after in (((9, 2), (9, 2)), ((10, 2), (9, 2)), ((10, 2), (10, 3))):
        with pytest.raises(ValueError, match="do not belong to 10 kept of 10 volumes"):
            signal_quality(np.ones(before), np.ones(after), kept=kept)


def test_limbic_against_cortex():
    snr = np.array([20.0, 40.0, np.nan, 100.0, 150.0, 1000.0])
    limbic = np.array([1, 1, 1, 0, 0, 0], dtype=bool)
    ratio = group_ratio(snr, first=limbic, second=~limbic)
    assert (ratio.first, ratio.second, ratio.ratio) == (30.0, 150.0, 0.2)
    assert (ratio.n_first, ratio.n_second, ratio.reason) == (2, 3, "")
    empty = group_ratio(snr, first=np.zeros(6, dtype=bool), second=~limbic)
    assert empty.reason == "no region of the first group has a value"
    assert np.isnan(empty.ratio)
    assert group_ratio(snr, first=limbic, second=np.isnan(snr)).reason == (
        "no region of the second group has a value"
    )
    assert group_ratio(np.zeros(6), first=limbic, second=~limbic).reason == (
        "the second group's median is not above 0"
    )
