"""First-level models under the priors that the group gives them."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.peb.estimation import PebEstimate
from bids_ketamine.core.peb.models import FirstLevelModels
from bids_ketamine.core.peb.reduction import (
    REDUCTION_RIDGE,
    inverted_with_ridge,
    likelihood,
    under_prior,
)


def reevaluated_models(estimate: PebEstimate) -> FirstLevelModels:
    r"""Return each first-level model under its empirical prior.

    The prior of the parameters that entered becomes :math:`N(B x_s, \Sigma / w_s)`, that of the
    others stays. Parameters that are fixed stay so: SPM12 inverts their zero variances, which
    moves single estimates by up to 0.3.

    Parameters
    ----------
    estimate : PebEstimate
        The second level.

    Returns
    -------
    FirstLevelModels
        The same models, with empirical priors, the posteriors and free energies that follow.

    References
    ----------
    Friston et al. (2016) NeuroImage 128:413-431.
    """
    models, state = estimate.models, estimate.state
    free = np.flatnonzero((np.diagonal(models.prior_covariance, axis1=1, axis2=2) > 0.0).any(0))
    block = np.ix_(np.arange(models.n_models), free, free)
    data = likelihood(
        posterior_mean=models.posterior_mean[:, free],
        posterior_covariance=models.posterior_covariance[block],
        prior_mean=models.prior_mean[:, free],
        prior_covariance=models.prior_covariance[block],
        ridge=REDUCTION_RIDGE,
    )
    prior_mean = models.prior_mean.copy()
    prior_mean[:, estimate.positions] = state.predicted @ estimate.directions.T
    prior_covariance = models.prior_covariance.copy()
    prior_covariance[block] = _empirical_covariance(estimate, models.prior_covariance[block], free)
    ridged = prior_covariance[block] + REDUCTION_RIDGE * np.eye(len(free))
    change, mean, covariance = inverted_with_ridge(
        under_prior(data, prior_mean[:, free], ridged), ridge=REDUCTION_RIDGE
    )
    posterior_mean = models.posterior_mean.copy()
    posterior_mean[:, free] = mean
    posterior_covariance = models.posterior_covariance.copy()
    posterior_covariance[block] = covariance
    return models._replace(
        posterior_mean=posterior_mean,
        posterior_covariance=posterior_covariance,
        prior_mean=prior_mean,
        prior_covariance=prior_covariance,
        free_energy=models.free_energy + change - estimate.complexity / models.n_models,
    )


def _empirical_covariance(
    estimate: PebEstimate, prior_covariance: np.ndarray, free: np.ndarray
) -> np.ndarray:
    """Put the precision of the random effects in place of the entering parameters' prior."""
    places = np.searchsorted(free, estimate.positions)
    precision = np.linalg.inv(prior_covariance)
    between = (estimate.directions * estimate.state.precision) @ estimate.directions.T
    block = np.ix_(np.arange(len(precision)), places, places)
    precision[block] = estimate.weights[:, None, None] * between
    return np.linalg.inv(precision)
