"""Which events tables belong to a participant's session, and what is said of the others."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bids_ketamine.dataset import behaviour_events
from bids_ketamine.dataset.behaviour_events import SessionEvents, session_events
from bids_ketamine.study.spec import (
    ConditionSpec,
    ErrorTrialsSpec,
    SessionSpec,
    StudySpec,
    TaskSpec,
)

FACES = TaskSpec(
    name="faces",
    task="emotion",
    conditions=(ConditionSpec(name="faces", modulators=("load",)),),
    error_trials=ErrorTrialsSpec(),
    contrasts=(),
)
STUDY = StudySpec(
    name="made", sessions=(SessionSpec(name="pre"), SessionSpec(name="post")), tasks=(FACES,)
)
HEADER = "onset\tduration\ttrial_type\tresponse_time\taccuracy\n"


def table(*times: object) -> str:
    rows = (f"{5 * place}\t2\tfaces\t{time}\t1\n" for place, time in enumerate(times))
    return HEADER + "".join(rows)


class Folder:
    """A raw dataset under construction."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str = "x") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, session: str, run: str = "", text: str | None = None, image: bool = True) -> None:
        """Write a run of sub-1; its events only where they have a text."""
        stem = f"sub-1/ses-{session}/func/sub-1_ses-{session}_task-emotion{run}"
        if image:
            self.write(f"{stem}_bold.nii.gz")
        if text is not None:
            self.write(f"{stem}_events.tsv", text)

    def found(self, study: StudySpec = STUDY, who: str = "sub-1") -> dict[str, SessionEvents]:
        """Return the events of a participant by session."""
        events = session_events(self.root, study, participants=[who], tasks=study.tasks)
        return {each.session: each for each in events}


def times(found: SessionEvents) -> list[list[float]]:
    return [each["response_time"].tolist() for each in found.tables]


def told(found: SessionEvents) -> list[str]:
    return [str(each) for each in found.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_runs_in_their_order(folder: Folder) -> None:
    for number in (10, 2):
        folder.run("pre", f"_run-{number}", table(number))
    folder.run("post", "", table(0.5), image=False)  # images lie elsewhere
    found = folder.found()
    assert times(found["pre"]) == [[2.0], [10.0]]
    assert times(found["post"]) == [[0.5]]
    assert told(found["pre"]) == told(found["post"]) == []


def test_names_are_those_of_the_study(folder: Folder) -> None:
    folder.run("pre", "", table(0.5))
    found = folder.found()["pre"]
    assert (found.participant, found.session, found.task) == ("sub-1", "pre", "faces")


def test_a_table_at_the_root_is_inherited_and_read_once(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("task-emotion_events.tsv", table(0.5, 0.7))
    folder.run("pre")
    folder.run("post")
    read = []
    original = behaviour_events.read_events
    monkeypatch.setattr(
        behaviour_events, "read_events", lambda path, **more: read.append(path) or original(path)
    )
    assert times(folder.found()["post"])[0] == [0.5, 0.7]
    assert len(read) == 1


def test_the_nearest_table_wins(folder: Folder) -> None:
    folder.write("task-emotion_events.tsv", table(9.0))
    folder.write("sub-1/sub-1_task-emotion_events.tsv", table(8.0))
    folder.write("sub-1/ses-post/sub-1_ses-post_task-emotion_events.tsv", table(7.0))
    folder.run("pre", "_run-1")
    folder.run("pre", "_run-2", table(1.0))
    folder.run("post")
    found = folder.found()
    assert times(found["pre"]) == [[8.0], [1.0]]
    assert times(found["post"]) == [[7.0]]


def test_echoes_and_parts_are_one_run(folder: Folder) -> None:
    folder.run("pre", "", table(0.5), image=False)
    for echo in (1, 2):
        folder.run("pre", f"_echo-{echo}")
    assert times(folder.found()["pre"]) == [[0.5]]


def test_a_task_that_was_not_run_inherits_nothing(folder: Folder) -> None:
    folder.write("task-emotion_events.tsv", table(0.5))
    folder.write("sub-1/ses-pre/func/sub-1_ses-pre_task-rest_bold.nii.gz")
    (folder.root / "sub-1/ses-post").mkdir()  # images lie elsewhere
    found = folder.found()
    assert told(found["pre"]) == ["sub-1 ses-pre has no run of task-emotion"]
    assert times(found["post"]) == [[0.5]]


def test_events_that_are_not_there(folder: Folder) -> None:
    folder.run("pre", "_run-1", table(0.5))
    folder.run("pre", "_run-2")
    found = folder.found()
    assert times(found["pre"]) == [[0.5]]
    expected = "sub-1/ses-pre/func/sub-1_ses-pre_task-emotion_run-2_events.tsv"
    assert told(found["pre"]) == [f"expected {expected} in the raw dataset"]
    assert told(found["post"]) == ["sub-1 has no ses-post; it has ses-pre"]
    assert told(folder.found(who="sub-2")["pre"]) == [
        "sub-2 has no ses-pre; it has no session folders"
    ]


def test_several_tables_of_one_run(folder: Folder) -> None:
    for direction in ("AP", "PA"):
        folder.run("pre", f"_dir-{direction}", table(0.5))
    found = folder.found()["pre"]
    assert found.tables == ()
    assert told(found) == [
        "several events tables fit one run: sub-1_ses-pre_task-emotion_dir-AP_events.tsv, "
        "sub-1_ses-pre_task-emotion_dir-PA_events.tsv"
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "sub-1_ses-pre_task-emotion_events.tsv is empty (0 bytes)"),
        ("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer whose content"),
        (HEADER, "The events table has a header and no trials"),
        (table("0,52"), "Line 2, column `response_time`"),
        (table("fast"), "Line 2, column `response_time`"),
        (table(0.5).replace("accuracy", "resp"), "There is no column `accuracy`"),
        (table(0.5).replace("trial_type", "cond"), "There is no column `trial_type`"),
        (table(0.5) + "1\t2\n", "Line 3 has 2 cells where the header has 5"),
    ],
)
def test_damaged(folder: Folder, text: str, reason: str) -> None:
    folder.run("pre", "", text)
    folder.run("post", "", table(0.6))
    found = folder.found()
    assert found["pre"].tables == ()
    assert reason in told(found["pre"])[0]
    assert told(found["pre"])[0].count("sub-1_ses-pre_task-emotion_events.tsv") == 1
    assert times(found["post"]) == [[0.6]]


def test_an_annex_link_without_content(folder: Folder) -> None:
    folder.run("pre")
    link = folder.root / "sub-1/ses-pre/func/sub-1_ses-pre_task-emotion_events.tsv"
    link.symlink_to("../../../.git/annex/objects/aa/bb/key.tsv")
    assert told(folder.found()["pre"]) == [
        "sub-1_ses-pre_task-emotion_events.tsv is an annex link whose content is not here (get it "
        "with datalad get)"
    ]


def test_images_need_no_content(folder: Folder) -> None:
    folder.run("pre", "", table(0.5), image=False)
    image = folder.root / "sub-1/ses-pre/func/sub-1_ses-pre_task-emotion_bold.nii.gz"
    image.symlink_to("../../../.git/annex/objects/aa/bb/key.nii.gz")
    assert times(folder.found()["pre"]) == [[0.5]]


def test_a_folder_that_cannot_be_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.run("pre", "", table(0.5))
    folder.run("post", "", table(0.6))
    original = os.scandir

    def scandir(place):
        if str(place).endswith("ses-pre/func"):
            raise PermissionError(13, "Permission denied", str(place))
        return original(place)

    monkeypatch.setattr(os, "scandir", scandir)
    found = folder.found()
    assert told(found["pre"]) == ["func cannot be read (permission denied)"]
    assert times(found["post"]) == [[0.6]]


def test_crossover_labels(folder: Folder) -> None:
    folder.write("participants.tsv", "participant_id\tfirst\nsub-1\td\nsub-2\tx\n")
    folder.run("A", "", table(0.5))
    folder.run("B", "", table(0.6))
    sessions = (
        SessionSpec(name="ketamine", column="first", labels={"d": "A", "p": "B"}),
        SessionSpec(name="placebo", column="first", labels={"d": "B", "p": "A"}),
    )
    study = replace(STUDY, sessions=sessions)
    assert times(folder.found(study)["ketamine"]) == [[0.5]]
    assert times(folder.found(study)["placebo"]) == [[0.6]]
    assert told(folder.found(study, "sub-2")["placebo"]) == [
        "`first` of sub-2 in participants.tsv is `x`; the study knows `d`, `p`"
    ]
    same = (sessions[0], replace(sessions[1], labels={"d": "A"}))
    assert told(folder.found(replace(STUDY, sessions=same))["placebo"]) == [
        "ses-A of sub-1 stands for ketamine and placebo"
    ]


def test_a_dataset_without_sessions(folder: Folder) -> None:
    folder.write("sub-1/func/sub-1_task-emotion_events.tsv", table(0.5))
    study = replace(STUDY, sessions=(SessionSpec(name="scan", unlabelled=True),))
    assert times(folder.found(study)["scan"]) == [[0.5]]
    folder.write("sub-2/ses-pre/func/x")
    assert told(folder.found(study, "sub-2")["scan"]) == [
        "sub-2 has no data outside session folders; it has ses-pre"
    ]
