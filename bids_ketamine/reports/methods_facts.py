"""Facts of an output tree that methods text tells of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bids_ketamine.errors import InputMissingError
from bids_ketamine.reports.facts import read_json

#: How names of sidecars end, by what they tell of.
SIDECARS = {
    "gppi": "_gppi.json",
    "rsa": "_stat-ldc_dissimilarity.json",
    "dcm": "_desc-dcm_estimates.json",
}


def run_facts(output_dir: Path, *, participant: str | None = None) -> tuple[dict[str, Any], ...]:
    """Collect the facts of all runs from the sidecars of measures tables.

    Each gets a ``Session``, which tells the runs of one participant's session from all others.

    Parameters
    ----------
    output_dir : Path
        Output tree.
    participant : str, optional
        Of this participant only, with or without ``sub-``.

    Raises
    ------
    InputMissingError
        If the folder is not there.
    """
    found: list[dict[str, Any]] = []
    for path in _sidecars(output_dir, participant, "", "_measures.json"):
        session = path.name.removesuffix("_measures.json")
        entries = read_json(path, []).get("Runs", [])
        entries = entries if isinstance(entries, list) else []
        found.extend({**each, "Session": session} for each in entries if isinstance(each, dict))
    return tuple(found)


def task_facts(
    output_dir: Path, kind: str, *, participant: str | None = None
) -> tuple[dict[str, Any], ...]:
    """Collect the sidecars of one method's tables.

    Parameters
    ----------
    output_dir : Path
        Output tree.
    kind : str
        A key of :data:`SIDECARS`.
    participant : str, optional
        Of this participant only, with or without ``sub-``.

    Raises
    ------
    InputMissingError
        If the folder is not there.
    """
    paths = _sidecars(output_dir, participant, "func/", SIDECARS[kind])
    return tuple(facts for facts in (read_json(path, []) for path in paths) if facts)


def _sidecars(output_dir: Path, participant: str | None, below: str, ending: str) -> list[Path]:
    if not output_dir.is_dir():
        raise InputMissingError("The output folder is not there.", path=output_dir)
    who = "sub-*" if participant is None else "sub-" + participant.removeprefix("sub-")
    return sorted(
        [
            *output_dir.glob(f"{who}/{below}*{ending}"),
            *output_dir.glob(f"{who}/ses-*/{below}*{ending}"),
        ]
    )
