r"""Least squares on whitened and high-pass filtered series, with effective degrees of freedom.

The model of a run after whitening W and filtering :math:`K = I - X_0 X_0'` (in this order):

.. math:: K W y = K W X b + e, \quad \mathrm{cov}(e) = \sigma^2 V_f, \quad V_f = K W V W' K'

References
----------
Worsley and Friston (1995) doi:10.1006/nimg.1995.1023.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.glm.estimates import PooledContrast
from bids_ketamine.core.glm.voxel_series import VoxelSeries, column_norms, column_space
from bids_ketamine.errors import ProcessingError

#: Volumes that are whitened at once.
TILE = 32


def bandwidth(matrix: np.ndarray) -> int:
    """Return how far from the diagonal a matrix has entries other than zero."""
    rows, columns = np.nonzero(matrix)
    return int(np.abs(rows - columns).max(initial=0))


class FilteredModel(NamedTuple):
    """A design after whitening and filtering.

    Attributes
    ----------
    design : ndarray of shape (n_scans, n_columns)
        K W X.
    inverse : ndarray of shape (n_columns, n_scans)
        Pseudo-inverse of ``design``.
    whitening : ndarray of shape (n_scans, n_scans)
        W.
    drift : ndarray of shape (n_scans, n_drifts)
        X_0, orthonormal.
    covariance : ndarray of shape (n_columns, n_columns)
        Covariance of the estimates for unit variance: inverse V_f inverse'.
    trace_rv, trace_rvrv : float
        tr(R V_f) and tr(R V_f R V_f), R the residual-forming matrix.
    """

    design: np.ndarray
    inverse: np.ndarray
    whitening: np.ndarray
    drift: np.ndarray
    covariance: np.ndarray
    trace_rv: float
    trace_rvrv: float

    @property
    def residual_df(self) -> float:
        """Effective degrees of freedom: tr(RV)^2 / tr(RVRV)."""
        return self.trace_rv**2 / self.trace_rvrv

    def whiten(self, series: np.ndarray) -> np.ndarray:
        """Return W y of series, shape (n_scans, n_series), by the band of W that is not zero."""
        n_scans, reach = len(self.whitening), bandwidth(self.whitening)
        whitened = np.empty_like(series)
        for start in range(0, n_scans, TILE):
            rows = slice(start, start + TILE)
            columns = slice(max(start - reach, 0), start + TILE + reach)
            np.matmul(self.whitening[rows, columns], series[columns], out=whitened[rows])
        return whitened

    def filter(self, series: np.ndarray) -> np.ndarray:
        """Return K W y of series, shape (n_scans, n_series)."""
        whitened = self.whiten(np.asarray(series, dtype=np.float64))
        return np.asarray(whitened - self.drift @ (self.drift.T @ whitened))


class VoxelFit(NamedTuple):
    """Estimates in every voxel.

    Attributes
    ----------
    estimates : ndarray of shape (n_columns, n_voxels)
        b.
    residual_variance : ndarray of shape (n_voxels,)
        |e|^2 / tr(R V_f).
    """

    estimates: np.ndarray
    residual_variance: np.ndarray


def filter_design(
    design_matrix: np.ndarray,
    *,
    drift: np.ndarray,
    whitening: np.ndarray,
    covariance: np.ndarray | None,
) -> FilteredModel:
    """Whiten and filter a design.

    Parameters
    ----------
    design_matrix : ndarray of shape (n_scans, n_columns)
        X, without drift.
    drift : ndarray of shape (n_scans, n_drifts)
        X_0, orthonormal. It is not whitened.
    whitening : ndarray of shape (n_scans, n_scans)
        W.
    covariance : ndarray of shape (n_scans, n_scans) or None
        V; None takes W V W' for the identity, as MarsBaR does.

    Returns
    -------
    FilteredModel
        What estimation needs.

    Raises
    ------
    ProcessingError
        If there are no residual degrees of freedom.
    """

    def filtered(matrix: np.ndarray) -> np.ndarray:
        return np.asarray(matrix - drift @ (drift.T @ matrix))

    design = filtered(whitening @ design_matrix)
    if covariance is None:
        noise = filtered(np.eye(len(drift)))
    else:
        noise = filtered(filtered(whitening @ covariance @ whitening.T).T)
    basis = column_space(design)
    residual = noise - basis @ (basis.T @ noise)  # R V_f
    trace_rv = float(np.trace(residual))
    if not trace_rv > 1e-9 * len(design):
        raise ProcessingError(
            f"The design has {design.shape[1]} columns and {drift.shape[1]} drift terms for "
            f"{len(design)} volumes: nothing is left to estimate the noise."
        )
    norms = column_norms(design)
    tolerance = max(design.shape) * np.finfo(float).eps
    inverse = np.linalg.pinv(design / norms, rcond=tolerance) / norms[:, None]
    return FilteredModel(
        design,
        inverse,
        whitening,
        drift,
        inverse @ noise @ inverse.T,
        trace_rv,
        float(np.sum(residual * residual.T)),
    )


def fit_voxels(voxels: VoxelSeries, model: FilteredModel) -> VoxelFit:
    """Fit a model to voxels.

    Parameters
    ----------
    voxels : VoxelSeries
        Scaled series.
    model : FilteredModel
        The design after whitening and filtering.

    Returns
    -------
    VoxelFit
        Estimates and residual variance.
    """
    explained = np.column_stack([model.drift, column_space(model.design)])
    estimates = np.empty((len(model.inverse), voxels.n_voxels))
    variance = np.empty(voxels.n_voxels)

    def fit(places: slice, series: np.ndarray) -> None:
        whitened = model.whiten(series)
        # The pseudo-inverse takes nothing from drift: whitened series need no filter before.
        estimates[:, places] = model.inverse @ whitened
        whitened -= explained @ (explained.T @ whitened)
        variance[places] = np.einsum("ij,ij->j", whitened, whitened)

    for _ in voxels.over_blocks(fit):
        pass
    return VoxelFit(estimates, variance / model.trace_rv)


def contrast_of(fit: VoxelFit, model: FilteredModel, contrast: np.ndarray) -> PooledContrast:
    r"""Return a contrast of fitted voxels.

    .. math:: t = \frac{c'b}{\sqrt{\sigma^2 c' B c}}, \quad
              F = \frac{b'C M C'b}{\mathrm{tr}(P V_f) \sigma^2}

    with B the covariance of the estimates, G = (A'A)^{-1} for A = KWX, M = (C'GC)^{-1} and
    P = A G C M C'G A'.

    Parameters
    ----------
    fit : VoxelFit
        Result of :func:`fit_voxels`.
    model : FilteredModel
        Its model.
    contrast : ndarray of shape (n_columns, n_rows)
        Weights, a column for each row of the test (one for t).

    Returns
    -------
    PooledContrast
        Effects and what their tests need.
    """
    gram = model.inverse @ model.inverse.T  # (A'A)^-1 for independent columns
    return PooledContrast(
        effects=contrast.T @ fit.estimates,
        gram=contrast.T @ gram @ contrast,
        covariance=contrast.T @ model.covariance @ contrast,
        residual_variance=fit.residual_variance,
        trace_rv=model.trace_rv,
        trace_rvrv=model.trace_rvrv,
    )


def whitened_residual(series: np.ndarray, model: FilteredModel) -> np.ndarray:
    """Return whitened, filtered residuals of scaled series, shape (n_scans, n_series)."""
    filtered = model.filter(series)
    return np.asarray(filtered - model.design @ (model.inverse @ filtered))


def adjusted_series(
    series: np.ndarray,
    model: FilteredModel,
    *,
    kept: Sequence[int],
    estimates: np.ndarray | None = None,
) -> np.ndarray:
    r"""Return whitened, filtered series without the effects of no interest.

    What is fitted, :math:`K W X b`, is projected on the columns of K W X that are of no interest,
    and the projection is taken out:

    .. math:: \tilde y = K W y - A_0 A_0^{+} K W X b

    The part of an effect of interest that those columns share goes with them.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        Scaled series.
    model : FilteredModel
        Model of the run.
    kept : sequence of int
        Columns of the design that are of interest, counted from 0.
    estimates : ndarray of shape (n_columns, n_voxels), optional
        b, where it was estimated before; that of the series when absent.

    Returns
    -------
    ndarray of shape (n_scans, n_voxels)
        float64.
    """
    filtered = model.filter(series)
    fitted = model.design @ (model.inverse @ filtered if estimates is None else estimates)
    others = np.setdiff1d(np.arange(model.design.shape[1]), np.asarray(kept, dtype=int))
    basis = column_space(model.design[:, others])
    return np.asarray(filtered - basis @ (basis.T @ fitted))
