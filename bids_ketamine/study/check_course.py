"""Rules on the clinical course: visits, correlations of scores, regressions, primary outcomes."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.study.baseline import possible_sessions
from bids_ketamine.study.check_lists import (
    change_of,
    check_arms,
    check_names,
    check_outcomes,
    check_sessions_together,
)
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.formula_variables import terms_of
from bids_ketamine.study.measure_names import can_be_chosen, possible_measures
from bids_ketamine.study.spec import (
    ClinicalCourseSpec,
    LogisticRegressionSpec,
    MixedModelSpec,
    PrimaryOutcomesSpec,
    StudySpec,
)
from bids_ketamine.study.wrong_names import named_twice, unknown_name

#: Rating of global change that stands for no change, and the worst one.
NO_CHANGE, WORST = 4, 7


def check_clinical_course(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `clinical_course` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.clinical_course
    if section is None:
        return
    where: KeyPath = ("clinical_course", "sessions")
    check_sessions_together(spec, where, section.sessions, problem)
    outcome = next((each for each in spec.outcomes if each.name == section.outcome), None)
    sessions = section.sessions or (possible_sessions(spec, outcome) if outcome else ())
    if (section.sessions or outcome is not None) and len(set(sessions)) < 2:
        problem(
            where,
            "clinical_course.sessions needs two visits or more, the first of them before treatment",
        )
    check_outcomes(
        spec, ("clinical_course", "outcome"), (section.outcome,), problem, section.sessions
    )
    if outcome is not None and outcome.improvement == "increase":
        problem(
            ("clinical_course", "outcome"),
            f"clinical_course.outcome: a fall of `{outcome.name}` is no improvement",
        )
    check_arms(spec, ("clinical_course", "arms"), section.arms, problem)
    if not section.response_fall > 0:
        problem(
            ("clinical_course", "response_fall"), "clinical_course.response_fall must be above 0"
        )
    _check_rating(spec, section, problem)


def _check_rating(spec: StudySpec, section: ClinicalCourseSpec, problem: Problem) -> None:
    if section.rating is None:
        return
    where: KeyPath = ("clinical_course", "rating")
    if section.rating == section.outcome:
        problem(where, f"clinical_course.rating is the outcome itself, `{section.rating}`")
    # Change is not rated before there is any.
    check_outcomes(spec, where, (section.rating,), problem, section.sessions[1:])
    if section.rating_at_most >= NO_CHANGE:
        problem(
            ("clinical_course", "rating_at_most"),
            f"clinical_course.rating_at_most: {section.rating_at_most} is no improvement; ratings "
            f"run from 1 to {WORST}, and {NO_CHANGE} is no change",
        )


def check_score_correlations(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `score_correlations` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.score_correlations
    if section is None:
        return
    known = {each.name: each for each in spec.outcomes}
    where: KeyPath = ("score_correlations", "outcome")
    if section.outcome not in known:
        sentence = unknown_name("outcome", section.outcome, list(known))
        problem(where, f"score_correlations.outcome{sentence}")
    elif change_of(spec, known[section.outcome]) is None:
        problem(where, f"score_correlations.outcome: `{section.outcome}` belongs to no change")
    if not section.scores:
        problem(("score_correlations", "scores"), "score_correlations.scores names no outcome")
    for name, sessions in (section.scores or {}).items():
        at: KeyPath = ("score_correlations", "scores", name)
        if name not in known:
            sentence = unknown_name("outcome", name, list(known))
            problem(at, f"score_correlations.scores{sentence}")
            continue
        if not sessions:
            problem(at, f"score_correlations.scores.{name} names no session")
        check_names(at, sessions, "session", [each.name for each in spec.sessions], problem)
        check_outcomes(spec, at, (name,), problem, _known_sessions(spec, sessions))
    check_arms(spec, ("score_correlations", "arms"), section.arms, problem)


def check_logistic_regressions(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `logistic_regressions` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    for section in spec.logistic_regressions:
        check_logistic_regression(spec, section, problem)


def check_logistic_regression(
    spec: StudySpec, section: LogisticRegressionSpec, problem: Problem
) -> None:
    """Report every rule that one logistic regression breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : LogisticRegressionSpec
        One of its regressions.
    problem : callable
        Called with the place in the file and a sentence.
    """
    where: KeyPath = ("logistic_regressions", section.name)
    name = ".".join(map(str, where))
    if not section.name.strip() or not section.name.isprintable():
        problem(
            where, f"logistic_regressions: `{section.name!r}`: a name is made of visible characters"
        )
    names = [each.name for each in spec.sessions]
    check_names((*where, "sessions"), section.sessions, "session", names, problem)
    sessions = _known_sessions(spec, section.sessions)
    check_outcomes(spec, (*where, "outcome"), (section.outcome,), problem, sessions)
    if not section.predictors:
        problem((*where, "predictors"), f"{name}.predictors names no outcome")
    check_outcomes(spec, (*where, "predictors"), section.predictors, problem, sessions)
    if section.outcome in section.predictors:
        problem(
            (*where, "predictors"),
            f"{name}.predictors: `{section.outcome}` is what is predicted; name other outcomes",
        )
    check_arms(spec, (*where, "arms"), section.arms, problem)


def check_primary_outcomes(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `primary_outcomes` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.primary_outcomes
    if section is None:
        return
    known = [each.name for each in spec.outcomes]
    check_names(("primary_outcomes", "scores"), section.scores, "outcome", known, problem)
    for name in dict.fromkeys(section.scores):
        _check_primary_score(spec, name, problem)
    models = {each.name: each for each in spec.mixed_models}
    if section.mixed_model is None:
        for setting in ("terms", "measures"):
            if getattr(section, setting):
                problem(
                    ("primary_outcomes", setting),
                    f"primary_outcomes.{setting} are of a mixed model: name it under "
                    "`primary_outcomes.mixed_model`",
                )
    elif section.mixed_model not in models:
        sentence = unknown_name("mixed model", section.mixed_model, list(models))
        problem(("primary_outcomes", "mixed_model"), f"primary_outcomes.mixed_model{sentence}")
    else:
        _check_primary_model(spec, section, models[section.mixed_model], problem)
    if not section.scores and section.mixed_model is None:
        problem(
            ("primary_outcomes",),
            "primary_outcomes names no outcome: give `scores`, or a `mixed_model` and its `terms`",
        )
    if not section.level > 0:
        problem(("primary_outcomes", "level"), "primary_outcomes.level must be above 0")


def _check_primary_score(spec: StudySpec, name: str, problem: Problem) -> None:
    outcome = next((each for each in spec.outcomes if each.name == name), None)
    if outcome is None or change_of(spec, outcome) is not None:
        return
    problem(
        ("primary_outcomes", "scores"),
        f"primary_outcomes.scores: `{name}` belongs to no change between two sessions",
    )


def _check_primary_model(
    spec: StudySpec, section: PrimaryOutcomesSpec, model: MixedModelSpec, problem: Problem
) -> None:
    where: KeyPath = ("primary_outcomes", "terms")
    if not section.terms:
        problem(where, f"primary_outcomes.terms names no term of mixed_models.{model.name}")
    try:
        terms = terms_of(model.formula)
    except ValueError:  # is told of the formula itself
        return
    for name in dict.fromkeys(section.terms):
        if name in terms:
            continue
        same = [each for each in terms if set(each.split(":")) == set(name.split(":"))]
        guess = f"did you mean `{same[0]}`? " if same else ""
        problem(
            where,
            f"primary_outcomes.terms: `{name}` is no term of mixed_models.{model.name}; {guess}"
            f"terms: {', '.join(terms)}",
        )
    for name in named_twice(section.terms):
        problem(where, f"primary_outcomes.terms names `{name}` twice")
    _check_primary_measures(spec, section, model, problem)


def _check_primary_measures(
    spec: StudySpec, section: PrimaryOutcomesSpec, model: MixedModelSpec, problem: Problem
) -> None:
    where: KeyPath = ("primary_outcomes", "measures")
    possible = possible_measures(spec) if section.measures else ()
    for name in dict.fromkeys(section.measures):
        if not can_be_chosen(name, model.measures):
            problem(
                where,
                f"primary_outcomes.measures: mixed_models.{model.name} is not about `{name}`; its "
                f"measures: {', '.join(model.measures) or 'none'}",
            )
        elif not can_be_chosen(name, possible):
            problem(where, f"primary_outcomes.measures: no measure of the study fits `{name}`")
    for name in named_twice(section.measures):
        problem(where, f"primary_outcomes.measures names `{name}` twice")


def _known_sessions(spec: StudySpec, names: Sequence[str]) -> list[str]:
    known = [each.name for each in spec.sessions]
    return [name for name in names if name in known]
