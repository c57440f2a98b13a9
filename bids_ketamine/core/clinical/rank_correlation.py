"""Correlation of ranks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bids_ketamine.core.group.association import pearson_correlation
from bids_ketamine.core.group.moments import FloatArray, as_pairs

#: Up to here all orders of values with ties are counted (40,320).
LARGEST_COUNTED = 8
#: Up to here the distribution of ranks without ties is computed; a second for two more.
LARGEST_EXACT = 12
#: Up to here Edgeworth's series stands for it, beyond the t distribution, as in R.
LARGEST_SERIES = 1290
#: The series is about the body of the distribution; p below this are not below those of t.
BODY = 1e-3

#: Correlations that differ by less count as equal: the same ranks in another order sum up anew.
EQUAL = 1e-9

#: How p was found.
EXACT, SERIES, STUDENT = "exact", "edgeworth", "t"


class RankCorrelation(NamedTuple):
    """Spearman's rho; NaN with a reason where it cannot be computed.

    ``method`` says how p was found: ``exact``, ``edgeworth`` or ``t``; empty without p.
    """

    rho: float
    p_value: float
    n: int
    reason: str
    method: str


def spearman_correlation(*, first: ArrayLike, second: ArrayLike) -> RankCorrelation:
    """Correlate the ranks of two values of the same participants.

    rho is Pearson's r of the ranks, ties sharing their mean rank. The two-sided p value is the
    share of all orders whose abs(rho) is at least as large: without ties exactly up to 12
    participants, by Edgeworth's series up to 1290; with ties exactly up to 8. Otherwise it is that
    of t = rho sqrt((n - 2) / (1 - rho^2)) with n - 2 degrees of freedom, too small far out: a rho
    of 1 in few participants would make it 0. Far out (p < .001) the series can fall below t, and
    below 0; there t stands for it.

    Parameters
    ----------
    first, second : array_like of shape (n_participants,)
        Values, row by row of the same participant; a pair with NaN is left out.

    Returns
    -------
    RankCorrelation
        Rho, p, the participants that entered, and how p was found.

    Raises
    ------
    ValueError
        If the two differ in length.

    References
    ----------
    Spearman, C. (1904). The proof and measurement of association between two things. American
    Journal of Psychology 15, 72-101.
    David, S. T., Kendall, M. G., & Stuart, A. (1951). Some questions of distribution in the theory
    of rank correlation. Biometrika 38, 131-140.
    Best, D. J., & Roberts, D. E. (1975). Algorithm AS 89: the upper tail probabilities of
    Spearman's rho. Applied Statistics 24, 377-379.

    Examples
    --------
    >>> result = spearman_correlation(first=[1, 2, 3, 4], second=[10, 20, 30, 99])
    >>> round(result.rho, 6), round(result.p_value, 4), result.method
    (1.0, 0.0833, 'exact')
    """
    one, two, _ = as_pairs(first, second)
    present = (np.isfinite(one) & np.isfinite(two))[:, 0]
    ranks = [stats.rankdata(each[present, 0]) for each in (one, two)]
    # The level of an interval that is not given does not matter.
    result = pearson_correlation(first=ranks[0], second=ranks[1], confidence_level=0.95)
    rho, p_value, n = float(result.estimate), float(result.p_value), int(result.n)
    if result.reason:
        return RankCorrelation(rho, p_value, n, str(result.reason), "")
    has_ties = any(len(np.unique(each)) < n for each in ranks)
    if has_ties and n <= LARGEST_COUNTED:
        return RankCorrelation(rho, _share_of_orders(ranks[0], ranks[1], abs(rho)), n, "", EXACT)
    if has_ties or n > LARGEST_SERIES:
        return RankCorrelation(rho, p_value, n, "", STUDENT)
    # Of a correlation and its mirror image the sums of squares are equally far from the mean.
    squares = round(float(np.sum((ranks[0] - ranks[1]) ** 2)))
    smaller = min(squares, (n**3 - n) // 3 - squares)
    if n <= LARGEST_EXACT:
        return RankCorrelation(rho, min(1.0, 2.0 * float(_exact(n)[smaller])), n, "", EXACT)
    series = min(1.0, 2.0 * _series(n, smaller))
    if series < BODY and series < p_value:
        return RankCorrelation(rho, p_value, n, "", STUDENT)
    return RankCorrelation(rho, series, n, "", SERIES)


def _share_of_orders(first: FloatArray, second: FloatArray, size: float) -> float:
    one, two = (ranks - ranks.mean() for ranks in (first, second))
    orders = np.array(list(permutations(range(len(two)))))
    correlations = two[orders] @ one / np.sqrt((one @ one) * (two @ two))
    return float(np.mean(np.abs(correlations) >= size - EQUAL))


@lru_cache(maxsize=LARGEST_EXACT)
def _exact(n: int) -> FloatArray:
    """Return P(S <= s), s = 0 ... mean, of the sum S of squared differences of n ranks.

    Orders are counted by the set of ranks that the first k participants have taken.
    """
    size = (n**3 - n) // 6 + 1
    start = np.zeros(size)
    start[0] = 1.0
    counts: dict[int, FloatArray] = {0: start}
    for place in range(n):
        longer: dict[int, FloatArray] = {}
        for taken, ways in counts.items():
            for rank in _free(taken, n):
                step = (place - rank) ** 2
                sums = longer.setdefault(taken | 1 << rank, np.zeros(size))
                if step < size:
                    sums[step:] += ways[: size - step]
        counts = longer
    shares: FloatArray = np.cumsum(counts[(1 << n) - 1]) / math.factorial(n)
    return shares


def _free(taken: int, n: int) -> Iterable[int]:
    return (rank for rank in range(n) if not taken >> rank & 1)


def _series(n: int, squares: int) -> float:
    r"""Return P(S <= squares) by Edgeworth's series (Best & Roberts 1975).

    With x = (1 - 6 (S + 1) / (n^3 - n)) sqrt(n - 1), the correction for continuity included, and
    b = 1 / n: P = 1 - Phi(x) + x b exp(-x^2 / 2) g(x^2, b).
    """
    b = 1.0 / n
    x = (1.0 - 6.0 * (squares + 1) / (n**3 - n)) * math.sqrt(n - 1.0)
    y = x * x
    # Coefficients of the powers of y; those of b within them.
    far = y * b * (0.0131 - 4.6e-4 * y)
    third = 0.0879 + 0.0151 * b - y * (0.0072 - 0.0831 * b + far)
    second = -0.0758 + b * (0.1033 + 0.3932 * b) - y * b * third
    first = 0.2274 + b * (0.2531 + 0.1745 * b) + y * second
    return float(stats.norm.sf(x)) + x * b * math.exp(-y / 2.0) * first
