"""Association of two variables over participants: correlation, counts by category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from bids_ketamine.core.group.moments import (
    FloatArray,
    as_pairs,
    is_constant,
    moments,
    nan_where,
)
from bids_ketamine.core.group.results import (
    NO_VARIATION,
    TestResult,
    reasons,
    shaped,
    upper_quantile,
)


@dataclass(frozen=True, kw_only=True)
class ChiSquareResult:
    """A test of independence of rows and columns.

    Attributes
    ----------
    statistic : float
        Chi-square; NaN where there is no test.
    df : float
        Degrees of freedom.
    p_value : float
        Upper tail of the chi-square distribution.
    n : int
        Participants counted.
    expected : ndarray of shape (n_rows, n_columns)
        Counts expected under independence.
    effect_size : float
        Cramer's V, sqrt(chi-square without correction / (n (min(rows, columns) - 1))).
    reason : str
        Why nothing was computed; empty where something was.
    """

    statistic: float
    df: float
    p_value: float
    n: int
    expected: FloatArray
    effect_size: float
    reason: str


def pearson_correlation(
    *, first: ArrayLike, second: ArrayLike, confidence_level: float
) -> TestResult:
    """Correlate two values of the same participants.

    t = r sqrt(nu / (1 - r^2)) with nu = n - 2; the interval is
    tanh(artanh(r) -+ z / sqrt(n - 3)), z the normal quantile. It is NaN for three participants.

    Parameters
    ----------
    first, second : array_like of shape (n_participants,) or (n_participants, n_measures)
        Values, row by row of the same participant; a pair with NaN is left out. One of them may
        have one dimension, such as an outcome, and serves all measures of the other.
    confidence_level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    TestResult
        The estimate and the effect size are r.

    Raises
    ------
    ValueError
        If the shapes do not agree or the level is not between 0 and 1.

    References
    ----------
    Fisher, R. A. (1921). On the "probable error" of a coefficient of correlation deduced from a
    small sample. Metron 1, 3-32.

    Examples
    --------
    >>> result = pearson_correlation(
    ...     first=[1, 2, 3, 4, 5], second=[2, 1, 4, 3, 5], confidence_level=0.95
    ... )
    >>> round(float(result.estimate), 3), round(float(result.p_value), 3)
    (0.8, 0.104)
    """
    one, two, shape = as_pairs(first, second)
    present = np.isfinite(one) & np.isfinite(two)
    x, y = moments(one, present=present), moments(two, present=present)
    products = np.einsum(
        "ij,ij->j", np.where(present, one - x.mean, 0.0), np.where(present, two - y.mean, 0.0)
    )
    reason = reasons(
        n=x.n, needed=3, constant=is_constant(x) | is_constant(y), constant_reason=NO_VARIATION
    )
    failed = reason != ""
    # Two roots: the product of the sums of squares may leave the range of float64.
    scale = np.sqrt(x.sum_of_squares) * np.sqrt(y.sum_of_squares)
    r = np.clip(products / nan_where(failed, scale), -1.0, 1.0)
    df = nan_where(failed, x.n - 2)
    standard_error = 1 / np.sqrt(nan_where(x.n < 4, x.n - 3))
    margin = standard_error * stats.norm.ppf(upper_quantile(confidence_level))
    with np.errstate(divide="ignore"):  # r = 1 has an infinite t, and 1 as both its limits
        statistic = r * np.sqrt(df / ((1 - r) * (1 + r)))
        z = np.arctanh(r)
    fields = {
        "estimate": r,
        "statistic": statistic,
        "df": df,
        "p_value": 2 * stats.t.sf(np.abs(statistic), df),
        "ci_low": np.tanh(z - margin),
        "ci_high": np.tanh(z + margin),
        "n": x.n.astype(np.int64),
        "effect_size": r,
        "reason": reason,
    }
    return TestResult(**shaped(fields, shape))


def contingency_table(*, rows: ArrayLike, columns: ArrayLike) -> pd.DataFrame:
    """Count participants by two categories.

    Parameters
    ----------
    rows, columns : array_like of shape (n_participants,)
        Category of each participant, text or numbers; one with a missing category is left out.

    Returns
    -------
    DataFrame of shape (n_row_categories, n_column_categories)
        Counts, categories in sorted order; only categories that occur.

    Raises
    ------
    ValueError
        If the two differ in length.

    Examples
    --------
    >>> contingency_table(rows=["a", "b", "a"], columns=["no", "no", "yes"]).to_numpy().tolist()
    [[1, 1], [1, 0]]
    """
    row_values, column_values = list(rows), list(columns)  # type: ignore[arg-type]
    if len(row_values) != len(column_values):
        raise ValueError(
            f"rows and columns differ in length: {len(row_values)} and {len(column_values)}"
        )
    return pd.crosstab(pd.Series(row_values, name="rows"), pd.Series(column_values, name="columns"))


def chi_square_test(*, table: ArrayLike | pd.DataFrame, yates: bool) -> ChiSquareResult:
    """Test whether rows and columns of a table of counts are independent.

    chi-square = sum (abs(O - E) - c)^2 / E, E = row sum x column sum / n,
    df = (rows - 1) (columns - 1), with c = min(0.5, abs(O - E)) under Yates' correction of a
    table of 2 x 2 and c = 0 otherwise.

    Parameters
    ----------
    table : array_like of shape (n_rows, n_columns)
        Counts, such as those of :func:`contingency_table`.
    yates : bool
        Correct for continuity; without effect on a table larger than 2 x 2.

    Returns
    -------
    ChiSquareResult
        NaN with a reason for a table with fewer than two rows or columns, or an empty one.

    Raises
    ------
    ValueError
        If the table does not have two dimensions or holds something else than
        counts.

    References
    ----------
    Yates, F. (1934). Contingency tables involving small numbers and the chi-square test.
    Journal of the Royal Statistical Society Supplement 1, 217-235.

    Examples
    --------
    >>> round(chi_square_test(table=[[4, 7], [8, 2]], yates=False).statistic, 4)
    4.0727
    """
    given = np.asarray(table, dtype=np.float64)
    if given.ndim != 2 or not np.isfinite(given).all() or (given < 0).any() or (given % 1).any():
        raise ValueError("table must hold counts, 0 or a whole number, in rows and columns")
    counts = given.astype(np.int64)
    n = int(counts.sum())
    reason = ""
    if min(counts.shape) < 2:
        reason = "fewer than 2 rows or columns"
    elif (counts.sum(axis=0) == 0).any() or (counts.sum(axis=1) == 0).any():
        reason = "a row or column without participants"
    if reason:
        nan = float("nan")
        return ChiSquareResult(
            statistic=nan,
            df=nan,
            p_value=nan,
            n=n,
            expected=np.full(counts.shape, nan),
            effect_size=nan,
            reason=reason,
        )
    test = stats.chi2_contingency(counts, correction=yates)
    return ChiSquareResult(
        statistic=float(test.statistic),
        df=float(test.dof),
        p_value=float(test.pvalue),
        n=n,
        expected=test.expected_freq,
        effect_size=float(stats.contingency.association(counts, method="cramer")),
        reason="",
    )
