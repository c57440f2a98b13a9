"""Real datasets of the reference folder, where it is there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.dataset.outcomes import outcome_scores
from bids_ketamine.dataset.participants import participant_arms
from bids_ketamine.dataset.query import find_sessions
from bids_ketamine.dataset.tables import (
    read_confounds,
    read_events,
    read_participants,
    read_timeseries,
)
from bids_ketamine.study.spec import (
    ArmsSpec,
    ChangeSpec,
    ConditionSpec,
    InputsSpec,
    OutcomeSpec,
    RestSpec,
    SessionSpec,
    StudySpec,
    TaskSpec,
)

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def reference(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the reference data `{name}` are not beside the repository")
    return folder


def link_tree(source: Path, target: Path, patterns: Iterable[str]) -> None:
    for pattern in patterns:
        for path in source.glob(pattern):
            link = target / path.relative_to(source)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)


def stand_ins(root: Path, names: Iterable[str]) -> None:
    """Write small files for published paths whose content is not here."""
    for name in names:
        path = root / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}" if path.suffix == ".json" else "x")


def describe(root: Path, name: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    about = {"Name": name, "BIDSVersion": "1.9.0", "GeneratedBy": [{"Name": name}]}
    (root / "dataset_description.json").write_text(json.dumps(about))


def find(
    raw: Path, derived: dict[str, Path], study: StudySpec, *labels: str
) -> tuple[SessionInputs, ...]:
    return find_sessions(
        bids_dir=raw,
        derivatives=derived,
        study=study,
        participant_labels=labels or None,
        session_labels=None,
        task_labels=None,
        filters=None,
        database_dir=None,
    )


SCAN = SessionSpec(name="scan", unlabelled=True)


def test_all_emotion_matching_events_are_read() -> None:
    folder = reference("aomic-piop2")
    paths = sorted(folder.glob("sub-*/func/*_task-emomatching_acq-seq_events.tsv"))
    assert len(paths) == 110
    tables = [read_events(path, required=["trial_type", "response_accuracy"]) for path in paths]
    assert {len(table) for table in tables} == {48}
    every = pd.concat(tables)
    assert every["trial_type"].value_counts().to_dict() == {"control": 2640, "emotion": 2640}
    assert every["onset"].notna().all()
    assert every["onset"].between(0, 270).all()
    # A missed trial has no response time and lasts 4.9 s; else the answer ends the trial.
    missed = every["response_time"].isna()
    np.testing.assert_allclose(every.loc[missed, "duration"], 4.9)
    answered = every.loc[~missed]
    np.testing.assert_allclose(answered["duration"], answered["response_time"], atol=1e-9)
    first = read_events(folder / "sub-0002/func/sub-0002_task-emomatching_acq-seq_events.tsv")
    assert first["onset"][:3].tolist() == [10.01, 15.0183, 20.0265]


def test_all_real_confounds_are_read() -> None:
    folder = reference("aomic-piop2") / "derivatives" / "fmriprep"
    for task, n_volumes in (("emomatching", 135), ("restingstate", 240)):
        paths = sorted(folder.glob(f"sub-*/func/*_task-{task}_acq-seq_desc-confounds_reg*.tsv"))
        assert len(paths) == 4
        for path in paths:
            table = read_confounds(path, n_volumes=n_volumes)
            assert table.shape[0] == n_volumes
            assert set(table.dtypes) == {np.dtype("float64")}
            assert np.flatnonzero(table["framewise_displacement"].isna()).tolist() == [0]
            assert table[["csf", "white_matter", "a_comp_cor_00"]].notna().all(axis=None)
    mean_fd = read_confounds(
        folder / "sub-0052/func/sub-0052_task-emomatching_acq-seq_desc-confounds_regressors.tsv"
    )["framewise_displacement"].mean()
    assert mean_fd == pytest.approx(0.65, abs=0.005)


def test_a_real_tree_of_an_older_fmriprep(tmp_path: Path) -> None:
    folder = reference("aomic-piop2")
    link_tree(
        folder, tmp_path, ["*.json", "participants.tsv", "sub-*/func/*", "derivatives/**/*.*"]
    )
    stand_ins(tmp_path, (folder / "file_list.txt").read_text().split())
    study = StudySpec(
        name="piop2",
        sessions=(SCAN,),
        tasks=(TaskSpec(name="faces", task="emomatching", conditions=(), contrasts=()),),
        rest=RestSpec(task="restingstate"),
    )
    found = find(
        tmp_path,
        {"fmriprep": tmp_path / "derivatives/fmriprep"},
        study,
        "0002",
        "0030",
        "0036",
        "0052",
    )
    assert [each.missing for each in found] == [()] * 4
    for session in found:
        faces, rest = session.runs
        assert faces.entities == rest.entities == (("acq", "seq"),)
        assert (faces.t_r, faces.start_time, faces.slice_timing_corrected) == (2.0, None, None)
        assert faces.bold is not None
        assert faces.bold.name.endswith(
            "acq-seq_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"
        )
        assert rest.confounds is not None
        assert rest.confounds.name.endswith("restingstate_acq-seq_desc-confounds_regressors.tsv")
        assert faces.events is not None
        assert len(read_events(faces.events)) == 48


def test_a_real_crossover_trial(tmp_path: Path) -> None:
    folder = reference("ketamine-moa-ds005917")
    raw, derived = tmp_path / "raw", tmp_path / "fmriprep"
    link_tree(folder, raw, ["*.json", "*.tsv", "phenotype/*", "sub-*/**/*.json"])
    published = (folder / "file_list.txt").read_text().split()
    who = ("sub-MOA101/", "sub-MOA102/", "sub-MOA103/")
    bold = [name for name in published if name.startswith(who) and name.endswith("bold.nii.gz")]
    stand_ins(raw, bold)
    describe(derived, "fMRIPrep")
    for name in bold:
        stem = name.removesuffix("_bold.nii.gz")
        grid = f"{stem}_space-MNI152NLin2009cAsym"
        stand_ins(
            derived,
            [
                f"{grid}_desc-preproc_bold.nii.gz",
                f"{grid}_desc-brain_mask.nii.gz",
                f"{stem}_desc-confounds_timeseries.tsv",
            ],
        )
        (derived / f"{grid}_desc-preproc_bold.json").write_text('{"RepetitionTime": 2.5}')
    study = StudySpec(
        name="moa",
        sessions=(
            SessionSpec(name="pre", label="b0"),
            SessionSpec(name="post1", column="infusion_1", labels={"d": "d2", "p": "p2"}),
            SessionSpec(name="post2", column="infusion_2", labels={"d": "d2", "p": "p2"}),
        ),
        changes=(
            ChangeSpec(name="first", first="pre", second="post1"),
            ChangeSpec(name="second", first="pre", second="post2"),
        ),
        rest=RestSpec(),
        outcomes=(
            OutcomeSpec(name="madrs", table="phenotype", column="MADRS_Total", change="first"),
            OutcomeSpec(name="later", table="phenotype", column="MADRS_Total", change="second"),
        ),
    )
    found = find(raw, {"fmriprep": derived}, study, "MOA101", "MOA102", "MOA103")
    # By hand from participants.tsv and file_list.txt: d, p; p, d; p, n/a.
    assert [(each.session, each.label, len(each.runs)) for each in found] == [
        ("pre", "b0", 2),
        ("post1", "d2", 1),
        ("post2", "p2", 1),
        ("pre", "b0", 1),
        ("post1", "p2", 1),
        ("post2", "d2", 2),
        ("pre", "b0", 1),
        ("post1", "p2", 1),
        ("post2", None, 0),
    ]
    assert [each.missing for each in found[:8]] == [()] * 8
    assert found[8].missing[0].reason == ("`infusion_2` of sub-MOA103 in participants.tsv is n/a")
    assert found[0].runs[0].t_r == 2.5
    table = outcome_scores(raw, study).set_index(["outcome", "participant_id"])
    # By hand from phenotype.tsv.
    values = {
        ("madrs", "sub-MOA101"): (35, 24, 11),
        ("madrs", "sub-MOA102"): (31, 29, 2),
        ("madrs", "sub-MOA103"): (32, 27, 5),
        ("later", "sub-MOA101"): (35, 33, 2),
        ("later", "sub-MOA102"): (31, 22, 9),
    }
    for key, expected in values.items():
        scores = table.loc[key, ["first", "second", "improvement"]].astype(float)
        np.testing.assert_array_equal(scores, expected)
    assert np.isnan(table.loc[("later", "sub-MOA103"), "improvement"])
    assert len(table) == 2 * 58


def test_wide_scores_with_carriage_returns() -> None:
    folder = reference("depression-ds003007")
    people = read_participants(folder / "participants.tsv")
    assert len(people) == 29
    assert people.columns[-1] == "Edinburgh"
    study = StudySpec(
        name="nfb",
        sessions=(SessionSpec(name="pre"), SessionSpec(name="post")),
        changes=(ChangeSpec(name="change", first="pre", second="post"),),
        arms=ArmsSpec(column="group", levels=("depr_no_treatment", "depr_cbt", "depr_nfb")),
        outcomes=tuple(
            OutcomeSpec(name=name, columns={"pre": f"{name}_ses-pre", "post": f"{name}_ses-post"})
            for name in ("MADRS", "BDI")
        ),
    )
    table = outcome_scores(folder, study).set_index(["outcome", "participant_id"])
    assert table.loc[("BDI", "sub-04"), "improvement"] == 22 - 13
    assert table.loc[("BDI", "sub-05"), "improvement"] == 17 - 19
    assert table.loc[("MADRS", "sub-18"), "improvement"] == 30 - 14
    assert table.loc[("MADRS", "sub-16"), "reason"] == (
        "`MADRS_ses-pre` of sub-16 is n/a in participants.tsv"
    )
    assert table.loc["MADRS", "improvement"].notna().sum() == 9
    arms = participant_arms(folder, study)["arm"]
    assert arms.value_counts().to_dict() == {
        "depr_no_treatment": 15,
        "depr_cbt": 8,
        "depr_nfb": 6,
    }


def test_real_region_time_series_of_two_sessions(tmp_path: Path) -> None:
    folder = reference("stages-psychosis-rest")
    raw, derived = tmp_path / "raw", tmp_path / "xcp_d"
    describe(raw, "STAGES")
    describe(derived, "XCP-D")
    link_tree(folder, raw, ["participants.tsv"])
    link_tree(folder, derived, ["sub-*/ses-*/func/*"])
    study = StudySpec(
        name="stages",
        inputs=InputsSpec(timeseries_atlas="Schaefer300TianS2"),
        sessions=(SessionSpec(name="pre", label="1"), SessionSpec(name="post", label="2")),
        changes=(ChangeSpec(name="change", first="pre", second="post"),),
        rest=RestSpec(),
        arms=ArmsSpec(levels=("placebo", "medication")),
        outcomes=(OutcomeSpec(name="bprs", change_column="bprs_change_t4"),),
    )
    found = find(raw, {"xcp_d": derived}, study)
    assert len(found) == 38
    assert [len(each.runs) for each in found] == [1] * 38
    assert [each.missing for each in found] == [()] * 38
    run = found[0].runs[0]
    assert (run.bold, run.confounds, run.t_r, run.space) == (None, None, None, "")
    assert run.timeseries is not None
    series = read_timeseries(run.timeseries)
    assert series.shape == (234, 332)
    assert abs(series.mean()).max() < 1e-3
    scores = outcome_scores(raw, study).set_index("participant_id")
    assert scores.loc["sub-001", "improvement"] == 0.203
    assert scores.loc["sub-028", "improvement"] == -3.097
    assert np.isnan(scores.loc["sub-023", "improvement"])
    arms = participant_arms(raw, study)["arm"].value_counts().to_dict()
    assert arms == {"medication": 12, "placebo": 7}


def test_published_names_of_fmriprep_21(tmp_path: Path) -> None:
    folder = reference("fmriprep-21.0.2-sidecars-ds000108")
    raw, derived = tmp_path / "raw", tmp_path / "fmriprep"
    describe(raw, "ds000108")
    link_tree(folder, derived, ["dataset_description.json", "sub-01/func/*.json"])
    stand_ins(derived, (folder / "file_list_sub-01.txt").read_text().split())
    (raw / "sub-01/func").mkdir(parents=True)
    (raw / "sub-01/func/sub-01_task-Emotionregulation_run-1_events.tsv").write_text("x")
    study = StudySpec(
        name="emotion",
        sessions=(SCAN,),
        tasks=(TaskSpec(name="emotion", task="Emotionregulation", conditions=(), contrasts=()),),
    )
    (session,) = find(raw, {"fmriprep": derived}, study)
    first = session.runs[0]
    assert (first.run, first.description, first.t_r) == ("1", "preproc", 2.0)
    assert (first.slice_timing_corrected, first.start_time) == (False, None)
    assert first.bold is not None
    assert "_space-MNI152NLin2009cAsym_res-2_desc-preproc_bold" in first.bold.name
    assert session.missing[0].what == "emotion: smoothAROMAnonaggr"
    assert session.missing[0].reason.startswith("is in MNI152NLin6Asym, the study reads MNI152N")
    # Only run 1 has events here: each of the others says what it lacks.
    assert len(session.runs) == 1
    lacking = [each.reason for each in session.missing if each.what == "emotion: events"]
    assert [reason.split("_run-")[1][0] for reason in lacking] == ["2", "3", "4", "5", "6"]


def test_empty_images_of_a_layout_fixture(tmp_path: Path) -> None:
    derived = reference("fmriprep-confounds-versions") / "bids-examples" / "ds000001-fmriprep"
    describe(tmp_path / "raw", "ds000001")
    study = StudySpec(
        name="balloon",
        sessions=(SCAN,),
        rest=RestSpec(task="balloonanalogrisktask"),
    )
    (session,) = find(tmp_path / "raw", {"fmriprep": derived}, study)
    assert session.runs == ()
    assert [each.what for each in session.missing] == ["balloonanalogrisktask: bold"] * 3
    assert all(each.reason.endswith("is empty (0 bytes)") for each in session.missing)


def test_events_at_the_root_of_a_real_dataset(tmp_path: Path) -> None:
    raw = reference("events-dialects") / "ds003548"
    describe(tmp_path, "fMRIPrep")
    for run in (1, 3):
        stem = f"sub-01/func/sub-01_task-emotionalfaces_run-{run}"
        grid = f"{stem}_space-MNI152NLin2009cAsym"
        stand_ins(
            tmp_path,
            [
                f"{grid}_desc-preproc_bold.nii.gz",
                f"{grid}_desc-brain_mask.nii.gz",
                f"{stem}_desc-confounds_timeseries.tsv",
            ],
        )
    # Only the raw sidecar of run 1 is here; it states the repetition time of run 1 alone.
    sidecar = f"{grid}_desc-preproc_bold.json"
    (tmp_path / sidecar).write_text('{"RepetitionTime": 2.5}')
    faces = TaskSpec(
        name="faces",
        task="emotionalfaces",
        conditions=(ConditionSpec(name="happy"),),
        contrasts=(),
    )
    study = StudySpec(name="faces", sessions=(SCAN,), tasks=(faces,))
    (session,) = find(raw, {"fmriprep": tmp_path}, study)
    assert [run.events for run in session.runs] == [
        raw / "task-emotionalfaces_run-1_events.tsv",
        raw / "task-emotionalfaces_run-3_events.tsv",
    ]
    assert [run.t_r for run in session.runs] == [2.0, 2.5]
    events = read_events(session.runs[1].events or raw, required=["trial_type"])
    assert events.iloc[0].tolist() == [0.0, 30.0, "neutral"]
    # Other dialects name their conditions in columns of their own.
    dialects = raw.parent
    stroop = read_events(
        dialects / "ds000164/sub-001/func/sub-001_task-stroop_events.tsv", required=["condition"]
    )
    assert stroop.loc[0, ["onset", "response_time"]].astype(float).tolist() == [0.342, 1.186]
    anxiety = replace(faces, trial_type_column="stim_emotion")
    for path in sorted(dialects.glob("ds000144/sub-*/func/*_events.tsv")):
        assert len(read_events(path, required=[anxiety.trial_type_column])) > 0
