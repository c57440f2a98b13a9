"""Connected sets of strong edges, and how large they are.

Two strong edges belong to one component if a path of strong edges joins them. Its extent is the
number of its edges, its intensity the sum of what they have above the threshold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from bids_ketamine.core.connectivity.matrices import pair_indices
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.group.results import IntArray


class LargestComponents(NamedTuple):
    """The largest component of each arrangement, 0 without one; arrays of shape (n_rows,)."""

    extent: IntArray
    intensity: FloatArray


def components(excess: FloatArray, *, n_regions: int) -> list[IntArray]:
    """Return the edges of each connected set of strong edges.

    Parameters
    ----------
    excess : ndarray of shape (n_edges,)
        What each edge has above its threshold; strong edges have more than 0.
    n_regions : int
        Regions.

    Returns
    -------
    list of ndarray of int
        Edges of each component in ascending order; the component of the first edge first.

    Examples
    --------
    Edges of four regions: 0-1, 0-2, 0-3, 1-2, 1-3, 2-3.

    >>> [found.tolist() for found in components(np.array([1.0, 0, 0, 0, 0, 2.0]), n_regions=4)]
    [[0], [5]]
    """
    rows, edges = np.nonzero(excess[np.newaxis] > 0.0)
    labels = _labels(rows, edges, n_rows=1, n_regions=n_regions)
    order = dict.fromkeys(labels.tolist())
    return [edges[labels == label] for label in order]


def largest_components(excess: FloatArray, *, n_regions: int) -> LargestComponents:
    """Return the largest extent and the largest intensity in each row.

    Parameters
    ----------
    excess : ndarray of shape (n_rows, n_edges)
        What each edge has above its threshold, in one row an arrangement.
    n_regions : int
        Regions.

    Returns
    -------
    LargestComponents
        Both may come from different components.

    Examples
    --------
    >>> found = largest_components(np.array([[1.0, 1, 0, 0, 0, 0], [5.0, 0, 0, 0, 0, 1]]),
    ...     n_regions=4)
    >>> found.extent.tolist(), found.intensity.tolist()
    ([2, 1], [2.0, 5.0])
    """
    rows, edges = np.nonzero(excess > 0.0)
    largest = LargestComponents(np.zeros(len(excess), dtype=np.int64), np.zeros(len(excess)))
    if not rows.size:
        return largest
    labels = _labels(rows, edges, n_rows=len(excess), n_regions=n_regions)
    np.maximum.at(largest.extent, rows, np.bincount(labels)[labels])
    intensity = np.bincount(labels, weights=excess[rows, edges])
    np.maximum.at(largest.intensity, rows, intensity[labels])
    return largest


def _labels(rows: IntArray, edges: IntArray, *, n_rows: int, n_regions: int) -> IntArray:
    """Return the component of each strong edge; all rows are parts of one graph."""
    first, second = pair_indices(n_regions)
    start = rows * n_regions + first[edges]
    end = rows * n_regions + second[edges]
    n_nodes = n_rows * n_regions
    graph = sparse.coo_array(
        (np.ones(len(rows), dtype=np.int8), (start, end)), shape=(n_nodes, n_nodes)
    )
    of_node = csgraph.connected_components(graph, directed=False)[1]
    return np.asarray(of_node[start], dtype=np.int64)
