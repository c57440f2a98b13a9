"""Analyses of simulated trials, and what is looked up in them."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.peb.trial import analyse_trial
from bids_ketamine.core.peb.trial_data import (
    TrialResult,
    TrialSettings,
)
from bids_ketamine.core.peb.trial_effects import effect_rows, left_out_rows
from bids_ketamine.core.peb.trial_fits import analysis_fits

ARMS = ("midazolam", "ketamine")
BETWEEN_ARMS = "ketamine - midazolam"
FIRST, SECOND = "vmPFC > amygdala by faces", "amygdala > vmPFC by faces"
SETTINGS = TrialSettings(
    levels=ARMS,
    fields=("modulation",),
    precision_components="all",
    within_participant_first=False,
    degrees_of_freedom=4.0,
    minimum_participants=3,
    level=0.9,
    seed=0,
    n_draws=50,
)
FULL = ("mean", "session", "improvement", "session x improvement")


def analysed(data, **changed):
    return analyse_trial(data, settings=SETTINGS._replace(**changed))


def of_one(analysis, data, **changed):
    """Return one analysis alone, which takes less time."""
    fits = analysis_fits(data, analysis=analysis, settings=SETTINGS._replace(**changed))
    effects = tuple(each for one in fits for each in effect_rows(one, level=SETTINGS.level))
    left_out = tuple(each for one in fits for each in left_out_rows(one))
    return TrialResult(fits, effects, left_out, (), ())


def rows(result, **wanted):
    wanted = {"distribution": "gaussian", "level": "second", **wanted}
    return [
        row
        for row in result.effects
        if all(getattr(row, name) == value for name, value in wanted.items())
    ]


def row(result, **wanted):
    (found,) = rows(result, **wanted)
    return found


def fit(result, *identity, level="second"):
    (found,) = [
        each
        for each in result.fits
        if (each.analysis, each.arm, each.distribution) == identity and each.level == level
    ]
    return found


def numbers(result):
    return np.array(
        [[each for each in row if isinstance(each, float)] for row in result.effects], dtype=float
    )
