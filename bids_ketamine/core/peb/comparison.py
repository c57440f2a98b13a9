"""Predefined models of a second level, and families of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from bids_ketamine.core.peb.estimation import PebEstimate
from bids_ketamine.core.peb.reduction import reduce_model, switched_off_priors
from bids_ketamine.core.peb.search import WINDOW, mean_over, mixture
from bids_ketamine.errors import InputDataError


class ModelComparison(NamedTuple):
    """Evidence of predefined models.

    With one column of the design, arrays of models have one axis; with more they have two, the
    model of the first column (what is common) and that of the second (what differs).

    Attributes
    ----------
    free_energy : ndarray of shape (n_models,) or (n_models, n_models)
        Of each minus that of the full model, nats.
    probability : ndarray of the same shape
        Posterior probability of each, all equally probable before.
    differing : ndarray of int, shape (n_differing,)
        Parameters that some models have and others do not.
    first_probability : ndarray of shape (n_differing,)
        Of each of these being there in the first column.
    second_probability : ndarray of shape (n_differing,)
        In the second column; empty with one column.
    averaged : ndarray of int, shape (n_averaged, 1 or 2)
        Models in Occam's window.
    averaged_mean : ndarray of shape (k, n_columns)
        Mean of their mixture.
    averaged_variance : ndarray of shape (k, n_columns)
        Its variance, exact (SPM12 samples it).
    best : tuple of int
        The most probable model.
    best_mean : ndarray of shape (k, n_columns)
        Its effects.
    best_covariance : ndarray of shape (k * n_columns, k * n_columns)
        Their covariance.
    """

    free_energy: np.ndarray
    probability: np.ndarray
    differing: np.ndarray
    first_probability: np.ndarray
    second_probability: np.ndarray
    averaged: np.ndarray
    averaged_mean: np.ndarray
    averaged_variance: np.ndarray
    best: tuple[int, ...]
    best_mean: np.ndarray
    best_covariance: np.ndarray


class FamilyComparison(NamedTuple):
    """Evidence of families of predefined models.

    Attributes
    ----------
    family_probability : ndarray of shape (n_families,) or (n_families, n_families)
        Posterior probability of each family, all equally probable before.
    probability : ndarray of shape (n_models,) or (n_models, n_models)
        Of each model, those of one family equally probable before.
    first_probability, second_probability : ndarray of shape (n_differing,)
        As of :class:`ModelComparison`, under these probabilities.
    """

    family_probability: np.ndarray
    probability: np.ndarray
    first_probability: np.ndarray
    second_probability: np.ndarray


def compare_models(estimate: PebEstimate, *, kept: ArrayLike) -> ModelComparison:
    """Compare models that keep different parameters.

    With several columns in the design, every pair of models is compared, one for the first
    column and one for the second; further columns keep all parameters.

    Parameters
    ----------
    estimate : PebEstimate
        The second level with all parameters.
    kept : array_like of bool, shape (n_models, k)
        Parameters of each model.

    Returns
    -------
    ModelComparison
        Evidence, probabilities and averages.

    Raises
    ------
    InputDataError
        If the models are about another number of parameters.

    References
    ----------
    Zeidman et al. (2019) NeuroImage 200:12-25.
    """
    models = np.atleast_2d(np.asarray(kept, dtype=bool))
    n_parameters, n_columns = estimate.posterior_mean.shape
    if models.shape[1] != n_parameters:
        raise InputDataError(
            f"Models of {models.shape[1]} parameters are compared; the second level has "
            f"{n_parameters}: {', '.join(estimate.parameters)}.",
            cure="Say of each of these parameters whether a model has it.",
        )
    shape = (len(models),) * min(n_columns, 2)
    places = np.indices(shape).reshape(len(shape), -1).T
    on = np.ones((len(places), n_columns, n_parameters), dtype=bool)
    for column in range(len(shape)):
        on[:, column] = models[places[:, column]]
    means, covariances = switched_off_priors(
        prior_mean=estimate.prior_mean,
        prior_covariance=estimate.prior_covariance,
        off=~on.reshape(len(places), -1),
    )
    reduced = reduce_model(
        posterior_mean=estimate.posterior_mean.ravel(order="F"),
        posterior_covariance=estimate.posterior_covariance,
        prior_mean=estimate.prior_mean,
        prior_covariance=estimate.prior_covariance,
        reduced_mean=means,
        reduced_covariance=covariances,
    )
    energies = reduced.free_energy_change
    probability = special.softmax(energies)
    window = np.flatnonzero(energies > energies.max() - WINDOW)
    variances = np.diagonal(reduced.covariance[window], axis1=1, axis2=2)
    mean, variance = mixture(special.softmax(energies[window]), reduced.mean[window], variances)
    best = int(np.argmax(energies))
    first, second = _parameter_probabilities(probability.reshape(shape), models)
    return ModelComparison(
        free_energy=energies.reshape(shape),
        probability=probability.reshape(shape),
        differing=_differing(models),
        first_probability=first,
        second_probability=second,
        averaged=places[window],
        averaged_mean=mean.reshape(n_columns, n_parameters).T,
        averaged_variance=variance.reshape(n_columns, n_parameters).T,
        best=tuple(int(each) for each in places[best]),
        best_mean=reduced.mean[best].reshape(n_columns, n_parameters).T,
        best_covariance=reduced.covariance[best],
    )


def compare_families(
    *, free_energy: np.ndarray, kept: ArrayLike, families: ArrayLike
) -> FamilyComparison:
    """Compare families of models, whatever their size.

    Parameters
    ----------
    free_energy : ndarray of shape (n_models,) or (n_models, n_models)
        Of :func:`compare_models`, nats.
    kept : array_like of bool, shape (n_models, k)
        Parameters of each model.
    families : array_like of shape (n_models,)
        Family of each model, numbers or names.

    Returns
    -------
    FamilyComparison
        Families in the order of `numpy.unique`.

    Raises
    ------
    InputDataError
        If there is not one family for each model.
    """
    names = np.asarray(families)
    models = np.atleast_2d(np.asarray(kept, dtype=bool))
    if names.shape != (len(models),) or free_energy.shape[0] != len(models):
        raise InputDataError(
            f"There are {names.size} families for {len(models)} models with "
            f"{free_energy.shape[0]} free energies.",
            cure="Name the family of each model.",
        )
    distinct, which, sizes = np.unique(names, return_inverse=True, return_counts=True)
    log_prior = -np.log(len(distinct) * sizes[which])
    within = np.eye(len(distinct))[which]
    weighted = free_energy + log_prior
    if free_energy.ndim == 2:
        weighted = weighted + log_prior[:, None]
    probability = special.softmax(weighted)
    family = within.T @ probability @ within if free_energy.ndim == 2 else within.T @ probability
    first, second = _parameter_probabilities(probability, models)
    return FamilyComparison(family, probability, first, second)


def _differing(models: np.ndarray) -> np.ndarray:
    return np.flatnonzero(models.any(axis=0) & ~models.all(axis=0))


def _parameter_probabilities(
    probability: np.ndarray, models: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weigh models with each parameter against those without, in both columns."""
    own = models[:, _differing(models)]

    def weighed(margin: np.ndarray) -> np.ndarray:
        with_it, without_it = mean_over(margin, own), mean_over(margin, ~own)
        return with_it / (with_it + without_it)

    if probability.ndim == 1:
        return weighed(probability), np.empty(0)
    return weighed(probability.sum(axis=1)), weighed(probability.sum(axis=0))
