"""Response, remission and improvement of participants, and their rates by visit.

==============  =================================================================
response        the score has fallen by a share of its baseline or more
remission       the score is below a limit
improvement     the rating of change (CGI-I) is much (2) or very much improved (1)
==============  =================================================================

Each is 1, 0, or NaN where it is not known.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.group.results import upper_quantile

#: Who counts: those with a value, or everybody with missing values as failures.
SEEN, EVERYBODY = "seen", "everybody"

#: Columns of :func:`rates_by_visit`.
RATE_COLUMNS = (
    *("visit", "counted", "n", "n_missing", "count", "proportion"),
    *("ci_low", "ci_high", "reason"),
)

#: Ratings of global improvement: 1 very much improved to 7 very much worse; 0 is not assessed.
BEST_RATING, WORST_RATING, NOT_ASSESSED = 1, 7, 0

#: Share of the baseline by which a fall may miss its limit through rounding.
ROUNDING = 1e-9

NOBODY = "nobody was seen"


class Interval(NamedTuple):
    """Ends of a confidence interval."""

    low: float
    high: float


def responded(*, baseline: ArrayLike, scores: ArrayLike, fall: float) -> FloatArray:
    """Tell who responded: (baseline - score) / baseline >= fall.

    Parameters
    ----------
    baseline : array_like of shape (n_participants,)
        Scores before treatment, points; higher is worse.
    scores : array_like of shape (n_participants,) or (n_participants, n_visits)
        Scores afterwards, points, NaN where missing.
    fall : float
        Relative fall at or above which somebody is a responder, above 0 up to 1.

    Returns
    -------
    ndarray of the shape of `scores`
        1 for response, 0 for none; NaN where a score is missing or the baseline is not above 0,
        from where no relative fall is defined.

    Raises
    ------
    ValueError
        If the fall is another one, or the two differ in the number of participants.

    Examples
    --------
    >>> responded(baseline=[30, 29], scores=[[15, 20], [14.5, float("nan")]], fall=0.5).tolist()
    [[1.0, 0.0], [1.0, nan]]
    """
    if not 0.0 < fall <= 1.0:
        raise ValueError(f"fall must lie above 0 and not above 1, got {fall}")
    before, after = _known(baseline), _known(scores)
    if before.ndim != 1 or after.ndim not in (1, 2) or len(before) != len(after):
        raise ValueError(
            f"baseline and scores must hold the same participants: {before.shape}, {after.shape}"
        )
    before = before.reshape(-1, *(1,) * (after.ndim - 1))
    before = np.where(before > 0.0, before, np.nan)
    # A fall of exactly the share counts, whatever the rounding of a product.
    enough = before - after >= (fall - ROUNDING) * before
    return np.where(np.isfinite(before - after), enough, np.nan)


def remitted(*, scores: ArrayLike, below: float) -> FloatArray:
    """Tell who is in remission: score < below.

    Parameters
    ----------
    scores : array_like
        Scores, points, NaN where missing.
    below : float
        Limit, points; a score at it is no remission.

    Returns
    -------
    ndarray of the same shape
        1 for remission, 0 for none, NaN where missing.

    Examples
    --------
    >>> remitted(scores=[9, 10, float("nan")], below=10).tolist()
    [1.0, 0.0, nan]
    """
    known = _known(scores)
    return np.where(np.isfinite(known), known < below, np.nan)


def improved(*, ratings: ArrayLike, at_most: int) -> FloatArray:
    """Tell who improved by a rating of global change: 1 <= rating <= at_most.

    Parameters
    ----------
    ratings : array_like
        CGI-I from 1 (very much improved) to 7 (very much worse); NaN or 0 (not assessed) where
        missing.
    at_most : int
        Highest rating that counts: 2 for much or very much improved.

    Returns
    -------
    ndarray of the same shape
        1 for improved, 0 for not, NaN where missing.

    Raises
    ------
    ValueError
        If a rating lies outside the scale.

    Examples
    --------
    >>> improved(ratings=[1, 2, 3, 0], at_most=2).tolist()
    [1.0, 1.0, 0.0, nan]
    """
    known = _known(ratings)
    known = np.where(known == NOT_ASSESSED, np.nan, known)
    if ((known < BEST_RATING) | (known > WORST_RATING)).any():
        raise ValueError(
            f"ratings of change go from {BEST_RATING} to {WORST_RATING} ({NOT_ASSESSED}: not "
            f"assessed), got {np.nanmin(known):g} to {np.nanmax(known):g}"
        )
    return np.where(np.isfinite(known), known <= at_most, np.nan)


def rates_by_visit(outcomes: pd.DataFrame, *, confidence_level: float) -> pd.DataFrame:
    """Count who responded (or remitted, or improved) at each visit.

    Parameters
    ----------
    outcomes : DataFrame of shape (n_participants, n_visits)
        1, 0 or NaN where not known; columns: visits in order. The rows are everybody who counts
        if missing values are failures, so those with a baseline who began the treatment.
    confidence_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    DataFrame
        :data:`RATE_COLUMNS`: for each visit first the rate among those ``seen``, then among
        ``everybody``, where whoever dropped out or was not seen counts as a failure. ``n`` is the
        divisor, ``n_missing`` how many have no value, the interval Wilson's.

    Raises
    ------
    ValueError
        If there is another value than 0, 1 or NaN, or the level is not between 0 and 1.

    Examples
    --------
    >>> table = rates_by_visit(pd.DataFrame({"day 1": [1, 1, 0, 1], "week 2": [1, 0, 0, np.nan]}),
    ...     confidence_level=0.95)
    >>> table[["visit", "counted", "n", "count", "proportion"]].round(3).to_numpy().tolist()[2:]
    [['week 2', 'seen', 3, 1, 0.333], ['week 2', 'everybody', 4, 1, 0.25]]
    """
    rows: list[dict[str, Any]] = []
    for visit in outcomes.columns:
        values = outcomes[visit].to_numpy(dtype=np.float64, na_value=np.nan)
        known = values[~np.isnan(values)]
        if not np.isin(known, (0.0, 1.0)).all():
            raise ValueError(f"{visit} holds something else than 0, 1 and missing values")
        count = int(known.sum())
        for counted, n in ((SEEN, known.size), (EVERYBODY, values.size)):
            interval = wilson_interval(count=count, n=n, confidence_level=confidence_level)
            rows.append(
                {
                    "visit": visit,
                    "counted": counted,
                    "n": n,
                    "n_missing": values.size - known.size,
                    "count": count,
                    "proportion": count / n if n else np.nan,
                    "ci_low": interval.low,
                    "ci_high": interval.high,
                    "reason": "" if n else NOBODY,
                }
            )
    return pd.DataFrame(rows, columns=list(RATE_COLUMNS))


def wilson_interval(*, count: int, n: int, confidence_level: float) -> Interval:
    r"""Compute the interval of a proportion that a score test does not reject.

    .. math::

        \frac{p + z^2 / 2n \mp z \sqrt{p (1 - p) / n + z^2 / 4n^2}}{1 + z^2 / n},
        \quad p = \frac{count}{n}

    Parameters
    ----------
    count, n : int
        Successes, and of how many.
    confidence_level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    Interval
        Ends between 0 and 1; NaN where n is 0.

    Raises
    ------
    ValueError
        If there are more successes than participants, or the level is not between 0 and 1.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22, 209-212.

    Examples
    --------
    >>> low, high = wilson_interval(count=11, n=21, confidence_level=0.95)
    >>> round(low, 4), round(high, 4)
    (0.3237, 0.7166)
    """
    z = float(stats.norm.ppf(upper_quantile(confidence_level)))
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no proportion")
    if n == 0:
        return Interval(np.nan, np.nan)
    p = count / n
    centre = p + z**2 / (2 * n)
    margin = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # No rounding past the ends: none is 0 exactly, all is 1 exactly.
    low = 0.0 if count == 0 else (centre - margin) / (1 + z**2 / n)
    high = 1.0 if count == n else (centre + margin) / (1 + z**2 / n)
    return Interval(float(low), float(high))


def _known(values: ArrayLike) -> FloatArray:
    """Return values as float64, NaN where they are not finite."""
    array = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)
