"""Tables of repeated-measures analysis of variance, and words for its terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.plain_reasons import plain_reason
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    listed,
    number,
    p_value,
    text,
    without_labels,
    without_numbers,
)

#: Error strata in the order of telling, and what an F is tested against.
STRATA = {
    "participant": "one error of everything within participants",
    "stratified": "an error of their own",
    "same": "the one error there is: with a single outcome, error strata make no difference",
}
TITLES = {
    "participant": "One pooled error stratum",
    "stratified": "Stratified errors",
    "same": "Pooled and stratified errors, which are the same",
}
#: Stands for both where they are the same.
SAME = "same"
RESIDUALS = "residuals"


def factors_of(term: Any) -> list[str]:
    """Return the factors of a term."""
    return text(term).split(":")


def term_words(term: Any) -> str:
    """Return a term for the eye.

    >>> term_words("arm:session"), term_words("Residuals")
    ('arm × session', 'residuals')
    """
    words = " × ".join(factors_of(term))
    return RESIDUALS if words.lower() == RESIDUALS else words


def anova_table(strata: str, rows: pd.DataFrame) -> TableView | None:
    """Return sums of squares and tests of all terms; None where there are none.

    Parameters
    ----------
    strata : str
        Key of :data:`STRATA`.
    rows : DataFrame
        ``group_anova`` with these strata.
    """
    rows = rows[rows["term"].notna()]
    if rows.empty:
        return None
    corrected = rows["epsilon_gg"].notna().any()
    reasons = dict.fromkeys(text(each) for each in rows["reason"].dropna())
    cells = []
    for row in records(rows):
        residual = term_words(row["term"]) == RESIDUALS
        df = number(row["df"], 0)
        against = "" if residual else f", {number(row['df_residual'], 0)}"
        line = [
            term_words(row["term"]),
            text(row["stratum"]).replace(":", " × "),
            number(row["sum_sq"]),
            number(row["mean_sq"]),
            df + against,
            number(row["f_value"], 2),
            p_value(row["p_value"]),
        ]
        line += [number(row["epsilon_gg"], 2), p_value(row["p_value_gg"])] if corrected else []
        cells.append(tuple(line))
    names = ["sum of squares", "mean square", "df", "F", "p"]
    columns = [Column("Term"), Column("Stratum"), *(Column(each, numeric=True) for each in names)]
    if corrected:
        group = "Greenhouse-Geisser"
        columns += [Column(each, numeric=True, group=group) for each in ("epsilon", "p")]
    note = (
        f"Terms within participants are tested against {STRATA.get(strata, strata)}. Sums of "
        "squares are sequential."
    )
    if corrected and strata == SAME:
        note += " Greenhouse and Geisser's correction belongs to the stratified analysis."
    if reasons:
        note += f" Without a test: {listed(list(reasons))}."
    title = TITLES.get(strata, strata)
    return TableView(f"Analysis of variance: {title}", tuple(columns), tuple(cells), note=note)


def missing_table(
    missing: pd.DataFrame, outcomes: Sequence[str], sessions: Sequence[str], labels: Sequence[str]
) -> TableView | None:
    """Count scores that are missing, with the reasons; a participant may lack several.

    Parameters
    ----------
    missing : DataFrame
        Outcome, session, reason and ``n``.
    outcomes, sessions : sequence of str
        Those of the analysis.
    labels : sequence of str
        Participants, whom no reason may name.
    """
    own = missing[missing["outcome"].isin(outcomes) & missing["session"].isin(sessions)]
    if own.empty:
        return None
    reasons = own["reason"].map(
        lambda each: without_numbers(without_labels(plain_reason(text(each)), labels))
    )
    own = own.assign(reason=reasons)
    counts = own.groupby(["outcome", "session", "reason"], sort=False, dropna=False)["n"].sum()
    cells = [
        (text(row["outcome"]), text(row["session"]), text(row["reason"]), number(row["n"], 0))
        for row in records(counts.reset_index())
    ]
    columns = (
        *(Column("Outcome"), Column("Session"), Column("Reason", wide=True)),
        Column("scores", numeric=True),
    )
    return TableView("Missing scores", columns, tuple(cells))
