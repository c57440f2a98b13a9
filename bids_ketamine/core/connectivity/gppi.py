r"""Generalized PPI: how the coupling of regions changes with the conditions of a task.

For a seed s, conditions with regressors h_c and a target y:

.. math:: y = a s + \sum_c g_c h_c + \sum_c b_c x_c + e

=========  ==========================================================================
Symbol     Meaning
=========  ==========================================================================
x_c        interaction of the seed with condition c: s h_c (method conn), or formed of
           neural activity and then convolved (method spm)
X          the columns s, h_c, x_c without their means, shape (n_scans, n_columns)
G          pseudo-inverse of X'X
b_c        regression coefficient of condition c's interaction
r_c        semipartial correlation: b_c / (sqrt(G_cc) norm(y)), of y with the part of
           x_c that all other columns leave
w          weights of an effect: a contrast, or one condition
=========  ==========================================================================

References
----------
McLaren et al. (2012) doi:10.1016/j.neuroimage.2012.03.068; Whitfield-Gabrieli and
Nieto-Castanon (2012) doi:10.1089/brain.2012.0073.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from bids_ketamine.core.connectivity.interaction_model import (
    PpiRun,
    SeedFit,
    estimable,
    fisher_z_clipped,
    fit_seed,
    model_columns,
    semipartial_correlation,
    task_correlation,
    variance_inflation,
)
from bids_ketamine.core.connectivity.residual_noise import SerialNoise

#: The measure that is a coefficient; the other one is a correlation.
REGRESSION = "regression"


class PpiEstimates(NamedTuple):
    """Effects of every seed on every target; NaN on the diagonal.

    Attributes
    ----------
    value : ndarray of shape (n_regions, n_regions, n_effects)
        [seed, target, effect]: sum of w_c times Fisher z of r_c, or times b_c.
    standard_error : ndarray of the same shape
        Of the value, with the serial correlation of the residuals.
    mean, mean_standard_error : ndarray of the same shape
        Of both directions; symmetric.
    residual_df : ndarray of shape (n_regions,)
        Effective degrees of freedom of a seed's models.
    variance_inflation : ndarray of shape (n_regions, n_effects)
        Variance of the regression effect over what it would be if the seed's columns were
        orthogonal; for correlations, which are made of each condition apart, the largest of the
        conditions that the effect weights. Infinite where the effect cannot be estimated.
    task_correlation : ndarray of shape (n_regions, n_effects)
        Correlation of an effect's interaction with its task regressor.
    """

    value: np.ndarray
    standard_error: np.ndarray
    mean: np.ndarray
    mean_standard_error: np.ndarray
    residual_df: np.ndarray
    variance_inflation: np.ndarray
    task_correlation: np.ndarray


def generalized_ppi(
    runs: Sequence[PpiRun],
    *,
    effects: np.ndarray,
    measure: str,
    noise_reach: int,
    response_reach: int,
) -> PpiEstimates:
    r"""Estimate the effects of conditions on the coupling of every seed with every target.

    The model of a seed is factorized once for all targets. Runs are joined, each without its
    means. The variance of an effect, with V the serial correlation of the residuals:

    .. math:: \sum_r \sigma_r^2 g_r' V_r g_r, \quad g = X G_{\cdot c} w, \quad
              \sigma_r^2 = |e_r|^2 / tr(R V)_r

    over runs r, each with noise of its own size
    (:meth:`~bids_ketamine.core.connectivity.residual_noise.SerialNoise.covariance`).

    For Fisher z each column of g is divided by :math:`\sqrt{G_{cc}} |y| (1 - r_c^2)`. The two
    directions of a pair rest on the same series: the correlation of their errors, for the
    standard error of their mean, is that of the products g e of the two models over volumes,
    after a triangular window that gathers what the response has spread over neighbouring ones.

    Parameters
    ----------
    runs : sequence of PpiRun
        At least one, of the same regions and conditions.
    effects : ndarray of shape (n_effects, n_conditions)
        w of each effect.
    measure : {"correlation", "regression"}
        Fisher z of semipartial correlations, or regression coefficients.
    noise_reach : int
        Lags, in volumes, over which residuals are correlated; 0 for white ones.
    response_reach : int
        Half-width of the triangular window, volumes; 0 for none.

    Returns
    -------
    PpiEstimates
        Values, errors, collinearity; NaN for what cannot be estimated.

    References
    ----------
    As of the module.
    """
    lengths = [len(run.targets) for run in runs]
    targets = np.concatenate([run.targets - run.targets.mean(axis=0) for run in runs])
    raw, fitted = (np.concatenate(parts) for parts in zip(*map(model_columns, runs), strict=True))
    noise = SerialNoise(
        lengths,
        noise_reach,
        residual_df=sum(run.residual_df for run in runs),
        filtered_df=sum(run.filtered_df for run in runs),
    )
    n_regions, (n_effects, n_conditions) = targets.shape[1], effects.shape
    value, error = np.full((2, n_regions, n_regions, n_effects), np.nan)
    df = np.full(n_regions, np.nan)
    inflation, correlation = np.full((2, n_regions, n_effects), np.nan)
    fits: list[SeedFit] = []
    gradients = np.zeros((n_regions, n_conditions, n_effects, n_regions))
    for seed in range(n_regions):
        fit = fit_seed(fitted[:, seed], targets)
        gradients[seed], value[seed] = _effects(fit, targets, effects, measure)
        residuals = targets - fit.columns @ fit.coefficients
        covariance, df[seed] = noise.covariance(
            residuals, fit.basis, _dual(fit, n_conditions), without=seed
        )
        weights = gradients[seed]
        variance = np.einsum("cej,jcd,dej->je", weights, covariance, weights)
        error[seed] = np.sqrt(np.maximum(variance, 0.0))
        inflation[seed] = _inflation(fit, effects, measure)
        correlation[seed] = task_correlation(fit, effects)
        fits.append(fit)
    value[:, np.linalg.norm(targets, axis=0) == 0.0] = np.nan
    value[np.isinf(inflation)[:, None, :] | np.eye(n_regions, dtype=bool)[:, :, None]] = np.nan
    error[np.isnan(value)] = np.nan
    shared = _shared_error(fits, raw, gradients, targets, lengths, response_reach)
    mean = (value + value.swapaxes(0, 1)) / 2.0
    other = error.swapaxes(0, 1)
    mean_error = np.sqrt(error**2 + other**2 + 2.0 * shared * error * other) / 2.0
    return PpiEstimates(value, error, mean, mean_error, df, inflation, correlation)


def _effects(
    fit: SeedFit, targets: np.ndarray, effects: np.ndarray, measure: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of b_c in each effect, linearised, and the effects on all targets.

    Shapes (n_conditions, n_effects, n_targets) and (n_targets, n_effects).
    """
    n_conditions = effects.shape[1]
    weights = np.broadcast_to(effects.T[:, :, None], (*effects.T.shape, targets.shape[1]))
    if measure == REGRESSION:
        return weights, np.asarray(fit.coefficients[-n_conditions:].T @ effects.T)
    chosen = np.eye(len(fit.gram))[:, -n_conditions:]
    r = semipartial_correlation(fit, targets, chosen)
    # What a condition without events lacks must not reach effects that do not weight it;
    # those that do are told apart as not estimable.
    r = np.where(np.isfinite(r), r, 0.0)
    scale = np.sqrt(np.diag(fit.gram)[-n_conditions:, None]) * np.linalg.norm(targets, axis=0)
    room = scale * (1.0 - r**2)
    slope = np.where(room > 0, 1.0 / np.where(room > 0, room, 1.0), 0.0)
    return weights * slope[:, None, :], np.asarray(fisher_z_clipped(r).T @ effects.T)


def _inflation(fit: SeedFit, effects: np.ndarray, measure: str) -> np.ndarray:
    """Return the inflation of effects, infinite for those that cannot be estimated.

    Differences of coefficients may be estimated where the coefficients cannot; correlations are
    of each condition by itself.
    """
    if measure == REGRESSION:
        return np.where(estimable(fit, effects), variance_inflation(fit, effects), np.inf)
    each = np.eye(effects.shape[1])
    alone = np.where(estimable(fit, each), variance_inflation(fit, each), np.inf)
    return np.asarray(np.where(effects != 0.0, alone, 0.0).max(axis=1))


def _dual(fit: SeedFit, n_conditions: int) -> np.ndarray:
    """Return X G of the interactions, (n_scans, n_conditions): with y they give b_c."""
    return np.asarray(fit.columns @ fit.gram[:, -n_conditions:])


def _shared_error(
    fits: Sequence[SeedFit],
    raw: np.ndarray,
    gradients: np.ndarray,
    targets: np.ndarray,
    lengths: Sequence[int],
    response_reach: int,
) -> np.ndarray:
    """Return the correlation of the errors of both directions, (n_regions, n_regions, n_effects).

    Of the products g e over volumes: g is what an effect weights y with, e the residual. Their
    sums are the same for columns before cleaning, since residuals have nothing of what it takes;
    only the products of these columns go along with each other volume by volume.

    Neighbouring volumes are gathered, since the response spreads what the products share.
    """
    _, n_conditions, n_effects, n_regions = gradients.shape
    duals = np.stack([raw[:, seed] @ fit.gram[:, -n_conditions:] for seed, fit in enumerate(fits)])
    fitted = np.stack([fit.columns for fit in fits])
    shared = np.zeros((n_regions, n_regions, n_effects))
    for seed, fit in enumerate(fits):
        residuals = targets - fit.columns @ fit.coefficients  # of every target
        there = np.einsum("tc,cej->tej", duals[seed], gradients[seed]) * residuals[:, None]
        coefficients = np.stack([other.coefficients[:, seed] for other in fits])
        back = targets[:, [seed]] - np.einsum("jtp,jp->tj", fitted, coefficients)
        back = np.einsum("jtc,jce->tej", duals, gradients[:, :, :, seed]) * back[:, None]
        there, back = (
            np.concatenate(
                [_gathered(run, response_reach) for run in np.split(each, np.cumsum(lengths)[:-1])]
            )
            for each in (there, back)
        )
        size = np.linalg.norm(there, axis=0) * np.linalg.norm(back, axis=0)
        products = np.sum(there * back, axis=0)
        shared[seed] = np.where(size > 0, products / np.where(size > 0, size, 1.0), 0.0).T
    return shared


def _gathered(series: np.ndarray, reach: int) -> np.ndarray:
    """Return sums over neighbouring volumes of a run, weighted by a triangle.

    Two running sums one after the other. They reach beyond the ends, so that every volume weighs
    as much as any other.
    """
    for _ in range(2):
        room = [(reach + 1, reach), *[(0, 0)] * (series.ndim - 1)]
        sums = np.cumsum(np.pad(series, room), axis=0)
        series = sums[reach + 1 :] - sums[: -(reach + 1)]
    return series


def two_sided_p(value: np.ndarray, error: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Return two-sided tail probabilities of t = value / error; NaN where there is no error.

    Examples
    --------
    >>> two_sided_p(np.array([1.0, 1.0]), np.array([0.5, np.nan]), np.array(1e9)).round(4).tolist()
    [0.0455, nan]
    """
    known = np.isfinite(value) & (error > 0)
    t = np.where(known, np.abs(value) / np.where(known, error, 1.0), np.nan)
    return np.asarray(2.0 * stats.t.sf(t, df))
