"""Regression of measures on head motion (methods row A11)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.core.group.moments import (
    BoolArray,
    FloatArray,
    as_columns,
    is_constant,
    moments,
    nan_where,
)
from bids_ketamine.core.group.results import IntArray, TextArray, shaped

# A line through two points leaves no residual at all.
FEWEST_OBSERVATIONS = 3

NO_VALUES = "no values"
NO_DISPLACEMENT = "no framewise displacement"
TOO_FEW_DISPLACEMENTS = (
    f"fewer than {FEWEST_OBSERVATIONS} observations with a framewise displacement"
)
CONSTANT_DISPLACEMENT = "framewise displacement does not vary"


@dataclass(frozen=True, kw_only=True)
class MotionResidualization:
    """Measures with the part that follows head motion taken out.

    Attributes
    ----------
    values : ndarray of shape (n_observations,) or (n_observations, n_measures)
        Residual plus mean, in the unit of the measure; as they came where not applied.
    slope : ndarray of shape () or (n_measures,)
        Unit of the measure per mm; NaN where not applied.
    n : ndarray of int, shape () or (n_measures,)
        Observations with both a value and a mean framewise displacement.
    applied : ndarray of bool, shape () or (n_measures,)
        Whether the step did anything.
    reason : ndarray of str, shape () or (n_measures,)
        Why it did nothing; empty where it was applied.
    """

    values: FloatArray
    slope: FloatArray
    n: IntArray
    applied: BoolArray
    reason: TextArray


def residualize_on_motion(*, values: ArrayLike, mean_fd: ArrayLike) -> MotionResidualization:
    """Take out of each measure what its run's mean framewise displacement explains.

    Least squares y = a + b FD over the observations given (participants, or participants and
    sessions together), then y' = (y - a - b FD) + mean(y) = y - b (FD - mean(FD)).
    The mean is added back so that the level and the unit stay those of the measure: differences
    of y' are differences of residuals, and if motion explains nothing (b = 0) every value, and
    with it the order of participants, stays as it was.

    Parameters
    ----------
    values : array_like of shape (n_observations,) or (n_observations, n_measures)
        Measures in their units, NaN where missing.
    mean_fd : array_like of shape (n_observations,) or (n_observations, n_measures)
        Mean framewise displacement of the run a value comes from, mm, NaN where unknown; one
        column a measure, or one for all.

    Returns
    -------
    MotionResidualization
        A value without a displacement becomes NaN, for it cannot be compared with the others.
        A measure without any displacement, with displacements that do not vary, or with fewer
        than three of them is returned unchanged, with a reason.

    Raises
    ------
    ValueError
        If the shapes do not agree.

    References
    ----------
    Power, J. D. et al. (2012). Spurious but systematic correlations in functional connectivity
    MRI networks arise from subject motion. NeuroImage 59, 2142-2154.

    Examples
    --------
    >>> result = residualize_on_motion(values=[1.0, 2.0, 6.0], mean_fd=[0.1, 0.2, 0.3])
    >>> result.values.round(3).tolist(), round(float(result.slope), 3)
    ([3.5, 2.0, 3.5], 25.0)
    """
    y = as_columns(values, name="values")
    fd = as_columns(mean_fd, name="mean_fd")
    if len(fd) != len(y) or (np.ndim(mean_fd) == 2 and np.shape(mean_fd) != np.shape(values)):
        raise ValueError(
            "mean_fd must have one entry an observation, or the shape of values: "
            f"{np.shape(mean_fd)} for values of shape {np.shape(values)}"
        )
    fd = np.broadcast_to(fd, y.shape)
    present = np.isfinite(y) & np.isfinite(fd)
    measure, motion = moments(y, present=present), moments(fd, present=present)
    reason = np.select(
        [
            ~np.isfinite(y).any(axis=0),
            measure.n == 0,
            measure.n < FEWEST_OBSERVATIONS,
            is_constant(motion),
        ],
        [NO_VALUES, NO_DISPLACEMENT, TOO_FEW_DISPLACEMENTS, CONSTANT_DISPLACEMENT],
        default="",
    )
    applied = reason == ""
    fd_deviation = np.where(present, fd - motion.mean, 0.0)
    y_deviation = np.where(present, y - measure.mean, 0.0)
    cross_products = np.einsum("ij,ij->j", fd_deviation, y_deviation)
    slope = cross_products / nan_where(~applied, motion.sum_of_squares)
    residual_plus_mean = np.where(present, y - slope * fd_deviation, np.nan)
    shape = np.shape(values)[1:]
    fields = {
        "slope": slope,
        "n": measure.n.astype(np.int64),
        "applied": applied,
        "reason": reason,
    }
    adjusted = np.where(applied, residual_plus_mean, y).reshape(np.shape(values))
    return MotionResidualization(values=adjusted, **shaped(fields, shape))
