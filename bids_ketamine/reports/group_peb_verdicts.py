"""Verdicts on effects of parametric empirical Bayes, and how far they can be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_peb_data import compared_arms
from bids_ketamine.reports.group_peb_questions import Question
from bids_ketamine.reports.group_peb_rows import verdict_rows
from bids_ketamine.reports.group_peb_words import (
    SPEAKS,
    arm_words,
    coupling_words,
    decimals_of,
    equals,
    probability,
    unbroken,
)
from bids_ketamine.reports.rows import matches, records
from bids_ketamine.reports.words import (
    counted,
    interval,
    is_number,
    listed,
    number,
    text,
    unit_words,
)

#: Probability of model comparison below which it speaks against an effect.
AGAINST = 0.05


def result_sentence(
    rows: pd.DataFrame,
    students: pd.DataFrame,
    question: Question,
    *,
    arms: Sequence[str],
    level: str,
) -> str:
    """Tell one effect on one parameter in all arms, and how far it can be relied on.

    Parameters
    ----------
    rows : DataFrame
        Its main rows of ``group_peb``, arms in order.
    students : DataFrame
        Those of the Student-t level.
    question : Question
        What is asked.
    arms : sequence of str
        Arms of the study.
    level : str
        Level of the intervals.
    """
    known = rows[rows["estimate"].notna()]
    if known.empty:
        return ""
    sentences = [f"{coupling_words(records(known)[0])}: {_numbers(known, arms, level)}."]
    chosen = verdict_rows(known, arms)
    for row in records(chosen):
        subject = question.subject(compared_arms(str(row["arm"]), arms))
        sentences.append(_verdict(row, subject))
        if _known(row["posterior_probability"]) > SPEAKS:
            sentences.append(_robustness(row, students))
    for row in records(known[~known["arm"].isin(chosen["arm"])]):
        if _known(row["posterior_probability"]) > SPEAKS:
            sentences.append(_beside(row, students, arms))
    return unbroken(" ".join(filter(None, sentences)))


def _numbers(known: pd.DataFrame, arms: Sequence[str], level: str) -> str:
    told = []
    for place, row in enumerate(records(known)):
        within = interval(row["interval_low"], row["interval_high"], decimals_of(row))
        which = f"{level} interval " if place == 0 else ""
        unit = f" {unit_words(row['unit'])}" if place == 0 else ""
        compared = ""
        if is_number(row["model_probability"]):
            compared = f", compared {probability(row['model_probability'])}"
        told.append(
            f"{arm_words(row['arm'], arms)} {number(row['estimate'], decimals_of(row))}{unit} "
            f"({which}{within}; {equals(row['posterior_probability'])}{compared})"
        )
    return "; ".join(told)


def _known(value: Any) -> float:
    return float(value) if is_number(value) else -1.0


def _speaks_against(compared: float) -> bool:
    return 0.0 <= compared < AGAINST


def _verdict(row: Mapping[str, Any], subject: str) -> str:
    probable = _known(row["posterior_probability"]) > SPEAKS
    compared = _known(row["model_probability"])
    if probable and compared > SPEAKS:
        return f"Pp and model comparison both speak for {subject}."
    if probable and _speaks_against(compared):
        return (
            f"Pp speaks for {subject}, model comparison speaks against it; its prior is wide: "
            "weak evidence."
        )
    if probable:
        rest = "is not known" if compared < 0.0 else "does not"
        return f"Pp speaks for {subject}, model comparison {rest}: weak evidence."
    if compared > SPEAKS:
        return f"Model comparison speaks for {subject}, Pp does not: weak evidence."
    if _speaks_against(compared):
        return (
            f"Pp does not speak for {subject}, and model comparison speaks against it; its prior "
            "is wide."
        )
    return f"There is no clear evidence of {subject}, nor that there is none."


def _stays(row: Mapping[str, Any], students: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return where a result stays and where not: Student-t level, one participant left out."""
    holds: list[str] = []
    fails: list[str] = []
    other = records(students[matches(students, {"arm": row["arm"]})])
    student = other[0] if other else {}
    if is_number(student.get("estimate")):
        pp = student["posterior_probability"]
        stays = _known(pp) > SPEAKS and student["estimate"] * row["estimate"] > 0.0
        (holds if stays else fails).append(f"at the Student-t level ({equals(pp)})")
    lowest = row["probability_lowest"]
    if is_number(lowest) and lowest > SPEAKS:
        holds.append(f"whoever is left out ({equals(lowest, 'lowest Pp')})")
    elif is_number(lowest):
        who = text(row["most_influential"], "one of the participants")
        fails.append(f"without {who} ({equals(lowest)})")
    return holds, fails


def _robustness(row: Mapping[str, Any], students: pd.DataFrame) -> str:
    holds, fails = _stays(row, students)
    parts = [f"It holds {listed(holds)}"] if holds else []
    if fails:
        parts.append(f"{'not' if holds else 'It does not hold'} {listed(fails, 'or')}")
    return f"{', but '.join(parts)}." if parts else ""


def _beside(row: Mapping[str, Any], students: pd.DataFrame, arms: Sequence[str]) -> str:
    """Say in short how far a row can be relied on that no verdict is about."""
    compared = _known(row["model_probability"])
    if compared > SPEAKS:
        told = "both speak for an effect"
    elif compared < 0.0:
        told = "weak evidence, as model comparison is not known"
    else:
        does = "speaks against it" if _speaks_against(compared) else "does not speak for it"
        told = f"weak evidence, as model comparison {does}"
    holds, fails = _stays(row, students)
    if fails:
        told += f"; it does not hold {listed(fails, 'or')}"
    elif holds:
        told += f"; it holds {listed(holds)}"
    return f"In {arm_words(row['arm'], arms)}: {told}."


def chance_sentence(rows: pd.DataFrame) -> str:
    """Say how many effects have a large Pp, and how many would without any effect.

    Parameters
    ----------
    rows : DataFrame
        Main rows of ``group_peb`` under one heading.
    """
    known = rows[rows["posterior_probability"].notna()]
    if known.empty:
        return ""
    n_large = int((known["posterior_probability"] > SPEAKS).sum())
    are, would = "is" if n_large == 1 else "are", number(2 * (1 - SPEAKS) * len(known), 1)
    overlap = ""
    if known["arm"].nunique() > 1:
        overlap = " They overlap: all participants, arms and differences rest on the same data."
    return unbroken(
        f"Of {counted(len(known), 'effect')} under this heading, {n_large} {are} above Pp = .95; "
        f"without any effect about {would} would be.{overlap}"
    )
