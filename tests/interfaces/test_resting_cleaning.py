"""Cleaning of resting runs through the step: known values, variants, and what goes wrong."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.study.spec import CleaningSpec
from tests.conn_by_hand import residuals
from tests.interfaces.resting_session import (
    BAND,
    CLEANING,
    NAMES,
    NETWORKS,
    REST,
    confounds_table,
    connect,
    rest_run,
    sphere_means,
)
from tests.interfaces.task_session import N_SCANS, T_R, series_of_run

LEFT_OUT = replace(CLEANING, censored_volumes="left_out")
MOVED = (30, 31, 70)


def model_30(table: pd.DataFrame) -> np.ndarray:
    """Return the 30 regressors by hand: 24 of motion; tissues and brain with differences."""
    motion = table.iloc[:, :6].to_numpy()
    change = np.diff(motion, axis=0, prepend=np.nan)
    change[0] = change[1]
    means = table[["csf", "white_matter", "global_signal"]].to_numpy()
    step = np.diff(means, axis=0, prepend=np.nan)
    step[0] = step[1]
    return np.column_stack([motion, change, motion**2, change**2, means, step])


def outside_band(n_scans: int, t_r: float = T_R) -> np.ndarray:
    """Return the cosines outside the band."""
    order = np.arange(1, n_scans)
    frequency = order / (2 * n_scans * t_r)
    phase = np.outer(2 * np.arange(n_scans) + 1, order) * np.pi / (2 * n_scans)
    return np.cos(phase)[:, (frequency < BAND[0]) | (frequency > BAND[1])]


def cleaned_by_hand(data: np.ndarray, table: pd.DataFrame, kept: np.ndarray) -> np.ndarray:
    """Return the least-squares residual of the kept volumes, in percent of their mean."""
    raw = sphere_means(data)[kept]
    n_scans = len(kept)
    columns = np.column_stack(
        [
            np.ones(n_scans),
            model_30(table),
            np.linspace(-1, 1, n_scans),
            outside_band(n_scans),
        ]
    )[kept]
    return residuals(100.0 * raw / raw.mean(axis=0), columns)


@pytest.mark.parametrize("cleaning", [CLEANING, LEFT_OUT], ids=["spectral", "left_out"])
def test_without_censored_volumes_it_is_a_least_squares_fit(tmp_path, cleaning):
    data, table = series_of_run(3), confounds_table(3)
    found = connect(tmp_path / "out", rest_run(tmp_path, seed=3, data=data), cleaning=cleaning)
    expected = cleaned_by_hand(data, table, np.ones(N_SCANS, dtype=bool))
    series = found.table("_atlas-five_timeseries")
    assert list(series) == NAMES
    # Tables hold ten digits.
    np.testing.assert_allclose(series.to_numpy(), expected, rtol=0, atol=1e-10)
    matrix = found.table("_stat-pearsoncorrelation_relmat").set_index("Node")
    correlation = np.corrcoef(expected.T)
    np.testing.assert_allclose(matrix.to_numpy(), correlation, atol=1e-10)
    for first, second in itertools.combinations(range(5), 2):
        row = found.row("resting_connectivity", f"{NAMES[first]}~{NAMES[second]}")
        assert row["value"] == pytest.approx(np.arctanh(correlation[first, second]), abs=1e-10)
    (facts,) = found.record["Runs"]
    # Volumes minus constant, 30 regressors, trend and frequencies outside the band.
    n_outside = outside_band(N_SCANS).shape[1]
    assert facts["ResidualDegreesOfFreedom"] == N_SCANS - 1 - 30 - 1 - n_outside


def test_left_out_volumes_leave_a_fit_of_the_others(tmp_path):
    data, table = series_of_run(4), confounds_table(4, moved=MOVED)
    run = rest_run(tmp_path, seed=4, data=data, confounds=table)
    found = connect(
        tmp_path / "out", run, cleaning=LEFT_OUT, rest=replace(REST, band_pass=(0.009, 0.2))
    )
    kept = np.ones(N_SCANS, dtype=bool)
    kept[list(MOVED)] = False
    series = found.table("_atlas-five_timeseries")
    assert series.isna().all(axis=1).to_numpy().tolist() == (~kept).tolist()
    raw = sphere_means(data)[kept]
    order = np.arange(1, N_SCANS)
    frequency = order / (2 * N_SCANS * T_R)
    phase = np.outer(2 * np.arange(N_SCANS) + 1, order) * np.pi / (2 * N_SCANS)
    outside = np.cos(phase)[:, (frequency < 0.009) | (frequency > 0.2)]
    columns = np.column_stack(
        [np.ones(N_SCANS), model_30(table), np.linspace(-1, 1, N_SCANS), outside]
    )[kept]
    expected = residuals(100.0 * raw / raw.mean(axis=0), columns)
    np.testing.assert_allclose(series.to_numpy()[kept], expected, rtol=0, atol=1e-10)
    quality = found.table("_desc-quality_timeseries")
    assert quality["outlier"].to_numpy().tolist() == (~kept).astype(int).tolist()
    (facts,) = found.record["Runs"]
    assert facts["Cleaning"]["Kept"] == N_SCANS - 3
    assert facts["Cleaning"]["Causes"] == "3 by displacement"
    assert facts["Cleaning"]["Minutes"] == pytest.approx((N_SCANS - 3) * T_R / 60)
    assert facts["VolumesKept"] == N_SCANS - 3


def test_networks_are_means_of_fisher_z_of_plain_correlations(tmp_path):
    """Without band, model and unit variance: correlations of the kept volumes themselves."""
    data, table = series_of_run(5), confounds_table(5, moved=MOVED)
    run = rest_run(tmp_path, seed=5, data=data, confounds=table)
    plain = replace(CLEANING, models=("6P",), linear_trend=False)
    found = connect(
        tmp_path / "out", run, cleaning=plain, rest=replace(REST, band_pass=None, pairs=False)
    )
    kept = np.delete(np.arange(N_SCANS), MOVED)
    motion = table.iloc[:, :6].to_numpy()
    raw = sphere_means(data)[kept]
    series = residuals(raw, np.column_stack([np.ones(len(kept)), motion[kept]]))
    z = np.arctanh(np.corrcoef(series.T) * (1 - np.eye(5)))
    expected = {"a": z[0, 1], "b": z[2, 3], "a_b": z[:2, 2:4].mean()}
    assert set(found.rows["measure"]) == {
        *("network_connectivity", "raw_temporal_sd", "cleaned_temporal_sd"),
        *("raw_tsnr", "cleaned_tsnr"),
    }
    for name, value in expected.items():
        row = found.row("network_connectivity", name)
        assert row["value"] == pytest.approx(value, abs=1e-10)
        assert (row["coverage"], row["reason"], row["unit"]) == (1.0, "", "Fisher z")
        assert row["residual_df"] == len(kept) - 7
        assert row["n_volumes_kept"] == len(kept)
    networks = found.table("_networks").set_index("network")
    assert networks.loc["a_b", "n_edges"] == 4
    assert networks["model"].tolist() == ["6P"] * 3
    assert found.sidecar("_networks")["Networks"]["a"] == ["a1", "a2"]
    regions = found.table("_atlas-five_regions").set_index("region")
    assert regions.loc["b1", "networks"] == "b; rest"
    np.testing.assert_allclose(regions["mean"], raw.mean(axis=0), rtol=1e-8)
    before = 100 * raw.std(axis=0, ddof=1) / raw.mean(axis=0)
    after = 100 * series.std(axis=0, ddof=1) / raw.mean(axis=0)
    np.testing.assert_allclose(regions["raw_temporal_sd"], before, rtol=1e-8)
    np.testing.assert_allclose(regions["cleaned_temporal_sd"], after, rtol=1e-8)
    np.testing.assert_allclose(regions["cleaned_tsnr"], 100 / after, rtol=1e-8)
    median = np.median(100 / after[:2])
    assert found.row("cleaned_tsnr", "a")["value"] == pytest.approx(median)
    ratio = found.row("cleaned_tsnr", "a/b")
    assert ratio["value"] == pytest.approx(median / np.median(100 / after[2:4]))
    assert ratio["unit"] == "ratio"


def test_runs_are_joined_with_one_variance_each(tmp_path):
    runs = [rest_run(tmp_path, number=str(each), seed=each) for each in (1, 2)]
    found = connect(tmp_path / "out", *runs)
    series = [table.to_numpy() for table in found.tables("_atlas-five_timeseries")]
    joined = np.concatenate([each / each.std(axis=0) for each in series])
    matrix = found.table("_relmat").set_index("Node").to_numpy()
    np.testing.assert_allclose(matrix, np.corrcoef(joined.T), atol=1e-8)
    assert found.record["Cleaning"] == {
        "Minutes": pytest.approx(2 * N_SCANS * T_R / 60),
        "MinimumMinutes": 0.0,
        "Runs": 2,
        "RunsUsed": 2,
        "Reason": "",
        "Notes": [],
    }
    plain = connect(tmp_path / "plain", *runs, cleaning=replace(CLEANING, unit_variance=False))
    matrix = plain.table("_relmat").set_index("Node").to_numpy()
    np.testing.assert_allclose(matrix, np.corrcoef(np.concatenate(series).T), atol=1e-8)


def test_one_run_is_enough_and_told(tmp_path):
    found = connect(tmp_path / "out", rest_run(tmp_path))
    assert found.record["Cleaning"]["Notes"] == ["the session has one run"]
    assert found.row("network_connectivity", "a")["reason"] == ""


def test_variants_are_those_of_each_model_alone(tmp_path):
    run = rest_run(tmp_path, confounds=confounds_table(0, moved=MOVED))
    both = connect(tmp_path / "both", run, cleaning=replace(CLEANING, models=("30P", "6P")))
    alone = connect(tmp_path / "alone", run, cleaning=replace(CLEANING, models=("6P",)))
    for name in ("a", "b", "a_b"):
        row = both.row("network_connectivity_6P", name)
        expected = alone.row("network_connectivity", name)
        assert row["value"] == pytest.approx(expected["value"], abs=1e-12)
        assert row["residual_df"] == expected["residual_df"]
        assert row["value"] != both.row("network_connectivity", name)["value"]
    assert both.table("_networks")["model"].tolist() == ["30P"] * 3 + ["6P"] * 3
    (facts,) = both.record["Runs"]
    assert facts["Cleaning"]["Models"] == ["30P", "6P"]
    assert set(facts["Cleaning"]["ResidualDegreesOfFreedom"]) == {"30P", "6P"}


def test_breathing_is_taken_out_of_displacement(tmp_path):
    """A swing of 0.2 mm at 0.2 Hz alone moves the head."""
    table = confounds_table(0)
    table["trans_y"] += 0.2 * np.sin(2 * np.pi * 0.2 * T_R * np.arange(N_SCANS))
    table = table.drop(columns="framewise_displacement")
    run = rest_run(tmp_path, confounds=table)
    without = connect(tmp_path / "without", run)
    filtered = connect(
        tmp_path / "filtered", run, cleaning=replace(CLEANING, motion_filter="low_pass")
    )
    counts = [each.record["Runs"][0]["Cleaning"]["Kept"] for each in (without, filtered)]
    assert counts[0] < 60
    assert counts[1] == N_SCANS
    facts = filtered.record["Runs"][0]
    assert facts["Cleaning"]["MotionFilter"] == "low-pass, 0.1 Hz"
    # What is told of motion is unfiltered, in both.
    assert facts["MeanFramewiseDisplacement"] == pytest.approx(
        without.record["Runs"][0]["MeanFramewiseDisplacement"]
    )
    quality = filtered.table("_desc-quality_timeseries")
    assert (quality["framewise_displacement_filtered"][1:] < 0.25).all()
    assert (quality["framewise_displacement"][1:] > 0.25).mean() > 0.5


def test_the_neighbourhood_is_regressed_from_the_chosen_region(tmp_path):
    """Residuals hold nothing of the cleaned ring; the region has a degree of freedom less."""
    run = rest_run(tmp_path)
    chosen = replace(CLEANING, local_neighbourhood=("a1",), neighbourhood_distance=(10.0, 400.0))
    found, plain = connect(tmp_path / "out", run, cleaning=chosen), connect(tmp_path / "plain", run)
    series, before = (each.table("_atlas-five_timeseries").to_numpy() for each in (found, plain))
    np.testing.assert_allclose(series[:, 1:], before[:, 1:], atol=1e-10)
    (share,) = found.record["Runs"][0]["Cleaning"]["Neighbourhood"].values()
    assert share == pytest.approx(1 - series[:, 0].var() / before[:, 0].var(), abs=1e-4)
    assert 0 < share < 1
    rows = {name: found.row("resting_connectivity", name) for name in ("a1~a2", "a2~b1")}
    assert rows["a1~a2"]["residual_df"] == rows["a2~b1"]["residual_df"] - 1
    df = plain.row("network_connectivity", "a")["residual_df"]
    assert found.row("network_connectivity", "a")["residual_df"] == df - 1
    assert found.row("network_connectivity", "b")["residual_df"] == df
    # The ring are the voxels of the other regions: each at least 10 mm away.
    assert "stand for the cortex" in " ".join(found.record["Runs"][0]["Notes"])


def test_the_networks_of_a_study_without_cleaning(tmp_path):
    confounds = replace(REST.confounds, columns=(), compcor_components=0, outliers=None)
    rest = replace(REST, confounds=confounds)
    seeded = replace(NETWORKS, seed_maps=("a",))
    found = connect(tmp_path / "out", rest_run(tmp_path), cleaning=None, rest=rest, networks=seeded)
    assert found.record["Runs"][0]["Notes"][-1].startswith("no seed maps")
    assert not list(found.folder.rglob("*_seed-*"))
    z = [
        found.row("resting_connectivity", f"{one}~{two}")["value"]
        for one in ("a1", "a2")
        for two in ("b1", "b2")
    ]
    assert found.row("network_connectivity", "a_b")["value"] == pytest.approx(np.mean(z))
    assert found.row("raw_tsnr", "a")["value"] > 1
    assert "Cleaning" not in found.record
    assert found.table("_networks")["model"].isna().all()


def test_a_study_may_want_no_networks(tmp_path):
    found = connect(tmp_path / "out", rest_run(tmp_path), networks=None)
    assert set(found.rows["measure"]) == {"resting_connectivity"}
    assert found.table("_atlas-five_regions")["networks"].isna().all()
    assert not list(found.folder.rglob("*_networks.tsv"))


def test_defaults_are_those_of_the_study():
    assert CleaningSpec().timeseries == "as_is"
    assert NETWORKS.measures == ("a", "b", "a_b")
