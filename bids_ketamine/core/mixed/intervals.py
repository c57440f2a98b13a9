"""Intervals of fixed effects from the likelihood itself or from simulated trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import optimize, stats

from bids_ketamine.core.mixed.covariance import FloatArray, MixedData
from bids_ketamine.core.mixed.fit import MixedFit, fit_mixed_model

#: Standard errors within which the end of a profile interval is looked for.
FARTHEST = 60.0


def profile_intervals(data: MixedData, *, level: float) -> FloatArray:
    """Return the values of each fixed effect that the likelihood ratio does not reject.

    The ends are where -2 log L(b), at its highest over all other parameters, exceeds that of the
    fit by the quantile of chi-square with one degree of freedom. The likelihood is the full one,
    since restricted likelihoods of different fixed effects cannot be compared.

    Parameters
    ----------
    data : MixedData
        Values and designs.
    level : float
        Level of the intervals.

    Returns
    -------
    ndarray of shape (n_columns, 2)
        Ends; NaN where the likelihood never falls so far.

    Raises
    ------
    ValueError
        If the model cannot be fitted.
    """
    fit = fit_mixed_model(data, method="ml")
    limit = fit.deviance + float(stats.chi2.ppf(level, 1))
    errors = np.sqrt(np.diagonal(fit.covariance))
    ends = np.full((data.n_columns, 2), np.nan)
    for column in range(data.n_columns):
        others = np.delete(data.design, column, axis=1)

        def excess(value: float, column: int = column, others: FloatArray = others) -> float:
            shifted = data.values - value * data.design[:, column]
            held = replace(data, values=shifted, design=others)
            return fit_mixed_model(held, method="ml").deviance - limit

        for place, sign in enumerate((-1.0, 1.0)):
            ends[column, place] = _end(excess, float(fit.estimates[column]), sign * errors[column])
    return ends


def _end(excess: Callable[[float], float], start: float, step: float) -> float:
    """Return where a function that is negative at the start becomes zero."""
    inside, outside = start, start + 2.0 * step
    while excess(outside) < 0.0:
        inside, outside = outside, start + 2.0 * (outside - start)
        if abs(outside - start) > FARTHEST * abs(step):
            return np.nan
    return float(optimize.brentq(excess, inside, outside, xtol=1e-6 * abs(step)))


def bootstrap_intervals(
    fit: MixedFit, *, level: float, n_draws: int, seed: int
) -> tuple[FloatArray, int]:
    """Return intervals from trials drawn from the fit: studentized parametric bootstrap.

    With t* = (b* - b) / se* of each drawn trial: b - se times the upper and the lower quantile
    of t*.

    Parameters
    ----------
    fit : MixedFit
        A fit.
    level : float
        Level of the intervals.
    n_draws : int
        Number of trials that are drawn.
    seed : int
        Seed of the draws.

    Returns
    -------
    ends : ndarray of shape (n_columns, 2)
        Lower and upper ends.
    n_used : int
        Drawn trials that could be fitted.

    References
    ----------
    Davison, A. C. & Hinkley, D. V. (1997). Bootstrap methods and their application. Cambridge
    University Press, section 5.2.
    """
    data, random = fit.data, np.random.default_rng(seed)
    expected = data.design @ fit.estimates
    residual_sd = np.sqrt(fit.residual_variance)
    drawn = []
    for _ in range(n_draws):
        effects = random.standard_normal((len(data.rows), data.n_random)) @ fit.factor.T
        own = np.einsum("nq,nq->n", data.random_design, effects[data.participants])
        noise = random.standard_normal(data.n_observations)
        values = expected + residual_sd * (own + noise)
        try:
            again = fit_mixed_model(replace(data, values=values), method=fit.method)
        except (ValueError, np.linalg.LinAlgError):
            continue
        errors = np.sqrt(np.diagonal(again.covariance))
        drawn.append((again.estimates - fit.estimates) / errors)
    tail = (1.0 - level) / 2.0
    if not drawn:
        return np.full((data.n_columns, 2), np.nan), 0
    high, low = np.quantile(np.array(drawn), [1.0 - tail, tail], axis=0)
    errors = np.sqrt(np.diagonal(fit.covariance))
    ends = np.stack([fit.estimates - errors * high, fit.estimates - errors * low], axis=1)
    return ends, len(drawn)
