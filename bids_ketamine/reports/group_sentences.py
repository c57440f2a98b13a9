"""Results of the group in sentences, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_summaries import detectable_difference
from bids_ketamine.reports.repeated_tests import without_repeats
from bids_ketamine.reports.words import (
    counted,
    decimals_for,
    equals_p,
    interval,
    is_absent,
    listed,
    measure_words,
    number,
    region_words,
    signed,
    text,
    unit_words,
)
from bids_ketamine.study.spec import StudySpec

SIGNIFICANCE = 0.05


def counts_sentence(tests: pd.DataFrame) -> str:
    """Say how many tests there are and how many small p values chance alone would give.

    Parameters
    ----------
    tests : DataFrame
        ``group_tests``, or some of its rows.
    """
    p = tests["p_value"].dropna()
    if p.empty:
        return "No test could be computed."
    n_small = int((p < SIGNIFICANCE).sum())
    n_false = int((tests["q_value"] < SIGNIFICANCE).sum())
    expected = number(SIGNIFICANCE * len(p), 1 if len(p) < 2000 else 0)
    verb = "has" if n_small == 1 else "have"
    survive = "is" if n_false == 1 else "are"
    sentence = (
        f"{counted(len(p), 'test')} {'was' if len(p) == 1 else 'were'} computed; "
        f"{n_small:,} {verb} p < .05, where {expected} would be expected by chance if there were "
        f"no effect at all. {n_false:,} {survive} below a false discovery rate of 5 % (q < .05) "
        "within their family."
    )
    n_not = int(tests["p_value"].isna().sum())
    if n_not:
        reasons = tests[tests["p_value"].isna()]["reason"].fillna("no reason is given")
        told = [f"{reason} ({n:,})" for reason, n in reasons.value_counts().head(4).items()]
        sentence += f" {counted(n_not, 'test')} could not be computed: {listed(told)}."
    return sentence


def result_sentence(row: Mapping[str, Any], spec: StudySpec) -> str:
    """State one result with estimate, interval, p and q.

    Parameters
    ----------
    row : mapping
        A row of ``group_tests`` with a p value.
    spec : StudySpec
        Sessions of each change, level of intervals.
    """
    kind, level = str(row["test"]), f"{100 * spec.group.confidence_level:g} % interval"
    measure, arm = _measure(row), text(row["arm"], "all")
    width = row["ci_high"] - row["ci_low"]
    decimals = decimals_for([width if width == width else row["estimate"]])
    limits = interval(row["ci_low"], row["ci_high"], decimals)
    unit = unit_words(row["unit"])
    who = "all participants" if arm == "all" else arm
    if kind == "one_sample":
        opening = f"{measure} in session {text(row['session'])} ({who}): mean "
        value = f"{signed(row['estimate'], decimals)} {unit}"
    elif kind == "paired":
        opening = f"{measure}, {change_words(row, spec)} ({who}): mean change "
        value = f"{signed(row['estimate'], decimals)} {unit}"
    elif kind == "welch":
        opening = (
            f"{measure}, {change_words(row, spec)}: change in {arm.replace(' - ', ' minus in ')} "
        )
        value = f"{signed(row['estimate'], decimals)} {unit}"
    else:
        opening = (
            f"{measure}, {change_words(row, spec)}, with improvement in {text(row['outcome'])} "
        )
        opening += f"({who}): r = "
        value = number(row["estimate"], 2)
        limits = interval(row["ci_low"], row["ci_high"], 2)
    n = f"n = {text(row['n'])}"
    if not is_absent(row["n_second"]):
        n += f" and {text(row['n_second'])}"
    effect = "" if kind == "correlation" else f", g = {number(row['effect_size'], 2)}"
    numbers = (
        f"{value} ({level} {limits}), t({number(row['df'], decimals_of_df(row))}) = "
        f"{number(row['statistic'], 2)}, {equals_p(row['p_value'], 'p')}, "
        f"{equals_p(row['q_value'], 'q')}{effect}, {n}."
    )
    # A line must not end between a symbol and its number.
    for joint in (" = ", " < ", " %"):
        numbers = numbers.replace(joint, joint.replace(" ", "\u00a0"))
    return opening + numbers


def decimals_of_df(row: Mapping[str, Any]) -> int:
    """Return the decimals of degrees of freedom: Welch's are not whole."""
    return 1 if str(row["test"]) == "welch" else 0


def _measure(row: Mapping[str, Any]) -> str:
    return f"{region_words(row['regions'])} {measure_words(row['measure'])} ({where_words(row)})"


def change_words(row: Mapping[str, Any], spec: StudySpec) -> str:
    """Return a change by its two sessions."""
    change = next((each for each in spec.changes if each.name == row["change"]), None)
    return text(row["change"]) if change is None else f"{change.first} to {change.second}"


def where_words(row: Mapping[str, Any]) -> str:
    """Return task and contrast."""
    contrast = "" if is_absent(row["contrast"]) else f", {text(row['contrast'])}"
    return text(row["task"]) + contrast


def warnings(
    tests: pd.DataFrame, sizes: Mapping[str, int], arms: Sequence[str], *, smallest_safe: int
) -> list[str]:
    """Say how far the sample can be trusted.

    Parameters
    ----------
    tests : DataFrame
        ``group_tests``.
    sizes : mapping of str to int
        Participants of each arm, and of ``all``.
    arms : sequence of str
        Arms in order.
    smallest_safe : int
        Arms below this size are called small.
    """
    sentences = [counts_sentence(without_repeats(tests))]
    known = [(arm, sizes[arm]) for arm in arms or ["all"] if sizes.get(arm)]
    if known:
        told = listed([f"{arm} n = {size}" for arm, size in known])
        sentences.append(f"Participants in any group statistic: {told}.")
    small = [arm for arm, size in known if size < smallest_safe]
    if small:
        which = f" ({listed(small)})" if arms else ""
        sentences.append(
            f"The sample is small{which}. Estimates are imprecise and intervals wide; an effect "
            "that stands out in a small sample is probably overestimated, and one that does not "
            "stand out may well be there."
        )
    if len(known) >= 2 and min(size for _, size in known[:2]) >= 2:
        difference = detectable_difference(
            known[0][1], known[1][1], power=0.8, significance=SIGNIFICANCE
        )
        sentences.append(
            f"Between {known[0][0]} and {known[1][0]}, one test finds with 80 % power a "
            f"difference of {number(difference, 1)} standard deviations, and smaller ones less "
            "often."
        )
    return sentences
