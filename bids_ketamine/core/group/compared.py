"""What the exclusion of a session means for the sessions it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bids_ketamine.core.group.measures import ObjectArray
from bids_ketamine.core.group.moments import BoolArray

Changes = Mapping[str, tuple[str, str]]

#: Parts of each session that is the mean of others.
Means = Mapping[str, Sequence[str]]

#: No session is.
NO_MEANS: Means = {}


def taken_out_with(
    *, own: BoolArray, sessions: Sequence[str], changes: Changes, means: Means = NO_MEANS
) -> BoolArray:
    """Tell what is taken out because the sessions it is compared with are excluded.

    Session s is taken out with excluded ones if and only if it takes part in at least one change
    of the study and the other end of EVERY change it takes part in is excluded: then it can be
    compared with nothing, and without it all sessions are summarized over the participants that
    are compared. With one change of two sessions, either session takes the other out. With
    pre1 -> post and pre1 -> pre2, an excluded pre2 leaves pre1 and post in (the participant
    leaves the second change alone), while an excluded pre1 takes out both others. Without
    changes nothing is taken out.

    A session that is part of a mean (of two baselines) takes part in the changes of this mean,
    too: it stays as long as anything remains that it, or the mean, is compared with.

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
    means : mapping of str to sequence of str
        Parts of each session that is the mean of others.

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
    for position, others in enumerate(_compared_with(sessions, changes, means)):
        if others:
            result[:, position] = own[:, others].all(axis=1) & ~own[:, position]
    return result


def reasons_of_means(
    *, reasons: ObjectArray, there: BoolArray, sessions: Sequence[str], means: Means
) -> ObjectArray:
    """Add why sessions that are the mean of others are excluded: for want of any part.

    One part suffices. Where every part that is there is excluded, so is the mean, and what is
    compared with it goes out, too. Without any part nothing is excluded: there is nothing.

    Parameters
    ----------
    reasons : ndarray of object, shape (n_participants, n_sessions, n)
        Why things are excluded for themselves; empty where they are not.
    there : ndarray of bool, the same shape
        Whether a session has them.
    sessions : sequence of str
        Sessions along the second axis.
    means : mapping of str to sequence of str
        Parts of each session that is the mean of others.

    Returns
    -------
    ndarray of object, the same shape
        `reasons`, and those of all parts for a mean that has none of its own.

    Examples
    --------
    >>> reasons = np.array([[["asleep"], [""], [""]], [["asleep"], ["moved"], [""]]], dtype=object)
    >>> there = np.array([[[True], [True], [False]], [[True], [True], [False]]])
    >>> found = reasons_of_means(reasons=reasons, there=there, sessions=["a", "b", "both"],
    ...                          means={"both": ["a", "b"]})
    >>> found[:, 2].ravel().tolist()
    ['', 'a: asleep; b: moved']
    """
    result = reasons.copy()
    for name, parts in means.items():
        place = list(sessions).index(name)
        places = [list(sessions).index(part) for part in parts]
        out = reasons[:, places] != ""
        gone = (out | ~there[:, places]).all(axis=1) & out.any(axis=1)
        for one, thing in np.argwhere(gone & (reasons[:, place] == "")):
            told = {
                part: str(reasons[one, at, thing]) for part, at in zip(parts, places, strict=True)
            }
            result[one, place, thing] = reason_of_parts(told)
    return result


def reason_of_parts(told: Mapping[str, str]) -> str:
    """Say why there is no mean of sessions, from the reason of each.

    Parameters
    ----------
    told : mapping of str to str
        Reason of each part; an empty one is not told.

    Examples
    --------
    >>> reason_of_parts({"pre1": "asleep", "pre2": "asleep"})
    'asleep'
    >>> reason_of_parts({"pre1": "asleep", "pre2": ""})
    'pre1: asleep'
    """
    known = {part: reason for part, reason in told.items() if reason}
    if len(known) == len(told) and len(set(known.values())) == 1:
        return next(iter(known.values()))
    return "; ".join(f"{part}: {reason}" for part, reason in known.items())


def reasons_with_compared(
    *,
    reasons: ObjectArray,
    sessions: Sequence[str],
    changes: Changes,
    means: Means = NO_MEANS,
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
    means : mapping of str to sequence of str
        Parts of each session that is the mean of others.

    Returns
    -------
    ndarray of object, the same shape
        `reasons`, and ``excluded with session post: ...`` where :func:`taken_out_with` says so.
    """
    result = reasons.copy()
    own: BoolArray = reasons != ""
    taken_out = taken_out_with(own=own, sessions=sessions, changes=changes, means=means)
    for position, others in enumerate(_compared_with(sessions, changes, means)):
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


def _compared_with(sessions: Sequence[str], changes: Changes, means: Means) -> list[list[int]]:
    """Return the positions of the sessions each session is compared with, in their order."""
    found: list[set[int]] = [set() for _ in sessions]
    place = {name: position for position, name in enumerate(sessions)}
    for first, second in changes.values():
        ends = place[first], place[second]
        for here, other in (ends, ends[::-1]):
            found[here].add(other)
    of_means = [(place[part], found[place[name]]) for name in means for part in means[name]]
    for part, others in of_means:
        found[part] |= others - {part}
    return [sorted(each) for each in found]
