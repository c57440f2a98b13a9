"""Change of a score from the baseline to each visit: paired t tests and Cohen's d.

============  ==============================================================
``d``         score at the visit minus baseline, of participants with both
``s_d``       standard deviation of d, divisor n - 1
``s_0``       standard deviation of the baseline of the same participants
``s_1``       standard deviation of the visit of the same participants
============  ==============================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bids_ketamine.core.group.moments import as_columns, is_constant, moments
from bids_ketamine.core.group.results import NO_VARIATION
from bids_ketamine.core.group.t_tests import paired_t_test

#: Columns of :func:`visit_changes`.
CHANGE_COLUMNS = (
    *("visit", "baseline", "n", "mean_baseline", "mean_visit", "estimate", "ci_low", "ci_high"),
    *("statistic", "df", "p_value", "d_z", "d_av", "reason"),
)


@dataclass(frozen=True, kw_only=True)
class PairedEffectSize:
    """Cohen's d of two visits of the same participants; NaN with a reason where it has no value.

    Attributes
    ----------
    d_z : float
        Mean change over the standard deviation of the changes.
    d_av : float
        Mean change over the average standard deviation of both visits.
    n : int
        Participants with both visits.
    reason : str
        Why one is missing; empty where none is.
    """

    d_z: float
    d_av: float
    n: int
    reason: str


def paired_effect_size(*, first: ArrayLike, second: ArrayLike) -> PairedEffectSize:
    r"""Standardize the mean change from the first to the second visit in two ways.

    .. math::

        d_z = \frac{\bar d}{s_d}, \quad d_{av} = \frac{\bar d}{\sqrt{(s_0^2 + s_1^2) / 2}}

    d_z is t divided by the square root of n, and grows with the correlation of the visits; d_av
    does not, and compares with Cohen's d of two groups. Neither is corrected for small samples.

    Parameters
    ----------
    first, second : array_like of shape (n_participants,)
        Scores, points, row by row of the same participant; a pair with NaN is left out.

    Returns
    -------
    PairedEffectSize
        Both negative where the score fell.

    Raises
    ------
    ValueError
        If the two differ in length.

    References
    ----------
    Cohen, J. (1988). Statistical power analysis for the behavioral sciences, 2nd edition, p. 48.
    Cumming, G. (2012). Understanding the new statistics, chapter 11.

    Examples
    --------
    >>> found = paired_effect_size(first=[30, 28, 33, 25], second=[12, 8, 17, 11])
    >>> round(found.d_z, 3), round(found.d_av, 3), found.n
    (-6.584, -4.777, 4)
    """
    before, after = (as_columns(each, name="visits") for each in (first, second))
    if before.shape != after.shape or before.shape[1] != 1:
        raise ValueError(f"visits differ in shape: {np.shape(first)} and {np.shape(second)}")
    present = np.isfinite(before) & np.isfinite(after)
    before, after = before[present[:, 0]], after[present[:, 0]]
    n = len(before)
    if n < 2:
        return PairedEffectSize(d_z=np.nan, d_av=np.nan, n=n, reason="fewer than 2 participants")
    change = moments(after - before, present=np.ones((n, 1), dtype=np.bool_))
    visits = moments(np.hstack([before, after]), present=np.ones((n, 2), dtype=np.bool_))
    # Differences of large scores carry the rounding of those scores.
    change = change._replace(magnitude=visits.magnitude.max(keepdims=True))
    same_change = bool(is_constant(change)[0])
    same_scores = bool(is_constant(visits).all())
    mean = float(change.mean[0])
    deviation = np.sqrt(change.sum_of_squares[0] / (n - 1))
    average = np.sqrt(visits.sum_of_squares.mean() / (n - 1))
    return PairedEffectSize(
        d_z=np.nan if same_change else mean / float(deviation),
        d_av=np.nan if same_scores else mean / float(average),
        n=n,
        reason=NO_VARIATION if same_scores else "all changes equal" if same_change else "",
    )


def visit_changes(
    scores: pd.DataFrame, *, baseline: str, confidence_level: float, minimum_participants: int
) -> pd.DataFrame:
    """Compare each visit with the baseline.

    Parameters
    ----------
    scores : DataFrame of shape (n_participants, n_visits)
        Scores, points, NaN where missing; columns: visits in order.
    baseline : str
        Column every other one is compared with.
    confidence_level : float
        Level of the intervals, between 0 and 1.
    minimum_participants : int
        Fewest participants with both visits; fewer have means alone.

    Returns
    -------
    DataFrame
        :data:`CHANGE_COLUMNS`, one row a visit but the baseline: means, mean change (visit minus
        baseline, points), its interval and paired t test, d_z and d_av of
        :func:`paired_effect_size`, all of the ``n`` participants with both visits.

    Raises
    ------
    ValueError
        If the baseline is no visit, or the level is not between 0 and 1.

    Examples
    --------
    >>> scores = pd.DataFrame({"pre": [30.0, 28, 33, 25], "day 1": [12.0, 8, 17, np.nan]})
    >>> visit_changes(scores, baseline="pre", confidence_level=0.95, minimum_participants=3)[
    ...     ["visit", "n", "estimate", "statistic", "d_z"]].round(3).to_numpy().tolist()
    [['day 1', 3, -18.0, -15.588, -9.0]]
    """
    if baseline not in scores.columns:
        raise ValueError(f"the baseline {baseline} is none of the visits")
    before = scores[baseline].to_numpy(dtype=np.float64, na_value=np.nan)
    rows: list[dict[str, Any]] = []
    for visit in scores.columns.drop(baseline):
        after = scores[visit].to_numpy(dtype=np.float64, na_value=np.nan)
        both = np.isfinite(before) & np.isfinite(after)
        n = int(both.sum())
        test = paired_t_test(first=after, second=before, confidence_level=confidence_level)
        size = paired_effect_size(first=before, second=after)
        row: dict[str, Any] = {
            "visit": visit,
            "baseline": baseline,
            "n": n,
            "mean_baseline": before[both].mean() if n else np.nan,
            "mean_visit": after[both].mean() if n else np.nan,
            "estimate": (after[both] - before[both]).mean() if n else np.nan,
        }
        if n < minimum_participants:
            rows.append(row | {"reason": f"fewer than {minimum_participants} participants"})
            continue
        tested = ("ci_low", "ci_high", "statistic", "df", "p_value")
        row |= {name: float(getattr(test, name)) for name in tested}
        reason = str(test.reason) or size.reason
        rows.append(row | {"d_z": size.d_z, "d_av": size.d_av, "reason": reason})
    return pd.DataFrame(rows, columns=list(CHANGE_COLUMNS))
