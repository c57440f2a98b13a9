"""Effects on coupling that generalized PPI looks at: contrasts of conditions, and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bids_ketamine.study.spec import TaskSpec
from bids_ketamine.study.task_names import beyond_conditions


class Effects(NamedTuple):
    """Effects on coupling that are looked at.

    Attributes
    ----------
    names : tuple of str
        Contrasts, then conditions.
    weights : ndarray of shape (n_effects, n_conditions)
        Weights of the conditions.
    n_contrasts : int
        How many are contrasts.
    reasons : tuple of str
        Why an effect cannot be estimated; empty where it may be.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    n_contrasts: int
    reasons: tuple[str, ...]

    @property
    def contrasts(self) -> Effects:
        """The contrasts alone."""
        n = self.n_contrasts
        return Effects(self.names[:n], self.weights[:n], n, self.reasons[:n])

    def kind(self, position: int) -> str:
        """Return ``contrast`` or ``condition``."""
        return "contrast" if position < self.n_contrasts else "condition"


def effects_of(task: TaskSpec, empty: Mapping[str, str]) -> tuple[Effects, list[str]]:
    """Return the effects of a task: its t contrasts of conditions, and each condition.

    Parameters
    ----------
    task : TaskSpec
        The task.
    empty : mapping of str to str
        Conditions that no run has, and why.

    Returns
    -------
    effects : Effects
        Names and weights.
    notes : list of str
        Contrasts that are none of conditions, or F contrasts.
    """
    conditions = [each.name for each in task.conditions]
    names, rows, reasons, notes = [], [], [], []
    for contrast in task.contrasts:
        beyond = beyond_conditions(contrast, task)
        if beyond:
            notes.append(f"no generalized PPI of `{contrast.name}`: {beyond}")
            continue
        weights = {name: weight for name, weight in contrast.rows[0].items() if weight}
        names.append(contrast.name)
        rows.append([weights.get(name, 0.0) for name in conditions])
        reasons.append("; ".join(empty[name] for name in weights if name in empty))
    n_contrasts = len(names)
    names += conditions
    rows += np.eye(len(conditions)).tolist()
    reasons += [empty.get(name, "") for name in conditions]
    return Effects(tuple(names), np.array(rows), n_contrasts, tuple(reasons)), notes
