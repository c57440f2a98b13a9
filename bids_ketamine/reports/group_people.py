"""Who went in, and why others did not."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup, escape

from bids_ketamine.reports.group_data import GroupOutput
from bids_ketamine.reports.plain_reasons import plain_reason, whole_arms
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import listed, text
from bids_ketamine.study.spec import StudySpec

#: More rows of participants than this are counted.
MOST_ROWS = 300
NO_REASON = "no reason is given"


def session_order(group: GroupOutput, spec: StudySpec) -> list[str]:
    """Return the sessions with values, in the order of the study; not visits without images."""
    found = pd.concat([group.participants["session"], group.summary["session"]])
    names = [session.name for session in spec.sessions]
    unscanned = set(names) - {session.name for session in spec.imaged_sessions}
    return [name for name in in_order(found, names) if name not in unscanned]


def task_order(found: pd.Series, spec: StudySpec) -> list[str]:
    """Return the tasks of a column, in the order of the study."""
    order = [task.name for task in spec.tasks]
    return in_order(found, [*order, *([spec.rest.task] if spec.rest is not None else [])])


def flow_table(group: GroupOutput, spec: StudySpec) -> TableView | None:
    """Count who went in, by task, session and arm.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    spec : StudySpec
        Order of tasks and sessions.
    """
    people = group.participants
    if people.empty:
        return None
    rows = []
    for task in task_order(people["task"], spec):
        for session in session_order(group, spec):
            here = people[(people["task"] == task) & (people["session"] == session)]
            if len(here):
                arms = [here[here["arm"] == arm] for arm in group.arms]
                rows.append((task, session, *(_share(part) for part in [here, *arms])))
    names = ["all", *group.arms]
    columns = (Column("Task"), Column("Session"), *(Column(name, numeric=True) for name in names))
    return TableView("Participants in group statistics", columns, tuple(rows))


def _share(part: pd.DataFrame) -> str:
    return f"{int(part['included'].sum())} of {len(part)}"


def people_table(group: GroupOutput, spec: StudySpec, output_dir: Path) -> TableView | None:
    """List every participant with the sessions that went in, and why others did not.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    spec : StudySpec
        Order of tasks and sessions.
    output_dir : Path
        Where participants' own reports are.
    """
    people = group.participants
    if people.empty:
        return None
    tasks = task_order(people["task"], spec)
    sessions = session_order(group, spec)
    shared = _shared(people)
    of_all = {each for facts in shared.values() for each in facts}
    rows = []
    for who, own in people.groupby("participant_id", sort=True):
        cells = []
        for task in tasks:
            went_in = set(own[(own["task"] == task) & own["included"]]["session"])
            cells.append(", ".join(each for each in sessions if each in went_in) or "none")
        arm = text(next(iter(own["arm"].dropna()), None))
        rows.append((_own_report(str(who), output_dir), arm, *cells, _reasons(own, of_all)))
    columns = (
        Column("Participant"),
        Column("Arm"),
        *(Column(f"{task}: sessions in") for task in tasks),
        Column("What is not in, and why", wide=True),
    )
    notes = [f"All sessions of everybody, {task}: {'; '.join(of)}." for task, of in shared.items()]
    if len(rows) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {len(rows):,}; all are in group_participants.tsv.")
    return TableView("Participants", columns, tuple(rows[:MOST_ROWS]), note=" ".join(notes))


def _own_report(who: str, output_dir: Path) -> str:
    name = f"{who}.html"
    if re.fullmatch(r"sub-[A-Za-z0-9+]+", who) and (output_dir / name).is_file():
        return Markup(f'<a href="{quote(name)}">{escape(who)}</a>')
    return who


def _reasons(own: pd.DataFrame, shared: Collection[str]) -> str:
    """Say of a participant's sessions what is not in, each fact once: tasks that agree together."""
    tasks = list(dict.fromkeys(own["task"]))
    told: dict[tuple[str, str], list[str]] = {}
    for is_in in (False, True):
        for row in records(own[own["included"].astype(bool) == is_in]):
            facts = [each for each in _facts(row, own) if not (is_in and each in shared)]
            if facts or not is_in:
                fact = "; ".join(facts) or NO_REASON
                told.setdefault((text(row["session"]), fact), []).append(text(row["task"]))
    found: dict[str, list[str]] = {}
    for (session, fact), of in told.items():
        places = [session] if len(of) == len(tasks) else [f"{task} {session}" for task in of]
        found[fact] = [*found.get(fact, []), *places]
    return "; ".join(f"{', '.join(places)}: {fact}" for fact, places in found.items())


def _facts(row: Mapping[str, Any], own: pd.DataFrame) -> list[str]:
    """Return why a row is out, or what is missing of it, without what other rows tell."""
    told = text(row["reason"], "")
    if row["included"]:
        others = own[~own["included"].astype(bool) & (own["task"] == row["task"])]
        for reason in others["reason"].dropna():
            told = re.sub(rf": {re.escape(str(reason))}(?=;|\)|$)", "", told)
        told = re.sub(r" alone \(([^():]+)\)", r" alone, without \1", told)
    found = plain_reason(told).split("; ") if told else []
    # That a session is out tells that its differences are.
    return [each for each in found if not re.fullmatch(r"no difference \S+ - \S+", each)]


def _shared(people: pd.DataFrame) -> dict[str, list[str]]:
    """Return what is missing of every session of a task of everybody, by task."""
    found = {}
    for task, rows in people[people["included"].astype(bool)].groupby("task", sort=False):
        if rows["participant_id"].nunique() > 1:
            facts = [plain_reason(text(each, "")).split("; ") for each in rows["reason"]]
            common = [each for each in facts[0] if each and all(each in one for one in facts)]
            if common:
                found[str(task)] = common
    return found


def exclusion_table(group: GroupOutput) -> TableView | None:
    """Count the reasons for which sessions did not go in; no participant is named.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    """
    out = group.participants[~group.participants["included"].astype(bool)]
    if out.empty:
        return None
    out = out.assign(reason=out["reason"].fillna(NO_REASON).map(plain_reason))
    arms = group.participants.drop_duplicates("participant_id").set_index("participant_id")["arm"]
    found: dict[tuple[str, frozenset[tuple[Any, Any]]], list[str]] = {}
    for (task, reason), own in out.groupby(["task", "reason"], sort=False):
        away = whole_arms(own["participant_id"], arms) if own["session"].nunique() == 1 else []
        words = f"{reason} (nobody in {listed(away)} is in)" if away else str(reason)
        whose = frozenset(zip(own["participant_id"], own["session"], strict=True))
        found.setdefault((words, whose), []).append(text(task))
    rows = tuple(
        (", ".join(tasks), words, str(len({who for who, _ in whose})), str(len(whose)))
        for (words, whose), tasks in sorted(found.items(), key=lambda item: -len(item[0][1]))
    )
    columns = (
        Column("Task"),
        Column("Reason", wide=True),
        Column("Participants", numeric=True),
        Column("Sessions", numeric=True),
    )
    note = ""
    if len(rows) > MOST_ROWS:
        note = f"The first {MOST_ROWS} of {len(rows):,} reasons."
    return TableView("Why sessions did not go in", columns, rows[:MOST_ROWS], note=note)
