"""Tests of behaviour in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_sentences import change_words
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.words import (
    decimals_for,
    equals_p,
    interval,
    is_absent,
    number,
    signed,
    text,
)
from bids_ketamine.study.spec import StudySpec

#: What is summarised: its name and unit for the eye.
QUANTITIES: Mapping[str, tuple[str, str]] = {
    "accuracy": ("Accuracy", "%"),
    "reaction_time": ("Reaction time", "s"),
}
#: Columns in the unit of the quantity.
_IN_UNIT = ("mean", "sd", "ci_low", "ci_high", "estimate")


def scaled(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with shares of correct answers in percent.

    Parameters
    ----------
    table : DataFrame
        Has a column ``quantity``.
    """
    table = table.copy()
    shares = table["quantity"].eq("accuracy")
    for name in _IN_UNIT:
        if name in table:
            table[name] = table[name].where(~shares, 100.0 * table[name])
    return table


def result_sentences(tests: pd.DataFrame, spec: StudySpec) -> list[str]:
    """State results with estimate and interval, in the order of the rows.

    Parameters
    ----------
    tests : DataFrame
        Rows of ``group_behaviour_tests`` with a p value.
    spec : StudySpec
        Sessions of changes, level of intervals.
    """
    return [_sentence(row, spec) for row in records(scaled(tests))]


def _sentence(row: Mapping[str, Any], spec: StudySpec) -> str:
    what, unit = QUANTITIES.get(str(row["quantity"]), (text(row["quantity"]), ""))
    where = "all conditions" if row["condition"] == "all" else text(row["condition"])
    arm, size = text(row["arm"], "all"), text(row["n"])
    opening = f"{what} ({text(row['task'])}, {where}), {change_words(row, spec)}"
    if row["test"] == "welch":
        opening += f": change in {arm.replace(' - ', ' minus in ')} "
        size += f" and {text(row['n_second'])}"
    else:
        opening += f" ({'all participants' if arm == 'all' else arm}): mean change "
    width = row["ci_high"] - row["ci_low"]
    decimals = decimals_for([width if width == width else row["estimate"]])
    shown = "percentage points" if unit == "%" else unit
    level = f"{100 * spec.group.confidence_level:g} %"
    numbers = (
        f"{signed(row['estimate'], decimals)} {shown} ({level} interval "
        f"{interval(row['ci_low'], row['ci_high'], decimals)}), "
        f"t({number(row['df'], 1 if row['test'] == 'welch' else 0)}) = "
        f"{number(row['statistic'], 2)}, {equals_p(row['p_value'], 'p')}"
    )
    if not is_absent(row["effect_size"]):
        numbers += f", g = {number(row['effect_size'], 2)}"
    numbers += f", n = {size}."
    # A line must not end between a symbol and its number.
    for joint in (" = ", " < ", " %"):
        numbers = numbers.replace(joint, joint.replace(" ", "\u00a0"))
    return opening + numbers
