"""Generalized PPI of a task: matrices, graphs and pairs, sessions beside each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import combinations

import pandas as pd
from markupsafe import Markup

from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.reports.figures.brain_graph import brain_graph, shown_words
from bids_ketamine.reports.figures.matrix import common_limit, matrix_figure
from bids_ketamine.reports.participant_gppi_files import GppiSession, read_gppi
from bids_ketamine.reports.participant_gppi_pairs import MOST_REGIONS, pair_table
from bids_ketamine.reports.participant_gppi_sentences import (
    amount_sentences,
    collinear_warnings,
    contrast_words,
    direction_warnings,
    measure_words_of,
    notes,
)
from bids_ketamine.reports.participant_matrices import (
    Edge,
    in_template_space,
    read_matrix,
    readable_matrices,
    region_centres,
)
from bids_ketamine.reports.participant_regions import estimate_of, without_value
from bids_ketamine.reports.participant_tables import read_sessions
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

WORDS = (
    "Rows of a matrix are seeds, columns are targets. A value tells how much more the target "
    "goes along with the seed in one condition than in another, seed and conditions held "
    "constant: positive where coupling is stronger in the conditions that the contrast adds. "
    "Graphs show the mean of both directions, which is the measure. Nothing is corrected for the "
    "number of pairs. Colours are the same in all sessions."
)
ROUTES = {
    "conn": "Method conn: cleaned series, interaction at the level of the BOLD signal.",
    "joint": "Method joint: as conn, but cleaning and interaction are fitted at once.",
    "spm": "Method spm: seeds deconvolved, interaction at the level of neural activity.",
}


def gppi_groups(
    found: ParticipantOutput,
    task: str,
    *,
    names: Collection[str],
    contrasts: Mapping[str, Iterable[str]],
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
    contrasts : mapping of str to iterable of str
        Contrasts of the study, in order, with the conditions that each names, in order.
    """
    files = [(s, file) for s in found.sessions for file in s.gppi_tables if file.task == task]
    sessions, unreadable = read_sessions(files, partial(read_gppi, names=names))
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
    groups = [
        _contrast(sessions, name, task, order=list(contrasts.get(name, ()))) for name in shown
    ]
    opened = groups.pop(0) if groups else PictureGroup("Generalized PPI", "", ())
    methods = dict.fromkeys(ROUTES.get(text(each.facts.get("Method")), "") for each in sessions)
    parts = (WORDS, *methods, measure_words_of(sessions), opened.words)
    opening = " ".join(each for each in parts if each)
    opened = PictureGroup(
        *(opened.title, opening, opened.pictures),
        tables=opened.tables,
        sentences=(*opened.sentences, *notes(sessions)),
        warnings=(*unreadable, *collinear_warnings(sessions), *opened.warnings),
    )
    return [opened, *groups]


def _contrast(
    sessions: Sequence[GppiSession], contrast: str, task: str, *, order: Sequence[str]
) -> PictureGroup:
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
    sentences = amount_sentences(sessions, contrast) + without_value(measures)
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
        contrast_words(sessions, contrast, order=order),
        tuple(pictures),
        tables=tables,
        sentences=tuple(sentences),
        warnings=tuple(direction_warnings(sessions, contrast)),
    )


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
            estimate = estimate_of(row)
            certain = estimate.low > 0.0 or estimate.high < 0.0
            edges.append((regions[0], regions[1], estimate.value, certain))
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
