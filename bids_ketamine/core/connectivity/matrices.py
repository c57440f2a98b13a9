"""Connectivity matrices of region series."""

from __future__ import annotations

import numpy as np

#: Size, relative to the series itself, under which a residual is rounding and not a signal.
FLAT = 1e-10

#: Ratio of the largest to the smallest eigenvalue of a correlation matrix above which regions
#: are combinations of each other up to rounding.
LARGEST_CONDITION = 1e10


def pearson_correlation(series: np.ndarray) -> np.ndarray:
    """Return the plain Pearson correlation of every pair of series.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_regions)
        Region series; a flat or missing one correlates with none (NaN).

    Returns
    -------
    ndarray of shape (n_regions, n_regions)
        Symmetric, ones on the diagonal, NaN for flat series.

    Examples
    --------
    >>> pearson_correlation(np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0]])).round(6).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    series = np.asarray(series, dtype=float)
    centred = series - series.mean(axis=0)
    size = np.linalg.norm(centred, axis=0)
    flat = ~(size > FLAT * np.maximum(1.0, np.abs(series).max(axis=0, initial=0.0)))
    unit = centred / np.where(flat, np.nan, size)
    correlation = np.clip(unit.T @ unit, -1.0, 1.0)
    correlation[np.diag_indices_from(correlation)] = np.where(flat, np.nan, 1.0)
    return correlation


def partial_correlation(correlation: np.ndarray) -> np.ndarray:
    r"""Return the correlation of every pair of regions given all other regions.

    .. math:: r_{ij|rest} = -P_{ij} / \sqrt{P_{ii} P_{jj}}, \quad P = R^{-1}

    Parameters
    ----------
    correlation : ndarray of shape (n_regions, n_regions)
        R, plain correlations; regions whose row is missing are left out of the others' rest.

    Returns
    -------
    ndarray of shape (n_regions, n_regions)
        Symmetric, ones on the diagonal; NaN for regions left out, and everywhere where the
        regions are combinations of each other (more regions than degrees of freedom).

    References
    ----------
    Marrelec et al. (2006) doi:10.1016/j.neuroimage.2005.12.057.

    Examples
    --------
    A third region carries all that the first two have in common:

    >>> r = np.array([[1.0, 0.25, 0.5], [0.25, 1.0, 0.5], [0.5, 0.5, 1.0]])
    >>> abs(partial_correlation(r)).round(6)[0].tolist()
    [1.0, 0.0, 0.447214]
    """
    known = np.flatnonzero(np.isfinite(np.diag(correlation)))
    partial = np.full_like(correlation, np.nan)
    chosen = correlation[np.ix_(known, known)]
    if not known.size or np.linalg.cond(chosen) > LARGEST_CONDITION:
        return partial
    precision = np.linalg.inv(chosen)
    size = np.sqrt(np.diag(precision))
    found = -precision / np.outer(size, size)
    np.fill_diagonal(found, 1.0)
    partial[np.ix_(known, known)] = np.clip((found + found.T) / 2.0, -1.0, 1.0)
    return partial


def fisher_z(correlation: np.ndarray) -> np.ndarray:
    """Return atanh(r), infinite values excluded as NaN.

    Parameters
    ----------
    correlation : ndarray
        Correlations in [-1, 1].

    Returns
    -------
    ndarray
        Fisher z of the same shape; NaN for r = -1 and 1 up to rounding, where it has no value.
    """
    r = np.asarray(correlation, dtype=float)
    inside = np.abs(r) < 1.0 - 1e-12
    return np.arctanh(np.where(inside, r, np.nan))


def pair_indices(n_regions: int) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column of every pair in the upper triangle, row by row."""
    return np.triu_indices(n_regions, k=1)
