"""Tables of mixed models: estimates by method and rule, tests, variances, means, participants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_mixed_numbers import (
    ValueDecimals,
    fixed,
    fixed_interval,
    fixed_signed,
)
from bids_ketamine.reports.group_mixed_terms import INTERCEPT, TermWords, by_interest
from bids_ketamine.reports.group_mixed_troubles import is_fitted, zero_variances
from bids_ketamine.reports.group_mixed_words import (
    INTERVALS,
    METHODS,
    df_words,
    method_words,
    ordered_rules,
    rule_words,
)
from bids_ketamine.reports.group_peb_tables import table_view
from bids_ketamine.reports.group_summaries import FEWEST_WITHOUT_INDIVIDUALS, WITHHELD
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    is_absent,
    is_number,
    number,
    p_value,
    text,
)

EFFECTS_FILE = "group_mixed_effects.tsv"


def effects_table(
    effects: pd.DataFrame, words: TermWords, *, unit: str, level: str, decimals: ValueDecimals
) -> TableView | None:
    """Return fixed effects, methods below each other and rules side by side.

    Parameters
    ----------
    effects : DataFrame
        ``group_mixed_effects`` of one model and value.
    words : TermWords
        Words for terms.
    unit, level : str
        Unit of estimates, and level of intervals.
    decimals : ValueDecimals
        Of the value.
    """
    if effects.empty:
        return None
    ways = ordered_rules(effects)
    methods, rules = (list(dict.fromkeys(way[at] for way in ways)) for at in (0, 1))
    # The errors of Kenward and Roger are larger than others.
    own_errors = bool(effects.groupby(["term", "method"])["se"].nunique().gt(1).any())
    present = effects["term"].astype(str)
    terms = [*by_interest(present), *(t for t in dict.fromkeys(present) if t in INTERCEPT)]
    cells = []
    for term in terms:
        for method in methods:
            own = effects[(present == term) & (effects["method"] == method)]
            if len(own):
                found = {text(row["df_rule"]): row for row in records(own)}
                start = (words.label(term), words.of(term), method_words(method))
                cells.append((*start, *_effect_cells(found, rules, own_errors, decimals)))
    heads = ["SE", "t"]
    columns = [
        *(Column("Term"), Column("What it compares", wide=True), Column("Method")),
        Column(f"estimate{', ' + unit if unit else ''}", numeric=True),
        *(Column(name, numeric=True) for name in ([] if own_errors else heads)),
    ]
    for rule in rules:
        names = [*(heads if own_errors else []), "df", "p", f"{level} interval"]
        columns += [Column(name, numeric=True, group=rule_words(rule)) for name in names]
    kinds = [INTERVALS[kind] for kind in in_order(effects["interval"], []) if kind in INTERVALS]
    note = f"Intervals: {kinds[0]}; they are the same under every rule." if kinds else ""
    note = f"{note} {_why_not(effects, 'estimate', 'Without an estimate')}".strip()
    return table_view("Fixed effects", columns, cells, len(cells), note, EFFECTS_FILE)


def _effect_cells(
    found: Mapping[str, Mapping[str, Any]],
    rules: Sequence[str],
    own_errors: bool,
    of_value: ValueDecimals,
) -> list[str]:
    first = next((row for row in found.values() if is_number(row["estimate"])), None)
    first = first or next(iter(found.values()))
    decimals = of_value.of(first)
    errors = [fixed(first["se"], decimals + 1), number(first["t"], 2)]
    plain = text(first["term"]) in INTERCEPT
    shown = (fixed if plain else fixed_signed)(first["estimate"], decimals)
    cells = [shown, *([] if own_errors else errors)]
    for rule in rules:
        row = found.get(rule)
        if row is None:
            cells += [ABSENT] * (5 if own_errors else 3)
            continue
        if own_errors:
            cells += [fixed(row["se"], decimals + 1), number(row["t"], 2)]
        limits = fixed_interval(row["ci_low"], row["ci_high"], decimals)
        cells += [df_words(row["df"], rule), p_value(row["p_value"]), limits]
    return cells


def _why_not(rows: pd.DataFrame, column: str, opening: str) -> str:
    """Say why rows lack a number; each reason once."""
    lacking = rows[rows[column].isna()]["reason"]
    reasons = dict.fromkeys(text(each).rstrip(".") for each in lacking if not is_absent(each))
    return f"{opening}: {'; '.join(reasons)}." if reasons else ""


def tests_table(tests: pd.DataFrame) -> TableView | None:
    """Return the F test of every term, by method and rule.

    Parameters
    ----------
    tests : DataFrame
        ``group_mixed_tests`` of one model and value.
    """
    # A model that could not be fitted has rows without terms.
    tests = tests[tests["term"].notna()]
    if tests.empty:
        return None
    ways = ordered_rules(tests)
    methods, rules = (list(dict.fromkeys(way[at] for way in ways)) for at in (0, 1))
    cells = []
    for term in by_interest(tests["term"].astype(str)):
        for method in methods:
            own = tests[(tests["term"].astype(str) == term) & (tests["method"] == method)]
            if own.empty:
                continue
            found = {text(row["df_rule"]): row for row in records(own)}
            row_cells = [term.replace(":", " × "), method_words(method)]
            for rule in rules:
                row_cells += _test_cells(found.get(rule), rule)
            cells.append(tuple(row_cells))
    columns = [Column("Term"), Column("Method")]
    for rule in rules:
        group = rule_words(rule)
        columns += [Column(name, numeric=True, group=group) for name in ("df", "F", "p")]
    note = (
        "Each term is tested after all others and averaged over the levels of the categories that "
        "it interacts with (type III); the estimates above hold at their reference levels."
    )
    note = f"{note} {_why_not(tests, 'f_value', 'Without a test')}".strip()
    file = "group_mixed_tests.tsv"
    return table_view("Tests of terms", columns, cells, len(cells), note, file) if cells else None


def _test_cells(row: Mapping[str, Any] | None, rule: str) -> list[str]:
    if row is None or not is_number(row["f_value"]):
        return [ABSENT] * 3
    df = f"{number(row['num_df'], 0)}, {df_words(row['den_df'], rule)}"
    return [df, number(row["f_value"], 2), p_value(row["p_value"])]


def fits_table(fits: pd.DataFrame, decimals: ValueDecimals) -> TableView | None:
    """Return variances and criteria of each fit.

    Parameters
    ----------
    fits : DataFrame
        ``group_mixed_fits`` of one model and value.
    decimals : ValueDecimals
        Of the value; deviations have one more.
    """
    fits = fits[[is_fitted(row) for row in records(fits)]]
    if fits.empty:
        return None
    slopes = fits["sd_slope"].notna().any()
    cells = []
    for row in records(fits.iloc[[fits["method"].tolist().index(m) for m in
                                  in_order(fits["method"], list(METHODS))]]):  # fmt: skip
        spread = _spread_cells(row, decimals.course + 1, with_slopes=bool(slopes))
        cells.append(
            (
                method_words(row["method"]),
                number(row["n_participants"], 0),
                number(row["n_observations"], 0),
                *spread,
                fixed(row["sd_residual"], decimals.course + 1),
                number(row["log_likelihood"], 2),
                number(row["aic"], 1),
                number(row["bic"], 1),
                "yes" if row["converged"] else "no",
                "yes" if row["boundary"] else "no",
            )
        )
    names = ["participants", "values"]
    spreads = ["intercepts", *(["slopes", "their r"] if slopes else []), "residuals"]
    criteria = ["log-likelihood", "AIC", "BIC"]
    columns = (
        Column("Method"),
        *(Column(name, numeric=True) for name in names),
        *(Column(name, numeric=True, group="standard deviation") for name in spreads),
        *(Column(name, numeric=True) for name in criteria),
        *(Column(name) for name in ("converged", "at a boundary")),
    )
    note = "Likelihoods of REML compare no models with other fixed effects."
    return TableView("Variances and fits", columns, tuple(cells), note=note)


def _spread_cells(row: Mapping[str, Any], decimals: int, *, with_slopes: bool) -> list[str]:
    """Return the deviations of participants; one at zero correlates with nothing."""
    at_zero = zero_variances(row)
    intercepts, slopes = (
        "0" if zero else fixed(row[name], decimals)
        for zero, name in zip(at_zero, ("sd_participant", "sd_slope"), strict=True)
    )
    correlation = ABSENT if any(at_zero) else number(row["correlation"], 2)
    return [intercepts, *([slopes, correlation] if with_slopes else [])]


def means_table(
    means: pd.DataFrame,
    *,
    sessions: Sequence[str],
    arms: Sequence[str],
    unit: str,
    level: str,
    decimals: ValueDecimals,
    individual_data: bool,
) -> TableView | None:
    """Return what entered, by session and arm.

    Parameters
    ----------
    means : DataFrame
        ``group_mixed_means`` of one model and value.
    sessions, arms : sequence of str
        Order of rows; ``all`` comes first.
    unit, level : str
        Unit of means, and level of intervals.
    decimals : ValueDecimals
        Of the value.
    individual_data : bool
        Whether a mean over one or two participants may be told.
    """
    if means.empty:
        return None
    places = decimals.course
    found = {(text(row["session"]), text(row["arm"])): row for row in records(means)}
    # Whom the model does not take in is no row of it.
    empty = {arm for arm, n in means.groupby("arm")["n"].max().items() if n == 0}
    cells = []
    for session in sessions:
        for arm in ["all", *arms]:
            row = found.get((session, arm))
            if row is None or arm in empty:
                continue
            few = 0 < row["n"] < FEWEST_WITHOUT_INDIVIDUALS and not individual_data
            shown = f"{fixed(row['mean'], places)} ({fixed(row['sd'], places)})"
            limits = fixed_interval(row["ci_low"], row["ci_high"], places)
            is_known = not few and is_number(row["mean"])
            told = (shown, limits) if is_known else (WITHHELD if few else ABSENT, ABSENT)
            cells.append((session, arm, number(row["n"], 0), *told))
    columns = (
        *(Column("Session"), Column("Arm")),
        *(Column(name, numeric=True) for name in ("n", "mean (SD)", f"{level} interval")),
    )
    caption = f"What entered{', ' + unit if unit else ''}"
    return TableView(caption, columns, tuple(cells)) if cells else None
