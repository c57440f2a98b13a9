"""How well predictions agree with outcomes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Accuracy(NamedTuple):
    """Agreement of predictions with outcomes.

    Attributes
    ----------
    r2 : float
        1 - sum of squared errors / sum of squares about the mean; below 0 for predictions worse
        than the mean of all.
    mae : float
        Mean absolute error, unit of the outcome.
    r : float
        Pearson correlation; NaN where the predictions do not vary. Leaving out pulls the
        prediction without information away from each outcome, so that r is below 0 by chance.
    n : int
        Participants.
    """

    r2: float
    mae: float
    r: float
    n: int


def accuracy(*, prediction: ArrayLike, outcome: ArrayLike) -> Accuracy:
    """Compare predictions with outcomes.

    Parameters
    ----------
    prediction, outcome : array_like of shape (n,)
        Unit of the outcome.

    Returns
    -------
    Accuracy
        The agreement.

    Examples
    --------
    >>> found = accuracy(prediction=[1.0, 2.0, 4.0], outcome=[1.0, 2.0, 3.0])
    >>> found.r2, round(found.mae, 3), round(found.r, 3)
    (0.5, 0.333, 0.982)
    """
    predicted = np.asarray(prediction, dtype=np.float64)
    y = np.asarray(outcome, dtype=np.float64)
    error = y - predicted
    varies = np.ptp(predicted) > 1e-12 * max(1.0, float(np.abs(predicted).max()))
    return Accuracy(
        r2=r2_of(prediction=predicted, outcome=y),
        mae=float(np.abs(error).mean()),
        r=float(np.corrcoef(predicted, y)[0, 1]) if varies else float("nan"),
        n=len(y),
    )


def r2_of(*, prediction: np.ndarray, outcome: np.ndarray) -> float:
    """Return 1 - sum of squared errors / sum of squares about the mean.

    Parameters
    ----------
    prediction, outcome : ndarray of shape (n,)
        Unit of the outcome.
    """
    total = float(((outcome - outcome.mean()) ** 2).sum())
    return 1.0 - float(((outcome - prediction) ** 2).sum()) / total
