"""Censoring and band of a run, before any nuisance model."""

import numpy as np
import pytest

from bids_ketamine.core.cleaning.frame_filter import CENSORED_VOLUMES, frame_filter
from bids_ketamine.core.cosines import cosine_basis

BAND = (0.009, 0.08)


def band_projection(n_scans, t_r=2.0):
    basis, frequencies = cosine_basis(n_scans, t_r)
    inside = basis[:, (frequencies >= BAND[0]) & (frequencies <= BAND[1])]
    return inside @ inside.T


def build(kept, how, band_pass=BAND, t_r=2.0):
    return frame_filter(
        np.asarray(kept, dtype=bool), t_r=t_r, band_pass=band_pass, censored_volumes=how
    )


@pytest.mark.parametrize("how", ["spectral", "linear"])
def test_without_censoring_it_is_the_projection_on_the_band(how):
    series = np.random.default_rng(0).normal(1000, 5, size=(120, 3))
    shared = build(np.ones(120), how)
    np.testing.assert_allclose(shared.apply(series), band_projection(120) @ series, atol=1e-10)
    np.testing.assert_allclose(shared.matrix @ series, shared.apply(series), atol=1e-10)


@pytest.mark.parametrize("how", ["spectral", "linear"])
def test_censored_ends_shorten_the_run(how):
    series = np.random.default_rng(1).normal(size=(150, 3))
    kept = np.ones(150, dtype=bool)
    kept[:6] = kept[-4:] = False
    np.testing.assert_allclose(
        build(kept, how).apply(series), band_projection(140) @ series[6:-4], atol=1e-10
    )


def test_values_of_censored_volumes_do_not_matter():
    rng = np.random.default_rng(2)
    series = rng.normal(size=(100, 2))
    kept = rng.random(100) > 0.2
    wild = series.copy()
    wild[~kept] = np.array([np.nan, 1e9])
    for how in CENSORED_VOLUMES:
        shared = build(kept, how)
        assert np.array_equal(shared.apply(wild), shared.apply(series))


def test_a_signal_of_the_passband_passes_unharmed_through_censoring():
    kept = np.ones(180, dtype=bool)
    kept[5:175:7] = False
    basis, frequencies = cosine_basis(180, 2.0)
    inside = (frequencies >= BAND[0]) & (frequencies <= BAND[1])
    signal = basis[:, inside] @ np.random.default_rng(3).normal(size=(inside.sum(), 4))
    found = build(kept, "spectral").apply(800.0 + signal)
    np.testing.assert_allclose(found, signal[kept], atol=1e-10)
    # Zeros in its place would have changed what is around them.
    zeroed = np.where(kept[:, None], signal, 0.0)
    assert np.abs((band_projection(180) @ zeroed - signal)[kept]).max() > 0.05


def test_a_missing_value_stays_in_its_own_series():
    series = np.random.default_rng(4).normal(size=(60, 3))
    series[10, 1] = np.nan
    series[20, 2] = np.inf
    found = build(np.ones(60), "spectral").apply(series)
    assert np.isfinite(found[:, 0]).all()
    assert np.isnan(found[:, 1:]).all()


def test_no_band_leaves_the_mean_alone_to_be_taken_out():
    kept = np.arange(30) % 3 > 0
    series = np.random.default_rng(5).normal(size=(30, 2))
    for how in CENSORED_VOLUMES:
        shared = build(kept, how, band_pass=None, t_r=None)
        np.testing.assert_allclose(
            shared.apply(series), series[kept] - series[kept].mean(axis=0), atol=1e-14
        )
        assert shared.outside.shape == (20, 0)


def test_reasons():
    assert build(np.zeros(180), "spectral").reason == "all 180 volumes are censored"
    assert build(np.zeros(0), "spectral", band_pass=None).reason == "all 0 volumes are censored"
    short = build([1, 1, 1], "spectral", band_pass=(0.009, 0.05))
    assert short.reason == "3 volumes of 2 s have no frequency in 0.009-0.05 Hz"
    # One kept volume is no run for a filter in time.
    lone = build(np.arange(180) == 7, "linear")
    assert lone.reason == "1 volume of 2 s has no frequency in 0.009-0.08 Hz"
    assert build(np.arange(180) == 7, "left_out").reason == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"how": "cubic"},
        {"t_r": None},
        {"t_r": 0.0},
        {"band_pass": (0.08, 0.009)},
        {"band_pass": (-0.1, 0.1)},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be|above 0"):
        build(np.ones(10), **({"how": "spectral"} | wrong))


def test_series_of_another_run_are_refused():
    with pytest.raises(ValueError, match="9 volumes do not belong to a run of 10"):
        build(np.ones(10), "linear").apply(np.zeros((9, 1)))
