import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.dataset.aseg_files import find_aseg_stats
from bids_ketamine.dataset.aseg_volumes import read_aseg_stats
from bids_ketamine.dataset.query import find_sessions
from bids_ketamine.demo.brain import load_brain
from bids_ketamine.demo.network_dataset import write_network_trial
from bids_ketamine.demo.network_grayordinates import STUDY_FILE, sampled_voxels
from bids_ketamine.errors import CannotCreateError, UsageError
from bids_ketamine.images.cifti_series import open_dense_series
from bids_ketamine.study.load import load_study

SMALL = {"seed": 4, "resolution": 10.0, "n_volumes": 40}
SPACE = "space-MNI152NLin2009cAsym"


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """Two patients and a control in volumes."""
    out = tmp_path_factory.mktemp("trial") / "bids"
    truth = write_network_trial(out, n_participants=2, n_controls=1, effect=True, **SMALL)
    return out, truth


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """One session in both forms."""
    out = tmp_path_factory.mktemp("both") / "bids"
    write_network_trial(
        out, n_participants=1, n_controls=0, effect=True, form="both", scans=("pre1",), **SMALL
    )
    return out


def found(out, study, **labels):
    return find_sessions(
        bids_dir=out,
        derivatives={"fmriprep": out / "derivatives/fmriprep"},
        study=study.spec,
        participant_labels=labels.get("participants"),
        session_labels=labels.get("sessions"),
        task_labels=None,
        filters=None,
        database_dir=None,
    )


def test_same_seed_gives_the_same_bytes_whatever_the_number_of_participants(trial, tmp_path):
    out, truth = trial
    again = write_network_trial(
        tmp_path / "again", n_participants=1, n_controls=1, effect=True, **SMALL
    )
    together, alone = contents(out), contents(tmp_path / "again")
    own = [name for name in alone if "sub-" in name]
    assert len(own) == 5 * 2 * 7 + 2
    assert {name: alone[name] for name in own} == {name: together[name] for name in own}
    for label, planted in again["participants"].items():
        assert planted == truth["participants"][label]


def test_tables_agree_with_the_truth(trial):
    out, truth = trial
    assert json.loads((out / "truth.json").read_text()) == truth
    people = pd.read_csv(out / "participants.tsv", sep="\t").set_index("participant_id")
    assert people["group"].to_dict() == {
        "sub-001": "patient",
        "sub-002": "patient",
        "sub-101": "control",
    }
    assert np.isnan(people.loc["sub-101", "dose"])
    madrs = pd.read_csv(out / "phenotype/madrs.tsv", sep="\t")
    assert list(madrs["session_id"][:4]) == ["ses-pre1", "ses-day1", "ses-post", "ses-week8"]
    scores = madrs.set_index(["participant_id", "session_id"])["madrs_total"]
    for label in ("sub-001", "sub-002"):
        planted = truth["participants"][label]
        before, after = scores[label, "ses-pre1"], scores[label, "ses-post"]
        assert planted["responder"] == bool(after <= before / 2)
        assert set(planted["connectivity"]) == {"ses-pre1", "ses-pre2", "ses-post"}
    cgi = pd.read_csv(out / "phenotype/cgi.tsv", sep="\t")
    assert cgi["cgi_improvement"].between(1, 6).all()
    assert len(cgi) == 6
    assert truth["connectivity_change"]["responder"] == {
        "default_mode": -0.05,
        "sgACC_default_mode": -0.15,
        "limbic": -0.14,
        "visual": 0.0,
    }
    assert truth["regions"]["groups"]["default_mode"] == 91


def test_volumes_are_read_back(trial):
    out, truth = trial
    path = find_aseg_stats([out / "derivatives/fmriprep"], "002", "pre1").path
    volumes = read_aseg_stats(path)
    planted = dict(truth["participants"]["sub-002"]["volumes"])
    assert volumes.intracranial == planted.pop("EstimatedTotalIntraCranialVol")
    assert volumes.structures == planted
    assert len(planted) == 15


def test_the_app_finds_every_session_and_run(trial):
    out, _ = trial
    sessions = found(out, load_study("siegel2021"), participants=["001", "002"])
    own = {(each.participant, each.session): each for each in sessions}
    assert set(own) == {(p, s) for p in ("001", "002") for s in ("pre1", "pre2", "post")}
    for (participant, session), inputs in own.items():
        start = f"sub-{participant}_ses-{session}_task-rest_run-"
        assert [run.bold.name for run in inputs.runs] == [
            f"{start}{number}_{SPACE}_desc-preproc_bold.nii.gz" for number in (1, 2)
        ]
        assert [path.name for path in inputs.volumes.files] == ["aseg.stats"]
        assert inputs.missing == ()


def test_the_app_finds_the_other_form(both):
    study = load_study(str(both / "code" / STUDY_FILE))
    (inputs,) = found(both, study, sessions=["pre1"])
    assert [run.bold.name for run in inputs.runs] == [
        f"sub-001_ses-pre1_task-rest_run-{number}_space-fsLR_den-91k_bold.dtseries.nii"
        for number in (1, 2)
    ]
    assert inputs.missing == ()


def test_images_and_confounds_agree(trial):
    out, truth = trial
    func = out / "derivatives/fmriprep/sub-001/ses-post/func"
    stem = "sub-001_ses-post_task-rest_run-2"
    bold = nib.load(func / f"{stem}_{SPACE}_desc-preproc_bold.nii.gz")
    mask = nib.load(func / f"{stem}_{SPACE}_desc-brain_mask.nii.gz")
    assert bold.shape == (*mask.shape, 40)
    assert bold.header.get_zooms() == (10.0, 10.0, 10.0, 2.0)
    confounds = pd.read_csv(func / f"{stem}_desc-confounds_timeseries.tsv", sep="\t")
    inside = np.asarray(mask.dataobj) > 0
    np.testing.assert_allclose(
        confounds["global_signal"], bold.get_fdata()[inside].mean(axis=0), rtol=1e-6
    )
    planted = truth["participants"]["sub-001"]["mean_framewise_displacement"]["ses-post"]["run-2"]
    assert confounds["framewise_displacement"].mean() == pytest.approx(planted, abs=1e-5)
    raw = nib.load(out / f"sub-001/ses-post/func/{stem}_bold.nii.gz")
    assert raw.shape == (2, 2, 40, 40)


def test_grayordinates_have_the_series_of_their_voxels(both):
    func = both / "derivatives/fmriprep/sub-001/ses-pre1/func"
    stem = "sub-001_ses-pre1_task-rest_run-1"
    path = func / f"{stem}_space-fsLR_den-91k_bold.dtseries.nii"
    dense = open_dense_series(path, t_r=2.0)
    assert dense.file.shape == (40, 91282)
    assert path.stat().st_size < 40 * 91282 * 2 + 2_000_000
    bold = nib.load(func / f"{stem}_{SPACE}_desc-preproc_bold.nii.gz").get_fdata()
    brain = load_brain(10)
    series = bold.transpose(3, 2, 1, 0)[:, brain.head]
    values = nib.load(path).get_fdata()
    np.testing.assert_array_equal(values, series[:, sampled_voxels(brain)])


def test_without_effect_the_truth_is_zero(tmp_path):
    truth = write_network_trial(
        tmp_path / "null", n_participants=1, n_controls=1, effect=False, scans=(), **SMALL
    )
    assert truth["effect"] is False
    changes = truth["connectivity_change"]
    assert {value for own in changes.values() for value in own.values()} == {0.0}
    assert set(truth["controls_minus_patients"].values()) == {0.0}
    assert truth["volume_correlation"] == 0.0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n_participants": 0}, "at least 1 participant"),
        ({"n_participants": 100}, "at most 99"),
        ({"resolution": 6.5}, "whole number"),
        ({"form": "surface"}, "volume, cifti, both"),
    ],
)
def test_impossible_requests_are_named(tmp_path, wrong, words):
    request = {"n_participants": 1, "effect": True, **SMALL, **wrong}
    with pytest.raises(UsageError, match=words):
        write_network_trial(tmp_path / "out", **request)
    assert not (tmp_path / "out").exists()


def test_folder_with_content_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(CannotCreateError, match="not empty"):
        write_network_trial(tmp_path, n_participants=1, effect=True, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("folder", [".", "derivatives/fmriprep"])
def test_bids_validator_finds_no_error(both, trial, folder):
    validator = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent))
    if validator is None:
        pytest.skip("bids-validator-deno is not installed")
    for out in (trial[0], both):
        result = subprocess.run(
            [validator, "--format", "json", str(out / folder)], capture_output=True, text=True
        )
        issues = json.loads(result.stdout)["issues"]["issues"]
        assert [issue for issue in issues if issue["severity"] == "error"] == []
