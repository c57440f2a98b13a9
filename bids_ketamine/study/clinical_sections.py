"""Sections on clinical scores and behaviour: tables, analysis of variance, mixed models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bids_ketamine.study.fields import setting
from bids_ketamine.study.group_sections import CovariateSpec

#: Hint for shares that are given in percent.
SHARE = "it is a share (50 percent are 0.5)"


@dataclass(frozen=True, kw_only=True)
class TableOneSpec:
    """Characteristics of participants at baseline, by arm (A20)."""

    covariates: tuple[str, ...] = setting(
        "Covariates of the study that are shown; all of them when empty", default=()
    )
    variables: tuple[CovariateSpec, ...] = setting(
        "Further variables by name, read like covariates and no predictors of anything; symptom "
        "dimensions and mixed models may name them too",
        default=(),
    )
    outcomes: tuple[str, ...] = setting(
        "Outcomes whose score in the first session is shown; all of them when empty", default=()
    )
    yates: bool = setting(
        "Correct the chi-square test of a 2 x 2 table for continuity (Yates)", default=True
    )


@dataclass(frozen=True, kw_only=True)
class RepeatedMeasuresSpec:
    """Repeated-measures ANOVA of the clinical scores: arm x session x outcome (A20)."""

    outcomes: tuple[str, ...] = setting("Outcomes; more than one become a factor of their own")
    sessions: tuple[str, ...] = setting(
        "Sessions; the two of the study's first change when empty", default=()
    )
    error_strata: tuple[str, ...] = setting(
        "Error terms: participants as the one stratum beside the residuals, and a stratum for "
        "each factor that varies within participants",
        default=("participant", "stratified"),
        choices=("participant", "stratified"),
    )


@dataclass(frozen=True, kw_only=True)
class BehaviourSpec:
    """Accuracy and reaction time by session and arm, from the events (A21)."""

    tasks: tuple[str, ...] = setting(
        "Tasks of the study; their `error_trials` tell right answers and response times"
    )
    reaction_time: str = setting(
        "How the reaction times of a participant's right answers are summed up",
        default="mean",
        choices=("mean", "median"),
    )


@dataclass(frozen=True, kw_only=True)
class SymptomDimensionsSpec:
    """Correlation of a measure's change with dimensions of a questionnaire (A17)."""

    outcome: str = setting("Outcome with items")
    measure: str = setting(
        "Imaging measure: measure, task, contrast (where it has them) and regions, as in the "
        "measures table"
    )
    dimensions: Mapping[str, tuple[int, ...]] = setting("Items (1-based) of each dimension")
    minimum_items: float = setting(
        "Share of a dimension's items that must be there for its score, which is pro-rated where "
        "some are missing; all of them if 1",
        default=0.5,
        minimum=0.0,
        maximum=1.0,
        hint=SHARE,
    )
    covariates: tuple[str, ...] = setting(
        "Covariates, or variables of `table_one`, whose rank correlation with the measure's "
        "change is given too",
        default=(),
    )


@dataclass(frozen=True, kw_only=True)
class ResponseSpec:
    """Who responded."""

    outcome: str = setting("Outcome whose relative fall over its change tells response")
    fall: float = setting(
        "Relative fall at or above which somebody is a responder",
        default=0.5,
        minimum=0.0,
        maximum=1.0,
        hint=SHARE,
    )


@dataclass(frozen=True, kw_only=True)
class MixedModelSpec:
    """Mixed model of scores or measures over sessions, with an intercept a participant (B7)."""

    name: str = setting("Name of the model")
    outcomes: tuple[str, ...] = setting("Outcomes, each in a model of its own", default=())
    measures: tuple[str, ...] = setting(
        "Imaging measures, each in a model of its own: measure, task, contrast (where it has one) "
        "and regions, as in `gppi faces facesGtShapes amygdala~vmPFC`, where `*` stands for any "
        "text",
        default=(),
    )
    formula: str = setting(
        "Fixed effects, such as `time * arm`; see above for the variables there are"
    )
    slope: str | None = setting(
        "Numeric variable of the formula whose effect varies between participants (random "
        "slope); none when absent",
        default=None,
    )
    sessions: tuple[str, ...] = setting(
        "Sessions that enter; all of the study when empty", default=()
    )
    arms: tuple[str, ...] = setting("Arms that enter; everybody when empty", default=())
    complete: bool = setting(
        "Let only participants enter who have a value in every session of the model",
        default=False,
    )
    methods: tuple[str, ...] = setting(
        "Restricted maximum likelihood, and maximum likelihood",
        default=("reml",),
        choices=("reml", "ml"),
    )
    degrees_of_freedom: tuple[str, ...] = setting(
        "Rules of degrees of freedom; residual is n - p",
        default=("satterthwaite", "residual"),
        choices=("satterthwaite", "residual", "kenward_roger", "containment"),
    )
    intervals: str = setting(
        "Intervals of fixed effects: by t, by the profile of the likelihood, or by a parametric "
        "bootstrap",
        default="t",
        choices=("t", "profile", "bootstrap"),
    )
    bootstrap_draws: int = setting("Samples of the bootstrap", default=1000, minimum=20)
    response: ResponseSpec | None = setting(
        "Who responded, for the variable `response`", default=None
    )


@dataclass(frozen=True, kw_only=True)
class CrossoverSpec:
    """Periods of a crossover trial."""

    columns: tuple[str, ...] = setting(
        "Columns of participants.tsv that hold the treatment of each period, in order"
    )
    values: Mapping[str, str] = setting(
        "For each of their values the session that follows this treatment, as in "
        "`{d: ketamine, p: placebo}`"
    )
