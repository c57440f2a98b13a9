"""The group level: collect, exclude, residualize, difference, test, write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.group.analysis import (
    ALL,
    arm_members,
    change_values,
    changes_table,
    included_participants,
    session_summaries,
)
from bids_ketamine.core.group.manifest import participants_manifest
from bids_ketamine.core.group.measure_tests import ComparisonSettings, group_tests
from bids_ketamine.core.group.measures import measures_table
from bids_ketamine.core.group.outcomes import improvements, outcomes_table
from bids_ketamine.dataset.exclusions import study_task_names
from bids_ketamine.dataset.outcomes import outcome_scores, unmatched_rows
from bids_ketamine.outputs.collect import collect_outputs
from bids_ketamine.outputs.collect_models import MODELS
from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.outputs.group_tables import write_group
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_data import GroupData, ends_of_changes, select_data
from bids_ketamine.workflows.group_elastic_net import ComputingOptions, group_elastic_net
from bids_ketamine.workflows.group_models import models_record
from bids_ketamine.workflows.group_notes import group_notes
from bids_ketamine.workflows.group_peb import group_peb
from bids_ketamine.workflows.group_peb_members import Exclusions
from bids_ketamine.workflows.group_sources import People, find_people, unreliable_sessions

LOGGER = logging.getLogger("bids_ketamine")


def run_group_level(
    *,
    bids_dir: Path,
    output_dir: Path,
    study: Study,
    n_procs: int = 1,
    permutations: int | None = None,
    random_seed: int | None = None,
    show: Callable[[str], None] | None = None,
) -> None:
    """Compute group statistics from the output tree and write ``OUTPUT/group``.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset: its participants.tsv and phenotype/ are read.
    output_dir : Path
        Output folder of the participant level; nothing else is read of it.
    study : Study
        The study that the participant level was run with (its group settings may differ).
    n_procs : int
        Threads of the elastic net.
    permutations : int, optional
        Permutations in its tests, without stopping early; what the study says when absent.
    random_seed : int, optional
        Seed of its draws; a fixed one when absent.
    show : callable, optional
        Takes a line on how far it is; the log does when absent.

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
    data = select_data(bids_dir, spec, collected, people, unreliable)
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
    elastic_net = group_elastic_net(
        spec,
        bids_dir=bids_dir,
        people=people,
        outcomes=outcomes,
        measures=data.measures,
        motion=data.motion,
        options=ComputingOptions(
            n_procs=n_procs, permutations=permutations, random_seed=random_seed, show=show
        ),
    )
    record = _record(study, collected, people, data, unmatched)
    write_group(
        output_dir,
        tables=tables,
        record={**record, **peb.record, **elastic_net.record},
        peb_tables=peb.tables,
        peb_arrays=peb.arrays,
        elastic_net_tables=elastic_net.tables,
    )
    LOGGER.info("%s", data.motion.sentence)


def _account(
    spec: StudySpec, collected: CollectedOutputs, people: People, data: GroupData
) -> dict[str, pd.DataFrame]:
    """Return the tables that say what went in and what was made of it."""
    names = study_task_names(spec)
    manifest = participants_manifest(
        measures=data.measures,
        arms=people.arms,
        tasks=data.tasks,
        changes=ends_of_changes(spec),
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
    changes = change_values(adjusted=adjusted, sessions=sessions, changes=ends_of_changes(spec))
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
