"""Periods of a crossover trial: who got which treatment when, from participants.tsv."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bids_ketamine.dataset.clinical import (
    PARTICIPANTS,
    ClinicalTable,
    everybody,
    read_clinical_table,
    table_path,
)
from bids_ketamine.dataset.labels import SessionRules
from bids_ketamine.dataset.names import listed
from bids_ketamine.dataset.spelling import near_text, nearest, shown
from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.study.spec import CrossoverSpec, StudySpec

PERIOD_COLUMNS = ("participant_id", "session", "period", "sequence", "reason")

#: Column of a long table that may say the period of a row too.
PERIOD = "period"


@dataclass(frozen=True)
class _Course:
    """Treatments of one participant.

    Attributes
    ----------
    periods : mapping of str to int
        Period of each treatment (its session in the study), planned or given; from 1.
    never : mapping of str to str
        Why a treatment was never given.
    problem : str
        Why nothing of it can be used; empty for nothing.
    sequence : str or None
        Treatments in order, joined by hyphens; None where the plan cannot be told.
    """

    periods: Mapping[str, int]
    never: Mapping[str, str]
    problem: str
    sequence: str | None


def period_table(bids_dir: Path, study: StudySpec) -> pd.DataFrame:
    """Read in which period each participant had each treatment.

    A period that is missing (n/a) never happened: the others stay, and so does the sequence that
    was planned where one treatment alone is left for it. Somebody with a later period and no
    earlier one, or with one treatment twice, is left out, and so is a session whose row in a
    table of scores says another period.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Its `crossover`, sessions and outcomes.

    Returns
    -------
    pandas.DataFrame
        One row for each participant and treatment: ``participant_id`` (with ``sub-``),
        ``session`` (that follows the treatment), ``period`` (``1``, ``2``, ...; ``None`` where it
        is not known), ``sequence`` (sessions joined by hyphens, such as ``ketamine-placebo``),
        ``reason`` (why the session cannot be used, else ``None``). No rows where the study is no
        crossover trial.

    Raises
    ------
    InputMissingError
        If participants.tsv is not there.
    InputDataError
        If it lacks a column, has more than one row a participant, or none of its values is a
        treatment of the study.
    """
    rows: list[tuple[object, ...]] = []
    if study.crossover is not None:
        clinical = _participants(bids_dir, study.crossover)
        told = _told_periods(bids_dir, study)
        treatments = _treatments(study, study.crossover)
        for participant in everybody(bids_dir, ()):
            course = _course(clinical, participant, study.crossover)
            for session in treatments:
                period = course.periods.get(session)
                reason = course.problem or course.never.get(session) or ""
                if not reason and period is None:
                    reason = f"sub-{participant} had no period of `{session}`"
                reason = reason or _contradiction(told, participant, session, period)
                shown_period = None if period is None or course.problem else str(period)
                sequence = None if course.problem else course.sequence
                rows.append((f"sub-{participant}", session, shown_period, sequence, reason or None))
    return pd.DataFrame(rows, columns=list(PERIOD_COLUMNS), dtype=object)


def unusable_sessions(bids_dir: Path, study: StudySpec) -> dict[tuple[str, str], str]:
    """Say which sessions of a crossover trial do not follow their treatment, and why.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Its `crossover`, sessions and outcomes.

    Returns
    -------
    dict of (str, str) to str
        Reasons by participant (without ``sub-``) and session; empty where the study is no
        crossover trial.

    Raises
    ------
    InputMissingError, InputDataError
        As :func:`period_table`.
    """
    periods = period_table(bids_dir, study).dropna(subset="reason")
    return {
        (str(row.participant_id).removeprefix("sub-"), str(row.session)): str(row.reason)
        for row in periods.itertuples()
    }


def _participants(bids_dir: Path, crossover: CrossoverSpec) -> ClinicalTable:
    path = table_path(bids_dir, PARTICIPANTS)
    if not path.exists():
        raise InputMissingError(
            "The periods of a crossover trial stand in participants.tsv, which is not there.",
            path=path,
            cure="Add the table, or take `crossover` out of the study file.",
        )
    clinical = read_clinical_table(bids_dir, PARTICIPANTS)
    if clinical.has_sessions:
        raise InputDataError(
            "The periods of a crossover trial are read from one row a participant; the table has "
            "a column `session_id`.",
            path=path,
            cure="Keep one row for each participant.",
        )
    table = clinical.table
    places = [
        table.position(column, purpose=", which holds a period of the crossover trial")
        for column in crossover.columns
    ]
    found = {table.text(row, place) for row in clinical.rows.values() for place in places}
    if found.isdisjoint(crossover.values):
        raise InputDataError(
            f"No period holds a treatment of the study ({listed(crossover.values)}); values: "
            f"{listed(shown(value) for value in sorted(filter(None, found)))}.",
            path=path,
            cure="State `crossover: {columns: [...], values: {...}}` in the study file.",
        )
    return clinical


def _treatments(study: StudySpec, crossover: CrossoverSpec) -> list[str]:
    """Return the sessions that follow a treatment, in the order of the study."""
    follow = set(crossover.values.values())
    return [session.name for session in study.own_sessions if session.name in follow]


def _course(clinical: ClinicalTable, participant: str, crossover: CrossoverSpec) -> _Course:
    """Read the treatments of one participant."""
    table, row = clinical.table, clinical.rows[participant, None]
    cells = {column: table.text(row, table.position(column)) for column in crossover.columns}
    where = f"of sub-{participant} in participants.tsv"
    problem = _problem(cells, where, crossover.values)
    if problem:
        return _Course({}, {}, problem, None)
    there = [crossover.values[cell] for cell in cells.values() if cell is not None]
    absent = [column for column, cell in cells.items() if cell is None]
    left = [each for each in crossover.values.values() if each not in there]
    periods = {treatment: number for number, treatment in enumerate(there, start=1)}
    if not absent:
        return _Course(periods, {}, "", "-".join(there))
    reason = f"`{absent[0]}` {where} is n/a: this period never happened"
    never = dict.fromkeys(left, reason)
    if len(absent) == len(left) == 1:
        periods |= {left[0]: len(cells)}
        return _Course(periods, never, "", "-".join([*there, left[0]]))
    return _Course(periods, never, "", None)


def _problem(cells: Mapping[str, str | None], where: str, values: Mapping[str, str]) -> str:
    """Say why the periods of one participant cannot be used; empty where they can."""
    for column, cell in cells.items():
        if cell is not None and cell not in values:
            known = listed(f"`{value}`" for value in values)
            near = near_text(nearest(cell, values))
            return f"`{column}` {where} is `{shown(cell)}`; the study knows {known}{near}"
    columns = list(cells)
    absent = [column for column in columns if cells[column] is None]
    if len(absent) == len(columns):
        return f"{listed(f'`{column}`' for column in absent)} {where} are n/a: no period happened"
    later = columns[columns.index(absent[0]) :] if absent else []
    late = [column for column in later if cells[column] is not None]
    if late:
        return f"`{absent[0]}` {where} is n/a and `{late[0]}` is not: visits are out of order"
    by_treatment: dict[str, list[str]] = {}
    for column, cell in cells.items():
        if cell is not None:
            by_treatment.setdefault(values[cell], []).append(column)
    for treatment, same in by_treatment.items():
        if len(same) > 1:
            names = listed(f"`{column}`" for column in same)
            return f"{names} {where} are the same treatment, `{treatment}`"
    return ""


def _told_periods(bids_dir: Path, study: StudySpec) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return what long tables of scores say of the period of each participant's session."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    rules = SessionRules(bids_dir, study.own_sessions)
    for name in dict.fromkeys(outcome.table for outcome in study.outcomes):
        if not table_path(bids_dir, name).exists():
            continue
        clinical = read_clinical_table(bids_dir, name)
        if not clinical.has_sessions or PERIOD not in clinical.table.columns:
            continue
        place = clinical.table.position(PERIOD)
        for participant in clinical.participants:
            for session in study.own_sessions:
                row = clinical.rows.get((participant, rules.label(session, participant).label))
                cell = None if row is None else clinical.table.text(row, place)
                if cell is not None:
                    found.setdefault((participant, session.name), []).append((clinical.name, cell))
    return found


def _contradiction(
    told: Mapping[tuple[str, str], Sequence[tuple[str, str]]],
    participant: str,
    session: str,
    period: int | None,
) -> str:
    """Return where a table of scores says another period; empty where none does."""
    for name, cell in told.get((participant, session), ()):
        number = _number(cell)
        if period is not None and not math.isnan(number) and number != period:
            return (
                f"{name} says period {shown(cell)} of `{session}`, participants.tsv period {period}"
            )
    return ""


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
