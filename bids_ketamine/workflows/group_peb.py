"""Parametric empirical Bayes: the group level of every dynamic causal model of a study."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bids_ketamine.core.dcm.priors import dcm_priors
from bids_ketamine.core.dcm.structure import ParameterLabel
from bids_ketamine.core.peb.models import FirstLevelModels, first_level_models
from bids_ketamine.core.peb.trial import analyse_trial
from bids_ketamine.core.peb.trial_data import MISSING, TrialData, TrialResult, TrialSettings
from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import InputDataError, ProcessingError
from bids_ketamine.interfaces.dcm_model import structure_of
from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.outputs.model_estimates import ModelEstimate
from bids_ketamine.study.spec import DcmModelSpec, PebSpec, StudySpec
from bids_ketamine.workflows.group_outcomes import (
    outcome_of,
    scores_of,
    sessions_of_improvement,
)
from bids_ketamine.workflows.group_peb_members import (
    Exclusions,
    SessionModels,
    labels_of,
    session_models,
)
from bids_ketamine.workflows.group_peb_record import PEB, peb_record
from bids_ketamine.workflows.group_peb_rows import (
    ModelTrial,
    no_result,
    peb_arrays,
    peb_tables,
)
from bids_ketamine.workflows.group_sources import People

LOGGER = logging.getLogger("bids_ketamine")

#: Seed and number of the draws of the posterior predictive check: p values have an error of 0.007
#: at 0.05, and the group level gives the same numbers each time.
SEED = 20210401
N_DRAWS = 1000


@dataclass(frozen=True, kw_only=True)
class PebOutputs:
    """What the group level of dynamic causal models gives.

    Attributes
    ----------
    tables : mapping of str to DataFrame, or None
        One for each of :data:`~bids_ketamine.outputs.group_peb_tables.PEB_TABLES`; None where
        the study has no such analysis.
    arrays : mapping of str to mapping of str to ndarray
        Arrays of each model.
    record : mapping
        What ``group.json`` has of it.
    """

    tables: Mapping[str, pd.DataFrame] | None = None
    arrays: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    record: Mapping[str, object] = field(default_factory=dict)


def group_peb(
    spec: StudySpec,
    *,
    collected: CollectedOutputs,
    people: People,
    outcomes: pd.DataFrame,
    exclusions: Exclusions,
) -> PebOutputs:
    """Analyse every dynamic causal model of a study over its participants (methods row A19).

    Parameters
    ----------
    spec : StudySpec
        The study.
    collected : CollectedOutputs
        Outputs of the participant level: models of its sessions alone are read.
    people : People
        Participants and arms.
    outcomes : DataFrame
        Table of clinical improvement.
    exclusions : Exclusions
        What the group level leaves out.

    Returns
    -------
    PebOutputs
        Empty where the study has no such analysis.

    Raises
    ------
    InputDataError, InputMissingError
        If a file of a model is damaged or not there.
    """
    if spec.peb is None or spec.dcm is None:
        return PebOutputs()
    trials = []
    for model in spec.dcm.models:
        LOGGER.info("parametric empirical Bayes of the model %s", model.name)
        trials.append(
            _analysed(
                model,
                spec=spec,
                peb=spec.peb,
                collected=collected,
                people=people,
                outcomes=outcomes,
                exclusions=exclusions,
            )
        )
    return PebOutputs(
        tables=peb_tables(trials),
        arrays={trial.model.name: peb_arrays(trial) for trial in trials},
        record={PEB: [peb_record(trial, spec.peb) for trial in trials]},
    )


def _analysed(
    model: DcmModelSpec,
    *,
    spec: StudySpec,
    peb: PebSpec,
    collected: CollectedOutputs,
    people: People,
    outcomes: pd.DataFrame,
    exclusions: Exclusions,
) -> ModelTrial:
    """Read and analyse one model."""
    outcome = outcome_of(spec, peb.outcome)
    sessions = sessions_of_improvement(spec, outcome)
    labels = labels_of(model)
    found = session_models(
        model, spec=spec, collected=collected, exclusions=exclusions, sessions=sessions
    )
    scores = scores_of(outcomes, outcome.name, people.participants)
    settings = TrialSettings(
        levels=spec.arms.levels if spec.arms is not None else (),
        fields=peb.fields,
        precision_components=peb.precision_components,
        within_participant_first=peb.within_participant_first,
        degrees_of_freedom=peb.degrees_of_freedom,
        minimum_participants=spec.group.minimum_participants,
        level=peb.level,
        seed=SEED,
        n_draws=N_DRAWS,
    )
    models, rows = _side_by_side(found, labels, people.participants, sessions)
    data = TrialData(
        models=_prior_alone(model, labels) if models is None else models,
        participants=people.participants,
        arms=people.arms,
        improvement=scores.improvement,
        first=rows[:, 0],
        second=rows[:, 1],
    )
    return ModelTrial(
        model=model,
        labels=labels,
        sessions=sessions,
        per_unit="point" if outcome.unit == "points" else outcome.unit,
        participants=people.participants,
        arms=people.arms,
        improvement=scores.improvement,
        without_improvement=scores.reasons,
        models=found,
        result=_result(data, settings),
    )


def _result(data: TrialData, settings: TrialSettings) -> TrialResult:
    """Analyse a model, or say why it cannot be: the group level goes on."""
    if not _free_fields(data) & set(settings.fields):
        return no_result(f"the model has no parameter of {listed(settings.fields)}")
    try:
        return analyse_trial(data, settings=settings)
    except (InputDataError, ProcessingError) as error:
        reason = error.message[:1].lower() + error.message[1:].rstrip(".")
    except np.linalg.LinAlgError as error:
        reason = f"the estimation has no solution in numbers: {error}"
    LOGGER.warning("parametric empirical Bayes is left out: %s", reason)
    return no_result(reason)


def _free_fields(data: TrialData) -> set[str]:
    """Return the kinds of parameters that are free."""
    free = np.diagonal(data.models.prior_covariance[0]) > 0.0
    return {kind for kind, is_free in zip(data.models.fields, free, strict=True) if is_free}


def _prior_alone(model: DcmModelSpec, labels: Sequence[ParameterLabel]) -> FirstLevelModels:
    """Return a model that nobody has, so that analyses without anybody name its parameters."""
    prior = dcm_priors(structure_of(model))
    return first_level_models(
        posterior_mean=[prior.mean],
        posterior_covariance=[prior.covariance],
        prior_mean=[prior.mean],
        prior_covariance=[prior.covariance],
        free_energy=[0.0],
        parameters=[label.name for label in labels],
        fields=[label.field for label in labels],
        labels=["prior"],
    )


def _side_by_side(
    found: SessionModels,
    labels: Sequence[ParameterLabel],
    participants: Sequence[str],
    sessions: Sequence[str],
) -> tuple[FirstLevelModels | None, np.ndarray]:
    """Return the models that enter (None for none), and the row of each participant, session."""
    rows = np.full((len(participants), len(sessions)), MISSING, dtype=np.intp)
    entered: list[ModelEstimate] = []
    names: list[str] = []
    for cell in np.ndindex(rows.shape):
        participant, session = participants[cell[0]], sessions[cell[1]]
        model = found[participant, session]
        if model.estimate is not None and not model.reason:
            rows[cell] = len(entered)
            entered.append(model.estimate)
            names.append(f"{participant} {session}")
    if not entered:
        return None, rows
    models = first_level_models(
        posterior_mean=[each.posterior_mean for each in entered],
        posterior_covariance=[each.posterior_covariance for each in entered],
        prior_mean=[each.prior_mean for each in entered],
        prior_covariance=[each.prior_covariance for each in entered],
        free_energy=[each.free_energy for each in entered],
        parameters=[label.name for label in labels],
        fields=[label.field for label in labels],
        labels=names,
    )
    return models, rows
