"""Tables of counts: chi-square with its expected counts, and Fisher's exact test.

=========  ============================================================================
``O``      observed count of a cell
``E``      expected count under independence, row sum x column sum / n
``x``      first cell of a 2 x 2 table; its margins are held fixed by Fisher's test
``psi``    odds ratio
=========  ============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from bids_ketamine.core.group.association import chi_square_test
from bids_ketamine.core.group.moments import FloatArray

#: Below this expected count the chi-square distribution is no longer near (Cochran's rule).
SMALL_EXPECTED_COUNT = 5.0

#: Tables whose probabilities differ by less than this share count as equally probable.
EQUALLY_PROBABLE = 1e-7

EMPTY_MARGIN = "a row or column without participants"


@dataclass(frozen=True, kw_only=True)
class ContingencyResult:
    """A chi-square test of independence.

    Attributes
    ----------
    statistic : float
        Chi-square; NaN where there is no test.
    df : float
        Degrees of freedom.
    p_value : float
        Upper tail of the chi-square distribution.
    expected : ndarray of shape (n_rows, n_columns)
        Counts expected under independence; NaN where there is no test.
    corrected : bool
        Whether Yates' correction was made.
    reason : str
        Why there is no test; empty where there is one.
    """

    statistic: float
    df: float
    p_value: float
    expected: FloatArray
    corrected: bool
    reason: str

    @property
    def n_small(self) -> int:
        """Cells whose expected count is below :data:`SMALL_EXPECTED_COUNT`."""
        return int(np.sum(self.expected < SMALL_EXPECTED_COUNT))


@dataclass(frozen=True, kw_only=True)
class FisherResult:
    """Fisher's exact test of a 2 x 2 table.

    Attributes
    ----------
    odds_ratio : float
        Conditional maximum-likelihood estimate; 0 or infinite where the first cell is as small or
        as large as its margins allow.
    p_value : float
        Two-sided p value.
    reason : str
        Why there is no test; empty where there is one.
    """

    odds_ratio: float
    p_value: float
    reason: str


def chi_square(counts: ArrayLike, *, yates: bool) -> ContingencyResult:
    """Test whether rows and columns of a table of counts are independent.

    chi-square = sum (abs(O - E) - c)^2 / E with df = (rows - 1) (columns - 1);
    c = min(0.5, abs(O - E)) under Yates' correction of a table of 2 x 2, and 0 otherwise.

    Parameters
    ----------
    counts : array_like of shape (n_rows, n_columns)
        Participants in each cell.
    yates : bool
        Correct for continuity; without effect on a table larger than 2 x 2.

    Returns
    -------
    ContingencyResult
        NaN with a reason for a table with fewer than two rows or columns, or an empty one.

    Raises
    ------
    ValueError
        If the table does not have two dimensions or holds something else than counts.

    References
    ----------
    Yates, F. (1934). Contingency tables involving small numbers and the chi-square test.
    Journal of the Royal Statistical Society Supplement 1, 217-235.

    Examples
    --------
    >>> result = chi_square([[4, 7], [8, 2]], yates=True)
    >>> round(result.statistic, 4), round(result.p_value, 4), result.n_small
    (2.4858, 0.1149, 2)
    """
    test = chi_square_test(table=counts, yates=yates)
    return ContingencyResult(
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        expected=test.expected,
        corrected=yates and test.expected.shape == (2, 2) and not test.reason,
        reason=test.reason,
    )


def fisher_exact(counts: ArrayLike) -> FisherResult:
    """Test the independence of two dichotomies with all margins fixed.

    Given its margins, the first cell has Fisher's noncentral hypergeometric distribution,
    P(x; psi) ~ C(row_1, x) C(row_2, column_1 - x) psi^x. The odds ratio is the psi whose mean of x
    is the observed x, so it is not the ratio of the cross products. The two-sided p value is the
    probability, at psi = 1, of all tables that are no more probable than the observed one.

    Parameters
    ----------
    counts : array_like of shape (2, 2)
        Participants in each cell.

    Returns
    -------
    FisherResult
        NaN with a reason where a row or a column is empty.

    Raises
    ------
    ValueError
        If the table is not 2 x 2 or holds something else than counts.

    References
    ----------
    Fisher, R. A. (1935). The logic of inductive inference. Journal of the Royal Statistical
    Society 98, 39-82.

    Examples
    --------
    >>> result = fisher_exact([[3, 1], [1, 3]])
    >>> round(result.odds_ratio, 4), round(result.p_value, 4)
    (6.4083, 0.4857)
    """
    table = np.asarray(counts, dtype=np.float64)
    if (
        table.shape != (2, 2)
        or not np.isfinite(table).all()
        or (table < 0).any()
        or (table % 1).any()
    ):
        raise ValueError("counts must be 2 x 2 counts, 0 or a whole number")
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    if not (rows.all() and columns.all()):
        return FisherResult(odds_ratio=np.nan, p_value=np.nan, reason=EMPTY_MARGIN)
    possible = np.arange(max(0.0, columns[0] - rows[1]), min(rows[0], columns[0]) + 1)
    log_weights = _log_binomial(rows[0], possible) + _log_binomial(rows[1], columns[0] - possible)
    at_independence = special.softmax(log_weights)
    observed = table[0, 0]
    as_rare = at_independence <= at_independence[possible == observed] * (1 + EQUALLY_PROBABLE)
    return FisherResult(
        odds_ratio=_conditional_odds_ratio(observed, possible, log_weights),
        p_value=min(1.0, float(at_independence[as_rare].sum())),
        reason="",
    )


def _conditional_odds_ratio(
    observed: float, possible: FloatArray, log_weights: FloatArray
) -> float:
    """Solve mean(x; psi) = observed for psi; it has no finite solution where x is at a limit."""
    if observed == possible[0]:
        return 0.0
    if observed == possible[-1]:
        return np.inf

    def excess(log_psi: float) -> float:
        weights = special.softmax(log_weights + log_psi * possible)
        return float(weights @ possible) - observed

    # The mean rises with log psi from the least to the largest x: widen until it is enclosed.
    limit = 1.0
    while excess(-limit) > 0 or excess(limit) < 0:
        limit *= 2.0
    return float(np.exp(optimize.brentq(excess, -limit, limit, xtol=1e-13, rtol=1e-13)))


def _log_binomial(n: float, chosen: FloatArray) -> FloatArray:
    return special.gammaln(n + 1) - special.gammaln(chosen + 1) - special.gammaln(n - chosen + 1)
