"""Missing predictors, filled in by what other participants show (methods row A16).

Chained equations: each column with missing values is regressed on all others, its missing values
are replaced by the prediction, and so on round after round. The regression is a ridge, for there
are more columns than rows; of a grid of penalties each takes the one with the smallest error of
left-out rows, which for the centred predictors X = U sqrt(V) W' and m rows is

    e_i = (y_i - yhat_i) / (1 - h_i),    h_i = 1 / m + sum_k U_ik^2 v_k / (v_k + penalty)

The rules are those of scikit-learn's ``IterativeImputer`` with ``RidgeCV``, with which the results
agree to rounding. They are compiled, since the predictors of 21 participants are prepared 232
times, and thousands of times for repeated folds: at 20 training rows and 63 columns, 21 of them
missing for four participants, a set takes about 0.01 s where scikit-learn takes 1 to 2 s. The
Bayesian ridge that ``IterativeImputer`` takes by default hardly tells noise from signal with more
columns than rows. In this setting the squared error of its values, as a share of that of the
mean, is 1.5 where columns have nothing in common, 0.5 where six common factors make most of them;
that of this ridge is 1.0 and 0.4.

References
----------
Allen, D. M. (1974). The relationship between variable selection and data augmentation and a
method for prediction. Technometrics 16, 125-127.
Van Buuren, S. and Groothuis-Oudshoorn, K. (2011). mice: Multivariate imputation by chained
equations in R. Journal of Statistical Software 45(3).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.group.moments import ROUNDING_UNITS
from bids_ketamine.core.prediction.compiled import compiled

CHAINED_EQUATIONS, MEDIAN = "chained_equations", "median"
#: Not a way to fill in: participants with a missing predictor do not enter.
COMPLETE_CASES = "complete_cases"

#: Rounds of chained equations end after so many, or when the values of no training row move, in
#: sum, by more than this share of the largest standardised value.
MOST_ROUNDS = 10
ROUND_TOLERANCE = 1e-3

#: Penalties of a regression, in cross-products of standardised columns: from next to none to where
#: nothing but the mean is left.
PENALTIES = np.logspace(-1.0, 5.0, 19)

MACHINE_EPSILON = float(np.finfo(np.float64).eps)


class TrainingScale(NamedTuple):
    """Mean and spread of each column over the training rows of each set.

    Attributes
    ----------
    mean : ndarray of shape (n_sets, p)
        Unit of the column; of one that is constant the very value, of one without values 0.
    deviation : ndarray of shape (n_sets, p)
        Standard deviation (n - 1), unit of the column; 0 where constant or without values.
    known : ndarray of bool, shape (n_sets, p)
        Whether there is any value.
    """

    mean: np.ndarray
    deviation: np.ndarray
    known: np.ndarray


def imputed(values: np.ndarray, *, training: np.ndarray, method: str) -> np.ndarray:
    """Fill in missing values by what the training rows show.

    Parameters
    ----------
    values : ndarray of shape (n, p)
        Predictors in their units, NaN where missing.
    training : ndarray of bool, shape (n,)
        Rows that are learnt from.
    method : {"chained_equations", "median"}
        How; both are deterministic.

    Returns
    -------
    ndarray of shape (n, p)
        Known values as they came; see :func:`imputed_sets`.

    Raises
    ------
    ValueError
        If the method is another one.

    Examples
    --------
    >>> values = np.array([[1.0, 3.0], [2.0, np.nan], [4.0, 9.0], [7.0, 16.0]])
    >>> imputed(values, training=np.array([True, True, True, False]), method="median").tolist()
    [[1.0, 3.0], [2.0, 6.0], [4.0, 9.0], [7.0, 16.0]]
    """
    return imputed_sets(values[np.newaxis], training=training[np.newaxis], method=method)[0]


def imputed_sets(values: np.ndarray, *, training: np.ndarray, method: str) -> np.ndarray:
    """Fill in missing values of many sets, each by what its own training rows show.

    Parameters
    ----------
    values : ndarray of shape (n_sets, n, p)
        Predictors in their units, NaN where missing.
    training : ndarray of bool, shape (n_sets, n)
        Rows that each set learns from; at least one.
    method : {"chained_equations", "median"}
        How; both are deterministic.

    Returns
    -------
    ndarray of shape (n_sets, n, p)
        The very array where nothing is missing; else a new one with the known values as they
        came. A row that is not among the training rows is filled in by their models and changes
        nothing in them. A column that is constant among the training rows gets this value. A
        column without any value among them gets 0: not the mean of the other rows, for then
        these would change the training rows; the column is constant there and gets no slope.

    Raises
    ------
    ValueError
        If the method is another one.
    """
    missing = np.isnan(values)
    if method == COMPLETE_CASES and not missing.any():
        return values
    if method not in (CHAINED_EQUATIONS, MEDIAN):
        raise ValueError(f"method must be {CHAINED_EQUATIONS!r} or {MEDIAN!r}, got {method!r}")
    if not missing.any():
        return values
    if method == MEDIAN:
        return np.where(missing, _medians(values, training)[:, np.newaxis], values)
    scale = training_scale(values, training=training)
    mean, deviation = scale.mean[:, np.newaxis], scale.deviation[:, np.newaxis]
    standardised = standardise(values, scale)
    unseen = missing & training[:, :, np.newaxis]
    filled = np.empty(values.shape)
    for one in range(len(values)):
        # Columns with few missing values first: they are the better predictors of the others.
        columns = np.flatnonzero(missing[one].any(axis=0) & scale.known[one])
        n_missing = unseen[one].sum(axis=0)[columns]
        order = columns[np.argsort(n_missing, kind="stable")]
        filled[one] = _chain(standardised[one], training[one], order)
    return np.where(missing, mean + deviation * filled, values)


def training_scale(values: np.ndarray, *, training: np.ndarray) -> TrainingScale:
    """Compute mean and standard deviation of each column over the training rows of each set.

    Parameters
    ----------
    values : ndarray of shape (n_sets, n, p)
        Predictors in their units, NaN where missing.
    training : ndarray of bool, shape (n_sets, n)
        Rows that enter.

    Returns
    -------
    TrainingScale
        To the last digit the same whatever the other rows hold.
    """
    present = training[:, :, np.newaxis] & np.isfinite(values)
    n = present.sum(axis=1)
    mean = np.where(present, values, 0.0).sum(axis=1) / np.maximum(n, 1)
    deviations = np.where(present, values - mean[:, np.newaxis], 0.0)
    deviation = np.sqrt((deviations**2).sum(axis=1) / np.maximum(n - 1, 1))
    largest = np.where(present, values, -np.inf).max(axis=1, initial=-np.inf)
    magnitude = np.where(present, np.abs(values), 0.0).max(axis=1, initial=0.0)
    varies = deviation > ROUNDING_UNITS * MACHINE_EPSILON * magnitude
    # A mean of equal numbers may differ from them in the last digit: not so the largest of them.
    mean = np.where(varies, mean, np.where(n > 0, largest, 0.0))
    return TrainingScale(mean, np.where(varies, deviation, 0.0), n > 0)


def standardise(values: np.ndarray, scale: TrainingScale) -> np.ndarray:
    """Subtract the training rows' mean and divide by their standard deviation.

    Parameters
    ----------
    values : ndarray of shape (n_sets, n, p)
        Predictors in their units, NaN where missing.
    scale : TrainingScale
        Of the same sets and columns.

    Returns
    -------
    ndarray of shape (n_sets, n, p)
        Without unit, NaN where missing; 0 where the column does not vary among the training rows.
    """
    deviation = scale.deviation[:, np.newaxis]
    varies = deviation > 0
    centred = values - scale.mean[:, np.newaxis]
    return np.where(varies, centred, 0.0 * centred) / np.where(varies, deviation, 1.0)


def _medians(values: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Return the median of the training rows, (n_sets, p), 0 where there is no value."""
    present = training[:, :, np.newaxis] & np.isfinite(values)
    n = present.sum(axis=1)
    ordered = np.sort(np.where(present, values, np.inf), axis=1)
    low, high = np.maximum(n - 1, 0) // 2, np.minimum(n // 2, values.shape[1] - 1)
    middle = [np.take_along_axis(ordered, at[:, np.newaxis], axis=1)[:, 0] for at in (low, high)]
    known = n > 0
    return (np.where(known, middle[0], 0.0) + np.where(known, middle[1], 0.0)) / 2


@compiled
def ridge(predictors, outcome):  # type: ignore[no-untyped-def]
    """Regress (m,) on (m, p) by the ridge whose penalty predicts left-out rows best.

    Returns intercept and slopes (p,).
    """
    m, p = predictors.shape
    means = np.empty(p)
    for column in range(p):
        means[column] = predictors[:, column].sum() / m
    mean = outcome.sum() / m
    if m == 1:
        return mean, np.zeros(p)
    centred = predictors - means
    residual = outcome - mean
    # Left singular vectors by the smaller cross-product matrix.
    if m <= p:
        v, vectors = np.linalg.eigh(centred @ centred.T)
        left = np.ascontiguousarray(vectors)
    else:
        v, right = np.linalg.eigh(centred.T @ centred)
        left = centred @ np.ascontiguousarray(right)
    smallest = MACHINE_EPSILON * max(m, p) * v[-1]
    for k in range(len(v)):
        if v[k] <= smallest:
            v[k] = 0.0
            left[:, k] = 0.0
        elif m > p:
            left[:, k] /= np.sqrt(v[k])
    scores = left.T @ residual
    least, best = np.inf, PENALTIES[-1]
    for penalty in PENALTIES:
        kept = v / (v + penalty)
        error = 0.0
        for row in range(m):
            fitted, hat = 0.0, 1.0 / m
            for k in range(len(v)):
                fitted += left[row, k] * kept[k] * scores[k]
                hat += left[row, k] ** 2 * kept[k]
            error += ((residual[row] - fitted) / (1.0 - hat)) ** 2
        if error < least:
            least, best = error, penalty
    slopes = centred.T @ (left @ (scores / (v + best)))
    return mean - (means * slopes).sum(), slopes


@compiled
def _chain(values, training, order):  # type: ignore[no-untyped-def]
    """Fill in standardised values (n, p) column by column, in rounds; NaN is missing.

    Only training rows are learnt from, and only they decide when to stop.
    """
    n, p = values.shape
    filled = np.empty((n, p))
    largest_value = 0.0
    for row in range(n):
        for column in range(p):
            value = values[row, column]
            filled[row, column] = 0.0 if np.isnan(value) else value
            if training[row]:
                largest_value = max(largest_value, abs(filled[row, column]))
    for _ in range(MOST_ROUNDS):
        moved = np.zeros(n)
        for target in order:
            n_known = 0
            for row in range(n):
                if training[row] and not np.isnan(values[row, target]):
                    n_known += 1
            predictors = np.empty((n_known, p))
            known = np.empty(n_known)
            place = 0
            for row in range(n):
                if training[row] and not np.isnan(values[row, target]):
                    predictors[place] = filled[row]
                    predictors[place, target] = 0.0  # it does not predict itself
                    known[place] = values[row, target]
                    place += 1
            intercept, slopes = ridge(predictors, known)
            for row in range(n):
                if np.isnan(values[row, target]):
                    predicted = intercept
                    for column in range(p):
                        if column != target:
                            predicted += slopes[column] * filled[row, column]
                    if training[row]:
                        moved[row] += abs(predicted - filled[row, target])
                    filled[row, target] = predicted
        if moved.max() < ROUND_TOLERANCE * largest_value:
            break
    return filled
