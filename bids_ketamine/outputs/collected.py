"""What was collected from the output tree, and what is known of its sessions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bids_ketamine.outputs.collect_models import ModelOutcome
from bids_ketamine.outputs.participant_logs import ParticipantLog, Processing, one_sentence


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
    processing : mapping of str to Processing
        How the series of each task had been processed, by the task's name in the study.
    models : tuple of ModelOutcome
        How the estimation of each dynamic causal model ended.
    """

    participant_id: str
    session: str | None
    session_id: str | None
    path: Path
    study_hash: str
    software_version: str
    missing: tuple[tuple[str, str], ...]
    processing: Mapping[str, Processing]
    models: tuple[ModelOutcome, ...] = ()

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
        columns as categories, numbers as such.
    sessions : tuple of SessionOutput
        One for each measures table.
    logs : mapping of str to ParticipantLog
        By participant, with ``sub-``.
    means : mapping of str to sequence of str
        Parts of each session of the study that is the mean of others.
    """

    rows: pd.DataFrame
    sessions: tuple[SessionOutput, ...]
    logs: Mapping[str, ParticipantLog]
    means: Mapping[str, Sequence[str]] = field(default_factory=dict)

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

    def of_earlier_runs(self, status: str) -> tuple[SessionOutput, ...]:
        """Return sessions whose last run ended so while measures of an earlier run are there.

        Parameters
        ----------
        status : str
            ``failed`` or ``missing``.
        """
        nothing = ParticipantLog()
        return tuple(
            each
            for each in self.sessions
            if each.session is not None
            and self.logs.get(each.participant_id, nothing).status.get(each.session) == status
        )

    def processed_differently(self) -> tuple[str, ...]:
        """Name each participant's task whose sessions were not processed alike, and how.

        Returns
        -------
        tuple of str
            Such as ``sub-01 faces: pre smoothAROMAnonaggr, post preproc``; smoothing is told
            where that is all the difference.
        """
        found: dict[tuple[str, str], dict[str, Processing]] = {}
        for each in self.sessions:
            for task, processing in each.processing.items():
                sessions = found.setdefault((each.participant_id, task), {})
                sessions[each.session or str(each.session_id)] = processing
        told = []
        for (participant, task), sessions in found.items():
            if len(set(sessions.values())) > 1:
                same = len({each.descriptions for each in sessions.values()}) == 1
                texts = [f"{name} {each.words(same)}" for name, each in sessions.items()]
                told.append(f"{participant} {task}: {', '.join(texts)}")
        return tuple(told)

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
        if session in self.means:
            parts = [
                self.reason_without_rows(participant_id, part, task_names)
                for part in self.means[session]
            ]
            return "; ".join(dict.fromkeys(parts))
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


def named(names: Sequence[str], limit: int, separator: str = ", ") -> str:
    """Name the first few and count the others.

    Parameters
    ----------
    names : sequence of str
        Names.
    limit : int
        Names that are told.
    separator : str
        What stands between them.

    Examples
    --------
    >>> named(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = len(names) - limit
    return separator.join(names[:limit]) + (f" and {more} more" if more > 0 else "")
