"""What is odd about the events of a run: repeated, overlapping, misplaced or misspelt."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from bids_ketamine.core.event_rules import ConditionRule
from bids_ketamine.core.trial_types import label_key
from bids_ketamine.errors import InputDataError

#: Time before the first volume from which a response no longer reaches into the run, s. It is
#: the time before it at which nilearn begins to build regressors; earlier onsets would be moved
#: there. The canonical response to an impulse is at 1.5 % of its peak by then, and fading.
LONGEST_RESPONSE = 24.0

#: Times that differ by less are the same, s.
TIME_TOLERANCE = 1e-3

#: Longest response time that can be in seconds, s.
LONGEST_RESPONSE_TIME = 100.0

#: Least ratio of the last onset to the length of the run for onsets in milliseconds.
MILLISECONDS_RATIO = 20.0


def refuse_milliseconds(onset: np.ndarray, scan_duration: float) -> None:
    """Refuse onsets that fit the run if they are divided by 1000.

    Parameters
    ----------
    onset : ndarray of shape (n_events,)
        s, NaN where missing.
    scan_duration : float
        Length of the run, s.

    Raises
    ------
    InputDataError
        If more than half of the onsets lie after the run, the last of them more than 20 times
        its length, and 1000 times smaller ones would all lie within it. The first trials of a
        run, such as a cue and its target, may begin before as many milliseconds as it has
        seconds.
    """
    known = onset[np.isfinite(onset)]
    last_onset = known.max(initial=-np.inf)
    if last_onset < MILLISECONDS_RATIO * scan_duration:
        return
    if (known >= scan_duration).mean() > 0.5 and (known / 1000.0 < scan_duration).all():
        raise InputDataError(
            f"The onsets reach to {last_onset:g} s in a run of {scan_duration:g} s: they seem "
            "to be in milliseconds.",
            cure="BIDS wants onsets and durations in seconds.",
        )


def first_of_repeated(
    trials: pd.DataFrame, columns: Sequence[str], dropped: list[str]
) -> pd.DataFrame:
    """Keep one of each trial that the table lists more than once.

    A trial that counted twice would double the height of its response.

    Parameters
    ----------
    trials : DataFrame
        Trials by onset.
    columns : sequence of str
        Columns in which repeated trials agree.
    dropped : list of str
        Gets a sentence.
    """
    again = trials.duplicated(subset=[name for name in columns if name in trials]).to_numpy()
    if again.any():
        dropped.append(
            f"{counted(again, 'row')} of a trial that stands in the table already (same onset, "
            "duration and trial type)"
        )
    return trials.loc[~again].reset_index(drop=True)


def timing_notes(part: pd.DataFrame, *, name: str, scan_duration: float) -> list[str]:
    """Say which trials of a condition overlap, or last beyond the run.

    Parameters
    ----------
    part : DataFrame
        ``onset`` and ``duration`` of the modelled trials, s.
    name : str
        Condition.
    scan_duration : float
        Length of the run, s.
    """
    notes = []
    ordered = part.sort_values("onset", kind="stable")
    onset, end = ordered["onset"].to_numpy(), (ordered["onset"] + ordered["duration"]).to_numpy()
    overlapping = onset[1:] < np.maximum.accumulate(end)[:-1] - TIME_TOLERANCE
    if overlapping.any():
        notes.append(
            f"{counted(overlapping, 'trial')} of `{name}` {begin(overlapping)} before the one "
            "before has ended: their responses add up"
        )
    late = end > scan_duration + TIME_TOLERANCE
    if late.any():
        notes.append(
            f"{counted(late, 'trial')} of `{name}` {last(late)} beyond the end of the run "
            f"({scan_duration:g} s): modelled up to it"
        )
    return notes


def empty_condition(
    rule: ConditionRule, types: np.ndarray, condition_of: np.ndarray, removed: np.ndarray
) -> str:
    """Say that a condition has no trials, and why if the table tells.

    Parameters
    ----------
    rule : ConditionRule
        The condition.
    types, condition_of : ndarray of str, shape (n_trials,)
        Trial type of each trial, and its condition (empty for none).
    removed : ndarray of bool, shape (n_trials,)
        Error trials that left their condition.

    Returns
    -------
    str
        Such as ``"condition `faces` has no trials (the table has `Faces`)"``.
    """
    own = condition_of == rule.name
    if own.any() and not rule.blocks and removed[own].all():
        return f"condition `{rule.name}` has no trials: {_all_of(own)}"
    return (
        f"condition `{rule.name}` has no trials"
        f"{near_types(rule.name, rule.trial_type, set(types[condition_of == '']))}"
    )


def near_types(name: str, values: Collection[str], unassigned: Collection[str]) -> str:
    """Say which trial types of the table spell those of a condition otherwise.

    Parameters
    ----------
    name : str
        Condition without trials.
    values : collection of str
        Its trial types.
    unassigned : collection of str
        Trial types of the table that are in no condition.

    Returns
    -------
    str
        Such as ``" (the table has `Faces`)"``; empty for none.
    """
    wanted = {_loose(value) for value in (*values, name)}
    near = sorted({value for value in unassigned if _loose(value) in wanted})
    return f" (the table has {', '.join(f'`{each}`' for each in near)})" if near else ""


def counted(which: np.ndarray, noun: str) -> str:
    """Write how many there are, in words that fit the number."""
    return plural(int(which.sum()), noun)


def plural(number: int, noun: str) -> str:
    """Write a number of things, in words that fit it."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def begin(which: np.ndarray) -> str:
    """Return the verb that fits the number."""
    return "begins" if which.sum() == 1 else "begin"


def last(which: np.ndarray) -> str:
    """Return the verb that fits the number."""
    return "lasts" if which.sum() == 1 else "last"


def _all_of(errors: np.ndarray) -> str:
    number = int(errors.sum())
    return "the only one is an error" if number == 1 else f"all {number} are errors"


def _loose(value: str) -> str:
    plain = unicodedata.normalize("NFKC", label_key(value)).casefold()
    stripped = "".join(each for each in plain if each.isalnum())
    return stripped.lstrip("0") or stripped or plain


def without_trials(rule: ConditionRule, types: np.ndarray) -> list[str]:
    """Name the trial types of a condition with several that no trial has.

    Parameters
    ----------
    rule : ConditionRule
        The condition.
    types : ndarray of str, shape (n_trials,)
        Trial type of each trial, as :func:`label_key` writes it.
    """
    there = {label_key(str(value)) for value in types}
    absent = [name for name in rule.trial_type if label_key(name) not in there]
    return [f"no trials of `{name}` for the condition `{rule.name}`" for name in absent]
