"""Leave-one-out prediction of a covariate from the parameters of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from bids_ketamine.core.peb.design import GroupDesign, dependent_columns
from bids_ketamine.core.peb.estimation import PebEstimate, estimate_peb
from bids_ketamine.core.peb.group_model import SINGLE
from bids_ketamine.core.peb.group_scheme import (
    SPM_ITERATIONS,
    GroupEvaluation,
    climb,
    second_level_complexity,
)
from bids_ketamine.core.peb.models import FirstLevelModels
from bids_ketamine.core.peb.reduction import (
    REDUCTION_RIDGE,
    Likelihood,
    conditioned,
    inverted_with_ridge,
    likelihood,
    reduced_to,
)
from bids_ketamine.core.peb.scoring import log_evidence_changes
from bids_ketamine.errors import InputDataError

#: Column of the design that is predicted: the one after the constant.
PREDICTED = 1

#: Times that the covariate of the one left out is estimated, its prior moving to the estimate.
REPEATS = 4

#: Prior variance of the covariate, over its variance among the others.
PRIOR_SPREAD = 4.0

#: Fewest models: two others have to show how the covariate goes with the parameters.
FEWEST = 3


class LeaveOneOut(NamedTuple):
    """Covariate of each model, predicted from those of the others.

    Attributes
    ----------
    mean, variance : ndarray of shape (n_models,)
        Posterior of the covariate, in its unit.
    levels : ndarray of shape (n_levels,)
        Values that the covariate has.
    level_probability : ndarray of shape (n_levels, n_models)
        Of the covariate being exactly each of these.
    r : float
        Correlation of prediction and covariate.
    t : float
        Its t statistic.
    df : int
        Degrees of freedom, n - 2.
    p : float
        One-sided: the prediction is better than none.
    """

    mean: np.ndarray
    variance: np.ndarray
    levels: np.ndarray
    level_probability: np.ndarray
    r: float
    t: float
    df: int
    p: float


def leave_one_out(
    models: FirstLevelModels,
    *,
    design: GroupDesign,
    fields: Sequence[str] | None,
    maximum_iterations: int = SPM_ITERATIONS,
) -> LeaveOneOut:
    """Predict the second column of a design for each model from all others.

    A second level of the others, with one precision component, says how parameters go with the
    covariate; turned round, it gives the covariate of the model left out. Each row is left out by
    itself: give one model of each participant. A correlation below 0 means no prediction.

    SPM12 sorts that model's parameters by prior variance and leaves the second level unsorted;
    here both are in the same order.

    Parameters
    ----------
    models : FirstLevelModels
        The first level.
    design : GroupDesign
        A row for each model.
    fields : sequence of str or None
        Kinds of parameters that enter.
    maximum_iterations : int
        Of each second level.

    Returns
    -------
    LeaveOneOut
        Predictions, and how they go with the covariate.

    Raises
    ------
    InputDataError
        If there are too few models, no second column, or a column that rests on one model alone.

    References
    ----------
    Friston et al. (2016) NeuroImage 128:413-431.
    """
    if models.n_models < FEWEST or design.n_columns <= PREDICTED:
        raise InputDataError(
            f"Nothing can be predicted from {models.n_models} models and {design.n_columns} "
            "columns.",
            cure=f"Leave-one-out needs {FEWEST} models, and a covariate after the constant.",
        )
    _require_variation(design)
    covariate = design.matrix[:, PREDICTED]
    levels = np.unique(covariate)
    found = []
    for place in range(models.n_models):
        others = np.delete(np.arange(models.n_models), place)
        trained = estimate_peb(
            models.rows(others),
            design=design.without([place]),
            fields=fields,
            precision_components=SINGLE,
            maximum_iterations=maximum_iterations,
        )
        found.append(
            _predict(
                trained, models.rows([place]), design.matrix[place], levels, maximum_iterations
            )
        )
    mean, variance, probability = (np.array(each) for each in zip(*found, strict=True))
    df = models.n_models - 2
    r = float(np.corrcoef(covariate, mean)[0, 1]) if np.ptp(mean) > 0.0 else float("nan")
    with np.errstate(divide="ignore"):
        t = r * np.sqrt(df / (1.0 - r**2))
    return LeaveOneOut(
        mean=mean,
        variance=variance,
        levels=levels,
        level_probability=probability.T,
        r=r,
        t=float(t),
        df=df,
        p=float(stats.t.sf(t, df)),
    )


def _require_variation(design: GroupDesign) -> None:
    """Refuse a design that is none without one of its rows."""
    problems = []
    for place, row in enumerate(design.rows):
        dependent = dependent_columns(design.without([place]).matrix)
        problems += [f"`{design.columns[each]}` without {row}" for each in dependent]
    if problems:
        raise InputDataError(
            f"Columns of the design follow from others, or are zero: {', '.join(problems)}.",
            cure="Leave-one-out needs columns that more than one participant tells from others.",
        )


def _predict(
    trained: PebEstimate,
    left_out: FirstLevelModels,
    row: np.ndarray,
    levels: np.ndarray,
    maximum_iterations: int,
) -> tuple[float, float, np.ndarray]:
    """Return mean and variance of the covariate of one model, and the probability of levels."""
    block = np.ix_(np.zeros(1, dtype=np.intp), trained.positions, trained.positions)
    data = likelihood(
        posterior_mean=left_out.posterior_mean[:, trained.positions],
        posterior_covariance=left_out.posterior_covariance[block],
        prior_mean=left_out.prior_mean[:, trained.positions],
        prior_covariance=left_out.prior_covariance[block],
        ridge=REDUCTION_RIDGE,
    )
    mean = row.copy()
    mean[PREDICTED] = 0.0
    spread = np.zeros(len(row))
    others = trained.design.matrix[:, PREDICTED]
    spread[PREDICTED] = PRIOR_SPREAD * others.var(ddof=1)
    for repeat in range(REPEATS):
        prior_mean, prior_variance = mean.copy(), spread + np.exp(-repeat)
        posterior = _regression(trained, data, prior_mean, prior_variance, maximum_iterations)
        mean[PREDICTED] = posterior[0][PREDICTED]
    exactly = np.tile(prior_mean, (len(levels), 1))
    exactly[:, PREDICTED] = levels
    known = prior_variance * (np.arange(len(row)) != PREDICTED)
    evidence = log_evidence_changes(
        posterior_mean=posterior[0],
        posterior_covariance=posterior[1],
        prior_mean=prior_mean,
        prior_covariance=np.diag(prior_variance),
        reduced_mean=exactly,
        reduced_covariance=np.tile(np.diag(known), (len(levels), 1, 1)),
    )
    return (
        float(posterior[0][PREDICTED]),
        float(posterior[1][PREDICTED, PREDICTED]),
        special.softmax(evidence),
    )


def _regression(
    trained: PebEstimate,
    data: Likelihood,
    prior_mean: np.ndarray,
    prior_variance: np.ndarray,
    maximum_iterations: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the row of a design from one model, the second level being known."""
    loadings, between = trained.posterior_mean, trained.between_covariance
    precision = np.linalg.inv(between)
    prior_precision = 1.0 / prior_variance
    known = conditioned(data, between + REDUCTION_RIDGE * np.eye(len(between)))
    _, _, covariance = inverted_with_ridge(
        reduced_to(data, known, np.zeros((1, len(between)))), ridge=REDUCTION_RIDGE
    )
    felt = precision @ covariance[0] @ precision - precision
    curvature = loadings.T @ felt @ loadings - np.diag(prior_precision)

    def evaluated(row: np.ndarray, log_precision: np.ndarray) -> GroupEvaluation:
        predicted = (loadings @ row)[None]
        change, mean, _ = inverted_with_ridge(
            reduced_to(data, known, predicted), ridge=REDUCTION_RIDGE
        )
        moved = (mean - predicted)[0]
        complexity = second_level_complexity(
            row, log_precision, prior_precision, curvature, log_precision_variance=1.0
        )
        return GroupEvaluation(
            effects=row,
            log_precision=log_precision,
            free_energy=float(change[0]) - complexity,
            complexity=complexity,
            log_joint=float(change[0]),
            gradient=loadings.T @ precision @ moved - prior_precision * (row - prior_mean),
            curvature=curvature,
            predicted=predicted,
            precision=np.diagonal(precision),
            reduced_mean=mean,
            reduced_covariance=covariance,
        )

    ended = climb(
        evaluated,
        effects=prior_mean,
        log_precision=np.empty(0),
        maximum_iterations=maximum_iterations,
    )
    return ended.effects, np.linalg.inv(-curvature)
