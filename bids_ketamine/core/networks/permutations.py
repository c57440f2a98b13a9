"""Which signs are flipped and which labels are shuffled: all of them if they are few."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.core.group.results import IntArray

#: Tells the random numbers of this test from those of others with the same seed.
STREAM = 11


class Permutations(NamedTuple):
    """Arrangements of the participants under which the null hypothesis is the same.

    Attributes
    ----------
    rows : ndarray of shape (n_permutations, n_participants)
        Factor of each participant: -1 or 1 for signs; 1 in the first group and 0 in the second.
    exact : bool
        Whether these are all arrangements, the observed one among them, each once; otherwise
        they are drawn.
    """

    rows: FloatArray
    exact: bool


def sign_flips(
    n_participants: int, *, n_permutations: int, seed: int, both_sides: bool
) -> Permutations:
    """Return flips of the signs of participants.

    Differences between two sessions, and values with mean 0, are as probable with the other sign
    if nothing happened. There are 2^n arrangements; a test of both sides does not tell an
    arrangement from its mirror image, and half of them are enough.

    Parameters
    ----------
    n_participants : int
        n.
    n_permutations : int
        Arrangements; all are taken if there are no more than that.
    seed : int
        Seed of those that are drawn.
    both_sides : bool
        Whether the statistic is the same for an arrangement and its mirror image.

    Returns
    -------
    Permutations
        Signs.

    Examples
    --------
    >>> found = sign_flips(2, n_permutations=10, seed=0, both_sides=True)
    >>> found.rows.tolist(), found.exact
    ([[1.0, 1.0], [1.0, -1.0]], True)
    """
    n_free = max(n_participants - both_sides, 0)
    if n_free < 63 and 2**n_free <= n_permutations:
        numbers = np.arange(2**n_free)[:, np.newaxis]
        bits = (numbers >> np.arange(n_participants)[::-1]) & 1
        return Permutations(_signs(bits), exact=True)
    random = np.random.default_rng([seed, STREAM])
    bits = random.integers(0, 2, size=(n_permutations, n_participants))
    return Permutations(_signs(bits), exact=False)


def _signs(bits: IntArray) -> FloatArray:
    """Return 1 for 0 and -1 for 1."""
    return np.where(bits == 0, 1.0, -1.0)


def label_shuffles(
    in_first: ArrayLike, *, blocks: ArrayLike | None, n_permutations: int, seed: int
) -> Permutations:
    """Return shuffles of who is in the first of two groups.

    Parameters
    ----------
    in_first : array_like of bool, shape (n_participants,)
        Who is in the first group.
    blocks : array_like of shape (n_participants,) or None
        Block of each participant, such as the scanner: labels are shuffled within it. None for
        one block of all.
    n_permutations : int
        Arrangements; all are taken if there are no more than that.
    seed : int
        Seed of those that are drawn.

    Returns
    -------
    Permutations
        1 for the first group and 0 for the second.

    Raises
    ------
    ValueError
        If blocks are not one a participant.

    Examples
    --------
    >>> found = label_shuffles([True, False, False], blocks=None, n_permutations=10, seed=0)
    >>> found.rows.tolist(), found.exact
    ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], True)
    """
    labels: BoolArray = np.asarray(in_first, dtype=np.bool_)
    of_block = np.zeros(labels.size, dtype=np.int64)
    if blocks is not None:
        names = np.asarray(blocks)
        if names.shape != labels.shape:
            raise ValueError(
                f"blocks must be one a participant: {names.shape} for {labels.size} participants"
            )
        of_block = np.unique(names, return_inverse=True)[1]
    members = [np.flatnonzero(of_block == block) for block in np.unique(of_block)]
    chosen = [int(labels[rows].sum()) for rows in members]
    n_all = math.prod(math.comb(len(rows), n) for rows, n in zip(members, chosen, strict=True))
    if n_all <= n_permutations:
        return Permutations(np.array(list(_every(members, chosen, labels.size))), exact=True)
    random = np.random.default_rng([seed, STREAM])
    drawn = np.tile(labels.astype(np.float64), (n_permutations, 1))
    for rows in members:
        drawn[:, rows] = random.permuted(drawn[:, rows], axis=1)
    return Permutations(drawn, exact=False)


def _every(members: list[np.ndarray], chosen: list[int], n: int) -> Iterator[FloatArray]:
    """Yield every choice of as many of each block as the first group has of it."""
    choices = (combinations(rows, number) for rows, number in zip(members, chosen, strict=True))
    for choice in product(*choices):
        row = np.zeros(n)
        row[[one for of_block in choice for one in of_block]] = 1.0
        yield row
