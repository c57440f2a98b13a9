"""One task run, from events and confounds to contrasts of voxels and regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from bids_ketamine.core.events import ConditionRule, ErrorRule, model_events
from bids_ketamine.core.glm.design_matrix import Design, first_level_design
from bids_ketamine.core.glm.diagnostics import design_diagnostics
from bids_ketamine.core.glm.estimability import contrast_matrix
from bids_ketamine.core.glm.estimates import RunContrast
from bids_ketamine.core.glm.model_rules import (
    MARSBAR,
    POOLED,
    ContrastRule,
    EigenvariateRule,
    ModelRule,
)
from bids_ketamine.core.glm.noise_models import (
    FittedNoiseModel,
    NoiseFacts,
    fit_pooled_model,
    fit_voxelwise_model,
)
from bids_ketamine.core.glm.regions import Eigenvariate, marsbar_contrasts, mean_series
from bids_ketamine.core.glm.scaling import above_threshold, grand_mean_factor
from bids_ketamine.core.glm.task_fit import RegionEstimates, RunData, TaskFit
from bids_ketamine.core.glm.task_regressors import Sampling
from bids_ketamine.core.glm.voxel_series import VoxelSeries
from bids_ketamine.core.glm.voxelwise import brain_mean_factor
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.errors import ProcessingError


def fit_task_run(
    *,
    data: RunData,
    events: pd.DataFrame,
    nuisance: Nuisance,
    t_r: float,
    reference_time: float,
    trial_type_column: str,
    conditions: Sequence[ConditionRule],
    error_trials: ErrorRule | None,
    contrasts: Sequence[ContrastRule],
    eigenvariates: EigenvariateRule,
    model: ModelRule,
) -> TaskFit:
    """Model one run of a task.

    Parameters
    ----------
    data : RunData
        Series and regions.
    events : DataFrame
        Events table.
    nuisance : Nuisance
        Nuisance regressors and the state of the volumes.
    t_r, reference_time : float
        Repetition time, and time of a volume within it, s.
    trial_type_column, conditions, error_trials
        How trials become conditions: see :func:`~bids_ketamine.core.events.model_events`.
    contrasts : sequence of ContrastRule
        Contrasts.
    eigenvariates : EigenvariateRule
        Which voxels count for the first eigenvariate of a region.
    model : ModelRule
        Response, noise model, filter, mask.

    Returns
    -------
    TaskFit
        Contrasts, reasons, design.

    Raises
    ------
    InputDataError
        If events or nuisance do not fit the run.
    ProcessingError
        If the series has no baseline, or its serial correlations cannot be estimated.
    """
    n_scans = len(data.series)
    modelled = model_events(
        events,
        trial_type_column=trial_type_column,
        conditions=conditions,
        error_trials=error_trials,
        scan_duration=n_scans * t_r,
    )
    sampling = _sampling(model, n_scans, t_r, reference_time)
    design = first_level_design(
        events=modelled.table,
        modulators=modelled.modulators,
        nuisance=nuisance.regressors,
        sampling=sampling,
        high_pass_period=model.high_pass_period,
        conditions=modelled.conditions,
    )
    weights, reasons = _estimable(
        contrasts,
        design,
        minimum_residual_df=model.minimum_residual_df,
        lost=nuisance.lost_volumes,
        empty=modelled.empty,
    )
    factor, kept = _scaled_and_masked(data, model)
    inside = VoxelSeries(data.series, np.flatnonzero(kept), factor)
    regions = [columns[kept[columns]] for columns in data.regions]
    means = _mean_series(inside, regions)
    empty = TaskFit(
        contrasts={},
        not_estimable=reasons,
        kept=kept,
        regions=RegionEstimates(
            *(means, {}, ({},) * len(regions), ("",) * len(regions), (None,) * len(regions))
        ),
        design=design,
        diagnostics=None,
        events=modelled,
        noise=NoiseFacts(factor, float(design.residual_df)),
        sampling=sampling,
        model=None,
        notes=(),
    )
    if not weights:
        return empty
    fit = (
        fit_pooled_model
        if model.noise_model == POOLED
        else partial(fit_voxelwise_model, noise_model=model.noise_model)
    )
    fitted = fit(inside, means=means, design=design, contrasts=weights)
    return empty._replace(
        contrasts=fitted.contrasts,
        regions=RegionEstimates(
            means,
            fitted.region_contrasts,
            *_marsbar(inside, data.regions, design, weights, model),
            _eigenvariates(inside, regions, fitted, contrasts, eigenvariates),
        ),
        diagnostics=design_diagnostics(
            filtered_design=fitted.model.design,
            columns=list(design.effects.columns),
            conditions=design.task_columns,
            contrasts={name: each[:, 0] for name, each in weights.items() if each.shape[1] == 1},
        ),
        noise=fitted.noise,
        model=fitted.model,
        notes=fitted.notes,
    )


def _sampling(model: ModelRule, n_scans: int, t_r: float, reference_time: float) -> Sampling:
    pooled = model.noise_model == POOLED
    return Sampling(
        t_r=t_r,
        n_scans=n_scans,
        hrf_model=model.hrf_model,
        reference_time=reference_time,
        orthogonalize=model.orthogonalize,
        microtime_resolution=model.microtime_resolution if pooled else None,
        reference_bin=model.reference_bin if pooled else None,
    )


def _marsbar(
    inside: VoxelSeries,
    regions: Sequence[np.ndarray],
    design: Design,
    weights: dict[str, np.ndarray],
    model: ModelRule,
) -> tuple[tuple[dict[str, RunContrast], ...], tuple[str, ...]]:
    """Return MarsBaR's contrasts of each region, if the study asks for them, or why not."""
    found: list[dict[str, RunContrast]] = [{} for _ in regions]
    problems = [""] * len(regions)
    asked = MARSBAR in model.region_methods
    for position, columns in enumerate(regions):
        if not asked or not columns.size:
            continue
        try:
            found[position] = marsbar_contrasts(
                inside._replace(columns=columns), design=design, contrasts=weights
            )
        except ProcessingError as error:  # the other regions stay
            problems[position] = error.message
    return tuple(found), tuple(problems)


def _eigenvariates(
    inside: VoxelSeries,
    regions: Sequence[np.ndarray],
    fitted: FittedNoiseModel,
    contrasts: Sequence[ContrastRule],
    rule: EigenvariateRule,
) -> tuple[Eigenvariate | None, ...]:
    """Return the eigenvariate of each region, of the voxels that a contrast chooses."""
    chosen = np.zeros(inside.series.shape[1], dtype=bool)
    chosen[inside.columns] = _passes(fitted, contrasts, rule)
    places = [columns[chosen[columns]] for columns in regions]
    return tuple(
        fitted.eigenvariate(inside._replace(columns=columns)) if columns.size else None
        for columns in places
    )


def _passes(
    fitted: FittedNoiseModel, contrasts: Sequence[ContrastRule], rule: EigenvariateRule
) -> np.ndarray | bool:
    """Tell which voxels pass the contrast that chooses those of eigenvariates."""
    if rule.eigenvariate_contrast is None:
        return True
    chosen = next(each for each in contrasts if each.name == rule.eigenvariate_contrast)
    contrast = fitted.contrasts.get(chosen.name)
    if contrast is None:
        return False
    maps = type(contrast).combine([contrast], test=chosen.test)
    return np.asarray(maps.z > stats.norm.isf(rule.eigenvariate_p))


def _estimable(
    contrasts: Sequence[ContrastRule],
    design: Design,
    *,
    minimum_residual_df: int,
    lost: str,
    empty: Mapping[str, str],
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the contrasts that can be estimated, and why others cannot."""
    weights: dict[str, np.ndarray] = {}
    reasons: dict[str, str] = {}
    for contrast in contrasts:
        matrix, reason = contrast_matrix(contrast.rows, design)
        if design.residual_df < minimum_residual_df:
            reasons[contrast.name] = (
                f"{design.residual_df} residual degrees of freedom, fewer than "
                f"{minimum_residual_df}" + (f": {lost}" if lost else "")
            )
        elif matrix is None:
            weighted = {name for row in contrast.rows for name, weight in row.items() if weight}
            without = [why for name, why in empty.items() if name in weighted]
            reasons[contrast.name] = "; ".join(without) or reason
        else:
            weights[contrast.name] = matrix
    return weights, reasons


def _scaled_and_masked(data: RunData, model: ModelRule) -> tuple[float, np.ndarray]:
    """Return the factor to percent of the grand mean, and the voxels to model."""
    everything = np.ones(data.series.shape[1], dtype=bool)
    if model.noise_model != POOLED:
        return brain_mean_factor(data.series), everything
    factor = grand_mean_factor(data.global_means)
    dark = np.flatnonzero(data.global_means <= 0.0)
    if dark.size and model.mask_threshold is not None:
        raise ProcessingError(
            f"{dark.size} of {len(data.series)} volumes are dark, the first is {dark[0] + 1} "
            "(counted from 1): no voxel can exceed a share of their mean.",
            cure="Make the series again, or exclude the run.",
        )
    if model.mask_threshold is None:
        return factor, everything
    kept = above_threshold(
        data.series, global_means=data.global_means, mask_threshold=model.mask_threshold
    )
    if not kept.any():
        raise ProcessingError(
            f"No voxel inside the brain mask exceeds {model.mask_threshold:g} of the global mean "
            "in every volume.",
            cure="Look at the series, or lower glm.mask_threshold in the study file.",
        )
    return factor, kept


def _mean_series(inside: VoxelSeries, regions: Sequence[np.ndarray]) -> np.ndarray:
    means = [mean_series(inside._replace(columns=columns)) for columns in regions]
    return np.column_stack(means) if means else np.empty((len(inside.series), 0))
