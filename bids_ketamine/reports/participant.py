"""The report of one participant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bids_ketamine.reports.methods_routes import route_words
from bids_ketamine.reports.methods_text import participant_text
from bids_ketamine.reports.participant_measures import measure_tables
from bids_ketamine.reports.participant_motion import motion_pictures, motion_words
from bids_ketamine.reports.participant_tasks import cleaning_views, task_views, tasks_in_order
from bids_ketamine.reports.render import write_page
from bids_ketamine.reports.tree import ParticipantOutput, RunOutput, SessionOutput, read_participant
from bids_ketamine.reports.views import Column, TableView, Tile, relative_link
from bids_ketamine.reports.words import ABSENT, counted, is_absent, number, percent, text
from bids_ketamine.study.load import Study

#: Sessions of which there are results of this run of the app, or of an equal one.
DONE = ("computed", "reused")


@dataclass(frozen=True)
class ErrorView:
    """A step that failed."""

    session: str
    step: str
    message: str
    crash_file: str
    link: str | None


def write_participant_report(output_dir: Path, participant: str, *, study: Study) -> Path:
    """Write ``sub-<label>.html`` from the output tree alone.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    participant : str
        Label, with or without ``sub-``.
    study : Study
        The study that was run.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputMissingError
        If the tree holds nothing of this participant.
    CannotCreateError, ReadWriteError
        If the page cannot be written.
    """
    found = read_participant(output_dir, participant, spec=study.spec)
    spec = study.spec
    errors = _errors(found)
    shown = [task for task, _ in tasks_in_order(found, spec)]
    motion, no_motion = motion_pictures(found, spec, shown)
    tasks = [*cleaning_views(found, spec), *task_views(found, spec)]
    runs = [
        {**run.facts, "Session": session.name} for session, run in _all_runs(found) if run.facts
    ]
    sessions = found.sessions
    gppi = [file.facts() for session in sessions for file in session.gppi_tables]
    rsa = [file.facts() for session in sessions for file in session.dissimilarities]
    dcm = [file.facts() for session in sessions for file in session.circuits]
    contents = [("errors", "Errors")] if errors or found.unreadable else []
    contents += [("summary", "Summary"), ("inputs", "Inputs")]
    contents += [("motion", "Motion and outliers")] if motion or no_motion else []
    contents += [(task.anchor, task.title) for task in tasks]
    contents += [("measures", "Measures"), ("methods", "Methods"), ("provenance", "Provenance")]
    return write_page(
        output_dir / f"{found.participant}.html",
        "participant.html.j2",
        title=f"{found.participant} \u00b7 {spec.name}",
        kicker=f"Participant report \u00b7 {spec.name}",
        heading=found.participant,
        subtitle=spec.title or f"Study {spec.name}",
        contents=contents,
        statuses=_statuses(found, study),
        errors=errors,
        unreadable=found.unreadable,
        tiles=_tiles(found, study, errors),
        notices=_notices(found, study),
        inputs=_inputs(found),
        missing=_missing(found),
        complete=bool(runs) and _finished(found, study) and not errors,
        motion=motion,
        motion_words=motion_words(spec),
        no_motion=no_motion,
        tasks=tasks,
        measures=measure_tables(found),
        methods=participant_text(study, runs=runs, gppi=gppi, rsa=rsa, dcm=dcm),
        provenance=_provenance(found),
        sources=_sources(found),
    )


def _errors(found: ParticipantOutput) -> list[ErrorView]:
    views = []
    for entry in _entries(found.log, "Errors"):
        crash_file = entry.get("CrashFile")
        views.append(
            ErrorView(
                session=text(entry.get("Session"), ""),
                step=text(entry.get("Step"), ""),
                message=text(entry.get("Message"), "There is no message."),
                crash_file=text(crash_file, ""),
                link=relative_link(crash_file),
            )
        )
    statuses = found.log.get("Sessions")
    for session in found.sessions:
        status = statuses.get(session.name) if isinstance(statuses, Mapping) else None
        if status in ("failed", "missing"):
            views.append(ErrorView(session.name, "", _FROM_EARLIER, "", None))
    return views


_FROM_EARLIER = (
    "The last run did not finish this session. What this page shows of it is from an earlier run."
)


def _entries(facts: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    entries = facts.get(key)
    return [each for each in entries if isinstance(each, Mapping)] if entries else []


def _statuses(found: ParticipantOutput, study: Study) -> list[tuple[str, str]]:
    recorded = found.log.get("Sessions")
    statuses = dict(recorded) if isinstance(recorded, Mapping) else {}
    for session in found.sessions:
        statuses.setdefault(session.name, "computed")
    order = [session.name for session in study.spec.sessions]
    known = sorted(statuses, key=lambda name: order.index(name) if name in order else len(order))
    return [(str(name), str(statuses[name])) for name in known]


def _finished(found: ParticipantOutput, study: Study) -> bool:
    """Tell whether every session was done; only then is what is not listed not missing."""
    return all(status in DONE for _, status in _statuses(found, study))


def _tiles(found: ParticipantOutput, study: Study, errors: list[ErrorView]) -> list[Tile]:
    statuses = dict(_statuses(found, study))
    done = sum(status in DONE for status in statuses.values())
    runs = [run.facts for session in found.sessions for run in session.runs if run.facts]
    n_missing = len(_missing_entries(found))
    tiles = [
        Tile(
            "Sessions done",
            f"{done} of {len(statuses)}",
            ", ".join(session.name for session in found.sessions),
            alarming=done < len(statuses),
        ),
        Tile("Runs used", str(len(runs)), f"{counted(n_missing, 'input')} missing"),
    ]
    displaced = [
        (float(run["MeanFramewiseDisplacement"]), str(run.get("Task")))
        for run in runs
        if not is_absent(run.get("MeanFramewiseDisplacement"))
    ]
    if displaced:
        largest, task = max(displaced)
        tiles.append(Tile("Largest mean FD", f"{number(largest, 2)} mm", task))
    kept = sum(int(run.get("VolumesKept") or 0) for run in runs)
    total = sum(int(run.get("Volumes") or 0) for run in runs)
    if total:
        tiles.append(Tile("Volumes kept", percent(kept / total), f"{kept:,} of {total:,}"))
    values = pd.concat([session.measures["value"] for session in found.sessions] or [pd.Series()])
    n_values = int(values.notna().sum())
    note = f"{len(values) - n_values:,} missing" if len(values) > n_values else "none missing"
    tiles.append(Tile("Measures", f"{n_values:,}", note if len(values) else ""))
    tiles.append(Tile("Errors", str(len(errors)), alarming=bool(errors)))
    return tiles


def _notices(found: ParticipantOutput, study: Study) -> list[str]:
    told = [study.notices, found.log.get("Notices") or ()]
    told += [session.facts.get("Notices") or () for session in found.sessions]
    notices = dict.fromkeys(str(notice) for notices in told for notice in notices)
    return [f"{notice[:1].upper()}{notice[1:]}" for notice in notices]


def _all_runs(found: ParticipantOutput) -> Iterable[tuple[SessionOutput, RunOutput]]:
    return ((session, run) for session in found.sessions for run in session.runs)


def _inputs(found: ParticipantOutput) -> TableView | None:
    columns = (
        Column("Session"),
        Column("Task"),
        Column("Run"),
        Column("Series", wide=True),
        Column("TR, s", numeric=True),
        Column("Reference, s", numeric=True),
        Column("Volumes kept", numeric=True),
        Column("Outliers", numeric=True),
        Column("Mean FD, mm", numeric=True),
        Column("Residual df", numeric=True),
        Column("Noise model"),
    )
    rows = tuple(
        (
            session.name,
            text(run.facts.get("Task"), run.task),
            run.run or ABSENT,
            route_words(run.facts) if run.facts else "not recorded",
            number(run.facts.get("RepetitionTime")),
            number(run.facts.get("ReferenceTime")),
            _kept(run),
            text(run.facts.get("OutlierVolumes")),
            number(run.facts.get("MeanFramewiseDisplacement"), 3),
            number(run.facts.get("ResidualDegreesOfFreedom"), 1),
            text(run.facts.get("NoiseModel")),
        )
        for session, run in _all_runs(found)
    )
    if not rows:
        return None
    empty = [at for at in range(2, len(columns)) if all(row[at] == ABSENT for row in rows)]
    keep = [at for at in range(len(columns)) if at not in empty]
    return TableView(
        "Runs used",
        tuple(columns[at] for at in keep),
        tuple(tuple(row[at] for at in keep) for row in rows),
    )


def _kept(run: RunOutput) -> str:
    kept, total = text(run.facts.get("VolumesKept")), text(run.facts.get("Volumes"))
    return ABSENT if total == ABSENT else f"{kept} of {total}"


def _missing_entries(found: ParticipantOutput) -> list[tuple[str, str, str]]:
    entries = [
        (text(each.get("Session"), ""), text(each.get("What")), text(each.get("Reason")))
        for each in _entries(found.log, "Missing")
    ]
    for session in found.sessions:
        entries += [
            (session.name, text(each.get("What")), text(each.get("Reason")))
            for each in _entries(session.facts, "Missing")
        ]
    return list(dict.fromkeys(entries))


def _missing(found: ParticipantOutput) -> TableView | None:
    rows = _missing_entries(found)
    if not rows:
        return None
    columns = (Column("Session"), Column("What"), Column("Why", wide=True))
    return TableView("Missing inputs", columns, tuple(rows))


def _provenance(found: ParticipantOutput) -> TableView | None:
    keys = ("StudyName", "StudyHash", "InputsHash", "SoftwareVersion")
    rows = tuple(
        (
            session.name,
            session.label or "no session folders",
            *(text(session.facts.get(key)) for key in keys),
        )
        for session in found.sessions
    )
    if not rows:
        return None
    names = ("Session", "Folder", "Study", "Study hash", "Inputs hash", "bids_ketamine")
    return TableView("What the results were made from", tuple(map(Column, names)), rows)


def _sources(found: ParticipantOutput) -> list[tuple[str, list[str]]]:
    return [
        (session.name, [str(source) for source in session.facts.get("Sources") or ()])
        for session in found.sessions
        if session.facts.get("Sources")
    ]
