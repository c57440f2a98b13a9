"""The scheme that climbs the free energy of a second level."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.matrix_functions import flow_step
from bids_ketamine.core.peb.group_model import (
    LOG_PRECISION_MEAN,
    GroupModel,
)
from bids_ketamine.core.peb.reduction import (
    REDUCTION_RIDGE,
    inverted_with_ridge,
    under_prior,
)

#: Iterations of SPM12.
SPM_ITERATIONS = 64

#: Log time of the first step and of the longest, its gain and its loss (SPM12).
FIRST_LOG_TIME, LONGEST_LOG_TIME, GAIN, LOSS = -4.0, 2.0, 0.25, 1.0

#: Least number of iterations, and the change of the free energy that ends the scheme, nats.
FEWEST_ITERATIONS, SMALL_CHANGE = 4, 1e-4

#: Names of the schemes: SPM12's, and Newton steps to the maximum.
SPM12, NEWTON = "spm12", "newton"
SCHEMES = (SPM12, NEWTON)

#: SPM12's scheme has not converged where a Newton step would gain as much, nats.
MUCH_TO_GAIN = 1.0

#: Newton steps end where less than this is to be gained, nats; a step is halved at most so often,
#: and no log precision moves by more than 1 at once.
SMALL_GAIN, HALVINGS = 1e-10, 30

#: Length (1-norm) of a step from which on effects and log precisions are moved apart.
LONG_STEP = 8.0


class GroupEvaluation(NamedTuple):
    """Free energy of a second level at a point, and its slopes there.

    Attributes
    ----------
    effects : ndarray of shape (p,)
        Effects in prior directions, column by column of the design.
    log_precision : ndarray of shape (n_components,)
        Log precisions.
    free_energy : float
        Of the hierarchy, nats.
    complexity : float
        Part of it that belongs to the second level, nats.
    log_joint : float
        Log joint density of effects and log precisions, but for a constant: what the slopes are
        of, nats. The free energy has log-determinants beside it.
    gradient : ndarray of shape (p + n_components,)
        By effects and log precisions.
    curvature : ndarray of shape (p + n_components, p + n_components)
        Second derivatives.
    predicted : ndarray of shape (n_models, d)
        Mean of each model's empirical prior.
    precision : ndarray of shape (d,)
        Precision of the random effects of a model of weight 1.
    reduced_mean : ndarray of shape (n_models, d)
        Posterior mean of each model under its empirical prior.
    reduced_covariance : ndarray of shape (n_models, d, d)
        Posterior covariance of each model under its empirical prior.
    """

    effects: np.ndarray
    log_precision: np.ndarray
    free_energy: float
    complexity: float
    log_joint: float
    gradient: np.ndarray
    curvature: np.ndarray
    predicted: np.ndarray
    precision: np.ndarray
    reduced_mean: np.ndarray
    reduced_covariance: np.ndarray


class Climb(NamedTuple):
    """Where the scheme ended.

    Attributes
    ----------
    last : GroupEvaluation
        The last evaluation, from which SPM12 takes covariances and free energy.
    effects : ndarray of shape (p,)
        Effects after the last step.
    log_precision : ndarray of shape (n_components,)
        Log precisions after the last step.
    trace : ndarray of shape (n_iterations, 4)
        Iteration, free energy, its change, log time.
    converged : bool
        Whether the scheme ended by itself.
    """

    last: GroupEvaluation
    effects: np.ndarray
    log_precision: np.ndarray
    trace: np.ndarray
    converged: bool


def evaluate(model: GroupModel, effects: np.ndarray, log_precision: np.ndarray) -> GroupEvaluation:
    r"""Return the free energy of a second level and its derivatives.

    Each model is reduced to the prior :math:`N(B x_s, \Sigma / w_s)`; with d the difference of
    its new mean and that prior's, the slopes are sums over models.

    Parameters
    ----------
    model : GroupModel
        The second level.
    effects : ndarray of shape (p,)
        Effects.
    log_precision : ndarray of shape (n_components,)
        Log precisions.
    """
    n_models, n_columns = model.matrix.shape
    size, n_components = model.components.shape[1], len(model.components)
    spread = model.log_precision_variance
    scaled = np.exp(log_precision)[:, None] * model.components
    precision = model.least_precision + scaled.sum(axis=0)
    own_precision = model.weights[:, None] * precision
    variance = 1.0 / own_precision
    predicted = model.matrix @ effects.reshape(n_columns, size)
    prior = np.zeros((n_models, size, size))
    prior[:, np.arange(size), np.arange(size)] = variance + REDUCTION_RIDGE
    change, mean, covariance = inverted_with_ridge(
        under_prior(model.data, predicted, prior), ridge=REDUCTION_RIDGE
    )
    moved = mean - predicted

    # Effects.
    effect_precision = 1.0 / model.prior_variance
    n_effects = len(effects)
    gradient = np.empty(n_effects + n_components)
    gradient[:n_effects] = (model.matrix.T @ (own_precision * moved)).ravel()
    gradient[:n_effects] -= effect_precision * (effects - model.prior_mean)
    weighted = own_precision[:, :, None] * covariance * own_precision[:, None, :]
    weighted[:, np.arange(size), np.arange(size)] -= own_precision
    products = (model.matrix[:, :, None] * model.matrix[:, None, :]).reshape(n_models, -1)
    curved = (products.T @ weighted.reshape(n_models, -1)).reshape(n_columns, n_columns, size, size)
    curvature = np.empty((len(gradient), len(gradient)))
    curvature[:n_effects, :n_effects] = curved.transpose(0, 2, 1, 3).reshape(n_effects, n_effects)
    curvature.flat[: n_effects * (len(gradient) + 1) : len(gradient) + 1] -= effect_precision

    # Log precisions.
    own = model.weights[:, None, None] * scaled
    variances = np.diagonal(covariance, axis1=1, axis2=2)
    slopes = 0.5 * (own * (variance - variances - moved**2)[:, None, :]).sum(axis=(0, 2))
    gradient[n_effects:] = slopes - (log_precision - LOG_PRECISION_MEAN) / spread
    pulled = own * moved[:, None, :]
    bend = 0.5 * ((own * (variance**2)[:, None, :]) @ own.transpose(0, 2, 1)).sum(axis=0)
    bend -= 0.5 * (own @ covariance**2 @ own.transpose(0, 2, 1)).sum(axis=0)
    bend -= (pulled @ covariance @ pulled.transpose(0, 2, 1)).sum(axis=0)
    within = curvature[n_effects:, n_effects:]
    within[:] = -bend
    within.flat[:: n_components + 1] += slopes - 1.0 / spread

    # Both.
    kept = np.eye(size) - own_precision[:, :, None] * covariance
    felt = kept @ pulled.transpose(0, 2, 1)
    cross = model.matrix.T @ felt.reshape(n_models, -1)
    curvature[:n_effects, n_effects:] = cross.reshape(n_effects, n_components)
    curvature[n_effects:, :n_effects] = curvature[:n_effects, n_effects:].T

    away = (effect_precision * (effects - model.prior_mean) ** 2).sum()
    away += ((log_precision - LOG_PRECISION_MEAN) ** 2).sum() / spread
    complexity = second_level_complexity(
        effects, log_precision, effect_precision, curvature, log_precision_variance=spread
    )
    return GroupEvaluation(
        effects=effects,
        log_precision=log_precision,
        free_energy=float(change.sum()) + model.first_level_free_energy - complexity,
        complexity=complexity,
        log_joint=float(change.sum() - 0.5 * away),
        gradient=gradient,
        curvature=curvature,
        predicted=predicted,
        precision=precision,
        reduced_mean=mean,
        reduced_covariance=covariance,
    )


def climb(
    evaluated: Callable[[np.ndarray, np.ndarray], GroupEvaluation],
    *,
    effects: np.ndarray,
    log_precision: np.ndarray,
    maximum_iterations: int,
) -> Climb:
    """Climb the free energy as SPM12 does.

    Steps follow the linear flow for a time that grows with success and falls with failure. After
    a failure the next step starts at the best point, with the slopes of the failed one: so SPM12
    does, and its results rest on it.

    Parameters
    ----------
    evaluated : callable
        Free energy and slopes at effects and log precisions.
    effects : ndarray of shape (p,)
        Where to start.
    log_precision : ndarray of shape (n_components,)
        Where to start.
    maximum_iterations : int
        Iterations after which the scheme ends.

    Returns
    -------
    Climb
        Where it ended.
    """
    n_effects = len(effects)
    best: GroupEvaluation | None = None
    log_time, change, trace, converged = FIRST_LOG_TIME, 0.0, [], False
    for iteration in range(1, maximum_iterations + 1):
        last = evaluated(effects, log_precision)
        if best is None or last.free_energy >= best.free_energy:
            change = last.free_energy - best.free_energy if best is not None else 0.0
            best, log_time = last, min(log_time + GAIN, LONGEST_LOG_TIME)
        else:
            log_time = max(log_time - LOSS, FIRST_LOG_TIME)
        step = _step(last, best, log_time)
        effects = best.effects + step[:n_effects]
        log_precision = best.log_precision + np.tanh(step[n_effects:])
        trace.append((iteration, last.free_energy, change, log_time))
        small = log_time <= FIRST_LOG_TIME or change < SMALL_CHANGE
        if iteration > FEWEST_ITERATIONS and small:
            # SPM12 ends here also while its steps are too small to change anything.
            converged = _left_to_gain(last) < MUCH_TO_GAIN
            break
    return Climb(last, effects, log_precision, np.array(trace), converged)


def ascend(
    evaluated: Callable[[np.ndarray, np.ndarray], GroupEvaluation],
    *,
    effects: np.ndarray,
    log_precision: np.ndarray,
    maximum_iterations: int,
) -> Climb:
    """Go to the maximum of the log joint density by Newton steps, halved where they overshoot.

    At known precisions the density is a quadratic of the effects, so that one step finds them.
    SPM12's scheme ends up to a quarter of a posterior standard deviation before the maximum where
    columns of the design differ much in their sum of squares.

    Parameters
    ----------
    evaluated, effects, log_precision, maximum_iterations
        As of :func:`climb`.

    Returns
    -------
    Climb
        Where it ended; the last evaluation is there.
    """
    n_effects = len(effects)
    now = evaluated(effects, log_precision)
    trace, converged = [(1, now.free_energy, 0.0, np.inf)], False
    for iteration in range(2, maximum_iterations + 1):
        curvatures, directions = np.linalg.eigh(now.curvature)
        step = directions @ ((directions.T @ now.gradient) / np.abs(curvatures))
        converged = bool(now.gradient @ step < SMALL_GAIN)
        if converged:
            # The last step is rounding to the density, but not to its slopes.
            now = evaluated(now.effects + step[:n_effects], now.log_precision + step[n_effects:])
            break
        step /= max(1.0, np.abs(step[n_effects:]).max(initial=0.0))
        further = now
        for _ in range(HALVINGS):
            further = evaluated(
                now.effects + step[:n_effects], now.log_precision + step[n_effects:]
            )
            if further.log_joint > now.log_joint:
                break
            step = 0.5 * step
        else:
            converged = True  # nothing is left to be gained but rounding
            break
        change = further.free_energy - now.free_energy
        now = further
        trace.append((iteration, now.free_energy, change, np.inf))
    return Climb(now, now.effects, now.log_precision, np.array(trace), converged)


def _left_to_gain(last: GroupEvaluation) -> float:
    """Return what a Newton step would gain, nats."""
    curvatures, directions = np.linalg.eigh(last.curvature)
    return float(0.5 * ((directions.T @ last.gradient) ** 2 / np.abs(curvatures)).sum())


def _step(last: GroupEvaluation, best: GroupEvaluation, log_time: float) -> np.ndarray:
    step = flow_step(last.curvature, last.gradient, log_time=log_time)
    if np.abs(step).sum() < LONG_STEP:
        return step
    n_effects = len(best.effects)
    apart = best.curvature.copy()
    apart[:n_effects, n_effects:] = 0.0
    apart[n_effects:, :n_effects] = 0.0
    return flow_step(apart, last.gradient, log_time=log_time)


def second_level_complexity(
    effects: np.ndarray,
    log_precision: np.ndarray,
    effect_precision: np.ndarray,
    curvature: np.ndarray,
    *,
    log_precision_variance: float,
) -> float:
    r"""Return what the second level costs, nats.

    :math:`\tfrac12 [b' P_b b + g' P_g g - \ln|P|\,|-H|^{-1}]`. SPM12 takes b itself, not its
    distance from the prior mean.

    Parameters
    ----------
    effects : ndarray of shape (p,)
        b.
    log_precision : ndarray of shape (n_components,)
        g.
    effect_precision : ndarray of shape (p,)
        Diagonal of :math:`P_b`.
    curvature : ndarray of shape (p + n_components, p + n_components)
        H.
    log_precision_variance : float
        Inverse of the diagonal of :math:`P_g`.
    """
    quadratic = (effects**2 * effect_precision).sum()
    quadratic += (log_precision**2).sum() / log_precision_variance
    log_determinant = np.log(effect_precision).sum()
    log_determinant -= len(log_precision) * np.log(log_precision_variance)
    log_determinant -= np.linalg.slogdet(-curvature)[1]
    return float(0.5 * (quadratic - log_determinant))
