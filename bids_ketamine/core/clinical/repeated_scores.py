"""Scores of participants in all cells of the factors that repeat within them, checked."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.group.moments import FloatArray

#: How many participants an error names.
PARTICIPANTS_NAMED = 5


class RepeatedScores(NamedTuple):
    """Scores of complete participants.

    Attributes
    ----------
    values : ndarray of shape (n_participants, n_levels of each within factor...)
        Scores minus their grand mean, unit of the score; exactly 0 if all scores are equal.
    magnitude : float
        Largest absolute score.
    n_levels : dict of str to int
        Levels of each within factor, in the order of the axes.
    between : dict of str to list
        Level of each between factor that each participant has.
    """

    values: FloatArray
    magnitude: float
    n_levels: Mapping[str, int]
    between: Mapping[str, list[Any]]


def repeated_scores(
    data: pd.DataFrame,
    *,
    value: str,
    participant: str,
    between: Sequence[str],
    within: Sequence[str],
) -> RepeatedScores:
    """Arrange a long table of scores by participant and within factors.

    Parameters
    ----------
    data : DataFrame
        One row a score.
    value, participant : str
        Columns of the score and of the participant.
    between, within : sequence of str
        Columns of the factors.

    Returns
    -------
    RepeatedScores
        The scores.

    Raises
    ------
    ValueError
        As :func:`~bids_ketamine.core.clinical.repeated_measures.repeated_measures_anova`.
    """
    columns = [participant, *between, *within, value]
    absent = [name for name in columns if name not in data.columns]
    if absent or len(set(columns)) != len(columns):
        said = f"there is no column {', '.join(absent)}" if absent else "a column is named twice"
        raise ValueError(f"{said}; participant, factors and score need one each")
    _refuse("without a score or a factor", data.loc[data[columns].isna().any(axis=1), participant])
    if data.empty:
        raise ValueError("there are no scores")
    people = list(dict.fromkeys(data[participant]))
    levels = {name: list(dict.fromkeys(data[name])) for name in (*between, *within)}
    single = [name for name, found in levels.items() if len(found) < 2]
    if single:
        raise ValueError(f"only one level of {', '.join(single)}; a factor needs at least two")
    for name in between:
        n_arms = data.groupby(participant, sort=False, observed=True)[name].nunique()
        _refuse(f"with two levels of {name}", n_arms.index[n_arms > 1])
    cells = data.set_index([participant, *within])[value].astype(np.float64)
    _refuse("twice in one cell", data.loc[cells.index.duplicated(), participant])
    n_cells = int(np.prod([len(levels[name]) for name in within]))
    n_scores = data.groupby(participant, sort=False, observed=True).size()
    _refuse(
        f"with fewer scores than the {n_cells} cells of {' x '.join(within)}",
        n_scores.index[n_scores < n_cells],
    )
    every = pd.MultiIndex.from_product(
        [people, *(levels[name] for name in within)], names=[participant, *within]
    )
    ordered = cells if not within else cells.reindex(every)
    scores: FloatArray = np.asarray(ordered, dtype=np.float64)
    if not np.isfinite(scores).all():
        raise ValueError("a score is not finite")
    # Deviations from the mean of equal numbers are rounding, not always 0.
    centred = scores - scores.mean() if np.ptp(scores) > 0 else np.zeros(scores.shape)
    first = data.drop_duplicates(participant).set_index(participant)
    return RepeatedScores(
        values=centred.reshape(len(people), *(len(levels[name]) for name in within)),
        magnitude=float(np.abs(scores).max()),
        n_levels={name: len(levels[name]) for name in within},
        between={name: first[name].tolist() for name in between},
    )


def _refuse(fault: str, people: Sequence[Hashable] | pd.Series | pd.Index) -> None:
    """Raise an error that names the participants, if there are any."""
    named = list(dict.fromkeys(people))
    if not named:
        return
    shown = ", ".join(str(name) for name in named[:PARTICIPANTS_NAMED])
    more = f" and {len(named) - PARTICIPANTS_NAMED} more" if len(named) > PARTICIPANTS_NAMED else ""
    raise ValueError(f"participants {fault}: {shown}{more}")
