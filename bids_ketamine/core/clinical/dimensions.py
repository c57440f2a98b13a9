"""Symptom dimensions: sums of a questionnaire's items, and what goes with their change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bids_ketamine.core.clinical.rank_correlation import spearman_correlation
from bids_ketamine.core.group.analysis import arm_members
from bids_ketamine.core.group.association import pearson_correlation
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.group.results import IntArray

DIMENSION_COLUMNS = (
    "dimension",
    "arm",
    "n",
    "r",
    "ci_low",
    "ci_high",
    "p_value",
    "rho",
    "rho_p_value",
    "reason",
)
COVARIATE_COLUMNS = (
    "covariate",
    "arm",
    "n",
    "rho",
    "p_value",
    "r",
    "ci_low",
    "ci_high",
    "reason",
)


class DimensionScores(NamedTuple):
    """Scores of dimensions.

    Attributes
    ----------
    names : tuple of str
        Dimensions, in order.
    scores : ndarray of shape (n_participants, n_dimensions)
        Sums of items, points; pro-rated where items are missing, NaN where too many are.
    missing : ndarray of int, shape (n_participants, n_dimensions)
        Missing items.
    """

    names: tuple[str, ...]
    scores: FloatArray
    missing: IntArray


def dimension_scores(
    items: ArrayLike, *, dimensions: Mapping[str, tuple[int, ...]], minimum_items: float
) -> DimensionScores:
    """Sum the items of each dimension.

    score = k (sum of the items present) / (number present), for a dimension of k items: a missing
    item stands for the mean of the participant's others of the same dimension.

    Parameters
    ----------
    items : array_like of shape (n_participants, n_items)
        Points; what is not finite is missing.
    dimensions : mapping of str to tuple of int
        Items of each dimension, numbered from 1.
    minimum_items : float
        Smallest share of a dimension's items that must be present, from 0 to 1; one item at least.

    Returns
    -------
    DimensionScores
        Scores and missing items.

    Raises
    ------
    ValueError
        If items do not have two dimensions, a dimension has no item, one twice, or one that does
        not exist, or the share is not between 0 and 1.

    Examples
    --------
    >>> found = dimension_scores(
    ...     [[1, 2, 3], [2, float("nan"), 4]], dimensions={"low": (1, 2), "all": (1, 2, 3)},
    ...     minimum_items=0.5,
    ... )
    >>> found.scores.tolist(), found.missing.tolist()
    ([[3.0, 6.0], [4.0, 9.0]], [[0, 0], [1, 1]])
    """
    points = np.asarray(items, dtype=np.float64)
    if points.ndim != 2:
        raise ValueError(f"items must have shape (n_participants, n_items), got {points.shape}")
    if not 0.0 <= minimum_items <= 1.0:
        raise ValueError(f"minimum_items must lie between 0 and 1: {minimum_items}")
    shape = (len(points), len(dimensions))
    scores, missing = np.full(shape, np.nan), np.zeros(shape, dtype=np.int64)
    for column, (name, numbers) in enumerate(dimensions.items()):
        chosen = _columns(name, numbers, points.shape[1])
        of_dimension = points[:, chosen]
        present = np.isfinite(of_dimension)
        n_present = present.sum(axis=1)
        missing[:, column] = len(chosen) - n_present
        # The share times a count is no whole number where both are meant to be equal.
        enough = n_present >= max(1.0, minimum_items * len(chosen) - 1e-9)
        sums = np.where(present, of_dimension, 0.0).sum(axis=1)
        scores[enough, column] = sums[enough] * (len(chosen) / n_present[enough])
    return DimensionScores(tuple(dimensions), scores, missing)


def _columns(name: str, numbers: Sequence[int], n_items: int) -> list[int]:
    if not numbers or len(set(numbers)) != len(numbers):
        raise ValueError(f"the dimension {name} must name items, each once: {tuple(numbers)}")
    outside = [str(number) for number in numbers if not 1 <= number <= n_items]
    if outside:
        raise ValueError(
            f"the dimension {name} names item {', '.join(outside)}; there are {n_items} items"
        )
    return [number - 1 for number in numbers]


def dimension_correlations(
    improvements: pd.DataFrame,
    *,
    measure_change: pd.Series,
    arms: pd.Series,
    levels: Sequence[str],
    confidence_level: float,
    minimum_participants: int,
) -> pd.DataFrame:
    """Correlate the improvement of each dimension with the change of an imaging measure.

    Pearson's r with Fisher's interval and t test, and Spearman's rho, over everybody and in each
    arm; p values are not corrected for the number of dimensions.

    Parameters
    ----------
    improvements : DataFrame of shape (n_participants, n_dimensions)
        Index: participants. Points, positive where the participant got better; NaN where unknown.
    measure_change : Series of shape (n_participants,)
        Second minus first session by participant, unit of the measure; NaN where unknown.
    arms : Series of str
        Arm by participant.
    levels : sequence of str
        Arms in order; empty for a study without arms.
    confidence_level : float
        Level of the interval, between 0 and 1.
    minimum_participants : int
        Fewest participants of a correlation.

    Returns
    -------
    DataFrame
        :data:`DIMENSION_COLUMNS`; a correlation that cannot be computed has NaN and a ``reason``.

    Raises
    ------
    ValueError
        If the level is not between 0 and 1.
    """
    rows = [
        {
            "dimension": row["name"],
            **row,
            "p_value": row["r_p_value"],
        }
        for row in _correlations(
            improvements, measure_change, arms, levels, confidence_level, minimum_participants
        )
    ]
    return pd.DataFrame(rows, columns=list(DIMENSION_COLUMNS))


def covariate_correlations(
    covariates: pd.DataFrame,
    *,
    measure_change: pd.Series,
    arms: pd.Series,
    levels: Sequence[str],
    confidence_level: float,
    minimum_participants: int,
) -> pd.DataFrame:
    """Correlate numeric covariates with the change of an imaging measure by ranks.

    The p value is that of Spearman's rho; Pearson's r with its interval stands beside it.

    Parameters
    ----------
    covariates : DataFrame of shape (n_participants, n_covariates)
        Index: participants. Numbers, such as infusions before the second scan; NaN where unknown.
    measure_change, arms, levels, confidence_level, minimum_participants
        As of :func:`dimension_correlations`.

    Returns
    -------
    DataFrame
        :data:`COVARIATE_COLUMNS`; a correlation that cannot be computed has NaN and a ``reason``.

    Raises
    ------
    ValueError
        If the level is not between 0 and 1.
    """
    rows = [
        {
            "covariate": row["name"],
            **row,
            "p_value": row["rho_p_value"],
        }
        for row in _correlations(
            covariates, measure_change, arms, levels, confidence_level, minimum_participants
        )
    ]
    return pd.DataFrame(rows, columns=list(COVARIATE_COLUMNS))


def _correlations(
    values: pd.DataFrame,
    measure_change: pd.Series,
    arms: pd.Series,
    levels: Sequence[str],
    confidence_level: float,
    minimum_participants: int,
) -> Iterator[dict[str, Any]]:
    """Yield both correlations of each column, in everybody and in each arm."""
    change = measure_change.reindex(values.index).to_numpy(dtype=np.float64)
    members = arm_members(arms=arms.reindex(values.index).tolist(), levels=levels)
    for name in values.columns:
        column = values[name].to_numpy(dtype=np.float64)
        for arm, member in members.items():
            pair = {"first": column[member], "second": change[member]}
            linear = pearson_correlation(**pair, confidence_level=confidence_level)
            ranked = spearman_correlation(**pair)
            n = int(linear.n)
            row = {
                "r": float(linear.estimate),
                "ci_low": float(linear.ci_low),
                "ci_high": float(linear.ci_high),
                "r_p_value": float(linear.p_value),
                "rho": ranked.rho,
                "rho_p_value": ranked.p_value,
            }
            reason = str(linear.reason)
            if n < minimum_participants:
                row = dict.fromkeys(row, np.nan)
                reason = f"fewer than {minimum_participants} participants"
            yield {"name": name, "arm": arm, "n": n, **row, "reason": reason}
