"""The elastic net of glmnet: paths and single fits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.core.prediction.kernels import EXACT, descend_path, gram, solve_path, standardise
from bids_ketamine.errors import InputDataError


class ElasticNetPath(NamedTuple):
    """Fits at falling penalties, L of them.

    Attributes
    ----------
    penalties : ndarray of shape (L,)
        glmnet's lambda, unit of the outcome.
    intercepts : ndarray of shape (L,)
        Unit of the outcome.
    slopes : ndarray of shape (L, p)
        Unit of the outcome per unit of the column.
    """

    penalties: np.ndarray
    intercepts: np.ndarray
    slopes: np.ndarray


def elastic_net_path(
    *,
    design: ArrayLike,
    outcome: ArrayLike,
    l1_ratio: float,
    n_penalties: int,
    threshold: float = EXACT,
) -> ElasticNetPath:
    r"""Fit the elastic net along the path of penalties that glmnet takes.

    Columns are divided by their standard deviation (over n), and with :math:`s_y` that of the
    outcome

    .. math::
        \min_b \frac{1}{2n} |y - Zb|^2
        + \lambda \Bigl(\frac{1-\alpha}{2 s_y} |b|_2^2 + \alpha |b|_1\Bigr).

    The largest penalty is the smallest at which all slopes are zero (for mixing below 0.001 that
    of 0.001, where slopes are given as zero too), the smallest 1e-4 of it, or 0.01 of it with
    fewer rows than columns. From the fifth on the path ends where the explained share of variance
    exceeds 0.999 or gains less than 1e-5 of itself. Solutions are exact, also with more columns
    than rows.

    Parameters
    ----------
    design : array_like of shape (n, p)
        Predictors in any units.
    outcome : array_like of shape (n,)
        Outcome in any unit.
    l1_ratio : float
        Mixing parameter, glmnet's alpha: 0 is ridge regression, 1 the lasso.
    n_penalties : int
        Length of the path if it does not end early.
    threshold : float
        Zero for exact solutions. Above zero, to repeat published analyses: coordinate descent
        that ends like R's (1e-7 there) where no step lowers the objective by more than this
        share of the outcome's variance.

    Returns
    -------
    ElasticNetPath
        A constant column has slope zero. Of columns that are copies of each other the lasso has
        no single solution: they share the slope.

    Raises
    ------
    InputDataError
        If values are missing or not finite, shapes differ, or the outcome does not vary.

    References
    ----------
    Zou, H. & Hastie, T. (2005). Regularization and variable selection via the elastic net.
    J. R. Stat. Soc. B 67, 301-320. Friedman, J., Hastie, T. & Tibshirani, R. (2010).
    Regularization paths for generalized linear models via coordinate descent. J. Stat. Softw. 33.
    """
    columns, y = checked(design, outcome)
    z, means, scales, u, mean, scale = standardise(columns, y, np.arange(len(y)))
    ratio = float(l1_ratio)
    if threshold > EXACT:
        found = descend_path(z, gram(z), u, ratio, n_penalties, threshold)
    else:
        found = solve_path(z, gram(z), u, ratio, np.empty(0), n_penalties)
    path, penalties, n_used = found
    return _unscaled(path[:n_used], penalties[:n_used] * scale, means, scales, mean, scale)


def elastic_net_at(
    *, design: ArrayLike, outcome: ArrayLike, l1_ratio: float, penalties: ArrayLike
) -> ElasticNetPath:
    """Fit the elastic net at given penalties.

    Parameters
    ----------
    design, outcome, l1_ratio
        As of :func:`elastic_net_path`.
    penalties : array_like of shape (L,)
        Falling (each fit starts from the one before), above zero; unit of the outcome.

    Returns
    -------
    ElasticNetPath
        At these penalties, all of them solved.

    Raises
    ------
    InputDataError
        As of :func:`elastic_net_path`.
    """
    columns, y = checked(design, outcome)
    z, means, scales, u, mean, scale = standardise(columns, y, np.arange(len(y)))
    wanted = np.atleast_1d(np.asarray(penalties, dtype=np.float64))
    path, _, _ = solve_path(z, gram(z), u, float(l1_ratio), wanted / scale, 0)
    return _unscaled(path, wanted, means, scales, mean, scale)


def checked(design: ArrayLike, outcome: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return design and outcome as float64, or refuse them.

    Parameters
    ----------
    design : array_like of shape (n, p)
        Predictors.
    outcome : array_like of shape (n,)
        Outcome.

    Raises
    ------
    InputDataError
        As of :func:`elastic_net_path`.
    """
    columns = np.ascontiguousarray(design, dtype=np.float64)
    y = np.ascontiguousarray(outcome, dtype=np.float64)
    if columns.ndim != 2 or columns.shape[1] == 0 or y.shape != columns.shape[:1]:
        raise InputDataError(
            "An elastic net needs rows of predictors and one outcome a row; the shapes are "
            f"{columns.shape} and {y.shape}."
        )
    if not np.isfinite(columns).all():
        row, column = np.argwhere(~np.isfinite(columns))[0]
        raise InputDataError(
            f"A predictor is missing or not finite: row {row}, column {column}.",
            cure="Impute it, or leave the row or the column out.",
        )
    if not np.isfinite(y).all():
        row = int(np.argwhere(~np.isfinite(y))[0, 0])
        raise InputDataError(
            f"The outcome is missing or not finite: row {row}.", cure="Leave the row out."
        )
    if len(y) < 2 or np.ptp(y) == 0.0:
        raise InputDataError("The outcome does not vary, so that nothing can predict it.")
    return columns, y


def _unscaled(
    path: np.ndarray,
    penalties: np.ndarray,
    means: np.ndarray,
    scales: np.ndarray,
    mean: float,
    scale: float,
) -> ElasticNetPath:
    varies = scales > 0.0
    slopes = np.zeros_like(path)
    slopes[:, varies] = path[:, varies] * (scale / scales[varies])
    return ElasticNetPath(penalties, mean - slopes @ means, slopes)
