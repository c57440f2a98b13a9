"""Simulated task sessions with regions whose coupling is known, for ``benchmarks.coupling``.

A session has six regions, the events of the demo's face matching or Stroop (with errors), and the
preset's nuisance regressors. A region's series, in percent of the mean signal, is a sum of

* a fluctuation of standard deviation 0.5: neural activity on the microtime grid (an
  Ornstein-Uhlenbeck process of 1 s) convolved with the canonical response. Regions share it (r of
  neural activity 0.7, in every pair), or a target follows its seed, more in one condition;
* autoregressive noise (0.25 at lag 1, SD 0.3) and cosines slower than 128 s (SD 0.2), of its own;
* if asked for, a response to every condition and to errors: 0.6 percent on average, SD 0.3 over
  regions and conditions (plateau of a block, peak of one event), canonical or a second late;
* if asked for, what motion does in the demo: 0.5 percent a millimetre of each of six parameters and
  1.5 percent a millimetre of displacement beyond 0.2 mm. Half the variance of the weights is common
  to all regions. Motion is a random walk with jumps, mean displacement 0.14 mm in the median
  session; it knows nothing of the task.

Nuisance regressors are 12 series of tissue (autoregressive, not in the regions), six motion
parameters with differences, volumes of more than 0.5 mm, and responses to errors: position is in
the model, displacement only above the limit.

No region has a delay of its own, responses do not vary from trial to trial, motion does not follow
the task, and nothing is averaged over voxels: a region's mean is its own eigenvariate.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import signal

from bids_ketamine.core.connectivity.condition_regressors import mean_sampled_regressor
from bids_ketamine.core.cosines import drift_basis
from bids_ketamine.core.events import ERROR_CONDITION, model_events
from bids_ketamine.core.glm.convolution import LEAD_IN_BINS, microtime_input
from bids_ketamine.core.glm.haemodynamic_response import RESPONSE_LENGTH, canonical_response
from bids_ketamine.demo.motion import framewise_displacement, in_millimetres, simulate_motion
from bids_ketamine.demo.noise import SPIKE_THRESHOLD
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.tasks import T_R, TASKS, Trial
from bids_ketamine.study.connectivity_sections import GppiSpec
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec

TASK_NAMES = ("faces", "stroop")
N_REGIONS = 6
#: Correlation of the neural activity of two regions, its time constant (s), and the SD of its BOLD
#: signal (percent).
COUPLING, TIME_CONSTANT, FLUCTUATION = 0.7, 1.0, 0.5
#: SD of a region's noise and of its drift, percent.
NOISE, DRIFT = 0.3, 0.2
#: Mean and SD over regions of the response to a condition, percent.
RESPONSE, RESPONSE_SPREAD = 0.6, 0.3
#: Regressors of white matter and CSF, and their correlation at lag 1.
N_TISSUE, TISSUE_CORRELATION = 12, 0.5
#: Bins before the first volume in which activity already runs.
EARLY_BINS = 256
#: Distance of two bins, s.
STEP = T_R / 16

MODEL = ForwardModel()


class Design(NamedTuple):
    """A session's events and nuisance, as methods see them.

    Attributes
    ----------
    regressors : ndarray of shape (n_scans, n_conditions)
        Mean over each volume of the convolved events.
    columns : ndarray of shape (n_scans, n_conditions + 1)
        The GLM's convolved events, errors last.
    levels : ndarray of shape (16 n_scans, n_conditions + 1)
        Events and errors on the microtime grid.
    nuisance : ndarray of shape (n_scans, n_nuisance)
        Tissue, motion, single volumes.
    errors : ndarray of shape (n_scans, 1)
        Mean over each volume of the responses to errors.
    motion, displacement : ndarray of shape (n_scans, 6), (n_scans,)
        mm.
    contrast : ndarray of shape (1, n_conditions)
        The task's contrast.
    """

    regressors: np.ndarray
    columns: np.ndarray
    levels: np.ndarray
    nuisance: np.ndarray
    errors: np.ndarray
    motion: np.ndarray
    displacement: np.ndarray
    contrast: np.ndarray

    @property
    def n_scans(self) -> int:
        """Volumes."""
        return len(self.regressors)

    @property
    def inputs(self) -> np.ndarray:
        """Events of conditions on the microtime grid, shape (16 n_scans, n_conditions)."""
        return self.levels[:, :-1]

    @property
    def confounds(self) -> np.ndarray:
        """What methods conn and joint take for nuisance, shape (n_scans, n_nuisance + 1)."""
        return np.column_stack([self.nuisance, self.errors])

    @property
    def other_columns(self) -> np.ndarray:
        """Columns of the GLM other than conditions and drift."""
        return np.column_stack([self.columns[:, -1], self.nuisance, np.ones(self.n_scans)])


@cache
def preset() -> StudySpec:
    """Return the preset."""
    return load_study("norbury2021").spec


def gppi_rules() -> GppiSpec:
    """Return the preset's section on generalized PPI."""
    rules = preset().gppi
    if rules is None:
        raise ValueError("the preset has no generalized PPI")
    return rules


def reference_bin() -> int:
    """Return the bin of a volume at which it is sampled, counted from 1."""
    chosen = preset().glm.reference_bin
    if chosen is None:
        raise ValueError("the preset has no reference bin")
    return chosen


def draw_design(task_name: str, source: np.random.Generator) -> Design:
    """Draw a session's events, motion and nuisance."""
    (rules,) = (each for each in preset().tasks if each.name == task_name)
    task = TASKS[task_name]
    if task.make_trials is None:
        raise ValueError(f"{task_name} has no trials")
    modelled = model_events(
        pd.DataFrame(task.make_trials(source), columns=list(Trial._fields)),
        trial_type_column=rules.trial_type_column,
        conditions=rules.conditions,
        error_trials=rules.error_trials,
        scan_duration=task.n_volumes * T_R,
    )
    names = [rule.name for rule in rules.conditions]
    (contrast,) = rules.contrasts
    levels, sampled = zip(
        *(laid_out(modelled.table, name, task.n_volumes) for name in [*names, ERROR_CONDITION]),
        strict=True,
    )
    motion = simulate_motion(
        n_volumes=task.n_volumes,
        mean_fd=MODEL.mean_fd.value * np.exp(MODEL.mean_fd_spread.value * source.normal()),
        jumps=MODEL.jumps.value,
        generator=source,
    )
    displacement = np.nan_to_num(framewise_displacement(motion))
    position = in_millimetres(motion)
    return Design(
        regressors=np.column_stack(sampled[:-1]),
        columns=bold(np.column_stack(levels)),
        levels=np.column_stack(levels),
        nuisance=np.column_stack(
            [
                autoregressive(task.n_volumes, N_TISSUE, TISSUE_CORRELATION, source),
                position,
                np.diff(position, axis=0, prepend=position[:1]),
                np.eye(task.n_volumes)[:, displacement > outlier_limit()],
            ]
        ),
        errors=sampled[-1][:, None],
        motion=position - position.mean(axis=0),
        displacement=displacement,
        contrast=np.array([[(contrast.weights or {}).get(name, 0.0) for name in names]]),
    )


def outlier_limit() -> float:
    """Return the displacement above which a volume has a regressor of its own, mm."""
    rule = gppi_rules().confounds.outliers
    if rule is None or rule.framewise_displacement is None:
        raise ValueError("the preset has no outliers")
    return rule.framewise_displacement


def laid_out(table: pd.DataFrame, name: str, n_scans: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a condition's events on the microtime grid, and its regressor of method conn."""
    own = table[table["trial_type"] == name]
    onsets, durations = (own[column].to_numpy(dtype=float) for column in ("onset", "duration"))
    level = microtime_input(
        onsets=onsets, durations=durations, t_r=T_R, n_scans=n_scans, microtime_resolution=16
    )
    regressor = mean_sampled_regressor(onsets=onsets, durations=durations, t_r=T_R, n_scans=n_scans)
    return level[LEAD_IN_BINS:], regressor


def bold(activity: np.ndarray, *, early: int = 0, delay: float = 0.0) -> np.ndarray:
    """Convolve activity on the microtime grid, and sample it at the preset's reference bin."""
    response = canonical_response(interval=STEP, length=RESPONSE_LENGTH + delay, onset=delay)
    convolved = signal.fftconvolve(activity, response[:, None], axes=0)
    first = early + reference_bin() - 1
    return np.asarray(convolved[first : len(activity) : 16])


def autoregressive(
    n_scans: int, n_series: int, coefficient: float, source: np.random.Generator
) -> np.ndarray:
    """Return noise of variance 1."""
    n_early = 50
    white = source.standard_normal((n_early + n_scans, n_series)) * np.sqrt(1 - coefficient**2)
    return np.asarray(signal.lfilter([1.0], [1.0, -coefficient], white, axis=0)[n_early:])


@cache
def neural_scale() -> float:
    """Return the SD of activity for which its BOLD signal has that of a fluctuation."""
    decay = np.exp(-STEP / TIME_CONSTANT)
    echo = decay ** np.arange(round(20 * TIME_CONSTANT / STEP)) * np.sqrt(1 - decay**2)
    response = canonical_response(interval=STEP, length=RESPONSE_LENGTH)
    return FLUCTUATION / float(np.linalg.norm(np.convolve(echo, response)))


def neural_activity(n_scans: int, n_series: int, source: np.random.Generator) -> np.ndarray:
    """Return independent activity with its early bins, (EARLY_BINS + 16 n_scans, n_series)."""
    decay = float(np.exp(-STEP / TIME_CONSTANT))
    return neural_scale() * autoregressive(EARLY_BINS + 16 * n_scans, n_series, decay, source)


def coupled_activity(n_scans: int, source: np.random.Generator) -> np.ndarray:
    """Return activity of six regions, each pair correlated alike."""
    activity = neural_activity(n_scans, N_REGIONS + 1, source)
    common, own = activity[:, :1], activity[:, 1:]
    return np.sqrt(COUPLING) * common + np.sqrt(1.0 - COUPLING) * own


def response_heights(design: Design, n_regions: int, source: np.random.Generator) -> np.ndarray:
    """Draw how strongly regions respond, percent, shape (n_conditions + 1, n_regions)."""
    return source.normal(RESPONSE, RESPONSE_SPREAD, (design.levels.shape[1], n_regions))


def evoked(design: Design, heights: np.ndarray, *, delay: float = 0.0) -> np.ndarray:
    """Return responses of regions to conditions and errors."""
    peak = canonical_response(interval=STEP, length=RESPONSE_LENGTH).max() / STEP
    # Blocks have plateaus of 1; an event's response peaks as that of an impulse.
    units = np.where(design.levels.max(axis=0) == 1.0, 1.0, peak)
    return bold(design.levels, delay=delay) / units @ heights


def motion_artefact(design: Design, n_regions: int, source: np.random.Generator) -> np.ndarray:
    """Return what motion does to regions, by the demo's forward model."""
    weights = source.standard_normal((7, n_regions)) + source.standard_normal((7, 1))
    weights *= np.sqrt(0.5)
    loss = -MODEL.spike_drop.value * np.clip(design.displacement - SPIKE_THRESHOLD, 0.0, None)
    position = MODEL.motion_sensitivity.value * design.motion
    return position @ weights[:6] + np.outer(loss, 1.0 + 0.5 * weights[6])


def own_noise(n_scans: int, n_regions: int, source: np.random.Generator) -> np.ndarray:
    """Return noise and drifts that regions do not share."""
    cosines = drift_basis(n_scans=n_scans, t_r=T_R, high_pass_period=MODEL.drift_cutoff.value)
    strength = 1.0 / np.arange(1, cosines.shape[1] + 1)
    strength *= np.sqrt(n_scans / np.sum(strength**2))
    drifts = (cosines * strength) @ source.standard_normal((cosines.shape[1], n_regions))
    noise = autoregressive(n_scans, n_regions, MODEL.autocorrelation.value, source)
    return NOISE * noise + DRIFT * drifts


def disturbances(design: Design, source: np.random.Generator) -> np.ndarray:
    """Return noise, responses and motion of regions."""
    noise = own_noise(design.n_scans, N_REGIONS, source)
    responses = evoked(design, response_heights(design, N_REGIONS, source))
    return noise + responses + motion_artefact(design, N_REGIONS, source)
