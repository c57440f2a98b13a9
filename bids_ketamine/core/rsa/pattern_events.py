"""Relabelled events, and the conditions and errors that a model of patterns has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.error_trials import is_error
from bids_ketamine.core.event_rules import ConditionRule, ErrorRule
from bids_ketamine.core.rsa.pattern_blocks import cut_block
from bids_ketamine.core.trial_types import label_key


class PatternRegressor(NamedTuple):
    """A regressor that gives one pattern.

    Attributes
    ----------
    name : str
        Of the condition in the model.
    trial_type : str
        As :func:`~bids_ketamine.core.trial_types.label_key` writes it.
    partition : int
        From 1, in the run.
    """

    name: str
    trial_type: str
    partition: int


class PatternCondition(NamedTuple):
    """A condition of the model of patterns; see :class:`ConditionRule`."""

    name: str
    trial_type: tuple[str, ...]
    duration: float | None
    blocks: bool
    longest_gap: float
    modulators: tuple[str, ...]


class PatternErrors(NamedTuple):
    """Errors of the model of patterns; see :class:`ErrorRule`."""

    column: str
    correct: tuple[str, ...]
    response_time_column: str
    delay_if_no_response: float
    not_applicable: tuple[str, ...]
    remove_from_conditions: bool


class LabelledEvents:
    """The events table while its trials get the labels of their partition.

    Parameters
    ----------
    events : DataFrame
        With rows numbered from 0.
    column : str
        Column of trial types.
    types : ndarray of str, shape (n_events,)
        Trial type of each event.
    errors : ErrorRule or None
        The study's.
    taken : set of str
        Names that regressors and labels must not have.

    Attributes
    ----------
    labels : mapping of PatternRegressor to (mapping of str to bool)
        Labels of each regressor's trials, and whether they are second halves of trials.
    """

    def __init__(
        self,
        events: pd.DataFrame,
        *,
        column: str,
        types: np.ndarray,
        errors: ErrorRule | None,
        taken: set[str],
    ) -> None:
        self.labels: dict[PatternRegressor, dict[str, bool]] = {}
        kinds = {"onset": float, "duration": float, column: object}
        self._events = events.astype(kinds)
        self._added: list[pd.DataFrame] = []
        self._column = column
        self._wrong = is_error(events, types, errors)
        self._removes = errors is not None and errors.remove_from_conditions
        self._taken = set(taken)

    def place(self, trial_type: str, blocks: Mapping[int, Sequence[np.ndarray]]) -> None:
        """Label blocks (rows of the table) of a trial type by the partition in which they are."""
        for partition, own in blocks.items():
            regressor = self._regressor(trial_type, partition)
            self._label(np.concatenate(own), regressor)

    def halve(
        self, trial_type: str, blocks: Sequence[np.ndarray], *, condition: ConditionRule
    ) -> None:
        """Cut blocks of a trial type in two: first halves to partition 1, second ones to 2."""
        early, late = (self._regressor(trial_type, partition) for partition in (1, 2))
        for rows in blocks:
            cut = cut_block(self._events.loc[rows], rule=condition, trial_type=trial_type)
            self._set_durations(cut.first)
            self._label(cut.first.index, early)
            if cut.one_trial:
                # An error that leaves its condition takes its second half with it.
                leaves = self._wrong[rows] & self._removes & (not condition.blocks)
                self._add(cut.second.loc[~leaves], late)
            else:
                self._set_durations(cut.second)
                self._label(cut.second.index, late)

    def table(self) -> pd.DataFrame:
        """Return the table, with the second halves of trials at its end."""
        return pd.concat([self._events, *self._added], ignore_index=True)

    def _regressor(self, trial_type: str, partition: int) -> PatternRegressor:
        name = self._unused(f"{trial_type}_part{partition}")
        regressor = PatternRegressor(name, trial_type, partition)
        self.labels[regressor] = {}
        return regressor

    def _label(self, rows: np.ndarray | pd.Index, regressor: PatternRegressor) -> None:
        self._events.loc[rows, self._column] = regressor.name
        self.labels[regressor][regressor.name] = False

    def _set_durations(self, half: pd.DataFrame) -> None:
        self._events.loc[half.index, "duration"] = half["duration"]

    def _add(self, second: pd.DataFrame, regressor: PatternRegressor) -> None:
        """Add second halves of trials, with a label that needs no answer.

        Else an error would be modelled twice, the second time half a trial too late.
        """
        if second.empty:
            return
        own = self.labels[regressor]
        label = next((each for each, added in own.items() if added), None)
        label = label or self._unused(f"{regressor.name}_continued")
        own[label] = True
        self._added.append(second.assign(**{self._column: label}))

    def _unused(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def pattern_conditions(
    conditions: Sequence[ConditionRule],
    wanted: Sequence[str],
    labels: Mapping[PatternRegressor, Mapping[str, bool]],
    owners: Mapping[str, ConditionRule],
) -> tuple[ConditionRule, ...]:
    """Return a condition for each regressor, and what is left of the study's.

    Parameters
    ----------
    conditions : sequence of ConditionRule
        The study's.
    wanted : sequence of str
        Trial types that leave their condition, also those without trials.
    labels : mapping
        Of :class:`LabelledEvents`.
    owners : mapping of str to ConditionRule
        Condition of each trial type.

    Returns
    -------
    tuple of ConditionRule
        Regressors stand in the place of the condition that they come from, without modulators.
    """
    made: list[ConditionRule] = []
    for rule in conditions:
        made += [
            PatternCondition(
                each.name, tuple(own), rule.duration, rule.blocks, rule.longest_gap, ()
            )
            for each, own in labels.items()
            if owners[each.trial_type] is rule
        ]
        types = rule.trial_type or (rule.name,)
        rest = tuple(each for each in types if label_key(each) not in wanted)
        if len(rest) == len(types):
            made.append(rule)
        elif rest:
            made.append(
                PatternCondition(
                    rule.name, rest, rule.duration, rule.blocks, rule.longest_gap, rule.modulators
                )
            )
    return tuple(made)


def pattern_errors(
    rule: ErrorRule | None, labels: Mapping[PatternRegressor, Mapping[str, bool]]
) -> ErrorRule | None:
    """Return the study's errors for new labels.

    Parameters
    ----------
    rule : ErrorRule or None
        The study's.
    labels : mapping
        Of :class:`LabelledEvents`.

    Returns
    -------
    ErrorRule or None
        Also never errors: labels of trial types that never are, and second halves of trials.
    """
    if rule is None:
        return None
    never = {label_key(each) for each in rule.not_applicable}
    added = [
        label
        for regressor, own in labels.items()
        for label, part in own.items()
        if part or regressor.trial_type in never
    ]
    return PatternErrors(
        rule.column,
        rule.correct,
        rule.response_time_column,
        rule.delay_if_no_response,
        (*rule.not_applicable, *added),
        rule.remove_from_conditions,
    )
