"""Which statistics a study asks for at the group level, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bids_ketamine.cli.words import counted
from bids_ketamine.study.baseline import model_sessions
from bids_ketamine.study.check_clinical import anova_sessions

if TYPE_CHECKING:
    from bids_ketamine.study.spec import ClinicalCourseSpec, PrimaryOutcomesSpec, StudySpec


def statistics(spec: StudySpec) -> list[str]:
    """Say which statistics a study asks for beside those of every measure.

    Parameters
    ----------
    spec : StudySpec
        The study, as it may be shown.

    Returns
    -------
    list of str
        Sentences without full stop.
    """
    return [*_of_scores(spec), *_of_networks(spec), *_of_visits(spec)]


def _of_scores(spec: StudySpec) -> Iterator[str]:
    if spec.table_one is not None:
        yield "baseline characteristics (table_one)"
    anova = spec.repeated_measures
    if anova is not None:
        sessions = ", ".join(anova_sessions(spec, anova))
        yield f"analysis of variance of {', '.join(anova.outcomes)} over {sessions}"
    for model in spec.mixed_models:
        sessions = ", ".join(model_sessions(spec, model, [each.name for each in spec.sessions]))
        yield (
            f"mixed model {model.name}: {', '.join((*model.outcomes, *model.measures))} by "
            f"`{model.formula}`, sessions {sessions}{_arms(model.arms)}"
        )
    if spec.symptom_dimensions is not None:
        yield f"symptom dimensions of {spec.symptom_dimensions.outcome}"
    if spec.behaviour is not None:
        yield f"behaviour in {', '.join(spec.behaviour.tasks)}"


def _of_networks(spec: StudySpec) -> Iterator[str]:
    if spec.networks is not None and spec.networks.seed_maps:
        yield f"seed maps of {', '.join(spec.networks.seed_maps)}: means, and means of changes"
    edges = spec.edge_statistics
    if edges is not None:
        changes = ", ".join(edges.changes) or "all changes"
        network_based = f", {edges.permutations} permutations" if edges.permutations else ""
        yield f"test of every edge: {changes}{_arms(edges.arms)}{network_based}"
    controls = spec.controls
    if controls is not None:
        compared = controls.sessions
        if not compared and spec.changes:
            compared = (spec.changes[0].first, spec.changes[0].second)
        matched = f", matched on {', '.join(controls.matching)}" if controls.matching else ""
        yield f"comparison with controls ({controls.level}) at {', '.join(compared)}{matched}"
    if spec.reliability is not None:
        sessions = ", ".join(spec.reliability.sessions)
        yield f"reliability of {sessions}{_arms(spec.reliability.arms)}"
    if spec.volumes is not None and spec.volumes.outcome is not None:
        structures = counted(len(spec.volumes.structures), "structure")
        yield f"volumes of {structures} with the change of {spec.volumes.outcome}"


def _of_visits(spec: StudySpec) -> Iterator[str]:
    if spec.clinical_course is not None:
        yield _course(spec.clinical_course)
    scores = spec.score_correlations
    if scores is not None:
        told = ", ".join(f"{name} at {', '.join(at)}" for name, at in scores.scores.items())
        yield f"correlations of {told} with the change of {scores.outcome}{_arms(scores.arms)}"
    for each in spec.logistic_regressions:
        sessions = f" at {', '.join(each.sessions)}" if each.sessions else ""
        yield (
            f"logistic regression {each.name}: {each.outcome} of {each.at_least:g} or more by "
            f"{', '.join(each.predictors)}{sessions}{_arms(each.arms)}"
        )
    if spec.primary_outcomes is not None:
        yield _primary(spec.primary_outcomes)


def _course(section: ClinicalCourseSpec) -> str:
    rates = [f"response (a fall of {100 * section.response_fall:g} %)"]
    if section.remission_below is not None:
        rates.append(f"remission (below {section.remission_below:g})")
    if section.rating is not None:
        rates.append(f"improvement ({section.rating} of {section.rating_at_most} or less)")
    visits = ", ".join(section.sessions) or "all its sessions"
    return (
        f"clinical course of {section.outcome} over {visits}{_arms(section.arms)}: "
        f"{', '.join(rates)}"
    )


def _primary(section: PrimaryOutcomesSpec) -> str:
    told = list(section.scores)
    if section.mixed_model is not None:
        measures = ", ".join(section.measures) or "all its measures"
        terms = ", ".join(section.terms)
        told.append(f"{terms} of the mixed model {section.mixed_model} in {measures}")
    return f"primary outcomes, corrected together: {'; '.join(told)}"


def _arms(arms: Sequence[str]) -> str:
    return f", arms {', '.join(arms)}" if arms else ""
