"""Signal of grey matter close to a region regressed from the region's series.

Functional images are blurred: a voxel of the putamen holds signal of the insula beside it. The
mean series of the cortex around a subcortical region, regressed from the region's own, takes out
what comes from the neighbours by blurring (and what the two share otherwise, which is the price).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

NO_NEIGHBOURS = "no neighbours"
NO_SIGNAL = "neighbours without signal"


def ring_neighbours(
    regions: Sequence[np.ndarray],
    *,
    candidates: np.ndarray,
    nearest: float,
    farthest: float,
) -> tuple[np.ndarray, ...]:
    """Find the voxels or vertices in a ring around each region.

    The distance of a candidate is that to the nearest voxel of the region, so that the ring
    follows the shape of a whole structure.

    Parameters
    ----------
    regions : sequence of ndarray, each of shape (n_voxels, 3)
        Coordinates of each region's voxels, mm.
    candidates : ndarray of shape (n_candidates, 3)
        Coordinates in the same space of the cortical or other grey matter that may be a
        neighbour, mm: it leaves out what must not be, such as other subcortical structures.
    nearest, farthest : float
        Smallest and largest distance, mm, both included; such as 2 and 20.

    Returns
    -------
    tuple of ndarray of int
        Candidates of each region, in rising order; empty for a region far from all of them.

    Raises
    ------
    ValueError
        If the distances are not in order.

    References
    ----------
    Buckner et al. (2011) doi:10.1152/jn.00339.2011;
    Marek et al. (2018) doi:10.1016/j.neuron.2018.10.010;
    Greene et al. (2020) doi:10.1016/j.neuron.2019.11.012.

    Examples
    --------
    >>> line = np.array([[x, 0.0, 0.0] for x in range(0, 12, 2)])
    >>> [each.tolist() for each in ring_neighbours([line[:2]], candidates=line, nearest=4,
    ...                                            farthest=6)]
    [[3, 4]]
    """
    if not 0 <= nearest <= farthest:
        raise ValueError(f"Distances must rise from 0 on, got {nearest} and {farthest} mm.")
    candidates = np.asarray(candidates, dtype=np.float64).reshape(-1, 3)
    found = []
    for voxels in regions:
        if not len(voxels) or not len(candidates):
            found.append(np.empty(0, dtype=np.intp))
            continue
        # The bound itself is left out by the tree.
        bound = np.nextafter(float(farthest), np.inf)
        distance, _ = cKDTree(voxels).query(candidates, distance_upper_bound=bound)
        found.append(np.flatnonzero((distance >= nearest) & (distance <= farthest)))
    return tuple(found)


def neighbour_series(series: np.ndarray, neighbours: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean series of each region's neighbours.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_candidates)
        Of all candidates, any unit. Cleaning is linear: the mean of cleaned series is the
        cleaned mean, so that these may be raw and their means be cleaned with the regions.
    neighbours : sequence of ndarray of int
        Candidates of each region, from :func:`ring_neighbours`.

    Returns
    -------
    ndarray of shape (n_scans, n_regions)
        float64; candidates that miss a value or do not vary are left out, and NaN stands where
        none is left.
    """
    series = np.asarray(series)
    means = np.full((len(series), len(neighbours)), np.nan)
    for region, members in enumerate(neighbours):
        own = series[:, members].astype(np.float64)
        # A missing value makes the range missing, an infinite one makes it infinite.
        span = np.ptp(own, axis=0)
        good = np.flatnonzero(np.isfinite(span) & (span > 0))
        if good.size:
            means[:, region] = own[:, good].mean(axis=1)
    return means


class NeighbourhoodRegression(NamedTuple):
    """Series without what they share with their neighbours.

    Attributes
    ----------
    series : ndarray of shape (n_scans, n_regions)
        Residuals, mean zero; each has one residual degree of freedom less where there is a
        weight.
    weight : ndarray of shape (n_regions,)
        Slope on the neighbours' series; NaN where there is none.
    explained : ndarray of shape (n_regions,)
        Share of the region's variance that was taken out; NaN where there is none.
    problems : tuple of str
        Why nothing was taken out of a region; empty where it was.
    """

    series: np.ndarray
    weight: np.ndarray
    explained: np.ndarray
    problems: tuple[str, ...]


def regress_neighbours(series: np.ndarray, neighbours: np.ndarray) -> NeighbourhoodRegression:
    r"""Take the neighbours' mean series out of each region's.

    .. math:: e = y - n \, \frac{n' y}{n' n}

    for series y and n without mean. With both cleaned by the same projection, the residual is
    that of a projection with n among its nuisance regressors. To be done run by run.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_regions)
        Cleaned series of the regions.
    neighbours : ndarray of shape (n_scans, n_regions)
        Cleaned mean series of the neighbours of each; NaN where it has none.

    Returns
    -------
    NeighbourhoodRegression
        A region without neighbours keeps its series, with a problem: far from the cortex there
        is nothing to take out.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> cortex = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    >>> own = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    >>> result = regress_neighbours(own + 0.5 * cortex, cortex)
    >>> result.series.ravel().tolist(), result.weight.tolist(), result.explained.tolist()
    ([1.0, 1.0, -1.0, -1.0], [0.5], [0.2])
    """
    series = np.asarray(series, dtype=np.float64)
    neighbours = np.asarray(neighbours, dtype=np.float64)
    if series.shape != neighbours.shape:
        raise ValueError(f"Shapes of series differ: {series.shape} and {neighbours.shape}.")
    own = series - series.mean(axis=0)
    absent = ~np.isfinite(neighbours).all(axis=0)
    other = np.where(absent, 0.0, neighbours)
    level = np.abs(other).max(axis=0, initial=0.0)
    other = other - other.mean(axis=0)
    rounding = 8 * max(len(series), 1) * np.finfo(np.float64).eps
    flat = np.abs(other).max(axis=0, initial=0.0) <= rounding * level
    usable = ~absent & ~flat
    energy, before = (other**2).sum(axis=0), (own**2).sum(axis=0)
    weight = np.full(series.shape[1], np.nan)
    np.divide((other * own).sum(axis=0), energy, out=weight, where=usable)
    rest = own - other * np.where(usable, weight, 0.0)
    explained = np.full(series.shape[1], np.nan)
    np.divide(weight**2 * energy, before, out=explained, where=usable & (before > 0))
    problems = [
        NO_NEIGHBOURS if alone else NO_SIGNAL if still else ""
        for alone, still in zip(absent, flat, strict=True)
    ]
    return NeighbourhoodRegression(rest, weight, explained, tuple(problems))
