r"""Weights of covariance components by restricted maximum likelihood, as SPM12 and MarsBaR.

======================  ============================================================
:math:`C_y` (n, n)      temporal covariance of the pooled voxels
:math:`X` (n, p)        fixed effects: design and drift
:math:`Q_i` (n, n)      covariance components, :math:`V = \sum_i h_i Q_i`
:math:`P` (n, n)        :math:`C^{-1} - C^{-1} X (X'C^{-1}X)^{-1} X'C^{-1}`
======================  ============================================================

References
----------
Friston et al. (2002) doi:10.1006/nimg.2002.1091.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from bids_ketamine.core.glm.voxel_series import column_space
from bids_ketamine.errors import ProcessingError


class Hyperparameters(NamedTuple):
    """Result of restricted maximum likelihood.

    Attributes
    ----------
    weights : ndarray of shape (n_components,)
        h, the weights of the covariance components.
    covariance : ndarray of shape (n_scans, n_scans)
        V, of trace n_scans.
    """

    weights: np.ndarray
    covariance: np.ndarray


class _Gradient(NamedTuple):
    """First derivative (m,) and expected second derivative (m, m) of the log-likelihood."""

    slope: np.ndarray
    curvature: np.ndarray


def estimate_hyperparameters(
    covariance: np.ndarray,
    *,
    fixed_effects: np.ndarray,
    components: np.ndarray,
    start: tuple[float, ...] = (1.0, 0.0),
    hyperprior_precision: float = float(np.exp(-8.0)),
    first_log_step: float = 4.0,
    tolerance: float = 0.1,
    max_iterations: int = 32,
) -> Hyperparameters:
    r"""Estimate the weights of covariance components by SPM12's restricted maximum likelihood.

    Fisher scoring on the log-likelihood with a Gaussian prior of mean 0 on h. A step is a flow
    along the gradient for a time :math:`\tau`:

    .. math:: \Delta h = (e^{\tau H} - I) H^{-1} g, \quad
              \tau = \exp(t - \log|\det H| / m)

    with g the gradient, H the expected curvature and m the number of components; t grows by 1/4
    while the predicted gain g'Δh falls, else shrinks by 1. It stops when the gain is below the
    tolerance, as a rule after two or three steps: SPM's h is not the optimum, and these steps
    are part of its definition.

    Parameters
    ----------
    covariance : ndarray of shape (n_scans, n_scans)
        C_y.
    fixed_effects : ndarray of shape (n_scans, n_columns)
        Design and drift.
    components : ndarray of shape (n_components, n_scans, n_scans)
        Q.
    start : tuple of float, optional
        First h.
    hyperprior_precision : float, optional
        Precision of the prior on h.
    first_log_step : float, optional
        First t.
    tolerance : float, optional
        Predicted gain below which it stops.
    max_iterations : int, optional
        Steps at most.

    Returns
    -------
    Hyperparameters
        h and V.

    Raises
    ------
    ProcessingError
        If the covariance that results is not positive definite.

    References
    ----------
    Friston et al. (2002) doi:10.1006/nimg.2002.1091.
    """
    weights = np.array(start, dtype=float)
    effects = column_space(fixed_effects)
    log_step, last_gain = first_log_step, np.inf
    for _ in range(max_iterations):
        slope, curvature = _likelihood(covariance, weights, effects, components)
        slope = slope - hyperprior_precision * weights
        curvature = curvature - hyperprior_precision * np.eye(len(weights))
        step = _flow(slope, curvature, log_step)
        gain = float(slope @ step)
        weights = weights + step
        log_step += 0.25 if gain <= last_gain else -1.0
        last_gain = gain
        if gain < tolerance:
            break
    return Hyperparameters(weights, _model_covariance(weights, components))


def estimate_hyperparameters_marsbar(
    covariance: np.ndarray,
    *,
    fixed_effects: np.ndarray,
    components: np.ndarray,
    start: tuple[float, ...] = (1.0, 1.0),
    tolerance: float = 0.01,
    max_iterations: int = 64,
) -> Hyperparameters:
    """Estimate the weights of covariance components as MarsBaR does.

    Fisher scoring without a prior and with full steps. The covariance returned is that of the
    weights *before* the last step, the weights are those after it: so MarsBaR has it.

    Parameters
    ----------
    covariance, fixed_effects, components
        As for :func:`estimate_hyperparameters`.
    start : tuple of float, optional
        First h.
    tolerance : float, optional
        Predicted gain below which it stops.
    max_iterations : int, optional
        Steps at most.

    Returns
    -------
    Hyperparameters
        h and V.

    Raises
    ------
    ProcessingError
        If the covariance that results is not positive definite.

    References
    ----------
    Brett et al. (2002) Region of interest analysis using an SPM toolbox. NeuroImage 16(2).
    """
    before = weights = np.array(start, dtype=float)
    effects = column_space(fixed_effects)
    for _ in range(max_iterations):
        slope, curvature = _likelihood(covariance, weights, effects, components)
        step = -np.linalg.pinv(curvature) @ slope
        before, weights = weights, weights + step
        if float(slope @ step) < tolerance:
            break
    return Hyperparameters(weights, _model_covariance(before, components))


def _likelihood(
    covariance: np.ndarray, weights: np.ndarray, effects: np.ndarray, components: np.ndarray
) -> _Gradient:
    """Differentiate the restricted likelihood: P = C^-1 - C^-1 X (X'C^-1 X)^-1 X'C^-1."""
    inverse = np.linalg.inv(np.tensordot(weights, components, 1))
    solved = inverse @ effects
    projection = inverse - solved @ np.linalg.solve(effects.T @ solved, solved.T)
    products = [projection @ component for component in components]
    residual = np.eye(len(covariance)) - projection @ covariance
    # tr(A B) = sum of A * B'
    slope = np.array([-0.5 * np.sum(each * residual.T) for each in products])
    curvature = np.array([[-0.5 * np.sum(one * other.T) for other in products] for one in products])
    return _Gradient(slope, curvature)


def _flow(slope: np.ndarray, curvature: np.ndarray, log_step: float) -> np.ndarray:
    """Follow the gradient for a time; without end that is Newton's step."""
    _, log_determinant = np.linalg.slogdet(curvature)
    log_time = log_step - log_determinant / len(slope)
    newton = np.linalg.solve(curvature, slope)
    if log_time > 16.0:
        return -newton
    flow = linalg.expm(np.exp(log_time) * curvature) - np.eye(len(slope))
    return np.asarray(flow @ newton)


def _model_covariance(weights: np.ndarray, components: np.ndarray) -> np.ndarray:
    covariance = np.tensordot(weights, components, 1)
    trace = float(np.trace(covariance))
    if not trace > 0.0:
        raise ProcessingError(
            "The serial correlations of the run could not be estimated: their covariance is not "
            "positive definite.",
            cure="Series that were filtered in time cannot be whitened so: take `noise_model: ar1` "
            "in the study file.",
        )
    return np.asarray(covariance * (len(covariance) / trace))
