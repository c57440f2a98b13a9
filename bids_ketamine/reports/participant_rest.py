"""Pictures of a participant's resting runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
from markupsafe import Markup

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.figures.brain_graph import brain_graph, shown_words
from bids_ketamine.reports.figures.matrix import WITH_NAMES, common_limit, matrix_figure
from bids_ketamine.reports.figures.network_matrix import network_matrix_figure
from bids_ketamine.reports.methods_routes import route_words
from bids_ketamine.reports.participant_matrices import (
    CERTAIN_FROM,
    Centres,
    Edge,
    in_template_space,
    read_matrix,
    readable_matrices,
    region_centres,
)
from bids_ketamine.reports.participant_runs import draw_courses
from bids_ketamine.reports.tree import ParticipantOutput, RunOutput, SessionOutput, TaskFile
from bids_ketamine.reports.views import Picture, PictureGroup, picture

Files = Sequence[tuple[SessionOutput, TaskFile]]

GRAPH_WORDS = (
    "correlations on the brain. Standard errors are those of Fisher's z, one over the root of the "
    "residual degrees of freedom less 2, as for series that are white within their band"
)
PARTIAL_WORDS = (
    "What two regions share beyond what all others explain: the correlation of their series with "
    "those of all other regions regressed out."
)


def matrix_groups(found: ParticipantOutput, task: str) -> list[PictureGroup]:
    """Draw correlations of regions, sessions beside each other.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    task : str
        Label of the task.
    """
    plain = [(s, file) for s in found.sessions for file in s.matrices if file.task == task]
    partials = [
        (s, file) for s in found.sessions for file in s.partial_matrices if file.task == task
    ]
    groups = []
    if plain:
        pictures = (*_matrices(plain, "correlation"), *_graphs(plain))
        groups.append(PictureGroup("Connectivity matrices", "", pictures))
    if partials:
        pictures = _matrices(partials, "partial correlation")
        groups.append(PictureGroup("Partial correlations", PARTIAL_WORDS, pictures))
    return groups


def _matrices(files: Files, kind: str) -> tuple[Picture, ...]:
    limit = common_limit(readable_matrices(file for _, file in files))
    return tuple(
        picture(
            f"{session.name}: {kind} of regions",
            partial(_draw_matrix, file, kind, limit, _networks(session, file.task)),
        )
        for session, file in files
    )


def _networks(session: SessionOutput, task: str) -> dict[str, str]:
    """Return the first network of each region, regions of one network together."""
    for file in session.region_tables:
        if file.task == task:
            with suppress(BidsKetamineError, KeyError):  # the table is told elsewhere
                table = read_table(file.path, text=("region", "networks"))
                told = table["networks"].fillna("").astype(str)
                first = [each.split(";")[0].strip() for each in told]
                found = dict(zip(table["region"].astype(str), first, strict=True))
                order = sorted({*first} - {""}, key=first.index)
                # Regions of no network stand last.
                return dict(sorted(found.items(), key=lambda each: _place(each[1], order)))
    return {}


def _place(network: str, order: Sequence[str]) -> int:
    return order.index(network) if network else len(order)


def _draw_matrix(file: TaskFile, kind: str, limit: float, networks: Mapping[str, str]) -> Markup:
    matrix = read_matrix(file.path)
    description = f"Matrix of {kind}s between {len(matrix)} regions"
    names = [str(each) for each in matrix.columns]
    if len(names) > WITH_NAMES and set(names) == set(networks) and any(networks.values()):
        order = [names.index(each) for each in networks]
        return network_matrix_figure(
            matrix.to_numpy(dtype=np.float64)[np.ix_(order, order)],
            networks=[each.replace("_", " ") for each in networks.values()],
            limit=limit,
            label="Pearson r",
            description=f"{description}, ordered by network",
        )
    return matrix_figure(matrix, limit=limit, name=file.path.name, description=description)


def _graphs(files: Files) -> tuple[Picture, ...]:
    """Draw the correlations on the brain, where sidecars tell where regions are."""
    limit = common_limit(readable_matrices(file for _, file in files))
    pictures = []
    for session, file in files:
        centres = region_centres(file.facts())
        with suppress(BidsKetamineError, ValueError):  # the matrix itself tells what is wrong
            # Of hundreds of regions a graph shows none.
            few = 0 < len(centres) <= WITH_NAMES
            edges = _edges(session, read_matrix(file.path)) if few else []
            if edges:
                caption = f"{session.name}: {GRAPH_WORDS}. {shown_words(edges, centres=centres)}"
                draw = partial(_draw_graph, edges, file, centres, limit)
                pictures.append(picture(caption, draw))
    return tuple(pictures)


def _draw_graph(edges: Sequence[Edge], file: TaskFile, centres: Centres, limit: float) -> Markup:
    return brain_graph(
        edges,
        centres=centres,
        limit=limit,
        label="Pearson r",
        name=f"graph-{file.path.name}",
        description=f"Graph of correlations between {len(centres)} regions on the brain",
        mni=in_template_space(file),
    )


def _edges(session: SessionOutput, matrix: pd.DataFrame) -> list[Edge]:
    """Return each pair's correlation, and whether its Fisher z is surely not zero."""
    rows = session.measures[session.measures["measure"] == "resting_connectivity"]
    degrees = pd.to_numeric(rows["residual_df"], errors="coerce").max()
    error = 1.0 / np.sqrt(degrees - 2.0) if degrees > 2.0 else np.inf
    names, values = [str(each) for each in matrix.columns], matrix.to_numpy()
    return [
        (
            names[first],
            names[second],
            float(values[first, second]),
            bool(abs(values[first, second]) > np.tanh(CERTAIN_FROM * error)),
        )
        for first, second in combinations(range(len(names)), 2)
    ]


def series_groups(runs: Sequence[tuple[SessionOutput, RunOutput]]) -> list[PictureGroup]:
    """Draw cleaned region series of runs.

    Parameters
    ----------
    runs : sequence of (SessionOutput, RunOutput)
        Runs that have series.
    """
    pictures = []
    for session, run in runs:
        caption = f"{session.name}, {run.title}"
        caption += f" \u2013 {route_words(run.facts)}" if run.facts else ""
        pictures.append(picture(caption, partial(draw_courses, run)))
    return [PictureGroup("Cleaned region series", "", tuple(pictures))] if pictures else []
