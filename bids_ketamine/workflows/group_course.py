"""The clinical course of a trial: visits, response, correlations, primary outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from bids_ketamine.outputs.group_course_tables import PRIMARY
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_clinical import RANDOM_SEED
from bids_ketamine.workflows.group_clinical_trial import (
    ClinicalTrial,
    Part,
    clinical_people,
    clinical_scores,
)
from bids_ketamine.workflows.group_course_people import require_ratings
from bids_ketamine.workflows.group_course_primary import primary_outcomes
from bids_ketamine.workflows.group_course_scores import logistic_regressions, score_correlations
from bids_ketamine.workflows.group_course_visits import visit_tables
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_sources import People

#: Key of the record.
COURSE = "Course"

#: Parts that need scores alone.
PARTS: tuple[Callable[[ClinicalTrial], Part], ...] = (
    visit_tables,
    score_correlations,
    logistic_regressions,
)


def group_course(
    spec: StudySpec,
    *,
    bids_dir: Path,
    people: People,
    outcomes: pd.DataFrame,
    data: GroupData | None,
    mixed_tables: Mapping[str, pd.DataFrame],
) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """Compute response by visit, correlations of scores, and primary outcomes (B11 and B12).

    Parameters
    ----------
    spec : StudySpec
        The study.
    bids_dir : Path
        Raw dataset.
    people : People
        Participants of the dataset, with arms.
    outcomes : DataFrame
        Table of clinical improvement.
    data : GroupData or None
        Imaging measures; None in a study of scores alone.
    mixed_tables : mapping of str to DataFrame
        Tables of mixed models, by the stem of the file's name; others are not looked at.

    Returns
    -------
    tables : dict of str to DataFrame
        Of :data:`~bids_ketamine.outputs.group_course_tables.COURSE_TABLES` those that the study
        asks for.
    record : dict
        What ``group.json`` says of them; empty without any.

    Raises
    ------
    InputDataError
        If a table of scores is damaged, or a rating of global change lies outside its scale.
    InputMissingError
        If a table of scores is not there.
    """
    asked = (spec.clinical_course, spec.score_correlations, spec.primary_outcomes)
    if not spec.logistic_regressions and all(each is None for each in asked):
        return {}, {}
    of_trial = clinical_people(spec, bids_dir, people)
    scores = clinical_scores(spec, bids_dir, of_trial)
    require_ratings(spec, bids_dir, scores)
    trial = ClinicalTrial(
        spec=spec,
        bids_dir=bids_dir,
        people=of_trial,
        scores=scores,
        outcomes=outcomes,
        data=data,
        random_seed=RANDOM_SEED,
    )
    parts = [compute(trial) for compute in PARTS]
    parts.append(primary_outcomes(trial, mixed_tables))
    tables = {name: table for part in parts for name, table in part.tables.items()}
    record: dict[str, object] = {"Notes": [note for part in parts for note in part.notes]}
    if PRIMARY in tables:
        record["PrimaryOutcomes"] = len(tables[PRIMARY])
    return tables, {COURSE: record}
