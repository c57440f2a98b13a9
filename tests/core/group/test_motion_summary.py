"""Mean framewise displacement by task, session and arm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.group.motion_summary import MOTION_SUMMARY_COLUMNS, motion_summary


def test_means_with_t_intervals_by_hand() -> None:
    motion = pd.DataFrame(
        {
            "arm": ["a", "a", "b", "", None],
            "session": "pre",
            "task": "rest",
            "mean_fd": [0.1, 0.3, 0.2, 0.4, np.nan],
        }
    )
    table = motion_summary(
        motion, tasks=["rest"], sessions=["pre", "post"], levels=["b", "a"], confidence_level=0.9
    )
    assert tuple(table.columns) == MOTION_SUMMARY_COLUMNS
    rows = table.set_index(["session", "arm"])
    assert rows["n"].to_dict() == {
        **{("pre", "all"): 4, ("pre", "b"): 1, ("pre", "a"): 2},
        **{("post", "all"): 0, ("post", "b"): 0, ("post", "a"): 0},
    }
    values = np.array([0.1, 0.3, 0.2, 0.4])
    low, high = stats.t.interval(0.9, 3, loc=values.mean(), scale=stats.sem(values))
    found = rows.loc[("pre", "all"), ["mean", "sd", "ci_low", "ci_high"]].to_list()
    assert found == pytest.approx([0.25, values.std(ddof=1), low, high])
    assert rows.loc[("pre", "b"), "mean"] == 0.2
    assert rows.loc[("pre", "b"), ["sd", "ci_low", "ci_high"]].isna().all()
    assert rows.loc[("post", "all"), ["mean", "sd"]].isna().all()
