import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.cleaning.nuisance_models import model_regressors
from bids_ketamine.demo.motion import framewise_displacement, simulate_motion
from bids_ketamine.demo.network_groups import region_groups
from bids_ketamine.demo.network_model import NetworkModel, noise_model
from bids_ketamine.demo.network_series import simulate_region_run

TRUTH = {"default_mode": 0.3, "sgACC_default_mode": 0.25, "limbic": 0.2, "visual": 0.4}


def run(seed=0, mean_fd=0.12):
    return simulate_region_run(
        TRUTH,
        mean_fd=mean_fd,
        model=NetworkModel(),
        noise=noise_model(),
        generator=np.random.default_rng(seed),
    )


def test_series_have_the_level_and_spread_of_regions():
    series = run().series
    assert series.shape == (180, 407)
    np.testing.assert_allclose(series.mean(axis=0), 100.0, atol=1.0)
    # 1 % of fluctuations, a fourth of the noise's variance of voxels, what motion does on top.
    assert 1.1 < np.median(series.std(axis=0)) < 1.6


def test_confounds_are_what_the_largest_model_needs():
    table = pd.DataFrame(dict(run().confounds))
    found = model_regressors(table, name="36P", metadata={}, cosines=False)
    assert found.reason == ""
    assert found.regressors.shape == (180, 36)
    assert np.isnan(table["framewise_displacement"].iloc[0])
    assert table["framewise_displacement"].mean() == pytest.approx(0.12, abs=1e-12)
    assert table["global_signal_derivative1"].iloc[5] == pytest.approx(
        table["global_signal"].iloc[5] - table["global_signal"].iloc[4]
    )


def test_motion_leaks_into_the_series():
    still, moving = (run(mean_fd=mean_fd).series for mean_fd in (0.05, 0.3))
    assert moving.std(axis=0).mean() > 1.05 * still.std(axis=0).mean()


def test_regions_of_a_network_keep_most_of_what_they_share():
    groups = np.array(list(region_groups().values()))
    places = np.flatnonzero(groups == "visual")
    r = np.corrcoef(np.concatenate([run(seed).series for seed in range(3)])[:, places].T)
    # Noise takes from it, vessels and breathing add to it.
    assert 0.2 < r[np.triu_indices(len(places), k=1)].mean() < 0.6


def test_breathing_moves_the_head_along_one_axis():
    plain, breathing = (
        simulate_motion(
            n_volumes=180,
            mean_fd=0.1,
            jumps=0.0,
            generator=np.random.default_rng(3),
            breathing=amplitude,
        )
        for amplitude in (0.0, 4.0)
    )
    for motion in (plain, breathing):
        assert np.nanmean(framewise_displacement(motion)) == pytest.approx(0.1)
    # 0.2 to 0.35 breaths a second fold to 0.15 to 0.25 Hz at volumes of 2 s.
    power = np.abs(np.fft.rfft(np.diff(breathing, axis=0), axis=0)) ** 2
    frequency = np.fft.rfftfreq(179, 2.0)
    peak = frequency[power[1:, 1].argmax() + 1]
    assert 0.149 < peak < 0.251
    share = power[:, 1].max() / power[:, 1].sum()
    assert share > 5 * (power[:, 0].max() / power[:, 0].sum())
