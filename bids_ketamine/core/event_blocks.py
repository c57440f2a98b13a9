"""Consecutive trials of a condition, joined to blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bids_ketamine.core.event_rules import ConditionRule


def joined_blocks(
    trials: pd.DataFrame, condition_of: np.ndarray, rule: ConditionRule
) -> pd.DataFrame:
    """Join consecutive trials of a condition.

    A block lasts from the onset of its first trial to the latest end of its trials. A trial of
    another condition, or a rest longer than ``longest_gap``, ends it; events in no condition
    (fixation) do not.

    Parameters
    ----------
    trials : DataFrame
        All trials of the run by onset: ``onset``, ``duration`` (s; missing ones count as 0).
    condition_of : ndarray of str, shape (n_trials,)
        Condition of each trial; empty for none.
    rule : ConditionRule
        The condition.

    Returns
    -------
    DataFrame
        ``onset`` and ``duration`` of its blocks, s.
    """
    known = condition_of != ""
    conditions = condition_of[known]
    rows = trials.loc[known]
    if not len(rows):
        return pd.DataFrame({"onset": [], "duration": []}, dtype=float)
    ends = rows["onset"] + rows["duration"].fillna(0.0)
    gaps = rows["onset"].to_numpy()[1:] - ends.cummax().to_numpy()[:-1]
    starts = (conditions[1:] != conditions[:-1]) | (gaps > rule.longest_gap)
    block = np.cumsum(np.r_[True, starts])
    joined = pd.DataFrame(
        {
            "onset": rows["onset"].groupby(block).min(),
            "end": ends.groupby(block).max(),
            "condition": pd.Series(conditions, index=rows.index).groupby(block).first(),
        }
    )
    own = joined.loc[joined["condition"] == rule.name]
    return pd.DataFrame({"onset": own["onset"], "duration": own["end"] - own["onset"]})
