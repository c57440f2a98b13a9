"""Trials of a task -> accuracy and reaction time by condition (methods row A21).

Whether a trial is right is decided where the GLM decides it
(:func:`~bids_ketamine.core.error_trials.is_error`), so that behaviour counts as wrong what the
model takes for an error trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.error_trials import is_error, nothing_right
from bids_ketamine.core.event_checks import (
    LONGEST_RESPONSE_TIME,
    counted,
    empty_condition,
    first_of_repeated,
)
from bids_ketamine.core.event_rules import ConditionRule, ErrorRule
from bids_ketamine.core.trial_types import label_key

#: Stands for the trials of all conditions together.
ALL_CONDITIONS = "all"


class JudgedTrials(NamedTuple):
    """Trials of a run, each with its condition and how it was answered.

    Attributes
    ----------
    trial_type, condition, answer : ndarray of object, shape (n_trials,)
        Trial type as :func:`~bids_ketamine.core.trial_types.label_key` writes it, condition
        (empty for none), answer as the table has it.
    needs_answer, right, answered : ndarray of bool, shape (n_trials,)
        Whether an answer is needed, is right, is there.
    response_time : ndarray of shape (n_trials,)
        s; NaN where there is none, or one of 0 or below.
    left_out : tuple of str
        Sentences on rows that are no trials.
    has_response_times : bool
        Whether the table has a column of response times.
    """

    trial_type: np.ndarray
    condition: np.ndarray
    answer: np.ndarray
    needs_answer: np.ndarray
    right: np.ndarray
    answered: np.ndarray
    response_time: np.ndarray
    left_out: tuple[str, ...]
    has_response_times: bool

    def chosen(self, which: np.ndarray) -> JudgedTrials:
        """Return some of the trials."""
        return self._replace(**{name: getattr(self, name)[which] for name in _OF_TRIALS})


_OF_TRIALS = JudgedTrials._fields[:-2]


class Behaviour(NamedTuple):
    """How one condition was answered.

    Attributes
    ----------
    condition : str
        Name of the condition, or ``all``.
    n_trials : int
        Trials that need an answer.
    n_answered : int
        Those with an answer.
    accuracy : float
        Share of right answers of all of them, a miss being none; NaN without trials.
    reaction_time : float
        Of right answers, s; NaN where it is not known.
    reason : str
        Why one of them is not known, or what is odd about it; empty for nothing.
    """

    condition: str
    n_trials: int
    n_answered: int
    accuracy: float
    reaction_time: float
    reason: str


def judge_trials(
    events: pd.DataFrame,
    *,
    trial_type_column: str,
    conditions: Sequence[ConditionRule],
    error_trials: ErrorRule,
) -> JudgedTrials:
    """Tell of each trial of a run its condition, and whether it was answered, and rightly.

    Rows without an onset, and rows that repeat a trial, are no trials, as in the GLM. A trial
    is answered if it has a response time above 0, or a right answer; in a table without
    response times, if its answer is not missing. A column of response times without any is none
    where somebody answered rightly: times were not recorded. Without a right answer it says that
    nobody pressed.

    Parameters
    ----------
    events : DataFrame
        ``onset`` and ``duration`` in s, the columns of trial types and answers, and that of
        response times (s) where the table has it.
    trial_type_column : str
        Column that names conditions.
    conditions : sequence of ConditionRule
        Conditions of the study.
    error_trials : ErrorRule
        What a right answer is, and which trials need none.

    Returns
    -------
    JudgedTrials
        Trials by onset.

    Examples
    --------
    >>> from types import SimpleNamespace as Rule
    >>> events = pd.DataFrame({"onset": [0.0, 4.0, 8.0], "duration": [2.0, 2.0, 2.0],
    ...                        "trial_type": ["a", "a", "rest"], "accuracy": ["1", "0", np.nan],
    ...                        "response_time": [0.5, np.nan, np.nan]})
    >>> judged = judge_trials(
    ...     events, trial_type_column="trial_type", conditions=[Rule(name="a", trial_type=())],
    ...     error_trials=Rule(column="accuracy", correct=("1",), not_applicable=(),
    ...                       response_time_column="response_time"))
    >>> judged.condition.tolist(), judged.right.tolist(), judged.answered.tolist()
    (['a', 'a', ''], [True, False, False], [True, False, False])
    """
    left_out: list[str] = []
    unknown = events["onset"].isna().to_numpy()
    if unknown.any():
        left_out.append(f"{counted(unknown, 'row')} without an onset")
    trials = events.loc[~unknown].sort_values("onset", kind="stable")
    times_column = error_trials.response_time_column
    compared = ["onset", "duration", trial_type_column, error_trials.column, times_column]
    trials = first_of_repeated(trials, compared, left_out)
    types = np.array([_type(value) for value in trials[trial_type_column]], dtype=object)
    not_applicable = {label_key(value) for value in error_trials.not_applicable}
    needs_answer = np.array([each not in not_applicable for each in types], dtype=bool)
    right = needs_answer & ~is_error(trials, types, error_trials)
    has_times = times_column in trials
    times = np.full(len(trials), np.nan)
    if has_times:
        times = pd.to_numeric(trials[times_column], errors="coerce").to_numpy(dtype=np.float64)
        times = np.where(times > 0, times, np.nan)
    there = trials[error_trials.column].notna().to_numpy(dtype=bool)
    right_without_times = bool((right & there).any()) and not np.isfinite(times).any()
    has_recorded_times = has_times and not right_without_times
    answered = np.isfinite(times) | (right & there) if has_recorded_times else there
    return JudgedTrials(
        trial_type=types,
        condition=_conditions_of(types, conditions),
        answer=trials[error_trials.column].to_numpy(dtype=object),
        needs_answer=needs_answer,
        right=right,
        answered=answered,
        response_time=times,
        left_out=tuple(left_out),
        has_response_times=has_times,
    )


def task_behaviour(
    runs: Sequence[JudgedTrials],
    *,
    conditions: Sequence[ConditionRule],
    error_trials: ErrorRule,
    reaction_time: Literal["mean", "median"],
) -> tuple[Behaviour, ...]:
    """Sum up the trials of a session's runs, pooled, over all conditions and in each.

    accuracy = right answers / trials that need an answer

    Parameters
    ----------
    runs : sequence of JudgedTrials
        Runs of one participant, session and task; at least one.
    conditions : sequence of ConditionRule
        Conditions of the study.
    error_trials : ErrorRule
        What a right answer is.
    reaction_time : {"mean", "median"}
        How the reaction times of right answers are summed up.

    Returns
    -------
    tuple of Behaviour
        ``all`` first (left out where a condition has that name), then the conditions in order.
        A condition with a response time above 100 s has no reaction time: its table is in
        milliseconds, where BIDS wants seconds.
    """
    pooled = _pooled(runs)
    chosen = {ALL_CONDITIONS: pooled.condition != ""}
    chosen |= {rule.name: pooled.condition == rule.name for rule in conditions}
    rules = {rule.name: rule for rule in conditions}
    middle = np.median if reaction_time == "median" else np.mean
    results = []
    for name, which in chosen.items():
        own = pooled.chosen(which & pooled.needs_answer)
        if not len(own.right):
            reason = _why_empty(rules.get(name), pooled, which)
            results.append(Behaviour(name, 0, 0, np.nan, np.nan, reason))
            continue
        times, reason = _right_times(own, error_trials)
        results.append(
            Behaviour(
                condition=name,
                n_trials=len(own.right),
                n_answered=int(own.answered.sum()),
                accuracy=float(own.right.mean()),
                reaction_time=float(middle(times)) if len(times) else np.nan,
                reason=reason,
            )
        )
    return tuple(results)


def _pooled(runs: Sequence[JudgedTrials]) -> JudgedTrials:
    trials = {name: np.concatenate([getattr(run, name) for run in runs]) for name in _OF_TRIALS}
    return runs[0]._replace(
        **trials,
        left_out=tuple(sentence for run in runs for sentence in run.left_out),
        has_response_times=any(run.has_response_times for run in runs),
    )


def _why_empty(rule: ConditionRule | None, pooled: JudgedTrials, which: np.ndarray) -> str:
    """Say why there are no trials of a condition, or of all conditions."""
    if which.any():
        return "its trials need no answer"
    if rule is None:
        return "no trials in any condition"
    nothing_removed = np.zeros(len(which), dtype=bool)
    return empty_condition(rule, pooled.trial_type, pooled.condition, nothing_removed)


def _right_times(trials: JudgedTrials, rule: ErrorRule) -> tuple[np.ndarray, str]:
    """Return reaction times of right answers, s, or none and why there are none."""
    nothing = np.empty(0)
    if not trials.right.any():
        answers = pd.DataFrame({rule.column: trials.answer})
        return nothing, "; ".join(nothing_right(answers, trials.trial_type, rule))
    if not trials.has_response_times:
        return nothing, f"no column `{rule.response_time_column}`"
    times = trials.response_time[trials.right]
    times = times[np.isfinite(times)]
    if not len(times):
        return nothing, "no right answer has a response time"
    long = times > LONGEST_RESPONSE_TIME
    if long.any():
        return nothing, (
            f"{counted(long, 'response time')} above {LONGEST_RESPONSE_TIME:g} s (milliseconds, "
            "where BIDS wants seconds?)"
        )
    return times, ""


def _conditions_of(types: np.ndarray, conditions: Sequence[ConditionRule]) -> np.ndarray:
    owner = {
        label_key(value): rule.name
        for rule in conditions
        for value in (rule.trial_type or (rule.name,))
    }
    return np.array([owner.get(value, "") for value in types], dtype=object)


def _type(value: object) -> str:
    return "n/a" if pd.isna(value) else label_key(value)  # type: ignore[call-overload]
