"""Which participants and which predictors enter the prediction of an outcome, and why not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.prediction.imputation import COMPLETE_CASES
from bids_ketamine.core.prediction.motion import without_unknown_motion
from bids_ketamine.core.prediction.predictors import (
    Predictors,
    all_predictors,
    imaging_values,
    missing_shares,
    unusable,
)
from bids_ketamine.core.prediction.trial_data import (
    BASELINE,
    BY_ARM_AND_CONCURRENT,
    CHANGE,
    MEASURES,
    MODELS,
    ImagingBlock,
    PredictionSettings,
    TrialPredictors,
)

#: Why a participant does not enter.
NO_OUTCOME = "no improvement of the outcome"
NO_CONCURRENT = "no improvement of the concurrent outcome"
NO_ARM = "no treatment arm"
NO_IMAGING = {
    CHANGE: "no imaging measure in both sessions",
    BASELINE: "no imaging measure in the first session",
}

#: How many names a reason lists.
NAMES_LISTED = 3


class Dropped(NamedTuple):
    """A predictor or a participant that does not enter, and why."""

    name: str
    reason: str


class UsablePredictors(NamedTuple):
    """What enters, and what does not.

    Attributes
    ----------
    data : TrialPredictors
        Participants and predictors that enter; categorical covariates as dummies, covariates of
        this timing alone, values without a known motion missing.
    dropped : tuple of Dropped
        Predictors, in their order.
    missing_share : dict of str to float
        Share of missing values of each predictor, dropped or not, over the participants who enter
        (with complete cases: over those who would enter else).
    excluded : tuple of Dropped
        Participants, in their order.
    """

    data: TrialPredictors
    dropped: tuple[Dropped, ...]
    missing_share: dict[str, float]
    excluded: tuple[Dropped, ...]


def usable_predictors(
    data: TrialPredictors, *, timing: str, model: str, settings: PredictionSettings
) -> UsablePredictors:
    """Leave out participants and predictors that cannot enter, each with its reason.

    Nothing here looks at the values of the outcome. Participants: no outcome, no arm or no
    concurrent outcome where the model needs it, no imaging measure of the timing; with complete
    cases also those who lack a predictor. Predictors: fewer than three values, more missing than
    allowed, all values equal, categories that are too many, or perfectly correlated with an
    earlier predictor that has its values in the same participants.

    Parameters
    ----------
    data : TrialPredictors
        The trial.
    timing : {"change", "baseline"}
        Second minus first session, or the first session.
    model : {"measures", "by_arm", "by_arm_and_concurrent"}
        Decides who is needed: models with the same participants have the same predictors.
    settings : PredictionSettings
        Imputation, motion and the largest share of missing values.

    Returns
    -------
    UsablePredictors
        A categorical covariate becomes a dummy "name=level" for each level but the most frequent
        one (the first by name among equals); who has no value has none in any dummy.

    Raises
    ------
    ValueError
        If the timing or the model is unknown.
    """
    if model not in MODELS:
        raise ValueError(f"model must be one of {MODELS}, got {model!r}")
    if settings.residualize_motion:
        data = data._replace(imaging=without_unknown_motion(data.imaging, timing=timing))
    measured = np.isfinite(imaging_values(data, timing))
    reasons = [
        _reason(data, row, model) or ("" if measured[row].any() else NO_IMAGING[timing])
        for row in range(len(data.participants))
    ]
    dropped: dict[str, str] = {}
    while True:
        chosen = np.array([row for row, why in enumerate(reasons) if not why], dtype=np.intp)
        found = all_predictors(data.rows(chosen), timing)
        for name, why in unusable(found, settings.maximum_missing).items():
            dropped.setdefault(name, why)
        kept = np.array([name not in dropped for name in found.names], dtype=bool)
        imaging = np.isfinite(found.values[:, : found.n_imaging][:, kept[: found.n_imaging]])
        without = chosen[~imaging.any(axis=1)] if imaging.shape[1] else chosen[:0]
        if not len(without):
            break
        for row in without:
            reasons[row] = NO_IMAGING[timing]
    names, shares = found.names, missing_shares(found)
    if settings.imputation == COMPLETE_CASES:
        missing = np.isnan(found.values) & kept
        for row, lacks in zip(chosen, missing, strict=True):
            if lacks.any():
                reasons[row] = _incomplete([names[column] for column in np.flatnonzero(lacks)])
        chosen = np.array([row for row, why in enumerate(reasons) if not why], dtype=np.intp)
        found = _rows_of(found, ~missing.any(axis=1))
        for name, why in unusable(found, settings.maximum_missing).items():
            dropped.setdefault(name, why)
        kept = np.array([name not in dropped for name in names], dtype=bool)
    return UsablePredictors(
        data=_kept(data.rows(chosen), found, kept),
        dropped=tuple(Dropped(name, dropped[name]) for name in _in_order(dropped, names)),
        missing_share=shares,
        excluded=tuple(
            Dropped(name, why) for name, why in zip(data.participants, reasons, strict=True) if why
        ),
    )


def arms_codes(arms: tuple[str, ...], levels: tuple[str, ...]) -> np.ndarray:
    """Return the place of each participant's arm among the levels, -1 where it is none of them.

    Parameters
    ----------
    arms : tuple of str
        Of the n participants.
    levels : tuple of str
        Arms, the reference first.

    Examples
    --------
    >>> arms_codes(("ketamine", "", "midazolam"), ("midazolam", "ketamine")).tolist()
    [1, -1, 0]
    """
    places = {level: place for place, level in enumerate(levels)}
    return np.array([places.get(arm, -1) for arm in arms], dtype=np.int64)


def _reason(data: TrialPredictors, row: int, model: str) -> str:
    """Return why a participant cannot enter a model whatever the imaging, or ""."""
    if not np.isfinite(data.outcome[row]):
        return NO_OUTCOME
    if model != MEASURES and data.arms[row] not in data.levels:
        return NO_ARM
    if model == BY_ARM_AND_CONCURRENT and (
        data.concurrent is None or not np.isfinite(data.concurrent[row])
    ):
        return NO_CONCURRENT
    return ""


def _incomplete(names: list[str]) -> str:
    listed = ", ".join(names[:NAMES_LISTED])
    more = len(names) - NAMES_LISTED
    return f"complete cases only: no value of {listed}" + (f" and {more} more" if more > 0 else "")


def _rows_of(found: Predictors, rows: np.ndarray) -> Predictors:
    covariates = tuple(
        each._replace(values=np.asarray(each.values)[rows]) for each in found.covariates
    )
    return found._replace(values=found.values[rows], covariates=covariates)


def _in_order(dropped: dict[str, str], names: tuple[str, ...]) -> list[str]:
    """Return the names of dropped predictors in their order, those of earlier codings last."""
    return [name for name in names if name in dropped] + [n for n in dropped if n not in names]


def _kept(data: TrialPredictors, found: Predictors, kept: np.ndarray) -> TrialPredictors:
    """Return the trial with the predictors that enter."""
    imaging = kept[: found.n_imaging]
    block = data.imaging
    names = tuple(name for name, enters in zip(block.names, imaging, strict=True) if enters)
    return data._replace(
        imaging=ImagingBlock(names, *(values[:, imaging] for values in block[1:])),
        covariates=tuple(
            each
            for each, enters in zip(found.covariates, kept[found.n_imaging :], strict=True)
            if enters
        ),
    )
