"""What dynamic causal models keep of a task's runs when their series go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.core.event_rules import ERROR_CONDITION
from bids_ketamine.core.glm.design_matrix import CONSTANT
from bids_ketamine.core.glm.task_fit import TaskFit
from bids_ketamine.core.glm.voxel_series import column_space
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.interfaces.contrasts import FittedRun
from bids_ketamine.interfaces.microtime_inputs import microtime_inputs, microtime_sampling
from bids_ketamine.interfaces.region_reasons import (
    below_threshold_words,
    no_eigenvariate,
    region_reason,
)
from bids_ketamine.interfaces.runs import region_quality
from bids_ketamine.outputs.patterns import task_stem
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.dcm_names import inputs_of
from bids_ketamine.study.spec import DcmModelSpec, RegionsSpec, TaskSpec

#: Where a task's step leaves its runs for the models.
CIRCUIT_FILE = "circuit_runs.pkl"


class CircuitRun(NamedTuple):
    """A run of a task, for its dynamic causal models.

    Attributes
    ----------
    label : str
        ``run`` entity; 1 where there is none.
    files : tuple of Path
        Files of the run.
    facts : mapping
        What the sidecar says of it.
    series : ndarray of shape (n_scans, n_regions)
        First eigenvariates, percent of the grand mean; zeros for a region that has none.
    voxels : ndarray of int, shape (n_regions,)
        Voxels of each eigenvariate; 0 for a region that has none.
    confounds : ndarray of shape (n_scans, 1 + n_drifts)
        Constant, whitened and filtered as the series are, and the cosines of the high-pass filter.
    filter : ndarray of shape (n_scans, n_scans) or None
        What the eigenvariates were multiplied with: whitening, high-pass filter, nuisance.
    inputs : ndarray of shape (n_scans * microtime_resolution, n_conditions)
        Events of each condition on the microtime grid, from the first volume on.
    empty : mapping of str to str
        Conditions without events within the run, and why.
    impulses : frozenset of str
        Conditions whose events all have zero duration: their input has unit area.
    t_r : float
        Repetition time, s.
    delay : float
        Time within a volume at which the GLM's regressors are sampled, to the end of its bin, s.
    residual_df : int
        Volumes minus what the eigenvariates are adjusted and filtered for.
    reason : str
        Why the run gives no series at all.
    """

    label: str
    files: tuple[Path, ...]
    facts: Mapping[str, Any]
    series: np.ndarray
    voxels: np.ndarray
    confounds: np.ndarray
    filter: np.ndarray | None
    inputs: np.ndarray
    empty: Mapping[str, str]
    impulses: frozenset[str]
    t_r: float
    delay: float
    residual_df: int
    reason: str


class CircuitTask(NamedTuple):
    """A task of a session, for its dynamic causal models.

    Attributes
    ----------
    task : str
        Its name in the study.
    runs : tuple of CircuitRun
        Its runs.
    regions : tuple of str
        Regions of all its models, columns of the series.
    conditions : tuple of str
        Conditions of all its models, columns of the inputs.
    region_reasons : tuple of str
        Why a region cannot enter a model; empty where it can.
    quality : RegionQuality
        Coverage and temporal signal-to-noise ratio of the regions over the runs that give series.
    microtime_resolution : int
        Bins a repetition time.
    names : mapping of str to str
        Parts of file names: task, space, atlas.
    """

    task: str
    runs: tuple[CircuitRun, ...]
    regions: tuple[str, ...]
    conditions: tuple[str, ...]
    region_reasons: tuple[str, ...]
    quality: RegionQuality
    microtime_resolution: int
    names: Mapping[str, str]


def write_circuits(folder: Path, circuits: CircuitTask) -> None:
    """Leave what a task's models are estimated from in the folder of its step."""
    pd.to_pickle(circuits, folder / CIRCUIT_FILE)  # type: ignore[attr-defined]  # not in its stubs


def read_circuits(folder: Path) -> CircuitTask:
    """Read what the step of a task has left for its models."""
    found: CircuitTask = pd.read_pickle(folder / CIRCUIT_FILE)
    return found


def regions_of_models(models: Sequence[DcmModelSpec]) -> tuple[str, ...]:
    """Return the regions of some models, each once."""
    return tuple(dict.fromkeys(name for model in models for name in model.regions))


def conditions_of_models(models: Sequence[DcmModelSpec]) -> tuple[str, ...]:
    """Return the conditions that the inputs of some models are made of, each once."""
    return tuple(
        dict.fromkeys(
            name for model in models for names in inputs_of(model).values() for name in names
        )
    )


def circuit_run(
    run: RunInputs,
    fit: TaskFit,
    *,
    models: Sequence[DcmModelSpec],
    regions: Sequence[Region],
    resolution: int,
    facts: Mapping[str, Any],
    impulses: frozenset[str],
) -> CircuitRun:
    """Keep of a fitted run what the models of its task need.

    Parameters
    ----------
    run : RunInputs
        The run.
    fit : TaskFit
        Its GLM, with an eigenvariate of each of `regions`.
    models : sequence of DcmModelSpec
        Models of the task.
    regions : sequence of Region
        All regions of the study on the run's grid.
    resolution : int
        Bins a repetition time.
    facts : mapping
        What the sidecar says of the run.
    impulses : frozenset of str
        Conditions whose events all have zero duration.

    Returns
    -------
    CircuitRun
        Its series, confounds and inputs.
    """
    found = dict(zip((each.name for each in regions), fit.regions.eigenvariates, strict=True))
    chosen = [found.get(name) for name in regions_of_models(models)]
    nothing = np.zeros(fit.sampling.n_scans)
    conditions = conditions_of_models(models)
    sampling = microtime_sampling(fit, resolution=resolution)
    inputs = microtime_inputs(fit, conditions, resolution=resolution)
    reasons = dict.fromkeys(fit.not_estimable.values())
    matrix = fit.design.matrix
    return CircuitRun(
        label=run.run or "1",
        files=run.files,
        facts=facts,
        series=np.column_stack([nothing if each is None else each.series for each in chosen]),
        voxels=np.array([0 if each is None else len(each.weights) for each in chosen]),
        confounds=_confounds(fit),
        filter=_filter(fit),
        inputs=inputs,
        empty=_empty(fit, conditions, inputs),
        impulses=impulses,
        t_r=sampling.t_r,
        delay=sampling.bin * sampling.t_r / resolution,
        residual_df=len(matrix) - sum(not _of_interest(str(name), fit) for name in matrix),
        reason=("; ".join(reasons) or "the GLM estimates no contrast" if fit.model is None else ""),
    )


def _confounds(fit: TaskFit) -> np.ndarray:
    """Return constant and drift as SPM's volumes of interest have them."""
    constant = np.ones(fit.sampling.n_scans)
    if fit.model is not None:
        constant = fit.model.design[:, list(fit.design.effects).index(CONSTANT)]
    return np.column_stack([constant, fit.design.drift])


def _filter(fit: TaskFit) -> np.ndarray | None:
    """Return what whitening, filtering and adjustment do to a response that the design explains."""
    if fit.model is None:
        return None
    names = [str(name) for name in fit.design.effects]
    others = [place for place, name in enumerate(names) if not _of_interest(name, fit)]
    basis = column_space(fit.model.design[:, others])
    whole = fit.model.filter(np.eye(fit.sampling.n_scans))
    return whole - basis @ (basis.T @ whole)


def _empty(fit: TaskFit, conditions: Sequence[str], inputs: np.ndarray) -> dict[str, str]:
    """Return the conditions that are never on in a run, and why."""
    return {
        name: fit.events.empty.get(name, _never(name))
        for name, level in zip(conditions, inputs.T, strict=True)
        if not level.any()
    }


def _never(name: str) -> str:
    if name == ERROR_CONDITION:
        return "there are no error trials within the run"
    return f"condition `{name}` has no event within the run"


def _of_interest(column: str, fit: TaskFit) -> bool:
    """Tell whether the eigenvariates keep the effect of a column of the design."""
    return column in fit.design.task_columns and not column.startswith(ERROR_CONDITION)


def circuit_task(
    prefix: str,
    runs: Sequence[CircuitRun],
    *,
    fitted: Sequence[FittedRun],
    models: Sequence[DcmModelSpec],
    located: Sequence[Region],
    task: TaskSpec,
    regions: RegionsSpec,
    resolution: int,
) -> CircuitTask:
    """Join the runs of a task for its models, and say which regions cannot enter one.

    Parameters
    ----------
    prefix : str
        Start of file names.
    runs : sequence of CircuitRun
        The runs.
    fitted : sequence of FittedRun
        The same runs after their GLM.
    models : sequence of DcmModelSpec
        Models of the task.
    located : sequence of Region
        All regions of the study on the runs' grid.
    task, regions : TaskSpec, RegionsSpec
        Sections of the study.
    resolution : int
        Bins a repetition time.

    Returns
    -------
    CircuitTask
        What the models are estimated from.
    """
    pairs = list(zip(runs, fitted, strict=True))
    ready = [(run, each) for run, each in pairs if not run.reason] or pairs
    used = [each for _, each in ready]
    names = regions_of_models(models)
    by_name = {region.name: region for region in located}
    chosen = [by_name[name] for name in names]
    quality = region_quality(chosen, [e.modelled for e in used], [e.tsnr for e in used])
    everywhere = np.logical_and.reduce([each.modelled for each in used])
    reasons = []
    for number, region in enumerate(chosen):
        reason = region_reason(
            region.problem,
            float(quality.coverage[number]),
            minimum_coverage=regions.minimum_coverage,
            below_threshold=below_threshold_words(
                region, [each.usable for each in used], everywhere
            ),
        )
        if not reason and not all(run.voxels[number] for run, _ in ready):
            reason = no_eigenvariate(task, used) or "no eigenvariate"
        reasons.append(reason)
    first = fitted[0].run
    return CircuitTask(
        task=task.name,
        runs=tuple(runs),
        regions=names,
        conditions=conditions_of_models(models),
        region_reasons=tuple(reasons),
        quality=quality,
        microtime_resolution=resolution,
        names={
            "task": task_stem(prefix, first.task, first.entities),
            "space": first.space,
            "atlas": regions.atlas,
        },
    )
