"""Rules on clinical statistics and behaviour that span several settings."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.study.check_lists import (
    check_change_images,
    check_measures,
    check_names,
    check_outcomes,
    check_sessions_together,
)
from bids_ketamine.study.document import Problem
from bids_ketamine.study.measure_names import ANY
from bids_ketamine.study.spec import (
    CrossoverSpec,
    OutcomeSpec,
    RepeatedMeasuresSpec,
    StudySpec,
    SymptomDimensionsSpec,
    TableOneSpec,
)
from bids_ketamine.study.wrong_names import named_twice, unknown_name


def check_table_one(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `table_one` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.table_one
    if section is None:
        return
    covariates = [each.name for each in spec.covariates]
    check_names(("table_one", "covariates"), section.covariates, "covariate", covariates, problem)
    check_outcomes(spec, ("table_one", "outcomes"), section.outcomes, problem)
    _check_variables(section, covariates, problem)


def check_repeated_measures(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `repeated_measures` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.repeated_measures
    if section is None:
        return
    where = ("repeated_measures",)
    sessions = anova_sessions(spec, section)
    if not section.outcomes:
        problem(where, "repeated_measures.outcomes names no outcome")
    if not section.error_strata:
        problem(where, "repeated_measures.error_strata names no error term")
    for name in named_twice(section.error_strata):
        problem((*where, "error_strata"), f"repeated_measures.error_strata names `{name}` twice")
    if not section.sessions and not spec.changes:
        problem(
            where,
            "repeated_measures needs sessions: name them, or a change between two under `changes`",
        )
    elif len(set(sessions)) < 2:
        problem((*where, "sessions"), "repeated_measures.sessions needs two sessions or more")
    check_sessions_together(spec, (*where, "sessions"), section.sessions, problem)
    check_outcomes(spec, (*where, "outcomes"), section.outcomes, problem, sessions)


def check_behaviour(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `behaviour` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.behaviour
    if section is None:
        return
    if not section.tasks:
        problem(("behaviour",), "behaviour.tasks names no task")
    tasks = {task.name: task for task in spec.tasks}
    check_names(("behaviour", "tasks"), section.tasks, "task", list(tasks), problem)
    for name in dict.fromkeys(section.tasks):
        if name in tasks and tasks[name].error_trials is None:
            problem(
                ("behaviour", "tasks"),
                f"behaviour.tasks: `{name}` has no `error_trials`, which tell right answers",
            )


def check_symptom_dimensions(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `symptom_dimensions` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.symptom_dimensions
    if section is None:
        return
    where = ("symptom_dimensions",)
    outcome = next((each for each in spec.outcomes if each.name == section.outcome), None)
    if outcome is None:
        known = [each.name for each in spec.outcomes]
        sentence = unknown_name("outcome", section.outcome, known)
        problem((*where, "outcome"), f"symptom_dimensions.outcome{sentence}")
    elif not outcome.items:
        problem(
            (*where, "outcome"),
            f"symptom_dimensions.outcome: `{outcome.name}` has no `items`, of which dimensions "
            "are made",
        )
    else:
        _check_items(section, outcome, problem)
    if not section.dimensions:
        problem((*where, "dimensions"), "symptom_dimensions.dimensions names no dimension")
    check_measures(spec, (*where, "measure"), (section.measure,), problem)
    check_change_images(spec, (*where, "outcome"), section.outcome, problem)
    if ANY in section.measure:
        problem(
            (*where, "measure"),
            f"symptom_dimensions.measure is one measure; `{section.measure}` stands for several",
        )
    variables = {each.name: each for each in spec.participant_variables}
    check_names((*where, "covariates"), section.covariates, "covariate", list(variables), problem)
    for name in section.covariates:
        if name in variables and variables[name].kind == "categorical":
            problem(
                (*where, "covariates"),
                f"symptom_dimensions.covariates: `{name}` is categorical; a rank correlation needs "
                "a numeric or an ordered variable",
            )


def check_crossover(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `crossover` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.crossover
    if section is None:
        return
    _check_periods(section, problem)
    names = [session.name for session in spec.sessions]
    for value, session in (section.values or {}).items():
        if session is not None and session not in names:
            problem(
                ("crossover", "values", value),
                f"crossover.values.{value}{unknown_name('session', session, names)}",
            )
        elif session in spec.session_means:
            problem(
                ("crossover", "values", value),
                f"crossover.values.{value}: `{session}` is the mean of other sessions, and no "
                "session follows a treatment on average",
            )


def anova_sessions(spec: StudySpec, section: RepeatedMeasuresSpec) -> tuple[str, ...]:
    """Return the sessions of the repeated-measures ANOVA: those named, or of the first change.

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : RepeatedMeasuresSpec
        Its section.
    """
    if section.sessions or not spec.changes:
        return section.sessions
    return (spec.changes[0].first, spec.changes[0].second)


def _check_variables(section: TableOneSpec, covariates: Sequence[str], problem: Problem) -> None:
    for variable in section.variables:
        if variable.name in covariates:
            problem(
                ("table_one", "variables", variable.name),
                f"table_one.variables: `{variable.name}` is a covariate of the study; name it "
                "under `table_one.covariates`, or take it out",
            )


def _check_items(section: SymptomDimensionsSpec, outcome: OutcomeSpec, problem: Problem) -> None:
    for name, items in (section.dimensions or {}).items():
        where = ("symptom_dimensions", "dimensions", name)
        setting = ".".join(where)
        if not items:
            problem(where, f"{setting} names no item")
            continue
        outside = [item for item in items if not 1 <= item <= len(outcome.items)]
        if outside:
            problem(
                where,
                f"{setting}: `{outcome.name}` has the items 1 to {len(outcome.items)}, not "
                f"{', '.join(map(str, dict.fromkeys(outside)))}",
            )
        for item in named_twice(items):
            problem(where, f"{setting} names the item {item} twice")


def _check_periods(section: CrossoverSpec, problem: Problem) -> None:
    columns, values = section.columns, section.values or {}
    if len(columns) < 2:
        problem(("crossover", "columns"), "crossover.columns needs a column for each period")
    for name in named_twice(columns):
        problem(("crossover", "columns"), f"crossover.columns names `{name}` twice")
    if len(values) < 2:
        problem(("crossover", "values"), "crossover.values needs two treatments or more")
    elif len(columns) > len(values):
        problem(
            ("crossover", "columns"),
            f"crossover has {len(columns)} periods and {len(values)} treatments; everybody gets "
            "a treatment once at most",
        )
    sessions = [session for session in values.values() if session is not None]
    for name in named_twice(sessions):
        problem(("crossover", "values"), f"crossover.values names the session `{name}` twice")
