"""Accuracy and reaction time by session and arm, from the events (methods row A21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from bids_ketamine.core.behaviour import ALL_CONDITIONS, judge_trials, task_behaviour
from bids_ketamine.core.group.behaviour import QUANTITIES, behaviour_statistics
from bids_ketamine.core.group.compared import reasons_with_compared
from bids_ketamine.core.group.measure_tests import ComparisonSettings
from bids_ketamine.dataset.behaviour_events import EventsProblem, SessionEvents, session_events
from bids_ketamine.dataset.exclusions import listed_exclusions
from bids_ketamine.errors import readable
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.study.spec import StudySpec, TaskSpec
from bids_ketamine.workflows.group_data import ends_of_changes
from bids_ketamine.workflows.group_sources import People

#: Key of the record.
BEHAVIOUR = "Behaviour"

TABLE, SUMMARY, TESTS = (
    "group_behaviour",
    "group_behaviour_summary",
    "group_behaviour_tests",
)


def group_behaviour(
    spec: StudySpec, *, bids_dir: Path, people: People
) -> tuple[Mapping[str, pd.DataFrame], Mapping[str, object]]:
    """Compute accuracy and reaction time of everybody, their means, and tests of their changes.

    Everybody with an arm takes part, whether or not their images are usable. Sessions and tasks
    that the table of exclusions names are left out, and with them the sessions that are compared
    with such ones alone. Events that are missing or damaged leave out their run, with a reason.

    Parameters
    ----------
    spec : StudySpec
        The study.
    bids_dir : Path
        Raw dataset: its events are read.
    people : People
        Participants of the dataset, with arms.

    Returns
    -------
    tables : mapping of str to DataFrame
        ``group_behaviour``, ``group_behaviour_summary``, ``group_behaviour_tests``; none where
        the study has no `behaviour`.
    record : mapping
        What ``group.json`` says of them.

    Raises
    ------
    InputDataError, InputMissingError
        If the table of exclusions, or a participants.tsv that decides sessions, is damaged or
        not there.
    """
    if spec.behaviour is None:
        return {}, {}
    named = dict.fromkeys(spec.behaviour.tasks)
    tasks = [task for task in spec.tasks if task.name in named and task.error_trials is not None]
    found = _FoundBehaviour(people)
    excluded = _excluded(spec, bids_dir, people, tasks)
    by_name = {task.name: task for task in tasks}
    events = session_events(bids_dir, spec, participants=people.participants, tasks=tasks)
    for each in events:
        reason = excluded.get((each.participant, each.session, each.task), "")
        found.add(each, by_name[each.task], spec.behaviour.reaction_time, excluded=reason)
    table = pd.DataFrame(found.rows, columns=list(CLINICAL_TABLES[TABLE]))
    statistics = _statistics(spec, people, tasks, table)
    tables = {TABLE: table, **statistics}
    return (
        {name: each[list(CLINICAL_TABLES[name])] for name, each in tables.items()},
        {BEHAVIOUR: _record(spec, people, tasks, found, excluded)},
    )


@dataclass
class _FoundBehaviour:
    """Rows of the table of behaviour, and what was wrong.

    Attributes
    ----------
    people : People
        Participants, with arms.
    rows : list of dict
        Rows of ``group_behaviour``.
    problems : mapping of str to list of (EventsProblem or None)
        For each task, the first problem of each participant's session without any table; None
        for one that has a table.
    without_right_answer : mapping of str to list of str
        For each task, a sentence on each session with trials of which none is right; empty for
        others.
    """

    people: People
    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: dict[str, list[EventsProblem | None]] = field(default_factory=dict)
    without_right_answer: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._arms = dict(zip(self.people.participants, self.people.arms, strict=True))
        self._no_arm = {each.participant: each.reason for each in self.people.without_arm}

    def add(
        self, events: SessionEvents, task: TaskSpec, reaction_time: str, *, excluded: str
    ) -> None:
        """Add the rows of a participant, session and task."""
        told = [excluded] if excluded else []
        if events.participant in self._no_arm:
            told.append(f"no arm: {self._no_arm[events.participant]}")
        told += [str(problem) for problem in events.problems]
        start = {
            "participant_id": events.participant,
            "arm": self._arms[events.participant],
            "session": events.session,
            "task": events.task,
        }
        seen = None if events.tables else next(iter(events.problems), None)
        self.problems.setdefault(events.task, []).append(seen)
        if not events.tables or excluded:
            missing = dict.fromkeys(("n_trials", "n_answered", *QUANTITIES), np.nan)
            reason = {"reason": _joined(told)}
            self.rows += [start | {"condition": name} | missing | reason for name in _names(task)]
            return
        rule = task.error_trials
        if rule is None:
            raise ValueError("behaviour of a task without rules on errors")
        runs = [
            judge_trials(
                table,
                trial_type_column=task.trial_type_column,
                conditions=task.conditions,
                error_trials=rule,
            )
            for table in events.tables
        ]
        told += [f"not counted: {sentence}" for run in runs for sentence in run.left_out]
        middle = cast(Literal["mean", "median"], reaction_time)
        for each in task_behaviour(
            runs, conditions=task.conditions, error_trials=rule, reaction_time=middle
        ):
            reasons = [*told, each.reason] if each.reason else told
            self.rows.append(start | each._asdict() | {"reason": _joined(reasons)})
            if each.condition == _names(task)[0] and each.n_trials:
                wrong = each.reason if each.accuracy == 0 else ""
                self.without_right_answer.setdefault(task.name, []).append(wrong)


def _names(task: TaskSpec) -> list[str]:
    """Return all conditions together, and each."""
    return list(dict.fromkeys([ALL_CONDITIONS, *(each.name for each in task.conditions)]))


def _joined(sentences: Sequence[str]) -> str:
    return readable("; ".join(dict.fromkeys(sentences)))


def _excluded(
    spec: StudySpec, bids_dir: Path, people: People, tasks: Sequence[TaskSpec]
) -> dict[tuple[str, str, str], str]:
    """Return which participants, sessions and tasks the table of exclusions leaves out, and why."""
    if spec.exclusions.file is None:
        return {}
    listed = listed_exclusions(
        Path(spec.exclusions.file), bids_dir=bids_dir, spec=spec, participants=people.participants
    )
    sessions = [each.name for each in spec.scanned_sessions]
    reasons = np.full((len(people.participants), len(sessions), len(tasks)), "", dtype=object)
    for each in listed:
        one = people.participants.index(each.participant)
        for session, name in enumerate(sessions):
            for number, task in enumerate(tasks):
                if each.session in (None, name) and each.task in (None, task.name):
                    reasons[one, session, number] = _joined(
                        [*filter(None, [reasons[one, session, number]]), each.reason]
                    )
    reasons = reasons_with_compared(reasons=reasons, sessions=sessions, changes=_changes(spec))
    return {
        (people.participants[one], sessions[session], tasks[number].name): _as_excluded(
            reasons[one, session, number]
        )
        for one, session, number in np.argwhere(reasons != "")
    }


def _changes(spec: StudySpec) -> dict[str, tuple[str, str]]:
    """Return the changes between sessions with events; behaviour is not averaged over sessions."""
    scanned = {each.name for each in spec.scanned_sessions}
    ends = ends_of_changes(spec).items()
    return {name: pair for name, pair in ends if scanned.issuperset(pair)}


def _as_excluded(reason: str) -> str:
    return reason if reason.startswith("excluded") else f"excluded: {reason}"


def _statistics(
    spec: StudySpec, people: People, tasks: Sequence[TaskSpec], table: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return means and tests over those who have an arm, or everybody in a study without."""
    arms = dict(zip(people.participants, people.arms, strict=True))
    levels = spec.arms.levels if spec.arms is not None else ()
    placed = [each for each in people.participants if not levels or arms[each] in levels]
    statistics = behaviour_statistics(
        table,
        participants=placed,
        arms=[arms[each] for each in placed],
        conditions=[(task.name, name) for task in tasks for name in _names(task)],
        sessions=[each.name for each in spec.scanned_sessions],
        changes=_changes(spec),
        settings=ComparisonSettings(
            levels=levels,
            confidence_level=spec.group.confidence_level,
            minimum_participants=spec.group.minimum_participants,
        ),
    )
    return {SUMMARY: statistics.summary, TESTS: statistics.tests}


def _record(
    spec: StudySpec,
    people: People,
    tasks: Sequence[TaskSpec],
    found: _FoundBehaviour,
    excluded: Mapping[tuple[str, str, str], str],
) -> dict[str, object]:
    """Say what was done, and what is missing; notes name nobody."""
    section = spec.behaviour
    notes = [
        "Behaviour is of everybody with an arm and events, whether or not their images are "
        "usable; sessions and tasks in the table of exclusions are out."
    ]
    skipped = set(ends_of_changes(spec)) - set(_changes(spec))
    if skipped:
        notes.append(
            f"Behaviour has no change {', '.join(sorted(skipped))}: it is not averaged over "
            "sessions."
        )
    if people.without_arm:
        n = len(people.without_arm)
        notes.append(
            f"{n} participant{'s' if n > 1 else ''} without an arm {'are' if n > 1 else 'is'} in "
            "no mean and no test."
        )
    for task in tasks:
        notes += _notes(task, found, sum(each[2] == task.name for each in excluded))
    return {
        "Tasks": [task.name for task in tasks],
        "ReactionTime": section.reaction_time if section is not None else "",
        "Notes": notes,
    }


def _notes(task: TaskSpec, found: _FoundBehaviour, n_excluded: int) -> list[str]:
    """Say what is missing of a task; what is wrong with every table is told once."""
    problems = found.problems.get(task.name, [])
    without = [each for each in problems if each is not None]
    notes = []
    if n_excluded:
        notes.append(
            f"{task.name}: {n_excluded} of {len(problems)} sessions of participants are excluded."
        )
    if without and len(without) == len(problems):
        same = {(each.sentence, each.cure) for each in without if each.file}
        told = "reasons are in group_behaviour.tsv."
        if len(same) == 1 and all(each.file for each in without):
            sentence, cure = next(iter(same))
            told = f"{sentence}." + (f" {cure}" if cure else "")
        notes.append(f"{task.name}: nobody has events that can be used: {told}")
    elif without:
        notes.append(
            f"{task.name}: {len(without)} of {len(problems)} sessions of participants have no "
            "events that can be used; reasons are in group_behaviour.tsv."
        )
    wrong = found.without_right_answer.get(task.name, [])
    if wrong and all(wrong):
        notes.append(f"{task.name}: nobody has a right answer. The first session: {wrong[0]}.")
    return notes
