"""Which seed maps of participants go into those of the group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.group.moments import BoolArray
from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.outputs.seed_map_files import MapLayout, SeedMapReader, find_seed_maps
from bids_ketamine.study.measure_names import NETWORK
from bids_ketamine.workflows.group_data import GroupData

#: Measures of the first nuisance model, of which seed maps are.
OF_SEED_MAPS = (NETWORK, "resting_connectivity")

NO_FILE = "without a map"
SEVERAL_FILES = "with several maps of the seed"


class SessionMaps(NamedTuple):
    """Maps of a seed, by the positions of participant and session.

    Attributes
    ----------
    files : mapping of (int, int) to Path
        Those that go in.
    layout : MapLayout or None
        Where their values are; None without any.
    left_out : mapping of (int, int) to str
        Why a session that is included otherwise has none that can go in.
    """

    files: Mapping[tuple[int, int], Path]
    layout: MapLayout | None
    left_out: Mapping[tuple[int, int], str]


def included_sessions(data: GroupData, task: str) -> BoolArray:
    """Tell of which sessions the connectivity goes into group statistics.

    Parameters
    ----------
    data : GroupData
        What goes in.
    task : str
        The resting task.

    Returns
    -------
    ndarray of bool, shape (n_participants, n_sessions)
        By exclusions alone where the study has no measure of the task's connectivity.
    """
    keys = data.measures.keys
    chosen = ((keys["task"] == task) & keys["measure"].isin(OF_SEED_MAPS)).to_numpy(dtype=bool)
    if chosen.any():
        return np.asarray(data.motion.included[:, :, chosen].any(axis=2), dtype=np.bool_)
    return np.asarray(data.exclusions[:, :, data.tasks.index(task)] == "", dtype=np.bool_)


def find_session_maps(
    data: GroupData,
    *,
    collected: CollectedOutputs,
    task: str,
    seed: str,
    included: BoolArray,
    reader: SeedMapReader,
) -> SessionMaps:
    """Find the maps of a seed; those of another layout than most are left out.

    Parameters
    ----------
    data : GroupData
        What goes into group statistics.
    collected : CollectedOutputs
        Outputs of the participant level.
    task, seed : str
        The resting task, and the network.
    included : ndarray of bool, shape (n_participants, n_sessions)
        Result of :func:`included_sessions`.
    reader : SeedMapReader
        Reads their headers.

    Raises
    ------
    ReadWriteError, InputDataError
        If a map cannot be read or is damaged.
    """
    participants, sessions = data.measures.participants, data.measures.sessions
    files: dict[tuple[int, int], Path] = {}
    left_out: dict[tuple[int, int], str] = {}
    for each in collected.sessions:
        if each.session not in sessions or each.participant_id not in participants:
            continue
        cell = participants.index(each.participant_id), sessions.index(each.session)
        if not included[cell]:
            continue
        paths = find_seed_maps(each.path.parent, task=task, seed=seed)
        if len(paths) == 1:
            files[cell] = paths[0]
        else:
            left_out[cell] = SEVERAL_FILES if paths else NO_FILE
    layouts = {cell: reader.layout(path) for cell, path in files.items()}
    if not layouts:
        return SessionMaps({}, None, left_out)
    ((most, _),) = Counter(layouts.values()).most_common(1)
    for cell, layout in layouts.items():
        if layout.key != most.key:
            del files[cell]
            same = layout.words == most.words
            left_out[cell] = f"on another grid ({'elsewhere' if same else layout.words})"
    return SessionMaps(files, most, left_out)
