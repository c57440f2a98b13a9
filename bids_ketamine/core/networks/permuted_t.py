"""t of every edge under many permutations at once, from products of matrices.

==================  ==================================================================
``x``               values of an edge (differences for pairs), those missing left out
``n``               how many; ``n_1`` of them in the first group, ``n_2`` in the second
``sum``, ``q``      sum of x and sum of x^2
``s``               sign of each participant, or 1 in the first group and 0 in the second
==================  ==================================================================

Sums over participants under every permutation are products of the permutations (rows) and the
values (columns). What a permutation leaves as it is, such as q under flips, is computed once. An
edge that cannot be tested (too few participants, no variation) is NaN in that permutation,
observed or not, so that one rule holds for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.group.moments import BoolArray, FloatArray

#: Below this share of the sum of squares, the variation about the mean is rounding.
ROUNDING = 1e-12

#: Values in one array of permutations x edges: 16 MB.
BLOCK_VALUES = 2_000_000


class PermutedT(NamedTuple):
    """t, NaN where an edge cannot be tested, and its degrees of freedom (of no use there)."""

    statistic: FloatArray  # (n_permutations, n_edges)
    df: FloatArray  # (n_edges,), or the shape of t where permutations change them (Welch)


def blocks_of(rows: FloatArray, n_edges: int) -> Iterator[FloatArray]:
    """Yield permutations in blocks that fit in little memory.

    Parameters
    ----------
    rows : ndarray of shape (n_permutations, n_participants)
        Permutations.
    n_edges : int
        Edges.

    Yields
    ------
    ndarray of shape (n_of_block, n_participants)
        The same rows in order.
    """
    size = max(1, BLOCK_VALUES // max(n_edges, 1))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


class FlippedSigns:
    r"""t of a mean against 0 under flips of signs.

    .. math:: t = \bar x \sqrt{n} / s_x, \quad
        s_x^2 = (q - n \bar x^2) / (n - 1), \quad \bar x = \sum_i s_i x_i / n

    Parameters
    ----------
    values : ndarray of shape (n_participants, n_edges)
        Values or differences, NaN where missing.
    minimum_participants : int
        Fewest of an edge that is tested; at least 2.
    """

    def __init__(self, values: FloatArray, *, minimum_participants: int) -> None:
        present = np.isfinite(values)
        n = present.sum(axis=0).astype(np.float64)
        self._n = np.where(n >= max(2, minimum_participants), n, np.nan)
        self._values = np.where(present, values, 0.0)
        self._squares = np.einsum("ij,ij->j", self._values, self._values)

    def __call__(self, signs: FloatArray) -> PermutedT:
        """Return t of every edge.

        Parameters
        ----------
        signs : ndarray of shape (n_permutations, n_participants)
            -1 or 1.

        Returns
        -------
        PermutedT
            t and degrees of freedom.
        """
        n, df = self._n, self._n - 1
        mean = (signs @ self._values) / n
        about_mean = self._squares - n * mean**2
        about_mean[~(about_mean > ROUNDING * self._squares)] = np.nan
        return PermutedT(mean * np.sqrt(n * df / about_mean), df)


class ShuffledLabels:
    r"""t of the difference of two means under shuffles of the labels.

    Student's, with one variance :math:`s^2 = (SS_1 + SS_2) / (n_1 + n_2 - 2)`:

    .. math:: t = (\bar x_1 - \bar x_2) / (s \sqrt{1 / n_1 + 1 / n_2})

    Welch's, with :math:`v_g = SS_g / ((n_g - 1) n_g)`:

    .. math:: t = (\bar x_1 - \bar x_2) / \sqrt{v_1 + v_2}, \quad
        \nu = (v_1 + v_2)^2 / (v_1^2 / (n_1 - 1) + v_2^2 / (n_2 - 1))

    where :math:`SS_g` is the sum of squares about the mean of the group.

    Parameters
    ----------
    values : ndarray of shape (n_participants, n_edges)
        Values of both groups, NaN where missing; missing values go with their participant.
    equal_variances : bool
        Student's test rather than Welch's.
    minimum_participants : int
        Fewest in each group of an edge that is tested; at least 2.
    """

    def __init__(
        self, values: FloatArray, *, equal_variances: bool, minimum_participants: int
    ) -> None:
        present: BoolArray = np.isfinite(values)
        self._n = present.sum(axis=0).astype(np.float64)
        filled = np.where(present, values, 0.0)
        # About the mean of all, which no permutation changes, so that sums of squares lose no
        # digits.
        mean = filled.sum(axis=0) / np.maximum(self._n, 1.0)
        self._values = np.where(present, filled - mean, 0.0)
        self._squares = self._values**2
        self._present = None if present.all() else present.astype(np.float64)
        self._equal_variances = equal_variances
        self._fewest = max(2, minimum_participants)
        raw = np.einsum("ij,ij->j", filled, filled)
        self._rounding = ROUNDING * np.maximum(self._squares.sum(axis=0), ROUNDING * raw)

    def __call__(self, in_first: FloatArray) -> PermutedT:
        """Return t of every edge.

        Parameters
        ----------
        in_first : ndarray of shape (n_permutations, n_participants)
            1 for the first group and 0 for the second.

        Returns
        -------
        PermutedT
            t and degrees of freedom.
        """
        n_first, n_second = self._group_sizes(in_first)
        mean_first = (in_first @ self._values) / n_first
        # Centred values sum to 0.
        mean_second = -mean_first * n_first / n_second
        if self._equal_variances:
            total = self._squares.sum(axis=0)
            within = total - n_first * mean_first**2 - n_second * mean_second**2
            df = self._n - 2
            variance = within / (n_first + n_second - 2) * (1 / n_first + 1 / n_second)
        else:
            squares = in_first @ self._squares
            about_first = np.maximum(squares - n_first * mean_first**2, 0.0)
            squares = self._squares.sum(axis=0) - squares
            about_second = np.maximum(squares - n_second * mean_second**2, 0.0)
            within = about_first + about_second
            v_first = about_first / ((n_first - 1) * n_first)
            v_second = about_second / ((n_second - 1) * n_second)
            variance = v_first + v_second
            spread = v_first**2 / (n_first - 1) + v_second**2 / (n_second - 1)
            df = variance**2 / np.where(spread > 0, spread, np.nan)
        variance[~(within > self._rounding)] = np.nan
        return PermutedT((mean_first - mean_second) / np.sqrt(variance), df)

    def _group_sizes(self, in_first: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the sizes of both groups; NaN where one is too small."""
        if self._present is None:
            first = in_first.sum(axis=1, keepdims=True)
            second = in_first.shape[1] - first
        else:
            first = in_first @ self._present
            second = self._n - first
        small = np.minimum(first, second) < self._fewest
        return np.where(small, np.nan, first), np.where(small, np.nan, second)
