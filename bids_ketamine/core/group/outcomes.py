"""Clinical improvement beside measures: the same participants in the same order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bids_ketamine.core.group.measure_tests import Improvement
from bids_ketamine.core.group.measures import participant_columns

#: Why somebody whom no table of scores knows has no improvement.
WITHOUT_SCORES = "no row in the outcome's table"

_VALUES = ["first", "second", "improvement"]


def outcomes_table(
    *, scores: pd.DataFrame, participants: Sequence[str], arms: Sequence[str]
) -> pd.DataFrame:
    """Return one row for each participant and outcome.

    Parameters
    ----------
    scores : DataFrame
        ``participant_id``, ``outcome``, ``change`` (missing for none), ``first``, ``second``
        and ``improvement`` in points, ``reason``; one row for each outcome and participant, in
        any order and with others too.
    participants, arms : sequence of str
        Participants and the arm of each; empty for none.

    Returns
    -------
    DataFrame
        Rows by participant and outcome, outcomes in the order of `scores`.
    """
    outcomes = scores.drop_duplicates("outcome").set_index("outcome")["change"]
    one, number = (each.ravel() for each in np.indices((len(participants), len(outcomes))))
    table = pd.DataFrame(participant_columns(participants, arms, one))
    table["outcome"] = outcomes.index.to_numpy()[number]
    table["change"] = outcomes.to_numpy()[number]
    wanted = pd.MultiIndex.from_frame(table[["participant_id", "outcome"]].astype(object))
    found = scores.set_index(["participant_id", "outcome"]).reindex(wanted)
    for name in _VALUES:
        table[name] = found[name].to_numpy(dtype=np.float64)
    reason = found["reason"].to_numpy(dtype=object)
    unknown = pd.isna(reason) & np.isnan(table["improvement"].to_numpy())
    table["reason"] = np.where(unknown, WITHOUT_SCORES, reason)
    return table


def improvements(*, table: pd.DataFrame) -> dict[str, Improvement]:
    """Return the improvement of each outcome that belongs to a change.

    Parameters
    ----------
    table : DataFrame
        Result of :func:`outcomes_table`.

    Returns
    -------
    dict of str to Improvement
        By outcome; values by participant.
    """
    return {
        str(outcome): Improvement(
            change=str(rows["change"].iloc[0]),
            values=rows["improvement"].to_numpy(dtype=np.float64),
        )
        for outcome, rows in table.dropna(subset="change").groupby("outcome", sort=False)
    }
