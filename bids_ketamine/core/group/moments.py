"""Moments of many measures at once, each over its own complete observations.

Symbols: x is a value of one measure, n the number of its values that are present.

==================  =======================
``n``               number of values
``mean``            sum(x) / n
``sum_of_squares``  sum((x - mean)^2)
``magnitude``       max(abs(x))
==================  =======================
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# A spread below this many units in the last place is rounding, not variation: sums of equal
# decimal fractions differ in their last digits.
ROUNDING_UNITS = 10.0


class Moments(NamedTuple):
    """Count, mean and spread of each measure."""

    n: FloatArray  # (n_measures,), whole numbers
    mean: FloatArray  # (n_measures,), unit of the measure; NaN where n is 0
    sum_of_squares: FloatArray  # (n_measures,), squared unit of the measure
    magnitude: FloatArray  # (n_measures,), unit of the measure; 0 where n is 0


def as_columns(values: ArrayLike, *, name: str) -> FloatArray:
    """Return observations as a two-dimensional array with one column a measure.

    Parameters
    ----------
    values : array_like of shape (n_observations,) or (n_observations, n_measures)
        Values in the unit of the measure; what is not finite counts as missing.
    name : str
        The argument's name, for the error.

    Returns
    -------
    ndarray of shape (n_observations, n_measures)
        The same values as float64; a single measure is one column.

    Raises
    ------
    ValueError
        If the array has no or more than two dimensions.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"{name} must have shape (n_observations,) or (n_observations, n_measures), "
            f"got {array.shape}"
        )
    return array[:, np.newaxis] if array.ndim == 1 else array


def as_pairs(first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray, tuple[int, ...]]:
    """Return two values of the same participants as two-dimensional arrays of one shape.

    Parameters
    ----------
    first, second : array_like of shape (n_observations,) or (n_observations, n_measures)
        Values row by row; one with one dimension serves all measures of the other.

    Returns
    -------
    first, second : ndarray of shape (n_observations, n_measures)
        The same values as float64.
    shape : tuple of int
        Shape of a result: (n_measures,), or () if both have one dimension.

    Raises
    ------
    ValueError
        If the two differ in the number of observations or of measures.
    """
    one, two = as_columns(first, name="first"), as_columns(second, name="second")
    shapes = np.shape(first), np.shape(second)
    measures = {shape[1] for shape in shapes if len(shape) == 2}
    if len(one) != len(two) or len(measures) > 1:
        raise ValueError(
            f"first and second must hold the same observations and measures, got {shapes[0]} "
            f"and {shapes[1]}"
        )
    one, two = np.broadcast_arrays(one, two)
    return one, two, tuple(measures)


def moments(values: FloatArray, *, present: BoolArray) -> Moments:
    """Compute count, mean and centred sum of squares of each column.

    Parameters
    ----------
    values : ndarray of shape (n_observations, n_measures)
        Values in the unit of the measure.
    present : ndarray of bool, shape (n_observations, n_measures)
        Which values enter.

    Returns
    -------
    Moments
        One entry a measure.
    """
    filled = np.where(present, values, 0.0)
    n = present.sum(axis=0).astype(np.float64)
    mean = filled.sum(axis=0) / nan_where(n == 0, n)
    deviations = np.where(present, filled - mean, 0.0)
    return Moments(
        n=n,
        mean=mean,
        sum_of_squares=np.einsum("ij,ij->j", deviations, deviations),
        magnitude=np.abs(filled).max(axis=0, initial=0.0),
    )


def is_constant(sample: Moments) -> BoolArray:
    """Tell for which measures the spread is nothing but rounding.

    Parameters
    ----------
    sample : Moments
        Moments of each measure.

    Returns
    -------
    ndarray of bool, shape (n_measures,)
        True where the root mean square deviation is at most ten units in the last place of the
        largest value (also where there is no value).
    """
    rounding = ROUNDING_UNITS * np.finfo(np.float64).eps * sample.magnitude
    return sample.sum_of_squares <= sample.n * rounding**2


def nan_where(condition: BoolArray, values: FloatArray) -> FloatArray:
    """Return the values with NaN where the condition holds.

    Parameters
    ----------
    condition : ndarray of bool
        Where nothing can be computed.
    values : ndarray of the same shape
        Any values.

    Returns
    -------
    ndarray of float64
        A new array: divided by, NaN gives NaN silently where 0 would warn.
    """
    return np.where(condition, np.nan, values)
