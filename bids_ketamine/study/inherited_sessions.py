"""Sessions of a preset that a study takes out, and what of the preset is about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bids_ketamine.study.document import KeyPath
from bids_ketamine.study.spec import StudySpec


def without_sessions(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out inherited means of sessions and changes between sessions that are gone.

    A mean of two baselines of which one is gone is the other.

    Parameters
    ----------
    spec : StudySpec
        The study, each value of its declared type.
    written : collection of key paths
        Places of the user's own file.

    Returns
    -------
    spec : StudySpec
        Without them.
    notices : tuple of str
        A sentence without full stop for each.
    """
    spec, means = _without_means(spec, written)
    spec, changes = _without_changes(spec, written)
    return spec, (*means, *changes)


def _without_means(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    own = [each.name for each in spec.own_sessions]
    sessions, notices = [], []
    for session in spec.sessions:
        gone = [name for name in session.mean_of if name not in own]
        if not gone or ("sessions", session.name, "mean_of") in written:
            sessions.append(session)
            continue
        kept = tuple(name for name in session.mean_of if name in own)
        lost = ", ".join(f"`{name}`" for name in gone)
        if kept:
            sessions.append(replace(session, mean_of=kept))
            notices.append(
                f"the session `{session.name}` of the preset is {' and '.join(kept)} alone: the "
                f"study does not have {lost}"
            )
        else:
            notices.append(
                f"the session `{session.name}` of the preset is left out: it is the mean of "
                f"{lost}, which the study does not have"
            )
    return replace(spec, sessions=tuple(sessions)), tuple(notices)


def _without_changes(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out changes that no outcome is about; others would be about another change."""
    names = [each.name for each in spec.sessions]
    needed = {each.name for each in spec.changes[:1]} | {each.change for each in spec.outcomes}
    kept, notices = [], []
    for change in spec.changes:
        gone = [end for end in (change.first, change.second) if end not in names]
        inherited = ("changes", change.name) not in written
        if gone and inherited and change.name not in needed:
            notices.append(
                f"the change `{change.name}` of the preset is left out: the study does not have "
                f"the session `{gone[0]}`"
            )
        else:
            kept.append(change)
    return replace(spec, changes=tuple(kept)), tuple(notices)
