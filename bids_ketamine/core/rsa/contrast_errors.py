r"""What the errors of estimates make of contrasts: bias and standard error, for all pairs at once.

The errors of one run's estimates covary over its partitions: B_r (q, q) for unit noise of run r,
:math:`\kappa_r` the level of its noise (:mod:`~bids_ketamine.core.rsa.noise_level`). Runs have no
error in common. With Q the quadratic form of a contrast, Q_rs its block of the regressors of runs
r and s, and equal patterns

.. math:: E[\mathrm{LDC}] = \sum_r \kappa_r \, \mathrm{tr}(Q_{rr} B_r)

which is 0 for partitions that are runs. With S_r the covariance of the normalised noise between
voxels, v of them, and U the true patterns, a quadratic form of Gaussian estimates has

.. math:: \mathrm{var}[\mathrm{LDC}] = \frac{2}{v^2} \sum_{rs} \mathrm{tr}(S_r S_s)\,
          \mathrm{tr}(Q_{rs} B_s Q_{sr} B_r) + \frac{4}{v^2} \sum_r
          \mathrm{tr}(S_r\, U'Q_{\cdot r} B_r Q_{r \cdot} U)

Let the noise of runs differ in level alone, so that
:math:`\mathrm{tr}(S_r S_s) = \kappa_r \kappa_s v^2 / v_{eff}`. If a pair differs by :math:`\delta`
in every partition, :math:`Q U = w \delta`, w the mean of all rows of C and T; for :math:`\delta` as
smooth as the noise

.. math:: \mathrm{var}[\mathrm{LDC}] = \frac{1}{v_{eff}} \left[2 \sum_{rs} \kappa_r \kappa_s\,
          \mathrm{tr}(Q_{rs} B_s Q_{sr} B_r)
          + 4\, \frac{\delta\delta'}{v} \sum_r \kappa_r\, w_r B_r w_r'\right]

All traces are of the designs, not of a region's voxels.

References
----------
Diedrichsen et al. (2016) arXiv:1607.01371.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.rsa.pattern_weights import PatternWeights


class ErrorTerms(NamedTuple):
    """What unit noise in the runs makes of contrasts; NaN for pairs without two partitions.

    Attributes
    ----------
    bias : ndarray of shape (..., n_runs)
        tr(Q_rr B_r).
    squares : ndarray of shape (..., n_runs, n_runs)
        tr(Q_rs B_s Q_sr B_r).
    variances : ndarray of shape (..., n_runs)
        w_r B_r w_r'.
    """

    bias: np.ndarray
    squares: np.ndarray
    variances: np.ndarray


def error_terms(
    weights: PatternWeights, *, estimates_covariances: Sequence[np.ndarray]
) -> ErrorTerms:
    """Return what unit noise in each run makes of contrasts; once for all regions.

    Parameters
    ----------
    weights : PatternWeights
        C and T of a contrast, or of a stack; regressors run by run.
    estimates_covariances : sequence of ndarray of shape (n_regressors_of_run, n_regressors_of_run)
        B of each run.

    Returns
    -------
    ErrorTerms
        Terms of each contrast.
    """
    *stack, n_partitions, n_regressors = weights.test.shape
    n_contrasts = int(np.prod(stack))
    test, training = (each.reshape(n_contrasts, n_partitions, n_regressors) for each in weights)
    difference = weights.difference.reshape(n_contrasts, n_regressors)
    share = weights.share.reshape(n_contrasts)
    n_runs = len(estimates_covariances)
    ends = np.cumsum([len(each) for each in estimates_covariances])
    own = [
        slice(end - len(each), end) for end, each in zip(ends, estimates_covariances, strict=True)
    ]
    bias, variances = np.full((2, len(test), n_runs), np.nan)
    squares = np.full((len(test), n_runs, n_runs), np.nan)
    for place in np.flatnonzero(np.isfinite(share)):
        # Q = R' N R with the rows of C above those of T in R and N = ((0, I), (I, 0)) / 2M: traces
        # of q x q products become traces of 2M x 2M ones, of N R B R'.
        rows = np.concatenate([test[place], training[place]])
        folded = np.stack(
            [
                np.roll(rows[:, each] @ covariance @ rows[:, each].T, n_partitions, axis=0)
                for each, covariance in zip(own, estimates_covariances, strict=True)
            ]
        ) * (share[place] / 2.0)
        bias[place] = np.trace(folded, axis1=1, axis2=2)
        crossed = np.swapaxes(folded, 1, 2).reshape(n_runs, -1)
        squares[place] = folded.reshape(n_runs, -1) @ crossed.T
        variances[place] = [
            difference[place, each] @ covariance @ difference[place, each]
            for each, covariance in zip(own, estimates_covariances, strict=True)
        ]
    return ErrorTerms(
        bias.reshape(*stack, n_runs),
        squares.reshape(*stack, n_runs, n_runs),
        variances.reshape(*stack, n_runs),
    )


def predicted_bias(terms: ErrorTerms, *, levels: np.ndarray) -> np.ndarray:
    """Return what LDC is expected to be if the patterns are equal.

    Parameters
    ----------
    terms : ErrorTerms
        Result of :func:`error_terms`.
    levels : ndarray of shape (n_runs,)
        Variance of the noise of normalised patterns per voxel in each run.

    Returns
    -------
    ndarray
        Squared distance / voxel, shape of the stack of contrasts.
    """
    return np.asarray(terms.bias @ np.asarray(levels, dtype=np.float64))


def standard_error(
    terms: ErrorTerms,
    *,
    levels: np.ndarray,
    effective_voxels: float,
    difference: np.ndarray | float,
) -> np.ndarray:
    """Return the standard error of LDC over repeated noise.

    Parameters
    ----------
    terms : ErrorTerms
        Result of :func:`error_terms`.
    levels, effective_voxels : ndarray of shape (n_runs,), float
        Of the normalised noise: see :class:`~bids_ketamine.core.rsa.noise_level.NoiseLevel`.
        Noise that neighbours share makes sums over voxels more variable than their number tells;
        a true difference is taken to be as smooth as the noise.
    difference : ndarray or float
        LDC minus its bias; below zero it counts as 0.

    Returns
    -------
    ndarray
        Squared distance / voxel, shape of the stack of contrasts.
    """
    levels = np.asarray(levels, dtype=np.float64)
    of_noise = terms.squares @ levels @ levels
    of_signal = np.maximum(difference, 0.0) * (terms.variances @ levels)
    return np.asarray(np.sqrt((2.0 * of_noise + 4.0 * of_signal) / effective_voxels))
