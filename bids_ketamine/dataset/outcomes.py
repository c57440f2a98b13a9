"""Clinical scores of a study and improvement, from the raw dataset's tables."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from bids_ketamine.core.group.change import improvement
from bids_ketamine.dataset.clinical import (
    everybody,
    read_clinical_table,
    table_path,
)
from bids_ketamine.dataset.crossover import unusable_sessions
from bids_ketamine.dataset.labels import SessionRules
from bids_ketamine.dataset.names import listed, natural_order, strip_prefix
from bids_ketamine.dataset.scores import ScoreReader
from bids_ketamine.dataset.spelling import near_text, nearest_label, shown
from bids_ketamine.dataset.table_cells import TableCells
from bids_ketamine.study.spec import ChangeSpec, OutcomeSpec, StudySpec

OUTCOME_COLUMNS = (
    "participant_id",
    "outcome",
    "change",
    "first",
    "second",
    "improvement",
    "reason",
)

SCORE_COLUMNS = ("participant_id", "outcome", "session", "score", "reason")


def outcome_scores(bids_dir: Path, study: StudySpec) -> pd.DataFrame:
    """Read every clinical score of a study and compute improvement.

    improvement = first - second where a decrease is better, else second - first

    The score of a session that is the mean of others is the mean of those that these have.
    In a crossover trial a session whose period never happened, or of which tables contradict each
    other, has no score, and no improvement over it; here and in all other readers of scores.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Outcomes, changes and sessions.

    Returns
    -------
    pandas.DataFrame
        One row for each outcome and participant: ``participant_id`` (with ``sub-``),
        ``outcome``, ``change``, ``first`` and ``second`` (scores of the two sessions, NaN where
        the table holds the change itself), ``improvement`` (points, positive is better),
        ``reason`` (why improvement is missing, else ``None``).

    Raises
    ------
    InputMissingError
        If a table is not there, participants.tsv of a crossover trial among them.
    InputDataError
        If a column is missing, a cell is not a number, or no row is of the study's sessions.
    UsageError
        If a wide outcome names no column for a session of its change.
    """
    rows: list[tuple[object, ...]] = []
    cells = TableCells()
    for outcome, reader in _readers(bids_dir, study, cells):
        change = _change(outcome, study)
        for participant in everybody(bids_dir, reader.clinical.participants):
            first = second = better = math.nan
            reasons: list[str] = []
            if outcome.change_column:
                difference, reasons = reader.cell(participant, None, outcome.change_column)
                unusable = _unusable_change(reader, participant, change)
                if unusable:
                    difference, reasons = math.nan, unusable
                better = difference if outcome.improvement == "increase" else 0.0 - difference
            elif change is not None:
                first, why = reader.score(participant, change.first)
                second, more = reader.score(participant, change.second)
                reasons += why + more
                better = _improvement(first, second, outcome)
            reason = "; ".join(dict.fromkeys(reasons)) or None
            name = None if change is None else change.name
            rows.append((f"sub-{participant}", outcome.name, name, first, second, better, reason))
    cells.tell()
    frame = pd.DataFrame(rows, columns=list(OUTCOME_COLUMNS), dtype=object)
    return frame.astype(dict.fromkeys(("first", "second", "improvement"), np.float64))


def session_scores(
    bids_dir: Path, study: StudySpec, *, cells: TableCells | None = None
) -> pd.DataFrame:
    """Read the scores of every session of a study.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Outcomes and sessions.
    cells : TableCells, optional
        Gathers wrong cells, for the caller to tell; told here when absent.

    Returns
    -------
    pandas.DataFrame
        One row for each outcome, participant and session that the outcome can have: all sessions
        of the study in its order; those of its `columns` where the table is wide; none where it
        holds the change alone. ``participant_id`` (with ``sub-``), ``outcome``, ``session``,
        ``score`` (unit of the outcome, NaN where missing), ``reason`` (why it is missing, else
        ``None``).

    Raises
    ------
    InputMissingError
        If a table is not there.
    InputDataError
        If a column is missing, cells are not numbers (all of a table's are named), or no row is
        of the study's sessions.
    """
    rows: list[tuple[object, ...]] = []
    found = TableCells() if cells is None else cells
    for outcome, reader in _readers(bids_dir, study, found):
        for participant in everybody(bids_dir, reader.clinical.participants):
            for session in reader.session_names:
                score, why = reader.score(participant, session)
                reason = "; ".join(dict.fromkeys(why)) or None
                rows.append((f"sub-{participant}", outcome.name, session, score, reason))
    if cells is None:
        found.tell()
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS), dtype=object).astype(
        {"score": np.float64}
    )


def item_scores(bids_dir: Path, study: StudySpec, outcome: OutcomeSpec | str) -> pd.DataFrame:
    """Read the items of an outcome in every session of a study.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Outcomes and sessions.
    outcome : OutcomeSpec or str
        One of its outcomes with `items`, or its name.

    Returns
    -------
    pandas.DataFrame
        One row for each participant and session of the study (index ``participant_id`` with
        ``sub-``, and ``session``), one column an item in the order of the study, float64 in the
        unit of the outcome; NaN where an item, or the row, is missing.

    Raises
    ------
    InputMissingError
        If the table is not there.
    InputDataError
        If a column is missing, cells are not numbers, or no row is of the study's sessions.
    """
    name = outcome if isinstance(outcome, str) else outcome.name
    alone = replace(study, outcomes=tuple(each for each in study.outcomes if each.name == name))
    cells = TableCells()
    ((wanted, reader),) = _readers(bids_dir, alone, cells)
    keys = [
        (participant, session)
        for participant in everybody(bids_dir, reader.clinical.participants)
        for session in reader.session_names
    ]
    values = [reader.items(*key) for key in keys]
    cells.tell()
    index = pd.MultiIndex.from_tuples(
        [(f"sub-{participant}", session) for participant, session in keys],
        names=["participant_id", "session"],
    )
    shape = (len(keys), len(wanted.items))
    numbers = np.array(values, dtype=np.float64).reshape(shape)
    return pd.DataFrame(numbers, index=index, columns=list(wanted.items))


def unmatched_rows(
    bids_dir: Path, study: StudySpec, participants: Collection[str]
) -> tuple[str, ...]:
    """Say whose rows of outcome and covariate tables belong to no participant.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Outcomes and covariates.
    participants : collection of str
        Everybody whom the group level is about, with ``sub-``.

    Returns
    -------
    tuple of str
        One sentence for each table with such rows.

    Raises
    ------
    InputDataError
        If a table is damaged.
    """
    labels = [strip_prefix(name, "sub") for name in participants]
    sentences = []
    variables = study.participant_variables
    tables = [*(each.table for each in study.outcomes), *(each.table for each in variables)]
    for name in dict.fromkeys(tables):
        if not table_path(bids_dir, name).exists():
            continue
        clinical = read_clinical_table(bids_dir, name)
        unknown = natural_order(set(clinical.participants) - set(labels))
        if unknown:
            named = (
                f"sub-{shown(each)}" + near_text(nearest_label(each, labels), prefix="sub-")
                for each in unknown
            )
            sentences.append(
                f"The table {clinical.name} has rows of nobody in the study, which are not used: "
                f"{listed(named, most=5)}."
            )
    return tuple(sentences)


def _readers(
    bids_dir: Path, study: StudySpec, cells: TableCells
) -> Iterator[tuple[OutcomeSpec, ScoreReader]]:
    rules = SessionRules(bids_dir, study.own_sessions)
    unusable = unusable_sessions(bids_dir, study) if study.outcomes else {}
    for outcome in study.outcomes:
        purpose = f"the outcome `{outcome.name}`"
        clinical = read_clinical_table(bids_dir, outcome.table, purpose=purpose)
        yield outcome, ScoreReader(clinical, outcome, study, rules, cells, unusable)


def _change(outcome: OutcomeSpec, study: StudySpec) -> ChangeSpec | None:
    if outcome.change is not None:
        return next(change for change in study.changes if change.name == outcome.change)
    return study.changes[0] if study.changes else None


def _unusable_change(reader: ScoreReader, participant: str, change: ChangeSpec | None) -> list[str]:
    """Return why a change between two sessions has no score."""
    reasons: list[str] = []
    for end in () if change is None else (change.first, change.second):
        found = [reader.unusable.get((participant, each)) for each in reader.means.get(end, (end,))]
        # One part of a mean suffices.
        reasons += [each for each in found if each] if all(found) else []
    return reasons


def _improvement(first: float, second: float, outcome: OutcomeSpec) -> float:
    direction: Literal["decrease", "increase"] = (
        "increase" if outcome.improvement == "increase" else "decrease"
    )
    return float(improvement(baseline=first, outcome=second, direction=direction))
