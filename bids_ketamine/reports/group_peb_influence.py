"""Pictures of how far effects of parametric empirical Bayes hang on single participants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.influence import Influence, influence_figure
from bids_ketamine.reports.group_peb_pictures import PebContext, estimate_of
from bids_ketamine.reports.group_peb_rows import ranked
from bids_ketamine.reports.group_peb_words import arm_words, coupling_words
from bids_ketamine.reports.rows import matches, records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import text, unit_words

#: What is drawn of each effect.
DATA = [
    *("analysis", "arm", "effect", "parameter", "unit", "estimate", "interval_low"),
    *("interval_high", "estimate_lowest", "estimate_highest"),
]
#: Rows of a picture.
MOST_ROWS = 24


def influences(
    rows: pd.DataFrame, sensitivity: pd.DataFrame, context: PebContext, *, individual_data: bool
) -> list[Picture]:
    """Draw how far estimates of one effect move when each participant is left out.

    Parameters
    ----------
    rows : DataFrame
        Main rows of ``group_peb`` of one effect.
    sensitivity : DataFrame
        ``group_peb_sensitivity`` of the model; empty without individual data.
    context : PebContext
        What pictures share.
    individual_data : bool
        Whether single participants are marked, and the most influential named.
    """
    sensitivity = sensitivity if individual_data else sensitivity.iloc[:0]
    known = rows[rows["estimate_lowest"].notna() & rows["estimate"].notna()]
    columns = [*DATA, *(["most_influential"] if individual_data else [])]
    pictures: list[Picture] = []
    for unit, own in known.groupby("unit", sort=False, dropna=False):
        lines: list[Influence] = []
        for parameter in ranked(own, context.arms):
            here = {row["arm"]: row for row in records(own[own["parameter"] == parameter])}
            for arm in context.styles:
                if arm in here:
                    lines.append(_influence(here[arm], sensitivity, context))
            coupling = coupling_words(next(iter(here.values())))
            first = lines[-len(here)]
            several = len(here) > 1
            lines[-len(here)] = (
                replace(first, heading=coupling) if several else replace(first, label=coupling)
            )
        effect = text(own["effect"].iloc[0])
        words = (
            f"Estimate with {context.level} interval, and below it the range of the estimates when "
            "each participant is left out"
        )
        words += "; named is the one without whom Pp is lowest" if individual_data else ""
        words += f" (the first {MOST_ROWS} of {len(lines)})" if len(lines) > MOST_ROWS else ""
        draw = partial(
            influence_figure,
            lines[:MOST_ROWS],
            unit=unit_words(unit),
            name=context.name("influence", effect, len(pictures)),
            description=f"{words}: {context.model}, {effect}",
        )
        name = context.name("influence", effect, *([len(pictures)] if pictures else []))
        pictures.append(picture(words, draw, name=name, data=own[columns]))
    return pictures


def _influence(row: Mapping[str, Any], sensitivity: pd.DataFrame, context: PebContext) -> Influence:
    wanted = {name: row[name] for name in ("analysis", "arm", "level", "effect", "parameter")}
    own = sensitivity[matches(sensitivity, wanted)]
    named = own[own["left_out"] == row["most_influential"]]
    return Influence(
        label=arm_words(row["arm"], context.arms),
        style=context.styles[row["arm"]],
        estimate=estimate_of(row),
        lowest=row["estimate_lowest"],
        highest=row["estimate_highest"],
        without=own["estimate"].dropna().to_numpy(dtype=np.float64),
        named=(float(named["estimate"].iloc[0]), str(row["most_influential"]))
        if len(named)
        else None,
    )
