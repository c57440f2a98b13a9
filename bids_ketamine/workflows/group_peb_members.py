"""Which dynamic causal models of participants enter the group level, and why others do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bids_ketamine.core.dcm.structure import ParameterLabel, parameter_labels
from bids_ketamine.core.group.compared import reasons_of_means, reasons_with_compared
from bids_ketamine.core.group.coverage import COVERAGE
from bids_ketamine.core.group.measures import MeasureArrays, ObjectArray
from bids_ketamine.dataset.exclusions import study_task_names
from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import BidsKetamineError, InputDataError, together
from bids_ketamine.interfaces.dcm_model import structure_of
from bids_ketamine.interfaces.dcm_rows import MEASURE
from bids_ketamine.outputs.collect_models import ModelOutcome
from bids_ketamine.outputs.collected import CollectedOutputs, SessionOutput
from bids_ketamine.outputs.measures_files import REMAKE
from bids_ketamine.outputs.model_estimates import ModelEstimate, read_model
from bids_ketamine.study.dcm_names import inputs_of
from bids_ketamine.study.spec import DcmModelSpec, StudySpec
from bids_ketamine.workflows.group_data import ends_of_changes

#: How reasons start that name the session themselves.
NAMES_SESSION = "no session"

#: How reasons start that were handed over from a session that is compared.
EXCLUDED = "excluded"


@dataclass(frozen=True, kw_only=True)
class Exclusions:
    """What the group level leaves out, of all measures alike.

    Attributes
    ----------
    measures : MeasureArrays
        Gives participants and sessions along the axes of `reasons`, and coverage.
    tasks : tuple of str
        Tasks along its last axis.
    reasons : ndarray of object, shape (n_participants, n_sessions, n_tasks)
        Why something is excluded; empty for nothing.
    """

    measures: MeasureArrays
    tasks: tuple[str, ...]
    reasons: ObjectArray


@dataclass(frozen=True, eq=False)
class SessionModel:
    """A model of one participant and session.

    Attributes
    ----------
    estimate : ModelEstimate or None
        As it was estimated, parameters in the order of the study's model; None where there is no
        estimate, or where it is excluded.
    reason : str
        Why it does not enter; empty where it does.
    doubts : str
        What is doubtful of it, such as ``flat and stalled``; empty for nothing.
    """

    estimate: ModelEstimate | None
    reason: str
    doubts: str = ""


#: Models by participant and session.
SessionModels = Mapping[tuple[str, str], SessionModel]


def labels_of(model: DcmModelSpec) -> tuple[ParameterLabel, ...]:
    """Return what the parameters of a model are, in the order of its vector.

    Parameters
    ----------
    model : DcmModelSpec
        Section of the study.
    """
    return parameter_labels(
        structure_of(model), regions=model.regions, inputs=list(inputs_of(model))
    )


def session_models(
    model: DcmModelSpec,
    *,
    spec: StudySpec,
    collected: CollectedOutputs,
    exclusions: Exclusions,
    sessions: Sequence[str],
) -> dict[tuple[str, str], SessionModel]:
    """Read a model of every participant in some sessions, and say which do not enter.

    Models of excluded sessions are not read.

    Parameters
    ----------
    model : DcmModelSpec
        Section of the study.
    spec : StudySpec
        The study.
    collected : CollectedOutputs
        Sessions of the participant level; nothing else counts, whatever lies in the folder.
    exclusions : Exclusions
        What is left out.
    sessions : sequence of str
        Sessions wanted, by their meaning in the study.

    Returns
    -------
    dict of (str, str) to SessionModel
        Of every participant and session wanted.

    Raises
    ------
    InputDataError, InputMissingError
        If files of models are damaged or not there: all of them.
    """
    names = study_task_names(spec).get(model.task, (model.task,))
    outputs = {(each.participant_id, each.session): each for each in collected.sessions}
    why = _excluded(model, spec, exclusions)
    minimum = spec.peb.minimum_explained_variance if spec.peb is not None else 0.0
    found: dict[tuple[str, str], SessionModel] = {}
    known: dict[bytes, str] = {}
    problems: list[BidsKetamineError] = []
    for one, participant in enumerate(exclusions.measures.participants):
        for session in sessions:
            key = (participant, session)
            reason = str(why[one, exclusions.measures.sessions.index(session)])
            output = outputs.get(key)
            outcome = None if output is None else _outcome(output, model)
            if reason:
                told = reason if reason.startswith(EXCLUDED) else f"{EXCLUDED}: {reason}"
                found[key] = SessionModel(None, told)
            elif output is None or outcome is None:
                told = collected.reason_without_rows(participant, session, names)
                found[key] = SessionModel(None, told)
            elif not outcome.estimated:
                found[key] = SessionModel(None, f"the model was not estimated: {outcome.reason}")
            else:
                try:
                    estimate = read_model(output.path, model=model.name, task=model.task)
                except BidsKetamineError as error:
                    problems.append(error)
                    continue
                twin = known.setdefault(_digits(estimate), output.name)
                if twin != output.name:
                    problems.append(_copied(estimate, twin))
                    continue
                found[key] = _judged(estimate, model, _doubts(outcome), minimum)
    if problems:
        raise together(problems, "problems with files of dynamic causal models")
    return found


def why_not(models: SessionModels, *, participant: str, sessions: Sequence[str]) -> str:
    """Say why a participant's models of some sessions do not all enter; empty if they do.

    Parameters
    ----------
    models : mapping of (str, str) to SessionModel
        Result of :func:`session_models`.
    participant : str
        Whose.
    sessions : sequence of str
        Sessions that are needed.

    Examples
    --------
    >>> models = {("sub-01", "pre"): SessionModel(None, ""),
    ...           ("sub-01", "post"): SessionModel(None, "excluded: fell asleep")}
    >>> why_not(models, participant="sub-01", sessions=["pre", "post"])
    'post: excluded: fell asleep'
    """
    reasons = {session: models[participant, session].reason for session in sessions}
    distinct = list(dict.fromkeys(reasons.values()))
    if len(sessions) > 1 and len(distinct) == 1:
        return distinct[0]
    return "; ".join(
        reason if reason.startswith(NAMES_SESSION) else f"{session}: {reason}"
        for session, reason in reasons.items()
        if reason
    )


def doubts_of(models: SessionModels, *, participant: str, sessions: Sequence[str]) -> str:
    """Say what is doubtful of a participant's models; empty for nothing.

    Parameters
    ----------
    models : mapping of (str, str) to SessionModel
        Result of :func:`session_models`.
    participant : str
        Whose.
    sessions : sequence of str
        Sessions that are told.

    Examples
    --------
    >>> models = {("sub-01", "pre"): SessionModel(None, "", "flat"),
    ...           ("sub-01", "post"): SessionModel(None, "", "stalled")}
    >>> doubts_of(models, participant="sub-01", sessions=["pre", "post"])
    'flat in pre; stalled in post'
    """
    told = {session: models[participant, session].doubts for session in sessions}
    return "; ".join(f"{doubts} in {session}" for session, doubts in told.items() if doubts)


def _digits(estimate: ModelEstimate) -> bytes:
    """Return what tells one estimation from another; means alone may stay at the prior."""
    energy = np.float64(estimate.free_energy).tobytes()
    return estimate.posterior_mean.tobytes() + estimate.posterior_covariance.tobytes() + energy


def _copied(estimate: ModelEstimate, twin: str) -> InputDataError:
    """Refuse an estimate that is another session's: series never give the same numbers twice."""
    return InputDataError(
        f"The estimate is that of {twin}, digit by digit.", path=estimate.path, cure=REMAKE
    )


def _outcome(output: SessionOutput, model: DcmModelSpec) -> ModelOutcome | None:
    wanted = (model.name, model.task)
    return next((each for each in output.models if (each.model, each.task) == wanted), None)


def _doubts(outcome: ModelOutcome) -> str:
    """Say what the participant level held for doubtful."""
    doubts = {
        "flat": outcome.flat,
        "not converged": not outcome.converged,
        "stalled": outcome.converged and outcome.stalled,
    }
    return " and ".join(word for word, holds in doubts.items() if holds)


def _judged(
    estimate: ModelEstimate, model: DcmModelSpec, doubts: str, minimum: float
) -> SessionModel:
    """Return a model in the order of the study's, or say why it does not enter."""
    labels = labels_of(model)
    wanted = {labels[position] for position in structure_of(model).free}
    free = {estimate.labels[position] for position in np.flatnonzero(estimate.free)}
    if set(estimate.labels) != set(labels) or free != wanted:
        differing = (set(estimate.labels) ^ set(labels)) or (free ^ wanted)
        names = sorted({label.name for label in differing})
        told = f"its parameters are not those of the other models: {listed(names, most=3)}"
        return SessionModel(None, told, doubts)
    estimate = estimate.in_order_of(labels)
    share = estimate.explained_variance
    if share < minimum:
        told = f"explains {100 * share:.3g} % of the variance, less than {100 * minimum:g} %"
        return SessionModel(estimate, told, doubts)
    return SessionModel(estimate, "", doubts)


def _excluded(model: DcmModelSpec, spec: StudySpec, exclusions: Exclusions) -> ObjectArray:
    """Return why a model is left out of each session, shape (n_participants, n_sessions).

    A model rests on all its regions at once, so that one region that is covered too little takes
    it out.
    """
    reasons = exclusions.reasons[:, :, exclusions.tasks.index(model.task)].copy()
    minimum = spec.exclusions.minimum_coverage
    if minimum is None:
        return reasons
    keys = exclusions.measures.keys
    of_model = (keys["measure"] == MEASURE) & (keys["task"] == model.task)
    of_model &= keys["contrast"].astype(str).str.partition(" ")[0] == model.name
    coverage = exclusions.measures.coverage[:, :, np.flatnonzero(of_model.to_numpy())]
    worst = np.fmin.reduce(coverage, axis=2, initial=np.nan)
    for cell in zip(*np.nonzero((worst < minimum) & (reasons == "")), strict=True):
        reasons[cell] = f"{COVERAGE} {100 * worst[cell]:.4g} % < {100 * minimum:g} %"
    sessions, means = exclusions.measures.sessions, exclusions.measures.means
    whole = reasons_of_means(
        reasons=reasons[:, :, np.newaxis],
        there=np.isfinite(worst)[:, :, np.newaxis],
        sessions=sessions,
        means=means,
    )
    return reasons_with_compared(
        reasons=whole, sessions=sessions, changes=ends_of_changes(spec), means=means
    )[:, :, 0]
