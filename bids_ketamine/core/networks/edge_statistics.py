"""A t test of every edge, corrected for their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bids_ketamine.core.connectivity.matrices import pair_indices
from bids_ketamine.core.group.inference import false_discovery_rate
from bids_ketamine.core.group.moments import BoolArray, FloatArray, nan_where
from bids_ketamine.core.group.results import TestResult, TwoSampleTestResult
from bids_ketamine.core.group.t_tests import (
    one_sample_t_test,
    paired_t_test,
    student_t_test,
    welch_t_test,
)
from bids_ketamine.core.networks.edges import check_edges, matrix_of_edges

EdgeTest = Literal["paired", "one_sample", "student", "welch"]
EDGE_TESTS: tuple[EdgeTest, ...] = get_args(EdgeTest)

#: Fields of a test that are numbers.
_NUMBERS = ("estimate", "ci_low", "ci_high", "statistic", "df", "p_value", "effect_size")

#: Columns of :meth:`EdgeStatistics.table`.
EDGE_COLUMNS = (
    *("first_region", "second_region", "n", "n_first", "n_second"),
    *("estimate", "ci_low", "ci_high", "statistic", "df", "p_value", "q_value"),
    *("effect_size", "reason"),
)


@dataclass(frozen=True, kw_only=True)
class EdgeStatistics:
    """A test of every edge; arrays of shape (n_edges,), edges row by row.

    Attributes
    ----------
    test : {"paired", "one_sample", "student", "welch"}
        Which test.
    n_regions : int
        Regions.
    result : TestResult
        Estimates (Fisher z), t, degrees of freedom, p, intervals, participants of each edge and
        Hedges' g; NaN with a reason for an edge that cannot be tested.
    q_value : ndarray
        p adjusted for the false discovery rate over the edges that were tested.
    """

    test: EdgeTest
    n_regions: int
    result: TestResult
    q_value: FloatArray

    @property
    def n_tested(self) -> int:
        """Edges that were tested."""
        return int(np.isfinite(self.result.p_value).sum())

    def matrix(self, field: str) -> FloatArray:
        """Return one field, such as ``statistic`` or ``q_value``, as a symmetric matrix.

        Parameters
        ----------
        field : str
            A numeric field of the result, or ``q_value``.

        Returns
        -------
        ndarray of shape (n_regions, n_regions)
            NaN on the diagonal and where there is no value.
        """
        values = self.q_value if field == "q_value" else getattr(self.result, field)
        return matrix_of_edges(values, n_regions=self.n_regions)

    def table(self, region_names: Sequence[str]) -> pd.DataFrame:
        """Return one row an edge.

        Parameters
        ----------
        region_names : sequence of str, length n_regions
            Names of the regions.

        Returns
        -------
        DataFrame
            :data:`EDGE_COLUMNS`; ``n_first`` and ``n_second`` are missing but for two groups.

        Raises
        ------
        ValueError
            If the number of names is not that of the regions.
        """
        names = _names(region_names, self.n_regions)
        first, second = pair_indices(self.n_regions)
        found: dict[str, object] = {
            name: getattr(self.result, name, np.nan)
            for name in ("n", "n_first", "n_second", *_NUMBERS, "reason")
        }
        regions = {"first_region": names[first], "second_region": names[second]}
        return pd.DataFrame(regions | found | {"q_value": self.q_value}, columns=list(EDGE_COLUMNS))

    def below(
        self,
        threshold: float,
        *,
        by: Literal["p_value", "q_value"],
        region_names: Sequence[str],
    ) -> pd.DataFrame:
        """Return the edges whose p or q is below a threshold, the smallest p first.

        Parameters
        ----------
        threshold : float
            Edges below it are listed, those at it are not.
        by : {"p_value", "q_value"}
            What is compared.
        region_names : sequence of str, length n_regions
            Names of the regions.

        Returns
        -------
        DataFrame
            Rows of :meth:`table`; edges of equal p in the order of the matrix.

        Raises
        ------
        ValueError
            If `by` is another one, or the number of names is not that of the regions.
        """
        if by not in ("p_value", "q_value"):
            raise ValueError(f"edges are listed by p_value or q_value, not by {by!r}")
        table = self.table(region_names)
        listed = table[table[by] < threshold]
        return listed.sort_values("p_value", kind="stable").reset_index(drop=True)


def edge_statistics(
    *,
    first: ArrayLike,
    second: ArrayLike | None,
    test: EdgeTest,
    n_regions: int,
    minimum_participants: int,
    confidence_level: float,
) -> EdgeStatistics:
    """Test every edge, each over its own participants, and adjust p for the number of edges.

    ``paired``: mean of first - second of the same participants against 0 (the session after
    treatment is `first`, the one before `second`, if the estimate is to be the change).
    ``one_sample``: mean of first against 0. ``student`` and ``welch``: mean of first minus mean
    of second, of groups that share one variance or not. Formulae: see
    :mod:`bids_ketamine.core.group.t_tests`.

    Parameters
    ----------
    first : array_like of shape (n_participants, n_edges)
        Fisher z, edges row by row of the upper triangle; NaN where missing.
    second : array_like of shape (n_participants, n_edges) or None
        The same of the other session, or of the other group; None for ``one_sample``.
    test : {"paired", "one_sample", "student", "welch"}
        Which test.
    n_regions : int
        Regions; n_edges = n_regions (n_regions - 1) / 2.
    minimum_participants : int
        Fewest participants (pairs; in each group) of an edge that is tested.
    confidence_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    EdgeStatistics
        The tests. An edge with too few participants or without variation is NaN with a reason,
        and does not count in the false discovery rate.

    Raises
    ------
    ValueError
        If the test is another one, `second` is there for one sample or absent for the others, or
        shapes do not agree.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the
    Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> after = [[0.5, 0.2, 0.1], [0.6, 0.1, 0.2], [0.8, 0.3, np.nan]]
    >>> before = [[0.3, 0.2, 0.1], [0.3, 0.2, 0.1], [0.4, 0.2, 0.3]]
    >>> found = edge_statistics(first=after, second=before, test="paired", n_regions=3,
    ...     minimum_participants=3, confidence_level=0.95)
    >>> found.below(0.1, by="p_value", region_names=["a", "b", "c"])[
    ...     ["first_region", "second_region", "n", "estimate"]].round(3).to_numpy().tolist()
    [['a', 'b', 3, 0.3]]
    >>> str(found.result.reason[2])
    'fewer than 3 participants'
    """
    values, others = check_groups(first, second, test=test, n_regions=n_regions)
    result: TestResult
    if others is None:
        result = one_sample_t_test(
            values=values, population_mean=0.0, confidence_level=confidence_level
        )
    else:
        tests = {"paired": paired_t_test, "student": student_t_test, "welch": welch_t_test}
        result = tests[test](first=values, second=others, confidence_level=confidence_level)
    result = _without_few(result, minimum_participants)
    return EdgeStatistics(
        test=test,
        n_regions=n_regions,
        result=result,
        q_value=false_discovery_rate(p_values=result.p_value),
    )


def check_groups(
    first: ArrayLike, second: ArrayLike | None, *, test: EdgeTest, n_regions: int
) -> tuple[FloatArray, FloatArray | None]:
    """Return the edges of both sessions or groups, checked against the test.

    Parameters
    ----------
    first : array_like of shape (n_participants, n_edges)
        Fisher z.
    second : array_like of shape (n_participants, n_edges) or None
        The other session or group; None for one sample.
    test : {"paired", "one_sample", "student", "welch"}
        Which test.
    n_regions : int
        Regions.

    Returns
    -------
    first : ndarray of shape (n_participants, n_edges)
        The same values as float64.
    second : ndarray of shape (n_participants, n_edges) or None
        The same values as float64.

    Raises
    ------
    ValueError
        If the test is another one, `second` is there for one sample or absent for the others, or
        shapes do not agree.
    """
    if test not in EDGE_TESTS:
        raise ValueError(f"the test must be one of {', '.join(EDGE_TESTS)}, got {test!r}")
    if (second is None) != (test == "one_sample"):
        raise ValueError(f"the {test} test needs {'one' if second is not None else 'two'} arrays")
    arrays = [np.asarray(each, dtype=np.float64) for each in (first, second) if each is not None]
    for array in arrays:
        if array.ndim != 2:
            raise ValueError(f"edges must have shape (n_participants, n_edges): {array.shape}")
        check_edges(array.shape, n_regions=n_regions)
    if test == "paired" and arrays[0].shape != arrays[1].shape:
        raise ValueError(f"sessions differ in shape: {arrays[0].shape} and {arrays[1].shape}")
    return arrays[0], arrays[1] if len(arrays) > 1 else None


def _without_few(result: TestResult, fewest: int) -> TestResult:
    """Return the tests without those of fewer participants."""
    n = result.n
    if isinstance(result, TwoSampleTestResult):
        n = np.minimum(result.n_first, result.n_second)
    few: BoolArray = n < fewest
    changed: dict[str, Any] = {name: nan_where(few, getattr(result, name)) for name in _NUMBERS}
    changed["reason"] = np.where(few, f"fewer than {fewest} participants", result.reason)
    return replace(result, **changed)


def _names(region_names: Sequence[str], n_regions: int) -> np.ndarray:
    if len(region_names) != n_regions:
        raise ValueError(f"{n_regions} regions have {len(region_names)} names")
    return np.array(list(region_names), dtype=object)
