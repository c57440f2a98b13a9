"""Tests of every edge between sessions, and connected sets of edges (methods row B8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bids_ketamine.core.connectivity.matrices import pair_indices
from bids_ketamine.core.group.analysis import ALL, arm_members
from bids_ketamine.core.group.measures import repeated
from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.core.networks.edge_statistics import EdgeStatistics, edge_statistics
from bids_ketamine.core.networks.network_based_statistic import (
    NetworkBasedStatistic,
    PrimaryThreshold,
    network_based_statistic,
)
from bids_ketamine.outputs.collect_matrices import JOINT, ConnectivityEdges
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.study.spec import ChangeSpec, EdgeStatisticsSpec, StudySpec
from bids_ketamine.workflows.group_network_sessions import RestingSessions, parts_of_sessions
from bids_ketamine.workflows.group_sources import People

EDGES, COMPONENTS, REGIONS = "group_edges", "group_edge_components", "group_regions"

NO_MATRICES = "no session in group statistics has a correlation matrix"
NOBODY = "nobody has both sessions"


def edge_tables(
    spec: StudySpec,
    section: EdgeStatisticsSpec,
    *,
    people: People,
    matrices: ConnectivityEdges,
    resting: RestingSessions,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Test the change of every edge, by change and arm.

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : EdgeStatisticsSpec
        Its section on edges.
    people : People
        Participants of the dataset, with arms.
    matrices : ConnectivityEdges
        Matrices of the sessions that go in.
    resting : RestingSessions
        Sessions that go in, those too that are the mean of others.
    seed : int
        Seed of the permutations.

    Returns
    -------
    dict of str to DataFrame
        ``group_edges``, ``group_edge_components`` and ``group_regions``.
    """
    groups = tested_groups(spec, section, people)
    # Visits with scores alone have no edges.
    wanted = section.changes or tuple(each.name for each in spec.imaged_changes)
    edges: list[pd.DataFrame] = []
    components: list[pd.DataFrame] = []
    for change in (each for each in spec.imaged_changes if each.name in wanted):
        for arm, members in groups.items():
            chosen = [
                who
                for who, member in zip(people.participants, members, strict=True)
                if member and all(resting.enters(who, end) for end in (change.first, change.second))
            ]
            found = _tested(
                spec, section, change, matrices=matrices, participants=chosen, seed=seed
            )
            for table, part in zip((edges, components), found, strict=True):
                table.append(part.assign(change=change.name, arm=arm))
    return {
        EDGES: _joined(EDGES, edges),
        COMPONENTS: _joined(COMPONENTS, components),
        REGIONS: matrices.quality[list(NETWORK_TABLES[REGIONS])],
    }


def tested_groups(
    spec: StudySpec, section: EdgeStatisticsSpec, people: People
) -> dict[str, BoolArray]:
    """Return who is tested: the arms that are named, else everybody together but the controls.

    Controls had no treatment between their sessions: with them the change of the others would be
    lost in the mean.

    Parameters
    ----------
    spec : StudySpec
        The study; `controls` names the arm of the controls.
    section : EdgeStatisticsSpec
        Its section on edges.
    people : People
        Participants of the dataset, with arms.

    Returns
    -------
    dict of str to ndarray of bool, shape (n_participants,)
        ``all`` for everybody, or several arms, together; one arm beside the controls is itself.
    """
    levels = spec.arms.levels if spec.arms is not None else ()
    members = arm_members(arms=people.arms, levels=levels)
    if section.arms:
        return {arm: members[arm] for arm in section.arms}
    if spec.controls is None:
        return {ALL: members[ALL]}
    treated = [level for level in levels if level != spec.controls.level]
    if len(treated) == 1:
        return {treated[0]: members[treated[0]]}
    return {ALL: np.any([members[level] for level in treated], axis=0)}


def session_edges(
    matrices: ConnectivityEdges, participants: Sequence[str], parts: Sequence[str]
) -> FloatArray:
    """Return the edges of a session: the mean of its parts, of those that have a value.

    Parameters
    ----------
    matrices : ConnectivityEdges
        Matrices.
    participants : sequence of str
        Participants, with ``sub-``.
    parts : sequence of str
        The session, or those whose mean it is.

    Returns
    -------
    ndarray of shape (n_participants, n_edges)
        Fisher z; NaN where no part has a value.
    """
    total = np.zeros((len(participants), matrices.edges.shape[1]))
    count = np.zeros(total.shape, dtype=np.int64)
    for part in parts:
        for row, who in enumerate(participants):
            place = matrices.place.get((who, part))
            if place is not None:
                known = np.isfinite(matrices.edges[place])
                total[row, known] += matrices.edges[place, known]
                count[row] += known
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _tested(
    spec: StudySpec,
    section: EdgeStatisticsSpec,
    change: ChangeSpec,
    *,
    matrices: ConnectivityEdges,
    participants: Sequence[str],
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the edges and the components of one change and arm."""
    if not matrices.regions:
        return _only_reason(NO_MATRICES)
    parts = parts_of_sessions(spec)
    before, after = (
        session_edges(matrices, participants, parts[end]) for end in (change.first, change.second)
    )
    paired = np.isfinite(before) & np.isfinite(after)
    if not paired.any():
        return _only_reason(NOBODY)
    found = edge_statistics(
        first=after,
        second=before,
        test="paired",
        n_regions=matrices.n_regions,
        minimum_participants=spec.group.minimum_participants,
        confidence_level=spec.group.confidence_level,
    )
    statistic, reason = _network_based(
        section, found, before, after, fewest=spec.group.minimum_participants, seed=seed
    )
    table = found.table(matrices.regions)
    first, second = pair_indices(matrices.n_regions)
    table["first_region"] = repeated(matrices.regions, first)
    table["second_region"] = repeated(matrices.regions, second)
    n = np.where(paired.any(axis=0), paired.sum(axis=0), np.nan)
    table["mean_first"] = np.where(paired, before, 0.0).sum(axis=0) / n
    table["mean_second"] = np.where(paired, after, 0.0).sum(axis=0) / n
    table["component"] = np.nan
    for number, component in enumerate(statistic.components if statistic else (), start=1):
        table.loc[component.edges, "component"] = number
    return table, _components(statistic, reason, matrices.regions)


def _network_based(
    section: EdgeStatisticsSpec,
    found: EdgeStatistics,
    before: FloatArray,
    after: FloatArray,
    *,
    fewest: int,
    seed: int,
) -> tuple[NetworkBasedStatistic | None, str]:
    """Return the components of strong edges, or why there are none."""
    if not found.n_tested:
        reasons = pd.Series(found.result.reason)
        return None, f"no edge could be tested: {reasons.value_counts().index[0]}"
    if not section.permutations or not 0.0 < section.component_p < 1.0:
        return None, "the network-based statistic is switched off in the study"
    statistic = network_based_statistic(
        first=after,
        second=before,
        test="paired",
        n_regions=found.n_regions,
        threshold=PrimaryThreshold(value=section.component_p, of="p", tail="two_sided"),
        n_permutations=section.permutations,
        seed=seed,
        minimum_participants=fewest,
    )
    return statistic, "" if statistic.components else f"no edge has p < {section.component_p:g}"


def _components(
    statistic: NetworkBasedStatistic | None, reason: str, regions: Sequence[str]
) -> pd.DataFrame:
    if statistic is None:
        return pd.DataFrame([{"reason": reason}])
    if not statistic.components:
        return pd.DataFrame([{"reason": reason, "n_permutations": statistic.n_permutations}])
    return pd.DataFrame(
        [
            {
                "component": number,
                "n_edges": one.extent,
                "n_regions": len(one.regions),
                "n_positive": one.n_positive,
                "n_negative": one.n_negative,
                "intensity": one.intensity,
                "p_extent": one.p_extent,
                "p_intensity": one.p_intensity,
                "n_permutations": statistic.n_permutations,
                "regions": JOINT.join(regions[place] for place in one.regions),
                "reason": "",
            }
            for number, one in enumerate(statistic.components, start=1)
        ]
    )


def _only_reason(reason: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.DataFrame([{"reason": reason, "n": 0}]), pd.DataFrame([{"reason": reason}])


def _joined(name: str, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows in the table's columns; texts that repeat are held once."""
    columns: Mapping[str, object] = NETWORK_TABLES[name]
    if not parts:
        return pd.DataFrame(columns=list(columns))
    filled = [part.reindex(columns=list(columns)) for part in parts]
    table = pd.concat(filled, ignore_index=True)
    for column in {"change", "arm", "first_region", "second_region", "reason"} & set(columns):
        table[column] = table[column].astype(object).replace("", None).astype("category")
    return table
