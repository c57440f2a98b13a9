"""Volumes that get a regressor of their own: outliers by a rule, volumes before steady state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import pandas as pd

from bids_ketamine.core.confounds import DERIVATIVE, SQUARE, known_values, lack
from bids_ketamine.errors import InputDataError

NON_STEADY = re.compile(r"^non_steady_state_outlier\d+$")
MOTION_OUTLIER = re.compile(r"^motion_outlier\d+$")


class OutlierRule(Protocol):
    """What a study says makes a volume an outlier."""

    @property
    def rule(self) -> str:
        """``thresholds``, ``fmriprep`` or ``art``."""

    @property
    def framewise_displacement(self) -> float | None:
        """Rule ``thresholds``: mm; None leaves it out."""

    @property
    def std_dvars(self) -> float | None:
        """Rule ``thresholds``: standardized DVARS; None leaves it out."""

    @property
    def art_global_signal(self) -> float | None:
        """Rule ``art``: absolute z of the change of the global signal; None leaves it out."""

    @property
    def art_framewise_displacement(self) -> float | None:
        """Rule ``art``: mm; None leaves it out."""


def outlier_volumes(
    table: pd.DataFrame,
    *,
    rule: OutlierRule,
    framewise_displacement: np.ndarray,
    notes: list[str],
) -> np.ndarray:
    """Mark the outlier volumes of a run.

    ``thresholds``: framewise displacement or standardized DVARS above its threshold.
    ``fmriprep``: the volumes of fMRIPrep's own ``motion_outlierXX`` columns, with the
    thresholds that fMRIPrep was given. ``art``: see :func:`global_signal_change`, or
    framewise displacement above a threshold of its own. A volume counts once, however many
    criteria it exceeds; "above" leaves the threshold itself out.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns), columns in today's names.
    rule : OutlierRule
        The study's rule.
    framewise_displacement : ndarray of shape (n_scans,)
        mm; NaN where unknown.
    notes : list of str
        Gets a sentence for every criterion without data.

    Returns
    -------
    ndarray of bool, shape (n_scans,)
        Outliers.

    Raises
    ------
    InputDataError
        If fMRIPrep's own outliers are asked for and the table may be older than them, or the
        global signal is and the table has none.

    References
    ----------
    Power et al. (2012) doi:10.1016/j.neuroimage.2011.10.018.
    """
    if rule.rule == "fmriprep":
        return fmriprep_outliers(table)
    if rule.rule == "art":
        fd_threshold = rule.art_framewise_displacement
        name, threshold = "global_signal", rule.art_global_signal
        values = known_values(table, name)
        if threshold is not None and not np.isfinite(values).any():
            raise InputDataError(
                f"The confounds table has {lack(table, name)}, which the ART-like rule needs.",
                cure="Choose another `rule` under `confounds.outliers` in the study file, or set "
                "`art_global_signal: null` there to go by displacement alone.",
            )
        values = np.abs(global_signal_change(values))
        if threshold is not None and not np.isfinite(values).any():
            notes.append(f"`{name}` does not change: no outlier volumes by it")
            threshold = None
    else:
        fd_threshold = rule.framewise_displacement
        name, threshold = "std_dvars", rule.std_dvars
        values = known_values(table, name)
    fd_name = "framewise_displacement"
    above = _above(framewise_displacement, fd_threshold, lack(table, fd_name), notes)
    return above | _above(values, threshold, lack(table, name), notes)


def _above(
    values: np.ndarray, threshold: float | None, absence: str, notes: list[str]
) -> np.ndarray:
    if threshold is None:
        return np.zeros(len(values), dtype=bool)
    if not np.isfinite(values).any():
        notes.append(f"{absence}: no outlier volumes by it")
    return np.asarray(np.nan_to_num(values, nan=0.0) > threshold)


def global_signal_change(global_signal: np.ndarray) -> np.ndarray:
    r"""Express the change of the global signal in standard deviations.

    .. math:: z_t = \frac{d_t - \bar{d}}{s_d}, \qquad d_t = g_t - g_{t-1}

    over all volumes of the run that have a change; :math:`s_d` with n - 1.

    This is the intensity criterion of the rule ``art``, which is like the ART software
    (Artifact Detection Tools) with scan-to-scan differences, and not the same. What differs:
    the global signal is fMRIPrep's mean over its brain mask, not ART's; displacement is Power's
    sum over the six motion parameters with rotations on a sphere of 50 mm, while ART's composite
    motion is the largest movement of any point of a box around the brain; the outlier is the
    volume at the end of a change alone. Volumes before the steady state count in mean and
    standard deviation. n changes cannot exceed (n - 1) / sqrt(n) in absolute z: an absolute z
    above 5 needs a run of 28 volumes or more.

    Parameters
    ----------
    global_signal : ndarray of shape (n_scans,)
        Any unit; NaN where unknown.

    Returns
    -------
    ndarray of shape (n_scans,)
        z; NaN for the first volume, beside unknown values, and if the signal does not change.

    References
    ----------
    ART, https://www.nitrc.org/projects/artifact_detect.

    Examples
    --------
    >>> global_signal_change(np.array([5.0, 6.0, 6.0, 5.0])).tolist()
    [nan, 1.0, 0.0, -1.0]
    """
    signal = np.asarray(global_signal, dtype=np.float64)
    change = np.full(signal.shape, np.nan)
    change[1:] = np.diff(signal)
    known = change[np.isfinite(change)]
    if known.size < 2:
        return np.full(signal.shape, np.nan)
    spread = known.std(ddof=1)
    # Equal steps differ by rounding alone, which must not become a spread.
    if spread <= np.finfo(float).eps * 8 * np.abs(signal[np.isfinite(signal)]).max():
        return np.full(signal.shape, np.nan)
    return np.asarray((change - known.mean()) / spread)


def fmriprep_outliers(table: pd.DataFrame) -> np.ndarray:
    """Return the volumes that fMRIPrep marks as outliers.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns), columns in today's names.

    Returns
    -------
    ndarray of bool, shape (n_scans,)
        Volumes of the ``motion_outlierXX`` columns; none where a table that is new enough has
        no such column.

    Raises
    ------
    InputDataError
        If the table has neither such columns nor any other that fMRIPrep writes only from the
        version on that marks outliers (1.4): no outliers cannot be told from unmarked ones.
    """
    names = [str(name) for name in table]
    if not any(MOTION_OUTLIER.match(name) or name.endswith((DERIVATIVE, SQUARE)) for name in names):
        raise InputDataError(
            "The confounds table has no `motion_outlier` columns, nor any of those that fMRIPrep "
            "writes beside them since version 1.4: it may not have marked outliers.",
            cure="Choose another `rule` under `confounds.outliers` in the study file.",
        )
    return _marked(table, MOTION_OUTLIER)


def non_steady_volumes(table: pd.DataFrame) -> np.ndarray:
    """Return the volumes that fMRIPrep marks as before the steady state.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns), columns in today's names.

    Returns
    -------
    ndarray of bool, shape (n_scans,)
        Volumes of the ``non_steady_state_outlierXX`` columns.
    """
    return _marked(table, NON_STEADY)


def _marked(table: pd.DataFrame, pattern: re.Pattern[str]) -> np.ndarray:
    names = [name for name in table if pattern.match(str(name))]
    return np.asarray((table[names].to_numpy(dtype=np.float64) > 0).any(axis=1))


def single_volume_regressors(marked: Mapping[str, np.ndarray], n_scans: int) -> pd.DataFrame:
    """Return a regressor for each marked volume: one there, zero elsewhere.

    Parameters
    ----------
    marked : mapping of str to ndarray of bool, shape (n_scans,)
        Volumes by the name that their regressors begin with.
    n_scans : int
        Volumes.

    Returns
    -------
    DataFrame of shape (n_scans, n_marked)
        Columns are name and volume, counted from 0.

    Examples
    --------
    >>> single_volume_regressors({"outlier": np.array([False, True, False])}, 3)
       outlier_0001
    0           0.0
    1           1.0
    2           0.0
    """
    volumes = [(name, int(scan)) for name, mark in marked.items() for scan in np.flatnonzero(mark)]
    values = np.zeros((n_scans, len(volumes)))
    values[[scan for _, scan in volumes], np.arange(len(volumes))] = 1.0
    return pd.DataFrame(values, columns=[f"{name}_{scan:04d}" for name, scan in volumes])
