"""Results of the elastic net of a trial, and whom and what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bids_ketamine.core.prediction.columns import Dropped
from bids_ketamine.core.prediction.results import ModelResult
from bids_ketamine.core.prediction.trial_data import (
    BY_ARM,
    BY_ARM_AND_CONCURRENT,
    MEASURES,
    TIMINGS,
    Covariate,
)
from bids_ketamine.study.spec import ElasticNetSpec, StudySpec


@dataclass(frozen=True, kw_only=True, eq=False)
class EnteringPredictors:
    """Predictors of one timing, as the model of measures and covariates has them.

    Attributes
    ----------
    timing : str
        Which timing.
    participants, arms : tuple of str
        Who entered, and the arm of each; empty for none.
    improvement : ndarray of shape (n_participants,)
        Unit of the outcome.
    names, kinds : tuple of str
        Predictors that entered: ``imaging`` first, then ``covariate``.
    values : ndarray of shape (n_participants, n_predictors)
        Before motion is taken out and missing values are imputed; NaN where missing.
    shares : mapping of str to float
        Share of missing values of every predictor, also of those that did not enter, over the
        participants who had improvement and a measure.
    n_candidates : int
        These participants.
    imaging : frozenset of str
        Which of these are imaging measures.
    dropped : tuple of Dropped
        Those that did not enter.
    """

    timing: str
    participants: tuple[str, ...]
    arms: tuple[str, ...]
    improvement: np.ndarray
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    values: np.ndarray
    shares: Mapping[str, float]
    n_candidates: int
    imaging: frozenset[str]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class NetTrial:
    """The elastic net of a trial.

    Attributes
    ----------
    outcome : str
        Outcome whose improvement is predicted.
    participants, arms : tuple of str
        Everybody, and the arm of each; empty for none.
    results : tuple of ModelResult
        One for each model; reasons name outcomes.
    entering : tuple of EnteringPredictors
        One for each timing; none where predictors could not be read.
    covariates : tuple of Covariate
        Covariates as read: a categorical one as text.
    motion_applied : bool
        Whether head motion is taken out of any measure.
    """

    outcome: str
    participants: tuple[str, ...]
    arms: tuple[str, ...]
    results: tuple[ModelResult, ...]
    entering: tuple[EnteringPredictors, ...]
    covariates: tuple[Covariate, ...] = ()
    motion_applied: bool = False


def asked_models(spec: StudySpec, section: ElasticNetSpec) -> tuple[str, ...]:
    """Return the models that a study asks for, as the analysis has them.

    Parameters
    ----------
    spec : StudySpec
        The study: its arms.
    section : ElasticNetSpec
        Its elastic net: the concurrent outcome.
    """
    asked = {
        MEASURES: True,
        BY_ARM: spec.arms is not None and len(spec.arms.levels) > 1,
        BY_ARM_AND_CONCURRENT: section.concurrent_outcome is not None,
    }
    return tuple(model for model, wanted in asked.items() if wanted)


def participant_reason(trial: NetTrial, timing: str, participant: str) -> tuple[bool, str]:
    """Say whether a participant entered a model of a timing, and why not, or which not.

    Parameters
    ----------
    trial : NetTrial
        The models.
    timing : str
        Which timing.
    participant : str
        Who.
    """
    own = [each for each in trial.results if each.timing == timing]
    fitted = [each for each in own if each.fit is not None]
    told = {
        each.model: next((why for name, why in each.excluded if name == participant), "")
        for each in own
    }
    if any(participant in each.participants for each in fitted):
        without = {each.model: told[each.model] for each in fitted if told[each.model]}
        return True, "; ".join(f"not in {model}: {why}" for model, why in without.items())
    reasons = [why for why in told.values() if why]
    nothing = list(dict.fromkeys(each.reason for each in own if each.reason))
    return False, reasons[0] if reasons else f"no model: {'; '.join(nothing)}"


def without_results(
    reason: str, models: Sequence[str], but: tuple[ModelResult, ...] = ()
) -> tuple[ModelResult, ...]:
    """Return all models, those without a result with a reason.

    Parameters
    ----------
    reason : str
        Why there is none.
    models : sequence of str
        Those that the study asks for.
    but : tuple of ModelResult
        Models that have one, or a reason of their own.
    """
    found = {(each.timing, each.model): each for each in but}
    return tuple(
        found.get(
            (timing, model),
            ModelResult(timing, model, reason, (), (), np.empty(0), (), (), (), None),
        )
        for timing in TIMINGS
        for model in models
    )


def with_known_reasons(
    results: Sequence[ModelResult], reasons: Mapping[str, Mapping[str, str]]
) -> tuple[ModelResult, ...]:
    """Say why each participant does not enter, where more is known than to the analysis.

    Parameters
    ----------
    results : sequence of ModelResult
        Models.
    reasons : mapping of str to mapping of str to str
        For each reason that the analysis gives, what is told instead, by participant.
    """
    return tuple(
        each._replace(
            excluded=tuple(
                Dropped(name, reasons.get(why, {}).get(name, why)) for name, why in each.excluded
            )
        )
        for each in results
    )
