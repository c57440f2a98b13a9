r"""Cross-validated linear discriminant contrast (LDC) of two conditions, or of many pairs.

Patterns u (q, v) are estimates of q regressors in v voxels, normalised by the noise; C and T are
the test and training rows of :mod:`~bids_ketamine.core.rsa.pattern_weights`:

.. math:: \mathrm{LDC} = \frac{1}{M} \sum_m \frac{(C_m u)(T_m u)'}{v} = \mathrm{tr}(Q G),
          \qquad G = \frac{u u'}{v}, \qquad Q = \mathrm{sym} \frac{1}{M} \sum_m C_m' T_m

The estimates of one run share a design, so that their errors covary over partitions: B (q, q) for
unit noise, :math:`\kappa` the level of the noise
(:mod:`~bids_ketamine.core.rsa.noise_level`). With equal patterns

.. math:: E[\mathrm{LDC}] = \kappa\, \mathrm{tr}(Q B)

which is 0 for partitions that are runs. With S the covariance of the normalised noise between
voxels and U the true patterns, a quadratic form of Gaussian estimates has

.. math:: \mathrm{var}[\mathrm{LDC}] = \frac{2\, \mathrm{tr}(S^2)\, \mathrm{tr}(QBQB)
          + 4\, \mathrm{tr}(S\, U'QBQU)}{v^2}

If a pair differs by :math:`\delta` in every partition, :math:`C_m U = T_m U = \delta` and
:math:`Q U = w \delta`, w the mean of all rows of C and T. Then, for :math:`\delta` no more in
noisy than in quiet directions,

.. math:: \mathrm{var}[\mathrm{LDC}] = \frac{2 \kappa^2\, \mathrm{tr}(QBQB)}{v_{eff}}
          + \frac{4 \kappa\, (\delta\delta'/v)\, w B w'}{v}

References
----------
Walther et al. (2016) doi:10.1016/j.neuroimage.2015.12.012; Nili et al. (2014)
doi:10.1371/journal.pcbi.1003553; Diedrichsen et al. (2016) arXiv:1607.01371 (variance).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.rsa.pattern_weights import PatternWeights


class Dissimilarities(NamedTuple):
    """Dissimilarities of pairs of conditions; NaN for pairs without two partitions.

    Attributes
    ----------
    raw : ndarray of shape (n_pairs,)
        LDC, squared distance / voxel; below zero by chance where patterns are alike.
    predicted_bias : ndarray of shape (n_pairs,)
        What ``raw`` is expected to be if the patterns are equal.
    value : ndarray of shape (n_pairs,)
        ``raw`` minus ``predicted_bias``.
    standard_error : ndarray of shape (n_pairs,)
        Of ``value``; see :func:`standard_error`.
    """

    raw: np.ndarray
    predicted_bias: np.ndarray
    value: np.ndarray
    standard_error: np.ndarray


def pattern_products(patterns: np.ndarray) -> np.ndarray:
    """Return G = u u' / v, shape (q, q), of patterns (q, v); once for a region.

    Examples
    --------
    >>> pattern_products(np.array([[1.0, 1.0], [0.0, 2.0]])).tolist()
    [[1.0, 1.0], [1.0, 2.0]]
    """
    return np.asarray(patterns @ patterns.T / patterns.shape[1])


def discriminant_contrast(patterns: np.ndarray, weights: PatternWeights) -> np.ndarray:
    """Return LDC per voxel, shape of the stack of weights.

    Parameters
    ----------
    patterns : ndarray of shape (n_regressors, n_voxels)
        u; for the squared distance of Mahalanobis multiplied by the inverse root of the noise
        covariance, for that of Euclid as estimated.
    weights : PatternWeights
        C and T.

    Returns
    -------
    ndarray
        0-dimensional for one pair.

    Examples
    --------
    Two conditions that differ by 3 in the first of two voxels, in both partitions:

    >>> from bids_ketamine.core.rsa.pattern_weights import mean_weights
    >>> weights = mean_weights(np.array([1, 2, 1, 2]), np.array([1, 1, 2, 2]), pair=(1, 2))
    >>> patterns = np.array([[3.0, 1.0], [0.0, 1.0], [4.0, 5.0], [1.0, 5.0]])
    >>> float(discriminant_contrast(patterns, weights))
    4.5
    """
    return discriminant_contrast_of(pattern_products(patterns), weights)


def discriminant_contrast_of(products: np.ndarray, weights: PatternWeights) -> np.ndarray:
    """Return LDC of patterns whose products are known.

    Parameters
    ----------
    products : ndarray of shape (n_regressors, n_regressors)
        G, the result of :func:`pattern_products`.
    weights : PatternWeights
        C and T.

    Returns
    -------
    ndarray
        Squared distance / voxel, shape of the stack of weights.
    """
    return _trace(_folded(weights, products))


def predicted_bias(
    weights: PatternWeights, *, estimates_covariance: np.ndarray, noise_level: float
) -> np.ndarray:
    """Return what LDC is expected to be if the patterns are equal.

    Parameters
    ----------
    weights : PatternWeights
        C and T.
    estimates_covariance : ndarray of shape (n_regressors, n_regressors)
        B, covariance of the estimates for unit noise; of several runs, block by block.
    noise_level : float
        Variance of the noise of normalised patterns, per voxel.

    Returns
    -------
    ndarray
        Squared distance / voxel, shape of the stack of weights.
    """
    return noise_level * _trace(_folded(weights, estimates_covariance))


def standard_error(
    weights: PatternWeights,
    *,
    estimates_covariance: np.ndarray,
    noise_level: float,
    effective_voxels: float,
    difference: np.ndarray | float,
) -> np.ndarray:
    """Return the standard error of LDC over repeated noise.

    Parameters
    ----------
    weights : PatternWeights
        C and T.
    estimates_covariance : ndarray of shape (n_regressors, n_regressors)
        B.
    noise_level, effective_voxels : float
        Of the normalised noise: see :class:`~bids_ketamine.core.rsa.noise_level.NoiseLevel`.
        Noise that neighbours share makes sums over voxels more variable than their number tells;
        a true difference is taken to be as smooth as the noise.
    difference : ndarray or float
        LDC minus its bias; below zero it counts as 0.

    Returns
    -------
    ndarray
        Squared distance / voxel, shape of the stack of weights.
    """
    folded = _folded(weights, estimates_covariance)
    contrast = weights.difference
    variance = np.einsum("...i,ij,...j->...", contrast, estimates_covariance, contrast)
    signal = np.maximum(difference, 0.0)
    return np.sqrt(
        2.0 * noise_level**2 * _trace(folded @ folded) / effective_voxels
        + 4.0 * noise_level * signal * variance / effective_voxels
    )


def dissimilarities(
    products: np.ndarray,
    weights: PatternWeights,
    *,
    estimates_covariance: np.ndarray,
    noise_level: float,
    effective_voxels: float,
) -> Dissimilarities:
    """Return LDC, bias and standard error of all pairs of a region.

    Parameters
    ----------
    products : ndarray of shape (n_regressors, n_regressors)
        Result of :func:`pattern_products`.
    weights : PatternWeights
        Of all pairs: :func:`~bids_ketamine.core.rsa.pattern_weights.pair_weights`.
    estimates_covariance, noise_level, effective_voxels
        As for :func:`standard_error`.

    Returns
    -------
    Dissimilarities
        Arrays of shape (n_pairs,).
    """
    raw = discriminant_contrast_of(products, weights)
    bias = predicted_bias(
        weights, estimates_covariance=estimates_covariance, noise_level=noise_level
    )
    error = standard_error(
        weights,
        estimates_covariance=estimates_covariance,
        noise_level=noise_level,
        effective_voxels=effective_voxels,
        difference=raw - bias,
    )
    return Dissimilarities(raw, bias, raw - bias, error)


def _folded(weights: PatternWeights, matrix: np.ndarray) -> np.ndarray:
    r"""Return N R X R', shape (..., 2M, 2M), which has the trace of Q X and of its powers.

    R holds the rows of C above those of T, and Q = R' N R with
    N = ((0, I), (I, 0)) / 2M: traces of q x q products become traces of 2M x 2M ones.
    """
    rows = np.concatenate([weights.test, weights.training], axis=-2)
    products = rows @ matrix @ np.swapaxes(rows, -1, -2)
    swapped = np.roll(products, weights.test.shape[-2], axis=-2)
    return np.asarray(swapped * weights.share[..., None, None] / 2.0)


def _trace(matrices: np.ndarray) -> np.ndarray:
    return np.asarray(np.trace(matrices, axis1=-2, axis2=-1))
