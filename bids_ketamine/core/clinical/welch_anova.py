"""Welch's analysis of variance: means of several groups whose variances may differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bids_ketamine.core.group.moments import as_columns, is_constant, moments
from bids_ketamine.core.group.results import NO_VARIATION_IN_GROUPS

NO_GROUPS = "fewer than 2 groups"
TOO_FEW = "fewer than 2 participants in an arm"
NO_VARIATION_IN_ONE = "all values equal in an arm"


@dataclass(frozen=True, kw_only=True)
class WelchAnovaResult:
    """Welch's F test; NaN with a reason where it cannot be computed.

    Attributes
    ----------
    f_value, p_value : float
        F and its upper tail.
    df, df_second : float
        Degrees of freedom of F.
    reason : str
        Why there is no test; empty where there is one.
    """

    f_value: float
    df: float
    df_second: float
    p_value: float
    reason: str


def welch_anova(groups: Sequence[ArrayLike]) -> WelchAnovaResult:
    """Compare the means of k groups whose variances may differ.

    With w_j = n_j / s_j^2, u = sum w_j, m = sum w_j mean_j / u and
    h = sum (1 - w_j / u)^2 / (n_j - 1):
    F = (sum w_j (mean_j - m)^2 / (k - 1)) / (1 + 2 (k - 2) h / (k^2 - 1)) with k - 1 and
    (k^2 - 1) / (3 h) degrees of freedom. For two groups F is the square of Welch's t.

    Parameters
    ----------
    groups : sequence of array_like of shape (n_participants,)
        Values of each group in the unit of the measure; NaN where missing.

    Returns
    -------
    WelchAnovaResult
        NaN with a reason if a group has fewer than two values or no variation, which would give it
        an infinite weight.

    References
    ----------
    Welch, B. L. (1951). On the comparison of several mean values: an alternative approach.
    Biometrika 38, 330-336.

    Examples
    --------
    >>> result = welch_anova([[4, 6, 8], [1, 2, 3, 2]])
    >>> round(result.f_value, 3), result.df, round(result.df_second, 3)
    (10.667, 1.0, 2.505)
    """
    columns = [as_columns(group, name="groups") for group in groups]
    samples = [moments(column, present=np.isfinite(column)) for column in columns]
    constant = [bool(is_constant(sample)[0]) for sample in samples]
    reason = ""
    if len(samples) < 2:
        reason = NO_GROUPS
    elif min(sample.n[0] for sample in samples) < 2:
        reason = TOO_FEW
    elif any(constant):
        reason = NO_VARIATION_IN_GROUPS if all(constant) else NO_VARIATION_IN_ONE
    if reason:
        return WelchAnovaResult(
            f_value=np.nan, df=np.nan, df_second=np.nan, p_value=np.nan, reason=reason
        )
    n, mean, squares = (np.array([sample[field][0] for sample in samples]) for field in range(3))
    k = len(samples)
    weights = n * (n - 1) / squares
    total = weights.sum()
    spread = (weights * (mean - weights @ mean / total) ** 2).sum() / (k - 1)
    h = ((1 - weights / total) ** 2 / (n - 1)).sum()
    f_value = spread / (1 + 2 * (k - 2) * h / (k**2 - 1))
    df, df_second = float(k - 1), (k**2 - 1) / (3 * h)
    return WelchAnovaResult(
        f_value=float(f_value),
        df=df,
        df_second=float(df_second),
        p_value=float(stats.f.sf(f_value, df, df_second)),
        reason="",
    )
