"""Accuracy and reaction time of participants -> means and tests by session and arm (A21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import arm_members, change_values, session_summaries
from bids_ketamine.core.group.measure_tests import ComparisonSettings, group_tests
from bids_ketamine.core.group.measures import KEY_COLUMNS

QUANTITIES = ("accuracy", "reaction_time")

#: What a quantity, a task and a condition are among the keys of measures.
_NAMES = {"task": "task", "contrast": "condition", "measure": "quantity"}
_VALUE = ["task", "condition", "quantity"]


class BehaviourStatistics(NamedTuple):
    """Tables of behaviour over participants.

    Attributes
    ----------
    summary : DataFrame
        ``task``, ``condition``, ``quantity``, ``session``, ``arm``, ``n``, ``mean``, ``sd``,
        ``ci_low``, ``ci_high``.
    tests : DataFrame
        ``task``, ``condition``, ``quantity``, ``test``, ``change``, ``arm``, ``n``,
        ``n_second``, ``estimate``, ``ci_low``, ``ci_high``, ``statistic``, ``df``, ``p_value``,
        ``effect_size``, ``reason``.
    """

    summary: pd.DataFrame
    tests: pd.DataFrame


def behaviour_statistics(
    behaviour: pd.DataFrame,
    *,
    participants: Sequence[str],
    arms: Sequence[str],
    conditions: Sequence[tuple[str, str]],
    sessions: Sequence[str],
    changes: Mapping[str, tuple[str, str]],
    settings: ComparisonSettings,
) -> BehaviourStatistics:
    """Summarise and test accuracy and reaction time of every task and condition.

    Means with t intervals in each session, over everybody and in each arm. ``paired``: each
    change against 0, over everybody and in each arm; ``welch``: each change, a further arm minus
    the reference arm (:mod:`bids_ketamine.core.group.t_tests`).

    Parameters
    ----------
    behaviour : DataFrame
        ``participant_id``, ``session``, ``task``, ``condition``, ``accuracy`` (share),
        ``reaction_time`` (s), one row for each; NaN where missing. Rows of others than
        `participants` do not count.
    participants, arms : sequence of str
        Who takes part, and the arm of each; empty for none.
    conditions : sequence of (str, str)
        Task and condition of each value, in order.
    sessions : sequence of str
        Sessions in order.
    changes : mapping of str to (str, str)
        First and second session of each change.
    settings : ComparisonSettings
        Arms in order (the first is the reference), level of intervals, fewest participants.

    Returns
    -------
    BehaviourStatistics
        Rows by task, condition and quantity, then by session and arm, or by test, change and
        arm. Shares have no unit, times are in s. p values are not corrected.
    """
    pairs = [(*each, quantity) for each in conditions for quantity in QUANTITIES]
    keys = pd.DataFrame(pairs, columns=["task", "contrast", "measure"])
    keys = keys.assign(regions="", unit="")[list(KEY_COLUMNS)].astype("category")
    values = _arranged(behaviour, participants, sessions, pairs)
    members = arm_members(arms=arms, levels=settings.levels)
    summary = session_summaries(
        adjusted=values,
        keys=keys,
        sessions=sessions,
        members=members,
        confidence_level=settings.confidence_level,
    )
    tests = group_tests(
        adjusted=values,
        changes=change_values(adjusted=values, sessions=sessions, changes=changes),
        improvements={},
        keys=keys,
        sessions=sessions,
        members=members,
        settings=settings,
    )
    # Quantities are no contrasts of conditions: none of them is tested against 0.
    tests = tests[tests["test"] != "one_sample"]
    left_out = ["regions", "unit", "session", "outcome", "q_value"]
    return BehaviourStatistics(
        summary=_by_value(summary.drop(columns=["regions", "unit"]), pairs),
        tests=_by_value(tests.drop(columns=left_out), pairs),
    )


def _arranged(
    behaviour: pd.DataFrame,
    participants: Sequence[str],
    sessions: Sequence[str],
    pairs: Sequence[tuple[str, str, str]],
) -> np.ndarray:
    """Return values of shape (n_participants, n_sessions, n_values); NaN where missing."""
    places = {
        "participant_id": {name: place for place, name in enumerate(participants)},
        "session": {name: place for place, name in enumerate(sessions)},
    }
    rows = behaviour[behaviour["participant_id"].isin(places["participant_id"])]
    one, session = (rows[name].map(place).to_numpy(dtype=int) for name, place in places.items())
    values = np.full((len(participants), len(sessions), len(pairs)), np.nan)
    for place, (task, condition, quantity) in enumerate(pairs):
        own = ((rows["task"] == task) & (rows["condition"] == condition)).to_numpy(dtype=bool)
        values[one[own], session[own], place] = rows.loc[own, quantity].to_numpy(dtype=float)
    return values


def _by_value(table: pd.DataFrame, pairs: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Return a table with its rows by task, condition and quantity, which stand first."""
    table = table.rename(columns=_NAMES).astype(dict.fromkeys(_VALUE, object))
    place = {pair: number for number, pair in enumerate(pairs)}
    of_row = [place[row] for row in table[_VALUE].itertuples(index=False, name=None)]
    table = table.iloc[np.argsort(np.array(of_row, dtype=int), kind="stable")]
    first = [*_VALUE, *table.columns.drop(_VALUE)]
    return table[first].reset_index(drop=True)
