r"""How far the noise of normalised patterns is from unit variance.

Patterns are normalised by an estimate of the covariance, not by the covariance itself. Their
noise has the covariance :math:`\tilde S = \hat\Sigma^{-1/2} \Sigma \hat\Sigma^{-1/2}` between
voxels, and what is expected of a quadratic form of patterns depends on

.. math:: \kappa = \mathrm{tr}(\hat\Sigma^{-1} \Sigma) / v, \qquad
          v_{eff} = (\mathrm{tr} \tilde S)^2 / \mathrm{tr}(\tilde S^2)

The residuals themselves would say :math:`\kappa = 1` or below, for they have made
:math:`\hat\Sigma`. Each is therefore compared with a covariance made without it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from bids_ketamine.core.glm.voxel_series import column_space
from bids_ketamine.core.rsa.noise_covariance import NoiseCovariance
from bids_ketamine.errors import ProcessingError

#: Least number of independent residuals from which pairs can be left out.
FEWEST_RESIDUALS = 3


class NoiseLevel(NamedTuple):
    """Noise of normalised patterns.

    Attributes
    ----------
    level : float
        Variance of the noise per voxel, mean over voxels; 1 where the covariance is known. For
        patterns that are not normalised, in squared units of the series.
    effective_voxels : float
        Number of voxels with independent noise that would make sums over voxels as variable.
    """

    level: float
    effective_voxels: float


def residual_basis(design: np.ndarray, *, drift: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of what a model leaves unexplained.

    Residuals e (n_scans, n_voxels) of whitened series depend on each other: there are fewer
    degrees of freedom than volumes, and spikes leave none. ``basis.T @ e`` are independent, with
    the covariance of the noise each.

    Parameters
    ----------
    design : ndarray of shape (n_scans, n_columns)
        Whitened, filtered design (:attr:`FilteredModel.design`).
    drift : ndarray of shape (n_scans, n_drifts)
        Drift that the filter takes out.

    Returns
    -------
    ndarray of shape (n_scans, n_independent)
        Columns also have zero mean, as the residuals that make the covariance.
    """
    constant = np.ones((len(design), 1))
    explained = column_space(np.column_stack([constant, drift, design]))
    complete, _ = np.linalg.qr(explained, mode="complete")
    return np.asarray(complete[:, explained.shape[1] :])


def noise_level(independent_residuals: np.ndarray, noise: NoiseCovariance) -> NoiseLevel:
    r"""Estimate the noise of normalised patterns by leaving each residual out.

    For e a residual that had no part in :math:`\hat\Sigma`, the expectation of
    :math:`e' \hat\Sigma^{-1} e` is :math:`\mathrm{tr}(\hat\Sigma^{-1} \Sigma) = \kappa v`. Without
    residual t the covariance is :math:`A - a\,e_t e_t' - \lambda\,\mathrm{diag}(e_t^2) / df`, with
    :math:`A = \hat\Sigma`, :math:`a = (1 - \lambda) / df` and the intensity :math:`\lambda` held.
    With :math:`z_t = A^{-1} e_t`, :math:`q_t = e_t' z_t`, the first term is taken out exactly
    (Sherman and Morrison) and the second, far smaller, to first order:

    .. math:: \kappa = \frac{K - 1}{K} \, \frac{1}{K v} \sum_t \left[\frac{q_t}{1 - a q_t}
              + \frac{\lambda}{df} \frac{\sum_i z_{ti}^2 e_{ti}^2}{(1 - a q_t)^2}\right]

    K residuals; the first factor, since the rest are K - 1 but are divided by the same df. Two
    residuals left out in the same way (Woodbury) give, with :math:`h_{ts} = e_t' z_s` and
    :math:`g_{ts} = \sum_i z_{ti} z_{si} (e_{ti}^2 + e_{si}^2)`,

    .. math:: \mathrm{tr}(\tilde S^2) = \left(\frac{K - 2}{K}\right)^2 \mathrm{mean}_{t \ne s}
              \left[\frac{h_{ts} + \lambda g_{ts} / df}
              {(1 - a q_t)(1 - a q_s) - a^2 h_{ts}^2}\right]^2

    Parameters
    ----------
    independent_residuals : ndarray of shape (n_independent, n_voxels)
        ``residual_basis(...).T @ residuals`` of the residuals that made ``noise``; those of
        several runs below each other. Residuals of volumes themselves are not independent: with
        60 columns in 200 volumes they give half of the level.
    noise : NoiseCovariance
        The covariance.

    Returns
    -------
    NoiseLevel
        Level and effective number of voxels.

    Raises
    ------
    ProcessingError
        If there are fewer than three residuals.
    """
    residuals = np.asarray(independent_residuals, dtype=np.float64)
    n_residuals, n_voxels = residuals.shape
    if n_residuals < FEWEST_RESIDUALS:
        raise ProcessingError(
            f"{n_residuals} independent residuals are too few to tell the level of the noise.",
            cure="Take a run with more volumes, or fewer nuisance regressors.",
        )
    if noise.estimator == "identity":
        weighted, shrinkage, taken = residuals, 0.0, 0.0
        one_left_out = two_left_out = 1.0
    else:
        factor = linalg.cho_factor(noise.covariance, lower=True, check_finite=False)
        weighted = linalg.cho_solve(factor, residuals.T, check_finite=False).T
        shrinkage, taken = noise.shrinkage, (1.0 - noise.shrinkage) / noise.df
        one_left_out, two_left_out = 1.0 - 1.0 / n_residuals, 1.0 - 2.0 / n_residuals
    products = residuals @ weighted.T
    within = np.diag(products).copy()
    rest = 1.0 - taken * within
    remaining = np.outer(rest, rest) - (taken * products) ** 2
    if shrinkage > 0.0:
        cubed = shrinkage / noise.df * ((weighted * residuals**2) @ weighted.T)
        within += np.diag(cubed) / rest
        products += cubed + cubed.T
    trace = one_left_out * float(np.mean(within / rest))
    np.fill_diagonal(remaining, np.inf)
    crossed = two_left_out * products / remaining
    trace_of_square = float(np.sum(crossed**2)) / (n_residuals * (n_residuals - 1))
    # With few residuals the quotient may leave the range that it has in truth.
    effective = np.clip(trace**2 / trace_of_square, 1.0, n_voxels)
    return NoiseLevel(trace / n_voxels, float(effective))
