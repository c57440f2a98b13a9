"""What is read off a posterior: probabilities, correlations, explained variance, AIC and BIC."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special


def posterior_probability(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    r"""Return the posterior probability that each parameter has its sign, :math:`\Phi(|m|/s)`.

    Parameters
    ----------
    mean : ndarray of shape (n_parameters,)
        m.
    covariance : ndarray of shape (n_parameters, n_parameters)
        Its diagonal is s^2.

    Returns
    -------
    ndarray of shape (n_parameters,)
        NaN where a parameter is fixed.
    """
    variance = np.diagonal(covariance)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = special.ndtr(np.abs(mean) / np.sqrt(variance))
    return np.where(variance > 0.0, found, np.nan)


def parameter_correlations(covariance: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Return the correlations of the free parameters.

    Parameters
    ----------
    covariance : ndarray of shape (n_parameters, n_parameters)
        Posterior covariance.
    free : ndarray of int, shape (n_free,)
        Positions.

    Returns
    -------
    ndarray of shape (n_free, n_free)
        Between -1 and 1.
    """
    own = covariance[np.ix_(free, free)]
    deviation = np.sqrt(np.diagonal(own))
    return np.clip(own / np.outer(deviation, deviation), -1.0, 1.0)


def explained_variance(
    predicted: Sequence[np.ndarray], residuals: Sequence[np.ndarray]
) -> np.ndarray:
    r"""Return the share of variance that a model explains in each region.

    :math:`\sum \hat y^2 / (\sum \hat y^2 + \sum r^2)`, as SPM12's check of a model has it: of the
    prediction without confounds and the residual without them.

    Parameters
    ----------
    predicted, residuals : sequence of ndarray of shape (n_scans, n_regions)
        Each run.

    Returns
    -------
    ndarray of shape (n_regions + 1,)
        Between 0 and 1; last of all regions together.
    """
    explained = np.sum([np.sum(each**2, axis=0) for each in predicted], axis=0)
    left = np.sum([np.sum(each**2, axis=0) for each in residuals], axis=0)
    explained = np.append(explained, explained.sum())
    left = np.append(left, left.sum())
    return explained / (explained + left)


def information_criteria(
    residuals: Sequence[np.ndarray], noise_variance: np.ndarray, *, n_free: int
) -> tuple[float, float]:
    r"""Return SPM12's AIC and BIC, both the larger the better.

    The app gives free energies instead; these are for comparison with other work.

    :math:`L = \sum_i -\frac{v}{2} \ln \sigma_i^2 - R_i'R_i / (2 \sigma_i^2)`; AIC is
    :math:`L - k`, BIC :math:`L - \frac{k}{2} \ln v`.

    Parameters
    ----------
    residuals : sequence of ndarray of shape (n_scans, n_regions)
        Each run.
    noise_variance : ndarray of shape (n_regions,)
        Posterior noise variance.
    n_free : int
        k, free parameters.

    Returns
    -------
    tuple of float
        AIC and BIC.
    """
    n_scans = sum(len(each) for each in residuals)
    squared = np.sum([np.sum(each**2, axis=0) for each in residuals], axis=0)
    fit = float(np.sum(-0.5 * n_scans * np.log(noise_variance) - 0.5 * squared / noise_variance))
    return fit - n_free, fit - 0.5 * n_free * np.log(n_scans)
