"""Series that the app denoises with ICA-AROMA's components, from files to measures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import (
    ConfoundsSpec,
    InputsSpec,
    RegionSpec,
    RegionsSpec,
    RestSpec,
    SessionSpec,
    StudySpec,
)
from bids_ketamine.workflows.participant import run_participant_level
from bids_ketamine.workflows.records import ExecutionSettings

N_SCANS, T_R = 100, 2.0
SHAPE, AFFINE = (6, 5, 4), np.diag([10.0, 10.0, 10.0, 1.0])
NOISE = [1, 4]
MOTION = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
SPEC = StudySpec(
    name="denoised",
    inputs=InputsSpec(smoothing_fwhm=None, aroma="nonaggressive"),
    sessions=(SessionSpec(name="pre"),),
    regions=RegionsSpec(
        atlas="two",
        definitions=(
            RegionSpec(name="left", spheres=((0.0, 20.0, 10.0),), radius=1.0),
            RegionSpec(name="right", spheres=((50.0, 20.0, 10.0),), radius=1.0),
        ),
    ),
    rest=RestSpec(
        band_pass=None,
        confounds=ConfoundsSpec(
            columns=(),
            compcor_components=0,
            motion="none",
            motion_without_aroma="6",
            outliers=None,
            non_steady_state=False,
        ),
    ),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunInputs:
    """Two voxels share a signal component and, with other signs, a noise component."""
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(N_SCANS, 6))
    data = 100 + rng.normal(size=(*SHAPE, N_SCANS))
    for x, sign in ((0, 1.0), (5, -1.0)):
        data[x, 2, 1] += 1.5 * mixing[:, 0] + 4 * sign * mixing[:, 1]
    paths = {name: folder / name for name in ("bold.nii.gz", "mask.nii.gz", "mix.tsv", "ics.csv")}
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), paths["bold.nii.gz"])
    nib.save(nib.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE), paths["mask.nii.gz"])
    np.savetxt(paths["mix.tsv"], mixing, delimiter="\t", fmt="%.17g")
    paths["ics.csv"].write_text("2,5")
    table = pd.DataFrame(rng.normal(size=(N_SCANS, 6)) * 0.01, columns=MOTION)
    table["framewise_displacement"] = 0.1
    table.to_csv(folder / "confounds.tsv", sep="\t", index=False)
    return RunInputs(
        task="rest",
        run=None,
        bold=paths["bold.nii.gz"],
        mask=paths["mask.nii.gz"],
        confounds=folder / "confounds.tsv",
        events=None,
        timeseries=None,
        description="preproc",
        space="MNI152NLin2009cAsym",
        t_r=T_R,
        start_time=None,
        slice_timing_corrected=True,
        aroma_mixing=paths["mix.tsv"],
        aroma_noise=paths["ics.csv"],
    )


def compute(folder: Path, run: RunInputs) -> tuple[pd.Series, dict]:
    """Return the measure and the facts of the run."""
    (outcome,) = run_participant_level(
        sessions=(SessionInputs("01", "pre", "pre", (run,), ()),),
        study=Study(spec=SPEC, source="denoised", notices=()),
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
        overwrite=False,
        report=lambda *_: None,
    )
    assert outcome.status == "computed"
    path = folder / "out/sub-01/ses-pre/sub-01_ses-pre_measures.tsv"
    facts = json.loads(path.with_suffix(".json").read_text())["Runs"]
    return read_table(path).iloc[0], facts[0]


def test_the_measure_is_that_of_a_least_squares_fit_of_all_components(run, tmp_path) -> None:
    row, facts = compute(tmp_path, run)
    data = nib.load(run.bold).get_fdata()
    series = np.column_stack([data[0, 2, 1], data[5, 2, 1]])
    mixing = np.loadtxt(run.aroma_mixing)
    design = np.column_stack([np.ones(N_SCANS), mixing])
    weights = np.linalg.lstsq(design, series, rcond=None)[0]
    clean = series - (mixing[:, NOISE] - mixing[:, NOISE].mean(axis=0)) @ weights[1:][NOISE]
    expected = np.arctanh(np.corrcoef(clean.T)[0, 1])
    assert row["value"] == pytest.approx(expected, abs=1e-5)
    assert expected > 0.5
    assert facts["Denoising"] == "ICA-AROMA non-aggressive, here, 2 of 6 components"
    assert facts["Confounds"] == []  # motion terms stand in for AROMA alone
    assert (facts["SmoothedBy"], facts["SmoothnessBefore"]) == (None, facts["SmoothnessAfter"])
    sources = " ".join(str(path) for path in run.files)
    assert "mix.tsv" in sources
    assert "ics.csv" in sources


def test_without_components_motion_terms_take_their_place(run, tmp_path) -> None:
    row, facts = compute(tmp_path, replace(run, aroma_mixing=None, aroma_noise=None))
    assert row["value"] < -0.5
    assert facts["Denoising"] == "none"
    assert facts["Confounds"] == MOTION
