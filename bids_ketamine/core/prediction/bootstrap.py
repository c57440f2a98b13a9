"""How stable a selection is: the grid over resampled participants."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bids_ketamine.core.prediction.elastic_net import checked, elastic_net_path
from bids_ketamine.core.prediction.grid import chosen
from bids_ketamine.core.prediction.kernels import EXACT, fold_paths
from bids_ketamine.core.prediction.left_out_errors import Paths, grid_errors

#: Stream of random numbers of resamples.
STREAM = 4

#: Different participants that a resample must have: a fold leaves one of them out.
FEWEST_DIFFERENT = 3


class Bootstrap(NamedTuple):
    """Coefficients over resamples of the participants.

    Attributes
    ----------
    selection_frequency : ndarray of shape (p,)
        Share of resamples in which the column has a slope.
    low, high : ndarray of shape (p,)
        Percentiles of its standardised slope, zeros included; unit of the outcome.
    n_resamples : int
        Resamples that could be fitted.
    n_failed : int
        Those in which the outcome did not vary or too few were different.
    """

    selection_frequency: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_resamples: int
    n_failed: int


def bootstrap(
    *,
    stack: np.ndarray,
    outcome: ArrayLike,
    groups: ArrayLike,
    l1_ratios: ArrayLike,
    n_penalties: int,
    selection: str,
    n_resamples: int,
    level: float,
    seed: int,
    n_jobs: int,
) -> Bootstrap:
    """Choose and fit anew in resamples of the participants, drawn within groups.

    All copies of a participant are left out together. Designs are those prepared from the
    original participants: motion and imputation are not drawn anew.

    Parameters
    ----------
    stack : ndarray of shape (1 + n or more, n, p)
        As of :func:`~bids_ketamine.core.prediction.grid.leave_one_out_grid`.
    outcome : array_like of shape (n,)
        Outcome.
    groups : array_like of shape (n,)
        Such as the arm; a resample has as many of each as the sample.
    l1_ratios, n_penalties, selection
        As of :func:`~bids_ketamine.core.prediction.grid.leave_one_out_grid`.
    n_resamples : int
        Resamples drawn.
    level : float
        Of the interval between percentiles.
    seed : int
        Of the resamples; each has its own random numbers.
    n_jobs : int
        Threads.

    Returns
    -------
    Bootstrap
        The interval is one of the procedure, which shrinks, not a confidence interval of a
        slope in the population.

    Raises
    ------
    InputDataError
        If values are missing or the outcome does not vary.
    """
    design, y = checked(stack[0], outcome)
    ratios = np.ascontiguousarray(l1_ratios, dtype=np.float64)
    labels = np.unique(np.asarray(groups), return_inverse=True)[1]
    deviation = design.std(axis=0)

    def fitted(number: int) -> np.ndarray | None:
        rows = resampled_rows(number, groups=labels, seed=seed)
        who, copies = np.unique(rows, return_counts=True)
        if len(who) < FEWEST_DIFFERENT or np.ptp(y[rows]) == 0.0:
            return None
        none = np.empty(0, dtype=np.int64)
        own = Paths(*fold_paths(design, y, rows, none, ratios, n_penalties, EXACT))
        folds = [
            fold_paths(
                stack[1 + one], y, rows[rows != one], who[[place]], ratios, n_penalties, EXACT
            )
            for place, one in enumerate(who)
        ]
        within = Paths(*(np.stack(each) for each in zip(*folds, strict=True)))
        found = grid_errors(
            y, own=own, folds=within.of(slice(None)), targets=who, weights=copies.astype(float)
        )
        best, place = chosen(found.errors, found.error_deviations, found.penalties, selection)
        path = elastic_net_path(
            design=design[rows],
            outcome=y[rows],
            l1_ratio=float(ratios[best]),
            n_penalties=n_penalties,
        )
        slopes: np.ndarray = path.slopes[place] * deviation
        return slopes

    with ThreadPoolExecutor(max(n_jobs, 1)) as pool:
        all_slopes = list(pool.map(fitted, range(n_resamples)))
    known = [each for each in all_slopes if each is not None]
    if not known:
        empty = np.full(design.shape[1], np.nan)
        return Bootstrap(empty, empty, empty, 0, n_resamples)
    slopes = np.stack(known)
    low, high = np.quantile(slopes, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    return Bootstrap(
        selection_frequency=np.count_nonzero(slopes, axis=0) / len(slopes),
        low=low,
        high=high,
        n_resamples=len(slopes),
        n_failed=n_resamples - len(slopes),
    )


def resampled_rows(number: int, *, groups: ArrayLike, seed: int) -> NDArray[np.int64]:
    """Draw rows with replacement within groups.

    Parameters
    ----------
    number : int
        Which resample.
    groups : array_like of shape (n,)
        Group of each row.
    seed : int
        Seed of all.

    Returns
    -------
    ndarray of int, shape (n,)
        Rows in order, each as often as drawn.
    """
    source = np.random.default_rng([seed, STREAM, number + 1])
    labels = np.asarray(groups)
    drawn = [
        source.choice(np.flatnonzero(labels == label), size=int((labels == label).sum()))
        for label in np.unique(labels)
    ]
    return np.sort(np.concatenate(drawn)).astype(np.int64)
