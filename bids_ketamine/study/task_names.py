"""What the specification of a task implies: columns that it reads, regressors that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bids_ketamine.core.event_rules import ERROR_CONDITION, derivative_names, modulator_name
from bids_ketamine.core.trial_types import label_key
from bids_ketamine.study.model_sections import ContrastSpec, TaskSpec
from bids_ketamine.study.similarity_sections import RsaSpec


class EventColumns(NamedTuple):
    """Columns of the events table that a task needs beside onset and duration.

    Attributes
    ----------
    required : mapping of str to str
        Columns that must be there, each with the key of the study file that names it.
    numeric : tuple of str
        Columns that hold numbers where they are there.
    """

    required: Mapping[str, str]
    numeric: tuple[str, ...]


def event_columns(task: TaskSpec) -> EventColumns:
    """Return the columns of the events table that a task needs.

    Parameters
    ----------
    task : TaskSpec
        The task.

    Returns
    -------
    EventColumns
        For ``read_events(path, required=..., numeric=...)``.

    Examples
    --------
    >>> from bids_ketamine.study.model_sections import ConditionSpec
    >>> condition = ConditionSpec(name="a", modulators=("load",))
    >>> event_columns(TaskSpec(name="recall", conditions=(condition,), contrasts=())).required
    {'trial_type': 'tasks.recall.trial_type_column', 'load': 'tasks.recall.conditions.a.modulators'}
    """
    key = f"tasks.{task.name}"
    required = {task.trial_type_column: f"{key}.trial_type_column"}
    numeric: list[str] = []
    if task.error_trials is not None:
        required.setdefault(task.error_trials.column, f"{key}.error_trials.column")
        numeric.append(task.error_trials.response_time_column)
    for condition in task.conditions:
        for column in condition.modulators:
            numeric.append(column)
            required.setdefault(column, f"{key}.conditions.{condition.name}.modulators")
    return EventColumns(required, tuple(dict.fromkeys(numeric)))


def regressor_names(task: TaskSpec, hrf_model: str) -> tuple[str, ...]:
    """Return the names that contrasts of a task may use.

    Parameters
    ----------
    task : TaskSpec
        The task.
    hrf_model : str
        Haemodynamic response; its derivatives give regressors of their own.

    Returns
    -------
    tuple of str
        Conditions, modulators, error trials, then derivatives of all of these. A name that two
        regressors would share stands twice.

    Examples
    --------
    >>> from bids_ketamine.study.model_sections import ConditionSpec
    >>> condition = ConditionSpec(name="a", modulators=("load",))
    >>> task = TaskSpec(name="recall", conditions=(condition,), contrasts=())
    >>> regressor_names(task, "spm + derivative")
    ('a', 'a_by_load', 'a_derivative', 'a_by_load_derivative')
    """
    names = [condition.name for condition in task.conditions]
    names += [
        modulator_name(condition.name, column)
        for condition in task.conditions
        for column in condition.modulators
    ]
    if task.error_trials is not None:
        names.append(ERROR_CONDITION)
    return (*names, *(each for name in names for each in derivative_names(name, hrf_model)))


def trial_types_of(task: TaskSpec) -> tuple[str, ...]:
    """Return the trial types of a task's conditions, in their order.

    Examples
    --------
    >>> from bids_ketamine.study.model_sections import ConditionSpec
    >>> conditions = (ConditionSpec(name="faces", trial_type=("fearful", "neutral")),)
    >>> trial_types_of(TaskSpec(name="faces", conditions=conditions, contrasts=()))
    ('fearful', 'neutral')
    """
    return tuple(
        value
        for condition in task.conditions
        for value in condition.trial_type or (condition.name,)
    )


def trial_types_of_matrix(rsa: RsaSpec, task: TaskSpec) -> tuple[str, ...]:
    """Return the trial types of the dissimilarity matrix.

    Those the study names; else all of the conditions that hold those of its pairs; else all.

    Parameters
    ----------
    rsa, task : RsaSpec, TaskSpec
        Sections of the study.

    Returns
    -------
    tuple of str
        In the order of the study.

    Examples
    --------
    >>> from bids_ketamine.study.model_sections import ConditionSpec
    >>> conditions = (ConditionSpec(name="faces", trial_type=("fearful", "neutral")),
    ...               ConditionSpec(name="shapes"))
    >>> task = TaskSpec(name="faces", conditions=conditions, contrasts=())
    >>> trial_types_of_matrix(RsaSpec(task="faces", pairs=(("neutral", "fearful"),)), task)
    ('fearful', 'neutral')
    """
    if rsa.trial_types:
        return rsa.trial_types
    paired = {label_key(name) for pair in rsa.pairs for name in pair}
    chosen: list[str] = []
    for condition in task.conditions:
        own = condition.trial_type or (condition.name,)
        if not paired or paired & {label_key(each) for each in own}:
            chosen += own
    return tuple(chosen)


def beyond_conditions(contrast: ContrastSpec, task: TaskSpec) -> str:
    """Say why a contrast is no t contrast of conditions alone; empty if it is one.

    Parameters
    ----------
    contrast, task : ContrastSpec, TaskSpec
        A contrast, and the task that it belongs to.

    Examples
    --------
    >>> from bids_ketamine.study.model_sections import ConditionSpec
    >>> slow = ContrastSpec(name="slow", weights={"faces_by_response_time": 1.0})
    >>> faces = ConditionSpec(name="faces", modulators=("response_time",))
    >>> task = TaskSpec(name="faces", conditions=(faces,), contrasts=(slow,))
    >>> beyond_conditions(slow, task)
    '`faces_by_response_time` is not a condition'
    """
    if contrast.test != "t":
        return "it is an F contrast"
    conditions = [each.name for each in task.conditions]
    others = [
        name for name, weight in contrast.rows[0].items() if weight and name not in conditions
    ]
    return f"`{others[0]}` is not a condition" if others else ""
