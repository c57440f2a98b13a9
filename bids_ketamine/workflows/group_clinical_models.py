"""Mixed models of scores and imaging measures (methods row B7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.mixed.analysis import analyse_mixed_model
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.outputs.group_mixed_tables import MIXED, MIXED_TABLES
from bids_ketamine.study.baseline import model_sessions
from bids_ketamine.study.spec import MixedModelSpec
from bids_ketamine.workflows.group_clinical_course import course_rows
from bids_ketamine.workflows.group_clinical_measures import (
    ModelledValue,
    measure_values,
    outcome_value,
)
from bids_ketamine.workflows.group_clinical_model_data import ModelData, model_data
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial, Part, clinical_table

EFFECTS, TESTS, FITS, MEANS, DATA = (
    f"{MIXED}_{name}" for name in ("effects", "tests", "fits", "means", "data")
)

NO_MEASURE = "no measure of this name in the results"


def clinical_models(trial: ClinicalTrial) -> Part:
    """Fit the mixed models of a study to each of their outcomes and measures.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.

    Returns
    -------
    Part
        The five tables of mixed models; none where the study has no mixed model.

    Raises
    ------
    InputDataError
        If a table that a variable of a formula comes from is damaged.
    """
    if not trial.spec.mixed_models:
        return Part(tables={})
    parts = [part for model in trial.spec.mixed_models for part in _parts(trial, model)]
    tables = {
        name: _together([part.tables[name] for part in parts if name in part.tables], name)
        for name in MIXED_TABLES
    }
    return Part(
        tables=tables,
        notes=tuple(note for part in parts for note in part.notes),
        absent=tuple(name for part in parts for name in part.absent),
    )


def _parts(trial: ClinicalTrial, model: MixedModelSpec) -> list[Part]:
    """Return what each value of a model gives; a measure that is not there gives a reason."""
    outcomes = [
        outcome_value(trial, each, model_sessions(trial.spec, model, trial.sessions_of(each)))
        for each in model.outcomes
    ]
    parts = [_modelled(trial, model, each) for each in outcomes]
    everything = tuple(each.name for each in trial.spec.scanned_sessions)
    for pattern in model.measures:
        found = measure_values(trial, (pattern,), model_sessions(trial.spec, model, everything))
        parts += [_modelled(trial, model, each) for each in found]
        parts += [] if found else [_without(model, pattern, NO_MEASURE)]
    return parts


def _modelled(trial: ClinicalTrial, model: MixedModelSpec, value: ModelledValue) -> Part:
    """Fit a model to one value."""
    data = model_data(trial, model, value)
    keys = {"model": model.name, "value": value.name}
    tables = {
        DATA: clinical_table(DATA, [keys | row for row in data.account]),
        MEANS: clinical_table(MEANS, [keys | row for row in _means(trial, data)]),
    }
    notes = tuple(f"Mixed model {model.name} of {value.name}: {note}" for note in data.notes)
    if data.reason:
        failed = _without(model, value.name, data.reason, data)
        notes += failed.notes
        return Part(tables={**tables, **failed.tables}, notes=notes, absent=data.absent)
    result = analyse_mixed_model(
        data.complete,
        formula=model.formula,
        slope=model.slope,
        methods=model.methods,
        rules=model.degrees_of_freedom,
        level=trial.spec.group.confidence_level,
        intervals=model.intervals,
        n_draws=model.bootstrap_draws,
        seed=trial.random_seed,
    )
    found = {EFFECTS: result.effects, TESTS: result.tests, FITS: result.fits}
    tables |= {name: _named(table, name, keys) for name, table in found.items()}
    failures = list(dict.fromkeys(str(each) for each in result.fits["reason"].dropna() if each))
    told = (_no_result(model, value.name, each) for each in failures)
    return Part(tables=tables, notes=(*notes, *told), absent=data.absent)


def _means(trial: ClinicalTrial, data: ModelData) -> list[dict[str, Any]]:
    """Return the means of what entered."""
    everybody, value = trial.people.everybody, data.value
    place = {participant: one for one, participant in enumerate(everybody)}
    column = {session: two for two, session in enumerate(value.sessions)}
    entered = np.full(value.values.shape, np.nan)
    for row in data.account:
        if row["included"]:
            entered[place[row["participant_id"]], column[row["session"]]] = row["score"]
    included = [place[each] for each in trial.people.included]
    return course_rows(
        entered[included],
        sessions=value.sessions,
        members=trial.people.members(),
        confidence_level=trial.spec.group.confidence_level,
    )


def _without(model: MixedModelSpec, value: str, reason: str, data: ModelData | None = None) -> Part:
    """Return rows that say why there is no model."""
    complete = data.complete if data is not None else pd.DataFrame({"participant_id": []})
    keys = {"model": model.name, "value": value, "reason": reason}
    pairs = [
        keys | {"method": method, "df_rule": rule}
        for method in model.methods
        for rule in model.degrees_of_freedom
    ]
    fit = {
        "formula": model.formula,
        "n_observations": len(complete),
        "n_participants": complete["participant_id"].nunique(),
        "converged": False,
        "boundary": False,
    }
    fits = [keys | fit | {"method": method} for method in model.methods]
    tables = {
        EFFECTS: clinical_table(EFFECTS, pairs),
        TESTS: clinical_table(TESTS, pairs),
        FITS: clinical_table(FITS, fits),
    }
    return Part(tables=tables, notes=(_no_result(model, value, reason),))


def _no_result(model: MixedModelSpec, value: str, reason: str) -> str:
    return f"The mixed model {model.name} of {value} has no result: {reason}."


def _named(table: pd.DataFrame, name: str, keys: Mapping[str, str]) -> pd.DataFrame:
    return table.assign(**keys)[list(CLINICAL_TABLES[name])]


def _together(tables: Sequence[pd.DataFrame], name: str) -> pd.DataFrame:
    filled = [each.astype(object) for each in tables if len(each)]
    if not filled:
        return clinical_table(name, ())
    return pd.concat(filled, ignore_index=True).infer_objects()
