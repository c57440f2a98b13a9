"""The manifest of the group level: who went in, and why others did not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from bids_ketamine.core.group.measures import MeasureArrays, ObjectArray, participant_columns
from bids_ketamine.core.group.moments import BoolArray

#: Reasons of missing values that are listed before the others are counted.
REASONS_LISTED = 3


def participants_manifest(
    *,
    measures: MeasureArrays,
    arms: Sequence[str],
    tasks: Sequence[str],
    changes: Mapping[str, tuple[str, str]],
    exclusions: ObjectArray,
    included: BoolArray,
    reason: ObjectArray,
    reason_without_rows: Callable[[str, str, str], str],
) -> pd.DataFrame:
    """List every participant, session and task with what became of it.

    Parameters
    ----------
    measures : MeasureArrays
        Measures.
    arms : sequence of str
        Arm of each participant; empty for none.
    tasks : sequence of str
        Tasks of the study.
    changes : mapping of str to (str, str)
        First and second session of each change.
    exclusions : ndarray of object, shape (n_participants, n_sessions, n_tasks)
        Why something is excluded; empty where it is not.
    included : ndarray of bool, shape (n_participants, n_sessions, n_measures)
        Values that go in.
    reason : ndarray of object, the same shape
        Why others do not.
    reason_without_rows : callable
        Called with participant, session and task of which there is no row: why.

    Returns
    -------
    DataFrame
        ``participant_id``, ``arm``, ``session``, ``task``, ``included`` and ``reason``: why
        nothing went in, or how many values of a session that went in are excluded or missing
        and why, which sessions a mean of sessions lacks, and in which changes it is not. Visits
        without images have no rows.
    """
    shape = (len(measures.participants), len(measures.sessions), len(tasks))
    goes_in = np.zeros(shape, dtype=np.bool_)
    why_not = np.full(shape, "", dtype=object)
    partly = np.full(shape, "", dtype=object)
    valued: BoolArray = np.isfinite(measures.value)
    excluded_values = valued & ~included
    missing_values = measures.present & ~valued
    for number, task in enumerate(tasks):
        of_task = measures.of_task(task)
        goes_in[:, :, number] = included[:, :, of_task].any(axis=2)
        has_rows: BoolArray = np.any(measures.present[:, :, of_task], axis=2)
        for one, session in np.argwhere(~goes_in[:, :, number]):
            excluded = str(exclusions[one, session, number])
            if excluded:
                text = excluded
            elif has_rows[one, session]:
                found = valued[one, session, of_task].any()
                start = "no value goes in" if found else "no value"
                text = f"{start}: {_listed(reason[one, session, of_task])}"
            else:
                text = reason_without_rows(
                    measures.participants[one], measures.sessions[session], task
                )
            why_not[one, session, number] = text
        for word, marked, among in (
            ("excluded", excluded_values, valued),
            ("missing", missing_values, measures.present),
        ):
            some = marked[:, :, of_task].any(axis=2)
            for one, session in np.argwhere(goes_in[:, :, number] & some):
                chosen = of_task[marked[one, session, of_task]]
                told = (
                    f"{len(chosen)} of {among[one, session, of_task].sum()} values {word}: "
                    f"{_listed(reason[one, session, chosen])}"
                )
                earlier = partly[one, session, number]
                partly[one, session, number] = f"{earlier}; {told}" if earlier else told
    partly = _means_without(goes_in, partly, why_not, measures)
    remarks = _changes_without(goes_in, partly, why_not, measures.sessions, changes)
    return _table(measures, arms, tasks, goes_in, np.where(goes_in, remarks, why_not))


def _listed(reasons: ObjectArray) -> str:
    """Join distinct reasons, the first few of them in words."""
    distinct = list(dict.fromkeys(str(reason) for reason in reasons if reason))
    text = "; ".join(distinct[:REASONS_LISTED])
    more = len(distinct) - REASONS_LISTED
    return text + (f"; and {more} more reasons" if more > 0 else "")


def _means_without(
    goes_in: BoolArray, partly: ObjectArray, why_not: ObjectArray, measures: MeasureArrays
) -> ObjectArray:
    """Add of means of sessions that went in which of their sessions are not in them."""
    remarks = partly.copy()
    for name, parts in measures.means.items():
        place = measures.sessions.index(name)
        places = [measures.sessions.index(part) for part in parts]
        lacking = goes_in[:, [place]] & ~goes_in[:, places]
        for one, task in np.argwhere(lacking.any(axis=1)):
            there = [part for part, at in zip(parts, places, strict=True) if goes_in[one, at, task]]
            absent = [
                f"{part}: {why_not[one, at, task]}"
                for part, at in zip(parts, places, strict=True)
                if not goes_in[one, at, task]
            ]
            told = f"{' and '.join(there)} alone ({'; '.join(absent)})"
            remarks[one, place, task] = "; ".join(filter(None, [told, remarks[one, place, task]]))
    return remarks


def _changes_without(
    goes_in: BoolArray,
    partly: ObjectArray,
    why_not: ObjectArray,
    sessions: Sequence[str],
    changes: Mapping[str, tuple[str, str]],
) -> ObjectArray:
    """Add of sessions that went in which changes they miss for lack of the other session."""
    remarks = partly.copy()
    for first, second in changes.values():
        ends = sessions.index(first), sessions.index(second)
        for here, other in (ends, ends[::-1]):
            alone = goes_in[:, here] & ~goes_in[:, other]
            for one, task in np.argwhere(alone):
                remark = f"no difference {second} - {first}: {why_not[one, other, task]}"
                earlier = remarks[one, here, task]
                remarks[one, here, task] = f"{earlier}; {remark}" if earlier else remark
    return remarks


def _table(
    measures: MeasureArrays,
    arms: Sequence[str],
    tasks: Sequence[str],
    goes_in: BoolArray,
    reasons: ObjectArray,
) -> pd.DataFrame:
    rows = (goes_in.shape[0], len(measures.imaged), goes_in.shape[2])
    one, place, task = (each.ravel() for each in np.indices(rows))
    session = np.array(measures.imaged, dtype=np.intp)[place]
    table = pd.DataFrame(participant_columns(measures.participants, arms, one))
    table["session"] = np.array(measures.sessions, dtype=object)[session]
    table["task"] = np.array(tasks, dtype=object)[task]
    table["included"] = goes_in[one, session, task]
    table["reason"] = reasons[one, session, task]
    return table
