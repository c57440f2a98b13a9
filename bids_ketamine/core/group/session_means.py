"""Measures of sessions that are the mean of others, such as two baselines (methods row B6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bids_ketamine.core.group.adjustment import MotionStep
from bids_ketamine.core.group.compared import reason_of_parts
from bids_ketamine.core.group.measures import MeasureArrays, ObjectArray
from bids_ketamine.core.group.moments import BoolArray, FloatArray

#: Why there is no mean where no part says why it has no value.
NO_PART = "no value in any of its sessions"


def with_session_means(
    *, measures: MeasureArrays, motion: MotionStep
) -> tuple[MeasureArrays, MotionStep]:
    """Give sessions that are the mean of others their values.

    The value is the plain mean over those parts whose value goes into statistics, of one where
    the others do not; so is the value after the motion step. Fisher z of correlations are
    averaged as they are. Framewise displacement is averaged over the same parts, volumes kept are
    added up, the smallest coverage counts.

    Where no part goes in, the value is the mean of what there is, and does not go in.

    Parameters
    ----------
    measures : MeasureArrays
        Measures; what stands at means of sessions is not read.
    motion : MotionStep
        Values after the motion step, in which reasons of means say why these are excluded.

    Returns
    -------
    MeasureArrays, MotionStep
        The same with means filled in. The table of the motion step stays: it is about sessions
        that were measured.
    """
    if not measures.means:
        return measures, motion
    value, present = measures.value.copy(), measures.present.copy()
    numbers: dict[str, Any] = {
        "mean_fd": measures.mean_fd.copy(),
        "n_volumes_kept": measures.n_volumes_kept.copy(),
        "coverage": measures.coverage.copy(),
    }
    missing = measures.reason.copy()
    adjusted, included = motion.adjusted.copy(), motion.included.copy()
    reason = motion.reason.copy()
    for name, parts in measures.means.items():
        place = measures.sessions.index(name)
        places = [measures.sessions.index(part) for part in parts]
        goes_in = motion.included[:, places]
        known: BoolArray = np.isfinite(measures.value[:, places])
        taken = np.where(goes_in.any(axis=1, keepdims=True), goes_in, known)
        # Without any value, what is known of the parts that are there still tells of them.
        told = np.where(taken.any(axis=1, keepdims=True), taken, measures.present[:, places])
        present[:, place] = measures.present[:, places].any(axis=1)
        value[:, place] = _mean(measures.value[:, places], taken)
        adjusted[:, place] = _mean(motion.adjusted[:, places], goes_in)
        numbers["mean_fd"][:, place] = _mean(measures.mean_fd[:, places], told)
        numbers["n_volumes_kept"][:, place] = _sum(measures.n_volumes_kept[:, places], told)
        smallest = np.where(told, measures.coverage[:, places], np.nan)
        numbers["coverage"][:, place] = np.fmin.reduce(smallest, axis=1)
        any_in: BoolArray = np.any(goes_in, axis=1)
        why_not = _reasons(motion.reason[:, places], parts, needed=~any_in)
        excluded = motion.reason[:, place]
        is_in = any_in & (excluded == "")
        included[:, place] = is_in
        adjusted[:, place] = np.where(is_in, adjusted[:, place], np.nan)
        reason[:, place] = np.where(excluded != "", excluded, why_not)
        missing[:, place] = np.where(known.any(axis=1), "", why_not)
        for texts in (reason, missing):
            texts[:, place] = np.where(present[:, place], texts[:, place], "")
    filled = replace(measures, value=value, present=present, reason=missing, **numbers)
    return filled, replace(motion, adjusted=adjusted, included=included, reason=reason)


def _mean(values: FloatArray, taken: BoolArray) -> FloatArray:
    """Return the mean of known values along the second axis; NaN without any."""
    counted = taken & np.isfinite(values)
    total: FloatArray = np.where(counted, values, 0.0).sum(axis=1)
    number = counted.sum(axis=1)
    return np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)


def _sum(values: FloatArray, taken: BoolArray) -> FloatArray:
    counted = taken & np.isfinite(values)
    total: FloatArray = np.where(counted, values, 0.0).sum(axis=1)
    total[~counted.any(axis=1)] = np.nan
    return total


def _reasons(reasons: ObjectArray, parts: Sequence[str], *, needed: BoolArray) -> ObjectArray:
    """Join the reasons of parts where they are needed; each combination is put in words once."""
    joined = np.full(needed.shape, "", dtype=object)
    words: dict[tuple[str, ...], str] = {}
    for one, measure in np.argwhere(needed):
        told = tuple(str(each) for each in reasons[one, :, measure])
        if told not in words:
            words[told] = reason_of_parts(dict(zip(parts, told, strict=True))) or NO_PART
        joined[one, measure] = words[told]
    return joined
