"""LDC of a task over its runs: values by the equations, bias, partitions, missing reasons."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.study.spec import ConditionSpec, ContrastSpec, RegionSpec, RsaSpec
from tests import ldc_by_hand
from tests.conn_by_hand import regressor
from tests.interfaces.task_session import (
    GLM,
    N_SCANS,
    SHAPE,
    T_R,
    TASK,
    blocks,
    compute,
    series_of_run,
    write_run,
)

RSA = RsaSpec(task="faces", partition="run")
#: Places of the seven voxels of the region `left`.
OFFSETS = np.vstack([np.zeros((1, 3), int), np.eye(3, dtype=int), -np.eye(3, dtype=int)])
LEFT = tuple((np.array([1, 2, 2]) + OFFSETS).T)
KINDS = ("a", "b", "c")
THREE = replace(
    TASK,
    conditions=tuple(ConditionSpec(name=kind) for kind in KINDS),
)
#: A study of one condition whose trial types are told apart by patterns alone.
JOINED = replace(
    TASK,
    conditions=(
        ConditionSpec(name="faces", trial_type=("fear", "calm")),
        ConditionSpec(name="shapes"),
    ),
    contrasts=(ContrastSpec(name="facesGtShapes", weights={"faces": 1.0, "shapes": -1.0}),),
)


def fits_of(results, runs, numbers):
    """Return least squares of the images of runs on their written designs, GLM without whitening.

    With one partition a run, its model of patterns is its GLM.
    """
    found = []
    for run, number in zip(runs, numbers, strict=True):
        design = results.table(f"run-{number}_design")
        facts = results.sidecar(f"run-{number}_design")
        drifts = [name for name in design if name.startswith("drift_")]
        effects = design.drop(columns=drifts)
        series = np.asarray(run.dataobj)[LEFT].T.astype(float) * facts["GrandMeanScaling"]
        fit = ldc_by_hand.least_squares(
            series, effects.to_numpy(), design[drifts].to_numpy(), np.eye(len(design))
        )
        found.append((fit, [effects.columns.get_loc(kind) for kind in KINDS]))
    return found


@pytest.fixture(scope="module")
def four_runs(tmp_path_factory):
    import nibabel as nib

    folder = tmp_path_factory.mktemp("four runs")
    rng = np.random.default_rng(0)
    patterns = rng.normal(size=(3, *SHAPE)) * 2.0
    runs = []
    for number in range(1, 5):
        events = blocks(KINDS, number=14, first=3.0 + number)
        data = series_of_run(number)
        for kind, pattern in zip(KINDS, patterns, strict=True):
            own = events[events["trial_type"] == kind]
            data += pattern[..., None] * regressor(own, n_scans=N_SCANS, t_r=T_R)
        runs.append(write_run(folder, number=str(number), data=data, events=events))
    results = compute(folder / "out", *runs, task=THREE, rsa=RSA)
    return results, [nib.load(run.bold) for run in runs]


def test_dissimilarities_between_runs_are_those_of_least_squares(four_runs):
    results, images = four_runs
    fits = fits_of(results, images, range(1, 5))
    sidecar = results.sidecar("_dissimilarity")
    df = sidecar["DegreesOfFreedom"]
    # The noise has a drift that the model of no whitening leaves in.
    assert df == pytest.approx(sum(fit.df for fit, _ in fits), rel=0.1)
    residuals = np.concatenate([fit.residuals for fit, _ in fits])
    covariance, shrinkage = ldc_by_hand.shrunk_covariance(residuals, df)
    patterns = np.array([fit.patterns[places] for fit, places in fits]).swapaxes(0, 1)
    table = results.table("_dissimilarity").query("region == 'left'")
    assert sidecar["Shrinkage"]["left"] == pytest.approx(shrinkage, rel=1e-5)
    pairs = list(itertools.combinations(range(3), 2))
    for (first, second), row in zip(pairs, table.itertuples(), strict=True):
        assert (row.trial_type_1, row.trial_type_2) == (KINDS[first], KINDS[second])
        expected = ldc_by_hand.contrast(
            patterns[first], patterns[second], np.linalg.inv(covariance), range(4)
        )
        # Scaled images are single precision.
        assert row.raw == pytest.approx(expected, rel=1e-4)
        assert row.value == pytest.approx(row.raw, rel=1e-9)
        assert abs(row.predicted_bias) < 1e-12
        assert row.value > 2 * row.standard_error
        assert row.n_voxels == 7
    assert sidecar["Partitions"] == 4
    levels = sidecar["NoiseLevel"]["left"]
    assert len(levels) == 4
    assert np.allclose(levels, 1.0, atol=0.3)
    assert sidecar["Runs"] == 4
    assert sidecar["Partition"] == "one partition per run"
    assert sidecar["Notes"] == []


def test_measures_are_those_of_the_table(four_runs):
    results, _ = four_runs
    rows = results.measures("ldc").set_index("contrast", append=True)
    table = results.table("_dissimilarity")
    assert len(rows) == len(table) == 9
    for row in table.itertuples():
        measure = rows.loc[(row.region, f"{row.trial_type_1} vs {row.trial_type_2}")]
        assert measure["value"] == pytest.approx(row.value, rel=1e-9)
        assert measure["standard_error"] == pytest.approx(row.standard_error, rel=1e-9)
    first = rows.iloc[0]
    assert first["unit"] == "squared distance / voxel"
    assert first["method"] == "LDC, covariance shrunk to its diagonal, minus the predicted bias"
    assert first["n_volumes"] == 4 * N_SCANS
    assert first["coverage"] == 1.0


def test_reliability_is_the_correlation_of_halves(four_runs):
    results, images = four_runs
    table = results.table("_reliability").query("region == 'left'")
    assert table["first_half"].tolist() == ["1 2", "1 3", "1 4"]
    assert table["second_half"].tolist() == ["3 4", "2 4", "2 3"]
    fits = fits_of(results, images, range(1, 5))
    covariance, _ = ldc_by_hand.shrunk_covariance(
        np.concatenate([fit.residuals for fit, _ in fits]),
        results.sidecar("_dissimilarity")["DegreesOfFreedom"],
    )
    patterns = np.array([fit.patterns[places] for fit, places in fits]).swapaxes(0, 1)
    precision = np.linalg.inv(covariance)

    def half(chosen):
        return [
            ldc_by_hand.contrast(patterns[first], patterns[second], precision, chosen)
            for first, second in itertools.combinations(range(3), 2)
        ]

    expected = np.corrcoef(half([0, 2]), half([1, 3]))[0, 1]
    assert table["correlation"].iloc[1] == pytest.approx(expected, abs=1e-3)
    assert table["correlation"].min() > 0.5


# One run --------------------------------------------------------------------------------------


def test_half_blocks_of_one_run_lose_their_predicted_bias(tmp_path):
    white = 100.0 + np.random.default_rng(0).normal(size=(*SHAPE, N_SCANS))
    events = blocks(("fear", "calm", "shapes"), number=3, duration=20)
    run = write_run(tmp_path / "in", events=events, data=white)
    spec = replace(RSA, trial_types=("fear", "calm"), partition="half_block", covariance="identity")
    whole = RegionSpec(name="all", spheres=((25.0, 25.0, 25.0),), radius=60.0)
    results = compute(
        tmp_path / "out", run, task=JOINED, rsa=spec, regions=[whole], minimum_coverage=0.0
    )
    row = results.table("_dissimilarity").iloc[0]
    assert row["predicted_bias"] > 0
    assert row["value"] == pytest.approx(row["raw"] - row["predicted_bias"], abs=1e-8)
    measure = results.measures("ldc").loc["all"]
    assert measure["value"] == pytest.approx(row["value"], rel=1e-8)
    assert measure["contrast"] == "fear vs calm"
    sidecar = results.sidecar("_dissimilarity")
    assert sidecar["Partition"] == "one partition per half of a block"
    assert sidecar["Partitions"] == 2
    assert sidecar["TrialTypes"] == ["fear", "calm"]
    assert sidecar["Notes"] == ["no split-half reliability: 2 partitions, and each half needs two"]
    assert not list(results.folder.rglob("*_reliability.tsv"))
    # The bias by the equations: halves one after the other share errors of the same sign.
    halves = pd.DataFrame({"onset": [4.0, 14.0, 20.0, 30.0], "duration": 10.0})
    columns = [regressor(halves.iloc[[each]], n_scans=N_SCANS, t_r=T_R) for each in range(4)]
    shapes = regressor(
        pd.DataFrame({"onset": [36.0], "duration": [20.0]}), n_scans=N_SCANS, t_r=T_R
    )
    order = np.arange(N_SCANS)
    n_drift = int(np.floor(2 * N_SCANS * T_R / 128))
    drift = np.cos(np.pi * np.outer(2 * order + 1, np.arange(1, n_drift + 1)) / (2 * N_SCANS))
    effects = np.column_stack([*columns, shapes, np.ones(N_SCANS)])
    fit = ldc_by_hand.least_squares(np.zeros((N_SCANS, 1)), effects, drift, np.eye(N_SCANS))
    unit = ldc_by_hand.bias_for_unit_noise(fit.unit_covariance, [0, 1], [2, 3])
    expected = unit * sidecar["NoiseLevel"]["all"]
    # nilearn samples its response on another grid; how white noise is, is measured.
    assert row["predicted_bias"] == pytest.approx(expected, rel=0.1)


def test_blocks_where_every_trial_type_repeats_else_halves(tmp_path):
    spec = replace(RSA, partition="block_or_half_block")
    often = compute(tmp_path / "often", write_run(tmp_path / "in"), rsa=spec)
    assert often.sidecar("_dissimilarity")["Partition"] == "one partition per block"
    assert often.sidecar("_dissimilarity")["Partitions"] == 7
    once = compute(
        tmp_path / "once",
        write_run(tmp_path / "in", events=blocks(number=2, duration=16)),
        rsa=spec,
    )
    sidecar = once.sidecar("_dissimilarity")
    assert sidecar["Partition"] == "one partition per half of a block"
    assert any(note.startswith("partitions are half blocks") for note in sidecar["Notes"])
    assert np.isfinite(once.measures("ldc")["value"]).all()


def test_maximum_of_partitions_puts_neighbours_together(tmp_path):
    spec = replace(RSA, partition="block", maximum_partitions=4)
    results = compute(tmp_path / "out", write_run(tmp_path / "in"), rsa=spec)
    sidecar = results.sidecar("_dissimilarity")
    assert sidecar["Partitions"] == 4
    assert "7 blocks of `a` in 4 partitions" in sidecar["Notes"]


def test_blocks_of_two_runs_are_partitions_of_their_own(tmp_path):
    runs = [write_run(tmp_path / "in", number=each, seed=int(each),
                      events=blocks(KINDS, number=6)) for each in ("1", "2")]  # fmt: skip
    results = compute(tmp_path / "out", *runs, task=THREE, rsa=replace(RSA, partition="block"))
    assert results.sidecar("_dissimilarity")["Partitions"] == 4
    halves = results.table("_reliability").query("region == 'left'")
    assert halves["first_half"].tolist() == ["1.1 1.2", "1.1 2.1", "1.1 2.2"]
    assert halves["second_half"].tolist() == ["2.1 2.2", "1.2 2.2", "1.2 2.1"]


@pytest.mark.parametrize("noise_model", ["spm", "ar1", "ols"])
@pytest.mark.parametrize("training", ["mean", "gls"])
def test_every_noise_model_and_training_gives_values(tmp_path, noise_model, training):
    spec = replace(RSA, partition="block", training=training)
    results = compute(
        tmp_path / "out", write_run(tmp_path / "in"), glm=replace(GLM, noise_model=noise_model),
        rsa=spec,
    )  # fmt: skip
    rows = results.measures("ldc")
    assert np.isfinite(rows["value"]).all()
    assert np.abs(rows["value"] / rows["standard_error"]).max() < 4  # patterns are alike
    assert results.sidecar("_dissimilarity")["Training"] == training
