"""Sentences of the group level's methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bids_ketamine.reports.group_elastic_net_data import RECORD as NET_RECORD
from bids_ketamine.reports.group_peb_data import RECORD
from bids_ketamine.reports.group_plan import plan_sentences
from bids_ketamine.reports.methods_clinical import clinical_text
from bids_ketamine.reports.methods_course import course_paragraphs
from bids_ketamine.reports.methods_elastic_net import elastic_net_paragraphs
from bids_ketamine.reports.methods_networks import group_network_paragraphs
from bids_ketamine.reports.methods_peb import entries_of, peb_paragraphs
from bids_ketamine.reports.words import counted, listed, percent
from bids_ketamine.study.rating import changing_outcomes, rating_of_change
from bids_ketamine.study.spec import OutcomeSpec, StudySpec

Section = tuple[str, tuple[str, ...]]


def group_paragraphs(
    spec: StudySpec, *, facts: Mapping[str, Any]
) -> tuple[list[Section], set[str]]:
    """Return sections of the group level's methods, and what they cite.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    facts : mapping
        ``group.json``; empty when only the study is told.
    """
    cited: set[str] = set()
    sections: list[Section] = [("Participants", (_participants(spec, facts),))]
    plan = plan_sentences(facts)
    if plan:
        sections.append(("Analysis plan", (" ".join(plan),)))
    if spec.has_imaging:
        sections.append(("Motion", (_motion(spec, facts),)))
    if spec.outcomes:
        sections.append(("Clinical outcomes", (_outcomes(spec),)))
    sections += clinical_text(spec, facts=facts, cited=cited)
    course = course_paragraphs(spec, cited=cited)
    if course:
        sections.append(("Clinical course", course))
    if spec.has_imaging:
        cited |= {"fdr", "hedges"}
        if spec.arms is not None and len(spec.arms.levels) > 1:
            cited.add("welch")
        sections.append(("Statistics of imaging measures", _statistics(spec)))
    networks = group_network_paragraphs(spec, cited=cited)
    if networks:
        sections.append(("Networks and volumes", networks))
    told = facts.get(RECORD)
    # A group level that was run without it has nothing to tell.
    if spec.peb is not None and spec.dcm is not None and (told or not facts):
        paragraphs = peb_paragraphs(spec.peb, spec=spec, facts=entries_of(told), cited=cited)
        sections.append(("Effective connectivity of the group", paragraphs))
    if spec.elastic_net is not None and (facts.get(NET_RECORD) or not facts):
        paragraphs = elastic_net_paragraphs(spec.elastic_net, spec=spec, facts=facts, cited=cited)
        sections.append(("Prediction of improvement", paragraphs))
    return sections, cited


def _participants(spec: StudySpec, facts: Mapping[str, Any]) -> str:
    sentences = []
    arms = facts.get("Arms")
    if facts.get("Participants") is not None:
        told = counted(int(facts["Participants"]), "participant")
        held = "measures" if spec.has_imaging else "scores"
        if isinstance(arms, Mapping) and arms:
            sizes = listed([f"{arm}: {size}" for arm, size in arms.items()])
            placed = sum(size for size in arms.values() if isinstance(size, int))
            apart = placed < int(facts["Participants"])
            sentences.append(
                f"{told} had {held}, {placed} of them in an arm of the study ({sizes})."
                if apart
                else f"{told} ({sizes}) had {held}."
            )
        else:
            sentences.append(f"{told} had {held}.")
    elif spec.arms is not None:
        sentences.append(
            f"Arms ({listed(list(spec.arms.levels))}) are given by the column "
            f"`{spec.arms.column}` of participants.tsv."
        )
    rules = []
    if spec.exclusions.maximum_mean_fd is not None:
        rules.append(f"a mean framewise displacement above {spec.exclusions.maximum_mean_fd:g} mm")
    if spec.exclusions.minimum_volumes is not None:
        rules.append(f"fewer than {spec.exclusions.minimum_volumes} volumes kept")
    if spec.exclusions.file is not None:
        rules.append("an entry in the study's file of exclusions")
    if rules and not spec.has_imaging:
        sentences.append("Participants with an entry in the study's file of exclusions are out.")
    elif rules:
        sentences.append(
            f"Runs were excluded for {listed(rules, 'or')}; an exclusion in one session takes "
            "both sessions out of a change."
        )
    elif spec.has_imaging:
        sentences.append("The study sets no exclusion by motion, volumes or list.")
    return " ".join(sentences)


def _motion(spec: StudySpec, facts: Mapping[str, Any]) -> str:
    if facts.get("MotionStep"):
        return str(facts["MotionStep"])
    if not spec.group.residualize_motion:
        return "Measures were not adjusted for motion."
    return (
        "Every measure was regressed on the mean framewise displacement of its own run, over "
        "participants and sessions together; the residuals, with the measure's mean added back, "
        "went on."
    )


def _outcomes(spec: StudySpec) -> str:
    known = changing_outcomes(spec)
    told = listed([f"{each.name} ({_outcome(each)})" for each in known])
    sentences = [f"Outcomes: {told}. Improvement is positive when the participant gets better."]
    sentences = sentences if known else []
    if rating := rating_of_change(spec):
        sentences.append(
            f"{rating} rates the change itself, from 1 (very much improved) over 4 (no change) to "
            "7 (very much worse): it has no score before treatment and no improvement of its own."
        )
    return " ".join(sentences)


def _outcome(outcome: OutcomeSpec) -> str:
    source = f"sum of {len(outcome.items)} items" if outcome.items else "score"
    direction = "first minus second" if outcome.improvement == "decrease" else "second minus first"
    return f"{source} in {outcome.unit}, improvement is {direction} session"


def _statistics(spec: StudySpec) -> tuple[str, ...]:
    level = percent(spec.group.confidence_level)
    of_images = spec.imaged_changes
    names = [f"{each.second} minus {each.first}" for each in of_images]
    if len(names) > 1:
        names = [f"{each.name}, {name}" for each, name in zip(of_images, names, strict=True)]
    changes = "; ".join(names)
    tests = []
    models = spec.dcm.models if spec.dcm is not None else ()
    if spec.tasks:
        also = [
            words
            for words, section in (
                ("of coupling by generalized PPI", spec.gppi),
                ("of patterns by LDC", spec.rsa),
            )
            if section is not None
        ]
        tested = "Contrasts" + (f" {listed(['of activation', *also])}" if also else "")
        modulated = any(model.modulations for model in models)
        modulations = " and modulations of dynamic causal models" if modulated else ""
        tests.append(
            f"{tested}{',' if also and modulated else ''}{modulations} were tested against zero "
            "in each session (one-sample t tests)."
        )
        if models:
            tests.append(
                "Connections of dynamic causal models were not, since their prior mean is not "
                "zero, nor were driving inputs, without which a model cannot respond."
            )
    if of_images:
        tests.append(
            f"Changes ({changes}) were tested with paired t tests, over all participants and in "
            "each arm."
        )
    if of_images and spec.arms is not None and len(spec.arms.levels) > 1:
        tests.append("Changes were compared between arms with Welch's t test (Welch, 1947).")
    if of_images and changing_outcomes(spec):
        tests.append("Changes were correlated (Pearson) with improvement.")
    tests.append(
        f"Tests need at least {spec.group.minimum_participants} participants (in each arm, for "
        f"arms). Intervals are {level} intervals; effect sizes are Hedges' g (Hedges, 1981) or r."
    )
    families = (
        "q values control the false discovery rate (Benjamini and Hochberg, 1995) among the "
        "regions, or pairs of regions, and contrasts of one measure and task within one test"
    )
    if models:
        families += (
            "; for dynamic causal models among the connections, the modulations (by all inputs "
            "together), or the driving inputs of one model"
        )
    families += ". p values are two-sided and not corrected."
    return (" ".join(tests), families)
