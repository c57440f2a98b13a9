"""Mixed models under each method and rule of degrees of freedom, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.reports.group_mixed_numbers import ValueDecimals, fixed, value_decimals
from bids_ketamine.reports.group_mixed_terms import INTERCEPT, TermWords
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.group_sensitivity_views import (
    MOST_ROWS,
    SensitivityView,
    left_out,
    side_of_limit,
)
from bids_ketamine.reports.group_sentences import SIGNIFICANCE
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import counted, p_value

METHODS = {"reml": "REML", "ml": "ML"}
RULES = {
    "satterthwaite": "Satterthwaite",
    "residual": "residual (n − p)",
    "kenward_roger": "Kenward-Roger",
    "containment": "containment",
}
KEYS = ["model", "value", "term"]
WAYS = ["method", "df_rule"]


class _SideBySide(NamedTuple):
    """Effects in rows, methods and rules in columns.

    Attributes
    ----------
    p, estimates : DataFrame
        Indexed by :data:`KEYS`, columns by :data:`WAYS`.
    ways : list of (str, str)
        Method and rule in order.
    crosses : Series of bool
        Whether p is below .05 under one way and not under another.
    """

    p: pd.DataFrame
    estimates: pd.DataFrame
    ways: list[tuple[str, str]]
    crosses: pd.Series


def mixed_sensitivity(
    effects: pd.DataFrame,
    value_words: Callable[[str], str],
    *,
    means: pd.DataFrame,
    course: pd.DataFrame,
) -> SensitivityView | None:
    """Compare mixed models under each method and rule of degrees of freedom.

    Parameters
    ----------
    effects : DataFrame
        ``group_mixed_effects``.
    value_words : callable
        Gives the name of an outcome or measure for the eye.
    means, course : DataFrame
        ``group_mixed_means`` and ``group_course``, from which decimals come.
    """
    found = _side_by_side(effects)
    if found is None:
        return None
    decimals = {
        (str(model), str(value)): value_decimals(
            own[own["term"].notna()],
            means[(means["model"] == model) & (means["value"] == value)],
            course[course["outcome"] == value],
        )
        for (model, value), own in effects.groupby(["model", "value"], sort=False)
    }
    several = int((found.p.notna().sum(axis=1) > 1).sum())
    n = int(found.crosses.sum())
    spread = (found.p.max(axis=1) - found.p.min(axis=1)).max()
    sentence = (
        f"Over {counted(len(found.ways), 'combination')} of method and degrees of freedom, {n:,} "
        f"of {counted(several, 'effect')} {'crosses' if n == 1 else 'cross'} p = .05; the largest "
        f"difference of two p values is {p_value(spread)}."
    )
    return SensitivityView(
        "Mixed models", unbroken(sentence), (_table(found, value_words, decimals),)
    )


def _side_by_side(effects: pd.DataFrame) -> _SideBySide | None:
    known = effects[effects["p_value"].notna() & ~effects["term"].isin(INTERCEPT)]
    present = set(zip(known["method"], known["df_rule"], strict=True))
    ways = [
        (method, rule)
        for method in dict.fromkeys([*METHODS, *known["method"]])
        for rule in dict.fromkeys([*RULES, *known["df_rule"]])
        if (method, rule) in present
    ]
    if len(ways) < 2:
        return None
    own = known.drop_duplicates([*KEYS, *WAYS])
    order = pd.MultiIndex.from_frame(own[KEYS].drop_duplicates())
    p, estimates = (
        own.pivot(index=KEYS, columns=WAYS, values=name).reindex(order)[ways]
        for name in ("p_value", "estimate")
    )
    n_small = (p < SIGNIFICANCE).sum(axis=1)
    return _SideBySide(p, estimates, ways, (n_small > 0) & (n_small < p.notna().sum(axis=1)))


def _table(
    found: _SideBySide,
    value_words: Callable[[str], str],
    of_values: Mapping[tuple[str, str], ValueDecimals],
) -> TableView:
    spread = found.p.max(axis=1) - found.p.min(axis=1)
    ranked = pd.DataFrame({"crosses": ~found.crosses, "spread": -spread})
    chosen = set(ranked.sort_values(["crosses", "spread"], kind="stable").index[:MOST_ROWS])
    words = TermWords(tuple(dict.fromkeys(found.p.index.get_level_values("term"))))
    methods = list(dict.fromkeys(method for method, _ in found.ways))
    rows: list[tuple[str, ...]] = []
    alarms = set()
    crosses = found.crosses.to_numpy(dtype=np.bool_)
    for place, key in enumerate(found.p.index.to_list()):
        if key not in chosen:
            continue
        cells: list[str] = []
        decimals = of_values[key[0], key[1]].of(_row(key[2], found.estimates.iloc[place]))
        for method in methods:
            own = [way for way in found.ways if way[0] == method]
            estimates = found.estimates[own].iloc[place].dropna()
            estimate = estimates.iloc[0] if len(estimates) else None
            cells.append(fixed(estimate, decimals))
            cells += [side_of_limit(each) for each in found.p[own].iloc[place]]
        if crosses[place]:
            alarms.add((len(rows), 2))
        model, value, term = map(str, key)
        rows.append((model, value_words(value), words.label(term), *cells))
    heads = [Column("Model"), Column("Value"), Column("Effect")]
    for method in methods:
        group = METHODS.get(method, method)
        heads.append(Column("estimate", numeric=True, group=group))
        rules = [RULES.get(rule, rule) for each, rule in found.ways if each == method]
        heads += [Column(f"p, {rule}", numeric=True, group=group) for rule in rules]
    note = left_out(len(found.p), "group_mixed_effects.tsv", "those that differ most,")
    return TableView(
        "Effects of mixed models by method and degrees of freedom",
        tuple(heads),
        tuple(rows),
        note=note,
        alarms=frozenset(alarms),
    )


def _row(term: str, estimates: pd.Series) -> dict[str, Any]:
    """Return what decimals of an effect rest on."""
    known = estimates.dropna()
    estimate = float(known.iloc[0]) if len(known) else np.nan
    return {"term": term, "estimate": estimate, "ci_low": np.nan, "ci_high": np.nan}
