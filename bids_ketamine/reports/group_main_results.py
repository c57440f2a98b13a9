"""The main results at the top of the group report, each with its estimate and interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from bids_ketamine.reports.group_clinical import CourseView
from bids_ketamine.reports.group_course import course_results
from bids_ketamine.reports.group_networks import NetworkPart
from bids_ketamine.reports.group_peb import peb_facts
from bids_ketamine.reports.group_peb_data import PebOutput, known_arms
from bids_ketamine.reports.group_peb_questions import QUESTIONS, Question
from bids_ketamine.reports.group_peb_rows import main_rows, verdict_rows
from bids_ketamine.reports.group_peb_words import (
    arm_words,
    coupling_words,
    decimals_of,
    equals,
    probability,
    unbroken,
)
from bids_ketamine.reports.group_results import GroupResults
from bids_ketamine.reports.group_sentences import SIGNIFICANCE, result_sentence
from bids_ketamine.reports.methods_dcm import level_words
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.words import (
    capitalized,
    counted,
    interval,
    is_number,
    number,
    text,
    unit_words,
)
from bids_ketamine.study.spec import StudySpec

#: Kinds of tests of measures that are told, and what each asks.
MEASURE_KINDS = {
    "welch": "Change of imaging measures between arms",
    "paired": "Change of imaging measures",
    "correlation": "Change of imaging measures and improvement",
}


#: Views that tell what came of them in a line, with the section that holds each.
SUMMARIES = {"anova": "Analysis of variance", "mixed": "Mixed model", "dimensions": ""}


class MainResult(NamedTuple):
    """A result with the section that holds it.

    Attributes
    ----------
    anchor : str
        Section of the page.
    title : str
        What it is about.
    sentence : str
        The result.
    """

    anchor: str
    title: str
    sentence: str


def clinical_results(courses: Sequence[CourseView]) -> list[MainResult]:
    """Tell the differences of arms in each outcome, or its mean improvement without arms.

    Parameters
    ----------
    courses : sequence of CourseView
        One for each outcome.
    """
    found = []
    for each in courses:
        between = [one for one in each.sentences if " minus " in one.partition(": ")[0]]
        told = between or list(each.sentences[:1])
        if told:
            found.append(MainResult("course", each.title, " ".join(told)))
    return found


def measure_results(tests: pd.DataFrame, spec: StudySpec) -> list[MainResult]:
    """Tell how many tests of change stand out, and the one with the smallest p.

    Parameters
    ----------
    tests : DataFrame
        ``group_tests``.
    spec : StudySpec
        Sessions of each change, level of intervals.
    """
    found = []
    has_arms = bool(tests["test"].eq("welch").any())
    for kind, title in MEASURE_KINDS.items():
        if kind == "paired" and has_arms:
            continue
        own = tests[(tests["test"] == kind) & tests["p_value"].notna()]
        if kind == "correlation":
            own = own[own["arm"].fillna("all") == "all"]
        if own.empty:
            continue
        small, kept = int((own["p_value"] < SIGNIFICANCE).sum()), int((own["q_value"] < 0.05).sum())
        expected = number(SIGNIFICANCE * len(own), 1)
        first = records(own.sort_values("p_value", kind="stable"))[0]
        sentence = (
            f"{small:,} of {counted(len(own), 'test')} {'has' if small == 1 else 'have'} p < .05, "
            f"where {expected} would be expected by chance, and {kept:,} "
            f"{'has' if kept == 1 else 'have'} q < .05. Smallest p: {result_sentence(first, spec)}"
        )
        found.append(MainResult("tests", title, unbroken(sentence)))
    return found


def effective_results(
    peb: PebOutput, record: Mapping[str, Any], spec: StudySpec, *, arms: Sequence[str]
) -> list[MainResult]:
    """Tell the effect with the largest Pp of each question to each model but the baseline.

    Parameters
    ----------
    peb : PebOutput
        The tables.
    record : mapping
        ``group.json``.
    spec : StudySpec
        Settings that the record does not tell.
    arms : sequence of str
        Arms in order.
    """
    arms = known_arms(peb, arms)
    found = []
    for model, task in peb.models:
        effects = peb.of(model, task).effects
        facts = peb_facts(record, model, task)
        level = facts.get("Level", spec.peb.level if spec.peb is not None else 0.9)
        told = level_words(float(level)) if is_number(level) else "90 %"
        for question in QUESTIONS[1:]:
            sentence = _effect(effects, question, arms, told)
            if sentence:
                title = f"{model}: {question.title[:1].lower()}{question.title[1:]}"
                found.append(MainResult("effective", title, sentence))
    return found


def _effect(effects: pd.DataFrame, question: Question, arms: Sequence[str], level: str) -> str:
    rows = main_rows(effects, question.analysis, question.effect)
    rows = verdict_rows(rows, arms) if len(rows) else rows
    rows = rows[rows["estimate"].notna() & rows["posterior_probability"].notna()]
    if rows.empty:
        return ""
    row = records(rows.sort_values("posterior_probability", ascending=False, kind="stable"))[0]
    decimals = decimals_of(row)
    compared = ""
    if is_number(row["model_probability"]):
        compared = f", model comparison {probability(row['model_probability'])}"
    many = f", the largest Pp of {len(rows)}" if len(rows) > 1 else ""
    n = f"; n = {text(row['n'])}" if is_number(row["n"]) else ""
    within = interval(row["interval_low"], row["interval_high"], decimals)
    return unbroken(
        f"{coupling_words(row)}, {arm_words(row['arm'], arms)}: "
        f"{number(row['estimate'], decimals)} {unit_words(row['unit'])} ({level} interval "
        f"{within}; {equals(row['posterior_probability'])}{compared}{n}){many}."
    )


def model_results(views: Mapping[str, Any]) -> list[MainResult]:
    """Tell what came of analysis of variance, mixed models and symptom dimensions.

    Parameters
    ----------
    views : mapping
        What the page shows.
    """
    found = []
    for anchor, opening in SUMMARIES.items():
        held = views[anchor]
        for each in held if isinstance(held, list | tuple) else [held] if held else []:
            title = getattr(each, "title", "Symptom dimensions")
            if each.summary:
                title = f"{opening}: {title}" if opening else title
                # Other lines begin with names, whose letters stay as they are.
                told = each.summary if anchor == "mixed" else capitalized(each.summary)
                found.append(MainResult(anchor, title, told))
    return found


def network_results(parts: Sequence[NetworkPart]) -> list[MainResult]:
    """Tell what came of networks and volumes.

    Parameters
    ----------
    parts : sequence of NetworkPart
        Parts of the section on networks.
    """
    return [MainResult(each.anchor, each.title, each.summary) for each in parts if each.summary]


def main_results(
    results: GroupResults, spec: StudySpec, views: Mapping[str, Any]
) -> list[MainResult]:
    """Return the main results in the order of the page.

    Parameters
    ----------
    results : GroupResults
        The tables.
    spec : StudySpec
        The study.
    views : mapping
        What the page shows.
    """
    group, prediction = results.group, views["prediction"]
    return [
        # What a study of networks is about; in other studies there are none.
        *network_results(views["networks"]),
        *clinical_results(views["courses"]),
        *(MainResult("course", *told) for told in course_results(views["visits"])),
        *measure_results(group.tests, spec),
        *model_results(views),
        *(
            [MainResult("prediction", "Prediction", capitalized(prediction.summary))]
            if prediction
            else []
        ),
        *effective_results(results.peb, group.record, spec, arms=results.arms),
    ]
