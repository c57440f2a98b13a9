"""Sessions of :mod:`benchmarks.connectivity_speed`: simulated runs after their GLM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.glm.first_level import fit_task_run
from bids_ketamine.core.glm.task_fit import RunData, TaskFit
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.dataset.query import find_sessions
from bids_ketamine.dataset.tables import read_events
from bids_ketamine.demo.noise import autoregressive_noise
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.tasks import TASKS
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.contrasts import FittedRun, fitted_run
from bids_ketamine.interfaces.gppi_runs import InteractionRun, interaction_run
from bids_ketamine.interfaces.rsa_runs import PatternRun, pattern_run
from bids_ketamine.interfaces.runs import (
    ConfoundTable,
    chosen_nuisance,
    read_confound_table,
    reference_time,
    region_columns,
    run_facts,
)
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import GppiSpec, RegionsSpec, RsaSpec, StudySpec, TaskSpec
from bids_ketamine.study.task_names import event_columns, trial_types_of_matrix

SEED = 0
#: Columns of an fMRIPrep confounds table.
N_CONFOUNDS = 250
#: Signal of the series, and the standard deviation of their noise.
BASELINE, NOISE = 1000.0, 10.0


class Prepared(NamedTuple):
    """A run after its GLM."""

    run: RunInputs
    data: RunData
    voxels: list[np.ndarray]
    events: pd.DataFrame
    nuisance: Nuisance
    confounds: ConfoundTable
    fit: TaskFit
    fitted: FittedRun


class Sections(NamedTuple):
    """Sections of the study that are needed."""

    study: StudySpec
    gppi: GppiSpec
    rsa: RsaSpec
    regions: RegionsSpec


def sections_of(method: str) -> Sections:
    """Return the preset with a method of gPPI."""
    study = load_study("norbury2021").spec
    if study.gppi is None or study.rsa is None or study.regions is None:
        raise ValueError("a preset without gPPI, similarity or regions")
    return Sections(study, replace(study.gppi, method=method), study.rsa, study.regions)


def session_of(trial: Path, study: StudySpec) -> SessionInputs:
    """Find the session's files."""
    (session,) = find_sessions(
        bids_dir=trial,
        derivatives={"fmriprep": trial / "derivatives" / "fmriprep"},
        study=study,
        participant_labels=None,
        session_labels=["pre"],
        task_labels=None,
        filters=None,
        database_dir=None,
    )
    return session


def prepare(
    session: SessionInputs,
    task: TaskSpec,
    grid: Grid,
    regions: tuple[Region, ...],
    study: StudySpec,
) -> Prepared:
    """Simulate the series of a task's run and fit its GLM, as the app's step does."""
    (run,) = session.runs_of(task.label)
    columns = event_columns(task)
    if run.events is None or run.t_r is None:
        raise ValueError("a task run without events or repetition time")
    events = read_events(run.events, required=columns.required, numeric=columns.numeric)
    image = simulated_image(grid, n_scans=TASKS[task.label].n_volumes)
    confounds = read_confound_table(run, len(image.series))
    nuisance = chosen_nuisance(run, confounds, study.glm.confounds)
    places = region_columns(image, regions)
    data = RunData(image.series, image.global_means, places)
    fit = fit_task_run(
        data=data,
        events=events,
        nuisance=nuisance,
        t_r=run.t_r,
        reference_time=reference_time(run)[0],
        trial_type_column=task.trial_type_column,
        conditions=task.conditions,
        error_trials=task.error_trials,
        contrasts=task.contrasts,
        eigenvariates=task,
        model=study.glm,
    )
    facts = run_facts(
        run,
        nuisance,
        study_task=task.name,
        n_scans=len(image.series),
        smoothing_fwhm=None,
        residual_df=fit.noise.residual_df,
        notes=[],
        image=image,
    )
    usable = np.flatnonzero(image.usable)
    fitted = fitted_run(run, image, fit, facts=facts, impulses=frozenset())
    return Prepared(
        run, data, [usable[each] for each in places], events, nuisance, confounds, fit, fitted
    )


def simulated_image(grid: Grid, *, n_scans: int) -> RunImage:
    """Return autoregressive noise in every voxel of the brain, as a run that was read."""
    series = autoregressive_noise(
        n_volumes=n_scans,
        n_voxels=int(grid.brain.sum()),
        coefficient=ForwardModel().autocorrelation.value,
        generator=np.random.default_rng(SEED),
    )
    series *= np.float32(NOISE)
    series += np.float32(BASELINE)
    width = np.full(3, 5.0)
    return RunImage(
        grid=grid,
        usable=grid.brain,
        series=series,
        tsnr=grid.volume(np.full(series.shape[1], BASELINE / NOISE), grid.brain),
        global_means=series.mean(axis=1, dtype=np.float64),
        smoothness_before=width,
        smoothness_after=width,
    )


def interactions_of(prepared: Prepared, task: TaskSpec, sections: Sections) -> InteractionRun:
    """Make a run ready for gPPI, as the app's step does."""
    return interaction_run(
        prepared.run,
        prepared.fit,
        conditions=[each.name for each in task.conditions],
        gppi=sections.gppi,
        glm=sections.study.glm,
        nuisance=prepared.nuisance,
        confounds=prepared.confounds,
    )


def patterns_of(prepared: Prepared, task: TaskSpec, sections: Sections) -> PatternRun:
    """Model a run's patterns, as the app's step does."""
    return pattern_run(
        data=prepared.data,
        voxels=prepared.voxels,
        events=prepared.events,
        fit=prepared.fit,
        nuisance=prepared.nuisance,
        task=task,
        rsa=sections.rsa,
        glm=sections.study.glm,
        trial_types=trial_types_of_matrix(sections.rsa, task),
    )
