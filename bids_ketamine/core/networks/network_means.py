"""Means of connectivity over the edges within a network, or between two networks.

Networks are lists of regions. A region that both networks of a pair hold must be counted once, or
in neither: ``shared`` says where. The default-mode regions of the subgenual cingulate against the
rest of the default mode, for example, are the pair (subgenual, default mode) with
``shared = "first"``: the second network loses the regions of the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.networks.edges import ASYMMETRY

if TYPE_CHECKING:
    import pandas as pd

Shared = Literal["first", "second", "neither"]

#: Columns of :func:`network_table`.
NETWORK_COLUMNS = (
    *("measure", "mean", "n_edges", "n_edges_defined", "fraction"),
    *("n_regions", "left_out", "reason"),
)

#: How many regions an error names.
REGIONS_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class NetworkMeasure:
    """A mean over edges that a study asks for.

    Attributes
    ----------
    name : str
        Name of the measure, such as ``sgACC-DMN``.
    first : tuple of str
        Regions of the network.
    second : tuple of str or None
        Regions of the other network; None for the edges within the first.
    shared : {"first", "second", "neither"}
        Where a region counts that both hold; without effect if they hold none.
    """

    name: str
    first: tuple[str, ...]
    second: tuple[str, ...] | None = None
    shared: Shared = "first"


@dataclass(frozen=True, kw_only=True)
class NetworkMean:
    """The mean over the edges of a measure.

    Attributes
    ----------
    name : str
        The measure.
    mean : float
        Mean over the edges with a value, in their unit (Fisher z); NaN where too few have one.
    n_edges, n_edges_defined : int
        Edges with a value, and edges of the measure if every region were covered.
    regions : tuple of str
        Regions with at least one of these edges.
    left_out : mapping of str to str
        Regions of the measure without any edge, and why.
    reason : str
        Why there is no mean; empty where there is one.
    """

    name: str
    mean: float
    n_edges: int
    n_edges_defined: int
    regions: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def fraction(self) -> float:
        """Share of the edges that have a value."""
        return self.n_edges / self.n_edges_defined


def network_mean(
    matrix: ArrayLike,
    measure: NetworkMeasure,
    *,
    region_names: Sequence[str],
    not_covered: Mapping[str, str],
    minimum_fraction: float,
) -> NetworkMean:
    r"""Compute the mean over the edges of one measure.

    .. math:: \bar z = \frac{1}{|E|} \sum_{(i, j) \in E} z_{ij}

    Within a network E holds every pair of its regions; between two, every pair of one region of
    each. Every edge counts once and as much as any other. Edges without a value and those of
    regions that are not covered are left out of E.

    Parameters
    ----------
    matrix : array_like of shape (n_regions, n_regions)
        Symmetric, Fisher z; NaN where there is no value. The diagonal does not enter.
    measure : NetworkMeasure
        Which edges.
    region_names : sequence of str, length n_regions
        Names of the rows; ``None`` is a name like any other.
    not_covered : mapping of str to str
        Regions that must not enter, and why, such as ``coverage 31% is under 50%``.
    minimum_fraction : float
        Share of the edges, 0 to 1, that must have a value; at least one edge always must.

    Returns
    -------
    NetworkMean
        NaN with a reason where fewer edges have a value.

    Raises
    ------
    ValueError
        If the matrix is not symmetric, or it and the names do not agree, names are there twice,
        the measure names regions that are not there or one twice, or it has no edge.

    Examples
    --------
    >>> z = np.array([[0, 0.2, 0.4], [0.2, 0, 0.9], [0.4, 0.9, 0]])
    >>> names = ["sg", "pcc", "mpfc"]
    >>> measure = NetworkMeasure(name="sgACC-DMN", first=("sg",), second=("sg", "pcc", "mpfc"))
    >>> found = network_mean(z, measure, region_names=names, not_covered={}, minimum_fraction=0.5)
    >>> round(found.mean, 6), found.n_edges
    (0.3, 2)
    >>> found = network_mean(z, measure, region_names=names,
    ...     not_covered={"pcc": "no signal"}, minimum_fraction=0.5)
    >>> found.mean, found.fraction, found.left_out
    (0.4, 0.5, {'pcc': 'no signal'})
    """
    values = np.asarray(matrix, dtype=np.float64)
    place = _places(values, region_names)
    if not 0.0 <= minimum_fraction <= 1.0:
        raise ValueError(f"minimum_fraction must lie between 0 and 1, got {minimum_fraction}")
    rows, columns = _edges(measure, place)
    names = np.array(list(region_names), dtype=object)
    covered = np.array([name not in not_covered for name in names])
    edges = values[rows, columns]
    present = np.isfinite(edges) & covered[rows] & covered[columns]
    n_edges, n_defined = int(present.sum()), len(edges)
    used = set(rows[present]) | set(columns[present])
    everybody = sorted(set(rows) | set(columns))
    left_out = {
        str(names[one]): not_covered.get(names[one], "no edge with a value")
        for one in everybody
        if one not in used
    }
    reason = ""
    if not n_edges:
        reason = f"none of {n_defined} edges has a value"
    elif n_edges < minimum_fraction * n_defined:
        reason = (
            f"{n_edges} of {n_defined} edges have a value, fewer than {100 * minimum_fraction:g} %"
        )
    return NetworkMean(
        name=measure.name,
        mean=np.nan if reason else float(edges[present].mean()),
        n_edges=n_edges,
        n_edges_defined=n_defined,
        regions=tuple(str(names[one]) for one in everybody if one in used),
        left_out=left_out,
        reason=reason,
    )


def network_table(
    matrix: ArrayLike,
    measures: Sequence[NetworkMeasure],
    *,
    region_names: Sequence[str],
    not_covered: Mapping[str, str],
    minimum_fraction: float,
) -> pd.DataFrame:
    """Compute several measures of one session; see :func:`network_mean`.

    Parameters
    ----------
    matrix : array_like of shape (n_regions, n_regions)
        Symmetric, Fisher z.
    measures : sequence of NetworkMeasure
        Which edges.
    region_names, not_covered, minimum_fraction
        As in :func:`network_mean`.

    Returns
    -------
    DataFrame
        :data:`NETWORK_COLUMNS`, one row a measure; ``n_regions`` entered, and ``left_out`` says
        which did not and why.

    Raises
    ------
    ValueError
        As :func:`network_mean`.
    """
    import pandas as pd  # what only looks at networks need not load it

    rows: list[dict[str, Any]] = []
    for measure in measures:
        found = network_mean(
            matrix,
            measure,
            region_names=region_names,
            not_covered=not_covered,
            minimum_fraction=minimum_fraction,
        )
        own = {name: getattr(found, name) for name in NETWORK_COLUMNS[1:5]}
        left_out = "; ".join(f"{name}: {why}" for name, why in found.left_out.items())
        rows.append(
            {"measure": found.name, "n_regions": len(found.regions)}
            | own
            | {"left_out": left_out, "reason": found.reason}
        )
    return pd.DataFrame(rows, columns=list(NETWORK_COLUMNS))


def _places(matrix: FloatArray, region_names: Sequence[str]) -> dict[str, int]:
    if matrix.shape != (len(region_names),) * 2:
        raise ValueError(
            f"{len(region_names)} regions need a matrix of as many rows and columns: {matrix.shape}"
        )
    if not np.allclose(matrix, matrix.T, rtol=0.0, atol=ASYMMETRY, equal_nan=True):
        raise ValueError("matrices must be symmetric: directed edges have no networks here")
    place = {name: one for one, name in enumerate(region_names)}
    if len(place) != len(region_names):
        twice = [name for one, name in enumerate(region_names) if place[name] != one]
        raise ValueError(f"regions of the same name: {_listed(list(dict.fromkeys(twice)))}")
    return place


def _edges(measure: NetworkMeasure, place: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the edges of a measure."""
    if measure.shared not in get_args(Shared):
        raise ValueError(
            f"{measure.name}: a shared region counts in the first, the second or neither network, "
            f"not in {measure.shared!r}"
        )
    networks = [_members(measure.name, measure.first, place)]
    if measure.second is None:
        one, two = np.triu_indices(len(networks[0]), k=1)
        rows, columns = networks[0][one], networks[0][two]
    else:
        networks.append(_members(measure.name, measure.second, place))
        both = np.intersect1d(networks[0], networks[1])
        keeps = {"first": 0, "second": 1, "neither": None}[measure.shared]
        own = [
            network if number == keeps else np.setdiff1d(network, both)
            for number, network in enumerate(networks)
        ]
        rows, columns = (each.ravel() for each in np.meshgrid(*own, indexing="ij"))
    if not rows.size:
        raise ValueError(f"{measure.name} has no edge: its networks hold too few regions")
    return rows, columns


def _members(measure: str, regions: Sequence[str], place: Mapping[str, int]) -> np.ndarray:
    unknown = [name for name in regions if name not in place]
    if unknown:
        raise ValueError(f"{measure} names regions that are not there: {_listed(unknown)}")
    if len(set(regions)) != len(regions):
        twice = dict.fromkeys(name for name in regions if list(regions).count(name) > 1)
        raise ValueError(f"{measure} names regions twice: {_listed(list(twice))}")
    return np.array([place[name] for name in regions], dtype=np.int64)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - REGIONS_NAMED} more" if len(names) > REGIONS_NAMED else ""
    return ", ".join(str(name) for name in names[:REGIONS_NAMED]) + more
