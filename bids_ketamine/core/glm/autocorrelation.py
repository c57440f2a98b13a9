"""Covariance components of serial correlations, and the whitening of a covariance."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from bids_ketamine.errors import ProcessingError

#: Coefficient around which the process is expanded, and the step of its finite difference.
COEFFICIENT, COEFFICIENT_STEP = 0.2, float(np.exp(-8.0))
#: Covariances below are no part of a component, entries below no part of a whitening matrix.
SMALLEST_COVARIANCE, SMALLEST_WEIGHT = 1e-4, 1e-6


def covariance_components(
    *,
    n_scans: int,
    coefficient: float = COEFFICIENT,
    step: float = COEFFICIENT_STEP,
    smallest: float = SMALLEST_COVARIANCE,
) -> np.ndarray:
    r"""Return the covariance components of SPM's "AR(0.2)" model.

    .. math:: Q(a)_{ij} = a^{|i-j|}, \quad Q_{1,2} = Q(a) \mp a \frac{Q(a + d) - Q(a)}{d}

    Parameters
    ----------
    n_scans : int
        Volumes.
    coefficient : float, optional
        a.
    step : float, optional
        d.
    smallest : float, optional
        Entries of Q(a) below it are zero.

    Returns
    -------
    ndarray of shape (2, n_scans, n_scans)
        Symmetric Toeplitz matrices.
    """

    def row(rho: float) -> np.ndarray:
        values = rho ** np.arange(n_scans, dtype=float)
        return np.where(values < smallest, 0.0, values)

    slope = (row(coefficient + step) - row(coefficient)) / step
    rows = (row(coefficient) - coefficient * slope, row(coefficient) + coefficient * slope)
    return np.stack([linalg.toeplitz(each) for each in rows])


def whitening_matrix(covariance: np.ndarray, *, smallest: float = SMALLEST_WEIGHT) -> np.ndarray:
    """Return the symmetric inverse square root of a covariance, small entries set to zero.

    Parameters
    ----------
    covariance : ndarray of shape (n_scans, n_scans)
        V.
    smallest : float, optional
        Entries of this size and below become zero.

    Returns
    -------
    ndarray of shape (n_scans, n_scans)
        W.

    Raises
    ------
    ProcessingError
        If the covariance is not positive definite.
    """
    variances, vectors = np.linalg.eigh(covariance)
    if not variances[0] > 0.0:
        raise ProcessingError(
            "The serial correlations of the run could not be estimated: their covariance is not "
            "positive definite.",
            cure="Series that were filtered in time cannot be whitened so: take `noise_model: ar1` "
            "in the study file.",
        )
    whitening = (vectors / np.sqrt(variances)) @ vectors.T
    whitening[np.abs(whitening) <= smallest] = 0.0
    return np.asarray(whitening)
