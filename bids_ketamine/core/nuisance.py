"""Confounds table -> nuisance regressors and the volumes they leave."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.errors import InputDataError

MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
MOTION_SUFFIXES = {
    "none": (),
    "6": ("",),
    "12": ("", "_derivative1"),
    "24": ("", "_derivative1", "_power2", "_derivative1_power2"),
}
COMPONENT = re.compile(r"^[acw]_comp_cor_\d+$")
NON_STEADY = re.compile(r"^non_steady_state_outlier\d+$")


class Nuisance(NamedTuple):
    """Nuisance regressors of a run and the state of its volumes.

    Attributes
    ----------
    regressors : DataFrame
        Shape (n_scans, n_regressors), no missing values.
    framewise_displacement : ndarray of shape (n_scans,)
        mm; NaN where unknown (first volume, or no such column).
    std_dvars : ndarray of shape (n_scans,)
        Standardized DVARS; NaN where unknown.
    outlier, non_steady_state : ndarray of bool, shape (n_scans,)
        Volumes that have a regressor of their own.
    notes : tuple of str
        Sentences on what was asked for and not found.
    """

    regressors: pd.DataFrame
    framewise_displacement: np.ndarray
    std_dvars: np.ndarray
    outlier: np.ndarray
    non_steady_state: np.ndarray
    notes: tuple[str, ...]

    @property
    def n_volumes_kept(self) -> int:
        """Volumes without a regressor of their own."""
        return int((~(self.outlier | self.non_steady_state)).sum())

    @property
    def mean_fd(self) -> float:
        """Mean framewise displacement, mm; NaN if there is none."""
        known = self.framewise_displacement[np.isfinite(self.framewise_displacement)]
        return float(known.mean()) if known.size else float("nan")


def select_nuisance(
    table: pd.DataFrame,
    *,
    metadata: Mapping[str, Mapping[str, object]],
    columns: Sequence[str],
    derivatives: bool,
    compcor_components: int,
    motion: str,
    maximum_fd: float | None,
    maximum_std_dvars: float | None,
    non_steady_state: bool,
) -> Nuisance:
    """Choose nuisance regressors from an fMRIPrep confounds table.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns); the first rows of derivatives, displacement and DVARS may
        be missing. A missing value is replaced by the next known one, zero if there is none.
    metadata : mapping
        The table's sidecar; tells the mask of ``a_comp_cor`` components. Empty if unknown.
    columns : sequence of str
        Columns taken as they are.
    derivatives : bool
        Add the ``_derivative1`` column of each.
    compcor_components : int
        Components of each anatomical mask (white matter, CSF) in order of their number.
    motion : {"none", "6", "12", "24"}
        Motion parameters, with derivatives, with squares of both.
    maximum_fd, maximum_std_dvars : float or None
        Volumes above either get a regressor of their own, one at that volume, zero elsewhere.
    non_steady_state : bool
        The same for volumes that fMRIPrep marks as non-steady.

    Returns
    -------
    Nuisance
        Regressors, state of each volume, notes.

    Raises
    ------
    InputDataError
        If a column that was asked for by name is not in the table.

    References
    ----------
    Power et al. (2012) doi:10.1016/j.neuroimage.2011.10.018;
    Behzadi et al. (2007) doi:10.1016/j.neuroimage.2007.04.042.
    """
    notes: list[str] = []
    wanted = list(columns)
    if derivatives:
        wanted += [f"{column}_derivative1" for column in columns]
    wanted += [name + suffix for suffix in MOTION_SUFFIXES[motion] for name in MOTION]
    absent = [name for name in wanted if name not in table]
    if absent:
        raise InputDataError(
            f"The confounds table has no column {', '.join(f'`{name}`' for name in absent)}."
        )
    wanted += _compcor_columns(table, metadata, compcor_components, notes)
    chosen = table[wanted].astype(float)
    filled = chosen.bfill().fillna(0.0)
    # Differences have no first value; a gap further on is something else.
    gaps = chosen.iloc[2:].isna().sum()
    notes += [f"{n} missing values of `{name}` filled" for name, n in gaps.items() if n]
    n_scans = len(table)
    fd = _series(table, "framewise_displacement", n_scans)
    std_dvars = _series(table, "std_dvars", n_scans)
    outlier = np.zeros(n_scans, dtype=bool)
    for values, threshold, name in (
        (fd, maximum_fd, "framewise_displacement"),
        (std_dvars, maximum_std_dvars, "std_dvars"),
    ):
        if threshold is None:
            continue
        if name not in table:
            notes.append(f"no column `{name}`: no outlier volumes by it")
        outlier |= np.nan_to_num(values, nan=0.0) > threshold
    unsteady = _non_steady(table) if non_steady_state else np.zeros(n_scans, dtype=bool)
    outlier &= ~unsteady
    spikes = pd.DataFrame(
        {
            f"{name}_{scan:04d}": (np.arange(n_scans) == scan).astype(float)
            for name, mark in (("non_steady_state", unsteady), ("outlier", outlier))
            for scan in np.flatnonzero(mark)
        },
        index=filled.index,
    )
    regressors = pd.concat([filled, spikes], axis=1).reset_index(drop=True)
    constant = [str(name) for name in filled if filled[name].nunique() <= 1]
    if constant:
        notes.append(f"constant confounds left out: {', '.join(constant)}")
        regressors = regressors.drop(columns=constant)
    return Nuisance(regressors, fd, std_dvars, outlier, unsteady, tuple(notes))


def no_nuisance(n_scans: int) -> Nuisance:
    """Return the nuisance model of a run without a confounds table."""
    unknown = np.full(n_scans, np.nan)
    nothing = np.zeros(n_scans, dtype=bool)
    frame = pd.DataFrame(index=range(n_scans))
    return Nuisance(frame, unknown, unknown.copy(), nothing, nothing.copy(), ())


def _number(name: str) -> int:
    return int(name.rsplit("_", 1)[1])


def _series(table: pd.DataFrame, name: str, n_scans: int) -> np.ndarray:
    if name not in table:
        return np.full(n_scans, np.nan)
    return table[name].to_numpy(dtype=float)


def _non_steady(table: pd.DataFrame) -> np.ndarray:
    marked = np.zeros(len(table), dtype=bool)
    for name in table:
        if NON_STEADY.match(str(name)):
            marked |= table[name].to_numpy(dtype=float) > 0
    return marked


def _compcor_columns(
    table: pd.DataFrame,
    metadata: Mapping[str, Mapping[str, object]],
    n_components: int,
    notes: list[str],
) -> list[str]:
    """Return the first components of the white-matter and of the CSF mask."""
    if n_components == 0:
        return []
    # By number: as text, a_comp_cor_100 would come before a_comp_cor_62.
    names = sorted((str(name) for name in table if COMPONENT.match(str(name))), key=_number)
    chosen: list[str] = []
    found: dict[str, int] = {}
    for mask, prefix in (("WM", "w_comp_cor_"), ("CSF", "c_comp_cor_")):
        own = [name for name in names if name.startswith(prefix)]
        if not own:
            own = [
                name
                for name in names
                if name.startswith("a_comp_cor_") and metadata.get(name, {}).get("Mask") == mask
            ]
        found[mask] = len(own)
        chosen += own[:n_components]
    if chosen:
        notes += [
            f"{n_found} of {n_components} CompCor components in mask {mask}"
            for mask, n_found in found.items()
            if n_found < n_components
        ]
    else:
        combined = [name for name in names if name.startswith("a_comp_cor_")]
        chosen = combined[: 2 * n_components]
        if chosen:
            notes.append(f"CompCor components of unknown mask: the first {len(chosen)} are taken")
        else:
            notes.append("no anatomical CompCor components in the confounds table")
    return chosen
