"""Rules on tasks: conditions, modulators, contrasts, and the settings of the GLM."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence

from bids_ketamine.core.event_rules import ERROR_CONDITION, modulator_name
from bids_ketamine.core.trial_types import label_key
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.model_sections import ConditionSpec, ContrastSpec, GlmSpec, TaskSpec
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.study.task_names import regressor_names

#: Columns that every design has or may have.
RESERVED = ("constant", ERROR_CONDITION)

#: Known names that an error lists; the others are counted.
LISTED_NAMES = 12

#: Ratios of weights that agree so closely differ by rounding alone: 0.1 * 3 is not 0.3.
SAME_RATIO = 1e-9


def no_such_task(setting: str, name: str, known: Sequence[str]) -> str:
    """Say that a setting names no task of the study, and which tasks there are.

    Examples
    --------
    >>> no_such_task("gppi.tasks", "face", ["faces", "stroop"])
    'gppi.tasks names no task of the study: `face`; tasks: faces, stroop'
    """
    tasks = f"tasks: {', '.join(known)}" if known else "the study has no tasks"
    return f"{setting} names no task of the study: `{name}`; {tasks}"


def check_glm(glm: GlmSpec, problem: Problem) -> None:
    """Report settings of the GLM that do not go together.

    Parameters
    ----------
    glm : GlmSpec
        The settings.
    problem : callable
        Called with the place in the file and a sentence.
    """
    if glm.noise_model == "spm" and not glm.hrf_model.startswith("spm"):
        problem(
            ("glm", "hrf_model"),
            f"glm.hrf_model `{glm.hrf_model}` is not computed with the noise model `spm`: take "
            "`spm`, `spm + derivative` or `spm + derivative + dispersion`, or noise_model ar1",
        )
    if glm.reference_bin is not None and glm.reference_bin > glm.microtime_resolution:
        problem(
            ("glm", "reference_bin"),
            f"glm.reference_bin {glm.reference_bin} is beyond the {glm.microtime_resolution} bins "
            "of a repetition time (glm.microtime_resolution)",
        )
    methods = glm.region_methods
    if not methods:
        problem(("glm", "region_methods"), "glm.region_methods names no method")
    if len(set(methods)) != len(methods):
        problem(("glm", "region_methods"), "glm.region_methods names a method twice")


def check_tasks(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that a task breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    for task in spec.tasks:
        where: KeyPath = ("tasks", task.name)
        names = regressor_names(task, spec.glm.hrf_model)
        if not task.conditions:
            problem(where, f"task `{task.name}` has no conditions")
        for contrast in task.contrasts:
            _check_contrast(contrast, names, (*where, "contrasts", contrast.name), problem)
        known = [contrast.name for contrast in task.contrasts]
        if task.eigenvariate_contrast is not None and task.eigenvariate_contrast not in known:
            problem(
                (*where, "eigenvariate_contrast"),
                f"task `{task.name}`: eigenvariate_contrast names no contrast of the task: "
                f"`{task.eigenvariate_contrast}`; contrasts: {', '.join(known)}",
            )
        for condition in task.conditions:
            at = (*where, "conditions", condition.name)
            _check_name(condition, names, at, problem)
            _check_modulators(condition, task, names, at, problem)
        _check_trial_types(task, problem)


def _check_contrast(
    contrast: ContrastSpec, names: Sequence[str], where: KeyPath, problem: Problem
) -> None:
    shown = f"contrast `{contrast.name}`"
    if contrast.weights is None and not contrast.f_test:
        problem(where, f"{shown} needs `weights` (T contrast) or `f_test` (F contrast)")
        return
    if contrast.weights is not None and contrast.f_test:
        problem(where, f"{shown} has both `weights` and `f_test`; keep one")
        return
    seen: list[dict[str, float]] = []
    for number, row in enumerate(contrast.rows, start=1):
        at = (*where, "f_test", number - 1) if contrast.f_test else where
        which = f"{shown}, formula {number}" if contrast.f_test else shown
        weights = {name: weight for name, weight in (row or {}).items() if weight}
        earlier = next((n for n, each in enumerate(seen, 1) if _is_multiple(weights, each)), None)
        if not weights:
            problem(at, f"{which} has no weight that is not zero")
        elif earlier is not None:
            relation = "the same as" if weights == seen[earlier - 1] else "a multiple of"
            problem(
                at,
                f"{which} is {relation} formula {earlier} and adds nothing to the test: take one "
                "of them out",
            )
        seen.append(weights)
        _check_names(row or {}, names, at, which, problem)


def _is_multiple(weights: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Tell whether weights that are not zero are others times a number, be it negative.

    Sums of several formulas are not looked for: all pairwise differences of conditions are a
    usual way to write a test of any difference between them, which the rank takes care of.
    """
    if not weights or weights.keys() != other.keys():
        return False
    ratios = [weights[name] / other[name] for name in weights]
    return all(math.isclose(ratio, ratios[0], rel_tol=SAME_RATIO) for ratio in ratios)


def _check_names(
    weights: Mapping[str, float],
    names: Sequence[str],
    where: KeyPath,
    which: str,
    problem: Problem,
) -> None:
    for name in weights:
        if name in names:
            continue
        close = difflib.get_close_matches(name, names, n=1)
        guess = f"did you mean `{close[0]}`? " if close else ""
        more = f" and {len(names) - LISTED_NAMES} more" if len(names) > LISTED_NAMES else ""
        problem(
            where,
            f"{which} names no regressor of the task: `{name}`; "
            f"{guess}known names: {', '.join(names[:LISTED_NAMES])}{more}",
        )


def _check_name(
    condition: ConditionSpec, names: Sequence[str], where: KeyPath, problem: Problem
) -> None:
    if condition.name in RESERVED or condition.name.startswith("drift_"):
        problem(
            where, f"condition `{condition.name}`: the design has a column of that name of its own"
        )
    elif names.count(condition.name) > 1:
        problem(
            where,
            f"condition `{condition.name}`: a modulator or derivative of another condition gives "
            "a regressor of that name",
        )


def _check_modulators(
    condition: ConditionSpec,
    task: TaskSpec,
    names: Sequence[str],
    where: KeyPath,
    problem: Problem,
) -> None:
    at = (*where, "modulators")
    columns = condition.modulators
    if columns and condition.blocks:
        problem(
            at,
            f"condition `{condition.name}`: modulators scale single trials; take out `blocks: "
            "true` or the modulators",
        )
    if len(set(columns)) != len(columns):
        problem(at, f"condition `{condition.name}` names a modulator twice")
        return
    for column in columns:
        if column == task.trial_type_column:
            problem(
                at,
                f"condition `{condition.name}`: `{column}` names conditions and cannot be a "
                "modulator",
            )
        regressor = modulator_name(condition.name, column)
        if names.count(regressor) > 1 and regressor not in {e.name for e in task.conditions}:
            problem(
                at,
                f"condition `{condition.name}`: another modulator or derivative gives a "
                f"regressor of the name `{regressor}` too",
            )


def _check_trial_types(task: TaskSpec, problem: Problem) -> None:
    seen: dict[str, str] = {}
    for condition in task.conditions:
        for value in condition.trial_type or (condition.name,):
            key = label_key(value)  # tables are compared in this form: 1 is 1.0
            if key in seen:
                problem(
                    ("tasks", task.name, "conditions", condition.name),
                    f"trial type `{value}` belongs to two conditions, `{seen[key]}` and "
                    f"`{condition.name}`",
                )
            seen[key] = condition.name
