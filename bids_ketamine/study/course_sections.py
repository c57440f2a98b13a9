"""Sections on the clinical course: visits, response, correlations of scores, primary outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bids_ketamine.study.fields import setting


@dataclass(frozen=True, kw_only=True)
class ClinicalCourseSpec:
    """Scores, response and remission by visit (B11)."""

    outcome: str = setting("Outcome")
    sessions: tuple[str, ...] = setting(
        "Visits in order, the first of them before treatment; all sessions the outcome has when "
        "empty",
        default=(),
    )
    arms: tuple[str, ...] = setting(
        "Arms that enter; everybody but the controls of `controls` when empty", default=()
    )
    response_fall: float = setting(
        "Relative fall from the first visit at or above which somebody is a responder",
        default=0.5,
        minimum=0.0,
        maximum=1.0,
    )
    remission_below: float | None = setting(
        "Score below which somebody is in remission; null for none", default=None
    )
    rating: str | None = setting(
        "Outcome that rates the global change from 1 to 7 (CGI-I)", default=None
    )
    rating_at_most: int = setting("Highest rating that counts as improved", default=2, minimum=1)


@dataclass(frozen=True, kw_only=True)
class ScoreCorrelationsSpec:
    """Pearson correlations of scores with an outcome's change (B12)."""

    outcome: str = setting("Outcome whose change (second minus first session) is correlated")
    scores: Mapping[str, tuple[str, ...]] = setting("Other outcomes, and the sessions of each")
    arms: tuple[str, ...] = setting(
        "Arms that enter; everybody but the controls of `controls` when empty", default=()
    )


@dataclass(frozen=True, kw_only=True)
class LogisticRegressionSpec:
    """Whether something occurred, by scores of the same session (B12)."""

    name: str = setting("Name of the regression")
    outcome: str = setting("Outcome that tells whether it occurred")
    at_least: float = setting("Score from which on it did", default=1.0)
    predictors: tuple[str, ...] = setting("Outcomes whose scores predict it")
    sessions: tuple[str, ...] = setting(
        "Sessions, each with a regression of its own; all that every score has when empty",
        default=(),
    )
    arms: tuple[str, ...] = setting(
        "Arms that enter; everybody but the controls of `controls` when empty", default=()
    )


@dataclass(frozen=True, kw_only=True)
class PrimaryOutcomesSpec:
    """Primary outcomes, over which p is corrected by Bonferroni (B12)."""

    scores: tuple[str, ...] = setting(
        "Outcomes whose change is one each (paired t test over the outcome's change; a rating of "
        "`clinical_course.rating` is tested against 4, no change)",
        default=(),
    )
    mixed_model: str | None = setting("Mixed model whose terms are", default=None)
    terms: tuple[str, ...] = setting("Terms of it", default=())
    measures: tuple[str, ...] = setting(
        "Its measures, as in `mixed_models.NAME.measures`; all of them when empty", default=()
    )
    level: float = setting(
        "Level of significance before correction", default=0.05, minimum=0.0, maximum=1.0
    )
