"""Several runs of a session: unlike each other, and what is done once for all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bids_ketamine.images.grid import Grid
from bids_ketamine.interfaces import resting_cleaned_session, resting_regions
from bids_ketamine.interfaces.resting_seed_maps import VoxelCoordinates
from bids_ketamine.interfaces.resting_series import PERCENT, WITHOUT_MEAN
from tests.interfaces.resting_session import (
    CLEANING,
    NETWORKS,
    REST,
    confounds_table,
    connect,
    rest_run,
)
from tests.interfaces.task_session import N_SCANS, T_R, series_of_run


def test_runs_of_another_length_and_repetition_time(tmp_path):
    """Each run is cleaned with its own; one standard deviation in each weights them by volumes."""
    n_short = 80
    short = rest_run(
        tmp_path / "b",
        number="2",
        data=series_of_run(2)[..., :n_short],
        confounds=confounds_table(2, n_scans=n_short),
    )
    runs = (rest_run(tmp_path / "a", number="1", seed=1), replace(short, t_r=2.5))
    few = replace(CLEANING, models=("6P",))
    found = connect(tmp_path / "out", *runs, cleaning=few)
    series = [table.to_numpy() for table in found.tables("_atlas-five_timeseries")]
    assert [len(each) for each in series] == [N_SCANS, n_short]
    joined = np.concatenate([each / each.std(axis=0) for each in series])
    matrix = found.table("_relmat").set_index("Node").to_numpy()
    np.testing.assert_allclose(matrix, np.corrcoef(joined.T), atol=1e-8)
    alone = connect(tmp_path / "alone", runs[1], cleaning=few).tables("_atlas-five_timeseries")[0]
    np.testing.assert_allclose(series[1], alone.to_numpy(), atol=1e-10)
    assert found.record["Cleaning"]["Minutes"] == pytest.approx((N_SCANS * T_R + 80 * 2.5) / 60)
    df = [each["ResidualDegreesOfFreedom"] for each in found.record["Runs"]]
    row = found.row("network_connectivity", "a")
    assert (row["residual_df"], row["n_volumes"]) == (sum(df), N_SCANS + n_short)


def test_a_run_may_be_dropped_from_one_model_alone(tmp_path):
    """The second run has no components of ICA-AROMA: that model has the first run alone."""
    table = confounds_table(1)
    table["aroma_motion_01"] = np.random.default_rng(0).normal(size=N_SCANS)
    first = rest_run(tmp_path, number="1", seed=1, confounds=table)
    second = rest_run(tmp_path, number="2", seed=2, confounds=confounds_table(2, moved=(40,)))
    found = connect(
        tmp_path / "both", first, second, cleaning=replace(CLEANING, models=("6P", "AROMA"))
    )
    alone = connect(tmp_path / "alone", first, cleaning=replace(CLEANING, models=("AROMA",)))
    for name in ("a", "b", "a_b"):
        row = found.row("network_connectivity_AROMA", name)
        expected = alone.row("network_connectivity", name)
        for column in ("value", "residual_df", "n_volumes_kept", "coverage"):
            assert row[column] == pytest.approx(expected[column], abs=1e-12), column
        assert row["n_volumes"] == 2 * N_SCANS
        assert found.row("network_connectivity", name)["n_volumes_kept"] == 2 * N_SCANS - 1
    assert found.record["Cleaning"]["RunsUsed"] == 2


@pytest.mark.parametrize("censored", [(0, 1, 60), (60, N_SCANS - 2, N_SCANS - 1)])
def test_censored_volumes_at_the_ends_are_cut_off(tmp_path, censored):
    """The filter runs from the first to the last volume that is used."""
    table = confounds_table(0)
    table.loc[list(censored), "std_dvars"] = 9.0
    limit = replace(CLEANING, models=("6P",), std_dvars=1.5, linear_trend=False)
    data = series_of_run(0)
    found = connect(
        tmp_path / "out", rest_run(tmp_path / "in", data=data, confounds=table), cleaning=limit
    )
    inner = slice(2, None) if censored[0] == 0 else slice(None, -2)
    cut = rest_run(tmp_path / "cut", data=data[..., inner], confounds=table[inner])
    expected = connect(tmp_path / "other", cut, cleaning=limit)
    series = found.table("_atlas-five_timeseries").to_numpy()
    assert np.flatnonzero(np.isnan(series[:, 0])).tolist() == list(censored)
    np.testing.assert_allclose(
        series[inner], expected.table("_atlas-five_timeseries").to_numpy(), atol=1e-8
    )


def test_regions_are_located_once_for_runs_of_one_grid(tmp_path, monkeypatch):
    grids: list[Grid] = []
    locate = resting_regions.locate_regions

    def counted(sources, grid, **further):
        grids.append(grid)
        return locate(sources, grid, **further)

    monkeypatch.setattr(resting_regions, "locate_regions", counted)
    runs = [rest_run(tmp_path, number=str(each), seed=each) for each in (1, 2)]
    both = connect(tmp_path / "both", *runs)
    assert len(grids) == 1
    alone = connect(tmp_path / "alone", runs[1])
    assert len(grids) == 2
    np.testing.assert_array_equal(
        both.tables("_atlas-five_timeseries")[1], alone.tables("_atlas-five_timeseries")[0]
    )


def test_seed_maps_keep_no_series_of_the_runs(tmp_path, monkeypatch):
    """One run is in memory at a time."""
    kept = []
    made = resting_cleaned_session.model_sessions

    def seen(runs, settings):
        kept.extend(each.read.image for each in runs)
        return made(runs, settings)

    monkeypatch.setattr(resting_cleaned_session, "model_sessions", seen)
    runs = [rest_run(tmp_path, number=str(each), seed=each) for each in (1, 2)]
    found = connect(tmp_path / "out", *runs, networks=replace(NETWORKS, seed_maps=("a",)))
    assert [type(each) for each in kept] == [VoxelCoordinates] * 2
    assert len(list(found.folder.rglob("*_seed-a_*.nii.gz"))) == 1
    kept.clear()
    connect(tmp_path / "none", *runs)
    assert kept == [None, None]


@pytest.mark.parametrize("cleaning", [CLEANING, None])
def test_images_without_their_mean_lose_no_region(tmp_path, cleaning):
    """Percent of a mean that is rounding would tell half of the regions weak."""
    data = series_of_run(0)
    confounds = replace(REST.confounds, columns=(), compcor_components=0, outliers=None)
    rest = replace(REST, confounds=confounds)
    whole, bare = (
        connect(tmp_path / name, run, cleaning=cleaning, rest=rest)
        for name, run in (
            ("whole", rest_run(tmp_path / "a", data=data)),
            ("bare", rest_run(tmp_path / "b", data=data - data.mean(axis=-1, keepdims=True))),
        )
    )
    for name in ("a", "b", "a_b"):
        row = bare.row("network_connectivity", name)
        assert row["reason"] == ""
        assert row["value"] == pytest.approx(
            whole.row("network_connectivity", name)["value"], abs=1e-5
        )
    assert WITHOUT_MEAN in bare.record["Runs"][0]["Notes"]
    assert WITHOUT_MEAN not in whole.record["Runs"][0]["Notes"]
    units = [each.row("cleaned_temporal_sd", "a")["unit"] for each in (whole, bare)]
    assert units == [PERCENT, "arbitrary"]
    tsnr = bare.row("cleaned_tsnr", "a")
    assert (np.isnan(tsnr["value"]), tsnr["reason"]) == (True, "no region of it has a value")
