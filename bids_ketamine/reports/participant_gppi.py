"""Generalized PPI of a task: matrices, graphs and pairs, sessions beside each other."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import combinations

import pandas as pd
from markupsafe import Markup

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.reports.facts import mapping_of, sentences_of
from bids_ketamine.reports.figures.brain_graph import brain_graph, shown_words
from bids_ketamine.reports.figures.matrix import common_limit, matrix_figure
from bids_ketamine.reports.methods_tasks import formula
from bids_ketamine.reports.participant_gppi_files import GppiSession, read_gppi
from bids_ketamine.reports.participant_gppi_pairs import MOST_REGIONS, pair_table
from bids_ketamine.reports.participant_matrices import (
    CERTAIN_FROM,
    Edge,
    in_template_space,
    read_matrix,
    readable_matrices,
    region_centres,
)
from bids_ketamine.reports.participant_regions import without_value
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.tree import ParticipantOutput
from bids_ketamine.reports.views import Picture, PictureGroup, TableView, picture
from bids_ketamine.reports.words import (
    counted,
    is_number,
    listed,
    number,
    region_words,
    text,
)

#: Seeds named in a warning of one effect.
MOST_NAMED = 8

WORDS = (
    "Rows of a matrix are seeds, columns are targets. A value tells how much more the target "
    "goes along with the seed in one condition than in another, seed and conditions held "
    "constant: positive where coupling is stronger in the conditions that the contrast adds. "
    "Graphs show the mean of both directions, which is the measure. Nothing is corrected for the "
    "number of pairs. Colours are the same in all sessions."
)
COLLINEAR_WORDS = (
    "Some interactions with a seed are nearly a sum of the other regressors (variance inflation "
    "above {}, or a correlation with the task above {} in size): they can hardly be told from the "
    "task or from the seed itself, so that these estimates are uncertain."
)
ROUTES = {
    "conn": "Method conn: cleaned series, interaction at the level of the BOLD signal.",
    "joint": "Method joint: as conn, but cleaning and interaction are fitted at once.",
    "spm": "Method spm: seeds deconvolved, interaction at the level of neural activity.",
}


def gppi_groups(
    found: ParticipantOutput, task: str, *, names: Collection[str], contrasts: Sequence[str]
) -> list[PictureGroup]:
    """Return pictures and pairs of each contrast; nothing where no table of estimates is.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    task : str
        Label of the task.
    names : collection of str
        Names under which its measures are recorded.
    contrasts : sequence of str
        Contrasts of the study, in order.
    """
    sessions: list[GppiSession] = []
    unreadable: list[str] = []
    for session in found.sessions:
        for file in (each for each in session.gppi_tables if each.task == task):
            try:
                sessions.append(read_gppi(session, file, names))
            except (BidsKetamineError, ValueError) as error:
                reason = getattr(error, "message", None) or str(error)
                unreadable.append(f"{file.path.name} cannot be read: {reason}")
    if not sessions and not unreadable:
        return []
    known = dict.fromkeys(
        name
        for session in sessions
        for name in (
            *session.table[session.table["kind"] == "contrast"]["effect"].dropna(),
            *session.matrices,
        )
    )
    shown = [name for name in contrasts if name in known]
    shown += [name for name in known if name not in contrasts]
    collinear = [told for told in map(_collinear, sessions) if told]
    if collinear:
        first = sessions[0]
        limits = number(first.inflation_limit), number(first.correlation_limit)
        collinear.insert(0, COLLINEAR_WORDS.format(*limits))
    groups = [_contrast(sessions, name, task) for name in shown]
    opened = groups.pop(0) if groups else PictureGroup("Generalized PPI", "", ())
    methods = dict.fromkeys(ROUTES.get(text(each.facts.get("Method")), "") for each in sessions)
    opening = " ".join(each for each in (WORDS, *methods, opened.words) if each)
    opened = PictureGroup(
        *(opened.title, opening, opened.pictures),
        tables=opened.tables,
        sentences=(*opened.sentences, *_notes(sessions)),
        warnings=(*unreadable, *collinear),
    )
    return [opened, *groups]


def _contrast(sessions: Sequence[GppiSession], contrast: str, task: str) -> PictureGroup:
    files = [each.matrices[contrast] for each in sessions if contrast in each.matrices]
    limit = common_limit(readable_matrices(files), bounded=False)
    pictures: list[Picture] = []
    for session in sessions:
        if contrast in session.matrices:
            draw = partial(_draw_matrix, session, contrast, limit)
            pictures.append(picture(f"{session.name}: seeds and targets, {contrast}", draw))
    for session in sessions:
        pictures += _graph(session, contrast, limit, task)
    regions = list(dict.fromkeys(name for each in sessions for name in (*each.table["seed"],)))
    tables: tuple[TableView, ...] = ()
    rows = [each.measures.assign(session=each.name) for each in sessions]
    measures = pd.concat([each[each["contrast"] == contrast] for each in rows], ignore_index=True)
    sentences = without_value(measures)
    if len(regions) <= MOST_REGIONS:
        tables = (pair_table(sessions, contrast, regions),)
    else:
        n_pairs = len(list(combinations(regions, 2)))
        where = listed([f"`{each.file.path.name}`" for each in sessions])
        sentences.append(
            f"The numbers of {counted(n_pairs, 'pair')} stand in {where}, one row for each "
            "direction; their means are in the measures tables."
        )
    return PictureGroup(
        f"Generalized PPI: {contrast}",
        _weights(sessions, contrast),
        tuple(pictures),
        tables=tables,
        sentences=tuple(sentences),
    )


def _weights(sessions: Sequence[GppiSession], contrast: str) -> str:
    """Return the contrast as a formula, where a sidecar tells its weights."""
    for session in sessions:
        weights = mapping_of(mapping_of(session.facts, "Contrasts"), contrast)
        if weights and all(is_number(each) for each in weights.values()):
            return f"{contrast} = {formula({str(k): float(v) for k, v in weights.items()})}."
    return ""


def _draw_matrix(session: GppiSession, contrast: str, limit: float) -> Markup:
    path = session.matrices[contrast].path
    matrix = read_matrix(path)
    return matrix_figure(
        matrix,
        limit=limit,
        directed=True,
        label=session.unit,
        name=path.name,
        description=f"Matrix of generalized PPI, {len(matrix)} seeds by targets, {contrast}, "
        f"{session.name}",
    )


def _graph(session: GppiSession, contrast: str, limit: float, task: str) -> list[Picture]:
    """Return the graph of a contrast, where the sidecar tells where regions are."""
    centres = region_centres(session.facts)
    edges: list[Edge] = []
    for row in records(session.measures[session.measures["contrast"] == contrast]):
        regions = str(row["regions"]).split(PAIR)
        if len(regions) == 2 and is_number(row["value"]):
            value, error = float(row["value"]), row["standard_error"]
            certain = is_number(error) and abs(value) > CERTAIN_FROM * float(error)
            edges.append((regions[0], regions[1], value, certain))
    if not edges or not centres:
        return []
    caption = f"{session.name}: mean of both directions, {contrast}. "
    caption += shown_words(edges, centres=centres)
    draw = partial(
        brain_graph,
        edges,
        centres=centres,
        limit=limit,
        label=session.unit,
        name=f"gppi-graph-{task}-{contrast}-{session.name}",
        description=f"Graph of generalized PPI on the brain, {contrast}, {session.name}: "
        f"{_strongest(edges)}",
        mni=in_template_space(session.file),
    )
    return [picture(caption, draw)]


def _strongest(edges: Sequence[Edge]) -> str:
    """Return the largest values for those who do not see the picture."""
    first = sorted(edges, key=lambda edge: -abs(edge[2]))[:5]
    return ", ".join(f"{region_words(PAIR.join(each[:2]))} {number(each[2], 2)}" for each in first)


def _collinear(session: GppiSession) -> str:
    """Name the interactions that can hardly be told from task or seed, by effect."""
    entries = session.facts.get("NearlyCollinear")
    seeds: dict[str, list[tuple[float, str]]] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping):
            size = entry.get("variance_inflation")
            # JSON has no word for infinity.
            inflation = float(size) if size is not None and is_number(size) else math.inf
            shown = "\u221e" if math.isinf(inflation) else number(inflation, 1)
            told = f"{region_words(entry.get('seed'))} (variance inflation {shown}, "
            told += f"correlation with the task {number(entry.get('task_correlation'), 2)})"
            seeds.setdefault(text(entry.get("effect")), []).append((inflation, told))
    parts = []
    for effect, found in seeds.items():
        ordered = [told for _, told in sorted(found, key=lambda each: -each[0])]
        more = len(ordered) - MOST_NAMED
        named = ordered[:MOST_NAMED] + ([counted(more, "other seed")] if more > 0 else [])
        parts.append(f"{effect} with {listed(named)}")
    return f"{session.name}: {'; '.join(parts)}." if parts else ""


def _notes(sessions: Sequence[GppiSession]) -> list[str]:
    """Return the notes of sidecars, what sessions share once."""
    places: dict[str, list[str]] = {}
    for session in sessions:
        for note in dict.fromkeys(sentences_of(session.facts, "Notes")):
            places.setdefault(note, []).append(session.name)
    return [f"{listed(names)}: {note}" for note, names in places.items()]
