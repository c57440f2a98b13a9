"""The group analyses of a trial: baseline, change and prediction, over all, per arm, between.

The second level knows a participant's improvement, and for `change` the session: whether
connections differ between sessions, and whether they do so more in who improved more. Arms are
compared at that level, and at a third one, a PEB over the PEBs of two arms. What goes in and
comes out is in `trial_data`; who enters is in `trial_members`.
"""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.peb.estimation import PebEstimate
from bids_ketamine.core.peb.models import FirstLevelModels
from bids_ketamine.core.peb.reevaluation import reevaluated_models
from bids_ketamine.core.peb.trial_data import (
    ALL,
    ANALYSES,
    BASELINE,
    CHANGE,
    GAUSSIAN,
    MISSING,
    SessionEstimate,
    TrialData,
    TrialFit,
    TrialResult,
    TrialSettings,
)
from bids_ketamine.core.peb.trial_effects import effect_rows, left_out_rows
from bids_ketamine.core.peb.trial_fits import analysis_fits
from bids_ketamine.core.peb.trial_members import inclusions
from bids_ketamine.errors import InputDataError


def analyse_trial(data: TrialData, *, settings: TrialSettings) -> TrialResult:
    r"""Estimate every PEB of a trial for one dynamic causal model.

    `baseline` is the mean of first sessions; `prediction` adds improvement to it; `change` has
    both sessions,

    .. math:: \theta_{is} = \beta_1 + \beta_2 s + \beta_3 x_i + \beta_4 s x_i + r_{is},

    with s = -1/2 in the first and 1/2 in the second session and x the improvement, centred in
    the participants of the analysis and arm. Improvement is divided by one standard deviation in
    all PEBs of an analysis, which changes nothing but the unit, priors being in proportion;
    effects are given per point. Two arms are compared twice. With the arm in the design (-1/2 for
    the reference, 1/2 for the other, times every column), as a fixed effect. And as SPM12 does, by
    a third level over the arms' PEBs, whose second column is the difference: it takes arms for a
    sample of arms, and two of them do not tell how much arms vary, so its prior says it. Each PEB
    is estimated with Gaussian and with Student-t deviations of the participants; the third level
    is Gaussian.

    Parameters
    ----------
    data : TrialData
        Models, arms and improvement; the order of participants is of no consequence.
    settings : TrialSettings
        How they are analysed.

    Returns
    -------
    TrialResult
        PEBs and what follows from them. Where there are too few participants, a reason.

    Raises
    ------
    InputDataError
        If participants, arms, improvement and rows are not of one number, a participant is
        there twice, a row does not exist, or no parameter is of the fields wanted.

    References
    ----------
    Friston et al. (2016) NeuroImage 128:413-431; Zeidman et al. (2019) NeuroImage 200:12-25.
    """
    _require_match(data)
    fits = tuple(
        fit
        for analysis in ANALYSES
        for fit in analysis_fits(data, analysis=analysis, settings=settings)
    )
    return TrialResult(
        fits=fits,
        effects=tuple(row for fit in fits for row in effect_rows(fit, level=settings.level)),
        left_out=tuple(row for fit in fits for row in left_out_rows(fit)),
        inclusions=inclusions(data),
        estimates=tuple(
            row
            for fit in fits
            if (fit.arm, fit.distribution) == (ALL, GAUSSIAN) and fit.analysis != BASELINE
            for row in _session_estimates(data, fit)
        ),
    )


def _require_match(data: TrialData) -> None:
    n = len(data.participants)
    lengths = {
        "arms": len(data.arms),
        "improvement": len(data.improvement),
        "first sessions": len(data.first),
        "second sessions": len(data.second),
    }
    problems = [f"{length} {name} for {n} participants" for name, length in lengths.items()]
    problems = [
        told for told, length in zip(problems, lengths.values(), strict=True) if length != n
    ]
    if len(set(data.participants)) < n:
        twice = [each for each in data.participants if data.participants.count(each) > 1]
        problems.append(f"{', '.join(dict.fromkeys(twice))} given more than once")
    rows = np.concatenate([data.first, data.second]).astype(np.intp)
    used = rows[rows >= 0]
    if (rows < MISSING).any():
        problems.append(f"row {rows.min()}")
    if ALL in data.arms:
        problems.append(f"an arm of the name `{ALL}`, which is everybody")
    if used.size and used.max() >= data.models.n_models:
        problems.append(f"row {used.max()} of {data.models.n_models} models")
    if len(np.unique(used)) < len(used):
        problems.append("a model that is of two sessions")
    if problems:
        raise InputDataError(
            f"The data of the trial do not fit each other: {'; '.join(problems)}.",
            cure="Give each participant once, with an arm, an improvement and a row a session.",
        )


def _session_estimates(data: TrialData, fit: TrialFit) -> list[SessionEstimate]:
    """Return each parameter of each session before and after it has seen the group."""
    if fit.estimate is None:
        return []
    position = {each: place for place, each in enumerate(data.participants)}
    n_sessions = 2 if fit.analysis == CHANGE else 1
    if fit.within:
        after = _through_participants(fit, fit.estimate)
    else:
        after = {
            (place // len(fit.participants), fit.participants[place % len(fit.participants)]): one
            for place, one in enumerate(_one_by_one(reevaluated_models(fit.estimate)))
        }
    columns = [data.models.parameters.index(each) for each in fit.parameters]
    found = []
    for session in range(n_sessions):
        for participant in fit.participants:
            place = position[participant]
            row = int((data.first, data.second)[session][place])
            own, new = data.models.rows([row]), after[session, participant]
            for column in columns:
                found.append(
                    SessionEstimate(
                        fit.analysis,
                        participant,
                        session,
                        data.models.parameters[column],
                        *_moments(own, column),
                        *_moments(new, column),
                        float(data.improvement[place]),
                    )
                )
    return found


def _through_participants(
    fit: TrialFit, estimate: PebEstimate
) -> dict[tuple[int, str], FirstLevelModels]:
    """Return models of sessions under priors that come from the group by way of participants.

    The group gives the participant's PEB a prior; the posterior under it predicts the sessions.
    """
    found = {}
    groups = _one_by_one(reevaluated_models(estimate))
    for participant, own, lower in zip(fit.participants, groups, fit.within, strict=True):
        effects = own.posterior_mean[0].reshape(lower.posterior_mean.shape, order="F")
        predicted = lower.design.matrix @ effects.T @ lower.directions
        informed = lower._replace(state=lower.state._replace(predicted=predicted))
        for session, model in enumerate(_one_by_one(reevaluated_models(informed))):
            found[session, participant] = model
    return found


def _one_by_one(models: FirstLevelModels) -> list[FirstLevelModels]:
    return [models.rows([each]) for each in range(models.n_models)]


def _moments(model: FirstLevelModels, column: int) -> tuple[float, float]:
    """Return mean and standard deviation of one parameter of one model."""
    variance = model.posterior_covariance[0, column, column]
    return float(model.posterior_mean[0, column]), float(np.sqrt(variance))
