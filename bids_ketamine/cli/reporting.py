"""Reports and methods text, made from the output tree alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.errors import NothingSelectedError

if TYPE_CHECKING:
    from bids_ketamine.cli.trial import Trial

_SUBJECT = re.compile(r"^sub-([0-9A-Za-z+]+)")


def participant_report(trial: Trial, participant: str) -> Path:
    """Write one participant's report."""
    from bids_ketamine.reports.participant import write_participant_report

    return write_participant_report(trial.output_dir, participant, study=trial.study)


def group_report(trial: Trial, *, individual_data: bool) -> Path:
    """Write the group's report."""
    from bids_ketamine.reports.group import write_group_report

    return write_group_report(trial.output_dir, study=trial.study, individual_data=individual_data)


def who_went_in(output_dir: Path) -> str:
    """Say in a line who is in group statistics and who is not."""
    from bids_ketamine.outputs.tables import read_table

    table = read_table(output_dir / "group" / "group_participants.tsv", text=("participant_id",))
    everybody = list(dict.fromkeys(table["participant_id"]))
    if not everybody:
        return f"participants in group statistics: {_recorded_number(output_dir)}"
    inside = set(table.loc[table["included"].astype(bool), "participant_id"])
    out = [participant for participant in everybody if participant not in inside]
    line = f"participants in group statistics: {len(inside)} of {len(everybody)}"
    if not out:
        return line
    reasons = table.drop_duplicates("participant_id").set_index("participant_id")["reason"]
    shown = "; ".join(f"{each} ({reasons[each]})" for each in out[:5])
    return f"{line}; out: {shown}{'; ...' if len(out) > 5 else ''}"


def _recorded_number(output_dir: Path) -> str:
    """Return how many participants went in without measures, as the record of the group says."""
    try:
        record = json.loads((output_dir / "group" / "group.json").read_text(encoding="utf-8"))
        return str(record["Participants"])
    except (OSError, ValueError, LookupError, TypeError):
        return "none"


def methods_text(trial: Trial, level: str) -> str:
    """Write the methods text to ``logs/CITATION.md`` and return it.

    It tells of what was really run where there are results, of the study where there are none;
    and of both levels from the group level on.

    Parameters
    ----------
    trial : Trial
        Gives study and output folder.
    level : str
        ``participant`` or ``group``.
    """
    from bids_ketamine.outputs.tables import write_text
    from bids_ketamine.reports.methods_text import boilerplate, participant_methods

    output_dir = trial.output_dir if trial.output_dir.is_dir() else None
    both = level == "group" or (trial.output_dir / "group" / "group.json").is_file()
    text = (boilerplate if both else participant_methods)(trial.study, output_dir=output_dir)
    write_text(trial.output_dir / "logs" / "CITATION.md", text)
    return text


def participants_with_results(output_dir: Path, labels: Sequence[str] | None) -> tuple[str, ...]:
    """Return the participants that the output tree holds results or errors of.

    Parameters
    ----------
    output_dir : Path
        Folder of results.
    labels : sequence of str or None
        Labels asked for, without ``sub-``; ``None`` for all.

    Raises
    ------
    NothingSelectedError
        If there is none, or one asked for is not among them.
    """
    names = [path.name for path in output_dir.glob("sub-*") if path.is_dir()]
    names += [path.name for path in (output_dir / "logs").glob("sub-*_errors.json")]
    found = sorted({match[1] for match in map(_SUBJECT.match, names) if match is not None})
    unknown = [label for label in labels or () if label not in found]
    if unknown:
        raise NothingSelectedError(
            f"The output folder holds nothing of {', '.join(f'sub-{each}' for each in unknown)}.",
            path=output_dir,
            cure="Run the participant level for them first.",
        )
    if not found:
        raise NothingSelectedError(
            "The output folder holds no participant.",
            path=output_dir,
            cure="Run the participant level first.",
        )
    return tuple(found) if labels is None else tuple(labels)
