"""Where a brain graph puts regions and their connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bids_ketamine.reports.figures.glass import View

FloatArray = NDArray[np.float64]

#: First region, second region, value, and whether its 95 % interval excludes 0.
Edge = tuple[str, str, float, bool]

#: More regions than this have no names, and only the strongest of their connections are drawn.
WITH_NAMES = 20
STRONGEST = 60
#: Two centres of a region nearer than this have one dot, mm: it lies at the midline.
ONE_DOT = 16.0


def region_places(centres: Mapping[str, Sequence[Sequence[float]]]) -> dict[str, FloatArray]:
    """Return the centres of regions that have one, from left to right, shape (n_centres, 3)."""
    places = {}
    for region, points in centres.items():
        array = np.asarray(points, dtype=np.float64).reshape(-1, 3)
        array = array[np.isfinite(array).all(axis=1)]
        if len(array):
            places[str(region)] = array[np.argsort(array[:, 0], kind="stable")]
    return places


def connections(edges: pd.DataFrame | Sequence[Edge]) -> list[Edge]:
    """Return the connections of two different regions, each once.

    Parameters
    ----------
    edges : DataFrame or sequence of (str, str, float, bool)
        As :func:`.brain_graph.brain_graph` takes them.
        Of the two directions of a pair the first that has a value counts.

    Examples
    --------
    >>> connections([("a", "b", 0.2, True), ("b", "a", 0.3, True)])
    [('a', 'b', 0.2, True)]
    """
    if isinstance(edges, pd.DataFrame):
        columns = (edges[column] for column in ("first", "second", "value", "certain"))
        edges = list(zip(*columns, strict=True))
    found: dict[tuple[str, ...], Edge] = {}
    for first, second, value, certain in edges:
        pair = (str(first), str(second))
        key = tuple(sorted(pair))
        if pair[0] != pair[1] and not np.isfinite(found.get(key, ("", "", np.nan))[2]):
            number = np.nan if pd.isna(value) else float(value)
            found[key] = (*pair, number, not pd.isna(certain) and bool(certain))
    return list(found.values())


def drawn_connections(
    edges: pd.DataFrame | Sequence[Edge], places: Mapping[str, FloatArray]
) -> list[Edge]:
    """Return what is drawn, in its order: the certain and the strong lie above the others."""
    known = [
        edge
        for edge in connections(edges)
        if np.isfinite(edge[2]) and edge[0] in places and edge[1] in places
    ]
    if len(places) > WITH_NAMES:
        known = sorted(known, key=lambda edge: -abs(edge[2]))[:STRONGEST]
    return sorted(known, key=lambda edge: (edge[3], abs(edge[2])))


def region_dots(
    places: Mapping[str, FloatArray], view: View, *, radius: float
) -> dict[str, FloatArray]:
    """Return the dots of each region in a view, moved apart where they would cover each other.

    Hemispheres lie over each other when seen from the side: there a region has one dot.

    Parameters
    ----------
    places : mapping of str to ndarray of shape (n_centres, 3)
        Centres, mm.
    view : View
        What is looked along.
    radius : float
        That of a dot, mm; dots of no size stay where they are.

    Returns
    -------
    dict of str to ndarray of shape (n_dots, 2)
        Places in the view, mm.
    """
    dots = {}
    for region, points in places.items():
        flat = points[:, [view.across, view.up]]
        near = np.linalg.norm(flat.max(axis=0) - flat.min(axis=0)) < ONE_DOT
        dots[region] = flat.mean(axis=0, keepdims=True) if near else flat.copy()
    every = np.vstack(list(dots.values()))
    for _ in range(60):
        between = every[:, None] - every[None]
        # Dots at one place part along a line, the first to the left.
        same = np.triu(np.ones((len(every), len(every))), 1)
        between[..., 0] -= 1e-6 * (same - same.T)
        distance = np.linalg.norm(between, axis=2)
        np.fill_diagonal(distance, np.inf)
        lacking = np.maximum(0.0, 2.06 * radius - distance)
        if lacking.max(initial=0.0) < 1e-3:
            break
        every = every + (between / distance[..., None] * (0.5 * lacking)[..., None]).sum(axis=1)
    ends = np.cumsum([len(points) for points in dots.values()])[:-1]
    return dict(zip(dots, np.split(every, ends), strict=True))


def connection_lines(first: FloatArray, second: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Return the lines of two regions: within hemispheres, or to both from a single dot.

    >>> left, right, middle = np.array([-20.0, 0.0]), np.array([20.0, 0.0]), np.zeros(2)
    >>> len(connection_lines(np.array([left, right]), np.array([left, right])))
    2
    >>> [float(end[0]) for _, end in connection_lines(middle[None], np.array([left, right]))]
    [-20.0, 20.0]
    """
    if len(first) == len(second):
        return list(zip(first, second, strict=True))
    return [(start, end) for start in first for end in second]
