"""A second level that one outlying participant cannot carry away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from bids_ketamine.core.peb.design import GroupDesign
from bids_ketamine.core.peb.estimation import SPM_BETWEEN_RATIO, PebEstimate, estimate_peb
from bids_ketamine.core.peb.group_model import SPM_LOG_PRECISION_VARIANCE
from bids_ketamine.core.peb.group_scheme import NEWTON, SPM_ITERATIONS
from bids_ketamine.core.peb.models import FirstLevelModels
from bids_ketamine.errors import InputDataError

#: Rounds of weights and effects after which the weights are taken as they are.
MAXIMUM_ROUNDS = 100

#: Largest change of a log weight that ends the rounds.
SMALL_CHANGE = 1e-4


def estimate_student_t_peb(
    models: FirstLevelModels,
    *,
    design: GroupDesign,
    fields: Sequence[str] | None,
    precision_components: str,
    participants: Sequence[str],
    degrees_of_freedom: float,
    between_ratio: float = SPM_BETWEEN_RATIO,
    log_precision_variance: float = SPM_LOG_PRECISION_VARIANCE,
    maximum_iterations: int = SPM_ITERATIONS,
) -> PebEstimate:
    r"""Estimate a second level whose random effects follow Student's t.

    :math:`r_s \sim N(0, \Sigma / w_i)` with one weight of each participant,
    :math:`w_i \sim \Gamma(\nu/2, \nu/2)`, which makes the random effects of participant i jointly
    multivariate t. Weights and the rest are estimated in turn (mean field): given the rest,
    :math:`E[w_i] = (\nu + d_i) / (\nu + E[\sum_s r_s' \Sigma^{-1} r_s])` over the :math:`d_i`
    random effects of the participant; so whoever lies far out counts little. Between updates the
    level is taken to its maximum, not to where SPM12's scheme ends. Standard deviations take the
    weights as known, so they are a little small: by a tenth where weights differ much.

    Parameters
    ----------
    models, design, fields, precision_components, between_ratio, maximum_iterations
        As of :func:`bids_ketamine.core.peb.estimation.estimate_peb`.
    participants : sequence of str, n_models
        Participant of each model: the sessions of one share a weight.
    degrees_of_freedom : float
        :math:`\nu`; large values give the Gaussian level.

    Returns
    -------
    PebEstimate
        With the weight of each model, and the free energy of the hierarchy with weights.

    Raises
    ------
    InputDataError
        As :func:`~bids_ketamine.core.peb.estimation.estimate_peb`; and if there is not one
        participant for each model, or the degrees of freedom are not positive.

    References
    ----------
    Lange, Little & Taylor (1989) J Am Stat Assoc 84:881-896.
    """
    if len(participants) != models.n_models or not degrees_of_freedom > 0.0:
        raise InputDataError(
            f"There are {len(participants)} participants for {models.n_models} models, and "
            f"{degrees_of_freedom:g} degrees of freedom.",
            cure="Name the participant of each model, and give positive degrees of freedom.",
        )
    distinct, of_row = np.unique(np.asarray(participants), return_inverse=True)
    updated = np.ones(len(distinct))
    for _ in range(MAXIMUM_ROUNDS):
        weights = updated
        found = estimate_peb(
            models,
            design=design,
            fields=fields,
            precision_components=precision_components,
            between_ratio=between_ratio,
            log_precision_variance=log_precision_variance,
            maximum_iterations=maximum_iterations,
            scheme=NEWTON,
            weights=weights[of_row],
        )
        counts = np.bincount(of_row) * len(found.positions)
        squares = np.bincount(of_row, weights=random_effect_squares(found))
        updated = (degrees_of_freedom + counts) / (degrees_of_freedom + squares)
        change = np.abs(np.log(updated / weights)).max()
        if change < SMALL_CHANGE:
            break
    correction = _weights_free_energy(weights, counts, degrees_of_freedom)
    return found._replace(
        free_energy=found.free_energy + correction,
        degrees_of_freedom=degrees_of_freedom,
        converged=found.converged and bool(change < SMALL_CHANGE),
    )


def random_effect_squares(estimate: PebEstimate) -> np.ndarray:
    r"""Return the expected :math:`r_s' \Sigma^{-1} r_s` of each model.

    Parameters
    ----------
    estimate : PebEstimate
        The second level.

    Returns
    -------
    ndarray of shape (n_models,)
        k on average, for random effects like those of the others.
    """
    state = estimate.state
    moved = state.reduced_mean - state.predicted
    variances = np.diagonal(state.reduced_covariance, axis1=1, axis2=2)
    return np.asarray((moved**2 + variances) @ state.precision)


def _weights_free_energy(
    weights: np.ndarray, counts: np.ndarray, degrees_of_freedom: float
) -> float:
    r"""Return what uncertain weights add to the free energy at their means.

    :math:`\sum_i d_i/2 (E[\ln w_i] - \ln E[w_i]) - KL(q(w_i) \| p(w_i))`.
    """
    prior = 0.5 * degrees_of_freedom
    shape = 0.5 * (degrees_of_freedom + counts)
    rate = shape / weights
    expected_log = special.digamma(shape) - np.log(rate)
    divergence = (
        (shape - prior) * special.digamma(shape)
        - special.gammaln(shape)
        + special.gammaln(prior)
        + prior * (np.log(rate) - np.log(prior))
        + shape * (prior - rate) / rate
    )
    return float((0.5 * counts * (expected_log - np.log(weights)) - divergence).sum())
