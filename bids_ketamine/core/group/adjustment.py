"""The motion step of the group level, and what it says of itself (methods row A11)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bids_ketamine.core.group.measures import MeasureArrays, ObjectArray
from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.core.group.residualization import (
    NO_DISPLACEMENT,
    NO_VALUES,
    residualize_on_motion,
)

SWITCHED_OFF = "switched off in the study"
WITHOUT_DISPLACEMENT = "no framewise displacement, which other values of this measure have"


@dataclass(frozen=True, kw_only=True)
class MotionStep:
    """Values after motion residualization.

    Attributes
    ----------
    adjusted : ndarray of shape (n_participants, n_sessions, n_measures)
        Unit of the measure; NaN for values that do not go in.
    included : ndarray of bool, the same shape
        Values that still go in: not those without a framewise displacement while others
        have one.
    reason : ndarray of object, the same shape
        Why others do not.
    table : DataFrame
        Key columns, ``n`` (values that go in and have a framewise displacement, whether the
        step is switched off or not), ``slope`` (unit of the measure per mm), ``applied`` and
        ``reason`` for each measure.
    sentence : str
        What the step did.
    """

    adjusted: FloatArray
    included: BoolArray
    reason: ObjectArray
    table: pd.DataFrame
    sentence: str


def adjust_for_motion(
    *, measures: MeasureArrays, included: BoolArray, reason: ObjectArray, residualize: bool
) -> MotionStep:
    """Regress each measure on motion over participants and sessions together.

    Parameters
    ----------
    measures : MeasureArrays
        Values and the mean framewise displacement over the runs of their task.
    included : ndarray of bool, shape (n_participants, n_sessions, n_measures)
        Values that go into group statistics.
    reason : ndarray of object, the same shape
        Why others do not.
    residualize : bool
        Whether to do anything.

    Returns
    -------
    MotionStep
        Residual plus mean of each measure, see
        :func:`~bids_ketamine.core.group.residualization.residualize_on_motion`.
    """
    value = np.where(included, measures.value, np.nan)
    table = measures.keys.copy()
    if not residualize:
        table["n"] = (included & np.isfinite(measures.mean_fd)).sum(axis=(0, 1))
        table["slope"] = np.nan
        table["applied"] = False
        table["reason"] = SWITCHED_OFF
        return MotionStep(
            adjusted=value,
            included=included,
            reason=reason,
            table=table,
            sentence="Motion residualization is switched off in the study: values go on as "
            "they are.",
        )
    observations = (value.shape[0] * value.shape[1], value.shape[2])
    result = residualize_on_motion(
        values=value.reshape(observations), mean_fd=measures.mean_fd.reshape(observations)
    )
    adjusted = result.values.reshape(value.shape)
    lost = included & np.isnan(adjusted)
    table["n"] = result.n
    table["slope"] = result.slope
    table["applied"] = result.applied
    table["reason"] = pd.Series(result.reason, dtype=object).replace("", None).to_numpy()
    return MotionStep(
        adjusted=adjusted,
        included=included & ~lost,
        reason=np.where(lost, WITHOUT_DISPLACEMENT, reason),
        table=table,
        sentence=_sentence(int(result.applied.sum()), pd.Series(result.reason)),
    )


def _sentence(n_applied: int, reason: pd.Series) -> str:
    """Say what the step did, and for how many measures it did nothing."""
    counts = reason[(reason != "") & (reason != NO_VALUES)].value_counts().to_dict()
    if not n_applied and set(counts) <= {NO_DISPLACEMENT}:
        what = "no framewise displacement is known" if len(counts) else "there are no values"
        return f"Motion residualization did nothing: {what}."
    nothing = "; ".join(f"{text} ({number})" for text, number in counts.items())
    if not n_applied:
        return f"Motion residualization did nothing: {nothing}."
    done = (
        f"{n_applied} of {len(reason)} measures were regressed on the mean framewise displacement "
        "of their own run, over participants and sessions together; residual plus mean goes on."
    )
    return done if not nothing else f"{done} Not applied: {nothing}."
