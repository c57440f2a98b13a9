"""Pictures of a participant's resting runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.figures.matrix import common_limit, matrix_figure
from bids_ketamine.reports.methods_routes import route_words
from bids_ketamine.reports.participant_runs import draw_courses
from bids_ketamine.reports.tree import ParticipantOutput, RunOutput, SessionOutput, TaskFile
from bids_ketamine.reports.views import PictureGroup, picture


def matrix_groups(found: ParticipantOutput, task: str) -> list[PictureGroup]:
    """Draw connectivity matrices of a task, sessions beside each other.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    task : str
        Label of the task.
    """
    files = [
        (session, file)
        for session in found.sessions
        for file in session.matrices
        if file.task == task
    ]
    tables: list[pd.DataFrame] = []
    for _, file in files:
        with suppress(BidsKetamineError, ValueError):
            tables.append(_read_matrix(file.path))
    limit = common_limit(tables)
    pictures = [
        picture(f"{session.name}: correlation of regions", partial(_draw_matrix, file, limit))
        for session, file in files
    ]
    return [PictureGroup("Connectivity matrices", "", tuple(pictures))] if pictures else []


def _read_matrix(path: Path) -> pd.DataFrame:
    table = read_table(path, text=("Node",)).set_index("Node")
    if table.shape[0] != table.shape[1]:
        raise ValueError(f"{path.name} is not square")
    return table


def _draw_matrix(file: TaskFile, limit: float) -> Markup:
    matrix = _read_matrix(file.path)
    description = f"Matrix of correlations between {len(matrix)} regions"
    return matrix_figure(matrix, limit=limit, name=file.path.name, description=description)


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
