"""Improvement in clinical outcomes: its mean over everybody and in each arm, arms compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import arm_members
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.group.results import TestResult
from bids_ketamine.core.group.t_tests import one_sample_t_test, welch_t_test

_TESTED = ("estimate", "ci_low", "ci_high", "statistic", "df", "p_value", "effect_size")

#: Columns of :func:`improvement_statistics`.
IMPROVEMENT_COLUMNS = (
    *("outcome", "change", "arm", "n", "n_second", "estimate", "sd", "ci_low", "ci_high"),
    *("statistic", "df", "p_value", "effect_size", "reason"),
)


def improvement_statistics(
    *,
    outcomes: pd.DataFrame,
    levels: Sequence[str],
    confidence_level: float,
    minimum_participants: int,
) -> pd.DataFrame:
    r"""Describe and test the improvement in each outcome, in all and in each arm, and compare arms.

    The mean :math:`\bar x` over everybody and over each arm is tested against 0 with
    :math:`t = \bar x \sqrt n / s` on :math:`n - 1` degrees of freedom, and the difference
    :math:`\bar x_k - \bar x_1` of each further arm and the reference arm with Welch's t test.

    Parameters
    ----------
    outcomes : DataFrame
        ``arm`` (missing for none), ``outcome``, ``change`` and ``improvement`` (points, positive
        where the participant got better, NaN where unknown); one row for each participant who
        counts and outcome.
    levels : sequence of str
        Arms in order; empty for a study without arms.
    confidence_level : float
        Level of intervals, between 0 and 1.
    minimum_participants : int
        Fewest participants of a test, in each arm that is compared. The mean and the standard
        deviation of fewer are told without a test.

    Returns
    -------
    DataFrame
        :data:`IMPROVEMENT_COLUMNS`, by outcome in the order of `outcomes`: ``all``, each arm,
        then every pair of arms, the later minus the earlier (arm ``ketamine - placebo``, where
        ``n`` is of the first arm and ``n_second`` of the second; both missing otherwise).
        ``estimate`` is the mean, or the difference of means, and ``sd`` that of the
        participants of a mean, in points; ``effect_size`` is Hedges' g. An outcome that belongs
        to no change and has no improvement has no row.

    Raises
    ------
    ValueError
        If the level is not between 0 and 1.

    References
    ----------
    Welch, B. L. (1947). The generalization of "Student's" problem when several different
    population variances are involved. Biometrika 34, 28-35.

    Examples
    --------
    >>> outcomes = pd.DataFrame({"outcome": "madrs", "change": "change",
    ...     "arm": ["a", "a", "a", "b", "b", "b", "b"],
    ...     "improvement": [4.0, 6.0, 8.0, 1.0, 2.0, 3.0, 2.0]})
    >>> table = improvement_statistics(outcomes=outcomes, levels=["b", "a"],
    ...     confidence_level=0.95, minimum_participants=3)
    >>> table[["arm", "n", "n_second", "estimate", "df"]].round(3).to_numpy().tolist()[1:]
    [['b', 4, nan, 2.0, 3.0], ['a', 3, nan, 6.0, 2.0], ['a - b', 3, 4.0, 4.0, 2.505]]
    """
    rows: list[dict[str, Any]] = []
    for _, own in outcomes.groupby(["outcome", "change"], sort=False, dropna=False):
        outcome, change = own["outcome"].iloc[0], own["change"].iloc[0]
        values = own["improvement"].to_numpy(dtype=np.float64)
        if pd.isna(change) and not np.isfinite(values).any():
            continue
        arms = ["" if pd.isna(arm) else str(arm) for arm in own["arm"]]
        of_arm = {
            arm: values[member & np.isfinite(values)]
            for arm, member in arm_members(arms=arms, levels=levels).items()
        }
        named = {"outcome": outcome, "change": None if pd.isna(change) else change}
        rows += [
            named | row for row in _rows(of_arm, levels, confidence_level, minimum_participants)
        ]
    return pd.DataFrame(rows, columns=list(IMPROVEMENT_COLUMNS))


def _rows(
    of_arm: Mapping[str, FloatArray], levels: Sequence[str], confidence_level: float, fewest: int
) -> Iterator[dict[str, Any]]:
    """Yield the means over everybody and of each arm, then differences of arms."""
    for arm, values in of_arm.items():
        result = one_sample_t_test(
            values=values, population_mean=0.0, confidence_level=confidence_level
        )
        yield (
            {"arm": arm, "n": values.size, "n_second": np.nan}
            | _tested(result, values.size, fewest)
            # A mean is a mean, whether or not it can be tested.
            | {
                "estimate": float(values.mean()) if values.size else np.nan,
                "sd": float(values.std(ddof=1)) if values.size > 1 else np.nan,
            }
        )
    for reference, arm in combinations(levels, 2):
        one, other = of_arm[arm], of_arm[reference]
        compared = welch_t_test(first=one, second=other, confidence_level=confidence_level)
        yield (
            {"arm": f"{arm} - {reference}", "n": one.size, "n_second": other.size, "sd": np.nan}
            | _tested(compared, min(one.size, other.size), fewest)
        )


def _tested(result: TestResult, smallest: int, fewest: int) -> dict[str, Any]:
    """Return what a test found; nothing but the reason where there are too few participants."""
    if smallest < fewest:
        return dict.fromkeys(_TESTED, np.nan) | {"reason": f"fewer than {fewest} participants"}
    found: dict[str, Any] = {name: float(getattr(result, name)) for name in _TESTED}
    return found | {"reason": str(result.reason)}
