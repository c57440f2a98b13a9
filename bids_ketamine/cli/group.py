"""The group level from the command line: plan, dry run, computation, report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli import freezing, planning
from bids_ketamine.cli.console import write_out
from bids_ketamine.cli.guards import check_creatable
from bids_ketamine.cli.options import RunOptions
from bids_ketamine.cli.progress import Progress
from bids_ketamine.cli.trial import Trial
from bids_ketamine.errors import BidsKetamineError, UsageError

if TYPE_CHECKING:
    from bids_ketamine.outputs.plan import Plan


def run(
    trial: Trial, options: RunOptions, progress: Progress, *, n_procs: int, plan: Plan | None
) -> int:
    """Run the group level, or say what a run would do.

    Parameters
    ----------
    trial : Trial
        Folders and study.
    options : RunOptions
        The command line.
    progress : Progress
        Takes lines for the user.
    n_procs : int
        Threads.
    plan : Plan or None
        The plan of the output folder.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    UsageError
        If labels are given, which the group level does not take.
    BidsKetamineError
        What computing raises.
    """
    if options.participant_labels or options.session_labels or options.task_labels:
        raise UsageError(
            "The group level takes all participants, sessions and tasks of the output folder.",
            cure="Leave out labels, or exclude some with a table (`exclusions.file` of the study).",
        )
    if options.permutations is not None and trial.study.spec.elastic_net is None:
        progress.write_line(
            "notice: --permutations changes nothing: the study has no `elastic_net`"
        )
    if options.dry_run:
        return _dry_run(trial, options, plan=plan)
    if options.plan and plan is None:
        plan = freezing.freeze(trial, options, tell=progress.write_line)
    if options.plan and freezing.nothing_yet(trial):
        progress.write_line(freezing.what_comes_next(trial))
        return 0
    if options.unblind and plan is not None:
        plan = freezing.unblind(trial, plan, tell=progress.write_line)
    if not trial.study.spec.has_imaging:
        check_creatable(trial.output_dir, what="output folder")
    return _compute(trial, options, progress, n_procs=n_procs, plan=plan)


def _dry_run(trial: Trial, options: RunOptions, *, plan: Plan | None) -> int:
    from bids_ketamine.cli.group_dry_run import describe_group

    check_creatable(trial.output_dir, what="output folder")
    told = planning.describe_plan(trial, plan, options)
    text, code = describe_group(
        planning.shown_trial(trial, plan),
        own=trial.study.spec,
        plan=told,
        hide=planning.hiding(trial, plan),
    )
    write_out(text)
    return 0 if options.plan and freezing.nothing_yet(trial) else code


def _compute(
    trial: Trial, options: RunOptions, progress: Progress, *, n_procs: int, plan: Plan | None
) -> int:
    from bids_ketamine.cli import reporting
    from bids_ketamine.workflows.group import run_group_level

    try:
        run_group_level(
            bids_dir=trial.bids_dir,
            output_dir=trial.output_dir,
            study=trial.study,
            n_procs=n_procs,
            permutations=options.permutations,
            random_seed=options.random_seed,
            show=progress.show,
        )
    except BidsKetamineError:
        progress.close()
        for notice in earlier_results(trial.output_dir, plan):
            progress.write_line(f"notice: {notice}")
        raise
    finally:
        progress.close()
    if not trial.study.spec.has_imaging:
        freezing.describe_output(trial)
    shown = planning.shown_trial(trial, plan)
    path = reporting.group_report(shown, individual_data=not options.no_individual_data)
    reporting.methods_text(shown, "group")
    progress.write_line(reporting.who_went_in(trial.output_dir))
    progress.write_line(f"group results: {trial.output_dir / 'group'}; report: {path}")
    return 0


def earlier_results(output_dir: Path, plan: Plan | None) -> Iterator[str]:
    """Say which results of an earlier run are there still after a run that failed.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    plan : Plan or None
        Its plan.
    """
    folder = output_dir / "group"
    record = planning.group_record(output_dir)
    if record is not None:
        shows = plan is not None and plan.blinds and record.get("Blinded") is not True
        yield (
            f"the group results and the report of an earlier run are still there: {folder}; "
            + ("they show the labels of arms; " if shows else "")
            + "they are not of this run: mend what is told below and run the group level again, or "
            "delete them by hand"
        )
    elif any(folder.glob("group*")) or (output_dir / "group.html").exists():
        yield (
            f"parts of group results are there, without their record group.json: {folder}; do not "
            "use them: run the group level again, or delete them by hand"
        )
