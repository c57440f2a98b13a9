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


class Design(NamedTuple):
    """Design matrix of a run.

    Attributes
    ----------
    matrix : DataFrame
        Shape (n_scans, n_columns): constant, conditions, error trials, drift, nuisance.
    dropped : tuple of str
        Sentences on columns that are combinations of others and were left out.
    """

    matrix: pd.DataFrame
    dropped: tuple[str, ...]

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
        If the nuisance regressors have another number of rows than the run has volumes.
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
    columns |= {str(name): (nuisance[name] - nuisance[name].mean()).to_numpy() for name in nuisance}
    return _independent_columns(columns)


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


def _independent_columns(columns: Mapping[str, np.ndarray]) -> Design:
    """Keep each column that is no combination of those before it (modified Gram-Schmidt)."""
    basis = np.empty((len(columns["constant"]), 0))
    kept: dict[str, np.ndarray] = {}
    dropped: list[str] = []
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
    return Design(pd.DataFrame(kept), tuple(dropped))


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
        None if a condition with a weight is not in the design.
    reason : str
        Empty, or which condition is missing.
    """
    names = list(design.matrix.columns)
    absent = [name for name, weight in weights.items() if weight and name not in names]
    if absent:
        listing = ", ".join(f"`{name}`" for name in absent)
        return None, f"the design has no regressor for {listing}"
    return np.array([weights.get(name, 0.0) for name in names]), ""
