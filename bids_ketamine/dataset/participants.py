"""Treatment arms and covariates of participants, from the raw dataset's tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.dataset.clinical import (
    PARTICIPANTS,
    ClinicalTable,
    everybody,
    read_clinical_table,
)
from bids_ketamine.dataset.inputs import Missing
from bids_ketamine.dataset.labels import SessionRules
from bids_ketamine.dataset.names import listed
from bids_ketamine.dataset.spelling import near_text, nearest, shown
from bids_ketamine.dataset.table_cells import TableCells
from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.study.blinded_arms import WITHHELD, WithheldVariable
from bids_ketamine.study.spec import CovariateSpec, SessionSpec, StudySpec


@dataclass(frozen=True)
class CovariateTable:
    """Covariates of all participants.

    Attributes
    ----------
    values : pandas.DataFrame
        One row a participant (index ``participant_id``, with ``sub-``), one column a covariate:
        float64 for numeric ones, rank from 0 for ordered ones, text for categorical ones; NaN
        where missing.
    skipped : tuple of Missing
        Optional covariates that are not there, and variables that are withheld.
    """

    values: pd.DataFrame
    skipped: tuple[Missing, ...]


def participant_arms(bids_dir: Path, study: StudySpec) -> pd.DataFrame:
    """Read the treatment arm of every participant.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Column and arms.

    Returns
    -------
    pandas.DataFrame
        One row a participant (index ``participant_id``, with ``sub-``): ``arm`` (``None`` where
        it cannot be told) and ``reason`` (why, else ``None``).

    Raises
    ------
    InputMissingError
        If participants.tsv is not there.
    InputDataError
        If it has no such column, or none of its values is an arm of the study.
    """
    if study.arms is None:
        people = [f"sub-{label}" for label in everybody(bids_dir, ())]
        return _arm_frame(people, [None] * len(people), [None] * len(people))
    column, levels = study.arms.column, study.arms.levels
    clinical = read_clinical_table(bids_dir, PARTICIPANTS, purpose="the treatment arms")
    table = clinical.table
    place = table.position(column, purpose=", which holds the treatment arm")
    labels, arms, reasons = [], [], []
    for (participant, _), row in clinical.rows.items():
        value = table.text(row, place)
        reason = None
        if value is None:
            reason = f"`{column}` is n/a in participants.tsv"
        elif value not in levels:
            reason = f"`{column}` is `{shown(value)}` in participants.tsv, no arm of the study"
            reason += near_text(nearest(value, levels))
        labels.append(f"sub-{participant}")
        arms.append(value if reason is None else None)
        reasons.append(reason)
    if not any(arms):
        found = sorted({cells[place] for cells in table.rows})
        raise InputDataError(
            f"No value of `{column}` is an arm of the study ({listed(levels)}); "
            f"values: {listed(map(shown, found))}{near_text(_near_arm(levels, found))}.",
            path=table.path,
            cure="State `arms: {column: ..., levels: [...]}` in the study file.",
        )
    return _arm_frame(labels, arms, reasons)


def covariate_table(bids_dir: Path, study: StudySpec) -> CovariateTable:
    """Read the covariates of every participant.

    Of a table with one row a session, the row of the study's first session is taken; where that
    is part of a mean (one of two baselines) and has no row, that of the next part.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Covariates.

    Returns
    -------
    CovariateTable
        Their values, and the optional ones that are not there.

    Raises
    ------
    InputMissingError
        If a table that is not optional is not there.
    InputDataError
        If a column that is not optional is not there, a numeric cell is not a number, or an
        ordered one is none of the levels.
    """
    return variable_table(bids_dir, study, study.covariates)


def variable_table(
    bids_dir: Path,
    study: StudySpec,
    covariates: Sequence[CovariateSpec],
    *,
    cells: TableCells | None = None,
) -> CovariateTable:
    """Read some variables of every participant.

    Of a table with one row a session, the row of the study's first session is taken; where that
    is part of a mean (one of two baselines) and has no row, that of the next part.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Sessions.
    covariates : sequence of CovariateSpec
        What to read: covariates of the study, variables of its `table_one`, or both.
    cells : TableCells, optional
        Gathers wrong cells, for the caller to tell; told here when absent.

    Returns
    -------
    CovariateTable
        Their values, and the optional ones that are not there.

    Raises
    ------
    InputMissingError
        If a table that is not optional is not there.
    InputDataError
        If a column that is not optional is not there, or cells are not what they should be: all
        of a table's are named.
    """
    rules = SessionRules(bids_dir, study.own_sessions)
    first = _first_sessions(study)
    found = TableCells() if cells is None else cells
    columns: dict[str, dict[str, float | str]] = {}
    skipped: list[Missing] = []
    seen: list[str] = []
    further = {each.name for each in study.participant_variables}
    further -= {each.name for each in study.covariates}
    for covariate in covariates:
        purpose = f"the covariate `{covariate.name}`"
        if covariate.name in further:
            purpose = f"the variable `{covariate.name}` of table_one"
        column = covariate.column or covariate.name
        if isinstance(covariate, WithheldVariable):
            skipped.append(Missing(f"covariate {covariate.name}", WITHHELD))
            continue
        try:
            clinical = read_clinical_table(bids_dir, covariate.table, purpose=purpose)
        except InputMissingError as error:
            if not covariate.optional:
                raise
            skipped.append(Missing(f"covariate {covariate.name}", error.message))
            continue
        if column not in clinical.table.columns and covariate.optional:
            reason = f"{clinical.name} has no column `{column}`"
            skipped.append(Missing(f"covariate {covariate.name}", reason))
            continue
        place = clinical.table.position(column, purpose=f" (needed for {purpose})")
        seen.extend(clinical.participants)
        values: dict[str, float | str] = {}
        for participant in clinical.participants:
            row = _baseline_row(clinical, participant, first, rules)
            if row is not None:
                values[participant] = _covariate_value(found, clinical, row, place, covariate)
        columns[covariate.name] = values
    if cells is None:
        found.tell()
    people = everybody(bids_dir, seen)
    data = {
        covariate.name: pd.Series(
            [columns[covariate.name].get(label, math.nan) for label in people],
            index=[f"sub-{label}" for label in people],
            dtype=object if covariate.kind == "categorical" else np.float64,
        )
        for covariate in covariates
        if covariate.name in columns
    }
    index = pd.Index([f"sub-{label}" for label in people], name="participant_id")
    return CovariateTable(pd.DataFrame(data, index=index), tuple(skipped))


def _arm_frame(
    labels: list[str], arms: list[str | None], reasons: list[str | None]
) -> pd.DataFrame:
    index = pd.Index(labels, name="participant_id")
    return pd.DataFrame(
        {
            "arm": pd.Series(arms, index=index, dtype=object),
            "reason": pd.Series(reasons, index=index, dtype=object),
        }
    )


def _baseline_row(
    clinical: ClinicalTable,
    participant: str,
    sessions: Sequence[SessionSpec],
    rules: SessionRules,
) -> int | None:
    if not clinical.has_sessions:
        return clinical.rows.get((participant, None))
    keys = ((participant, rules.label(session, participant).label) for session in sessions)
    return next((clinical.rows[key] for key in keys if key in clinical.rows), None)


def _first_sessions(study: StudySpec) -> tuple[SessionSpec, ...]:
    """Return the first session of the study, and those of which it is averaged with."""
    first = study.own_sessions[0]
    together = [each.mean_of for each in study.sessions if first.name in each.mean_of]
    names = together[0] if together else (first.name,)
    return tuple(each for each in study.own_sessions if each.name in names)


def _near_arm(levels: Sequence[str], found: Sequence[str]) -> str | None:
    """Return the first arm of the study that a value of the table spells otherwise."""
    return next((level for level in levels if nearest(level, found) is not None), None)


def _covariate_value(
    cells: TableCells, clinical: ClinicalTable, row: int, place: int, covariate: CovariateSpec
) -> float | str:
    table = clinical.table
    if covariate.kind == "numeric" or (covariate.kind == "ordered" and not covariate.levels):
        return cells.number(table, row, place)
    text = table.text(row, place)
    if text is None:
        return math.nan
    if covariate.kind == "categorical":
        return text
    if text not in covariate.levels:
        near = near_text(nearest(text, covariate.levels))
        cells.problems(table).add(
            row, place, f"`{shown(text)}` is none of the levels {listed(covariate.levels)}{near}"
        )
        return math.nan
    return float(covariate.levels.index(text))
