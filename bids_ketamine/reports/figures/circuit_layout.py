"""Where the regions and arrows of a circuit lie, in pixels of the page."""

from __future__ import annotations

import textwrap

import numpy as np
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import shortened

FloatArray = NDArray[np.float64]

#: Points of a curve; enough for it to look round.
POINTS = 33


def circle_places(n_regions: int) -> FloatArray:
    """Return places on a circle of radius 1: one in the middle, two side by side, else clockwise.

    Parameters
    ----------
    n_regions : int
        How many.

    Returns
    -------
    ndarray of shape (n_regions, 2)
        Across and up; the first of three or more is at the top.

    Examples
    --------
    >>> circle_places(2).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    >>> circle_places(4).round(6).tolist()[:2]
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if n_regions == 1:
        return np.zeros((1, 2))
    if n_regions == 2:
        return np.array([[-1.0, 0.0], [1.0, 0.0]])
    angles = np.pi / 2 - 2 * np.pi * np.arange(n_regions) / n_regions
    return np.column_stack([np.cos(angles), np.sin(angles)])


def curve(start: FloatArray, end: FloatArray, *, bend: float, gap: float) -> FloatArray:
    """Return a curve from one region to another that leaves to the left of the straight way.

    Two curves between the same regions, one each way, so never cover each other.

    Parameters
    ----------
    start, end : ndarray of shape (2,)
        Centres of the regions.
    bend : float
        How far the middle of the curve is from the straight way, pixels.
    gap : float
        How far from the centres it begins and ends, pixels.

    Returns
    -------
    ndarray of shape (POINTS, 2)
        Its points.

    Examples
    --------
    >>> points = curve(np.array([0.0, 0.0]), np.array([100.0, 0.0]), bend=20.0, gap=10.0)
    >>> points[POINTS // 2].round(6).tolist(), bool((points[:, 1] > 0).all())
    ([50.0, 20.0], True)
    """
    along = end - start
    left = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    # The middle of a quadratic curve is half as far out as its control point.
    control = (start + end) / 2 + 2 * bend * left
    share = np.linspace(0.0, 1.0, 401)[:, None]
    points = (1 - share) ** 2 * start + 2 * share * (1 - share) * control + share**2 * end
    apart = np.minimum(np.linalg.norm(points - start, axis=1), np.linalg.norm(points - end, axis=1))
    outside = np.flatnonzero(apart >= gap)
    chosen = np.linspace(outside[0], outside[-1], POINTS).round().astype(int)
    return np.asarray(points[chosen])


def loop(centre: FloatArray, direction: float, *, radius: float, size: float) -> FloatArray:
    """Return a loop from a region to itself.

    Parameters
    ----------
    centre : ndarray of shape (2,)
        Centre of the region.
    direction : float
        Where the loop lies, radians against the clock from the right.
    radius : float
        Radius of the region, pixels.
    size : float
        How far it reaches beyond the region, pixels.

    Returns
    -------
    ndarray of shape (POINTS, 2)
        Its points, from rim to rim.

    Examples
    --------
    >>> points = loop(np.zeros(2), np.pi / 2, radius=10.0, size=20.0)
    >>> points[POINTS // 2].round(6).tolist()
    [0.0, 30.0]
    """
    opening = 0.42
    ends = [
        radius * np.array([np.cos(direction + side), np.sin(direction + side)])
        for side in (opening, -opening)
    ]
    middle = np.array([np.cos(direction), np.sin(direction)])
    across = np.array([-middle[1], middle[0]])
    # The middle of a cubic curve: an eighth of both ends and three eighths of both controls.
    height = (8 * (radius + size) - 2 * radius * np.cos(opening)) / 6
    controls = [height * middle + side * 1.15 * size * across for side in (1.0, -1.0)]
    share = np.linspace(0.0, 1.0, POINTS)[:, None]
    found = (
        (1 - share) ** 3 * ends[0]
        + 3 * share * (1 - share) ** 2 * controls[0]
        + 3 * share**2 * (1 - share) * controls[1]
        + share**3 * ends[1]
    )
    return np.asarray(centre + found)


def wrapped(name: str, *, longest: int, lines: int) -> list[str]:
    """Return a name in short lines; what does not fit loses its middle.

    Parameters
    ----------
    name : str
        Name of a region.
    longest : int
        Letters of a line; a word may be three longer before it is broken.
    lines : int
        How many lines there may be.

    Examples
    --------
    >>> wrapped("anterior_insula", longest=11, lines=2), wrapped("vmPFC", longest=11, lines=2)
    (['anterior', 'insula'], ['vmPFC'])
    >>> wrapped("7Networks_LH_Default_PFC_12", longest=10, lines=2)
    ['7Networks', '… PFC 12']
    """
    words = " ".join(name.replace("_", " ").split()) or " "
    longest = max(longest, min(longest + 3, max(map(len, words.split(" ")))))
    found = textwrap.wrap(words, longest, break_long_words=True)
    if len(found) > lines:
        found = textwrap.wrap(shortened(words, longest * lines - lines), longest)
    found = found or [words]
    return found if len(found) <= lines else [shortened(words, longest)]
