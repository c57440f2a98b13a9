r"""Neural activity from BOLD series, and interactions formed of it, as SPM makes them.

=========  ==========================================================================
Symbol     Meaning
=========  ==========================================================================
u          first eigenvariate of a seed, whitened by W and high-passed
B          discrete cosines on the microtime grid, one column a volume
H          B convolved with the response and sampled once a volume, shape (n, n)
X_0        confounds of u: constant (whitened, filtered) and drifts
=========  ==========================================================================

.. math:: u = W H \theta + X_0 \beta + e, \quad x = B \theta

with priors of fixed variance, so that the posterior mean is a ridge regression.

References
----------
Gitelman et al. (2003) doi:10.1016/S1053-8119(03)00058-2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg, signal

#: Bins before the first volume in which activity may already echo.
LEAD_IN_BINS = 128

#: Variance of the noise, and of the confounds' coefficients, that SPM's routine fixes.
NOISE_VARIANCE, CONFOUND_VARIANCE = 0.25, 1e6

#: What SPM's routine adds to every variance.
ADDED_VARIANCE = 1e-6 + np.exp(-16.0)


class NeuralBasis(NamedTuple):
    """Basis of neural activity during a run.

    Attributes
    ----------
    activity : ndarray of shape (n_scans * microtime_resolution, n_scans)
        B without the lead-in.
    response : ndarray of shape (n_scans, n_scans)
        H.
    """

    activity: np.ndarray
    response: np.ndarray


def neural_basis(
    response: np.ndarray,
    *,
    n_scans: int,
    microtime_resolution: int,
    lead_in_bins: int = LEAD_IN_BINS,
) -> NeuralBasis:
    """Return the basis of neural activity, and the BOLD series that it makes.

    Parameters
    ----------
    response : ndarray of shape (n_samples,)
        Haemodynamic response on the microtime grid.
    n_scans : int
        Volumes.
    microtime_resolution : int
        Bins a repetition time.
    lead_in_bins : int, optional
        Bins before the first volume.

    Returns
    -------
    NeuralBasis
        Basis and its BOLD series.
    """
    n_bins = n_scans * microtime_resolution + lead_in_bins
    phase = np.outer(2 * np.arange(n_bins) + 1, np.arange(n_scans)) / (2.0 * n_bins)
    cosines = np.sqrt(2.0 / n_bins) * np.cos(np.pi * phase)
    cosines[:, 0] = 1.0 / np.sqrt(n_bins)
    convolved = signal.fftconvolve(cosines, response[:, None], axes=0)
    sampled = convolved[lead_in_bins:n_bins:microtime_resolution]
    return NeuralBasis(cosines[lead_in_bins:], sampled)


def deconvolve(
    series: np.ndarray, *, basis: NeuralBasis, whitening: np.ndarray, confounds: np.ndarray
) -> np.ndarray:
    r"""Return the neural activity behind the series of seeds.

    .. math:: \theta = (A'A / c + P^{-1} + \epsilon I)^{-1} A'u / c, \quad A = [W H, X_0]

    with the noise variance c, prior variances P (of the coefficients of activity n / tr(H'H)) and
    the ridge :math:`\epsilon` by which SPM keeps inverses regular.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_seeds)
        u of each seed.
    basis : NeuralBasis
        Basis of activity.
    whitening : ndarray of shape (n_scans, n_scans)
        W.
    confounds : ndarray of shape (n_scans, n_confounds)
        X_0.

    Returns
    -------
    ndarray of shape (n_scans * microtime_resolution, n_seeds)
        Activity without its mean, arbitrary unit.
    """
    n_scans, n_confounds = confounds.shape
    design = np.column_stack([whitening @ basis.response, confounds])
    prior = np.full(n_scans + n_confounds, CONFOUND_VARIANCE)
    prior[:n_scans] = n_scans / np.sum(basis.response**2)
    noise = NOISE_VARIANCE + ADDED_VARIANCE
    precision = design.T @ design / noise
    precision[np.diag_indices_from(precision)] += 1.0 / (prior + ADDED_VARIANCE)
    size = max(float(np.exp(16.0)), float(np.abs(precision).sum(axis=1).max()))
    precision[np.diag_indices_from(precision)] += np.spacing(size) * (len(precision) + 1)
    coefficients = linalg.solve(precision, design.T @ series / noise, assume_a="pos")
    activity = basis.activity @ coefficients[:n_scans]
    return np.asarray(activity - activity.mean(axis=0))


def adjusted_for(series: np.ndarray, confounds: np.ndarray) -> np.ndarray:
    """Return series without their projection on confounds, shape (n_scans, n_series)."""
    return np.asarray(series - confounds @ np.linalg.lstsq(confounds, series, rcond=None)[0])


def convolved_interactions(
    activity: np.ndarray,
    psychological: np.ndarray,
    response: np.ndarray,
    *,
    microtime_resolution: int,
    reference_bin: int,
) -> np.ndarray:
    """Return interactions of neural activity with psychological variables, as BOLD series.

    The psychological variable loses its mean before the product, the result its own after it.

    Parameters
    ----------
    activity : ndarray of shape (n_scans * microtime_resolution, n_seeds)
        Neural activity of the seeds.
    psychological : ndarray of shape (n_scans * microtime_resolution, n_variables)
        Inputs on the microtime grid.
    response : ndarray of shape (n_samples,)
        Haemodynamic response on the same grid.
    microtime_resolution : int
        Bins a repetition time.
    reference_bin : int
        Bin of a volume at which it is sampled, counted from 1.

    Returns
    -------
    ndarray of shape (n_scans, n_seeds, n_variables)
        Interactions without their means.
    """
    centred = psychological - psychological.mean(axis=0)
    products = activity[:, :, None] * centred[:, None, :]
    sampled = _convolved(products, response, microtime_resolution, reference_bin)
    return np.asarray(sampled - sampled.mean(axis=0))


def convolved_inputs(
    psychological: np.ndarray,
    response: np.ndarray,
    *,
    microtime_resolution: int,
    reference_bin: int,
) -> np.ndarray:
    """Return psychological variables without their means as BOLD series, (n_scans, n_variables)."""
    centred = psychological - psychological.mean(axis=0)
    return _convolved(centred, response, microtime_resolution, reference_bin)


def _convolved(
    levels: np.ndarray, response: np.ndarray, microtime_resolution: int, reference_bin: int
) -> np.ndarray:
    kernel = response.reshape(-1, *(1,) * (levels.ndim - 1))
    convolved = signal.fftconvolve(levels, kernel, axes=0)
    return np.asarray(convolved[reference_bin - 1 : len(levels) : microtime_resolution])
