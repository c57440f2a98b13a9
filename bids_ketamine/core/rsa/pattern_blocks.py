"""Blocks of single trial types, and their division in halves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.event_rules import ConditionRule
from bids_ketamine.errors import InputDataError


class TrialBlocks(NamedTuple):
    """Trials of the run that belong to a condition, by onset.

    Attributes
    ----------
    rows : ndarray of int, shape (n_trials,)
        Their rows of the events table.
    types : ndarray of str, shape (n_trials,)
        Trial type of each, as :func:`~bids_ketamine.core.trial_types.label_key` writes it.
    blocks : ndarray of int, shape (n_trials,)
        Number of its block in the run, from 0.
    """

    rows: np.ndarray
    types: np.ndarray
    blocks: np.ndarray

    def of_type(self, trial_type: str) -> list[np.ndarray]:
        """Return the rows of the events table of each block of a trial type, in order."""
        own = self.types == trial_type
        return [self.rows[own & (self.blocks == each)] for each in np.unique(self.blocks[own])]


def trial_blocks(
    events: pd.DataFrame,
    types: np.ndarray,
    *,
    owners: Mapping[str, ConditionRule],
    scan_duration: float,
) -> TrialBlocks:
    """Find the blocks of trial types.

    A block holds consecutive trials of one type. A trial of another type ends it, and so does a
    rest longer than the condition's ``longest_gap``. Events in no condition (fixation), without
    an onset or after the end of the run do not count.

    Parameters
    ----------
    events : DataFrame
        ``onset`` and ``duration``, s; a missing duration counts as 0.
    types : ndarray of str, shape (n_events,)
        Trial type of each event.
    owners : mapping of str to ConditionRule
        Condition of each trial type.
    scan_duration : float
        Length of the run, s.

    Returns
    -------
    TrialBlocks
        The trials that count.
    """
    onset = events["onset"].to_numpy(dtype=float)
    counts = (onset < scan_duration) & np.isin(types.astype(str), list(owners))
    rows = np.flatnonzero(counts)
    rows = rows[np.argsort(onset[rows], kind="stable")]
    own = types[rows].astype(str)
    if not len(rows):
        return TrialBlocks(rows, own, rows)
    ends = onset[rows] + events["duration"].fillna(0.0).to_numpy(dtype=float)[rows]
    rests = onset[rows][1:] - np.maximum.accumulate(ends)[:-1]
    longest = np.array([owners[each].longest_gap for each in own[1:]], dtype=float)
    starts = (own[1:] != own[:-1]) | (rests > longest)
    return TrialBlocks(rows, own, np.cumsum(np.r_[0, starts]))


class CutBlock(NamedTuple):
    """A block that was cut in two.

    Attributes
    ----------
    first, second : DataFrame
        Events of either half. Where the block is one trial, both are made of it.
    one_trial : bool
        Whether it is.
    """

    first: pd.DataFrame
    second: pd.DataFrame
    one_trial: bool


def cut_block(block: pd.DataFrame, *, rule: ConditionRule, trial_type: str) -> CutBlock:
    """Cut a block in two halves which together last as long as it.

    Several trials are divided by their number, the first half getting the odd one. If the
    condition joins trials to blocks, the first half lasts up to the onset of the second one, and
    the second one to the end of the block. A block of one trial is cut in the middle.

    Parameters
    ----------
    block : DataFrame
        Trials of a block by onset: ``onset``, ``duration`` (s). Rows with the same onset are one
        trial (a table may list it twice).
    rule : ConditionRule
        Its condition.
    trial_type : str
        Named if it cannot be cut.

    Returns
    -------
    CutBlock
        Copies of the rows.

    Raises
    ------
    InputDataError
        If the study gives blocks, or a trial that is a block of its own, one fixed duration; if
        such a trial has no duration.
    """
    onsets = np.unique(block["onset"])
    if len(onsets) == 1:
        return _cut_trial(block, rule=rule, trial_type=trial_type)
    boundary = float(onsets[(len(onsets) + 1) // 2])
    early = block["onset"] < boundary
    first, second = block.loc[early].copy(), block.loc[~early].copy()
    if rule.blocks:
        if rule.duration is not None:
            raise _cannot_be_halved(trial_type, _fixed(rule))
        end = float((block["onset"] + block["duration"].fillna(0.0)).max())
        for half, until in ((first, boundary), (second, end)):
            half["duration"] = np.minimum(half["duration"].fillna(0.0), until - half["onset"])
            half.loc[half.index[-1], "duration"] = until - half["onset"].iloc[-1]
    return CutBlock(first, second, one_trial=False)


def _cut_trial(trial: pd.DataFrame, *, rule: ConditionRule, trial_type: str) -> CutBlock:
    if rule.duration is not None:
        raise _cannot_be_halved(trial_type, _fixed(rule))
    if not (trial["duration"] > 0).all():
        raise _cannot_be_halved(trial_type, "it is one trial without a duration")
    middle = trial["onset"] + trial["duration"] / 2.0
    first = trial.assign(duration=middle - trial["onset"])
    second = trial.assign(onset=middle, duration=trial["onset"] + trial["duration"] - middle)
    return CutBlock(first, second, one_trial=True)


def _fixed(rule: ConditionRule) -> str:
    return f"the condition `{rule.name}` gives it a duration of {rule.duration:g} s"


def _cannot_be_halved(trial_type: str, reason: str) -> InputDataError:
    return InputDataError(
        f"A block of `{trial_type}` cannot be halved: {reason}.",
        cure="Choose `partition: block` or `run`, or take durations from the events table.",
    )


def named_types(types: Sequence[str]) -> str:
    """Write trial types in a sentence.

    Examples
    --------
    >>> named_types(["fear", "angry"])
    '`fear`, `angry`'
    """
    return ", ".join(f"`{each}`" for each in types)
