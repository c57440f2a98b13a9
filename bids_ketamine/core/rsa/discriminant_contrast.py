r"""Cross-validated linear discriminant contrast (LDC) of two conditions, or of many pairs.

Patterns u (q, v) are estimates of q regressors in v voxels, normalised by the noise; C and T are
the test and training rows of :mod:`~bids_ketamine.core.rsa.pattern_weights`:

.. math:: \mathrm{LDC} = \frac{1}{M} \sum_m \frac{(C_m u)(T_m u)'}{v} = \mathrm{tr}(Q G),
          \qquad G = \frac{u u'}{v}, \qquad Q = \mathrm{sym} \frac{1}{M} \sum_m C_m' T_m

What errors of the estimates make of it, :mod:`~bids_ketamine.core.rsa.contrast_errors` knows.

References
----------
Walther et al. (2016) doi:10.1016/j.neuroimage.2015.12.012; Nili et al. (2014)
doi:10.1371/journal.pcbi.1003553.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.rsa.contrast_errors import ErrorTerms, predicted_bias, standard_error
from bids_ketamine.core.rsa.noise_level import NoiseLevel
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
        Of ``value``; see :func:`~bids_ketamine.core.rsa.contrast_errors.standard_error`.
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
    together = np.sum((weights.test @ products) * weights.training, axis=(-2, -1))
    return np.asarray(together * weights.share)


def dissimilarities(
    products: np.ndarray, weights: PatternWeights, *, terms: ErrorTerms, level: NoiseLevel
) -> Dissimilarities:
    """Return LDC, bias and standard error of all pairs of a region.

    Parameters
    ----------
    products : ndarray of shape (n_regressors, n_regressors)
        Result of :func:`pattern_products`.
    weights : PatternWeights
        Of all pairs: :func:`~bids_ketamine.core.rsa.pattern_weights.pair_weights`.
    terms : ErrorTerms
        What unit noise makes of them:
        :func:`~bids_ketamine.core.rsa.contrast_errors.error_terms`.
    level : NoiseLevel
        Noise of the normalised patterns.

    Returns
    -------
    Dissimilarities
        Arrays of shape (n_pairs,).
    """
    raw = discriminant_contrast_of(products, weights)
    bias = predicted_bias(terms, levels=level.levels)
    error = standard_error(
        terms,
        levels=level.levels,
        effective_voxels=level.effective_voxels,
        difference=raw - bias,
    )
    return Dissimilarities(raw, bias, raw - bias, error)
