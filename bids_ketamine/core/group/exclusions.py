"""Who is left out of group statistics, and why (applied alike to sessions that are compared)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bids_ketamine.core.group.compared import (
    NO_MEANS,
    Changes,
    Means,
    reasons_of_means,
    reasons_with_compared,
)
from bids_ketamine.core.group.coverage import coverage_reasons
from bids_ketamine.core.group.measures import MeasureArrays, ObjectArray
from bids_ketamine.core.group.moments import BoolArray


@dataclass(frozen=True, kw_only=True)
class ListedExclusion:
    """An exclusion that somebody decided on.

    Attributes
    ----------
    participant : str
        The participant.
    session : str or None
        The session it is about; ``None`` for all.
    task : str or None
        The task it is about; ``None`` for all.
    reason : str
        Why.
    """

    participant: str
    session: str | None
    task: str | None
    reason: str


def exclusion_reasons(
    *,
    measures: MeasureArrays,
    tasks: Sequence[str],
    maximum_mean_fd: float | None,
    minimum_volumes: int | None,
    listed: Sequence[ListedExclusion],
    changes: Changes,
    means: Means = NO_MEANS,
) -> ObjectArray:
    """Say for each participant, session and task why its measures are left out.

    An excluded session takes the participant's measures of that task out of sessions that are
    compared with excluded ones alone, so that sessions are compared over the same participants;
    see :func:`~bids_ketamine.core.group.compared.taken_out_with` for the rule. A session that is
    the mean of others is excluded where all its parts are
    (:func:`~bids_ketamine.core.group.compared.reasons_of_means`).

    Parameters
    ----------
    measures : MeasureArrays
        Measures with the mean framewise displacement and the volumes kept over all runs of
        their task in the session.
    tasks : sequence of str
        Tasks along the last axis of the result.
    maximum_mean_fd : float or None
        Largest mean framewise displacement over all runs of a task in a session, mm; an
        unknown one is not excluded.
    minimum_volumes : int or None
        Fewest volumes kept in all runs of a task in a session together; an unknown number is
        not excluded.
    listed : sequence of ListedExclusion
        Exclusions by name; those of all sessions are each session's own.
    changes : mapping of str to (str, str)
        First and second session of each change.
    means : mapping of str to sequence of str
        Parts of each session that is the mean of others.

    Returns
    -------
    ndarray of object, shape (n_participants, n_sessions, n_tasks)
        Reasons; empty where nothing is excluded.
    """
    shape = (len(measures.participants), len(measures.sessions), len(tasks))
    own: dict[tuple[int, int, int], list[str]] = {}
    for number, task in enumerate(tasks):
        of_task = measures.of_task(task)
        worst_fd = np.fmax.reduce(measures.mean_fd[:, :, of_task], axis=2, initial=np.nan)
        fewest = np.fmin.reduce(measures.n_volumes_kept[:, :, of_task], axis=2, initial=np.nan)
        if maximum_mean_fd is not None:
            for one, session in np.argwhere(worst_fd > maximum_mean_fd):
                own.setdefault((one, session, number), []).append(
                    f"mean FD {worst_fd[one, session]:.4g} mm > {maximum_mean_fd:g} mm"
                )
        if minimum_volumes is not None:
            for one, session in np.argwhere(fewest < minimum_volumes):
                own.setdefault((one, session, number), []).append(
                    f"{fewest[one, session]:g} volumes kept < {minimum_volumes}"
                )
    for each in listed:
        one = measures.participants.index(each.participant)
        for session, session_name in enumerate(measures.sessions):
            for number, task in enumerate(tasks):
                if each.session in (None, session_name) and each.task in (None, task):
                    own.setdefault((one, session, number), []).append(each.reason)
    reasons = np.full(shape, "", dtype=object)
    for cell, texts in own.items():
        reasons[cell] = "; ".join(texts)
    if means:
        there = np.zeros(shape, dtype=np.bool_)
        for number, task in enumerate(tasks):
            there[:, :, number] = measures.present[:, :, measures.of_task(task)].any(axis=2)
        reasons = reasons_of_means(
            reasons=reasons, there=there, sessions=measures.sessions, means=means
        )
    return reasons_with_compared(
        reasons=reasons, sessions=measures.sessions, changes=changes, means=means
    )


def included_values(
    *,
    measures: MeasureArrays,
    tasks: Sequence[str],
    exclusions: ObjectArray,
    minimum_coverage: float | None,
    changes: Changes,
    means: Means = NO_MEANS,
) -> tuple[BoolArray, ObjectArray]:
    """Tell which values go into group statistics, and why others do not.

    A value that is missing or left out for the coverage of its regions takes the same measure
    out of sessions that are compared with such ones alone, by the rule of
    :func:`~bids_ketamine.core.group.compared.taken_out_with`. Sessions that are the mean of others
    have no values yet (:mod:`~bids_ketamine.core.group.session_means` gives them): of them it is
    told what is excluded.

    Parameters
    ----------
    measures : MeasureArrays
        Measures with the coverage of their regions.
    tasks : sequence of str
        Tasks along the last axis of `exclusions`.
    exclusions : ndarray of object, shape (n_participants, n_sessions, n_tasks)
        Result of :func:`exclusion_reasons`.
    minimum_coverage : float or None
        Smallest coverage of each region of a value; an unknown one is not excluded.
    changes : mapping of str to (str, str)
        First and second session of each change.
    means : mapping of str to sequence of str
        Parts of each session that is the mean of others.

    Returns
    -------
    included : ndarray of bool, shape (n_participants, n_sessions, n_measures)
        Whether a value is there and not excluded.
    reason : ndarray of object, the same shape
        Why not; empty for included values and where there is no row.
    """
    position = measures.keys["task"].map({task: k for k, task in enumerate(tasks)})
    of_task = exclusions[:, :, position.to_numpy(dtype=np.intp)]
    by_task: BoolArray = of_task != ""
    own = coverage_reasons(measures=measures, minimum_coverage=minimum_coverage)
    own[by_task] = of_task[by_task]
    sessions = measures.sessions
    own = reasons_of_means(
        reasons=own, there=np.isfinite(measures.value), sessions=sessions, means=means
    )
    excluded = reasons_with_compared(reasons=own, sessions=sessions, changes=changes, means=means)
    # A missing value keeps its own reason, unless its whole task is out.
    out: BoolArray = (excluded != "") & (by_task | np.isfinite(measures.value))
    reason = np.where(measures.present & out, excluded, measures.reason)
    of_means = [sessions.index(name) for name in means]
    reason[:, of_means] = excluded[:, of_means]
    return np.isfinite(measures.value) & ~out, reason


def unchecked_displacements(*, measures: MeasureArrays, tasks: Sequence[str]) -> int:
    """Count the sessions of a task whose framewise displacement nobody knows.

    Parameters
    ----------
    measures : MeasureArrays
        Measures.
    tasks : sequence of str
        Tasks to look at.

    Returns
    -------
    int
        Participant-session-tasks that have rows, none of them with a displacement.
    """
    count = 0
    for task in tasks:
        of_task = measures.of_task(task)
        known = np.isfinite(measures.mean_fd[:, measures.own][:, :, of_task]).any(axis=2)
        there: BoolArray = np.any(measures.present[:, measures.own][:, :, of_task], axis=2)
        count += int((there & ~known).sum())
    return count
