"""Improvement in a clinical outcome: its mean in each arm, and differences of arms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_clinical_names import clinical_decimals
from bids_ketamine.reports.group_data import FEW
from bids_ketamine.reports.group_summaries import WITHHELD
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    equals_p,
    interval,
    is_absent,
    number,
    p_value,
    signed,
    text,
)

MINUS = " - "


def improvement_effects(
    table: pd.DataFrame, *, outcome: str, change: str, arms: Sequence[str]
) -> pd.DataFrame:
    """Return mean improvement of all and of the arms that are shown, and differences of these.

    Parameters
    ----------
    table : DataFrame
        ``group_improvement``.
    outcome, change : str
        What improves, over which change.
    arms : sequence of str
        Arms that are shown. One arm alone is everybody.

    Returns
    -------
    DataFrame
        Rows of the table; the arm of a difference is ``ketamine - placebo``.
    """
    means = list(arms) if len(arms) == 1 else ["all", *arms]
    differences = [f"{one}{MINUS}{other}" for one in arms for other in arms if one != other]
    own = table[table["outcome"].eq(outcome) & table["change"].eq(change)]
    is_difference = own["n_second"].notna()
    shown = own["arm"].isin(means) & ~is_difference | own["arm"].isin(differences) & is_difference
    return own[shown].drop(columns=["outcome", "change"]).reset_index(drop=True)


def difference_words(arm: Any) -> str:
    """Return the difference of two arms for the eye.

    >>> difference_words("ketamine - placebo")
    'ketamine minus placebo'
    """
    return text(arm).replace(MINUS, " minus ")


def effects_table(effects: pd.DataFrame, *, title: str, unit: str, level: str) -> TableView:
    """Return mean improvement by arm and differences of arms.

    Parameters
    ----------
    effects : DataFrame
        Rows of :func:`improvement_effects`.
    title, unit : str
        What improves, and its unit.
    level : str
        Level of intervals, such as ``95 %``.
    """
    decimals = _decimals(effects)
    rows = []
    for row in records(effects):
        size = text(row["n"])
        if not is_absent(row["n_second"]):
            size += f" and {text(row['n_second'])}"
        shown = number(row["estimate"], decimals)
        if is_absent(row["estimate"]):
            shown = WITHHELD if row["reason"] == FEW and row["n"] else ABSENT
        elif is_absent(row["n_second"]) and not is_absent(row["sd"]):
            shown += f" ({number(row['sd'], decimals)})"
        limits = interval(row["ci_low"], row["ci_high"], decimals)
        rows.append(
            (
                *(difference_words(row["arm"]), size, shown, limits, _statistic(row)),
                *(p_value(row["p_value"]), number(row["effect_size"], 2)),
            )
        )
    heads = ("n", "mean (SD)", f"{level} interval", "t (df)", "p", "g")
    columns = (Column("Arm"), *(Column(each, numeric=True) for each in heads))
    note = (
        "Positive: better. Means are tested against zero, differences with Welch\u2019s t test; "
        "g: Hedges\u2019 g. p is not corrected."
    )
    return TableView(f"Improvement, {title}, {unit}", columns, tuple(rows), note=note)


def _statistic(row: Any) -> str:
    if is_absent(row["statistic"]):
        return ABSENT
    return f"{number(row['statistic'], 2)} ({number(row['df'], _df_decimals(row))})"


def _df_decimals(row: Any) -> int:
    return 0 if is_absent(row["n_second"]) else 1


def effect_sentences(
    effects: pd.DataFrame, *, title: str, unit: str, level: str, change: str
) -> list[str]:
    """State differences of arms first, then the mean of each arm, with intervals.

    Parameters
    ----------
    effects : DataFrame
        Rows of :func:`improvement_effects`.
    title, unit : str
        What improves, and its unit.
    level : str
        Level of intervals, such as ``95 %``.
    change : str
        The two sessions in words.
    """
    decimals, told = _decimals(effects), []
    ordered = pd.concat([effects[effects["n_second"].notna()], effects[effects["n_second"].isna()]])
    for row in records(ordered.dropna(subset=["ci_low", "ci_high"])):
        arm = text(row["arm"])
        if is_absent(row["n_second"]):
            who = "all participants" if arm == "all" else arm
            opening = f"Improvement in {title} ({change}), {who}: mean "
            size = text(row["n"])
        else:
            opening = f"Improvement in {title} ({change}), {difference_words(arm)}: "
            size = f"{text(row['n'])} and {text(row['n_second'])}"
        numbers = (
            f"{signed(row['estimate'], decimals)} {unit} ({level} interval "
            f"{interval(row['ci_low'], row['ci_high'], decimals)}), "
            f"t({number(row['df'], _df_decimals(row))}) = {number(row['statistic'], 2)}, "
            f"{equals_p(row['p_value'], 'p')}, g = {number(row['effect_size'], 2)}, n = {size}."
        )
        # A line must not end between a symbol and its number.
        for joint in (" = ", " < ", " %"):
            numbers = numbers.replace(joint, joint.replace(" ", "\u00a0"))
        told.append(opening + numbers)
    return told


def _decimals(effects: pd.DataFrame) -> int:
    return clinical_decimals(effects["sd"], effects["estimate"])
