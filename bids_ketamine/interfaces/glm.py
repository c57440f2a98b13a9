"""Task GLM of a participant-session: load, fit each run, combine, save."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from nipype.interfaces.base import traits

from bids_ketamine.core.event_rules import ERROR_CONDITION
from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.grid import Grid
from bids_ketamine.interfaces.activation import activation_rows
from bids_ketamine.interfaces.contrasts import combine, write_maps
from bids_ketamine.interfaces.dcm_runs import circuit_task, write_circuits
from bids_ketamine.interfaces.gppi import gppi_rows
from bids_ketamine.interfaces.images import read_image
from bids_ketamine.interfaces.rsa import rsa_rows
from bids_ketamine.interfaces.runs import own_segmentation
from bids_ketamine.interfaces.step import Step, StepInputSpec, write_step
from bids_ketamine.interfaces.task_run import RunResults, TaskSettings, model_run
from bids_ketamine.outputs.measures import MEASURE_COLUMNS
from bids_ketamine.regions.locate import LocatedRegions, Region, locate_regions


class TaskModelInputSpec(StepInputSpec):
    """Inputs of :class:`TaskModel`."""

    task = traits.Any(mandatory=True, desc="TaskSpec")
    glm = traits.Any(mandatory=True, desc="GlmSpec")
    gppi = traits.Any(desc="GppiSpec, if the task is among its tasks")
    rsa = traits.Any(desc="RsaSpec, if the task is its task")
    models = traits.Any((), usedefault=True, desc="DcmModelSpec of the task's models")
    regions = traits.Any(mandatory=True, desc="RegionsSpec")
    region_sources = traits.Any(mandatory=True, desc="RegionSource of each region")
    inputs = traits.Any(mandatory=True, desc="InputsSpec")


class TaskModel(Step):
    """Everything that is made of a task's series: GLM, generalized PPI, pattern similarity.

    One step, so that series are read once. Dynamic causal models have one of their own, which
    finds in the folder what they need of the runs.
    """

    input_spec = TaskModelInputSpec

    def compute(self, folder: Path) -> None:
        """Fit every run and write designs, maps, region series and measures."""
        session: SessionInputs = self.inputs.session
        settings = TaskSettings(
            task=self.inputs.task,
            glm=self.inputs.glm,
            regions=self.inputs.regions,
            region_sources=self.inputs.region_sources,
            inputs=self.inputs.inputs,
            datasets=self.inputs.sources,
            gppi=self.inputs.gppi,
            rsa=self.inputs.rsa,
            models=tuple(self.inputs.models),
        )
        results: list[RunResults] = []
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
            results.append(model_run(folder, session.prefix, run, image, fwhm, regions, settings))
            del image
        rows = _joined(folder, session.prefix, results, regions.regions, settings)
        rows.to_pickle(folder / "rows.pkl")
        _leave_for_models(folder, session.prefix, results, regions.regions, settings)
        write_step(folder, {"Runs": [each.fitted.facts for each in results]})


def _leave_for_models(
    folder: Path,
    prefix: str,
    results: Sequence[RunResults],
    regions: tuple[Region, ...],
    settings: TaskSettings,
) -> None:
    """Leave what the task's dynamic causal models are estimated from, for a step of their own."""
    circuits = [each.circuit for each in results if each.circuit is not None]
    if not circuits:
        return
    joined = circuit_task(
        prefix,
        circuits,
        fitted=[each.fitted for each in results],
        models=settings.models,
        located=regions,
        task=settings.task,
        regions=settings.regions,
        resolution=settings.glm.microtime_resolution,
    )
    write_circuits(folder, joined)


def _joined(
    folder: Path,
    prefix: str,
    results: Sequence[RunResults],
    regions: tuple[Region, ...],
    settings: TaskSettings,
) -> pd.DataFrame:
    """Join the runs method by method, write what belongs to all, and return the measures."""
    task = settings.task
    fitted = [each.fitted for each in results]
    conditions = frozenset([ERROR_CONDITION, *(each.name for each in task.conditions)])
    contrasts = [
        combine(contrast, fitted, settings.datasets, conditions=conditions)
        for contrast in task.contrasts
    ]
    write_maps(folder, prefix, contrasts, noise_model=settings.glm.noise_model)
    rows = [
        activation_rows(
            contrasts,
            regions,
            task=task.name,
            noise_model=settings.glm.noise_model,
            region_methods=settings.glm.region_methods,
            minimum_coverage=settings.regions.minimum_coverage,
        )
    ]
    interactions = [each.interactions for each in results if each.interactions is not None]
    if settings.gppi is not None and interactions and regions:
        everywhere = set.intersection(*(set(each.empty) for each in results))
        rows.append(
            gppi_rows(
                folder,
                prefix,
                interactions,
                fitted=fitted,
                regions=regions,
                task=task,
                gppi=settings.gppi,
                empty={name: results[0].empty[name] for name in everywhere},
                atlas=settings.regions.atlas,
                minimum_coverage=settings.regions.minimum_coverage,
                datasets=settings.datasets,
            )
        )
    patterns = [each.patterns for each in results if each.patterns is not None]
    if settings.rsa is not None and patterns and regions:
        rows.append(
            rsa_rows(
                folder,
                prefix,
                patterns,
                fitted=fitted,
                regions=regions,
                task=task,
                rsa=settings.rsa,
                atlas=settings.regions.atlas,
                minimum_coverage=settings.regions.minimum_coverage,
                datasets=settings.datasets,
            )
        )
    filled = [each for each in rows if len(each)]
    if not filled:  # F contrasts alone, or no regions of images
        return pd.DataFrame(columns=list(MEASURE_COLUMNS))
    return pd.concat(filled, ignore_index=True)
