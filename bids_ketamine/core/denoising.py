"""Independent components taken out of series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bids_ketamine.errors import InputDataError

#: Voxels whose series are in double precision at a time.
VOXELS_AT_A_TIME = 16_384


def denoise_nonaggressively(
    series: np.ndarray, *, mixing: np.ndarray, noise: Sequence[int]
) -> np.ndarray:
    """Take what belongs to the noise components alone out of series, in place.

    Partial regression on the full mixing matrix ``M`` (as ``fsl_regfilt`` and ICA-AROMA's
    non-aggressive option do):

    ``y = 1 a + M b + e`` by least squares over all components, then
    ``y - (M_noise - mean(M_noise)) b_noise``.

    Signal components in the fit keep the variance that they share with noise components, which
    the aggressive way, a fit of the noise components alone, would take out. The mean of a series
    does not change. Volumes in which all components are zero were left out of the decomposition
    (they are before the steady state): they neither enter the fit nor change.

    The operation works on time and smoothing on space, so that it does not matter which is first.

    Parameters
    ----------
    series : ndarray of float32 or float64, shape (n_scans, n_voxels)
        Any unit; finite. Overwritten, a block of voxels at a time; sums are in float64.
    mixing : ndarray of shape (n_scans, n_components)
        Time series of all components.
    noise : sequence of int
        Columns of the noise components, counted from 0.

    Returns
    -------
    ndarray
        `series`.

    Raises
    ------
    InputDataError
        If the matrix has not as many rows as the series, or the components cannot be told apart:
        there are as many as volumes, or some are sums of others or constant.

    References
    ----------
    Pruim et al. (2015) doi:10.1016/j.neuroimage.2015.02.064, section "Denoising".

    Examples
    --------
    >>> mixing = np.array([[1.0, 1.0], [-1.0, 0.0], [1.0, -1.0], [-1.0, 0.0]])
    >>> series = 10 + mixing @ np.array([[2.0], [3.0]])
    >>> denoise_nonaggressively(series, mixing=mixing, noise=[1])[:, 0].round(6).tolist()
    [12.0, 8.0, 12.0, 8.0]
    """
    if len(mixing) != len(series):
        raise InputDataError(
            f"The mixing matrix has {len(mixing)} rows and the series {len(series)} volumes.",
            cure="Both must come from the same preprocessing of the same run.",
        )
    decomposed = np.flatnonzero(np.asarray(mixing).any(axis=1))
    fit = _fit(np.asarray(mixing, dtype=np.float64)[decomposed])
    chosen = np.unique(np.asarray(noise, dtype=np.intp))
    if not chosen.size:
        return series
    away = np.asarray(mixing, dtype=np.float64)[np.ix_(decomposed, chosen)]
    away -= away.mean(axis=0)
    fit = fit[chosen]
    # A slice where there can be one: series are then neither copied nor scattered.
    first = int(decomposed[0])
    whole = len(decomposed) == len(series) - first
    rows: slice | np.ndarray = slice(first, None) if whole else decomposed
    for start in range(0, series.shape[1], VOXELS_AT_A_TIME):
        block = series[:, start : start + VOXELS_AT_A_TIME]
        values = block[rows].astype(np.float64)
        block[rows] = values - away @ (fit @ values)
    return series


def _fit(mixing: np.ndarray) -> np.ndarray:
    """Return the matrix (n_components, n_scans) that gives the weights b of ``[1, M]``."""
    n_scans, n_components = mixing.shape
    # Centred columns have the weights of columns beside a constant.
    centred = mixing - (mixing.mean(axis=0) if n_scans else 0.0)
    scale = np.linalg.norm(centred, axis=0)
    flat = scale <= 1e-10 * np.linalg.norm(mixing, axis=0)
    left, singular, right = np.linalg.svd(centred / np.where(flat, 1.0, scale), full_matrices=False)
    tolerance = max(mixing.shape) * np.finfo(np.float64).eps * (singular.max(initial=0.0))
    rank = int((singular > tolerance).sum())
    if flat.any() or rank < n_components:
        raise InputDataError(
            f"The {n_components} components of the mixing matrix cannot be told apart in "
            f"{n_scans} volumes: its rank without the mean is {rank}.",
            cure="Use fewer components, or set `inputs.aroma: none` in the study file.",
        )
    weights: np.ndarray = (right.T / singular) @ left.T
    return weights / scale[:, None]
