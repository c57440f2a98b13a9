"""Pairs of patients and controls whose covariates differ least in sum.

==================  ==================================================================
``i``, ``j``        a patient, a control
``w_c``             weight of covariate c
``delta_c``         difference of i and j in c: of numbers in units of s_c or of the range,
                    of categories 0 (the same) or 1
``s_c``             sqrt((variance of the patients + variance of the controls) / 2)
==================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize

from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.core.matching.covariates import (
    Covariate,
    Metric,
    average_deviation,
    categories,
    check_covariates,
    known,
    numbers,
)

#: Columns of the tables of a matching.
PAIR_COLUMNS = ("patient", "control", "distance")
UNMATCHED_COLUMNS = ("participant", "group", "reason")

NO_PARTNER_LEFT = "all who could be its partner are in other pairs"


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Who is paired with whom.

    Attributes
    ----------
    pairs : DataFrame
        :data:`PAIR_COLUMNS`, patients in ascending order.
    unmatched : DataFrame
        :data:`UNMATCHED_COLUMNS`: everybody else, group ``patients`` or ``controls``, and why.
    scales : mapping of str to float
        What differences of numeric covariates were divided by, in their unit.
    """

    pairs: pd.DataFrame
    unmatched: pd.DataFrame
    scales: Mapping[str, float]

    @property
    def total_distance(self) -> float:
        """Sum of the distances of all pairs."""
        return float(self.pairs["distance"].sum())


def match_pairs(
    patients: pd.DataFrame,
    controls: pd.DataFrame,
    *,
    covariates: Mapping[str, Covariate],
    metric: Metric,
    caliper: float | None,
) -> Matching:
    r"""Pair each patient with one control so that the sum of distances is the smallest there is.

    ``standardized``: :math:`d_{ij} = \sqrt{\sum_c (w_c \delta_c)^2}` with differences of numbers
    in units of :math:`s_c`. ``gower``: :math:`d_{ij} = \sum_c w_c \delta_c / \sum_c w_c` with
    differences in units of the range over all, so that d lies between 0 and 1.

    As many pairs as possible are made first (within the caliper, and equal in the covariates that
    must agree); among all ways to make so many, the sum of distances is the smallest. The order of
    the rows does not matter: participants are taken in the order of their names.

    Parameters
    ----------
    patients, controls : DataFrame of shape (n_participants, n_columns)
        Index: participants. A participant who lacks a covariate is not matched.
    covariates : mapping of str to Covariate
        Kind, weight and whether it must agree, by column.
    metric : {"standardized", "gower"}
        Distance.
    caliper : float or None
        Largest distance of a pair, in units of the distance; None for no limit.

    Returns
    -------
    Matching
        Pairs, and who has none and why.

    Raises
    ------
    ValueError
        If a column is absent or not numeric, a participant is there twice or in both groups, or
        the metric, a kind, a weight or the caliper is another one.

    References
    ----------
    Rosenbaum, P. R. (1989). Optimal matching for observational studies. Journal of the American
    Statistical Association 84, 1024-1032.
    Gower, J. C. (1971). A general coefficient of similarity and some of its properties.
    Biometrics 27, 857-871.

    Examples
    --------
    The nearest control of b is c2, but then a would be far from c1:

    >>> patients = pd.DataFrame({"age": [30.0, 32.0]}, index=["a", "b"])
    >>> controls = pd.DataFrame({"age": [40.0, 31.0, 29.0]}, index=["c1", "c2", "c3"])
    >>> found = match_pairs(patients, controls, covariates={"age": Covariate(kind="numeric")},
    ...     metric="standardized", caliper=None)
    >>> found.pairs[["patient", "control"]].to_numpy().tolist()
    [['a', 'c3'], ['b', 'c2']]
    >>> found.unmatched["participant"].tolist()
    ['c1']
    """
    check_covariates(patients, controls, covariates)
    if metric not in ("standardized", "gower"):
        raise ValueError(f"the metric must be standardized or gower, got {metric!r}")
    if caliper is not None and not caliper > 0.0:
        raise ValueError(f"the caliper must be above 0, got {caliper}")
    groups = {"patients": patients, "controls": controls}
    unmatched: list[tuple[object, str, str]] = []
    complete = {}
    for group, table in groups.items():
        lacking = _lacking(table, covariates)
        unmatched += [(who, group, f"no value of {what}") for who, what in lacking.items()]
        kept = table.drop(index=list(lacking))
        complete[group] = kept.loc[sorted(kept.index, key=str)]
    first, second = complete["patients"], complete["controls"]
    scales = {
        name: _scale(first, second, name, metric)
        for name, covariate in covariates.items()
        if covariate.kind == "numeric"
    }
    distances = _distances(first, second, covariates, scales, metric)
    agree = _agree(first, second, covariates)
    allowed = agree if caliper is None else agree & (distances <= caliper)
    rows, columns = _assign(distances, allowed)
    pairs = pd.DataFrame(
        {
            "patient": first.index[rows],
            "control": second.index[columns],
            "distance": distances[rows, columns],
        },
        columns=list(PAIR_COLUMNS),
    )
    for group, table, paired, able in (
        ("patients", first, rows, allowed),
        ("controls", second, columns, allowed.T),
    ):
        agreeing = agree if group == "patients" else agree.T
        for one in sorted(set(range(len(table))) - set(paired.tolist())):
            reason = _reason(able[one], agreeing[one], group)
            unmatched.append((table.index[one], group, reason))
    return Matching(
        pairs=pairs,
        unmatched=pd.DataFrame(unmatched, columns=list(UNMATCHED_COLUMNS)),
        scales=scales,
    )


def _lacking(table: pd.DataFrame, covariates: Mapping[str, Covariate]) -> dict[object, str]:
    """Return what each participant lacks, for those who lack something."""
    absent = {name: ~known(table, name, one.kind) for name, one in covariates.items()}
    return {
        who: ", ".join(name for name in covariates if absent[name][row])
        for row, who in enumerate(table.index)
        if any(column[row] for column in absent.values())
    }


def _scale(first: pd.DataFrame, second: pd.DataFrame, name: str, metric: Metric) -> float:
    """Return what differences are divided by; 1 where everybody has the same value."""
    one, two = numbers(first, name), numbers(second, name)
    both = np.concatenate([one, two])
    spread = float(np.ptp(both)) if both.size else 0.0
    # Two constant groups that differ have no deviation, but a range.
    deviation = average_deviation(one, two) if metric == "standardized" else spread
    scale = deviation if deviation > 0.0 else spread
    return scale if scale > 0.0 else 1.0


def _distances(
    first: pd.DataFrame,
    second: pd.DataFrame,
    covariates: Mapping[str, Covariate],
    scales: Mapping[str, float],
    metric: Metric,
) -> FloatArray:
    power = 2.0 if metric == "standardized" else 1.0
    total = np.zeros((len(first), len(second)))
    for name, covariate in covariates.items():
        if covariate.kind == "numeric":
            one, two = numbers(first, name), numbers(second, name)
            difference = np.abs(one[:, np.newaxis] - two) / scales[name]
        else:
            difference = (~_same(first, second, name)).astype(np.float64)
        total += (covariate.weight * difference) ** power
    if metric == "standardized":
        return np.sqrt(total)
    weights = sum(covariate.weight for covariate in covariates.values())
    return total / weights if weights else total


def _agree(
    first: pd.DataFrame, second: pd.DataFrame, covariates: Mapping[str, Covariate]
) -> BoolArray:
    """Tell which pairs agree in every covariate that must."""
    agree = np.ones((len(first), len(second)), dtype=np.bool_)
    for name, covariate in covariates.items():
        if covariate.exact and covariate.kind == "numeric":
            agree &= numbers(first, name)[:, np.newaxis] == numbers(second, name)
        elif covariate.exact:
            agree &= _same(first, second, name)
    return agree


def _same(first: pd.DataFrame, second: pd.DataFrame, name: str) -> BoolArray:
    return np.equal.outer(categories(first, name), categories(second, name)).astype(np.bool_)


def _assign(distances: FloatArray, allowed: BoolArray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of as many allowed pairs as possible, nearest in sum."""
    if not allowed.any():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    # One forbidden pair costs more than all that could be saved with it.
    forbidden = 1.0 + 2.0 * min(distances.shape) * float(distances[allowed].max())
    rows, columns = optimize.linear_sum_assignment(np.where(allowed, distances, forbidden))
    kept = allowed[rows, columns]
    return rows[kept], columns[kept]


def _reason(allowed: BoolArray, agree: BoolArray, group: str) -> str:
    """Say why somebody has no partner."""
    others = "controls" if group == "patients" else "patients"
    if not allowed.size:
        return f"there are no {others} with every covariate"
    if not agree.any():
        return f"none of the {others} agrees in what must agree"
    return NO_PARTNER_LEFT if allowed.any() else f"none of the {others} is within the caliper"
