"""BOLD noise: autocorrelated in time, lightly smooth in space, drifts, physiology, motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from bids_ketamine.demo.brain import Brain
from bids_ketamine.demo.coupling import band_limited_noise
from bids_ketamine.demo.motion import in_millimetres
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.regions import FloatArray

Float32Array = NDArray[np.float32]

#: Full width at half maximum over standard deviation of a Gaussian.
FWHM_PER_SD = float(np.sqrt(8.0 * np.log(2.0)))

#: How strongly each physiological series enters each tissue; only the relations matter.
#: Slow vasomotion is everywhere, pulsation lives in fluid, respiration is patchy.
PHYSIOLOGY_WEIGHTS = {
    "vasomotion": {"grey_matter": 1.0, "white_matter": 0.5, "csf": 0.7, "rim": 0.5},
    "pulsation": {"grey_matter": 0.8, "white_matter": 0.4, "csf": 3.0, "rim": 1.0},
    "respiration": {"grey_matter": 0.8, "white_matter": 0.8, "csf": 0.8, "rim": 1.0},
}

#: Smoothness of the random maps by which shared noise varies over the head, mm.
MAP_FWHM = 30.0

#: Displacement from which a movement also costs signal, mm.
SPIKE_THRESHOLD = 0.2


def smooth_in_space(values: Float32Array, *, brain: Brain, fwhm: float) -> Float32Array:
    """Smooth independent voxel noise so that each voxel keeps its variance.

    Parameters
    ----------
    values : ndarray of shape (n_volumes, n_voxels)
        Independent over voxels, with one variance.
    brain : Brain
        The grid.
    fwhm : float
        Full width at half maximum of the Gaussian, mm.

    Returns
    -------
    ndarray of shape (n_volumes, n_voxels)
    """
    sd = fwhm / FWHM_PER_SD / brain.voxel_size
    smooth = gaussian_filter(brain.volume(values), (0.0, sd, sd, sd), mode="constant")
    smooth = smooth[:, brain.head]
    # The variance left by the kernel, from its squared weights: less is left at the edge.
    size = 2 * int(4.0 * sd + 0.5) + 1
    impulse = np.zeros(size)
    impulse[size // 2] = 1.0
    squared = gaussian_filter(impulse, sd, mode="constant") ** 2
    variance = brain.volume(np.ones(brain.n_voxels))
    for axis in range(3):
        variance = np.apply_along_axis(np.convolve, axis, variance, squared, mode="same")
    return smooth / np.sqrt(variance[brain.head]).astype(np.float32)


def random_maps(
    n_maps: int, *, brain: Brain, fwhm: float, generator: np.random.Generator
) -> Float32Array:
    """Return smooth random maps of expected mean square 1, shape (n_maps, n_voxels)."""
    white = generator.standard_normal((n_maps, brain.n_voxels), dtype=np.float32)
    return smooth_in_space(white, brain=brain, fwhm=fwhm)


def autoregressive_noise(
    *, n_volumes: int, n_voxels: int, coefficient: float, generator: np.random.Generator
) -> Float32Array:
    """Return stationary noise ``x[t] = a x[t-1] + sqrt(1 - a^2) e[t]`` of variance 1.

    Parameters
    ----------
    n_volumes, n_voxels : int
        Size.
    coefficient : float
        Lag-1 correlation a, between -1 and 1.
    generator : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_volumes, n_voxels)
    """
    noise = generator.standard_normal((n_volumes, n_voxels), dtype=np.float32)
    innovation = np.float32(np.sqrt(1.0 - coefficient**2))
    for volume in range(1, n_volumes):
        noise[volume] *= innovation
        noise[volume] += np.float32(coefficient) * noise[volume - 1]
    return noise


def cosine_basis(*, n_volumes: int, t_r: float, shortest_period: float) -> FloatArray:
    """Return the discrete cosines slower than a period, without the constant.

    Parameters
    ----------
    n_volumes : int
        Length of the run.
    t_r : float
        Repetition time, s.
    shortest_period : float
        Period of the fastest cosine, s.

    Returns
    -------
    ndarray of shape (n_volumes, n_cosines)
        Orthonormal columns.

    Examples
    --------
    >>> cosine_basis(n_volumes=215, t_r=2.0, shortest_period=128.0).shape
    (215, 6)
    """
    n_cosines = int(np.floor(2.0 * n_volumes * t_r / shortest_period))
    phase = np.pi * (np.arange(n_volumes) + 0.5) / n_volumes
    return np.sqrt(2.0 / n_volumes) * np.cos(phase[:, None] * np.arange(1, n_cosines + 1))


def drift(
    *, n_volumes: int, t_r: float, brain: Brain, model: ForwardModel, generator: np.random.Generator
) -> Float32Array:
    """Return slow drifts of variance 1 that vary smoothly over the head.

    Returns
    -------
    ndarray of shape (n_volumes, n_voxels)
        Expected variance over time 1; slower cosines are stronger, in amplitude as 1/order.
    """
    basis = cosine_basis(n_volumes=n_volumes, t_r=t_r, shortest_period=model.drift_cutoff.value)
    strength = 1.0 / np.arange(1, basis.shape[1] + 1)
    strength *= np.sqrt(n_volumes / np.sum(strength**2))
    maps = random_maps(basis.shape[1], brain=brain, fwhm=MAP_FWHM, generator=generator)
    return (basis * strength).astype(np.float32) @ maps


def physiology(
    *, n_volumes: int, t_r: float, brain: Brain, model: ForwardModel, generator: np.random.Generator
) -> Float32Array:
    """Return noise of heart, breathing and vessels that voxels share, variance 1 in grey matter.

    Returns
    -------
    ndarray of shape (n_volumes, n_voxels)
    """
    slow = band_limited_noise(
        n_series=1,
        n_volumes=n_volumes,
        t_r=t_r,
        low=model.fluctuation_low.value,
        high=model.fluctuation_high.value,
        generator=generator,
    )
    fast = generator.normal(size=(n_volumes, 2))
    series = np.column_stack([slow, fast]).astype(np.float32)
    pulsating, breathing = random_maps(2, brain=brain, fwhm=MAP_FWHM, generator=generator)
    spatial = (np.ones(brain.n_voxels), 1.0 + 0.3 * pulsating, breathing)
    maps = np.array(
        [
            brain.mixture(tissues) * map_
            for tissues, map_ in zip(PHYSIOLOGY_WEIGHTS.values(), spatial, strict=True)
        ]
    )
    total = sum(tissues["grey_matter"] ** 2 for tissues in PHYSIOLOGY_WEIGHTS.values())
    return series @ (maps / np.sqrt(total)).astype(np.float32)


def motion_artefact(
    *,
    motion: FloatArray,
    displacement: FloatArray,
    brain: Brain,
    model: ForwardModel,
    generator: np.random.Generator,
) -> Float32Array:
    """Return what motion does to the signal: a part that follows position, and signal loss.

    Parameters
    ----------
    motion : ndarray of shape (n_volumes, 6)
        Translations, mm, then rotations, rad.
    displacement : ndarray of shape (n_volumes,)
        Framewise displacement, mm.
    brain : Brain
        The grid.
    model : ForwardModel
        Sensitivity and signal loss.
    generator : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_volumes, n_voxels)
        Percent signal change.
    """
    maps = random_maps(7, brain=brain, fwhm=MAP_FWHM, generator=generator)
    position = in_millimetres(motion)
    position = (position - position.mean(axis=0)) * model.motion_sensitivity.value
    loss = np.clip(np.nan_to_num(displacement) - SPIKE_THRESHOLD, 0.0, None)
    loss *= -model.spike_drop.value
    return position.astype(np.float32) @ maps[:6] + np.outer(loss, 1.0 + 0.5 * maps[6]).astype(
        np.float32
    )
