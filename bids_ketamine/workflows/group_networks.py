"""Networks at the group level: edges, controls, reliability and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bids_ketamine.dataset.names import listed
from bids_ketamine.outputs.collect_matrices import collect_matrices
from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.study.spec import ControlsSpec, EdgeStatisticsSpec, StudySpec
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_network_controls import (
    CONTROLS,
    compared_groups,
    control_table,
    network_columns,
)
from bids_ketamine.workflows.group_network_edges import edge_tables
from bids_ketamine.workflows.group_network_matching import Scans, matched_groups
from bids_ketamine.workflows.group_network_reliability import RELIABILITY, reliability_table
from bids_ketamine.workflows.group_network_sessions import RestingSessions, resting_sessions
from bids_ketamine.workflows.group_network_volumes import VOLUMES, volume_table
from bids_ketamine.workflows.group_sources import People

#: Key of the record.
NETWORKS = "Networks"

#: Seed of permutations where the command line names none.
RANDOM_SEED = 20260101

Tables = dict[str, pd.DataFrame]


def group_networks(
    spec: StudySpec,
    *,
    bids_dir: Path,
    people: People,
    outcomes: pd.DataFrame,
    data: GroupData,
    collected: CollectedOutputs,
    random_seed: int | None = None,
) -> tuple[Tables, dict[str, object]]:
    """Compute group statistics of networks and of brain structures (rows B8 to B10 and B13).

    Parameters
    ----------
    spec : StudySpec
        The study.
    bids_dir : Path
        Raw dataset, with the tables of covariates.
    people : People
        Participants of the dataset, with arms.
    outcomes : DataFrame
        Table of clinical improvement.
    data : GroupData
        Measures, adjusted, of what went in.
    collected : CollectedOutputs
        Outputs of the participant level.
    random_seed : int, optional
        Seed of permutations; a fixed one when absent.

    Returns
    -------
    tables : dict of str to DataFrame
        Those of :data:`~bids_ketamine.outputs.group_network_tables.NETWORK_TABLES` that the study
        asks for.
    record : dict
        What ``group.json`` says of them; empty where it asks for none.

    Raises
    ------
    InputDataError
        If a matrix or the table of a covariate is damaged.
    """
    seed = RANDOM_SEED if random_seed is None else random_seed
    tables: Tables = {}
    record: dict[str, object] = {}
    notes: list[str] = []
    resting = resting_sessions(spec, data)
    if spec.edge_statistics is not None and spec.rest is not None:
        part = _edges(spec, spec.edge_statistics, people, collected, resting, seed)
        tables, record["Edges"] = tables | part.tables, part.record
        notes += part.notes
    if spec.controls is not None:
        part = _controls(spec, spec.controls, bids_dir, people, data, collected, resting)
        tables, record["Controls"] = tables | part.tables, part.record
        notes += part.notes
    if spec.reliability is not None:
        tables[RELIABILITY] = reliability_table(spec, spec.reliability, people=people, data=data)
        if tables[RELIABILITY].empty:
            notes.append("Nobody has connectivity of networks: there is no reliability of it.")
    if spec.volumes is not None:
        volumes = volume_table(spec, spec.volumes, people=people, outcomes=outcomes, data=data)
        tables |= {} if volumes is None else {VOLUMES: volumes}
    return tables, {NETWORKS: {**record, "Notes": notes}} if tables else {}


class _Part(NamedTuple):
    tables: Tables
    record: dict[str, object]
    notes: Sequence[str]


def _edges(
    spec: StudySpec,
    section: EdgeStatisticsSpec,
    people: People,
    collected: CollectedOutputs,
    resting: RestingSessions,
    seed: int,
) -> _Part:
    rest = spec.rest
    assert rest is not None
    matrices = collect_matrices(
        [each for each in collected.sessions if resting.enters(each.participant_id, each.session)],
        task=rest.task,
        networks=tuple(spec.networks.regions) if spec.networks is not None else (),
        minimum_coverage=spec.regions.minimum_coverage if spec.regions is not None else 0.0,
    )
    tables = edge_tables(
        spec, section, people=people, matrices=matrices, resting=resting, seed=seed
    )
    notes = list(matrices.notes)
    without = [" ".join(key) for key in matrices.reasons]
    if without:
        notes.append(
            f"Sessions without a correlation matrix, which are in no test of edges: {len(without)} "
            f"({listed(without, most=5)})."
        )
    record: dict[str, object] = {
        "Sessions": len(matrices.place),
        "Regions": matrices.n_regions,
        "ComponentP": section.component_p,
        "Permutations": section.permutations,
        "Seed": seed,
    }
    return _Part(tables, record, notes)


def _controls(
    spec: StudySpec,
    section: ControlsSpec,
    bids_dir: Path,
    people: People,
    data: GroupData,
    collected: CollectedOutputs,
    resting: RestingSessions,
) -> _Part:
    groups = compared_groups(spec, section, people)
    record: dict[str, object] = {
        "Sessions": list(groups.sessions),
        "ControlSessions": list(groups.control_sessions),
        "Patients": len(groups.every_patient),
        "Controls": len(groups.controls),
    }
    if not network_columns(spec, data).size:
        note = "Nobody has connectivity of networks: patients and controls have no test."
        return _Part({CONTROLS: control_table(spec, groups, data=data, pairs=None)}, record, [note])
    scans = Scans(
        data=data,
        collected=collected,
        resting=resting,
        patients=groups.every_patient,
        controls=groups.controls,
        patient_sessions=groups.sessions[:1],
        control_sessions=groups.control_sessions,
        compared_sessions=groups.sessions,
    )
    matched = matched_groups(spec, section, bids_dir=bids_dir, scans=scans)
    pairs = matched.pairs if matched is not None else None
    tables = {CONTROLS: control_table(spec, groups, data=data, pairs=pairs)}
    notes: list[str] = []
    if matched is not None:
        tables |= matched.tables
        notes += matched.notes
        record["Pairs"] = 0 if matched.pairs is None else len(matched.pairs)
    return _Part(tables, record, notes)
