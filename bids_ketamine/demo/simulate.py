"""One BOLD run from its parts: tissue, activation, shared fluctuations and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bids_ketamine.demo.brain import INTENSITY, RELATIVE_NOISE, Brain
from bids_ketamine.demo.motion import framewise_displacement, simulate_motion
from bids_ketamine.demo.noise import (
    Float32Array,
    autoregressive_noise,
    drift,
    motion_artefact,
    physiology,
    smooth_in_space,
)
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.regions import FloatArray


@dataclass(frozen=True)
class SimulatedRun:
    """A run as the scanner and the preprocessing would give it.

    Attributes
    ----------
    intensity : ndarray of shape (n_volumes, n_voxels)
        Image intensity, arbitrary units.
    motion : ndarray of shape (n_volumes, 6)
        Translations, mm, then rotations, rad.
    displacement : ndarray of shape (n_volumes,)
        Framewise displacement, mm.
    n_saturated : int
        Leading volumes before the steady state.
    """

    intensity: Float32Array
    motion: FloatArray
    displacement: FloatArray
    n_saturated: int


def simulate_noise(
    *,
    motion: FloatArray,
    displacement: FloatArray,
    t_r: float,
    brain: Brain,
    model: ForwardModel,
    generator: np.random.Generator,
) -> Float32Array:
    """Return all that is not of the regions: shape (n_volumes, n_voxels), percent.

    In grey matter the standard deviation over time is ``100 / temporal_snr`` percent, shared
    out as the model says; what motion does comes on top.

    Parameters
    ----------
    motion : ndarray of shape (n_volumes, 6)
        Translations, mm, then rotations, rad.
    displacement : ndarray of shape (n_volumes,)
        Framewise displacement, mm.
    t_r : float
        Repetition time, s.
    brain : Brain
        The grid.
    model : ForwardModel
        Noise level and its shares.
    generator : numpy.random.Generator
        Source of randomness.
    """
    n_volumes = len(motion)
    own = autoregressive_noise(
        n_volumes=n_volumes,
        n_voxels=brain.n_voxels,
        coefficient=model.autocorrelation.value,
        generator=generator,
    )
    own = smooth_in_space(own, brain=brain, fwhm=model.noise_fwhm.value)
    own_share = 1.0 - model.physiology_share.value - model.drift_share.value
    own *= (np.sqrt(own_share) * brain.mixture(RELATIVE_NOISE)).astype(np.float32)
    slow = drift(n_volumes=n_volumes, t_r=t_r, brain=brain, model=model, generator=generator)
    shared = physiology(n_volumes=n_volumes, t_r=t_r, brain=brain, model=model, generator=generator)
    noise = own
    noise += np.float32(np.sqrt(model.drift_share.value)) * slow
    noise += np.float32(np.sqrt(model.physiology_share.value)) * shared
    noise *= np.float32(100.0 / model.temporal_snr.value)
    noise += motion_artefact(
        motion=motion, displacement=displacement, brain=brain, model=model, generator=generator
    )
    return noise


def simulate_run(
    *,
    region_signals: FloatArray,
    weights: FloatArray,
    mean_fd: float,
    t_r: float,
    brain: Brain,
    model: ForwardModel,
    generator: np.random.Generator,
    breathing: float = 0.0,
) -> SimulatedRun:
    """Return one simulated run: ``intensity = baseline (1 + percent / 100)``.

    Parameters
    ----------
    region_signals : ndarray of shape (n_volumes, n_regions)
        Activation and slow fluctuations of each region, percent signal change.
    weights : ndarray of shape (n_regions, n_voxels)
        What each voxel takes from each region.
    mean_fd : float
        Mean framewise displacement, mm.
    t_r : float
        Repetition time, s.
    brain : Brain
        The grid.
    model : ForwardModel
        Noise, motion and saturation.
    generator : numpy.random.Generator
        Source of randomness.
    breathing : float
        Amplitude of breathing in the motion parameters (`motion.simulate_motion`).

    Returns
    -------
    SimulatedRun
    """
    motion = simulate_motion(
        n_volumes=len(region_signals),
        mean_fd=mean_fd,
        jumps=model.jumps.value,
        generator=generator,
        breathing=breathing,
        t_r=t_r,
    )
    displacement = framewise_displacement(motion)
    percent = simulate_noise(
        motion=motion,
        displacement=displacement,
        t_r=t_r,
        brain=brain,
        model=model,
        generator=generator,
    )
    percent += region_signals.astype(np.float32) @ weights.astype(np.float32)
    n_saturated = int(generator.uniform() < model.saturated_runs.value)
    percent[:n_saturated] += np.float32(model.saturation.value)
    baseline = brain.mixture(INTENSITY).astype(np.float32)
    return SimulatedRun(
        intensity=baseline * (1.0 + percent / 100.0),
        motion=motion,
        displacement=displacement,
        n_saturated=n_saturated,
    )
