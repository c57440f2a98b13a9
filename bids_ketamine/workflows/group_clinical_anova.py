"""Repeated-measures analysis of variance of clinical scores (methods row A20)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.clinical.repeated_measures import repeated_measures_anova
from bids_ketamine.core.group.moments import BoolArray
from bids_ketamine.study.spec import RepeatedMeasuresSpec
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial, Part, clinical_table

ANOVA = "group_anova"

#: Names of factors in the table.
ARM, SESSION, MEASURE = "arm", "session", "measure"


def clinical_anova(trial: ClinicalTrial) -> Part:
    """Analyse arm x session x outcome of the participants who have all scores.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.

    Returns
    -------
    Part
        Table ``group_anova``; empty where the study has no such analysis.
    """
    section = trial.spec.repeated_measures
    if section is None:
        return Part(tables={})
    scores, lost = _complete_scores(trial, section)
    n_participants = scores["participant_id"].nunique()
    keys = {"outcomes": "+".join(section.outcomes), "n_participants": n_participants}
    between, notes = _arms(trial, scores)
    if lost:
        notes.append(
            "Participants who are not in the analysis of variance for lack of a score: "
            f"{lost} of {n_participants + lost}."
        )
    reason = _why_not(trial, scores, between)
    rows: list[dict[str, Any]] = []
    for error_strata in section.error_strata:
        own = keys | {"error_strata": error_strata}
        if reason:
            rows.append(own | {"reason": reason})
            continue
        try:
            table = repeated_measures_anova(
                scores,
                value="value",
                participant="participant_id",
                between=between,
                within=[SESSION, *([MEASURE] if len(section.outcomes) > 1 else [])],
                error_strata=error_strata,
            )
        except ValueError as error:
            reason = str(error)
            rows.append(own | {"reason": reason})
            continue
        rows += [
            own | {str(name): cell for name, cell in row.items()}
            for row in table.to_dict("records")
        ]
    if reason:
        notes.append(f"There is no analysis of variance: {reason}.")
    return Part(tables={ANOVA: clinical_table(ANOVA, rows)}, notes=tuple(notes))


def sessions_of_anova(trial: ClinicalTrial, section: RepeatedMeasuresSpec) -> tuple[str, ...]:
    """Return the sessions that enter: those named, or the two of the first change.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    section : RepeatedMeasuresSpec
        The section of the study.
    """
    first = trial.spec.changes[:1]
    return section.sessions or tuple(end for each in first for end in (each.first, each.second))


def _complete_scores(
    trial: ClinicalTrial, section: RepeatedMeasuresSpec
) -> tuple[pd.DataFrame, int]:
    """Return one row a score of those who have all, and how many do not."""
    people, sessions = trial.people.included, sessions_of_anova(trial, section)
    values = np.stack(
        [trial.scores_of(outcome, people, sessions)[0] for outcome in section.outcomes], axis=-1
    )
    complete: BoolArray = np.all(np.isfinite(values), axis=(1, 2))
    rows = [
        {
            "participant_id": participant,
            ARM: trial.people.arm_of[participant],
            SESSION: session,
            MEASURE: outcome,
            "value": values[one, two, three],
        }
        for one, participant in enumerate(people)
        if complete[one]
        for two, session in enumerate(sessions)
        for three, outcome in enumerate(section.outcomes)
    ]
    columns = ["participant_id", ARM, SESSION, MEASURE, "value"]
    return pd.DataFrame(rows, columns=columns), int((~complete).sum())


def _arms(trial: ClinicalTrial, scores: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the between factor, if there is one, and sentences on arms without anybody."""
    present = [each for each in trial.people.levels if (scores[ARM] == each).any()]
    notes = [
        f"The arm {each} is not in the analysis of variance: nobody in it has all scores."
        for each in trial.people.levels
        if each not in present
    ]
    return ([ARM] if len(present) > 1 else []), notes


def _why_not(trial: ClinicalTrial, scores: pd.DataFrame, between: Sequence[str]) -> str:
    """Return why scores cannot be analysed; empty if they can."""
    needed = trial.spec.group.minimum_participants
    people = scores.drop_duplicates("participant_id")
    if len(people) < needed:
        return f"too few participants have all scores ({len(people)}; {needed} needed)"
    counts = people[ARM].value_counts() if between else pd.Series(dtype=np.int64)
    few = [f"{arm}: {n}" for arm, n in counts.items() if n < needed]
    if few:
        return f"an arm has too few participants ({', '.join(few)}; {needed} needed)"
    if scores["value"].nunique() == 1:
        return "all scores are equal"
    return ""
