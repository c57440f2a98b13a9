"""Task GLM of a participant-session: load, fit each run, combine, save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from nipype.interfaces.base import traits

from bids_ketamine.core.event_rules import ERROR_CONDITION
from bids_ketamine.core.glm.first_level import fit_task_run
from bids_ketamine.core.glm.task_fit import RunData, TaskFit
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.dataset.tables import read_events
from bids_ketamine.errors import BidsKetamineError, InputDataError, ProcessingError
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.activation import activation_rows
from bids_ketamine.interfaces.contrasts import FittedRun, combine, fitted_run, write_maps
from bids_ketamine.interfaces.glm_files import write_run
from bids_ketamine.interfaces.images import read_image
from bids_ketamine.interfaces.runs import (
    own_segmentation,
    read_nuisance,
    reference_time,
    region_columns,
    run_facts,
)
from bids_ketamine.interfaces.step import Step, StepInputSpec, write_step
from bids_ketamine.regions.locate import LocatedRegions, Region, locate_regions
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.spec import GlmSpec, InputsSpec, RegionsSpec, TaskSpec
from bids_ketamine.study.task_names import event_columns

#: Voxels under which a region's mean and eigenvariate rest on little.
FEW_VOXELS = 10


class TaskModelInputSpec(StepInputSpec):
    """Inputs of :class:`TaskModel`."""

    task = traits.Any(mandatory=True, desc="TaskSpec")
    glm = traits.Any(mandatory=True, desc="GlmSpec")
    regions = traits.Any(mandatory=True, desc="RegionsSpec")
    region_sources = traits.Any(mandatory=True, desc="RegionSource of each region")
    inputs = traits.Any(mandatory=True, desc="InputsSpec")


class _Settings(NamedTuple):
    """The sections of the study that a task depends on, and the datasets' names."""

    task: TaskSpec
    glm: GlmSpec
    regions: RegionsSpec
    region_sources: tuple[RegionSource, ...]
    inputs: InputsSpec
    datasets: Mapping[str, str]


class TaskModel(Step):
    """First-level GLM of all runs of a task, contrast maps and region means."""

    input_spec = TaskModelInputSpec

    def compute(self, folder: Path) -> None:
        """Fit every run and write designs, maps, region series and measures."""
        session: SessionInputs = self.inputs.session
        settings = _Settings(
            *(self.inputs.task, self.inputs.glm, self.inputs.regions, self.inputs.region_sources),
            *(self.inputs.inputs, self.inputs.sources),
        )
        fitted: list[FittedRun] = []
        regions = LocatedRegions((), ())
        grid: Grid | None = None
        runs = session.runs_of(settings.task.label)
        for run in runs:  # one run is in memory at a time
            image, fwhm = read_image(run, settings.inputs)
            if grid is None:
                grid = image.grid
                regions = locate_regions(
                    settings.region_sources, grid, own_segmentation=own_segmentation(runs)
                )
            elif not grid.same_as(image.grid):
                raise InputDataError("The runs of the task are on different grids.", path=run.bold)
            fitted.append(_fit_run(folder, session.prefix, run, image, fwhm, regions, settings))
            del image
        contrasts = [
            combine(
                contrast,
                fitted,
                settings.datasets,
                conditions=frozenset(
                    [ERROR_CONDITION, *(each.name for each in settings.task.conditions)]
                ),
            )
            for contrast in settings.task.contrasts
        ]
        write_maps(folder, session.prefix, contrasts, noise_model=settings.glm.noise_model)
        rows = activation_rows(
            contrasts,
            regions.regions,
            task=settings.task.name,
            noise_model=settings.glm.noise_model,
            region_methods=settings.glm.region_methods,
            minimum_coverage=settings.regions.minimum_coverage,
        )
        rows.to_pickle(folder / "rows.pkl")
        write_step(folder, {"Runs": [each.facts for each in fitted]})


def _fit_run(
    folder: Path,
    prefix: str,
    run: RunInputs,
    image: RunImage,
    fwhm: float | None,
    located: LocatedRegions,
    settings: _Settings,
) -> FittedRun:
    """Fit a run and write what belongs to it alone."""
    nuisance = read_nuisance(run, settings.glm.confounds, len(image.series))
    time, origin = reference_time(run)
    fit = _fit(run, image, nuisance, time, located.regions, settings)
    few = _small_regions(located.regions, region_columns(image, located.regions), fit.kept)
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
        "SamplingTime": fit.sampling_time,
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
    return fitted_run(run, image, fit, facts=facts, impulses=_impulses(settings.task, fit))


def _impulses(task: TaskSpec, fit: TaskFit) -> frozenset[str]:
    """Return the conditions whose events all have zero duration, by the study or the table."""
    longest = fit.events.table.groupby("trial_type")["duration"].max()
    stated = {rule.name: rule.duration for rule in task.conditions if rule.duration is not None}
    return frozenset(
        str(name) for name, duration in ({**longest} | stated).items() if duration == 0
    )


def _fit(
    run: RunInputs,
    image: RunImage,
    nuisance: Nuisance,
    time: float,
    regions: tuple[Region, ...],
    settings: _Settings,
) -> TaskFit:
    task = settings.task
    if run.events is None or run.t_r is None:
        raise ValueError("a task run without events or repetition time")
    columns = event_columns(task)
    events = read_events(run.events, required=columns.required, numeric=columns.numeric)
    try:
        return fit_task_run(
            data=RunData(image.series, image.global_means, region_columns(image, regions)),
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
