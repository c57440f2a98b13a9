"""Collect what the participant level left in the output tree, and refuse what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.outputs.measures_files import REMAKE, join_measures, read_json, read_measures
from bids_ketamine.outputs.participant_logs import (
    ParticipantLog,
    missing_things,
    one_sentence,
    read_logs,
)
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.study.spec import StudySpec

#: Sessions named in a refusal before the others are counted.
NAMED = 10


@dataclass(frozen=True)
class SessionOutput:
    """What the participant level wrote for one session.

    Attributes
    ----------
    participant_id : str
        With ``sub-``.
    session : str or None
        Meaning of the session in the study; ``None`` if there is no measure to tell it.
    session_id : str or None
        With ``ses-``; ``None`` without session folders.
    path : Path
        The measures table.
    study_hash, software_version : str
        What computed it.
    missing : tuple of (str, str)
        What was missing, and the reason.
    """

    participant_id: str
    session: str | None
    session_id: str | None
    path: Path
    study_hash: str
    software_version: str
    missing: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """Participant and session as the user knows them."""
        return " ".join(filter(None, (self.participant_id, self.session_id)))


@dataclass(frozen=True)
class CollectedOutputs:
    """All measures of the output tree.

    Attributes
    ----------
    rows : DataFrame
        Rows of all measures tables by participant and session (in the study's order): text
        columns as categories, ``value``, ``mean_fd`` and ``n_volumes_kept`` as numbers.
    sessions : tuple of SessionOutput
        One for each measures table.
    logs : mapping of str to ParticipantLog
        By participant, with ``sub-``.
    """

    rows: pd.DataFrame
    sessions: tuple[SessionOutput, ...]
    logs: Mapping[str, ParticipantLog]

    @property
    def software_version(self) -> str:
        """The version that computed all of them."""
        return self.sessions[0].software_version

    @property
    def participants(self) -> tuple[str, ...]:
        """Everybody who has measures, with ``sub-``."""
        return tuple(dict.fromkeys(each.participant_id for each in self.sessions))

    def session_names(self, participant_id: str) -> dict[str, str]:
        """Return the meaning of each session label (without ``ses-``) of a participant."""
        return {
            each.session_id.removeprefix("ses-"): each.session
            for each in self.sessions
            if each.participant_id == participant_id and each.session_id and each.session
        }

    def failed_but_present(self) -> tuple[str, ...]:
        """Return sessions whose last run failed while measures of an earlier run are there."""
        return tuple(
            each.name
            for each in self.sessions
            if each.participant_id in self.logs
            and self.logs[each.participant_id].status.get(str(each.session)) == "failed"
        )

    def reason_without_rows(
        self, participant_id: str, session: str, task_names: Collection[str]
    ) -> str:
        """Say why there are no measures of a task in a session.

        Parameters
        ----------
        participant_id : str
            With ``sub-``.
        session : str
            Meaning of the session in the study.
        task_names : collection of str
            Names under which the task is known.

        Returns
        -------
        str
            One sentence without a full stop.
        """
        for each in self.sessions:
            if (each.participant_id, each.session) == (participant_id, session):
                found = [
                    f"{what}: {reason}"
                    for what, reason in each.missing
                    if what.partition(":")[0].partition(" ")[0] in task_names
                ]
                return one_sentence(found) or "no measure of this task was computed"
        log = self.logs.get(participant_id, ParticipantLog())
        if log.status.get(session) == "failed":
            return f"session {session} failed: {log.errors.get(session, 'see the log')}"
        why = log.missing.get(session, "the participant level has no result of it")
        return f"no session {session}: {why}"


def collect_outputs(output_dir: Path, spec: StudySpec) -> CollectedOutputs:
    """Read every measures table of the output tree.

    Parameters
    ----------
    output_dir : Path
        The output folder; nothing else is read.
    spec : StudySpec
        The study that the outputs must come from.

    Returns
    -------
    CollectedOutputs
        Measures, and what is known of sessions without any.

    Raises
    ------
    InputMissingError
        If there is none.
    InputDataError
        If tables come from different studies or versions, or from another study than this
        one, or if one is damaged.
    """
    patterns = ("sub-*/sub-*_measures.tsv", "sub-*/ses-*/sub-*_measures.tsv")
    paths = sorted(path for pattern in patterns for path in output_dir.glob(pattern))
    if not paths:
        raise InputMissingError(
            "There are no measures in the output folder.",
            path=output_dir,
            cure="Run the participant level first.",
        )
    outputs = [_session_output(path, spec) for path in paths]
    _require_one_origin(outputs, spec)
    names = [session.name for session in spec.sessions]
    found = []
    for each in outputs:
        table = read_measures(each.path, participant_id=each.participant_id, session_names=names)
        session = str(table["session"].iloc[0]) if len(table) else each.session
        found.append((replace(each, session=session), table))
    found.sort(key=lambda pair: (pair[0].participant_id, *_place(pair[0].session, names)))
    sessions = tuple(each for each, _ in found)
    _require_distinct(sessions)
    return CollectedOutputs(
        rows=join_measures([table for _, table in found]),
        sessions=sessions,
        logs=read_logs(output_dir / "logs"),
    )


def require_known(collected: CollectedOutputs, participants: Collection[str], table: Path) -> None:
    """Refuse outputs of somebody whom the dataset does not know.

    Parameters
    ----------
    collected : CollectedOutputs
        The outputs.
    participants : collection of str
        Participants of the dataset, with ``sub-``.
    table : Path
        The file that lists them.

    Raises
    ------
    InputDataError
        Naming those who are not listed.
    """
    unknown = [name for name in collected.participants if name not in set(participants)]
    if unknown:
        raise InputDataError(
            f"The output folder has measures of {_some(unknown, NAMED)}, not listed in "
            f"{table.name}.",
            path=table,
            cure=f"Add the missing rows to {table.name}, or remove those outputs.",
        )


def _session_output(path: Path, spec: StudySpec) -> SessionOutput:
    sidecar_path = path.with_suffix(".json")
    sidecar = read_json(sidecar_path)
    study, version = sidecar.get("StudyHash"), sidecar.get("SoftwareVersion")
    if not isinstance(study, str) or not isinstance(version, str):
        raise InputDataError(
            "The sidecar of the measures does not say what computed them (StudyHash, "
            "SoftwareVersion).",
            path=sidecar_path,
            cure=REMAKE,
        )
    session_id = path.parent.name if path.parent.name.startswith("ses-") else None
    return SessionOutput(
        participant_id=path.name.split("_")[0],
        session=_meaning(session_id, spec),
        session_id=session_id,
        path=path,
        study_hash=study,
        software_version=version,
        missing=tuple(missing_things(sidecar)),
    )


def _meaning(session_id: str | None, spec: StudySpec) -> str | None:
    """Return what a label means where that is the same for all participants."""
    if session_id is None:
        return spec.sessions[0].name if len(spec.sessions) == 1 else None
    label = session_id.removeprefix("ses-")
    named = {(each.label or each.name): each.name for each in spec.sessions if not each.column}
    return named.get(label)


def _require_one_origin(outputs: Sequence[SessionOutput], spec: StudySpec) -> None:
    """Refuse outputs of more than one study or version, or of another study than this one."""
    for attribute, things in (
        ("study_hash", "study settings"),
        ("software_version", "versions of the software"),
    ):
        by_value: dict[str, list[str]] = {}
        for each in outputs:
            by_value.setdefault(getattr(each, attribute), []).append(each.name)
        if len(by_value) > 1:
            shown = list(by_value.items())[:NAMED]
            listing = "; ".join(
                f"{value}: {_some(names, NAMED // len(shown))}" for value, names in shown
            )
            raise InputDataError(
                f"The measures were computed with different {things} ({listing}).",
                cure="Run the participant level on the odd sessions with --overwrite.",
            )
    expected, found = study_hash(spec), outputs[0].study_hash
    if found != expected:
        raise InputDataError(
            f"The measures were computed with other study settings (hash {found}) than those of "
            f"the study `{spec.name}` given now (hash {expected}).",
            cure="Give the study they were computed with, or run the participant level with "
            "this one and --overwrite.",
        )


def _require_distinct(sessions: Sequence[SessionOutput]) -> None:
    seen: dict[tuple[str, str], SessionOutput] = {}
    for each in sessions:
        if each.session is None:
            continue
        other = seen.setdefault((each.participant_id, each.session), each)
        if other is not each:
            raise InputDataError(
                f"{each.participant_id} has two sessions that mean `{each.session}`: "
                f"{other.path.name} and {each.path.name}.",
                path=each.path,
                cure="Remove the outputs of the one that does not belong to the study.",
            )


def _place(session: str | None, names: Sequence[str]) -> tuple[int, str]:
    return (names.index(session) if session in names else len(names), str(session))


def _some(names: Sequence[str], limit: int) -> str:
    """Name the first few and count the others.

    >>> _some(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")
