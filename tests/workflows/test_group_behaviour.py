"""Behaviour of a trial of six participants written by hand, one row of events at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.group.exclusions import ListedExclusion
from bids_ketamine.dataset.participants import participant_arms
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.group_behaviour import group_behaviour
from bids_ketamine.workflows.group_sources import People

STUDY = """
name: tiny
sessions: {pre: {label: pre}, post: {label: post}}
changes: {change: {first: pre, second: post}}
arms: {column: arm, levels: [placebo, drug]}
regions: {atlas: spheres, definitions: {spot: {spheres: [[0, 0, 0]]}}}
tasks:
  faces:
    conditions: {faces: {trial_type: [fearful, neutral]}, shapes: {}}
    error_trials: {column: accuracy, correct: ["1"]}
    contrasts: {difference: {weights: faces - shapes}}
behaviour: {tasks: [faces]}
"""
ARMS = ("placebo", "drug", "placebo", "drug", "placebo", "drug")
#: Response times (s) of the four trials of faces in either session; the last one is missed.
BEFORE = (1.0, 1.2, 0.8, 1.1, 0.9, 1.4)
AFTER = (0.9, 0.8, 0.8, 0.6, 1.0, 0.7)
COLUMNS = ("onset", "duration", "trial_type", "response_time", "accuracy")


def events(response_time: object, *, columns: Sequence[str] = COLUMNS, right: str = "1") -> str:
    """Return five trials: faces right twice, wrong, missed; shapes right at half the time."""
    half = 0.5 * response_time if isinstance(response_time, float) else response_time
    rows = [
        (0, 2, "fearful", response_time, right),
        (5, 2, "neutral", response_time, right),
        (10, 2, "neutral", 7.5, "0"),
        (15, 2, "fearful", "n/a", "n/a"),
        (20, 2, "shapes", half, right),
    ]
    return "\n".join("\t".join(map(str, row)) for row in [columns, *rows]) + "\n"


class Trial:
    """The trial's dataset and what is computed of it."""

    def __init__(self, folder: Path, study: str = STUDY, arms: Sequence[str] = ARMS) -> None:
        self.folder, self.bids = folder, folder / "bids"
        self.bids.mkdir()
        self.names = [f"sub-{number:02d}" for number in range(1, len(arms) + 1)]
        rows = "".join(f"{who}\t{arm}\n" for who, arm in zip(self.names, arms, strict=True))
        (self.bids / "participants.tsv").write_text(f"participant_id\tarm\n{rows}")
        self.study = folder / "study.yml"
        self.study.write_text(study)

    def usual(self) -> Trial:
        """Write everybody's events."""
        for session, times in (("pre", BEFORE), ("post", AFTER)):
            for who, value in zip(self.names, times, strict=False):
                self.write(who, session, events(value))
        return self

    def write(self, who: str, session: str, text: str, run: str = "") -> Path:
        path = self.bids / who / f"ses-{session}" / "func"
        path.mkdir(parents=True, exist_ok=True)
        path /= f"{who}_ses-{session}_task-faces{run}_events.tsv"
        path.write_text(text)
        return path

    def results(self):
        spec = load_study(str(self.study)).spec
        arms = participant_arms(self.bids, spec)
        people = People(
            participants=tuple(arms.index),
            arms=tuple(arms["arm"].astype(object).fillna("")),
            without_arm=tuple(
                ListedExclusion(participant=str(who), session=None, task=None, reason=str(why))
                for who, why in arms["reason"].dropna().items()
            ),
        )
        return group_behaviour(spec, bids_dir=self.bids, people=people)


def rows(table: pd.DataFrame, **cells: str) -> pd.DataFrame:
    for name, cell in cells.items():
        table = table[table[name] == cell]
    return table


def only(table: pd.DataFrame, **cells: str) -> pd.Series:
    found = rows(table, **cells)
    assert len(found) == 1
    return found.iloc[0]


def test_a_study_without_behaviour_gives_nothing(tmp_path: Path) -> None:
    study = STUDY.replace("behaviour: {tasks: [faces]}\n", "")
    assert Trial(tmp_path, study).usual().results() == ({}, {})


def test_the_table_by_hand(tmp_path: Path) -> None:
    tables, record = Trial(tmp_path).usual().results()
    assert {name: list(table) for name, table in tables.items()} == {
        name: list(CLINICAL_TABLES[name])
        for name in ("group_behaviour", "group_behaviour_summary", "group_behaviour_tests")
    }
    found = tables["group_behaviour"]
    assert len(found) == 6 * 2 * 3
    assert found.iloc[:3].to_numpy().tolist() == [
        ["sub-01", "placebo", "pre", "faces", "all", 5, 4, 0.6, 2.5 / 3, ""],
        ["sub-01", "placebo", "pre", "faces", "faces", 4, 3, 0.5, 1.0, ""],
        ["sub-01", "placebo", "pre", "faces", "shapes", 1, 1, 1.0, 0.5, ""],
    ]
    assert record["Behaviour"]["Tasks"] == ["faces"]
    assert record["Behaviour"]["ReactionTime"] == "mean"
    assert len(record["Behaviour"]["Notes"]) == 1


def test_means_and_tests(tmp_path: Path) -> None:
    tables, _ = Trial(tmp_path).usual().results()
    before, after = np.array(BEFORE), np.array(AFTER)
    where = {"condition": "faces", "quantity": "reaction_time"}
    drug = only(tables["group_behaviour_summary"], session="post", arm="drug", **where)
    assert drug["mean"] == pytest.approx(after[1::2].mean())
    low, high = stats.t.interval(0.95, 2, after[1::2].mean(), stats.sem(after[1::2]))
    assert (drug["ci_low"], drug["ci_high"]) == pytest.approx((low, high))
    paired = only(tables["group_behaviour_tests"], test="paired", arm="all", **where)
    expected = stats.ttest_rel(after, before)
    assert (paired["statistic"], paired["p_value"]) == pytest.approx(
        (expected.statistic, expected.pvalue)
    )
    welch = only(tables["group_behaviour_tests"], test="welch", **where)
    change = after - before
    expected = stats.ttest_ind(change[1::2], change[::2], equal_var=False)
    assert welch["arm"] == "drug - placebo"
    assert (welch["statistic"], welch["df"]) == pytest.approx((expected.statistic, expected.df))
    shares = {"condition": "faces", "quantity": "accuracy", "test": "paired", "arm": "all"}
    assert only(tables["group_behaviour_tests"], **shares)["reason"] == "all values equal"


def test_runs_of_a_session_are_pooled(tmp_path: Path) -> None:
    trial = Trial(tmp_path).usual()
    trial.write("sub-01", "pre", events(3.0), "_run-2")
    (trial.bids / "sub-01/ses-pre/func/sub-01_ses-pre_task-faces_events.tsv").unlink()
    trial.write("sub-01", "pre", events(1.0), "_run-1")
    found = only(
        trial.results()[0]["group_behaviour"],
        participant_id="sub-01", session="pre", condition="faces",
    )  # fmt: skip
    assert found[["n_trials", "n_answered", "accuracy", "reaction_time"]].tolist() == [8, 6, 0.5, 2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (events("0,52"), "`0,52` is not a number"),
        (events("fast"), "`fast` is not a number"),
        (events(1.0, columns=(*COLUMNS[:4], "resp")), "There is no column `accuracy`"),
        ("", "is empty (0 bytes)"),
        ("\x00\x01\x02", ""),
    ],
)
def test_a_damaged_file_harms_nobody_else(tmp_path: Path, text: str, reason: str) -> None:
    whole, _ = Trial(tmp_path).usual().results()
    (tmp_path / "other").mkdir()
    trial = Trial(tmp_path / "other").usual()
    trial.write("sub-03", "post", text)
    tables, record = trial.results()
    found = rows(tables["group_behaviour"], participant_id="sub-03", session="post")
    assert found["condition"].tolist() == ["all", "faces", "shapes"]
    assert found[["n_trials", "n_answered", "accuracy", "reaction_time"]].isna().all(axis=None)
    assert found["reason"].str.startswith("sub-03_ses-post_task-faces_events.tsv").all()
    assert found["reason"].str.contains(reason, regex=False).all()
    others = tables["group_behaviour"].drop(index=found.index)
    assert (others == whole["group_behaviour"].drop(index=found.index)).all(axis=None)
    where = {"session": "post", "condition": "all", "quantity": "accuracy"}
    assert only(tables["group_behaviour_summary"], arm="placebo", **where)["n"] == 2
    assert (
        "faces: 1 of 12 sessions of participants have no events that can be used; reasons are in "
        "group_behaviour.tsv."
    ) in record["Behaviour"]["Notes"]


def test_a_damaged_run_leaves_the_others_and_is_told(tmp_path: Path) -> None:
    trial = Trial(tmp_path).usual()
    (trial.bids / "sub-01/ses-pre/func/sub-01_ses-pre_task-faces_events.tsv").unlink()
    trial.write("sub-01", "pre", events(1.0), "_run-1")
    trial.write("sub-01", "pre", "onset\n", "_run-2")
    found = only(
        trial.results()[0]["group_behaviour"],
        participant_id="sub-01", session="pre", condition="faces",
    )  # fmt: skip
    assert found["reaction_time"] == 1.0
    assert found["reason"].startswith("sub-01_ses-pre_task-faces_run-2_events.tsv: There is no")


def test_what_is_wrong_with_every_table_is_told_once(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    for who in trial.names:
        for session in ("pre", "post"):
            trial.write(who, session, events(1.0, columns=(*COLUMNS[:4], "resp")))
    tables, record = trial.results()
    assert tables["group_behaviour"]["accuracy"].isna().all()
    assert tables["group_behaviour_summary"]["n"].eq(0).all()
    told = [each for each in record["Behaviour"]["Notes"] if each.startswith("faces:")]
    assert len(told) == 1
    assert "nobody has events that can be used: There is no column `accuracy`." in told[0]
    assert "Its columns: onset, duration, trial_type, response_time, resp." in told[0]


def test_answers_in_other_words_are_told(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    for who in trial.names:
        trial.write(who, "pre", events(1.0, right="yes"))
    tables, record = trial.results()
    found = rows(tables["group_behaviour"], session="pre", condition="all")
    assert found["accuracy"].eq(0).all()
    assert found["reason"].str.contains("`accuracy` holds yes (3)", regex=False).all()
    assert any("nobody has a right answer" in each for each in record["Behaviour"]["Notes"])
    later = rows(tables["group_behaviour"], participant_id="sub-01", session="post")
    assert later["reason"].eq("sub-01 has no ses-post; it has ses-pre").all()


def test_other_names_of_columns(tmp_path: Path) -> None:
    study = STUDY.replace(
        'error_trials: {column: accuracy, correct: ["1"]}',
        'trial_type_column: stimulus\n    error_trials: {column: resp, correct: ["hit"], '
        "response_time_column: rt}",
    )
    columns = ("onset", "duration", "stimulus", "rt", "resp")
    trial = Trial(tmp_path, study)
    for who, before, after in zip(trial.names, BEFORE, AFTER, strict=True):
        trial.write(who, "pre", events(before, columns=columns, right="Hit"))
        trial.write(who, "post", events(after, columns=columns, right="hit"))
    (tmp_path / "usual").mkdir()
    expected, _ = Trial(tmp_path / "usual").usual().results()
    found, _ = trial.results()
    for name, table in expected.items():
        pd.testing.assert_frame_equal(found[name], table)


def test_median(tmp_path: Path) -> None:
    study = STUDY.replace("{tasks: [faces]}", "{tasks: [faces], reaction_time: median}")
    tables, record = Trial(tmp_path, study).usual().results()
    found = rows(tables["group_behaviour"], session="pre", condition="all")
    assert found["reaction_time"].tolist() == list(BEFORE)  # of a time twice and its half
    assert record["Behaviour"]["ReactionTime"] == "median"


def test_who_has_no_arm_is_in_the_table_alone(tmp_path: Path) -> None:
    trial = Trial(tmp_path, arms=[*ARMS[:5], "n/a"]).usual()
    tables, record = trial.results()
    found = only(
        tables["group_behaviour"], participant_id="sub-06", session="pre", condition="faces"
    )
    assert (found["arm"], found["reaction_time"]) == ("", 1.4)
    assert found["reason"] == "no arm: `arm` is n/a in participants.tsv"
    where = {"condition": "faces", "quantity": "reaction_time"}
    summary = only(tables["group_behaviour_summary"], session="pre", arm="all", **where)
    assert (summary["n"], summary["mean"]) == (5, pytest.approx(np.mean(BEFORE[:5])))
    assert only(tables["group_behaviour_tests"], test="paired", arm="all", **where)["n"] == 5
    assert "1 participant without an arm is in no mean and no test." in record["Behaviour"]["Notes"]


def test_a_study_without_arms(tmp_path: Path) -> None:
    study = STUDY.replace("arms: {column: arm, levels: [placebo, drug]}\n", "")
    tables, _ = Trial(tmp_path, study).usual().results()
    assert set(tables["group_behaviour_summary"]["arm"]) == {"all"}
    assert set(tables["group_behaviour_tests"]["test"]) == {"paired"}
    assert tables["group_behaviour_tests"]["n"].eq(6).all()


def test_the_table_of_exclusions(tmp_path: Path) -> None:
    listed = tmp_path / "out.tsv"
    listed.write_text(
        "participant_id\tsession_id\ttask\treason\n"
        "sub-01\tn/a\tn/a\twithdrew\n"
        "sub-02\tses-post\tfaces\tasleep\n"
        "sub-04\tses-pre\tn/a\tfire alarm\n"
    )
    trial = Trial(tmp_path, f"{STUDY}exclusions: {{file: {listed}}}\n").usual()
    tables, record = trial.results()
    found = tables["group_behaviour"]
    reasons = {
        who: rows(found, participant_id=who, condition="all")["reason"].tolist()
        for who in trial.names[:5]
    }
    assert reasons == {
        "sub-01": ["excluded: withdrew"] * 2,
        "sub-02": ["excluded with session post: asleep", "excluded: asleep"],
        "sub-03": ["", ""],
        "sub-04": ["excluded: fire alarm", "excluded with session pre: fire alarm"],
        "sub-05": ["", ""],
    }
    assert rows(found, participant_id="sub-02")["accuracy"].isna().all()
    summary = rows(tables["group_behaviour_summary"], condition="all", quantity="accuracy")
    assert summary["n"].tolist() == [3, 2, 1] * 2
    assert "faces: 6 of 12 sessions of participants are excluded." in record["Behaviour"]["Notes"]


def test_sessions_of_a_crossover_trial(tmp_path: Path) -> None:
    study = STUDY.replace(
        "{pre: {label: pre}, post: {label: post}}",
        "{pre: {column: arm, labels: {placebo: pre, drug: post}}, "
        "post: {column: arm, labels: {placebo: post, drug: pre}}}",
    ).replace("arms: {column: arm, levels: [placebo, drug]}\n", "")
    found = Trial(tmp_path, study).usual().results()[0]["group_behaviour"]
    times = rows(found, session="pre", condition="faces")["reaction_time"].tolist()
    assert times == [BEFORE[0], AFTER[1], BEFORE[2], AFTER[3], BEFORE[4], AFTER[5]]


def test_inherited_events(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    (trial.bids / "task-faces_events.tsv").write_text(events(1.0))
    for who in trial.names[:5]:
        (trial.bids / who / "ses-pre" / "func").mkdir(parents=True)
    found = rows(trial.results()[0]["group_behaviour"], session="pre", condition="faces")
    assert found["reaction_time"].tolist()[:5] == [1.0] * 5
    assert found["reason"].iloc[5] == "sub-06 has no ses-pre; it has no session folders"


def test_what_labels_and_cells_hold_stays_text(tmp_path: Path) -> None:
    trial = Trial(tmp_path).usual()
    trial.write("sub-01", "pre", events(1.0, right="<b>\x1b[31m"))
    reason = only(
        trial.results()[0]["group_behaviour"],
        participant_id="sub-01", session="pre", condition="faces",
    )["reason"]  # fmt: skip
    assert r"`accuracy` holds <b>\x1b[31m (2)" in reason  # tags are escaped by the report
    assert reason.isprintable()


def test_eighty_tables_take_little_time(tmp_path: Path) -> None:
    trial = Trial(tmp_path, arms=["placebo", "drug"] * 10)
    for who in trial.names:
        for session in ("pre", "post"):
            for run in ("_run-1", "_run-2"):
                trial.write(who, session, events(1.0), run)
    start = time.process_time()
    tables, _ = trial.results()
    assert time.process_time() - start < 4.0
    assert tables["group_behaviour"]["n_trials"].sum() == 20 * 2 * 2 * 10
