"""Columns of the events table that scale the response trial by trial."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bids_ketamine.core.event_checks import plural
from bids_ketamine.core.event_rules import ConditionRule

#: Relative differences between values that are rounding.
ROUNDING = 1e-12


def modulator_values(
    trials: pd.DataFrame, rule: ConditionRule, dropped: list[str]
) -> dict[str, np.ndarray]:
    """Return the values of a condition's modulators without their mean.

    A value that is missing counts as the mean, so that the trial keeps the average response.

    Parameters
    ----------
    trials : DataFrame
        Modelled trials of the condition in their order, with its columns of modulators.
    rule : ConditionRule
        The condition.
    dropped : list of str
        Gets a sentence on missing values, and on each modulator that is left out because its
        known values do not differ.

    Returns
    -------
    dict of str to ndarray of shape (n_trials,)
        Values by column, in the unit of the column.

    Examples
    --------
    >>> from types import SimpleNamespace as Rule
    >>> table = pd.DataFrame({"load": [1.0, np.nan, 3.0], "dose": [5.0, 5.0, 5.0]})
    >>> notes = []
    >>> modulator_values(table, Rule(name="recall", modulators=("load", "dose")), notes)
    {'load': array([-1.,  0.,  1.])}
    >>> for note in notes:
    ...     print(note)
    1 of 3 trials of `recall` without `load`: taken at the mean
    modulator `dose` of `recall` left out: 5 in every trial
    """
    values: dict[str, np.ndarray] = {}
    for column in rule.modulators:
        numbers = pd.to_numeric(trials[column]).to_numpy(dtype=float)
        known = np.isfinite(numbers)
        reason = _without_variation(numbers[known])
        if reason:
            dropped.append(f"modulator `{column}` of `{rule.name}` left out: {reason}")
            continue
        if not known.all():
            dropped.append(
                f"{int((~known).sum())} of {plural(len(known), 'trial')} of `{rule.name}` without "
                f"`{column}`: taken at the mean"
            )
        values[column] = np.where(known, numbers - numbers[known].mean(), 0.0)
    return values


def _without_variation(known: np.ndarray) -> str:
    if not len(known):
        return "no trial has a value"
    if len(known) == 1:
        return "one trial alone has a value"
    varies = np.ptp(known) > ROUNDING * np.abs(known).max()
    return "" if varies else f"{known[0]:g} in every trial"
