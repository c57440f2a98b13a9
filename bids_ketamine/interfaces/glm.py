"""Task GLM of a participant-session: load, fit each run, combine, save."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from nipype.interfaces.base import traits

from bids_ketamine.core.glm.first_level import TaskFit, fit_task_run
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.dataset.tables import read_events
from bids_ketamine.errors import BidsKetamineError, InputDataError
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.contrasts import UNIT, FittedRun, combine, contrast_rows, write_maps
from bids_ketamine.interfaces.runs import (
    own_segmentation,
    read_image,
    read_nuisance,
    reference_time,
    region_series,
    run_facts,
    write_quality,
)
from bids_ketamine.interfaces.step import Step, StepInputSpec, write_step
from bids_ketamine.outputs.patterns import output_name, run_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_table
from bids_ketamine.regions.locate import LocatedRegions, Region, locate_regions
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.spec import GlmSpec, InputsSpec, RegionsSpec, TaskSpec


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
        contrasts = [
            combine(contrast, fitted, settings.datasets) for contrast in settings.task.contrasts
        ]
        write_maps(folder, session.prefix, contrasts, noise_model=settings.glm.noise_model)
        rows = contrast_rows(
            contrasts,
            regions.regions,
            task=settings.task.name,
            method=f"nilearn GLM, {settings.glm.noise_model}",
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
    fit = _fit(run, image, nuisance, time, settings)
    _write_run(folder, prefix, run, image, fit, located.regions, time, settings)
    stem = run_stem(prefix, run.task, run.entities, run.run)
    sources = bids_uris(run.files, settings.datasets)
    write_quality(folder / output_name("quality", run=stem), nuisance, run.t_r, sources)
    notes = [*image.notes, *fit.events.dropped, *fit.design.dropped]
    notes += [f"not in contrast `{name}`: {reason}" for name, reason in fit.not_estimable.items()]
    notes += located.notes
    facts = run_facts(
        run,
        nuisance,
        study_task=settings.task.name,
        n_scans=len(image.series),
        smoothing_fwhm=fwhm,
        residual_df=fit.design.residual_df,
        notes=notes,
    )
    facts |= {
        "ReferenceTime": time,
        "ReferenceTimeOrigin": origin,
        "NoiseModel": settings.glm.noise_model,
        "ErrorTrials": fit.events.n_errors,
    }
    longest = fit.events.table.groupby("trial_type")["duration"].max()
    return FittedRun(
        run=run,
        grid=image.grid,
        usable=image.usable,
        tsnr=image.tsnr,
        estimates=fit.estimates,
        not_estimable=fit.not_estimable,
        facts=facts,
        impulses=frozenset(str(name) for name, duration in longest.items() if duration == 0),
    )


def _fit(
    run: RunInputs, image: RunImage, nuisance: Nuisance, time: float, settings: _Settings
) -> TaskFit:
    task, glm = settings.task, settings.glm
    if run.events is None or run.t_r is None:
        raise ValueError("a task run without events or repetition time")
    # Each column by the key of the study that names it, for the error of a missing one.
    required, numeric = {task.trial_type_column: f"tasks.{task.name}.trial_type_column"}, []
    if task.error_trials is not None:
        required[task.error_trials.column] = f"tasks.{task.name}.error_trials.column"
        numeric.append(task.error_trials.response_time_column)
    events = read_events(run.events, required=required, numeric=numeric)
    try:
        return fit_task_run(
            series=image.series,
            events=events,
            nuisance=nuisance.regressors,
            t_r=run.t_r,
            reference_time=time,
            trial_type_column=task.trial_type_column,
            conditions=task.conditions,
            error_trials=task.error_trials,
            contrasts={each.name: each.weights for each in task.contrasts},
            hrf_model=glm.hrf_model,
            high_pass_period=glm.high_pass_period,
            noise_model=glm.noise_model,
            minimum_residual_df=glm.minimum_residual_df,
        )
    except BidsKetamineError as error:
        error.path = error.path or run.events
        raise


def _write_run(
    folder: Path,
    prefix: str,
    run: RunInputs,
    image: RunImage,
    fit: TaskFit,
    regions: tuple[Region, ...],
    time: float,
    settings: _Settings,
) -> None:
    stem = run_stem(prefix, run.task, run.entities, run.run)
    shared = {
        "RepetitionTime": run.t_r,
        "ReferenceTime": time,
        "Sources": bids_uris(run.files, settings.datasets),
    }
    matrix = fit.design.matrix
    write_table(
        folder / output_name("design", run=stem),
        matrix,
        columns={str(name): {"Description": "Column of the design matrix"} for name in matrix},
        extra={
            "Conditions": list(fit.events.conditions),
            "Contrasts": {each.name: dict(each.weights) for each in settings.task.contrasts},
            "Dropped": [*fit.events.dropped, *fit.design.dropped],
            **shared,
        },
    )
    if regions:
        atlas = settings.regions.atlas
        write_table(
            folder / output_name("timeseries", run=stem, space=run.space, atlas=atlas),
            pd.DataFrame(
                region_series(image, fit.scaled, regions),
                columns=[region.name for region in regions],
            ),
            columns={
                region.name: {"Description": f"Mean over {region.origin}", "Units": UNIT}
                for region in regions
            },
            extra=shared,
        )
