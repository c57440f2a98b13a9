"""Decimals of mixed models: the same for all numbers of a value, as in its clinical course."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_clinical_names import clinical_decimals
from bids_ketamine.reports.group_mixed_terms import INTERCEPT, term_parts
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.words import ABSENT, MINUS, decimals_for, is_number, number

#: Numbers whose effect is in the unit of the value: they run over one unit from end to end.
CODED = ("time", "response")
ENDS = ("ci_low", "ci_high")
#: Decimals by which rounding is left behind: what is smaller is zero.
ROUNDING = 6


def fixed(value: Any, decimals: int) -> str:
    """Return a number with fixed decimals, halves away from zero.

    Parameters
    ----------
    value : object
        A number, or what an empty cell holds.
    decimals : int
        Decimals.

    >>> fixed(-4.5, 0), fixed(4.25, 1), fixed(1234.5, 1), fixed(-0.04, 1), fixed(None, 1)
    ('−5', '4.3', '1,234.5', '0.0', '–')
    """
    if not is_number(value):
        return number(value)
    exact = Decimal(repr(float(value)))
    shown = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{shown if shown else abs(shown):,f}".replace("-", MINUS)


def fixed_signed(value: Any, decimals: int) -> str:
    """Return a number as :func:`fixed` does, with its sign also when it is positive.

    >>> fixed_signed(6.85, 1), fixed_signed(0.0, 1)
    ('+6.9', '0.0')
    """
    shown = fixed(value, decimals)
    is_positive = is_number(value) and float(value) > 0.0 and any(c in "123456789" for c in shown)
    return f"+{shown}" if is_positive else shown


def fixed_interval(low: Any, high: Any, decimals: int) -> str:
    """Return the two ends of an interval, none of them "0" that is not; a dash without both.

    >>> fixed_interval(-15.08, -0.39, 0), fixed_interval(0.04, 1.25, 1), fixed_interval(None, 1, 1)
    ('−15 to −0.4', '0.04 to 1.3', '–')
    """
    if not (is_number(low) and is_number(high)):
        return ABSENT
    return f"{_end(low, decimals)} to {_end(high, decimals)}"


def _end(value: float, decimals: int) -> str:
    shown = fixed(value, decimals)
    if value == 0.0 or any(letter in "123456789" for letter in shown):
        return shown
    first = -Decimal(repr(float(value))).adjusted()
    return shown if first > decimals + ROUNDING else fixed(value, first)


def is_per_unit(term: Any) -> bool:
    """Tell whether an effect is one per unit of a number, and so in another unit than its value.

    >>> [is_per_unit(term) for term in ("time:arm[k]", "age", "time:baseline", "1", None)]
    [False, True, True, False, False]
    """
    if not isinstance(term, str) or term in INTERCEPT:
        return False
    return any(part.level is None and part.variable not in CODED for part in term_parts(term))


@dataclass(frozen=True)
class ValueDecimals:
    """Decimals of one value.

    Attributes
    ----------
    course : int
        Of means and deviations, as in the clinical course.
    shared : int
        Of effects in the unit of the value: the same, or one more where an end needs it.
    """

    course: int
    shared: int

    def of(self, row: Mapping[str, Any]) -> int:
        """Return the decimals of a row of ``group_mixed_effects``.

        Effects per unit of a covariate have two digits of the width of their interval.

        >>> row = {"term": "age", "estimate": 0.05, "ci_low": -0.1, "ci_high": 0.2}
        >>> ValueDecimals(1, 1).of(row)
        2
        """
        if not is_per_unit(row["term"]):
            return self.shared
        width = row["ci_high"] - row["ci_low"]
        own = decimals_for([width if is_number(width) else row["estimate"]]) - 1
        return max(own, self.shared)


def value_decimals(
    effects: pd.DataFrame, means: pd.DataFrame, course: pd.DataFrame
) -> ValueDecimals:
    """Return the decimals of a value: those of its clinical course.

    Parameters
    ----------
    effects, means : DataFrame
        ``group_mixed_effects`` and ``group_mixed_means`` of one model and value.
    course : DataFrame
        ``group_course`` of the outcome; empty for a measure.
    """
    source = course if len(course) else means
    decimals = clinical_decimals(source["sd"], source["mean"])
    if source["mean"].notna().sum() == 0 and len(effects):
        decimals = clinical_decimals([], effects["estimate"])
    half = 0.5 * 10.0**-decimals
    needed = any(
        is_number(row[name]) and 0.1 * half <= abs(row[name]) < half
        for row in records(effects)
        if not is_per_unit(row["term"])
        for name in ENDS
    )
    return ValueDecimals(decimals, decimals + int(needed))
