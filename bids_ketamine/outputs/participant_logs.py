"""What logs and sidecars of the participant level say of sessions beside the measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bids_ketamine.outputs.measures_files import read_json


@dataclass(frozen=True)
class ParticipantLog:
    """What the log of a participant says of sessions.

    Attributes
    ----------
    status : mapping of str to str
        ``computed``, ``reused``, ``failed`` or ``missing`` for each session.
    errors, missing : mapping of str to str
        Step and message, or what is missing and why, for each session that has some.
    """

    status: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Processing:
    """How the series of a task in a session had been processed before the measures.

    Attributes
    ----------
    descriptions : tuple of str
        Distinct descriptions of its runs' series, such as ``preproc``.
    smoothing : tuple of str
        Distinct smoothing of its runs that the app did, such as ``6 mm``; ``none`` for none.
    """

    descriptions: tuple[str, ...]
    smoothing: tuple[str, ...]

    def words(self, with_smoothing: bool) -> str:
        """Return it in words.

        Parameters
        ----------
        with_smoothing : bool
            Whether smoothing is told.

        Examples
        --------
        >>> Processing(("preproc",), ("6 mm",)).words(True)
        'preproc (smoothing 6 mm)'
        """
        text = " and ".join(self.descriptions)
        return f"{text} (smoothing {' and '.join(self.smoothing)})" if with_smoothing else text


def read_logs(folder: Path) -> dict[str, ParticipantLog]:
    """Read the log of every participant.

    Parameters
    ----------
    folder : Path
        Folder of the logs; there may be none.

    Returns
    -------
    dict of str to ParticipantLog
        By participant, with ``sub-``.

    Raises
    ------
    InputDataError
        If a log is not JSON.
    """
    logs = {}
    for path in sorted(folder.glob("sub-*_errors.json")):
        record = read_json(path)
        status = record.get("Sessions")
        errors: dict[str, list[str]] = {}
        missing: dict[str, list[str]] = {}
        for each in _records(record, "Errors"):
            text = f"{each.get('Step')}: {each.get('Message')}"
            errors.setdefault(str(each.get("Session")), []).append(text)
        for each in _records(record, "Missing"):
            text = f"{each.get('What')}: {each.get('Reason')}"
            missing.setdefault(str(each.get("Session")), []).append(text)
        logs[path.name.removesuffix("_errors.json")] = ParticipantLog(
            status=status if isinstance(status, dict) else {},
            errors={session: one_sentence(texts) for session, texts in errors.items()},
            missing={session: one_sentence(texts) for session, texts in missing.items()},
        )
    return logs


def missing_things(sidecar: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a session's sidecar says is missing, and why.

    Parameters
    ----------
    sidecar : mapping
        Content of ``*_measures.json``.
    """
    return [
        (str(each.get("What")), str(each.get("Reason"))) for each in _records(sidecar, "Missing")
    ]


def processing_of_runs(sidecar: Mapping[str, Any]) -> dict[str, Processing]:
    """Return how the series of each task had been processed.

    Parameters
    ----------
    sidecar : mapping
        Content of ``*_measures.json``.

    Returns
    -------
    dict of str to Processing
        By the name of the task in the study.
    """
    found: dict[str, tuple[set[str], set[str]]] = {}
    for run in _records(sidecar, "Runs"):
        descriptions, smoothing = found.setdefault(str(run.get("Task")), (set(), set()))
        descriptions.add(str(run.get("Description") or "no description"))
        fwhm = run.get("SmoothingFWHM")
        smoothing.add(f"{fwhm:g} mm" if isinstance(fwhm, int | float) else "none")
    return {
        task: Processing(tuple(sorted(descriptions)), tuple(sorted(smoothing)))
        for task, (descriptions, smoothing) in found.items()
    }


def one_sentence(texts: Sequence[str]) -> str:
    """Join sentences to one without a full stop.

    Parameters
    ----------
    texts : sequence of str
        Sentences.

    Examples
    --------
    >>> one_sentence(["faces: no events.", "rest: no images."])
    'faces: no events; rest: no images'
    """
    return "; ".join(text.rstrip(". ") for text in texts)


def _records(record: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    entries = record.get(name)
    return [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
