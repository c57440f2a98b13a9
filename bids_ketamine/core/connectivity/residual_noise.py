r"""Serial correlation of residuals, and what it does to the errors of estimates.

.. math:: \hat\rho_k = p_k \frac{\sum_t e_t e_{t+k}}{\sum_t e_t^2}

with p the Parzen window: V, made of these, has no negative eigenvalues.

References
----------
Parzen (1961) doi:10.1080/00401706.1961.10489939; Worsley and Friston (1995)
doi:10.1006/nimg.1995.1023 (effective degrees of freedom).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import linalg


def parzen_window(reach: int) -> np.ndarray:
    """Return the Parzen window at lags 0 to ``reach``, shape (reach + 1,).

    Examples
    --------
    >>> parzen_window(2).round(6).tolist()
    [1.0, 0.555556, 0.074074]
    """
    share = np.arange(reach + 1) / (reach + 1)
    near = 1.0 - 6.0 * share**2 + 6.0 * share**3
    return np.where(share <= 0.5, near, 2.0 * (1.0 - share) ** 3)


def lagged_products(series: np.ndarray, lengths: Sequence[int], reach: int) -> np.ndarray:
    r"""Return the sums of products over volumes at each lag, of all pairs of series.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_series)
        Series of all runs, one after the other.
    lengths : sequence of int
        Volumes of each run; products do not reach from one to another.
    reach : int
        Largest lag.

    Returns
    -------
    ndarray of shape (reach + 1, n_series, n_series)
        :math:`\sum_t x_i(t) x_j(t + k) + x_j(t) x_i(t + k)`; once for lag 0.
    """
    products = np.zeros((reach + 1, series.shape[1], series.shape[1]))
    for run in np.split(series, np.cumsum(lengths)[:-1]):
        products[0] += run.T @ run
        for lag in range(1, min(reach, len(run) - 1) + 1):
            lagged = run[:-lag].T @ run[lag:]
            products[lag] += lagged + lagged.T
    return products


class SerialNoise(NamedTuple):
    """How residuals hang together over volumes.

    Attributes
    ----------
    lengths : sequence of int
        Volumes of each run.
    reach : int
        Largest lag of a correlation; 0 for white residuals.
    residual_df : float
        Degrees of freedom that cleaning left.
    filtered_df : float
        Those that the filter alone left, if regressors were cleaned like the series. Nuisance
        regressors thin the residuals out over all frequencies, which their correlation does not
        show; regressors that were cleaned too have nothing of that part of the space.
    """

    lengths: Sequence[int]
    reach: int
    residual_df: float
    filtered_df: float

    def correlations(self, residuals: np.ndarray) -> np.ndarray:
        """Return windowed autocorrelations, shape (reach + 1, n_series)."""
        sums = np.zeros((self.reach + 1, residuals.shape[1]))
        for run in np.split(residuals, np.cumsum(self.lengths)[:-1]):
            for lag in range(min(self.reach, len(run) - 1) + 1):
                sums[lag] += np.einsum("ij,ij->j", run[: len(run) - lag], run[lag:])
        sums /= np.where(sums[0] > 0, sums[0], 1.0)
        return np.asarray(sums * parzen_window(self.reach)[:, None])

    def variance(
        self, residuals: np.ndarray, basis: np.ndarray, *, without: int
    ) -> tuple[np.ndarray, float]:
        r"""Return the noise variance of each target, and effective degrees of freedom.

        .. math:: \frac{|e|^2}{tr(R V)} \frac{f - p}{d - p}, \quad
                  \frac{tr(R V)^2}{tr(R V R V)}

        with p the rank of the model, and the degrees of freedom f after the filter and d after
        cleaning.

        The degrees of freedom are those of the mean correlation of the targets, not more than
        cleaning and model leave.

        Parameters
        ----------
        residuals : ndarray of shape (n_scans, n_targets)
            Of each target.
        basis : ndarray of shape (n_scans, rank)
            Orthonormal basis of the model.
        without : int
            Target that does not count for the mean correlation: the seed itself.

        Returns
        -------
        variance : ndarray of shape (n_targets,)
            Of each target.
        residual_df : float
            Effective degrees of freedom.
        """
        squares = np.einsum("ij,ij->j", residuals, residuals)
        n_scans, rank = basis.shape
        left = self.residual_df - rank
        if not left > 0:
            return np.full(len(squares), np.nan), 0.0
        correlations = self.correlations(residuals)
        own = lagged_products(basis, self.lengths, self.reach)
        traces = n_scans - np.einsum("kii,kj->j", own, correlations)
        mean = np.delete(correlations, without, axis=1).mean(axis=1)
        thinned = (self.filtered_df - rank) / left
        return thinned * squares / traces, min(self._effective_df(mean, basis), left)

    def _effective_df(self, correlation: np.ndarray, basis: np.ndarray) -> float:
        blocks = []
        for length in self.lengths:
            row = np.zeros(length)
            row[: min(length, len(correlation))] = correlation[:length]
            blocks.append(linalg.toeplitz(row))
        covariance = linalg.block_diag(*blocks)
        residual = covariance - basis @ (basis.T @ covariance)
        return float(np.trace(residual) ** 2 / np.sum(residual * residual.T))
