"""Intraclass correlations of a measure in several sessions, and its spread within participants.

Participants and sessions both count as drawn (two-way random effects): a value is the grand mean
plus an effect of the participant, one of the session, and an error.

==================  ====================================================================
``n``, ``k``        participants, sessions
``MSR``             mean square between participants, n - 1 degrees of freedom
``MSC``             mean square between sessions, k - 1
``MSE``             residual mean square, (n - 1)(k - 1)
``MSW``             mean square within participants, sessions and error together, n (k - 1)
``F_p(a, b)``       quantile p of F with a and b degrees of freedom
==================  ====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bids_ketamine.core.group.moments import ROUNDING_UNITS, BoolArray, FloatArray
from bids_ketamine.core.group.results import NO_VARIATION, upper_quantile

AGREEMENT, CONSISTENCY = "ICC(2,1)", "ICC(3,1)"

#: Fewest complete participants: with two, the F test has one degree of freedom.
FEWEST_PARTICIPANTS = 3

#: Share of pairs of sessions whose difference stays below the repeatability coefficient.
REPEATABILITY_LEVEL = 0.95

NO_DIFFERENCES = "participants do not differ and sessions have no error"
NO_ERROR = "no error between sessions: no interval"
NO_INTERVAL = "no interval: its degrees of freedom are next to 0"


class MeanSquares(NamedTuple):
    """Mean squares in the squared unit of the measure; see the notation of this module."""

    participants: float
    sessions: float
    residual: float
    within: float


@dataclass(frozen=True, kw_only=True)
class IntraclassCorrelation:
    """One intraclass correlation; NaN with a reason where it cannot be computed.

    Attributes
    ----------
    name : str
        ``ICC(2,1)`` or ``ICC(3,1)``.
    estimate, ci_low, ci_high : float
        The correlation, below 0 where participants differ less than sessions, and its interval.
    f_value, df, df_second, p_value : float
        MSR / MSE, its degrees of freedom, and its upper tail: test of a correlation of 0.
    reason : str
        Why something is missing; empty where nothing is.
    """

    name: str
    estimate: float
    ci_low: float
    ci_high: float
    f_value: float
    df: float
    df_second: float
    p_value: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class SessionReliability:
    """How reliable a measure is over sessions.

    Attributes
    ----------
    agreement, consistency : IntraclassCorrelation
        ICC(2,1), and ICC(3,1), for which a shift of a whole session is no error.
    mean_squares : MeanSquares
        What they are made of.
    within_sd, within_sd_low, within_sd_high : float
        Standard deviation of a participant's sessions and its confidence interval, unit of the
        measure.
    repeatability : float
        Two sessions of one participant differ by less than this in 95 % of pairs, unit of the
        measure.
    session_means : ndarray of shape (n_sessions,)
        Means of the complete participants.
    n, n_sessions : int
        Participants that entered, and sessions.
    complete : ndarray of bool, shape (n_participants,)
        Who entered: those with a value in every session.
    """

    agreement: IntraclassCorrelation
    consistency: IntraclassCorrelation
    mean_squares: MeanSquares
    within_sd: float
    within_sd_low: float
    within_sd_high: float
    repeatability: float
    session_means: FloatArray
    n: int
    n_sessions: int
    complete: BoolArray


def session_reliability(values: ArrayLike, *, confidence_level: float) -> SessionReliability:
    r"""Compute ICC(2,1), ICC(3,1) and the standard deviation within participants.

    .. math::

        ICC(2,1) = \frac{MSR - MSE}{MSR + (k-1) MSE + k (MSC - MSE) / n}, \quad
        ICC(3,1) = \frac{MSR - MSE}{MSR + (k-1) MSE}

    The interval of ICC(3,1) is :math:`(F/F_q - 1) / (F/F_q + k - 1)` with
    :math:`F = MSR / MSE`, :math:`q` the upper quantile and its counterpart below. That of ICC(2,1)
    is approximate: the error of the participants' variance has Satterthwaite's

    .. math::

        \nu = \frac{(a MSC + b MSE)^2}{(a MSC)^2 / (k-1) + (b MSE)^2 / ((n-1)(k-1))}, \quad
        a = \frac{k \rho}{n (1 - \rho)}, \quad b = 1 + a (n - 1)

    degrees of freedom, :math:`\rho` being the estimate, and with :math:`F^* = F_q(n-1, \nu)`,
    :math:`F_* = F_q(\nu, n-1)`

    .. math::

        \frac{n (MSR - F^* MSE)}{F^* (k MSC + (kn - k - n) MSE) + n MSR} \le ICC(2,1) \le
        \frac{n (F_* MSR - MSE)}{k MSC + (kn - k - n) MSE + n F_* MSR}.

    The standard deviation within participants is :math:`\sqrt{MSW}` (a shift of a whole session is
    error in it); the repeatability coefficient is :math:`1.96 \sqrt{2} \sqrt{MSW}`.

    Parameters
    ----------
    values : array_like of shape (n_participants, n_sessions)
        Values in the unit of the measure; participants without a finite value in every session are
        left out.
    confidence_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    SessionReliability
        A correlation that has no value has a reason: fewer than three complete participants, all
        values equal, or no differences between participants and no error. Where sessions agree
        up to a shift, there is no error, F is infinite, and ICC(3,1) has no interval.

    Raises
    ------
    ValueError
        If there are fewer than two sessions, or the level is not between 0 and 1.

    References
    ----------
    Shrout, P. E. & Fleiss, J. L. (1979). Intraclass correlations: uses in assessing rater
    reliability. Psychological Bulletin 86, 420-428.
    McGraw, K. O. & Wong, S. P. (1996). Forming inferences about some intraclass correlation
    coefficients. Psychological Methods 1, 30-46, tables 4, 7 and 8.
    Bland, J. M. & Altman, D. G. (1996). Measurement error. British Medical Journal 313, 744.

    Examples
    --------
    The second session is one point higher; its order of participants is the same:

    >>> found = session_reliability([[1, 2], [2, 3], [3, 4]], confidence_level=0.95)
    >>> round(found.agreement.estimate, 6), found.consistency.estimate
    (0.666667, 1.0)
    """
    quantile = upper_quantile(confidence_level)
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(
            "values must have shape (n_participants, n_sessions) with at least two sessions, got "
            f"{table.shape}"
        )
    complete: BoolArray = np.all(np.isfinite(table), axis=1)
    used = table[complete]
    n, k = used.shape
    reason = f"fewer than {FEWEST_PARTICIPANTS} participants with every session"
    squares = MeanSquares(np.nan, np.nan, np.nan, np.nan)
    if n >= FEWEST_PARTICIPANTS:
        squares = _mean_squares(used)
        reason = NO_VARIATION if not any(squares) else ""
        if not reason and not (squares.participants or squares.residual):
            reason = NO_DIFFERENCES
    deviation = np.sqrt(squares.within)
    # Divided by the larger quantile, the sum of squares within gives the lower end.
    ends = np.sqrt(n * (k - 1) / stats.chi2.ppf([quantile, 1 - quantile], max(n, 1) * (k - 1)))
    return SessionReliability(
        agreement=_agreement(squares, n, k, quantile, reason),
        consistency=_consistency(squares, n, k, quantile, reason),
        mean_squares=squares,
        within_sd=float(deviation),
        within_sd_low=float(deviation * ends[0]),
        within_sd_high=float(deviation * ends[1]),
        repeatability=float(
            stats.norm.ppf(upper_quantile(REPEATABILITY_LEVEL)) * np.sqrt(2.0) * deviation
        ),
        session_means=used.mean(axis=0) if n else np.full(k, np.nan),
        n=n,
        n_sessions=k,
        complete=complete,
    )


def _mean_squares(values: FloatArray) -> MeanSquares:
    """Return the mean squares; those that are nothing but rounding are 0."""
    n, k = values.shape
    magnitude = np.abs(values).max()
    centred = values - values.mean()
    of_participants = centred.mean(axis=1)
    of_sessions = centred.mean(axis=0)
    residual = centred - of_participants[:, np.newaxis] - of_sessions
    within = centred - of_participants[:, np.newaxis]
    between = k * (of_participants**2).sum(), n * (of_sessions**2).sum()
    sums = (*between, (residual**2).sum(), (within**2).sum())
    rounding = n * k * (ROUNDING_UNITS * np.finfo(np.float64).eps * magnitude) ** 2
    df = (n - 1, k - 1, (n - 1) * (k - 1), n * (k - 1))
    return MeanSquares(
        *(float(each / d) if each > rounding else 0.0 for each, d in zip(sums, df, strict=True))
    )


def _agreement(
    squares: MeanSquares, n: int, k: int, quantile: float, reason: str
) -> IntraclassCorrelation:
    between, sessions, error = squares[:3]
    if reason:
        return _correlation(AGREEMENT, squares, n, k, reason=reason)
    rho = (between - error) / (between + (k - 1) * error + k * (sessions - error) / n)
    # Both parts of the error, times n (1 - rho), so that a correlation of 1 divides nothing by 0.
    of_sessions = k * rho * sessions
    of_error = (n * (1 - rho) + k * rho * (n - 1)) * error
    spread = of_sessions**2 / (k - 1) + of_error**2 / ((n - 1) * (k - 1))
    df = (of_sessions + of_error) ** 2 / spread if spread else np.nan
    upper, lower = stats.f.ppf(quantile, n - 1, df), stats.f.ppf(quantile, df, n - 1)
    both = k * sessions + (k * n - k - n) * error
    # Divided by the quantile, which is infinite for next to no degrees of freedom.
    low = n * (between / upper - error) / (both + n * between / upper)
    high = n * (lower * between - error) / (both + n * lower * between)
    return _correlation(AGREEMENT, squares, n, k, estimate=rho, ends=(low, high))


def _consistency(
    squares: MeanSquares, n: int, k: int, quantile: float, reason: str
) -> IntraclassCorrelation:
    between, _, error = squares[:3]
    if reason:
        return _correlation(CONSISTENCY, squares, n, k, reason=reason)
    rho = (between - error) / (between + (k - 1) * error)
    if not error:
        return _correlation(CONSISTENCY, squares, n, k, estimate=rho)
    df, df_second = n - 1, (n - 1) * (k - 1)
    low = between / error / stats.f.ppf(quantile, df, df_second)
    high = between / error * stats.f.ppf(quantile, df_second, df)
    ends = ((low - 1) / (low + k - 1), (high - 1) / (high + k - 1))
    return _correlation(CONSISTENCY, squares, n, k, estimate=rho, ends=ends)


def _correlation(
    name: str,
    squares: MeanSquares,
    n: int,
    k: int,
    *,
    estimate: float = np.nan,
    ends: tuple[float, float] = (np.nan, np.nan),
    reason: str = "",
) -> IntraclassCorrelation:
    """Return a correlation with its F test; without a value if there is a reason."""
    f_value = df = df_second = np.nan
    if not reason:
        f_value = squares.participants / squares.residual if squares.residual else np.inf
        df, df_second = float(n - 1), float((n - 1) * (k - 1))
        if not ends[0] <= estimate <= ends[1]:
            ends = (np.nan, np.nan)
            reason = NO_INTERVAL if squares.residual else NO_ERROR
    return IntraclassCorrelation(
        name=name,
        estimate=float(estimate),
        ci_low=float(ends[0]),
        ci_high=float(ends[1]),
        f_value=float(f_value),
        df=df,
        df_second=df_second,
        p_value=float(stats.f.sf(f_value, df, df_second)),
        reason=reason,
    )
