"""Tests of all participants that are those of one arm, since nobody else has a value."""

from __future__ import annotations

import pandas as pd

from bids_ketamine.reports.group_data import KEYS

#: What makes two rows the same test of the same participants.
SAME = ["test", "session", "change", "outcome", *KEYS, "n", "estimate", "statistic"]
REPEATS = (
    "Tests of all participants that rest on one arm alone, since nobody else has a value, are "
    "told and counted once, under the arm."
)


def without_repeats(tests: pd.DataFrame) -> pd.DataFrame:
    """Leave out tests of all participants that repeat the test of an arm.

    Parameters
    ----------
    tests : DataFrame
        ``group_tests``.

    Examples
    --------
    >>> row = {name: None for name in SAME} | {"p_value": 0.2}
    >>> rows = [row | {"arm": "all", "n": 18, "estimate": 0.1}, row | {"arm": "a", "n": 18,
    ...     "estimate": 0.1}, row | {"arm": "all", "n": 30, "estimate": 0.2}]
    >>> without_repeats(pd.DataFrame(rows))["n"].tolist()
    [18, 30]
    """
    known = tests["estimate"].notna()
    of_all = tests["arm"].fillna("all").eq("all")
    # An arm's own row comes first, so that what repeats it is the row of all.
    ordered = tests[known].assign(last=of_all[known]).sort_values("last", kind="stable")
    repeated = ordered.index[ordered.duplicated(SAME) & ordered["last"]]
    return tests.drop(index=repeated)
