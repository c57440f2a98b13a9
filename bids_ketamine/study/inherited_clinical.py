"""Clinical statistics that a preset hands down and that a study has nothing for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bids_ketamine.study.check_clinical import (
    check_behaviour,
    check_repeated_measures,
    check_symptom_dimensions,
    check_table_one,
)
from bids_ketamine.study.check_course import check_logistic_regression
from bids_ketamine.study.check_mixed import check_mixed_model
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.spec import StudySpec

Check = Callable[[StudySpec, Problem], None]

#: What the sections are called, and their rules.
METHODS = {
    "table_one": ("the table of baseline characteristics", check_table_one),
    "repeated_measures": ("repeated-measures ANOVA", check_repeated_measures),
    "behaviour": ("behaviour by session and arm", check_behaviour),
    "symptom_dimensions": ("the analysis of symptom dimensions", check_symptom_dimensions),
}

#: The same of sections of named entries, which may go one by one.
ENTRIES: Mapping[str, tuple[str, Callable[[StudySpec, Any, Problem], None]]] = {
    "mixed_models": ("mixed model", check_mixed_model),
    "logistic_regressions": ("logistic regression", check_logistic_regression),
}


def without_clinical_parts(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out what inherited sections take of outcomes, tasks and variables that are gone.

    Parameters
    ----------
    spec : StudySpec
        The study, each value of its declared type.
    written : collection of key paths
        Places of the user's own file.

    Returns
    -------
    spec : StudySpec
        Without them; a list of which nothing is left stays as it is.
    notices : tuple of str
        A sentence without full stop for each list.
    """
    spec = _without_repeated_variables(spec, written)
    outcomes = [each.name for each in spec.outcomes]
    answered = [task.name for task in spec.tasks if task.error_trials is not None]
    variables = [each.name for each in spec.participant_variables]
    sessions = [each.name for each in spec.sessions]
    notices: list[str] = []
    for section, setting, known, what in (
        ("repeated_measures", "outcomes", outcomes, "outcomes"),
        ("repeated_measures", "sessions", sessions, "sessions"),
        ("behaviour", "tasks", answered, "tasks with `error_trials`"),
        ("symptom_dimensions", "covariates", variables, "covariates"),
    ):
        value: Any = getattr(spec, section)
        if value is None or (section, setting) in written:
            continue
        kept, notice = known_names(getattr(value, setting), known, what, f"{section}.{setting}")
        if kept or setting == "covariates":
            spec = replace(spec, **{section: replace(value, **{setting: kept})})
            notices += notice
    models = []
    for model in spec.mixed_models:
        where = ("mixed_models", model.name, "outcomes")
        kept, notice = known_names(model.outcomes, outcomes, "outcomes", ".".join(where))
        if kept and where not in written:
            notices += notice
            models.append(replace(model, outcomes=kept))
        else:
            models.append(model)
    return replace(spec, mixed_models=tuple(models)), tuple(notices)


def without_misfit_entries(
    spec: StudySpec,
    written: Collection[KeyPath],
    misfit: Callable[[StudySpec, Check], str],
    *,
    section: str,
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out inherited entries of a section of named ones that do not fit.

    Parameters
    ----------
    spec : StudySpec
        The study.
    written : collection of key paths
        Places of the user's own file.
    misfit : callable
        Returns the first sentence of a check; empty where all is well.
    section : str
        One of :data:`ENTRIES`.

    Returns
    -------
    spec : StudySpec
        Without them.
    notices : tuple of str
        A sentence without full stop for each.
    """
    words, check_entry = ENTRIES[section]
    kept, notices = [], []
    for entry in getattr(spec, section):

        def check(whole: StudySpec, problem: Problem, entry: Any = entry) -> None:
            check_entry(whole, entry, problem)

        inherited = (section, entry.name) not in written
        reason = misfit(spec, check) if inherited else ""
        if reason:
            notices.append(
                f"the {words} `{entry.name}` of the preset (`{section}`) is left out: {reason}"
            )
        else:
            kept.append(entry)
    changed: dict[str, Any] = {section: tuple(kept)}
    return replace(spec, **changed), tuple(notices)


def _without_repeated_variables(spec: StudySpec, written: Collection[KeyPath]) -> StudySpec:
    """Leave out variables of the preset that the user's file has among its covariates."""
    section = spec.table_one
    if section is None:
        return spec
    covariates = [each.name for each in spec.covariates]
    kept = tuple(
        each
        for each in section.variables
        if each.name not in covariates or ("table_one", "variables", each.name) in written
    )
    return replace(spec, table_one=replace(section, variables=kept))


def known_names(
    names: Sequence[str], known: Sequence[str], what: str, setting: str
) -> tuple[tuple[str, ...], list[str]]:
    """Return the names that the study has, and a sentence on the others.

    Parameters
    ----------
    names, known : sequence of str
        Names of a list of the preset, and those that the study has.
    what, setting : str
        Kind of thing, in the plural, and the list.
    """
    gone = [name for name in names if name not in known]
    kept = tuple(name for name in names if name in known)
    if not gone:
        return kept, []
    return kept, [
        f"{what} of the preset (`{setting}`) are left out, for the study does not have them: "
        f"{', '.join(gone)}"
    ]
