"""Who went in, and why others did not."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup, escape

from bids_ketamine.reports.group_data import GroupOutput
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import is_absent, text
from bids_ketamine.study.spec import StudySpec

#: More rows of participants than this are counted.
MOST_ROWS = 300


def session_order(group: GroupOutput, spec: StudySpec) -> list[str]:
    """Return the sessions with values, in the order of the study."""
    found = pd.concat([group.participants["session"], group.summary["session"]])
    return in_order(found, [session.name for session in spec.sessions])


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
    rows = []
    for who, own in people.groupby("participant_id", sort=True):
        cells = []
        for task in tasks:
            went_in = set(own[(own["task"] == task) & own["included"]]["session"])
            cells.append(", ".join(each for each in sessions if each in went_in) or "none")
        arm = text(next(iter(own["arm"].dropna()), None))
        rows.append((_own_report(str(who), output_dir), arm, *cells, _reasons(own)))
    columns = (
        Column("Participant"),
        Column("Arm"),
        *(Column(f"{task}: sessions in") for task in tasks),
        Column("What is not in, and why", wide=True),
    )
    note = ""
    if len(rows) > MOST_ROWS:
        note = f"The first {MOST_ROWS} of {len(rows):,}; all are in group_participants.tsv."
    return TableView("Participants", columns, tuple(rows[:MOST_ROWS]), note=note)


def _own_report(who: str, output_dir: Path) -> str:
    name = f"{who}.html"
    if re.fullmatch(r"sub-[A-Za-z0-9+]+", who) and (output_dir / name).is_file():
        return Markup(f'<a href="{quote(name)}">{escape(who)}</a>')
    return who


def _reasons(own: pd.DataFrame) -> str:
    told: dict[str, list[str]] = {}
    for row in records(own):
        if not is_absent(row["reason"]) or not row["included"]:
            place = f"{text(row['task'])} {text(row['session'])}"
            told.setdefault(text(row["reason"], "no reason is given"), []).append(place)
    return "; ".join(f"{', '.join(places)}: {reason}" for reason, places in told.items())


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
    out = out.assign(reason=out["reason"].fillna("no reason is given"))
    counts = out.groupby(["task", "reason"], sort=False).agg(
        people=("participant_id", "nunique"), sessions=("session", "size")
    )
    counts = counts.sort_values("sessions", ascending=False, kind="stable").reset_index()
    rows = tuple(
        (text(row["task"]), str(row["reason"]), str(row["people"]), str(row["sessions"]))
        for row in records(counts)
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
