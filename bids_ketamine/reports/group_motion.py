"""How much participants moved, by session and arm."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figure_data import cells_table, file_name
from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.panels import Cell, FloatArray, session_panel
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_data import GroupOutput, read_motion
from bids_ketamine.reports.group_legend import LegendItem, legend
from bids_ketamine.reports.group_people import session_order, task_order
from bids_ketamine.reports.group_summaries import WITHHELD
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.session_axis import without_means
from bids_ketamine.reports.views import Column, Picture, TableView, picture
from bids_ketamine.reports.words import ABSENT, is_number, number, text
from bids_ketamine.study.spec import StudySpec

#: Values of participants where none may be shown.
NOBODY: FloatArray = np.empty(0)


def motion_views(
    group: GroupOutput,
    clinical: ClinicalOutput,
    spec: StudySpec,
    *,
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> tuple[TableView | None, list[Picture], tuple[LegendItem, ...]]:
    """Show mean framewise displacement by task, session and arm: table, pictures, legend.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    clinical : ClinicalOutput
        ``group_motion_summary``; without individual data means of few are out already.
    spec : StudySpec
        Order of tasks and sessions, level of intervals.
    styles : mapping of str to ArmStyle
        Arms that are drawn.
    individual_data : bool
        Whether each participant may be shown.
    """
    motion = read_motion(group)
    means = clinical.tables["group_motion_summary"]
    means = means[means["n"].gt(0)]
    if means.empty:
        return None, [], ()
    sizes: list[tuple[str, float]] = []
    sessions, rows, pictures = session_order(group, spec), [], []
    points = without_means(sessions, spec)
    for task in task_order(means["task"], spec):
        cells: dict[tuple[str, str], Cell] = {}
        for session in sessions:
            here = means[(means["task"] == task) & (means["session"] == session)]
            by_arm = {text(row["arm"]): row for row in records(here)}
            summaries = []
            for arm in ["all", *group.arms]:
                row = by_arm.get(arm)
                summaries.append(_told(row))
                sizes.append((arm, row["n"] if row else 0))
                is_drawn = session in points and arm in styles
                if is_drawn and row and is_number(row["mean"]):
                    values = _values(motion, task, session, arm) if individual_data else NOBODY
                    cells[session, arm] = _cell(row, values)
            rows.append((task, session, *summaries))
        draw = partial(
            session_panel, cells, sessions=points, styles=styles, zero=False,
            name=f"motion-{task}",
            description=f"Mean framewise displacement at {task} by session and arm",
        )  # fmt: skip
        if cells:
            caption = f"{task}: mean FD, mm"
            data = cells_table(cells)
            pictures.append(picture(caption, draw, name=file_name("motion", task), data=data))
    columns = (Column("Task"), Column("Session"), *map(_numeric, ["all", *group.arms]))
    table = TableView("Mean framewise displacement, mm: mean (SD)", columns, tuple(rows))
    return table, pictures, legend(styles, sizes)


def _told(row: Mapping[str, Any] | None) -> str:
    """Return mean, standard deviation and number."""
    if row is None:
        return f"{ABSENT}, n = 0"
    if not is_number(row["mean"]):
        return f"{WITHHELD}, n = {text(row['n'])}"
    spread = f" ({number(row['sd'], 3)})" if is_number(row["sd"]) else ""
    return f"{number(row['mean'], 3)}{spread}, n = {text(row['n'])}"


def _values(motion: pd.DataFrame, task: str, session: str, arm: str) -> FloatArray:
    own = motion[(motion["task"] == task) & (motion["session"] == session)]
    own = own if arm == "all" else own[own["arm"] == arm]
    return own["mean_fd"].to_numpy(dtype=np.float64)


def _cell(row: Mapping[str, Any], values: FloatArray) -> Cell:
    return Cell(float(row["mean"]), float(row["ci_low"]), float(row["ci_high"]), values)


def _numeric(name: str) -> Column:
    return Column(name, numeric=True)
