"""Characteristics of participants at baseline, by arm (methods row A20)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bids_ketamine.core.clinical.table_one import table_one
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.study.baseline import first_session
from bids_ketamine.study.spec import CovariateSpec, StudySpec, TableOneSpec
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial, Part, clinical_table
from bids_ketamine.workflows.group_clinical_variables import read_variable
from bids_ketamine.workflows.group_outcomes import outcome_of

TABLE_ONE, TABLE_ONE_TESTS = "group_table_one", "group_table_one_tests"
TABLE_ONE_VALUES = "group_table_one_values"
NUMERIC, OUTCOME, CATEGORICAL, ORDERED = "numeric", "outcome", "categorical", "ordered"


def clinical_table_one(trial: ClinicalTrial) -> Part:
    """Describe covariates, further variables and first scores, and compare the arms.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.

    Returns
    -------
    Part
        Tables ``group_table_one``, ``group_table_one_tests`` and ``group_table_one_values``;
        none where the study has no such section.

    Raises
    ------
    InputDataError
        If a table of a variable is damaged.
    """
    section = trial.spec.table_one
    if section is None:
        return Part(tables={})
    people = trial.people
    values = pd.DataFrame(index=pd.Index(people.included, name="participant_id"))
    kinds: dict[str, str] = {}
    notes: list[str] = []
    absent: list[str] = []
    for variable in variables_shown(trial.spec, section):
        column, why = read_variable(trial, variable)
        if why:
            absent.append(variable.name)
            continue
        values[variable.name] = _levels(column, variable)
        kinds[variable.name] = variable.kind
    for outcome in section.outcomes or tuple(each.name for each in trial.spec.outcomes):
        session = trial.baseline_session(outcome)
        if session is None:
            notes.append(f"Table 1 has no first score of {outcome}: {_no_baseline(trial, outcome)}")
            continue
        values[outcome] = trial.scores_of(outcome, people.included, [session])[0][:, 0]
        kinds[outcome] = OUTCOME
    arms = pd.Series([people.arm_of[each] for each in people.included], index=values.index)
    found = table_one(values, kinds=kinds, arms=arms, levels=people.levels, yates=section.yates)
    notes += [
        f"Table 1 has nobody in the arm {arm}." for arm in people.levels if not (arms == arm).any()
    ]
    return Part(
        tables={
            TABLE_ONE: found.rows[list(CLINICAL_TABLES[TABLE_ONE])],
            TABLE_ONE_TESTS: found.tests[list(CLINICAL_TABLES[TABLE_ONE_TESTS])],
            TABLE_ONE_VALUES: _numbers(values, kinds, arms),
        },
        notes=tuple(notes),
        absent=tuple(absent),
    )


def _no_baseline(trial: ClinicalTrial, outcome: str) -> str:
    session = first_session(trial.spec, outcome_of(trial.spec, outcome))
    if session is None:
        return "its table holds the change."
    return f"its first session, {session}, follows a treatment of the crossover trial."


def _numbers(values: pd.DataFrame, kinds: Mapping[str, str], arms: pd.Series) -> pd.DataFrame:
    """Return the numeric variables by participant, one row for each; first scores are elsewhere."""
    numeric = [name for name, kind in kinds.items() if kind == NUMERIC]
    rows = [
        {"participant_id": who, "arm": arm or None, "variable": name, "score": score}
        for name in numeric
        for who, arm, score in zip(
            values.index, arms, values[name].to_numpy(dtype=np.float64), strict=True
        )
    ]
    return clinical_table(TABLE_ONE_VALUES, rows)


def variables_shown(spec: StudySpec, section: TableOneSpec) -> tuple[CovariateSpec, ...]:
    """Return covariates that are shown, then further variables.

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : TableOneSpec
        Its section on the table.
    """
    covariates = [
        each
        for each in spec.covariates
        if not section.covariates or each.name in section.covariates
    ]
    return (*covariates, *section.variables)


def _levels(column: pd.Series, variable: CovariateSpec) -> pd.Series:
    """Return the values of a variable, levels of an order by their names."""
    if variable.kind == ORDERED and variable.levels:
        ranks = column.to_numpy(dtype=np.float64)
        codes = np.where(np.isfinite(ranks), ranks, -1.0).astype(np.int64)
        ordered = pd.Categorical.from_codes(
            codes, categories=pd.Index(variable.levels), ordered=True
        )
        return pd.Series(ordered, index=column.index)
    if variable.kind == CATEGORICAL and variable.levels:
        found = sorted(set(column.dropna()) - set(variable.levels))
        levels = [*variable.levels, *found]
        return pd.Series(pd.Categorical(column, categories=levels), index=column.index)
    return column
