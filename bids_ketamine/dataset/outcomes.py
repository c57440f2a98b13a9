"""Clinical scores of a study and improvement, from the raw dataset's tables."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from bids_ketamine.core.group.change import improvement
from bids_ketamine.dataset.clinical import (
    ClinicalTable,
    everybody,
    read_clinical_table,
    table_path,
)
from bids_ketamine.dataset.labels import SessionRules
from bids_ketamine.dataset.names import listed, natural_order, strip_prefix
from bids_ketamine.dataset.spelling import near_text, nearest_label, shown
from bids_ketamine.dataset.tsv import CellProblems
from bids_ketamine.errors import InputDataError, UsageError
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


def outcome_scores(bids_dir: Path, study: StudySpec) -> pd.DataFrame:
    """Read every clinical score of a study and compute improvement.

    improvement = first - second where a decrease is better, else second - first

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
        If a table is not there.
    InputDataError
        If a column is missing, a cell is not a number, or no row is of the study's sessions.
    UsageError
        If a wide outcome names no column for a session of its change.
    """
    rows: list[tuple[object, ...]] = []
    rules = SessionRules(bids_dir, study.sessions)
    for outcome in study.outcomes:
        purpose = f"the outcome `{outcome.name}`"
        clinical = read_clinical_table(bids_dir, outcome.table, purpose=purpose)
        change = _change(outcome, study)
        reader = _ScoreReader(clinical, outcome, study, rules)
        for participant in everybody(bids_dir, clinical.participants):
            first = second = better = math.nan
            reasons: list[str] = []
            if outcome.change_column:
                difference, why = reader.cell(participant, None, outcome.change_column)
                reasons += why
                better = difference if outcome.improvement == "increase" else 0.0 - difference
            elif change is not None:
                first, why = reader.score(participant, change.first)
                second, more = reader.score(participant, change.second)
                reasons += why + more
                better = _improvement(first, second, outcome)
            reason = "; ".join(dict.fromkeys(reasons)) or None
            name = None if change is None else change.name
            rows.append((f"sub-{participant}", outcome.name, name, first, second, better, reason))
        reader.problems.tell()
    frame = pd.DataFrame(rows, columns=list(OUTCOME_COLUMNS), dtype=object)
    return frame.astype(dict.fromkeys(("first", "second", "improvement"), np.float64))


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
    tables = [*(each.table for each in study.outcomes), *(each.table for each in study.covariates)]
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


class _ScoreReader:
    """Scores of one outcome from its table, with the reasons of those that are missing."""

    def __init__(
        self, clinical: ClinicalTable, outcome: OutcomeSpec, study: StudySpec, rules: SessionRules
    ) -> None:
        self.clinical = clinical
        self.outcome = outcome
        self.sessions = {session.name: session for session in study.sessions}
        self.rules = rules
        self.problems = CellProblems(clinical.table)
        wide = bool(outcome.columns or outcome.change_column)
        names: tuple[str | None, ...] = outcome.items or (outcome.column,)
        if wide:
            names = (*(outcome.columns or {}).values(), outcome.change_column)
        for column in names:
            if column is not None:
                clinical.table.position(
                    column, purpose=f" (needed for the outcome `{outcome.name}`)"
                )
        if wide and clinical.has_sessions:
            raise InputDataError(
                f"The outcome `{outcome.name}` wants one row a participant; the table has a "
                "column `session_id`.",
                path=clinical.table.path,
                cure="Use `column` or `items` for a table with one row a session.",
            )
        if not wide:
            self._check_sessions(study)

    def _check_sessions(self, study: StudySpec) -> None:
        clinical = self.clinical
        clinical.table.position(
            "session_id",
            purpose=f" (`{self.outcome.name}` has one per row)",
            cure="Add it, or name a column for each session (`columns`) or one that holds the "
            "change (`change_column`).",
        )
        known = {
            self.rules.label(session, participant).label
            for participant in clinical.participants
            for session in study.sessions
        }
        if known.isdisjoint(clinical.sessions):
            expected = sorted(label for label in known if label is not None)
            raise InputDataError(
                f"No `session_id` is a session of the study (expected {listed(expected)}; the "
                f"table has {listed(clinical.sessions)}).",
                path=clinical.table.path,
                cure="State `label` for the sessions in the study file, or correct the table.",
            )

    def score(self, participant: str, session: str) -> tuple[float, list[str]]:
        """Return the score of one session and why it is missing."""
        if self.outcome.columns:
            column = self.outcome.columns.get(session)
            if column is None:
                raise UsageError(
                    f"The outcome `{self.outcome.name}` names no column for the session "
                    f"`{session}` of its change.",
                    cure=f"Add it to `outcomes: {{{self.outcome.name}: {{columns: ...}}}}`.",
                )
            return self.cell(participant, None, column)
        found = self.rules.label(self.sessions[session], participant)
        if found.reason is not None:
            return math.nan, [found.reason]
        return self.total(
            participant, found.label, self.outcome.items or (self.outcome.column or "",)
        )

    def cell(self, participant: str, label: str | None, column: str) -> tuple[float, list[str]]:
        """Return one cell as a number and why it is missing."""
        return self.total(participant, label, (column,))

    def total(
        self, participant: str, label: str | None, columns: Sequence[str]
    ) -> tuple[float, list[str]]:
        """Return the sum of some cells, missing as soon as one of them is, and why."""
        at = f"sub-{participant}" + ("" if label is None else f" ses-{label}")
        row = self.clinical.rows.get((participant, label))
        if row is None:
            near = self.clinical.near(participant, label)
            return math.nan, [f"{self.clinical.name} has no row of {at}{near}"]
        table = self.clinical.table
        values = [self.problems.number(row, table.position(column)) for column in columns]
        absent = [
            f"`{column}`"
            for column, value in zip(columns, values, strict=True)
            if math.isnan(value)
        ]
        if absent:
            verb = "is" if len(absent) == 1 else "are"
            names = listed(absent, most=3)
            return math.nan, [f"{names} of {at} {verb} n/a in {self.clinical.name}"]
        return math.fsum(values), []


def _change(outcome: OutcomeSpec, study: StudySpec) -> ChangeSpec | None:
    if outcome.change is not None:
        return next(change for change in study.changes if change.name == outcome.change)
    return study.changes[0] if study.changes else None


def _improvement(first: float, second: float, outcome: OutcomeSpec) -> float:
    direction: Literal["decrease", "increase"] = (
        "increase" if outcome.improvement == "increase" else "decrease"
    )
    return float(improvement(baseline=first, outcome=second, direction=direction))
