"""What a run does with the plan that is in its output folder: compare with it, blind by it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bids_ketamine.cli.options import RunOptions
from bids_ketamine.cli.trial import Trial
from bids_ketamine.cli.words import counted
from bids_ketamine.errors import CannotCreateError, UsageError

if TYPE_CHECKING:
    from bids_ketamine.outputs.plan import Plan
    from bids_ketamine.study.difference import Difference

#: Takes a line for the user.
Tell = Callable[[str], None]

#: Settings that a line names.
MOST_PATHS = 5

#: What to do where another study is the plan.
ANOTHER_STUDY = (
    "Leave out --plan to go on with the plan that is there (the group report lists what differs), "
    "choose another output folder, or delete the folder `plan` by hand."
)


def check_flags(options: RunOptions) -> None:
    """Refuse options of the plan that do not go together.

    Parameters
    ----------
    options : RunOptions
        The command line.

    Raises
    ------
    UsageError
        If one of them cannot be done with the others.
    """
    alone = (
        ("--reports-only", options.reports_only),
        ("--boilerplate-only", options.boilerplate_only),
    )
    for flag, given in (("--plan", options.plan), ("--unblind", options.unblind)):
        for other, there in alone:
            if given and there:
                raise UsageError(
                    f"{flag} does not go with {other}, which computes nothing.",
                    cure=f"Leave out {other}.",
                )
    if options.plan and options.unblind:
        raise UsageError(
            "--plan is for before the results, and --unblind for after them.",
            cure="Give --plan now, and --unblind when the results of all analyses are there.",
        )
    if options.unblind and options.analysis_level == "participant":
        raise UsageError(
            "--unblind is about the group level: the participant level knows no arms.",
            cure="Leave it out here, and give it to the group level.",
        )


def current_plan(trial: Trial, options: RunOptions, *, tell: Tell) -> Plan | None:
    """Read the plan of the output folder and tell where the study differs from it.

    Parameters
    ----------
    trial : Trial
        Output folder and study.
    options : RunOptions
        The command line.
    tell : callable
        Takes a line for the user.

    Returns
    -------
    Plan or None
        ``None`` without a plan.

    Raises
    ------
    InputDataError
        If the plan is damaged.
    UsageError
        If labels are asked for and there is no plan.
    CannotCreateError
        If a plan is to be frozen and another one is there.
    """
    folder = trial.output_dir / "plan"
    if not os.path.lexists(folder) and not (options.plan or options.unblind):
        return None  # what reads plans takes a while to load
    from bids_ketamine.outputs.plan import deviations, read_plan

    plan = read_plan(trial.output_dir)
    if plan is None:
        if options.unblind:
            raise UsageError(
                "There is nothing to unblind: no plan was frozen in the output folder.",
                path=trial.output_dir,
                cure="Labels of arms are hidden only after --plan; leave out --unblind.",
            )
        return None
    found = deviations(plan, trial.study.spec)
    if options.plan and found:
        raise CannotCreateError(
            f"Another study was frozen as the plan on {plan.date}; this one differs in "
            f"{listed_differences(found)}.",
            path=trial.output_dir / "plan",
            cure=ANOTHER_STUDY,
        )
    if options.plan:
        tell(f"plan: this study was frozen already on {plan.date}; nothing was written to plan")
    elif found:
        told = listed_differences(found)
        tell(f"notice: the study differs from the plan of {plan.date} in {told}")
    return plan


def listed_differences(found: Sequence[Difference]) -> str:
    """Name the settings that differ from the plan, without their values: they may name arms.

    Parameters
    ----------
    found : sequence of Difference
        At least one.
    """
    paths = [f"`{each.path}`" for each in found[:MOST_PATHS]]
    more = [counted(len(found) - len(paths), "other setting")] if len(found) > len(paths) else []
    parts = [*paths, *more]
    listing = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{counted(len(found), 'setting')}: {listing}" if len(found) > 1 else listing


def shown_trial(trial: Trial, plan: Plan | None) -> Trial:
    """Return a trial as reports may tell it: with blinded arms while the plan blinds them.

    Parameters
    ----------
    trial : Trial
        The trial.
    plan : Plan or None
        The plan of its output folder.
    """
    if plan is None or not plan.blinds:
        return trial
    from bids_ketamine.workflows.blinding import blinded_study

    return replace(trial, study=blinded_study(trial.study, plan))


def hiding(trial: Trial, plan: Plan | None) -> Callable[[str], str]:
    """Return what takes the labels of arms out of a sentence while the plan blinds them.

    Parameters
    ----------
    trial : Trial
        The trial.
    plan : Plan or None
        The plan of its output folder.
    """
    if plan is None or not plan.blinds:
        return str
    from bids_ketamine.workflows.blinding import blinding

    return blinding(trial.study, plan).sentence


def check_shown(trial: Trial, plan: Plan | None, *, tell: Tell) -> None:
    """Refuse a group report of tables that show arms otherwise than the plan wants them.

    That the tables come from another study than the report's is told: the report marks as planned
    or exploratory what they were made with.

    Parameters
    ----------
    trial : Trial
        Folders and study.
    plan : Plan or None
        The plan of the output folder.
    tell : callable
        Takes a line for the user.

    Raises
    ------
    UsageError
        If the group level was run before the plan was frozen, unblinded, or deleted.
    """
    path = trial.output_dir / "group" / "group.json"
    record = group_record(trial.output_dir)
    if record is None:
        return  # the report says what is missing or damaged
    was_blinded = record.get("Blinded") is True
    blinds = plan is not None and plan.blinds and trial.study.spec.arms is not None
    if was_blinded == blinds:
        if plan is not None and _recorded_paths(record) != _present_paths(trial, plan):
            tell(
                "notice: the group results are of another study than this one; run the group level "
                "again to bring them together"
            )
        return
    raise UsageError(
        "The group results show arms with" + ("out" if was_blinded else "") + " their labels, and "
        "the plan wants them " + ("blinded" if blinds else "with their labels") + ".",
        path=path,
        cure="Run the group level again, without --reports-only.",
    )


def group_record(output_dir: Path) -> dict[str, Any] | None:
    """Return the record of the group level; ``None`` where there is none that can be read.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    """
    path = output_dir / "group" / "group.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _recorded_paths(record: Mapping[str, Any]) -> set[str]:
    """Return the settings in which the study of the group results differed from the plan."""
    planned = record.get("Plan")
    found = planned.get("Differences") if isinstance(planned, dict) else None
    entries = found if isinstance(found, list) else []
    return {str(each.get("Path")) for each in entries if isinstance(each, dict)}


def _present_paths(trial: Trial, plan: Plan) -> set[str]:
    from bids_ketamine.workflows.blinding import blinding

    return _recorded_paths(blinding(trial.study, plan).record({}))


def describe_plan(trial: Trial, plan: Plan | None, options: RunOptions) -> str:
    """Say in a line what a run would do with the plan; empty for nothing.

    Parameters
    ----------
    trial : Trial
        Folders and study.
    plan : Plan or None
        The plan of the output folder.
    options : RunOptions
        The command line.
    """
    if plan is None:
        return "plan     this study would be frozen" if options.plan else ""
    state = "arms blinded" if plan.blinds else "arms shown"
    would = "; arms would be unblinded" if options.unblind and plan.blinds else ""
    return f"plan     frozen on {plan.date}, sha256 {plan.hash[:12]}, {state}{would}"
