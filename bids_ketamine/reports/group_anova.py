"""Repeated-measures analysis of variance in the group report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.facts import mapping_of, sentences_of
from bids_ketamine.reports.group_anova_tables import (
    SAME,
    STRATA,
    anova_table,
    factors_of,
    missing_table,
    term_words,
)
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import TableView
from bids_ketamine.reports.words import (
    capitalized,
    counted,
    equals_p,
    is_number,
    listed,
    number,
    text,
    without_labels,
)
from bids_ketamine.study.spec import StudySpec

ERRORS = {
    "participant": "pooled error",
    "stratified": "stratified error",
    "same": "pooled and stratified error, which are the same",
}
#: Words by which notes of this analysis are found.
TOPIC = "analysis of variance"
#: Arms below this size are called small.
SMALLEST_SAFE = 20
NOTHING = (
    "The study asks for an analysis of variance, but the group level has left no table of it: it "
    "is older than this method, or was cut short. Run the group level again."
)


@dataclass(frozen=True)
class AnovaView:
    """The analysis of some outcomes.

    Attributes
    ----------
    title, summary : str
        The outcomes, and what came of it in a line for the top of the report.
    words : tuple of str
        Who entered, and what is compared.
    results : tuple of str
        A sentence for each term that the trial is about.
    warnings : tuple of str
        What stands out.
    tables : tuple of TableView
        One for each choice of error strata.
    left_out : tuple of TableView
        Scores that were missing.
    """

    title: str
    summary: str
    words: tuple[str, ...]
    results: tuple[str, ...]
    warnings: tuple[str, ...]
    tables: tuple[TableView, ...]
    left_out: tuple[TableView, ...]


def anova_problems(clinical: ClinicalOutput, spec: StudySpec) -> list[str]:
    """Say that an analysis of variance is asked for and not there.

    Parameters
    ----------
    clinical : ClinicalOutput
        The tables.
    spec : StudySpec
        What the study asks for.
    """
    is_missing = clinical.tables["group_anova"].empty and not clinical.unreadable
    return [NOTHING] if spec.repeated_measures is not None and is_missing else []


def anova_views(
    clinical: ClinicalOutput, spec: StudySpec, *, record: Mapping[str, Any], arms: Sequence[str]
) -> list[AnovaView]:
    """Return one view for the outcomes that were analysed together.

    Parameters
    ----------
    clinical : ClinicalOutput
        The tables.
    spec : StudySpec
        Sessions and outcomes.
    record : mapping
        ``group.json``: notes on who did not enter.
    arms : sequence of str
        Arms in order.
    """
    table = clinical.tables["group_anova"]
    return [
        _view(outcomes, table[table["outcomes"] == outcomes], clinical, spec, record, arms)
        for outcomes in in_order(table["outcomes"], [])
    ]


def _view(
    outcomes: str,
    rows: pd.DataFrame,
    clinical: ClinicalOutput,
    spec: StudySpec,
    record: Mapping[str, Any],
    arms: Sequence[str],
) -> AnovaView:
    names = outcomes.split("+")
    strata = in_order(rows["error_strata"], list(STRATA))
    own = {each: rows[rows["error_strata"] == each] for each in strata}
    if errors_coincide(rows):
        own = {SAME: own["stratified"]}
    results = _result_sentences(own)
    n_known = rows["n_participants"].dropna()
    n = int(n_known.max()) if len(n_known) else 0
    sessions = _sessions(spec)
    factors = [*(["arm"] if len(arms) > 1 else []), "session"]
    factors += ["measure"] if len(names) > 1 else []
    who = "Who entered is unknown"
    if len(n_known):
        who = f"{counted(n, 'participant')} with all scores entered" if n else "Nobody entered"
    opening = (
        f"{listed(names)}: {' × '.join(factors)}"
        + (f", sessions {listed(sessions)}" if sessions else "")
        + f". {who}."
    )
    told = [
        capitalized(without_labels(each, clinical.labels))
        for each in sentences_of(mapping_of(record, "Clinical"), "Notes")
        if TOPIC in each and not each.startswith("There is no")
    ]
    direction = (
        "F has no direction: see means by session and arm under the clinical course."
        if results
        else ""
    )
    reasons = dict.fromkeys(text(each) for each in rows[rows["term"].isna()]["reason"].dropna())
    failed = [f"There is no analysis of variance: {why.rstrip('.')}." for why in reasons]
    missing = missing_table(clinical.missing_scores, names, sessions, clinical.labels)
    return AnovaView(
        title=listed(names),
        summary=next(iter(results or failed), ""),
        words=tuple(filter(None, [opening, *told, direction])),
        results=tuple(results),
        warnings=(*failed, *(_warnings(own, n, arms, len(names)) if results else ())),
        tables=tuple(table for each in own if (table := anova_table(each, own[each])) is not None),
        left_out=(missing,) if missing is not None else (),
    )


def errors_coincide(rows: pd.DataFrame) -> bool:
    """Tell whether all tests are the same with one pooled error and with stratified ones.

    Parameters
    ----------
    rows : DataFrame
        ``group_anova`` of some outcomes.
    """
    known = rows[rows["f_value"].notna()].drop_duplicates(["error_strata", "term"])
    pooled, stratified = (
        known[known["error_strata"] == name].set_index("term")[["f_value", "df", "df_residual"]]
        for name in ("participant", "stratified")
    )
    if pooled.empty or set(pooled.index) != set(stratified.index):
        return False
    difference = pooled.to_numpy(dtype=float) - stratified.loc[pooled.index].to_numpy(dtype=float)
    return bool(np.all(np.abs(difference) <= 1e-6 * np.abs(pooled.to_numpy(dtype=float))))


def _sessions(spec: StudySpec) -> list[str]:
    asked = spec.repeated_measures.sessions if spec.repeated_measures is not None else ()
    first = spec.changes[:1]
    return list(asked) or [end for change in first for end in (change.first, change.second)]


def _result_sentences(own: Mapping[str, pd.DataFrame]) -> list[str]:
    """State the terms with both arm and session, else those with session, by every error."""
    every = [row for rows in own.values() for row in records(rows) if is_number(row["f_value"])]
    terms = list(dict.fromkeys(text(row["term"]) for row in every))
    both = [term for term in terms if {"arm", "session"} <= set(factors_of(term))]
    chosen = both or [term for term in terms if "session" in factors_of(term)]
    chosen.sort(key=lambda term: len(factors_of(term)))
    sentences = []
    for term in chosen:
        parts = []
        for strata, rows in own.items():
            for row in records(rows[rows["term"] == term]):
                if is_number(row["f_value"]):
                    parts.append(f"{_f_words(row)} ({ERRORS.get(strata, strata)})")
        sentences.append(unbroken(f"{capitalized(term_words(term))}: {'; '.join(parts)}."))
    return sentences


def _f_words(row: Mapping[str, Any]) -> str:
    df = f"{number(row['df'], 0)}, {number(row['df_residual'], 0)}"
    words = f"F({df}) = {number(row['f_value'], 2)}, {equals_p(row['p_value'], 'p')}"
    if is_number(row["epsilon_gg"]) and row["epsilon_gg"] < 1.0 and is_number(row["p_value_gg"]):
        words += (
            f", Greenhouse-Geisser {equals_p(row['p_value_gg'], 'p')} "
            f"(epsilon = {number(row['epsilon_gg'], 2)})"
        )
    return words


def _warnings(
    own: Mapping[str, pd.DataFrame], n: int, arms: Sequence[str], n_outcomes: int
) -> list[str]:
    sentences = []
    pooled, stratified = (_error_df(own.get(each)) for each in ("participant", "stratified"))
    # One outcome alone has one error.
    several = n_outcomes > 1
    if several and is_number(pooled) and not (is_number(stratified) and pooled <= stratified):
        other = (
            f"The stratified error, with {number(stratified, 0)}, asks less of the data and is the "
            "stricter test."
            if is_number(stratified)
            else "A stratified analysis would be stricter; it was not asked for."
        )
        sentences.append(
            f"The pooled error counts {number(pooled, 0)} degrees of freedom, more than sphericity "
            "within each factor allows: it holds only if all differences between the scores of a "
            f"participant vary alike, over sessions and measures together. {other}"
        )
    if 0 < n < SMALLEST_SAFE * max(len(arms), 1):
        sentences.append(
            f"Few participants (n = {n}): a term without a small p may well have an effect, and "
            "one with a small p is probably smaller than it looks."
        )
    return [unbroken(each) for each in sentences]


def _error_df(rows: pd.DataFrame | None) -> float:
    """Return the error degrees of freedom of the terms with session; NaN where there are none."""
    if rows is None:
        return np.nan
    with_session = rows["term"].map(lambda term: "session" in factors_of(term))
    return float(rows[with_session & rows["f_value"].notna()]["df_residual"].max())
