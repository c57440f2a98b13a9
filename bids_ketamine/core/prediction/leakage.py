"""A self-test: nothing of a participant who is left out may reach the fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: How the test ended.
PASSED, FAILED, NOT_TESTED = "passed", "failed", "not_tested"

#: Most participants that the test goes through, spread evenly over all.
MOST_CHECKED = 10

#: How far values of the one left out are moved, in standard deviations.
FAR = 1000.0

#: Prepared predictors that differ by less, relative to the largest, are the same: sums of many
#: terms are taken in another order.
ROUNDING = 1e-9


class LeakageTest(NamedTuple):
    """What moved when the values of those who are left out were changed.

    Attributes
    ----------
    n_checked : int
        Participants gone through.
    n_changed_predictions : int
        Those whose prediction moved with their own outcome.
    n_changed_designs : int or None
        Those whose predictors moved the prepared predictors of the others; None where predictors
        were prepared over the whole sample, so that they did.
    """

    n_checked: int
    n_changed_predictions: int
    n_changed_designs: int | None

    @property
    def verdict(self) -> str:
        """Passed, failed, or not tested where the whole sample prepared predictors."""
        if self.n_changed_predictions or self.n_changed_designs:
            return FAILED
        return PASSED if self.n_changed_designs == 0 else NOT_TESTED


def leakage_test(
    *,
    outcome: np.ndarray,
    prediction: np.ndarray,
    predicted_again: Callable[[int, np.ndarray], float],
    designs: Callable[[int], tuple[np.ndarray, np.ndarray]] | None,
) -> LeakageTest:
    """Change what belongs to a participant and predict that one again.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        Outcome.
    prediction : ndarray of shape (n,)
        Nested prediction, which has to come out again to the last digit.
    predicted_again : callable
        Takes a row and outcomes in which that row's was changed; gives its nested prediction.
    designs : callable or None
        None where predictors were prepared over the whole sample, by the user's choice. Takes a
        row; gives the prepared predictors (n - 1, p) of the others as the prediction of
        that row used them, and as prepared from data in which all predictors of the row were
        changed.

    Returns
    -------
    LeakageTest
        Of :func:`checked_rows`.
    """
    checked = checked_rows(len(outcome))
    moved, redesigned = 0, 0
    for row in checked.tolist():
        changed = outcome.copy()
        changed[row] += FAR * outcome.std()
        moved += predicted_again(row, changed) != prediction[row]
        if designs is None:
            continue
        before, after = designs(row)
        size = np.abs(before).max(axis=0, initial=0.0)
        redesigned += bool((np.abs(after - before) > ROUNDING * (1.0 + size)).any())
    return LeakageTest(len(checked), int(moved), None if designs is None else int(redesigned))


def checked_rows(n: int) -> NDArray[np.int64]:
    """Return the rows that the test goes through.

    Parameters
    ----------
    n : int
        Participants.

    Examples
    --------
    >>> checked_rows(3).tolist(), len(checked_rows(80))
    ([0, 1, 2], 10)
    """
    return np.unique(np.linspace(0, n - 1, min(n, MOST_CHECKED)).astype(np.int64))
