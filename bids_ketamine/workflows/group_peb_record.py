"""What ``group.json`` says of parametric empirical Bayes."""

from __future__ import annotations

from bids_ketamine.core.peb.trial_data import ALL, GAUSSIAN
from bids_ketamine.dataset.names import listed
from bids_ketamine.study.spec import PebSpec
from bids_ketamine.workflows.group_peb_rows import ModelTrial, participant_reason

#: Key of the record.
PEB = "ParametricEmpiricalBayes"

#: Participants named in a note before the others are counted.
NAMED = 10

#: Probability in a predictive check under which a note names the outlier.
UNUSUAL = 0.05


def peb_record(trial: ModelTrial, peb: PebSpec) -> dict[str, object]:
    """Say what was done with one model.

    Parameters
    ----------
    trial : ModelTrial
        The model and its analyses.
    peb : PebSpec
        Section of the study.
    """
    analyses = list(dict.fromkeys(fit.analysis for fit in trial.result.fits))
    return {
        "Model": trial.model.name,
        "Task": trial.model.task,
        "Outcome": peb.outcome,
        "Sessions": list(trial.sessions),
        # Of what enters: the calibrated estimates do not, and the other measures are adjusted.
        "Posteriors": "SPM12",
        "MotionAdjusted": False,
        "Fields": list(peb.fields),
        "PrecisionComponents": peb.precision_components,
        "Level": peb.level,
        "WithinParticipantFirst": peb.within_participant_first,
        "StudentDegreesOfFreedom": peb.degrees_of_freedom,
        "MinimumExplainedVariance": peb.minimum_explained_variance,
        "Included": {
            analysis: sum(
                not participant_reason(trial, analysis, position)
                for position in range(len(trial.participants))
            )
            for analysis in analyses
        },
        "Covariates": _covariates(trial),
        "Notes": [
            *_left_out(trial, analyses),
            *_doubtful(trial),
            *_impossible(trial),
            *_unsettled(trial),
            *_outliers(trial),
        ],
    }


def _covariates(trial: ModelTrial) -> list[str]:
    """Say how improvement was centred and scaled in each PEB that has it."""
    return [
        f"{fit.analysis}, {fit.arm}: {fit.sentence}; effects are given for each {trial.per_unit}"
        for fit in trial.result.fits
        if fit.distribution == GAUSSIAN and fit.estimate is not None and fit.sentence
    ]


def _left_out(trial: ModelTrial, analyses: list[str]) -> list[str]:
    notes = []
    everybody = range(len(trial.participants))
    for analysis in analyses:
        if trial.fit(analysis, GAUSSIAN).estimate is None:
            continue  # the reason of the analysis is told
        out = [each for each in everybody if participant_reason(trial, analysis, each)]
        if out:
            names = listed([trial.participants[each] for each in out], most=NAMED)
            notes.append(
                f"{len(out)} of {len(trial.participants)} participants did not enter {analysis}, "
                f"for reasons in group_peb_participants.tsv: {names}."
            )
    return notes


def _doubtful(trial: ModelTrial) -> list[str]:
    doubtful = [
        f"{participant} {session} ({model.doubts})"
        for (participant, session), model in trial.models.items()
        if model.doubts and not model.reason
    ]
    if not doubtful:
        return []
    return [f"Models that entered and are doubtful: {listed(doubtful, most=NAMED)}."]


def _impossible(trial: ModelTrial) -> list[str]:
    reasons = dict.fromkeys(
        f"The analysis {fit.analysis} of {_whom(fit.arm)} was not possible: {fit.reason}."
        for fit in trial.result.fits
        if fit.reason
    )
    return list(reasons)


def _unsettled(trial: ModelTrial) -> list[str]:
    return [
        f"The PEB {fit.analysis} of {_whom(fit.arm)} ({fit.level} level, {fit.distribution}) "
        "spent its iterations before it converged."
        for fit in trial.result.fits
        if fit.estimate is not None and not fit.estimate.converged
    ]


def _outliers(trial: ModelTrial) -> list[str]:
    return [
        f"{fit.check.outlier_participant} is farther from the group than the Gaussian level of "
        f"{fit.analysis} allows (p {fit.check.outlier_p:.2g}): compare it with the Student-t level."
        for fit in trial.result.fits
        if (fit.arm, fit.distribution) == (ALL, GAUSSIAN)
        and fit.check is not None
        and fit.check.outlier_p < UNUSUAL
    ]


def _whom(arm: str) -> str:
    return "all participants" if arm == ALL else arm
