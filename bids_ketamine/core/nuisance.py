"""Confounds table -> nuisance regressors and the volumes they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.compcor import compcor_columns
from bids_ketamine.core.confounds import (
    DERIVATIVE,
    complete_columns,
    fill_missing,
    known_values,
    lack,
    power_displacement,
)
from bids_ketamine.core.outliers import (
    OutlierRule,
    non_steady_volumes,
    outlier_volumes,
    single_volume_regressors,
)

MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
MOTION_SUFFIXES = {
    "none": (),
    "6": ("",),
    "12": ("", "_derivative1"),
    "24": ("", "_derivative1", "_power2", "_derivative1_power2"),
}


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
    def lost_volumes(self) -> str:
        """Volumes with a regressor of their own, in words; empty if there are none.

        The cause when hardly any degrees of freedom are left.

        Examples
        --------
        >>> outlier = np.array([False, True, True])
        >>> no_nuisance(3)._replace(outlier=outlier).lost_volumes
        '2 of 3 volumes are outliers'
        """
        n_outliers, n_unsteady = int(self.outlier.sum()), int(self.non_steady_state.sum())
        words = [f"{n_outliers} of {len(self.outlier)} volumes are outliers"] if n_outliers else []
        if n_unsteady:
            words.append(f"{n_unsteady} of {len(self.outlier)} volumes are before the steady state")
        return ", ".join(words)

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
    compcor_mask: str,
    compcor_components: int,
    compcor_variance: float | None,
    motion: str,
    outliers: OutlierRule | None,
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
        The table's sidecar; tells the mask of ``a_comp_cor`` components, and the variance that
        components explain. Empty if unknown.
    columns : sequence of str
        Columns taken as they are.
    derivatives : bool
        Add the ``_derivative1`` column of each.
    compcor_mask : {"split", "combined"}
        Anatomical masks: white matter and CSF apart, or one of both.
    compcor_components : int
        Components of each mask in order of their number; 0 takes none.
    compcor_variance : float or None
        Share of each mask's variance that its components are to explain, in place of a number:
        see :func:`~bids_ketamine.core.compcor.compcor_columns`.
    motion : {"none", "6", "12", "24"}
        Motion parameters, with derivatives, with squares of both.
    outliers : OutlierRule or None
        Which volumes get a regressor of their own, one at that volume, zero elsewhere: see
        :func:`~bids_ketamine.core.outliers.outlier_volumes`. None for no volume.
    non_steady_state : bool
        The same for volumes that fMRIPrep marks as non-steady; they are no outliers then.

    Returns
    -------
    Nuisance
        Regressors, state of each volume, notes.

    Raises
    ------
    InputDataError
        If columns that were asked for by name are not in the table (all are named), if a
        nuisance column has no value at all, or if a share of variance or a rule for outliers
        needs what table and sidecar do not tell.

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
    components = compcor_columns(
        table,
        metadata=metadata,
        mask=compcor_mask,
        n_components=compcor_components,
        variance=compcor_variance,
        notes=notes,
    )
    added = [name for name in components if name not in chosen]
    filled = fill_missing(pd.concat([chosen, table[added].astype(float)], axis=1), notes)
    n_scans = len(table)
    fd = displacement(table, notes)
    nothing = np.zeros(n_scans, dtype=bool)
    outlier = (
        outlier_volumes(table, rule=outliers, framewise_displacement=fd, notes=notes)
        if outliers is not None
        else nothing
    )
    unsteady = non_steady_volumes(table) if non_steady_state else nothing
    outlier = outlier & ~unsteady
    constant = [str(name) for name in filled if filled[name].nunique() <= 1]
    if constant:
        notes.append(f"constant confounds left out: {', '.join(constant)}")
    spikes = single_volume_regressors({"non_steady_state": unsteady, "outlier": outlier}, n_scans)
    regressors = pd.concat([filled.drop(columns=constant), spikes], axis=1)
    std_dvars = known_values(table, "std_dvars")
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
    fd = known_values(table, name)
    if np.isfinite(fd).any():
        negative = int((fd < 0).sum())
        if negative:
            notes.append(f"`{name}` is negative in {negative} volumes")
        return fd
    if all(column in table for column in MOTION):
        computed = power_displacement(table[list(MOTION)].to_numpy(dtype=float))
        if np.isfinite(computed).any():
            notes.append(f"{lack(table, name)}: computed from the six motion parameters")
            return computed
    notes.append(f"{lack(table, name)}: motion is unknown")
    return fd
