"""Bayesian model reduction: a model under another prior, from its posterior alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.matrix_functions import principal_directions

#: SPM12's ridge of the covariances of a reduction: what is switched off keeps this variance.
REDUCTION_RIDGE = 1e-8

#: SPM12's ridge where many reductions are only ranked: exp(-16), about 1e-7.
SCORING_RIDGE = float(np.exp(-16.0))

#: Directions of the prior whose squared variance is below this share of the mean are fixed. SPM12
#: takes 1e-6, which also fixes what is free where prior variances differ by a factor of 1000, as
#: those of effects do when covariates vary more or less.
NEGLIGIBLE_DIRECTION = 1e-20


class ReducedModel(NamedTuple):
    """Posterior and evidence of one or several reduced models.

    Attributes
    ----------
    free_energy_change : ndarray of shape (...)
        Free energy of the reduced minus that of the full model, nats.
    mean : ndarray of shape (..., n_parameters)
        Posterior mean, in the units of the parameters.
    covariance : ndarray of shape (..., n_parameters, n_parameters)
        Posterior covariance.
    """

    free_energy_change: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


class Likelihood(NamedTuple):
    """What data say of parameters: a posterior without its prior.

    Attributes
    ----------
    precision : ndarray of shape (..., d, d)
        Precision of the posterior minus that of the prior.
    posterior_precision : ndarray of shape (..., d, d)
        Of the full model.
    prior_precision : ndarray of shape (..., d, d)
        Of the full model.
    posterior_mean, prior_mean : ndarray of shape (..., d)
        Of the full model.
    log_ratio : ndarray of shape (...)
        Log-determinant of the posterior minus that of the prior precision.
    """

    precision: np.ndarray
    posterior_precision: np.ndarray
    prior_precision: np.ndarray
    posterior_mean: np.ndarray
    prior_mean: np.ndarray
    log_ratio: np.ndarray


def likelihood(
    *,
    posterior_mean: np.ndarray,
    posterior_covariance: np.ndarray,
    prior_mean: np.ndarray,
    prior_covariance: np.ndarray,
    ridge: float,
) -> Likelihood:
    """Take the prior out of posteriors.

    Parameters
    ----------
    posterior_mean, prior_mean : ndarray of shape (..., d)
        Of the full models.
    posterior_covariance, prior_covariance : ndarray of shape (..., d, d)
        Of the full models.
    ridge : float
        Variance added to every direction before covariances are inverted.
    """
    identity = ridge * np.eye(posterior_mean.shape[-1])
    posterior = np.linalg.inv(posterior_covariance + identity)
    prior = np.linalg.inv(prior_covariance + identity)
    return Likelihood(
        precision=posterior - prior,
        posterior_precision=posterior,
        prior_precision=prior,
        posterior_mean=posterior_mean,
        prior_mean=prior_mean,
        log_ratio=np.linalg.slogdet(posterior)[1] - np.linalg.slogdet(prior)[1],
    )


def under_prior(
    data: Likelihood, mean: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Let a likelihood meet another prior.

    With :math:`\Lambda = \Lambda_q - \Lambda_p` of the data and the prior :math:`N(r, C)`, the
    posterior covariance is :math:`S = C (I + \Lambda C)^{-1}`, the mean :math:`r + S n`,
    :math:`n = \Lambda_q (q - r) - \Lambda_p (p - r)`, and the free energy changes by
    :math:`\tfrac12 [\ln|\Lambda_q| - \ln|\Lambda_p| - \ln|I + \Lambda C| - (q - r)' \Lambda_q
    (q - r) + (p - r)' \Lambda_p (p - r) + n' S n]`. The new prior is never inverted, and moments
    are taken from its mean, so that nothing large cancels where its variances go to zero.

    Parameters
    ----------
    data : Likelihood
        Of one or several models.
    mean : ndarray of shape (..., d)
        r.
    covariance : ndarray of shape (..., d, d)
        C. Leading axes are broadcast.

    Returns
    -------
    change : ndarray of shape (...)
        Nats.
    mean : ndarray of shape (..., d)
        Of the posterior under the new prior.
    covariance : ndarray of shape (..., d, d)
        Of the posterior under the new prior.
    """
    return reduced_to(data, conditioned(data, covariance), mean)


class Conditioned(NamedTuple):
    """What of a reduction does not depend on the mean of the new prior.

    Attributes
    ----------
    covariance : ndarray of shape (..., d, d)
        Posterior covariance under the new prior.
    log_ratio : ndarray of shape (...)
        The free energy's log-determinants.
    """

    covariance: np.ndarray
    log_ratio: np.ndarray


def conditioned(data: Likelihood, covariance: np.ndarray) -> Conditioned:
    """Return the part of :func:`under_prior` that the new prior's covariance decides.

    Parameters
    ----------
    data : Likelihood
        Of one or several models.
    covariance : ndarray of shape (..., d, d)
        Of the new prior.
    """
    mixed = np.eye(covariance.shape[-1]) + data.precision @ covariance
    return Conditioned(
        covariance=symmetric(covariance @ np.linalg.inv(mixed)),
        log_ratio=data.log_ratio - np.linalg.slogdet(mixed)[1],
    )


def reduced_to(
    data: Likelihood, known: Conditioned, mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what :func:`under_prior` returns.

    Parameters
    ----------
    data : Likelihood
        Of one or several models.
    known : Conditioned
        Of the new prior's covariance.
    mean : ndarray of shape (..., d)
        Of the new prior.
    """
    from_posterior, from_prior = data.posterior_mean - mean, data.prior_mean - mean
    pulled = (data.posterior_precision @ from_posterior[..., None])[..., 0]
    pushed = (data.prior_precision @ from_prior[..., None])[..., 0]
    felt = pulled - pushed
    moved = (known.covariance @ felt[..., None])[..., 0]
    terms = felt * moved - pulled * from_posterior + pushed * from_prior
    return 0.5 * (known.log_ratio + terms.sum(axis=-1)), mean + moved, known.covariance


def inverted_with_ridge(
    reduced: tuple[np.ndarray, np.ndarray, np.ndarray], *, ridge: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Return what :func:`under_prior` found as if its last inverse had a ridge too.

    SPM12 inverts the precision of the reduced posterior as
    :math:`(S^{-1} + \epsilon I)^{-1}`, which is :math:`S - \epsilon S^2` to first order, the next
    being below rounding.

    Parameters
    ----------
    reduced : tuple of ndarray
        Change, mean and covariance of one or several models.
    ridge : float
        :math:`\epsilon`.

    Returns
    -------
    tuple of ndarray
        The same three.
    """
    change, mean, covariance = reduced
    traces = np.trace(covariance, axis1=-2, axis2=-1) + (mean**2).sum(axis=-1)
    return (
        change - 0.5 * ridge * traces,
        mean - ridge * (covariance @ mean[..., None])[..., 0],
        covariance - ridge * covariance @ covariance,
    )


def reduce_model(
    *,
    posterior_mean: np.ndarray,
    posterior_covariance: np.ndarray,
    prior_mean: np.ndarray,
    prior_covariance: np.ndarray,
    reduced_mean: np.ndarray,
    reduced_covariance: np.ndarray,
) -> ReducedModel:
    r"""Return evidence and posterior of a model under other priors.

    The likelihood that the posterior holds, :math:`q(\theta) / p(\theta)`, meets the new prior.
    Directions without prior variance are left out; covariances get SPM12's ridge of 1e-8.

    Parameters
    ----------
    posterior_mean, prior_mean : ndarray of shape (n_parameters,)
        Of the full model, in the units of the parameters.
    posterior_covariance, prior_covariance : ndarray of shape (n_parameters, n_parameters)
        Of the full model.
    reduced_mean : ndarray of shape (..., n_parameters)
        Prior means of one or several reduced models.
    reduced_covariance : ndarray of shape (..., n_parameters, n_parameters)
        Their prior covariances.

    Returns
    -------
    ReducedModel
        One entry for each reduced model.

    References
    ----------
    Friston & Penny (2011) NeuroImage 56:2089-2099; Friston et al. (2016) NeuroImage 128:413-431.

    Examples
    --------
    >>> one = np.eye(1)
    >>> found = reduce_model(
    ...     posterior_mean=np.array([0.5]), posterior_covariance=0.5 * one,
    ...     prior_mean=np.zeros(1), prior_covariance=one,
    ...     reduced_mean=np.zeros(1), reduced_covariance=0.0 * one)
    >>> float(found.free_energy_change.round(6)), float(abs(found.mean[0]).round(6))
    (0.096574, 0.0)
    """
    directions = principal_directions(prior_covariance, tolerance=NEGLIGIBLE_DIRECTION)
    size = directions.shape[1]
    found = under_prior(
        likelihood(
            posterior_mean=posterior_mean @ directions,
            posterior_covariance=directions.T @ posterior_covariance @ directions,
            prior_mean=prior_mean @ directions,
            prior_covariance=directions.T @ prior_covariance @ directions,
            ridge=REDUCTION_RIDGE,
        ),
        reduced_mean @ directions,
        directions.T @ reduced_covariance @ directions + REDUCTION_RIDGE * np.eye(size),
    )
    _, mean, covariance = inverted_with_ridge(found, ridge=REDUCTION_RIDGE)
    outside = reduced_mean - reduced_mean @ directions @ directions.T
    return ReducedModel(
        free_energy_change=found[0],
        mean=mean @ directions.T + outside,
        covariance=directions @ covariance @ directions.T,
    )


def switched_off_priors(
    *, prior_mean: np.ndarray, prior_covariance: np.ndarray, off: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return priors in which some parameters are exactly zero.

    Parameters
    ----------
    prior_mean : ndarray of shape (n_parameters,)
        Of the full model.
    prior_covariance : ndarray of shape (n_parameters, n_parameters)
        Of the full model.
    off : ndarray of bool, shape (..., n_parameters)
        What is switched off, for each reduced model.

    Returns
    -------
    means : ndarray of shape (..., n_parameters)
        Prior means.
    covariances : ndarray of shape (..., n_parameters, n_parameters)
        Prior covariances.

    Examples
    --------
    >>> mean, covariance = switched_off_priors(
    ...     prior_mean=np.ones(2), prior_covariance=np.eye(2), off=np.array([True, False]))
    >>> mean.tolist(), covariance.tolist()
    ([0.0, 1.0], [[0.0, 0.0], [0.0, 1.0]])
    """
    kept = np.where(off, 0.0, 1.0)
    return prior_mean * kept, prior_covariance * kept[..., :, None] * kept[..., None, :]


def symmetric(matrices: np.ndarray) -> np.ndarray:
    """Return the symmetric part of each matrix, shape (..., d, d)."""
    return 0.5 * (matrices + np.swapaxes(matrices, -1, -2))
