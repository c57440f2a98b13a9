"""One run of a task, modelled with every method while its series is in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.glm.first_level import fit_task_run
from bids_ketamine.core.glm.task_fit import RunData, TaskFit
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.dataset.tables import read_events
from bids_ketamine.errors import BidsKetamineError, ProcessingError
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.contrasts import FittedRun, fitted_run
from bids_ketamine.interfaces.dcm_runs import CircuitRun, circuit_run
from bids_ketamine.interfaces.glm_files import write_run
from bids_ketamine.interfaces.gppi_runs import InteractionRun, interaction_run
from bids_ketamine.interfaces.rsa_runs import PatternRun, pattern_run
from bids_ketamine.interfaces.runs import (
    chosen_nuisance,
    read_confound_table,
    reference_time,
    region_columns,
    run_facts,
)
from bids_ketamine.regions.locate import LocatedRegions, Region
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.spec import (
    DcmModelSpec,
    GlmSpec,
    GppiSpec,
    InputsSpec,
    RegionsSpec,
    RsaSpec,
    TaskSpec,
)
from bids_ketamine.study.task_names import event_columns, trial_types_of_matrix

#: Voxels under which a region's mean and eigenvariate rest on little.
FEW_VOXELS = 10


class TaskSettings(NamedTuple):
    """The sections of the study that a task depends on, and the datasets' names.

    Attributes
    ----------
    task, glm, regions, inputs
        Sections of the study.
    region_sources : tuple of RegionSource
        What its regions are made of.
    datasets : mapping of str to str
        Dataset name of each input folder.
    gppi, rsa : GppiSpec or None, RsaSpec or None
        Sections of the methods that the task is among.
    models : tuple of DcmModelSpec
        Dynamic causal models of the task.
    """

    task: TaskSpec
    glm: GlmSpec
    regions: RegionsSpec
    region_sources: tuple[RegionSource, ...]
    inputs: InputsSpec
    datasets: Mapping[str, str]
    gppi: GppiSpec | None
    rsa: RsaSpec | None
    models: tuple[DcmModelSpec, ...]


class RunResults(NamedTuple):
    """What the methods keep of a run when its series goes.

    Attributes
    ----------
    fitted : FittedRun
        Its GLM.
    interactions : InteractionRun or None
        For generalized PPI.
    patterns : PatternRun or None
        For pattern similarity.
    circuit : CircuitRun or None
        For dynamic causal models.
    empty : mapping of str to str
        Conditions without events, and why.
    """

    fitted: FittedRun
    interactions: InteractionRun | None
    patterns: PatternRun | None
    circuit: CircuitRun | None
    empty: Mapping[str, str]


def model_run(
    folder: Path,
    prefix: str,
    run: RunInputs,
    image: RunImage,
    fwhm: float | None,
    located: LocatedRegions,
    settings: TaskSettings,
) -> RunResults:
    """Model a run with every method, and write what belongs to it alone.

    Parameters
    ----------
    folder : Path
        Folder in the layout of the session's output.
    prefix : str
        Start of file names.
    run : RunInputs
        The run.
    image : RunImage
        Its series.
    fwhm : float or None
        Width of the smoothing applied here, mm.
    located : LocatedRegions
        Regions on its grid.
    settings : TaskSettings
        Sections of the study.

    Returns
    -------
    RunResults
        What is kept when the series goes.

    Raises
    ------
    InputMissingError, InputDataError, ProcessingError
        If a table of the run is not there or holds what it must not, or the run cannot be
        modelled.
    """
    confounds = read_confound_table(run, len(image.series))
    nuisance = chosen_nuisance(run, confounds, settings.glm.confounds)
    time, origin = reference_time(run)
    events = _events(run, settings.task)
    columns = region_columns(image, located.regions)
    data = RunData(image.series, image.global_means, columns)
    fit = _fit(run, data, events, nuisance, time, settings)
    few = _small_regions(located.regions, columns, fit.kept)
    notes = [*image.notes, *fit.events.dropped, *fit.design.dropped, *fit.notes]
    notes += [f"not in contrast `{name}`: {reason}" for name, reason in fit.not_estimable.items()]
    notes += [*located.notes, *few, *_eigenvariate_notes(fit, located.regions, settings.task)]
    facts = run_facts(
        run,
        nuisance,
        study_task=settings.task.name,
        n_scans=len(image.series),
        smoothing_fwhm=fwhm,
        residual_df=round(fit.noise.residual_df, 6),
        notes=notes,
        image=image,
    )
    facts |= {
        "ReferenceTime": time,
        "ReferenceTimeOrigin": origin,
        "SamplingTime": fit.sampling.time,
        "NoiseModel": settings.glm.noise_model,
        "VoxelsModelled": int(fit.kept.sum()),
        "VoxelsBelowThreshold": int((~fit.kept).sum()),
        "ErrorTrials": fit.events.n_errors,
    }
    write_run(
        folder,
        prefix,
        run,
        fit,
        nuisance=nuisance,
        regions=located.regions,
        task=settings.task,
        glm=settings.glm,
        atlas=settings.regions.atlas,
        datasets=settings.datasets,
        reference_time=time,
    )
    impulses = _impulses(settings.task, fit)
    fitted = fitted_run(run, image, fit, facts=facts, impulses=impulses)
    interactions = patterns = circuit = None
    if settings.gppi is not None:
        interactions = interaction_run(
            run,
            fit,
            conditions=[each.name for each in settings.task.conditions],
            gppi=settings.gppi,
            glm=settings.glm,
            nuisance=nuisance,
            confounds=confounds,
        )
    if settings.rsa is not None:
        usable = np.flatnonzero(image.usable)
        patterns = pattern_run(
            data=data,
            voxels=[usable[each] for each in columns],
            events=events,
            fit=fit,
            nuisance=nuisance,
            task=settings.task,
            rsa=settings.rsa,
            glm=settings.glm,
            trial_types=trial_types_of_matrix(settings.rsa, settings.task),
        )
    if settings.models:
        circuit = circuit_run(
            run,
            fit,
            models=settings.models,
            regions=located.regions,
            resolution=settings.glm.microtime_resolution,
            facts=facts,
            impulses=impulses,
        )
    return RunResults(fitted, interactions, patterns, circuit, fit.events.empty)


def _impulses(task: TaskSpec, fit: TaskFit) -> frozenset[str]:
    """Return the conditions whose events all have zero duration, by the study or the table."""
    longest = fit.events.table.groupby("trial_type")["duration"].max()
    stated = {rule.name: rule.duration for rule in task.conditions if rule.duration is not None}
    return frozenset(
        str(name) for name, duration in ({**longest} | stated).items() if duration == 0
    )


def _events(run: RunInputs, task: TaskSpec) -> pd.DataFrame:
    if run.events is None:
        raise ValueError("a task run without events")
    columns = event_columns(task)
    return read_events(run.events, required=columns.required, numeric=columns.numeric)


def _fit(
    run: RunInputs,
    data: RunData,
    events: pd.DataFrame,
    nuisance: Nuisance,
    time: float,
    settings: TaskSettings,
) -> TaskFit:
    task = settings.task
    if run.t_r is None:
        raise ValueError("a task run without repetition time")
    try:
        return fit_task_run(
            data=data,
            events=events,
            nuisance=nuisance,
            t_r=run.t_r,
            reference_time=time,
            trial_type_column=task.trial_type_column,
            conditions=task.conditions,
            error_trials=task.error_trials,
            contrasts=task.contrasts,
            eigenvariates=task,
            model=settings.glm,
        )
    except BidsKetamineError as error:
        at_fault = run.bold if isinstance(error, ProcessingError) else run.events
        error.path = error.path or at_fault
        raise


def _eigenvariate_notes(fit: TaskFit, regions: tuple[Region, ...], task: TaskSpec) -> list[str]:
    """Tell of regions whose eigenvariate the contrast that chooses its voxels leaves out."""
    contrast = task.eigenvariate_contrast
    if contrast is None or not fit.contrasts:
        return []
    if contrast in fit.not_estimable:
        return [f"no eigenvariates, since `{contrast}`, which chooses voxels, is not estimated"]
    counts = {
        region.name: 0 if found is None else len(found.weights)
        for region, found in zip(regions, fit.regions.eigenvariates, strict=True)
    }
    none = [name for name, count in counts.items() if not count]
    few = [f"{name} ({count})" for name, count in counts.items() if 0 < count < FEW_VOXELS]
    passing = f"passes `{contrast}` at p < {task.eigenvariate_p:g}"
    notes = [f"no eigenvariate, since no voxel {passing}: {', '.join(none)}"] if none else []
    if few:
        notes.append(
            f"eigenvariates of fewer than {FEW_VOXELS} voxels, since no other {passing}: "
            f"{', '.join(few)}"
        )
    return notes


def _small_regions(
    regions: tuple[Region, ...], columns: Sequence[np.ndarray], kept: np.ndarray
) -> list[str]:
    """Name regions of which hardly a voxel is modelled."""
    counts = {
        region.name: int(kept[own].sum()) for region, own in zip(regions, columns, strict=True)
    }
    return [
        f"{name}: {count} voxels are modelled; a mean over fewer than {FEW_VOXELS} rests on little"
        for name, count in counts.items()
        if 0 < count < FEW_VOXELS
    ]
