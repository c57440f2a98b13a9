"""Rules on mixed models that span several settings."""

from __future__ import annotations

from collections.abc import Callable

from bids_ketamine.study.baseline import (
    baseline_session,
    first_session,
    model_sessions,
    possible_sessions,
)
from bids_ketamine.study.check_lists import (
    change_of,
    check_arms,
    check_measures,
    check_outcomes,
    check_sessions_together,
)
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.formula_variables import (
    NUMERIC,
    OF_CROSSOVER,
    RESERVED,
    known_variables,
    variables_of,
)
from bids_ketamine.study.spec import MixedModelSpec, StudySpec
from bids_ketamine.study.wrong_names import named_twice, unknown_name

#: What a reserved variable needs that a study may not have.
NEEDS = {
    "arm": "`arms`",
    **dict.fromkeys(OF_CROSSOVER, "`crossover`"),
    "response": "`response` of the model",
    "baseline": "outcomes, whose first score it is",
}

#: Tells a sentence about a setting of the model.
Tell = Callable[[str, str], None]


def check_mixed_models(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `mixed_models` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    for model in spec.mixed_models:
        check_mixed_model(spec, model, problem)


def check_mixed_model(spec: StudySpec, model: MixedModelSpec, problem: Problem) -> None:
    """Report every rule that one mixed model breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    model : MixedModelSpec
        One of its models.
    problem : callable
        Called with the place in the file and a sentence.
    """
    where: KeyPath = ("mixed_models", model.name)
    name = ".".join(map(str, where))

    def tell(setting: str, sentence: str) -> None:
        problem((*where, setting), f"{name}.{setting}{sentence}")

    if not model.name.strip() or not model.name.isprintable():
        problem(where, f"mixed_models: `{model.name!r}`: a name is made of visible characters")
    if not model.outcomes and not model.measures:
        problem(where, f"{name} needs `outcomes` or `measures`")
    for setting in ("methods", "degrees_of_freedom"):
        if not getattr(model, setting):
            tell(setting, " is empty")
        for each in named_twice(getattr(model, setting)):
            tell(setting, f" names `{each}` twice")
    check_outcomes(spec, (*where, "outcomes"), model.outcomes, problem, model.sessions)
    check_measures(spec, (*where, "measures"), model.measures, problem)
    _check_sessions(spec, model, where, problem, tell)
    _check_arms(spec, model, where, problem)
    _check_response(spec, model, tell)
    _check_formula(spec, model, tell)


def _check_sessions(
    spec: StudySpec, model: MixedModelSpec, where: KeyPath, problem: Problem, tell: Tell
) -> None:
    names = [session.name for session in spec.own_sessions]
    check_sessions_together(
        spec,
        (*where, "sessions"),
        model.sessions,
        problem,
        of_images=bool(model.measures) and spec.has_imaging,
    )
    if len(set(model.sessions or names)) < 2:
        tell("sessions", ": a mixed model is about two sessions or more")


def _check_arms(spec: StudySpec, model: MixedModelSpec, where: KeyPath, problem: Problem) -> None:
    check_arms(spec, (*where, "arms"), model.arms, problem)


def _check_response(spec: StudySpec, model: MixedModelSpec, tell: Tell) -> None:
    if model.response is None:
        return
    known = {each.name: each for each in spec.outcomes}
    outcome = known.get(model.response.outcome)
    if outcome is None:
        tell("response", unknown_name("outcome", model.response.outcome, list(known)))
    elif outcome.change_column:
        tell(
            "response",
            f": of `{outcome.name}` the change alone is known (`change_column`), and a relative "
            "fall needs the first score",
        )
    elif change_of(spec, outcome) is None:
        tell("response", f": `{outcome.name}` belongs to no change between two sessions")
    elif outcome.improvement == "increase":
        tell("response", f": a fall of `{outcome.name}` is no improvement")
    if not model.response.fall > 0:
        tell("response", ".fall must be more than 0")


def _check_formula(spec: StudySpec, model: MixedModelSpec, tell: Tell) -> None:
    try:
        variables = variables_of(model.formula)
    except ValueError as error:
        tell("formula", f": {error}")
        return
    known = known_variables(spec, model)
    covariates = [each.name for each in spec.participant_variables]
    for name in variables:
        if name in RESERVED and name in covariates:
            tell(
                "formula",
                f": `{name}` has a meaning of its own in formulas and is a covariate too; give "
                "the covariate another name (its `column` may stay)",
            )
        elif name in RESERVED and name not in known:
            tell("formula", f": the variable `{name}` needs {NEEDS[name]}")
        elif name not in known:
            tell("formula", unknown_name("variable", name, known))
        elif name == "baseline" and model.measures:
            tell("formula", f": the variable `{name}` needs {NEEDS[name]}, and measures have none")
        elif name == "arm" and len(set(model.arms)) == 1:
            tell("formula", f": the variable `arm` is `{model.arms[0]}` for everybody who enters")
    _check_treatments(spec, model, variables, tell)
    if "baseline" in variables and "baseline" not in covariates:
        _check_baseline(spec, model, tell)
    _check_slope(spec, model, variables, tell)


def _check_baseline(spec: StudySpec, model: MixedModelSpec, tell: Tell) -> None:
    """Refuse a baseline that follows a treatment, or that leaves too few sessions to the model."""
    known = {each.name: each for each in spec.outcomes}
    for outcome in (known[name] for name in dict.fromkeys(model.outcomes) if name in known):
        first, baseline = first_session(spec, outcome), baseline_session(spec, outcome)
        if baseline is None:
            if first is not None:
                tell(
                    "formula",
                    f": the variable `baseline` needs a score before treatment, and the first of "
                    f"`{outcome.name}`, `{first}`, follows a treatment (`crossover.values`)",
                )
            continue
        sessions = model_sessions(spec, model, possible_sessions(spec, outcome))
        parts = spec.session_means.get(baseline, ())
        left = [each for each in sessions if each != baseline and each not in parts]
        if len(sessions) > 1 and len(left) < 2:
            tell(
                "formula",
                f": `baseline` is the score at `{baseline}`, which then is no row of the model, "
                f"and of `{outcome.name}` fewer than two sessions are left; without `baseline`, "
                "`time:arm` compares changes",
            )


def _check_treatments(
    spec: StudySpec, model: MixedModelSpec, variables: tuple[str, ...], tell: Tell
) -> None:
    """Refuse sessions that follow no treatment where the formula is about treatments."""
    used = [name for name in OF_CROSSOVER[:2] if name in variables]
    if spec.crossover is None or not used:
        return
    follow = set((spec.crossover.values or {}).values())
    names = [session.name for session in spec.sessions]
    without = [name for name in model.sessions if name in names and name not in follow]
    if without:
        tell(
            "sessions",
            f": `{without[0]}` follows no treatment (`crossover.values`), and the formula names "
            f"`{used[0]}`",
        )


def _check_slope(
    spec: StudySpec, model: MixedModelSpec, variables: tuple[str, ...], tell: Tell
) -> None:
    slope, known = model.slope, known_variables(spec, model)
    if slope is None:
        return
    kinds = {each.name: each.kind for each in spec.participant_variables}
    is_number = slope in NUMERIC or kinds.get(slope) in ("numeric", "ordered")
    if slope not in known:
        tell("slope", unknown_name("variable", slope, known))
    elif not is_number:
        tell("slope", f": `{slope}` is a category; a slope is about a number, such as `time`")
    elif slope != "time":
        tell(
            "slope",
            f": `{slope}` is the same in all sessions of a participant; a slope is about what "
            "differs between them, such as `time`",
        )
    elif slope not in variables:
        tell("slope", f": the formula lacks `{slope}`, whose effect varies between participants")
