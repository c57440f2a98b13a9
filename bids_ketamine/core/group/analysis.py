"""Changes and summaries of every measure, as tables.

Arrays have the axes participants, sessions, measures, or participants, measures after a change;
values that do not go in are NaN. Tests are in
:mod:`bids_ketamine.core.group.measure_tests`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bids_ketamine.core.group.change import change_scores
from bids_ketamine.core.group.measures import KEY_COLUMNS, participant_columns, repeated
from bids_ketamine.core.group.moments import BoolArray, FloatArray, moments, nan_where
from bids_ketamine.core.group.results import upper_quantile

#: Name of the group of all participants beside the arms.
ALL = "all"


@dataclass(frozen=True, kw_only=True)
class ChangeValues:
    """A difference between two sessions.

    Attributes
    ----------
    first, second, difference : ndarray of shape (n_participants, n_measures)
        Values of the two sessions and second minus first, unit of the measure; NaN in all
        three where either value is missing.
    """

    first: FloatArray
    second: FloatArray
    difference: FloatArray


def arm_members(*, arms: Sequence[str], levels: Sequence[str]) -> dict[str, BoolArray]:
    """Tell who belongs to whom: everybody, and each arm.

    Parameters
    ----------
    arms : sequence of str
        Arm of each participant; empty for none.
    levels : sequence of str
        Arms in order; empty for a study without arms.

    Returns
    -------
    dict of str to ndarray of bool, shape (n_participants,)
        ``all`` first, then the arms.

    Examples
    --------
    >>> members = arm_members(arms=["b", "a", ""], levels=["a", "b"])
    >>> {name: each.tolist() for name, each in members.items()}
    {'all': [True, True, True], 'a': [False, True, False], 'b': [True, False, False]}
    """
    of_participant = np.array(arms, dtype=object)
    everybody = {ALL: np.ones(len(arms), dtype=np.bool_)}
    return everybody | {level: of_participant == level for level in levels}


def included_participants(
    *, included: BoolArray, arms: Sequence[str], levels: Sequence[str]
) -> dict[str, int]:
    """Count the participants of whom anything goes in, over everybody and in each arm.

    Parameters
    ----------
    included : ndarray of bool, shape (n_participants, n_sessions, n_measures)
        Values that go in.
    arms, levels : sequence of str
        As of :func:`arm_members`.

    Returns
    -------
    dict of str to int
        ``all`` first, then the arms.
    """
    goes_in: BoolArray = np.any(included, axis=(1, 2))
    members = arm_members(arms=arms, levels=levels)
    return {name: int((goes_in & member).sum()) for name, member in members.items()}


def change_values(
    *, adjusted: FloatArray, sessions: Sequence[str], changes: Mapping[str, tuple[str, str]]
) -> dict[str, ChangeValues]:
    """Subtract sessions from each other (methods row A12).

    Parameters
    ----------
    adjusted : ndarray of shape (n_participants, n_sessions, n_measures)
        Values after motion residualization, unit of the measure.
    sessions : sequence of str
        Sessions along the second axis.
    changes : mapping of str to (str, str)
        First and second session of each change.

    Returns
    -------
    dict of str to ChangeValues
        One for each change.
    """
    result = {}
    for name, ends in changes.items():
        first, second = (adjusted[:, list(sessions).index(end)] for end in ends)
        difference = change_scores(first=first, second=second)
        incomplete = np.isnan(difference)
        result[name] = ChangeValues(
            first=nan_where(incomplete, first),
            second=nan_where(incomplete, second),
            difference=difference,
        )
    return result


def changes_table(
    *,
    changes: Mapping[str, ChangeValues],
    keys: pd.DataFrame,
    participants: Sequence[str],
    arms: Sequence[str],
) -> pd.DataFrame:
    """Return one row for each participant, change and measure with values in both sessions.

    Parameters
    ----------
    changes : mapping of str to ChangeValues
        Result of :func:`change_values`.
    keys : DataFrame of shape (n_measures, 5)
        Key columns of each measure.
    participants, arms : sequence of str
        Participants and the arm of each; empty for none.

    Returns
    -------
    DataFrame
        Rows by participant, change and measure.
    """
    shape = (len(participants), len(changes), len(keys))
    values = {
        name: np.stack([getattr(each, name) for each in changes.values()], axis=1)
        if changes
        else np.empty(shape)
        for name in ("first", "second", "difference")
    }
    where = np.nonzero(np.isfinite(values["difference"]))
    participant, change, measure = where
    table = participant_columns(participants, arms, participant)
    table["change"] = repeated(list(changes), change)
    table |= {name: keys[name].array.take(measure) for name in KEY_COLUMNS}
    return pd.DataFrame(table | {name: each[where] for name, each in values.items()})


def session_summaries(
    *,
    adjusted: FloatArray,
    keys: pd.DataFrame,
    sessions: Sequence[str],
    members: Mapping[str, BoolArray],
    confidence_level: float,
) -> pd.DataFrame:
    """Summarize every measure in each session, over everybody and in each arm.

    Interval: mean -+ t quantile (n - 1 degrees of freedom) x sd / sqrt(n).

    Parameters
    ----------
    adjusted : ndarray of shape (n_participants, n_sessions, n_measures)
        Values after motion residualization, unit of the measure.
    keys : DataFrame of shape (n_measures, 5)
        Key columns of each measure.
    sessions : sequence of str
        Sessions along the second axis.
    members : mapping of str to ndarray of bool, shape (n_participants,)
        Result of :func:`arm_members`.
    confidence_level : float
        Level of the interval.

    Returns
    -------
    DataFrame
        ``session``, ``arm``, key columns, ``n``, ``mean``, ``sd``, ``ci_low``, ``ci_high``; NaN
        where there are too few values for the number.
    """
    blocks, labels = [], []
    for position, session in enumerate(sessions):
        for arm, member in members.items():
            values = adjusted[member, position]
            sample = moments(values, present=np.isfinite(values))
            df = nan_where(sample.n < 2, sample.n - 1)
            deviation = np.sqrt(sample.sum_of_squares / df)
            quantile = stats.t.ppf(upper_quantile(confidence_level), df)
            margin = quantile * deviation / np.sqrt(nan_where(sample.n < 2, sample.n))
            labels.append((session, arm))
            blocks.append(
                {
                    "n": sample.n.astype(np.int64),
                    "mean": sample.mean,
                    "sd": deviation,
                    "ci_low": sample.mean - margin,
                    "ci_high": sample.mean + margin,
                }
            )
    everything = np.arange(len(keys))
    return stacked(("session", "arm"), labels, blocks, [everything] * len(blocks), keys)


def stacked(
    label_names: Sequence[str],
    labels: Sequence[Sequence[str]],
    blocks: Sequence[Mapping[str, Any]],
    positions: Sequence[NDArray[np.intp]],
    keys: pd.DataFrame,
) -> pd.DataFrame:
    """Stack blocks of columns, with labels and keys of measures as categories.

    Parameters
    ----------
    label_names : sequence of str
        Names of the label columns.
    labels : sequence of sequence of str
        Labels of each block; an empty one is missing.
    blocks : sequence of mapping of str to ndarray of shape (n_block_measures,)
        Columns of each block, the same names in all.
    positions : sequence of ndarray of int, shape (n_block_measures,)
        Which measures each block is about.
    keys : DataFrame of shape (n_measures, 5)
        Key columns of each measure.

    Returns
    -------
    DataFrame
        Labels, key columns, columns of the blocks.
    """
    block = np.repeat(np.arange(len(blocks)), [len(position) for position in positions])
    measure = np.concatenate([np.empty(0, dtype=np.intp), *positions])
    table: dict[str, Any] = {
        name: repeated([label[column] for label in labels], block)
        for column, name in enumerate(label_names)
    }
    table |= {name: keys[name].array.take(measure) for name in KEY_COLUMNS}
    for name in blocks[0] if blocks else ():
        values = np.concatenate([each[name] for each in blocks])
        table[name] = values
        if name == "reason":
            table[name] = pd.Categorical(pd.Series(values).replace("", None))
    return pd.DataFrame(table)
