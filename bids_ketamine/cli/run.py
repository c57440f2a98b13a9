"""``main()``: parse, load the study, check, query, compute, report, exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli import planning
from bids_ketamine.cli.console import (
    logging_to,
    tell_error,
    write_crash_file,
    write_out,
)
from bids_ketamine.cli.environment import (
    available_processors,
    configure_nipype,
    keep_quiet,
    set_threads,
    use_caches,
)
from bids_ketamine.cli.error_records import trial_places
from bids_ketamine.cli.options import RunOptions
from bids_ketamine.cli.parser import parse_arguments
from bids_ketamine.cli.progress import Progress
from bids_ketamine.cli.trial import Trial, open_trial
from bids_ketamine.errors import (
    BidsKetamineError,
    InputMissingError,
    NothingSelectedError,
    ReadWriteError,
    UsageError,
)

if TYPE_CHECKING:
    from bids_ketamine.outputs.plan import Plan
    from bids_ketamine.workflows.records import ExecutionSettings

INTERRUPTED = 130


@dataclass
class _Invocation:
    """What is known when something unexpected happens."""

    arguments: Sequence[str]
    verbosity: int = 0
    log_folder: Path | None = None
    trial: Trial | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the app.

    Parameters
    ----------
    argv : sequence of str, optional
        The command line without the program's name; ``sys.argv`` when absent.

    Returns
    -------
    int
        Exit code, see :mod:`bids_ketamine.errors`; 130 when interrupted.
    """
    _leave_on_termination()
    invocation = _Invocation(arguments=list(sys.argv[1:] if argv is None else argv))
    try:
        options = parse_arguments(invocation.arguments)
        invocation.verbosity = options.verbosity
        return _run(options, invocation)
    except SystemExit as leaving:  # --help, --version
        return leaving.code if isinstance(leaving.code, int) else 0
    except KeyboardInterrupt:
        tell_error("interrupted. Sessions that are finished are reused by the same command.")
        return INTERRUPTED
    except BidsKetamineError as error:
        tell_error(str(error))
        _tell_traceback(invocation)
        return error.exit_code
    except OSError as error:
        told = ReadWriteError(
            f"Reading or writing failed: {error.strerror or error}.", path=error.filename
        )
        tell_error(str(told))
        _tell_traceback(invocation)
        return told.exit_code
    except Exception as error:
        _tell_unexpected(error, invocation)
        return 1


def _leave_on_termination() -> None:
    """Let a termination (of a container, of a job) end the app as Ctrl-C does."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _tell_unexpected(error: Exception, invocation: _Invocation) -> None:
    path = write_crash_file(
        error,
        arguments=invocation.arguments,
        log_folder=invocation.log_folder,
        where=None if invocation.trial is None else trial_places(invocation.trial),
    )
    where = "It could not be written to a file." if path is None else f"Traceback: {path}"
    first_line = (str(error).splitlines() or [""])[0]
    tell_error(f"unexpected {type(error).__name__}: {first_line} {where}")
    _tell_traceback(invocation)


def _tell_traceback(invocation: _Invocation) -> None:
    if invocation.verbosity >= 2:
        traceback.print_exc(file=sys.stderr)


def _run(options: RunOptions, invocation: _Invocation) -> int:
    n_procs = options.n_procs or available_processors()
    set_threads(options.omp_n_threads or 1, os.environ)
    keep_quiet(options.verbosity, os.environ)
    progress = Progress(sys.stderr, verbosity=options.verbosity)
    with logging_to(progress, verbosity=options.verbosity):
        planning.check_flags(options)
        trial = open_trial(options)
        use_caches(os.environ)
        invocation.log_folder, invocation.trial = trial.output_dir / "logs", trial
        if not (options.dry_run or options.reports_only or options.boilerplate_only):
            for notice in trial.study.notices:
                progress.write_line(f"notice: {notice}")
        plan = planning.current_plan(trial, options, tell=progress.write_line)
        if options.boilerplate_only:
            return _boilerplate_only(planning.shown_trial(trial, plan), options)
        if not options.dry_run and (options.reports_only or options.analysis_level == "group"):
            # Nothing that says where this machine keeps its files may stay among the results.
            use_caches(os.environ, last_resort=trial.output_dir / ".caches", keep=False)
        if options.reports_only:
            return _reports_only(trial, options, progress, plan=plan)
        if options.analysis_level == "group":
            from bids_ketamine.cli import group

            return group.run(trial, options, progress, n_procs=n_procs, plan=plan)
        return _participant(trial, options, progress, n_procs=n_procs, plan=plan)


def _boilerplate_only(trial: Trial, options: RunOptions) -> int:
    from bids_ketamine.cli.reporting import methods_text

    write_out(methods_text(trial, options.analysis_level))
    return 0


def _reports_only(
    trial: Trial, options: RunOptions, progress: Progress, *, plan: Plan | None
) -> int:
    from bids_ketamine.cli import reporting
    from bids_ketamine.cli.participant import write_reports

    if options.analysis_level == "group":
        planning.check_shown(trial, plan, tell=progress.write_line)
        shown = planning.shown_trial(trial, plan)
        path = reporting.group_report(shown, individual_data=not options.no_individual_data)
        progress.write_line(f"report: {path}")
        return 0
    participants = reporting.participants_with_results(trial.output_dir, options.participant_labels)
    shown = planning.shown_trial(trial, plan)
    failed = write_reports(shown, participants, progress=progress)
    progress.write_line(f"reports: {trial.output_dir}")
    return 1 if failed else 0


def _participant(
    trial: Trial, options: RunOptions, progress: Progress, *, n_procs: int, plan: Plan | None
) -> int:
    from bids_ketamine.cli import freezing, participant
    from bids_ketamine.cli.guards import check_creatable, check_work_dir, make_writable
    from bids_ketamine.cli.memory import processes

    if options.permutations is not None:
        raise UsageError(
            "--permutations is about the group level, whose tests draw them.",
            cure="Leave it out here, and give it to the group level.",
        )
    work_dir = (options.work_dir or Path("work")).absolute()
    if options.work_dir is not None or not options.dry_run:
        check_work_dir(
            work_dir,
            bids_dir=trial.bids_dir,
            derivatives=trial.derivatives,
            output_dir=trial.output_dir,
            clean=options.clean_workdir,
        )
    n_procs = processes(n_procs, options, tell=progress.write_line)
    if options.dry_run:
        check_creatable(trial.output_dir, what="output folder")
        return _dry_run(trial, options, n_procs=n_procs, plan=plan)
    execution = _execution(options, work_dir=work_dir, n_procs=n_procs)
    sessions = participant.select_sessions(trial, options)
    make_writable(trial.output_dir, what="output folder")
    make_writable(work_dir, what="work directory")
    use_caches(os.environ, last_resort=work_dir / "caches")
    if options.plan and plan is None:
        plan = freezing.freeze(trial, options, tell=progress.write_line)
    configure_nipype(work_dir, verbosity=options.verbosity, environment=os.environ)
    return participant.run(
        trial,
        options,
        sessions=sessions,
        execution=execution,
        progress=progress,
        shown=planning.shown_trial(trial, plan),
    )


def _dry_run(trial: Trial, options: RunOptions, *, n_procs: int, plan: Plan | None) -> int:
    from bids_ketamine.cli.dry_run import plan as plan_analyses
    from bids_ketamine.cli.dry_run_text import render
    from bids_ketamine.cli.group_readiness import exclusions_warning
    from bids_ketamine.cli.memory import shortage
    from bids_ketamine.cli.participant import select_sessions
    from bids_ketamine.interfaces.resting_network_members import check_networks
    from bids_ketamine.regions.sources import resolve_regions
    from bids_ketamine.workflows.model_regions import require_model_regions

    spec = trial.study.spec
    analyses = plan_analyses(
        select_sessions(trial, options),
        study=trial.study,
        output_dir=trial.output_dir,
        task_labels=options.task_labels,
    )
    regions = resolve_regions(spec.regions, space=spec.inputs.space)
    require_model_regions(spec, regions)
    check_networks(spec, regions)
    write_out(
        render(
            analyses,
            study=trial.study,
            regions=regions,
            bids_dir=trial.bids_dir,
            derivatives=trial.derivatives,
            output_dir=trial.output_dir,
            n_procs=n_procs,
        )
    )
    for told in (
        exclusions_warning(spec),
        shortage(analyses, options),
        planning.describe_plan(trial, plan, options),
    ):
        if told:
            write_out(f"\n{told}\n")
    if any(each.can_run for each in analyses):
        return 0
    # As the run itself would end.
    return (InputMissingError if analyses else NothingSelectedError).exit_code


def _execution(options: RunOptions, *, work_dir: Path, n_procs: int) -> ExecutionSettings:
    from bids_ketamine.cli.memory import claimable_gb
    from bids_ketamine.cli.plugin_file import read_plugin_file
    from bids_ketamine.workflows.records import ExecutionSettings

    return ExecutionSettings(
        n_procs=n_procs,
        omp_n_threads=options.omp_n_threads or 1,
        memory_gb=claimable_gb(options),
        work_dir=work_dir,
        plugin=None if options.use_plugin is None else read_plugin_file(options.use_plugin),
        stop_on_first_crash=options.stop_on_first_crash,
        clean_work_dir=options.clean_workdir,
    )
