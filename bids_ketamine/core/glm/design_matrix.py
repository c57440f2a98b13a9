"""Design matrix of a run, with what cannot be estimated named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.cosines import drift_basis
from bids_ketamine.core.glm.task_regressors import Modulators, Sampling, task_regressors
from bids_ketamine.errors import InputDataError

#: Relative size under which what is left of a column, after projection on earlier ones, is
#: rounding and not a direction of its own.
RANK_TOLERANCE = 1e-9

CONSTANT = "constant"

#: Columns that a sentence names; the others are counted.
NAMED_COLUMNS = 6


class Design(NamedTuple):
    """Design matrix of a run.

    Attributes
    ----------
    matrix : DataFrame
        Shape (n_scans, n_columns): constant, conditions, error trials, drift, nuisance.
    dropped : tuple of str
        Sentences on columns that are combinations of others and were left out, and on events
        that are modelled in another way than a reader would think.
    full : DataFrame
        Shape (n_scans, n_all): every column, also those left out; it decides what can be
        estimated.
    task_columns : tuple of str
        Columns of ``matrix`` that are made of events.
    drift_columns : tuple of str
        Columns of ``matrix`` that are drift, orthonormal.
    """

    matrix: pd.DataFrame
    dropped: tuple[str, ...]
    full: pd.DataFrame
    task_columns: tuple[str, ...]
    drift_columns: tuple[str, ...]

    @property
    def residual_df(self) -> int:
        """Volumes minus rank; the columns are independent."""
        return int(self.matrix.shape[0] - self.matrix.shape[1])

    @property
    def effects(self) -> pd.DataFrame:
        """Columns other than drift, shape (n_scans, n_effects)."""
        return self.matrix.drop(columns=list(self.drift_columns))

    @property
    def drift(self) -> np.ndarray:
        """Drift, orthonormal, shape (n_scans, n_drifts)."""
        return self.matrix[list(self.drift_columns)].to_numpy(dtype=float)


def first_level_design(
    *,
    events: pd.DataFrame,
    modulators: Modulators,
    nuisance: pd.DataFrame,
    sampling: Sampling,
    high_pass_period: float,
    conditions: Sequence[str] = (),
) -> Design:
    """Build the design matrix of one run.

    Parameters
    ----------
    events : DataFrame
        ``onset`` (s), ``duration`` (s), ``trial_type``.
    modulators : mapping
        Values of each condition's modulators; see :func:`task_regressors`.
    nuisance : DataFrame of shape (n_scans, n_regressors)
        Nuisance regressors; entered without their mean.
    sampling : Sampling
        How task regressors are built.
    high_pass_period : float
        Longest period kept, s; longer ones are modelled by cosines.
    conditions : sequence of str, optional
        Conditions in the order of their columns.

    Returns
    -------
    Design
        Independent columns; those left out are named.

    Raises
    ------
    InputDataError
        If the nuisance regressors have another number of rows than the run has volumes, or one
        has the name of a condition.
    """
    n_scans = sampling.n_scans
    if len(nuisance) != n_scans:
        raise InputDataError(
            f"The confounds table has {len(nuisance)} rows; the BOLD series has {n_scans} volumes."
        )
    columns: dict[str, np.ndarray] = {CONSTANT: np.ones(n_scans)}
    task = task_regressors(events, modulators, sampling, first=conditions)
    columns |= task
    basis = drift_basis(n_scans=n_scans, t_r=sampling.t_r, high_pass_period=high_pass_period)
    drift = {f"drift_{number}": column for number, column in enumerate(basis.T, start=1)}
    columns |= drift
    shared = [str(name) for name in nuisance if str(name) in columns]
    if shared:
        raise InputDataError(
            f"A confound and a condition share the name `{shared[0]}`.",
            cure="Give the condition another name in the study file.",
        )
    columns |= {str(name): (nuisance[name] - nuisance[name].mean()).to_numpy() for name in nuisance}
    kept, dropped = _independent_columns(columns)
    return Design(
        matrix=pd.DataFrame(kept),
        dropped=(*_mixed_durations(events), *dropped),
        full=pd.DataFrame(columns),
        task_columns=tuple(name for name in task if name in kept),
        drift_columns=tuple(name for name in drift if name in kept),
    )


def _mixed_durations(events: pd.DataFrame) -> list[str]:
    """Name conditions in which some trials have zero duration and others do not."""
    zero = (events["duration"] == 0).groupby(events["trial_type"])
    return [
        f"condition `{name}`: {int(n)} of {len(own)} trials have zero duration beside longer ones "
        "and hardly count"
        for (name, own), n in zip(zero, zero.sum(), strict=True)
        if 0 < n < len(own)
    ]


def _independent_columns(
    columns: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Keep each column that is no combination of those before it (modified Gram-Schmidt)."""
    n_scans = len(columns[CONSTANT])
    basis = np.empty((n_scans, len(columns)), order="F")
    kept: dict[str, np.ndarray] = {}
    combinations: list[str] = []
    excess: list[str] = []
    for name, column in columns.items():
        size = np.linalg.norm(column)
        earlier = basis[:, : len(kept)]
        rest = column - earlier @ (earlier.T @ column)
        rest -= earlier @ (earlier.T @ rest)
        if size == 0.0 or np.linalg.norm(rest) <= RANK_TOLERANCE * size:
            combinations.append(name)
            continue
        if len(kept) + 1 >= n_scans:
            excess.append(name)
            continue
        basis[:, len(kept)] = rest / np.linalg.norm(rest)
        kept[name] = column
    return kept, [
        *_left_out(combinations, "combinations of others", "a combination of others"),
        *_left_out(excess, "more columns than volumes", "one column more than volumes"),
    ]


def _left_out(names: Sequence[str], several: str, one: str) -> list[str]:
    """Say in one sentence which columns are left out."""
    if not names:
        return []
    if len(names) == 1:
        return [f"design column `{names[0]}` left out: {one}"]
    shown = ", ".join(f"`{name}`" for name in names[:NAMED_COLUMNS])
    more = f" and {len(names) - NAMED_COLUMNS} more" if len(names) > NAMED_COLUMNS else ""
    return [f"{len(names)} design columns left out ({several}): {shown}{more}"]
