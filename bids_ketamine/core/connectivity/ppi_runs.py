"""A run's series made ready for the model of interactions: CONN's route, joint, SPM's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bids_ketamine.core.connectivity.deconvolution import (
    NeuralBasis,
    adjusted_for,
    convolved_inputs,
    convolved_interactions,
    deconvolve,
    neural_basis,
)
from bids_ketamine.core.connectivity.interaction_model import PpiRun, without, without_rounding
from bids_ketamine.core.connectivity.task_cleaning import (
    frequency_band,
    task_cleaning,
    task_confounds,
    temporal_derivative,
)
from bids_ketamine.core.glm.filtered_model import FilteredModel
from bids_ketamine.core.glm.haemodynamic_response import RESPONSE_LENGTH, canonical_response
from bids_ketamine.core.glm.voxel_series import column_space

CONN, JOINT, SPM = "conn", "joint", "spm"

Frequencies = tuple[float, float | None]


def conn_run(
    series: np.ndarray,
    *,
    regressors: np.ndarray,
    nuisance: np.ndarray,
    t_r: float,
    band_pass: Frequencies | None,
) -> PpiRun:
    """Clean a run as CONN does; interactions are products with the regressors as they are.

    Series lose nuisance, condition regressors with derivatives and a trend, and are filtered
    then. Products are neither cleaned nor filtered: what cleaning takes from the series makes
    coefficients smaller (see :func:`joint_run`).

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_regions)
        Region series.
    regressors : ndarray of shape (n_scans, n_conditions)
        Condition regressors; zeros for one without events.
    nuisance : ndarray of shape (n_scans, n_nuisance)
        Nuisance regressors, responses to errors among them.
    t_r : float
        Repetition time, s.
    band_pass : (float, float or None) or None
        Frequencies kept, Hz.

    Returns
    -------
    PpiRun
        For :func:`~bids_ketamine.core.connectivity.gppi.generalized_ppi`.
    """
    confounds = task_confounds(nuisance, regressors)
    cleaning = task_cleaning(confounds, t_r=t_r, band_pass=band_pass)
    cleaned = without_rounding(cleaning.clean(series), np.linalg.norm(series, axis=0))
    df = cleaning.residual_df
    return PpiRun(cleaned, cleaned, regressors, _products(cleaned, regressors), None, df, df)


def joint_run(
    series: np.ndarray,
    *,
    regressors: np.ndarray,
    nuisance: np.ndarray,
    t_r: float,
    band_pass: Frequencies | None,
) -> PpiRun:
    """Clean series, regressors and interactions alike, in one projection.

    Nuisance regressors, frequencies outside the band, and interactions are fitted at once
    (least squares of what one set of regressors leaves on what it leaves of the other), so that
    coefficients are unbiased.

    Parameters
    ----------
    series, regressors, nuisance, t_r, band_pass
        As for :func:`conn_run`.

    Returns
    -------
    PpiRun
        For :func:`~bids_ketamine.core.connectivity.gppi.generalized_ppi`.
    """
    n_scans = len(series)
    band = frequency_band(n_scans=n_scans, t_r=t_r, band_pass=band_pass or (0.0, None))
    trend = np.linspace(-1.0, 1.0, n_scans)
    around = np.column_stack([np.ones(n_scans), trend, nuisance, temporal_derivative(regressors)])
    # What of it lies in the band: a small factorization in place of one of the whole run.
    inside = _in_band(around, band.kept)
    removed = np.column_stack([band.removed, inside])
    task = column_space(np.column_stack([inside, _in_band(regressors, band.kept)]))
    cleaned = without(series, np.column_stack([band.removed, task]))
    cleaned = without_rounding(cleaned, np.linalg.norm(series, axis=0))
    has_mean = band_pass is None or band_pass[0] <= 0.0
    return PpiRun(
        targets=cleaned,
        seeds=cleaned,
        conditions=regressors,
        interactions=_products(cleaned, regressors),
        cleaning=removed,
        residual_df=float(n_scans - removed.shape[1]),
        filtered_df=float(band.kept.shape[1] - has_mean),
    )


def _in_band(columns: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of what columns have in a band."""
    inside = kept.T @ columns
    return kept @ column_space(without_rounding(inside, np.linalg.norm(columns, axis=0)))


def spm_run(
    means: np.ndarray,
    eigenvariates: np.ndarray,
    *,
    inputs: np.ndarray,
    nuisance: np.ndarray,
    model: FilteredModel,
    microtime_step: float,
    reference_bin: int,
) -> PpiRun:
    """Form interactions of neural activity, and filter everything as the GLM does.

    Seeds are first eigenvariates, deconvolved; targets are mean series. Everything is whitened
    and high-passed, and loses its projection on the nuisance regressors.

    Parameters
    ----------
    means : ndarray of shape (n_scans, n_regions)
        Mean series, percent of the grand mean.
    eigenvariates : ndarray of shape (n_scans, n_regions)
        First eigenvariates, whitened, filtered and adjusted.
    inputs : ndarray of shape (n_scans * microtime_resolution, n_conditions)
        Events of each condition on the microtime grid.
    nuisance : ndarray of shape (n_scans, n_nuisance)
        Columns of the GLM other than conditions and drift, the constant among them.
    model : FilteredModel
        Model of the run: whitening and drift.
    microtime_step : float
        Bin of the microtime grid, s.
    reference_bin : int
        Bin of a volume at which it is sampled, counted from 1.

    Returns
    -------
    PpiRun
        For :func:`~bids_ketamine.core.connectivity.gppi.generalized_ppi`.
    """
    n_scans = len(means)
    resolution = len(inputs) // n_scans
    response, basis = _response_and_basis(microtime_step, n_scans, resolution)
    constant = model.filter(np.ones((n_scans, 1)))
    confounds = np.column_stack([constant, model.drift])
    activity = deconvolve(
        eigenvariates,
        basis=basis,
        whitening=model.whitening,
        confounds=confounds,
    )
    sampling = {"microtime_resolution": resolution, "reference_bin": reference_bin}
    interactions = convolved_interactions(activity, inputs, response, **sampling)
    removed = column_space(model.filter(nuisance))

    filtered_df = float(n_scans - model.drift.shape[1])
    flat = model.filter(interactions.reshape(n_scans, -1))
    return PpiRun(
        targets=without(model.filter(means), removed),
        seeds=model.filter(adjusted_for(eigenvariates, confounds)),
        conditions=model.filter(convolved_inputs(inputs, response, **sampling)),
        interactions=flat.reshape(interactions.shape),
        cleaning=removed,
        residual_df=filtered_df - removed.shape[1],
        filtered_df=filtered_df,
    )


@lru_cache(maxsize=2)
def _response_and_basis(
    microtime_step: float, n_scans: int, resolution: int
) -> tuple[np.ndarray, NeuralBasis]:
    """Return the canonical response and the basis of activity; runs of a length share them."""
    response = canonical_response(interval=microtime_step, length=RESPONSE_LENGTH)
    basis = neural_basis(response, n_scans=n_scans, microtime_resolution=resolution)
    return response, basis


def _products(series: np.ndarray, regressors: np.ndarray) -> np.ndarray:
    return np.asarray(series[:, :, None] * regressors[:, None, :])


def selected(run: PpiRun, regions: Sequence[int]) -> PpiRun:
    """Return a run with some of its regions."""
    chosen = list(regions)
    return run._replace(
        targets=run.targets[:, chosen],
        seeds=run.seeds[:, chosen],
        interactions=run.interactions[:, chosen],
    )
