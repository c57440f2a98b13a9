"""Correlations of resting regions, and why a pair of them has none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.connectivity.matrices import (
    fisher_z,
    pair_indices,
    partial_correlation,
    pearson_correlation,
)
from bids_ketamine.core.connectivity.regions import RegionQuality, pair_reasons, weak_regions
from bids_ketamine.interfaces.region_reasons import region_reason


class RestingCorrelations(NamedTuple):
    """Correlations of the regions of a session.

    Attributes
    ----------
    names : list of str
        Regions.
    pearson, partial : ndarray of shape (n_regions, n_regions)
        Plain correlations; those given all other regions, NaN for regions that are left out.
    given : list of str
        Regions of the partial correlations: those that the study accepts. Each pair is given the
        others of them.
    undefined : str
        Why there are no partial correlations; empty where there are.
    quality : RegionQuality
        Of each region, with the reason why it has no value.
    weak : ndarray of bool, shape (n_regions,)
        Regions without signal.
    minimum_coverage : float
        Smallest share of a region with signal for which there is a value.
    """

    names: list[str]
    pearson: np.ndarray
    partial: np.ndarray
    given: list[str]
    undefined: str
    quality: RegionQuality
    weak: np.ndarray
    minimum_coverage: float

    def of(self, kind: str) -> np.ndarray:
        """Return the matrix of a kind, ``pearson`` or ``partial``."""
        return self.pearson if kind == "pearson" else self.partial

    def reasons(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Say for each pair why one of its regions gives no value; empty for none."""
        return pair_reasons(
            first,
            second,
            names=self.names,
            quality=self.quality,
            weak=self.weak,
            minimum_coverage=self.minimum_coverage,
        )


def found_correlations(
    names: list[str], series: np.ndarray, *, quality: RegionQuality, minimum_coverage: float
) -> RestingCorrelations:
    """Correlate regions; partial correlations are given the regions that the study accepts.

    A region of low coverage or without signal has no value of its own, and must not change those
    of others either.

    Parameters
    ----------
    names : list of str
        Regions.
    series : ndarray of shape (n_scans, n_regions)
        Cleaned series of all runs, in the unit of the region's mean; NaN for a region without.
    quality : RegionQuality
        Of each region.
    minimum_coverage : float
        Smallest share of a region with signal for which there is a value.

    Returns
    -------
    RestingCorrelations
        Both matrices, and what they rest on.
    """
    problems = tuple(
        region_reason(problem, float(coverage), minimum_coverage=minimum_coverage)
        for problem, coverage in zip(quality.problems, quality.coverage, strict=True)
    )
    weak = weak_regions(series)
    pearson = pearson_correlation(series)
    left_out = weak | np.array([bool(problem) for problem in problems])
    left_out |= ~np.isfinite(np.diag(pearson))
    accepted = pearson.copy()
    accepted[left_out] = accepted[:, left_out] = np.nan
    partial = partial_correlation(accepted)
    given = [name for name, out in zip(names, left_out, strict=True) if not out]
    has_none = bool(given) and not np.isfinite(partial).any()
    return RestingCorrelations(
        names=names,
        pearson=pearson,
        partial=partial,
        given=given,
        undefined=_why_undefined(names, accepted) if has_none else "",
        quality=quality._replace(problems=problems),
        weak=weak,
        minimum_coverage=minimum_coverage,
    )


def _why_undefined(names: Sequence[str], correlation: np.ndarray) -> str:
    """Say which regions are combinations of others, so that no partial correlation is defined."""
    first, second = pair_indices(len(names))
    values = correlation[first, second]
    same = np.flatnonzero(np.isfinite(values) & ~np.isfinite(fisher_z(values)))
    if not same.size:
        return "the series of a region is a combination of the others'"
    pairs = [f"{names[first[each]]} and {names[second[each]]}" for each in same[:3]]
    return f"{', '.join(pairs)} have the same series"
