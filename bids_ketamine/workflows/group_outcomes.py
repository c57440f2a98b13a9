"""Clinical improvement for the methods of the group level that are about one outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.study.rating import rating_of_change
from bids_ketamine.study.spec import OutcomeSpec, StudySpec


class Scores(NamedTuple):
    """Scores of an outcome by participant.

    Attributes
    ----------
    first : ndarray of shape (n_participants,)
        Score in the first session, unit of the outcome; NaN where missing.
    improvement : ndarray of shape (n_participants,)
        Positive where the participant got better; NaN where missing.
    reasons : tuple of str
        Why improvement is missing; empty where it is not.
    """

    first: np.ndarray
    improvement: np.ndarray
    reasons: tuple[str, ...]


def with_improvement(outcomes: pd.DataFrame, spec: StudySpec) -> pd.DataFrame:
    """Leave out the rating of change, which has no score before treatment to improve from.

    Parameters
    ----------
    outcomes : DataFrame
        Rows by ``outcome``.
    spec : StudySpec
        The study: ``clinical_course.rating`` names the rating.
    """
    rating = rating_of_change(spec)
    return outcomes if rating is None else outcomes[outcomes["outcome"].astype(object).ne(rating)]


def outcome_of(spec: StudySpec, name: str) -> OutcomeSpec:
    """Return the outcome of that name."""
    return next(each for each in spec.outcomes if each.name == name)


def sessions_of_improvement(spec: StudySpec, outcome: OutcomeSpec) -> tuple[str, str]:
    """Return the sessions between which improvement is meant.

    Parameters
    ----------
    spec : StudySpec
        The study.
    outcome : OutcomeSpec
        One of its outcomes, which belongs to a change.
    """
    wanted = [each for each in spec.changes if outcome.change in (None, each.name)]
    return wanted[0].first, wanted[0].second


def scores_of(outcomes: pd.DataFrame, outcome: str, participants: Sequence[str]) -> Scores:
    """Return the scores of an outcome in the order of participants.

    Parameters
    ----------
    outcomes : DataFrame
        Table of clinical improvement.
    outcome : str
        Name of the outcome.
    participants : sequence of str
        Participants.
    """
    rows = outcomes[outcomes["outcome"] == outcome]
    rows = rows.assign(participant_id=rows["participant_id"].astype(object))
    rows = rows.set_index("participant_id").reindex(list(participants))
    values = rows["improvement"].to_numpy(dtype=np.float64)
    reasons = rows["reason"].astype(object).where(rows["reason"].notna(), "not known")
    told = tuple(
        "" if np.isfinite(value) else str(reason)
        for value, reason in zip(values, reasons, strict=True)
    )
    return Scores(rows["first"].to_numpy(dtype=np.float64), values, told)
