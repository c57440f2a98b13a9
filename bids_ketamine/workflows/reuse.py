"""What lies in the output already: reused, refused, or replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bids_ketamine._version import __version__
from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.errors import CannotCreateError
from bids_ketamine.outputs.patterns import output_name
from bids_ketamine.outputs.provenance import inputs_hash
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.spec import StudySpec

#: Sessions named in a message.
MOST_NAMED = 5


def regions_fingerprint(sources: Sequence[RegionSource]) -> str:
    """Return the fingerprint of what regions are made of: choices, templates, files by content."""
    files = {
        path
        for each in sources
        for path in (each.image, each.transform, *each.midthickness)
        if path is not None
    }
    # Folders do not count; names do: they state the template.
    facts = [
        replace(
            each,
            image=each.image and Path(each.image.name),
            transform=each.transform and Path(each.transform.name),
            midthickness=tuple(Path(path.name) for path in each.midthickness),
        )
        for each in sources
    ]
    return inputs_hash(files, facts)


def session_fingerprint(session: SessionInputs, regions: str) -> str:
    """Return the fingerprint of a session's input files, metadata and meaning in the study.

    Parameters
    ----------
    session : SessionInputs
        The session.
    regions : str
        Fingerprint of what the study's regions are made of.
    """
    files: list[Path] = []
    facts: list[object] = [session.session, regions]
    if session.volumes is not None:
        files += session.volumes.files
        facts.append((session.volumes.note, session.volumes.reason))
    for run in session.runs:
        files += run.files
        if run.confounds is not None and run.confounds.with_suffix(".json").is_file():
            files.append(run.confounds.with_suffix(".json"))
        facts.append(
            (
                *(run.task, run.run, run.description, run.space, run.entities),
                *(run.t_r, run.start_time, run.slice_timing_corrected),
            )
        )
    return inputs_hash(files, facts)


def left_out_tasks(session: SessionInputs, study: StudySpec) -> tuple[str, ...]:
    """Return tasks of the study of which nothing was looked for in a session (--task-id)."""
    names = {task.label: task.name for task in study.tasks}
    if study.rest is not None:
        names[study.rest.task] = study.rest.task
    missing = {each.what.partition(":")[0] for each in session.missing}
    present = {names.get(run.task) for run in session.runs}
    return tuple(name for name in names.values() if name not in present | missing)


class EarlierResults:
    """Results of earlier runs in an output folder.

    Parameters
    ----------
    output_dir : Path
        Output dataset.
    study_hash : str
        Fingerprint of the study of this run.
    fingerprints : mapping of str to str
        Fingerprint of each session with runs, by its prefix.
    """

    def __init__(self, output_dir: Path, study_hash: str, fingerprints: Mapping[str, str]) -> None:
        self.output_dir = output_dir
        self.study_hash = study_hash
        self.fingerprints = fingerprints

    def measures_file(self, session: SessionInputs) -> Path:
        """Return where a session's measures table is, or would be."""
        return self.output_dir / session.folder / output_name("measures", prefix=session.prefix)

    def sidecar(self, session: SessionInputs) -> dict[str, Any] | None:
        """Return the sidecar of an earlier result; ``None`` if there is no result."""
        table = self.measures_file(session)
        if not table.is_file():
            return None
        try:
            carried = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return carried if isinstance(carried, dict) else {}

    def differences(self, session: SessionInputs) -> list[str]:
        """Return what an earlier result was computed from otherwise; empty if nothing."""
        carried = self.sidecar(session)
        if carried is None:
            return ["nothing computed yet"]
        wanted = {
            "StudyHash": ("study or its region files", self.study_hash),
            "InputsHash": ("input files", self.fingerprints.get(session.prefix, "gone")),
            "SoftwareVersion": ("version", __version__),
        }
        return [
            f"{word} (was {carried.get(key)}, is {value})"
            for key, (word, value) in wanted.items()
            if carried.get(key) != value
        ]

    def reusable(self, session: SessionInputs) -> bool:
        """Tell whether a whole result with the same fingerprints is there."""
        return not self.differences(session)

    def refuse_replacing(self, sessions: Sequence[SessionInputs]) -> None:
        """Raise if results of another study, input or version would be replaced.

        Raises
        ------
        CannotCreateError
            Naming sessions and what differs.
        """
        conflicts = [
            f"{session.prefix}: {', '.join(self.differences(session))}"
            for session in sessions
            if self.sidecar(session) is not None and not self.reusable(session)
        ]
        if conflicts:
            raise CannotCreateError(
                f"The output holds results that were computed otherwise: {_some(conflicts)}.",
                path=self.output_dir,
                cure="Use another output folder, or --overwrite to replace them.",
            )

    def refuse_losing_tasks(self, sessions: Sequence[SessionInputs], study: StudySpec) -> None:
        """Raise if replacing a session would lose tasks that this run was told to leave out.

        Raises
        ------
        CannotCreateError
            Naming sessions and tasks.
        """
        losses = []
        for session in sessions:
            runs = (self.sidecar(session) or {}).get("Runs", ())
            earlier = {str(run.get("Task")) for run in runs if isinstance(run, dict)}
            lost = [name for name in left_out_tasks(session, study) if name in earlier]
            if lost:
                losses.append(f"{session.prefix}: {', '.join(lost)}")
        if losses:
            raise CannotCreateError(
                f"Replacing these results would lose tasks: {_some(losses)}.",
                path=self.output_dir,
                cure="Run without --task-id, or use another output folder.",
            )


def _some(sentences: Sequence[str]) -> str:
    return "; ".join(sentences[:MOST_NAMED]) + ("; ..." if len(sentences) > MOST_NAMED else "")
