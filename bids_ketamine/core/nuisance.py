"""Confounds table -> nuisance regressors and the volumes they leave."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.confounds import (
    DERIVATIVE,
    complete_columns,
    fill_missing,
    power_displacement,
    split_number,
)

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
        mm; NaN where unknown (first volume, or neither such a column nor motion parameters).
    std_dvars : ndarray of shape (n_scans,)
        Standardized DVARS; NaN where unknown.
    outlier, non_steady_state : ndarray of bool, shape (n_scans,)
        Volumes that have a regressor of their own.
    notes : tuple of str
        Sentences on what was asked for and not found, and on what was computed instead.
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

    What fMRIPrep derives from other columns is derived here where the table lacks it:
    differences and squares (which fMRIPrep writes from version 1.4 on), displacement.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns), columns in today's names; the first rows of derivatives,
        displacement and DVARS may be missing. A missing value is replaced by the next known
        one, by the last one at the end.
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
        If columns that were asked for by name are not in the table (all are named), or if a
        nuisance column has no value at all.

    References
    ----------
    Power et al. (2012) doi:10.1016/j.neuroimage.2011.10.018;
    Behzadi et al. (2007) doi:10.1016/j.neuroimage.2007.04.042.
    """
    notes: list[str] = []
    wanted = list(columns)
    if derivatives:
        wanted += [column + DERIVATIVE for column in columns]
    wanted += [name + suffix for suffix in MOTION_SUFFIXES[motion] for name in MOTION]
    chosen = complete_columns(table, wanted, notes)
    components = _compcor_columns(table, metadata, compcor_components, notes)
    added = [name for name in components if name not in chosen]
    filled = fill_missing(pd.concat([chosen, table[added].astype(float)], axis=1), notes)
    n_scans = len(table)
    fd = displacement(table, notes)
    std_dvars = _series(table, "std_dvars", n_scans)
    outlier = np.zeros(n_scans, dtype=bool)
    for values, threshold, name in (
        (fd, maximum_fd, "framewise_displacement"),
        (std_dvars, maximum_std_dvars, "std_dvars"),
    ):
        if threshold is None:
            continue
        if not np.isfinite(values).any():
            notes.append(f"{_lack(table, name)}: no outlier volumes by it")
        outlier |= np.nan_to_num(values, nan=0.0) > threshold
    unsteady = _non_steady(table) if non_steady_state else np.zeros(n_scans, dtype=bool)
    outlier &= ~unsteady
    constant = [str(name) for name in filled if filled[name].nunique() <= 1]
    if constant:
        notes.append(f"constant confounds left out: {', '.join(constant)}")
    spikes = {"non_steady_state": unsteady, "outlier": outlier}
    regressors = pd.concat([filled.drop(columns=constant), _spikes(spikes, n_scans)], axis=1)
    return Nuisance(regressors, fd, std_dvars, outlier, unsteady, tuple(notes))


def no_nuisance(n_scans: int) -> Nuisance:
    """Return the nuisance model of a run without a confounds table."""
    unknown = np.full(n_scans, np.nan)
    nothing = np.zeros(n_scans, dtype=bool)
    frame = pd.DataFrame(index=range(n_scans))
    return Nuisance(frame, unknown, unknown.copy(), nothing, nothing.copy(), ())


def displacement(table: pd.DataFrame, notes: list[str]) -> np.ndarray:
    """Return framewise displacement, from the motion parameters where the table has none.

    Parameters
    ----------
    table : DataFrame
        Confounds, columns in today's names.
    notes : list of str
        Gets a sentence where the table has none.

    Returns
    -------
    ndarray of shape (n_scans,)
        mm; NaN where unknown.

    References
    ----------
    Power et al. (2012) doi:10.1016/j.neuroimage.2011.10.018.
    """
    name = "framewise_displacement"
    fd = _series(table, name, len(table))
    if np.isfinite(fd).any():
        negative = int((fd < 0).sum())
        if negative:
            notes.append(f"`{name}` is negative in {negative} volumes")
        return fd
    if all(column in table for column in MOTION):
        computed = power_displacement(table[list(MOTION)].to_numpy(dtype=float))
        if np.isfinite(computed).any():
            notes.append(f"{_lack(table, name)}: computed from the six motion parameters")
            return computed
    notes.append(f"{_lack(table, name)}: motion is unknown")
    return fd


def _lack(table: pd.DataFrame, name: str) -> str:
    return f"no value of `{name}`" if name in table else f"no column `{name}`"


def _spikes(marked: Mapping[str, np.ndarray], n_scans: int) -> pd.DataFrame:
    """Return a regressor for each marked volume: one there, zero elsewhere."""
    return pd.DataFrame(
        {
            f"{name}_{scan:04d}": (np.arange(n_scans) == scan).astype(float)
            for name, mark in marked.items()
            for scan in np.flatnonzero(mark)
        },
        index=range(n_scans),
    )


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
    masks = {split_number(name): each.get("Mask") for name, each in metadata.items()}
    chosen: list[str] = []
    found: dict[str, int] = {}
    for mask, prefix in (("WM", "w_comp_cor_"), ("CSF", "c_comp_cor_")):
        own = [name for name in names if name.startswith(prefix)]
        if not own:
            own = [
                name
                for name in names
                if name.startswith("a_comp_cor_") and masks.get(split_number(name)) == mask
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
