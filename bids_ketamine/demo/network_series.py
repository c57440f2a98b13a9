"""Region series of a resting run without images: what region means of the images would be.

Noise of voxels averages out in a region, noise that voxels share does not. Nuisance signals are
those that fMRIPrep would find: means of tissues without regions of the study, and of everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bids_ketamine.demo.confounds import MOTION_NAMES, expanded
from bids_ketamine.demo.coupling import band_limited_noise
from bids_ketamine.demo.motion import framewise_displacement, in_millimetres, simulate_motion
from bids_ketamine.demo.network_groups import network_fluctuations, region_groups
from bids_ketamine.demo.network_model import NetworkModel
from bids_ketamine.demo.noise import SPIKE_THRESHOLD, autoregressive_noise, cosine_basis
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.regions import FloatArray
from bids_ketamine.demo.tasks import T_R

#: Length of a run, 6 min.
N_VOLUMES = 180

#: Independent voxels in a region, by which noise of voxels is averaged. In images of 6 mm and in
#: these series the cleaned series of all networks then have the same standard deviation (0.57 %)
#: and networks lose the same share of their connectivity.
INDEPENDENT_VOXELS = 8.0

#: Weights of vasomotion, pulsation and breathing in white matter and fluid, against grey matter.
TISSUES = {"white_matter": (0.5, 0.4, 0.8), "csf": (0.7, 3.0, 0.8)}
GREY_MATTER = (1.0, 0.8, 0.8)

#: Share of the global signal that is grey matter's; white matter's; fluid's.
GLOBAL_SHARES = (0.5, 0.35, 0.15)


class RegionRun(NamedTuple):
    """Region series of a run.

    Attributes
    ----------
    series : ndarray of shape (n_volumes, n_regions)
        Percent of the mean, which is 100; columns as `network_groups.region_groups`.
    confounds : mapping of str to ndarray of shape (n_volumes,)
        Columns in fMRIPrep's names; missing values are NaN.
    """

    series: FloatArray
    confounds: Mapping[str, FloatArray]


def simulate_region_run(
    truth: Mapping[str, float],
    *,
    mean_fd: float,
    model: NetworkModel,
    noise: ForwardModel,
    generator: np.random.Generator,
    n_volumes: int = N_VOLUMES,
) -> RegionRun:
    """Return one run of a participant.

    Parameters
    ----------
    truth : mapping of str to float
        Fisher z of each network measure in the session.
    mean_fd : float
        Mean framewise displacement, mm.
    model, noise : NetworkModel, ForwardModel
        All numbers.
    generator : numpy.random.Generator
        Source of randomness.
    n_volumes : int
        Length of the run.

    Returns
    -------
    RegionRun
    """
    n_regions = len(region_groups())
    motion = simulate_motion(
        n_volumes=n_volumes,
        mean_fd=mean_fd,
        jumps=noise.jumps.value,
        generator=generator,
        breathing=model.breathing_motion.value,
        t_r=T_R,
    )
    signals = noise.fluctuation_rest.value * network_fluctuations(
        truth,
        n_volumes=n_volumes,
        t_r=T_R,
        low=noise.fluctuation_low.value,
        high=noise.fluctuation_high.value,
        generator=generator,
    )
    own = autoregressive_noise(
        n_volumes=n_volumes,
        n_voxels=n_regions + 2,
        coefficient=noise.autocorrelation.value,
        generator=generator,
    )
    level = 100.0 / noise.temporal_snr.value
    shares = noise.physiology_share.value, noise.drift_share.value
    own_level = level * np.sqrt(1.0 - sum(shares))
    artefacts = _artefacts(motion, n_regions, noise=noise, generator=generator)
    physiology, tissues = _physiology(n_volumes, n_regions, noise=noise, generator=generator)
    series = signals + own_level * own[:, :-2] / np.sqrt(INDEPENDENT_VOXELS) + artefacts[:, :-2]
    series += level * np.sqrt(shares[0]) * physiology
    series += (
        level * np.sqrt(shares[1]) * _drift(n_volumes, n_regions, noise=noise, generator=generator)
    )
    # Tissue means are over hundreds of voxels.
    tissues = level * np.sqrt(shares[0]) * tissues + 0.1 * own_level * own[:, -2:]
    tissues += artefacts[:, -2:]
    means = {
        "white_matter": tissues[:, 0],
        "csf": tissues[:, 1],
        "global_signal": np.column_stack([series.mean(axis=1), tissues]) @ GLOBAL_SHARES,
    }
    return RegionRun(100.0 + series, _confounds(motion, means))


def _artefacts(
    motion: FloatArray, n_regions: int, *, noise: ForwardModel, generator: np.random.Generator
) -> FloatArray:
    """Return what motion does to regions and two tissues, percent."""
    maps = generator.normal(size=(7, n_regions + 2))
    position = in_millimetres(motion)
    position = (position - position.mean(axis=0)) * noise.motion_sensitivity.value
    loss = np.clip(np.nan_to_num(framewise_displacement(motion)) - SPIKE_THRESHOLD, 0.0, None)
    loss *= -noise.spike_drop.value
    return position @ maps[:6] + np.outer(loss, 1.0 + 0.5 * maps[6])


def _physiology(
    n_volumes: int, n_regions: int, *, noise: ForwardModel, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return vessels, heart and breathing in regions (variance 1) and in two tissues."""
    slow = band_limited_noise(
        n_series=1,
        n_volumes=n_volumes,
        t_r=T_R,
        low=noise.fluctuation_low.value,
        high=noise.fluctuation_high.value,
        generator=generator,
    )
    series = np.column_stack([slow, generator.normal(size=(n_volumes, 2))])
    maps = np.stack(
        [
            np.ones(n_regions + 2),
            1.0 + 0.3 * generator.normal(size=n_regions + 2),
            generator.normal(size=n_regions + 2),
        ]
    )
    weights = np.column_stack([np.tile(GREY_MATTER, (n_regions, 1)).T, *TISSUES.values()])
    shared = series @ (maps * weights) / np.linalg.norm(GREY_MATTER)
    return shared[:, :-2], shared[:, -2:]


def _drift(
    n_volumes: int, n_regions: int, *, noise: ForwardModel, generator: np.random.Generator
) -> FloatArray:
    """Return slow drifts of variance 1."""
    basis = cosine_basis(n_volumes=n_volumes, t_r=T_R, shortest_period=noise.drift_cutoff.value)
    strength = 1.0 / np.arange(1, basis.shape[1] + 1)
    strength *= np.sqrt(n_volumes / np.sum(strength**2))
    return (basis * strength) @ generator.normal(size=(basis.shape[1], n_regions))


def _confounds(motion: FloatArray, means: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    columns: dict[str, FloatArray] = {}
    for name, series in means.items():
        columns |= expanded(name, 1000.0 + 10.0 * series)
    columns["framewise_displacement"] = framewise_displacement(motion)
    for at, name in enumerate(MOTION_NAMES):
        columns |= expanded(name, motion[:, at])
    return columns
