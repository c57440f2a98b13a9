"""Correlations of resting regions, and why a pair of them has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.connectivity.matrices import (
    fisher_z,
    pair_indices,
    partial_correlation,
    pearson_correlation,
)
from bids_ketamine.core.connectivity.regions import RegionQuality, pair_reasons, weak_regions
from bids_ketamine.interfaces.region_reasons import region_reason
from bids_ketamine.outputs.measures import PAIR


class CorrelationKind(NamedTuple):
    """A correlation: its file, its measure, its words."""

    file: str
    measure: str
    words: str
    given_others: bool


KINDS = {
    "pearson": CorrelationKind(
        file="relmat",
        measure="resting_connectivity",
        words="Pearson correlation",
        given_others=False,
    ),
    "partial": CorrelationKind(
        file="partial_relmat",
        measure="resting_partial_connectivity",
        words="Partial correlation given all other regions",
        given_others=True,
    ),
}


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
    names: list[str],
    series: np.ndarray,
    *,
    quality: RegionQuality,
    minimum_coverage: float,
    weak: np.ndarray | None = None,
    with_partial: bool = True,
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
    weak : ndarray of bool, shape (n_regions,), optional
        Regions without signal; those that the series tell where absent.
    with_partial : bool
        Compute partial correlations, too; without, all of them are missing.

    Returns
    -------
    RestingCorrelations
        Both matrices, and what they rest on.
    """
    problems = tuple(
        region_reason(problem, float(coverage), minimum_coverage=minimum_coverage)
        for problem, coverage in zip(quality.problems, quality.coverage, strict=True)
    )
    weak = weak_regions(series) if weak is None else weak
    pearson = pearson_correlation(series)
    left_out = weak | np.array([bool(problem) for problem in problems])
    left_out |= ~np.isfinite(np.diag(pearson))
    accepted = pearson.copy()
    accepted[left_out] = accepted[:, left_out] = np.nan
    partial = partial_correlation(accepted) if with_partial else np.full_like(pearson, np.nan)
    given = [name for name, out in zip(names, left_out, strict=True) if not out]
    has_none = with_partial and bool(given) and not np.isfinite(partial).any()
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


def too_few(residual_df: int, minimum: int, lost: Sequence[str]) -> str:
    """Say that too few degrees of freedom are left, and what took them; empty if enough are.

    Parameters
    ----------
    residual_df : int
        Residual degrees of freedom over all runs.
    minimum : int
        Fewest that are accepted.
    lost : sequence of str
        Volumes with a regressor of their own, or left out, in each run, in words; empty if there
        are none.
    """
    if residual_df >= minimum:
        return ""
    causes = [
        words if len(lost) == 1 else f"run {number}: {words}"
        for number, words in enumerate(lost, start=1)
        if words
    ]
    few = f"{residual_df} residual degrees of freedom, fewer than {minimum}"
    return ": ".join([few, "; ".join(causes)] if causes else [few])


class SessionSummary(NamedTuple):
    """What the measures of a session have in common.

    Attributes
    ----------
    task : str
        Name in the study.
    columns : mapping of str to float
        ``mean_fd``, ``n_volumes``, ``n_volumes_kept``, ``residual_df``.
    minimum_df : int
        Fewest residual degrees of freedom for which there is a value.
    lost : tuple of str
        What took degrees of freedom, by run.
    cost : ndarray of int, shape (n_regions,)
        Degrees of freedom that a region's neighbourhood took from it alone.
    reason : str
        Why no measure of the session has a value; empty if they may have.
    """

    task: str
    columns: Mapping[str, float]
    minimum_df: int
    lost: tuple[str, ...]
    cost: np.ndarray
    reason: str = ""

    def few(self) -> str:
        """Say that too few degrees of freedom are left; empty if enough are."""
        return too_few(int(self.columns["residual_df"]), self.minimum_df, self.lost)


def pair_rows(found: RestingCorrelations, kind: str, summary: SessionSummary) -> pd.DataFrame:
    """Return the measures of all pairs of regions.

    Parameters
    ----------
    found : RestingCorrelations
        Correlations of the session.
    kind : str
        ``pearson`` or ``partial``.
    summary : SessionSummary
        What they have in common.
    """
    quality = found.quality
    first, second = pair_indices(len(found.names))
    reasons = found.reasons(first, second)
    df = int(summary.columns["residual_df"])
    few = summary.few()
    given = 0
    if KINDS[kind].given_others:
        reasons[reasons == ""] = found.undefined
        if not few:
            few = _too_many_given(found.given, df, summary.minimum_df, summary.lost)
        # Each region given costs a degree of freedom.
        given = max(len(found.given) - 2, 0)
    if summary.reason or few:
        reasons = np.full(len(first), summary.reason or few, dtype=object)
    correlation = found.of(kind)[first, second]
    values = fisher_z(correlation)
    undefined = np.isnan(values) & (reasons == "")
    same = np.isfinite(correlation)
    reasons[undefined & same] = "the two regions have the same series"
    reasons[undefined & ~same] = "the correlation is not defined"
    labels = np.array(found.names, dtype=object)
    cost = np.maximum(summary.cost[first], summary.cost[second])
    return pd.DataFrame(
        {
            "measure": KINDS[kind].measure,
            "task": summary.task,
            "regions": labels[first] + PAIR + labels[second],
            "value": np.where(reasons == "", values, np.nan),
            "unit": "Fisher z",
            **summary.columns,
            "residual_df": np.maximum(df - given - cost, 0),
            "coverage": quality.coverage[first],
            "coverage_second": quality.coverage[second],
            "tsnr": quality.tsnr[first],
            "tsnr_second": quality.tsnr[second],
            "method": f"{KINDS[kind].words}, Fisher z",
            "version": __version__,
            "reason": reasons,
        }
    )


def _too_many_given(given: Sequence[str], df: int, minimum: int, lost: Sequence[str]) -> str:
    """Say that too few degrees of freedom are left given all other regions; empty if enough."""
    start = f"partial correlations of {len(given)} regions"
    if len(given) > df:
        return f"{start}: more regions than the {df} degrees of freedom of the cleaned series"
    few = too_few(df - max(len(given) - 2, 0), minimum, lost)
    return f"{start}: {few}" if few else ""
