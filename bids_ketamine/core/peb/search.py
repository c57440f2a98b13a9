"""Search over nested models, and the average over the best of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import special

from bids_ketamine.core.peb.estimation import PebEstimate
from bids_ketamine.core.peb.reduction import (
    reduce_model,
    switched_off_priors,
)
from bids_ketamine.core.peb.scoring import switched_off_scores
from bids_ketamine.errors import InputDataError

#: Candidates whose every combination is scored in one pass: 2^8 models (SPM12).
EXHAUSTIVE = 8

#: Models this far below the best, in nats, do not enter an average (Occam's window).
WINDOW = 8.0


class SearchResult(NamedTuple):
    """What a search over nested models found.

    Attributes
    ----------
    candidates : ndarray of int, shape (n_candidates,)
        Parameters whose combinations the last pass compared.
    removed : ndarray of bool, shape (n_models, n_candidates)
        What each model of the last pass does without.
    free_energy : ndarray of shape (n_models,)
        Of each minus that of the full model, nats.
    probability : ndarray of shape (n_models,)
        Of each among the models of the last pass.
    parameter_probability : ndarray of shape (n_parameters,)
        Of each parameter being there: 1 if it never was a candidate of the last pass, 0 if
        removed in an earlier one.
    compared_probability : ndarray of shape (n_parameters,)
        The same of the candidates of the last pass; of every other parameter the best model with
        it against the best model without it, so that it is of all.
    kept : ndarray of bool, shape (n_parameters,)
        Parameters of the best model.
    averaged_mean : ndarray of shape (n_parameters,)
        Mean over the models in Occam's window, weighted by their evidence.
    averaged_variance : ndarray of shape (n_parameters,)
        Variance of that mixture, exact (SPM12 samples it).
    averaged_free_energy : ndarray of shape (n_averaged,)
        Of the models in the average minus that of the full model, nats.
    """

    candidates: np.ndarray
    removed: np.ndarray
    free_energy: np.ndarray
    probability: np.ndarray
    parameter_probability: np.ndarray
    compared_probability: np.ndarray
    kept: np.ndarray
    averaged_mean: np.ndarray
    averaged_variance: np.ndarray
    averaged_free_energy: np.ndarray


class _Pass(NamedTuple):
    candidates: np.ndarray
    removed: np.ndarray
    free_energy: np.ndarray
    is_last: bool


def search_models(
    *,
    posterior_mean: np.ndarray,
    posterior_covariance: np.ndarray,
    prior_mean: np.ndarray,
    prior_covariance: np.ndarray,
    candidates: np.ndarray | None = None,
) -> SearchResult:
    """Switch parameters off, greedily, until doing so helps no more.

    With few parameters, all combinations are compared at once; with many, each pass takes those
    whose removal costs least.

    Parameters
    ----------
    posterior_mean, prior_mean : ndarray of shape (n_parameters,)
        Of the full model, in the units of the parameters.
    posterior_covariance, prior_covariance : ndarray of shape (n_parameters, n_parameters)
        Of the full model.
    candidates : ndarray of int or None
        Parameters that may be switched off; all with prior variance when ``None``.

    Returns
    -------
    SearchResult
        The models of the last pass, and the average over the best.

    Raises
    ------
    InputDataError
        If there is nothing to switch off, or free energies are not finite.

    References
    ----------
    Friston & Penny (2011) NeuroImage 56:2089-2099; Zeidman et al. (2019) NeuroImage 200:12-25.
    """
    moments = {
        "posterior_mean": posterior_mean,
        "posterior_covariance": posterior_covariance,
        "prior_mean": prior_mean,
        "prior_covariance": prior_covariance,
    }
    variances = np.diagonal(prior_covariance)
    possible = np.zeros(len(variances), dtype=bool)
    possible[np.arange(len(variances)) if candidates is None else candidates] = True
    possible &= variances > 0.0
    off = np.zeros(len(variances), dtype=bool)
    if not possible.any():
        raise InputDataError(
            "No parameter can be switched off: none of the candidates has prior variance.",
            cure="Choose candidates among the free parameters.",
        )
    while True:
        found = _compare(moments, possible & ~off, off)
        if not np.isfinite(found.free_energy).all():
            raise InputDataError(
                "The free energies of reduced models are not finite.",
                cure="Look whether moments are, and covariates are of a usual size.",
            )
        weights = special.softmax(found.free_energy)
        best = found.removed[np.argmax(weights)]
        off[found.candidates[best]] = True
        if found.is_last or not best.any() or not (possible & ~off).any():
            break
    probability = np.where(off | (variances == 0.0), 0.0, 1.0)
    probability[found.candidates] = _kept_probability(found.removed, weights)
    mean, variance, energies = _average(moments, found, off)
    return SearchResult(
        candidates=found.candidates,
        removed=found.removed,
        free_energy=found.free_energy,
        probability=weights,
        parameter_probability=probability,
        compared_probability=_compared(moments, found.candidates, probability, off),
        kept=~off & (variances > 0.0),
        averaged_mean=mean,
        averaged_variance=variance,
        averaged_free_energy=energies,
    )


def search_peb(estimate: PebEstimate) -> SearchResult:
    """Search over the effects of a second level; its parameters are all (k * n_columns) effects.

    Parameters
    ----------
    estimate : PebEstimate
        The second level.
    """
    return search_models(
        posterior_mean=estimate.posterior_mean.ravel(order="F"),
        posterior_covariance=estimate.posterior_covariance,
        prior_mean=estimate.prior_mean,
        prior_covariance=estimate.prior_covariance,
    )


def _compare(moments: Mapping[str, np.ndarray], on: np.ndarray, off: np.ndarray) -> _Pass:
    """Score what could be removed next: all combinations of the candidates of one pass."""
    places = np.flatnonzero(on)
    most = max(len(places) // 4, EXHAUSTIVE)
    is_last = len(places) <= most
    if not is_last:
        singly = off | (np.arange(len(off)) == places[:, None])
        scores = switched_off_scores(**moments, off=singly)
        places = places[np.argsort(-scores, kind="stable")[:most]]
        everything = np.array([[True], [False]]).repeat(most, axis=1)
        both = switched_off_scores(**moments, off=_switched_off(off, places, everything))
        if both[0] - both[1] > most:
            return _Pass(places, everything, both, is_last)
    places = places[:EXHAUSTIVE]
    # Every combination: the first removes all, the last none, the first candidate slowest.
    removed = ~(np.indices((2,) * len(places)).reshape(len(places), -1).T.astype(bool))
    scores = switched_off_scores(**moments, off=_switched_off(off, places, removed))
    return _Pass(places, removed, scores, is_last)


def _compared(
    moments: Mapping[str, np.ndarray],
    candidates: np.ndarray,
    probability: np.ndarray,
    off: np.ndarray,
) -> np.ndarray:
    """Compare the best model with and without each parameter that the last pass did not."""
    others = np.setdiff1d(np.flatnonzero(np.diagonal(moments["prior_covariance"])), candidates)
    found = probability.copy()
    if others.size:
        each = np.arange(len(off)) == others[:, None]
        with_it = switched_off_scores(**moments, off=off & ~each)
        without_it = switched_off_scores(**moments, off=off | each)
        found[others] = special.expit(with_it - without_it)
    return found


def _switched_off(off: np.ndarray, places: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Return what each model does without, shape (n_models, n_parameters)."""
    found = np.tile(off, (len(removed), 1))
    found[:, places] = removed
    return found


def _kept_probability(removed: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Weigh models with each candidate against those without, kinds of equal prior probability."""
    with_it = mean_over(probability, ~removed)
    without_it = mean_over(probability, removed)
    return with_it / (with_it + without_it)


def mean_over(probability: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the mean probability of some of the models, for each column.

    Parameters
    ----------
    probability : ndarray of shape (n_models,)
        Of each model.
    chosen : ndarray of bool, shape (n_models, n_columns)
        Which models; none gives 0.
    """
    return np.asarray(probability @ chosen / np.maximum(chosen.sum(axis=0), 1))


def _average(
    moments: Mapping[str, np.ndarray], found: _Pass, off: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Average over Occam's window; what the best model does without stays away."""
    likely = found.free_energy > found.free_energy.max() - WINDOW
    switched = _switched_off(off, found.candidates, found.removed[likely]) | off
    distinct, which = np.unique(switched, axis=0, return_inverse=True)
    means, covariances = switched_off_priors(
        prior_mean=moments["prior_mean"], prior_covariance=moments["prior_covariance"], off=distinct
    )
    reduced = reduce_model(**moments, reduced_mean=means, reduced_covariance=covariances)
    energies = reduced.free_energy_change[which.ravel()]
    variances = np.diagonal(reduced.covariance, axis1=1, axis2=2)
    mean, variance = mixture(
        special.softmax(energies), reduced.mean[which.ravel()], variances[which.ravel()]
    )
    return mean, variance, energies


def mixture(
    weights: np.ndarray, means: np.ndarray, variances: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of a mixture of Gaussians.

    Parameters
    ----------
    weights : ndarray of shape (n_models,)
        Sum to 1.
    means, variances : ndarray of shape (n_models, n_parameters)
        Of each.
    """
    mean = weights @ means
    return mean, weights @ (variances + (means - mean) ** 2)
