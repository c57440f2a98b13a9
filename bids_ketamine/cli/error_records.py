"""How each session and report ended, kept in the output tree for reports and later runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli.console import write_crash_file
from bids_ketamine.cli.trial import Trial
from bids_ketamine.errors import BidsKetamineError

if TYPE_CHECKING:
    from bids_ketamine.dataset.inputs import SessionInputs
    from bids_ketamine.outputs.places import Places
    from bids_ketamine.workflows.records import SessionOutcome

LOGGER = logging.getLogger("bids_ketamine")


def record_outcomes(
    trial: Trial, *, sessions: Sequence[SessionInputs], outcomes: Sequence[SessionOutcome]
) -> None:
    """Write ``logs/sub-XX_errors.json`` of each participant.

    What an earlier run recorded of sessions that are not in this one is kept. Folders have
    names there (``BIDS_DIR``); the console tells them in full.

    Parameters
    ----------
    trial : Trial
        Gives the output folder and the study's notices.
    sessions : sequence of SessionInputs
        What was there to compute from.
    outcomes : sequence of SessionOutcome
        How each session ended.
    """
    from bids_ketamine.outputs.tables import write_json

    where = trial_places(trial)
    for participant in dict.fromkeys(each.participant for each in sessions):
        path = record_path(trial.output_dir, participant)
        mine = [each for each in sessions if each.participant == participant]
        names = {each.session for each in mine}
        before = _read_record(path)
        errors = [
            {
                "Session": outcome.session,
                "Step": error.step,
                "Message": where.hide(error.message),
                "CrashFile": _shown(error.crash_file, trial.output_dir),
            }
            for outcome in outcomes
            if outcome.participant == participant
            for error in outcome.errors
        ]
        missing = [
            {"Session": each.session, "What": one.what, "Reason": where.hide(one.reason)}
            for each in mine
            for one in each.missing
        ]
        statuses = {
            each.session: each.status for each in outcomes if each.participant == participant
        }
        record = {
            "Errors": _of_others(before.get("Errors"), names) + errors,
            "Notices": [where.hide(notice) for notice in trial.study.notices],
            "Sessions": {**_mapping(before.get("Sessions")), **statuses},
            "Missing": _of_others(before.get("Missing"), names) + missing,
        }
        write_json(path, record)


def trial_places(trial: Trial) -> Places:
    """Return the names that stand for a trial's folders in what is kept."""
    from bids_ketamine.outputs.places import places

    return places(
        bids_dir=trial.bids_dir, derivatives=trial.derivatives, output_dir=trial.output_dir
    )


def record_path(output_dir: Path, participant: str) -> Path:
    """Return where a participant's errors are recorded."""
    return output_dir / "logs" / f"sub-{participant}_errors.json"


def _read_record(path: Path) -> Mapping[str, object]:
    try:
        return _mapping(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):  # none yet, or damaged: it is written anew
        return {}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _of_others(entries: object, names: set[str]) -> list[object]:
    """Return the entries about sessions that are not in this run and that belong to one."""
    if not isinstance(entries, list):
        return []
    return [
        each
        for each in entries
        if isinstance(each, dict) and each.get("Session") not in (*names, None)
    ]


def _shown(crash_file: Path | None, output_dir: Path) -> str | None:
    if crash_file is None:
        return None
    if crash_file.is_relative_to(output_dir):
        return crash_file.relative_to(output_dir).as_posix()
    return crash_file.name


def record_report_failure(trial: Trial, participant: str, error: Exception) -> None:
    """Tell that a report failed and add it to the participant's errors.

    Parameters
    ----------
    trial : Trial
        Gives the output folder.
    participant : str
        Label without ``sub-``.
    error : Exception
        Why it failed; an unexpected one gets a crash file.
    """
    from bids_ketamine.outputs.tables import write_json

    where = trial_places(trial)
    crash_file = None
    if not isinstance(error, BidsKetamineError):
        crash_file = write_crash_file(
            error,
            arguments=["report", participant],
            log_folder=trial.output_dir / "logs",
            where=where,
        )
    LOGGER.error("The report of sub-%s was not written: %s", participant, in_words(error))
    path = record_path(trial.output_dir, participant)
    record = dict(_read_record(path))
    errors = record.get("Errors")
    record["Errors"] = [
        *(errors if isinstance(errors, list) else []),
        {
            "Session": None,
            "Step": "report",
            "Message": where.hide(in_words(error)),
            "CrashFile": _shown(crash_file, trial.output_dir),
        },
    ]
    write_json(path, record)


def in_words(error: Exception) -> str:
    """Return an error as the user reads it; the kind of an unexpected one is told too."""
    if isinstance(error, BidsKetamineError):
        return str(error)
    return f"{type(error).__name__}: {error}"
