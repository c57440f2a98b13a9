"""Breathing in motion parameters: gains, folding, and displacement of a head that lies still."""

import numpy as np
import pytest
from scipy import signal

from bids_ketamine.core.cleaning.respiration import folded_band, low_pass_motion, notch_motion
from bids_ketamine.core.confounds import power_displacement
from bids_ketamine.errors import InputDataError


def wave(frequency, *, t_r, n_scans):
    return np.sin(2 * np.pi * frequency * t_r * np.arange(n_scans))[:, None]


def gain(filtered, wave):
    """Amplitude over that of the wave in the middle half, at no delay."""
    middle = slice(len(wave) // 4, 3 * len(wave) // 4)
    return float(np.sum(filtered[middle] * wave[middle]) / np.sum(wave[middle] ** 2))


@pytest.mark.parametrize(("frequency", "expected"), [(0.02, 1.0), (0.1, 0.5), (0.23, 0.0)])
def test_low_pass_gain_is_that_of_a_butterworth_filter_used_twice(frequency, expected):
    t_r, order = 2.0, 2
    tone = wave(frequency, t_r=t_r, n_scans=600)
    found = gain(low_pass_motion(tone, t_r=t_r, cutoff=0.1, order=order).motion, tone)
    ratio = np.tan(np.pi * frequency * t_r) / np.tan(np.pi * 0.1 * t_r)
    assert found == pytest.approx(1 / (1 + ratio ** (2 * order)), abs=2e-3)
    assert found == pytest.approx(expected, abs=3e-3)


@pytest.mark.parametrize(
    ("frequency", "expected"), [(0.05, 1.0), (0.31, 0.5), (0.43, 0.5), (0.365, 0.0)]
)
def test_notch_takes_out_the_band_alone(frequency, expected):
    tone = wave(frequency, t_r=0.8, n_scans=900)
    found = notch_motion(tone, t_r=0.8, band=(0.31, 0.43), order=1)
    assert gain(found.motion, tone) == pytest.approx(expected, abs=0.02)
    assert found.notes == ()


def test_order_one_is_the_second_order_notch():
    # A narrow band: its arithmetic and geometric centres are the same then.
    noise = np.random.default_rng(0).normal(size=(400, 2))
    b, a = signal.iirnotch(0.3, 0.3 / 0.02, fs=1 / 0.8)
    expected = signal.filtfilt(b, a, noise, axis=0)
    found = notch_motion(noise, t_r=0.8, band=(0.29, 0.31), order=1).motion
    np.testing.assert_allclose(found[50:-50], expected[50:-50], atol=5e-3)


def test_a_still_head_that_breathes_is_not_displaced():
    t_r = 0.8
    motion = np.zeros((450, 6))
    motion[:, 1] = 0.2 * wave(0.3, t_r=t_r, n_scans=450)[:, 0]
    motion[225:, 2] = 1.0  # one true movement
    raw = power_displacement(motion)
    filtered = notch_motion(motion, t_r=t_r, band=(0.25, 0.35), order=2).motion
    clean = power_displacement(filtered)
    still = np.r_[20:200, 250:430]
    assert np.mean(raw[still] > 0.1) > 0.6
    assert np.mean(clean[still] > 0.1) == 0
    assert np.nanargmax(clean) == 225
    assert clean[225] > 0.5


def test_folding_of_bands():
    assert folded_band((0.31, 0.43), t_r=0.8) == (0.31, 0.43)
    np.testing.assert_allclose(folded_band((0.31, 0.43), t_r=2.0), (0.07, 0.19))
    np.testing.assert_allclose(folded_band((0.2, 0.3), t_r=2.0), (0.2, 0.25))
    np.testing.assert_allclose(folded_band((0.3, 0.5), t_r=2.5), (0.0, 0.1))
    # A tone is seen where the formula says.
    t_r = 2.0
    seen = folded_band((0.37, 0.38), t_r=t_r)
    tone = wave(0.375, t_r=t_r, n_scans=400)[:, 0]
    spectrum = np.abs(np.fft.rfft(tone))
    peak = np.fft.rfftfreq(400, t_r)[spectrum.argmax()]
    assert seen[0] <= peak <= seen[1]


def test_a_folded_band_is_taken_out_where_it_is_seen():
    tone = wave(0.37, t_r=2.0, n_scans=600)
    found = notch_motion(tone, t_r=2.0, band=(0.31, 0.43), order=1)
    assert gain(found.motion, tone) == pytest.approx(0.0, abs=0.02)
    assert found.notes == (
        "a repetition time of 2 s shows breathing at 0.07-0.19 Hz: 0.31-0.43 Hz is taken out there",
    )


def test_a_band_across_the_highest_frequency_becomes_a_low_pass():
    tones = np.hstack([wave(f, t_r=2.0, n_scans=600) for f in (0.05, 0.22, 0.28)])
    found = notch_motion(tones, t_r=2.0, band=(0.2, 0.3), order=2)
    gains = [gain(found.motion[:, [i]], tones[:, [i]]) for i in range(3)]
    np.testing.assert_allclose(gains, [1.0, 0.1, 0.1], atol=0.1)
    assert "shows breathing at 0.2-0.25 Hz" in found.notes[0]


def test_long_repetition_times_are_told():
    motion = np.random.default_rng(1).normal(size=(200, 6))
    assert low_pass_motion(motion, t_r=2.0, cutoff=0.1, order=2).notes == ()
    assert low_pass_motion(motion, t_r=3.0, cutoff=0.1, order=2).notes == (
        "A repetition time of 3 s shows breathing at 0.0333-0.133 Hz: filtering above 0.1 Hz "
        "does not take all out",
    )
    unfiltered = low_pass_motion(motion, t_r=6.0, cutoff=0.1, order=2)
    assert np.array_equal(unfiltered.motion, motion)
    assert unfiltered.notes == (
        "motion was not filtered: a repetition time of 6 s shows no more than 0.0833 Hz",
    )
    with pytest.raises(InputDataError, match=r"breathing at 0-0.1 Hz: no filter can tell it"):
        notch_motion(motion, t_r=2.5, band=(0.3, 0.5), order=1)


def test_short_runs_and_wrong_input():
    short = np.arange(12.0).reshape(2, 6)
    assert np.isfinite(low_pass_motion(short, t_r=2.0, cutoff=0.1, order=2).motion).all()
    with pytest.raises(InputDataError, match="1 volumes"):
        low_pass_motion(short[:1], t_r=2.0, cutoff=0.1, order=2)
    gap = np.zeros((20, 6))
    gap[3:5, 2] = np.nan
    with pytest.raises(InputDataError, match=r"missing at volume 3 \(2 volumes in all\)"):
        notch_motion(gap, t_r=0.8, band=(0.2, 0.3), order=1)
    for wrong in ({"cutoff": 0.0}, {"order": 0}, {"t_r": 0.0}):
        with pytest.raises(ValueError, match=r"must be"):
            low_pass_motion(np.zeros((20, 6)), **({"t_r": 2.0, "cutoff": 0.1, "order": 1} | wrong))
    with pytest.raises(ValueError, match="rising"):
        notch_motion(np.zeros((20, 6)), t_r=0.8, band=(0.3, 0.2), order=1)
