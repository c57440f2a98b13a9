"""Task GLM of a participant-session: load, fit each run, combine, save."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from nipype.interfaces.base import traits

from bids_ketamine._version import __version__
from bids_ketamine.core.glm.first_level import TaskFit, fit_task_run
from bids_ketamine.core.glm.regression import ContrastEstimate, combine_runs
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.dataset.tables import read_events
from bids_ketamine.errors import BidsKetamineError, InputDataError
from bids_ketamine.images import Grid, Region, RunImage, locate_regions, save_map
from bids_ketamine.interfaces.runs import (
    mean_in,
    read_image,
    read_nuisance,
    reference_time,
    region_series,
    run_facts,
    write_quality,
)
from bids_ketamine.interfaces.step import Step, StepInputSpec, write_step
from bids_ketamine.outputs.patterns import output_name, run_stem, task_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_json, write_table
from bids_ketamine.study.spec import GlmSpec, InputsSpec, RegionsSpec, TaskSpec

STATISTICS = ("effect", "variance", "t", "z")
UNIT = "percent of the grand mean"


class TaskModelInputSpec(StepInputSpec):
    """Inputs of :class:`TaskModel`."""

    task = traits.Any(mandatory=True, desc="TaskSpec")
    glm = traits.Any(mandatory=True, desc="GlmSpec")
    regions = traits.Any(mandatory=True, desc="RegionsSpec")
    inputs = traits.Any(mandatory=True, desc="InputsSpec")


class TaskModel(Step):
    """First-level GLM of all runs of a task, contrast maps and region means."""

    input_spec = TaskModelInputSpec

    def compute(self, folder: Path) -> None:
        """Fit every run and write designs, maps, region series and measures."""
        session: SessionInputs = self.inputs.session
        task: TaskSpec = self.inputs.task
        runs = session.runs_of(task.label)
        combined = _Combined(
            task, self.inputs.glm, self.inputs.regions, self.inputs.inputs, self.inputs.sources
        )
        for run in runs:
            combined.add(folder, session, run)
        combined.write_maps(folder, session, runs[0])
        rows = combined.measures()
        rows.to_pickle(folder / "rows.pkl")
        write_step(folder, {"Runs": combined.facts})


class _Combined:
    """The runs of a task, fitted one after the other so that one is in memory at a time."""

    def __init__(
        self,
        task: TaskSpec,
        glm: GlmSpec,
        regions: RegionsSpec,
        inputs: InputsSpec,
        datasets: Mapping[str, str],
    ) -> None:
        self.task = task
        self.glm = glm
        self.regions_spec = regions
        self.inputs = inputs
        self.datasets = datasets
        self.files: list[Path] = []
        self.grid: Grid | None = None
        self.regions: tuple[Region, ...] = ()
        self.tsnr: list[np.ndarray] = []
        self.estimates: dict[str, list[tuple[np.ndarray, ContrastEstimate]]] = {
            contrast.name: [] for contrast in task.contrasts
        }
        self.reasons: dict[str, list[str]] = {contrast.name: [] for contrast in task.contrasts}
        self.facts: list[dict[str, Any]] = []

    def add(self, folder: Path, session: SessionInputs, run: RunInputs) -> None:
        """Fit a run and write what belongs to it alone."""
        self.files += run.files
        image, fwhm = read_image(run, self.inputs)
        if self.grid is None:
            self.grid = image.grid
            self.regions = locate_regions(self.regions_spec.definitions, image.grid)
        elif not self.grid.same_as(image.grid):
            raise InputDataError("The runs of the task are on different grids.", path=run.bold)
        nuisance = read_nuisance(run, self.glm.confounds, len(image.series))
        fit, time, origin = self._fit(run, image, nuisance.regressors)
        for name, estimate in fit.estimates.items():
            self.estimates[name].append((image.usable, estimate))
        for name, reason in fit.not_estimable.items():
            where = "" if run.run is None else f"run {run.run}: "
            self.reasons[name].append(f"{where}{reason}")
        self.tsnr.append(image.tsnr)
        notes = [*fit.events.dropped, *fit.design.dropped]
        notes += [
            f"not in contrast `{name}`: {reason}" for name, reason in fit.not_estimable.items()
        ]
        notes += [region.note for region in self.regions if region.note]
        facts = run_facts(
            run,
            nuisance,
            study_task=self.task.name,
            n_scans=len(image.series),
            smoothing_fwhm=fwhm,
            residual_df=fit.design.residual_df,
            notes=notes,
        )
        facts |= {
            "ReferenceTime": time,
            "ReferenceTimeOrigin": origin,
            "NoiseModel": self.glm.noise_model,
            "ErrorTrials": fit.events.n_errors,
        }
        self.facts.append(facts)
        self._write_run(folder, session, run, image, fit, time)
        stem = run_stem(session.prefix, run.task, run.entities, run.run)
        sources = bids_uris(run.files, self.datasets)
        write_quality(folder / output_name("quality", run=stem), nuisance, run.t_r, sources)

    def _fit(
        self, run: RunInputs, image: RunImage, nuisance: pd.DataFrame
    ) -> tuple[TaskFit, float, str]:
        task, glm = self.task, self.glm
        if run.events is None or run.t_r is None:
            raise ValueError("a task run without events or repetition time")
        time, origin = reference_time(run)
        required, numeric = [task.trial_type_column], []
        if task.error_trials is not None:
            required.append(task.error_trials.column)
            numeric.append(task.error_trials.response_time_column)
        events = read_events(run.events, required=required, numeric=numeric)
        try:
            fit = fit_task_run(
                series=image.series,
                events=events,
                nuisance=nuisance,
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
            error.path = error.path or run.bold
            raise
        return fit, time, origin

    def _write_run(
        self,
        folder: Path,
        session: SessionInputs,
        run: RunInputs,
        image: RunImage,
        fit: TaskFit,
        time: float,
    ) -> None:
        stem = run_stem(session.prefix, run.task, run.entities, run.run)
        matrix = fit.design.matrix
        sources = bids_uris(run.files, self.datasets)
        write_table(
            folder / output_name("design", run=stem),
            matrix,
            columns={str(name): {"Description": "Column of the design matrix"} for name in matrix},
            extra={
                "RepetitionTime": run.t_r,
                "ReferenceTime": time,
                "Conditions": list(fit.events.conditions),
                "Contrasts": {each.name: dict(each.weights) for each in self.task.contrasts},
                "Dropped": [*fit.events.dropped, *fit.design.dropped],
                "Sources": sources,
            },
        )
        if self.regions:
            series = region_series(image, fit.scaled, self.regions)
            write_table(
                folder
                / output_name(
                    "timeseries", run=stem, space=run.space, atlas=self.regions_spec.atlas
                ),
                pd.DataFrame(series, columns=[region.name for region in self.regions]),
                columns={
                    region.name: {"Description": "Mean over the region", "Units": UNIT}
                    for region in self.regions
                },
                extra={"RepetitionTime": run.t_r, "StartTime": time, "Sources": sources},
            )

    def _combine(self, name: str) -> dict[str, np.ndarray] | None:
        """Combine the runs that could be estimated, where all of them have signal."""
        parts = self.estimates[name]
        if not parts or self.grid is None:
            return None
        common = np.logical_and.reduce([usable for usable, _ in parts])
        estimate = combine_runs(
            [
                ContrastEstimate(
                    each.effect[common[usable]], each.variance[common[usable]], each.residual_df
                )
                for usable, each in parts
            ]
        )
        values = {"effect": estimate.effect, "variance": estimate.variance}
        values |= {"t": estimate.t, "z": estimate.z}
        return {stat: self.grid.volume(values[stat], common) for stat in STATISTICS}

    def write_maps(self, folder: Path, session: SessionInputs, run: RunInputs) -> None:
        """Write the maps of every contrast that a run could estimate."""
        self.maps = {name: self._combine(name) for name in self.estimates}
        stem = task_stem(session.prefix, run.task, run.entities)
        for name, volumes in self.maps.items():
            if volumes is None or self.grid is None:
                continue
            for stat, volume in volumes.items():
                path = folder / output_name(
                    "statmap", task=stem, space=run.space, contrast=name, stat=stat
                )
                save_map(volume, self.grid.affine, path)
                contrast = next(each for each in self.task.contrasts if each.name == name)
                write_json(
                    path.with_name(path.name.replace(".nii.gz", ".json")),
                    {
                        "Description": f"{stat} of the contrast {name}, runs combined",
                        "Weights": dict(contrast.weights),
                        "Units": {"effect": UNIT, "variance": f"({UNIT})^2"}.get(stat, "arbitrary"),
                        "NoiseModel": self.glm.noise_model,
                        "DegreesOfFreedom": self.residual_df(name),
                        "Runs": len(self.estimates[name]),
                        "Sources": bids_uris(self.files, self.datasets),
                    },
                )

    def residual_df(self, name: str) -> int:
        """Return the residual degrees of freedom of a contrast over the runs in it."""
        return int(sum(estimate.residual_df for _, estimate in self.estimates[name]))

    def measures(self) -> pd.DataFrame:
        """Return a row for each contrast and region."""
        fds = [facts["MeanFramewiseDisplacement"] for facts in self.facts]
        known = [fd for fd in fds if fd is not None]
        minimum = self.regions_spec.minimum_coverage
        usable = np.logical_and.reduce([np.isfinite(tsnr) for tsnr in self.tsnr])
        tsnr = np.mean(self.tsnr, axis=0)
        rows = []
        for name, volumes in self.maps.items():
            for region in self.regions:
                coverage = region.coverage(usable)
                value, reason = float("nan"), ""
                if volumes is None:
                    reason = "; ".join(self.reasons[name])
                elif coverage < minimum:
                    reason = f"coverage {coverage:.0%} is under {minimum:.0%}"
                else:
                    value = mean_in(volumes["effect"], region)
                rows.append(
                    {
                        "measure": "activation",
                        "task": self.task.name,
                        "contrast": name,
                        "regions": region.name,
                        "value": value,
                        "unit": UNIT,
                        "mean_fd": float(np.mean(known)) if known else float("nan"),
                        "n_volumes": sum(facts["Volumes"] for facts in self.facts),
                        "n_volumes_kept": sum(facts["VolumesKept"] for facts in self.facts),
                        "residual_df": self.residual_df(name),
                        "coverage": coverage,
                        "tsnr": mean_in(tsnr, region),
                        "method": f"nilearn GLM, {self.glm.noise_model}",
                        "version": __version__,
                        "reason": reason,
                    }
                )
        return pd.DataFrame(rows)
