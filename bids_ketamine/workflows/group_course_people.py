"""Who enters the clinical course, and the ratings of global change of these people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.clinical.response_rates import BEST_RATING, NOT_ASSESSED, WORST_RATING
from bids_ketamine.core.group.analysis import ALL
from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.dataset.clinical import table_path
from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import InputDataError
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial
from bids_ketamine.workflows.group_outcomes import outcome_of

#: Wrong ratings that an error names.
MOST_NAMED = 5


def chosen_levels(trial: ClinicalTrial, arms: Sequence[str]) -> tuple[str, ...]:
    """Return the arms that enter, in the order of the study.

    Controls who are there for the images alone do not, unless they are named: whoever of them has
    a first score would count as somebody who dropped out.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    arms : sequence of str
        Arms that a section names; empty for all but the controls that `controls` names.
    """
    controls = trial.spec.controls
    level = controls.level if controls is not None else None
    return tuple(each for each in trial.people.levels if (each in arms if arms else each != level))


def course_members(trial: ClinicalTrial, arms: Sequence[str]) -> dict[str, BoolArray]:
    """Tell who of the included belongs to whom: all arms that enter together, and each of them.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    arms : sequence of str
        Arms that a section names; empty for all but controls.

    Returns
    -------
    dict of str to ndarray of bool, shape (n_included,)
        ``all`` first where there are several arms or none; one arm alone is itself.
    """
    levels = chosen_levels(trial, arms)
    members = trial.people.members()
    own = {level: members[level] for level in levels}
    if len(own) == 1:
        return own
    together = np.any(list(own.values()), axis=0) if own else members[ALL]
    return {ALL: together, **own}


def entering(trial: ClinicalTrial, arms: Sequence[str]) -> tuple[str, BoolArray]:
    """Return the arms that enter as one, and who belongs to them.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    arms : sequence of str
        Arms that a section names; empty for all but controls.

    Returns
    -------
    label : str
        ``all``, or the one arm.
    members : ndarray of bool, shape (n_included,)
    """
    return next(iter(course_members(trial, arms).items()))


def _scores(trial: ClinicalTrial, outcome: str, sessions: Sequence[str]) -> FloatArray:
    return trial.scores_of(outcome, trial.people.included, sessions)[0]


def require_ratings(spec: StudySpec, bids_dir: Path, scores: pd.DataFrame) -> None:
    """Refuse ratings of global change that lie outside the scale of 1 to 7.

    Parameters
    ----------
    spec : StudySpec
        The study: `clinical_course.rating` names the outcome.
    bids_dir : Path
        Raw dataset.
    scores : DataFrame
        ``participant_id``, ``outcome``, ``session`` and ``score``, as
        :func:`~bids_ketamine.dataset.outcomes.session_scores` reads them.

    Raises
    ------
    InputDataError
        If there are such; it names the table, and the participants and sessions.
    """
    course = spec.clinical_course
    if course is None or course.rating is None:
        return
    # A rating of 0, not assessed, was read as missing.
    rows = scores[scores["outcome"] == course.rating].dropna(subset="score")
    outside = ~rows["score"].between(BEST_RATING, WORST_RATING)
    if outside.any():
        outcome = outcome_of(spec, course.rating)
        told = rows[outside].to_dict("records")
        raise InputDataError(
            f"Ratings of global change (`{outcome.name}`) go from {BEST_RATING} to "
            f"{WORST_RATING}, {NOT_ASSESSED} for not assessed; outside are "
            f"{listed(_named(told), most=MOST_NAMED)}.",
            path=table_path(bids_dir, outcome.table),
            cure="Correct the cells (n/a where there is no rating), or `clinical_course.rating` "
            "of the study, which must name the global improvement and no severity of illness.",
        )


def _named(rows: Iterable[dict[Any, Any]]) -> list[str]:
    return [f"{row['score']:g} of {row['participant_id']} at {row['session']}" for row in rows]
