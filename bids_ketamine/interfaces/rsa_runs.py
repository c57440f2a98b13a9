"""A task run modelled again with a regressor for each trial type and partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.events import model_events
from bids_ketamine.core.glm.autocorrelation import covariance_components, whitening_matrix
from bids_ketamine.core.glm.covariance_pool import pooled_covariance
from bids_ketamine.core.glm.design_matrix import Design, first_level_design
from bids_ketamine.core.glm.filtered_model import FilteredModel, filter_design, whitened_residual
from bids_ketamine.core.glm.model_rules import POOLED
from bids_ketamine.core.glm.residual_autoregression import (
    autoregressive_covariance,
    residual_autoregression,
)
from bids_ketamine.core.glm.restricted_likelihood import estimate_hyperparameters
from bids_ketamine.core.glm.task_fit import RunData, TaskFit
from bids_ketamine.core.glm.voxel_series import VoxelSeries, column_space
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.core.rsa.noise_level import residual_basis
from bids_ketamine.core.rsa.partitions import PartitionedEvents, partitioned_events
from bids_ketamine.core.rsa.region_similarity import RunPatterns
from bids_ketamine.core.trial_types import label_key
from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.study.spec import GlmSpec, RsaSpec, TaskSpec

#: A residual below this share of a voxel's mean is rounding: its series is constant.
CONSTANT = 1e-9


class RegionPatterns(NamedTuple):
    """Patterns of a region in a run.

    Attributes
    ----------
    voxels : ndarray of int, shape (n_voxels,)
        Places in the flattened grid.
    estimates : ndarray of shape (n_columns, n_voxels)
        Of all columns of the model.
    residuals : ndarray of shape (n_scans, n_voxels)
        Whitened and filtered.
    """

    voxels: np.ndarray
    estimates: np.ndarray
    residuals: np.ndarray


class PatternRun(NamedTuple):
    """Patterns of a run.

    Attributes
    ----------
    patterns : RunPatterns or None
        Model of the run.
    basis : ndarray of shape (n_scans, n_independent)
        Orthonormal basis of what the model leaves.
    regions : tuple of RegionPatterns
        Patterns of each region.
    rule : str
        Rule by which trials were divided.
    reason : str
        Why there is no model.
    notes : tuple of str
        What a reader should know.
    """

    patterns: RunPatterns | None
    basis: np.ndarray
    regions: tuple[RegionPatterns, ...]
    rule: str
    reason: str
    notes: tuple[str, ...]

    @staticmethod
    def without(reason: str, notes: Sequence[str] = ()) -> PatternRun:
        """Return a run that gives no patterns."""
        return PatternRun(None, np.empty((0, 0)), (), "", reason, tuple(notes))


def pattern_run(
    *,
    data: RunData,
    voxels: Sequence[np.ndarray],
    events: pd.DataFrame,
    fit: TaskFit,
    nuisance: Nuisance,
    task: TaskSpec,
    rsa: RsaSpec,
    glm: GlmSpec,
    trial_types: Sequence[str],
) -> PatternRun:
    """Model a run with one regressor for each trial type and partition, in its regions.

    Parameters
    ----------
    data : RunData
        Series of the run and where its regions are.
    voxels : sequence of ndarray of int
        Places in the flattened grid of each region's columns.
    events : DataFrame
        Events table.
    fit : TaskFit
        GLM of the run: voxels that are modelled, scaling, whitening.
    nuisance : Nuisance
        Nuisance regressors of the GLM.
    task, rsa, glm : TaskSpec, RsaSpec, GlmSpec
        Sections of the study.
    trial_types : sequence of str
        Trial types of the dissimilarity matrix.

    Returns
    -------
    PatternRun
        Patterns, or why there are none.
    """
    if not data.regions:
        return PatternRun.without("the study has no regions of images")
    scan_duration = fit.sampling.n_scans * fit.sampling.t_r
    try:
        divided = partitioned_events(
            events,
            trial_type_column=task.trial_type_column,
            trial_types=trial_types,
            conditions=task.conditions,
            error_trials=task.error_trials,
            rule=rsa.partition,
            maximum_partitions=rsa.maximum_partitions,
            scan_duration=scan_duration,
        )
        modelled = model_events(
            divided.events,
            trial_type_column=task.trial_type_column,
            conditions=divided.conditions,
            error_trials=divided.error_trials,
            scan_duration=scan_duration,
        )
        design = first_level_design(
            events=modelled.table,
            modulators=modelled.modulators,
            nuisance=nuisance.regressors,
            sampling=fit.sampling,
            high_pass_period=glm.high_pass_period,
            conditions=modelled.conditions,
        )
        notes = [*divided.notes, *design.dropped]
        if design.residual_df < rsa.minimum_residual_df:
            few = f"{design.residual_df} residual degrees of freedom, fewer than "
            lost = nuisance.lost_volumes
            return PatternRun.without(
                f"{few}{rsa.minimum_residual_df}" + (f": {lost}" if lost else ""), notes
            )
        inside = VoxelSeries(data.series, np.flatnonzero(fit.kept), fit.noise.factor)
        model = _model(inside, data.regions, design, fit, glm)
        found = [
            _patterns(inside, columns[own], places[own], model)
            for columns, places, own in (
                (columns, places, fit.kept[columns])
                for columns, places in zip(data.regions, voxels, strict=True)
            )
        ]
        model = _measured(model, found)
    except BidsKetamineError as error:  # the other methods go on
        cure = f" {error.cure}" if error.cure else ""
        return PatternRun.without(f"{error.message}{cure}")
    conditions, partitions = _labels(design, divided, trial_types)
    return PatternRun(
        RunPatterns(model, conditions, partitions),
        residual_basis(model.design, drift=model.drift),
        tuple(found),
        divided.rule,
        "",
        tuple(notes),
    )


def _model(
    inside: VoxelSeries,
    regions: Sequence[np.ndarray],
    design: Design,
    fit: TaskFit,
    glm: GlmSpec,
) -> FilteredModel:
    """Whiten and filter the design: with the GLM's covariance, or one of the regions' voxels."""
    effects, drift = design.effects.to_numpy(dtype=float), design.drift
    if glm.noise_model == POOLED and fit.model is not None:
        whitening = fit.model.whitening
    elif glm.noise_model == "ols":
        whitening = np.eye(len(effects))
    else:
        columns = np.unique(np.concatenate([each[fit.kept[each]] for each in regions]))
        pooled = pooled_covariance(
            inside._replace(columns=columns), design_matrix=effects, drift=drift, pooling_p=None
        )
        estimated = estimate_hyperparameters(
            pooled.covariance,
            fixed_effects=np.column_stack([effects, drift]),
            components=covariance_components(n_scans=len(effects)),
        )
        whitening = whitening_matrix(estimated.covariance)
    return filter_design(effects, drift=drift, whitening=whitening, covariance=None)


def _measured(model: FilteredModel, regions: Sequence[RegionPatterns]) -> FilteredModel:
    """Put the serial correlation that whitening left into the model's covariance.

    The bias of contrasts within a run is made of this covariance: an error of some percent in it
    is one in the bias. Estimates and residuals stay as they are.
    """
    coefficient = residual_autoregression(
        np.concatenate([each.residuals for each in regions], axis=1),
        design=model.design,
        drift=model.drift,
    )
    left = autoregressive_covariance(coefficient, len(model.design))
    noise = left - model.drift @ (model.drift.T @ left)
    noise -= (noise @ model.drift) @ model.drift.T
    basis = column_space(model.design)
    rest = noise - basis @ (basis.T @ noise)
    return model._replace(
        covariance=model.inverse @ noise @ model.inverse.T,
        trace_rv=float(np.trace(rest)),
        trace_rvrv=float(np.sum(rest * rest.T)),
    )


def _labels(
    design: Design, divided: PartitionedEvents, trial_types: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return trial type and partition of each column, from 1; 0 for those of no interest."""
    names = list(design.effects.columns)
    order = {label_key(each): number for number, each in enumerate(trial_types, start=1)}
    conditions, partitions = np.zeros((2, len(names)), dtype=int)
    for regressor in divided.regressors:
        if regressor.name in names:
            place = names.index(regressor.name)
            conditions[place] = order[label_key(regressor.trial_type)]
            partitions[place] = regressor.partition
    return conditions, partitions


def _patterns(
    inside: VoxelSeries, columns: np.ndarray, places: np.ndarray, model: FilteredModel
) -> RegionPatterns:
    if not columns.size:
        empty = np.empty((model.design.shape[1], 0))
        return RegionPatterns(places, empty, np.empty((len(model.design), 0)))
    series = inside._replace(columns=columns).block(slice(0, len(columns)))
    residuals = whitened_residual(series, model)
    size = np.sqrt(np.mean(residuals**2, axis=0))
    varies = size > CONSTANT * np.abs(series.mean(axis=0))
    estimates = model.inverse @ model.filter(series[:, varies])
    return RegionPatterns(places[varies], estimates, residuals[:, varies])
