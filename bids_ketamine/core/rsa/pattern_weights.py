r"""Which patterns a cross-validated contrast of two conditions multiplies with which.

Of M partitions, each is the test once: the rows C (M, q) weight the patterns of q regressors to
the difference of the two conditions in it, the rows T (M, q) to the same difference in the others
(training).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.glm.voxel_series import column_norms
from bids_ketamine.errors import ProcessingError

#: How the patterns of the training partitions are brought together.
TRAINING_RULES = ("mean", "gls")

#: Least number of partitions for cross-validation.
FEWEST_PARTITIONS = 2


class PatternWeights(NamedTuple):
    """Weights of patterns in a contrast, or in a stack of contrasts.

    Attributes
    ----------
    test, training : ndarray of shape (..., n_partitions, n_regressors)
        C and T. In a stack, row m is of partition m, with zeros where it does not hold both
        conditions; a contrast that fewer than two partitions hold has zeros alone.
    """

    test: np.ndarray
    training: np.ndarray

    @property
    def held(self) -> np.ndarray:
        """Which partitions hold both conditions, shape (..., n_partitions)."""
        return np.asarray(np.any(self.test != 0.0, axis=-1))

    @property
    def n_partitions(self) -> np.ndarray:
        """Number of partitions that count, shape (...)."""
        return np.asarray(self.held.sum(axis=-1))

    @property
    def share(self) -> np.ndarray:
        """Weight of a partition, 1 / M, shape (...); NaN where there are none."""
        count = self.n_partitions
        return np.where(count > 0, 1.0 / np.maximum(count, 1), np.nan)

    @property
    def quadratic(self) -> np.ndarray:
        """Q, the symmetric part of the mean of C_m' T_m, shape (..., q, q): LDC is tr(Q uu')/v."""
        half = np.swapaxes(self.test, -1, -2) @ self.training
        return np.asarray((half + np.swapaxes(half, -1, -2)) * self.share[..., None, None] / 2.0)

    @property
    def difference(self) -> np.ndarray:
        """Mean of all rows of C and T, shape (..., q): the contrast of the two conditions."""
        both = (self.test + self.training).sum(axis=-2)
        return np.asarray(both * self.share[..., None] / 2.0)


def mean_weights(
    conditions: np.ndarray, partitions: np.ndarray, *, pair: tuple[int, int]
) -> PatternWeights:
    """Weight patterns so that training patterns are means over the other partitions.

    Parameters
    ----------
    conditions, partitions : ndarray of int, shape (n_regressors,)
        Condition and partition of each regressor, from 1; 0 for regressors of no interest.
    pair : tuple of int
        The two conditions. Only partitions that hold both count.

    Returns
    -------
    PatternWeights
        Arrays of shape (n_partitions, n_regressors).

    Raises
    ------
    ProcessingError
        If fewer than two partitions hold both conditions.

    Examples
    --------
    >>> weights = mean_weights(np.array([1, 2, 1, 2]), np.array([1, 1, 2, 2]), pair=(1, 2))
    >>> weights.test.tolist()
    [[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]
    >>> weights.training.tolist()
    [[0.0, 0.0, 1.0, -1.0], [1.0, -1.0, 0.0, 0.0]]
    """
    test = _test_rows(conditions, partitions, pair)
    return PatternWeights(test, (test.sum(axis=0) - test) / (len(test) - 1))


def gls_weights(
    conditions: np.ndarray, partitions: np.ndarray, *, pair: tuple[int, int], design: np.ndarray
) -> PatternWeights:
    r"""Weight patterns so that training patterns are generalized least squares estimates.

    Over the regressors r outside the test partition,

    .. math:: u_{train} = (X_r Z_r)^{+} X_r u_r

    X_r their columns of K W X, and Z_r their membership: a column for each condition, and one for
    each regressor of no interest. It is what a model with one regressor per condition in these
    partitions would have estimated. Test patterns are the plain ones.

    Parameters
    ----------
    conditions, partitions : ndarray of int, shape (n_regressors,)
        As for :func:`mean_weights`, with all columns of the design.
    pair : tuple of int
        The two conditions.
    design : ndarray of shape (n_scans, n_regressors)
        K W X.

    Returns
    -------
    PatternWeights
        Arrays of shape (n_partitions, n_regressors).

    Raises
    ------
    ProcessingError
        If fewer than two partitions hold both conditions.
    """
    maps = _training_maps(conditions, partitions, design)
    return _weights_by_maps(conditions, partitions, pair, maps)


def pair_weights(
    conditions: np.ndarray,
    partitions: np.ndarray,
    *,
    pairs: Sequence[tuple[int, int]],
    training: str,
    design: np.ndarray | None,
) -> PatternWeights:
    """Stack the weights of several pairs of conditions.

    Parameters
    ----------
    conditions, partitions : ndarray of int, shape (n_regressors,)
        As for :func:`mean_weights`.
    pairs : sequence of tuple of int
        Pairs of conditions.
    training : {"mean", "gls"}
        As :func:`mean_weights` or as :func:`gls_weights`.
    design : ndarray of shape (n_scans, n_regressors) or None
        K W X; read with ``gls`` alone.

    Returns
    -------
    PatternWeights
        Arrays of shape (n_pairs, n_partitions, n_regressors), partitions ascending; zeros for
        partitions without the pair, and for pairs that fewer than two partitions hold.

    Raises
    ------
    ProcessingError
        If there is no such rule, or ``gls`` has no design.
    """
    if training not in TRAINING_RULES or (training == "gls" and design is None):
        raise ProcessingError(
            f"Training patterns `{training}` cannot be made.",
            cure=f"Choose one of {', '.join(TRAINING_RULES)}; `gls` needs the design matrix.",
        )
    maps = (
        _training_maps(conditions, partitions, design)
        if training == "gls" and design is not None
        else None
    )
    ascending = np.unique(partitions[partitions > 0])
    test = np.zeros((len(pairs), len(ascending), len(conditions)))
    trained = np.zeros_like(test)
    for place, pair in enumerate(pairs):
        shared = shared_partitions(conditions, partitions, pair)
        if len(shared) < FEWEST_PARTITIONS:
            continue
        if maps is None:
            one = mean_weights(conditions, partitions, pair=pair)
        else:
            one = _weights_by_maps(conditions, partitions, pair, maps)
        rows = np.searchsorted(ascending, shared)
        test[place, rows], trained[place, rows] = one
    return PatternWeights(test, trained)


def shared_partitions(
    conditions: np.ndarray, partitions: np.ndarray, pair: tuple[int, int]
) -> np.ndarray:
    """Return the partitions that hold both conditions of a pair, ascending.

    Examples
    --------
    >>> shared_partitions(np.array([1, 2, 1]), np.array([1, 1, 2]), (1, 2)).tolist()
    [1]
    """
    first, second = (partitions[(conditions == each) & (partitions > 0)] for each in pair)
    return np.intersect1d(first, second)


def _test_rows(conditions: np.ndarray, partitions: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    """Return C; a condition with several regressors in a partition has their mean there."""
    shared = shared_partitions(conditions, partitions, pair)
    if len(shared) < FEWEST_PARTITIONS:
        raise ProcessingError(
            f"Cross-validation needs two partitions with both conditions; there "
            f"{'is 1' if len(shared) == 1 else 'are none'}.",
            cure="Divide the run by half blocks, or take several runs.",
        )
    inside = partitions == shared[:, None]
    first, second = (inside & (conditions == each) for each in pair)
    return np.asarray(
        first / first.sum(axis=1, keepdims=True) - second / second.sum(axis=1, keepdims=True)
    )


#: For each test partition, the row of every condition in the map of training patterns.
_TrainingMaps = Mapping[int, Mapping[int, np.ndarray]]


def _training_maps(
    conditions: np.ndarray, partitions: np.ndarray, design: np.ndarray
) -> _TrainingMaps:
    # A triangular factor in place of the design: the same products with far fewer rows.
    triangle = np.asarray(np.linalg.qr(design, mode="r"))
    interest = (conditions > 0) & (partitions > 0)
    maps: dict[int, dict[int, np.ndarray]] = {}
    for partition in np.unique(partitions[interest]):
        rest = np.flatnonzero(partitions != partition)
        labels = np.unique(conditions[rest][interest[rest]])
        others = rest[~interest[rest]]
        members = (conditions[rest, None] == labels) & interest[rest, None]
        joined = np.column_stack([members, rest[:, None] == others]).astype(np.float64)
        columns = triangle[:, rest]
        model = columns @ joined
        norms = column_norms(model)
        estimate = (np.linalg.pinv(model / norms) / norms[:, None]) @ columns
        rows = np.zeros((len(labels), len(conditions)))
        rows[:, rest] = estimate[: len(labels)]
        maps[int(partition)] = dict(zip(labels.tolist(), rows, strict=True))
    return maps


def _weights_by_maps(
    conditions: np.ndarray, partitions: np.ndarray, pair: tuple[int, int], maps: _TrainingMaps
) -> PatternWeights:
    test = _test_rows(conditions, partitions, pair)
    shared = shared_partitions(conditions, partitions, pair)
    rows = [maps[int(each)][pair[0]] - maps[int(each)][pair[1]] for each in shared]
    return PatternWeights(test, np.stack(rows))
