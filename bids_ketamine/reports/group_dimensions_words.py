"""Sentences on symptom dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_dimensions_pictures import DimensionContext
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.words import (
    capitalized,
    counted,
    equals_p,
    interval,
    is_number,
    listed,
    number,
    percent,
    text,
    without_labels,
    without_numbers,
)
from bids_ketamine.study.spec import StudySpec

SIGNIFICANCE = 0.05
#: Arms below this size are called small.
SMALLEST_SAFE = 20


def chance_sentence(table: pd.DataFrame, noun: str) -> str:
    """Say how many correlations have p < .05, and how many chance alone would give.

    Parameters
    ----------
    table : DataFrame
        ``group_dimensions`` or ``group_dimension_covariates``.
    noun : str
        What the measure is correlated with.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["all"] * 4, "p_value": [0.01, 0.2, 0.3, 0.8]})
    >>> print(chance_sentence(table, "dimension").replace(chr(160), " "))
    4 correlations with dimensions were computed; 1 has p < .05, where 0.2 would be expected by \
chance if nothing were correlated. Dimensions of one questionnaire go together, and so do their \
p values, which are not corrected.
    """
    p = table["p_value"].dropna()
    if p.empty:
        return f"No correlation with a {noun} could be computed."
    small = int((p < SIGNIFICANCE).sum())
    arms = in_order(table["arm"], [])
    arms = ["all participants" if arm == "all" else arm for arm in arms]
    where = f" (in {listed(arms)})" if len(arms) > 1 else ""
    verb = "was" if len(p) == 1 else "were"
    return unbroken(
        f"{counted(len(p), 'correlation')} with {noun}s{where} {verb} computed; {small} "
        f"{'has' if small == 1 else 'have'} p < .05, where {number(SIGNIFICANCE * len(p), 1)} "
        "would be expected by chance if nothing were correlated. Dimensions of one questionnaire "
        "go together, and so do their p values, which are not corrected."
    )


def dimension_sentence(row: Mapping[str, Any], context: DimensionContext, what: str) -> str:
    """State the correlation with one dimension.

    Parameters
    ----------
    row : mapping
        A row of ``group_dimensions``.
    context : DimensionContext
        Level of intervals.
    what : str
        Name of the dimension.
    """
    what = what.replace("_", " ")
    n = f"n = {text(row['n'])}"
    if not is_number(row["r"]):
        return f"{what}: no correlation: {text(row['reason'], 'no reason is given')} ({n})."
    limits = interval(row["ci_low"], row["ci_high"], 2)
    return unbroken(
        f"{what}: r = {number(row['r'], 2)} ({context.level} interval {limits}), "
        f"{equals_p(row['p_value'], 'p')}; rho = {number(row['rho'], 2)}, "
        f"{equals_p(row['rho_p_value'], 'p')}; {n}."
    )


def summary_sentence(first: pd.DataFrame, context: DimensionContext) -> str:
    """Tell the correlation with the smallest p, for the top of the report.

    Parameters
    ----------
    first : DataFrame
        ``group_dimensions`` over all participants.
    context : DimensionContext
        Level of intervals.
    """
    known = first.dropna(subset="p_value")
    if known.empty:
        return "no correlation with a symptom dimension could be computed."
    best = records(known.loc[[known["p_value"].idxmin()]])[0]
    told = dimension_sentence(best, context, text(best["dimension"]))
    return f"of {counted(len(known), 'symptom dimension')} the smallest p has {told}"


def size_warnings(table: pd.DataFrame, arms: Sequence[str]) -> list[str]:
    """Warn of small samples.

    Parameters
    ----------
    table : DataFrame
        ``group_dimensions``.
    arms : sequence of str
        Arms in order.
    """
    sizes = table.groupby("arm")["n"].max()
    small = [f"{arm} n = {int(sizes[arm])}" for arm in [*arms, "all"]
             if arm in sizes and is_number(sizes[arm]) and sizes[arm] < SMALLEST_SAFE]  # fmt: skip
    if not small:
        return []
    return [
        unbroken(
            f"Few participants ({listed(small)}): correlations of small samples vary widely, as "
            "their intervals show, and the largest of several is overestimated."
        )
    ]


def item_notes(scores: pd.DataFrame, spec: StudySpec) -> list[str]:
    """Tell pro-rated items and participants who do not enter; nobody is named.

    Parameters
    ----------
    scores : DataFrame
        ``group_dimension_scores``.
    spec : StudySpec
        Share of items that must be there.
    """
    if scores.empty:
        return []
    sentences = []
    missing = scores[["missing_first", "missing_second"]].fillna(0.0)
    used = scores["improvement"].notna() & missing.sum(axis=1).gt(0.0)
    asked = spec.symptom_dimensions
    rule = f", where at least {percent(asked.minimum_items)} of them were there" if asked else ""
    if used.any():
        people = scores[used]["participant_id"].nunique()
        items = int(missing[used].to_numpy().sum())
        dimensions = in_order(scores[used]["dimension"].str.replace("_", " "), [])
        sentences.append(
            f"{counted(items, 'missing item')} of {counted(people, 'participant')} "
            f"{'was' if items == 1 else 'were'} pro-rated ({listed(dimensions)}): the sum of a "
            f"dimension's other items stands for all of them{rule}."
        )
    else:
        sentences.append("No item of those who entered was missing.")
    out = scores[scores["improvement"].isna() | scores["measure_change"].isna()]
    if len(out):
        labels = set(scores["participant_id"].dropna().map(str))
        why = out["reason"].fillna("no reason is given").astype(str)
        why = why.map(lambda each: without_numbers(without_labels(each, labels)))
        counts = out.groupby(why, sort=False)["participant_id"].nunique()
        told = [f"{reason} ({n})" for reason, n in counts.head(8).items()]
        more = f", and {len(counts) - 8} more reasons" if len(counts) > 8 else ""
        sentences.append(
            f"{counted(out['participant_id'].nunique(), 'participant')} did not enter all "
            f"dimensions: {listed(told)}{more}."
        )
    return sentences


def covariate_sentences(others: pd.DataFrame, context: DimensionContext) -> list[str]:
    """State Spearman's rho of each covariate over all participants.

    Parameters
    ----------
    others : DataFrame
        ``group_dimension_covariates``.
    context : DimensionContext
        Level of intervals, name of the measure.
    """
    first = others[others["arm"] == "all"]
    sentences = []
    for row in records(first if len(first) else others):
        name = capitalized(text(row["covariate"]).replace("_", " "))
        n = f"n = {text(row['n'])}"
        if not is_number(row["rho"]):
            why = text(row["reason"], "no reason is given")
            sentences.append(f"{name}: no correlation: {why} ({n}).")
            continue
        sentence = (
            f"{name} and change of {context.measure}: rho = {number(row['rho'], 2)}, "
            f"{equals_p(row['p_value'], 'p')}"
        )
        if is_number(row["r"]):
            limits = interval(row["ci_low"], row["ci_high"], 2)
            sentence += f"; r = {number(row['r'], 2)} ({context.level} interval {limits})"
        sentences.append(unbroken(f"{sentence}; {n}."))
    return sentences
