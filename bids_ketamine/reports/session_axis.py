"""Sessions along an axis of time."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.study.spec import StudySpec


def without_means(sessions: Sequence[str], spec: StudySpec) -> list[str]:
    """Leave out sessions that are the mean of others which are shown: they are no point in time.

    Parameters
    ----------
    sessions : sequence of str
        Sessions with values.
    spec : StudySpec
        Knows which are means.
    """
    shown = set(sessions)
    return [each for each in sessions if not shown.intersection(spec.session_means.get(each, ()))]
