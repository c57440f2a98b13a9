"""Volumes of brain structures and the change of a clinical score."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figure_data import file_name
from bids_ketamine.reports.figures.volume_scatter import volume_scatter_figure
from bids_ketamine.reports.group_data import KEYS, read_long
from bids_ketamine.reports.group_networks_views import NetworkContext, NetworkPart
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, Picture, TableView, picture
from bids_ketamine.reports.words import (
    counted,
    equals_p,
    interval,
    is_number,
    number,
    p_value,
    text,
)
from bids_ketamine.study.measure_names import VOLUME

PERCENT = 100.0


def volumes_part(context: NetworkContext) -> NetworkPart | None:
    """Tell and draw the correlations of volumes with the change of a score.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    """
    table = context.table("group_volumes")
    if table.empty:
        return None
    first = records(table)[0]
    outcome = text(first["outcome"])
    pictures = _pictures(context, table) if context.individual_data else []
    results = [_sentence(row, context.level) for row in records(table)]
    return NetworkPart(
        anchor="networks-volumes",
        title=f"Volumes and change of {outcome}",
        words=(
            f"Volume over intracranial volume in {text(first['session'])} against the change of "
            f"{outcome}, second minus first session: where the score falls when somebody gets "
            "better, a positive r means that smaller volumes go with larger improvement. Lines "
            f"are least squares with {context.level} bands of the mean."
        ),
        results=tuple(results),
        pictures=tuple(pictures),
        tables=(_table(table),),
        narrow=True,
        summary=_summary(table, outcome),
    )


def _name(structure: object) -> str:
    return text(structure).replace("-", " ")


def _sentence(row: Mapping[str, Any], level: str) -> str:
    name = _name(row["structure"])
    if not is_number(row["r"]):
        return f"{name}: no correlation: {text(row['reason'], 'no reason is given')}."
    told = (
        f"{name}: r = {number(row['r'], 2)} ({level} interval "
        f"{interval(row['ci_low'], row['ci_high'], 2)}), {equals_p(row['p_value'], 'p')}, "
        f"n = {text(row['n'])}."
    )
    return unbroken(told)


def _summary(table: pd.DataFrame, outcome: str) -> str:
    known = table.dropna(subset="p_value").sort_values("p_value", kind="stable")
    if known.empty:
        return ""
    row = records(known)[0]
    n_small = int(known["p_value"].lt(0.05).sum())
    words = (
        f"{n_small} of {counted(len(known), 'structure')} "
        f"{'has' if n_small == 1 else 'have'} p < .05 with the change of {outcome}, not corrected; "
        f"smallest p: {_name(row['structure'])}, r = {number(row['r'], 2)} "
        f"({interval(row['ci_low'], row['ci_high'], 2)}), {equals_p(row['p_value'], 'p')}."
    )
    return unbroken(words)


def _table(table: pd.DataFrame) -> TableView:
    columns = [Column("Structure")]
    columns += [Column(name, numeric=True) for name in ("n", "r", "interval", "df", "p")]
    rows = tuple(
        (
            _name(row["structure"]),
            text(row["n"]),
            number(row["r"], 2),
            interval(row["ci_low"], row["ci_high"], 2),
            number(row["df"], 0),
            p_value(row["p_value"]),
        )
        for row in records(table)
    )
    return TableView(
        "Volume and change: Pearson's r", tuple(columns), rows, note="p not corrected."
    )


def _pictures(context: NetworkContext, table: pd.DataFrame) -> list[Picture]:
    summary = context.group.summary
    keys = summary[summary["measure"].eq(VOLUME)][KEYS].drop_duplicates()
    if keys.empty:
        return []
    values = read_long(context.group, "measures", keys=keys)
    controls = context.spec.controls
    if controls is not None:
        values = values[values["arm"].ne(controls.level)]
    pictures = []
    for row in records(table):
        points = _points(context, values, row)
        if not len(points) or not is_number(row["r"]):
            continue
        caption = (
            f"{_name(row['structure'])}: r = {number(row['r'], 2)}, "
            f"{equals_p(row['p_value'], 'p')}, n = {text(row['n'])}"
        )
        draw = partial(
            volume_scatter_figure,
            points["volume"].to_numpy(dtype=np.float64),
            points["change"].to_numpy(dtype=np.float64),
            style=context.styles["all"],
            labels=("% of intracranial volume", f"change of {text(row['outcome'])}"),
            confidence_level=context.spec.group.confidence_level,
            name=f"volume-{row['structure']}",
            description=f"Volume against change of each participant: {caption}",
        )
        name = file_name("volume", row["structure"], row["outcome"])
        pictures.append(picture(caption, draw, name=name, data=points))
    return pictures


def _points(context: NetworkContext, values: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """Return volume in percent and change of the score of each participant."""
    own = values[(values["regions"] == row["structure"]) & (values["session"] == row["session"])]
    own = own[own["included"].astype(bool)]
    scores = context.group.outcomes
    scores = scores[(scores["outcome"] == row["outcome"]) & (scores["change"] == row["change"])]
    pairs = own[["participant_id", "adjusted"]].merge(
        scores[["participant_id", "first", "second"]], on="participant_id"
    )
    points = pd.DataFrame(
        {
            "participant_id": pairs["participant_id"],
            "volume": PERCENT * pairs["adjusted"],
            "change": pairs["second"] - pairs["first"],
        }
    )
    return points.dropna().reset_index(drop=True)
