"""Logistic regression of something that happened or not, such as a side effect on a serum level.

log(pi / (1 - pi)) = b_0 + b_1 x_1 + ...; exp(b_k) is the odds ratio of one unit more of x_k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from bids_ketamine.core.clinical.logistic_likelihood import (
    Likelihood,
    full_rank,
    information,
    is_separated,
    orthonormal,
)
from bids_ketamine.core.clinical.logistic_maximum import (
    Maximum,
    NoProfileError,
    Profile,
    maximize,
)
from bids_ketamine.core.group.moments import BoolArray, FloatArray, as_columns
from bids_ketamine.core.group.results import upper_quantile

Method = Literal["maximum_likelihood", "firth", "firth_if_separated"]

INTERCEPT = "intercept"

SAME_OUTCOME = "all outcomes equal"
SEPARATED = "predictors separate the outcomes: no finite estimate without Firth's penalty"
DEPENDENT = "a predictor is constant or a combination of others"
NOT_CONVERGED = "the likelihood has no maximum that could be found"

#: Columns of :meth:`LogisticRegression.table`.
TERM_COLUMNS = (
    *("term", "method", "n", "n_events", "estimate", "se", "z", "p_wald", "wald_low"),
    *("wald_high", "chi_square", "p_likelihood_ratio", "profile_low", "profile_high"),
    *("odds_ratio", "odds_ratio_low", "odds_ratio_high", "reason"),
)


@dataclass(frozen=True, kw_only=True)
class LogisticRegression:
    """A fitted logistic regression; NaN with a reason where there is none.

    Arrays have shape (n_terms,), the intercept first.

    Attributes
    ----------
    terms : tuple of str
        Intercept and predictors.
    method : {"maximum_likelihood", "firth"}
        Which likelihood was maximized.
    separated : bool
        Whether predictors separate the outcomes.
    estimates, standard_errors : ndarray
        Log odds a unit of each predictor, and the roots of the diagonal of the inverse
        information.
    z, p_wald : ndarray
        Estimate over standard error, and its two-sided p by the normal distribution.
    wald_intervals : ndarray of shape (n_terms, 2)
        Estimate -+ quantile times standard error.
    chi_square, p_likelihood_ratio : ndarray
        Twice what the log likelihood loses without the term, and p with one degree of freedom.
    profile_intervals : ndarray of shape (n_terms, 2)
        Values that the likelihood ratio does not reject.
    log_likelihood : float
        At the maximum, with the penalty under ``firth``.
    n, n_events : int
        Participants that entered, and how many of them have outcome 1.
    complete : ndarray of bool, shape (n_participants,)
        Who entered: those with the outcome and every predictor.
    reason : str
        Why nothing was computed; empty where something was.
    """

    terms: tuple[str, ...]
    method: Literal["maximum_likelihood", "firth"]
    separated: bool
    estimates: FloatArray
    standard_errors: FloatArray
    z: FloatArray
    p_wald: FloatArray
    wald_intervals: FloatArray
    chi_square: FloatArray
    p_likelihood_ratio: FloatArray
    profile_intervals: FloatArray
    log_likelihood: float
    n: int
    n_events: int
    complete: BoolArray
    reason: str

    def table(self) -> pd.DataFrame:
        """Return one row a term; odds ratios with the ends of the profile interval.

        Returns
        -------
        DataFrame
            :data:`TERM_COLUMNS`.
        """
        with np.errstate(over="ignore"):
            odds, ends = np.exp(self.estimates), np.exp(self.profile_intervals)
        columns = {
            "term": self.terms,
            "method": self.method,
            "n": self.n,
            "n_events": self.n_events,
            "estimate": self.estimates,
            "se": self.standard_errors,
            "z": self.z,
            "p_wald": self.p_wald,
            "wald_low": self.wald_intervals[:, 0],
            "wald_high": self.wald_intervals[:, 1],
            "chi_square": self.chi_square,
            "p_likelihood_ratio": self.p_likelihood_ratio,
            "profile_low": self.profile_intervals[:, 0],
            "profile_high": self.profile_intervals[:, 1],
            "odds_ratio": odds,
            "odds_ratio_low": ends[:, 0],
            "odds_ratio_high": ends[:, 1],
            "reason": self.reason,
        }
        return pd.DataFrame(columns, columns=list(TERM_COLUMNS))


def logistic_regression(
    *,
    outcome: ArrayLike,
    predictors: ArrayLike,
    names: Sequence[str],
    method: Method,
    confidence_level: float,
) -> LogisticRegression:
    """Fit a logistic regression with Wald and profile likelihood intervals.

    Where predictors separate the outcomes (every side effect above some level and none below),
    plain estimates are infinite. Firth's penalty, half the logarithm of the determinant of the
    information, keeps them finite and takes the bias of first order from them; its intervals and
    tests are those of the penalized likelihood. Wald's are poor then.

    Parameters
    ----------
    outcome : array_like of shape (n_participants,)
        0 or 1, NaN where not known.
    predictors : array_like of shape (n_participants,) or (n_participants, n_predictors)
        In their units, NaN where missing; without the intercept.
    names : sequence of str
        Names of the predictors.
    method : {"maximum_likelihood", "firth", "firth_if_separated"}
        Which likelihood; the last takes the penalty only where outcomes are separated, and the
        result says which it took.
    confidence_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    LogisticRegression
        NaN with a reason where all outcomes are equal, a predictor is constant or a combination of
        others, or outcomes are separated and the likelihood is the plain one.

    Raises
    ------
    ValueError
        If outcomes are other numbers than 0 and 1, shapes or names do not agree, or the method or
        the level is another one.

    References
    ----------
    Firth, D. (1993). Bias reduction of maximum likelihood estimates. Biometrika 80, 27-38.
    Heinze, G. & Schemper, M. (2002). A solution to the problem of separation in logistic
    regression. Statistics in Medicine 21, 2409-2419.
    Venzon, D. J. & Moolgavkar, S. H. (1988). A method for computing profile-likelihood-based
    confidence intervals. Applied Statistics 37, 87-94.

    Examples
    --------
    Of 10 with the drug 8 had a side effect, of 10 without 4: the odds ratio is (8 / 2) / (4 / 6).

    >>> found = logistic_regression(outcome=[1] * 8 + [0] * 2 + [1] * 4 + [0] * 6,
    ...     predictors=[1] * 10 + [0] * 10, names=["drug"], method="maximum_likelihood",
    ...     confidence_level=0.95)
    >>> round(float(np.exp(found.estimates[1])), 6), found.n_events
    (6.0, 12)
    """
    if method not in get_args(Method):
        raise ValueError(f"the method must be one of {', '.join(get_args(Method))}: {method!r}")
    quantile = upper_quantile(confidence_level)
    happened, values = _checked(outcome, predictors, names)
    complete: BoolArray = np.isfinite(happened) & np.isfinite(values).all(axis=1)
    y = happened[complete]
    design = np.column_stack([np.ones(len(y)), values[complete]])
    terms = (INTERCEPT, *names)
    reason, separated = "", False
    if not len(y) or np.ptp(y) == 0.0:
        reason = SAME_OUTCOME if len(y) else "nobody with the outcome and every predictor"
    elif not full_rank(design):
        reason = DEPENDENT
    else:
        separated = is_separated(design, y)
        if separated and method == "maximum_likelihood":
            reason = SEPARATED
    penalized = method == "firth" or (method == "firth_if_separated" and separated)
    found = _Fit.nothing(len(terms))
    if not reason:
        # With orthonormal columns no search depends on units and origins of the predictors.
        basis, back = orthonormal(design)
        model = Likelihood(basis, y, penalized=penalized)
        fit = maximize(model, start=np.zeros(len(terms)))
        reason = "" if fit.converged else NOT_CONVERGED
        if fit.converged:
            found = _inference(model, fit, back, quantile)
    return LogisticRegression(
        terms=terms,
        method="firth" if penalized else "maximum_likelihood",
        separated=separated,
        **vars(found),
        n=len(y),
        n_events=int(y.sum()),
        complete=complete,
        reason=reason,
    )


@dataclass(frozen=True)
class _Fit:
    estimates: FloatArray
    standard_errors: FloatArray
    z: FloatArray
    p_wald: FloatArray
    wald_intervals: FloatArray
    chi_square: FloatArray
    p_likelihood_ratio: FloatArray
    profile_intervals: FloatArray
    log_likelihood: float

    @staticmethod
    def nothing(n_terms: int) -> _Fit:
        """Return a fit without values."""
        one, two = np.full(n_terms, np.nan), np.full((n_terms, 2), np.nan)
        return _Fit(one, one, one, one, two, one, one, two, np.nan)


def _inference(model: Likelihood, fit: Maximum, back: FloatArray, quantile: float) -> _Fit:
    """Return tests and intervals of each term, which is a row of `back` times the estimates."""
    estimates = back @ fit.estimates
    covariance = back @ np.linalg.inv(information(model.design, fit.estimates)) @ back.T
    errors = np.sqrt(np.diagonal(covariance))
    z = estimates / errors
    margin = stats.norm.ppf(quantile) * errors
    drop = float(stats.chi2.ppf(2.0 * quantile - 1.0, 1)) / 2.0
    chi_square, ends = np.empty(len(z)), np.empty((len(z), 2))
    for row, (term, alone) in enumerate(zip(back, np.linalg.inv(back).T, strict=True)):
        profile = Profile(model, fit, term=term, alone=alone)
        ends[row] = [estimates[row] + profile.end(drop, sign) for sign in (-1.0, 1.0)]
        try:
            chi_square[row] = max(2.0 * profile.fall(-estimates[row]), 0.0)
        except NoProfileError:
            chi_square[row] = np.nan
    # The information of the predictors themselves has another determinant.
    change = -np.linalg.slogdet(back)[1] if model.penalized else 0.0
    return _Fit(
        estimates=estimates,
        standard_errors=errors,
        z=z,
        p_wald=2.0 * stats.norm.sf(np.abs(z)),
        wald_intervals=np.stack([estimates - margin, estimates + margin], axis=1),
        chi_square=chi_square,
        p_likelihood_ratio=stats.chi2.sf(chi_square, 1),
        profile_intervals=ends,
        log_likelihood=fit.log_likelihood + float(change),
    )


def _checked(
    outcome: ArrayLike, predictors: ArrayLike, names: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    happened = np.asarray(outcome, dtype=np.float64)
    values = as_columns(predictors, name="predictors")
    if happened.ndim != 1 or len(happened) != len(values):
        raise ValueError(
            f"outcome and predictors must hold the same participants: {happened.shape}, "
            f"{values.shape}"
        )
    if len(names) != values.shape[1] or len(set(names)) != len(names) or INTERCEPT in names:
        raise ValueError(f"{values.shape[1]} predictors need a name each: {', '.join(names)}")
    if not np.isin(happened[~np.isnan(happened)], (0.0, 1.0)).all():
        raise ValueError("the outcome must be 0 or 1, or missing")
    return happened, values
