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
    problems : tuple of str
        Why a region has no voxels, where coverage does not say it; empty for none.
    """

    coverage: np.ndarray
    tsnr: np.ndarray
    problems: tuple[str, ...]

    def first(self, n_regions: int) -> RegionQuality:
        """Return the quality of the first regions alone."""
        return RegionQuality(
            self.coverage[:n_regions], self.tsnr[:n_regions], self.problems[:n_regions]
        )

    @staticmethod
    def unknown(n_regions: int) -> RegionQuality:
        """Return the quality of regions that came as time series."""
        unknown = np.full(n_regions, np.nan)
        return RegionQuality(unknown, unknown.copy(), ("",) * n_regions)

    @staticmethod
    def combine(runs: Sequence[RegionQuality]) -> RegionQuality:
        """Return the lowest coverage and the mean signal-to-noise ratio over runs."""
        return RegionQuality(
            np.min([run.coverage for run in runs], axis=0),
            np.mean([run.tsnr for run in runs], axis=0),
            tuple(max(each) for each in zip(*(run.problems for run in runs), strict=True)),
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
    quality: RegionQuality,
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
    quality : RegionQuality
        Of each region; unknown coverage is no reason.
    weak : ndarray of bool, shape (n_regions,)
        Regions without signal.
    minimum_coverage : float
        Smallest share with a value.

    Returns
    -------
    ndarray of str, shape (n_pairs,)
        One sentence, or empty.
    """
    own = []
    for name, coverage, problem, flat in zip(
        names, quality.coverage, quality.problems, weak, strict=True
    ):
        if problem:
            own.append(f"{name}: {problem}")
        elif coverage < minimum_coverage:
            own.append(f"coverage of {name} {coverage:.0%} is under {minimum_coverage:.0%}")
        else:
            own.append(f"{name} has no signal" if flat else "")
    of_region = np.array(own, dtype=object)
    reasons = of_region[first].copy()
    free = reasons == ""
    reasons[free] = of_region[second][free]
    return reasons
