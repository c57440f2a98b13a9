r"""Variational Laplace: posterior of a nonlinear model with Gaussian noise, in SPM12's scheme.

.. math:: y = g(\theta) + X \beta + e, \qquad e_i \sim N(0, \lambda_{c(i)}^{-1})

Columns of the data (regions) have white noise, whose precision, :math:`\lambda_c = e^{h_c} +
e^{-32}`, they may share. Each iteration linearises g, finds the log precisions h by ascent
on the free energy (M-step), and moves the parameters along the flow of its gradient (E-step).

References
----------
Friston, Mattout, Trujillo-Barreto, Ashburner & Penny (2007) NeuroImage 34:220-234; Zeidman et
al. (2019) NeuroImage 200:174-190.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.laplace_model import LaplaceModel, LinearModel, linearise
from bids_ketamine.core.dcm.matrix_functions import (
    SMALLEST_RIDGE,
    diagonal_flow_step,
    flow_step,
    regularized_inverse,
)
from bids_ketamine.errors import ProcessingError

#: Passes over the log precisions in an iteration.
PRECISION_PASSES = 8

#: Predicted gain of free energy below which the log precisions have settled.
PRECISION_GAIN = 1e-2

#: Logarithm of the time for which log precisions follow their gradient: nearly a Newton step.
PRECISION_LOG_TIME = 4.0

#: Largest change of a log precision in a pass.
LARGEST_PRECISION_STEP = 1.0

#: Logarithm of the time of the first step of the parameters, and of the longest one.
FIRST_LOG_TIME, LONGEST_LOG_TIME = -4.0, 4.0

#: What a step that was accepted adds to it, and one that was rejected takes away.
LENGTHEN, SHORTEN = 0.5, 2.0

#: First iterations, taken whatever they do to the free energy.
FREE_ITERATIONS = 2

#: Predicted gain below which an iteration adds nothing; so many in a row, and it has converged.
NEGLIGIBLE_GAIN, SETTLED_ITERATIONS = 1e-1, 4

#: Shorter steps tried where a model diverges, before it is given up.
RETRIES = 4


class Evaluation(NamedTuple):
    """Free energy of a point, and what is known of it.

    Attributes
    ----------
    point : ndarray of shape (q,)
        Free parameters as departures from their prior means, then effects of confounds.
    log_precision : ndarray of shape (n_components,)
        h, after the last pass.
    precision : ndarray of shape (n_components,)
        Noise precision before that pass's step, with which all else is evaluated.
    covariance : ndarray of shape (q, q)
        Posterior covariance of the point.
    log_precision_variance : ndarray of shape (n_components,)
        Of h.
    free_energy : float
        F = accuracy - complexity.
    terms : tuple of float
        Its three parts: data, parameters, log precisions.
    linear : LinearModel
        The model linearised at the point.
    noise_settled : bool
        Whether the log precisions had come to rest. With a prior as narrow as SPM12's they often
        do not: where the data's precision is far below the prior's, passes of a step of one up
        and one down follow each other, and the free energy depends on where they end.
    """

    point: np.ndarray
    log_precision: np.ndarray
    precision: np.ndarray
    covariance: np.ndarray
    log_precision_variance: np.ndarray
    free_energy: float
    terms: tuple[float, float, float]
    linear: LinearModel
    noise_settled: bool


class LaplaceState(NamedTuple):
    """Where the scheme stands between two iterations.

    Attributes
    ----------
    iteration : int
        Iterations made.
    point : ndarray of shape (q,)
        Where the next one begins.
    log_precision : ndarray of shape (n_components,)
        Where its M-step begins.
    best : Evaluation or None
        The last accepted evaluation.
    gradient, curvature : ndarray of shape (q,), (q, q)
        Of the free energy there.
    log_time : float
        Logarithm of the length of steps.
    settled : int
        Iterations in a row of which little was expected.
    trace : tuple of (int, bool, float, float)
        Of each iteration: its number, whether it was accepted, best free energy, expected gain.
    n_free_iterations : int
        First iterations that are taken whatever they do to the free energy.
    n_retries : int
        Steps taken back because the model diverged.
    gave_up : bool
        Whether the scheme ended because the model diverged wherever it went.
    """

    iteration: int
    point: np.ndarray
    log_precision: np.ndarray
    best: Evaluation | None
    gradient: np.ndarray
    curvature: np.ndarray
    log_time: float
    settled: int
    trace: tuple[tuple[int, bool, float, float], ...]
    n_free_iterations: int = FREE_ITERATIONS
    n_retries: int = 0
    gave_up: bool = False

    @property
    def converged(self) -> bool:
        """Whether the scheme ended by itself."""
        return self.settled >= SETTLED_ITERATIONS

    @property
    def stalled(self) -> bool:
        """Whether it ended because every one of its last steps lowered the free energy."""
        last = self.trace[-SETTLED_ITERATIONS:]
        return len(last) == SETTLED_ITERATIONS and not any(accepted for _, accepted, _, _ in last)


def variational_laplace(
    model: LaplaceModel, *, maximum_iterations: int, start: LaplaceState | None = None
) -> LaplaceState:
    """Estimate a model.

    Parameters
    ----------
    model : LaplaceModel
        Data, prediction, priors.
    maximum_iterations : int
        Iterations after which it ends unconverged.
    start : LaplaceState, optional
        Where it begins; at the prior means if None.

    Returns
    -------
    LaplaceState
        The last state; its `best` holds the posterior.

    Raises
    ------
    ProcessingError
        If the model's prediction is not finite where it begins.
    """
    state = initial_state(model) if start is None else start
    while state.iteration < maximum_iterations and not state.converged:
        state, linear = _linearised(state, model)
        if linear is None:
            return state._replace(gave_up=True)
        state = next_state(state, model, linear)
    return state


def _linearised(
    state: LaplaceState, model: LaplaceModel
) -> tuple[LaplaceState, LinearModel | None]:
    """Linearise a model at a state's point; where it diverges, step back to where it does not."""
    linear = linearise(model, state.point)
    if linear is None and state.best is None:
        raise ProcessingError(
            "The model's prediction is not finite where its estimation begins.",
            cure="Look at inputs and priors: rates are in Hz, inputs of the order of one.",
        )
    for _ in range(RETRIES):
        if linear is not None:
            break
        state = stepped_back(state)
        linear = linearise(model, state.point)
    return state, linear


def initial_state(model: LaplaceModel, parameters: np.ndarray | None = None) -> LaplaceState:
    """Return the state before the first iteration, with least-squares effects of confounds.

    Parameters
    ----------
    model : LaplaceModel
        The model.
    parameters : ndarray of shape (n_parameters,), optional
        Where to begin; the prior means if None.
    """
    free, unexplained = np.zeros(model.n_free), model.data
    if parameters is not None:
        free = model.directions.T @ (parameters - model.prior_mean)
        unexplained = model.data - model.predict(parameters[None])[0]
    effects = np.linalg.lstsq(model.confounds, unexplained, rcond=None)[0]
    point = np.concatenate([free, effects.ravel(order="F")])
    size = len(point)
    return LaplaceState(
        iteration=0,
        point=point,
        log_precision=model.log_precision_mean.copy(),
        best=None,
        gradient=np.zeros(size),
        curvature=np.zeros((size, size)),
        # Near the posterior, short steps would look as if there was nothing left to gain.
        log_time=FIRST_LOG_TIME if parameters is None else LONGEST_LOG_TIME,
        settled=0,
        trace=(),
        # A point that was chosen is not to be lost to a step that lowers the free energy.
        n_free_iterations=FREE_ITERATIONS if parameters is None else 1,
    )


def next_state(state: LaplaceState, model: LaplaceModel, linear: LinearModel) -> LaplaceState:
    """Return the state after one more iteration.

    Parameters
    ----------
    state : LaplaceState
        Before it.
    model : LaplaceModel
        The model.
    linear : LinearModel
        The model linearised at the state's point.

    Returns
    -------
    LaplaceState
        After it.
    """
    iteration = state.iteration + 1
    evaluated = _evaluate(state, model, linear)
    best = state.best
    better = best is None or evaluated.free_energy > best.free_energy
    accepted = better or iteration <= state.n_free_iterations
    if accepted or best is None:
        best = evaluated
        gradient = linear.correlation(best.precision) - model.prior_precision * best.point
        curvature = -linear.information(best.precision) - np.diag(model.prior_precision)
        log_time = min(state.log_time + LENGTHEN, LONGEST_LOG_TIME)
    else:
        gradient, curvature = state.gradient, state.curvature
        log_time = min(state.log_time - SHORTEN, FIRST_LOG_TIME)
    step = flow_step(curvature, gradient, log_time=log_time)
    gain = float(gradient @ step)
    return state._replace(
        iteration=iteration,
        point=best.point + step,
        log_precision=best.log_precision,
        best=best,
        gradient=gradient,
        curvature=curvature,
        log_time=log_time,
        settled=state.settled + 1 if gain < NEGLIGIBLE_GAIN else 0,
        trace=(*state.trace, (iteration, accepted, best.free_energy, gain)),
    )


def stepped_back(state: LaplaceState) -> LaplaceState:
    """Return the state with a shorter step from the best point, where the last one diverged."""
    if state.best is None:
        raise ValueError("a state before the first iteration has no step to take back")
    log_time = min(state.log_time - SHORTEN, FIRST_LOG_TIME)
    step = flow_step(state.curvature, state.gradient, log_time=log_time)
    return state._replace(
        point=state.best.point + step, log_time=log_time, n_retries=state.n_retries + 1
    )


def _evaluate(state: LaplaceState, model: LaplaceModel, linear: LinearModel) -> Evaluation:
    """Ascend in the log precisions at a point, and return its free energy.

    The free energy is that before the last pass's step, as SPM12 has it.
    """
    h = state.log_precision.copy()
    errors, n_samples = linear.squared_errors, linear.n_samples
    size = len(model.prior_precision)
    for _ in range(PRECISION_PASSES):
        scale = np.exp(h)
        weights = scale + SMALLEST_RIDGE
        precision = linear.information(weights)
        precision.flat[:: size + 1] += model.prior_precision
        covariance = regularized_inverse(precision)
        departure = model.log_precision_precision * (h - model.log_precision_mean)
        ratio = scale / weights
        share = 0.5 * n_samples * ratio
        gradient = share - 0.5 * scale * (errors + linear.traces(covariance)) - departure
        curvature = -share * ratio - model.log_precision_precision
        used = h
        step = diagonal_flow_step(curvature, gradient, log_time=PRECISION_LOG_TIME)
        step = np.minimum(np.maximum(step, -LARGEST_PRECISION_STEP), LARGEST_PRECISION_STEP)
        h = h + step
        settled = bool(gradient @ step < PRECISION_GAIN)
        if settled:
            break
    point, away = state.point, used - model.log_precision_mean
    data = float(
        np.sum(n_samples * np.log(weights) - weights * errors) - n_samples.sum() * np.log(2 * np.pi)
    )
    parameters = float(
        np.log(model.prior_precision).sum()
        + np.linalg.slogdet(covariance)[1]
        - model.prior_precision @ point**2
    )
    noise = float(
        np.sum(np.log(-model.log_precision_precision / curvature))
        - model.log_precision_precision @ away**2
    )
    terms = (0.5 * data, 0.5 * parameters, 0.5 * noise)
    return Evaluation(
        point, h, weights, covariance, -1.0 / curvature, sum(terms), terms, linear, settled
    )
