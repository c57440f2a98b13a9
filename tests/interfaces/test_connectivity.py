"""Resting connectivity of a session: partial correlations from images and from tables."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.interfaces.connectivity import RestingConnectivity
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.regions.sources import resolve_regions
from bids_ketamine.study.spec import InputsSpec, RegionSpec, RegionsSpec, RestSpec
from tests.conn_by_hand import residuals
from tests.interfaces.task_session import (
    N_SCANS,
    NO_CONFOUNDS,
    REGIONS,
    T_R,
    series_of_run,
    write_run,
)

REST = RestSpec(confounds=NO_CONFOUNDS, correlations=("pearson", "partial"))


def connect(
    folder: Path,
    *runs: RunInputs,
    rest=REST,
    regions=REGIONS,
    columns=False,
    minimum_coverage=0.5,
):
    """Run the step; return its measures by kind and pair, and its folder."""
    folder.mkdir(parents=True)
    spec = RegionsSpec(
        atlas="three",
        definitions=() if columns else regions,
        all_columns=columns,
        minimum_coverage=minimum_coverage,
    )
    RestingConnectivity(
        session=SessionInputs("01", "pre", "pre", runs, ()),
        fingerprint="small",
        sources={},
        rest=rest,
        regions=spec,
        region_sources=resolve_regions(spec, space="MNI152NLin2009cAsym"),
        inputs=InputsSpec(smoothing_fwhm=None),
    ).compute(folder)
    return pd.read_pickle(folder / "rows.pkl").set_index(["measure", "regions"]), folder


def matrix_of(folder, kind):
    (path,) = folder.rglob(f"*_stat-{kind}correlation_relmat.tsv")
    return read_table(path).set_index("Node"), json.loads(path.with_suffix(".json").read_text())


def resting(folder, **further) -> RunInputs:
    return replace(write_run(folder, **further), task="rest", events=None)


def table_run(folder, values, names) -> RunInputs:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sub-01_task-rest_timeseries.tsv"
    pd.DataFrame(values, columns=names).to_csv(path, sep="\t", index=False, na_rep="n/a")
    return RunInputs(
        task="rest", run=None, bold=None, mask=None, confounds=None, events=None, timeseries=path,
        description="", space="", t_r=2.0, start_time=None, slice_timing_corrected=None,
    )  # fmt: skip


def partial_by_hand(series, first, second):
    others = np.delete(series, [first, second], axis=1)
    left = residuals(series[:, [first, second]], np.column_stack([others, np.ones(len(series))]))
    return np.corrcoef(left.T)[0, 1]


def test_partial_correlations_are_of_the_cleaned_series_of_all_runs(tmp_path):
    runs = [resting(tmp_path / "in", number=str(each), seed=each) for each in (1, 2)]
    rows, folder = connect(tmp_path / "out", *runs)
    series = np.concatenate(
        [read_table(path).to_numpy() for path in sorted(folder.rglob("*_atlas-*_timeseries.tsv"))]
    )
    assert series.shape == (2 * N_SCANS, 3)
    matrix, sidecar = matrix_of(folder, "partial")
    pearson, _ = matrix_of(folder, "pearson")
    names = [region.name for region in REGIONS]
    for first, second in itertools.combinations(range(3), 2):
        expected = partial_by_hand(series, first, second)
        pair = f"{names[first]}~{names[second]}"
        row = rows.loc[("resting_partial_connectivity", pair)]
        assert row["value"] == pytest.approx(np.arctanh(expected), abs=1e-8)
        assert matrix.loc[names[first], names[second]] == pytest.approx(expected, abs=1e-9)
        assert row["unit"] == "Fisher z"
        assert row["method"] == "Partial correlation given all other regions, Fisher z"
        plain = rows.loc[("resting_connectivity", pair)]
        assert plain["value"] == pytest.approx(
            np.arctanh(pearson.loc[names[first], names[second]]), abs=1e-8
        )
        # The third region costs a degree of freedom.
        assert row["residual_df"] == plain["residual_df"] - 1
    assert sidecar["RegionCentres"]["right"] == [[40.0, 20.0, 20.0]]
    assert sidecar["left"]["Description"] == (
        "Partial correlation given all other regions with the region"
    )


@pytest.mark.parametrize("kinds", [("pearson",), ("partial",)])
def test_a_study_may_ask_for_one_kind(tmp_path, kinds):
    rows, folder = connect(
        tmp_path / "out", resting(tmp_path / "in"), rest=replace(REST, correlations=kinds)
    )
    assert len(rows) == 3
    assert len(list(folder.rglob("*_relmat.tsv"))) == 1
    assert matrix_of(folder, kinds[0])[0].shape == (3, 3)


def test_more_regions_than_degrees_of_freedom_is_a_reason(tmp_path):
    """Of 120 volumes of 2 s, cosines 4 to 43 are between 0.008 and 0.09 Hz."""
    centres = itertools.product(range(1, 6), range(6), range(2))
    regions = [
        RegionSpec(name=f"r{x}{y}{z}", spheres=((10.0 * x, 10.0 * y, 10.0 * z),), radius=1.0)
        for x, y, z in centres
    ]
    assert len(regions) == 60
    rows, folder = connect(tmp_path / "out", resting(tmp_path / "in"), regions=regions)
    partial = rows.loc["resting_partial_connectivity"]
    assert partial["value"].isna().all()
    left = int(rows.loc["resting_connectivity", "residual_df"].iloc[0])
    assert left < 60
    assert (
        partial["reason"]
        == f"partial correlations of 60 regions: more regions than the {left} degrees of freedom "
        "of the cleaned series"
    ).all()
    assert (partial["residual_df"] == 0).all()
    assert rows.loc["resting_connectivity", "value"].notna().all()
    matrix, _ = matrix_of(folder, "partial")
    assert matrix.isna().all(axis=None)


def test_partial_correlations_need_more_degrees_of_freedom_than_plain_ones(tmp_path):
    run = resting(tmp_path / "in")
    first, _ = connect(tmp_path / "first", run)
    df = int(first["residual_df"].max())
    rows, _ = connect(tmp_path / "out", run, rest=replace(REST, minimum_residual_df=df))
    assert (rows.loc["resting_connectivity", "reason"] == "").all()
    assert (
        rows.loc["resting_partial_connectivity", "reason"]
        == f"partial correlations of 3 regions: {df - 1} residual degrees of freedom, fewer than "
        f"{df}"
    ).all()


def test_a_region_outside_the_view_is_no_part_of_the_others_rest(tmp_path):
    far = RegionSpec(name="far", spheres=((0.0, 0.0, 400.0),), radius=5.0)
    run = resting(tmp_path / "in")
    rows, folder = connect(tmp_path / "out", run, regions=(*REGIONS, far))
    alone, _ = connect(tmp_path / "alone", run)
    partial, without = rows.loc["resting_partial_connectivity"], alone.loc[
        "resting_partial_connectivity"
    ]  # fmt: skip
    for pair in without.index:
        assert partial.loc[pair, "value"] == pytest.approx(without.loc[pair, "value"], abs=1e-12)
        assert partial.loc[pair, "residual_df"] == without.loc[pair, "residual_df"]
    assert partial.loc["left~far", "reason"] == "far: it lies outside the field of view"
    assert matrix_of(folder, "partial")[0].loc["far"].isna().all()
    assert set(matrix_of(folder, "partial")[1]["RegionCentres"]) == {"left", "right", "front"}


def test_series_made_elsewhere_are_correlated_as_they_are(tmp_path):
    values = np.random.default_rng(0).normal(size=(100, 4)) @ np.tri(4)
    values[[10, 50]] = np.nan  # censored
    rows, folder = connect(
        tmp_path / "out", table_run(tmp_path, values, list("abcd")), columns=True
    )
    kept = np.delete(values, [10, 50], axis=0)
    for first, second in itertools.combinations(range(4), 2):
        row = rows.loc[("resting_partial_connectivity", f"{'abcd'[first]}~{'abcd'[second]}")]
        expected = partial_by_hand(kept, first, second)
        assert row["value"] == pytest.approx(np.arctanh(expected), abs=1e-8)
        assert row["n_volumes_kept"] == 98
        assert row["residual_df"] == 97 - 2
    for kind in ("pearson", "partial"):
        assert matrix_of(folder, kind)[1]["RegionCentres"] == {}


def test_the_same_series_twice_have_no_partial_correlations(tmp_path):
    values = np.random.default_rng(1).normal(size=(60, 3))
    values = np.column_stack([values, values[:, 0] * 2.0])
    rows, _ = connect(tmp_path / "out", table_run(tmp_path, values, list("abcd")), columns=True)
    assert rows.loc[("resting_connectivity", "a~d"), "reason"] == (
        "the two regions have the same series"
    )
    partial = rows.loc["resting_partial_connectivity"]
    assert partial["value"].isna().all()
    assert (partial["reason"] == "a and d have the same series").all()


def test_a_sum_of_other_series_has_no_partial_correlations(tmp_path):
    values = np.random.default_rng(1).normal(size=(60, 3))
    values = np.column_stack([values, values[:, 0] + values[:, 1]])
    rows, _ = connect(tmp_path / "out", table_run(tmp_path, values, list("abcd")), columns=True)
    partial = rows.loc["resting_partial_connectivity"]
    assert partial["value"].isna().all()
    assert (partial["reason"] == "the series of a region is a combination of the others'").all()
    assert rows.loc["resting_connectivity", "value"].notna().all()


def test_a_region_that_the_study_rejects_is_not_given(tmp_path):
    """A sphere of which one voxel of seven has signal, and one without any."""
    data = series_of_run(3)
    data[:, :2] = 0.0
    low = RegionSpec(name="low", spheres=((20.0, 10.0, 30.0),), radius=11.0)
    none = RegionSpec(name="none", spheres=((20.0, 0.0, 30.0),), radius=1.0)
    run = resting(tmp_path / "in", data=data)
    rows, folder = connect(tmp_path / "out", run, regions=(*REGIONS, low, none))
    alone, _ = connect(tmp_path / "alone", run)
    names = [region.name for region in REGIONS]
    matrix, sidecar = matrix_of(folder, "partial")
    assert sidecar["Given"] == names
    assert "Given" not in matrix_of(folder, "pearson")[1]
    assert matrix.loc[["low", "none"]].isna().all(axis=None)
    assert np.isfinite(matrix_of(folder, "pearson")[0].loc["low", "left"])
    partial = rows.loc["resting_partial_connectivity"]
    expected = alone.loc["resting_partial_connectivity"]
    for pair in expected.index:
        assert partial.loc[pair, "value"] == pytest.approx(expected.loc[pair, "value"], abs=1e-12)
        assert partial.loc[pair, "residual_df"] == expected.loc[pair, "residual_df"]
    assert partial.loc["left~low", "reason"] == "low: coverage 14% is under 50%"
    assert partial.loc["left~none", "reason"] == (
        "none: no voxel of the region has signal inside the brain mask"
    )
    both, folder = connect(tmp_path / "both", run, regions=(*REGIONS, low), minimum_coverage=0.1)
    assert matrix_of(folder, "partial")[1]["Given"] == [*names, "low"]
    moved = both.loc["resting_partial_connectivity"].loc[expected.index, "value"]
    assert (abs(moved - expected["value"]) > 1e-6).any()


def test_a_flat_column_has_no_signal_and_leaves_the_others(tmp_path):
    values = np.random.default_rng(2).normal(size=(60, 3))
    run = table_run(tmp_path, np.column_stack([values, np.full(60, 5.0)]), list("abcd"))
    rows, _ = connect(tmp_path / "out", run, columns=True)
    partial = rows.loc["resting_partial_connectivity"]
    assert partial.loc["a~b", "value"] == pytest.approx(
        np.arctanh(partial_by_hand(values, 0, 1)), abs=1e-8
    )
    assert partial.loc["a~d", "reason"] == "d has no signal"
    assert partial.loc["a~b", "residual_df"] == 59 - 1
    (path,) = tmp_path.rglob("*_stat-partialcorrelation_relmat.json")
    assert json.loads(path.read_text(encoding="utf-8"))["Given"] == list("abc")


def test_the_repetition_time_of_images_sets_the_band(tmp_path):
    run = resting(tmp_path / "in")
    slow, _ = connect(tmp_path / "slow", replace(run, t_r=2 * T_R))
    usual, _ = connect(tmp_path / "usual", run)
    cosines = {
        t_r: np.count_nonzero(
            (np.arange(1, N_SCANS) / (2 * N_SCANS * t_r) >= 0.008)
            & (np.arange(1, N_SCANS) / (2 * N_SCANS * t_r) <= 0.09)
        )
        for t_r in (T_R, 2 * T_R)
    }
    assert usual.loc["resting_connectivity", "residual_df"].iloc[0] == cosines[T_R]
    assert slow.loc["resting_connectivity", "residual_df"].iloc[0] == cosines[2 * T_R]
