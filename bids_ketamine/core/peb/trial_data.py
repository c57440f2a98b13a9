"""What the group analyses of a trial are given, and what they give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.peb.design import GroupDesign
from bids_ketamine.core.peb.estimation import PebEstimate
from bids_ketamine.core.peb.models import FirstLevelModels
from bids_ketamine.core.peb.predictive_check import PredictiveCheck
from bids_ketamine.core.peb.search import SearchResult
from bids_ketamine.core.peb.sensitivity import Sensitivity

#: Analyses, in the order in which they are given.
BASELINE, CHANGE, PREDICTION = "baseline", "change", "prediction"
ANALYSES = (BASELINE, CHANGE, PREDICTION)

#: Name of the arm that holds everybody.
ALL = "all"

#: Distributions of participants around the group.
GAUSSIAN, STUDENT_T = "gaussian", "student_t"

#: Levels: over models of participants, or over the PEBs of two arms.
SECOND, THIRD = "second", "third"

#: Effects: what the columns of the designs are called.
MEAN, SESSION, IMPROVEMENT = "mean", "session", "improvement"
SESSION_BY_IMPROVEMENT = "session x improvement"

#: Columns where two arms are compared: what they have in common, and the other minus the
#: reference; a column's difference between arms is called `COLUMN x arm`.
COMMON, DIFFERENCE = "mean", "arm"

#: Row of a participant who has no model of a session.
MISSING = -1


class TrialData(NamedTuple):
    """One dynamic causal model of a trial's participants, with what they are compared by.

    Attributes
    ----------
    models : FirstLevelModels
        All models, in any order.
    participants : tuple of str
        Participants, each once, in any order.
    arms : tuple of str
        Arm of each; one that is not among the levels enters only what is over all.
    improvement : ndarray of shape (n_participants,)
        Points; NaN where unknown.
    first, second : ndarray of int, shape (n_participants,)
        Row of each participant's model of that session among `models`, -1 where there is none.
    """

    models: FirstLevelModels
    participants: tuple[str, ...]
    arms: tuple[str, ...]
    improvement: np.ndarray
    first: np.ndarray
    second: np.ndarray


class TrialSettings(NamedTuple):
    """How a trial is analysed.

    Attributes
    ----------
    levels : tuple of str
        Arms that are compared, the reference first; may be empty.
    fields : tuple of str
        Fields of parameters that enter, such as "modulation".
    precision_components : str
        "single", "all" or "fields".
    within_participant_first : bool
        Whether `change` begins with a PEB of each participant's two sessions.
    degrees_of_freedom : float
        Of the Student-t level.
    minimum_participants : int
        Fewest that an analysis needs; it also needs one more than its columns.
    level : float
        Probability inside the intervals, such as 0.9.
    seed : int
        Of the draws of the predictive check.
    n_draws : int
        How many.
    """

    levels: tuple[str, ...]
    fields: tuple[str, ...]
    precision_components: str
    within_participant_first: bool
    degrees_of_freedom: float
    minimum_participants: int
    level: float
    seed: int
    n_draws: int


class TrialFit(NamedTuple):
    """One PEB of a trial.

    Attributes
    ----------
    analysis : str
        "baseline", "change" or "prediction".
    arm : str
        "all", an arm, or "ketamine - midazolam" where two arms are compared.
    level : str
        "second": over the participants, of two arms too, with the arm in the design. "third":
        over the PEBs of two arms, as SPM12 compares them.
    distribution : str
        "gaussian" or "student_t": of the level over participants, below the third.
    participants : tuple of str
        Who entered (if there is a reason: who would have), sorted.
    effects : tuple of str
        Effects that it estimates, n_effects: the same names in either route; of two arms,
        differences of these.
    parameters : tuple of str
        First-level parameters, n_parameters.
    improvement_mean, improvement_standard_deviation : float
        Of who entered, points; NaN where improvement is not in the analysis or of two arms.
    scale : float
        What improvement was divided by, points: the same in all PEBs of an analysis; 1 without
        improvement.
    sentence : str
        Says how improvement was centred and scaled; empty without it and at the third level.
    estimate : PebEstimate or None
        As estimated, with improvement scaled (not per point); None where there is a reason.
    within : tuple of PebEstimate
        PEBs of the sessions of each participant, where `change` began with them (over
        participants, not at the third level); else empty.
    reason : str
        Why it could not be estimated; empty otherwise.
    search : SearchResult or None
        Of the Gaussian level; positions are those of `vector`.
    log_bayes_factor : ndarray of shape (n_vector,) or None
        Free energy with each parameter minus without it; of the Gaussian level.
    sensitivity : Sensitivity or None
        Without each participant; of the Gaussian level. Improvement scaled.
    check : PredictiveCheck or None
        Of the Gaussian level, but not of the third.
    """

    analysis: str
    arm: str
    level: str
    distribution: str
    participants: tuple[str, ...]
    effects: tuple[str, ...]
    parameters: tuple[str, ...]
    improvement_mean: float
    improvement_standard_deviation: float
    scale: float
    sentence: str
    estimate: PebEstimate | None
    within: tuple[PebEstimate, ...]
    reason: str
    search: SearchResult | None
    log_bayes_factor: np.ndarray | None
    sensitivity: Sensitivity | None
    check: PredictiveCheck | None

    @property
    def design(self) -> GroupDesign | None:
        """The design, its rows models or lower PEBs; None where there is a reason."""
        return None if self.estimate is None else self.estimate.design

    @property
    def participant_weights(self) -> np.ndarray:
        """Weight of each participant, (n_participants,); 1 at the Gaussian level."""
        if self.estimate is None or len(self.estimate.weights) < len(self.participants):
            return np.full(len(self.participants), np.nan)
        return self.estimate.weights[: len(self.participants)]


class TrialEffect(NamedTuple):
    """One effect on one parameter, a row of the table: in the parameter's unit, or per point.

    Attributes
    ----------
    analysis, arm, level, distribution, effect, parameter : str
        Which.
    per_point : bool
        Whether the unit is the parameter's per point of improvement.
    n : int
        Participants.
    estimate, standard_deviation : float
        Of the posterior; NaN, like all that follows, where there is a reason.
    interval_low, interval_high : float
        Limits of the interval.
    posterior_probability : float
        That the effect has its sign, ``Phi(|estimate| / standard deviation)``.
    model_probability : float
        That the effect is there, of the search. Gaussian level.
    averaged_estimate, averaged_standard_deviation : float
        Over the models of the search. Gaussian level.
    log_bayes_factor : float
        Free energy with the effect minus without it. Gaussian level.
    estimate_lowest, estimate_highest : float
        Without each participant. Gaussian level.
    probability_lowest : float
        Lowest posterior probability of the sign that the estimate has, without each participant.
    most_influential : str
        The participant without whom it is; empty if not known.
    reason : str
        Why there is no estimate.
    """

    analysis: str
    arm: str
    level: str
    distribution: str
    effect: str
    parameter: str
    per_point: bool
    n: int
    estimate: float
    standard_deviation: float
    interval_low: float
    interval_high: float
    posterior_probability: float
    model_probability: float
    averaged_estimate: float
    averaged_standard_deviation: float
    log_bayes_factor: float
    estimate_lowest: float
    estimate_highest: float
    probability_lowest: float
    most_influential: str
    reason: str


class LeftOutEffect(NamedTuple):
    """One effect on one parameter without one participant, a row of the sensitivity table.

    In the unit of the effect's row; NaN where the rest could not be estimated.
    """

    analysis: str
    arm: str
    level: str
    effect: str
    parameter: str
    left_out: str
    estimate: float
    standard_deviation: float
    posterior_probability: float


class Inclusion(NamedTuple):
    """Whether a participant entered an analysis (over all); the reason is empty if so."""

    analysis: str
    participant: str
    reason: str


class SessionEstimate(NamedTuple):
    """One parameter of one model before and after it has seen the group (over all, Gaussian).

    `session` is 0 for the first and 1 for the second; improvement in points.
    """

    analysis: str
    participant: str
    session: int
    parameter: str
    estimate: float
    standard_deviation: float
    reevaluated: float
    reevaluated_standard_deviation: float
    improvement: float


class TrialResult(NamedTuple):
    """All analyses of one model.

    Attributes
    ----------
    fits : tuple of TrialFit
        PEBs: by analysis, arm (all, each arm, differences), distribution.
    effects : tuple of TrialEffect
        Rows, in the order of the fits, then of effects, then of parameters.
    left_out : tuple of LeftOutEffect
        The same without each participant.
    inclusions : tuple of Inclusion
        Of every participant in every analysis, sorted by analysis, then participant.
    estimates : tuple of SessionEstimate
        Of `change` and `prediction`.
    """

    fits: tuple[TrialFit, ...]
    effects: tuple[TrialEffect, ...]
    left_out: tuple[LeftOutEffect, ...]
    inclusions: tuple[Inclusion, ...]
    estimates: tuple[SessionEstimate, ...]
