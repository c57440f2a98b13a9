"""Motion of a resting run, and which volumes it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.cleaning.censoring import Censoring, censor_volumes
from bids_ketamine.core.cleaning.respiration import low_pass_motion, notch_motion
from bids_ketamine.core.confounds import known_values, power_displacement
from bids_ketamine.core.nuisance import MOTION, displacement
from bids_ketamine.core.outliers import non_steady_volumes
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.dataset.xcpd_series import XcpdSeries
from bids_ketamine.errors import BidsKetamineError, InputDataError
from bids_ketamine.interfaces.runs import ConfoundTable
from bids_ketamine.study.spec import CleaningSpec

#: Order of the filters of motion parameters in one direction: the papers' own.
FILTER_ORDER = 1


class Motion(NamedTuple):
    """Motion of a run.

    Attributes
    ----------
    displacement : ndarray of shape (n_scans,)
        Framewise displacement, mm; NaN where unknown.
    filtered : ndarray of shape (n_scans,)
        That by which volumes are censored: of filtered motion, where the study filters it.
    dvars : ndarray of shape (n_scans,)
        Standardized DVARS; NaN where unknown.
    non_steady_state : ndarray of bool, shape (n_scans,)
        Volumes before the steady state.
    filter_words : str or None
        The filter; None for none.
    notes : tuple of str
        What a reader should know.
    """

    displacement: np.ndarray
    filtered: np.ndarray
    dvars: np.ndarray
    non_steady_state: np.ndarray
    filter_words: str | None
    notes: tuple[str, ...]


def read_motion(run: RunInputs, confounds: ConfoundTable, cleaning: CleaningSpec) -> Motion:
    """Return the motion of a run that its confounds table tells.

    Parameters
    ----------
    run : RunInputs
        The run, for its repetition time.
    confounds : ConfoundTable
        Its table.
    cleaning : CleaningSpec
        Whether motion parameters are filtered, and how.

    Raises
    ------
    InputDataError
        If the filter lacks motion parameters or a repetition time, or cannot tell breathing from
        slow motion.
    """
    table = confounds.table
    if table is None:
        return unknown_motion(confounds.n_scans)
    notes: list[str] = []
    found = displacement(table, notes)
    filtered, words = found, None
    if cleaning.motion_filter != "none":
        filtered, words = _filtered_displacement(run, table, cleaning, notes)
    return Motion(
        displacement=found,
        filtered=filtered,
        dvars=known_values(table, "std_dvars"),
        non_steady_state=non_steady_volumes(table),
        filter_words=words,
        notes=tuple(notes),
    )


def unknown_motion(n_scans: int) -> Motion:
    """Return the motion of a run of which nothing is known."""
    unknown = np.full(n_scans, np.nan)
    nothing = np.zeros(n_scans, dtype=bool)
    return Motion(unknown, unknown.copy(), unknown.copy(), nothing, None, ())


def motion_of_xcpd(found: XcpdSeries, cleaning: CleaningSpec) -> Motion:
    """Return the motion that XCP-D's tables tell; filtered as XCP-D did, if the study filters."""
    motion = unknown_motion(len(found.kept))
    filtered, words = found.framewise_displacement, None
    notes: tuple[str, ...] = ()
    if cleaning.motion_filter != "none":
        if np.isfinite(found.filtered_displacement).any():
            filtered, words = found.filtered_displacement, "by XCP-D"
        else:
            notes = ("XCP-D did not filter motion: displacement of unfiltered motion is used",)
    return motion._replace(
        displacement=found.framewise_displacement,
        filtered=filtered,
        filter_words=words,
        notes=notes,
    )


def _filtered_displacement(
    run: RunInputs, table: pd.DataFrame, cleaning: CleaningSpec, notes: list[str]
) -> tuple[np.ndarray, str]:
    """Return displacement of filtered motion parameters, and the filter in words."""
    absent = [name for name in MOTION if name not in table]
    if absent:
        raise InputDataError(
            f"The confounds table lacks {', '.join(f'`{name}`' for name in absent)}: motion "
            "cannot be filtered.",
            path=run.confounds,
            cure="Set `cleaning.motion_filter: none`, or make the table again.",
        )
    if run.t_r is None:
        raise InputDataError(
            "The repetition time is not known, which a filter of motion parameters needs.",
            path=run.confounds,
            cure="Add `RepetitionTime` to the sidecar, or set `cleaning.motion_filter: none`.",
        )
    motion = table[list(MOTION)].to_numpy(dtype=float)
    try:
        if cleaning.motion_filter == "low_pass":
            cutoff = cleaning.motion_filter_cutoff
            words = f"low-pass, {cutoff:g} Hz"
            done = low_pass_motion(motion, t_r=run.t_r, cutoff=cutoff, order=FILTER_ORDER)
        else:
            low, high = cleaning.motion_filter_band
            words = f"notch, {low:g}-{high:g} Hz"
            done = notch_motion(motion, t_r=run.t_r, band=(low, high), order=FILTER_ORDER)
    except BidsKetamineError as error:
        error.path = error.path or run.confounds
        raise
    notes.extend(done.notes)
    return power_displacement(done.motion), words


def censored(
    motion: Motion, cleaning: CleaningSpec, *, without_values: np.ndarray | None = None
) -> Censoring:
    """Mark the volumes of a run that the study leaves out.

    Parameters
    ----------
    motion : Motion
        Of the run.
    cleaning : CleaningSpec
        Thresholds.
    without_values : ndarray of bool, shape (n_scans,), optional
        Volumes that a table has no values of.
    """
    return censor_volumes(
        framewise_displacement=motion.filtered,
        dvars=motion.dvars,
        non_steady_state=motion.non_steady_state,
        displacement_threshold=cleaning.framewise_displacement or None,
        dvars_threshold=cleaning.std_dvars or None,
        minimum_segment=cleaning.minimum_segment,
        without_values=without_values,
    )


def filtered_column(motion: Motion) -> Mapping[str, np.ndarray]:
    """Return the further column of the quality table: displacement of filtered motion."""
    return (
        {} if motion.filter_words is None else {"framewise_displacement_filtered": motion.filtered}
    )
