"""Sentences on what came of elastic nets; models with the same verdict share one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_elastic_net_names import (
    SHORT_TIMINGS,
    model_words,
    title_of,
)
from bids_ketamine.reports.group_elastic_net_words import (
    AS_COVARIATES,
    AS_THE_MEAN,
    NOT_SHOWN,
    UNDECIDED,
    NullComparison,
    hindsight_sentence,
    r2_number,
    r2_words,
    verdict,
)
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.words import (
    capitalized,
    counted,
    equals_p,
    is_number,
    p_value,
    spread,
    text,
)

Row = Mapping[str, Any]

#: What predicts.
SUBJECTS = {
    "change": "Changes of the imaging measures",
    "baseline": "The imaging measures of the first session",
}
#: The same for models of both timings.
ANY_SUBJECT = "The imaging measures"


def result_sentences(
    models: pd.DataFrame, tested: NullComparison, *, concurrent: str
) -> tuple[tuple[str, str], ...]:
    """State what came of models: once for those with the same verdict, in the order of the first.

    Parameters
    ----------
    models : DataFrame
        ``group_elastic_net``.
    tested : NullComparison
        How models were compared with their null.
    concurrent : str
        Outcome whose improvement enters the third model.

    Returns
    -------
    tuple of (str, str)
        What came of them in a few words, then with estimates, p and numbers.
    """
    alike: dict[tuple[str, str], list[Row]] = {}
    for row in records(models):
        came = verdict(row)
        why = text(row["reason"], "no reason is given") if came == "no result" else ""
        alike.setdefault((came, why), []).append(row)
    return tuple(
        (_opening(rows, came, concurrent), unbroken(_told(rows, came, why, tested, concurrent)))
        for (came, why), rows in alike.items()
    )


def _opening(rows: Sequence[Row], came: str, concurrent: str) -> str:
    if len(rows) == 1:
        return f"{title_of(rows[0], concurrent)}: {came}."
    return f"{counted(len(rows), 'model')}: {came.replace(' its ', ' their ')}."


def _told(rows: Sequence[Row], came: str, why: str, tested: NullComparison, concurrent: str) -> str:
    """Return what comes after the opening."""
    several = len(rows) > 1
    parts = [f"{capitalized(each)}." for each in _named(rows, concurrent)] if several else []
    if came == "no result":
        return " ".join([*parts, f"{capitalized(why)}."])
    parts.append(_statement(rows, came, tested))
    alone = _r2_words([row["r2_covariates_alone"] for row in rows], "R²")
    if alone:
        parts.append(f"Covariates alone: {alone}.")
    near = [row for row in rows if tested.is_near(row["n_permutations_imaging"], row["p_imaging"])]
    if near:
        which = f" ({', '.join(_named(near, concurrent))})" if len(near) < len(rows) else ""
        parts.append(f"p is near .05{which}: run the group level again with --permutations 5000.")
    at_baseline = [row["model"] for row in rows if row["timing"] == "baseline"]
    hindsight = hindsight_sentence("baseline", at_baseline, concurrent)
    return " ".join([*parts, hindsight] if hindsight else parts)


def _named(rows: Sequence[Row], concurrent: str) -> list[str]:
    """Name models, those of a timing together."""
    models: dict[str, list[str]] = {}
    for row in rows:
        timing = SHORT_TIMINGS.get(text(row["timing"]), text(row["timing"]))
        models.setdefault(timing, []).append(model_words(row["model"], concurrent))
    told: list[str] = []
    for timing, own in models.items():
        is_told = bool(told) and len(own) > 1 and own == next(iter(models.values()))
        told.append(f"{timing}: {'the same' if is_told else '; '.join(own)}")
    return told


def _statement(rows: Sequence[Row], came: str, tested: NullComparison) -> str:
    """State a verdict with estimate, p, participants and permutations."""
    timings = {text(row["timing"]) for row in rows}
    subject = SUBJECTS.get(next(iter(timings)), ANY_SUBJECT) if len(timings) == 1 else ANY_SUBJECT
    outcome, others = text(rows[0]["outcome"]), tested.others
    nested = _r2_words([row["r2_nested"] for row in rows], "nested R²")
    n = f"n = {spread((row['n'] for row in rows), 0)}"
    p = _p_words([row["p_imaging"] for row in rows])
    permuted = tested.permutations([row["n_permutations_imaging"] for row in rows])
    test = f"{p}, {n}; {permuted}"
    predict = f"{subject} predict improvement in {outcome}"
    better = f"{predict} better than those of {others} ({test}), but no better than"
    unseen = "the models have" if len(rows) > 1 else "the model has"
    error = f"mean absolute error {spread((row['mae_nested'] for row in rows), 1)} {tested.unit}"
    return {
        "found": f"{predict} of participants whom {unseen} not seen: {nested} ({test}), "
        f"{error.strip()}.",
        NOT_SHOWN: f"{subject} are not shown to predict improvement in {outcome} better than "
        f"those of {others} do: {nested}, {test}.",
        UNDECIDED: f"{capitalized(nested)} is above that of all permutations ({test}), but these "
        "are too few for p below .05. Run the group level again with more permutations.",
        "not tested": f"{capitalized(nested)}, {n}; measures were not permuted.",
        AS_THE_MEAN: f"{better} the mean of the participants: {nested}.",
        AS_COVARIATES: f"{better} covariates do: {nested}.",
    }[came]


def _r2_words(values: Sequence[Any], name: str) -> str:
    """Return a share of variance, or the range of several; empty where none is known."""
    known = sorted(float(value) for value in values if is_number(value))
    if not known:
        return ""
    low, high = r2_number(known[0]), r2_number(known[-1])
    return r2_words(known[0], name) if low == high else f"{name} from {low} to {high}"


def _p_words(values: Sequence[Any]) -> str:
    """Return p, or the range of several."""
    known = sorted(float(value) for value in values if is_number(value))
    if not known:
        return "p unknown"
    low, high = p_value(known[0]), p_value(known[-1])
    return equals_p(known[0], "p") if low == high else f"p from {low} to {high}"
