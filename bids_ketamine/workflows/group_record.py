"""What ``group.json`` says of the group level as a whole."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.group.analysis import ALL, included_participants
from bids_ketamine.core.group.moments import BoolArray
from bids_ketamine.outputs.collect_models import MODELS
from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.study.load import Study
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_models import models_record
from bids_ketamine.workflows.group_notes import group_notes
from bids_ketamine.workflows.group_sources import People

#: What the record says of motion in a study of scores alone.
WITHOUT_IMAGING = "The study has no imaging measures."


def group_record(
    study: Study,
    *,
    collected: CollectedOutputs,
    people: People,
    left_out: Container[str],
    outcomes: pd.DataFrame,
    data: GroupData,
    unmatched: Sequence[str],
) -> dict[str, object]:
    """Say what was done, for ``group.json``.

    Parameters
    ----------
    study : Study
        The study.
    collected : CollectedOutputs
        Outputs of the participant level; none for a study of scores alone.
    people : People
        Participants of the dataset, with arms.
    left_out : container of str
        Those who are in no clinical statistics: without an arm, or excluded as a whole.
    outcomes : DataFrame
        Table of clinical improvement.
    data : GroupData
        Values that went in.
    unmatched : sequence of str
        Sentences on rows of tables that belong to nobody.

    Returns
    -------
    dict
        ``Participants`` and ``Arms`` count those of whom any measure went in; those with any
        score, in a study of scores alone.
    """
    spec = study.spec
    levels = spec.arms.levels if spec.arms is not None else ()
    included = data.motion.included
    if not spec.has_imaging:  # then whoever has a score is in, but for those left out
        included = _scored(people, left_out, outcomes)
    went_in = included_participants(included=included, arms=people.arms, levels=levels)
    models = models_record(
        collected, measures=data.measures, tasks=data.tasks, exclusions=data.exclusions
    )
    notes = (
        group_notes(spec, collected, measures=data.measures, tasks=data.tasks)
        if collected.sessions
        else []
    )
    return {
        "StudyHash": study_hash(spec),
        "GroupStudy": spec.name,
        "SoftwareVersion": __version__,
        "ConfidenceLevel": spec.group.confidence_level,
        "Notices": list(study.notices),
        "Participants": went_in.pop(ALL),
        "Arms": went_in,
        "MotionStep": data.motion.sentence if spec.has_imaging else WITHOUT_IMAGING,
        "Notes": [*notes, *unmatched],
        **({MODELS: models} if models else {}),
    }


def _scored(people: People, left_out: Container[str], outcomes: pd.DataFrame) -> BoolArray:
    """Tell who is in with any score or improvement: an array of shape (n_participants, 1, 1)."""
    known = outcomes[["first", "second", "improvement"]].notna().any(axis=1)
    scored = set(outcomes.loc[known, "participant_id"])
    counted = [each in scored and each not in left_out for each in people.participants]
    return np.array(counted, dtype=np.bool_).reshape(-1, 1, 1)
