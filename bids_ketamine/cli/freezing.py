"""Freezing a study as the plan of an output folder, and unblinding its arms."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli.options import RunOptions
from bids_ketamine.cli.planning import ANOTHER_STUDY, Tell, listed_differences
from bids_ketamine.cli.trial import Trial
from bids_ketamine.errors import CannotCreateError, InputMissingError

if TYPE_CHECKING:
    from bids_ketamine.outputs.plan import Plan


def freeze(trial: Trial, options: RunOptions, *, tell: Tell) -> Plan:
    """Freeze the study of a run as the plan of its output folder.

    Parameters
    ----------
    trial : Trial
        Folders and study.
    options : RunOptions
        The command line: it names the study.
    tell : callable
        Takes a line for the user.

    Returns
    -------
    Plan
        What the output folder now holds.

    Raises
    ------
    CannotCreateError
        If it cannot be written, or somebody else froze another study meanwhile.
    """
    from numpy.random import default_rng

    from bids_ketamine.outputs.derivative import write_description
    from bids_ketamine.outputs.plan import deviations, freeze_plan

    spec = trial.study.spec
    # The order of arms must not follow from a seed that somebody knows.
    plan = freeze_plan(
        trial.output_dir,
        spec,
        source=trial.study.source,
        text=study_text(options.study),
        date=now(),
        generator=default_rng(),
    )
    found = deviations(plan, spec)
    if found:
        raise CannotCreateError(
            "Another study was frozen as the plan meanwhile; this one differs in "
            f"{listed_differences(found)}.",
            path=trial.output_dir / "plan",
            cure=ANOTHER_STUDY,
        )
    if not (trial.output_dir / "dataset_description.json").exists():
        write_description(
            trial.output_dir,
            bids_dir=trial.bids_dir,
            derivatives=existing_derivatives(trial),
            study_name=spec.name,
        )
    tell(f"plan: frozen on {plan.date}, sha256 {plan.hash[:12]}: {trial.output_dir / 'plan'}")
    if plan.results_before == "group":
        tell(
            "notice: results of the group level were there before the plan: the report marks them "
            "as exploratory"
        )
        if plan.blinds:
            tell(f"notice: {_labelled(trial, options)}")
    if plan.blinds:
        tell("plan: arms are blinded until --unblind")
    return plan


def _labelled(trial: Trial, options: RunOptions) -> str:
    """Say where labels of arms are in sight though a plan blinds them, and what to do."""
    group = trial.output_dir / "group"
    where = f"those results show the labels of arms ({group}, group.html, logs/CITATION.md)"
    replaced = options.analysis_level == "group"
    cure = (
        "if this run ends well it replaces them"
        if replaced and not nothing_yet(trial)
        else "run the group level again to replace them"
    )
    return f"{where}; {cure}; delete by hand what was copied elsewhere"


def unblind(trial: Trial, plan: Plan, *, tell: Tell) -> Plan:
    """Write down that labels of arms are shown from now on, before a run shows them.

    Parameters
    ----------
    trial : Trial
        Folders and study.
    plan : Plan
        The plan of the output folder.
    tell : callable
        Takes a line for the user.

    Returns
    -------
    Plan
        The plan with the date.

    Raises
    ------
    InputMissingError
        If there are no results to show labels in: then the plan stays blinded.
    """
    from bids_ketamine.outputs.plan import record_unblinding

    if plan.unblinded is not None:
        tell(f"plan: arms were unblinded already on {plan.unblinded}")
        return plan
    if not plan.order:
        tell("notice: --unblind changes nothing: the plan has no two arms")
        return plan
    if trial.study.spec.has_imaging and not has_results(trial.output_dir):
        raise InputMissingError(
            "There are no results of the participant level to show labels in; arms stay blinded.",
            path=trial.output_dir,
            cure="Run the participant level first.",
        )
    plan = record_unblinding(trial.output_dir, plan, trial.study.spec, date=now())
    tell(
        f"plan: arms are unblinded from {plan.unblinded} on, also if this run should fail: the "
        "date is written before it"
    )
    return plan


def has_results(output_dir: Path) -> bool:
    """Tell whether an output folder holds measures of the participant level."""
    return any(output_dir.glob("sub-*/**/*_measures.tsv"))


def nothing_yet(trial: Trial) -> bool:
    """Tell whether freezing is all that a run of the group level with ``--plan`` does.

    Parameters
    ----------
    trial : Trial
        Folders and study. Of a study with imaging, results of the participant level are what
        there is to show; of one of scores alone, those of a group level.
    """
    if trial.study.spec.has_imaging:
        return not has_results(trial.output_dir)
    return not has_group(trial.output_dir)


def has_group(output_dir: Path) -> bool:
    """Tell whether an output folder holds results of the group level."""
    return (output_dir / "group" / "group.json").exists()


def what_comes_next(trial: Trial) -> str:
    """Say what is to be run after the plan was frozen."""
    if trial.study.spec.has_imaging:
        return (
            "plan: there are no results yet; run the participant level next, then the group level"
        )
    return "plan: there are no results yet; run the group level next, without --plan"


def describe_output(trial: Trial) -> None:
    """Describe the output folder of a study that has no participant level as a dataset.

    Parameters
    ----------
    trial : Trial
        Folders and study.

    Raises
    ------
    CannotCreateError, ReadWriteError
        If it cannot be written.
    """
    from bids_ketamine.outputs.derivative import write_description

    write_description(
        trial.output_dir,
        bids_dir=trial.bids_dir,
        derivatives={},
        study_name=trial.study.spec.name,
    )


def existing_derivatives(trial: Trial) -> dict[str, Path]:
    """Return the derivative datasets that results may come from, for the description of the output.

    Parameters
    ----------
    trial : Trial
        Folders and study; one of scores alone comes from none.
    """
    imaging = trial.study.spec.has_imaging
    return {
        name: folder for name, folder in trial.derivatives.items() if imaging and folder.is_dir()
    }


def study_text(name_or_file: str) -> str:
    """Return the text of a preset or study file, every character as it is.

    Parameters
    ----------
    name_or_file : str
        As ``--study`` takes it; it was loaded already.
    """
    from bids_ketamine.study.load import preset_names

    if name_or_file in preset_names():
        preset = resources.files("bids_ketamine.study") / "presets" / f"{name_or_file}.yml"
        return preset.read_bytes().decode("utf-8")
    return Path(name_or_file).read_bytes().decode("utf-8")


def now() -> str:
    """Return the moment, UTC, as the plan writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
