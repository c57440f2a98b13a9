"""Covariates of matching: numbers in units of their deviation, categories that agree or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.group.moments import BoolArray, FloatArray

Kind = Literal["numeric", "categorical"]
Metric = Literal["standardized", "gower"]


@dataclass(frozen=True, kw_only=True)
class Covariate:
    """A covariate on which participants are matched.

    Attributes
    ----------
    kind : {"numeric", "categorical"}
        What it holds.
    weight : float
        Factor of its difference. A standardized distance counts standard deviations, so a
        category with weight 1 that differs is as much as a number one deviation apart.
    exact : bool
        Only participants who agree in it may be paired.
    """

    kind: Kind
    weight: float = 1.0
    exact: bool = False


def check_covariates(
    patients: pd.DataFrame, controls: pd.DataFrame, covariates: Mapping[str, Covariate]
) -> None:
    """Raise an error unless both groups have every covariate and nobody is there twice.

    Parameters
    ----------
    patients, controls : DataFrame
        One row a participant.
    covariates : mapping of str to Covariate
        By column.

    Raises
    ------
    ValueError
        If there is no covariate, a column is absent, a participant is there twice or in both
        groups, or a kind or weight is another one.
    """
    if not covariates:
        raise ValueError("matching needs at least one covariate")
    for group, table in (("patients", patients), ("controls", controls)):
        absent = [name for name in covariates if name not in table.columns]
        if absent:
            raise ValueError(f"{group} have no column {', '.join(absent)}")
        if table.index.has_duplicates:
            twice = table.index[table.index.duplicated()].unique()
            raise ValueError(f"{group} are there twice: {', '.join(map(str, twice[:5]))}")
    both = patients.index.intersection(controls.index)
    if len(both):
        raise ValueError(f"both patient and control: {', '.join(map(str, both[:5]))}")
    for name, covariate in covariates.items():
        if covariate.kind not in ("numeric", "categorical"):
            raise ValueError(f"{name} must be numeric or categorical, got {covariate.kind!r}")
        if not (np.isfinite(covariate.weight) and covariate.weight >= 0.0):
            raise ValueError(f"the weight of {name} must be 0 or more, got {covariate.weight}")


def numbers(table: pd.DataFrame, name: str) -> FloatArray:
    """Return a numeric column; what is not finite is missing.

    Parameters
    ----------
    table : DataFrame
        One row a participant.
    name : str
        Column.

    Returns
    -------
    ndarray of shape (n_participants,)
        In the unit of the column, NaN where missing.

    Raises
    ------
    ValueError
        If the column holds something else than numbers.
    """
    try:
        values = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is numeric but holds something else: {error}") from error
    return np.where(np.isfinite(values), values, np.nan)


def categories(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column as text, None where missing or empty; whole numbers without a point.

    Parameters
    ----------
    table : DataFrame
        One row a participant.
    name : str
        Column.

    Returns
    -------
    ndarray of object, shape (n_participants,)
        Levels.
    """

    def text(cell: Any) -> str | None:
        if cell is None or pd.isna(cell) or cell == "":
            return None
        is_whole = isinstance(cell, float | np.floating) and float(cell).is_integer()
        return str(int(cell)) if is_whole else str(cell)

    found = np.empty(len(table), dtype=object)
    found[:] = [text(cell) for cell in table[name].astype(object)]
    return found


def known(table: pd.DataFrame, name: str, kind: Kind) -> BoolArray:
    """Tell who has a value.

    Parameters
    ----------
    table : DataFrame
        One row a participant.
    name : str
        Column.
    kind : {"numeric", "categorical"}
        What it holds.

    Returns
    -------
    ndarray of bool, shape (n_participants,)
        True for a finite number, or a category that is not empty.
    """
    if kind == "numeric":
        return np.isfinite(numbers(table, name))
    return np.array([cell is not None for cell in categories(table, name)], dtype=np.bool_)


def average_deviation(first: FloatArray, second: FloatArray) -> float:
    """Return the standard deviation of two groups, each counting as much.

    sqrt((s_1^2 + s_2^2) / 2); with one group of fewer than two values, that of the other.

    Parameters
    ----------
    first, second : ndarray of shape (n_participants,)
        Values, NaN where missing.

    Returns
    -------
    float
        In the unit of the values; NaN where neither group has two.

    Examples
    --------
    >>> average_deviation(np.array([1.0, 3.0]), np.array([0.0, 2.0, 4.0]))
    1.7320508075688772
    """
    variances = np.array([summary(group).variance for group in (first, second)])
    found = variances[np.isfinite(variances)]
    return float(np.sqrt(found.mean())) if found.size else float("nan")


class Summary(NamedTuple):
    """Number, mean and variance (divisor n - 1) of the values that are known."""

    n: int
    mean: float
    variance: float


def summary(values: FloatArray) -> Summary:
    """Summarize values; equal ones have exactly their value as mean, and variance 0.

    Parameters
    ----------
    values : ndarray of shape (n_participants,)
        Values, NaN where missing.

    Returns
    -------
    Summary
        NaN where there are too few values.

    Examples
    --------
    >>> summary(np.array([0.1, 0.1, 0.1]))
    Summary(n=3, mean=0.1, variance=0.0)
    """
    present = values[np.isfinite(values)]
    n = len(present)
    if n and np.ptp(present) == 0.0:
        return Summary(n, float(present[0]), 0.0 if n > 1 else float("nan"))
    nothing = float("nan")
    return (
        Summary(n, float(present.mean()), float(present.var(ddof=1)))
        if n
        else Summary(n, nothing, nothing)
    )
