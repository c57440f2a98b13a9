"""Clinical scores of everybody, their course by session and arm, and improvement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import session_summaries
from bids_ketamine.core.group.measures import KEY_COLUMNS
from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.workflows.group_clinical_improvement import IMPROVEMENT, improvement_table
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial, Part, clinical_table

SCORES, COURSE = "group_scores", "group_course"

#: Stands for the one value that is summarised where many could be.
_ONE_VALUE = pd.DataFrame({name: pd.Categorical(["value"]) for name in KEY_COLUMNS})


def clinical_course(trial: ClinicalTrial) -> Part:
    """Return scores, their means with intervals by session and arm, and improvement.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.

    Returns
    -------
    Part
        Tables ``group_scores``, ``group_course`` and ``group_improvement``.
    """
    people, rows = trial.people, []
    for outcome in (each.name for each in trial.spec.outcomes):
        sessions = trial.sessions_of(outcome)
        if sessions:
            values, _ = trial.scores_of(outcome, people.included, sessions)
            found = course_rows(
                values,
                sessions=sessions,
                members=people.members(),
                confidence_level=trial.spec.group.confidence_level,
            )
            rows += [{"outcome": outcome} | each for each in found]
    changes_alone = [each.name for each in trial.spec.outcomes if not trial.sessions_of(each.name)]
    notes = [
        f"The outcome {name} has no course: its table holds the change itself."
        for name in changes_alone
    ]
    return Part(
        tables={
            SCORES: _scores(trial),
            COURSE: clinical_table(COURSE, rows),
            IMPROVEMENT: improvement_table(trial),
        },
        notes=tuple(notes),
    )


def course_rows(
    values: FloatArray,
    *,
    sessions: Sequence[str],
    members: Mapping[str, BoolArray],
    confidence_level: float,
) -> list[dict[str, Any]]:
    """Return mean, standard deviation and interval by session and arm.

    Parameters
    ----------
    values : ndarray of shape (n_participants, n_sessions)
        Scores or measures; NaN where missing.
    sessions : sequence of str
        Sessions along the second axis.
    members : mapping of str to ndarray of bool, shape (n_participants,)
        Who belongs to everybody and to each arm.
    confidence_level : float
        Level of the interval.
    """
    summaries = session_summaries(
        adjusted=values[:, :, np.newaxis],
        keys=_ONE_VALUE,
        sessions=sessions,
        members=members,
        confidence_level=confidence_level,
    )
    rows = summaries.drop(columns=list(KEY_COLUMNS)).to_dict("records")
    return [{str(name): cell for name, cell in row.items()} for row in rows]


def _scores(trial: ClinicalTrial) -> pd.DataFrame:
    """Return the scores that clinical statistics use; those of others are not told."""
    people, table = trial.people, trial.scores.copy()
    table["arm"] = [people.arm_of[each] for each in table["participant_id"]]
    told = table["participant_id"].map(dict(people.left_out))
    table["score"] = table["score"].where(told.isna())
    table["reason"] = table["reason"].where(told.isna(), told)
    return table[list(clinical_table(SCORES, ()).columns)]
