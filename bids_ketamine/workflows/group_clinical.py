"""Clinical statistics of the group level: course, Table 1, models, symptom dimensions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import InputMissingError
from bids_ketamine.study.blinded_arms import WITHHELD, WithheldVariable
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_clinical_anova import clinical_anova
from bids_ketamine.workflows.group_clinical_course import clinical_course
from bids_ketamine.workflows.group_clinical_dimensions import clinical_dimensions
from bids_ketamine.workflows.group_clinical_models import clinical_models
from bids_ketamine.workflows.group_clinical_table_one import clinical_table_one
from bids_ketamine.workflows.group_clinical_trial import (
    ClinicalPeople,
    ClinicalTrial,
    Part,
    clinical_people,
    clinical_scores,
)
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_sources import People

#: Key of the record.
CLINICAL = "Clinical"

#: Seed of bootstraps where the command line names none.
RANDOM_SEED = 20260101

#: What the record calls the parts, in the order in which they are computed.
PARTS: Mapping[str, Callable[[ClinicalTrial], Part]] = {
    "The clinical course": clinical_course,
    "Table 1": clinical_table_one,
    "The analysis of variance": clinical_anova,
    "The mixed models": clinical_models,
    "The symptom dimensions": clinical_dimensions,
}


@dataclass(frozen=True, kw_only=True)
class ClinicalOutputs:
    """What the group level writes.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        By the stem of the file's name.
    record : mapping
        What ``group.json`` says of them.
    """

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    record: Mapping[str, object] = field(default_factory=dict)


def group_clinical(
    spec: StudySpec,
    *,
    bids_dir: Path,
    people: People,
    outcomes: pd.DataFrame,
    data: GroupData | None,
    random_seed: int | None = None,
) -> ClinicalOutputs:
    """Compute clinical statistics and mixed models (methods rows A17, A20 and B7).

    Everybody with an arm takes part, whether or not their images are usable, but for those whom
    the table of exclusions leaves out as a whole. What cannot be computed of these data says why,
    and the rest goes on; a damaged table ends the group level.

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
        Imaging measures, adjusted for motion; None in a study of scores alone.
    random_seed : int, optional
        Seed of bootstraps; a fixed one when absent.

    Returns
    -------
    ClinicalOutputs
        Empty where the study has neither outcomes nor anything else to say of its participants.

    Raises
    ------
    InputDataError
        If a table of scores, covariates or exclusions is damaged.
    InputMissingError
        If a table of scores or of exclusions is not there.
    """
    if not (spec.outcomes or spec.table_one or spec.mixed_models):
        return ClinicalOutputs()
    of_trial = clinical_people(spec, bids_dir, people)
    trial = ClinicalTrial(
        spec=spec,
        bids_dir=bids_dir,
        people=of_trial,
        scores=clinical_scores(spec, bids_dir, of_trial),
        outcomes=outcomes,
        data=data,
        random_seed=RANDOM_SEED if random_seed is None else random_seed,
    )
    tables: dict[str, pd.DataFrame] = {}
    notes: list[str] = []
    absent: list[str] = []
    for name, compute in PARTS.items():
        try:
            part = compute(trial)
        except InputMissingError as error:
            notes.append(f"{name} could not be computed: {error.message}")
            continue
        tables |= part.tables
        notes += part.notes
        absent += part.absent
    notes += _absent_variables(spec, absent)
    return ClinicalOutputs(tables=tables, record={CLINICAL: _record(of_trial, notes)})


def _absent_variables(spec: StudySpec, names: Iterable[str]) -> list[str]:
    """Name the variables that are not in the dataset in one sentence; withheld ones apart."""
    variables = spec.participant_variables
    withheld = {each.name for each in variables if isinstance(each, WithheldVariable)}
    wanted = list(dict.fromkeys(names))
    absent = [name for name in wanted if name not in withheld]
    told = [f"The variable {name} is {WITHHELD}." for name in wanted if name in withheld]
    if absent:
        told.append(
            "Variables of participants that are not in the dataset, and enter nothing: "
            f"{listed(absent, most=len(absent))}."
        )
    return told


def _record(people: ClinicalPeople, notes: list[str]) -> dict[str, object]:
    """Say who took part, who did not and why, and what else is to be known."""
    members = people.members()
    kinds = Counter(each.partition(":")[0] for each in people.left_out.values())
    told = ", ".join(f"{kind}: {n}" for kind, n in kinds.items())
    left_out = (
        [f"Participants who are not in clinical statistics: {len(people.left_out)}; {told}."]
        if people.left_out
        else []
    )
    return {
        "Participants": len(people.included),
        "Arms": {arm: int(members[arm].sum()) for arm in people.levels},
        "LeftOut": dict(people.left_out),
        "Notes": [
            "Clinical statistics are of everybody with an arm and scores, whether or not their "
            "images are usable; whom the table of exclusions leaves out as a whole is out here "
            "too.",
            *left_out,
            *dict.fromkeys(notes),
        ],
    }
