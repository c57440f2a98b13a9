import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.demo.dataset import write_demo_trial
from bids_ketamine.errors import CannotCreateError, UsageError

SMALL = {"seed": 4, "resolution": 12.0}


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    out = tmp_path_factory.mktemp("trial") / "bids"
    truth = write_demo_trial(out, n_participants=2, effect=True, **SMALL)
    return out, truth


def test_same_seed_gives_the_same_bytes(trial, tmp_path):
    out, truth = trial
    again = write_demo_trial(tmp_path / "again", n_participants=2, effect=True, **SMALL)
    assert again == truth
    assert contents(tmp_path / "again") == contents(out)


def test_files_of_a_participant_do_not_depend_on_the_others(trial, tmp_path):
    out, _ = trial
    write_demo_trial(tmp_path / "one", n_participants=1, effect=True, tasks=("faces",), **SMALL)
    alone, together = contents(tmp_path / "one"), contents(out)
    own = [name for name in alone if "sub-01" in name]
    assert len(own) == 2 * 8
    assert {name: alone[name] for name in own} == {name: together[name] for name in own}


def test_other_seed_gives_other_images(trial, tmp_path):
    out, _ = trial
    write_demo_trial(
        tmp_path / "other", n_participants=1, seed=5, effect=True, resolution=12, tasks=("faces",)
    )
    name = (
        "derivatives/fmriprep/sub-01/ses-pre/func/"
        "sub-01_ses-pre_task-faces_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"
    )
    assert contents(out)[name] != contents(tmp_path / "other")[name]


def test_images_and_tables_agree(trial):
    out, _ = trial
    func = out / "derivatives/fmriprep/sub-02/ses-post/func"
    stem = "sub-02_ses-post_task-rest"
    bold = nib.load(func / f"{stem}_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz")
    mask = nib.load(func / f"{stem}_space-MNI152NLin2009cAsym_desc-brain_mask.nii.gz")
    assert bold.shape == (*mask.shape, 360)
    assert bold.header.get_zooms() == (12.0, 12.0, 12.0, 2.0)
    assert bold.get_data_dtype() == np.int16
    confounds = pd.read_csv(func / f"{stem}_desc-confounds_timeseries.tsv", sep="\t")
    inside = np.asarray(mask.dataobj) > 0
    np.testing.assert_allclose(
        confounds["global_signal"], bold.get_fdata()[inside].mean(axis=0), rtol=1e-6
    )
    sidecar = json.loads(
        (func / f"{stem}_space-MNI152NLin2009cAsym_desc-preproc_bold.json").read_text()
    )
    assert sidecar["RepetitionTime"] == 2.0
    assert sidecar["StartTime"] == 0.975
    assert sidecar["SliceTimingCorrected"] is True
    raw = nib.load(out / f"sub-02/ses-post/func/{stem}_bold.nii.gz")
    assert raw.shape == (2, 2, 40, 360)


def test_events_say_when_an_answer_was_missed(trial):
    out, _ = trial
    tables = [
        pd.read_csv(path, sep="\t", keep_default_na=False) for path in out.rglob("*_events.tsv")
    ]
    assert sorted(len(table) for table in tables) == [54] * 4 + [180] * 4
    events = pd.concat(tables)
    assert list(events) == ["onset", "duration", "trial_type", "response_time", "accuracy"]
    missed = events["response_time"] == "n/a"
    assert missed.any()
    assert set(events.loc[missed, "accuracy"]) == {0}
    assert events.loc[~missed, "response_time"].astype(float).between(0.2, 5.0).all()


def test_truth_agrees_with_the_tables(trial):
    out, truth = trial
    assert json.loads((out / "truth.json").read_text()) == truth
    participants = pd.read_csv(out / "participants.tsv", sep="\t").set_index("participant_id")
    caps5 = pd.read_csv(out / "phenotype/caps5.tsv", sep="\t")
    totals = caps5.set_index(["participant_id", "session_id"]).sum(axis=1)
    assert caps5.shape == (4, 22)
    for label, planted in truth["participants"].items():
        assert participants.loc[label, "arm"] == planted["arm"]
        gain = totals[label, "ses-pre"] - totals[label, "ses-post"]
        assert gain == planted["caps5_improvement"]
        for session, tasks in planted["mean_framewise_displacement"].items():
            for task, mean_fd in tasks.items():
                stem = f"{label}/{session}/func/{label}_{session}_task-{task}"
                path = out / f"derivatives/fmriprep/{stem}_desc-confounds_timeseries.tsv"
                displacement = pd.read_csv(path, sep="\t")["framewise_displacement"]
                assert displacement.mean() == pytest.approx(mean_fd, abs=1e-5)
    assert np.isnan(participants.loc["sub-02", "days_between_scans"])
    population = truth["activation"]["faces"]["facesGtShapes"]
    assert population["anterior_insula"] == 0.375
    # What emerges from the circuit is averaged over the trial.
    for region in ("vmPFC", "amygdala"):
        own = [
            regions[region]
            for planted in truth["participants"].values()
            for regions in planted["activation"]["faces"]["facesGtShapes"].values()
        ]
        assert len(own) == 4
        assert population[region] == pytest.approx(np.mean(own), abs=1e-6)
    assert population["vmPFC"] == pytest.approx(0.4, abs=0.15)
    assert population["amygdala"] == pytest.approx(-0.28, abs=0.1)
    assert truth["activation"]["stroop"]["incongruentGtCongruent"] == {
        "dACC": 0.375,
        "anterior_insula": 0.375,
    }
    assert truth["coupling"]["mean_change"] == {"midazolam": 0.0, "ketamine": 0.12}
    for row in truth["parameters"].values():
        assert row["low"] <= row["value"] <= row["high"]
        assert row["reference"]


def test_truth_names_the_parameters_of_the_circuit(trial):
    _, truth = trial
    circuit = truth["circuit"]
    assert circuit["regions"] == ["vmPFC", "amygdala"]
    assert circuit["inputs"]["faces"] == ["neutral", "fearful", "surprised", "angry"]
    assert circuit["population"]["amygdala > vmPFC by faces"] == 1.0
    slopes = circuit["change_with_improvement"]["slope"]
    assert slopes["vmPFC > amygdala by faces"] == {"midazolam": 0.0, "ketamine": -0.35}
    assert slopes["amygdala > vmPFC by faces"] == {"midazolam": -0.35, "ketamine": -0.35}
    for planted in truth["participants"].values():
        before, after = (planted["circuit"][f"ses-{session}"] for session in ("pre", "post"))
        assert len(before) == 11
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"vmPFC > amygdala by faces", "amygdala > vmPFC by faces"}
        assert before["all_trials > amygdala"] == pytest.approx(0.6, abs=0.1)


def test_a_trial_without_faces_has_no_circuit(tmp_path):
    truth = write_demo_trial(
        tmp_path / "rest", n_participants=1, effect=True, tasks=("rest",), **SMALL
    )
    assert truth["circuit"] == {}
    assert "circuit" not in truth["participants"]["sub-01"]


def test_without_effect_the_truth_is_zero(tmp_path):
    truth = write_demo_trial(
        tmp_path / "null", n_participants=2, effect=False, tasks=("faces", "stroop"), **SMALL
    )
    assert truth["effect"] is False
    tables = [
        regions
        for planted in truth["participants"].values()
        for contrasts in planted["activation"].values()
        for sessions in contrasts.values()
        for regions in sessions.values()
    ]
    tables += [
        regions for contrasts in truth["activation"].values() for regions in contrasts.values()
    ]
    assert sum(map(len, tables)) == 25
    emergent = [
        table[region] for table in tables for region in ("vmPFC", "amygdala") if region in table
    ]
    assert emergent == pytest.approx([0.0] * 10, abs=0.005)
    planted = [
        table[region] for table in tables for region in table if region not in ("vmPFC", "amygdala")
    ]
    assert set(planted) == {0.0}
    by_faces = [
        value
        for person in truth["participants"].values()
        for parameters in person["circuit"].values()
        for name, value in parameters.items()
        if name.endswith("by faces")
    ]
    assert by_faces == [0.0] * 8
    slopes = truth["circuit"]["change_with_improvement"]["slope"]
    assert {value for arms in slopes.values() for value in arms.values()} == {0.0}
    assert set(truth["coupling"]["mean_change"].values()) == {0.0}
    assert set(truth["coupling"]["correlation_with_caps5_improvement"].values()) == {0.0}
    assert {planted["coupling_change"] for planted in truth["participants"].values()} == {0.0}


def test_folder_with_content_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(CannotCreateError, match="not empty") as caught:
        write_demo_trial(tmp_path, n_participants=1, effect=True, **SMALL)
    assert caught.value.exit_code == 73
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n_participants": 0}, "at least 1 participant"),
        ({"seed": -1}, "must not be negative"),
        ({"resolution": 1.0}, "from 2 to 12"),
        ({"resolution": 6.5}, "whole number"),
        ({"tasks": ("faces", "nback")}, "nback"),
    ],
)
def test_impossible_requests_are_named(tmp_path, wrong, words):
    request = {"n_participants": 1, "effect": True, **SMALL, **wrong}
    with pytest.raises(UsageError, match=words):
        write_demo_trial(tmp_path / "out", **request)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("folder", [".", "derivatives/fmriprep"])
def test_bids_validator_finds_no_error(trial, folder):
    validator = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent))
    if validator is None:
        pytest.skip("bids-validator-deno is not installed")
    out, _ = trial
    result = subprocess.run(
        [validator, "--format", "json", str(out / folder)], capture_output=True, text=True
    )
    issues = json.loads(result.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []
    assert result.returncode == 0
