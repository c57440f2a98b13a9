"""Baseline characteristics by arm, and tests of whether the arms differ (Table 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.clinical.contingency import (
    SMALL_EXPECTED_COUNT,
    chi_square,
    fisher_exact,
)
from bids_ketamine.core.clinical.welch_anova import welch_anova
from bids_ketamine.core.group.analysis import arm_members
from bids_ketamine.core.group.moments import BoolArray, FloatArray, as_columns, moments
from bids_ketamine.core.group.results import NO_VARIATION
from bids_ketamine.core.group.t_tests import welch_t_test

#: Kinds of variables: described by mean and deviation, or by counts of levels.
NUMBERS = ("numeric", "outcome")
LEVELS = ("categorical", "ordered")

WELCH, WELCH_ANOVA = "welch", "welch_anova"
CHI_SQUARE, CHI_SQUARE_YATES = "chi_square", "chi_square_yates"

ROW_COLUMNS = (
    "variable",
    "kind",
    "level",
    "arm",
    "n",
    "missing",
    "mean",
    "sd",
    "count",
    "percent",
)
TEST_COLUMNS = ("variable", "test", "statistic", "df", "df_second", "p_value", "reason")

#: How many levels a remark names.
LEVELS_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class TableOne:
    """Descriptions and tests.

    Attributes
    ----------
    rows : DataFrame
        :data:`ROW_COLUMNS`: one row a variable, level and arm, ``all`` participants first.
    tests : DataFrame
        :data:`TEST_COLUMNS`: one row a variable; none with fewer than two arms.
    """

    rows: pd.DataFrame
    tests: pd.DataFrame


def table_one(
    values: pd.DataFrame,
    *,
    kinds: Mapping[str, str],
    arms: pd.Series,
    levels: Sequence[str],
    yates: bool,
) -> TableOne:
    """Describe variables in everybody and in each arm, and compare the arms.

    Numbers are compared by Welch's t test (a further arm minus the reference arm), or by Welch's
    analysis of variance if there are three arms or more; counts of levels by chi-square. Everything
    is over the participants whose value is known, variable by variable.

    Parameters
    ----------
    values : DataFrame of shape (n_participants, n_variables)
        Index: participants. Numbers in their unit, or levels as text or numbers; NaN, None or
        empty text where unknown. A column of pandas categories keeps their order, and shows also
        those that nobody has; levels of other columns stand in sorted order.
    kinds : mapping of str to {"numeric", "outcome", "categorical", "ordered"}
        Kind of each variable.
    arms : Series of str
        Arm by participant; who is in none of the levels counts among ``all`` alone.
    levels : sequence of str
        Arms in order, the reference first; empty for a study without arms.
    yates : bool
        Correct the chi-square of 2 x 2 tables for continuity.

    Returns
    -------
    TableOne
        A test that cannot be computed has NaN and a ``reason``. A chi-square with expected counts
        below 5 is computed, and its ``reason`` says so, beside the p value of Fisher's exact test
        where the table is 2 x 2.

    Raises
    ------
    ValueError
        If a variable has no kind or an unknown one, or a numeric one holds something else than
        numbers.

    References
    ----------
    Cochran, W. G. (1954). Some methods for strengthening the common chi-square tests. Biometrics
    10, 417-451 (on expected counts below 5).

    Examples
    --------
    >>> people = ["sub-01", "sub-02", "sub-03", "sub-04"]
    >>> found = table_one(
    ...     pd.DataFrame({"age": [31.0, 35.0, 40.0, 46.0]}, index=people),
    ...     kinds={"age": "numeric"},
    ...     arms=pd.Series(["placebo", "placebo", "drug", "drug"], index=people),
    ...     levels=["placebo", "drug"],
    ...     yates=True,
    ... )
    >>> found.rows[["arm", "n", "mean"]].to_numpy().tolist()
    [['all', 4, 38.0], ['placebo', 2, 33.0], ['drug', 2, 43.0]]
    >>> round(found.tests["statistic"].item(), 4), round(found.tests["df"].item(), 3)
    (2.7735, 1.742)
    """
    for name in values.columns:
        if kinds.get(name) not in (*NUMBERS, *LEVELS):
            known = ", ".join((*NUMBERS, *LEVELS))
            raise ValueError(f"the kind of {name} must be one of {known}: {kinds.get(name)}")
    of_participants = arms.reindex(values.index).tolist()
    members = arm_members(arms=of_participants, levels=levels)
    rows: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    for name in values.columns:
        label = {"variable": name, "kind": kinds[name]}
        described: Iterator[dict[str, Any]]
        if kinds[name] in NUMBERS:
            numbers = _numbers(values[name])
            described = _number_rows(numbers, members)
            compare = partial(_number_test, numbers)
        else:
            categories = _categories(values[name])
            described = _level_rows(categories, members)
            compare = partial(_level_test, categories, yates=yates)
        rows += [label | row for row in described]
        if len(levels) > 1:
            tests.append({"variable": name} | compare(members, levels))
    return TableOne(
        rows=pd.DataFrame(rows, columns=list(ROW_COLUMNS)),
        tests=pd.DataFrame(tests, columns=list(TEST_COLUMNS)),
    )


def _numbers(column: pd.Series) -> FloatArray:
    try:
        return np.asarray(column.astype(np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{column.name} is numeric but holds something else: {error}") from error


def _categories(column: pd.Series) -> pd.Categorical:
    """Return the levels of a variable; whole numbers are written without a point."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = [_text(level) for level in column.cat.categories]
        return pd.Categorical(column.cat.rename_categories(levels))
    texts = [None if pd.isna(cell) or cell == "" else cell for cell in column.astype(object)]
    known = {cell for cell in texts if cell is not None}
    are_numbers = all(isinstance(cell, int | float | np.number) for cell in known)
    in_order = sorted(known) if are_numbers else sorted(known, key=str)
    levels = list(dict.fromkeys(_text(level) for level in in_order))
    return pd.Categorical(
        [None if cell is None else _text(cell) for cell in texts], categories=levels
    )


def _text(level: Any) -> str:
    is_whole = isinstance(level, float | np.floating) and float(level).is_integer()
    return str(int(level)) if is_whole else str(level)


def _number_rows(numbers: FloatArray, members: Mapping[str, BoolArray]) -> Iterator[dict[str, Any]]:
    for arm, member in members.items():
        column = as_columns(numbers[member], name="values")
        found = moments(column, present=np.isfinite(column))
        n = int(found.n[0])
        yield {
            "level": "",
            "arm": arm,
            "n": n,
            "missing": int(member.sum()) - n,
            "mean": found.mean[0],
            "sd": np.sqrt(found.sum_of_squares[0] / (n - 1)) if n > 1 else np.nan,
        }


def _level_rows(
    categories: pd.Categorical, members: Mapping[str, BoolArray]
) -> Iterator[dict[str, Any]]:
    """Yield a row a level; one without a level if nobody's is known."""
    for code, level in enumerate(categories.categories.tolist() or [""]):
        for arm, member in members.items():
            codes = categories.codes[member]
            n = int((codes >= 0).sum())
            count = int((codes == code).sum())
            yield {
                "level": level,
                "arm": arm,
                "n": n,
                "missing": len(codes) - n,
                "count": count,
                "percent": 100.0 * count / n if n else np.nan,
            }


def _number_test(
    numbers: FloatArray, members: Mapping[str, BoolArray], levels: Sequence[str]
) -> dict[str, Any]:
    # The level of an interval that is not shown does not matter.
    groups = [numbers[members[level]] for level in levels]
    if len(groups) == 2:
        test = welch_t_test(first=groups[1], second=groups[0], confidence_level=0.95)
        return {
            "test": WELCH,
            "statistic": float(test.statistic),
            "df": float(test.df),
            "df_second": np.nan,
            "p_value": float(test.p_value),
            "reason": str(test.reason),
        }
    anova = welch_anova(groups)
    return {
        "test": WELCH_ANOVA,
        "statistic": anova.f_value,
        "df": anova.df,
        "df_second": anova.df_second,
        "p_value": anova.p_value,
        "reason": anova.reason,
    }


def _level_test(
    categories: pd.Categorical,
    members: Mapping[str, BoolArray],
    levels: Sequence[str],
    *,
    yates: bool,
) -> dict[str, Any]:
    n_levels = len(categories.categories)
    counts = np.array(
        [
            np.bincount(of_arm[of_arm >= 0], minlength=n_levels)
            for of_arm in (categories.codes[members[level]] for level in levels)
        ]
    ).reshape(len(levels), n_levels)
    somebody: BoolArray = np.any(counts, axis=0)
    found = counts[:, somebody]
    test = chi_square(found, yates=yates)
    unknown = [level for level, row in zip(levels, found, strict=True) if not row.any()]
    reasons = [test.reason] if test.reason else []
    if unknown:
        reasons = [f"no known value in {', '.join(unknown)}"]
    elif found.shape[1] < 2:
        reasons = [NO_VARIATION]
    elif test.n_small:
        reasons.append(_small_counts(found, test.n_small))
    if not somebody.all() and not test.reason:
        nobody = [str(each) for each in categories.categories[~somebody]]
        more = f" and {len(nobody) - LEVELS_NAMED} more" if len(nobody) > LEVELS_NAMED else ""
        names = ", ".join(nobody[:LEVELS_NAMED]) + more
        reasons.append(f"without the levels that nobody in an arm has: {names}")
    return {
        "test": CHI_SQUARE_YATES if test.corrected else CHI_SQUARE,
        "statistic": test.statistic,
        "df": test.df,
        "df_second": np.nan,
        "p_value": test.p_value,
        "reason": "; ".join(reasons),
    }


def _small_counts(counts: np.ndarray, n_small: int) -> str:
    said = f"{n_small} of {counts.size} expected counts are below {SMALL_EXPECTED_COUNT:g}"
    if counts.shape != (2, 2):
        return said
    return f"{said}; Fisher's exact test: p = {fisher_exact(counts).p_value:.3g}"
