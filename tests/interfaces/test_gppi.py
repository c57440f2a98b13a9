"""Generalized PPI of a task over its runs: values by the equations, and why others are missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bids_ketamine.outputs.measures import measures_table
from bids_ketamine.study.spec import ConditionSpec, ContrastSpec, RegionSpec
from tests import conn_by_hand
from tests.interfaces.task_session import (
    GLM,
    GPPI,
    N_SCANS,
    REGIONS,
    T_R,
    TASK,
    blocks,
    compute,
    series_of_run,
    write_run,
)

NOTHING = np.empty((N_SCANS, 0))
FAR = RegionSpec(name="far", spheres=((10.0, 20.0, 300.0),), radius=11.0)
ONE_VOXEL = RegionSpec(name="one", spheres=((50.0, 50.0, 50.0),), radius=1.0)


def by_hand(results, events, *, seed, target, weights, numbers=("1", "2"), measure="correlation"):
    """Return an effect from the written series of the runs and their events."""
    cleaned, conditions = [], []
    for number, table in zip(numbers, events, strict=True):
        run = f"_run-{number}" if number else ""
        series = results.table(f"task-faces{run}_space-*_atlas-three_timeseries").to_numpy()
        h = conn_by_hand.regressors_of(table, ["a", "b"], n_scans=N_SCANS, t_r=T_R)
        cleaned.append(
            conn_by_hand.conn_cleaned(series, h, nuisance=NOTHING, t_r=T_R, band_pass=(0.008, 0.09))
        )
        conditions.append(h)
    return conn_by_hand.conn_value(
        cleaned, conditions, seed=seed, target=target, weights=weights, measure=measure
    )


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """A run of both conditions, and one with another order."""
    folder = tmp_path_factory.mktemp("two runs")
    events = [blocks(), blocks(("b", "a"), first=10.0, number=13)]
    runs = [
        write_run(folder / "in", number=str(number), seed=number, events=table)
        for number, table in enumerate(events, start=1)
    ]
    return compute(folder / "out", *runs, gppi=GPPI), events


def test_two_runs_are_joined_each_without_its_means(two_runs):
    results, events = two_runs
    values = results.directed("aGtB")
    names = [region.name for region in REGIONS]
    expected = {
        (seed, target): by_hand(
            results, events, seed=names.index(seed), target=names.index(target), weights=(1, -1)
        )
        for seed, target in values.index
    }
    assert len(expected) == 6
    for pair, value in expected.items():
        assert values[pair] == pytest.approx(value, abs=1e-7)
    rows = results.measures("gppi")
    assert list(rows.index) == ["left~right", "left~front", "right~front"]
    for pair, row in rows.iterrows():
        first, second = pair.split("~")
        mean = (expected[first, second] + expected[second, first]) / 2
        assert row["value"] == pytest.approx(mean, abs=1e-7)
    assert (rows["n_volumes"] == 2 * N_SCANS).all()
    assert (rows["task"] == "faces").all()
    assert (rows["unit"] == "Fisher z").all()
    assert rows["method"].iloc[0] == (
        "generalized PPI as CONN, semipartial correlation, Fisher z, mean of both directions"
    )
    sidecar = results.sidecar("_gppi")
    assert sidecar["Runs"] == 2
    assert sidecar["Volumes"] == [N_SCANS, N_SCANS]
    assert sidecar["Contrasts"] == {"aGtB": {"a": 1.0, "b": -1.0}}
    # Two cleaned runs: 34 cosines between 0.008 and 0.09 Hz each, of which the task takes some.
    table = results.table("_gppi")
    assert table["residual_df"].between(20, 68).all()


def test_matrix_and_table_say_the_same(two_runs):
    results, _ = two_runs
    matrix = results.table("_contrast-aGtB_stat-gppi_relmat").set_index("Node")
    for (seed, target), value in results.directed("aGtB").items():
        assert matrix.loc[seed, target] == value
    sidecar = results.sidecar("_contrast-aGtB_stat-gppi_relmat")
    assert sidecar["Directed"] is True
    assert sidecar["Weights"] == {"a": 1.0, "b": -1.0}
    assert sidecar["RegionCentres"] == results.sidecar("_gppi")["RegionCentres"]
    assert sidecar["RegionCentres"]["left"] == [[10.0, 20.0, 20.0]]


def test_a_run_without_a_condition_still_counts_for_the_other(tmp_path):
    events = [blocks(), blocks(("a",), number=7)]
    runs = [
        write_run(tmp_path / "in", number=str(number), seed=number, events=table)
        for number, table in enumerate(events, start=1)
    ]
    results = compute(tmp_path / "out", *runs, gppi=GPPI)
    for effect, weights in (("aGtB", (1, -1)), ("a", (1, 0)), ("b", (0, 1))):
        expected = by_hand(results, events, seed=0, target=1, weights=weights)
        assert results.directed(effect)["left", "right"] == pytest.approx(expected, abs=1e-7)
    assert (results.measures("gppi")["reason"] == "").all()
    assert (results.measures("gppi")["n_volumes"] == 2 * N_SCANS).all()
    # The GLM leaves out the run that cannot estimate the contrast.
    assert (results.measures("activation")["n_volumes"] == N_SCANS).all()


@pytest.mark.parametrize("method", ["conn", "joint", "spm"])
def test_a_condition_that_is_nowhere_is_the_reason(tmp_path, method):
    task = replace(TASK, contrasts=(*TASK.contrasts, ContrastSpec(name="a", weights={"a": 1.0})))
    run = write_run(tmp_path / "in", events=blocks(("a",), number=7))
    results = compute(
        tmp_path / "out",
        run,
        task=task,
        glm=replace(GLM, noise_model="spm"),
        gppi=replace(GPPI, method=method),
    )
    rows = results.measures("gppi").set_index("contrast", append=True)
    missing = rows.loc[("left~right", "aGtB")]
    assert np.isnan(missing["value"])
    assert np.isnan(missing["standard_error"])
    assert missing["reason"] == "condition `b` has no trials"
    there = rows.loc[("left~right", "a")]
    assert np.isfinite(there["value"])
    assert there["reason"] == ""
    table = results.table("_gppi").set_index(["effect", "kind"])
    assert (table.loc[("b", "condition"), "reason"] == "condition `b` has no trials").all()
    assert table.loc[("b", "condition"), ["value", "standard_error", "p"]].isna().all().all()
    assert table.loc[("a", "condition"), "value"].notna().all()


def test_regions_without_voxels_or_with_one(tmp_path):
    run = write_run(tmp_path / "in")
    results = compute(tmp_path / "out", run, regions=(*REGIONS[:2], FAR, ONE_VOXEL), gppi=GPPI)
    rows = results.measures("gppi")
    for pair in ("left~far", "right~far", "far~one"):
        assert np.isnan(rows.loc[pair, "value"])
        assert rows.loc[pair, "reason"] == "far: it lies outside the field of view"
    for pair in ("left~right", "left~one", "right~one"):
        assert np.isfinite(rows.loc[pair, "value"])
        assert rows.loc[pair, "standard_error"] > 0
    alone = compute(tmp_path / "two", run, regions=REGIONS[:2], gppi=GPPI).measures("gppi")
    for column in ("value", "standard_error", "residual_df"):
        assert rows.loc["left~right", column] == pytest.approx(
            alone.loc["left~right", column], rel=1e-9
        )
    matrix = results.table("_stat-gppi_relmat").set_index("Node")
    assert matrix.loc["far"].isna().all()
    assert matrix["far"].isna().all()
    assert set(results.sidecar("_gppi")["RegionCentres"]) == {"left", "right", "one"}


def test_a_flat_region_has_no_signal_and_leaves_the_others(tmp_path):
    data = series_of_run(3)
    data[3:, 1:4, 1:4] = 100.0
    results = compute(tmp_path / "out", write_run(tmp_path / "in", data=data), gppi=GPPI)
    rows = results.measures("gppi")
    assert np.isfinite(rows.loc["left~front", "value"])
    assert rows.loc[["left~right", "right~front"], "value"].isna().all()
    # Voxels without variance are not usable; the GLM says the same.
    told = "no voxel of the region has signal inside the brain mask"
    assert (rows.loc[["left~right", "right~front"], "reason"] == f"right: {told}").all()
    assert results.measures("activation").loc["right", "reason"] == told
    assert rows.loc[["left~right", "right~front"], "residual_df"].isna().all()


def test_a_region_of_low_coverage_has_the_words_of_the_glm(tmp_path):
    data = series_of_run(3)
    data[:, :2] = 0.0
    low = RegionSpec(name="low", spheres=((20.0, 10.0, 30.0),), radius=11.0)
    run = write_run(tmp_path / "in", data=data)
    glm = replace(GLM, noise_model="spm", mask_threshold=0.8)
    for noise in (GLM, glm):
        results = compute(
            tmp_path / noise.noise_model, run, regions=(*REGIONS, low), gppi=GPPI, glm=noise
        )
        told = results.measures("activation").loc["low", "reason"]
        assert told.startswith("coverage 14% is under 50%")
        assert results.measures("gppi").loc["left~low", "reason"] == f"low: {told}"


def test_one_region_has_no_pairs(tmp_path):
    results = compute(tmp_path / "out", write_run(tmp_path / "in"), regions=REGIONS[:1], gppi=GPPI)
    assert results.measures("gppi").empty
    assert len(results.measures("activation")) == 1
    assert results.table("_gppi").empty


def test_contrasts_that_are_none_of_conditions_get_a_note_and_no_rows(tmp_path):
    events = blocks().assign(load=np.linspace(0.0, 1.0, 14) ** 2)
    task = replace(
        TASK,
        conditions=(ConditionSpec(name="a", modulators=("load",)), ConditionSpec(name="b")),
        contrasts=(
            *TASK.contrasts,
            ContrastSpec(name="load", weights={"a_by_load": 1.0}),
            ContrastSpec(name="any", f_test=({"a": 1.0}, {"b": 1.0})),
        ),
    )
    results = compute(
        tmp_path / "out", write_run(tmp_path / "in", events=events), task=task, gppi=GPPI
    )
    assert set(results.measures("gppi")["contrast"]) == {"aGtB"}
    assert set(results.measures("activation")["contrast"]) == {"aGtB", "load"}
    assert results.sidecar("_gppi")["Notes"] == [
        "no generalized PPI of `load`: `a_by_load` is not a condition",
        "no generalized PPI of `any`: it is an F contrast",
    ]
    assert set(results.table("_gppi")["effect"]) == {"aGtB", "a", "b"}
    assert len(list(results.folder.rglob("*_stat-gppi_relmat.tsv"))) == 1


def test_a_task_with_f_contrasts_alone_has_conditions_in_its_table(tmp_path):
    task = replace(TASK, contrasts=(ContrastSpec(name="any", f_test=({"a": 1.0}, {"b": 1.0})),))
    results = compute(tmp_path / "out", write_run(tmp_path / "in"), task=task, gppi=GPPI)
    assert results.measures("gppi").empty
    table = results.table("_gppi")
    assert set(table["effect"]) == {"a", "b"}
    assert table["value"].notna().all()
    assert not list(results.folder.rglob("*_stat-gppi_relmat.tsv"))


def test_too_few_degrees_of_freedom_are_the_reason(tmp_path):
    run = write_run(tmp_path / "in")
    results = compute(tmp_path / "out", run, gppi=replace(GPPI, minimum_residual_df=500))
    rows = results.measures("gppi")
    assert rows["value"].isna().all()
    # Of 120 volumes of 2 s, cosines 4 to 43 are between 0.008 and 0.09 Hz.
    pattern = (
        r"(\d+) residual degrees of freedom, fewer than 500: the band keeps 40 of 120 dimensions, "
        r"nuisance and model take (\d+)"
    )
    left, taken = rows["reason"].str.extract(pattern).astype(int).drop_duplicates().iloc[0]
    assert left + taken == 40
    assert rows["residual_df"].isna().all()
    assert results.table("_gppi")["reason"].notna().all()
    assert results.measures("activation")["value"].notna().all()


def test_the_reason_is_true_of_its_numbers(tmp_path):
    """Cleaning leaves no whole number: 64.7 must not be told as 65, fewer than 65."""
    for high in (0.085, 0.09, 0.095, 0.1):
        run = write_run(tmp_path / "in")
        spec = replace(GPPI, band_pass=(0.008, high), minimum_residual_df=500)
        told = compute(tmp_path / f"{high}", run, gppi=spec).measures("gppi")["reason"].iloc[0]
        left = int(told.split()[0])
        spec = replace(spec, minimum_residual_df=left)
        rows = compute(tmp_path / f"{high} {left}", run, gppi=spec).measures("gppi")
        assert (rows["reason"] == "").all()


@pytest.mark.parametrize("method", ["conn", "joint"])
def test_a_band_that_keeps_nothing_is_the_reason(tmp_path, method):
    spec = replace(GPPI, method=method, band_pass=(0.3, 0.5))
    results = compute(tmp_path / "out", write_run(tmp_path / "in"), gppi=spec)
    assert (
        results.measures("gppi")["reason"] == "no residual degrees of freedom (fewer than 20): the "
        "band 0.3 to 0.5 Hz keeps no frequency of a run with a repetition time of 2 s"
    ).all()
    assert results.sidecar("_gppi")["NearlyCollinear"] == []


@pytest.mark.parametrize(("method", "band"), [("conn", (0.01, 0.02)), ("joint", (0.01, 0.02))])
def test_no_degrees_of_freedom_are_not_told_as_fewer_than_none(tmp_path, method, band):
    """Cosines 5 to 9 are between 0.01 and 0.02 Hz; the model has five columns."""
    spec = replace(GPPI, method=method, band_pass=band)
    told = compute(tmp_path / "out", write_run(tmp_path / "in"), gppi=spec).measures("gppi")
    assert (
        told["reason"]
        .str.fullmatch(
            r"no residual degrees of freedom \(fewer than 20\): the band keeps 5 of 120 "
            r"dimensions, nuisance and model take \d+"
        )
        .all()
    ), told["reason"].tolist()


@pytest.mark.parametrize(
    ("method", "start"),
    [("joint", "nuisance and model take "), ("spm", "the high-pass filter keeps 117 of 120 ")],
)
def test_what_took_the_degrees_of_freedom_without_a_band(tmp_path, method, start):
    spec = replace(GPPI, method=method, band_pass=None, minimum_residual_df=500)
    glm = replace(GLM, noise_model="spm")
    told = compute(tmp_path / "out", write_run(tmp_path / "in"), gppi=spec, glm=glm)
    assert (told.measures("gppi")["reason"].str.contains(f"fewer than 500: {start}")).all(), (
        told.measures("gppi")["reason"].tolist()
    )


def test_tasks_without_regions_of_images_have_maps_and_no_measures(tmp_path):
    """As in a study of region time series (`all_columns`); the session goes on."""
    results = compute(tmp_path / "out", write_run(tmp_path / "in"), regions=(), gppi=GPPI)
    assert len(results.rows) == 0
    assert measures_table([results.rows]).empty
    assert list(results.folder.rglob("*_contrast-aGtB_stat-t_statmap.nii.gz"))
    assert not list(results.folder.rglob("*gppi*"))


def test_volumes_of_conditions_are_the_sums_of_their_regressors(tmp_path):
    events = [blocks(), blocks(("b", "a"), first=10.0, number=13)]
    runs = [
        write_run(tmp_path / "in", number=str(number), seed=number, events=table)
        for number, table in enumerate(events, start=1)
    ]
    sums = sum(
        conn_by_hand.regressors_of(table, ["a", "b"], n_scans=N_SCANS, t_r=T_R).sum(axis=0)
        for table in events
    )
    for method in ("conn", "joint"):
        results = compute(tmp_path / method, *runs, gppi=replace(GPPI, method=method))
        volumes = results.sidecar("_gppi")["ConditionVolumes"]
        assert volumes == pytest.approx(dict(zip("ab", sums, strict=True)), abs=1e-5)
    # Blocks of 8 s are 4 volumes each, 13 or 14 of them: at the end of the run less.
    assert 50 < volumes["a"] < 57
    glm = replace(GLM, noise_model="spm")
    spm = compute(tmp_path / "spm", *runs, glm=glm, gppi=replace(GPPI, method="spm"))
    assert "ConditionVolumes" not in spm.sidecar("_gppi")


def test_the_regression_measure_is_a_coefficient(tmp_path):
    run = write_run(tmp_path / "in", events=blocks())
    results = compute(tmp_path / "out", run, gppi=replace(GPPI, measure="regression"))
    expected = by_hand(
        results, [blocks()], seed=0, target=1, weights=(1, -1), numbers=("",), measure="regression"
    )
    assert results.directed("aGtB")["left", "right"] == pytest.approx(expected, abs=1e-7)
    assert (results.measures("gppi")["unit"] == "arbitrary").all()
    assert "regression coefficient" in results.measures("gppi")["method"].iloc[0]


def test_no_eigenvariate_is_told_where_no_voxel_passes(tmp_path):
    task = replace(TASK, eigenvariate_contrast="aGtB", eigenvariate_p=1e-12)
    results = compute(
        tmp_path / "out",
        write_run(tmp_path / "in"),
        task=task,
        glm=replace(GLM, noise_model="spm"),
        gppi=replace(GPPI, method="spm"),
    )
    rows = results.measures("gppi")
    assert rows["value"].isna().all()
    told = "no eigenvariate, since no voxel passes `aGtB` at p < 1e-12"
    assert rows["reason"].tolist() == [f"left: {told}"] * 2 + [f"right: {told}"]


def test_runs_that_method_spm_cannot_take_are_told(tmp_path):
    runs = [
        write_run(tmp_path / "in", number="1", seed=1),
        write_run(tmp_path / "in", number="2", seed=2, events=blocks(("a",), number=7)),
    ]
    glm = replace(GLM, noise_model="spm")
    spec = replace(GPPI, method="spm")
    both = compute(tmp_path / "both", *runs, glm=glm, gppi=spec)
    alone = compute(tmp_path / "alone", runs[0], glm=glm, gppi=spec)
    assert both.sidecar("_gppi")["Runs"] == 1
    assert both.sidecar("_gppi")["Notes"] == [
        "run 2 is left out of generalized PPI: condition `b` has no trials"
    ]
    for pair, row in both.measures("gppi").iterrows():
        assert row["value"] == pytest.approx(alone.measures("gppi").loc[pair, "value"], rel=1e-9)
        assert row["n_volumes"] == N_SCANS
    nothing = compute(tmp_path / "none", runs[1], glm=glm, gppi=spec).measures("gppi")
    assert (nothing["reason"] == "condition `b` has no trials").all()
    assert nothing["value"].isna().all()
