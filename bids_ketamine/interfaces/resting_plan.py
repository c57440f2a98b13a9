"""How a resting run is cleaned: volumes that are used, and a projection for each nuisance model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.cleaning.censoring import Censoring
from bids_ketamine.core.cleaning.frame_filter import FrameFilter, frame_filter
from bids_ketamine.core.cleaning.nuisance_models import ModelRegressors, model_regressors
from bids_ketamine.core.cleaning.projection import CleaningProjection, cleaning_projection
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.errors import BidsKetamineError, InputDataError, InputMissingError
from bids_ketamine.interfaces.resting_motion import (
    Motion,
    censored,
    motion_of_xcpd,
    read_motion,
    unknown_motion,
)
from bids_ketamine.interfaces.resting_series import RegionSeries
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.runs import ConfoundTable, read_confound_table
from bids_ketamine.study.spec import CleaningSpec

#: Name of the model of series that were cleaned elsewhere.
NO_MODEL = "none"

AS_THEY_ARE = "time series are used as they are: no nuisance regression, no band-pass here"
NOTHING_BEFORE = "the time series were cleaned elsewhere"


class CleaningPlan(NamedTuple):
    """How a run is cleaned; its images need not have been read for that.

    Attributes
    ----------
    censoring : Censoring
        Volumes that are used.
    motion : Motion
        Of the run.
    models : tuple of str
        Nuisance models of the study.
    projections : dict of str to CleaningProjection
        Those that the run can be cleaned with.
    reasons : dict of str to str
        Why it cannot be cleaned with the others.
    regressors : DataFrame
        Nuisance regressors of the first model.
    band : tuple of float or None
        Frequencies kept, Hz.
    notes : tuple of str
        What a reader should know.
    """

    censoring: Censoring
    motion: Motion
    models: tuple[str, ...]
    projections: dict[str, CleaningProjection]
    reasons: dict[str, str]
    regressors: pd.DataFrame
    band: tuple[float, ...] | None
    notes: tuple[str, ...]

    @property
    def kept(self) -> np.ndarray:
        """Volumes that are used."""
        return self.censoring.kept

    @property
    def nuisance(self) -> Nuisance:
        """State of the volumes in the words of runs: an outlier is left out."""
        unsteady = self.motion.non_steady_state
        return Nuisance(
            regressors=self.regressors,
            framewise_displacement=self.motion.displacement,
            std_dvars=self.motion.dvars,
            outlier=~self.kept & ~unsteady,
            non_steady_state=unsteady,
            notes=self.notes,
        )


def cleaning_section(settings: RestSettings) -> CleaningSpec:
    """Return the study's section on cleaning, which must be there."""
    if settings.cleaning is None:
        raise ValueError("a study without cleaning")
    return settings.cleaning


def plan_cleaning(
    run: RunInputs,
    n_scans: int,
    settings: RestSettings,
    *,
    without_values: np.ndarray | None = None,
    read: RegionSeries | None = None,
) -> CleaningPlan:
    """Prepare the cleaning of a run from its confounds table.

    Parameters
    ----------
    run : RunInputs
        The run.
    n_scans : int
        Volumes of its series.
    settings : RestSettings
        Cleaning and band.
    without_values : ndarray of bool, shape (n_scans,), optional
        Volumes that a table has no values of.
    read : RegionSeries, optional
        Not needed.

    Raises
    ------
    InputMissingError
        If there is no confounds table.
    InputDataError
        If the table holds what it must not, or the repetition time is not known.
    """
    cleaning, band = cleaning_section(settings), settings.rest.band_pass
    confounds = read_confound_table(run, n_scans)
    if confounds.table is None:
        raise InputMissingError(
            "There is no confounds table, of which nuisance regressors and motion are asked for.",
            path=run.bold or run.timeseries,
            cure="Add it; series without one can only be correlated without `cleaning`, as tables.",
        )
    if band is not None and run.t_r is None:
        raise InputDataError(
            "The repetition time is not known, which the band-pass filter needs.",
            path=run.bold or run.timeseries,
            cure="Add `RepetitionTime` to the sidecar, or set `rest.band_pass: null`.",
        )
    motion = read_motion(run, confounds, cleaning)
    censoring = censored(motion, cleaning, without_values=without_values)
    shared = frame_filter(
        censoring.kept,
        t_r=run.t_r,
        band_pass=None if band is None else (band[0], band[1]),
        censored_volumes=cleaning.censored_volumes,
    )
    projections: dict[str, CleaningProjection] = {}
    reasons: dict[str, str] = {}
    notes = [*motion.notes, *censoring.notes]
    regressors = pd.DataFrame(index=range(n_scans))
    for name in cleaning.models:
        found = _regressors(run, confounds, name, cosines=band is None)
        notes += found.notes
        if name == cleaning.models[0]:
            regressors = found.regressors
        reason = shared.reason or found.reason
        if not reason:
            projection = _projection(run, found.regressors, shared, cleaning)
            reason = projection.reason
        if reason:
            reasons[name] = reason
        else:
            projections[name] = projection
    return CleaningPlan(
        censoring=censoring,
        motion=motion,
        models=cleaning.models,
        projections=projections,
        reasons=reasons,
        regressors=regressors,
        band=band,
        notes=tuple(dict.fromkeys(notes)),
    )


def _regressors(
    run: RunInputs, confounds: ConfoundTable, name: str, *, cosines: bool
) -> ModelRegressors:
    if confounds.table is None:
        raise ValueError("a run without a confounds table")
    try:
        return model_regressors(
            confounds.table, name=name, metadata=confounds.metadata, cosines=cosines
        )
    except BidsKetamineError as error:
        error.path = error.path or run.confounds
        raise


def _projection(
    run: RunInputs, regressors: pd.DataFrame, shared: FrameFilter, cleaning: CleaningSpec
) -> CleaningProjection:
    try:
        return cleaning_projection(
            regressors.to_numpy(dtype=float),
            frame_filter=shared,
            linear_trend=cleaning.linear_trend,
        )
    except BidsKetamineError as error:
        error.path = error.path or run.confounds
        raise


def plan_as_is(
    run: RunInputs,
    n_scans: int,
    settings: RestSettings,
    *,
    without_values: np.ndarray | None = None,
    read: RegionSeries | None = None,
) -> CleaningPlan:
    """Prepare a table that was cleaned elsewhere: volumes are left out, and nothing else is done.

    Parameters
    ----------
    run : RunInputs
        The run.
    n_scans : int
        Rows of its table, volumes that XCP-D took out counted.
    settings : RestSettings
        Cleaning.
    without_values : ndarray of bool, shape (n_scans,), optional
        Volumes that a table has no values of.
    read : RegionSeries, optional
        The table, for what XCP-D says of its volumes.
    """
    cleaning = cleaning_section(settings)
    notes: list[str] = []
    motion = _motion_as_is(run, n_scans, cleaning, read, notes)
    censoring = censored(motion, cleaning, without_values=without_values)
    shared = frame_filter(censoring.kept, t_r=None, band_pass=None, censored_volumes="left_out")
    nothing = pd.DataFrame(index=range(n_scans))
    projection = cleaning_projection(
        np.empty((n_scans, 0)), frame_filter=shared, linear_trend=False
    )
    reasons = dict.fromkeys(cleaning.models[1:], f"{NOTHING_BEFORE}, with a model of its own")
    if projection.reason:
        reasons[NO_MODEL] = projection.reason
    return CleaningPlan(
        censoring=censoring,
        motion=motion,
        models=(NO_MODEL,),
        projections={} if projection.reason else {NO_MODEL: projection},
        reasons=reasons,
        regressors=nothing,
        band=None,
        notes=tuple(dict.fromkeys([*motion.notes, *censoring.notes, *notes, AS_THEY_ARE])),
    )


def _motion_as_is(
    run: RunInputs,
    n_scans: int,
    cleaning: CleaningSpec,
    read: RegionSeries | None,
    notes: list[str],
) -> Motion:
    xcpd = None if read is None else read.xcpd
    if xcpd is not None and np.isfinite(xcpd.framewise_displacement).any():
        return motion_of_xcpd(xcpd, cleaning)
    if run.confounds is None:
        return unknown_motion(n_scans)
    confounds = read_confound_table(run, None)
    if confounds.n_scans != n_scans:
        notes.append("the confounds table has other volumes than the time series: motion unknown")
        return unknown_motion(n_scans)
    return read_motion(run, confounds, cleaning)
