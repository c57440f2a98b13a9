"""Accuracy and reaction time of tasks by condition, session and arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.panels import Cell, session_panel
from bids_ketamine.reports.group_behaviour_words import QUANTITIES, result_sentences, scaled
from bids_ketamine.reports.group_clinical_data import NO_REASON, ClinicalOutput
from bids_ketamine.reports.group_clinical_names import (
    arms_of,
    drawn_styles,
    mean_sd,
    shown_arms,
)
from bids_ketamine.reports.group_legend import LegendItem, legend
from bids_ketamine.reports.group_summaries import WITHHELD
from bids_ketamine.reports.picture_names import file_names
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, Picture, TableView, picture
from bids_ketamine.reports.words import ABSENT, counted, is_absent, listed, text
from bids_ketamine.study.spec import StudySpec

#: Sentences that stand unfolded, for each task.
MOST_UNFOLDED = 6
_SUMMARY = ["task", "condition", "quantity", "session", "arm"]


@dataclass(frozen=True)
class TaskBehaviourView:
    """Behaviour in one task.

    Attributes
    ----------
    title : str
        The task.
    legend : tuple of LegendItem
        Arms in the pictures.
    pictures : tuple of Picture
        A panel for each condition and quantity.
    table : TableView
        Means by condition, session and arm.
    first, others : tuple of str
        Results in order of p; the others are folded.
    count : str
        How many tests there are.
    """

    title: str
    legend: tuple[LegendItem, ...]
    pictures: tuple[Picture, ...]
    table: TableView
    first: tuple[str, ...]
    others: tuple[str, ...]
    count: str


@dataclass(frozen=True)
class BehaviourView:
    """The section on behaviour.

    Attributes
    ----------
    words : str
        What is shown.
    tasks : tuple of TaskBehaviourView
        Tasks in order.
    notes : tuple of str
        What is missing, and tests that could not be computed.
    """

    words: str
    tasks: tuple[TaskBehaviourView, ...]
    notes: tuple[str, ...]


def behaviour_view(
    clinical: ClinicalOutput,
    spec: StudySpec,
    *,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> BehaviourView | None:
    """Show behaviour in every task; None where there is none.

    Parameters
    ----------
    clinical : ClinicalOutput
        The tables.
    spec : StudySpec
        Order of tasks, conditions and sessions, level of intervals.
    arms : sequence of str
        Arms in order.
    styles : mapping of str to ArmStyle
        How arms look.
    individual_data : bool
        Whether each participant may be shown.
    """
    summary = clinical.tables["group_behaviour_summary"]
    if summary.empty:
        return None
    tasks = []
    found = arms_of(summary, arms)
    for task in in_order(summary["task"], [each.name for each in spec.tasks]):
        tables = {
            stem: table[table["task"] == task]
            for stem, table in clinical.tables.items()
            if stem.startswith("group_behaviour")
        }
        if not individual_data:
            tables["group_behaviour"] = tables["group_behaviour"].iloc[:0]
        tasks.append(_task(task, tables, spec, found, drawn_styles(styles, found)))
    level = f"{100 * spec.group.confidence_level:g} %"
    marks = ", each small mark a participant" if individual_data else ""
    return BehaviourView(
        words="Accuracy is the share of correct answers, in percent; reaction time is in seconds. "
        f"Pictures: means with {level} intervals{marks}.",
        tasks=tuple(tasks),
        notes=tuple(_notes(clinical)),
    )


def _task(
    task: str,
    tables: Mapping[str, pd.DataFrame],
    spec: StudySpec,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
) -> TaskBehaviourView:
    summary, tests = tables["group_behaviour_summary"], tables["group_behaviour_tests"]
    declared = next((each for each in spec.tasks if each.name == task), None)
    order = [each.name for each in declared.conditions] if declared is not None else []
    conditions = in_order(summary["condition"], ["all", *order])
    sessions = in_order(summary["session"], [each.name for each in spec.sessions])
    files = file_names(f"{task} {condition}" for condition in conditions)
    pictures = [
        _panel(
            task,
            condition,
            quantity,
            tables,
            sessions,
            styles,
            f"behaviour-{files[f'{task} {condition}']}-{quantity}",
        )
        for condition in conditions
        for quantity in QUANTITIES
    ]
    known = tests.dropna(subset="p_value").sort_values("p_value", kind="stable")
    sentences = result_sentences(known, spec)
    count = ""
    if len(known):
        verb = "was" if len(known) == 1 else "were"
        count = (
            f"{counted(len(known), 'test')} {verb} computed, in order of p, which is not "
            "corrected for their number."
        )
    drawn = summary[summary["arm"].isin(list(styles))]
    return TaskBehaviourView(
        title=task,
        legend=legend(styles, zip(drawn["arm"], drawn["n"], strict=True)),
        pictures=tuple(each for each in pictures if each is not None),
        table=_table(task, summary, conditions, sessions, shown_arms(arms)),
        first=tuple(sentences[:MOST_UNFOLDED]),
        others=tuple(sentences[MOST_UNFOLDED:]),
        count=count,
    )


def _panel(
    task: str,
    condition: str,
    quantity: str,
    tables: Mapping[str, pd.DataFrame],
    sessions: Sequence[str],
    styles: Mapping[str, ArmStyle],
    name: str,
) -> Picture | None:
    summary, persons = tables["group_behaviour_summary"], tables["group_behaviour"]
    of_cell = summary["condition"].eq(condition) & summary["quantity"].eq(quantity)
    rows = scaled(summary[of_cell & summary["arm"].isin(list(styles))].dropna(subset="mean"))
    own = persons[persons["condition"] == condition].dropna(subset=quantity)
    points = own.assign(value=own[quantity] * (100.0 if quantity == "accuracy" else 1.0))
    cells = {}
    for row in records(rows):
        here = points[points["session"] == row["session"]]
        here = here if row["arm"] == "all" else here[here["arm"] == row["arm"]]
        values = here["value"].to_numpy(dtype=np.float64)
        cells[row["session"], row["arm"]] = Cell(row["mean"], row["ci_low"], row["ci_high"], values)
    if not cells:
        return None
    what, unit = QUANTITIES[quantity]
    words = f"{what}, {condition_words(condition)}, {unit}"
    draw = partial(
        session_panel, cells, sessions=sessions, styles=styles, zero=False, name=name,
        description=f"{task}: {words} by session and arm",
    )  # fmt: skip
    means = rows[["session", "arm", "n", "mean", "sd", "ci_low", "ci_high"]].assign(mark="mean")
    parts = [means]
    if len(points):
        shown = points[["session", "arm", "participant_id", "value"]]
        parts.append(shown.assign(mark="participant"))
    data = pd.concat(parts, ignore_index=True)
    return picture(words, draw, name=name, data=data[["mark", *data.columns.drop("mark")]])


def condition_words(condition: Any) -> str:
    """Return a condition, or that all of them are meant.

    >>> condition_words("all"), condition_words("faces")
    ('all conditions', 'faces')
    """
    return "all conditions" if condition == "all" else text(condition)


def _table(
    task: str,
    summary: pd.DataFrame,
    conditions: Sequence[str],
    sessions: Sequence[str],
    arms: Sequence[str],
) -> TableView:
    by_cell = {tuple(row[name] for name in _SUMMARY): row for row in records(scaled(summary))}
    columns = [Column("Condition"), Column("Session")]
    for what, unit in QUANTITIES.values():
        columns += [Column(arm, numeric=True, group=f"{what}, {unit}") for arm in arms]
    rows = []
    for condition in conditions:
        for session in sessions:
            told = [
                _cell(by_cell.get((task, condition, quantity, session, arm)), quantity)
                for quantity in QUANTITIES
                for arm in arms
            ]
            rows.append((condition_words(condition), session, *told))
    return TableView(f"{task}: mean (SD), n", tuple(columns), tuple(rows))


def _cell(row: Mapping[str, Any] | None, quantity: str) -> str:
    if row is None or not row["n"] > 0:
        return ABSENT
    size = f", {text(row['n'])}"
    if is_absent(row["mean"]):
        return WITHHELD + size
    return mean_sd(row["mean"], row["sd"], 1 if quantity == "accuracy" else 2) + size


def _notes(clinical: ClinicalOutput) -> list[str]:
    """Say why quantities are missing, and why tests are."""
    persons, tests = clinical.tables["group_behaviour"], clinical.tables["group_behaviour_tests"]
    without = persons[persons[list(QUANTITIES)].isna().any(axis=1)]
    notes = []
    for task, own in without.groupby("task", sort=False):
        reasons = own["reason"].fillna(NO_REASON).value_counts().head(6)
        told = listed([f"{reason} ({n})" for reason, n in reasons.items()])
        size = counted(len(own), "row of participant, session and condition",
                       "rows of participant, session and condition")  # fmt: skip
        notes.append(f"{task}: {size} without accuracy or reaction time: {told}.")
    for reason, own in tests[tests["p_value"].isna()].groupby(
        tests["reason"].fillna(NO_REASON), sort=False
    ):
        notes.append(f"{counted(len(own), 'test')} could not be computed: {reason}.")
    return notes
