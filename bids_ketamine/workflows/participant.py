"""The participant level: which sessions are computed, and how each one ended."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.interfaces.resting_network_members import check_networks
from bids_ketamine.outputs.derivative import write_description
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.regions.sources import resolve_regions
from bids_ketamine.study.load import Study
from bids_ketamine.workflows.model_regions import require_model_regions
from bids_ketamine.workflows.records import (
    ExecutionSettings,
    ProgressEvent,
    SessionOutcome,
    SessionStatus,
    StepError,
)
from bids_ketamine.workflows.reuse import (
    EarlierResults,
    regions_fingerprint,
    session_fingerprint,
)

LOGGER = logging.getLogger("bids_ketamine")


def run_participant_level(
    *,
    sessions: Sequence[SessionInputs],
    study: Study,
    bids_dir: Path,
    derivatives: Mapping[str, Path],
    output_dir: Path,
    execution: ExecutionSettings,
    overwrite: bool,
    report: Callable[[ProgressEvent], None],
) -> tuple[SessionOutcome, ...]:
    """Compute the measures of participant-sessions.

    A session whose output carries the same fingerprints is not computed again; one with
    others is refused before anything starts. With ``overwrite`` every session is computed anew
    and results of sessions that are gone from the input are removed. A failing session leaves
    the others whole. Sessions with a step whose worker was killed are tried once more, alone.

    Parameters
    ----------
    sessions : sequence of SessionInputs
        What the dataset offers.
    study : Study
        The study and its notices.
    bids_dir, derivatives, output_dir
        Datasets.
    execution : ExecutionSettings
        Processes, memory, folders.
    overwrite : bool
        Whether results in the output are replaced.
    report : callable
        Told of every step that starts or ends.

    Returns
    -------
    tuple of SessionOutcome
        In the order of the sessions.

    Raises
    ------
    CannotCreateError
        If results that were computed otherwise are in the way, replacing them would lose tasks,
        or the folder is another app's.
    InputMissingError, InputDataError, UsageError
        If the regions of the study cannot be made.
    """
    region_sources = resolve_regions(study.spec.regions, space=study.spec.inputs.space)
    require_model_regions(study.spec, region_sources)
    check_networks(study.spec, region_sources)
    regions = regions_fingerprint(region_sources)
    fingerprints = {
        session.prefix: session_fingerprint(session, regions)
        for session in sessions
        if session.has_data
    }
    earlier = EarlierResults(output_dir, study_hash(study.spec), fingerprints)
    present = [session for session in sessions if session.has_data]
    gone = [session for session in sessions if not session.has_data and session.located]
    if overwrite:
        waiting = present
        earlier.refuse_losing_tasks(present, study.spec)
        _remove(gone, output_dir)
    else:
        waiting = [session for session in present if not earlier.reusable(session)]
        earlier.refuse_replacing([*waiting, *gone])
    write_description(
        output_dir, bids_dir=bids_dir, derivatives=derivatives, study_name=study.spec.name
    )
    for session in present:
        if session not in waiting:
            report(ProgressEvent("reused", session.participant, session.session, "", 0, 0))
    errors: dict[str, list[StepError]] = {}
    work_dirs: dict[str, Path] = {}
    if waiting:
        # The libraries that compute take seconds to load: not for sessions that are all done.
        from bids_ketamine.workflows.execution import Graph

        graph = Graph(
            *(study, region_sources, bids_dir, derivatives, output_dir, execution),
            *(fingerprints, report),
        )
        errors = graph.run(waiting, n_procs=execution.n_procs)
        for session in _spoilt_by_others(waiting, errors, execution):
            LOGGER.warning(
                "%s: a worker was ended from outside; tried once more, alone", session.prefix
            )
            errors.pop(session.prefix)
            errors |= graph.run([session], n_procs=1)
        work_dirs = {session.prefix: graph.session_work_dir(session) for session in waiting}
    outcomes = []
    for session in sessions:
        own = tuple(errors.get(session.prefix, ()))
        status = _status(session, own, computed=session in waiting, earlier=earlier)
        if status == "failed" and not own:
            own = (StepError("measures table", "The session was not finished.", None),)
        if status == "computed" and execution.clean_work_dir:
            shutil.rmtree(work_dirs[session.prefix], ignore_errors=True)
        outcomes.append(SessionOutcome(session.participant, session.session, status, own))
    return tuple(outcomes)


def _remove(sessions: Sequence[SessionInputs], output_dir: Path) -> None:
    """Take away the results of sessions that are gone from the input."""
    from bids_ketamine.interfaces.measures import remove_session

    for session in sessions:
        remove_session(output_dir / session.folder)


def _spoilt_by_others(
    sessions: Sequence[SessionInputs],
    errors: Mapping[str, Sequence[StepError]],
    execution: ExecutionSettings,
) -> list[SessionInputs]:
    """Return sessions with a killed step that may do better without others beside it."""
    from bids_ketamine.workflows.plugin import KILLED

    alone = len(sessions) == 1 and execution.n_procs == 1
    if execution.stop_on_first_crash or execution.plugin is not None or alone:
        return []
    return [
        session
        for session in sessions
        if any(error.message == KILLED for error in errors.get(session.prefix, ()))
    ]


def _status(
    session: SessionInputs,
    errors: Sequence[StepError],
    *,
    computed: bool,
    earlier: EarlierResults,
) -> SessionStatus:
    if not session.has_data:
        return "missing"
    if not computed:
        return "reused"
    return "computed" if earlier.reusable(session) and not errors else "failed"
