"""Scores of depression and improvement over the visits of the trial of resting networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bids_ketamine.demo.network_model import NetworkModel

#: Visits with scores; images are of some of them.
VISITS = ("pre1", "day1", "post", "week8")

MADRS_MAXIMUM = 60

#: Smallest fall of the score, as a share, of ratings 1 to 5 of improvement; 6 below.
RATINGS = (0.75, 0.5, 0.25, -0.05, -0.2)


class Symptoms(NamedTuple):
    """Scores of one patient.

    Attributes
    ----------
    madrs, cgi_improvement : mapping of str to int or None
        By visit; ``None`` where the patient was not seen, and no rating before treatment.
    improved : bool
        Whether the score falls by half two weeks after, seen or not.
    relative_change : float
        Planned change of the score two weeks after, in standard deviations from its mean; above
        zero where it falls less than the average.
    """

    madrs: Mapping[str, int | None]
    cgi_improvement: Mapping[str, int | None]
    improved: bool
    relative_change: float

    @property
    def responder(self) -> bool | None:
        """Whether the score has fallen by half; ``None`` if the patient was not seen."""
        return None if self.madrs["post"] is None else self.improved


def rating(fall: float) -> int:
    """Return the rating of improvement that goes with a fall of the score.

    Examples
    --------
    >>> [rating(fall) for fall in (0.9, 0.6, 0.3, 0.0, -0.1, -0.5)]
    [1, 2, 3, 4, 5, 6]
    """
    return 1 + sum(fall < limit for limit in RATINGS)


def plan_symptoms(model: NetworkModel, source: np.random.Generator, *, leaves: bool) -> Symptoms:
    """Draw the scores of a patient.

    Parameters
    ----------
    model : NetworkModel
        Means and spreads.
    source : numpy.random.Generator
        Source of randomness.
    leaves : bool
        Whether the patient is not seen after the first day.
    """
    before = model.madrs_before.value + model.madrs_before_spread.value * source.normal()
    before = float(np.clip(round(before), model.madrs_before.low, model.madrs_before.high))
    standard = float(source.normal())
    noise = model.fall_visit_spread.value * source.normal(size=3)
    falls = {
        "day1": model.fall_first_day.value + noise[0],
        "post": 0.0,
        "week8": model.fall_later.value + noise[1],
    }
    planned = model.fall.value + model.fall_spread.value * standard
    madrs: dict[str, int | None] = {"pre1": int(before)}
    ratings: dict[str, int | None] = {"pre1": None}
    for visit, more in falls.items():
        fall = float(np.clip(planned + more, -0.3, 0.97))
        madrs[visit] = int(np.clip(round(before * (1.0 - fall)), 0, MADRS_MAXIMUM))
        ratings[visit] = rating(fall + 0.5 * float(noise[2]))
    seen_post = madrs["post"] or 0
    improved = before - seen_post >= before / 2.0
    if leaves:
        madrs |= {"post": None, "week8": None}
        ratings |= {"post": None, "week8": None}
    return Symptoms(madrs, ratings, bool(improved), -standard)
