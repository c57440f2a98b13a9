"""Resting networks from bad input: an error with the file, or a recorded reason; others unharmed.

Each participant of one small trial has a damage of its own, and one run of the command line over
all of them tells how each ended.
"""

import contextlib
import io
import shutil
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.demo.network_dataset import write_network_trial
from bids_ketamine.demo.network_grayordinates import STUDY_FILE
from bids_ketamine.outputs.tables import read_table

BOLD = "space-MNI152NLin2009cAsym_desc-preproc_bold"
MASK = "space-MNI152NLin2009cAsym_desc-brain_mask.nii.gz"
CONFOUNDS = "desc-confounds_timeseries.tsv"
DENSE = "space-fsLR_den-91k_bold.dtseries.nii"
RUNS = (1, 2)
REST = ("network_connectivity", "raw_tsnr", "cleaned_tsnr")


class Ended(NamedTuple):
    """How a run ended: exit code, what it told, and the results."""

    code: int
    told: str
    output: Path

    def measures(self, label: str) -> pd.DataFrame:
        session = self.output / f"sub-{label}" / "ses-pre1"
        return read_table(session / f"sub-{label}_ses-pre1_measures.tsv")

    def page(self, label: str) -> str:
        return (self.output / f"sub-{label}.html").read_text(encoding="utf-8")


def command(bids: Path, output: Path, level: str, study: str | Path, *further: str) -> Ended:
    told = io.StringIO()
    arguments = [str(bids), str(output), level, "--study", str(study), *further]
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        code = main(arguments)
    assert "Traceback (most recent" not in told.getvalue()
    return Ended(code, told.getvalue(), output)


def of_run(bids: Path, label: str, name: str, run: int = 1) -> Path:
    folder = bids / "derivatives" / "fmriprep" / f"sub-{label}" / "ses-pre1" / "func"
    return folder / f"sub-{label}_ses-pre1_task-rest_run-{run}_{name}"


def stats(bids: Path, label: str) -> Path:
    folder = bids / "derivatives" / "fmriprep" / "sourcedata" / "freesurfer"
    return folder / f"sub-{label}" / "stats" / "aseg.stats"


def every_volume_moves(bids: Path, label: str) -> None:
    for run in RUNS:
        path = of_run(bids, label, CONFOUNDS, run)
        table = pd.read_csv(path, sep="\t").assign(framewise_displacement=3.0)
        table.to_csv(path, sep="\t", index=False, na_rep="n/a")


def no_translation(bids: Path, label: str) -> None:
    for run in RUNS:
        path = of_run(bids, label, CONFOUNDS, run)
        table = pd.read_csv(path, sep="\t").drop(columns="trans_x")
        table.to_csv(path, sep="\t", index=False, na_rep="n/a")


def shorter_confounds(bids: Path, label: str) -> None:
    path = of_run(bids, label, CONFOUNDS)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-3]))


def one_run(bids: Path, label: str) -> None:
    for name in (f"{BOLD}.nii.gz", MASK, CONFOUNDS):
        of_run(bids, label, name, 2).unlink()


def mirrored(bids: Path, label: str) -> None:
    path = of_run(bids, label, f"{BOLD}.nii.gz")
    image = nib.load(path)
    affine = image.affine.copy()
    affine[0] *= -1
    nib.Nifti1Image(np.asanyarray(image.dataobj).copy(), affine).to_filename(path)


def other_header(bids: Path, label: str) -> None:
    path = of_run(bids, label, f"{BOLD}.nii.gz")
    image = nib.load(path)
    other = nib.Nifti1Image(np.asanyarray(image.dataobj).copy(), image.affine, image.header)
    other.header.set_zooms((*image.header.get_zooms()[:3], 2.5))
    other.to_filename(path)


def half_copied(bids: Path, label: str) -> None:
    path = of_run(bids, label, f"{BOLD}.nii.gz")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def annexed(bids: Path, label: str) -> None:
    path = of_run(bids, label, f"{BOLD}.nii.gz")
    path.unlink()
    path.symlink_to("../../../.git/annex/objects/aa/bb/MD5E-s1--c.nii.gz/MD5E-s1--c.nii.gz")


def without_the_back(bids: Path, label: str) -> None:
    """Cut off what lies behind the middle: the visual network is outside the field of view."""
    for run in RUNS:
        for name in (f"{BOLD}.nii.gz", MASK):
            path = of_run(bids, label, name, run)
            front = nib.load(path)
            front = front.slicer[:, front.shape[1] // 2 :]
            nib.Nifti1Image(np.asanyarray(front.dataobj).copy(), front.affine).to_filename(path)


def no_stats(bids: Path, label: str) -> None:
    stats(bids, label).unlink()


def cut_stats(bids: Path, label: str) -> None:
    path = stats(bids, label)
    path.write_text(path.read_text()[: path.stat().st_size * 2 // 3])


DAMAGES = {
    "001": None,
    "002": every_volume_moves,
    "003": no_translation,
    "004": shorter_confounds,
    "005": one_run,
    "006": mirrored,
    "007": half_copied,
    "008": annexed,
    "009": without_the_back,
    "010": no_stats,
    "011": cut_stats,
    "012": other_header,
}


@pytest.fixture(scope="module")
def trial(tmp_path_factory) -> Path:
    """Twelve patients, each but the first with a damage, and two controls, before treatment."""
    out = tmp_path_factory.mktemp("mistakes") / "trial übung"
    write_network_trial(
        out,
        n_participants=len(DAMAGES),
        n_controls=2,
        seed=1,
        effect=True,
        resolution=12.0,
        scans=("pre1",),
    )
    for label, damage in DAMAGES.items():
        if damage is not None:
            damage(out, label)
    return out


@pytest.fixture(scope="module")
def ended(trial, tmp_path_factory) -> Ended:
    folder = tmp_path_factory.mktemp("ended")
    options = ["-w", str(folder / "work"), "--session-label", "pre1"]
    return command(trial, folder / "output", "participant", "siegel2021", *options)


def test_those_without_damage_have_every_measure(ended):
    assert ended.code == 65
    for label in ("001", "101", "102"):
        measures = ended.measures(label)
        assert len(measures) == 46
        assert measures["value"].notna().all()


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("004", ("177 rows", "180 volumes", CONFOUNDS, "the same preprocessing")),
        ("006", ("left and right swapped", MASK, "swaps the hemispheres")),
        ("007", ("truncated or damaged", f"{BOLD}.nii.gz", "Copy or make it again")),
        ("011", ("Line ", "aseg.stats", "mri_segstats")),
        ("012", ("repetition time of 2.5 s", f"{BOLD}.nii.gz", "sidecar 2 s")),
    ],
)
def test_a_damaged_file_is_an_error_of_its_session(ended, label, words):
    line = next(each for each in ended.told.splitlines() if f"error: sub-{label} pre1" in each)
    assert all(each in line for each in words)
    assert not (ended.output / f"sub-{label}" / "ses-pre1").exists() or not list(
        (ended.output / f"sub-{label}" / "ses-pre1").glob("*_measures.tsv")
    )
    assert words[0] in ended.page(label)


@pytest.mark.parametrize(
    ("label", "kinds", "reason"),
    [
        ("002", REST, "all 180 volumes are censored (each run)"),
        ("003", REST, "the confounds table lacks `trans_x`, which 30P needs (each run)"),
        ("010", ("volume",), "expected sourcedata/freesurfer/sub-010/stats/aseg.stats in fmriprep"),
    ],
)
def test_what_is_missing_has_a_reason(ended, label, kinds, reason):
    measures = ended.measures(label)
    own = measures[measures["measure"].isin(kinds)]
    assert len(own) >= 4
    assert own["value"].isna().all()
    assert own["reason"].str.contains(reason, regex=False).all()
    others = measures[~measures["measure"].str.startswith(kinds)]
    assert others.loc[others["value"].isna(), "reason"].notna().all()
    assert reason.split(" (")[0].replace("`", "").split()[-1] in ended.page(label)


def test_a_network_outside_the_field_of_view_alone_is_missing(ended):
    measures = ended.measures("009").set_index(["measure", "regions"])
    visual = measures.loc[("network_connectivity", "visual")]
    assert np.isnan(visual["value"])
    assert visual["reason"] == "none of 1830 edges has a value"
    assert visual["coverage"] == 0
    assert np.isnan(measures.loc[("raw_tsnr", "visual"), "value"])
    assert measures.loc[("network_connectivity", "limbic"), "value"] > 0
    assert measures.loc[measures["value"].isna(), "reason"].notna().all()


@pytest.mark.parametrize(
    ("label", "words"), [("005", "expected sub-005/ses-pre1"), ("008", "datalad get")]
)
def test_a_run_that_is_not_there_leaves_the_other(ended, label, words):
    assert any(f"sub-{label} pre1" in line and words in line for line in ended.told.splitlines())
    rest = ended.measures(label).query("measure == 'network_connectivity'")
    assert (rest["n_volumes"] == 180).all()
    assert rest["value"].notna().all()


@pytest.fixture
def tables(trial, tmp_path) -> Path:
    """The trial without its images, whose tables may be changed."""
    bids = tmp_path / "tables"
    shutil.copytree(trial, bids, ignore=shutil.ignore_patterns("derivatives", "sub-*"))
    return bids


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_group_tells_who_has_no_value_and_why(tables, ended, tmp_path):
    """A control with two arms belongs to none; a rating of 0 is not assessed."""
    output = tmp_path / "output"
    shutil.copytree(ended.output, output)
    change(tables / "participants.tsv", "sub-101\tcontrol", "sub-101\tcontrol;patient")
    rated = read_table(tables / "phenotype" / "cgi.tsv").iloc[0]
    cell = f"{rated['participant_id']}\t{rated['session_id']}\t"
    change(tables / "phenotype" / "cgi.tsv", f"{cell}{rated['cgi_improvement']}", f"{cell}0")
    group = command(tables, output, "group", "siegel2021")
    assert group.code == 0
    assert (
        "out: sub-004 (session pre1 failed: resting connectivity: The table has 177" in group.told
    )
    people = read_table(output / "group" / "group_participants.tsv")
    reasons = people.groupby("participant_id")["reason"].agg(lambda own: "; ".join(own.dropna()))
    no_arm = "`group` is `control;patient` in participants.tsv, no arm of the study"
    assert no_arm in reasons["sub-101"]
    assert "all 180 volumes are censored" in reasons["sub-002"]
    scores = read_table(output / "group" / "group_scores.tsv")
    own = scores[
        (scores["participant_id"] == rated["participant_id"])
        & (scores["outcome"] == "cgi_i")
        & (scores["session"] == rated["session_id"].removeprefix("ses-"))
    ]
    assert own["score"].isna().all()
    assert "not assessed" in own["reason"].item()


@pytest.mark.parametrize(
    ("table", "old", "new", "words"),
    [
        ("participants.tsv", "sub-102\tcontrol", None, ("more than one row of sub-102", "one row")),
        ("phenotype/madrs.tsv", "sub-001\tses-pre1", None, ("more than one row of sub-001",)),
        ("phenotype/cgi.tsv", "\t", "9", ("1 to 7", "9 of sub-001", "`clinical_course.rating`")),
    ],
)
def test_tables_that_contradict_themselves(tables, ended, tmp_path, table, old, new, words):
    path = tables / table
    lines = path.read_text(encoding="utf-8").splitlines()
    if new is None:
        lines.append(next(line for line in lines if line.startswith(old)))
    else:
        lines[1] = "\t".join([*lines[1].split("\t")[:-1], new])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    output = tmp_path / "output"
    shutil.copytree(ended.output, output, ignore=shutil.ignore_patterns("func"))
    group = command(tables, output, "group", "siegel2021")
    assert group.code == 65
    assert path.name in group.told
    assert all(each in group.told for each in words)


@pytest.mark.parametrize(
    ("further", "words"),
    [
        ("networks: {within: [default_mod]}", "did you mean `default_mode`?"),
        ("networks: {regions: {x: ['Vis*']}, within: [x]}", "`Vis*` of network `x`"),
        ("cleaning: {local_neighbourhood: [nothing*]}", "`nothing*` of `cleaning.local_nei"),
        ("inputs: {space: fslr}", "`fsLR` reads fMRIPrep's CIFTI series"),
    ],
)
def test_a_study_that_names_what_is_not_there(trial, tmp_path, further, words):
    study = tmp_path / "study.yml"
    study.write_text(f"extends: siegel2021\nname: mine\n{further}\n", encoding="utf-8")
    refused = command(trial, tmp_path / "out", "participant", study, "-w", str(tmp_path / "work"))
    assert refused.code in (64, 65)
    assert words in refused.told
    assert not list((tmp_path / "out").glob("sub-*"))


def test_a_session_that_is_a_mean_is_not_in_the_dataset(trial, tmp_path):
    options = ["-w", str(tmp_path / "work"), "--session-label", "baseline"]
    refused = command(trial, tmp_path / "out", "participant", "siegel2021", *options)
    assert refused.code == 18
    assert "`baseline` is the mean of pre1, pre2: select these." in refused.told


def test_volumes_where_the_study_reads_cifti(trial, tmp_path):
    study = tmp_path / "study.yml"
    study.write_text(
        "extends: siegel2021\nname: mine\ninputs: {space: fsLR}\n"
        "regions: {whole_atlases: null}\nnetworks: null\n",
        encoding="utf-8",
    )
    options = ["-w", str(tmp_path / "work"), "--participant-label", "001"]
    refused = command(trial, tmp_path / "out", "participant", study, *options)
    assert refused.code == 66
    assert "there are volumes in MNI152NLin2009cAsym: set inputs.space to read" in refused.told
    assert "No session had a run that the study reads" in refused.told


def other_step(header, data):
    series = header.get_axis(0)
    series.step = 1.1
    return series, header.get_axis(1), data


def right_before_left(header, data):
    parts = [(where, axis) for _, where, axis in header.get_axis(1).iter_structures()]
    parts[:2] = parts[1::-1]
    models = parts[0][1]
    for _, axis in parts[1:]:
        models = models + axis
    return header.get_axis(0), models, np.concatenate([data[:, each] for each, _ in parts], axis=1)


def with_the_medial_wall(header, data):
    models, n_vertices = header.get_axis(1), 32492
    whole = [
        nib.cifti2.BrainModelAxis.from_surface(np.arange(n_vertices), n_vertices, name)
        for name in ("CORTEX_LEFT", "CORTEX_RIGHT")
    ]
    subcortex = models[int((~models.volume_mask).sum()) :]
    axis = whole[0] + whole[1] + subcortex
    return header.get_axis(0), axis, np.zeros((len(data), len(axis)), dtype=np.float32)


DENSE_DAMAGES = {
    "001": (other_step, ("repetition time of 1.1 s", "its sidecar 2 s")),
    "002": (right_before_left, ("number 1 is CORTEX_RIGHT, not CORTEX_LEFT", "wb_command")),
    "003": (with_the_medial_wall, ("the medial wall was not taken out", "--cifti-output 91k")),
}


def test_series_of_other_grayordinates_are_refused(tmp_path):
    """And a surface that is gone ends the run before anything is computed."""
    trial = tmp_path / "trial"
    write_network_trial(
        trial,
        n_participants=len(DENSE_DAMAGES),
        n_controls=0,
        seed=1,
        effect=True,
        resolution=12.0,
        form="cifti",
        n_volumes=60,
        scans=("pre1",),
    )
    for label, (damage, _) in DENSE_DAMAGES.items():
        path = of_run(trial, label, DENSE)
        image = nib.load(path)
        series, models, data = damage(image.header, np.asarray(image.dataobj).copy())
        nib.Cifti2Image(data, (series, models)).to_filename(path)
    study, output = trial / "code" / STUDY_FILE, tmp_path / "out"
    options = ["-w", str(tmp_path / "work"), "--session-label", "pre1"]
    refused = command(trial, output, "participant", study, *options)
    assert refused.code == 65
    for label, (_, words) in DENSE_DAMAGES.items():
        line = next(x for x in refused.told.splitlines() if f"error: sub-{label} pre1" in x)
        assert all(each in line for each in (*words, f"run-1_{DENSE}"))
    plan = io.StringIO()
    with contextlib.redirect_stdout(plan):
        assert (
            main([str(trial), str(output), "participant", "--study", str(study), "--dry-run"]) == 0
        )
    assert "2 runs of 60 volumes, grayordinates, not" in plan.getvalue()
    next(study.parent.glob("*hemi-L_midthickness*")).unlink()
    without = command(trial, tmp_path / "new", "participant", study, *options)
    assert without.code == 66
    assert "correct `regions.midthickness`" in without.told
