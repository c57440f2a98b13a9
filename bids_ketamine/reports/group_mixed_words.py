"""Sentences on mixed models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_mixed_numbers import (
    ValueDecimals,
    fixed_interval,
    fixed_signed,
)
from bids_ketamine.reports.group_mixed_terms import TermWords, by_interest
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.group_sensitivity_views import side_of_limit
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.words import (
    ABSENT,
    counted,
    equals_p,
    is_number,
    number,
    p_value,
    text,
)

METHODS = {"reml": "REML", "ml": "ML"}
RULES = {
    "satterthwaite": "Satterthwaite",
    "residual": "residual, n − p",
    "kenward_roger": "Kenward-Roger",
    "containment": "containment",
}
INTERVALS = {"profile": "profile likelihood", "bootstrap": "bootstrap-t"}
#: Rules whose degrees of freedom are not whole.
FRACTIONAL = ("satterthwaite", "kenward_roger")
SIGNIFICANCE = 0.05


def rule_words(rule: Any) -> str:
    """Return the name of a rule of degrees of freedom."""
    return RULES.get(text(rule), text(rule).replace("_", " "))


def method_words(method: Any) -> str:
    """Return the name of a method of estimation."""
    return METHODS.get(text(method), text(method))


def df_words(df: Any, rule: Any) -> str:
    """Return degrees of freedom, with a decimal where they are not whole.

    >>> df_words(22.04, "satterthwaite"), df_words(37.0, "residual")
    ('22.0', '37')
    """
    return number(df, 1 if text(rule) in FRACTIONAL else 0)


def effect_sentence(
    row: Mapping[str, Any],
    words: TermWords,
    *,
    value: str,
    unit: str,
    level: str,
    decimals: ValueDecimals,
) -> str:
    """State one fixed effect with its interval, test and rule.

    Parameters
    ----------
    row : mapping
        A row of ``group_mixed_effects``.
    words : TermWords
        Words for terms.
    value, unit : str
        What is modelled, and its unit.
    level : str
        Level of the interval.
    decimals : ValueDecimals
        Of the value.
    """
    opening = f"{value}: {words.of(text(row['term']))}"
    if not is_number(row["estimate"]):
        return f"{opening} could not be estimated: {text(row['reason'], 'no reason is given')}."
    places = decimals.of(row)
    shown = f"{opening} {fixed_signed(row['estimate'], places)}{' ' + unit if unit else ''}"
    kind = INTERVALS.get(text(row["interval"]), "")
    kind = f"{level}{' ' + kind if kind else ''} interval"
    limits = fixed_interval(row["ci_low"], row["ci_high"], places)
    parts = [f"no {kind}" if limits == ABSENT else f"{kind} {limits}"]
    if is_number(row["p_value"]):
        df = df_words(row["df"], row["df_rule"])
        parts.append(f"t({df}) = {number(row['t'], 2)}, {equals_p(row['p_value'], 'p')}")
    else:
        parts.append(f"no p value: {text(row['reason'], 'no degrees of freedom')}")
    parts.append(f"{method_words(row['method'])}, {rule_words(row['df_rule'])}")
    return unbroken(f"{shown} ({'; '.join(parts)}).")


def joint_sentence(row: Mapping[str, Any], *, value: str) -> str:
    """State the F test of a term that has several effects.

    Parameters
    ----------
    row : mapping
        A row of ``group_mixed_tests``.
    value : str
        What is modelled.
    """
    opening = f"{value}: {text(row['term']).replace(':', ' × ')}, all levels together"
    if not is_number(row["f_value"]):
        return f"{opening}, could not be tested: {text(row['reason'], 'no reason is given')}."
    told = [f_words(row)]
    told.append(
        equals_p(row["p_value"], "p")
        if is_number(row["p_value"])
        else f"no p value: {text(row['reason'], 'no degrees of freedom')}"
    )
    way = f"{method_words(row['method'])}, {rule_words(row['df_rule'])}"
    return unbroken(f"{opening}: {', '.join(told)} ({way}).")


def f_words(row: Mapping[str, Any]) -> str:
    """Return the F of a row of ``group_mixed_tests`` with its degrees of freedom.

    >>> f_words({"num_df": 2.0, "den_df": 22.57, "df_rule": "satterthwaite", "f_value": 1.234})
    'F(2, 22.6) = 1.23'
    """
    df = f"{number(row['num_df'], 0)}, {df_words(row['den_df'], row['df_rule'])}"
    return f"F({df}) = {number(row['f_value'], 2)}"


def main_rows(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the effects by the first method and rule with a test, terms of interest first.

    Parameters
    ----------
    effects : DataFrame
        ``group_mixed_effects`` of one model and value.
    """
    if effects.empty:
        return effects
    # A rule that a method does not have is no way to tell of.
    first = effects.iloc[int(effects["p_value"].notna().to_numpy().argmax())]
    same = (effects["method"] == first["method"]) & (effects["df_rule"] == first["df_rule"])
    own = effects[same]
    order = by_interest(own["term"].astype(str))
    places = own["term"].astype(str).map({term: place for place, term in enumerate(order)})
    return own.loc[places.dropna().sort_values(kind="stable").index]


def disagreement_sentences(effects: pd.DataFrame, words: TermWords) -> list[str]:
    """Name terms whose p lies on both sides of .05, by rule and method.

    Parameters
    ----------
    effects : DataFrame
        ``group_mixed_effects`` of one model and value.
    words : TermWords
        Words for terms.
    """
    sentences = []
    for term in by_interest(effects["term"].astype(str)):
        own = effects[effects["term"] == term].dropna(subset="p_value")
        small = own["p_value"] < SIGNIFICANCE
        if small.all() or not small.any():
            continue
        told = [
            f"{method_words(row['method'])}, {rule_words(row['df_rule'])}: "
            f"p = {side_of_limit(row['p_value'])}".replace("= <", "<")
            for row in records(own)
        ]
        sentences.append(
            unbroken(
                f"Which side of .05 the p of {words.label(term)} lies on depends on the method "
                f"({'; '.join(told)})."
            )
        )
    return sentences


def count_sentence(rows: pd.DataFrame, label: str) -> str:
    """Say of how many values a term has p < .05, and how many chance alone would give.

    Parameters
    ----------
    rows : DataFrame
        Main rows of one term, one a value.
    label : str
        The term in few words.
    """
    p = rows["p_value"].dropna()
    if len(p) < 2:
        return ""
    small = int((p < SIGNIFICANCE).sum())
    return (
        f"{label}, {counted(len(p), 'value')}: {small} {'has' if small == 1 else 'have'} p < .05, "
        f"where {number(SIGNIFICANCE * len(p), 1)} would be expected by chance. The smallest p is "
        f"{p_value(p.min())}; p values are not corrected for the number of values."
    )


def ordered_rules(effects: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs of method and rule that effects have, those known first.

    Parameters
    ----------
    effects : DataFrame
        ``group_mixed_effects``.
    """
    methods = in_order(effects["method"], list(METHODS))
    rules = in_order(effects["df_rule"], list(RULES))
    present = set(zip(effects["method"], effects["df_rule"], strict=True))
    return [(m, r) for m in methods for r in rules if (m, r) in present]
