"""Coupling of participants against improvement, with the lines of the group levels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.baseline_coupling import (
    CouplingLine,
    CouplingPoints,
    coupling_figure,
)
from bids_ketamine.reports.group_legend import LegendItem, legend
from bids_ketamine.reports.group_peb_data import PebOutput
from bids_ketamine.reports.group_peb_pictures import PebContext
from bids_ketamine.reports.group_peb_rows import main_rows, ranked, verdict_rows
from bids_ketamine.reports.group_peb_words import (
    arm_words,
    coupling_words,
    decimals_of,
    equals,
    unbroken,
)
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import is_number, number, unit_words

#: Parameters drawn.
MOST_PARAMETERS = 6
#: What is drawn of each participant: a change is the second session minus the first.
DATA = [
    *("participant_id", "arm", "session", "parameter", "unit", "estimate", "reevaluated"),
    "improvement",
]
#: Effects that give the line of an analysis: its height at the mean improvement, its slope.
LINES = {"change": ("session", "session x improvement"), "prediction": ("mean", "improvement")}
WORDS = {
    "change": "Change of coupling from the first to the second session",
    "prediction": "Coupling in the first session",
}


def coupling_pictures(
    peb: PebOutput, analysis: str, context: PebContext
) -> tuple[list[Picture], tuple[LegendItem, ...]]:
    """Draw coupling, or its change, of each participant against improvement.

    Parameters
    ----------
    peb : PebOutput
        Tables of one model, with individual data.
    analysis : str
        ``change`` or ``prediction``.
    context : PebContext
        What pictures share.

    Returns
    -------
    list of Picture, tuple of LegendItem
        A picture for each parameter, and what marks mean.
    """
    rows = main_rows(peb.effects, analysis, LINES.get(analysis, ("", ""))[1])
    estimates = peb.estimates[peb.estimates["analysis"] == analysis]
    if rows.empty or estimates.empty:
        return [], ()
    order = ranked(rows, context.arms)
    pictures: list[Picture] = []
    sizes: dict[str, int] = {}
    for place, parameter in enumerate(order[:MOST_PARAMETERS]):
        own = estimates[estimates["parameter"] == parameter]
        points = _points(own, analysis, context)
        if not points:
            continue
        sizes |= {arm: max(sizes.get(arm, 0), len(each.own)) for arm, each in points.items()}
        first = rows[rows["parameter"] == parameter]
        words = coupling_words(records(first)[0])
        told = [
            f"{arm_words(row['arm'], context.arms)}: {number(row['estimate'], decimals_of(row))}, "
            f"{equals(row['posterior_probability'])}"
            for row in records(verdict_rows(first, context.arms))
        ]
        unit = unit_words(own["unit"].iloc[0])
        draw = partial(
            coupling_figure,
            points,
            _lines(peb, analysis, parameter),
            styles=context.styles,
            labels=(
                f"improvement, {context.outcome}",
                f"{'change of coupling' if analysis == 'change' else 'coupling'}, {unit}",
            ),
            name=context.name("coupling", analysis, place),
            description=f"{WORDS[analysis]} against improvement of each participant: {words}",
        )
        caption = f"{words} ({unbroken('; '.join(told))})"
        name = context.name("coupling", analysis, parameter)
        pictures.append(picture(caption, draw, name=name, data=own[DATA]))
    drawn = {arm: style for arm, style in context.styles.items() if arm in sizes}
    return pictures, legend(drawn, sizes.items())


def _points(own: pd.DataFrame, analysis: str, context: PebContext) -> dict[str, CouplingPoints]:
    sessions = in_order(own["session"], [each.name for each in context.spec.sessions])
    values = ["estimate", "reevaluated"]
    first, *others = (
        own[own["session"] == each].drop_duplicates("participant_id").set_index("participant_id")
        for each in sessions
    )
    people = first[["arm", "improvement", *values]].copy()
    if analysis == "change":
        if not others:
            return {}
        people[values] = others[0][values].reindex(people.index) - people[values]
    people = people.dropna(subset=["improvement", "reevaluated"])
    arms = people["arm"].where(people["arm"].isin(list(context.styles)), "all")
    return {
        str(arm): CouplingPoints(
            *(part[name].to_numpy(dtype=np.float64) for name in ("improvement", *values))
        )
        for arm, part in people.groupby(arms, sort=False)
        if arm in context.styles
    }


def _lines(peb: PebOutput, analysis: str, parameter: str) -> dict[str, CouplingLine]:
    """Return the line of each arm's own level: what it predicts at each improvement."""
    height, slope = LINES[analysis]
    rows = main_rows(peb.effects, analysis)
    rows = rows[rows["parameter"] == parameter]
    fits = main_rows(peb.fits, analysis)
    middles: Mapping[Any, float] = dict(zip(fits["arm"], fits["improvement_mean"], strict=True))
    found = {}
    for arm, own in rows.groupby("arm", sort=False):
        values = dict(zip(own["effect"], own["estimate"], strict=True))
        line = (middles.get(arm), values.get(height), values.get(slope))
        if all(is_number(each) for each in line):
            found[str(arm)] = CouplingLine(*map(float, line))  # type: ignore[arg-type]
    return found
