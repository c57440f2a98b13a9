"""What a test over participants returns, and the parts all tests share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bids_ketamine.core.group.moments import BoolArray, FloatArray

IntArray = NDArray[np.int64]
TextArray = NDArray[np.str_]

NO_VARIATION = "all values equal"
NO_VARIATION_IN_GROUPS = "all values equal in each group"


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """A test of each measure; arrays of shape (n_measures,), or () for a single measure.

    Attributes
    ----------
    estimate : ndarray
        What is tested: a mean or a difference of means in the unit of the measure, or r.
    statistic : ndarray
        t.
    df : ndarray
        Degrees of freedom of t.
    p_value : ndarray
        Two-sided p value.
    ci_low, ci_high : ndarray
        Confidence interval of the estimate, in its unit.
    n : ndarray of int
        Participants that entered (pairs, where there are pairs).
    effect_size : ndarray
        Hedges' g of a t test, r of a correlation.
    reason : ndarray of str
        Why nothing was computed; empty where something was.
    """

    estimate: FloatArray
    statistic: FloatArray
    df: FloatArray
    p_value: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    n: IntArray
    effect_size: FloatArray
    reason: TextArray


@dataclass(frozen=True, kw_only=True)
class TwoSampleTestResult(TestResult):
    """A test of two groups; `n` is the sum of both.

    Attributes
    ----------
    n_first, n_second : ndarray of int
        Participants that entered from each group.
    """

    n_first: IntArray
    n_second: IntArray


def reasons(*, n: FloatArray, needed: int, constant: BoolArray, constant_reason: str) -> TextArray:
    """Say for each measure why it cannot be tested.

    Parameters
    ----------
    n : ndarray of shape (n_measures,)
        Participants (the smaller group, where there are two).
    needed : int
        Fewest participants of the test.
    constant : ndarray of bool, shape (n_measures,)
        Where there is no variation.
    constant_reason : str
        What to say there.

    Returns
    -------
    ndarray of str, shape (n_measures,)
        Empty where the test can be computed.
    """
    too_few = f"fewer than {needed} participants"
    return np.where(n < needed, too_few, np.where(constant, constant_reason, ""))


def upper_quantile(confidence_level: float) -> float:
    """Return the probability below the upper limit of a two-sided interval.

    Parameters
    ----------
    confidence_level : float
        Level of the interval.

    Returns
    -------
    float
        (1 + level) / 2.

    Raises
    ------
    ValueError
        If the level is not between 0 and 1.
    """
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence_level must lie between 0 and 1, got {confidence_level}")
    return (1 + confidence_level) / 2


def shaped(fields: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Give the fields of a result the shape of the input without its observations.

    Parameters
    ----------
    fields : mapping of str to ndarray of shape (n_measures,)
        Fields by name.
    shape : tuple of int
        (n_measures,), or () for a single measure.

    Returns
    -------
    dict of str to ndarray
        The same fields.
    """
    return {name: np.asarray(array).reshape(shape) for name, array in fields.items()}
