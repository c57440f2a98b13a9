"""How much participants moved, and their clinical scores, by arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.panels import Cell, Course, course_panel, session_panel
from bids_ketamine.reports.group_data import GroupOutput, read_motion
from bids_ketamine.reports.group_legend import LegendItem, legend
from bids_ketamine.reports.group_people import session_order, task_order
from bids_ketamine.reports.group_summaries import Summary, summarize
from bids_ketamine.reports.rows import in_order
from bids_ketamine.reports.views import Column, Picture, TableView, picture
from bids_ketamine.reports.words import counted, decimals_for, interval, listed
from bids_ketamine.study.spec import OutcomeSpec, StudySpec


@dataclass(frozen=True)
class OutcomeView:
    """One clinical outcome."""

    title: str
    table: TableView
    pictures: tuple[Picture, ...]
    notes: tuple[str, ...]


def motion_views(
    group: GroupOutput,
    spec: StudySpec,
    *,
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> tuple[TableView | None, list[Picture], tuple[LegendItem, ...]]:
    """Summarize mean framewise displacement by task, session and arm: table, pictures, legend.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    spec : StudySpec
        Order of tasks and sessions, level of intervals.
    styles : mapping of str to ArmStyle
        Arms that are drawn.
    individual_data : bool
        Whether each participant may be shown.
    """
    motion = read_motion(group)
    if motion.empty:
        return None, [], ()
    sizes: list[tuple[str, float]] = []
    sessions, rows, pictures = session_order(group, spec), [], []
    for task in task_order(motion["task"], spec):
        of_task = motion[motion["task"] == task]
        cells: dict[tuple[str, str], Cell] = {}
        for session in sessions:
            here = of_task[of_task["session"] == session]
            summaries = []
            for arm in ["all", *group.arms]:
                values = here["mean_fd"] if arm == "all" else here[here["arm"] == arm]["mean_fd"]
                summary = _summary(values, spec, individual_data)
                summaries.append(f"{summary.mean_sd(3)}, n = {summary.n}")
                sizes.append((arm, summary.n))
                if arm in styles and np.isfinite(summary.mean):
                    cells[session, arm] = _cell(summary, values if individual_data else None)
            rows.append((task, session, *summaries))
        draw = partial(
            session_panel, cells, sessions=sessions, styles=styles, zero=False,
            name=f"motion-{task}",
            description=f"Mean framewise displacement at {task} by session and arm",
        )  # fmt: skip
        if cells:
            pictures.append(picture(f"{task}: mean FD, mm", draw))
    columns = (Column("Task"), Column("Session"), *map(_numeric, ["all", *group.arms]))
    table = TableView("Mean framewise displacement, mm: mean (SD)", columns, tuple(rows))
    return table, pictures, legend(styles, sizes)


def _numeric(name: str) -> Column:
    return Column(name, numeric=True)


def _summary(values: pd.Series, spec: StudySpec, individual_data: bool) -> Summary:
    return summarize(
        values, confidence_level=spec.group.confidence_level, individual_data=individual_data
    )


def _cell(summary: Summary, values: pd.Series | None) -> Cell:
    shown = np.empty(0) if values is None else values.to_numpy(dtype=np.float64)
    return Cell(summary.mean, summary.low, summary.high, shown)


def outcome_views(
    group: GroupOutput,
    spec: StudySpec,
    *,
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> list[OutcomeView]:
    """Summarize every clinical outcome by arm.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    spec : StudySpec
        Units and order of outcomes, level of intervals.
    styles : mapping of str to ArmStyle
        Arms that are drawn.
    individual_data : bool
        Whether each participant may be shown.
    """
    views = []
    scores = group.outcomes
    for name in in_order(scores["outcome"], [each.name for each in spec.outcomes]):
        of_outcome = scores[scores["outcome"] == name]
        declared = next((each for each in spec.outcomes if each.name == name), None)
        for change in in_order(of_outcome["change"], [each.name for each in spec.changes]) or [""]:
            here = of_outcome[of_outcome["change"] == change] if change else of_outcome
            view = _outcome_view(here, declared, name, change, group, spec, styles, individual_data)
            views.append(view)
    return views


def _outcome_view(
    here: pd.DataFrame,
    declared: OutcomeSpec | None,
    name: str,
    change: str,
    group: GroupOutput,
    spec: StudySpec,
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> OutcomeView:
    unit = declared.unit if declared is not None else "points"
    ends = next(((each.first, each.second) for each in spec.changes if each.name == change), None)
    first, second = ends or ("first", "second")
    decimals = min(decimals_for(here["first"]), decimals_for(here["improvement"]), 1)
    rows, courses = [], {}
    for arm in ["all", *group.arms]:
        own = here if arm == "all" else here[here["arm"] == arm]
        both = own.dropna(subset=["first", "second"])
        before, after = (_summary(both[end], spec, individual_data) for end in ("first", "second"))
        gain = _summary(own["improvement"], spec, individual_data)
        row = [str(gain.n)] + [each.mean_sd(decimals) for each in (before, after, gain)]
        rows.append((arm, *row, interval(gain.low, gain.high, decimals)))
        if arm in styles and np.isfinite(before.mean) and np.isfinite(after.mean):
            values = (both["first"], both["second"]) if individual_data else (None, None)
            courses[arm] = Course(_cell(before, values[0]), _cell(after, values[1]))
    level = f"{100 * spec.group.confidence_level:g} %"
    columns = [Column("Arm"), *map(_numeric, ["n", first, second, "improvement"])]
    columns.append(_numeric(f"{level} interval"))
    pictures = []
    if courses:
        draw = partial(
            course_panel, courses, ends=(first, second), styles=styles, unit=unit,
            name=f"outcome-{name}-{change}", description=f"{name} before and after by arm",
        )  # fmt: skip
        shown = "each line a participant, " if individual_data else ""
        pictures.append(picture(f"{name}: {shown}means with {level} intervals", draw))
    caption = f"{name}, {unit}: mean (SD)"
    return OutcomeView(
        title=name if not change or len(spec.changes) < 2 else f"{name} ({change})",
        table=TableView(caption, tuple(columns), tuple(rows)),
        pictures=tuple(pictures),
        notes=tuple(_outcome_notes(here)),
    )


def _outcome_notes(here: pd.DataFrame) -> list[str]:
    without = here[here["improvement"].isna()]
    if without.empty:
        return []
    reasons = without["reason"].fillna("no reason is given").value_counts()
    told = [f"{reason} ({n})" for reason, n in reasons.head(10).items()]
    more = f", and {len(reasons) - 10} more reasons" if len(reasons) > 10 else ""
    return [f"{counted(len(without), 'participant')} without an improvement: {listed(told)}{more}."]
