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


def lagged_products(series: np.ndarray, reach: int) -> np.ndarray:
    r"""Return the sums of products over volumes at each lag, of all pairs of series.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_series)
        Series of one run.
    reach : int
        Largest lag.

    Returns
    -------
    ndarray of shape (reach + 1, n_series, n_series)
        :math:`\sum_t x_i(t) x_j(t + k) + x_j(t) x_i(t + k)`; once for lag 0.
    """
    products = np.zeros((reach + 1, series.shape[1], series.shape[1]))
    products[0] = series.T @ series
    for lag in range(1, min(reach, len(series) - 1) + 1):
        lagged = series[:-lag].T @ series[lag:]
        products[lag] = lagged + lagged.T
    return products


class SerialNoise(NamedTuple):
    """How residuals hang together over volumes.

    Attributes
    ----------
    lengths : sequence of int
        Volumes of each run. Runs have noise of their own size, and of one serial correlation.
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

    def runs(self, series: np.ndarray) -> list[np.ndarray]:
        """Return the part of each run."""
        return np.split(series, np.cumsum(self.lengths)[:-1])

    def correlations(self, residuals: np.ndarray) -> np.ndarray:
        """Return windowed autocorrelations over all runs, shape (reach + 1, n_series)."""
        sums = np.zeros((self.reach + 1, residuals.shape[1]))
        for run in self.runs(residuals):
            size = np.sqrt(np.mean(run**2, axis=0))
            unit = run / np.where(size > 0, size, 1.0)  # a noisy run counts like a quiet one
            for lag in range(min(self.reach, len(run) - 1) + 1):
                sums[lag] += np.einsum("ij,ij->j", unit[: len(run) - lag], unit[lag:])
        sums /= np.where(sums[0] > 0, sums[0], 1.0)
        return np.asarray(sums * parzen_window(self.reach)[:, None])

    def covariance(
        self, residuals: np.ndarray, basis: np.ndarray, dual: np.ndarray, *, without: int
    ) -> tuple[np.ndarray, float]:
        r"""Return the covariance of estimates, and effective degrees of freedom.

        With the noise of each run r of its own size:

        .. math:: \sum_r \sigma_r^2 U_r' V_r U_r, \quad
                  \sigma_r^2 = \frac{|e_r|^2}{tr(R V)_r} \frac{f - p}{d - p}, \quad
                  df = \frac{tr(R V)^2}{tr(R V R V)}

        U is what estimates weight y with, p the rank of the model, f and d the degrees of freedom
        after the filter and after cleaning. Those that are returned are of the mean correlation
        of the targets, not more than cleaning and model leave.

        Parameters
        ----------
        residuals : ndarray of shape (n_scans, n_targets)
            Of each target.
        basis : ndarray of shape (n_scans, rank)
            Orthonormal basis of the model.
        dual : ndarray of shape (n_scans, n_estimates)
            U.
        without : int
            Target that does not count for the mean correlation: the seed itself.

        Returns
        -------
        covariance : ndarray of shape (n_targets, n_estimates, n_estimates)
            Of the estimates of each target; NaN where nothing is left.
        residual_df : float
            Effective degrees of freedom.
        """
        n_targets, n_estimates = residuals.shape[1], dual.shape[1]
        left = self.residual_df - basis.shape[1]
        if not left > 0:
            return np.full((n_targets, n_estimates, n_estimates), np.nan), 0.0
        correlations = self.correlations(residuals)
        thinned = (self.filtered_df - basis.shape[1]) / left
        covariance = np.zeros((n_targets, n_estimates, n_estimates))
        parts = zip(self.runs(residuals), self.runs(basis), self.runs(dual), strict=True)
        for errors, model, weights in parts:
            explained = np.einsum("kii->k", lagged_products(model, self.reach)) @ correlations
            squares = np.einsum("ij,ij->j", errors, errors)
            variance = thinned * squares / (len(errors) - explained)
            spread = np.tensordot(correlations, lagged_products(weights, self.reach), (0, 0))
            covariance += variance[:, None, None] * spread
        mean = np.delete(correlations, without, axis=1).mean(axis=1)
        return covariance, min(self._effective_df(mean, basis), left)

    def _effective_df(self, correlation: np.ndarray, basis: np.ndarray) -> float:
        """Return tr(RV)^2 / tr(RVRV) for R = I - QQ', without making a matrix of all volumes."""
        trace = trace_square = 0.0
        spread = []  # V Q of each run
        for run in self.runs(basis):
            row = correlation[: len(run)]
            spread.append(linalg.matmul_toeplitz(np.pad(row, (0, len(run) - len(row))), run))
            lags = len(run) - np.arange(len(row))
            trace += len(run) * row[0]
            trace_square += 2.0 * float(lags @ row**2) - len(run) * row[0] ** 2
        covered = np.concatenate(spread)
        inner = basis.T @ covered
        trace -= np.trace(inner)
        trace_square += np.sum(inner * inner.T) - 2.0 * np.sum(covered**2)
        return float(trace**2 / trace_square)
