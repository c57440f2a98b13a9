"""Effective connectivity of the group: parametric empirical Bayes (PEB) of each model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.facts import sentences_of
from bids_ketamine.reports.figures.canvas import ArmStyle, arm_styles
from bids_ketamine.reports.group_peb_data import RECORD, PebOutput, known_arms
from bids_ketamine.reports.group_peb_influence import influences
from bids_ketamine.reports.group_peb_people import (
    entered_tables,
    entered_words,
    persons_table,
)
from bids_ketamine.reports.group_peb_pictures import (
    PebContext,
    all_styles,
    circuit_legend,
    circuits,
    forest,
)
from bids_ketamine.reports.group_peb_points import WORDS, coupling_pictures
from bids_ketamine.reports.group_peb_questions import ANALYSES, QUESTIONS, Question
from bids_ketamine.reports.group_peb_rows import main_rows, ranked, student_rows, third_rows
from bids_ketamine.reports.group_peb_tables import (
    effects_tables,
    fits_table,
    ordered,
)
from bids_ketamine.reports.group_peb_verdicts import chance_sentence, result_sentence
from bids_ketamine.reports.group_peb_views import PebBlock, PebView
from bids_ketamine.reports.group_peb_words import (
    THIRD_AGAIN,
    THIRD_LEVEL,
    missing_words,
    sign_words,
)
from bids_ketamine.reports.methods_dcm import level_words
from bids_ketamine.reports.rows import in_order, matches
from bids_ketamine.reports.words import is_number, listed, text
from bids_ketamine.study.spec import StudySpec

#: Parameters whose results stand unfolded.
MOST_UNFOLDED = 4
#: A list of names where names are left out.
UNNAMED = re.compile(r": a participant(?:(?:, | and )a participant)*(?=\.$)")
NOTHING = (
    "The study asks for parametric empirical Bayes, but the group level has left no table of it: "
    "it is older than this method, or was cut short. Run the group level again."
)


def peb_problems(peb: PebOutput, spec: StudySpec) -> list[str]:
    """Say which tables are not there though the study asks for them.

    Parameters
    ----------
    peb : PebOutput
        The tables.
    spec : StudySpec
        What the study asks for.
    """
    if not peb.models:
        asked = spec.peb is not None and spec.dcm is not None
        return [NOTHING] if asked and not peb.unreadable else []
    if not peb.missing:
        return []
    verb = "is" if len(peb.missing) == 1 else "are"
    return [f"{listed(peb.missing)} {verb} not there or empty; what rests on it is left out."]


def peb_views(
    peb: PebOutput,
    record: Mapping[str, Any],
    spec: StudySpec,
    *,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> list[PebView]:
    """Return one view for each model.

    Parameters
    ----------
    peb : PebOutput
        The tables; without individual data what tells of one person is out already.
    record : mapping
        ``group.json``.
    spec : StudySpec
        Models, order of sessions, settings.
    arms : sequence of str
        Arms in order.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    individual_data : bool
        Whether single participants may be shown.
    """
    order = [model.name for model in spec.dcm.models] if spec.dcm is not None else []
    names = in_order(pd.Series([name for name, _ in peb.models], dtype=object), order)
    arms = known_arms(peb, arms)
    styles = {**arm_styles(arms), **styles}
    pairs = sorted(peb.models, key=lambda pair: names.index(pair[0]))
    views = []
    for model, task in pairs:
        own = peb.of(model, task)
        facts = peb_facts(record, model, task)
        level = facts.get("Level", spec.peb.level if spec.peb is not None else 0.9)
        outcome = text(facts.get("Outcome"), spec.peb.outcome if spec.peb is not None else "")
        context = PebContext(
            model=model,
            task=task,
            arms=tuple(arms),
            styles=all_styles(own.effects["arm"], styles),
            level=level_words(float(level)) if is_number(level) else "90 %",
            outcome=outcome,
            spec=spec,
        )
        views.append(_view(own, facts, context, individual_data))
    return views


def peb_facts(record: Mapping[str, Any], model: str, task: str) -> Mapping[str, Any]:
    """Return what ``group.json`` says of the PEBs of a model; empty where it says nothing."""
    entries = record.get(RECORD)
    for each in entries if isinstance(entries, list) else []:
        if not isinstance(each, Mapping) or each.get("Model") != model:
            continue
        if text(each.get("Task"), "") in ("", task):
            return each
    return {}


def _view(
    peb: PebOutput, facts: Mapping[str, Any], context: PebContext, individual_data: bool
) -> PebView:
    blocks: list[PebBlock] = []
    for question in QUESTIONS:
        if (peb.effects["analysis"] == question.analysis).any():
            told = any(each.third for each in blocks)
            blocks.append(_block(peb, question, context, individual_data, third_told=told))
    return PebView(
        title=f"{context.model} ({context.task})" if context.task else context.model,
        entered_words=entered_words(adjusted=context.spec.group.residualize_motion),
        entered=entered_tables(peb.participants, arms=context.arms),
        persons=persons_table(peb.participants) if individual_data else None,
        signs=sign_words(peb.effects) if blocks else "",
        blocks=tuple(blocks),
        fits=fits_table(peb.fits, arms=context.arms),
        notes=tuple(_notes(facts, individual_data)),
    )


def _notes(facts: Mapping[str, Any], individual_data: bool) -> list[str]:
    """Return what is to be known of covariates and models."""
    # Means of groups that differ by one participant tell that participant's improvement.
    covariates = sentences_of(facts, "Covariates") if individual_data else []
    notes = sentences_of(facts, "Notes")
    if not individual_data:
        notes = [UNNAMED.sub("", each) for each in notes]
    return [f"{each[:1].upper()}{each[1:]}" for each in (*covariates, *notes)]


def _block(
    peb: PebOutput,
    question: Question,
    context: PebContext,
    individual_data: bool,
    *,
    third_told: bool,
) -> PebBlock:
    analysis, effect = question.analysis, question.effect
    # Tables tell all effects of an analysis, points its slope: both stand once, with the last.
    is_last = ANALYSES[analysis] == question.title
    rows = ordered(main_rows(peb.effects, analysis, effect), context.arms)
    students = student_rows(peb.effects, analysis, effect)
    third = third_rows(peb.effects, analysis, effect)
    found = []
    for parameter in ranked(rows, context.arms):
        wanted = {"parameter": parameter}
        own, other = rows[matches(rows, wanted)], students[matches(students, wanted)]
        found.append(result_sentence(own, other, question, arms=context.arms, level=context.level))
    told = tuple(filter(None, found))
    drawn = circuits(rows, context)
    points, legend = (
        coupling_pictures(peb, analysis, context) if individual_data and is_last else ([], ())
    )
    regions = {*rows["source"].dropna(), *rows["target"].dropna()}
    asked = question.words(context.outcome, has_arms=len(context.arms) > 1)
    crosses = THIRD_AGAIN if third_told else THIRD_LEVEL
    return PebBlock(
        title=question.title,
        words=f"{asked}{missing_words(rows, context.arms)}",
        results=told[:MOST_UNFOLDED],
        others=told[MOST_UNFOLDED:],
        chance=chance_sentence(rows),
        circuits=tuple(drawn),
        third=crosses if third["estimate"].notna().any() else "",
        marks=circuit_legend() if any(each.markup for each in drawn) else (),
        pictures=(
            *forest(rows, students, third, context),
            *influences(rows, peb.sensitivity, context, individual_data=individual_data),
        ),
        points=tuple(points),
        arms=legend,
        points_words=_points_words(analysis) if points else "",
        wide=len(regions) > 2,
        tables=effects_tables(peb.effects, analysis, arms=context.arms, level=context.level)
        if is_last
        else (),
    )


def _points_words(analysis: str) -> str:
    return (
        f"{WORDS[analysis]} against improvement. Full marks: each participant with the group over "
        "all as prior, drawn towards what that group predicts, so that they lie closer together "
        "than the data alone would have them; rings: as the model was estimated in the session. "
        "Lines: what each arm's own group level predicts; broken: the group level over all."
    )
