"""A trial of scores by visit, with its course computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bids_ketamine.core.group.outcomes import outcomes_table
from bids_ketamine.dataset.outcomes import outcome_scores
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_clinical import group_clinical
from bids_ketamine.workflows.group_course import group_course
from tests.workflows.clinical_trial import NAN, ClinicalFolder

STUDY = """
name: visits
sessions: {pre: {label: pre}, day1: {label: day1}, post: {label: post}}
changes: {change: {first: pre, second: post}}
arms: {column: arm, levels: [control, patient]}
outcomes:
  madrs: {table: madrs, column: total}
  cgi: {table: cgi, column: improvement}
clinical_course:
  outcome: madrs
  arms: [patient]
  remission_below: 10
  rating: cgi
"""

#: Six patients and two controls. The sixth patient has no first score, the fifth dropped out.
ARMS = ("patient",) * 6 + ("control",) * 2
PRE = (30.0, 28.0, 32.0, 26.0, 34.0, NAN, 2.0, 3.0)
DAY1 = (15.0, 9.0, 20.0, 5.0, 17.5, 8.0, 1.0, 2.0)
POST = (10.0, 14.0, 28.0, 9.0, NAN, 12.0, 2.0, 2.0)
CGI_DAY1 = (2, 1, 3, 0, 2, 1, 4, 4)
CGI_POST = (2, 2, 5, 1, NAN, 1, 4, 4)


class CourseFolder(ClinicalFolder):
    """The trial's tables and study."""

    def __init__(self, folder: Path, study: str = STUDY) -> None:
        super().__init__(folder, study)
        self.participants(len(ARMS), arm=ARMS)
        self.scores({"pre": PRE, "day1": DAY1, "post": POST}, table="madrs")
        self.scores({"day1": CGI_DAY1, "post": CGI_POST}, table="cgi", column="improvement")

    def course(self) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
        """Return tables and record, mixed models fitted before."""
        return self.course_of(load_study(str(self.study)).spec)

    def course_of(self, spec: StudySpec) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
        """Return them for a study that is not that of the file."""
        people = self.people()
        outcomes = outcomes_table(
            scores=outcome_scores(self.bids, spec),
            participants=people.participants,
            arms=people.arms,
        )
        shared: dict[str, Any] = {
            "bids_dir": self.bids,
            "people": people,
            "outcomes": outcomes,
            "data": None,
        }
        clinical = group_clinical(spec, **shared)
        return group_course(spec, **shared, mixed_tables=clinical.tables)
