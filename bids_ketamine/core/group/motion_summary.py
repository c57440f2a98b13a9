"""Mean framewise displacement by task, session and arm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bids_ketamine.core.group.analysis import arm_members
from bids_ketamine.core.group.results import upper_quantile

MOTION_SUMMARY_COLUMNS = ("task", "session", "arm", "n", "mean", "sd", "ci_low", "ci_high")


def motion_summary(
    motion: pd.DataFrame,
    *,
    tasks: Sequence[str],
    sessions: Sequence[str],
    levels: Sequence[str],
    confidence_level: float,
) -> pd.DataFrame:
    """Summarize how much participants moved, over everybody and in each arm.

    Interval: mean -+ t quantile (n - 1 degrees of freedom) x sd / sqrt(n).

    Parameters
    ----------
    motion : DataFrame
        ``arm`` (missing or empty for none), ``session``, ``task`` and ``mean_fd`` (mm, NaN where
        unknown); one row for each participant, session and task.
    tasks, sessions, levels : sequence of str
        Tasks, sessions and arms in order.
    confidence_level : float
        Level of the interval.

    Returns
    -------
    DataFrame
        :data:`MOTION_SUMMARY_COLUMNS`; mm. NaN where there are too few participants for the
        number.

    Examples
    --------
    >>> motion = pd.DataFrame({"arm": ["a", "a", "b"], "session": ["pre"] * 3,
    ...                        "task": ["rest"] * 3, "mean_fd": [0.1, 0.3, 0.2]})
    >>> table = motion_summary(motion, tasks=["rest"], sessions=["pre"], levels=["a", "b"],
    ...                        confidence_level=0.95)
    >>> table[["arm", "n", "mean", "sd"]].round(3).to_numpy().tolist()
    [['all', 3, 0.2, 0.1], ['a', 2, 0.2, 0.141], ['b', 1, 0.2, nan]]
    """
    known = motion[np.isfinite(motion["mean_fd"].to_numpy(dtype=np.float64))]
    rows = []
    for task in tasks:
        for session in sessions:
            own = known[(known["task"] == task) & (known["session"] == session)]
            values = own["mean_fd"].to_numpy(dtype=np.float64)
            arms = ["" if pd.isna(arm) else str(arm) for arm in own["arm"]]
            for arm, member in arm_members(arms=arms, levels=levels).items():
                found = _moments(values[member], confidence_level)
                rows.append((task, session, arm, *found))
    return pd.DataFrame(rows, columns=list(MOTION_SUMMARY_COLUMNS))


def _moments(values: np.ndarray, level: float) -> tuple[int, float, float, float, float]:
    n = len(values)
    if n < 2:
        return n, float(values[0]) if n else np.nan, np.nan, np.nan, np.nan
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    half = float(stats.t.ppf(upper_quantile(level), n - 1)) * sd / np.sqrt(n)
    return n, mean, sd, mean - half, mean + half
