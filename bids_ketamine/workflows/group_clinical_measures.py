"""Imaging measures that clinical statistics name: adjusted values, and why some are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bids_ketamine.core.group.measures import KEY_COLUMNS
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.study.measure_names import is_chosen, measure_name
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial
from bids_ketamine.workflows.group_data import GroupData

#: Why there is no value where nothing else is known.
NO_ROW = "no such measure in the results of this session"


@dataclass(frozen=True, kw_only=True)
class ModelledValue:
    """Scores of an outcome, or values of an imaging measure.

    Attributes
    ----------
    name : str
        Name of the outcome, or the measure's written name.
    sessions : tuple of str
        Sessions along the second axis.
    values : ndarray of shape (n_participants, n_sessions)
        Everybody of the dataset, unit of the outcome or the measure; NaN where missing.
    reasons : ndarray of object, the same shape
        Why; empty where a value is there.
    """

    name: str
    sessions: tuple[str, ...]
    values: FloatArray
    reasons: np.ndarray


def outcome_value(trial: ClinicalTrial, outcome: str, sessions: Sequence[str]) -> ModelledValue:
    """Return the scores of an outcome.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    outcome : str
        Its name.
    sessions : sequence of str
        Sessions wanted; all that the outcome has when empty.
    """
    chosen = tuple(sessions) or trial.sessions_of(outcome)
    values, reasons = trial.scores_of(outcome, trial.people.everybody, chosen)
    return ModelledValue(name=outcome, sessions=chosen, values=values, reasons=reasons)


def measure_values(
    trial: ClinicalTrial, patterns: Sequence[str], sessions: Sequence[str]
) -> tuple[ModelledValue, ...]:
    """Return the imaging measures that a study chooses, adjusted for motion; excluded ones miss.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    patterns : sequence of str
        Names, in which `*` stands for any text.
    sessions : sequence of str
        Sessions wanted; all of the study when empty.

    Returns
    -------
    tuple of ModelledValue
        In the order of the measures table; none where nothing fits.
    """
    data = trial.data
    if data is None or not patterns:
        return ()
    chosen = tuple(sessions) or data.measures.sessions
    names = _written_names(data.measures.keys)
    return tuple(
        _measure(trial, data, place, told, chosen)
        for place, (name, told) in enumerate(names)
        if is_chosen(name, patterns)
    )


def _measure(
    trial: ClinicalTrial, data: GroupData, place: int, name: str, sessions: tuple[str, ...]
) -> ModelledValue:
    places = [data.measures.sessions.index(each) for each in sessions]
    of_person = {each: one for one, each in enumerate(data.measures.participants)}
    rows = [of_person[each] for each in trial.people.everybody]
    cells = np.ix_(rows, places, [place])
    values = np.where(data.motion.included[cells], data.motion.adjusted[cells], np.nan)[:, :, 0]
    told = data.motion.reason[cells][:, :, 0]
    reasons = np.where(told == "", NO_ROW, told)
    reasons[np.isfinite(values)] = ""
    return ModelledValue(name=name, sessions=sessions, values=values, reasons=reasons)


def _written_names(keys: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the name of each measure, and the one that tells it from others (with its unit)."""
    parts = [each for each in KEY_COLUMNS if each != "unit"]
    names = [measure_name(row) for row in keys[parts].astype(object).itertuples(index=False)]
    units = keys["unit"].astype(object).tolist()
    return [
        (name, f"{name} ({unit})" if names.count(name) > 1 else name)
        for name, unit in zip(names, units, strict=True)
    ]
