"""Words and numbers of effects of parametric empirical Bayes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_peb_data import compared_arms
from bids_ketamine.reports.participant_dcm_parameters import read_parameter
from bids_ketamine.reports.words import (
    ABSENT,
    interval,
    is_number,
    number,
    text,
)

#: Probability above which an effect is spoken for.
SPEAKS = 0.95
#: What effects are called.
EFFECTS = {
    "mean": "mean",
    "session": "change between sessions",
    "improvement": "coupling × improvement",
    "session x improvement": "change × improvement",
}

CAUTION = (
    "Pp is the probability that an effect has the sign of its estimate, Φ(|estimate| / standard "
    "deviation). Without any effect it would be above .95 in 10 % of cases, 5 % in each "
    "direction, so read it with the probability of model comparison beside it (“compared”: that "
    "of models with the effect against models without it), the Student-t level, which single "
    "outlying participants cannot drive, and the range when each participant is left out. Priors "
    "of effects are wide, so that model comparison speaks against effects that are small beside "
    "them."
)
#: Why the third level says so little; crosses are its marks.
THIRD_LEVEL = (
    "Crosses: arms compared at a third level over the levels of two arms, as in SPM12 and in "
    "published analyses. It says little whatever the data, since two arms cannot tell how much "
    "arms vary and its prior does; no verdict rests on it."
)
THIRD_AGAIN = "Crosses: the third level, as above; no verdict rests on it."
#: What signs mean.
SIGNS = (
    "Signs: above zero, a parameter makes its target more active, below zero less. Moving down is "
    "less excitation or more inhibition."
)
SELF_SIGN = (
    "It is the other way round for self-connections: above zero, a region inhibits itself more, "
    "and its responses are smaller and shorter."
)


def sign_words(rows: pd.DataFrame) -> str:
    """Say what signs mean.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``group_peb`` of one model.
    """
    loops = (rows["field"] != "driving") & (rows["source"] == rows["target"])
    return f"{SIGNS} {SELF_SIGN}" if (loops & rows["source"].notna()).any() else SIGNS


def coupling_words(row: Mapping[str, Any]) -> str:
    """Return the name of a parameter for the eye.

    Parameters
    ----------
    row : mapping
        A row of ``group_peb``.

    Examples
    --------
    >>> coupling_words({"parameter": "V1 > V5 by dots", "field": "modulation", "source": "V1",
    ...                 "target": "V5", "modulator": "dots"})
    'V1 → V5 by dots'
    """
    keys = {"Name": "parameter", "Field": "field", "Source": "source", "Target": "target"}
    keys |= {"Modulator": "modulator", "Unit": "unit"}
    return read_parameter({key: row.get(column) for key, column in keys.items()}).words


def arm_words(arm: Any, arms: Sequence[str]) -> str:
    """Return an arm, or a difference of arms, in words.

    >>> arm_words("all", []), arm_words("b - a", ["a", "b"])
    ('all participants', 'b minus a')
    """
    pair = compared_arms(str(arm), arms)
    return " minus ".join(pair) if pair else "all participants" if arm == "all" else text(arm)


def probability(value: Any) -> str:
    """Return a probability without the zero before its point.

    >>> probability(0.984), probability(0.99999), probability(0.0001), probability(None)
    ('.984', '> .999', '< .001', '–')
    """
    if not is_number(value):
        return ABSENT
    if float(value) >= 0.9995:
        return "> .999"
    return "< .001" if float(value) < 0.0005 else f"{float(value):.3f}".removeprefix("0")


def equals(value: Any, symbol: str = "Pp") -> str:
    """Return a probability with its symbol.

    >>> equals(0.98), equals(1.0, "P")
    ('Pp = .980', 'P > .999')
    """
    shown = probability(value)
    return f"{symbol} {shown}" if shown[0] in "<>" else f"{symbol} = {shown}"


def decimals_of(row: Mapping[str, Any]) -> int:
    """Return the decimals with which half the width of an interval has two digits."""
    half = 0.5 * (row["interval_high"] - row["interval_low"])
    if not is_number(half) or half <= 0.0:
        return 3
    return min(6, max(0, 1 - math.floor(math.log10(half))))


def estimate_words(row: Mapping[str, Any]) -> str:
    """Return an estimate with its interval.

    Examples
    --------
    >>> estimate_words({"estimate": -0.0517, "interval_low": -0.08, "interval_high": -0.0234})
    '−0.052 (−0.080 to −0.023)'
    """
    decimals = decimals_of(row)
    within = interval(row["interval_low"], row["interval_high"], decimals)
    shown = number(row["estimate"], decimals)
    return shown if within == ABSENT else f"{shown} ({within})"


def unbroken(sentence: str) -> str:
    """Return a sentence whose lines do not end between a symbol and its number."""
    for joint in (" = ", " < ", " > ", " %"):
        sentence = sentence.replace(joint, joint.replace(" ", "\u00a0"))
    return sentence


def missing_words(rows: pd.DataFrame, arms: Sequence[str]) -> str:
    """Say of which arms, or differences of them, nothing could be estimated, and why.

    Parameters
    ----------
    rows : DataFrame
        Main rows of ``group_peb`` of one effect, arms in order.
    arms : sequence of str
        Arms of the study.
    """
    told = []
    for arm, own in rows.groupby("arm", sort=False):
        if own["estimate"].isna().all():
            reason = next((text(each) for each in own["reason"].dropna()), "no reason is given")
            told.append(f"{arm_words(arm, arms)} ({reason})")
    return f" Not estimated: {'; '.join(told)}." if told else ""
