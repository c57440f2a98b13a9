"""What the exclusion of a session means for the sessions it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bids_ketamine.core.group.measures import ObjectArray
from bids_ketamine.core.group.moments import BoolArray

Changes = Mapping[str, tuple[str, str]]


def taken_out_with(*, own: BoolArray, sessions: Sequence[str], changes: Changes) -> BoolArray:
    """Tell what is taken out because the sessions it is compared with are excluded.

    Session s is taken out with excluded ones if and only if it takes part in at least one change
    of the study and the other end of EVERY change it takes part in is excluded: then it can be
    compared with nothing, and without it all sessions are summarized over the participants that
    are compared. With one change of two sessions, either session takes the other out. With
    pre1 -> post and pre1 -> pre2, an excluded pre2 leaves pre1 and post in (the participant
    leaves the second change alone), while an excluded pre1 takes out both others. Without
    changes nothing is taken out.

    One pass is enough: what takes s out has been excluded for itself, for a session that is
    taken out with others has excluded ends only, and s, at the other end of one of its changes,
    is then excluded already.

    Parameters
    ----------
    own : ndarray of bool, shape (n_participants, n_sessions, n)
        What is excluded for a reason of its own: tasks or measures along the last axis.
    sessions : sequence of str
        Sessions along the second axis.
    changes : mapping of str to (str, str)
        First and second session of each change.

    Returns
    -------
    ndarray of bool, the same shape
        What is taken out and not excluded for itself.

    Examples
    --------
    >>> own = np.array([[[False], [True], [False]]])
    >>> changes = {"change": ("pre1", "post"), "normal_variability": ("pre1", "pre2")}
    >>> taken_out_with(own=own, sessions=["pre1", "pre2", "post"], changes=changes).ravel().tolist()
    [False, False, False]
    >>> own = np.array([[[True], [False], [False]]])
    >>> taken_out_with(own=own, sessions=["pre1", "pre2", "post"], changes=changes).ravel().tolist()
    [False, True, True]
    """
    result = np.zeros_like(own)
    for position, others in enumerate(_compared_with(sessions, changes)):
        if others:
            result[:, position] = own[:, others].all(axis=1) & ~own[:, position]
    return result


def reasons_with_compared(
    *, reasons: ObjectArray, sessions: Sequence[str], changes: Changes
) -> ObjectArray:
    """Add why things are taken out with the sessions they are compared with.

    Parameters
    ----------
    reasons : ndarray of object, shape (n_participants, n_sessions, n)
        Why things are excluded for themselves; empty where they are not.
    sessions : sequence of str
        Sessions along the second axis.
    changes : mapping of str to (str, str)
        First and second session of each change.

    Returns
    -------
    ndarray of object, the same shape
        `reasons`, and ``excluded with session post: ...`` where :func:`taken_out_with` says so.
    """
    result = reasons.copy()
    taken_out = taken_out_with(own=reasons != "", sessions=sessions, changes=changes)
    for position, others in enumerate(_compared_with(sessions, changes)):
        one, thing = np.nonzero(taken_out[:, position])
        if not len(one):
            continue
        # There are few distinct reasons and many measures: each is put in words once.
        texts: list[ObjectArray] = []
        for other in others:
            code, distinct = pd.factorize(reasons[one, other, thing])
            words = [f"excluded with session {sessions[other]}: {text}" for text in distinct]
            texts.append(np.array(words, dtype=object)[code])
        joined = texts[0]
        for more in texts[1:]:
            joined = joined + "; " + more
        result[one, position, thing] = joined
    return result


def _compared_with(sessions: Sequence[str], changes: Changes) -> list[list[int]]:
    """Return the positions of the sessions each session is compared with, in their order."""
    found: list[set[int]] = [set() for _ in sessions]
    for first, second in changes.values():
        ends = list(sessions).index(first), list(sessions).index(second)
        for here, other in (ends, ends[::-1]):
            found[here].add(other)
    return [sorted(each) for each in found]
