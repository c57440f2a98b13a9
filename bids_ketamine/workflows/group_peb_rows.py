"""Results of parametric empirical Bayes as rows of tables and as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.dcm.structure import ParameterLabel
from bids_ketamine.core.peb.trial_data import (
    ALL,
    ANALYSES,
    BASELINE,
    CHANGE,
    GAUSSIAN,
    SECOND,
    STUDENT_T,
    TrialFit,
    TrialResult,
)
from bids_ketamine.outputs.group_peb_tables import PEB_TABLES, PREFIX
from bids_ketamine.study.spec import DcmModelSpec
from bids_ketamine.workflows.group_peb_members import SessionModels, doubts_of, why_not

#: Arrays of a PEB that are kept.
KEPT = (
    "posterior_mean",
    "posterior_covariance",
    "prior_mean",
    "prior_covariance",
    "between_covariance",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelTrial:
    """The group level of one dynamic causal model.

    Attributes
    ----------
    model : DcmModelSpec
        Section of the study.
    labels : tuple of ParameterLabel
        Its parameters.
    sessions : tuple of str
        First and second session of the outcome's change.
    per_unit : str
        One unit of the outcome, such as ``point``.
    participants, arms : tuple of str
        Everybody, and the arm of each; empty for none.
    improvement : ndarray of shape (n_participants,)
        Improvement, unit of the outcome; NaN where it is missing.
    without_improvement : tuple of str
        Why it is missing; empty where it is not.
    models : mapping of (str, str) to SessionModel
        Models of participants and sessions.
    result : TrialResult
        Analyses of them.
    """

    model: DcmModelSpec
    labels: tuple[ParameterLabel, ...]
    sessions: tuple[str, str]
    per_unit: str
    participants: tuple[str, ...]
    arms: tuple[str, ...]
    improvement: np.ndarray
    without_improvement: tuple[str, ...]
    models: SessionModels
    result: TrialResult

    def sessions_of(self, analysis: str) -> tuple[str, ...]:
        """Return the sessions whose models an analysis needs."""
        return self.sessions if analysis == CHANGE else self.sessions[:1]

    def fit(self, analysis: str, distribution: str) -> TrialFit:
        """Return the PEB over all participants."""
        wanted = (analysis, ALL, distribution)
        return next(
            each
            for each in self.result.fits
            if (each.analysis, each.arm, each.distribution) == wanted
        )


def no_result(reason: str) -> TrialResult:
    """Return analyses over all that say why there is nothing of a model.

    Parameters
    ----------
    reason : str
        Why.
    """
    nothing = float("nan")
    fits = tuple(
        TrialFit(
            analysis=analysis,
            arm=ALL,
            level=SECOND,
            distribution=distribution,
            participants=(),
            effects=(),
            parameters=(),
            improvement_mean=nothing,
            improvement_standard_deviation=nothing,
            scale=nothing,
            sentence="",
            estimate=None,
            within=(),
            reason=reason,
            search=None,
            log_bayes_factor=None,
            sensitivity=None,
            check=None,
        )
        for analysis in ANALYSES
        for distribution in (GAUSSIAN, STUDENT_T)
    )
    return TrialResult(fits=fits, effects=(), left_out=(), inclusions=(), estimates=())


def peb_tables(trials: Sequence[ModelTrial]) -> dict[str, pd.DataFrame]:
    """Return the tables of all models.

    Parameters
    ----------
    trials : sequence of ModelTrial
        One for each model.

    Returns
    -------
    dict of str to DataFrame
        One for each of :data:`~bids_ketamine.outputs.group_peb_tables.PEB_TABLES`.
    """
    makers = {
        PREFIX: _effects,
        f"{PREFIX}_fits": _fits,
        f"{PREFIX}_participants": _participants,
        f"{PREFIX}_estimates": _estimates,
        f"{PREFIX}_sensitivity": _sensitivity,
    }
    return {
        name: pd.DataFrame(
            [
                {"model": trial.model.name, "task": trial.model.task, **row}
                for trial in trials
                for row in make(trial)
            ],
            columns=list(PEB_TABLES[name]),
        )
        for name, make in makers.items()
    }


def peb_arrays(trial: ModelTrial) -> dict[str, np.ndarray]:
    """Return the arrays of every PEB of a model, by ``analysis|arm|level|distribution|array``.

    Improvement is scaled in them as the record of the group level says.

    Parameters
    ----------
    trial : ModelTrial
        The model.
    """
    arrays: dict[str, np.ndarray] = {}
    for fit in trial.result.fits:
        if fit.estimate is None:
            continue
        own = {name: np.asarray(getattr(fit.estimate, name)) for name in KEPT}
        own["design"] = fit.estimate.design.matrix
        own["columns"] = np.array(fit.estimate.design.columns, dtype=np.str_)
        own["rows"] = np.array(fit.estimate.design.rows, dtype=np.str_)
        own["parameters"] = np.array(fit.estimate.parameters, dtype=np.str_)
        start = f"{fit.analysis}|{fit.arm}|{fit.level}|{fit.distribution}"
        arrays |= {f"{start}|{name}": array for name, array in own.items()}
    return arrays


def participant_reason(trial: ModelTrial, analysis: str, position: int) -> str:
    """Say why a participant does not enter an analysis over all; empty if they do.

    Parameters
    ----------
    trial : ModelTrial
        The model.
    analysis : str
        Which analysis.
    position : int
        Which participant.
    """
    participant = trial.participants[position]
    reasons = [why_not(trial.models, participant=participant, sessions=trial.sessions_of(analysis))]
    if analysis != BASELINE and trial.without_improvement[position]:
        reasons.append(f"no improvement: {trial.without_improvement[position]}")
    told = "; ".join(filter(None, reasons))
    fit = trial.fit(analysis, GAUSSIAN)
    return told or ("" if fit.estimate is not None else f"no analysis: {fit.reason}")


def _effects(trial: ModelTrial) -> list[dict[str, Any]]:
    labels = {label.name: label for label in trial.labels}
    rows = []
    for effect in trial.result.effects:
        label = labels[effect.parameter]
        unit = f"{label.unit} per {trial.per_unit}" if effect.per_point else label.unit
        parts = {name: getattr(label, name) for name in ("field", "source", "target", "modulator")}
        rows.append({**effect._asdict(), **parts, "unit": unit})
    return rows


def _fits(trial: ModelTrial) -> list[dict[str, Any]]:
    return [_fit_row(fit) for fit in trial.result.fits]


def _fit_row(fit: TrialFit) -> dict[str, Any]:
    row: dict[str, Any] = {
        "analysis": fit.analysis,
        "arm": fit.arm,
        "level": fit.level,
        "distribution": fit.distribution,
        "n": len(fit.participants),
        "improvement_mean": fit.improvement_mean,
        "improvement_standard_deviation": fit.improvement_standard_deviation,
        "reason": fit.reason,
    }
    if fit.estimate is not None:
        row |= {
            "n_models": fit.estimate.design.n_rows,
            "columns": ", ".join(fit.estimate.design.columns),
            "free_energy": fit.estimate.free_energy,
            "iterations": fit.estimate.n_iterations,
            "converged": bool(fit.estimate.converged),
        }
    if fit.check is not None:
        names = ("spread_p", "outlier_p", "session_correlation_p")
        row |= {name: getattr(fit.check, name) for name in names}
    return row


def _participants(trial: ModelTrial) -> list[dict[str, Any]]:
    rows = []
    for analysis in dict.fromkeys(fit.analysis for fit in trial.result.fits):
        weights = _weights(trial.fit(analysis, STUDENT_T))
        sessions = trial.sessions_of(analysis)
        for position, participant in enumerate(trial.participants):
            reason = participant_reason(trial, analysis, position)
            rows.append(
                {
                    "participant_id": participant,
                    "arm": trial.arms[position],
                    "analysis": analysis,
                    "included": not reason,
                    "reason": reason,
                    "improvement": trial.improvement[position],
                    "weight": np.nan if reason else weights.get(participant, np.nan),
                    **_explained(trial.models, participant, sessions),
                    "doubts": doubts_of(trial.models, participant=participant, sessions=sessions),
                }
            )
    return rows


def _weights(fit: TrialFit) -> Mapping[str, float]:
    if fit.estimate is None:
        return {}
    return dict(zip(fit.participants, fit.participant_weights.tolist(), strict=True))


def _explained(models: SessionModels, participant: str, sessions: Sequence[str]) -> dict[str, Any]:
    columns = ("explained_variance_first", "explained_variance_second")
    found = [models[participant, session].estimate for session in sessions]
    return {
        column: np.nan if estimate is None else estimate.explained_variance
        for column, estimate in zip(columns, found, strict=False)
    }


def _estimates(trial: ModelTrial) -> list[dict[str, Any]]:
    units = {label.name: label.unit for label in trial.labels}
    arms = dict(zip(trial.participants, trial.arms, strict=True))
    return [
        {
            **each._asdict(),
            "participant_id": each.participant,
            "arm": arms[each.participant],
            "session": trial.sessions[each.session],
            "unit": units[each.parameter],
        }
        for each in trial.result.estimates
    ]


def _sensitivity(trial: ModelTrial) -> list[dict[str, Any]]:
    return [each._asdict() for each in trial.result.left_out]
