"""Design matrix of a run, with what cannot be estimated named."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from nilearn.glm.first_level import compute_regressor, make_first_level_design_matrix

from bids_ketamine.errors import InputDataError

#: Points a repetition time at which nilearn builds regressors before sampling them.
OVERSAMPLING = 50

#: Relative size under which what is left of a column, after projection on earlier ones, is
#: rounding and not a direction of its own.
RANK_TOLERANCE = 1e-9


#: Relative size of what of a contrast may lie outside the rows of the design.
ESTIMABLE_TOLERANCE = 1e-6


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
    """

    matrix: pd.DataFrame
    dropped: tuple[str, ...]
    full: pd.DataFrame

    @property
    def residual_df(self) -> int:
        """Volumes minus rank; the columns are independent."""
        return int(self.matrix.shape[0] - self.matrix.shape[1])


def first_level_design(
    *,
    events: pd.DataFrame,
    nuisance: pd.DataFrame,
    n_scans: int,
    t_r: float,
    reference_time: float,
    hrf_model: str,
    high_pass_period: float,
) -> Design:
    """Build the design matrix of one run.

    Regressors are events convolved with the haemodynamic response and sampled at
    ``j * t_r + reference_time``. A condition whose events all have zero duration is made of
    impulses of unit area (height 1 / dt on a grid of step dt), so that its effect is the
    response to an event of one second's worth of input and does not depend on the grid.

    Parameters
    ----------
    events : DataFrame
        ``onset`` (s), ``duration`` (s), ``trial_type``.
    nuisance : DataFrame of shape (n_scans, n_regressors)
        Nuisance regressors; entered without their mean.
    n_scans : int
        Volumes.
    t_r : float
        Repetition time, s.
    reference_time : float
        Time within a volume to which its slices were aligned, s.
    hrf_model : str
        nilearn's name of the haemodynamic response.
    high_pass_period : float
        Longest period kept, s; longer ones are modelled by cosines.

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
    if len(nuisance) != n_scans:
        raise InputDataError(
            f"The confounds table has {len(nuisance)} rows; the BOLD series has {n_scans} volumes."
        )
    frame_times = np.arange(n_scans) * t_r + reference_time
    columns: dict[str, np.ndarray] = {"constant": np.ones(n_scans)}
    columns |= _task_regressors(events, frame_times, t_r, hrf_model)
    drift = make_first_level_design_matrix(
        frame_times, drift_model="cosine", high_pass=1.0 / high_pass_period
    )
    columns |= {name: drift[name].to_numpy() for name in drift if name != "constant"}
    shared = [str(name) for name in nuisance if str(name) in columns]
    if shared:
        raise InputDataError(
            f"A confound and a condition share the name `{shared[0]}`.",
            cure="Give the condition another name in the study file.",
        )
    columns |= {str(name): (nuisance[name] - nuisance[name].mean()).to_numpy() for name in nuisance}
    return _independent_columns(columns, _mixed_durations(events))


def _task_regressors(
    events: pd.DataFrame, frame_times: np.ndarray, t_r: float, hrf_model: str
) -> dict[str, np.ndarray]:
    regressors: dict[str, np.ndarray] = {}
    for name, own in events.groupby("trial_type", sort=False):
        onset = own["onset"].to_numpy(dtype=float)
        duration = own["duration"].to_numpy(dtype=float)
        height = OVERSAMPLING / t_r if not duration.any() else 1.0
        with warnings.catch_warnings():
            # Onsets long before the first volume: their response has passed.
            warnings.simplefilter("ignore", UserWarning)
            values, names = compute_regressor(
                (onset, duration, np.full(len(own), height)),
                hrf_model,
                frame_times,
                con_id=str(name),
                oversampling=OVERSAMPLING,
            )
        regressors |= dict(zip(names, values.T, strict=True))
    return regressors


def _mixed_durations(events: pd.DataFrame) -> list[str]:
    """Name conditions in which some trials have zero duration and others do not."""
    zero = (events["duration"] == 0).groupby(events["trial_type"])
    return [
        f"condition `{name}`: {int(n)} of {len(own)} trials have zero duration beside longer ones "
        "and hardly count"
        for (name, own), n in zip(zero, zero.sum(), strict=True)
        if 0 < n < len(own)
    ]


def _independent_columns(columns: Mapping[str, np.ndarray], notes: list[str]) -> Design:
    """Keep each column that is no combination of those before it (modified Gram-Schmidt)."""
    basis = np.empty((len(columns["constant"]), 0))
    kept: dict[str, np.ndarray] = {}
    dropped = list(notes)
    for name, column in columns.items():
        size = np.linalg.norm(column)
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        if size == 0.0 or np.linalg.norm(rest) <= RANK_TOLERANCE * size:
            dropped.append(f"design column `{name}` is a combination of others")
            continue
        if basis.shape[1] + 1 >= basis.shape[0]:
            dropped.append(f"design column `{name}`: as many columns as volumes")
            continue
        basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
        kept[name] = column
    return Design(pd.DataFrame(kept), tuple(dropped), pd.DataFrame(columns))


def contrast_vector(weights: Mapping[str, float], design: Design) -> tuple[np.ndarray | None, str]:
    """Return the contrast over the design's columns, or why it cannot be estimated.

    Parameters
    ----------
    weights : mapping of str to float
        Weight of each condition.
    design : Design
        The run's design.

    Returns
    -------
    vector : ndarray of shape (n_columns,) or None
        None if a condition with a weight is not in the design, or the contrast is no combination
        of the design's rows: its conditions cannot be told from other columns (volumes that
        all have regressors of their own, for one).
    reason : str
        Empty, or why there is no vector.
    """
    names = list(design.matrix.columns)
    absent = [name for name, weight in weights.items() if weight and name not in names]
    if absent:
        listing = ", ".join(f"`{name}`" for name in absent)
        return None, f"the design has no regressor for {listing}"
    if not _estimable(weights, design.full):
        return None, "the conditions cannot be told from other columns of the design"
    return np.array([weights.get(name, 0.0) for name in names]), ""


def _estimable(weights: Mapping[str, float], full: pd.DataFrame) -> bool:
    """Tell whether a contrast c lies in the row space of the design X: c = c pinv(X) X."""
    matrix = full.to_numpy(dtype=float)
    size = np.linalg.norm(matrix, axis=0)
    size[size == 0] = 1.0
    # Columns of unit length, so that the tolerance means the same for each.
    contrast = np.array([weights.get(str(name), 0.0) for name in full]) / size
    _, singular, rows = np.linalg.svd(matrix / size, full_matrices=False)
    rows = rows[singular > singular[0] * RANK_TOLERANCE]
    rest = contrast - (contrast @ rows.T) @ rows
    return bool(np.linalg.norm(rest) <= ESTIMABLE_TOLERANCE * np.linalg.norm(contrast))
