"""Tests over participants: the door to all of them, and the correction for their number.

t tests are in :mod:`~bids_ketamine.core.group.t_tests`, correlation and tables of counts in
:mod:`~bids_ketamine.core.group.association`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bids_ketamine.core.group.association import (
    ChiSquareResult,
    chi_square_test,
    contingency_table,
    pearson_correlation,
)
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.group.results import TestResult, TwoSampleTestResult
from bids_ketamine.core.group.t_tests import (
    one_sample_t_test,
    paired_t_test,
    student_t_test,
    welch_t_test,
)

__all__ = [
    "ChiSquareResult",
    "TestResult",
    "TwoSampleTestResult",
    "chi_square_test",
    "contingency_table",
    "false_discovery_rate",
    "one_sample_t_test",
    "paired_t_test",
    "pearson_correlation",
    "student_t_test",
    "welch_t_test",
]


def false_discovery_rate(*, p_values: ArrayLike) -> FloatArray:
    """Adjust p values for the false discovery rate of their family.

    q_(i) = min over k >= i of m p_(k) / k, for the m p values in ascending order
    (Benjamini-Hochberg). A test that was not computed (NaN) does not count in m.

    Parameters
    ----------
    p_values : array_like of any shape
        p values of one family of tests, NaN where there was no test.

    Returns
    -------
    ndarray of the same shape
        Adjusted p values, NaN where there was no test.

    Raises
    ------
    ValueError
        If a p value lies outside 0 to 1.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the
    Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> false_discovery_rate(p_values=[0.01, float("nan"), 0.04, 0.03]).tolist()
    [0.03, nan, 0.04, 0.04]
    """
    p = np.asarray(p_values, dtype=np.float64)
    tested = ~np.isnan(p)
    if ((p[tested] < 0) | (p[tested] > 1)).any():
        raise ValueError("p_values must lie between 0 and 1")
    adjusted = np.full(p.shape, np.nan)
    if tested.any():
        adjusted[tested] = stats.false_discovery_control(p[tested], method="bh")
    return adjusted
