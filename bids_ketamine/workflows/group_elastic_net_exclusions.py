"""Why nothing of a participant's imaging enters the elastic net though there are values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bids_ketamine.core.group.adjustment import MotionStep
from bids_ketamine.core.group.measures import MeasureArrays, ObjectArray
from bids_ketamine.core.prediction.columns import NO_ARM, NO_IMAGING
from bids_ketamine.core.prediction.predictors import imaging_values
from bids_ketamine.core.prediction.trial_data import CHANGE, TIMINGS, TrialPredictors
from bids_ketamine.workflows.group_sources import People

#: Start of a reason, be it of a value or of the session it is compared with.
EXCLUDED = "excluded"

#: Distinct reasons of a session that are told before the others are counted.
REASONS_TOLD = 3

#: Said of participants whose values are of measures that do not enter.
OF_OTHER_MEASURES = {
    timing: f"{reason} that enters: others have values" for timing, reason in NO_IMAGING.items()
}

#: What is told of some participants instead of the analysis' own words.
Told = dict[str, dict[str, str]]


def reasons_without_imaging(
    data: TrialPredictors,
    *,
    chosen: Sequence[int],
    sessions: tuple[str, str],
    measures: MeasureArrays,
    motion: MotionStep,
) -> Told:
    """Say why participants have no imaging measure of a timing though values are there.

    Parameters
    ----------
    data : TrialPredictors
        The trial, excluded values missing.
    chosen : sequence of int
        Measures that the study chooses.
    sessions : (str, str)
        First and second session.
    measures : MeasureArrays
        All values, those too that are excluded.
    motion : MotionStep
        Which go in, and why others do not.

    Returns
    -------
    dict of str to dict of str to str
        For the reason that the analysis gives for each timing: what is told, by participant.
    """
    told: Told = {}
    for timing in TIMINGS:
        names = sessions if timing == CHANGE else sessions[:1]
        places = [measures.sessions.index(each) for each in names]
        cells = np.ix_(range(len(data.participants)), places, list(chosen))
        excluded = _excluded(
            names,
            there=np.isfinite(measures.value[cells]),
            included=motion.included[cells],
            reason=motion.reason[cells],
        )
        has_values = np.isfinite(imaging_values(data, timing)).any(axis=1)
        told[NO_IMAGING[timing]] = {
            participant: OF_OTHER_MEASURES[timing] if has else why
            for participant, has, why in zip(data.participants, has_values, excluded, strict=True)
            if has or why
        }
    return told


def reasons_without_arm(people: People) -> Told:
    """Say why participants have no arm.

    Parameters
    ----------
    people : People
        Participants, and those whom the study cannot place in an arm.
    """
    return {NO_ARM: {each.participant: f"{NO_ARM}: {each.reason}" for each in people.without_arm}}


def _excluded(
    sessions: Sequence[str], *, there: np.ndarray, included: np.ndarray, reason: ObjectArray
) -> list[str]:
    """Return why measures with a value in each session are out; "" without such measures.

    Arrays are (n_participants, n_sessions, n_measures).
    """
    out = np.all(there, axis=1, keepdims=True) & ~included
    return [
        _of_sessions(
            {
                session: _distinct(reason[one, place][out[one, place]])
                for place, session in enumerate(sessions)
            }
        )
        for one in range(len(there))
    ]


def _distinct(reasons: ObjectArray) -> list[str]:
    return list(dict.fromkeys(str(each) for each in reasons if each))


def _of_sessions(found: dict[str, list[str]]) -> str:
    """Put the reasons of sessions in words, what holds for all of them once.

    >>> _of_sessions({"pre": ["excluded with session post: asleep"], "post": ["asleep"]})
    'post: excluded: asleep'
    >>> _of_sessions({"pre": ["no arm"], "post": ["no arm"]}), _of_sessions({"pre": []})
    ('excluded: no arm', '')
    """
    # A session that is out for the other one's sake has no reason of its own to tell.
    own = {
        session: [
            each
            for each in reasons
            if not any(
                each == f"{EXCLUDED} with session {other}: {why}"
                for other, whys in found.items()
                for why in whys
            )
        ]
        for session, reasons in found.items()
    }
    words = {session: _words(reasons) for session, reasons in own.items() if reasons}
    if len(words) == len(found) and len(set(words.values())) == 1:
        return next(iter(words.values()))
    if len(found) == 1:
        return "; ".join(words.values())
    return "; ".join(f"{session}: {text}" for session, text in words.items())


def _words(reasons: Sequence[str]) -> str:
    text = "; ".join(reasons[:REASONS_TOLD])
    more = len(reasons) - REASONS_TOLD
    text += f"; and {more} more reasons" if more > 0 else ""
    return text if text.startswith(EXCLUDED) else f"{EXCLUDED}: {text}"
