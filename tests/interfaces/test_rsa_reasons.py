"""Why dissimilarities are missing, and what is left of the others."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bids_ketamine.core.rsa.discriminant_contrast import Dissimilarities
from bids_ketamine.core.rsa.noise_level import NoiseLevel
from bids_ketamine.core.rsa.pattern_weights import PatternWeights
from bids_ketamine.core.rsa.region_similarity import RegionSimilarity
from bids_ketamine.interfaces.rsa_files import SimilarityTable
from bids_ketamine.study.spec import ConditionSpec, RegionSpec, RsaSpec
from tests.interfaces.task_session import (
    N_SCANS,
    REGIONS,
    TASK,
    blocks,
    compute,
    series_of_run,
    write_run,
)

RSA = RsaSpec(task="faces", partition="run")
KINDS = ("a", "b", "c")
NOISE = NoiseLevel(np.ones(1), 5.0)
THREE = replace(TASK, conditions=tuple(ConditionSpec(name=kind) for kind in KINDS))


def test_one_block_and_partitions_by_block_is_a_reason(tmp_path):
    run = write_run(tmp_path / "in", events=blocks(number=3))
    results = compute(tmp_path / "out", run, rsa=replace(RSA, partition="block"))
    rows = results.measures("ldc")
    assert rows["value"].isna().all()
    reason = (
        "`b`: one block in the run, and partitions by block need two. "
        "Choose `partition: half_block`, or `run` with several runs."
    )
    assert (rows["reason"] == reason).all()
    assert np.isfinite(results.measures("activation")["value"]).all()
    sidecar = results.sidecar("_dissimilarity")
    assert sidecar["Notes"] == [f"run 1 gives no patterns: {reason}"]
    assert (sidecar["Partitions"], sidecar["DegreesOfFreedom"], sidecar["Runs"]) == (0, None, 0)


def test_fewer_than_two_partitions_is_told_where_it_is_so():
    test = np.zeros((2, 2, 4))
    test[0] = [[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]
    unknown = np.full(2, np.nan)
    table = SimilarityTable(
        names=("left",),
        trial_types=("a", "b", "c"),
        pairs=((1, 2), (1, 3)),
        found=(RegionSimilarity(Dissimilarities(*[unknown] * 4), (), 0.5, NOISE),),
        reasons=("",),
        n_voxels=(7,),
        model=SimpleNamespace(weights=PatternWeights(test, test)),
        rules=("run",),
        rsa=RSA,
        notes=(),
        smoothing=None,
    )
    assert table.value(0, 0)[2] == "the patterns or their noise are out of the range of numbers"
    assert table.value(0, 1)[2] == "fewer than two partitions hold both a and c"


def test_one_run_is_one_partition_by_run(tmp_path):
    rows = compute(tmp_path / "out", write_run(tmp_path / "in"), rsa=RSA).measures("ldc")
    assert (rows["reason"] == "one partition in all: cross-validation needs two at least").all()


def test_a_trial_type_that_is_nowhere_costs_its_pairs_alone(tmp_path):
    task = replace(THREE, contrasts=TASK.contrasts)
    spec = replace(RSA, partition="block")
    results = compute(tmp_path / "out", write_run(tmp_path / "in"), task=task, rsa=spec)
    rows = results.measures("ldc").set_index("contrast", append=True)
    assert np.isfinite(rows.loc[("left", "a vs b"), "value"])
    for pair in ("a vs c", "b vs c"):
        row = rows.loc[("left", pair)]
        assert np.isnan(row["value"])
        assert (
            row["reason"] == f"fewer than two partitions hold both {pair.replace(' vs ', ' and ')}"
        )
    assert (
        "no trials of `c` in the run: no patterns of it"
        in (results.sidecar("_dissimilarity")["Notes"])
    )
    table = results.table("_dissimilarity").set_index(["trial_type_1", "trial_type_2"])
    assert (
        table.loc[("a", "c"), ["value", "raw", "predicted_bias", "standard_error"]]
        .isna()
        .all(axis=None)
    )


def test_no_trial_of_any_type_is_told(tmp_path):
    others = tuple(ConditionSpec(name=name) for name in ("fear", "calm"))
    task = replace(TASK, conditions=(*TASK.conditions, *others))
    spec = replace(RSA, trial_types=("fear", "calm"))
    rows = compute(tmp_path / "out", write_run(tmp_path / "in"), task=task, rsa=spec)
    assert rows.measures("ldc")["value"].isna().all()
    assert (rows.measures("ldc")["reason"] == "no run has trials of its trial types").all()


# Regions --------------------------------------------------------------------------------------


def test_regions_outside_of_one_voxel_and_in_the_dark(tmp_path):
    data = series_of_run(0)
    data[3:, 1:4, 1:4] = 100.0
    run = write_run(tmp_path / "in", data=data)
    regions = (
        *REGIONS[:2],
        RegionSpec(name="far", spheres=((10.0, 20.0, 300.0),), radius=11.0),
        RegionSpec(name="one", spheres=((50.0, 50.0, 50.0),), radius=1.0),
    )
    spec = replace(RSA, partition="block")
    results = compute(tmp_path / "out", run, regions=regions, rsa=spec)
    rows = results.measures("ldc")
    assert np.isfinite(rows.loc[["left", "one"], "value"]).all()
    assert rows.loc["far", "reason"] == "it lies outside the field of view"
    assert rows.loc["right", "reason"] == "no voxel of the region has signal inside the brain mask"
    table = results.table("_dissimilarity").set_index("region")
    assert table["n_voxels"].to_dict() == {"left": 7, "right": 0, "far": 0, "one": 1}
    assert set(results.sidecar("_dissimilarity")["Shrinkage"]) == {"left", "one"}
    alone = compute(tmp_path / "alone", run, regions=REGIONS[:1], rsa=spec).measures("ldc")
    # The serial covariance is measured over the voxels of all regions.
    assert rows.loc["left", "value"] == pytest.approx(alone.loc["left", "value"], rel=0.02)


def test_voxels_are_those_that_every_run_models(tmp_path):
    dark = series_of_run(2)
    dark[1, 2, 1] = 0.0
    runs = [
        write_run(tmp_path / "in", number="1", seed=1),
        write_run(tmp_path / "in", number="2", data=dark),
    ]
    results = compute(tmp_path / "out", *runs, rsa=RSA)
    table = results.table("_dissimilarity").set_index("region")
    assert table.loc["left", "n_voxels"] == 6
    assert table.loc["right", "n_voxels"] == 7
    assert results.measures("ldc").loc["left", "coverage"] == pytest.approx(6 / 7)


def test_too_many_voxels_for_a_covariance_without_shrinkage(tmp_path):
    run = write_run(tmp_path / "in")
    regions = (*REGIONS[:1], RegionSpec(name="all", spheres=((25.0, 25.0, 25.0),), radius=60.0))
    spec = replace(RSA, partition="block", covariance="full")
    rows = compute(tmp_path / "out", run, regions=regions, rsa=spec, minimum_coverage=0.0).measures(
        "ldc"
    )
    assert np.isfinite(rows.loc["left", "value"])
    # 120 volumes, 14 patterns, constant, 3 cosines.
    assert rows.loc["all", "reason"] == (
        "216 voxels are too many for a noise covariance without shrinkage: 102 independent "
        "residuals allow 71. Choose `shrinkage_to_diagonal` or `diagonal`, or a smaller region."
    )


def test_reliability_that_no_region_gives_is_not_blamed_on_pairs(tmp_path):
    regions = (RegionSpec(name="far", spheres=((10.0, 20.0, 300.0),), radius=11.0),)
    events = blocks(KINDS, number=14)
    results = compute(
        tmp_path / "out",
        write_run(tmp_path / "in", events=events),
        task=THREE,
        regions=regions,
        rsa=replace(RSA, partition="block"),
    )
    assert results.sidecar("_dissimilarity")["Partitions"] == 4
    assert not any(
        "a correlation needs" in note for note in results.sidecar("_dissimilarity")["Notes"]
    )


def test_reliability_needs_three_pairs_with_values_in_both_halves(tmp_path):
    run = write_run(tmp_path / "in", events=blocks(("a", "b"), number=8))
    results = compute(tmp_path / "out", run, task=THREE, rsa=replace(RSA, partition="block"))
    assert results.sidecar("_dissimilarity")["Partitions"] == 4
    assert results.sidecar("_dissimilarity")["Notes"][-1] == (
        "no split-half reliability: fewer than 3 pairs of trial types with a value in both halves, "
        "and a correlation needs 3"
    )


def test_a_run_without_patterns_is_left_out_and_told(tmp_path):
    runs = [
        write_run(tmp_path / "in", number="1", seed=1),
        write_run(tmp_path / "in", number="2", seed=2, events=blocks(number=2)),
    ]
    spec = replace(RSA, partition="block")
    both = compute(tmp_path / "both", *runs, rsa=spec)
    alone = compute(tmp_path / "alone", runs[0], rsa=spec)
    assert both.measures("ldc").loc["left", "value"] == pytest.approx(
        alone.measures("ldc").loc["left", "value"], rel=1e-9
    )
    assert (both.measures("ldc")["n_volumes"] == N_SCANS).all()
    sidecar = both.sidecar("_dissimilarity")
    assert sidecar["Runs"] == 1
    assert sidecar["Notes"][0].startswith("run 2 gives no patterns: `a`, `b`: one block")


def test_too_few_degrees_of_freedom_are_the_reason(tmp_path):
    run = write_run(tmp_path / "in")
    spec = replace(RSA, partition="block", minimum_residual_df=500)
    rows = compute(tmp_path / "out", run, rsa=spec).measures("ldc")
    # 120 volumes, 14 patterns, constant, 3 cosines.
    assert (rows["reason"] == "102 residual degrees of freedom, fewer than 500").all()
