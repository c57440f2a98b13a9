"""The second level as the scheme sees it: in prior directions, first level as likelihoods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.matrix_functions import principal_directions
from bids_ketamine.core.peb.design import GroupDesign
from bids_ketamine.core.peb.models import FirstLevelModels
from bids_ketamine.core.peb.reduction import REDUCTION_RIDGE, Likelihood, likelihood
from bids_ketamine.errors import InputDataError

#: Precision components by name: one for all parameters, one for each, one for each kind.
SINGLE, ALL, FIELDS = "single", "all", "fields"
PRECISION_COMPONENTS = (SINGLE, ALL, FIELDS)

#: Prior mean and variance of the log precisions, and log precision that is always there (SPM12).
LOG_PRECISION_MEAN, SPM_LOG_PRECISION_VARIANCE = 0.0, 1.0 / 16.0
LEAST_LOG_PRECISION = -8.0

#: Variances from here on say that nothing is known: they do not count in the mean of variances.
UNKNOWN_VARIANCE = 1024.0

#: Parameters enter if their prior variance is above this share of the mean (SPM12).
NEGLIGIBLE_VARIANCE = 1.0 / 1024.0

#: With several models, their posteriors get the prior's precision over this once more (SPM12).
SHRINKAGE = 16.0


#: Share of the prior's precision by which rounding may make a posterior look wider.
ROUNDING = 1e-6


class GroupModel(NamedTuple):
    """A second level ready for the scheme; parameters are in prior directions.

    Attributes
    ----------
    positions : ndarray of int, shape (k,)
        First-level parameters that enter.
    directions : ndarray of shape (k, d)
        Prior directions, by decreasing variance.
    data : Likelihood
        Of each model, shrunk as SPM12 does.
    first_level_free_energy : float
        Sum over models, nats.
    matrix : ndarray of shape (n_models, n_columns)
        Design.
    weights : ndarray of shape (n_models,)
        Relative precision of the random effects.
    prior_mean : ndarray of shape (d * n_columns,)
        Of the effects.
    prior_variance : ndarray of shape (d * n_columns,)
        Of the effects.
    least_precision : ndarray of shape (d,)
        Precision of the random effects whatever the log precisions are.
    components : ndarray of shape (n_components, d)
        Diagonals of the precision components.
    log_precision_variance : float
        Prior variance of the log precisions.
    """

    positions: np.ndarray
    directions: np.ndarray
    data: Likelihood
    first_level_free_energy: float
    matrix: np.ndarray
    weights: np.ndarray
    prior_mean: np.ndarray
    prior_variance: np.ndarray
    least_precision: np.ndarray
    components: np.ndarray
    log_precision_variance: float


def group_model(
    models: FirstLevelModels,
    *,
    design: GroupDesign,
    fields: Sequence[str] | None,
    precision_components: str,
    between_ratio: float,
    log_precision_variance: float,
    weights: np.ndarray | None,
) -> GroupModel:
    """Select parameters, turn them into prior directions, and lay out priors.

    Parameters
    ----------
    models, design, fields, precision_components, between_ratio
        As :func:`bids_ketamine.core.peb.estimation.estimate_peb` has them.
    log_precision_variance, weights
        As :func:`bids_ketamine.core.peb.estimation.estimate_peb` has them.

    Raises
    ------
    InputDataError
        If design and models do not fit each other, no parameter enters, or the components have
        no meaning here.
    """
    if design.n_rows != models.n_models:
        raise InputDataError(
            f"The design has {design.n_rows} rows for {models.n_models} models.",
            cure="Give the design one row for each model, in the same order.",
        )
    relative = np.ones(models.n_models) if weights is None else np.asarray(weights, np.float64)
    if relative.shape != (models.n_models,) or not (np.isfinite(relative) & (relative > 0)).all():
        raise InputDataError(
            f"Weights are not {models.n_models} positive numbers, one of each model.",
            cure="Give the relative precision of each model's random effects; 1 for all alike.",
        )
    positions = entering(models, fields=fields)
    block = np.ix_(positions, positions)
    covariance = models.prior_covariance.mean(axis=0)[block]
    directions = principal_directions(covariance, tolerance=0.0)
    variance = np.einsum("ij,ik,kj->j", directions, covariance, directions)
    own = [models.fields[each] for each in positions]
    components = _components(precision_components, own, directions, between_ratio / variance)
    spread = design.n_rows / (design.matrix**2).sum(axis=0)
    data = _data(models, positions, directions)
    # SPM12 inverts the first level's prior back and forth, with the ridge both times.
    twice = np.trace(np.linalg.inv(data.prior_precision), axis1=1, axis2=2).sum()
    mean = np.zeros((design.n_columns, len(variance)))
    mean[0] = models.prior_mean.mean(axis=0)[positions] @ directions
    return GroupModel(
        positions=positions,
        directions=directions,
        data=data,
        first_level_free_energy=float(models.free_energy.sum() - 0.5 * REDUCTION_RIDGE * twice),
        matrix=design.matrix,
        weights=relative,
        prior_mean=mean.ravel(),
        prior_variance=np.outer(spread, variance).ravel(),
        least_precision=np.exp(LEAST_LOG_PRECISION) * between_ratio / variance,
        components=components,
        log_precision_variance=log_precision_variance,
    )


def entering(models: FirstLevelModels, *, fields: Sequence[str] | None) -> np.ndarray:
    """Return the positions of the parameters that a second level is about.

    Parameters
    ----------
    models : FirstLevelModels
        The first level.
    fields : sequence of str or None
        Kinds that enter; ``None`` for all.

    Returns
    -------
    ndarray of int
        All that have prior variance; of kinds that are named, those whose prior variance is not
        negligible beside the others' (SPM12).

    Raises
    ------
    InputDataError
        If there is none.
    """
    variances = np.diagonal(models.prior_covariance.mean(axis=0))
    least = 0.0
    if isinstance(fields, str):
        fields = (fields,)
    counted = variances[variances < UNKNOWN_VARIANCE]
    if fields is not None and counted.size:
        least = NEGLIGIBLE_VARIANCE * float(counted.mean())
    wanted = np.array([fields is None or each in fields for each in models.fields])
    found = np.flatnonzero(wanted & (variances > least))
    if not found.size:
        known = ", ".join(dict.fromkeys(models.fields))
        wanted_kinds = f" of the kinds wanted ({', '.join(fields)})" if fields else ""
        raise InputDataError(
            f"The models have no free parameter{wanted_kinds}.",
            cure=f"Choose among the kinds that the models have: {known}.",
        )
    return found


def _components(
    kind: str, fields: Sequence[str], directions: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """Return the diagonals of the precision components, shape (n_components, d)."""
    if kind == SINGLE:
        return precision[None]
    if kind == ALL:
        # In the order of the parameters, not of the directions.
        return np.diag(precision)[np.argsort(np.abs(directions).argmax(axis=0), kind="stable")]
    if kind != FIELDS:
        raise InputDataError(
            f"Precision components `{kind}` are not known.",
            cure=f"Choose among {', '.join(PRECISION_COMPONENTS)}.",
        )
    if not np.isin(directions, (0.0, 1.0)).all():
        raise InputDataError(
            "Parameters are correlated under the first level's prior, so that a direction of it "
            "belongs to no one kind of parameters.",
            cure="Use the precision components `single` or `all`.",
        )
    of_direction = np.array(fields)[np.argmax(directions, axis=0)]
    return np.stack([precision * (of_direction == each) for each in dict.fromkeys(fields)])


def _data(models: FirstLevelModels, positions: np.ndarray, directions: np.ndarray) -> Likelihood:
    """Return what each model's data say, in prior directions, shrunk if there are several."""
    block = np.ix_(np.arange(models.n_models), positions, positions)
    prior = directions.T @ models.prior_covariance[block] @ directions
    posterior = directions.T @ models.posterior_covariance[block] @ directions
    if models.n_models > 1:
        posterior = np.linalg.inv(np.linalg.inv(posterior) + np.linalg.inv(prior) / SHRINKAGE)
    found = likelihood(
        posterior_mean=models.posterior_mean[:, positions] @ directions,
        posterior_covariance=posterior,
        prior_mean=models.prior_mean[:, positions] @ directions,
        prior_covariance=prior,
        ridge=REDUCTION_RIDGE,
    )
    _require_information(found, models.labels)
    return found


def _require_information(data: Likelihood, labels: Sequence[str]) -> None:
    """Refuse posteriors that are wider than their priors: data cannot have taught less."""
    taught = np.linalg.eigvalsh(data.precision).min(axis=-1)
    prior = np.linalg.eigvalsh(data.prior_precision).max(axis=-1)
    wider = [
        label
        for label, least, scale in zip(labels, taught, prior, strict=True)
        if least < -ROUNDING * scale
    ]
    if wider:
        raise InputDataError(
            f"Posteriors are wider than their priors: {', '.join(wider)}.",
            cure="Give each model the prior that it was estimated with, and its own posterior.",
        )
