"""Who is left out: the sets of participants without whom models are fitted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Stands for nobody in a set.
NOBODY = -1


def left_out_sets(n: int, *, pairs: bool) -> NDArray[np.int64]:
    """Return the sets of a leave-one-out procedure, or of one within another.

    The participants without i and j are the same whether i or j is the outer one, so that a
    nested procedure has half the fits that two loops suggest.

    Parameters
    ----------
    n : int
        Participants.
    pairs : bool
        Whether pairs belong to them.

    Returns
    -------
    ndarray of int, shape (n_sets, 2)
        Rows left out, :data:`NOBODY` where there is none: nobody, each one, then i < j in order.

    Examples
    --------
    >>> left_out_sets(3, pairs=True).tolist()
    [[-1, -1], [0, -1], [1, -1], [2, -1], [0, 1], [0, 2], [1, 2]]
    """
    single = np.column_stack([np.arange(n), np.full(n, NOBODY)])
    sets = [np.full((1, 2), NOBODY), single]
    if pairs:
        sets.append(np.column_stack(np.triu_indices(n, 1)))
    return np.concatenate(sets).astype(np.int64)


def set_position(n: int, first: int, second: int) -> int:
    """Return the place of a set in :func:`left_out_sets`.

    Parameters
    ----------
    n : int
        Participants.
    first, second : int
        Rows left out, in any order; :data:`NOBODY` for none.

    Examples
    --------
    >>> set_position(3, -1, -1), set_position(3, 1, -1), set_position(3, 2, 1)
    (0, 2, 6)
    """
    low, high = min(first, second), max(first, second)
    if low == NOBODY:
        return high + 1
    return 1 + n + low * n - low * (low + 1) // 2 + high - low - 1


def pair_positions(n: int) -> NDArray[np.int64]:
    """Return the place of each pair's set, shape (n, n); of each one's on the diagonal.

    Parameters
    ----------
    n : int
        Participants.
    """
    positions = np.empty((n, n), dtype=np.int64)
    positions[np.diag_indices(n)] = 1 + np.arange(n)
    upper = np.triu_indices(n, 1)
    positions[upper] = 1 + n + np.arange(len(upper[0]))
    positions.T[upper] = positions[upper]
    return positions
