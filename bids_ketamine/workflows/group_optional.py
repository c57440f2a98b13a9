"""Parts of the group level that a study may or may not ask for: tables, maps, and their record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_behaviour import group_behaviour
from bids_ketamine.workflows.group_clinical import group_clinical
from bids_ketamine.workflows.group_course import group_course
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_flow import group_flow
from bids_ketamine.workflows.group_motion import group_motion
from bids_ketamine.workflows.group_networks import group_networks
from bids_ketamine.workflows.group_seed_maps import group_seed_maps
from bids_ketamine.workflows.group_sources import People


@dataclass(frozen=True, kw_only=True)
class OptionalParts:
    """What these parts found.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        By the stem of the file's name.
    images : mapping of str to callable
        By the name of each file what writes it to a path.
    record : mapping
        What ``group.json`` says of them.
    """

    tables: Mapping[str, pd.DataFrame]
    images: Mapping[str, Callable[[Path], None]]
    record: Mapping[str, object]


def optional_parts(
    spec: StudySpec,
    *,
    bids_dir: Path,
    collected: CollectedOutputs,
    people: People,
    left_out: Mapping[str, str],
    outcomes: pd.DataFrame,
    data: GroupData,
    random_seed: int | None,
) -> OptionalParts:
    """Compute scores, behaviour, the flow of participants, networks, seed maps and the course.

    Parameters
    ----------
    spec : StudySpec
        The study.
    bids_dir : Path
        Raw dataset.
    collected : CollectedOutputs
        Outputs of the participant level.
    people : People
        Participants of the dataset, with arms.
    left_out : mapping of str to str
        Who is not in clinical statistics, and why.
    outcomes : DataFrame
        Table of clinical improvement.
    data : GroupData
        Imaging measures, adjusted.
    random_seed : int or None
        Seed of bootstraps and permutations; fixed ones for None.

    Returns
    -------
    OptionalParts
        Nothing of what the study does not ask for.

    Raises
    ------
    InputDataError, InputMissingError
        If a table of scores or covariates, or a file of a session, is damaged or not there.
    """
    clinical = group_clinical(
        spec,
        bids_dir=bids_dir,
        people=people,
        outcomes=outcomes,
        data=data if spec.has_imaging else None,
        random_seed=random_seed,
    )
    behaviour_tables, behaviour_record = group_behaviour(spec, bids_dir=bids_dir, people=people)
    course_tables, course_record = group_course(
        spec,
        bids_dir=bids_dir,
        people=people,
        outcomes=outcomes,
        data=data if spec.has_imaging else None,
        mixed_tables=clinical.tables,
    )
    network_tables, network_record = group_networks(
        spec,
        bids_dir=bids_dir,
        people=people,
        outcomes=outcomes,
        data=data,
        collected=collected,
        random_seed=random_seed,
    )
    maps = group_seed_maps(spec, people=people, data=data, collected=collected)
    flow = group_flow(spec, people=people, left_out=left_out, data=data, outcomes=outcomes)
    return OptionalParts(
        tables={
            **clinical.tables,
            **behaviour_tables,
            **group_motion(spec, people=people, data=data),
            "group_flow": flow,
            **course_tables,
            **network_tables,
            **maps.tables,
        },
        images=maps.images,
        record={**clinical.record, **behaviour_record, **course_record, **network_record},
    )
