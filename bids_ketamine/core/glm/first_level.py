"""One task run, from events and confounds to contrasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.events import ConditionRule, ErrorRule, ModelledEvents, model_events
from bids_ketamine.core.glm.design_matrix import Design, contrast_vector, first_level_design
from bids_ketamine.core.glm.regression import (
    ContrastEstimate,
    fit_contrasts,
    scale_to_grand_mean,
)


class TaskFit(NamedTuple):
    """A fitted run.

    Attributes
    ----------
    estimates : dict of str to ContrastEstimate
        Contrasts that could be estimated, percent of the grand mean.
    not_estimable : dict of str to str
        Contrasts that could not, and why.
    scaled : ndarray of shape (n_scans, n_voxels)
        Series in percent of the grand mean.
    design : Design
        Design matrix.
    events : ModelledEvents
        Events as modelled.
    """

    estimates: dict[str, ContrastEstimate]
    not_estimable: dict[str, str]
    scaled: np.ndarray
    design: Design
    events: ModelledEvents


def fit_task_run(
    *,
    series: np.ndarray,
    events: pd.DataFrame,
    nuisance: pd.DataFrame,
    t_r: float,
    reference_time: float,
    trial_type_column: str,
    conditions: Sequence[ConditionRule],
    error_trials: ErrorRule | None,
    contrasts: Mapping[str, Mapping[str, float]],
    hrf_model: str,
    high_pass_period: float,
    noise_model: str,
    minimum_residual_df: int,
) -> TaskFit:
    """Model one run of a task.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        BOLD series, scanner units.
    events : DataFrame
        Events table.
    nuisance : DataFrame of shape (n_scans, n_regressors)
        Nuisance regressors.
    t_r, reference_time : float
        Repetition time, and time of a volume within it, s.
    trial_type_column, conditions, error_trials
        How trials become conditions: see :func:`~bids_ketamine.core.events.model_events`.
    contrasts : mapping of str to (mapping of str to float)
        Weights of conditions.
    hrf_model, high_pass_period, noise_model
        See :func:`first_level_design` and :func:`fit_contrasts`.
    minimum_residual_df : int
        With fewer, no contrast is estimated.

    Returns
    -------
    TaskFit
        Estimates, reasons, design.
    """
    n_scans = len(series)
    modelled = model_events(
        events,
        trial_type_column=trial_type_column,
        conditions=conditions,
        error_trials=error_trials,
        scan_duration=n_scans * t_r,
    )
    design = first_level_design(
        events=modelled.table,
        nuisance=nuisance,
        n_scans=n_scans,
        t_r=t_r,
        reference_time=reference_time,
        hrf_model=hrf_model,
        high_pass_period=high_pass_period,
    )
    scaled, _ = scale_to_grand_mean(series)
    vectors: dict[str, np.ndarray] = {}
    reasons: dict[str, str] = {}
    for name, weights in contrasts.items():
        vector, reason = contrast_vector(weights, design)
        if design.residual_df < minimum_residual_df:
            reasons[name] = (
                f"{design.residual_df} residual degrees of freedom, fewer than "
                f"{minimum_residual_df}"
            )
        elif vector is None:
            reasons[name] = reason
        else:
            vectors[name] = vector
    estimates: dict[str, ContrastEstimate] = {}
    if vectors:
        estimates = fit_contrasts(
            series=scaled,
            design_matrix=design.matrix.to_numpy(dtype=float),
            contrasts=vectors,
            noise_model=noise_model,
        )
    return TaskFit(estimates, reasons, scaled, design, modelled)
