"""Trials with a wrong or no answer: which they are, and where they are modelled."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from bids_ketamine.core.event_checks import LONGEST_RESPONSE_TIME, counted, plural
from bids_ketamine.core.event_rules import ERROR_CONDITION, ErrorRule
from bids_ketamine.core.trial_types import label_key

#: Answers that are named where none is right.
NAMED_ANSWERS = 5


def is_error(trials: pd.DataFrame, types: np.ndarray, rule: ErrorRule | None) -> np.ndarray:
    """Tell which trials have a wrong or no answer.

    Answers are compared without case, and as numbers where they are: 1 is 1.0. A missing answer
    (``n/a``) is an error unless the rule lists ``n/a`` among the right ones.

    Parameters
    ----------
    trials : DataFrame
        With the column of answers.
    types : ndarray of str, shape (n_trials,)
        Trial type of each, as :func:`~bids_ketamine.core.trial_types.label_key` writes it.
    rule : ErrorRule or None
        None: no trial is an error.

    Returns
    -------
    ndarray of bool, shape (n_trials,)
        False for trial types that need no answer.
    """
    if rule is None:
        return np.zeros(len(trials), dtype=bool)
    answers = trials[rule.column].map(_answer).to_numpy(dtype=object)
    correct = {_answer(value) for value in rule.correct}
    wrong = np.array([answer not in correct for answer in answers], dtype=bool)
    return wrong & _needs_answer(types, rule)


def nothing_right(trials: pd.DataFrame, types: np.ndarray, rule: ErrorRule) -> list[str]:
    """Say so if every trial that needs an answer is an error: the table may use other words.

    Parameters
    ----------
    trials : DataFrame
        Trials of conditions, with the column of answers.
    types : ndarray of str, shape (n_trials,)
        Trial type of each.
    rule : ErrorRule
        What a right answer is.

    Returns
    -------
    list of str
        A sentence with the answers that the table has, or nothing.
    """
    judged = _needs_answer(types, rule)
    if not judged.any() or not is_error(trials, types, rule)[judged].all():
        return []
    counts = trials.loc[judged, rule.column].map(_shown).value_counts()
    found = [f"{answer} ({count})" for answer, count in counts.iloc[:NAMED_ANSWERS].items()]
    more = f" and {len(counts) - NAMED_ANSWERS} more" if len(counts) > NAMED_ANSWERS else ""
    number = int(judged.sum())
    return [
        f"no right answer in {plural(number, 'trial')}: `{rule.column}` holds {', '.join(found)}"
        f"{more}, and right ones are {', '.join(rule.correct) or 'none'}"
    ]


def at_the_response(trials: pd.DataFrame, rule: ErrorRule, dropped: list[str]) -> pd.DataFrame:
    """Return error trials as events of zero duration at the time of the response.

    Parameters
    ----------
    trials : DataFrame
        Error trials: ``onset`` (s), and the response time (s) where the table has it.
    rule : ErrorRule
        Its column, and the time after the onset where there is no response.
    dropped : list of str
        Gets a sentence on response times that cannot be in seconds.

    Returns
    -------
    DataFrame
        ``onset``, ``duration``, ``trial_type``. A response time of 0 or below is none.
    """
    if rule.response_time_column in trials:
        delay = pd.to_numeric(trials[rule.response_time_column], errors="coerce")
    else:
        delay = pd.Series(np.nan, index=trials.index)
    long = (delay > LONGEST_RESPONSE_TIME).to_numpy()
    if long.any():
        dropped.append(
            f"{counted(long, 'response time')} of error trials above {LONGEST_RESPONSE_TIME:g} s "
            "(milliseconds, where BIDS wants seconds?)"
        )
    delay = delay.where(delay > 0).fillna(rule.delay_if_no_response)
    return pd.DataFrame(
        {"onset": trials["onset"] + delay, "duration": 0.0, "trial_type": ERROR_CONDITION}
    )


def _needs_answer(types: np.ndarray, rule: ErrorRule) -> np.ndarray:
    return ~np.isin(types.astype(str), [label_key(value) for value in rule.not_applicable])


def _answer(value: object) -> str:
    """Return an answer as text; 1, 1.0 and "1" are the same answer."""
    text = _shown(value).casefold()
    try:
        return repr(float(text))
    except ValueError:
        return unicodedata.normalize("NFC", text)


def _shown(value: object) -> str:
    missing = value is None or (isinstance(value, float) and np.isnan(value))
    return "n/a" if missing else str(value).strip()
