"""Sentences on clinical statistics: Table 1, analysis of variance, behaviour, dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bids_ketamine.reports.methods_mixed import mixed_paragraphs
from bids_ketamine.reports.words import counted, listed, percent
from bids_ketamine.study.spec import (
    BehaviourSpec,
    RepeatedMeasuresSpec,
    StudySpec,
    SymptomDimensionsSpec,
)

Facts = Mapping[str, Any]
Section = tuple[str, tuple[str, ...]]

#: Where the group level records what it did.
RECORD = "Clinical"
#: Items of CAPS-5 by dimension in the hybrid model.
HYBRID = frozenset(
    tuple(range(first, last + 1))
    for first, last in ((1, 5), (6, 7), (8, 11), (12, 14), (15, 16), (17, 18), (19, 20))
)


def clinical_text(spec: StudySpec, *, facts: Facts, cited: set[str]) -> list[Section]:
    """Return what is said of clinical statistics, in sections; none where nothing is asked for.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    facts : mapping
        ``group.json``; empty when only the study is told.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    if facts and not facts.get(RECORD):
        # A group level that was run without it has nothing to tell.
        return []
    sections: list[Section] = []
    paragraphs = [*_table_one(spec, cited), *_anova(spec, cited)]
    if paragraphs:
        sections.append(("Clinical statistics", tuple(paragraphs)))
    if spec.behaviour is not None:
        sections.append(("Behaviour", (_behaviour(spec.behaviour, spec, cited),)))
    if spec.mixed_models:
        sections.append(("Mixed models", mixed_paragraphs(spec, cited=cited)))
    if spec.symptom_dimensions is not None:
        sections.append(("Symptom dimensions", (_dimensions(spec.symptom_dimensions, cited),)))
    figures = _figures(spec, cited) if sections else ""
    return [*sections, ("Figures", (figures,))] if figures else sections


def _has_arms(spec: StudySpec) -> bool:
    return spec.arms is not None and len(spec.arms.levels) > 1


def _table_one(spec: StudySpec, cited: set[str]) -> list[str]:
    section = spec.table_one
    if section is None:
        return []
    sentences = [
        "Participants at baseline are described by mean and standard deviation (n \u2212 1) of "
        "numbers and by counts and percentages of categories, among those in whom a variable is "
        "known; missing values are counted."
    ]
    if _has_arms(spec):
        several = spec.arms is not None and len(spec.arms.levels) > 2
        cited.add("welch1951" if several else "welch")
        means = (
            "Welch's analysis of variance (Welch, 1951)"
            if several
            else "Welch's t test (Welch, 1947)"
        )
        sentence = f"Arms were compared by {means} and by Pearson's chi-square test"
        if section.yates:
            cited.add("yates")
            sentence += ", with Yates' correction for tables of 2 \u00d7 2 (Yates, 1934)"
        chance = (
            "In a randomised trial such differences are due to chance, and their p values are "
            "given as is customary."
        )
        if spec.controls is not None:  # nobody is randomised to be a control
            chance = "Controls are another group of people: such differences describe both."
        sentences.append(f"{sentence}. {chance}")
    return [" ".join(sentences)]


def _anova(spec: StudySpec, cited: set[str]) -> list[str]:
    section = spec.repeated_measures
    if section is None:
        return []
    sessions = section.sessions or tuple(
        end for change in spec.changes[:1] for end in (change.first, change.second)
    )
    factors = [*(["arm"] if _has_arms(spec) else []), "session"]
    factors += ["measure"] if len(section.outcomes) > 1 else []
    where = f" in sessions {listed(list(sessions))}" if sessions else ""
    crossed = " \u00d7 ".join(factors)
    sentences = [
        f"Scores of {listed(list(section.outcomes))}{where} went into a repeated-measures analysis "
        f"of variance ({crossed}; sequential sums of squares) of the "
        "participants who have all of them."
    ]
    sentences += _errors(section, len(sessions), cited)
    return [" ".join(sentences)]


def _errors(section: RepeatedMeasuresSpec, n_sessions: int, cited: set[str]) -> list[str]:
    """Say what terms within participants are tested against."""
    n_outcomes, sentences = len(section.outcomes), []
    corrected = ""
    if n_sessions > 2 or n_outcomes > 2:
        of_what = "two sessions or outcomes" if n_outcomes > 1 else "two sessions"
        corrected = (
            f"terms of more than {of_what} are corrected by Greenhouse and Geisser's epsilon "
            "(Greenhouse and Geisser, 1959)"
        )
    if n_outcomes == 1:
        sentences.append(
            "With one outcome there is one error within participants, whether error strata are "
            "pooled or not."
        )
        if corrected:
            cited.add("greenhouse")
            sentences.append(f"As in a stratified analysis, {corrected}.")
        return sentences
    if "participant" in section.error_strata:
        sentences.append(
            "With participants as the one error stratum, all terms within participants are tested "
            "against one pooled error, whose degrees of freedom rest on sphericity of all scores "
            "together."
        )
    if "stratified" in section.error_strata:
        told = ["each of these terms has an error of its own"]
        if corrected:
            cited.add("greenhouse")
            told.append(corrected)
        sentences.append(f"In the stratified analysis {', and '.join(told)}.")
    return sentences


def _behaviour(section: BehaviourSpec, spec: StudySpec, cited: set[str]) -> str:
    sentences = [
        f"Behaviour in {listed(list(section.tasks))}: accuracy is the share of correct answers "
        f"and reaction time the {section.reaction_time} over correct answers, of each participant, "
        "session and condition."
    ]
    if spec.changes:
        tests = "Changes between sessions were tested with paired t tests"
        if _has_arms(spec):
            cited.add("welch")
            tests += " and compared between arms with Welch's t test (Welch, 1947)"
        sentences.append(f"{tests}.")
    return " ".join(sentences)


def _dimensions(section: SymptomDimensionsSpec, cited: set[str]) -> str:
    dimensions = section.dimensions or {}
    names = listed([name.replace("_", " ") for name in dimensions])
    hybrid = frozenset(tuple(sorted(items)) for items in dimensions.values()) == HYBRID
    model = ""
    if hybrid:
        cited.add("armour")
        model = (
            ", those of the hybrid model of symptoms of posttraumatic stress (Armour et al., 2015)"
        )
    sentences = [
        f"Items of {section.outcome} were summed to {counted(len(dimensions), 'dimension')} "
        f"({names}){model}."
    ]
    if section.minimum_items < 1.0:
        sentences.append(
            f"Where items were missing but at least {percent(section.minimum_items)} of a "
            "dimension's were there, their mean stood for the missing ones."
        )
    sentences.append(
        f"Improvement in each was correlated with the change of `{section.measure}`, over all "
        "participants and in each arm: Pearson's r, with intervals by Fisher's z, and Spearman's "
        "rho. p values are not corrected for the number of dimensions."
    )
    if section.covariates:
        told = listed([each.replace("_", " ") for each in section.covariates])
        sentences.append(
            f"The measure's change was also correlated (Spearman, Pearson) with {told}."
        )
    return " ".join(sentences)


def _figures(spec: StudySpec, cited: set[str]) -> str:
    cited.add("schulz")
    sentences = ["Participant flow is drawn as CONSORT asks for (Schulz et al., 2010)."]
    if spec.outcomes:
        cited.add("allen")
        sentences.append(
            "Clinical scores are drawn as raincloud plots: density, quartiles and each participant "
            "(Allen et al., 2019)."
        )
    sentences.append(
        "Colours of arms can be told apart with every kind of colour vision, and each has a mark "
        "of its own."
    )
    return " ".join(sentences)
