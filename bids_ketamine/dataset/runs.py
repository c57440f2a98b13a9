"""Usable runs of a session and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bids_ketamine.dataset.aroma import AromaFiles, find_aroma
from bids_ketamine.dataset.companions import (
    Companion,
    find_confounds,
    find_events,
    find_mask,
    find_timing,
    missing_companion,
)
from bids_ketamine.dataset.dense_series import reads_dense
from bids_ketamine.dataset.dialects import is_aroma_denoised
from bids_ketamine.dataset.filters import FileFilter
from bids_ketamine.dataset.inputs import Missing, RunInputs
from bids_ketamine.dataset.metadata import read_metadata
from bids_ketamine.dataset.names import DatasetFile, in_bids_order
from bids_ketamine.dataset.segmentation import find_aseg
from bids_ketamine.dataset.series import find_bold, find_timeseries
from bids_ketamine.dataset.session_files import DENSE_EXTENSION, DERIVED_ENTITIES, SessionFiles
from bids_ketamine.dataset.sidecars import stated_smoothing
from bids_ketamine.dataset.wanted import (
    WantedTask,
    interactions_need_confounds,
    needs_confounds,
)
from bids_ketamine.dataset.xcpd_files import XcpdFiles, find_xcpd_files
from bids_ketamine.study.spec import InputsSpec

#: Entities that stand elsewhere in output names, or not at all.
_NOT_KEPT = DERIVED_ENTITIES | {"sub", "ses", "task", "run"}

#: Why a task of a study that reads CIFTI series has no run.
VOLUMES_ONLY = (
    "first-level models are fitted to volumes, and the study reads CIFTI series (inputs.space is "
    "fsLR): only resting connectivity reads those"
)

#: Why a CIFTI series has no run where the study denoises series here.
NOT_DENOISED = "noise components are taken out of volumes, not of CIFTI: set inputs.aroma to none"

#: What is missing where generalized PPI alone reads the confounds table.
OF_INTERACTIONS = "confounds of generalized PPI"


def find_runs(
    session: SessionFiles,
    *,
    tasks: Sequence[WantedTask],
    inputs: InputsSpec,
    filters: Mapping[str, FileFilter],
) -> tuple[tuple[RunInputs, ...], tuple[Missing, ...]]:
    """Find the runs of a session that can be used.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    tasks : sequence of WantedTask
        What the study asks.
    inputs : InputsSpec
        Which derivatives are read.
    filters : mapping of str to FileFilter
        Conditions by kind of file.

    Returns
    -------
    runs : tuple of RunInputs
        Usable runs, by task and run.
    missing : tuple of Missing
        What is not there or cannot be used, and why.
    """
    runs: list[RunInputs] = []
    missing: list[Missing] = []
    for task in tasks:
        if task.events and reads_dense(inputs):
            missing.append(Missing(f"{task.name}: bold", VOLUMES_ONLY))
            continue
        if task.timeseries:
            found = find_timeseries(session, task, inputs, filters["timeseries"])
        else:
            found = find_bold(session, task, inputs, filters["bold"])
        missing.extend(found.missing)
        for series in found.files:
            run: RunInputs | None
            if task.timeseries:
                run, problems = _timeseries_run(session, series, task, filters)
            else:
                run, problems = _image_run(session, series, task, inputs, filters)
            missing.extend(problems)
            if run is not None:
                runs.append(run)
    return tuple(runs), tuple(missing)


def _image_run(
    session: SessionFiles,
    bold: DatasetFile,
    task: WantedTask,
    inputs: InputsSpec,
    filters: Mapping[str, FileFilter],
) -> tuple[RunInputs | None, list[Missing]]:
    description = bold.get("desc") or ""
    mask = Companion(None)
    if bold.extension != DENSE_EXTENSION:
        mask = find_mask(session, bold, filters["mask"])
    confounds = find_confounds(session, bold, filters["confounds"])
    events = Companion(None)
    if task.events:
        events = find_events(session, bold, filters["events"])
    timing = find_timing(session, bold)
    aroma, aroma_notes, aroma_problem = _aroma(session, bold, inputs)
    problems = [
        missing_companion(task.name, kind, companion)
        for kind, companion in (("mask", mask), ("events", events))
        if companion.reason is not None
    ]
    if aroma_problem is not None:
        problems.append(Missing(f"{task.name}: ICA-AROMA", aroma_problem))
    usable = not problems
    if confounds.reason is not None:
        denoised = is_aroma_denoised(description) or aroma is not None
        problems += _without_confounds(task, confounds, aroma_denoised=denoised)
        usable = usable and not needs_confounds(task, aroma_denoised=denoised)
    if timing.reason is not None:
        problems.append(Missing(f"{task.name}: RepetitionTime", timing.reason))
        usable = False
    aseg = Companion(None)
    if task.aseg or task.cortex:
        aseg = find_aseg(session, bold, filters["aseg"])
    if aseg.reason is not None and (task.aseg or not aseg.absent):
        # Only the regions that are made of it go missing.
        problems.append(missing_companion(task.name, "aseg", aseg))
    elif aseg.note is not None:  # of a file that is used
        # A kind of its own: nothing goes missing.
        problems.append(Missing(f"{task.name}: aseg of another session", aseg.note))
    if not usable:
        return None, problems
    sidecars = read_metadata(bold, session.derivatives.get(bold.dataset, ()), suffix=bold.suffix)
    smoothing = stated_smoothing(description, sidecars.values)
    run = RunInputs(
        task=task.label,
        run=bold.get("run"),
        bold=bold.path,
        mask=mask.path,
        confounds=confounds.path,
        events=events.path,
        timeseries=None,
        description=description,
        space=bold.get("space") or "",
        t_r=timing.t_r,
        start_time=timing.start_time,
        slice_timing_corrected=timing.slice_timing_corrected,
        entities=_kept(bold),
        notes=(*timing.notes, *smoothing.notes, *aroma_notes),
        aseg=aseg.path,
        aroma_mixing=None if aroma is None else aroma.mixing.path,
        aroma_noise=None if aroma is None else aroma.noise.path,
        smoothed=smoothing.smoothed,
        stated_fwhm=smoothing.fwhm,
    )
    return run, problems


def _without_confounds(
    task: WantedTask, confounds: Companion, *, aroma_denoised: bool
) -> list[Missing]:
    """Say what the lack of a confounds table means: no run, no generalized PPI, or nothing."""
    if needs_confounds(task, aroma_denoised=aroma_denoised) or not confounds.absent:
        return [missing_companion(task.name, "confounds", confounds)]
    names = interactions_need_confounds(task, aroma_denoised=aroma_denoised)
    return [missing_companion(name, OF_INTERACTIONS, confounds) for name in names]


def _aroma(
    session: SessionFiles, bold: DatasetFile, inputs: InputsSpec
) -> tuple[AromaFiles | None, tuple[str, ...], str | None]:
    """Return the files with which a series is denoised here, a note where there are none.

    The third is why files that are there cannot be used: the run is then left out, for it would
    not be what the study asks for.
    """
    if inputs.aroma == "none" or is_aroma_denoised(bold.get("desc") or ""):
        return None, (), None
    if bold.extension == DENSE_EXTENSION:
        return None, (), NOT_DENOISED
    found = find_aroma(session, bold)
    if found.complete:
        return found, (), None
    lacking = [each for each in (found.mixing, found.noise) if each.reason is not None]
    reasons = " and ".join(each.reason or "" for each in lacking)
    if all(each.absent for each in lacking):
        return None, (f"not denoised with ICA-AROMA: {reasons}",), None
    return None, (), reasons


def _timeseries_run(
    session: SessionFiles,
    series: DatasetFile,
    task: WantedTask,
    filters: Mapping[str, FileFilter],
) -> tuple[RunInputs | None, list[Missing]]:
    """Region time series need nothing else; confounds, where they are, tell the motion."""
    xcpd = find_xcpd_files(session, series)
    problems = [
        missing_companion(task.name, f"{kind} of XCP-D", each)
        for kind, each in (("outliers", xcpd.outliers), *_less_needed(xcpd))
        if each.reason is not None
    ]
    if xcpd.outliers.reason is not None:
        # Without it, rows of the series cannot be told from volumes.
        return None, problems
    timing = find_timing(session, series)
    confounds: Path | None = find_confounds(session, series, filters["confounds"]).path
    run = RunInputs(
        task=task.label,
        run=series.get("run"),
        bold=None,
        mask=None,
        confounds=confounds,
        events=None,
        timeseries=series.path,
        description=series.get("desc") or "",
        space=series.get("space") or "",
        t_r=timing.t_r,
        start_time=timing.start_time,
        slice_timing_corrected=timing.slice_timing_corrected,
        entities=_kept(series),
        xcpd=xcpd,
    )
    return run, problems


def _less_needed(xcpd: XcpdFiles) -> tuple[tuple[str, Companion], ...]:
    return ("motion", xcpd.motion), ("coverage", xcpd.coverage)


def _kept(file: DatasetFile) -> tuple[tuple[str, str], ...]:
    return in_bids_order(
        {key: value for key, value in file.entities.items() if key not in _NOT_KEPT}
    )
