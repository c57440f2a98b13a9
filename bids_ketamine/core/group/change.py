"""Change between two sessions (methods row A12)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.core.group.moments import FloatArray


def change_scores(*, first: ArrayLike, second: ArrayLike) -> FloatArray:
    """Subtract the first session from the second.

    change = second - first

    Parameters
    ----------
    first, second : array_like of one shape, participants along the first axis
        Values of the two sessions in the unit of the measure, NaN where missing.

    Returns
    -------
    ndarray of the same shape
        Change in the unit of the measure; NaN where either is missing.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> change_scores(first=[0.25, 1.0], second=[0.5, float("nan")]).tolist()
    [0.25, nan]
    """
    before = np.asarray(first, dtype=np.float64)
    after = np.asarray(second, dtype=np.float64)
    if before.shape != after.shape:
        raise ValueError(f"sessions differ in shape: {before.shape} and {after.shape}")
    return after - before


def improvement(
    *, baseline: ArrayLike, outcome: ArrayLike, direction: Literal["decrease", "increase"]
) -> FloatArray:
    """Compute the change of a clinical score, positive where the participant got better.

    improvement = baseline - outcome where a decrease is better, else outcome - baseline

    Parameters
    ----------
    baseline, outcome : array_like of one shape, participants along the first axis
        Scores before and after, in points, NaN where missing.
    direction : {"decrease", "increase"}
        The direction of the score in which participants are better.

    Returns
    -------
    ndarray of the same shape
        Improvement in points; NaN where either score is missing.

    Raises
    ------
    ValueError
        If the direction is another one, or the shapes differ.

    Examples
    --------
    >>> improvement(baseline=[40, 38], outcome=[22, 39], direction="decrease").tolist()
    [18.0, -1.0]
    """
    if direction == "increase":
        return change_scores(first=baseline, second=outcome)
    if direction == "decrease":
        return change_scores(first=outcome, second=baseline)
    raise ValueError(f"direction must be 'decrease' or 'increase', got {direction!r}")
