"""Region time series as tables, with volumes left out: as they are, raw, and of XCP-D."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.dataset.companions import Companion
from bids_ketamine.dataset.xcpd_files import XcpdFiles
from bids_ketamine.errors import InputDataError, InputMissingError, UsageError
from bids_ketamine.interfaces.resting_signal import NO_RATIOS
from bids_ketamine.study.spec import NetworksSpec, RegionsSpec
from tests.interfaces.resting_session import (
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

ALL_COLUMNS = RegionsSpec(atlas="table", all_columns=True)
MOVED = (30, 70)


def table_run(folder, values, names=NAMES, *, confounds=None, t_r=T_R):
    """Return a run whose region time series are a table."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sub-01_task-rest_timeseries.tsv"
    pd.DataFrame(values, columns=list(names)).to_csv(path, sep="\t", index=False, na_rep="n/a")
    run = rest_run(folder / "other", confounds=confounds)
    return replace(
        run,
        bold=None,
        mask=None,
        timeseries=path,
        t_r=t_r,
        confounds=None if confounds is None else run.confounds,
    )


def noise(seed=0, n_scans=N_SCANS):
    return np.random.default_rng(seed).normal(size=(n_scans, len(NAMES))) @ np.tri(len(NAMES))


def test_tables_are_correlated_as_they_are_without_censored_volumes(tmp_path):
    values = noise()
    values[[3, 90]] = np.nan
    run = table_run(tmp_path, values, confounds=confounds_table(0, moved=MOVED))
    found = connect(tmp_path / "out", run, spec=ALL_COLUMNS)
    kept = np.delete(np.arange(N_SCANS), [3, 90, *MOVED])
    z = np.arctanh(np.corrcoef(values[kept].T) * (1 - np.eye(5)))
    for name, value in {"a": z[0, 1], "b": z[2, 3], "a_b": z[:2, 2:4].mean()}.items():
        assert found.row("network_connectivity", name)["value"] == pytest.approx(value, abs=1e-10)
    facts = found.record["Runs"][0]
    assert facts["Cleaning"]["Causes"] == "2 without values, 2 by displacement"
    assert facts["Cleaning"]["Models"] == ["none"]
    assert facts["Cleaning"]["ResidualDegreesOfFreedom"] == {"none": N_SCANS - 5}
    assert facts["Confounds"] == []
    assert any("used as they are" in note for note in facts["Notes"])
    series = found.table("_atlas-table_timeseries")
    np.testing.assert_allclose(
        series.to_numpy()[kept], values[kept] - values[kept].mean(axis=0), atol=1e-8
    )
    assert series.isna().all(axis=1).sum() == 4
    # Nothing is known of them before: that is told once, and is no missing value.
    measures = {"resting_connectivity", "network_connectivity", "cleaned_temporal_sd"}
    assert set(found.rows["measure"]) == measures
    assert found.record["Cleaning"]["Notes"] == ["the session has one run", NO_RATIOS]
    regions = found.table("_atlas-table_regions")
    assert regions[["raw_temporal_sd", "raw_tsnr", "cleaned_tsnr"]].isna().all(axis=None)
    assert regions["reason"].isna().all()
    sd = found.row("cleaned_temporal_sd", "a")
    assert sd["value"] == pytest.approx(np.median(values[kept][:, :2].std(axis=0, ddof=1)))
    assert sd["unit"] == "arbitrary"
    ratio = found.row("cleaned_temporal_sd", "a/b")
    assert ratio["value"] == pytest.approx(
        sd["value"] / np.median(values[kept][:, 2:4].std(axis=0, ddof=1))
    )


def test_tables_without_cleaning_have_no_ratios_either(tmp_path):
    found = connect(tmp_path / "out", table_run(tmp_path, noise()), cleaning=None, spec=ALL_COLUMNS)
    assert not {"raw_tsnr", "cleaned_tsnr"} & set(found.rows["measure"])
    assert np.isfinite(found.row("cleaned_temporal_sd", "a")["value"])
    assert found.record["Runs"][0]["Notes"][-1] == NO_RATIOS


def test_a_region_that_misses_single_values_is_left_out_and_told(tmp_path):
    """A gap in a volume that is left out anyway does no harm."""
    values = noise()
    values[[3, 5], 0] = np.nan  # a1
    values[MOVED[0], 1] = np.nan  # a2
    run = table_run(tmp_path, values, confounds=confounds_table(0, moved=MOVED))
    found = connect(tmp_path / "out", run, spec=ALL_COLUMNS)
    reason = f"2 of {N_SCANS - 2} volumes have no value of it"
    assert found.sidecar("_relmat")["LeftOut"] == {"a1": reason}
    regions = found.table("_atlas-table_regions").set_index("region")
    assert regions["reason"].dropna().to_dict() == {"a1": reason}
    half = found.row("network_connectivity", "a_b")
    kept = np.delete(np.arange(N_SCANS), MOVED)
    z = np.arctanh(np.corrcoef(values[kept][:, 1:4].T)[0, 1:])
    assert (half["coverage"], half["value"]) == (0.5, pytest.approx(z.mean(), abs=1e-10))


def test_other_models_are_not_of_tables(tmp_path):
    cleaning = replace(CLEANING, models=("30P", "6P"))
    found = connect(
        tmp_path / "out", table_run(tmp_path, noise()), cleaning=cleaning, spec=ALL_COLUMNS
    )
    row = found.row("network_connectivity_6P", "a")
    assert np.isnan(row["value"])
    assert row["reason"] == "the time series were cleaned elsewhere, with a model of its own"
    assert found.row("network_connectivity", "a")["reason"] == ""


def test_tables_have_no_neighbourhood(tmp_path):
    near = replace(CLEANING, local_neighbourhood=("a1",))
    run = table_run(tmp_path, noise())
    found = connect(tmp_path / "out", run, cleaning=near, spec=ALL_COLUMNS)
    assert found.record["Runs"][0]["Notes"][-1] == (
        "tables do not hold the cortex around regions: no `local_neighbourhood`"
    )


def test_without_motion_nothing_is_censored_and_it_is_told(tmp_path):
    found = connect(tmp_path / "out", table_run(tmp_path, noise(), t_r=None), spec=ALL_COLUMNS)
    facts = found.record["Runs"][0]
    assert facts["Cleaning"]["Kept"] == N_SCANS
    assert "framewise displacement is unknown: no volume is censored by it" in facts["Notes"]
    longer = table_run(tmp_path / "b", noise(n_scans=100), confounds=confounds_table(0))
    found = connect(tmp_path / "two", longer, spec=ALL_COLUMNS)
    assert any("other volumes" in note for note in found.record["Runs"][0]["Notes"])


def test_raw_tables_are_cleaned_as_images_are(tmp_path):
    data, table = series_of_run(3), confounds_table(3, moved=MOVED)
    images = connect(tmp_path / "images", rest_run(tmp_path, data=data, confounds=table))
    run = table_run(tmp_path, sphere_means(data), confounds=table)
    clean = replace(CLEANING, timeseries="clean")
    found = connect(tmp_path / "out", run, cleaning=clean, spec=ALL_COLUMNS)
    for name in ("a", "b", "a_b"):
        expected = images.row("network_connectivity", name)
        row = found.row("network_connectivity", name)
        assert row["value"] == pytest.approx(expected["value"], abs=1e-6)
        assert row["residual_df"] == expected["residual_df"]
    assert found.row("raw_tsnr", "a")["value"] == pytest.approx(
        images.row("raw_tsnr", "a")["value"], rel=1e-5
    )
    with pytest.raises(InputMissingError, match="no confounds table"):
        connect(tmp_path / "none", table_run(tmp_path, noise()), cleaning=clean, spec=ALL_COLUMNS)
    short = table_run(tmp_path / "short", noise(n_scans=100), confounds=confounds_table(0))
    with pytest.raises(InputDataError, match="100"):
        connect(tmp_path / "length", short, cleaning=clean, spec=ALL_COLUMNS)


def xcpd_run(folder, values, outliers, displacement, coverage=None):
    """Return a run of XCP-D, whose table lacks the outliers."""
    run = table_run(folder, values[outliers == 0])
    tables = {
        "motion": pd.DataFrame({"framewise_displacement": displacement}),
        "outliers": pd.DataFrame({"framewise_displacement": outliers}),
    }
    if coverage is not None:
        tables["coverage"] = pd.DataFrame({"Node": NAMES, "coverage": coverage})
    found = {}
    for name, table in tables.items():
        path = folder / f"sub-01_task-rest_{name}.tsv"
        table.to_csv(path, sep="\t", index=False, na_rep="n/a")
        found[name] = Companion(path)
    found.setdefault("coverage", Companion(None))
    return replace(run, xcpd=XcpdFiles(**found))


def test_volumes_of_xcpd_are_those_of_its_run(tmp_path):
    """XCP-D took volume 10 out; the study's lower threshold takes volume 20, too."""
    values, outliers = noise(), np.zeros(N_SCANS, dtype=int)
    outliers[10] = 1
    displacement = np.full(N_SCANS, 0.1)
    displacement[[10, 20]] = 0.5, 0.3
    run = xcpd_run(tmp_path, values, outliers, displacement, coverage=[1, 0.3, 1, 1, 1])
    clean = replace(CLEANING, timeseries="clean")  # XCP-D's are never cleaned again
    found = connect(tmp_path / "out", run, cleaning=clean, spec=ALL_COLUMNS)
    kept = np.delete(np.arange(N_SCANS), [10, 20])
    z = np.arctanh(np.corrcoef(values[kept].T) * (1 - np.eye(5)))
    assert found.row("network_connectivity", "b")["value"] == pytest.approx(z[2, 3], abs=1e-10)
    assert found.row("network_connectivity", "a")["reason"] == "none of 1 edges has a value"
    regions = found.table("_atlas-table_regions").set_index("region")
    assert regions.loc["a2", "reason"] == "coverage 30% is under 50%"
    facts = found.record["Runs"][0]
    assert facts["Cleaning"]["Causes"] == "1 without values, 1 by displacement"
    assert facts["Volumes"] == N_SCANS
    assert facts["MeanFramewiseDisplacement"] == pytest.approx(displacement.mean())
    quality = found.table("_desc-quality_timeseries")
    assert np.flatnonzero(quality["outlier"]).tolist() == [10, 20]


def test_xcpd_without_cleaning_keeps_coverage_and_motion(tmp_path):
    values, outliers = noise(), np.zeros(N_SCANS, dtype=int)
    outliers[10] = 1
    run = xcpd_run(tmp_path, values, outliers, np.full(N_SCANS, 0.1), coverage=[1, 0.3, 1, 1, 1])
    found = connect(tmp_path / "out", run, cleaning=None, spec=ALL_COLUMNS)
    row = found.row("resting_connectivity", "b1~b2")
    assert row["value"] == pytest.approx(
        np.arctanh(np.corrcoef(np.delete(values, 10, axis=0)[:, 2:4].T)[0, 1]), abs=1e-10
    )
    assert row["mean_fd"] == pytest.approx(0.1)
    assert found.row("resting_connectivity", "a1~a2")["reason"] == "a2: coverage 30% is under 50%"


def test_networks_of_tables_are_checked_when_read(tmp_path):
    run = table_run(tmp_path, noise())
    wrong = NetworksSpec(regions={"a": ("A1", "x*")}, within=("a",))
    with pytest.raises(UsageError, match=r"`A1` of network `a` \(there is `a1`\).*x\*") as error:
        connect(tmp_path / "out", run, networks=wrong, spec=ALL_COLUMNS)
    assert error.value.path == run.timeseries
    twice = table_run(tmp_path / "twice", noise(), names=["a1", "a1", "b1", "b2", "c"])
    with pytest.raises(InputDataError):
        connect(tmp_path / "two", twice, networks=NETWORKS, spec=ALL_COLUMNS)


def test_seed_maps_need_images(tmp_path):
    networks = replace(NETWORKS, seed_maps=("a",))
    found = connect(
        tmp_path / "out", table_run(tmp_path, noise()), networks=networks, spec=ALL_COLUMNS
    )
    assert "no seed maps: the series are tables" in found.record["Cleaning"]["Notes"]
    assert REST.pairs
