"""Group maps of seeds: sessions and their differences averaged over participants, no test (B8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import ALL
from bids_ketamine.core.group.map_means import MapMean
from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.outputs.collected import CollectedOutputs, named
from bids_ketamine.outputs.group_seed_tables import SEED_MAPS_COLUMNS, group_map_name, labels
from bids_ketamine.outputs.seed_map_files import MapLayout, SeedMapReader, sidecar_of
from bids_ketamine.outputs.tables import write_json
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_data import GroupData, ends_of_changes
from bids_ketamine.workflows.group_seed_files import (
    SessionMaps,
    find_session_maps,
    included_sessions,
)
from bids_ketamine.workflows.group_sources import People

#: Participants whom a reason names before the others are counted.
NAMED = 10

#: Writes a file of the group folder to the path that it is given.
Write = Callable[[Path], None]


class GroupSeedMaps(NamedTuple):
    """What the group level makes of seed maps; nothing where the study asks for none.

    Attributes
    ----------
    tables : dict of str to DataFrame
        ``group_seed_maps``.
    images : dict of str to callable
        By the name of each file (maps, and their sidecars) what writes it.
    """

    tables: dict[str, pd.DataFrame]
    images: dict[str, Write]


class _Target(NamedTuple):
    """A group map: of a session (mean), or of a change (difference)."""

    arm: str
    kind: str
    of: str


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """What group maps are made of."""

    spec: StudySpec
    people: People
    data: GroupData
    task: str
    #: Whether a participant's connectivity of a session goes into group statistics.
    included: BoolArray

    @property
    def arms(self) -> tuple[str, ...]:
        return self.spec.arms.levels if self.spec.arms is not None else (ALL,)

    def members(self, arm: str) -> list[int]:
        return [one for one, each in enumerate(self.people.arms) if arm in (ALL, each)]

    def targets(self) -> list[_Target]:
        without = self.data.measures.without_images
        sessions = [each.name for each in self.spec.sessions if each.name not in without]
        return [
            target
            for arm in self.arms
            for target in (
                *(_Target(arm, "mean", session) for session in sessions),
                *(_Target(arm, "difference", change) for change in ends_of_changes(self.spec)),
            )
        ]

    def sessions_of(self, target: _Target) -> list[int]:
        """Return the positions of the sessions with images that a group map is made of."""
        measures = self.data.measures
        ends = ends_of_changes(self.spec)
        wanted = (target.of,) if target.kind == "mean" else ends[target.of]
        parts = [part for name in wanted for part in measures.means.get(name, (name,))]
        return [measures.sessions.index(part) for part in parts]


def group_seed_maps(
    spec: StudySpec, *, people: People, data: GroupData, collected: CollectedOutputs
) -> GroupSeedMaps:
    """Average the sessions' seed maps by arm and session, and their paired differences.

    Participants go in with the sessions of which their connectivity does. A session that is the
    mean of others is the mean of a participant's own maps first. Maps are read one participant
    after the other: memory does not grow with their number.

    Parameters
    ----------
    spec : StudySpec
        The study; arms may be blinded.
    people : People
        Participants and arms.
    data : GroupData
        What goes into group statistics.
    collected : CollectedOutputs
        Outputs of the participant level.

    Returns
    -------
    GroupSeedMaps
        A row for each seed, arm, and session or change; a map where enough participants have
        one, in each voxel the mean over those who have a value there.

    Raises
    ------
    ReadWriteError, InputDataError
        If a map cannot be read or is damaged.
    """
    if spec.networks is None or spec.rest is None or not spec.networks.seed_maps:
        return GroupSeedMaps({}, {})
    trial = _Trial(
        spec=spec,
        people=people,
        data=data,
        task=spec.rest.task,
        included=included_sessions(data, spec.rest.task),
    )
    rows: list[dict[str, object]] = []
    images: dict[str, Write] = {}
    for seed in spec.networks.seed_maps:
        reader = SeedMapReader()
        found = find_session_maps(
            data,
            collected=collected,
            task=trial.task,
            seed=seed,
            included=trial.included,
            reader=reader,
        )
        means = _means(trial, found, reader)
        save = reader.writer(next(iter(found.files.values()))) if found.files else None
        for target in trial.targets():
            n, values, reason = _result(trial, target, found, means.get(target))
            name = ""
            if values is not None and save is not None and found.layout is not None:
                name = _name(trial, seed, target, found.layout)
                images[name] = partial(_save, save, values, f"{seed}, {target.of}, {target.arm}")
                images[sidecar_of(Path(name)).name] = partial(
                    _save_sidecar, _sidecar(trial, seed, target, n)
                )
            of = {"session": "", "change": ""}
            of["session" if target.kind == "mean" else "change"] = target.of
            row = {"seed": seed, "arm": target.arm, **of, "kind": target.kind, "n": n}
            rows.append({**row, "file": name, "reason": reason})
    table = pd.DataFrame(rows, columns=list(SEED_MAPS_COLUMNS))
    return GroupSeedMaps({"group_seed_maps": table}, images)


def _means(trial: _Trial, found: SessionMaps, reader: SeedMapReader) -> dict[_Target, MapMean]:
    """Add up the maps of all participants, one participant at a time."""
    if found.layout is None:
        return {}
    targets, measures = trial.targets(), trial.data.measures
    means = {target: MapMean(found.layout.n_values) for target in targets}
    ends = ends_of_changes(trial.spec)
    for one, arm in enumerate(trial.people.arms):
        maps = {
            session: reader.values(found.files[one, place])
            for place, session in enumerate(measures.sessions)
            if (one, place) in found.files
        }
        for name, parts in measures.means.items():
            own = [maps[part] for part in parts if part in maps]
            if own and trial.included[one, measures.sessions.index(name)]:
                maps[name] = _mean_of(own)
        for target in targets:
            if target.arm not in (ALL, arm):
                continue
            if target.kind == "mean" and target.of in maps:
                means[target].add(maps[target.of])
            elif target.kind == "difference" and {*ends[target.of]} <= {*maps}:
                first, second = ends[target.of]
                means[target].add(maps[second] - maps[first])
    return means


def _mean_of(maps: list[FloatArray]) -> FloatArray:
    own = MapMean(maps[0].size)
    for values in maps:
        own.add(values)
    return own.mean(minimum=1)


def _result(
    trial: _Trial, target: _Target, found: SessionMaps, mean: MapMean | None
) -> tuple[int, np.ndarray | None, str]:
    """Return the number of participants, the map if there are enough, and what is to say."""
    n, fewest = (0 if mean is None else mean.n_maps), trial.spec.group.minimum_participants
    values: np.ndarray | None = None
    reasons: list[str] = []
    if mean is None or n == 0:
        reasons.append("no participant has a map")
    elif n < fewest:
        reasons.append(f"{n} {'participants' if n > 1 else 'participant'}, fewer than {fewest}")
    else:
        values = mean.mean(minimum=fewest).astype(np.float32)
        if not np.isfinite(values).any():
            values = None
            reasons.append(f"no voxel has a value in {fewest} participants")
    sessions, told = trial.sessions_of(target), dict[str, list[str]]()
    for one in trial.members(target.arm):
        for why in dict.fromkeys(found.left_out.get((one, place), "") for place in sessions):
            if why:
                told.setdefault(why, []).append(trial.people.participants[one])
    reasons += [f"left out, {why}: {named(who, NAMED)}" for why, who in told.items()]
    return n, values, "; ".join(reasons)


def _name(trial: _Trial, seed: str, target: _Target, layout: MapLayout) -> str:
    spec = trial.spec
    things = spec.sessions if target.kind == "mean" else spec.changes
    return group_map_name(
        seed=seed,
        arm=labels(trial.arms)[target.arm],
        kind=target.kind,
        of=labels([each.name for each in things])[target.of],
        ending=layout.ending,
    )


def _sidecar(trial: _Trial, seed: str, target: _Target, n: int) -> dict[str, object]:
    """Say what a map holds."""
    fewest = trial.spec.group.minimum_participants
    what = {
        "mean": "Mean over participants of seed maps",
        "difference": "Mean over participants with both sessions of the difference of seed maps, "
        "second minus first session of the change",
    }[target.kind]
    return {
        "Description": f"{what}; 0 where fewer than {fewest} participants have a value",
        "Units": "Fisher z",
        "Seed": seed,
        "Arm": target.arm,
        "Session" if target.kind == "mean" else "Change": target.of,
        "NumberOfParticipants": n,
        "MinimumParticipants": fewest,
    }


def _save(
    save: Callable[[np.ndarray, Path, str], None], values: np.ndarray, name: str, path: Path
) -> None:
    save(values, path, name)


def _save_sidecar(content: Mapping[str, object], path: Path) -> None:
    write_json(path, content)
