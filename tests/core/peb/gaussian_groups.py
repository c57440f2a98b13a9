"""Groups of linear models, where every level of parametric empirical Bayes has a closed form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.peb.models import FirstLevelModels, first_level_models


class Gaussian(NamedTuple):
    """Mean and covariance."""

    mean: np.ndarray
    covariance: np.ndarray


class Regression(NamedTuple):
    """A linear regression with known noise.

    Attributes
    ----------
    design : ndarray of shape (n_rows, n_parameters)
        What the parameters do.
    data : ndarray of shape (n_rows,)
        Observations.
    noise_variance : float
        Of each observation.
    """

    design: np.ndarray
    data: np.ndarray
    noise_variance: float

    def posterior(self, prior: Gaussian) -> Gaussian:
        """Return the posterior; no prior is inverted, so variances may be zero."""
        gain = self._marginal_solve(prior, self.design @ prior.covariance).T
        departure = self.data - self.design @ prior.mean
        return Gaussian(
            prior.mean + gain @ departure,
            prior.covariance - gain @ self.design @ prior.covariance,
        )

    def log_evidence(self, prior: Gaussian) -> float:
        """Return the log density of the data."""
        departure = self.data - self.design @ prior.mean
        return float(
            -0.5 * departure @ self._marginal_solve(prior, departure)
            - 0.5 * np.linalg.slogdet(2.0 * np.pi * self._marginal(prior))[1]
        )

    def _marginal(self, prior: Gaussian) -> np.ndarray:
        noise = self.noise_variance * np.eye(len(self.data))
        return self.design @ prior.covariance @ self.design.T + noise

    def _marginal_solve(self, prior: Gaussian, right: np.ndarray) -> np.ndarray:
        return np.linalg.solve(self._marginal(prior), right)


def regression(
    seed: int, *, parameters: np.ndarray, n_rows: int = 30, noise_variance: float = 1.0
) -> Regression:
    """Return data of known parameters, design and noise seeded."""
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(n_rows, len(parameters)))
    noise = np.sqrt(noise_variance) * rng.normal(size=n_rows)
    return Regression(design, design @ parameters + noise, noise_variance)


def group_of_regressions(
    seed: int,
    *,
    means: np.ndarray,
    prior: Gaussian,
    between_deviation: float,
    noise_variance: float = 1.0,
    names: tuple[str, ...] | None = None,
    fields: tuple[str, ...] | None = None,
) -> FirstLevelModels:
    """Return estimated regressions of participants who scatter around their means.

    Parameters
    ----------
    seed : int
        Of everything random.
    means : ndarray of shape (n_models, n_parameters)
        What each participant's parameters scatter around.
    prior : Gaussian
        Of the parameters, in every model.
    between_deviation : float
        Standard deviation of the scatter.
    noise_variance : float
        Of the data.
    names, fields : tuple of str, optional
        Of the parameters; ``p1``, ..., all of them ``modulation``, if absent.
    """
    rng = np.random.default_rng(seed)
    n_models, n_parameters = means.shape
    free = np.diagonal(prior.covariance) > 0.0
    true = means + between_deviation * rng.normal(size=means.shape) * free
    tasks = [
        regression(int(own), parameters=each, noise_variance=noise_variance)
        for own, each in zip(rng.integers(2**31, size=n_models), true, strict=True)
    ]
    posteriors = [task.posterior(prior) for task in tasks]
    return first_level_models(
        posterior_mean=[each.mean for each in posteriors],
        posterior_covariance=[each.covariance for each in posteriors],
        prior_mean=[prior.mean] * n_models,
        prior_covariance=[prior.covariance] * n_models,
        free_energy=[task.log_evidence(prior) for task in tasks],
        parameters=names or tuple(f"p{place + 1}" for place in range(n_parameters)),
        fields=fields or ("modulation",) * n_parameters,
        labels=tuple(f"sub-{row + 1:02d}" for row in range(n_models)),
    )


def log_density(mean: np.ndarray, covariance: np.ndarray, at: np.ndarray) -> float:
    """Return the log density of a Gaussian."""
    departure = at - mean
    determinant = np.linalg.slogdet(2.0 * np.pi * covariance)[1]
    return float(-0.5 * departure @ np.linalg.solve(covariance, departure) - 0.5 * determinant)


def likelihoods(models: FirstLevelModels) -> tuple[np.ndarray, np.ndarray]:
    """Return precision, and precision times mean, of what each model's data say.

    SPM12 gives each posterior a sixteenth of the prior's precision once more, and leaves its mean.
    """
    prior = np.linalg.inv(models.prior_covariance)
    posterior = np.linalg.inv(models.posterior_covariance)
    if models.n_models > 1:
        posterior = posterior + prior / 16.0
    weighted = posterior @ models.posterior_mean[..., None] - prior @ models.prior_mean[..., None]
    return posterior - prior, weighted[..., 0]


def effects_of_known_precision(
    models: FirstLevelModels, matrix: np.ndarray, between: np.ndarray, prior: Gaussian
) -> Gaussian:
    """Return the posterior of the effects for a known covariance between models.

    Each model's estimate is an observation of its row's effects, with its own error and the
    scatter between models.

    Parameters
    ----------
    models : FirstLevelModels
        The first level.
    matrix : ndarray of shape (n_models, n_columns)
        Design.
    between : ndarray of shape (..., n_parameters, n_parameters)
        Covariance between models, one or each model's.
    prior : Gaussian
        Of the effects.
    """
    precision = np.linalg.inv(prior.covariance)
    weighted = precision @ prior.mean
    size = models.n_parameters
    scatter = np.broadcast_to(between, (models.n_models, size, size))
    for row, own, pull, each in zip(matrix, *likelihoods(models), scatter, strict=True):
        design = np.kron(row, np.eye(size))
        # (each + 1 / own)^-1 without inverting own, in which nothing may be known.
        seen = np.linalg.inv(np.eye(size) + own @ each)
        precision = precision + design.T @ seen @ own @ design
        weighted = weighted + design.T @ seen @ pull
    covariance = np.linalg.inv(precision)
    return Gaussian(covariance @ weighted, covariance)


def without(
    off: np.ndarray, *, posterior: Gaussian, prior: Gaussian
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return what fixing parameters at zero does: the posterior's condition, Savage and Dickey.

    Parameters
    ----------
    off : ndarray of bool, shape (n_parameters,)
        What is fixed.
    posterior, prior : Gaussian
        With all parameters.

    Returns
    -------
    tuple
        Change of the log evidence; mean and variance of all parameters.
    """
    size, kept = len(off), ~off
    own, zero = np.ix_(off, off), np.zeros(off.sum())
    change = log_density(posterior.mean[off], posterior.covariance[own], zero)
    change -= log_density(prior.mean[off], prior.covariance[own], zero)
    gain = posterior.covariance[np.ix_(kept, off)] @ np.linalg.inv(posterior.covariance[own])
    left = posterior.covariance[np.ix_(kept, kept)]
    left = left - gain @ posterior.covariance[np.ix_(off, kept)]
    mean, variance = np.zeros(size), np.zeros(size)
    mean[kept] = posterior.mean[kept] - gain @ posterior.mean[off]
    variance[kept] = np.diagonal(left)
    return change, mean, variance
