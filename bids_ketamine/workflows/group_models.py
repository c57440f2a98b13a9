"""How the estimation of dynamic causal models ended, over the sessions of the group level."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.core.group.measures import MeasureArrays, ObjectArray
from bids_ketamine.outputs.collect_models import ModelOutcome
from bids_ketamine.outputs.collected import CollectedOutputs


def models_record(
    collected: CollectedOutputs,
    *,
    measures: MeasureArrays,
    tasks: Sequence[str],
    exclusions: ObjectArray,
) -> list[dict[str, object]]:
    """Count and name the sessions whose model was not estimated or is doubtful.

    Sessions whose task is excluded do not count. The values of doubtful models are tested as
    all others.

    Parameters
    ----------
    collected : CollectedOutputs
        The outputs.
    measures : MeasureArrays
        Gives participants and sessions along the axes of `exclusions`.
    tasks : sequence of str
        Tasks along its last axis.
    exclusions : ndarray of object, shape (n_participants, n_sessions, n_tasks)
        Why something is excluded; empty for nothing.

    Returns
    -------
    list of dict
        For each model and task ``Sessions``, their number; and ``Number`` and ``Names`` of
        those that were ``NotEstimated``, ``NotConverged`` (iterations spent), ``Stalled`` (of
        those that converged) and ``Flat``, which may also be one of the two before.
    """
    places = [list(axis) for axis in (measures.participants, measures.sessions, tasks)]
    found: dict[tuple[str, str], list[tuple[str, ModelOutcome]]] = {}
    for session in collected.sessions:
        for outcome in session.models:
            cell = (session.participant_id, session.session, outcome.task)
            if all(name in axis for name, axis in zip(cell, places, strict=True)):
                where = tuple(axis.index(str(n)) for n, axis in zip(cell, places, strict=True))
                if exclusions[where] == "":
                    key = (outcome.model, outcome.task)
                    found.setdefault(key, []).append((session.name, outcome))
    return [
        {"Model": model, "Task": task, "Sessions": len(outcomes), **_counts(outcomes)}
        for (model, task), outcomes in found.items()
    ]


def _counts(outcomes: Sequence[tuple[str, ModelOutcome]]) -> dict[str, object]:
    estimated = [(name, each) for name, each in outcomes if each.estimated]
    names = {
        "NotEstimated": [name for name, each in outcomes if not each.estimated],
        "NotConverged": [name for name, each in estimated if not each.converged],
        "Stalled": [name for name, each in estimated if each.converged and each.stalled],
        "Flat": [name for name, each in estimated if each.flat],
    }
    return {what: {"Number": len(who), "Names": who} for what, who in names.items()}
