"""Events of tasks of all participants, found without images and without an index of the dataset.

The group level reads some small tables of every participant: their folders are looked into one
by one, which takes a thousandth of the time that indexing takes. Which table belongs to a run is
decided as for the participant level, by the inheritance of BIDS.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bids_ketamine.dataset.companions import find_events
from bids_ketamine.dataset.content import printable, reading_error
from bids_ketamine.dataset.filters import FileFilter
from bids_ketamine.dataset.labels import SessionLabel, SessionRules, folder_labels
from bids_ketamine.dataset.metadata import applies
from bids_ketamine.dataset.names import DatasetFile, listed, natural_order, parse_name
from bids_ketamine.dataset.session_files import SessionFiles, run_key
from bids_ketamine.dataset.tables import read_events
from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.study.spec import SessionSpec, StudySpec, TaskSpec
from bids_ketamine.study.task_names import event_columns

#: The group level has no filters.
_ANY = FileFilter({})


@dataclass(frozen=True)
class EventsProblem:
    """Why the events of a run, or of a session, cannot be used.

    Attributes
    ----------
    sentence : str
        What is wrong.
    file : str
        Name of the file in which it is; empty where there is none.
    cure : str
        What to do about it; empty for nothing.
    """

    sentence: str
    file: str = ""
    cure: str = ""

    def __str__(self) -> str:
        where = f"{self.file}: " if self.file and self.file not in self.sentence else ""
        return f"{where}{self.sentence}"


@dataclass(frozen=True, kw_only=True)
class SessionEvents:
    """Events of one participant, session and task.

    Attributes
    ----------
    participant : str
        With ``sub-``.
    session, task : str
        By their names in the study.
    tables : tuple of DataFrame
        Events of each run that can be read, as
        :func:`~bids_ketamine.dataset.tables.read_events` returns them.
    problems : tuple of EventsProblem
        Why those of other runs, or of the session, cannot.
    """

    participant: str
    session: str
    task: str
    tables: tuple[pd.DataFrame, ...] = ()
    problems: tuple[EventsProblem, ...] = ()


def session_events(
    bids_dir: Path, study: StudySpec, *, participants: Sequence[str], tasks: Sequence[TaskSpec]
) -> Iterator[SessionEvents]:
    """Read the events of tasks in every session of the study that has images.

    The runs of a session are those of its BOLD images, whether or not their content is there,
    and its own events tables where there are no images. A table above the session is used too
    for a session without images of any task.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Its sessions.
    participants : sequence of str
        With ``sub-``.
    tasks : sequence of TaskSpec
        Tasks with rules on error trials.

    Yields
    ------
    SessionEvents
        For each participant, session and task, in order. Damaged and missing files are told in
        ``problems``.

    Raises
    ------
    InputMissingError, InputDataError
        If a session depends on a participants.tsv that is not there or lacks its column.
    """
    rules = SessionRules(bids_dir, study.scanned_sessions)
    shared = _files(bids_dir, bids_dir)
    reader = _Reader()
    for participant in participants:
        label = participant.removeprefix("sub-")
        meanings = {each.name: rules.label(each, label) for each in study.scanned_sessions}
        for session in study.scanned_sessions:
            try:
                reason = _no_session(bids_dir, label, session, meanings)
                files = _session_files(bids_dir, label, meanings[session.name].label, shared)
            except OSError as error:
                place = Path(error.filename or bids_dir / participant)
                reason = reading_error(place, error).message.rstrip(".")
            for task in tasks:
                if reason:
                    tables: list[pd.DataFrame] = []
                    problems = [EventsProblem(reason)]
                else:
                    tables, problems = _of_task(files, task, reader)
                yield SessionEvents(
                    participant=participant,
                    session=session.name,
                    task=task.name,
                    tables=tuple(tables),
                    problems=tuple(problems),
                )


class _Reader:
    """Reads each table once: one at the root belongs to everybody."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, str], pd.DataFrame | EventsProblem] = {}

    def read(self, path: Path, task: TaskSpec) -> pd.DataFrame | EventsProblem:
        key = path, task.name
        if key not in self._known:
            self._known[key] = _table(path, task)
        return self._known[key]


def _table(path: Path, task: TaskSpec) -> pd.DataFrame | EventsProblem:
    # Modulators of conditions are the GLM's: behaviour does without them.
    columns = event_columns(replace(task, conditions=()))
    try:
        return read_events(path, required=columns.required, numeric=columns.numeric)
    except BidsKetamineError as error:
        return EventsProblem(error.message.rstrip("."), printable(path.name), error.cure or "")


def _no_session(
    bids_dir: Path, participant: str, session: SessionSpec, meanings: Mapping[str, SessionLabel]
) -> str:
    """Say why a participant has no such session; empty where they have it."""
    label, reason = meanings[session.name].label, meanings[session.name].reason
    if reason is not None:
        return reason
    folder = bids_dir / f"sub-{participant}"
    there = (
        [] if (folder / f"ses-{label}").is_dir() else natural_order(folder_labels(folder, "ses"))
    )
    has = f"it has {listed(f'ses-{each}' for each in there)}" if there else ""
    if session.unlabelled:
        if (folder / "func").is_dir():
            return ""
        return f"sub-{participant} has no data outside session folders{has and f'; {has}'}"
    same = [name for name, each in meanings.items() if label and each.label == label]
    if len(same) > 1:
        return f"ses-{label} of sub-{participant} stands for {' and '.join(same)}"
    if (folder / f"ses-{label}").is_dir():
        return ""
    return f"sub-{participant} has no ses-{label}; {has or 'it has no session folders'}"


def _session_files(
    bids_dir: Path, participant: str, label: str | None, shared: Sequence[DatasetFile]
) -> SessionFiles:
    """Return the images and events of a session, and the events that it inherits."""
    folder = bids_dir / f"sub-{participant}"
    raw = [*shared, *_files(bids_dir, folder)]
    if label is not None:
        folder = folder / f"ses-{label}"
        raw += _files(bids_dir, folder)
    raw += _files(bids_dir, folder / "func")
    return SessionFiles(
        participant=participant, label=label, raw=tuple(raw), derivatives={}, roots=(bids_dir,)
    )


def _files(root: Path, folder: Path) -> list[DatasetFile]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                entry.name
                for entry in entries
                if entry.name.endswith(("_events.tsv", "_bold.nii", "_bold.nii.gz"))
                and not entry.is_dir()  # a link whose content is not here is a file
            )
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [parse_name(root, folder / name, dataset="raw") for name in names]


def _of_task(
    session: SessionFiles, task: TaskSpec, reader: _Reader
) -> tuple[list[pd.DataFrame], list[EventsProblem]]:
    """Read the table of every run of a task."""
    tables: list[pd.DataFrame] = []
    problems: list[EventsProblem] = []
    runs: dict[str, list[DatasetFile]] = {}
    for target in _runs(session, task.label):
        runs.setdefault(run_key(target) or "", []).append(target)
    if not runs:
        where = f"sub-{session.participant}" + (f" ses-{session.label}" if session.label else "")
        problems.append(EventsProblem(f"{where} has no run of task-{task.label}"))
    for run in natural_order(runs):
        found = [find_events(session, target, _ANY) for target in runs[run]]
        paths = list(dict.fromkeys(each.path for each in found if each.path is not None))
        if len(paths) > 1:
            names = listed(printable(path.name) for path in paths)
            problems.append(EventsProblem(f"several events tables fit one run: {names}"))
        elif not paths:
            problems.append(EventsProblem(found[0].reason or ""))
        else:
            table = reader.read(paths[0], task)
            if isinstance(table, EventsProblem):
                problems.append(table)
            else:
                tables.append(table)
    return tables, problems


def _runs(session: SessionFiles, task: str) -> list[DatasetFile]:
    """Return one file, or more, of each run: images, and tables that no image inherits."""
    own = [file for file in session.raw if session.own(file)]
    images = [file for file in own if file.suffix == "bold"]
    tables = [file for file in own if file.suffix == "events" and file.get("task") == task]
    folder = Path(session.expected({"task": task}, "bold", ".nii.gz"))
    found = [file for file in images if file.get("task") == task]
    for table in tables:
        others = [each for each in tables if each is not table]
        if not any(applies(table, each) for each in (*found, *others)):
            found.append(replace(table, folder=folder.parent.as_posix()))
    if found or images:
        return found
    # The images lie elsewhere: what the session inherits is all that can be known of its run.
    of_run = {**session.entities, "task": task}
    return [DatasetFile("raw", folder, folder.parent.as_posix(), of_run, "bold", ".nii.gz")]
