"""The group level: collect, exclude, residualize, difference, test, write."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import (
    arm_members,
    change_values,
    changes_table,
    session_summaries,
)
from bids_ketamine.core.group.manifest import participants_manifest
from bids_ketamine.core.group.measure_tests import ComparisonSettings, group_tests
from bids_ketamine.core.group.measures import measures_table
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.group.outcomes import improvements, outcomes_table
from bids_ketamine.dataset.clinical_cells import require_clinical_cells
from bids_ketamine.dataset.exclusions import study_task_names
from bids_ketamine.dataset.outcomes import outcome_scores, session_scores, unmatched_rows
from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.outputs.derivative import write_description
from bids_ketamine.outputs.group_tables import write_group
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.blinding import open_blinding
from bids_ketamine.workflows.group_clinical_trial import clinical_people
from bids_ketamine.workflows.group_course_people import require_ratings
from bids_ketamine.workflows.group_data import GroupData, ends_of_changes, select_data
from bids_ketamine.workflows.group_elastic_net import ComputingOptions, group_elastic_net
from bids_ketamine.workflows.group_optional import optional_parts
from bids_ketamine.workflows.group_outcomes import with_improvement
from bids_ketamine.workflows.group_peb import group_peb
from bids_ketamine.workflows.group_peb_members import Exclusions
from bids_ketamine.workflows.group_record import group_record
from bids_ketamine.workflows.group_sources import (
    People,
    find_outputs,
    find_people,
    unreliable_sessions,
)

LOGGER = logging.getLogger("bids_ketamine")

#: What makes a folder a dataset; the participant level writes it for others.
DESCRIPTION = "dataset_description.json"


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
        Output folder of the participant level; nothing else is read of it. A study of scores
        alone needs no results of the participant level: the folder is made if need be.
    study : Study
        The study that the participant level was run with (its group settings may differ).
    n_procs : int
        Threads of the elastic net.
    permutations : int, optional
        Permutations in its tests, without stopping early; what the study says when absent.
    random_seed : int, optional
        Seed of its draws, and of bootstraps; fixed ones when absent.
    show : callable, optional
        Takes a line on how far it is; the log does when absent.

    Raises
    ------
    InputMissingError
        If there are no measures and the study has imaging, or a table that it names is missing.
    InputDataError
        If measures come from different studies or versions, a session has another meaning than
        it was computed with, a table or a file of a model is damaged, or somebody is unknown.
    CannotCreateError, ReadWriteError
        If the tables cannot be written.
    """
    blinding = open_blinding(output_dir, study)
    collected = find_outputs(output_dir, study.spec)
    people = blinding.people(find_people(bids_dir, study.spec, collected))
    blinding = blinding.withholding(bids_dir, people)
    # From here on arms have blinded labels, if a plan says so.
    study = blinding.study
    spec = study.spec
    unreliable = unreliable_sessions(bids_dir, spec, collected)
    require_clinical_cells(bids_dir, spec)
    require_ratings(spec, bids_dir, session_scores(bids_dir, spec))
    outcomes = outcomes_table(
        scores=with_improvement(outcome_scores(bids_dir, spec), spec),
        participants=people.participants,
        arms=people.arms,
    )
    data = select_data(bids_dir, spec, collected, people, unreliable)
    tables = _account(spec, collected, people, data)
    tables |= _statistics(spec, people, outcomes, data)
    unmatched = unmatched_rows(bids_dir, spec, people.participants)
    left_out = clinical_people(spec, bids_dir, people).left_out
    optional = optional_parts(
        spec,
        bids_dir=bids_dir,
        collected=collected,
        people=people,
        left_out=left_out,
        outcomes=outcomes,
        data=data,
        random_seed=random_seed,
    )
    optional_tables = dict(optional.tables) | _unadjusted_tests(spec, people, outcomes, data)
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
    record = group_record(
        study,
        collected=collected,
        people=people,
        left_out=left_out,
        outcomes=outcomes,
        data=data,
        unmatched=unmatched,
    )
    write_group(
        output_dir,
        tables=blinding.tables(tables),
        record=blinding.record({**record, **peb.record, **elastic_net.record, **optional.record}),
        peb_tables=blinding.tables(peb.tables),
        peb_arrays=peb.arrays,
        elastic_net_tables=blinding.tables(elastic_net.tables),
        optional_tables=blinding.tables(optional_tables),
        images=optional.images,
    )
    # Last: a run that fails leaves no dataset.
    if not spec.has_imaging and not (output_dir / DESCRIPTION).exists():
        write_description(output_dir, bids_dir=bids_dir, derivatives={}, study_name=spec.name)
    if spec.has_imaging:
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
    imaged = data.measures.imaged
    return {
        "group_changes": changes_table(
            changes=changes, keys=keys, participants=people.participants, arms=people.arms
        ),
        "group_outcomes": outcomes,
        "group_summary": session_summaries(
            adjusted=adjusted[:, imaged],
            keys=keys,
            sessions=[sessions[place] for place in imaged],
            members=members,
            confidence_level=spec.group.confidence_level,
        ),
        "group_tests": _tests(spec, people, outcomes, data, adjusted),
    }


def _unadjusted_tests(
    spec: StudySpec, people: People, outcomes: pd.DataFrame, data: GroupData
) -> dict[str, pd.DataFrame]:
    """Return the tests of values as they were measured; none where nothing is adjusted."""
    if not (spec.group.residualize_motion and spec.has_imaging):
        return {}
    values = np.where(data.motion.included, data.measures.value, np.nan)
    return {"group_tests_unadjusted": _tests(spec, people, outcomes, data, values)}


def _tests(
    spec: StudySpec,
    people: People,
    outcomes: pd.DataFrame,
    data: GroupData,
    values: FloatArray,
) -> pd.DataFrame:
    sessions, imaged = data.measures.sessions, data.measures.imaged
    return group_tests(
        adjusted=values[:, imaged],
        changes=change_values(adjusted=values, sessions=sessions, changes=ends_of_changes(spec)),
        improvements=improvements(table=outcomes),
        keys=data.measures.keys,
        sessions=[sessions[place] for place in imaged],
        members=arm_members(arms=people.arms, levels=_levels(spec)),
        settings=ComparisonSettings(
            levels=_levels(spec),
            confidence_level=spec.group.confidence_level,
            minimum_participants=spec.group.minimum_participants,
        ),
    )


def _levels(spec: StudySpec) -> tuple[str, ...]:
    return spec.arms.levels if spec.arms is not None else ()
