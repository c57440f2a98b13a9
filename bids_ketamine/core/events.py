"""Events table -> what the GLM models: blocks, error trials, empty conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.error_trials import at_the_response, is_error, nothing_right
from bids_ketamine.core.event_blocks import joined_blocks
from bids_ketamine.core.event_checks import (
    LONGEST_RESPONSE,
    counted,
    empty_condition,
    first_of_repeated,
    plural,
    refuse_milliseconds,
    timing_notes,
    without_trials,
)
from bids_ketamine.core.event_rules import ERROR_CONDITION, ConditionRule, ErrorRule
from bids_ketamine.core.modulators import modulator_values
from bids_ketamine.core.trial_types import label_key

__all__ = ["ERROR_CONDITION", "ConditionRule", "ErrorRule", "ModelledEvents", "model_events"]

#: Trial types in no condition that are named; the others are counted.
NAMED_TYPES = 20


class ModelledEvents(NamedTuple):
    """Events as they enter the design matrix.

    Attributes
    ----------
    table : DataFrame
        ``onset`` (s), ``duration`` (s), ``trial_type`` (condition), sorted by onset.
    conditions : tuple of str
        Conditions of interest that have events.
    dropped : tuple of str
        One sentence for everything of the table that is not modelled.
    n_errors : int
        Error trials modelled.
    modulators : mapping of str to (mapping of str to ndarray)
        For each condition that has any: values by column without their mean, one for each row
        of ``table`` with that ``trial_type``, in the order of the rows; 0 where missing.
    empty : mapping of str to str
        Conditions of interest without events, and a sentence on why.
    """

    table: pd.DataFrame
    conditions: tuple[str, ...]
    dropped: tuple[str, ...]
    n_errors: int
    modulators: Mapping[str, Mapping[str, np.ndarray]]
    empty: Mapping[str, str]


def model_events(
    events: pd.DataFrame,
    *,
    trial_type_column: str,
    conditions: Sequence[ConditionRule],
    error_trials: ErrorRule | None,
    scan_duration: float,
) -> ModelledEvents:
    """Sort trials into conditions and error trials.

    Conditions with ``blocks`` join consecutive trials: a block lasts from the onset of its
    first trial to the end of its last one and keeps its error trials; a trial of another
    condition or a rest longer than ``longest_gap`` ends it. Other conditions lose
    their error trials if the rule says so. An error trial is modelled at onset + response
    time, or at onset + ``delay_if_no_response`` where there is no response, with duration 0.

    The columns that a condition names as modulators are centred over the trials that make its
    regressor: those that are errors, or out of the run, do not count.

    Trial types are compared as text; 1 and 1.0 are the same. A row that repeats a trial is left
    out. Events before the run are kept as long as their response, for the duration with which
    they are modelled, reaches into it.

    Parameters
    ----------
    events : DataFrame
        ``onset`` and ``duration`` in s, and the columns the rules name.
    trial_type_column : str
        Column that names conditions.
    conditions : sequence of ConditionRule
        Conditions of the study.
    error_trials : ErrorRule or None
        None: answers are ignored.
    scan_duration : float
        Length of the run, s; later onsets are dropped.

    Returns
    -------
    ModelledEvents
        Table, conditions with events, and what was left out.

    Raises
    ------
    InputDataError
        If the onsets are in milliseconds.

    Examples
    --------
    >>> from types import SimpleNamespace as Rule
    >>> table = pd.DataFrame(
    ...     {"onset": [0.0, 5.0, 20.0], "duration": [4.0, 4.0, 4.0], "trial_type": ["a", "a", "b"]}
    ... )
    >>> common = {"trial_type": (), "duration": None, "blocks": True, "longest_gap": 9.0}
    >>> rules = [Rule(name=name, modulators=(), **common) for name in "ab"]
    >>> modelled = model_events(table, trial_type_column="trial_type", conditions=rules,
    ...                         error_trials=None, scan_duration=60.0)
    >>> modelled.table["duration"].tolist()
    [9.0, 4.0]
    """
    dropped: list[str] = []
    trials = _usable_trials(events, scan_duration, dropped)
    compared = _compared_columns(trial_type_column, conditions, error_trials)
    trials = first_of_repeated(trials, compared, dropped)
    types = np.array([_type(value) for value in trials[trial_type_column]], dtype=object)
    condition_of = _assign_conditions(types, conditions, dropped)
    modelled = condition_of != ""
    wrong = is_error(trials, types, error_trials) & modelled
    if error_trials is not None:
        dropped += nothing_right(trials.loc[modelled], types[modelled], error_trials)
    removes = error_trials is not None and error_trials.remove_from_conditions
    removed = wrong if removes else np.zeros(len(wrong), dtype=bool)
    parts = []
    present = []
    modulators: dict[str, dict[str, np.ndarray]] = {}
    empty: dict[str, str] = {}
    before = _BeforeTheRun()
    for rule in conditions:
        part = before.within_reach(_of_condition(trials, condition_of, rule, removed, dropped))
        if part.empty:
            empty[rule.name] = empty_condition(rule, types, condition_of, removed)
            dropped.append(empty[rule.name])
            continue
        dropped += without_trials(rule, types)
        dropped += timing_notes(part, name=rule.name, scan_duration=scan_duration)
        if rule.modulators and not rule.blocks:
            values = modulator_values(trials.loc[part.index], rule, dropped)
            modulators |= {rule.name: values} if values else {}
        part["trial_type"] = rule.name
        present.append(rule.name)
        parts.append(part)
    n_errors = 0
    if wrong.any() and error_trials is not None:
        errors = before.within_reach(at_the_response(trials.loc[wrong], error_trials, dropped))
        late = (errors["onset"] >= scan_duration).to_numpy()
        if late.any():
            dropped.append(f"{counted(late, 'error trial')} whose response is after the run's end")
        n_errors = int((~late).sum())
        parts.append(errors.loc[~late])
    dropped += before.notes()
    columns = ["onset", "duration", "trial_type"]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    # Within a condition the order stays that of its modulators: both are by onset.
    table = table.sort_values("onset", kind="stable").reset_index(drop=True)[columns]
    return ModelledEvents(table, tuple(present), tuple(dropped), n_errors, modulators, empty)


class _BeforeTheRun:
    """Events before the first volume, judged by the duration with which they are modelled."""

    def __init__(self) -> None:
        self.passed = self.reaching = 0

    def within_reach(self, part: pd.DataFrame) -> pd.DataFrame:
        """Return the events whose response reaches into the run; count those before it."""
        passed = (part["onset"] + part["duration"] <= -LONGEST_RESPONSE).to_numpy(dtype=bool)
        kept = part.loc[~passed].copy()
        self.passed += int(passed.sum())
        self.reaching += int((kept["onset"] < 0).sum())
        return kept

    def notes(self) -> list[str]:
        """Return a sentence for either kind."""
        notes = []
        if self.passed:
            notes.append(
                f"{plural(self.passed, 'event')} more than {LONGEST_RESPONSE:g} s before the run: "
                "the response has passed"
            )
        if self.reaching:
            notes.append(
                f"{plural(self.reaching, 'event')} before the start of the run: of their "
                "responses, the part within it is modelled"
            )
        return notes


def _usable_trials(events: pd.DataFrame, scan_duration: float, dropped: list[str]) -> pd.DataFrame:
    onset = events["onset"].to_numpy(dtype=float)
    refuse_milliseconds(onset, scan_duration)
    unknown, late = np.isnan(onset), onset >= scan_duration
    for unusable, sentence in (
        (unknown, "without an onset"),
        (late, "after the end of the run"),
    ):
        if unusable.any():
            dropped.append(f"{counted(unusable, 'event')} {sentence}")
    keep = ~(unknown | late)
    return events.loc[keep].sort_values("onset", kind="stable").reset_index(drop=True)


def _compared_columns(
    trial_type_column: str, conditions: Sequence[ConditionRule], error_trials: ErrorRule | None
) -> list[str]:
    """Return the columns in which rows agree that repeat one trial."""
    columns = ["onset", "duration", trial_type_column]
    if error_trials is not None:
        columns += [error_trials.column, error_trials.response_time_column]
    return columns + [column for rule in conditions for column in rule.modulators]


def _of_condition(
    trials: pd.DataFrame,
    condition_of: np.ndarray,
    rule: ConditionRule,
    removed: np.ndarray,
    dropped: list[str],
) -> pd.DataFrame:
    """Return onsets and durations of a condition: its blocks, or its trials but for errors."""
    chosen = condition_of == rule.name
    if rule.blocks:
        unknown = trials.loc[chosen, "duration"].isna().to_numpy()
        if unknown.any():
            dropped.append(
                f"{counted(unknown, 'trial')} of `{rule.name}` without a duration: counted as "
                "instants in their block"
            )
        part = joined_blocks(trials, condition_of, rule)
    else:
        part = trials.loc[chosen & ~removed, ["onset", "duration"]].copy()
    if rule.duration is not None:
        part["duration"] = rule.duration
    unknown = part["duration"].isna().to_numpy()
    if unknown.any():
        dropped.append(f"{counted(unknown, 'trial')} of `{rule.name}` without a duration")
    return part.loc[~unknown]


def _type(value: object) -> str:
    return "n/a" if pd.isna(value) else label_key(value)  # type: ignore[call-overload]


def _assign_conditions(
    types: np.ndarray, conditions: Sequence[ConditionRule], dropped: list[str]
) -> np.ndarray:
    owner = {
        label_key(value): rule.name
        for rule in conditions
        for value in (rule.trial_type or (rule.name,))
    }
    assigned = np.array([owner.get(value, "") for value in types], dtype=object)
    values, counts = np.unique(types[assigned == ""].astype(str), return_counts=True)
    if len(values):
        named = [f"{value} ({count})" for value, count in zip(values, counts, strict=True)]
        more = f" and {len(named) - NAMED_TYPES} more" if len(named) > NAMED_TYPES else ""
        dropped.append(f"trial types in no condition: {', '.join(named[:NAMED_TYPES])}{more}")
    return assigned
