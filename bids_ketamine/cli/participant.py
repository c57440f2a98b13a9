"""The participant level from query to reports, one participant's failure apart from others."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bids_ketamine.cli.error_records import in_words, record_outcomes, record_report_failure
from bids_ketamine.cli.missing_inputs import Shortfall, shortfall
from bids_ketamine.cli.models_left_out import models_left_out
from bids_ketamine.cli.options import RunOptions
from bids_ketamine.cli.progress import Progress
from bids_ketamine.cli.report_reuse import ReportStamps
from bids_ketamine.cli.trial import Trial
from bids_ketamine.cli.words import counted
from bids_ketamine.errors import InputMissingError, NothingSelectedError

if TYPE_CHECKING:
    from bids_ketamine.dataset.inputs import Missing, SessionInputs
    from bids_ketamine.workflows.records import ExecutionSettings, SessionOutcome

LOGGER = logging.getLogger("bids_ketamine")


def select_sessions(trial: Trial, options: RunOptions) -> tuple[SessionInputs, ...]:
    """Query the dataset for what the command line selects.

    Raises
    ------
    NothingSelectedError
        If labels and filters leave nothing.
    """
    from bids_ketamine.dataset.filters import read_filter_file
    from bids_ketamine.dataset.query import find_sessions

    filters = None
    if options.bids_filter_file is not None:
        filters = read_filter_file(options.bids_filter_file)
    sessions = find_sessions(
        bids_dir=trial.bids_dir,
        derivatives=trial.derivatives,
        study=trial.study.spec,
        participant_labels=options.participant_labels,
        session_labels=options.session_labels,
        task_labels=options.task_labels,
        filters=filters,
        database_dir=options.bids_database_dir,
        # The guards have checked them, or --skip-bids-validation told them not to.
        check_descriptions=False,
    )
    if not sessions:
        raise NothingSelectedError(
            "The labels and filters select no session.",
            path=trial.bids_dir,
            cure="See what is there with --dry-run and fewer of them.",
        )
    return sessions


def run(
    trial: Trial,
    options: RunOptions,
    *,
    sessions: Sequence[SessionInputs],
    execution: ExecutionSettings,
    progress: Progress,
    shown: Trial | None = None,
) -> int:
    """Compute sessions, record how each ended, and write reports.

    ``shown`` is the trial as reports may tell it, with blinded arms.

    Returns
    -------
    int
        Exit code: 0; if steps failed, the code that all their errors share, else 1; 1 if a
        report failed.

    Raises
    ------
    InputMissingError
        If a series is there and lacks what it needs, or no session had anything to compute
        from; after all others are computed and reports are written.
    """
    from bids_ketamine.workflows.participant import run_participant_level

    progress.plan([(each.participant, each.session) for each in sessions if each.has_data])
    try:
        outcomes = run_participant_level(
            sessions=sessions,
            study=trial.study,
            bids_dir=trial.bids_dir,
            derivatives=trial.derivatives,
            output_dir=trial.output_dir,
            execution=execution,
            overwrite=options.overwrite,
            report=progress,
        )
    finally:
        progress.close()
    record_outcomes(trial, sessions=sessions, outcomes=outcomes)
    participants = list(dict.fromkeys(each.participant for each in sessions))
    shown = trial if shown is None else shown
    stamps = ReportStamps(shown, execution.work_dir)
    reports_failed = write_reports(shown, participants, progress=progress, stamps=stamps)
    tell_outcomes(trial, sessions=sessions, outcomes=outcomes, progress=progress)
    return _exit_code(trial, sessions, outcomes, reports_failed=reports_failed)


def _exit_code(
    trial: Trial,
    sessions: Sequence[SessionInputs],
    outcomes: Sequence[SessionOutcome],
    *,
    reports_failed: bool,
) -> int:
    codes = {error.exit_code for outcome in outcomes for error in outcome.errors}
    if reports_failed or any(each.status == "failed" for each in outcomes):
        return codes.pop() if len(codes) == 1 and not reports_failed else 1
    missing = [each for session in sessions for each in session.missing]
    if all(each.status == "missing" for each in outcomes):
        first = f" First: {missing[0].what}: {missing[0].reason}" if missing else ""
        raise InputMissingError(
            f"No session had anything to compute from.{first}",
            path=trial.bids_dir,
            cure="`--dry-run` lists what is missing and why.",
        )
    _require_series(trial, sessions, missing)
    unusable = [each for each in missing if shortfall(each) is Shortfall.UNUSABLE]
    if unusable:
        raise InputMissingError(
            f"{counted(len(unusable), 'run')} could not be used, as told above; all others were.",
            path=trial.bids_dir,
            cure="Add what is missing and run these sessions again with --overwrite, or leave "
            "tasks out with --task-id.",
        )
    return 0


def _require_series(
    trial: Trial, sessions: Sequence[SessionInputs], missing: Sequence[Missing]
) -> None:
    """Refuse to call it done where volumes of structures are all there was: no series at all."""
    spec = trial.study.spec
    if not (spec.tasks or spec.rest) or any(session.runs for session in sessions):
        return
    first = f" First: {missing[0].what}: {missing[0].reason}" if missing else ""
    raise InputMissingError(
        "No session had a run that the study reads; volumes of structures alone were computed."
        f"{first}",
        path=trial.bids_dir,
        cure="`--dry-run` lists what is missing and why.",
    )


def write_reports(
    trial: Trial,
    participants: Sequence[str],
    *,
    progress: Progress,
    stamps: ReportStamps | None = None,
) -> bool:
    """Write each participant's report and the methods text; one failing stops no other.

    Parameters
    ----------
    trial : Trial
        Gives study and output folder.
    participants : sequence of str
        Labels without ``sub-``.
    progress : Progress
        Told of each report.
    stamps : ReportStamps, optional
        Tell which pages need not be drawn again; without them all are drawn.

    Returns
    -------
    bool
        Whether any failed. Each failure is told and recorded in the participant's errors.
    """
    from bids_ketamine.cli.reporting import methods_text, participant_report

    failed = False
    for number, participant in enumerate(participants, start=1):
        if stamps is not None and stamps.up_to_date(participant):
            continue
        progress.show(f"report of sub-{participant}, {number} of {len(participants)}")
        try:
            participant_report(trial, participant)
            if stamps is not None:
                stamps.remember(participant)
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception as error:
            failed = True
            record_report_failure(trial, participant, error)
    try:
        methods_text(trial, "participant")
    except Exception as error:
        failed = True
        LOGGER.error("The methods text was not written: %s", in_words(error))
        LOGGER.debug("Methods text", exc_info=error)
    progress.close()
    return failed


def tell_outcomes(
    trial: Trial,
    *,
    sessions: Sequence[SessionInputs],
    outcomes: Sequence[SessionOutcome],
    progress: Progress,
) -> None:
    """Tell what failed, what was missing or left out, and how many sessions ended how."""
    for session in sessions:
        for missing in session.missing:
            LOGGER.log(
                logging.INFO if shortfall(missing) is Shortfall.NOTE else logging.WARNING,
                "sub-%s %s, %s: %s",
                session.participant,
                session.session,
                missing.what,
                missing.reason,
            )
    computed = {(o.participant, o.session) for o in outcomes if o.status == "computed"}
    for session in sessions:
        if (session.participant, session.session) not in computed:
            continue
        for model, reason in models_left_out(trial.output_dir, session):
            LOGGER.warning(
                "sub-%s %s, DCM `%s` not estimated: %s",
                *(session.participant, session.session, model, reason),
            )
    for outcome in outcomes:
        for error in outcome.errors:
            crash = f" Traceback: {error.crash_file}" if error.crash_file is not None else ""
            LOGGER.error(
                "sub-%s %s, %s: %s%s",
                outcome.participant,
                outcome.session,
                error.step,
                error.message,
                crash,
            )
    counts = {
        status: sum(each.status == status for each in outcomes)
        for status in ("computed", "reused", "failed", "missing")
    }
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    progress.write_line(f"sessions: {told or 'none'}; results and reports: {trial.output_dir}")
