"""Scores of one outcome, cell by cell, with the reasons of those that are missing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bids_ketamine.core.clinical.response_rates import NOT_ASSESSED
from bids_ketamine.dataset.clinical import ClinicalTable
from bids_ketamine.dataset.labels import SessionRules
from bids_ketamine.dataset.names import listed
from bids_ketamine.dataset.table_cells import TableCells
from bids_ketamine.errors import InputDataError, UsageError
from bids_ketamine.study.spec import OutcomeSpec, StudySpec


class ScoreReader:
    """Scores of one outcome from its table, with the reasons of those that are missing.

    Parameters
    ----------
    clinical : ClinicalTable
        The table.
    outcome : OutcomeSpec
        The outcome.
    study : StudySpec
        Sessions.
    rules : SessionRules
        Their labels.
    cells : TableCells
        Gathers wrong cells.
    unusable : mapping of (str, str) to str
        Why sessions of participants (without ``sub-``) have no score whatever the table holds.

    Raises
    ------
    InputDataError
        If a column is missing, the table has a row a session where one a participant is wanted,
        or the other way round, or no row is of the study's sessions.
    """

    def __init__(
        self,
        clinical: ClinicalTable,
        outcome: OutcomeSpec,
        study: StudySpec,
        rules: SessionRules,
        cells: TableCells,
        unusable: Mapping[tuple[str, str], str],
    ) -> None:
        self.clinical = clinical
        self.outcome = outcome
        self.sessions = {session.name: session for session in study.sessions}
        self.means = study.session_means
        self.rules = rules
        self.cells = cells
        self.unusable = unusable
        course = study.clinical_course
        self.is_rating = course is not None and course.rating == outcome.name
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
            for session in study.sessions  # a mean may have rows under its own name
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
        """Return the score of one session and why it is missing.

        A session that is the mean of others has the mean of the scores that these have; a score
        that is written for it, under its own name, comes first.
        """
        if session in self.means and not self._has_own(participant, session):
            return self._mean_score(participant, session)
        # The cell is read even so: what cannot be read is told.
        found = self._assessed(participant, session, self._written_score(participant, session))
        reason = self.unusable.get((participant, session))
        if reason is not None:
            return math.nan, [reason]
        if session in self.means and math.isnan(found[0]):  # an empty cell hides no mean
            mean = self._mean_score(participant, session)
            return found if math.isnan(mean[0]) else mean
        return found

    def _assessed(
        self, participant: str, session: str, found: tuple[float, list[str]]
    ) -> tuple[float, list[str]]:
        """Return a score, missing where it is the 0 of a rating of global change (CGI-I)."""
        if not self.is_rating or found[0] != NOT_ASSESSED:
            return found
        at = f"sub-{participant} at {session}"
        return math.nan, [f"0 of {at} is `not assessed` in {self.clinical.name}"]

    def _mean_score(self, participant: str, session: str) -> tuple[float, list[str]]:
        parts = self._parts(session)
        found = [self.score(participant, part) for part in parts]
        known = [score for score, _ in found if not math.isnan(score)]
        if known:
            return math.fsum(known) / len(known), []
        return math.nan, list(dict.fromkeys(reason for _, why in found for reason in why))

    def _parts(self, session: str) -> tuple[str, ...]:
        """Return the parts of a mean of which the outcome can have a score."""
        wide = self.outcome.columns
        return tuple(part for part in self.means[session] if not wide or part in wide)

    def _has_own(self, participant: str, session: str) -> bool:
        """Tell whether a score is written for a session that is the mean of others."""
        if self.outcome.columns:
            return session in self.outcome.columns
        label = self.sessions[session].name
        return (participant, label) in self.clinical.rows

    def _written_score(self, participant: str, session: str) -> tuple[float, list[str]]:
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
        values = [self.cells.number(table, row, table.position(column)) for column in columns]
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

    def items(self, participant: str, session: str) -> list[float]:
        """Return the items of one session; NaN where one, or the row, is missing.

        Of a session that is the mean of others each is the mean of those that are there.
        """
        if session in self.means and not self._has_own(participant, session):
            columns = zip(
                *(self.items(participant, each) for each in self.means[session]), strict=True
            )
            known = [[point for point in column if not math.isnan(point)] for column in columns]
            return [math.fsum(each) / len(each) if each else math.nan for each in known]
        found = self.rules.label(self.sessions[session], participant)
        row = self.clinical.rows.get((participant, found.label)) if found.reason is None else None
        if row is None:
            return [math.nan] * len(self.outcome.items)
        table = self.clinical.table
        places = [table.position(column) for column in self.outcome.items]
        points = [self.cells.number(table, row, place) for place in places]
        is_usable = (participant, session) not in self.unusable
        return points if is_usable else [math.nan] * len(points)

    @property
    def session_names(self) -> tuple[str, ...]:
        """Sessions of the study that the outcome can have a score of."""
        if self.outcome.change_column:
            return ()
        wide = self.outcome.columns
        return tuple(
            name
            for name in self.sessions
            if not wide or name in wide or (name in self.means and self._parts(name))
        )
