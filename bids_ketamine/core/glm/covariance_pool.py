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
    threshold = 0.0
    if pooling_p is not None and rank > 1:
        threshold = float(stats.f.isf(pooling_p, rank - 1, n_scans - rank))

    def pool(threshold: float) -> tuple[np.ndarray, int]:
        def products(_: slice, series: np.ndarray) -> tuple[np.ndarray, int]:
            chosen, scale = _chosen(series, basis, drift, threshold)
            scaled = series[:, chosen] * scale[chosen]
            return scaled @ scaled.T, scaled.shape[1]

        total, n_pooled = np.zeros((n_scans, n_scans)), 0
        for each, count in voxels.over_blocks(products):
            total += each
            n_pooled += count
        return total, n_pooled

    total, n_pooled = pool(threshold)
    selected = threshold > 0.0 and n_pooled > 0
    if not selected and threshold > 0.0:
        total, n_pooled = pool(0.0)
    if not n_pooled:
        raise ProcessingError("No voxel varies beyond what the design explains.")
    return PooledCovariance(total / n_pooled, n_pooled, selected)


def _chosen(
    series: np.ndarray, basis: np.ndarray, drift: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return which voxels pass the F test, and what scales each to unit residual variance.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        Scaled series.
    basis : ndarray of shape (n_scans, rank)
        Orthonormal columns of the filtered design.
    drift : ndarray of shape (n_scans, n_drifts)
        Orthonormal.
    threshold : float
        F above which a voxel passes; 0 for every one.
    """
    n_scans, rank = basis.shape
    centred = series - series.mean(axis=0)
    loadings = np.column_stack([basis, drift]).T @ centred
    total = np.einsum("ij,ij->j", centred, centred)
    squares = total - np.einsum("ij,ij->j", loadings, loadings)
    explained = np.einsum("ij,ij->j", loadings[:rank], loadings[:rank])
    # A series that the design explains but for rounding has no noise to learn from.
    noisy = squares > 1e-12 * total
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(noisy, np.sqrt((n_scans - rank) / squares), 0.0)
        passed = explained / max(rank - 1, 1) > threshold * squares / (n_scans - rank)
    return (noisy & passed if threshold else noisy), scale
