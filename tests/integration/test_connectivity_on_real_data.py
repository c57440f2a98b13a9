"""Generalized PPI, LDC and partial correlations of real data through the real command line."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.core.glm.autocorrelation import covariance_components, whitening_matrix
from bids_ketamine.core.glm.covariance_pool import pooled_covariance
from bids_ketamine.core.glm.restricted_likelihood import estimate_hyperparameters
from bids_ketamine.core.glm.voxel_series import VoxelSeries
from bids_ketamine.outputs.tables import read_table
from tests import conn_by_hand, ldc_by_hand
from tests.integration import trees

pytestmark = pytest.mark.skipif(
    not trees.SHARED.is_dir(), reason="the real data (../shared/data) are not here"
)

OBJECTS = ["face", "house", "cat", "shoe", "scissors", "bottle", "chair", "scrambledpix"]
NO_CONFOUNDS = {
    "columns": [],
    "compcor_components": 0,
    "outliers": None,
    "non_steady_state": False,
    "motion_without_aroma": "none",
}
BAND = (0.008, 0.09)


class Output(NamedTuple):
    """Where a run of the command line put its results, and the dataset it read."""

    folder: Path
    bids: Path

    def table(self, pattern: str) -> pd.DataFrame:
        return read_table(self.path(pattern))

    def sidecar(self, pattern: str) -> dict:
        return json.loads(self.path(pattern).with_suffix(".json").read_text())

    def path(self, pattern: str) -> Path:
        (found,) = self.folder.rglob(pattern)
        return found

    def page(self) -> str:
        (page,) = self.folder.glob("sub-*.html")
        return page.read_text(encoding="utf-8")


def run(folder: Path, bids: Path, study: dict, *further: str) -> Output:
    path = folder / "study.yml"
    path.write_text(json.dumps(study), encoding="utf-8")  # JSON is YAML
    words = [str(bids), str(folder / "out"), "participant", "--study", str(path)]
    assert main([*words, "-w", str(folder / "work"), "--nprocs", "1", *further]) == 0
    return Output(folder / "out", bids)


# Representational similarity ------------------------------------------------------------------


@pytest.fixture(scope="module", params=["spm", "ar1"])
def haxby(request, tmp_path_factory) -> Output:
    folder = tmp_path_factory.mktemp(f"haxby {request.param}")
    chosen = {"acquisition": "slice"}
    filters = folder / "slice.json"
    filters.write_text(json.dumps(dict.fromkeys(("bold", "mask", "confounds"), chosen)))
    outliers = {"framewise_displacement": 0.5, "std_dvars": None}
    study = {
        "name": "haxby",
        "inputs": {"space": "scanner", "smoothing_fwhm": None},
        "sessions": {"only": {"unlabelled": True}},
        "regions": {
            "atlas": "slice",
            "minimum_coverage": 0,
            "definitions": {"slice": {"spheres": [[0, 0, 0]], "radius": 200}},
        },
        "tasks": {
            "objects": {
                "task": "objectviewing",
                "conditions": {name: {} for name in OBJECTS},
                "contrasts": {"faceGtHouse": {"weights": "face - house"}},
            }
        },
        "glm": {
            "noise_model": request.param,
            "confounds": NO_CONFOUNDS | {"motion": "6", "outliers": outliers},
        },
        "rsa": {
            "task": "objects",
            "trial_types": OBJECTS,
            "pairs": [["face", "house"]],
            "partition": "run",
        },
    }
    return run(folder, trees.haxby(folder), study, "--bids-filter-file", str(filters))


def test_faces_differ_from_houses_and_all_pairs_stand_in_the_table(haxby):
    table = haxby.table("*_dissimilarity.tsv")
    pairs = list(zip(table["trial_type_1"], table["trial_type_2"], strict=True))
    assert pairs == list(itertools.combinations(OBJECTS, 2))
    assert len(pairs) == 28
    assert table["reason"].isna().all()
    # Runs are independent, and means of other runs train: nothing to predict.
    assert np.abs(table["predicted_bias"]).max() < 1e-12
    np.testing.assert_allclose(table["value"], table["raw"], rtol=1e-9)
    faces = table.iloc[0]
    assert 0.05 < faces["value"] < 0.15
    assert faces["value"] > 2 * faces["standard_error"] > 0
    measures = haxby.table("sub-001_measures.tsv").set_index("measure")
    row = measures.loc["ldc"]
    assert (row["contrast"], row["regions"]) == ("face vs house", "slice")
    assert row["value"] == faces["value"]
    assert row["standard_error"] == faces["standard_error"]
    assert row["unit"] == "squared distance / voxel"
    df = haxby.sidecar("*_dissimilarity.tsv")["DegreesOfFreedom"]
    assert row["residual_df"] == pytest.approx(df, rel=1e-9)
    assert "face vs house" in haxby.page()


def test_every_halving_of_six_runs_gives_a_reliability(haxby, capsys):
    table = haxby.table("*_reliability.tsv")
    halves = list(zip(table["first_half"], table["second_half"], strict=True))
    threes = [each for each in itertools.combinations(range(1, 7), 3) if 1 in each]
    assert [tuple(map(int, first.split())) for first, _ in halves] == threes
    for first, second in halves:
        assert sorted(map(int, f"{first} {second}".split())) == list(range(1, 7))
    assert table["correlation"].between(-1, 1).all()
    assert table["correlation"].mean() > 0.15
    with capsys.disabled():
        print("\nSplit-half r of 28 pairs, all voxels:", *table["correlation"].round(2))


def whitening_of(run_facts, series, effects, drift):
    """Return the run's whitening: SPM's of its sidecar, or one pooled over the slice's voxels."""
    components = covariance_components(n_scans=len(series))
    if run_facts["NoiseModel"] == "spm":
        covariance = np.tensordot(run_facts["Autocorrelation"], components, 1)
        return whitening_matrix(covariance * len(series) / np.trace(covariance))
    inside = VoxelSeries(series, np.arange(series.shape[1]), 1.0)
    pooled = pooled_covariance(inside, design_matrix=effects, drift=drift, pooling_p=None)
    estimated = estimate_hyperparameters(
        pooled.covariance, fixed_effects=np.column_stack([effects, drift]), components=components
    )
    return whitening_matrix(estimated.covariance)


def test_dissimilarities_are_those_of_least_squares_of_the_images(haxby):
    table, sidecar = haxby.table("*_dissimilarity.tsv"), haxby.sidecar("*_dissimilarity.tsv")
    # No voxels are selected: all that the models of the six runs hold.
    effect = nib.load(haxby.path("*_stat-effect_statmap.nii.gz")).get_fdata()
    runs, columns = [], []
    for number in range(1, 7):
        design = haxby.table(f"*_run-{number:02d}_design.tsv")
        facts = haxby.sidecar(f"*_run-{number:02d}_design.tsv")
        (bold,) = haxby.bids.rglob(f"*acq-slice_run-{number:02d}_*_bold.nii.gz")
        volumes = nib.load(bold).get_fdata()
        (mask,) = haxby.bids.rglob(f"*acq-slice_run-{number:02d}_*_mask.nii.gz")
        varying = (nib.load(mask).get_fdata() > 0) & (volumes.std(axis=3) > 0)
        runs.append((volumes, design, facts, varying))
    common = np.logical_and.reduce([effect != 0, *(varying for *_, varying in runs)])
    assert common.sum() == table["n_voxels"].iloc[0] > 400
    estimates = []
    for volumes, design, facts, varying in runs:
        drifts = [name for name in design if name.startswith("drift_")]
        drift, effects = design[drifts].to_numpy(), design.drop(columns=drifts)
        series = volumes.T[..., varying.T].reshape(len(design), -1) * facts["GrandMeanScaling"]
        whitening = whitening_of(facts, series, effects.to_numpy(), drift)
        inside = common.T[varying.T]
        estimates.append(
            ldc_by_hand.least_squares(series[:, inside], effects.to_numpy(), drift, whitening)
        )
        columns.append([effects.columns.get_loc(name) for name in OBJECTS])
    df = sidecar["DegreesOfFreedom"]  # with the serial correlation that whitening leaves
    assert df == pytest.approx(sum(each.df for each in estimates), rel=0.1)
    residuals = np.concatenate([each.residuals for each in estimates])
    covariance, shrinkage = ldc_by_hand.shrunk_covariance(residuals, df)
    assert sidecar["Shrinkage"]["slice"] == pytest.approx(shrinkage, abs=1e-8)
    precision = np.linalg.inv(covariance)
    patterns = np.array(
        [each.patterns[own] for each, own in zip(estimates, columns, strict=True)]
    ).swapaxes(0, 1)

    def matrix(chosen):
        return [
            ldc_by_hand.contrast(patterns[first], patterns[second], precision, chosen)
            for first, second in itertools.combinations(range(len(OBJECTS)), 2)
        ]

    np.testing.assert_allclose(table["raw"], matrix(range(6)), rtol=1e-7, atol=1e-9)
    split = haxby.table("*_reliability.tsv").iloc[0]
    assert (split["first_half"], split["second_half"]) == ("1 2 3", "4 5 6")
    expected = np.corrcoef(matrix([0, 1, 2]), matrix([3, 4, 5]))[0, 1]
    assert split["correlation"] == pytest.approx(expected, abs=1e-7)


# Generalized PPI ------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["conn", "joint", "spm"])
def localizer(request, tmp_path_factory) -> Output:
    folder = tmp_path_factory.mktemp(f"localizer {request.param}")
    source = trees.SHARED / "pyhrf-localizer-subj0" / "sub-01" / "func"
    labels = str(source / "sub-01_task-localizer_space-MNI_label-2regions_dseg.nii.gz")
    study = {
        "name": "localizer",
        "inputs": {"space": "MNI", "smoothing_fwhm": None},
        "sessions": {"only": {"unlabelled": True}},
        "regions": {
            "atlas": "temporal",
            "definitions": {
                "right": {"dseg": labels, "labels": [1]},
                "left": {"dseg": labels, "labels": [2]},
            },
        },
        "tasks": {
            "localizer": {
                "conditions": {"audio": {}, "video": {}},
                "contrasts": {"audioGtVideo": {"weights": "audio - video"}},
            }
        },
        "glm": {"noise_model": "spm", "confounds": NO_CONFOUNDS},
        "gppi": {"method": request.param, "confounds": NO_CONFOUNDS},
    }
    return run(folder, trees.localizer(folder), study)


def test_both_directions_stand_in_table_matrix_and_measures(localizer):
    table, sidecar = localizer.table("*_gppi.tsv"), localizer.sidecar("*_gppi.tsv")
    method = sidecar["Method"]
    assert table["reason"].isna().all()
    assert list(table["effect"]) == ["audioGtVideo"] * 2 + ["audio"] * 2 + ["video"] * 2
    values = table.set_index(["seed", "target", "effect"])["value"]
    for pair in (("left", "right"), ("right", "left")):
        difference = values[(*pair, "audio")] - values[(*pair, "video")]
        assert values[(*pair, "audioGtVideo")] == pytest.approx(difference, abs=1e-9)
    matrix = localizer.table("*_stat-gppi_relmat.tsv").set_index("Node")
    there = values["left", "right", "audioGtVideo"]
    back = values["right", "left", "audioGtVideo"]
    assert there != back
    assert matrix.loc["left", "right"] == there
    assert matrix.loc["right", "left"] == back
    assert np.isnan(np.diag(matrix)).all()
    row = localizer.table("sub-01_measures.tsv").set_index("measure").loc["gppi"]
    assert (row["regions"], row["contrast"]) == ("right~left", "audioGtVideo")
    assert row["value"] == pytest.approx((there + back) / 2, abs=1e-9)
    errors = table.iloc[:2]["standard_error"]
    assert 0 < row["standard_error"] <= errors.mean()
    assert np.abs(table.iloc[:2]["value"] / errors).max() < 4
    assert table["p"].between(0.01, 1).all()
    assert row["residual_df"] == table.iloc[:2]["residual_df"].min()
    assert sidecar["BandPass"] == (None if method == "spm" else list(BAND))
    centres = sidecar["RegionCentres"]
    assert centres["left"][0][0] < -40
    assert centres["right"][0][0] > 40
    assert re.search("audioGtVideo", localizer.page())


@pytest.mark.parametrize("localizer", ["conn", "joint"], indirect=True)
def test_values_are_those_of_the_equations_on_the_written_series(localizer):
    table, sidecar = localizer.table("*_gppi.tsv"), localizer.sidecar("*_gppi.tsv")
    series = localizer.table("*_atlas-temporal_timeseries.tsv")
    (path,) = localizer.bids.glob("sub-01/func/*_events.tsv")
    shape = {"n_scans": len(series), "t_r": 2.4}
    regressors = conn_by_hand.regressors_of(
        pd.read_csv(path, sep="\t"), ["audio", "video"], **shape
    )
    plain = {"nuisance": np.empty((len(series), 0)), "t_r": 2.4, "band_pass": BAND}
    weights = {"audioGtVideo": (1, -1), "audio": (1, 0), "video": (0, 1)}
    cleaned = conn_by_hand.conn_cleaned(series.to_numpy(), regressors, **plain)
    expected = []
    for row in table.itertuples():
        pair = {name: series.columns.get_loc(getattr(row, name)) for name in ("seed", "target")}
        pair["weights"] = weights[row.effect]
        if sidecar["Method"] == "conn":
            expected.append(conn_by_hand.conn_value([cleaned], [regressors], **pair))
        else:
            given = (series.to_numpy(), regressors)
            expected.append(conn_by_hand.joint_value(*given, **pair, **plain))
    # Ten digits of series of about 100: eight of what varies.
    np.testing.assert_allclose(table["value"], expected, atol=1e-7)


# Resting connectivity -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nitime(tmp_path_factory) -> Output:
    folder = tmp_path_factory.mktemp("nitime")
    bids = trees.nitime_series(folder)
    regions = ["LCau", "LPut", "LThal", "RCau", "RPut", "RThal"]
    study = {
        "name": "nitime",
        "inputs": {"timeseries_atlas": "nitime"},
        "sessions": {"only": {"unlabelled": True}},
        "regions": {
            "atlas": "nitime",
            "definitions": {name: {"columns": [name]} for name in regions},
        },
        "rest": {"task": "rest", "correlations": ["pearson", "partial"]},
    }
    return run(folder, bids, study, "-d", f"xcpd={bids / 'derivatives' / 'xcpd'}")


def test_series_made_elsewhere_have_partial_correlations_and_no_places(nitime):
    (path,) = nitime.bids.rglob("*_timeseries.tsv")
    series = pd.read_csv(path, sep="\t")
    pearson = nitime.table("*_stat-pearsoncorrelation_relmat.tsv").set_index("Node")
    partial = nitime.table("*_stat-partialcorrelation_relmat.tsv").set_index("Node")
    names = list(pearson.index)
    assert list(partial.index) == names
    own = series[names].to_numpy(dtype=float)
    np.testing.assert_allclose(pearson, np.corrcoef(own.T), atol=1e-9)
    measures = nitime.table("sub-01_measures.tsv").set_index(["measure", "regions"])
    for first, second in itertools.combinations(range(len(names)), 2):
        others = np.delete(own, [first, second], axis=1)
        others = np.column_stack([others, np.ones(len(own))])
        left = conn_by_hand.residuals(own[:, [first, second]], others)
        expected = np.corrcoef(left.T)[0, 1]
        assert partial.iloc[first, second] == pytest.approx(expected, abs=1e-8)
        pair = f"{names[first]}~{names[second]}"
        row = measures.loc[("resting_partial_connectivity", pair)]
        assert row["value"] == pytest.approx(np.arctanh(expected), abs=1e-8)
        plain = measures.loc[("resting_connectivity", pair)]
        assert row["residual_df"] == plain["residual_df"] - (len(names) - 2)
    for kind in ("pearson", "partial"):
        assert nitime.sidecar(f"*_stat-{kind}correlation_relmat.tsv")["RegionCentres"] == {}
