"""Symptom dimensions beside the change of an imaging measure (methods row A17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.clinical.dimension_pairs import dimension_pairs
from bids_ketamine.core.clinical.dimensions import (
    DimensionScores,
    covariate_correlations,
    dimension_correlations,
    dimension_scores,
)
from bids_ketamine.core.group.change import improvement
from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.dataset.crossover import unusable_sessions
from bids_ketamine.dataset.outcomes import item_scores
from bids_ketamine.study.spec import SymptomDimensionsSpec
from bids_ketamine.workflows.group_clinical_measures import measure_values
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial, Part, clinical_table
from bids_ketamine.workflows.group_clinical_variables import read_variable
from bids_ketamine.workflows.group_outcomes import outcome_of, sessions_of_improvement

DIMENSIONS, SCORES, COVARIATES, PAIRS = (
    "group_dimensions",
    "group_dimension_scores",
    "group_dimension_covariates",
    "group_dimension_correlations",
)


class _Change(NamedTuple):
    """Change of the measure, (n_participants,), and why it is missing."""

    values: FloatArray
    reasons: list[str]
    note: str


def clinical_dimensions(trial: ClinicalTrial) -> Part:
    """Correlate the improvement of symptom dimensions with the change of an imaging measure.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.

    Returns
    -------
    Part
        Tables of correlations and of scores; none where the study has no dimensions.

    Raises
    ------
    InputDataError, InputMissingError
        If a table of items or of a covariate is damaged, or that of items is not there.
    """
    section = trial.spec.symptom_dimensions
    if section is None:
        return Part(tables={})
    outcome = outcome_of(trial.spec, section.outcome)
    sessions = sessions_of_improvement(trial.spec, outcome)
    people = trial.people.included
    index = pd.Index(people, name="participant_id")
    items = item_scores(trial.bids_dir, trial.spec, outcome)
    points = [
        items.reindex(pd.MultiIndex.from_product([people, [session]])).to_numpy(np.float64)
        for session in sessions
    ]
    first, second = (
        dimension_scores(each, dimensions=section.dimensions, minimum_items=section.minimum_items)
        for each in points
    )
    better = np.asarray(
        improvement(
            baseline=first.scores,
            outcome=second.scores,
            direction="increase" if outcome.improvement == "increase" else "decrease",
        ),
        dtype=np.float64,
    )
    change = _measure_change(trial, section, sessions)
    settings: dict[str, Any] = {
        "measure_change": pd.Series(change.values, index=index),
        "arms": pd.Series([trial.people.arm_of[each] for each in people], index=index),
        "levels": trial.people.levels,
        "confidence_level": trial.spec.group.confidence_level,
        "minimum_participants": trial.spec.group.minimum_participants,
    }
    improvements = pd.DataFrame(better, index=index, columns=list(first.names))
    covariates, absent = _covariates(trial, section, index)
    scores = _score_rows(trial, sessions, (first, second), better, change)
    return Part(
        tables={
            DIMENSIONS: dimension_correlations(improvements, **settings),
            SCORES: clinical_table(SCORES, scores),
            COVARIATES: covariate_correlations(covariates, **settings),
            PAIRS: dimension_pairs(
                improvements,
                measure_change=settings["measure_change"],
                minimum_participants=settings["minimum_participants"],
            ),
        },
        notes=(
            *([change.note] if change.note else []),
            *_missing_items(sessions, points, (first, second)),
        ),
        absent=absent,
    )


def _measure_change(
    trial: ClinicalTrial, section: SymptomDimensionsSpec, sessions: tuple[str, str]
) -> _Change:
    """Return second minus first adjusted value of the measure, in everybody who is included."""
    people = trial.people.included
    found = measure_values(trial, (section.measure,), sessions)
    if len(found) != 1:
        many = f"{len(found)} measures have this name" if found else "no results have it"
        why = f"the measure {section.measure} is not known: {many}"
        nothing = np.full(len(people), np.nan)
        note = f"Symptom dimensions are correlated with nothing: {why}."
        return _Change(nothing, [why] * len(people), note)
    place = {participant: one for one, participant in enumerate(trial.people.everybody)}
    rows = [place[each] for each in people]
    values, told = found[0].values[rows], found[0].reasons[rows]
    reasons = [
        "; ".join(
            f"measure, {session}: {why}" for session, why in zip(sessions, each, strict=True) if why
        )
        for each in told
    ]
    return _Change(values[:, 1] - values[:, 0], reasons, "")


def _score_rows(
    trial: ClinicalTrial,
    sessions: tuple[str, str],
    scores: tuple[DimensionScores, DimensionScores],
    better: FloatArray,
    change: _Change,
) -> list[dict[str, Any]]:
    """Return one row for each participant and dimension."""
    rows = []
    unusable = unusable_sessions(trial.bids_dir, trial.spec)
    for one, participant in enumerate(trial.people.included):
        label = participant.removeprefix("sub-")
        for two, name in enumerate(scores[0].names):
            lacking = [
                unusable.get((label, session), f"too few items, {session}")
                for session, each in zip(sessions, scores, strict=True)
                if np.isnan(each.scores[one, two])
            ]
            reasons = [*lacking, *([change.reasons[one]] if change.reasons[one] else [])]
            rows.append(
                {
                    "participant_id": participant,
                    "arm": trial.people.arm_of[participant] or None,
                    "dimension": name,
                    "first": scores[0].scores[one, two],
                    "second": scores[1].scores[one, two],
                    "improvement": better[one, two],
                    "missing_first": int(scores[0].missing[one, two]),
                    "missing_second": int(scores[1].missing[one, two]),
                    "measure_change": change.values[one],
                    "reason": "; ".join(reasons),
                }
            )
    return rows


def _missing_items(
    sessions: tuple[str, str],
    points: Sequence[FloatArray],
    scores: tuple[DimensionScores, DimensionScores],
) -> list[str]:
    """Say of how many sums items were missing, of all of those who were asked."""
    notes = []
    for session, items, each in zip(sessions, points, scores, strict=True):
        # Who has no item at all was not asked.
        asked: BoolArray = np.any(np.isfinite(items), axis=1, keepdims=True)
        incomplete = (each.missing > 0) & asked
        kept = incomplete & np.isfinite(each.scores)
        n_asked = int(asked.sum())
        n_sums = n_asked * len(each.names)
        for which, what in (
            (kept, "pro-rated for missing items"),
            (incomplete & ~kept, "missing for too few items"),
        ):
            if which.any():
                notes.append(
                    f"Sums of symptom dimensions that are {what} ({session}): {int(which.sum())} "
                    f"of {n_sums}, in {int(which.any(axis=1).sum())} of {n_asked} participants."
                )
    return notes


def _covariates(
    trial: ClinicalTrial, section: SymptomDimensionsSpec, index: pd.Index
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return covariates for the measure's change, as numbers, and those that are not there."""
    known = {each.name: each for each in trial.spec.participant_variables}
    values, absent = pd.DataFrame(index=index), list[str]()
    for name in section.covariates:
        column, why = read_variable(trial, known[name])
        values[name] = column.to_numpy(dtype=np.float64)
        absent += [name] if why else []
    return values, tuple(absent)
