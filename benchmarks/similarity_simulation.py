"""Simulated sessions of :mod:`benchmarks.similarity`: noise, patterns, events, nuisance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from bids_ketamine.core.glm.task_fit import RunData
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.demo.haemodynamics import task_response
from bids_ketamine.demo.noise import FWHM_PER_SD, autoregressive_noise
from bids_ketamine.demo.tasks import (
    EMOTIONS,
    FACE_BEHAVIOUR,
    FACE_TRIAL,
    LEAD_IN,
    T_R,
    TASKS,
    Trial,
    answer,
    face_matching_trials,
)
from bids_ketamine.study.spec import StudySpec

#: Voxels of 2 mm, centres of the two regions, and the square of their radius, in voxels.
BOX, VOXEL_SIZE = (18, 12, 12), 2.0
CENTRES, SQUARED_RADIUS = ((4, 6, 6), (13, 6, 6)), 13
#: Signal, and the standard deviation of its noise, percent.
BASELINE, NOISE = 1000.0, 1.0
#: Mean and standard deviation over voxels of a response, percent.
RESPONSE, RESPONSE_SPREAD = 0.6, 0.3
#: Nuisance series, their lag-1 correlation, and volumes with a regressor of their own.
N_SERIES, SERIES_CORRELATION, N_SINGLE = 12, 0.5, 4
#: Squared Mahalanobis distance / voxel of the planted pattern.
PLANTED = 0.1


def presented_twice(source: np.random.Generator) -> list[Trial]:
    """Return a run with two blocks of three trials of each emotion, shapes around them."""
    order = ["shapes"]
    for _ in range(2):
        for index in source.permutation(len(EMOTIONS)):
            order += [EMOTIONS[index], "shapes"]
    trials, onset = [], LEAD_IN
    for condition in order:
        for _ in range(3):
            trials.append(answer(round(onset, 3), FACE_TRIAL, condition, FACE_BEHAVIOUR, source))
            onset += FACE_TRIAL
        onset += round(float(source.uniform(14.0, 17.0)), 1)
    return trials


#: By partition: the run's trials, and its volumes.
RUNS: dict[str, tuple[Callable[[np.random.Generator], list[Trial]], int]] = {
    "half_block": (face_matching_trials, TASKS["faces"].n_volumes),
    "block": (presented_twice, 270),
}


class Space(NamedTuple):
    """Voxels and their noise.

    Attributes
    ----------
    regions : list of ndarray of int
        Voxels of each region.
    covariances : list of ndarray of shape (n_voxels, n_voxels)
        Of their noise, of variance 1.
    smoothness, autocorrelation : float
        Full width at half maximum of the noise, voxels; its lag-1 correlation in time.
    """

    regions: list[np.ndarray]
    covariances: list[np.ndarray]
    smoothness: float
    autocorrelation: float

    @classmethod
    def of(cls, *, smoothness: float, autocorrelation: float) -> Space:
        """Lay out the regions, with the covariance that the filter of noise gives them."""
        places = np.argwhere(np.ones(BOX, dtype=bool))
        regions = [
            np.flatnonzero(((places - centre) ** 2).sum(axis=1) <= SQUARED_RADIUS)
            for centre in CENTRES
        ]
        impulse = np.zeros((1, *BOX))
        impulse[0, 0, 0, 0] = 1.0
        kernel = _smooth(impulse, smoothness)[0]
        # The box closes on itself: the covariance depends on the distance alone.
        shared = np.fft.ifftn(np.abs(np.fft.fftn(kernel)) ** 2).real
        covariances = [
            shared[tuple(np.moveaxis((places[own, None] - places[own]) % BOX, -1, 0))]
            / shared[0, 0, 0]
            for own in regions
        ]
        return cls(regions, covariances, smoothness, autocorrelation)

    def maps(self, white: np.ndarray) -> np.ndarray:
        """Return smooth maps of variance 1 made of white ones, shape (n_maps, n_voxels)."""
        smooth = _smooth(white.reshape(-1, *BOX), self.smoothness).reshape(len(white), -1)
        impulse = np.zeros((1, *BOX))
        impulse[0, 0, 0, 0] = 1.0
        return smooth / np.linalg.norm(_smooth(impulse, self.smoothness))


def _smooth(volumes: np.ndarray, fwhm: float) -> np.ndarray:
    sd = fwhm / FWHM_PER_SD
    return np.asarray(gaussian_filter(volumes, (0.0, sd, sd, sd), mode="wrap"))


class Simulated(NamedTuple):
    """A run as the app would read it, and how the pattern of fearful differs, percent."""

    data: RunData
    events: pd.DataFrame
    nuisance: Nuisance
    difference: np.ndarray


def simulate(
    partition: str, space: Space, study: StudySpec, source: np.random.Generator
) -> Simulated:
    """Simulate a run."""
    make_trials, n_scans = RUNS[partition]
    events = pd.DataFrame(make_trials(source), columns=list(Trial._fields))
    patterns = RESPONSE + RESPONSE_SPREAD * space.maps(source.standard_normal((2, np.prod(BOX))))
    faces, shapes = patterns
    planted = np.sqrt(PLANTED) * NOISE * space.maps(source.standard_normal((1, len(faces))))[0]
    difference = np.zeros(len(faces))
    difference[space.regions[1]] = planted[space.regions[1]]
    white = autoregressive_noise(
        n_volumes=n_scans,
        n_voxels=len(faces),
        coefficient=space.autocorrelation,
        generator=source,
    )
    percent = NOISE * space.maps(white)
    reference_bin = study.glm.reference_bin or 1
    times = (np.arange(n_scans) + (reference_bin - 1) / study.glm.microtime_resolution) * T_R
    for trial_type, own in events.groupby("trial_type"):
        pattern = shapes if trial_type == "shapes" else faces
        if trial_type == "fearful":
            pattern = pattern + difference
        # Trials follow each other without a gap: their responses add up to those of blocks.
        evoked = task_response(
            onsets=own["onset"].to_numpy(),
            durations=own["duration"].to_numpy(),
            frame_times=times,
            unit="plateau",
        )
        percent += np.outer(evoked, pattern)
    series = (BASELINE * (1.0 + percent / 100.0)).astype(np.float32)
    data = RunData(series, series.mean(axis=1, dtype=np.float64), space.regions)
    return Simulated(data, events, draw_nuisance(n_scans, source), difference)


def draw_nuisance(n_scans: int, source: np.random.Generator) -> Nuisance:
    """Draw nuisance series, and volumes with a regressor of their own; none is in the data."""
    series = autoregressive_noise(
        n_volumes=n_scans, n_voxels=N_SERIES, coefficient=SERIES_CORRELATION, generator=source
    )
    single = np.sort(source.choice(n_scans, N_SINGLE, replace=False))
    columns = np.column_stack([series.astype(float), np.eye(n_scans)[:, single]])
    unknown, outlier = np.full(n_scans, np.nan), np.isin(np.arange(n_scans), single)
    names = [f"nuisance_{number}" for number in range(columns.shape[1])]
    return Nuisance(
        pd.DataFrame(columns, columns=names), unknown, unknown, outlier, np.zeros_like(outlier), ()
    )
