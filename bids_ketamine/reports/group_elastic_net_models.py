"""One elastic net in the group report: its coefficients, its predictions and its null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_elastic_net_data import NetOutput
from bids_ketamine.reports.group_elastic_net_names import model_words
from bids_ketamine.reports.group_elastic_net_pictures import (
    MOST_COEFFICIENTS,
    NetContext,
    coefficient_picture,
    null_picture,
    ordered_coefficients,
    prediction_picture,
)
from bids_ketamine.reports.group_elastic_net_tables import coefficients_table
from bids_ketamine.reports.group_elastic_net_views import NetModelView
from bids_ketamine.reports.group_elastic_net_words import verdict
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import matches
from bids_ketamine.reports.words import capitalized, counted, number, text

#: Predictors selected in this share of bootstrap samples are in tables, kept or not.
OFTEN = 0.5


def model_view(row: Mapping[str, Any], net: NetOutput, context: NetContext) -> NetModelView:
    """Return what is shown of one model.

    Parameters
    ----------
    row : mapping
        A row of ``group_elastic_net``.
    net : NetOutput
        The tables.
    context : NetContext
        What pictures share.
    """
    scope = {"timing": row["timing"], "model": row["model"]}

    def own(table: pd.DataFrame) -> pd.DataFrame:
        return table[matches(table, scope)]

    came = verdict(row)
    title = capitalized(model_words(row["model"], context.concurrent))
    if came == "no result":
        reason = capitalized(text(row["reason"], "no reason is given"))
        return NetModelView(title, came, f"{reason}.")
    rows = ordered_coefficients(own(net.coefficients))
    beside = (
        prediction_picture(row, own(net.predictions), context),
        null_picture(row, own(net.null), context),
    )
    told = rows[rows["standardised"].ne(0.0) | rows["selection_frequency"].ge(OFTEN)]
    told = told[told["standardised"].notna()]
    table = coefficients_table(told, context.names, unit=context.unit, level=context.level)
    return NetModelView(
        title=title,
        result=came,
        words=_kept_words(row, rows, came),
        coefficients=coefficient_picture(row, rows, context),
        beside=tuple(each for each in beside if each is not None),
        table=table if len(told) else None,
    )


def _kept_words(row: Mapping[str, Any], rows: pd.DataFrame, came: str) -> str:
    """Say how many predictors a model keeps, and how its coefficients are to be read."""
    known = rows["standardised"].dropna()
    if known.empty:
        return "No coefficients are told." if len(rows) else ""
    kept, n = int(known.ne(0.0).sum()), len(known)
    chosen = f"(alpha = {number(row['l1_ratio'])}, lambda = {number(row['penalty'])})"
    if not kept:
        words = (
            f"The model of all participants {chosen} keeps none of {counted(n, 'predictor')}: it "
            "predicts the mean for everybody."
        )
    else:
        words = f"The model of all participants {chosen} keeps {kept} of {counted(n, 'predictor')}."
        if kept > MOST_COEFFICIENTS:
            words += (
                f" The {MOST_COEFFICIENTS} largest are drawn; {kept - MOST_COEFFICIENTS} others "
                "are in the table."
            )
    if came != "found" and kept:
        words += f" The result is: {came}. These coefficients are no finding."
    return unbroken(words)
