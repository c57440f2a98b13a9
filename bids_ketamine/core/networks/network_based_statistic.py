"""Network-based statistic: connected sets of strong edges, tested against permutations.

==================  ==================================================================
edge                a pair of regions
strong edge         its t lies beyond the primary threshold
component           a set of strong edges that paths of strong edges connect
extent              number of edges of a component
intensity           sum of what its edges have beyond the threshold
==================  ==================================================================

The p of a component is the share of permutations whose largest component is at least as large, so
the error of finding any component where there is nothing is controlled. Single edges of it are
not: what is found is the component.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from bids_ketamine.core.connectivity.matrices import pair_indices
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.group.results import IntArray
from bids_ketamine.core.networks.components import components, largest_components
from bids_ketamine.core.networks.edge_statistics import EdgeTest, check_groups
from bids_ketamine.core.networks.permutations import Permutations, label_shuffles, sign_flips
from bids_ketamine.core.networks.permuted_t import FlippedSigns, ShuffledLabels, blocks_of

Tail = Literal["two_sided", "greater", "less"]

#: Sums that agree to this share are equal: permutations add the same numbers in another order.
EQUAL = 1e-9

#: Points of the table of thresholds over 1 / df for degrees of freedom that are not whole.
TABLE_POINTS = 8193


@dataclass(frozen=True, kw_only=True)
class PrimaryThreshold:
    """Beyond which t an edge is strong.

    Attributes
    ----------
    value : float
        A t above 0, or a p between 0 and 1.
    of : {"t", "p"}
        What the value is. With p, an edge that fewer participants have needs a larger t.
    tail : {"two_sided", "greater", "less"}
        Strong are edges of large abs(t) (a component may hold both signs), t, or -t.
    """

    value: float
    of: Literal["t", "p"]
    tail: Tail

    def __post_init__(self) -> None:
        limits = {"t": np.inf, "p": 1.0}
        if self.of not in limits or self.tail not in get_args(Tail):
            raise ValueError(
                f"the threshold is of t or p, two_sided, greater or less: {self.of}, {self.tail}"
            )
        if not 0.0 < self.value < limits[self.of]:
            raise ValueError(f"the threshold must lie between 0 and {limits[self.of]:g}")

    def excess(self, statistic: FloatArray, df: FloatArray) -> FloatArray:
        """Return what each edge has beyond the threshold; at most 0 for those not strong."""
        sides = {"two_sided": np.abs, "greater": np.positive, "less": np.negative}
        return sides[self.tail](statistic) - self._t(df)

    def _t(self, df: FloatArray) -> FloatArray | float:
        if self.of == "t":
            return self.value
        below = 1.0 - self.value / (2.0 if self.tail == "two_sided" else 1.0)
        if df.ndim == 1:
            own, place = np.unique(np.maximum(np.nan_to_num(df, nan=1.0), 1.0), return_inverse=True)
            return special.stdtrit(own, below)[place]
        # Welch's degrees of freedom change with each permutation: a table is as good and quick.
        inverse = np.linspace(0.0, 1.0, TABLE_POINTS)
        table = np.append(special.ndtri(below), special.stdtrit(1.0 / inverse[1:], below))
        return np.interp(1.0 / np.nan_to_num(df, nan=1.0), inverse, table)


@dataclass(frozen=True, kw_only=True)
class Component:
    """A connected set of strong edges.

    Attributes
    ----------
    edges : ndarray of int
        Its edges, by place in the upper triangle row by row.
    regions : ndarray of int
        Its regions, ascending.
    extent : int
        Number of edges.
    intensity : float
        Sum of what they have beyond the threshold, units of t.
    n_positive, n_negative : int
        Edges with t above and below 0.
    p_extent, p_intensity : float
        p by each, corrected for all components there could be.
    """

    edges: IntArray
    regions: IntArray
    extent: int
    intensity: float
    n_positive: int
    n_negative: int
    p_extent: float
    p_intensity: float


@dataclass(frozen=True, kw_only=True)
class NetworkBasedStatistic:
    """Components of strong edges and the permutations they were compared with.

    Attributes
    ----------
    statistic : ndarray of shape (n_edges,)
        Observed t, NaN for an edge that could not be tested.
    components : tuple of Component
        By extent, then intensity, the largest first.
    null_extent, null_intensity : ndarray of shape (n_permutations,)
        The largest of each permutation.
    exact : bool
        Whether all arrangements were taken, the observed one among them.
    n_tested : int
        Edges that could be tested.
    """

    statistic: FloatArray
    components: tuple[Component, ...]
    null_extent: IntArray
    null_intensity: FloatArray
    exact: bool
    n_tested: int

    @property
    def n_permutations(self) -> int:
        """Permutations, with the observed arrangement where they are all."""
        return len(self.null_extent)


def network_based_statistic(
    *,
    first: ArrayLike,
    second: ArrayLike | None,
    test: EdgeTest,
    n_regions: int,
    threshold: PrimaryThreshold,
    n_permutations: int,
    seed: int,
    minimum_participants: int,
    blocks: ArrayLike | None = None,
) -> NetworkBasedStatistic:
    """Find connected sets of edges that differ, and test them by permutation.

    Signs of the participants are flipped (``paired``, ``one_sample``), or labels of the groups
    are shuffled (``student``, ``welch``). p = (1 + b) / (1 + m) for b of m drawn permutations
    whose largest component is at least as large; b / m where the m are all arrangements.

    Parameters
    ----------
    first, second, test, n_regions, minimum_participants
        As in :func:`~bids_ketamine.core.networks.edge_statistics.edge_statistics`, with the same
        t; an edge whose variation is below 1e-6 of its size cannot be tested here.
    threshold : PrimaryThreshold
        Beyond which t an edge is strong.
    n_permutations : int
        Permutations that are drawn; if there are no more arrangements than that, all are taken.
    seed : int
        Seed of the draws.
    blocks : array_like of shape (n_first + n_second,), optional
        For two groups: labels are shuffled within these, first group first. One block if absent.

    Returns
    -------
    NetworkBasedStatistic
        Without components where no edge is strong.

    Raises
    ------
    ValueError
        If shapes, test or blocks do not agree, or there is no permutation to draw.

    References
    ----------
    Zalesky, A., Fornito, A. & Bullmore, E. T. (2010). Network-based statistic: identifying
    differences in brain networks. NeuroImage 53, 1197-1207.
    Phipson, B. & Smyth, G. K. (2010). Permutation p-values should never be zero. Stat. Appl.
    Genet. Mol. Biol. 9, 39.

    Examples
    --------
    Edges 0-1, 0-2 and 1-2 of three regions; the first two change in all of six participants:

    >>> change = np.array([[3.0, 4, 0], [4, 3, 1], [3, 3, -1], [4, 4, 0], [3, 4, 1], [4, 3, -1]])
    >>> found = network_based_statistic(first=change, second=None, test="one_sample",
    ...     n_regions=3, threshold=PrimaryThreshold(value=4.0, of="t", tail="two_sided"),
    ...     n_permutations=1000, seed=0, minimum_participants=3)
    >>> [(one.edges.tolist(), one.extent, one.p_extent) for one in found.components]
    [([0, 1], 2, 0.03125)]
    >>> found.exact, found.n_permutations
    (True, 32)
    """
    values, others = check_groups(first, second, test=test, n_regions=n_regions)
    if n_permutations < 1:
        raise ValueError(f"n_permutations must be at least 1, got {n_permutations}")
    if test in ("paired", "one_sample") and blocks is not None:
        raise ValueError("blocks are for two groups: signs are flipped by participant")
    arrange: FlippedSigns | ShuffledLabels
    if test in ("paired", "one_sample"):
        values = np.where(np.isfinite(values), values, np.nan)
        differences = values if others is None else values - others
        known = differences[np.isfinite(differences).any(axis=1)]
        both_sides = threshold.tail == "two_sided"
        permutations = sign_flips(
            len(known), n_permutations=n_permutations, seed=seed, both_sides=both_sides
        )
        arrange = FlippedSigns(known, minimum_participants=minimum_participants)
        observed = np.ones((1, len(known)))
    else:
        groups = [values] if others is None else [values, others]
        in_first = np.repeat([True, False], [len(group) for group in groups])
        permutations = label_shuffles(
            in_first, blocks=blocks, n_permutations=n_permutations, seed=seed
        )
        arrange = ShuffledLabels(
            np.concatenate(groups),
            equal_variances=test == "student",
            minimum_participants=minimum_participants,
        )
        observed = in_first[np.newaxis].astype(np.float64)
    return _compare(arrange, observed, permutations, threshold, n_regions)


def _compare(
    arrange: FlippedSigns | ShuffledLabels,
    observed: FloatArray,
    permutations: Permutations,
    threshold: PrimaryThreshold,
    n_regions: int,
) -> NetworkBasedStatistic:
    """Find the components of the observed arrangement among those of all."""
    found = arrange(observed)
    statistic = found.statistic[0]
    excess = threshold.excess(found.statistic, found.df)[0]
    parts = [
        largest_components(threshold.excess(*arrange(rows)), n_regions=n_regions)
        for rows in blocks_of(permutations.rows, statistic.size)
    ]
    null_extent = np.concatenate([part.extent for part in parts])
    null_intensity = np.concatenate([part.intensity for part in parts])
    more = 0 if permutations.exact else 1
    regions_of_edge = np.stack(pair_indices(n_regions))

    def share(null: np.ndarray, value: float) -> float:
        n_as_large = int((null >= value * (1.0 - EQUAL)).sum())
        return (more + n_as_large) / (more + len(null))

    parts_found = [
        Component(
            edges=edges,
            regions=np.unique(regions_of_edge[:, edges]),
            extent=len(edges),
            intensity=float(excess[edges].sum()),
            n_positive=int((statistic[edges] > 0).sum()),
            n_negative=int((statistic[edges] < 0).sum()),
            p_extent=share(null_extent, len(edges)),
            p_intensity=share(null_intensity, float(excess[edges].sum())),
        )
        for edges in components(excess, n_regions=n_regions)
    ]
    return NetworkBasedStatistic(
        statistic=statistic,
        components=tuple(sorted(parts_found, key=lambda one: (-one.extent, -one.intensity))),
        null_extent=null_extent,
        null_intensity=null_intensity,
        exact=permutations.exact,
        n_tested=int(np.isfinite(statistic).sum()),
    )
