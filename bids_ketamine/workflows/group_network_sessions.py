"""Which resting sessions go into group statistics, and what a session that is a mean is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bids_ketamine.core.group.measures import ObjectArray
from bids_ketamine.core.group.moments import BoolArray
from bids_ketamine.study.measure_names import network_measures
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_data import GroupData

#: Measures of a resting session that tell whether it goes in, where there are none of networks.
OF_PAIRS = ("resting_connectivity", "resting_partial_connectivity")

NOT_COMPUTED = "no measure of resting connectivity"


@dataclass(frozen=True)
class RestingSessions:
    """Which resting sessions go in.

    Attributes
    ----------
    participants, sessions : tuple of str
        Those of the measures.
    included : ndarray of bool, shape (n_participants, n_sessions)
        Whether a session goes in.
    reason : ndarray of object, the same shape
        Why not; empty where they do.
    """

    participants: tuple[str, ...]
    sessions: tuple[str, ...]
    included: BoolArray
    reason: ObjectArray

    def enters(self, participant: str, session: str | None) -> bool:
        """Tell whether a session of a participant goes in."""
        if participant not in self.participants or session not in self.sessions:
            return False
        cell = self.participants.index(participant), self.sessions.index(session)
        return bool(self.included[cell])


def resting_sessions(spec: StudySpec, data: GroupData) -> RestingSessions:
    """Tell which resting sessions go into group statistics: those of which a measure does.

    Parameters
    ----------
    spec : StudySpec
        The study, with a section `rest`.
    data : GroupData
        Measures, exclusions and what went in.

    Returns
    -------
    RestingSessions
        Means of networks decide; correlations of pairs where there are none, and the exclusion
        of the session alone where there are neither.
    """
    measures = data.measures
    shape = measures.value.shape[:2]
    reason = np.full(shape, "", dtype=object)
    if spec.rest is None or spec.rest.task not in data.tasks:
        reason[:] = NOT_COMPUTED
        return RestingSessions(measures.participants, measures.sessions, reason == "", reason)
    reason[:] = data.exclusions[:, :, data.tasks.index(spec.rest.task)]
    of_task = (measures.keys["task"] == spec.rest.task).to_numpy()
    for names in (network_measures(spec), OF_PAIRS):
        columns = np.flatnonzero(of_task & measures.keys["measure"].isin(names).to_numpy())
        if not columns.size:
            continue
        went_in = data.motion.included[:, :, columns].any(axis=2)
        for one, session in np.argwhere(~went_in & (reason == "")):
            told = dict.fromkeys(
                text for text in data.motion.reason[one, session, columns].tolist() if text
            )
            reason[one, session] = "; ".join(told) or NOT_COMPUTED
        break
    return RestingSessions(measures.participants, measures.sessions, reason == "", reason)


def parts_of_sessions(spec: StudySpec) -> Mapping[str, tuple[str, ...]]:
    """Return the sessions of the dataset that each session is made of: itself, or its parts."""
    return {each.name: each.mean_of or (each.name,) for each in spec.sessions}
