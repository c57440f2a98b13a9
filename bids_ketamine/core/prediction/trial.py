"""The six models of a trial: what the paper reports, and what holds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bids_ketamine.core.prediction.columns import UsablePredictors, usable_predictors
from bids_ketamine.core.prediction.fitting import ToldProgress, fit_model
from bids_ketamine.core.prediction.procedure import Sample, sample_of
from bids_ketamine.core.prediction.results import SIGNIFICANT, ModelResult
from bids_ketamine.core.prediction.trial_data import (
    BY_ARM,
    BY_ARM_AND_CONCURRENT,
    MEASURES,
    TIMINGS,
    WHOLE_SAMPLE,
    PredictionSettings,
    TrialPredictors,
)

#: Fewest participants of a model: fits within fits need some to learn from.
FEWEST_PARTICIPANTS = 8


def analyse_models(
    data: TrialPredictors,
    *,
    settings: PredictionSettings,
    progress: ToldProgress | None = None,
) -> Iterator[ModelResult]:
    """Analyse the models of both timings, one after the other (methods rows A13 to A16).

    Parameters
    ----------
    data : TrialPredictors
        The trial.
    settings : PredictionSettings
        How the outcome is predicted.
    progress : callable, optional
        Told of every permutation.

    Yields
    ------
    ModelResult
        Changes as correlates, then baseline values as predictors, by the models of
        :func:`models_of`.
    """
    # A study without arms has one without a name.
    named = data if data.levels else data._replace(levels=("",), arms=("",) * len(data.arms))
    for timing in TIMINGS:
        # Decided once: models of fewer participants leave out what is constant in these, at most.
        of_all = usable_predictors(named, timing=timing, model=MEASURES, settings=settings)
        prepared: dict[tuple[tuple[str, ...], ...], Sample] = {}
        for model in models_of(data):
            usable = of_all
            if model != MEASURES:
                usable = _of_model(of_all, named, timing=timing, model=model, settings=settings)
            entered = usable.data
            result = ModelResult(
                timing=timing,
                model=model,
                reason=_reason(usable, model, settings),
                participants=entered.participants,
                arms=entered.arms,
                outcome=entered.outcome,
                excluded=usable.excluded,
                dropped=usable.dropped,
                notes=(),
                fit=None,
            )
            if result.reason:
                yield result
                continue
            # Models with the same participants and predictors share their preparation.
            covariates = tuple(each.name for each in entered.covariates)
            shared = (entered.participants, entered.imaging.names, covariates, entered.levels)
            if shared not in prepared:
                prepared[shared] = sample_of(entered, timing=timing, settings=settings)
            fit = fit_model(prepared[shared], model, progress=progress)
            yield result._replace(fit=fit, notes=_notes(prepared[shared], model, named.levels))


def _of_model(
    of_all: UsablePredictors,
    data: TrialPredictors,
    *,
    timing: str,
    model: str,
    settings: PredictionSettings,
) -> UsablePredictors:
    """Return what enters a model that needs more of its participants than the first one."""
    if not of_all.data.participants or not of_all.data.imaging.names:
        return of_all  # which says why
    usable = usable_predictors(of_all.data, timing=timing, model=model, settings=settings)
    why = {each.name: each for each in (*of_all.excluded, *usable.excluded)}
    present = tuple(level for level in data.levels if level in usable.data.arms)
    return usable._replace(
        data=usable.data._replace(levels=present),
        excluded=tuple(why[name] for name in data.participants if name in why),
        dropped=of_all.dropped + usable.dropped,
    )


def models_of(data: TrialPredictors) -> tuple[str, ...]:
    """Return the models that a trial asks for (methods row A14).

    Parameters
    ----------
    data : TrialPredictors
        Its arms and concurrent outcome.

    Returns
    -------
    tuple of str
        Measures and covariates; with the arm and its interactions, where there are two arms or
        more; with the concurrent outcome too, where there is one.
    """
    asked = {
        MEASURES: True,
        BY_ARM: len(data.levels) > 1,
        BY_ARM_AND_CONCURRENT: data.concurrent is not None,
    }
    return tuple(model for model, wanted in asked.items() if wanted)


def _reason(usable: UsablePredictors, model: str, settings: PredictionSettings) -> str:
    """Return why a model cannot be computed; empty where it can."""
    entered = usable.data
    n, fewest = len(entered.participants), max(settings.minimum_participants, FEWEST_PARTICIPANTS)
    if n < fewest:
        return f"{n} participants, fewer than {fewest}"
    if not entered.imaging.names:
        return "no imaging measure can enter"
    if np.ptp(entered.outcome) == 0.0:
        return "the outcome is the same in all participants"
    counts = np.unique(entered.outcome, return_counts=True)[1]
    if counts.max() >= n - 1:
        return "the outcome is the same in all participants but one"
    if model == BY_ARM and len(entered.levels) < 2:
        return f"all participants are in one arm ({entered.arms[0]})"
    return ""


def _notes(sample: Sample, model: str, levels: tuple[str, ...]) -> tuple[str, ...]:
    n, folds = len(sample.data.participants), sample.settings.folds
    notes = []
    absent = [level for level in levels if level not in sample.data.levels]
    if model != MEASURES and absent:
        notes.append(f"Nobody who enters is in the arm {' or '.join(absent)}.")
    possible = min(sample.settings.permutations + 1, _orders(sample.codes))
    if 1.0 / possible >= SIGNIFICANT:
        notes.append(
            f"The test of the imaging measures has only {possible} different outcomes, so that "
            f"its p cannot fall below {SIGNIFICANT:g}."
        )
    if folds > n:
        notes.append(f"No {folds}-fold cross-validation: there are {n} participants.")
    if sample.settings.preparation == WHOLE_SAMPLE:
        notes.append(
            "Motion and missing values were dealt with over the whole sample, so that "
            "participants who are left out had a part in the predictors of the others."
        )
    return tuple(notes)


def _orders(codes: np.ndarray) -> int:
    """Return in how many orders participants can stand within their arms."""
    counts = np.unique(codes, return_counts=True)[1].tolist()
    return math.prod(math.factorial(count) for count in counts)
