"""Where a trial's data are and what is to be made of them, checked before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli.guards import check_input, check_output
from bids_ketamine.cli.options import RunOptions
from bids_ketamine.errors import InputMissingError, UsageError

if TYPE_CHECKING:
    from bids_ketamine.study.load import Study
    from bids_ketamine.study.spec import StudySpec


@dataclass(frozen=True)
class Trial:
    """A trial and its study.

    Attributes
    ----------
    bids_dir, output_dir : Path
        Raw dataset and folder of results.
    derivatives : mapping of str to Path
        Derivative datasets by name.
    study : Study
        The study.
    """

    bids_dir: Path
    output_dir: Path
    derivatives: Mapping[str, Path]
    study: Study


def open_trial(options: RunOptions) -> Trial:
    """Load the study and check the folders of a command line; nothing is written.

    Parameters
    ----------
    options : RunOptions
        The command line.

    Raises
    ------
    BidsKetamineError
        If the study has problems, an input is not there, or the output folder cannot be used.
    """
    from bids_ketamine.study.load import load_study

    study = load_study(options.study)
    bids_dir, output_dir = options.bids_dir.absolute(), options.output_dir.absolute()
    chosen = {name: folder.absolute() for name, folder in options.derivatives}
    derivatives = chosen or {"fmriprep": bids_dir / "derivatives" / "fmriprep"}
    _check_level(options, study.spec)
    reads_derivatives = options.analysis_level == "participant" and not (
        options.reports_only or options.boilerplate_only
    )
    check_input(
        bids_dir,
        derivatives=derivatives if reads_derivatives else {},
        skip_validation=options.skip_bids_validation,
    )
    check_output(output_dir, bids_dir=bids_dir, derivatives=derivatives)
    # A study of scores alone starts at the group level, and a plan comes before any results.
    starts_here = options.analysis_level == "group" and not options.reports_only
    starts_here = starts_here and (options.plan or not study.spec.has_imaging)
    needs_results = not (reads_derivatives or options.boilerplate_only or starts_here)
    if needs_results and not output_dir.is_dir():
        level = "participant" if study.spec.has_imaging else "group"
        raise InputMissingError(
            f"There are no results of the {level} level: the folder does not exist.",
            path=output_dir,
            cure=f"Run the {level} level first, or correct OUTPUT_DIR.",
        )
    return Trial(bids_dir=bids_dir, output_dir=output_dir, derivatives=derivatives, study=study)


def _check_level(options: RunOptions, spec: StudySpec) -> None:
    """Refuse a participant level that has nothing to do."""
    if options.analysis_level == "participant" and not spec.has_imaging:
        raise UsageError(
            f"The study `{spec.name}` has nothing for the participant level: no task and no rest.",
            cure="Run the group level, which needs no participant level for clinical scores.",
        )
