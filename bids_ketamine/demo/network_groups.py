"""Regions of the study, grouped as they fluctuate, and the correlation of the groups.

A region's signal is what its group shares and what is its own,

    x_i = sqrt(c_g) F_g + sqrt(1 - c_g) e_i,

so that two regions of a group correlate by c_g, and those of groups g and h by
sqrt(c_g c_h) Phi_gh with Phi the correlation of what the groups share. Every edge of a network has
the network's own value: its mean is the truth of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from bids_ketamine.demo.coupling import band_limited_noise, coupled_fluctuations
from bids_ketamine.demo.regions import FloatArray
from bids_ketamine.regions.catalogue import TEMPLATE_2009C, atlas_by_name, atlas_image

CORTEX = "Schaefer400"

#: Groups of cortical parcels, by the network in the parcel's name.
CORTICAL_GROUPS = {
    "Default": "default_mode",
    "Vis": "visual",
    "SomMot": "somatomotor",
    "DorsAttn": "dorsal_attention",
    "SalVentAttn": "ventral_attention",
    "Limbic": "limbic_cortex",
    "Cont": "control",
}
SGACC = ("left_sgACC", "right_sgACC")
LIMBIC = (
    *("amygdala", "accumbens", "anterior_hippocampus", "posterior_hippocampus"),
    "anteromedial_thalamus",
)
GROUPS = (*CORTICAL_GROUPS.values(), "sgACC", "limbic")

#: Network measures of the study: what has a truth.
MEASURES = ("default_mode", "sgACC_default_mode", "limbic", "visual")

#: Fisher z within the groups that no measure of the study looks at.
OTHER_WITHIN = {
    "somatomotor": 0.40,
    "dorsal_attention": 0.30,
    "ventral_attention": 0.30,
    "limbic_cortex": 0.25,
    "control": 0.28,
    "sgACC": 0.60,
}

#: Correlation of what two groups share; 0 where none is named.
BETWEEN = {
    ("default_mode", "control"): 0.25,
    ("default_mode", "dorsal_attention"): -0.25,
    ("default_mode", "ventral_attention"): -0.15,
    ("default_mode", "limbic_cortex"): 0.35,
    ("default_mode", "limbic"): 0.20,
    ("sgACC", "limbic"): 0.25,
    ("sgACC", "limbic_cortex"): 0.35,
    ("visual", "dorsal_attention"): 0.40,
    ("visual", "somatomotor"): 0.20,
    ("somatomotor", "ventral_attention"): 0.40,
    ("dorsal_attention", "control"): 0.25,
    ("ventral_attention", "control"): 0.20,
}

#: Largest correlation of what subgenual cingulate and default mode share.
LARGEST_BETWEEN = 0.93


@lru_cache(maxsize=1)
def region_groups() -> Mapping[str, str]:
    """Return the group of each region, in the order of the study: parcels, then definitions.

    Returns
    -------
    mapping of str to str
        400 parcels and 7 regions.
    """
    table = atlas_image(atlas_by_name(CORTEX), TEMPLATE_2009C).table
    groups = {label.name: CORTICAL_GROUPS[label.name.split("_")[2]] for label in table.labels}
    return groups | dict.fromkeys(SGACC, "sgACC") | dict.fromkeys(LIMBIC, "limbic")


def within_groups(truth: Mapping[str, float]) -> FloatArray:
    """Return the correlation c_g of two regions of each group, in the order of `GROUPS`.

    Parameters
    ----------
    truth : mapping of str to float
        Fisher z of each of `MEASURES` in a session.
    """
    levels = {**OTHER_WITHIN, **{name: truth[name] for name in MEASURES if name in GROUPS}}
    return np.tanh([levels[name] for name in GROUPS])


def between_groups(truth: Mapping[str, float]) -> FloatArray:
    """Return the correlation Phi of what groups share in a session.

    Parameters
    ----------
    truth : mapping of str to float
        Fisher z of each of `MEASURES`.

    Returns
    -------
    ndarray of shape (n_groups, n_groups)
        Positive definite.

    Raises
    ------
    ValueError
        If subgenual cingulate and default mode cannot correlate so much: `within_reach` first.
    """
    place = {name: at for at, name in enumerate(GROUPS)}
    within = within_groups(truth)
    shared = np.eye(len(GROUPS))
    for (first, second), value in BETWEEN.items():
        shared[place[first], place[second]] = shared[place[second], place[first]] = value
    one, two = place["sgACC"], place["default_mode"]
    wanted = float(np.tanh(truth["sgACC_default_mode"]) / np.sqrt(within[one] * within[two]))
    if abs(wanted) > LARGEST_BETWEEN + 1e-9:
        raise ValueError(f"what groups share would correlate by {wanted:.3g}")
    shared[one, two] = shared[two, one] = wanted
    # What the subgenual cingulate has of the other groups through the default mode grows with it.
    for name in ("limbic", "limbic_cortex"):
        at = place[name]
        through = wanted * shared[two, at]
        own = BETWEEN["sgACC", name] * np.sqrt(1.0 - wanted**2)
        shared[one, at] = shared[at, one] = through + own
    for name in ("control", "dorsal_attention", "ventral_attention"):
        at = place[name]
        shared[one, at] = shared[at, one] = wanted * shared[two, at]
    return shared


def within_reach(truth: Mapping[str, float]) -> dict[str, float]:
    """Return a session's truth with subgenual cingulate and default mode limited to what can be.

    Parameters
    ----------
    truth : mapping of str to float
        Fisher z of each of `MEASURES`.
    """
    within = dict(zip(GROUPS, within_groups(truth).tolist(), strict=True))
    most = np.arctanh(LARGEST_BETWEEN * np.sqrt(within["sgACC"] * within["default_mode"]))
    limited = float(np.clip(truth["sgACC_default_mode"], 0.0, most))
    return {**truth, "sgACC_default_mode": limited}


def network_fluctuations(
    truth: Mapping[str, float],
    *,
    n_volumes: int,
    t_r: float,
    low: float,
    high: float,
    generator: np.random.Generator,
) -> FloatArray:
    """Return slow fluctuations of all regions of the study with a session's connectivity.

    Parameters
    ----------
    truth : mapping of str to float
        Fisher z of each of `MEASURES`.
    n_volumes : int
        Length of the run.
    t_r : float
        Repetition time, s.
    low, high : float
        Band of the fluctuations, Hz.
    generator : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_volumes, n_regions)
        Expected variance 1, columns as `region_groups`.
    """
    shared = coupled_fluctuations(
        correlation=between_groups(truth),
        n_volumes=n_volumes,
        t_r=t_r,
        low=low,
        high=high,
        generator=generator,
    )
    groups = list(region_groups().values())
    own = band_limited_noise(
        n_series=len(groups),
        n_volumes=n_volumes,
        t_r=t_r,
        low=low,
        high=high,
        generator=generator,
    )
    places = np.array([GROUPS.index(name) for name in groups])
    within = within_groups(truth)[places]
    return np.sqrt(within) * shared[:, places] + np.sqrt(1.0 - within) * own
