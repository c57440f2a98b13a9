"""A task run made ready for generalized PPI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.connectivity.condition_regressors import mean_sampled_regressor
from bids_ketamine.core.connectivity.interaction_model import PpiRun
from bids_ketamine.core.connectivity.ppi_runs import CONN, SPM, conn_run, joint_run, spm_run
from bids_ketamine.core.connectivity.task_cleaning import temporal_derivative
from bids_ketamine.core.event_rules import ERROR_CONDITION
from bids_ketamine.core.glm.task_fit import TaskFit
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.errors import BidsKetamineError, InputMissingError
from bids_ketamine.interfaces.microtime_inputs import microtime_inputs, microtime_sampling
from bids_ketamine.interfaces.runs import ConfoundTable, chosen_nuisance
from bids_ketamine.study.spec import GlmSpec, GppiSpec


class InteractionRun(NamedTuple):
    """A run of a task, for generalized PPI.

    Attributes
    ----------
    run : PpiRun or None
        Its series; None where the GLM, of which method spm takes the noise, estimates nothing.
    usable : ndarray of bool, shape (n_regions,)
        Regions that have a series; the others hold zeros.
    lost : str
        Volumes that cost degrees of freedom, in words.
    reason : str
        Why there is no run.
    confounds : tuple of str
        Nuisance regressors.
    notes : tuple of str
        What a reader should know of them.
    n_volumes_kept : int
        Volumes without a regressor of their own.
    """

    run: PpiRun | None
    usable: np.ndarray
    lost: str
    reason: str
    confounds: tuple[str, ...]
    notes: tuple[str, ...]
    n_volumes_kept: int


def interaction_run(
    run: RunInputs,
    fit: TaskFit,
    *,
    conditions: Sequence[str],
    gppi: GppiSpec,
    glm: GlmSpec,
    nuisance: Nuisance,
    confounds: ConfoundTable,
) -> InteractionRun:
    """Make a run ready for generalized PPI.

    Parameters
    ----------
    run : RunInputs
        The run.
    fit : TaskFit
        Its GLM: events, region series, and for method spm design, noise and eigenvariates.
    conditions : sequence of str
        Conditions of the study, with events here or not.
    gppi, glm : GppiSpec, GlmSpec
        Sections of the study.
    nuisance : Nuisance
        Nuisance of the GLM, which method spm takes.
    confounds : ConfoundTable
        Table from which the other methods choose their own.
    """
    if gppi.method == SPM:
        return _by_spm(fit, conditions, glm, nuisance)
    series = fit.regions.series
    usable = np.isfinite(series).all(axis=0)
    series = np.where(usable, series, 0.0)
    try:
        own = chosen_nuisance(run, confounds, gppi.confounds)
    except BidsKetamineError as error:  # the other methods go on
        cure = "Name the columns it has under `gppi.confounds`."
        if isinstance(error, InputMissingError):
            cure = "Add it, or ask for nothing of it under `gppi.confounds`."
        reason = f"{error.message} {cure}"
        return InteractionRun(None, usable, "", reason, (), (), nuisance.n_volumes_kept)
    regressors = _regressors(fit, conditions)
    errors = _regressors(fit, [ERROR_CONDITION])
    columns = own.regressors.to_numpy(dtype=float)
    if errors.any():
        columns = np.column_stack([columns, errors, temporal_derivative(errors)])
    band = gppi.band_pass
    make = conn_run if gppi.method == CONN else joint_run
    made = make(
        series,
        regressors=regressors,
        nuisance=columns,
        t_r=fit.sampling.t_r,
        band_pass=None if band is None else (band[0], band[1]),
    )
    names = tuple(str(name) for name in own.regressors)
    return InteractionRun(made, usable, own.lost_volumes, "", names, own.notes, own.n_volumes_kept)


def _regressors(fit: TaskFit, conditions: Sequence[str]) -> np.ndarray:
    """Return regressors of conditions averaged over each volume, zeros for one without events.

    Slices refer to ``reference_time`` within a volume; CONN takes its middle.
    """
    sampling, events = fit.sampling, fit.events.table
    shift = sampling.reference_time - sampling.t_r / 2.0
    columns = []
    for name in conditions:
        own = events[events["trial_type"] == name]
        columns.append(
            mean_sampled_regressor(
                onsets=own["onset"].to_numpy(dtype=float) - shift,
                durations=own["duration"].to_numpy(dtype=float),
                t_r=sampling.t_r,
                n_scans=sampling.n_scans,
            )
        )
    return np.column_stack(columns)


def _by_spm(
    fit: TaskFit, conditions: Sequence[str], glm: GlmSpec, nuisance: Nuisance
) -> InteractionRun:
    found = fit.regions.eigenvariates
    usable = np.array([each is not None for each in found], dtype=bool)
    names = tuple(str(name) for name in nuisance.regressors)
    nothing = InteractionRun(
        None, usable, nuisance.lost_volumes, "", names, (), nuisance.n_volumes_kept
    )
    if fit.model is None:
        reasons = dict.fromkeys(fit.not_estimable.values())
        return nothing._replace(reason="; ".join(reasons) or "the GLM estimates no contrast")
    n_scans = fit.sampling.n_scans
    empty = np.zeros(n_scans)
    eigenvariates = np.column_stack([empty if each is None else each.series for each in found])
    means = np.where(usable, fit.regions.series, 0.0)
    resolution = glm.microtime_resolution
    sampling = microtime_sampling(fit, resolution=resolution)
    effects = fit.design.effects
    nuisance_columns = [name for name in effects if name not in conditions]
    made = spm_run(
        means,
        eigenvariates,
        inputs=microtime_inputs(fit, conditions, resolution=resolution),
        nuisance=effects[nuisance_columns].to_numpy(dtype=float),
        model=fit.model,
        microtime_step=sampling.t_r / resolution,
        reference_bin=sampling.bin,
    )
    return nothing._replace(run=made)
