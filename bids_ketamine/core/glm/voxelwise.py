"""First-level regression with the noise models of nilearn: serial correlations by voxel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from nilearn.glm.first_level import run_glm

from bids_ketamine.core.glm.estimates import VoxelwiseContrast
from bids_ketamine.core.glm.scaling import GRAND_MEAN
from bids_ketamine.core.glm.voxel_series import VoxelSeries, column_norms
from bids_ketamine.errors import ProcessingError

#: Voxels that nilearn fits at once. It sorts them by their coefficients and models each group
#: anew: small blocks repeat that work, large ones take memory.
VOXELWISE_BLOCK = 8192


def fit_voxelwise(
    voxels: VoxelSeries,
    *,
    design_matrix: np.ndarray,
    contrasts: Mapping[str, np.ndarray],
    noise_model: str,
) -> dict[str, VoxelwiseContrast]:
    """Fit a GLM to voxel series and estimate contrasts.

    y = X b + e, e an autoregressive process of order one in each voxel (``ar1``, nilearn's
    estimate rounded to bins of 0.01) or white (``ols``).

    Parameters
    ----------
    voxels : VoxelSeries
        Scaled BOLD series without missing values.
    design_matrix : ndarray of shape (n_scans, n_columns)
        Independent columns, drift among them.
    contrasts : mapping of str to ndarray of shape (n_columns, n_rows)
        Weights of the columns; a column for each row of the test.
    noise_model : {"ar1", "ols"}
        Autocorrelation model.

    Returns
    -------
    dict of str to VoxelwiseContrast
        One entry per contrast.

    Raises
    ------
    ProcessingError
        If there are no residual degrees of freedom.
    """
    n_scans, n_columns = design_matrix.shape
    if n_scans <= n_columns:
        raise ProcessingError(
            f"The design has {n_columns} columns for {n_scans} volumes: nothing is left to "
            "estimate the noise."
        )
    fitted = {}
    for name, weights in contrasts.items():
        n_rows = weights.shape[1]
        fitted[name] = VoxelwiseContrast(
            np.empty((n_rows, voxels.n_voxels)),
            np.empty((n_rows, n_rows, voxels.n_voxels)),
            float(n_scans - n_columns),
        )
    norms = column_norms(design_matrix)
    scaled = design_matrix / norms
    contrasts = {name: weights / norms[:, None] for name, weights in contrasts.items()}
    for places, series in voxels.blocks(VOXELWISE_BLOCK):
        labels, results = run_glm(series, scaled, noise_model=noise_model, bins=100)
        for label, result in results.items():
            chosen = np.flatnonzero(labels == label) + places.start
            for name, weights in contrasts.items():
                fitted[name].effects[:, chosen] = weights.T @ result.theta
                spread = weights.T @ result.cov @ weights
                fitted[name].covariance[:, :, chosen] = spread[..., None] * result.dispersion
    return fitted


def brain_mean_factor(series: np.ndarray) -> float:
    """Return the factor that brings the mean of a run over voxels and volumes to 100.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        BOLD series inside the brain mask, scanner units.

    Raises
    ------
    ProcessingError
        If the grand mean is not positive (series without a baseline).
    """
    grand_mean = float(series.mean(dtype=np.float64))
    if not grand_mean > 0.0:
        raise ProcessingError(
            f"The mean of the BOLD series inside the brain mask is {grand_mean:g}; "
            "it must be positive to express effects in percent of it."
        )
    return GRAND_MEAN / grand_mean
