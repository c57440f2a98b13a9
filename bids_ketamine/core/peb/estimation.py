"""A Gaussian second level over first-level models (parametric empirical Bayes)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import special

from bids_ketamine.core.peb.design import GroupDesign
from bids_ketamine.core.peb.group_model import (
    LOG_PRECISION_MEAN,
    SPM_LOG_PRECISION_VARIANCE,
    GroupModel,
    group_model,
)
from bids_ketamine.core.peb.group_scheme import (
    SCHEMES,
    SPM12,
    SPM_ITERATIONS,
    Climb,
    GroupEvaluation,
    ascend,
    climb,
    evaluate,
)
from bids_ketamine.core.peb.models import FirstLevelModels, first_level_models
from bids_ketamine.core.peb.reduction import symmetric
from bids_ketamine.errors import InputDataError

#: Prior variance between participants, as a share of the first level's prior variance: SPM12
#: takes a sixteenth (its beta is 16).
SPM_BETWEEN_RATIO = 16.0


class PebEstimate(NamedTuple):
    """A second level: what models have in common and how they go with covariates.

    Second-level parameters in a vector are in the order of the columns of the design, and within
    a column of the parameters.

    Attributes
    ----------
    models : FirstLevelModels
        The first level as given.
    design : GroupDesign
        The covariates.
    positions : ndarray of int, shape (k,)
        First-level parameters that entered.
    parameters, fields : tuple of str
        Their names and kinds.
    posterior_mean : ndarray of shape (k, n_columns)
        Effect of each covariate on each parameter: unit of the parameter by unit of the
        covariate.
    posterior_covariance : ndarray of shape (k * n_columns, k * n_columns)
        Covariance of the effects.
    prior_mean : ndarray of shape (k * n_columns,)
        Prior mean of the effects.
    prior_covariance : ndarray of shape (k * n_columns, k * n_columns)
        Prior covariance of the effects.
    log_precision : ndarray of shape (n_components,)
        Log precision of each component of the variance between models.
    log_precision_covariance : ndarray of shape (n_components, n_components)
        Its covariance.
    between_covariance : ndarray of shape (k, k)
        Covariance of what the design does not explain of the models' parameters.
    components : ndarray of shape (n_components, k, k)
        Precision components, by parameters.
    directions : ndarray of shape (k, k)
        Prior directions (columns), by decreasing prior variance.
    free_energy : float
        Approximate log evidence of the hierarchy, nats.
    complexity : float
        Part of the free energy that belongs to the second level, nats.
    converged : bool
        Whether the scheme ended before its iterations were spent.
    n_iterations : int
        Iterations.
    trace : ndarray of shape (n_iterations, 4)
        Iteration, free energy, its change, log time of the step.
    weights : ndarray of shape (n_models,)
        Precision of each model's random effects, relative to the others'; 1 for a Gaussian level.
    degrees_of_freedom : float
        Of the participants' deviations from the group: infinite for a Gaussian level.
    state : GroupEvaluation
        Last evaluation, for what follows from it.
    """

    models: FirstLevelModels
    design: GroupDesign
    positions: np.ndarray
    parameters: tuple[str, ...]
    fields: tuple[str, ...]
    posterior_mean: np.ndarray
    posterior_covariance: np.ndarray
    prior_mean: np.ndarray
    prior_covariance: np.ndarray
    log_precision: np.ndarray
    log_precision_covariance: np.ndarray
    between_covariance: np.ndarray
    components: np.ndarray
    directions: np.ndarray
    free_energy: float
    complexity: float
    converged: bool
    n_iterations: int
    trace: np.ndarray
    weights: np.ndarray
    degrees_of_freedom: float
    state: GroupEvaluation

    @property
    def posterior_deviation(self) -> np.ndarray:
        """Posterior standard deviation of each effect, shape (k, n_columns)."""
        deviation = np.sqrt(np.diagonal(self.posterior_covariance))
        return deviation.reshape(self.posterior_mean.shape, order="F")

    @property
    def posterior_probability(self) -> np.ndarray:
        """Probability that each effect has its sign, ``Phi(|mean| / sd)``, shape (k, n_columns)."""
        return special.ndtr(np.abs(self.posterior_mean) / self.posterior_deviation)


def estimate_peb(
    models: FirstLevelModels,
    *,
    design: GroupDesign,
    fields: Sequence[str] | None,
    precision_components: str,
    between_ratio: float = SPM_BETWEEN_RATIO,
    log_precision_variance: float = SPM_LOG_PRECISION_VARIANCE,
    maximum_iterations: int = SPM_ITERATIONS,
    scheme: str = SPM12,
    weights: np.ndarray | None = None,
) -> PebEstimate:
    r"""Estimate the second level of first-level models.

    :math:`\theta_s = B x_s + r_s`, :math:`r_s \sim N(0, \Sigma / w_s)`,
    :math:`\Sigma^{-1} = e^{-8} \Pi + \sum_j e^{g_j} Q_j` with :math:`\Pi` the inverse of the prior
    covariance over `between_ratio`. The first level enters by its posterior and prior alone: its
    evidence under :math:`N(B x_s, \Sigma / w_s)` is a Bayesian model reduction.

    Parameters
    ----------
    models : FirstLevelModels
        One of each participant or session.
    design : GroupDesign
        A row for each model, in the same order; used as given.
    fields : sequence of str or None
        Kinds of parameters that enter; ``None`` for all that are free.
    precision_components : {"single", "all", "fields"}
        One precision of all parameters, one of each, or one of each kind.
    between_ratio : float
        First-level prior variance over the prior variance between models.
    log_precision_variance : float
        Prior variance of the log precisions g. SPM12's 1/16 is firm: it leaves the variance
        between models near its prior value, whatever a trial of usual size says.
    maximum_iterations : int
        Iterations after which the scheme ends.
    scheme : {"spm12", "newton"}
        How the maximum is looked for: as SPM12, whose results equal it and end a little before the
        maximum, or by Newton steps to the maximum.
    weights : ndarray of shape (n_models,) or None
        Relative precision of the random effects of each model; all 1 when ``None``.

    Returns
    -------
    PebEstimate
        The posterior of the effects.

    Raises
    ------
    InputDataError
        If design and models do not fit each other, no parameter enters, or the components have
        no meaning here.

    References
    ----------
    Friston et al. (2016) NeuroImage 128:413-431; Zeidman et al. (2019) NeuroImage 200:12-25.
    """
    model = group_model(
        models,
        design=design,
        fields=fields,
        precision_components=precision_components,
        between_ratio=between_ratio,
        log_precision_variance=log_precision_variance,
        weights=weights,
    )
    if scheme not in SCHEMES:
        raise InputDataError(
            f"The scheme `{scheme}` is not known.", cure=f"Choose among {', '.join(SCHEMES)}."
        )
    found = (climb if scheme == SPM12 else ascend)(
        partial(evaluate, model),
        effects=model.prior_mean,
        log_precision=np.full(len(model.components), LOG_PRECISION_MEAN),
        maximum_iterations=maximum_iterations,
    )
    return _estimate(models, design, model, found)


def models_of_pebs(estimates: Sequence[PebEstimate], *, labels: Sequence[str]) -> FirstLevelModels:
    """Take second levels for the first level of another one, as a PEB of PEBs does.

    Parameters
    ----------
    estimates : sequence of PebEstimate
        With the same parameters and columns.
    labels : sequence of str
        Whose each is.

    Returns
    -------
    FirstLevelModels
        Its parameters are the effects, named ``PARAMETER [COLUMN]``.

    Raises
    ------
    InputDataError
        If they differ in parameters or columns, or are not one for each label.
    """
    if not estimates or len(estimates) != len(labels):
        raise InputDataError(
            f"There are {len(estimates)} second levels with {len(labels)} labels.",
            cure="Give one second level, and its label, for each group.",
        )
    first = estimates[0]
    names = [_effect_names(each) for each in estimates]
    _require_equal_names(names, labels)
    return first_level_models(
        posterior_mean=[each.posterior_mean.ravel(order="F") for each in estimates],
        posterior_covariance=[each.posterior_covariance for each in estimates],
        prior_mean=[each.prior_mean for each in estimates],
        prior_covariance=[each.prior_covariance for each in estimates],
        free_energy=[each.free_energy for each in estimates],
        parameters=names[0],
        fields=list(first.fields) * first.design.n_columns,
        labels=labels,
    )


def _require_equal_names(names: Sequence[Sequence[str]], labels: Sequence[str]) -> None:
    """Refuse second levels of different effects.

    Parameters
    ----------
    names : sequence of sequence of str
        Names of the effects of each.
    labels : sequence of str
        Whose each is.

    Raises
    ------
    InputDataError
        Naming those that differ from the first.
    """
    others = [
        label for label, own in zip(labels, names, strict=True) if list(own) != list(names[0])
    ]
    if others:
        raise InputDataError(
            f"Second levels have other effects than that of {labels[0]}: {', '.join(others)}.",
            cure="Estimate all with the same parameters and the same columns of the design.",
        )


def _effect_names(estimate: PebEstimate) -> list[str]:
    return [
        f"{parameter} [{column}]"
        for column in estimate.design.columns
        for parameter in estimate.parameters
    ]


def _estimate(
    models: FirstLevelModels,
    design: GroupDesign,
    model: GroupModel,
    climbed: Climb,
) -> PebEstimate:
    """Turn prior directions into parameters again."""
    last, effects, directions = climbed.last, climbed.effects, model.directions
    n_effects = len(effects)
    across = np.kron(np.eye(design.n_columns), directions)
    log_precision_curvature = last.curvature[n_effects:, n_effects:]
    effect_covariance = np.linalg.inv(-last.curvature[:n_effects, :n_effects])
    return PebEstimate(
        models=models,
        design=design,
        positions=model.positions,
        parameters=tuple(models.parameters[each] for each in model.positions),
        fields=tuple(models.fields[each] for each in model.positions),
        posterior_mean=directions @ effects.reshape(design.n_columns, -1).T,
        posterior_covariance=symmetric(across @ effect_covariance @ across.T),
        prior_mean=across @ model.prior_mean,
        prior_covariance=(across * model.prior_variance) @ across.T,
        log_precision=climbed.log_precision,
        log_precision_covariance=symmetric(np.linalg.inv(-log_precision_curvature)),
        between_covariance=(directions / last.precision) @ directions.T,
        components=np.stack([(directions * each) @ directions.T for each in model.components]),
        directions=directions,
        free_energy=last.free_energy,
        complexity=last.complexity,
        converged=climbed.converged,
        n_iterations=len(climbed.trace),
        trace=climbed.trace,
        weights=model.weights,
        degrees_of_freedom=np.inf,
        state=last,
    )
