"""Events table -> one condition per trial type and partition, for models of patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.event_checks import near_types, plural
from bids_ketamine.core.event_rules import ConditionRule, ErrorRule
from bids_ketamine.core.rsa.pattern_blocks import named_types, trial_blocks
from bids_ketamine.core.rsa.pattern_events import (
    LabelledEvents,
    PatternRegressor,
    pattern_conditions,
    pattern_errors,
)
from bids_ketamine.core.trial_types import label_key
from bids_ketamine.errors import InputDataError, UsageError

#: How trials of a run are divided.
PARTITION_RULES = ("run", "block", "half_block", "block_or_half_block")

#: Least number of blocks of each trial type for partitions by block.
FEWEST_BLOCKS = 2


class PartitionedEvents(NamedTuple):
    """What :func:`~bids_ketamine.core.events.model_events` needs to model patterns.

    Attributes
    ----------
    events : DataFrame
        The table with new labels in the column of trial types, and two rows where a trial was
        cut in two.
    conditions : tuple of ConditionRule
        One for each pattern; the study's others.
    error_trials : ErrorRule or None
        The study's, in terms of the new labels.
    regressors : tuple of PatternRegressor
        By trial type, then partition.
    rule : str
        Rule that was used: ``run``, ``block`` or ``half_block``.
    notes : tuple of str
        Sentences on what was left out or put together.
    """

    events: pd.DataFrame
    conditions: tuple[ConditionRule, ...]
    error_trials: ErrorRule | None
    regressors: tuple[PatternRegressor, ...]
    rule: str
    notes: tuple[str, ...]


def partitioned_events(
    events: pd.DataFrame,
    *,
    trial_type_column: str,
    trial_types: Sequence[str],
    conditions: Sequence[ConditionRule],
    error_trials: ErrorRule | None,
    rule: str,
    maximum_partitions: int | None,
    scan_duration: float,
) -> PartitionedEvents:
    """Divide the trials of a run in partitions, each with its own pattern of each trial type.

    Parameters
    ----------
    events : DataFrame
        ``onset``, ``duration`` (s) and the columns that the rules name.
    trial_type_column : str
        Column of trial types; they are compared as in the first-level model.
    trial_types : sequence of str
        Those that patterns are wanted of; each in a condition of the study.
    conditions : sequence of ConditionRule
        The study's.
    error_trials : ErrorRule or None
        None: answers are ignored.
    rule : {"run", "block", "half_block", "block_or_half_block"}
        ``run``: one partition. ``block``: as many as the trial type with the fewest blocks has;
        of n blocks, counted from 0, block b goes to partition floor(b K / n) + 1. ``half_block``:
        two, the first and the second halves of all blocks. ``block_or_half_block``: by block if
        every trial type has two or more, else by half block.
    maximum_partitions : int or None
        Most partitions by block.
    scan_duration : float
        Length of the run, s; later events do not count.

    Returns
    -------
    PartitionedEvents
        Relabelled events, their conditions and regressors.

    Raises
    ------
    InputDataError
        If a trial type has one block and partitions are blocks, or a block cannot be halved.
    UsageError
        If a trial type is in no condition, there is no such rule, or fewer than two partitions
        are allowed.

    Examples
    --------
    >>> from bids_ketamine.core.rsa.pattern_events import PatternCondition
    >>> table = pd.DataFrame({"onset": [0.0, 20.0, 40.0, 60.0], "duration": 8.0,
    ...                       "trial_type": ["fear", "calm", "fear", "calm"]})
    >>> rules = [PatternCondition(name, (), None, True, 10.0, ()) for name in ("fear", "calm")]
    >>> divided = partitioned_events(
    ...     table, trial_type_column="trial_type", trial_types=("fear", "calm"), conditions=rules,
    ...     error_trials=None, rule="block", maximum_partitions=None, scan_duration=90.0)
    >>> divided.events["trial_type"].tolist()
    ['fear_part1', 'calm_part1', 'fear_part2', 'calm_part2']
    """
    _refuse_rule(rule, maximum_partitions)
    events = events.reset_index(drop=True)
    types = np.array([_type(value) for value in events[trial_type_column]], dtype=object)
    owners = {label_key(each): own for own in conditions for each in own.trial_type or (own.name,)}
    wanted = list(dict.fromkeys(label_key(each) for each in trial_types))
    homeless = [each for each in wanted if each not in owners]
    if homeless:
        raise UsageError(
            f"Trial types in no condition: {named_types(homeless)}.",
            cure="Patterns are made of trials that the task's model holds: name a condition.",
        )
    blocks = trial_blocks(events, types, owners=owners, scan_duration=scan_duration)
    rows = {each: blocks.of_type(each) for each in wanted}
    present = {each: own for each, own in rows.items() if own}
    unassigned = set(types) - set(owners)
    notes = [
        f"no trials of `{each}` in the run{near_types(each, (), unassigned)}: no patterns of it"
        for each in wanted
        if each not in present
    ]
    used = _rule_used(rule, present, notes)
    taken = set(types) | set(owners) | {own.name for own in conditions}
    table = LabelledEvents(
        events, column=trial_type_column, types=types, errors=error_trials, taken=taken
    )
    if used == "half_block":
        for trial_type, own in present.items():
            table.halve(trial_type, own, condition=owners[trial_type])
    else:
        fewest = min((len(own) for own in present.values()), default=1)
        n_partitions = 1 if used == "run" else min(fewest, maximum_partitions or fewest)
        for trial_type, own in present.items():
            if used == "block" and len(own) > n_partitions:
                notes.append(f"{len(own)} blocks of `{trial_type}` in {n_partitions} partitions")
            table.place(trial_type, _divided(own, n_partitions))
    return PartitionedEvents(
        table.table(),
        pattern_conditions(conditions, wanted, table.labels, owners),
        pattern_errors(error_trials, table.labels),
        tuple(table.labels),
        used,
        tuple(notes),
    )


def _refuse_rule(rule: str, maximum_partitions: int | None) -> None:
    if rule not in PARTITION_RULES:
        raise UsageError(
            f"There is no partition `{rule}`.", cure=f"Choose one of {', '.join(PARTITION_RULES)}."
        )
    too_few = maximum_partitions is not None and maximum_partitions < FEWEST_BLOCKS
    if rule != "run" and too_few:
        raise UsageError(
            f"At most {plural(maximum_partitions or 0, 'partition')} cannot be cross-validated.",
            cure="Allow two or more.",
        )


def _rule_used(rule: str, present: Mapping[str, Sequence[np.ndarray]], notes: list[str]) -> str:
    """Decide between blocks and half blocks; refuse blocks where a type has one alone."""
    single = [each for each, own in present.items() if len(own) < FEWEST_BLOCKS]
    if rule == "block" and single:
        raise InputDataError(
            f"{named_types(single)}: one block in the run, and partitions by block need two.",
            cure="Choose `partition: half_block`, or `run` with several runs.",
        )
    if rule != "block_or_half_block":
        return rule
    if single:
        notes.append(f"partitions are half blocks: one block of {named_types(single)} in the run")
    return "half_block" if single else "block"


def _divided(blocks: Sequence[np.ndarray], n_partitions: int) -> dict[int, list[np.ndarray]]:
    """Divide consecutive blocks in partitions whose sizes differ by one at most."""
    divided: dict[int, list[np.ndarray]] = {}
    for number, block in enumerate(blocks):
        divided.setdefault(number * n_partitions // len(blocks) + 1, []).append(block)
    return divided


def _type(value: object) -> str:
    return "n/a" if pd.isna(value) else label_key(value)  # type: ignore[call-overload]
