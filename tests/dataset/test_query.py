"""Who and what a query selects, from the real index."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.dataset.inputs import Missing, RunInputs
from bids_ketamine.errors import (
    InputDataError,
    InputMissingError,
    InvalidBidsError,
    NothingSelectedError,
    UsageError,
)
from bids_ketamine.study.spec import SessionSpec, StudySpec


def test_a_run_carries_its_files_and_metadata(trial: Any) -> None:
    trial.session("01", "pre")
    (pre, _) = trial.find(participant_labels=["sub-01"])
    stem = trial.fmriprep / "sub-01/ses-pre/func/sub-01_ses-pre_task-faces"
    assert pre.runs[0] == RunInputs(
        task="faces",
        run=None,
        bold=Path(f"{stem}_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"),
        mask=Path(f"{stem}_space-MNI152NLin2009cAsym_desc-brain_mask.nii.gz"),
        confounds=Path(f"{stem}_desc-confounds_timeseries.tsv"),
        events=trial.root / "sub-01/ses-pre/func/sub-01_ses-pre_task-faces_events.tsv",
        timeseries=None,
        description="preproc",
        space="MNI152NLin2009cAsym",
        t_r=2.0,
        start_time=0.95,
        slice_timing_corrected=True,
        entities=(),
    )
    assert [(run.task, run.events) for run in pre.runs[1:]] == [("rest", None)]
    assert pre.missing == ()


def test_all_participants_in_natural_order_and_a_missing_session_is_recorded(trial: Any) -> None:
    for participant in ("10", "2"):
        trial.session(participant, "pre")
    trial.session("2", "post")
    found = trial.find()
    assert [(each.participant, each.session, len(each.runs)) for each in found] == [
        ("2", "pre", 2),
        ("2", "post", 2),
        ("10", "pre", 2),
        ("10", "post", 0),
    ]
    assert found[3].label == "post"
    assert found[3].missing == (Missing("session", "sub-10 has no ses-post; it has ses-pre"),)


def test_labels_with_and_without_prefix(trial: Any) -> None:
    for label in ("pre", "post"):
        trial.session("01", label)
        trial.session("02", label)
    found = trial.find(participant_labels=["02", "sub-02"], session_labels=["ses-post"])
    assert [(each.participant, each.label) for each in found] == [("02", "post")]
    found = trial.find(participant_labels=["01"], task_labels=["task-rest"])
    assert [[run.task for run in each.runs] for each in found] == [["rest"], ["rest"]]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"participant_labels": ["03", "sub-04"]}, "no participant `03`, `04`; participants: 01"),
        ({"session_labels": ["later"]}, "no session `later`; sessions of the participants: extra,"),
        ({"session_labels": ["extra"]}, "`extra` stands for none of the study's sessions (pre, po"),
        ({"task_labels": ["stroop"]}, "The study has no task `stroop`; tasks: faces, rest"),
    ],
)
def test_unknown_labels_are_named(trial: Any, options: dict[str, Any], sentence: str) -> None:
    trial.session("01", "pre")
    trial.session("01", "extra")
    with pytest.raises(NothingSelectedError) as error:
        trial.find(**options)
    assert sentence in str(error.value)
    assert error.value.exit_code == 18


def test_at_most_ten_existing_labels_are_shown(trial: Any) -> None:
    for number in range(1, 13):
        (trial.root / f"sub-{number}").mkdir()
    with pytest.raises(NothingSelectedError, match=r"participants: 1, 2, .*, 10 and 2 more"):
        trial.find(participant_labels=["99"])


def test_sessions_that_exist_nowhere(trial: Any) -> None:
    trial.session("01", "baseline")
    trial.session("01", "week2")
    with pytest.raises(NothingSelectedError) as error:
        trial.find()
    text = str(error.value)
    assert "expected ses-post, ses-pre, the dataset has ses-baseline, ses-week2" in text
    assert "`extends: PRESET`" in text
    assert "the study is `made`" in text


def test_a_dataset_without_session_folders(trial: Any, study: StudySpec) -> None:
    trial.session("01", None)
    with pytest.raises(NothingSelectedError, match="the dataset has no session folders"):
        trial.find()
    single = replace(study, sessions=(SessionSpec(name="scan", unlabelled=True),), changes=())
    (scan,) = trial.find(single)
    assert (scan.label, scan.prefix, scan.folder) == (None, "sub-01", "sub-01")
    assert [run.task for run in scan.runs] == ["faces", "rest"]
    assert scan.runs[0].events == trial.root / "sub-01/func/sub-01_task-faces_events.tsv"


def test_an_unlabelled_study_does_not_take_session_folders(trial: Any, study: StudySpec) -> None:
    trial.session("01", None)
    trial.session("02", "pre")
    single = replace(study, sessions=(SessionSpec(name="scan", unlabelled=True),), changes=())
    reason = "sub-02 has no data outside session folders; it has ses-pre"
    assert trial.find(single)[1].missing == (Missing("session", reason),)


def test_sessions_from_columns(trial: Any, sessions_from_columns: StudySpec) -> None:
    for participant in ("01", "02", "03", "04", "05"):
        for label in ("b0", "d2", "p2"):
            trial.session(participant, label)
    trial.participants(
        "participant_id infusion_1", "sub-01 d", "sub-02 p", "sub-03 n/a", "sub-04 x"
    )
    found = trial.find(sessions_from_columns)
    post = {each.participant: each for each in found if each.session == "post"}
    assert {key: each.label for key, each in post.items()} == {
        "01": "d2",
        "02": "p2",
        "03": None,
        "04": None,
        "05": None,
    }
    assert len(post["01"].runs) == 2
    assert post["01"].runs[0].bold.name.startswith("sub-01_ses-d2_")
    assert [post[key].missing[0].reason for key in ("03", "04", "05")] == [
        "`infusion_1` of sub-03 in participants.tsv is n/a",
        "`infusion_1` of sub-04 in participants.tsv is `x`; the study knows `d`, `p`",
        "sub-05 has no row in participants.tsv",
    ]
    (only,) = trial.find(sessions_from_columns, session_labels=["p2"])
    assert (only.participant, only.session) == ("02", "post")


def test_two_sessions_cannot_be_one(trial: Any, sessions_from_columns: StudySpec) -> None:
    trial.session("01", "b0")
    trial.session("01", "d2")
    trial.participants("participant_id infusion_1 infusion_2", "sub-01 d d")
    again = replace(sessions_from_columns.sessions[1], name="later", column="infusion_2")
    study = replace(sessions_from_columns, sessions=(*sessions_from_columns.sessions, again))
    reason = "ses-d2 of sub-01 stands for post and later"
    assert [each.missing for each in trial.find(study)] == [
        (),
        (Missing("session", reason),),
        (Missing("session", reason),),
    ]


def test_sessions_from_columns_need_the_table_and_the_column(
    trial: Any, sessions_from_columns: StudySpec
) -> None:
    trial.session("01", "b0")
    with pytest.raises(InputMissingError, match=r"`infusion_1` of participants\.tsv, which is not"):
        trial.find(sessions_from_columns)
    trial.participants("participant_id age", "sub-01 30")
    with pytest.raises(InputDataError) as error:
        trial.find(sessions_from_columns)
    assert "no column `infusion_1`, which decides the session `post`" in str(error.value)
    assert "Its columns: participant_id, age." in str(error.value)


def test_no_session_can_be_told(trial: Any, sessions_from_columns: StudySpec) -> None:
    trial.session("01", "p2")
    trial.participants("participant_id infusion_1", "sub-01 n/a")
    with pytest.raises(NothingSelectedError, match=r"`infusion_1` of sub-01 .* is n/a"):
        trial.find(sessions_from_columns)


def test_folders_that_are_missing(trial: Any, tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="No derivatives are given"):
        trial.find(derivatives={})
    with pytest.raises(InputMissingError) as error:
        trial.find(derivatives={"fmriprep": tmp_path / "elsewhere"})
    assert str(tmp_path / "elsewhere") in str(error.value)
    assert "`-d fmriprep=PATH`" in str(error.value)
    trial.root = tmp_path / "nowhere"
    with pytest.raises(InputMissingError, match="The BIDS dataset is not there"):
        trial.find()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Not a BIDS dataset: dataset_description.json is not there"),
        ("", "Not a BIDS dataset: dataset_description.json is empty"),
        ("{", "not valid JSON"),
        ("[]", "not a JSON object"),
        ('{"Name": "x"}', "lacks BIDSVersion"),
        ('{"BIDSVersion": "1.9.0"}', "lacks Name"),
        ('{"Name": "x", "BIDSVersion": "1.9.0", "DatasetType": "derivative"}', "holds derivativ"),
    ],
)
def test_not_a_bids_dataset(trial: Any, content: str | None, sentence: str) -> None:
    path = trial.write("dataset_description.json", content or "")
    if content is None:
        path.unlink()
    with pytest.raises(InvalidBidsError) as error:
        trial.find()
    assert sentence in str(error.value)
    assert error.value.exit_code == 16


def test_derivatives_without_description(trial: Any, caplog: pytest.LogCaptureFixture) -> None:
    trial.session("01", "pre")
    (trial.fmriprep / "dataset_description.json").unlink()
    pre, _ = trial.find()
    assert [run.task for run in pre.runs] == ["faces", "rest"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "derivatives `fmriprep` have no dataset_description.json" in caplog.text
    assert "wrote none before 1.1.5" in caplog.text


@pytest.mark.parametrize("name", ["sub-01_task-rest_seg-Gordon_timeseries.tsv", "notes.txt"])
def test_derivatives_without_description_that_are_not_fmriprep(trial: Any, name: str) -> None:
    trial.session("01", "pre")
    shutil.rmtree(trial.fmriprep)
    trial.write(trial.fmriprep / "sub-01/ses-pre/func" / name)
    with pytest.raises(InvalidBidsError) as error:
        trial.find()
    assert "dataset_description.json is not there" in str(error.value)
    assert '"GeneratedBy": [{"Name": "fmriprep"}]' in str(error.value)
    # Validation that is skipped asks for nothing.
    (post,) = trial.find(check_descriptions=False, session_labels=["pre"])
    assert post.runs == ()


def test_a_description_that_is_there_must_be_readable(trial: Any) -> None:
    trial.session("01", "pre")
    trial.write(trial.fmriprep / "dataset_description.json", "")
    with pytest.raises(InvalidBidsError, match=r"dataset_description\.json is empty"):
        trial.find()


def test_the_folder_above_the_derivatives_is_told(trial: Any) -> None:
    trial.session("01", "pre")
    above = trial.root / "derivatives"
    with pytest.raises(InvalidBidsError) as error:
        trial.find(derivatives={"fmriprep": above})
    assert f"`-d fmriprep={above / 'fmriprep'}`" in str(error.value)


@pytest.mark.parametrize(
    ("made_by", "warned"),
    [
        ({"GeneratedBy": [{"Name": "fMRIPrep", "Version": "23.2.0"}]}, True),
        ({"GeneratedBy": [{"Name": "fMRIPrep", "Version": "23.2.1"}]}, False),
        ({"PipelineDescription": {"Name": "fMRIPrep", "Version": "1.1.8"}}, False),
        ({"GeneratedBy": "me"}, False),
    ],
)
def test_old_and_odd_descriptions(
    trial: Any, caplog: pytest.LogCaptureFixture, made_by: dict[str, Any], warned: bool
) -> None:
    trial.session("01", "pre")
    about = {"Name": "fMRIPrep output", "BIDSVersion": "1.1.1", **made_by}
    trial.write(trial.fmriprep / "dataset_description.json", about)
    assert len(trial.find()[0].runs) == 2
    assert ("transforms in the wrong order" in caplog.text) is warned


def test_a_study_without_imaging_needs_no_derivatives(trial: Any, study: StudySpec) -> None:
    trial.session("01", "pre")
    found = trial.find(replace(study, tasks=(), rest=None), derivatives={})
    assert [(each.session, each.runs, len(each.missing)) for each in found] == [
        ("pre", (), 0),
        ("post", (), 1),
    ]


def test_relative_folders(trial: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial.session("01", "pre")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    trial.root = Path("../trial")
    pre, _ = trial.find(derivatives={"fmriprep": Path("../trial/derivatives/fmriprep/")})
    assert pre.runs[0].events == Path(
        "../trial/sub-01/ses-pre/func/sub-01_ses-pre_task-faces_events.tsv"
    )


def test_a_dataset_without_participants(trial: Any) -> None:
    with pytest.raises(NothingSelectedError, match="no participants: no folder starts with `sub-`"):
        trial.find()


def test_filters_that_leave_nothing(trial: Any) -> None:
    trial.session("01", "pre")
    with pytest.raises(NothingSelectedError) as error:
        trial.find(filters={"bold": {"acquisition": "mb"}})
    assert "The BIDS filters leave no run. Such as faces: bold: expected sub-01/" in str(
        error.value
    )


def test_several_series_of_one_run_name_the_entity_and_the_cure(trial: Any) -> None:
    trial.run("01", "pre", "faces", entities="_acq-mb")
    trial.run("01", "pre", "faces", entities="_acq-seq")
    with pytest.raises(UsageError) as error:
        trial.find()
    assert "sub-01 differ in `acq` (`mb`, `seq`)" in str(error.value)
    assert '`--bids-filter-file`, a JSON file such as {"bold": {"acq": "mb"}}' in str(error.value)
    pre, _ = trial.find(filters={"bold": {"acq": "seq"}})
    assert pre.runs[0].entities == (("acq", "seq"),)
    assert pre.runs[0].events.name == "sub-01_ses-pre_task-faces_acq-seq_events.tsv"


def test_other_participants_folders_are_not_entered(trial: Any) -> None:
    trial.session("01", "pre")
    trial.session("02", "pre")
    unreadable = trial.fmriprep / "sub-02" / "ses-pre" / "func"
    (unreadable / "sub-02_ses-pre_task-rest_desc-confounds_timeseries.tsv").unlink()
    # A link to the folder above: whoever enters the folder walks in circles.
    (trial.root / "sub-02" / "ses-pre" / "loop").symlink_to(trial.root / "sub-02")
    (trial.root / "sub-01" / "ses-pre" / "loop").symlink_to(trial.root / "sub-01")
    (trial.root / "loop").symlink_to(trial.root)
    pre, _ = trial.find(participant_labels=["01"])
    assert len(pre.runs) == 2


def test_a_database_is_made_once_and_used(trial: Any, tmp_path: Path) -> None:
    trial.session("01", "pre")
    database = tmp_path / "database"
    pre, _ = trial.find(database_dir=database)
    made = (database / "layout_index.sqlite", database / "fmriprep" / "layout_index.sqlite")
    before = [path.stat().st_mtime_ns for path in made]
    assert len(pre.runs) == 2
    assert [path.name for path in database.iterdir()] != []
    again, _ = trial.find(database_dir=database)
    assert again == pre
    assert [path.stat().st_mtime_ns for path in made] == before
    assert sorted(path.name for path in database.iterdir()) == ["fmriprep", "layout_index.sqlite"]


def test_a_database_that_does_not_fit(
    trial: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / "database"
    trial.session("01", "pre")
    trial.find(database_dir=database)
    trial.session("02", "pre")
    found = trial.find(database_dir=database, participant_labels=["02"])
    assert len(found[0].runs) == 2
    assert "has no functional files of sub-02; their folders are read" in caplog.text
    moved = trial.root.rename(tmp_path / "moved")
    trial.root, trial.fmriprep = moved, moved / "derivatives" / "fmriprep"
    with pytest.raises(UsageError, match=r"database is that of another dataset, /.*/trial\."):
        trial.find(database_dir=database)
    (database / "layout_index.sqlite").write_text("no database, but longer than a header" * 9)
    with pytest.raises(UsageError, match="The file is not a pybids database"):
        trial.find(database_dir=database)


def test_folders_of_other_participants_are_listed_once(trial: Any) -> None:
    for number in range(30):
        for root in (trial.root, trial.fmriprep):
            (root / f"sub-{number:04d}" / "ses-pre" / "func").mkdir(parents=True)
    trial.session("0007", "pre")
    trial.find(participant_labels=["0007"])  # imports read folders too
    with watched_folders() as folders:
        pre, _ = trial.find(participant_labels=["0007"])
    assert len(pre.runs) == 2
    entered = {path for path in folders if "/sub-" in path}
    assert {path for path in entered if "/sub-0007" not in path} == set()
    assert any(path.endswith("/sub-0007/ses-pre/func") for path in entered)


_watchers: list[list[str]] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _watchers and event in ("os.listdir", "os.scandir"):
        _watchers[-1].append(os.fspath(arguments[0] or "."))


sys.addaudithook(_watch)


@contextmanager
def watched_folders() -> Iterator[list[str]]:
    """Record the folders that are listed, whoever lists them."""
    _watchers.append([])
    try:
        yield _watchers[-1]
    finally:
        _watchers.pop()
