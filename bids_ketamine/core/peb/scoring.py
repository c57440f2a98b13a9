"""Evidence of many models at once that differ in the parameters they do without."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.dcm.matrix_functions import principal_directions
from bids_ketamine.core.peb.reduction import (
    NEGLIGIBLE_DIRECTION,
    SCORING_RIDGE,
    inverted_with_ridge,
    likelihood,
    switched_off_priors,
    under_prior,
)


def log_evidence_changes(
    *,
    posterior_mean: np.ndarray,
    posterior_covariance: np.ndarray,
    prior_mean: np.ndarray,
    prior_covariance: np.ndarray,
    reduced_mean: np.ndarray,
    reduced_covariance: np.ndarray,
) -> np.ndarray:
    """Return the change of the free energy under other priors, for ranking models.

    As SPM12 ranks the models of a search: with a ridge of exp(-16), and of each model only the
    directions whose prior changes.

    Parameters
    ----------
    posterior_mean, prior_mean : ndarray of shape (n_parameters,)
        Of the full model, in the units of the parameters.
    posterior_covariance, prior_covariance : ndarray of shape (n_parameters, n_parameters)
        Of the full model.
    reduced_mean : ndarray of shape (n_models, n_parameters)
        Prior means of the reduced models.
    reduced_covariance : ndarray of shape (n_models, n_parameters, n_parameters)
        Prior covariances of the reduced models.

    Returns
    -------
    ndarray of shape (n_models,)
        Free energy of the reduced minus that of the full model, nats.
    """
    directions = principal_directions(prior_covariance, tolerance=NEGLIGIBLE_DIRECTION)
    full_mean = prior_mean @ directions
    full_covariance = directions.T @ prior_covariance @ directions
    means = reduced_mean @ directions
    covariances = directions.T @ reduced_covariance @ directions
    changed = (means != full_mean) | (covariances != full_covariance).any(axis=-1)
    return _scores(
        changed | ~changed.any(axis=-1, keepdims=True),
        posterior=(posterior_mean @ directions, directions.T @ posterior_covariance @ directions),
        prior=(full_mean, full_covariance),
        reduced=(means, covariances),
    )


def switched_off_scores(
    *,
    posterior_mean: np.ndarray,
    posterior_covariance: np.ndarray,
    prior_mean: np.ndarray,
    prior_covariance: np.ndarray,
    off: np.ndarray,
) -> np.ndarray:
    """Return :func:`log_evidence_changes` of models that do without some parameters.

    Parameters
    ----------
    posterior_mean, prior_mean : ndarray of shape (n_parameters,)
        Of the full model, in the units of the parameters.
    posterior_covariance, prior_covariance : ndarray of shape (n_parameters, n_parameters)
        Of the full model.
    off : ndarray of bool, shape (n_models, n_parameters)
        What each model does without.

    Returns
    -------
    ndarray of shape (n_models,)
        Nats.
    """
    means, covariances = switched_off_priors(
        prior_mean=prior_mean, prior_covariance=prior_covariance, off=off
    )
    return log_evidence_changes(
        posterior_mean=posterior_mean,
        posterior_covariance=posterior_covariance,
        prior_mean=prior_mean,
        prior_covariance=prior_covariance,
        reduced_mean=means,
        reduced_covariance=covariances,
    )


def _scores(
    rows: np.ndarray,
    *,
    posterior: tuple[np.ndarray, np.ndarray],
    prior: tuple[np.ndarray, np.ndarray],
    reduced: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Score models by some of their rows; the others are made to say nothing.

    A row left out is a parameter of variance 1 and mean 0 before and after: its evidence is 0.
    """
    used = np.flatnonzero(rows.any(axis=0))
    rows = rows[:, used]
    both = rows[:, :, None] & rows[:, None, :]
    unchanged = np.where(rows, 0.0, 1.0)[:, :, None] * np.eye(len(used))

    def of_rows(moments: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        mean, covariance = moments
        block = covariance[..., used[:, None], used]
        return np.where(rows, mean[..., used], 0.0), np.where(both, block, 0.0) + unchanged

    posterior_mean, posterior_covariance = of_rows(posterior)
    prior_mean, prior_covariance = of_rows(prior)
    reduced_mean, reduced_covariance = of_rows(reduced)
    data = likelihood(
        posterior_mean=posterior_mean,
        posterior_covariance=posterior_covariance,
        prior_mean=prior_mean,
        prior_covariance=prior_covariance,
        ridge=SCORING_RIDGE,
    )
    ridge = SCORING_RIDGE * np.eye(len(used))
    change, _, _ = inverted_with_ridge(
        under_prior(data, reduced_mean, reduced_covariance + ridge), ridge=SCORING_RIDGE
    )
    # The ridge of the last inverse counts rows left out, and that of the prior is missing.
    traces = np.trace(prior_covariance - unchanged, axis1=1, axis2=2)
    left_out = (~rows).sum(axis=1)
    return np.asarray(change - 0.5 * SCORING_RIDGE * (traces - left_out))
