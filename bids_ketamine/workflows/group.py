"""The group level: collect, exclude, residualize, difference, test, write."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.group.adjustment import MotionStep, adjust_for_motion
from bids_ketamine.core.group.analysis import (
    ALL,
    arm_members,
    change_values,
    changes_table,
    included_participants,
    session_summaries,
)
from bids_ketamine.core.group.exclusions import (
    ListedExclusion,
    exclusion_reasons,
    included_values,
)
from bids_ketamine.core.group.manifest import participants_manifest
from bids_ketamine.core.group.measure_tests import ComparisonSettings, group_tests
from bids_ketamine.core.group.measures import (
    MeasureArrays,
    ObjectArray,
    arrange_measures,
    measures_table,
)
from bids_ketamine.core.group.outcomes import improvements, outcomes_table
from bids_ketamine.dataset.exclusions import listed_exclusions, study_task_names
from bids_ketamine.dataset.outcomes import outcome_scores, unmatched_rows
from bids_ketamine.outputs.collect import collect_outputs
from bids_ketamine.outputs.collect_models import MODELS
from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.outputs.group_tables import write_group
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_models import models_record
from bids_ketamine.workflows.group_notes import group_notes
from bids_ketamine.workflows.group_peb import group_peb
from bids_ketamine.workflows.group_peb_members import Exclusions
from bids_ketamine.workflows.group_sources import (
    People,
    find_people,
    unreliable_sessions,
)

LOGGER = logging.getLogger("bids_ketamine")


def run_group_level(*, bids_dir: Path, output_dir: Path, study: Study) -> None:
    """Compute group statistics from the output tree and write ``OUTPUT/group``.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset: its participants.tsv and phenotype/ are read.
    output_dir : Path
        Output folder of the participant level; nothing else is read of it.
    study : Study
        The study that the participant level was run with (its group settings may differ).

    Raises
    ------
    InputMissingError
        If there are no measures, or a table that the study names is missing.
    InputDataError
        If measures come from different studies or versions, a session has another meaning than
        it was computed with, a table or a file of a model is damaged, or somebody is unknown.
    CannotCreateError, ReadWriteError
        If the tables cannot be written.
    """
    spec = study.spec
    collected = collect_outputs(output_dir, spec)
    people = find_people(bids_dir, spec, collected)
    unreliable = unreliable_sessions(bids_dir, spec, collected)
    outcomes = outcomes_table(
        scores=outcome_scores(bids_dir, spec), participants=people.participants, arms=people.arms
    )
    data = _select_data(bids_dir, spec, collected, people, unreliable)
    tables = _account(spec, collected, people, data)
    tables |= _statistics(spec, people, outcomes, data)
    unmatched = unmatched_rows(bids_dir, spec, people.participants)
    peb = group_peb(
        spec,
        collected=collected,
        people=people,
        outcomes=outcomes,
        exclusions=Exclusions(measures=data.measures, tasks=data.tasks, reasons=data.exclusions),
    )
    record = _record(study, collected, people, data, unmatched)
    write_group(
        output_dir,
        tables=tables,
        record={**record, **peb.record},
        peb_tables=peb.tables,
        peb_arrays=peb.arrays,
    )
    LOGGER.info("%s", data.motion.sentence)


@dataclass(frozen=True)
class GroupData:
    """Values that go into group statistics.

    Attributes
    ----------
    measures : MeasureArrays
        All values.
    tasks : tuple of str
        Tasks of the study, and others found.
    exclusions : ndarray of object, shape (n_participants, n_sessions, n_tasks)
        Why something is excluded.
    motion : MotionStep
        Values after the motion step: those that go in, and why others do not.
    """

    measures: MeasureArrays
    tasks: tuple[str, ...]
    exclusions: ObjectArray
    motion: MotionStep


def _select_data(
    bids_dir: Path,
    spec: StudySpec,
    collected: CollectedOutputs,
    people: People,
    unreliable: Sequence[ListedExclusion],
) -> GroupData:
    """Arrange measures, exclude, residualize."""
    measures = arrange_measures(
        rows=collected.rows,
        participants=people.participants,
        sessions=[session.name for session in spec.sessions],
    )
    tasks = tuple(dict.fromkeys([*study_task_names(spec), *measures.keys["task"]]))
    rules = spec.exclusions
    listed = (
        listed_exclusions(
            Path(rules.file), bids_dir=bids_dir, spec=spec, participants=people.participants
        )
        if rules.file is not None
        else ()
    )
    exclusions = exclusion_reasons(
        measures=measures,
        tasks=tasks,
        maximum_mean_fd=rules.maximum_mean_fd,
        minimum_volumes=rules.minimum_volumes,
        listed=(*people.without_arm, *unreliable, *listed),
        changes=_ends(spec),
    )
    included, reason = included_values(
        measures=measures,
        tasks=tasks,
        exclusions=exclusions,
        minimum_coverage=rules.minimum_coverage,
        changes=_ends(spec),
    )
    motion = adjust_for_motion(
        measures=measures,
        included=included,
        reason=reason,
        residualize=spec.group.residualize_motion,
    )
    return GroupData(
        measures=measures,
        tasks=tasks,
        exclusions=exclusions,
        motion=motion,
    )


def _account(
    spec: StudySpec, collected: CollectedOutputs, people: People, data: GroupData
) -> dict[str, pd.DataFrame]:
    """Return the tables that say what went in and what was made of it."""
    names = study_task_names(spec)
    manifest = participants_manifest(
        measures=data.measures,
        arms=people.arms,
        tasks=data.tasks,
        changes=_ends(spec),
        exclusions=data.exclusions,
        included=data.motion.included,
        reason=data.motion.reason,
        reason_without_rows=lambda participant, session, task: collected.reason_without_rows(
            participant, session, names.get(task, (task,))
        ),
    )
    measures = measures_table(
        measures=data.measures,
        arms=people.arms,
        adjusted=data.motion.adjusted,
        included=data.motion.included,
        reason=data.motion.reason,
    )
    return {
        "group_participants": manifest,
        "group_measures": measures,
        "group_motion": data.motion.table,
    }


def _statistics(
    spec: StudySpec, people: People, outcomes: pd.DataFrame, data: GroupData
) -> dict[str, pd.DataFrame]:
    """Return the tables of changes, outcomes, summaries and tests."""
    adjusted, keys, sessions = data.motion.adjusted, data.measures.keys, data.measures.sessions
    members = arm_members(arms=people.arms, levels=_levels(spec))
    changes = change_values(adjusted=adjusted, sessions=sessions, changes=_ends(spec))
    settings = ComparisonSettings(
        levels=_levels(spec),
        confidence_level=spec.group.confidence_level,
        minimum_participants=spec.group.minimum_participants,
    )
    return {
        "group_changes": changes_table(
            changes=changes, keys=keys, participants=people.participants, arms=people.arms
        ),
        "group_outcomes": outcomes,
        "group_summary": session_summaries(
            adjusted=adjusted,
            keys=keys,
            sessions=sessions,
            members=members,
            confidence_level=spec.group.confidence_level,
        ),
        "group_tests": group_tests(
            adjusted=adjusted,
            changes=changes,
            improvements=improvements(table=outcomes),
            keys=keys,
            sessions=sessions,
            members=members,
            settings=settings,
        ),
    }


def _levels(spec: StudySpec) -> tuple[str, ...]:
    return spec.arms.levels if spec.arms is not None else ()


def _ends(spec: StudySpec) -> dict[str, tuple[str, str]]:
    return {change.name: (change.first, change.second) for change in spec.changes}


def _record(
    study: Study,
    collected: CollectedOutputs,
    people: People,
    data: GroupData,
    unmatched: Sequence[str],
) -> dict[str, object]:
    """Say what was done, for ``group.json``."""
    spec = study.spec
    went_in = included_participants(
        included=data.motion.included, arms=people.arms, levels=_levels(spec)
    )
    models = models_record(
        collected, measures=data.measures, tasks=data.tasks, exclusions=data.exclusions
    )
    return {
        "StudyHash": collected.sessions[0].study_hash,
        "GroupStudy": spec.name,
        "SoftwareVersion": __version__,
        "ConfidenceLevel": spec.group.confidence_level,
        "Notices": list(study.notices),
        "Participants": went_in.pop(ALL),
        "Arms": went_in,
        "MotionStep": data.motion.sentence,
        "Notes": [
            *group_notes(spec, collected, measures=data.measures, tasks=data.tasks),
            *unmatched,
        ],
        **({MODELS: models} if models else {}),
    }
