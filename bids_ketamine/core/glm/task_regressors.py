"""Events -> task regressors: SPM's sampling of a microtime grid, or nilearn's."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from nilearn.glm.first_level import compute_regressor

from bids_ketamine.core.event_rules import derivative_names, modulator_name
from bids_ketamine.core.glm.convolution import (
    lead_in_for,
    microtime_input,
    orthogonalized,
    sample_regressor,
)
from bids_ketamine.core.glm.haemodynamic_response import response_basis

#: Points a repetition time at which nilearn builds regressors before sampling them.
OVERSAMPLING = 50

Modulators = Mapping[str, Mapping[str, np.ndarray]]


class Sampling(NamedTuple):
    """How regressors are built.

    Attributes
    ----------
    t_r : float
        Repetition time, s.
    n_scans : int
        Volumes.
    hrf_model : str
        Haemodynamic response.
    reference_time : float
        Time within a volume to which its slices refer, s.
    orthogonalize : bool
        Whether each further regressor of a condition is made orthogonal to those before it.
    microtime_resolution : int or None
        Bins a repetition time of SPM's grid; None for nilearn's regressors.
    reference_bin : int or None
        Bin (from 1) at which a volume is sampled; None for that of the reference time.
    """

    t_r: float
    n_scans: int
    hrf_model: str
    reference_time: float
    orthogonalize: bool
    microtime_resolution: int | None
    reference_bin: int | None

    @property
    def bin(self) -> int:
        """Bin (from 1) at which a volume is sampled on the microtime grid."""
        if self.microtime_resolution is None:
            raise ValueError("regressors without a microtime grid")
        if self.reference_bin is not None:
            return self.reference_bin
        nearest = round(self.reference_time / self.t_r * self.microtime_resolution) + 1
        return min(max(nearest, 1), self.microtime_resolution)

    @property
    def time(self) -> float:
        """Time within a volume at which regressors are sampled, s."""
        if self.microtime_resolution is None:
            return self.reference_time
        return (self.bin - 1) * self.t_r / self.microtime_resolution


def task_regressors(
    events: pd.DataFrame, modulators: Modulators, sampling: Sampling, *, first: Sequence[str]
) -> dict[str, np.ndarray]:
    """Build the regressors of all conditions.

    A condition whose events all have zero duration is made of impulses of unit area (height
    1 / dt on a grid of step dt), so that its effect is the response to an event of one second's
    worth of input and does not depend on the grid. A condition gives a regressor, one for each
    further function of the response, then the same for each of its modulators.

    Parameters
    ----------
    events : DataFrame
        ``onset`` (s), ``duration`` (s), ``trial_type``.
    modulators : mapping
        For each condition that has any: values of each modulator, without their mean, in the
        order of its rows.
    sampling : Sampling
        How regressors are built.
    first : sequence of str
        Conditions in the order in which they come; others follow in that of their events.

    Returns
    -------
    dict of str to ndarray of shape (n_scans,)
        Regressors by name.
    """
    build = _nilearn_regressors if sampling.microtime_resolution is None else _microtime_regressors
    regressors: dict[str, np.ndarray] = {}
    names = dict.fromkeys([*first, *events["trial_type"]])
    groups = dict(list(events.groupby("trial_type", sort=False)))
    for name in (each for each in names if each in groups):
        own = groups[name]
        onsets = own["onset"].to_numpy(dtype=float)
        durations = own["duration"].to_numpy(dtype=float)
        condition = str(name)
        built = build(condition, onsets, durations, None, sampling)
        for column, values in modulators.get(condition, {}).items():
            built |= build(modulator_name(condition, column), onsets, durations, values, sampling)
        if sampling.orthogonalize:
            built = dict(zip(built, orthogonalized(list(built.values())), strict=True))
        regressors |= built
    return regressors


def _microtime_regressors(
    name: str,
    onsets: np.ndarray,
    durations: np.ndarray,
    amplitudes: np.ndarray | None,
    sampling: Sampling,
) -> dict[str, np.ndarray]:
    resolution = sampling.microtime_resolution
    if resolution is None:
        raise ValueError("regressors without a microtime grid")
    step = sampling.t_r / resolution
    lead_in_bins = lead_in_for(onsets, step)
    level = microtime_input(
        onsets=onsets,
        durations=durations,
        t_r=sampling.t_r,
        n_scans=sampling.n_scans,
        microtime_resolution=resolution,
        amplitudes=amplitudes,
        lead_in_bins=lead_in_bins,
    )
    basis = response_basis(sampling.hrf_model, interval=step)
    names = (name, *derivative_names(name, sampling.hrf_model))
    return {
        each: sample_regressor(
            level,
            response,
            n_scans=sampling.n_scans,
            microtime_resolution=resolution,
            reference_bin=sampling.bin,
            lead_in_bins=lead_in_bins,
        )
        for each, response in zip(names, basis.T, strict=True)
    }


def _nilearn_regressors(
    name: str,
    onsets: np.ndarray,
    durations: np.ndarray,
    amplitudes: np.ndarray | None,
    sampling: Sampling,
) -> dict[str, np.ndarray]:
    height = OVERSAMPLING / sampling.t_r if not durations.any() else 1.0
    level = np.full(len(onsets), height)
    if amplitudes is not None:
        level *= amplitudes
    frame_times = np.arange(sampling.n_scans) * sampling.t_r + sampling.reference_time
    with warnings.catch_warnings():
        # Onsets long before the first volume: their response has passed.
        warnings.simplefilter("ignore", UserWarning)
        values, names = compute_regressor(
            (onsets, durations, level),
            sampling.hrf_model,
            frame_times,
            con_id=name,
            oversampling=OVERSAMPLING,
        )
    return dict(zip(names, values.T, strict=True))
