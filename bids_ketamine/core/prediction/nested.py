"""Predictions of participants who had no say in the choice of penalties."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bids_ketamine.core.prediction.grid import chosen
from bids_ketamine.core.prediction.kernels import EXACT, fold_paths, left_out_paths
from bids_ketamine.core.prediction.left_out_errors import Paths, grid_errors
from bids_ketamine.core.prediction.sets import NOBODY, left_out_sets, pair_positions

#: Stream of random numbers of folds within folds.
INNER_STREAM = 3

#: Gives the design (n, p) as prepared without some rows.
DesignWithout = Callable[[NDArray[np.int64]], np.ndarray]


class NestedPrediction(NamedTuple):
    """A prediction of each participant, with the choice that the others made.

    Attributes
    ----------
    prediction : ndarray of shape (n,)
        Unit of the outcome.
    l1_ratio, penalty : ndarray of shape (n,)
        Chosen without the participant.
    error : ndarray of shape (n,)
        Mean squared error of that choice among the others.
    """

    prediction: np.ndarray
    l1_ratio: np.ndarray
    penalty: np.ndarray
    error: np.ndarray


def nested_leave_one_out(
    *,
    stack: np.ndarray,
    outcome: ArrayLike,
    l1_ratios: ArrayLike,
    n_penalties: int,
    selection: str,
    n_jobs: int = 1,
) -> NestedPrediction:
    """Predict each participant by a leave-one-out grid over the others.

    Parameters
    ----------
    stack : ndarray of shape (1 + n + n (n - 1) / 2, n, p)
        Design of all rows as prepared without the rows of each set of
        :func:`~bids_ketamine.core.prediction.sets.left_out_sets`, pairs too.
    outcome : array_like of shape (n,)
        Outcome.
    l1_ratios : array_like of shape (A,)
        Mixing parameters tried.
    n_penalties : int
        Length of each path.
    selection : {"minimum_mse", "one_standard_error"}
        The rule of choice.
    n_jobs : int
        Threads.

    Returns
    -------
    NestedPrediction
        By participant.

    References
    ----------
    Varma, S. & Simon, R. (2006). Bias in error estimation when using cross-validation for model
    selection. BMC Bioinformatics 7, 91.
    """
    y = np.ascontiguousarray(outcome, dtype=np.float64)
    ratios = np.ascontiguousarray(l1_ratios, dtype=np.float64)
    n = len(y)
    sets = left_out_sets(n, pairs=True)[1:]
    parts = np.array_split(np.arange(len(sets)), min(max(n_jobs, 1), len(sets)))

    def fitted(part: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = slice(part[0], part[-1] + 1)
        found: tuple[np.ndarray, np.ndarray, np.ndarray] = left_out_paths(
            stack[1:][rows], y, sets[rows], ratios, n_penalties, EXACT
        )
        return found

    if n_jobs > 1:
        with ThreadPoolExecutor(n_jobs) as pool:
            found = list(pool.map(fitted, parts))
    else:
        found = [fitted(part) for part in parts]
    paths = Paths(*(np.concatenate(each) for each in zip(*found, strict=True)))
    positions = pair_positions(n) - 1
    result = np.empty((4, n))
    for out in range(n):
        inner = np.delete(np.arange(n), out)
        # Of a pair the target of the inner fold is the other one.
        folds = paths.of(positions[out, inner], (inner > out).astype(np.int64))
        result[:, out] = predicted_from_folds(
            y, ratios, own=paths.of(out), folds=folds, targets=inner, selection=selection
        )
    return NestedPrediction(*result)


def predicted_alone(
    row: int,
    *,
    stack: np.ndarray,
    outcome: ArrayLike,
    l1_ratios: ArrayLike,
    n_penalties: int,
    selection: str,
) -> float:
    """Predict one participant as :func:`nested_leave_one_out` does.

    Parameters
    ----------
    row : int
        The participant.
    stack, outcome, l1_ratios, n_penalties, selection
        As of :func:`nested_leave_one_out`.
    """
    y = np.ascontiguousarray(outcome, dtype=np.float64)
    ratios = np.ascontiguousarray(l1_ratios, dtype=np.float64)
    others = np.delete(np.arange(len(y)), row)
    places = pair_positions(len(y))[row, [row, *others]]
    sets = np.array([(row, NOBODY), *((row, int(other)) for other in others)])
    paths = Paths(*left_out_paths(stack[places], y, sets, ratios, n_penalties, EXACT))
    return predicted_from_folds(
        y,
        ratios,
        own=paths.of(0),
        folds=paths.of(slice(1, None), 1),
        targets=others,
        selection=selection,
    )[0]


def nested_k_fold(
    *,
    design_without: DesignWithout,
    outcome: ArrayLike,
    folds: ArrayLike,
    inner_folds: int | None,
    l1_ratios: ArrayLike,
    n_penalties: int,
    selection: str,
    seed: int,
) -> NestedPrediction:
    """Predict each fold of participants by a grid over the others.

    The design of a fold is prepared without that fold; the folds within, which choose penalties
    alone, share it.

    Parameters
    ----------
    design_without : callable
        Takes rows left out and gives the design (n, p) of all rows prepared without them.
    outcome : array_like of shape (n,)
        Outcome.
    folds : array_like of int, shape (n,)
        Fold of each participant.
    inner_folds : int or None
        Folds among the others; None leaves out one at a time.
    l1_ratios, n_penalties, selection
        As of :func:`nested_leave_one_out`.
    seed : int
        Of the folds among the others.

    Returns
    -------
    NestedPrediction
        By participant.
    """
    y = np.ascontiguousarray(outcome, dtype=np.float64)
    ratios = np.ascontiguousarray(l1_ratios, dtype=np.float64)
    labels = np.asarray(folds)
    result = np.empty((4, len(y)))
    for number, fold in enumerate(np.unique(labels)):
        left_out = np.flatnonzero(labels == fold)
        others = np.flatnonzero(labels != fold)
        design = np.ascontiguousarray(design_without(left_out), dtype=np.float64)
        own = Paths(*fold_paths(design, y, others, left_out, ratios, n_penalties, EXACT))
        inner = _inner(
            len(others), inner_folds, np.random.default_rng([seed, INNER_STREAM, number + 1])
        )
        found = [
            _inner_paths(design, y, others, others[part], ratios, n_penalties) for part in inner
        ]
        folds_within = Paths(*(np.concatenate(each) for each in zip(*found, strict=True)))
        targets = np.concatenate([others[part] for part in inner])
        for place, row in enumerate(left_out):
            result[:, row] = predicted_from_folds(
                y,
                ratios,
                own=own._replace(predictions=own.predictions[..., place]),
                folds=folds_within,
                targets=targets,
                selection=selection,
            )
    return NestedPrediction(*result)


def balanced_folds(
    n_folds: int, *, groups: ArrayLike, source: np.random.Generator
) -> NDArray[np.int64]:
    """Deal participants into folds at random, each group evenly.

    Parameters
    ----------
    n_folds : int
        Folds; at most as many as participants.
    groups : array_like of shape (n,)
        Such as the arm.
    source : Generator
        Of random numbers.

    Returns
    -------
    ndarray of int, shape (n,)
        Fold of each participant, from 0; sizes differ by one at most.
    """
    labels = np.asarray(groups)
    order = source.permutation(len(labels))
    order = order[np.argsort(np.unique(labels, return_inverse=True)[1][order], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = np.arange(len(labels)) % n_folds
    return folds


def _inner(n: int, n_folds: int | None, source: np.random.Generator) -> list[NDArray[np.int64]]:
    if n_folds is None or n_folds >= n:
        return list(np.arange(n)[:, None])
    folds = balanced_folds(n_folds, groups=np.zeros(n), source=source)
    return [np.flatnonzero(folds == fold) for fold in range(n_folds)]


def _inner_paths(
    design: np.ndarray,
    y: np.ndarray,
    rows: np.ndarray,
    targets: np.ndarray,
    ratios: np.ndarray,
    n_penalties: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the paths without some targets, once for each of them."""
    training = np.setdiff1d(rows, targets)
    penalties, used, predictions = fold_paths(
        design, y, training, targets, ratios, n_penalties, EXACT
    )
    several = len(targets)
    return (
        np.repeat(penalties[None], several, axis=0),
        np.repeat(used[None], several, axis=0),
        np.moveaxis(predictions, 2, 0),
    )


def predicted_from_folds(
    y: np.ndarray,
    ratios: np.ndarray,
    *,
    own: Paths,
    folds: Paths,
    targets: np.ndarray,
    selection: str,
) -> tuple[float, float, float, float]:
    """Choose by the folds and return prediction, mixing parameter, penalty, error.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Outcome.
    ratios : ndarray of shape (A,)
        Mixing parameters.
    own : Paths
        Of the fit to all others, with the prediction of one who is left out.
    folds : Paths
        Of the folds among the others.
    targets : ndarray of int, shape (n_folds,)
        Row of each fold's target.
    selection : str
        The rule of choice.
    """
    found = grid_errors(y, own=own, folds=folds, targets=targets, weights=np.ones(len(targets)))
    best, place = chosen(found.errors, found.error_deviations, found.penalties, selection)
    return (
        float(own.predictions[best, place]),
        float(ratios[best]),
        float(own.penalties[best, place]),
        float(found.errors[best, place]),
    )
