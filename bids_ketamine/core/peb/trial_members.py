"""Who enters which analysis of a trial, and with which models and design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.peb.design import GroupDesign, centred_covariate, group_design
from bids_ketamine.core.peb.estimation import PebEstimate, estimate_peb, models_of_pebs
from bids_ketamine.core.peb.models import FirstLevelModels
from bids_ketamine.core.peb.trial_data import (
    ALL,
    ANALYSES,
    BASELINE,
    CHANGE,
    DIFFERENCE,
    IMPROVEMENT,
    MEAN,
    MISSING,
    SESSION,
    SESSION_BY_IMPROVEMENT,
    Inclusion,
    TrialData,
    TrialSettings,
)
from bids_ketamine.errors import InputDataError

#: What the first and the second session are in a design: their difference is 1, their mean 0.
SESSIONS = np.array([-0.5, 0.5])

#: Effects of each analysis, in the order in which its PEB holds them.
EFFECTS = {
    "baseline": (MEAN,),
    "change": (MEAN, SESSION, IMPROVEMENT, SESSION_BY_IMPROVEMENT),
    "prediction": (MEAN, IMPROVEMENT),
}

#: Effects for each point of improvement.
PER_POINT = (IMPROVEMENT, SESSION_BY_IMPROVEMENT)


class Group(NamedTuple):
    """Models of the participants of one analysis and arm, ready for a PEB.

    Attributes
    ----------
    participants : tuple of str
        Who enters, sorted.
    models : FirstLevelModels
        Of each, or of the first sessions of all, then of the second.
    design : GroupDesign
        A row for each model.
    owners : tuple of str
        Participant of each row.
    fields : tuple of str or None
        Fields of parameters that enter; None where the models are PEBs.
    recentre : mapping of str to tuple of str
        Columns that are centred, and the columns that they are centred along.
    """

    participants: tuple[str, ...]
    models: FirstLevelModels
    design: GroupDesign
    owners: tuple[str, ...]
    fields: tuple[str, ...] | None
    recentre: Mapping[str, tuple[str, ...]]


class NoGroupError(Exception):
    """There is no PEB of these participants; the message says why."""


def inclusions(data: TrialData) -> tuple[Inclusion, ...]:
    """Say of every participant whether each analysis has them, and why not.

    Parameters
    ----------
    data : TrialData
        The trial.

    Returns
    -------
    tuple of Inclusion
        By analysis, then participant.
    """
    order = np.argsort(np.asarray(data.participants, dtype=object))
    return tuple(
        Inclusion(analysis, data.participants[each], _reason(data, analysis, each))
        for analysis in ANALYSES
        for each in order
    )


def members(data: TrialData, *, analysis: str, arm: str) -> np.ndarray:
    """Return the positions of who enters an analysis of an arm, sorted by name."""
    chosen = [
        each
        for each in np.argsort(np.asarray(data.participants, dtype=object))
        if arm in (ALL, data.arms[each]) and not _reason(data, analysis, each)
    ]
    return np.array(chosen, dtype=np.intp)


def within_participants(data: TrialData, *, settings: TrialSettings) -> dict[str, PebEstimate]:
    """Estimate a PEB of the two sessions of each participant who enters `change`.

    The columns are the mean of the sessions and their difference, second minus first.

    Parameters
    ----------
    data : TrialData
        The trial.
    settings : TrialSettings
        Fields and precision components.
    """
    found = {}
    for each in members(data, analysis=CHANGE, arm=ALL):
        models = data.models.rows([data.first[each], data.second[each]])
        found[data.participants[each]] = estimate_peb(
            models,
            design=group_design({MEAN: np.ones(2), SESSION: SESSIONS}, rows=models.labels),
            fields=settings.fields,
            precision_components=settings.precision_components,
        )
    return found


def group(
    data: TrialData,
    *,
    analysis: str,
    arm: str,
    scale: float,
    settings: TrialSettings,
    within: Mapping[str, PebEstimate],
) -> Group:
    """Return models and design of one analysis and arm.

    Parameters
    ----------
    data : TrialData
        The trial.
    analysis, arm : str
        Which.
    scale : float
        What improvement is divided by, points.
    settings : TrialSettings
        How the trial is analysed.
    within : mapping of str to PebEstimate
        PEBs of the participants' sessions; empty for the stacked route.

    Raises
    ------
    NoGroupError
        If there are too few participants, or improvement does not vary.
    """
    chosen = members(data, analysis=analysis, arm=arm)
    participants = tuple(data.participants[each] for each in chosen)
    least = max(settings.minimum_participants, len(EFFECTS[analysis]) + 1)
    if len(chosen) < least:
        raise NoGroupError(f"{len(chosen)} of at least {least} participants")
    columns = {MEAN: np.ones(len(chosen))}
    recentre: dict[str, tuple[str, ...]] = {}
    if analysis != BASELINE:
        try:
            centred = centred_covariate(data.improvement[chosen], name=IMPROVEMENT, scaled=False)
        except InputDataError as error:
            raise NoGroupError("improvement is the same in all participants") from error
        columns[IMPROVEMENT] = centred.values / scale
        recentre[IMPROVEMENT] = (MEAN,)
    fields: tuple[str, ...] | None = settings.fields
    owners = participants
    if analysis == CHANGE and within:
        models = models_of_pebs([within[each] for each in participants], labels=participants)
        fields = None
    elif analysis == CHANGE:
        models = data.models.rows(np.concatenate([data.first[chosen], data.second[chosen]]))
        columns = _stacked(columns)
        recentre[SESSION_BY_IMPROVEMENT] = (SESSION,)
        owners = participants + participants
    else:
        models = data.models.rows(data.first[chosen])
    try:
        design = group_design(columns, rows=models.labels)
    except InputDataError as error:
        raise NoGroupError(error.message) from error
    return Group(participants, models, design, owners, fields, recentre)


def both_arms(reference: Group, other: Group) -> Group:
    """Return the models of two arms with the arm in the design, as a fixed effect.

    Columns are those of each arm, in which covariates are centred within the arm, and their
    products with the arm (-1/2 for the reference, 1/2 for the other), which are differences
    between arms. Rows are sorted by participant within a session, as those of one arm are.

    Parameters
    ----------
    reference, other : Group
        Of the same analysis.
    """
    pair = (reference, other)
    owners = np.concatenate([each.owners for each in pair])
    session = [np.arange(each.models.n_models) // len(each.participants) for each in pair]
    order = np.lexsort((owners, np.concatenate(session)))
    matrix = np.concatenate([each.design.matrix for each in pair])[order]
    arm = np.repeat([-0.5, 0.5], [each.models.n_models for each in pair])[order]
    names = reference.design.columns
    columns = {name: matrix[:, place] for place, name in enumerate(names)}
    columns |= {_by_arm(name): matrix[:, place] * arm for place, name in enumerate(names)}
    models = reference.models.joined(other.models).rows(order)
    recentre: dict[str, tuple[str, ...]] = {}
    for name, along in reference.recentre.items():
        within = (*along, *(_by_arm(each) for each in along))
        recentre |= {name: within, _by_arm(name): within}
    return Group(
        participants=tuple(sorted(reference.participants + other.participants)),
        models=models,
        design=group_design(columns, rows=models.labels),
        owners=tuple(owners[order].tolist()),
        fields=reference.fields,
        recentre=recentre,
    )


def _by_arm(column: str) -> str:
    return DIFFERENCE if column == MEAN else f"{column} x {DIFFERENCE}"


def _stacked(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return columns of both sessions below each other, with session and its interaction."""
    improvement = np.tile(columns[IMPROVEMENT], len(SESSIONS))
    session = np.repeat(SESSIONS, len(columns[IMPROVEMENT]))
    return {
        MEAN: np.ones(len(session)),
        SESSION: session,
        IMPROVEMENT: improvement,
        SESSION_BY_IMPROVEMENT: session * improvement,
    }


def _reason(data: TrialData, analysis: str, position: int) -> str:
    """Return why a participant does not enter an analysis; empty if they do."""
    reasons = []
    if data.first[position] == MISSING:
        reasons.append("no model of the first session")
    if analysis == CHANGE and data.second[position] == MISSING:
        reasons.append("no model of the second session")
    if analysis != BASELINE and not np.isfinite(data.improvement[position]):
        reasons.append("improvement is not known")
    return "; ".join(reasons)
