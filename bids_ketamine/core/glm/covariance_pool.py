"""Temporal covariance of the voxels of a run, pooled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from bids_ketamine.core.glm.voxel_series import VoxelSeries, column_space
from bids_ketamine.errors import ProcessingError

#: Tail probability of the F test by which voxels are pooled.
POOLING_P = 0.001


class PooledCovariance(NamedTuple):
    """Temporal covariance of pooled voxels.

    Attributes
    ----------
    covariance : ndarray of shape (n_scans, n_scans)
        C_y.
    n_pooled : int
        Voxels that went in.
    selected : bool
        Whether the F test chose them; if it finds none, every voxel goes in.
    """

    covariance: np.ndarray
    n_pooled: int
    selected: bool


def pooled_covariance(
    voxels: VoxelSeries,
    *,
    design_matrix: np.ndarray,
    drift: np.ndarray,
    pooling_p: float | None,
) -> PooledCovariance:
    r"""Return the temporal covariance of pooled voxels.

    .. math:: C_y = \frac{1}{v} \sum_v s_v^2\, y_v y_v', \quad
              s_v^2 = \frac{n - \mathrm{rank}(KX)}{|R K y_v|^2}

    over the voxels in which an F test of all columns but the constant is significant, or over
    all. R takes out KX by least squares; y is neither filtered nor without its mean.

    Parameters
    ----------
    voxels : VoxelSeries
        Scaled series.
    design_matrix : ndarray of shape (n_scans, n_columns)
        X, without drift; the constant lies in its span.
    drift : ndarray of shape (n_scans, n_drifts)
        Orthonormal.
    pooling_p : float or None
        Level of the F test; None pools every voxel.

    Returns
    -------
    PooledCovariance
        C_y and how many voxels went in.

    Raises
    ------
    ProcessingError
        If no voxel varies beyond what the design explains.
    """
    n_scans = len(design_matrix)
    basis = column_space(design_matrix - drift @ (drift.T @ design_matrix))
    rank = basis.shape[1]
    taken_out = np.column_stack([basis, drift])
    threshold = 0.0
    if pooling_p is not None and rank > 1:
        threshold = float(stats.f.isf(pooling_p, rank - 1, n_scans - rank))
    significant = _Pool(n_scans)
    everything = _Pool(n_scans)
    for _, series in voxels.blocks():
        centred = series - series.mean(axis=0)
        loadings = taken_out.T @ centred
        total = np.einsum("ij,ij->j", centred, centred)
        squares = total - np.einsum("ij,ij->j", loadings, loadings)
        explained = np.einsum("ij,ij->j", loadings[:rank], loadings[:rank])
        # A series that the design explains but for rounding has no noise to learn from.
        noisy = squares > 1e-12 * total
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(noisy, np.sqrt((n_scans - rank) / squares), 0.0)
            passed = explained / max(rank - 1, 1) > threshold * squares / (n_scans - rank)
        chosen = noisy & passed if threshold else noisy
        if not significant.n_voxels and not chosen.any():
            everything.add(series[:, noisy] * scale[noisy])
        significant.add(series[:, chosen] * scale[chosen])
    pool = significant if significant.n_voxels else everything
    if not pool.n_voxels:
        raise ProcessingError("No voxel varies beyond what the design explains.")
    by_test = pool is significant and threshold > 0.0
    return PooledCovariance(pool.sum / pool.n_voxels, pool.n_voxels, by_test)


class _Pool:
    """Sum of the products of series over voxels."""

    def __init__(self, n_scans: int) -> None:
        self.sum = np.zeros((n_scans, n_scans))
        self.n_voxels = 0

    def add(self, series: np.ndarray) -> None:
        """Add voxels, shape (n_scans, n_voxels)."""
        self.sum += series @ series.T
        self.n_voxels += series.shape[1]
