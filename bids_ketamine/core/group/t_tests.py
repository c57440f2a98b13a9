"""t tests of one or many measures at once.

==============  =====================================================================
``n``           participants
``s``           standard deviation, divisor n - 1
``SE``          standard error of the estimate
``nu``          degrees of freedom
``t``           (estimate - null value) / SE; interval: estimate -+ SE times its quantile
``J(nu)``       Gamma(nu / 2) / (sqrt(nu / 2) Gamma((nu - 1) / 2)); not defined at nu = 1
``g``           Hedges' g: standardised mean, freed by J from its bias in small samples
==============  =====================================================================

A measure that cannot be tested is NaN throughout, with a reason; it never stops the others.
Values that are not finite count as missing, measure by measure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from bids_ketamine.core.group.moments import (
    FloatArray,
    Moments,
    as_columns,
    as_pairs,
    is_constant,
    moments,
    nan_where,
)
from bids_ketamine.core.group.results import (
    NO_VARIATION,
    NO_VARIATION_IN_GROUPS,
    IntArray,
    TestResult,
    TextArray,
    TwoSampleTestResult,
    reasons,
    shaped,
    upper_quantile,
)


def welch_t_test(
    *, first: ArrayLike, second: ArrayLike, confidence_level: float
) -> TwoSampleTestResult:
    """Compare the means of two groups whose variances may differ.

    With v_k = s_k^2 / n_k: SE = sqrt(v_1 + v_2) and
    nu = (v_1 + v_2)^2 / (v_1^2 / (n_1 - 1) + v_2^2 / (n_2 - 1)).
    The effect size is that of :func:`student_t_test`.

    Parameters
    ----------
    first, second : array_like of shape (n_participants,) or (n_participants, n_measures)
        Values of each group in the unit of the measure, NaN where missing.
    confidence_level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    TwoSampleTestResult
        The estimate is the mean of first minus the mean of second.

    Raises
    ------
    ValueError
        If the shapes do not agree or the level is not between 0 and 1.

    References
    ----------
    Welch, B. L. (1947). The generalization of "Student's" problem when several different
    population variances are involved. Biometrika 34, 28-35.

    Examples
    --------
    >>> result = welch_t_test(first=[4, 6, 8], second=[1, 2, 3, 2], confidence_level=0.95)
    >>> float(result.estimate), round(float(result.statistic), 3), round(float(result.df), 3)
    (4.0, 3.266, 2.505)
    """
    groups = _two_groups(first, second)
    one, two = groups.first, groups.second
    df_one, df_two = nan_where(one.n < 2, one.n - 1), nan_where(two.n < 2, two.n - 1)
    v_one = one.sum_of_squares / (df_one * one.n)
    v_two = two.sum_of_squares / (df_two * two.n)
    spread = v_one**2 / df_one + v_two**2 / df_two
    df = (v_one + v_two) ** 2 / nan_where(spread == 0, spread)
    return _two_sample_result(groups, np.sqrt(v_one + v_two), df, confidence_level)


def student_t_test(
    *, first: ArrayLike, second: ArrayLike, confidence_level: float
) -> TwoSampleTestResult:
    """Compare the means of two groups that share one variance.

    With s^2 = (sums of squares of both groups) / nu and nu = n_1 + n_2 - 2:
    SE = s sqrt(1 / n_1 + 1 / n_2) and g = J(nu) (mean_1 - mean_2) / s.

    Parameters
    ----------
    first, second : array_like of shape (n_participants,) or (n_participants, n_measures)
        Values of each group in the unit of the measure, NaN where missing.
    confidence_level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    TwoSampleTestResult
        The estimate is the mean of first minus the mean of second.

    Raises
    ------
    ValueError
        If the shapes do not agree or the level is not between 0 and 1.

    References
    ----------
    Hedges, L. V. (1981). Distribution theory for Glass's estimator of effect size and related
    estimators. Journal of Educational Statistics 6, 107-128.
    """
    groups = _two_groups(first, second)
    n_one, n_two = (nan_where(group.n < 1, group.n) for group in (groups.first, groups.second))
    standard_error = groups.pooled_deviation * np.sqrt(1 / n_one + 1 / n_two)
    return _two_sample_result(groups, standard_error, groups.pooled_df, confidence_level)


def paired_t_test(*, first: ArrayLike, second: ArrayLike, confidence_level: float) -> TestResult:
    """Compare two values of the same participants.

    With d = first - second and s its standard deviation: SE = s / sqrt(n), nu = n - 1 and
    g = J(nu) mean(d) / s, standardised by the differences, not by the values.

    Parameters
    ----------
    first, second : array_like of shape (n_participants,) or (n_participants, n_measures)
        Values in the unit of the measure, row by row of the same participant; a pair with NaN
        is left out. One of them may have one dimension and serves all measures of the other.
    confidence_level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    TestResult
        The estimate is the mean of first minus second.

    Raises
    ------
    ValueError
        If the shapes do not agree or the level is not between 0 and 1.

    Examples
    --------
    >>> result = paired_t_test(first=[3, 4, 6, 9], second=[1, 3, 3, 7], confidence_level=0.95)
    >>> float(result.estimate), int(result.n), round(float(result.statistic), 3)
    (2.0, 4, 4.899)
    """
    one, two, shape = as_pairs(first, second)
    present = np.isfinite(one) & np.isfinite(two)
    difference = np.where(present, one, 0.0) - np.where(present, two, 0.0)
    # Differences of large values carry the rounding of those values.
    larger = np.maximum(np.abs(one), np.abs(two), where=present, out=np.zeros(present.shape))
    magnitude = larger.max(axis=0, initial=0.0)
    sample = moments(difference, present=present)._replace(magnitude=magnitude)
    return _one_sample_result(sample, 0.0, shape, confidence_level)


def one_sample_t_test(
    *, values: ArrayLike, population_mean: float, confidence_level: float
) -> TestResult:
    """Compare a mean with a given value.

    SE = s / sqrt(n), nu = n - 1, g = J(nu) (mean - population mean) / s.

    Parameters
    ----------
    values : array_like of shape (n_participants,) or (n_participants, n_measures)
        Values in the unit of the measure, NaN where missing.
    population_mean : float
        Mean under the null hypothesis, unit of the measure.
    confidence_level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    TestResult
        The estimate is the mean itself.

    Raises
    ------
    ValueError
        If `values` has no or more than two dimensions or the level is not between 0 and 1.
    """
    columns = as_columns(values, name="values")
    sample = moments(columns, present=np.isfinite(columns))
    shape = np.shape(values)[1:]
    return _one_sample_result(sample, population_mean, shape, confidence_level)


class _Groups(NamedTuple):
    first: Moments
    second: Moments
    pooled_df: FloatArray
    pooled_deviation: FloatArray
    shape: tuple[int, ...]


def _two_groups(first: ArrayLike, second: ArrayLike) -> _Groups:
    columns = [as_columns(first, name="first"), as_columns(second, name="second")]
    shape, other_shape = np.shape(first)[1:], np.shape(second)[1:]
    if shape != other_shape:
        raise ValueError(f"first and second hold different measures: {shape} and {other_shape}")
    one, two = (moments(group, present=np.isfinite(group)) for group in columns)
    df = one.n + two.n - 2
    variance = (one.sum_of_squares + two.sum_of_squares) / nan_where(df < 1, df)
    return _Groups(one, two, df, np.sqrt(variance), shape)


def _two_sample_result(
    groups: _Groups, standard_error: FloatArray, df: FloatArray, confidence_level: float
) -> TwoSampleTestResult:
    one, two = groups.first, groups.second
    difference = one.mean - two.mean
    reason = reasons(
        n=np.minimum(one.n, two.n),
        needed=2,
        constant=is_constant(one) & is_constant(two),
        constant_reason=NO_VARIATION_IN_GROUPS,
    )
    deviation = nan_where(reason != "", groups.pooled_deviation)
    fields = _t_fields(
        estimate=difference,
        null_value=0.0,
        standard_error=standard_error,
        df=df,
        effect_size=_bias_correction(groups.pooled_df) * difference / deviation,
        reason=reason,
        confidence_level=confidence_level,
    )
    counts = {"n": one.n + two.n, "n_first": one.n, "n_second": two.n}
    return TwoSampleTestResult(**shaped(fields | _whole(counts), groups.shape))


def _one_sample_result(
    sample: Moments, population_mean: float, shape: tuple[int, ...], confidence_level: float
) -> TestResult:
    reason = reasons(
        n=sample.n, needed=2, constant=is_constant(sample), constant_reason=NO_VARIATION
    )
    df = sample.n - 1
    deviation = np.sqrt(sample.sum_of_squares / nan_where(reason != "", df))
    fields = _t_fields(
        estimate=sample.mean,
        null_value=population_mean,
        standard_error=deviation / np.sqrt(sample.n),
        df=df,
        effect_size=_bias_correction(df) * (sample.mean - population_mean) / deviation,
        reason=reason,
        confidence_level=confidence_level,
    )
    return TestResult(**shaped(fields | _whole({"n": sample.n}), shape))


def _t_fields(
    *,
    estimate: FloatArray,
    null_value: float,
    standard_error: FloatArray,
    df: FloatArray,
    effect_size: FloatArray,
    reason: TextArray,
    confidence_level: float,
) -> dict[str, Any]:
    quantile = upper_quantile(confidence_level)
    failed = reason != ""
    estimate, df = nan_where(failed, estimate), nan_where(failed, df)
    standard_error = nan_where(failed, standard_error)
    statistic = (estimate - null_value) / standard_error
    margin = standard_error * stats.t.ppf(quantile, df)
    return {
        "estimate": estimate,
        "statistic": statistic,
        "df": df,
        "p_value": 2 * stats.t.sf(np.abs(statistic), df),
        "ci_low": estimate - margin,
        "ci_high": estimate + margin,
        "effect_size": effect_size,
        "reason": reason,
    }


def _bias_correction(df: FloatArray) -> FloatArray:
    nu = nan_where(df < 2, df)
    log_ratio = special.gammaln(nu / 2) - special.gammaln((nu - 1) / 2)
    return np.exp(log_ratio) / np.sqrt(nu / 2)


def _whole(counts: dict[str, FloatArray]) -> dict[str, IntArray]:
    return {name: count.astype(np.int64) for name, count in counts.items()}
