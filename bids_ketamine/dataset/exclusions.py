"""The user's table of exclusions, in the words of the study."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from bids_ketamine.core.group.exclusions import ListedExclusion
from bids_ketamine.dataset.labels import SessionRules
from bids_ketamine.dataset.names import listed, natural_order, strip_prefix
from bids_ketamine.dataset.spelling import near_text, nearest_label, shown
from bids_ketamine.dataset.tables import read_exclusions
from bids_ketamine.errors import InputDataError
from bids_ketamine.study.spec import StudySpec


def listed_exclusions(
    path: Path, *, bids_dir: Path, spec: StudySpec, participants: Collection[str]
) -> tuple[ListedExclusion, ...]:
    """Read who is left out of group statistics by name.

    Parameters
    ----------
    path : Path
        Table with ``participant_id`` and ``reason``, optionally ``session_id`` and ``task``;
        an empty cell of these means all sessions, all tasks.
    bids_dir : Path
        Raw dataset: its participants.tsv may decide what a session label means.
    spec : StudySpec
        The study.
    participants : collection of str
        Participants of the dataset, with ``sub-``.

    Returns
    -------
    tuple of ListedExclusion
        One for each row (and for each task of the study, where several share a ``task`` label).

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If a column or cell is missing, or a participant, session or task is unknown.
    """
    rules = SessionRules(bids_dir, spec.own_sessions)
    tasks = study_task_names(spec)
    exclusions: list[ListedExclusion] = []
    for row in read_exclusions(path).to_dict("records"):
        participant, reason = str(row["participant_id"]), str(row["reason"])
        if participant not in participants:
            near = near_text(nearest_label(participant, natural_order(participants)))
            raise InputDataError(
                f"The table excludes {shown(participant)}, who is not in the dataset{near}.",
                path=path,
                cure="Correct `participant_id`, or take the row out.",
            )
        session = None
        if not pd.isna(row["session_id"]):
            session = _session(str(row["session_id"]), participant, rules, spec)
            if session is None:
                raise InputDataError(
                    f"The table excludes {participant} {row['session_id']}, which is no session "
                    "of the study for this participant.",
                    path=path,
                    cure=f"Sessions of the study: {listed(each.name for each in spec.sessions)}.",
                )
        names: list[str | None] = [None]
        if not pd.isna(row["task"]):
            names = [name for name, known in tasks.items() if row["task"] in known]
        if not names:
            raise InputDataError(
                f"The table excludes the task `{row['task']}` of {participant}, which the study "
                "does not have.",
                path=path,
                cure=f"Tasks of the study: {listed(tasks)}.",
            )
        exclusions += [
            ListedExclusion(participant=participant, session=session, task=name, reason=reason)
            for name in names
        ]
    return tuple(exclusions)


def study_task_names(spec: StudySpec) -> Mapping[str, tuple[str, ...]]:
    """Return the names under which each task is known, by the name it has in measures.

    Parameters
    ----------
    spec : StudySpec
        The study.

    Returns
    -------
    mapping of str to tuple of str
        Tasks in the study's order: name in the study, ``task`` entity in the dataset.
    """
    names = {task.name: tuple(dict.fromkeys((task.name, task.label))) for task in spec.tasks}
    if spec.rest is not None:
        names.setdefault(spec.rest.task, (spec.rest.task,))
    return names


def _session(cell: str, participant: str, rules: SessionRules, spec: StudySpec) -> str | None:
    """Return what a session means in the study; its label comes before its name."""
    label = strip_prefix(cell, "ses")
    by_label = {
        rules.label(session, strip_prefix(participant, "sub")).label: session.name
        for session in spec.own_sessions
    }
    by_name = {session.name: session.name for session in spec.sessions}
    return by_label.get(label) or by_name.get(label)
