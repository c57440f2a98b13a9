"""A run's model with one serial covariance for all voxels (SPM's), or one for each (nilearn's)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.event_rules import ERROR_CONDITION
from bids_ketamine.core.glm.autocorrelation import covariance_components, whitening_matrix
from bids_ketamine.core.glm.covariance_pool import POOLING_P, pooled_covariance
from bids_ketamine.core.glm.design_matrix import Design
from bids_ketamine.core.glm.estimates import RunContrast
from bids_ketamine.core.glm.filtered_model import (
    FilteredModel,
    contrast_of,
    filter_design,
    fit_voxels,
)
from bids_ketamine.core.glm.regions import Eigenvariate, region_eigenvariate
from bids_ketamine.core.glm.restricted_likelihood import estimate_hyperparameters
from bids_ketamine.core.glm.voxel_series import VoxelSeries, as_voxels
from bids_ketamine.core.glm.voxelwise import fit_voxelwise


class NoiseFacts(NamedTuple):
    """What is known of a run's noise.

    Attributes
    ----------
    factor : float
        What the series was multiplied with: to percent of the grand mean.
    residual_df : float
        (Effective) residual degrees of freedom.
    weights : tuple of float
        Weights of the covariance components; empty without.
    lag_one : float
        Serial correlation of neighbouring volumes; NaN where it differs by voxel.
    n_pooled : int
        Voxels from which it was estimated.
    """

    factor: float
    residual_df: float
    weights: tuple[float, ...] = ()
    lag_one: float = float("nan")
    n_pooled: int = 0


class FittedNoiseModel(NamedTuple):
    """A fitted run.

    Attributes
    ----------
    contrasts, region_contrasts : dict of str to RunContrast
        In the voxels, and of the regions' mean series.
    noise : NoiseFacts
        What is known of the noise.
    model : FilteredModel
        Model of the run, for region series.
    task_positions : tuple of int
        Columns of the model that are of interest: made of events that are no errors.
    notes : tuple of str
        What a reader should know.
    """

    contrasts: dict[str, RunContrast]
    region_contrasts: dict[str, RunContrast]
    noise: NoiseFacts
    model: FilteredModel
    task_positions: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def eigenvariate(self, voxels: VoxelSeries) -> Eigenvariate:
        """Return a region's first eigenvariate, adjusted for all but the conditions."""
        return region_eigenvariate(voxels, self.model, kept=self.task_positions)


def fit_pooled_model(
    voxels: VoxelSeries,
    *,
    means: np.ndarray,
    design: Design,
    contrasts: Mapping[str, np.ndarray],
) -> FittedNoiseModel:
    """Fit SPM's model: serial correlations pooled over voxels, filter after whitening.

    Parameters
    ----------
    voxels : VoxelSeries
        Scaled series.
    means : ndarray of shape (n_scans, n_regions)
        Scaled mean series of regions; NaN for one without voxels.
    design : Design
        Design matrix.
    contrasts : mapping of str to ndarray of shape (n_effects, n_rows)
        Weights of the columns other than drift.

    Returns
    -------
    FittedNoiseModel
        Contrasts, and what is known of the noise.
    """
    effects, drift = design.effects.to_numpy(dtype=float), design.drift
    pooled = pooled_covariance(voxels, design_matrix=effects, drift=drift, pooling_p=POOLING_P)
    estimated = estimate_hyperparameters(
        pooled.covariance,
        fixed_effects=np.column_stack([effects, drift]),
        components=covariance_components(n_scans=len(effects)),
    )
    model = filter_design(
        effects,
        drift=drift,
        whitening=whitening_matrix(estimated.covariance),
        covariance=estimated.covariance,
    )
    fit = fit_voxels(voxels, model)
    region_fit = fit_voxels(as_voxels(means), model)
    notes: tuple[str, ...] = ()
    if not pooled.selected:
        notes = (
            f"no voxel passes the F test of the design at p < {POOLING_P:g}: serial correlations "
            "are pooled over all voxels",
        )
    first = estimated.covariance[0]
    return FittedNoiseModel(
        {name: contrast_of(fit, model, each) for name, each in contrasts.items()},
        {name: contrast_of(region_fit, model, each) for name, each in contrasts.items()},
        NoiseFacts(
            factor=voxels.factor,
            residual_df=model.residual_df,
            weights=tuple(float(weight) for weight in estimated.weights),
            lag_one=float(first[1] / first[0]),
            n_pooled=pooled.n_pooled,
        ),
        model,
        _positions(design),
        notes,
    )


def fit_voxelwise_model(
    voxels: VoxelSeries,
    *,
    means: np.ndarray,
    design: Design,
    contrasts: Mapping[str, np.ndarray],
    noise_model: str,
) -> FittedNoiseModel:
    """Fit nilearn's model: serial correlations of each voxel, or none; drift in the design.

    Parameters
    ----------
    voxels, means, design, contrasts
        As for :func:`fit_pooled_model`.
    noise_model : {"ar1", "ols"}
        Serial correlations.

    Returns
    -------
    FittedNoiseModel
        Contrasts; its ``model`` is filtered and not whitened.
    """
    names = list(design.matrix.columns)
    places = [names.index(name) for name in design.effects.columns]
    whole = {}
    for name, weights in contrasts.items():
        whole[name] = np.zeros((len(names), weights.shape[1]))
        whole[name][places] = weights
    fit = partial(
        fit_voxelwise,
        design_matrix=design.matrix.to_numpy(dtype=float),
        contrasts=whole,
        noise_model=noise_model,
    )
    known = np.isfinite(means).all(axis=0)
    found = fit(as_voxels(means[:, known])) if known.any() else {}
    n_scans = len(means)
    return FittedNoiseModel(
        dict(fit(voxels)),
        {name: each.placed(known) for name, each in found.items()},
        NoiseFacts(voxels.factor, float(design.residual_df)),
        filter_design(
            design.effects.to_numpy(dtype=float),
            drift=design.drift,
            whitening=np.eye(n_scans),
            covariance=np.eye(n_scans),
        ),
        _positions(design),
    )


def _positions(design: Design) -> tuple[int, ...]:
    names = list(design.effects.columns)
    # Errors are modelled as an effect of no interest.
    return tuple(
        names.index(name) for name in design.task_columns if not name.startswith(ERROR_CONDITION)
    )
