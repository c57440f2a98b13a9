"""Networks of one participant: means over edges, what is left out, and maps of seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.seed_maps import (
    NO_SURFACE,
    SeedMap,
    common_scale,
    read_seed_map,
    seed_pictures,
)
from bids_ketamine.reports.tree import ParticipantOutput, SessionOutput, TaskFile
from bids_ketamine.reports.views import Column, Picture, PictureGroup, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    is_absent,
    listed,
    number,
    percent,
    region_words,
    text,
)
from bids_ketamine.study.spec import StudySpec

COLUMNS = {
    "text": ("network", "model", "left_out", "reason"),
    "numbers": ("mean", "n_edges", "n_edges_defined", "fraction", "n_regions"),
}
#: Regions of a network that are named when they are left out.
MOST_REGIONS = 10
MAP_WORDS = (
    "Correlation of the mean series of a seed's regions with the rest of the brain, runs joined, "
    "Fisher z; nothing is tested. Small values fade; a glass brain shows only larger ones. The "
    "cortex is nilearn's fsaverage5, inflated. Colours are the same in all sessions of a seed."
)


def network_groups(found: ParticipantOutput, spec: StudySpec, task: str) -> list[PictureGroup]:
    """Show means of networks and maps of seeds.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    spec : StudySpec
        Order of networks; surfaces.
    task : str
        Label of the task.
    """
    groups = []
    tables, problems = _read(found, task)
    if tables or problems:
        views = _tables(tables, spec)
        left_out = _left_out_table(tables)
        groups.append(
            PictureGroup(
                "Networks",
                "Mean Fisher z over the edges of each network.",
                (),
                tables=(*views, *([left_out] if left_out is not None else [])),
                warnings=tuple(problems),
            )
        )
    maps = _map_group(found, spec, task)
    return [*groups, maps] if maps is not None else groups


def _read(found: ParticipantOutput, task: str) -> tuple[list[tuple[str, pd.DataFrame]], list[str]]:
    tables, problems = [], []
    for session in found.sessions:
        for file in session.network_tables:
            if file.task != task:
                continue
            try:
                table = read_table(file.path, text=COLUMNS["text"])
            except BidsKetamineError as error:
                problems.append(f"{file.path.name} cannot be read: {error.message}")
                continue
            table = table.reindex(columns=[*COLUMNS["text"], *COLUMNS["numbers"]])
            for name in COLUMNS["numbers"]:
                table[name] = pd.to_numeric(table[name], errors="coerce")
            tables.append((session.name, table.dropna(subset="network")))
    return tables, problems


def _tables(tables: Sequence[tuple[str, pd.DataFrame]], spec: StudySpec) -> list[TableView]:
    """Return one table for each nuisance model, sessions side by side."""
    asked = spec.cleaning.models if spec.cleaning is not None else ()
    present = [str(model) for _, table in tables for model in table["model"].fillna("")]
    models = [each for each in asked if each in present]
    models += [each for each in dict.fromkeys(present) if each not in models]
    networks = list(dict.fromkeys(str(each) for _, table in tables for each in table["network"]))
    views = []
    for model in models:
        by_session = {
            session: {
                str(row["network"]): row
                for row in records(table[table["model"].fillna("") == model])
            }
            for session, table in tables
        }
        columns = [Column("Network")]
        for session in by_session:
            columns += [Column(name, numeric=True, group=session) for name in ("Fisher z", "edges")]
        columns.append(Column("Why missing", wide=True))
        rows = [
            (
                region_words(network),
                *(cell for own in by_session.values() for cell in _cells(own.get(network))),
                _why({session: own.get(network) for session, own in by_session.items()}),
            )
            for network in networks
        ]
        if not any(row[-1] for row in rows):
            columns, rows = columns[:-1], [row[:-1] for row in rows]
        caption = f"Nuisance model {model}" if model else "Networks"
        views.append(TableView(caption, tuple(columns), tuple(rows)))
    return views


def _cells(row: Mapping[str, Any] | None) -> tuple[str, str]:
    if row is None:
        return ABSENT, ABSENT
    edges = f"{text(row['n_edges'])} of {text(row['n_edges_defined'])}"
    return number(row["mean"], 3), edges


def _why(rows: Mapping[str, Mapping[str, Any] | None]) -> str:
    told: dict[str, list[str]] = {}
    for session, row in rows.items():
        if row is not None and (is_absent(row["mean"]) or not is_absent(row["reason"])):
            told.setdefault(text(row["reason"], "no reason is given"), []).append(session)
    return "; ".join(f"{listed(sessions)}: {reason}" for reason, sessions in told.items())


def _left_out_table(tables: Sequence[tuple[str, pd.DataFrame]]) -> TableView | None:
    """Return the regions that no edge has, by network, told once for all models and sessions."""
    found: dict[tuple[str, str], tuple[list[str], str]] = {}
    for session, table in tables:
        for row in records(table):
            told = text(row["left_out"], "")
            share = percent(row["fraction"])
            if told:
                sessions, _ = found.setdefault((text(row["network"]), told), ([], share))
                if session not in sessions:
                    sessions.append(session)
    if not found:
        return None
    rows = tuple(
        (region_words(network), listed(sessions), share, _regions(told))
        for (network, told), (sessions, share) in found.items()
    )
    columns = (
        Column("Network"),
        Column("Session"),
        Column("edges left", numeric=True),
        Column("Regions and why", wide=True),
    )
    return TableView("Regions left out of networks", columns, rows)


def _regions(told: str) -> str:
    """Return regions with their reasons, those of one reason together.

    >>> _regions("a: no signal; b: coverage 31% is under 50%; c: no signal")
    'a and c: no signal; b: coverage 31% is under 50%'
    """
    reasons: dict[str, list[str]] = {}
    for each in told.split("; "):
        region, _, reason = each.partition(": ")
        reasons.setdefault(reason, []).append(region_words(region))
    parts = []
    for reason, regions in reasons.items():
        more = len(regions) - MOST_REGIONS
        names = (
            listed(regions)
            if more <= 0
            else f"{', '.join(regions[:MOST_REGIONS])} and {more} others"
        )
        parts.append(f"{names}: {reason}" if reason else names)
    return "; ".join(parts)


def _map_group(found: ParticipantOutput, spec: StudySpec, task: str) -> PictureGroup | None:
    files: dict[str, list[tuple[SessionOutput, TaskFile]]] = {}
    for session in found.sessions:
        for file in session.seed_maps:
            if file.task == task:
                files.setdefault(file.entities.get("seed", ""), []).append((session, file))
    if not files:
        return None
    stated = spec.regions.midthickness if spec.regions is not None else ()
    pictures: list[Picture] = []
    sentences: list[str] = []
    for seed, own in files.items():
        maps: list[tuple[str, SeedMap]] = []
        for session, file in own:
            try:
                seed_map = read_seed_map(file.path, midthickness=stated)
            except (BidsKetamineError, OSError, ValueError) as error:
                reason = getattr(error, "message", None) or str(error)
                sentences.append(f"{file.path.name} cannot be read: {reason}")
                continue
            maps.append((f"{session.name}: seed {_seed_name(file, seed)}", seed_map))
        scale = common_scale(each for _, each in maps)
        for caption, seed_map in maps:
            pictures += seed_pictures(seed_map, caption=caption, name="", scale=scale)
            if seed_map.of_grayordinates and seed_map.surface is None:
                sentences.append(NO_SURFACE)
    return PictureGroup(
        "Seed maps", MAP_WORDS, tuple(pictures), sentences=tuple(dict.fromkeys(sentences))
    )


def _seed_name(file: TaskFile, label: str) -> str:
    """Return the name of the network, which a sidecar tells; file names hold letters alone."""
    stem = file.path.name.split(".")[0]
    facts = TaskFile(file.task, file.path.with_name(f"{stem}.json"), file.entities).facts()
    named = facts.get("Seed")
    return region_words(named if isinstance(named, str) else label)
