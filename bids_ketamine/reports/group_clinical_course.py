"""The course of clinical outcomes over the sessions, by arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_clinical_improvement import (
    effect_sentences,
    effects_table,
    improvement_effects,
)
from bids_ketamine.reports.group_clinical_missing import (
    empty_arms,
    missing_course_notes,
    missing_improvement_notes,
    missing_score_notes,
)
from bids_ketamine.reports.group_clinical_names import (
    clinical_decimals,
    drawn_styles,
    mean_sd,
    shown_arms,
)
from bids_ketamine.reports.group_clinical_pictures import (
    Scores,
    course_picture,
    improvement_picture,
    raincloud_picture,
)
from bids_ketamine.reports.group_data import GroupOutput
from bids_ketamine.reports.group_summaries import WITHHELD
from bids_ketamine.reports.picture_names import file_names
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.session_axis import without_means
from bids_ketamine.reports.views import Column, Picture, TableView
from bids_ketamine.reports.words import interval, is_absent
from bids_ketamine.study.rating import rating_of_change
from bids_ketamine.study.spec import OutcomeSpec, StudySpec

#: What a rating of change is.
RATING = (
    "A rating of the change itself: 1 very much improved, 4 no change, 7 very much worse; there is "
    "none before treatment, and no improvement of its own."
)


@dataclass(frozen=True)
class CourseView:
    """One clinical outcome.

    Attributes
    ----------
    title, words : str
        Its name, and what is shown.
    pictures : tuple of Picture
        Course and improvement, below each other.
    cloud : Picture or None
        Raincloud, beside them.
    tables : tuple of TableView
        Means by session and arm; improvement.
    sentences : tuple of str
        Results with estimate and interval.
    notes : tuple of str
        Missing scores.
    """

    title: str
    words: str
    pictures: tuple[Picture, ...]
    cloud: Picture | None
    tables: tuple[TableView, ...]
    sentences: tuple[str, ...]
    notes: tuple[str, ...]


def course_views(
    clinical: ClinicalOutput,
    group: GroupOutput,
    spec: StudySpec,
    *,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> tuple[CourseView, ...]:
    """Show every clinical outcome over the sessions of the study.

    Parameters
    ----------
    clinical : ClinicalOutput
        Scores and their means, improvement.
    group : GroupOutput
        Names outcomes of which a table is not there.
    spec : StudySpec
        Order of outcomes and sessions, units, level of intervals.
    arms : sequence of str
        Arms in order.
    styles : mapping of str to ArmStyle
        How arms look.
    individual_data : bool
        Whether each participant may be shown.
    """
    named = [clinical.tables[stem]["outcome"] for stem in ("group_course", "group_improvement")]
    named.append(group.outcomes["outcome"])
    shown = in_order(pd.concat(named), [each.name for each in spec.outcomes])
    names, views = file_names(shown), []
    for outcome in shown:
        scores = _scores_of(outcome, names[outcome], clinical, spec)
        found = _arms_with(scores, clinical.tables["group_improvement"])
        drawn = drawn_styles(styles, [arm for arm in arms if arm in found])
        views.append(_view(scores, clinical, spec, drawn, individual_data))
    return tuple(views)


def _arms_with(scores: Scores, improvement: pd.DataFrame) -> set[str]:
    of_improvement = improvement[improvement["outcome"] == scores.outcome]
    return {
        str(arm)
        for table in (scores.course, of_improvement)
        for arm in table[table["n"] > 0]["arm"]
    }


def _scores_of(outcome: str, file: str, clinical: ClinicalOutput, spec: StudySpec) -> Scores:
    """Return what is known of an outcome at each session."""
    declared = next((each for each in spec.outcomes if each.name == outcome), None)
    course = clinical.tables["group_course"]
    course = course[course["outcome"] == outcome]
    scores = clinical.tables["group_scores"]
    scores = scores[scores["outcome"] == outcome]
    missing = clinical.missing_scores[clinical.missing_scores["outcome"] == outcome]
    sessions = in_order(course[course["n"].gt(0)]["session"], [each.name for each in spec.sessions])
    unit = declared.unit if declared is not None else "points"
    level = f"{100 * spec.group.confidence_level:g} %"
    return Scores(outcome, unit, level, tuple(sessions), file, course, scores, missing)


def _view(
    scores: Scores,
    clinical: ClinicalOutput,
    spec: StudySpec,
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> CourseView:
    drawn = replace(scores, sessions=tuple(without_means(scores.sessions, spec)))
    shown = [course_picture(drawn, styles)] if len(drawn.sessions) > 1 else []
    pictures = [each for each in shown if each is not None]
    tables = [_course_table(scores, list(styles))] if scores.sessions else []
    notes = missing_course_notes(clinical, scores.outcome, is_told=len(scores.course) > 0)
    known = _known(scores.course)
    sentences, notes = [], [*notes, *missing_score_notes(scores.missing, scores.sessions, known)]
    declared = next((each for each in spec.outcomes if each.name == scores.outcome), None)
    improvement = clinical.tables["group_improvement"]
    improvement = improvement[improvement["outcome"] == scores.outcome]
    changes = in_order(improvement["change"], [each.name for each in spec.changes])
    for change in changes:
        title, file = scores.outcome, scores.file
        if len(changes) > 1:
            title, file = f"{title} ({change})", f"{file}-{changes.index(change) + 1}"
        effects = improvement_effects(
            improvement, outcome=scores.outcome, change=change, arms=_arms(styles)
        )
        persons = clinical.outcomes if individual_data else clinical.outcomes.iloc[:0]
        persons = persons[persons["outcome"].eq(scores.outcome) & persons["change"].eq(change)]
        shared = {"title": title, "unit": scores.unit, "level": scores.level}
        more = _improvement(effects, persons, _change_words(change, spec), file, styles, shared)
        if more is not None:
            tables.append(more[0])
            sentences += more[1]
            pictures += [more[2]] if more[2] is not None else []
    if scores.outcome != rating_of_change(spec):
        empty = empty_arms(scores.missing, known)
        notes += missing_improvement_notes(
            clinical, scores.outcome, is_told=len(improvement) > 0, empty=empty
        )
    return CourseView(
        title=scores.outcome,
        words=_words(scores, declared, spec, individual_data),
        pictures=tuple(pictures),
        cloud=raincloud_picture(drawn, styles) if individual_data else None,
        tables=tuple(tables),
        sentences=tuple(sentences),
        notes=tuple(notes),
    )


def _known(course: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Count the scores that are known by session and arm."""
    some = course[course["n"] > 0]
    return {(str(row["session"]), str(row["arm"])): int(row["n"]) for row in records(some)}


def _arms(styles: Mapping[str, ArmStyle]) -> list[str]:
    return [arm for arm in styles if arm != "all"]


def _improvement(
    effects: pd.DataFrame,
    persons: pd.DataFrame,
    change: str,
    file: str,
    styles: Mapping[str, ArmStyle],
    shared: Mapping[str, str],
) -> tuple[TableView, list[str], Picture | None] | None:
    """Return table, sentences and picture of improvement over one change."""
    if not effects["n"].gt(0).any():
        return None
    return (
        effects_table(effects, **shared),
        effect_sentences(effects, change=change, **shared),
        improvement_picture(persons, effects, styles, file=file, **shared),
    )


def _words(
    scores: Scores, declared: OutcomeSpec | None, spec: StudySpec, individual_data: bool
) -> str:
    """Say what a change of the score means, and what stays away."""
    words = []
    if scores.outcome == rating_of_change(spec):
        words.append(RATING)
    elif declared is not None:
        lower = declared.improvement == "decrease"
        words.append(f"A {'lower' if lower else 'higher'} score is better.")
    if len(scores.sessions) == 1:
        words.append(f"Scores of one session, {scores.sessions[0]}.")
    if not individual_data:
        words.append("Pictures of single participants are left out.")
    return " ".join(words)


def _change_words(change: str, spec: StudySpec) -> str:
    found = next((each for each in spec.changes if each.name == change), None)
    return f"{found.first} to {found.second}" if found is not None else change


def _course_table(scores: Scores, arms: Sequence[str]) -> TableView:
    course = scores.course
    decimals = clinical_decimals(course["sd"], course["mean"])
    by_cell = {(row["session"], row["arm"]): row for row in records(course)}
    columns = shown_arms([arm for arm in arms if arm != "all"])
    rows = []
    for session in scores.sessions:
        for arm in columns:
            row = by_cell.get((session, arm))
            if row is None:
                continue
            limits = interval(row["ci_low"], row["ci_high"], decimals)
            mean = mean_sd(row["mean"], row["sd"], decimals)
            if is_absent(row["mean"]) and row["n"] > 0:
                mean = WITHHELD
            n_missing = _missing_at(scores.missing, session, arm)
            told = str(n_missing) if len(scores.missing) else "0"
            rows.append((session, "all" if arm == "all" else arm, f"{row['n']:.0f}", told, mean,
                         limits))  # fmt: skip
    heads = ("n", "missing", "mean (SD)", f"{scores.level} interval")
    return TableView(
        f"{scores.outcome}, {scores.unit}",
        (Column("Session"), Column("Arm"), *(Column(each, numeric=True) for each in heads)),
        tuple(rows),
    )


def _missing_at(missing: pd.DataFrame, session: str, arm: str) -> int:
    here = missing[missing["session"] == session]
    own = here if arm == "all" else here[here["arm"] == arm]
    return int(own["n"].sum())
