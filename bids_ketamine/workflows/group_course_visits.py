"""Scores, response, remission and improvement by visit (methods row B11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.clinical.response_rates import (
    improved,
    rates_by_visit,
    remitted,
    responded,
)
from bids_ketamine.core.clinical.visit_changes import visit_changes
from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.outputs.group_course_tables import COURSE_TABLES, RATES, VISITS
from bids_ketamine.study.spec import ClinicalCourseSpec
from bids_ketamine.workflows.group_clinical_course import course_rows
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial, Part
from bids_ketamine.workflows.group_course_people import course_members

RESPONSE, REMISSION, IMPROVEMENT = "response", "remission", "improvement"

FIRST_VISIT = "the first visit, with which the others are compared"
NO_VISITS = "the outcome has fewer than two of the visits"
NO_RATING, NOBODY = "no rating at this visit", "nobody was seen at this visit"


class _Course(NamedTuple):
    """Scores of everybody who has one at the first visit."""

    section: ClinicalCourseSpec
    visits: tuple[str, ...]
    values: FloatArray  # (n_included, n_visits), NaN for those without a first score
    members: Mapping[str, BoolArray]  # of those with a first score


def visit_tables(trial: ClinicalTrial) -> Part:
    """Return change, response, remission and improvement by visit.

    They are of everybody of the arms who has a score at the first visit.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial; ratings of change lie within their scale.

    Returns
    -------
    Part
        Tables ``group_visits`` and ``group_response_rates``; none where the study has no
        `clinical_course`.
    """
    section = trial.spec.clinical_course
    if section is None:
        return Part(tables={})
    course, notes = _course(trial, section)
    if len(course.visits) < 2:
        empty = {name: pd.DataFrame(columns=list(COURSE_TABLES[name])) for name in (VISITS, RATES)}
        return Part(tables=empty, notes=(f"There is no course of {section.outcome}: {NO_VISITS}.",))
    rates, told = _rates(trial, course)
    tables = {
        VISITS: pd.DataFrame(_visits(trial, course), columns=list(COURSE_TABLES[VISITS])),
        RATES: pd.DataFrame(rates, columns=list(COURSE_TABLES[RATES])),
    }
    return Part(tables=tables, notes=(*notes, *told))


def visits_of_course(trial: ClinicalTrial, section: ClinicalCourseSpec) -> tuple[str, ...]:
    """Return the visits in the order of the section, else of the study; those the outcome has.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    section : ClinicalCourseSpec
        `clinical_course` of the study.
    """
    known = trial.sessions_of(section.outcome)
    return tuple(each for each in section.sessions or known if each in known)


def _course(trial: ClinicalTrial, section: ClinicalCourseSpec) -> tuple[_Course, list[str]]:
    visits = visits_of_course(trial, section)
    members = course_members(trial, section.arms)
    values, _ = trial.scores_of(section.outcome, trial.people.included, visits)
    known = np.isfinite(values[:, 0]) if visits else np.zeros(len(values), dtype=np.bool_)
    values = np.where(known[:, np.newaxis], values, np.nan)
    everybody = next(iter(members.values()))
    n_lost = int((everybody & ~known).sum())
    notes = [
        f"The outcome {section.outcome} has no score at {each}: this visit is not in the course."
        for each in section.sessions
        if each not in visits
    ]
    if n_lost and visits:
        notes.append(
            f"Participants without a score of {section.outcome} at {visits[0]}, the first visit, "
            f"who are not in its course: {n_lost} of {int(everybody.sum())}."
        )
    own = {arm: each & known for arm, each in members.items()}
    return _Course(section, visits, values, own), notes


def _visits(trial: ClinicalTrial, course: _Course) -> list[dict[str, Any]]:
    group, rows = trial.spec.group, []
    first = course.visits[0]
    summaries = course_rows(
        course.values,
        sessions=course.visits,
        members=course.members,
        confidence_level=group.confidence_level,
    )
    summary_of = {(row["arm"], row["session"]): row for row in summaries}
    for arm, members in course.members.items():
        n_all = int(members.sum())
        changes = visit_changes(
            pd.DataFrame(course.values[members], columns=list(course.visits)),
            baseline=first,
            confidence_level=group.confidence_level,
            minimum_participants=group.minimum_participants,
        )
        change_of = {row["visit"]: row for row in changes.to_dict("records")}
        for visit in course.visits:
            mean = summary_of[arm, visit]
            row = {
                "outcome": course.section.outcome,
                "arm": arm,
                "session": visit,
                "n": int(mean["n"]),
                "n_missing": n_all - int(mean["n"]),
                "mean_visit": mean["mean"],
                "sd_visit": mean["sd"],
                "mean_low": mean["ci_low"],
                "mean_high": mean["ci_high"],
            }
            if visit == first:
                rows.append(row | {"mean_first": mean["mean"], "reason": FIRST_VISIT})
            else:
                rows.append(row | _change(change_of[visit]))
    return rows


def _change(found: Mapping[Any, Any]) -> dict[str, Any]:
    names = ("estimate", "ci_low", "ci_high", "statistic", "df", "p_value", "d_z", "d_av")
    told = {name: found[name] for name in (*names, "reason")}
    return {"mean_first": found["mean_baseline"], **told}


def _rates(trial: ClinicalTrial, course: _Course) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of all rates, and sentences on them."""
    section, after = course.section, course.visits[1:]
    first, scores = course.values[:, 0], course.values[:, 1:]
    found = {RESPONSE: responded(baseline=first, scores=scores, fall=section.response_fall)}
    if section.remission_below is not None:
        found[REMISSION] = remitted(scores=scores, below=section.remission_below)
    if section.rating is not None:
        ratings, _ = trial.scores_of(section.rating, trial.people.included, after)
        found[IMPROVEMENT] = improved(ratings=ratings, at_most=section.rating_at_most)
    rows = []
    for rate, values in found.items():
        for arm, members in course.members.items():
            rows += _rate_rows(trial, rate, arm, values[members], after)
    return rows, _without_relative_fall(course)


def _without_relative_fall(course: _Course) -> list[str]:
    n = int((course.values[:, 0] <= 0.0)[next(iter(course.members.values()))].sum())
    if not n:
        return []
    return [
        f"Participants whose first score of {course.section.outcome} is not above 0, of whom "
        f"response is not defined: {n}. They count as missing."
    ]


def _rate_rows(
    trial: ClinicalTrial, rate: str, arm: str, values: FloatArray, visits: Sequence[str]
) -> list[dict[str, Any]]:
    table = rates_by_visit(
        pd.DataFrame(values, columns=list(visits)),
        confidence_level=trial.spec.group.confidence_level,
    ).rename(columns={"visit": "session"})
    rows = []
    for row in table.to_dict("records"):
        told = {str(name): cell for name, cell in row.items()}
        if told["n_missing"] == len(values) and len(values):
            # Nobody was asked: a rate of 0 with everybody a failure would say otherwise.
            told |= dict.fromkeys(("proportion", "ci_low", "ci_high"), np.nan)
            reason = NO_RATING if rate == IMPROVEMENT else NOBODY
            told |= {"n": 0, "count": 0, "reason": reason}
        rows.append({"rate": rate, "arm": arm} | told)
    return rows
