"""Choice of mixing parameter and penalty by leaving out one participant at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.core.prediction.accuracy import r2_of
from bids_ketamine.core.prediction.elastic_net import checked, elastic_net_at, elastic_net_path
from bids_ketamine.core.prediction.kernels import EXACT, left_out_paths
from bids_ketamine.core.prediction.left_out_errors import Paths, grid_errors
from bids_ketamine.core.prediction.sets import left_out_sets

#: Rules of choice: the least error, or the largest penalty within one standard error of it.
MINIMUM, ONE_STANDARD_ERROR = "minimum_mse", "one_standard_error"
SELECTIONS = (MINIMUM, ONE_STANDARD_ERROR)


class GridFit(NamedTuple):
    """Errors over the grid and the fit at its best place; A mixing parameters, L penalties.

    Attributes
    ----------
    l1_ratios : ndarray of shape (A,)
        The grid.
    penalties : ndarray of shape (A, L)
        Path of the fit to all rows, unit of the outcome; NaN after an early end.
    errors : ndarray of shape (A, L)
        Mean squared left-out error.
    error_deviations : ndarray of shape (A, L)
        Its standard error over participants.
    l1_ratio, penalty : float
        The chosen ones.
    position : int
        Place of the chosen penalty on its path, from 0.
    error : float
        Mean squared left-out error there.
    penalty_one_standard_error : float
        Largest penalty of the same mixing parameter whose error is within one standard error.
    intercept : float
        Of the fit to all rows, unit of the outcome.
    slopes : ndarray of shape (p,)
        Unit of the outcome per unit of the column.
    standardised_slopes : ndarray of shape (p,)
        Unit of the outcome per standard deviation (over n) of the column.
    fitted : ndarray of shape (n,)
        Fitted values of all rows.
    left_out_prediction : ndarray of shape (n,)
        Each one predicted from the others, with mixing parameter and penalty that all chose.
    r2 : float
        In the sample: what the paper reports. It rises with every column.
    r2_left_out : float
        Of `left_out_prediction`; too high, since each one had a say in the choice.
    n_selected : int
        Columns with a slope.
    """

    l1_ratios: np.ndarray
    penalties: np.ndarray
    errors: np.ndarray
    error_deviations: np.ndarray
    l1_ratio: float
    penalty: float
    position: int
    error: float
    penalty_one_standard_error: float
    intercept: float
    slopes: np.ndarray
    standardised_slopes: np.ndarray
    fitted: np.ndarray
    left_out_prediction: np.ndarray
    r2: float
    r2_left_out: float
    n_selected: int


def leave_one_out_grid(
    *,
    stack: np.ndarray,
    outcome: ArrayLike,
    l1_ratios: ArrayLike,
    n_penalties: int,
    selection: str,
    threshold: float = EXACT,
) -> GridFit:
    """Choose mixing parameter and penalty as ``cv.glmnet`` with one fold a participant does.

    Each fold has its own standardisation and its own path of penalties with its own early end;
    its coefficients are interpolated linearly, in the penalty, to the path of all rows and held
    beyond the ends of its own. Chosen is the least error: of a path the largest penalty, of paths
    the first.

    Parameters
    ----------
    stack : ndarray of shape (1 + n or more, n, p)
        Design of all rows as prepared without the rows of each set of
        :func:`~bids_ketamine.core.prediction.sets.left_out_sets`; units of the predictors.
    outcome : array_like of shape (n,)
        Outcome.
    l1_ratios : array_like of shape (A,)
        Mixing parameters tried.
    n_penalties : int
        Length of each path.
    selection : {"minimum_mse", "one_standard_error"}
        The rule of choice.
    threshold : float
        As of :func:`~bids_ketamine.core.prediction.elastic_net.elastic_net_path`.

    Returns
    -------
    GridFit
        Errors, choice, fit.

    Raises
    ------
    InputDataError
        If values are missing or the outcome does not vary.

    References
    ----------
    Friedman, J., Hastie, T. & Tibshirani, R. (2010). J. Stat. Softw. 33.
    """
    design, y = checked(stack[0], outcome)
    ratios = np.ascontiguousarray(l1_ratios, dtype=np.float64)
    n = len(y)
    sets = left_out_sets(n, pairs=False)
    paths = Paths(*left_out_paths(stack[: len(sets)], y, sets, ratios, n_penalties, threshold))
    everyone = np.arange(n)
    found = grid_errors(
        y, own=paths.of(0), folds=paths.of(1 + everyone), targets=everyone, weights=np.ones(n)
    )
    penalties, errors, deviations = found.penalties, found.errors, found.error_deviations
    best, place = chosen(errors, deviations, penalties, selection)
    allowed = _within_one_standard_error(errors[best], deviations[best])
    fit = elastic_net_path(
        design=design,
        outcome=y,
        l1_ratio=float(ratios[best]),
        n_penalties=n_penalties,
        threshold=threshold,
    )
    slopes, intercept = fit.slopes[place], float(fit.intercepts[place])
    fitted = intercept + design @ slopes
    left_out = y - found.residuals[best, place]
    return GridFit(
        l1_ratios=ratios,
        penalties=penalties,
        errors=errors,
        error_deviations=deviations,
        l1_ratio=float(ratios[best]),
        penalty=float(penalties[best, place]),
        position=place,
        error=float(errors[best, place]),
        penalty_one_standard_error=float(penalties[best, allowed]),
        intercept=intercept,
        slopes=slopes,
        standardised_slopes=slopes * design.std(axis=0),
        fitted=fitted,
        left_out_prediction=left_out,
        r2=r2_of(prediction=fitted, outcome=y),
        r2_left_out=r2_of(prediction=left_out, outcome=y),
        n_selected=int(np.count_nonzero(slopes)),
    )


def chosen(
    errors: np.ndarray, deviations: np.ndarray, penalties: np.ndarray, selection: str
) -> tuple[int, int]:
    """Return the places of the chosen mixing parameter and penalty.

    Parameters
    ----------
    errors, deviations, penalties : ndarray of shape (A, L)
        Mean squared errors, their standard errors and the penalties; NaN after an early end.
    selection : {"minimum_mse", "one_standard_error"}
        The rule.
    """
    least = np.nanargmin(errors, axis=1)
    best = int(np.argmin(errors[np.arange(len(errors)), least]))
    if selection == ONE_STANDARD_ERROR:
        return best, _within_one_standard_error(errors[best], deviations[best])
    return best, int(least[best])


def _within_one_standard_error(errors: np.ndarray, deviations: np.ndarray) -> int:
    least = int(np.nanargmin(errors))
    return int(np.flatnonzero(errors <= errors[least] + deviations[least])[0])


def same_penalty_errors(
    *, design: ArrayLike, outcome: ArrayLike, l1_ratio: float, n_penalties: int
) -> np.ndarray:
    """Return left-out errors with every fold refitted at the penalties of all rows.

    It is what loops around scikit-learn do, and not what ``cv.glmnet`` does; errors differ by up
    to one percent.

    Parameters
    ----------
    design : array_like of shape (n, p)
        Predictors.
    outcome : array_like of shape (n,)
        Outcome.
    l1_ratio : float
        Mixing parameter.
    n_penalties : int
        Length of the path.

    Returns
    -------
    ndarray of shape (L,)
        Mean squared errors.

    Raises
    ------
    InputDataError
        If values are missing or the outcome does not vary.
    """
    columns, y = checked(design, outcome)
    whole = elastic_net_path(design=columns, outcome=y, l1_ratio=l1_ratio, n_penalties=n_penalties)
    squares = np.empty((len(y), len(whole.penalties)))
    for row in range(len(y)):
        others = np.arange(len(y)) != row
        fold = elastic_net_at(
            design=columns[others],
            outcome=y[others],
            l1_ratio=l1_ratio,
            penalties=whole.penalties,
        )
        squares[row] = (y[row] - fold.intercepts - fold.slopes @ columns[row]) ** 2
    error: np.ndarray = squares.mean(axis=0)
    return error
