r"""Serial correlation that whitening left, measured in the residuals.

A model of the serial correlation fits each run more or less. What it leaves can be measured, but
residuals hang together by the fit as well. For noise of first-order autoregression,
:math:`V_{ts} = \rho^{|t-s|}`, and the residual-forming matrix R, the coefficient is that for which

.. math:: \frac{\sum_t (R V R)_{t,t+1}}{tr(R V R)} = \frac{\sum_t e_t e_{t+1}}{\sum_t e_t^2}

References
----------
Worsley et al. (2002) doi:10.1006/nimg.2001.0933 (correction of residual autocorrelation).
"""

from __future__ import annotations

import numpy as np
from scipy import linalg, optimize

from bids_ketamine.core.glm.voxel_series import column_space

#: Largest size of the coefficient; beyond it a run has hardly an independent volume.
LARGEST = 0.9


def residual_autoregression(
    residuals: np.ndarray, *, design: np.ndarray, drift: np.ndarray
) -> float:
    """Return the autoregression of the noise behind whitened residuals.

    Parameters
    ----------
    residuals : ndarray of shape (n_scans, n_voxels)
        Whitened and filtered; voxels count alike, whatever their variance.
    design : ndarray of shape (n_scans, n_columns)
        Whitened, filtered design.
    drift : ndarray of shape (n_scans, n_drifts)
        Orthonormal; what the filter takes out.

    Returns
    -------
    float
        Coefficient between -0.9 and 0.9; 0 where residuals do not vary.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(200, 2000))
    >>> constant, none = np.ones((200, 1)), np.empty((200, 0))
    >>> found = residual_autoregression(noise - noise.mean(axis=0), design=constant, drift=none)
    >>> abs(found) < 0.01
    True
    """
    size = np.linalg.norm(residuals, axis=0)
    unit = residuals[:, size > 0] / size[size > 0]
    if not unit.size:
        return 0.0
    observed = float(np.sum(unit[:-1] * unit[1:]) / unit.shape[1])
    basis = column_space(np.column_stack([drift, design]))

    def excess(coefficient: float) -> float:
        fitted = _fitted(autoregressive_covariance(coefficient, len(basis)), basis)
        return float(np.trace(fitted, offset=1) / np.trace(fitted)) - observed

    if excess(-LARGEST) > 0.0:
        return -LARGEST
    if excess(LARGEST) < 0.0:
        return LARGEST
    return float(optimize.brentq(excess, -LARGEST, LARGEST, xtol=1e-6))


def autoregressive_covariance(coefficient: float, n_scans: int) -> np.ndarray:
    """Return V of unit variance, shape (n_scans, n_scans).

    Examples
    --------
    >>> autoregressive_covariance(0.5, 3)[0].tolist()
    [1.0, 0.5, 0.25]
    """
    return np.asarray(linalg.toeplitz(coefficient ** np.arange(n_scans)))


def _fitted(covariance: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return R V R."""
    left = covariance - basis @ (basis.T @ covariance)
    return np.asarray(left - (left @ basis) @ basis.T)
