"""Nuisance regression and band-pass in one projection."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.cosines import cosine_basis


class CleanedSeries(NamedTuple):
    """Residuals of a projection.

    Attributes
    ----------
    series : ndarray of shape (n_scans, n_series)
        What is left, mean zero.
    residual_df : int
        Volumes minus the rank of what was taken out.
    """

    series: np.ndarray
    residual_df: int


def clean_series(
    series: np.ndarray,
    *,
    nuisance: np.ndarray,
    t_r: float | None,
    band_pass: tuple[float, float] | None,
) -> CleanedSeries:
    """Take nuisance regressors and frequencies outside a band out of series, at once.

    Regressing in one step keeps the residuals orthogonal to the nuisance regressors and to
    the filtered frequencies alike: filtering after regression would put back noise, and
    the other way round too.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_series)
        Region or voxel series.
    nuisance : ndarray of shape (n_scans, n_regressors)
        Nuisance regressors, single-volume ones included.
    t_r : float or None
        Repetition time, s; needed for a band.
    band_pass : (float, float) or None
        Frequencies kept, Hz, ends included; None keeps all but the mean.

    Returns
    -------
    CleanedSeries
        Residuals and their degrees of freedom.

    References
    ----------
    Lindquist et al. (2019) doi:10.1002/hbm.24528.
    """
    n_scans = len(series)
    removed = [np.ones((n_scans, 1)), nuisance]
    if band_pass is not None and t_r is not None:
        basis, frequencies = cosine_basis(n_scans, t_r)
        outside = (frequencies < band_pass[0]) | (frequencies > band_pass[1])
        removed.append(basis[:, outside])
    model = np.column_stack(removed).astype(float)
    size = np.linalg.norm(model, axis=0)
    model = model[:, size > 0] / size[size > 0]
    left, singular, _ = np.linalg.svd(model, full_matrices=False)
    left = left[:, singular > singular.max() * max(model.shape) * np.finfo(float).eps * 8]
    rank = left.shape[1]
    residuals = series - left @ (left.T @ series)
    residuals -= left @ (left.T @ residuals)
    return CleanedSeries(residuals, n_scans - rank)
