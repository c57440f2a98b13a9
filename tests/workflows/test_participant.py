"""The participant level: reuse, refusal, replacement, and values from the images alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.dataset.inputs import Missing, RunInputs, SessionInputs
from bids_ketamine.errors import CannotCreateError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import (
    ConditionSpec,
    ConfoundsSpec,
    ContrastSpec,
    GlmSpec,
    InputsSpec,
    RegionSpec,
    RegionsSpec,
    RestSpec,
    SessionSpec,
    StudySpec,
    TaskSpec,
)
from bids_ketamine.workflows.participant import run_participant_level
from bids_ketamine.workflows.records import ExecutionSettings

N_SCANS, T_R = 120, 2.0
AFFINE = np.diag([10.0, 10.0, 10.0, 1.0])
SHAPE = (6, 6, 6)
CONFOUNDS = ConfoundsSpec(
    columns=("csf",), compcor_components=0, non_steady_state=False, motion_without_aroma="none"
)
REGIONS = (
    RegionSpec(name="left", spheres=((10.0, 20.0, 20.0),), radius=11.0),
    RegionSpec(name="right", spheres=((40.0, 20.0, 20.0),), radius=11.0),
)
SPEC = StudySpec(
    name="small",
    inputs=InputsSpec(smoothing_fwhm=None),
    sessions=(SessionSpec(name="pre"), SessionSpec(name="post")),
    regions=RegionsSpec(atlas="two", definitions=REGIONS),
    tasks=(
        TaskSpec(
            name="faces",
            conditions=(ConditionSpec(name="a"), ConditionSpec(name="b")),
            contrasts=(ContrastSpec(name="aGtB", weights={"a": 1.0, "b": -1.0}),),
        ),
    ),
    glm=GlmSpec(noise_model="ols", confounds=CONFOUNDS),
    rest=RestSpec(confounds=CONFOUNDS, band_pass=(0.01, 0.1)),
)


def make_run(folder: Path, task: str, run: str | None, seed: int) -> RunInputs:
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"task-{task}_run-{run}"
    slow = np.cumsum(rng.normal(size=(N_SCANS, 1)), axis=0) * 0.1
    data = 100 + rng.normal(size=(*SHAPE, N_SCANS)) + slow.T
    bold, mask = folder / f"{stem}_bold.nii.gz", folder / f"{stem}_mask.nii.gz"
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), bold)
    nib.save(nib.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE), mask)
    confounds = folder / f"{stem}_confounds.tsv"
    table = pd.DataFrame(
        {
            "csf": rng.normal(size=N_SCANS),
            "framewise_displacement": rng.uniform(0.05, 0.2, size=N_SCANS),
        }
    )
    table.loc[0, "framewise_displacement"] = np.nan
    table.loc[40, "framewise_displacement"] = 1.5
    table.to_csv(confounds, sep="\t", index=False, na_rep="n/a")
    events = folder / f"{stem}_events.tsv"
    onsets = np.arange(10, 220, 15.0)
    names = np.where(np.arange(len(onsets)) % 2, "a", "b")
    pd.DataFrame({"onset": onsets, "duration": 6.0, "trial_type": names}).to_csv(
        events, sep="\t", index=False
    )
    return RunInputs(
        task=task,
        run=run,
        bold=bold,
        mask=mask,
        confounds=confounds,
        events=events if task == "faces" else None,
        timeseries=None,
        description="preproc",
        space="MNI152NLin2009cAsym",
        t_r=T_R,
        start_time=None,
        slice_timing_corrected=True,
    )


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> SessionInputs:
    folder = tmp_path_factory.mktemp("runs")
    runs = (
        make_run(folder, "faces", "1", 1),
        make_run(folder, "faces", "2", 2),
        make_run(folder, "rest", None, 3),
    )
    return SessionInputs("01", "pre", "pre", runs, ())


def compute(folder: Path, *sessions: SessionInputs, spec: StudySpec = SPEC, overwrite=False):
    events = []
    outcomes = run_participant_level(
        sessions=sessions,
        study=Study(spec=spec, source="small", notices=()),
        bids_dir=folder,
        derivatives={},
        output_dir=folder / "out",
        execution=ExecutionSettings(
            n_procs=1,
            omp_n_threads=1,
            memory_gb=2.0,
            work_dir=folder / "work",
            plugin={"plugin": "Linear"},
            stop_on_first_crash=False,
            clean_work_dir=False,
        ),
        overwrite=overwrite,
        report=events.append,
    )
    return outcomes, events


def measures(folder: Path) -> pd.DataFrame:
    return read_table(folder / "out/sub-01/ses-pre/sub-01_ses-pre_measures.tsv")


@pytest.fixture(scope="module")
def computed(session, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("computed")
    outcomes, _ = compute(folder, session)
    assert [each.status for each in outcomes] == ["computed"]
    return folder


def region_mean(run: RunInputs, centre: tuple[int, int, int]) -> np.ndarray:
    """Mean over a voxel and its six neighbours: a sphere of 11 mm on a grid of 10 mm."""
    data = nib.load(run.bold).get_fdata()
    offsets = np.vstack([np.zeros((1, 3), int), np.eye(3, dtype=int), -np.eye(3, dtype=int)])
    return np.mean([data[tuple(np.array(centre) + offset)] for offset in offsets], axis=0)


def test_rest_equals_one_least_squares_fit_of_the_images(computed, session):
    run = session.runs_of("rest")[0]
    table = pd.read_csv(run.confounds, sep="\t", na_values="n/a")
    order = np.arange(N_SCANS)
    cosines = np.cos(np.pi * np.outer(2 * order + 1, order) / (2 * N_SCANS))
    frequency = order / (2 * N_SCANS * T_R)
    model = np.column_stack(
        [
            cosines[:, (frequency < 0.01) | (frequency > 0.1)],
            table["csf"],
            order == 40,  # 1.5 mm
        ]
    ).astype(float)
    left, right = region_mean(run, (1, 2, 2)), region_mean(run, (4, 2, 2))
    series = np.column_stack([left, right])
    residual = series - model @ np.linalg.lstsq(model, series, rcond=None)[0]
    row = measures(computed).set_index("measure").loc["resting_connectivity"]
    expected = np.arctanh(np.corrcoef(residual.T)[0, 1])
    assert row["value"] == pytest.approx(expected, abs=1e-5)  # images are single precision
    assert row["residual_df"] == N_SCANS - np.linalg.matrix_rank(model)
    assert row["n_volumes_kept"] == N_SCANS - 1
    assert row["mean_fd"] == pytest.approx(table["framewise_displacement"].mean(), rel=1e-9)


def test_activation_equals_ordinary_least_squares_of_the_images(computed, session):
    effects, freedom = [], 0
    for run in session.runs_of("faces"):
        data = nib.load(run.bold).get_fdata().astype(np.float32)
        mean = region_mean(run, (1, 2, 2)) * 100 / data.mean(dtype=float)
        confounds = pd.read_csv(run.confounds, sep="\t", na_values="n/a")
        fine = np.arange(0, N_SCANS * T_R + 40, 0.01)
        response = stats.gamma.pdf(fine, 6) - stats.gamma.pdf(fine, 16) / 6
        response = np.where(fine <= 32, response, 0)
        response /= response.sum()
        columns = []
        for name in ("a", "b"):
            events = pd.read_csv(run.events, sep="\t")
            events = events[events["trial_type"] == name]
            box = np.zeros_like(fine)
            for onset in events["onset"]:
                box[(fine >= onset) & (fine < onset + 6)] = 1
            convolved = np.convolve(box, response)[: len(fine)]
            # Slices were aligned to the middle of the volume.
            columns.append(np.interp(np.arange(N_SCANS) * T_R + T_R / 2, fine, convolved))
        order = np.arange(N_SCANS)
        n_drift = int(np.floor(2 * N_SCANS * T_R / 128))
        drift = [np.cos(np.pi * (2 * order + 1) * k / (2 * N_SCANS)) for k in range(1, n_drift + 1)]
        model = np.column_stack([*columns, np.ones(N_SCANS), *drift, confounds["csf"], order == 40])
        beta = np.linalg.lstsq(model.astype(float), mean, rcond=None)[0]
        effects.append(beta[0] - beta[1])
        freedom += N_SCANS - model.shape[1]
    row = measures(computed).query("measure == 'activation' and regions == 'left'").iloc[0]
    # nilearn's response starts one step of TR / 50 later, which moves this value by 0.00025; a
    # reference time wrong by half a TR would move it by 0.0073.
    assert row["value"] == pytest.approx(np.mean(effects), abs=0.001)
    assert row["residual_df"] == freedom
    assert row["n_volumes"] == 2 * N_SCANS


def test_the_same_is_reused_and_another_study_input_or_meaning_is_refused(computed, session):
    before = measures(computed)
    outcomes, events = compute(computed, session)
    assert [each.status for each in outcomes] == ["reused"]
    assert [each.kind for each in events] == ["reused"]
    other = replace(SPEC, glm=replace(SPEC.glm, high_pass_period=100.0))
    with pytest.raises(CannotCreateError, match="study"):
        compute(computed, session, spec=other)
    with pytest.raises(CannotCreateError, match="input files"):
        compute(computed, replace(session, session="post"))
    slower = tuple(replace(run, t_r=2.5) for run in session.runs)
    with pytest.raises(CannotCreateError, match="input files"):
        compute(computed, replace(session, runs=slower))
    gone = replace(session, runs=(), missing=(Missing("session", "no folder"),))
    with pytest.raises(CannotCreateError, match="input files"):
        compute(computed, gone)
    pd.testing.assert_frame_equal(measures(computed), before)


def test_overwriting_makes_whole_replaces_and_removes(session, tmp_path):
    compute(tmp_path, session)
    table = tmp_path / "out/sub-01/ses-pre/sub-01_ses-pre_measures.tsv"
    whole = table.read_text()
    table.write_text(whole[:300])
    outcomes, _ = compute(tmp_path, session, overwrite=True)
    assert [each.status for each in outcomes] == ["computed"]
    assert table.read_text() == whole
    less = replace(SPEC, tasks=())
    compute(tmp_path, session, spec=less, overwrite=True)
    assert set(measures(tmp_path)["task"]) == {"rest"}
    assert not list(table.parent.rglob("*statmap*"))
    gone = replace(session, runs=(), missing=(Missing("session", "no folder"),))
    outcomes, _ = compute(tmp_path, gone, spec=less, overwrite=True)
    assert [each.status for each in outcomes] == ["missing"]
    assert not table.exists()


def test_leaving_a_task_out_never_loses_its_results(computed, session, tmp_path):
    rest = replace(session, runs=session.runs_of("rest"))
    with pytest.raises(CannotCreateError, match="would lose tasks: sub-01_ses-pre: faces"):
        compute(computed, rest, overwrite=True)
    compute(tmp_path, rest)
    sidecar = tmp_path / "out/sub-01/ses-pre/sub-01_ses-pre_measures.json"
    missing = json.loads(sidecar.read_text())["Missing"]
    assert missing == [{"What": "faces", "Reason": "left out by --task-id"}]


def test_a_run_that_cannot_be_estimated_is_left_out_and_named(session, tmp_path):
    first, second = session.runs_of("faces")
    events = pd.read_csv(second.events, sep="\t").query("trial_type == 'a'")
    path = tmp_path / "events.tsv"
    events.to_csv(path, sep="\t", index=False)
    runs = (first, replace(second, events=path))
    compute(tmp_path, replace(session, runs=runs))
    row = measures(tmp_path).iloc[0]
    assert np.isfinite(row["value"])
    assert row["n_volumes"] == N_SCANS
    sidecar = tmp_path / "out/sub-01/ses-pre/sub-01_ses-pre_measures.json"
    notes = json.loads(sidecar.read_text())["Runs"][1]["Notes"]
    assert any(
        note.startswith("not in contrast `aGtB`: condition `b` has no trials") for note in notes
    )


def test_a_session_that_estimates_nothing_has_the_unit_and_the_reason(session, tmp_path):
    run = session.runs_of("faces")[0]
    events = pd.read_csv(run.events, sep="\t").query("trial_type == 'a'").assign(duration=0.0)
    path = tmp_path / "events.tsv"
    events.to_csv(path, sep="\t", index=False)
    compute(tmp_path, replace(session, runs=(replace(run, events=path),)))
    table = measures(tmp_path)
    row = table[table["measure"] == "activation"].iloc[0]
    assert np.isnan(row["value"])
    assert "condition `b` has no trials" in row["reason"]
    # The contrast is over conditions of the study, be they without events here.
    assert row["unit"] == "percent of the grand mean x s"


def test_runs_that_model_other_voxels_of_a_region_leave_its_error_unknown(session, tmp_path):
    first, second = session.runs_of("faces")
    image = nib.load(second.bold)
    data = np.asarray(image.dataobj).copy()
    data[0, :, :, 10] = 20.0  # one of the seven voxels of the left region
    dark = tmp_path / "dark_bold.nii.gz"
    nib.save(nib.Nifti1Image(data, image.affine), dark)
    spec = replace(SPEC, glm=replace(SPEC.glm, noise_model="spm"))
    compute(tmp_path, replace(session, runs=(first, replace(second, bold=dark))), spec=spec)
    table = measures(tmp_path).query("measure == 'activation'").set_index("regions")
    assert np.isfinite(table["value"]).all()
    assert table.loc["left", "coverage"] == pytest.approx(6 / 7)
    assert np.isnan(table.loc["left", "standard_error"])
    assert table.loc["right", "standard_error"] > 0


def test_voxels_under_the_mask_threshold_are_told_in_the_reason(session, tmp_path):
    run = session.runs_of("faces")[0]
    image = nib.load(run.bold)
    data = np.asarray(image.dataobj).copy()
    # A strip of the left region is dark in one volume.
    data[0:2, :, :, 10] = 20.0
    dark = tmp_path / "dark_bold.nii.gz"
    nib.save(nib.Nifti1Image(data, image.affine), dark)
    spec = replace(
        SPEC,
        tasks=(replace(SPEC.tasks[0], eigenvariate_contrast="aGtB", eigenvariate_p=1e-12),),
        glm=replace(SPEC.glm, noise_model="spm", region_methods=("mean", "marsbar")),
    )
    compute(tmp_path, replace(session, runs=(replace(run, bold=dark),)), spec=spec)
    table = measures(tmp_path).set_index(["measure", "regions"])
    mean = table.loc[("activation", "left")]
    assert mean["reason"] == (
        "coverage 14% is under 50%: 6 of 7 voxels are under the mask threshold"
    )
    # MarsBaR reads voxels under the threshold too.
    marsbar = table.loc[("activation_marsbar", "left")]
    assert np.isfinite(marsbar["value"])
    assert marsbar["coverage"] == 1.0
    assert (table["standard_error"].dropna() > 0).all()
    sidecar = tmp_path / "out/sub-01/ses-pre/sub-01_ses-pre_measures.json"
    notes = json.loads(sidecar.read_text())["Runs"][0]["Notes"]
    assert "no eigenvariate, since no voxel passes `aGtB` at p < 1e-12: left, right" in notes


def test_a_failing_session_leaves_others_whole_with_any_plugin(session, tmp_path):
    run = session.runs_of("rest")[0]
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(Path(run.bold).read_bytes()[:2000])
    bad = SessionInputs("02", "pre", "pre", (replace(run, bold=broken),), ())
    good = replace(session, runs=(run,))
    outcomes, _ = compute(tmp_path, bad, good)
    assert [each.status for each in outcomes] == ["failed", "computed"]
    (error,) = outcomes[0].errors
    assert error.step == "resting connectivity"
    assert error.message.startswith("The image is truncated or damaged")
    assert error.exit_code == 65
    assert not (tmp_path / "out" / "sub-02" / "ses-pre").exists()
