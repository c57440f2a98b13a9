"""Measures of all participants and sessions as arrays, and back as tables.

Axes, in this order everywhere: participants, sessions, measures. A measure is one combination of
:data:`KEY_COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bids_ketamine.core.group.moments import BoolArray, FloatArray

ObjectArray = NDArray[np.object_]

#: What tells one measure from another.
KEY_COLUMNS = ("measure", "task", "contrast", "regions", "unit")

MISSING_WITHOUT_REASON = "missing value without a reason"


@dataclass(frozen=True, kw_only=True)
class MeasureArrays:
    """Measures of all participants and sessions.

    Attributes
    ----------
    participants : tuple of str
        Participants along the first axis.
    sessions : tuple of str
        Sessions along the second axis.
    keys : DataFrame of shape (n_measures, 5)
        :data:`KEY_COLUMNS` of each measure along the third axis, in order of appearance.
    present : ndarray of bool, shape (n_participants, n_sessions, n_measures)
        Whether there is a row, be its value missing or not.
    value : ndarray of the same shape
        In the unit of the measure; NaN where missing.
    mean_fd : ndarray of the same shape
        Mean framewise displacement over all runs of the value's task in the session, mm; NaN
        where unknown.
    n_volumes_kept : ndarray of the same shape
        Volumes kept in all these runs together; NaN where unknown.
    coverage : ndarray of the same shape
        Share of the value's region that is covered, the smaller one of a pair; NaN where
        unknown.
    reason : ndarray of object, the same shape
        Why a value is missing; empty where it is not, or where there is no row.
    means : mapping of str to sequence of str
        Parts of each session that is the mean of others.
    without_images : tuple of str
        Sessions of which there can be no measure: visits with scores alone.
    """

    participants: tuple[str, ...]
    sessions: tuple[str, ...]
    keys: pd.DataFrame
    present: BoolArray
    value: FloatArray
    mean_fd: FloatArray
    n_volumes_kept: FloatArray
    coverage: FloatArray
    reason: ObjectArray
    means: Mapping[str, Sequence[str]] = field(default_factory=dict)
    without_images: tuple[str, ...] = ()

    @property
    def own(self) -> list[int]:
        """Positions of sessions that are not the mean of others."""
        return [place for place, name in enumerate(self.sessions) if name not in self.means]

    @property
    def imaged(self) -> list[int]:
        """Positions of sessions that can have measures."""
        return [
            place for place, name in enumerate(self.sessions) if name not in self.without_images
        ]

    def of_task(self, task: str) -> NDArray[np.intp]:
        """Return the positions of a task's measures along the third axis."""
        return np.flatnonzero((self.keys["task"] == task).to_numpy())


def arrange_measures(
    *, rows: pd.DataFrame, participants: Sequence[str], sessions: Sequence[str]
) -> MeasureArrays:
    """Arrange a long table of measures by participant, session and measure.

    Parameters
    ----------
    rows : DataFrame
        Categorical columns ``participant_id``, ``session``, :data:`KEY_COLUMNS` and ``reason``
        (missing where there is none); ``value``, ``mean_fd``, ``n_volumes_kept``, ``coverage``
        and ``coverage_second`` as numbers.
    participants : sequence of str
        Participants in the order wanted, with or without rows.
    sessions : sequence of str
        Sessions in the order wanted, with or without rows.

    Returns
    -------
    MeasureArrays
        Measures in the order in which the table first names them.

    Raises
    ------
    ValueError
        If the table has a participant or session that is not named, or one measure twice in
        one session of a participant.
    """
    keys, measure = _distinct(with_known_units(rows).loc[:, list(KEY_COLUMNS)])
    position = tuple(
        _positions(rows[column], names)
        for column, names in (("participant_id", participants), ("session", sessions))
    )
    shape = (len(participants), len(sessions), len(keys))
    cell = np.ravel_multi_index((*position, measure), shape)
    if len(np.unique(cell)) < len(cell):
        raise ValueError("a measure stands twice in one session of a participant")

    def filled(cells: Any, empty: object, dtype: Any) -> NDArray[Any]:
        array = np.full(shape, empty, dtype=dtype)
        array.ravel()[cell] = cells
        return array

    value = filled(rows["value"].to_numpy(dtype=np.float64), np.nan, np.float64)
    value[~np.isfinite(value)] = np.nan
    present = filled(True, False, np.bool_)
    reason = filled(_texts(rows["reason"]), "", object)
    reason[np.isfinite(value)] = ""
    reason[present & np.isnan(value) & (reason == "")] = MISSING_WITHOUT_REASON
    numbers: dict[str, Any] = {
        name: filled(rows[name].to_numpy(dtype=np.float64), np.nan, np.float64)
        for name in ("mean_fd", "n_volumes_kept")
    }
    coverage = [rows[name].to_numpy(dtype=np.float64) for name in ("coverage", "coverage_second")]
    numbers["coverage"] = filled(np.fmin(*coverage), np.nan, np.float64)
    return MeasureArrays(
        participants=tuple(participants),
        sessions=tuple(sessions),
        keys=keys,
        present=present,
        value=value,
        reason=reason,
        **numbers,
    )


def with_known_units(rows: pd.DataFrame) -> pd.DataFrame:
    """Give rows without a value the unit that the same measure has where it has one.

    A session in which nothing could be estimated does not always tell the unit (that of a
    condition without events, for one), and must not make a measure of its own.

    Parameters
    ----------
    rows : DataFrame
        :data:`KEY_COLUMNS` and ``value``.

    Returns
    -------
    DataFrame
        The same rows.
    """
    known = np.isfinite(rows["value"].to_numpy(dtype=np.float64))
    if known.all():
        return rows
    others = [column for column in KEY_COLUMNS if column != "unit"]
    units = rows.loc[known, list(KEY_COLUMNS)].drop_duplicates()
    units = units[~units.duplicated(others, keep=False)]
    found = rows.loc[~known, others].merge(units, on=others, how="left")["unit"].to_numpy()
    unit = rows["unit"].to_numpy(dtype=object, copy=True)
    own = unit[~known]
    unit[~known] = np.where(pd.isna(found), own, found)
    return rows.assign(unit=pd.Categorical(unit))


def measures_table(
    *,
    measures: MeasureArrays,
    arms: Sequence[str],
    adjusted: FloatArray,
    included: BoolArray,
    reason: ObjectArray,
) -> pd.DataFrame:
    """Return one row for each value, with what was made of it.

    Parameters
    ----------
    measures : MeasureArrays
        The values.
    arms : sequence of str
        Arm of each participant; empty for none.
    adjusted : ndarray of shape (n_participants, n_sessions, n_measures)
        Values after motion residualization, unit of the measure.
    included : ndarray of bool, the same shape
        Whether the value goes into group statistics.
    reason : ndarray of object, the same shape
        Why it does not.

    Returns
    -------
    DataFrame
        Rows by participant, session and measure.
    """
    where = np.nonzero(measures.present)
    participant, session, measure = where
    table = participant_columns(measures.participants, arms, participant)
    table["session"] = repeated(measures.sessions, session)
    for name in KEY_COLUMNS:
        table[name] = measures.keys[name].array.take(measure)
    table["value"] = measures.value[where]
    table["adjusted"] = adjusted[where]
    table["mean_fd"] = measures.mean_fd[where]
    table["included"] = included[where]
    table["reason"] = pd.Categorical(pd.Series(reason[where]).replace("", None))
    return pd.DataFrame(table)


def participant_columns(
    participants: Sequence[str], arms: Sequence[str], position: NDArray[np.intp]
) -> dict[str, Any]:
    """Return the columns that say whose row it is.

    Parameters
    ----------
    participants, arms : sequence of str
        Participants and the arm of each; empty for none.
    position : ndarray of int, shape (n_rows,)
        The participant of each row.

    Returns
    -------
    dict of str to array
        ``participant_id`` and ``arm``; a missing arm is missing.
    """
    return {
        "participant_id": repeated(participants, position),
        "arm": repeated(arms, position),
    }


def repeated(names: Sequence[str], position: NDArray[np.intp]) -> pd.Categorical[str]:
    """Return names by their position as a column that holds each name once.

    Parameters
    ----------
    names : sequence of str
        Names, in which one may stand several times; an empty one becomes missing.
    position : ndarray of int, shape (n_rows,)
        The name of each row.

    Returns
    -------
    Categorical of length n_rows
        Names of the rows.

    Examples
    --------
    >>> repeated(["a", "", "a"], np.array([0, 1, 2])).tolist()
    ['a', nan, 'a']
    """
    distinct = list(dict.fromkeys(name for name in names if name))
    codes = np.array([distinct.index(name) if name else -1 for name in names], dtype=np.int64)
    return pd.Categorical.from_codes(codes[position], categories=pd.Index(distinct, dtype=str))


def _distinct(keys: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Return the distinct rows in order of appearance, and which of them each row is."""
    code = np.zeros(len(keys), dtype=np.int64)
    for name in KEY_COLUMNS:
        column = keys[name].cat
        code = code * len(column.categories) + column.codes.to_numpy()
    which, first = pd.factorize(code)
    rows = np.full(len(first), -1, dtype=np.intp)
    rows[which[::-1]] = np.arange(len(keys))[::-1]  # the first row of a measure is written last
    return keys.iloc[rows].reset_index(drop=True), which


def _positions(column: pd.Series, names: Sequence[str]) -> NDArray[np.intp]:
    known = pd.Index(names).get_indexer(pd.Index(column.cat.categories))
    position = known[column.cat.codes.to_numpy()]
    if (position < 0).any() or column.isna().any():
        raise ValueError(f"{column.name}: not all of its names are among {list(names)}")
    return position


def _texts(column: pd.Series) -> ObjectArray:
    categories = np.array([*column.cat.categories, ""], dtype=object)
    return categories[column.cat.codes.to_numpy()]
