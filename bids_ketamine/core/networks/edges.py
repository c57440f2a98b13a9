"""From symmetric matrices to edges and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.core.connectivity.matrices import pair_indices
from bids_ketamine.core.group.moments import FloatArray

#: Difference of both triangles up to which a matrix counts as symmetric.
ASYMMETRY = 1e-6


def edges_of_matrices(matrices: ArrayLike) -> FloatArray:
    """Return the upper triangle of each matrix, row by row.

    Parameters
    ----------
    matrices : array_like of shape (..., n_regions, n_regions)
        Symmetric matrices, such as Fisher z; the diagonal does not enter.

    Returns
    -------
    ndarray of shape (..., n_edges)
        n_edges = n_regions (n_regions - 1) / 2, unit of the matrices, NaN where missing.

    Raises
    ------
    ValueError
        If the matrices are not square or not symmetric.

    Examples
    --------
    >>> edges_of_matrices([[1, 2, 3], [2, 1, 4], [3, 4, 1]]).tolist()
    [2.0, 3.0, 4.0]
    """
    values = np.asarray(matrices, dtype=np.float64)
    if values.ndim < 2 or values.shape[-1] != values.shape[-2]:
        raise ValueError(f"matrices must have shape (..., n_regions, n_regions): {values.shape}")
    rows, columns = pair_indices(values.shape[-1])
    upper, lower = values[..., rows, columns], values[..., columns, rows]
    if not np.allclose(upper, lower, rtol=0.0, atol=ASYMMETRY, equal_nan=True):
        raise ValueError("matrices must be symmetric: directed edges have no networks here")
    return upper


def matrix_of_edges(values: ArrayLike, *, n_regions: int) -> FloatArray:
    """Return the symmetric matrix of one value an edge.

    Parameters
    ----------
    values : array_like of shape (n_edges,)
        Values in the order of :func:`edges_of_matrices`.
    n_regions : int
        Regions.

    Returns
    -------
    ndarray of shape (n_regions, n_regions)
        Symmetric, NaN on the diagonal.

    Raises
    ------
    ValueError
        If the number of edges is not that of all pairs of regions.

    Examples
    --------
    >>> matrix_of_edges([2.0], n_regions=2).tolist()
    [[nan, 2.0], [2.0, nan]]
    """
    edges = np.asarray(values, dtype=np.float64)
    check_edges(edges.shape, n_regions=n_regions)
    rows, columns = pair_indices(n_regions)
    matrix = np.full((n_regions, n_regions), np.nan)
    matrix[rows, columns] = matrix[columns, rows] = edges
    return matrix


def check_edges(shape: tuple[int, ...], *, n_regions: int) -> None:
    """Raise an error unless the last axis holds every pair of regions.

    Parameters
    ----------
    shape : tuple of int
        Shape of an array with one value an edge along its last axis.
    n_regions : int
        Regions.

    Raises
    ------
    ValueError
        If the number of edges is another one.
    """
    n_edges = n_regions * (n_regions - 1) // 2
    if not shape or shape[-1] != n_edges:
        raise ValueError(f"{n_regions} regions have {n_edges} edges, got an array of shape {shape}")
