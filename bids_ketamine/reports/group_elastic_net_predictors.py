"""Predictors of the elastic net: values that are missing, those left out, how alike they are."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from bids_ketamine.reports.group_elastic_net_names import (
    KINDS,
    SHORT_TIMINGS,
    PredictorNames,
    in_words,
    share_words,
)
from bids_ketamine.reports.group_peb_tables import table_view
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import capitalized, counted, number, percent, text

#: Share of missing values above which a predictor is warned of.
MUCH_MISSING = 0.1
#: Two predictors are told for alike above this size of r.
ALIKE = 0.8
#: Predictors named in one sentence.
MOST_NAMED = 6
FILE = "group_elastic_net_predictors.tsv"


def dropped_table(predictors: pd.DataFrame, names: PredictorNames) -> TableView | None:
    """Return predictors that did not enter, with reasons; those of one reason together.

    Parameters
    ----------
    predictors : DataFrame
        ``group_elastic_net_predictors`` of one timing.
    names : PredictorNames
        Names for the eye.
    """
    out = predictors[~predictors["entered"].astype(bool)]
    if out.empty:
        return None
    reasons = out["reason"].where(out["reason"].notna(), "no reason is given").astype(str)
    cells = [
        (in_words(_words(own, names), MOST_NAMED), str(len(own)), reason)
        for reason, own in out.groupby(reasons, sort=False)
    ]
    columns = (
        *(Column("Predictors", wide=True), Column("number", numeric=True)),
        Column("Reason", wide=True),
    )
    return table_view("Predictors left out", columns, cells, len(cells), file=FILE)


def predictors_table(predictors: pd.DataFrame, names: PredictorNames) -> TableView | None:
    """Return the number of values of each predictor that entered, and the share without.

    Parameters
    ----------
    predictors : DataFrame
        ``group_elastic_net_predictors`` of one timing.
    names : PredictorNames
        Names for the eye.
    """
    inside = predictors[predictors["entered"].astype(bool)]
    if inside.empty:
        return None
    cells = [
        (
            names.of(row["predictor"], row["kind"]).words,
            KINDS.get(text(row["kind"]), text(row["kind"])),
            text(row["n"]),
            share_words(row["missing"]),
        )
        for row in records(inside)
    ]
    columns = (
        *(Column("Predictor", wide=True), Column("Kind")),
        *(Column("n", numeric=True), Column("missing", numeric=True)),
    )
    much = {(place, 3) for place, share in enumerate(inside["missing"]) if share > MUCH_MISSING}
    caption = "Values of each predictor that entered"
    table = table_view(caption, columns, cells, len(cells), file=FILE)
    shown = frozenset(each for each in much if each[0] < len(table.rows))
    return replace(table, alarms=shown)


def missing_sentence(predictors: pd.DataFrame, names: PredictorNames, *, imputed: bool) -> str:
    """Warn of predictors of which more than a tenth is missing; empty where there are none.

    Parameters
    ----------
    predictors : DataFrame
        ``group_elastic_net_predictors``.
    names : PredictorNames
        Names for the eye.
    imputed : bool
        Whether missing values are imputed; participants with any are left out otherwise.
    """
    much = predictors[predictors["entered"].astype(bool) & predictors["missing"].gt(MUCH_MISSING)]
    parts = []
    for timing in in_order(much["timing"], list(SHORT_TIMINGS)):
        own = much[much["timing"] == timing]
        found = [names.of(row["predictor"], row["kind"]) for row in records(own)]
        families = pd.Series([each.second or each.first for each in found], index=own.index)
        told = []
        for family, of_family in own.groupby(families, sort=False):
            ends = of_family["missing"].min(), of_family["missing"].max()
            share = " to ".join(dict.fromkeys(map(share_words, ends)))
            several = f"{counted(len(of_family), 'measure')}, " if len(of_family) > 1 else ""
            told.append(f"{family} ({several}{share})")
        parts.append(f"{SHORT_TIMINGS.get(timing, timing)}: {in_words(told, MOST_NAMED)}")
    if not parts:
        return ""
    opening = "Imputed for" if imputed else "Missing in"
    closing = (
        "What is said of these rests in part on other measures."
        if imputed
        else "Participants without any of them are left out."
    )
    where = ". ".join(map(capitalized, parts))
    return f"{opening} more than {percent(MUCH_MISSING)} of the participants. {where}. {closing}"


def _words(rows: pd.DataFrame, names: PredictorNames) -> list[str]:
    return [names.of(row["predictor"], row["kind"]).words for row in records(rows)]


def alike_sentence(
    correlations: pd.DataFrame, predictors: pd.DataFrame, names: PredictorNames
) -> str:
    """Say how alike predictors are.

    Parameters
    ----------
    correlations : DataFrame
        ``group_elastic_net_correlations`` of one timing, each pair once.
    predictors : DataFrame
        ``group_elastic_net_predictors`` of one timing.
    names : PredictorNames
        Names for the eye.
    """
    kinds = dict(zip(predictors["predictor"].map(str), predictors["kind"].map(str), strict=True))
    r = correlations["r"].abs()
    if r.notna().sum() == 0:
        return ""
    row = records(correlations.sort_values("r", key=np.abs, ascending=False, kind="stable"))[0]
    first, second = (
        names.of(row[end], kinds.get(str(row[end]), "")).words for end in ("predictor", "other")
    )
    told = (
        f"{int((r > ALIKE).sum()):,} of {int(r.notna().sum()):,} pairs have |r| > .8; the "
        f"strongest is {first} with {second}, r = {number(row['r'], 2)}. Of predictors that are "
        "alike, an elastic net may keep either."
    )
    n = float(correlations["n"].median())
    if n > 3:
        told += (
            f" With {text(n)} participants, a single pair has |r| above "
            f"{number(critical_correlation(n), 2)} by chance in 5 % of cases."
        )
    return unbroken(told)


def critical_correlation(n: float) -> float:
    """Return the size of r that has p = .05, two-sided, for so many participants.

    Parameters
    ----------
    n : float
        Participants, above 2.

    Examples
    --------
    >>> round(critical_correlation(21), 3)
    0.433
    """
    t = float(stats.t.ppf(0.975, n - 2))
    return t / math.sqrt(n - 2 + t * t)
