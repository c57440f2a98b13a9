"""Which regions can enter a connectivity matrix, and why others cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

#: A region whose standard deviation is under this share of the median region's has no signal.
WEAK_SIGNAL = 0.01


class RegionQuality(NamedTuple):
    """Quality of each region.

    Attributes
    ----------
    coverage : ndarray of shape (n_regions,)
        Share of the region's voxels with signal inside the brain; NaN if unknown.
    tsnr : ndarray of shape (n_regions,)
        Mean temporal signal-to-noise ratio; NaN if unknown.
    """

    coverage: np.ndarray
    tsnr: np.ndarray

    @staticmethod
    def unknown(n_regions: int) -> RegionQuality:
        """Return the quality of regions that came as time series."""
        return RegionQuality(np.full(n_regions, np.nan), np.full(n_regions, np.nan))

    @staticmethod
    def combine(runs: Sequence[RegionQuality]) -> RegionQuality:
        """Return the lowest coverage and the mean signal-to-noise ratio over runs."""
        return RegionQuality(
            np.min([run.coverage for run in runs], axis=0),
            np.mean([run.tsnr for run in runs], axis=0),
        )


def weak_regions(series: np.ndarray) -> np.ndarray:
    """Mark regions without signal.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_regions)
        Region series of one unit; NaN in a region without data.

    Returns
    -------
    ndarray of bool, shape (n_regions,)
        True where the standard deviation is missing or under :data:`WEAK_SIGNAL` times the
        median over regions.
    """
    deviation = series.std(axis=0)
    known = deviation[np.isfinite(deviation) & (deviation > 0)]
    typical = np.median(known) if known.size else np.inf
    return ~(deviation > WEAK_SIGNAL * typical)


def pair_reasons(
    first: np.ndarray,
    second: np.ndarray,
    *,
    names: Sequence[str],
    coverage: np.ndarray,
    weak: np.ndarray,
    minimum_coverage: float,
) -> np.ndarray:
    """Say for each pair of regions why it has no value; empty where it has one.

    Parameters
    ----------
    first, second : ndarray of int, shape (n_pairs,)
        Regions of each pair.
    names : sequence of str
        Regions.
    coverage : ndarray of shape (n_regions,)
        NaN where unknown, which is no reason.
    weak : ndarray of bool, shape (n_regions,)
        Regions without signal.
    minimum_coverage : float
        Smallest share with a value.

    Returns
    -------
    ndarray of str, shape (n_pairs,)
        One sentence, or empty.
    """
    own = [
        f"coverage of {name} {coverage[index]:.0%} is under {minimum_coverage:.0%}"
        if coverage[index] < minimum_coverage
        else (f"{name} has no signal" if weak[index] else "")
        for index, name in enumerate(names)
    ]
    of_region = np.array(own, dtype=object)
    reasons = of_region[first].copy()
    free = reasons == ""
    reasons[free] = of_region[second][free]
    return reasons
