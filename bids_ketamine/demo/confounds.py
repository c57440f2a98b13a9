"""The confounds table of a run, computed from its images and motion as fMRIPrep does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from bids_ketamine.demo.brain import Brain
from bids_ketamine.demo.noise import Float32Array, cosine_basis
from bids_ketamine.demo.regions import FloatArray

MOTION_NAMES = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")

#: Thresholds of a motion outlier, fMRIPrep's own.
FD_THRESHOLD = 0.5
STD_DVARS_THRESHOLD = 1.5

#: Components kept in each noise mask: prefix, metadata name, number.
COMPONENTS = (("c_comp_cor", "CSF", 5), ("w_comp_cor", "WM", 5), ("a_comp_cor", "combined", 6))

HIGH_PASS_PERIOD = 128.0

Columns = dict[str, FloatArray]
Metadata = dict[str, dict[str, object]]


class Dvars(NamedTuple):
    """Root mean square change between volumes, raw and relative to its expectation."""

    dvars: FloatArray
    std_dvars: FloatArray


def expanded(name: str, series: FloatArray) -> Columns:
    """Return a series with its backward difference and the squares of both."""
    derivative = np.concatenate([[np.nan], np.diff(series)])
    return {
        name: series,
        f"{name}_derivative1": derivative,
        f"{name}_power2": series**2,
        f"{name}_derivative1_power2": derivative**2,
    }


def dvars(intensity: Float32Array) -> Dvars:
    """Return DVARS and its standardized form.

    ``DVARS_t = sqrt(mean_v (Y_vt - Y_v,t-1)^2)``, divided by the average over voxels of
    ``sd_v sqrt(2 (1 - r_v))`` with r the lag-1 autocorrelation.

    Parameters
    ----------
    intensity : ndarray of shape (n_volumes, n_voxels)
        Brain voxels.

    Returns
    -------
    Dvars
        Each of shape (n_volumes,), missing for the first volume.

    References
    ----------
    Power et al. 2012, NeuroImage 59:2142; Nichols 2017, arXiv:1704.01469.
    """
    centred = intensity - intensity.mean(axis=0)
    variance = np.mean(centred**2, axis=0)
    lagged = np.mean(centred[1:] * centred[:-1], axis=0)
    expected = float(np.mean(np.sqrt(2.0 * np.clip(variance - lagged, 0.0, None))))
    change = np.sqrt(np.mean(np.diff(intensity, axis=0) ** 2, axis=1, dtype=float))
    raw = np.concatenate([[np.nan], change])
    return Dvars(dvars=raw, std_dvars=raw / expected)


def principal_components(
    intensity: Float32Array, *, n_components: int, cosines: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the leading temporal components of a noise mask.

    Series are freed from their mean and the cosines and scaled to variance 1 first.

    Parameters
    ----------
    intensity : ndarray of shape (n_volumes, n_voxels)
        Voxels of the noise mask.
    n_components : int
        How many to return.
    cosines : ndarray of shape (n_volumes, n_cosines)
        Orthonormal slow cosines.

    Returns
    -------
    components : ndarray of shape (n_volumes, n_components)
        Unit length.
    singular_values : ndarray of shape (n_components,)
    variance_explained : ndarray of shape (n_components,)
        Shares of the total variance.

    References
    ----------
    Behzadi et al. 2007, NeuroImage 37:90.
    """
    series = np.asarray(intensity, dtype=float)
    series = series - series.mean(axis=0)
    series -= cosines @ (cosines.T @ series)
    series /= series.std(axis=0)
    # The smaller of the two Gram matrices has the same leading eigenvalues.
    wide = series.shape[0] <= series.shape[1]
    gram = series @ series.T if wide else series.T @ series
    leading = (len(gram) - n_components, len(gram) - 1)
    values, vectors = (part[..., ::-1] for part in eigh(gram, subset_by_index=leading))
    if not wide:
        vectors = series @ vectors / np.sqrt(values)
    # The sign of a component is arbitrary; its largest entry is made positive.
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(n_components)]
    return vectors * np.sign(largest), np.sqrt(values), values / np.sum(series**2)


def spikes(flags: NDArray[np.bool_], name: str) -> Columns:
    """Return one column for each flagged volume: ``name00``, ``name01``, ..."""
    return {
        f"{name}{i:02d}": np.eye(len(flags))[volume]
        for i, volume in enumerate(np.flatnonzero(flags))
    }


def confounds_table(
    *,
    intensity: Float32Array,
    motion: FloatArray,
    displacement: FloatArray,
    n_saturated: int,
    t_r: float,
    brain: Brain,
) -> tuple[Columns, Metadata]:
    """Return the confounds of a run with the names and metadata of fMRIPrep 20.2 and later.

    Parameters
    ----------
    intensity : ndarray of shape (n_volumes, n_voxels)
        Head voxels, as in the image.
    motion : ndarray of shape (n_volumes, 6)
        Translations, mm, then rotations, rad.
    displacement : ndarray of shape (n_volumes,)
        Framewise displacement, mm.
    n_saturated : int
        Leading volumes before the steady state.
    t_r : float
        Repetition time, s.
    brain : Brain
        Masks.

    Returns
    -------
    columns : dict of str to ndarray of shape (n_volumes,)
        In the order of the file; missing values are NaN.
    metadata : dict of str to dict
        Sidecar entries.
    """
    n_volumes = len(intensity)
    tissues = {
        "csf": brain.noise_mask(brain.csf),
        "white_matter": brain.noise_mask(brain.white_matter),
    }
    columns: Columns = {}
    metadata: Metadata = {}
    for name, mask in {**tissues, "global_signal": brain.mask}.items():
        columns |= expanded(name, intensity[:, mask].mean(axis=1, dtype=float))
        metadata[name] = {"Method": "Mean"}
    change = dvars(intensity[:, brain.mask])
    columns |= {
        "std_dvars": change.std_dvars,
        "dvars": change.dvars,
        "framewise_displacement": displacement,
    }
    cosines = cosine_basis(n_volumes=n_volumes, t_r=t_r, shortest_period=HIGH_PASS_PERIOD)
    combined = tissues["csf"] | tissues["white_matter"]
    masks = {"CSF": tissues["csf"], "WM": tissues["white_matter"], "combined": combined}
    for prefix, mask_name, n_components in COMPONENTS:
        components, singular_values, explained = principal_components(
            intensity[:, masks[mask_name]], n_components=n_components, cosines=cosines
        )
        for i in range(n_components):
            columns[f"{prefix}_{i:02d}"] = components[:, i]
            metadata[f"{prefix}_{i:02d}"] = {
                "CumulativeVarianceExplained": round(float(explained[: i + 1].sum()), 8),
                "Mask": mask_name,
                "Method": "aCompCor",
                "Retained": True,
                "SingularValue": round(float(singular_values[i]), 6),
                "VarianceExplained": round(float(explained[i]), 8),
            }
    columns |= {f"cosine{i:02d}": cosines[:, i] for i in range(cosines.shape[1])}
    first = np.arange(n_volumes) < n_saturated
    columns |= spikes(first, "non_steady_state_outlier")
    for i, name in enumerate(MOTION_NAMES):
        columns |= expanded(name, motion[:, i])
    outliers = (displacement > FD_THRESHOLD) | (change.std_dvars > STD_DVARS_THRESHOLD)
    columns |= spikes(outliers & ~first, "motion_outlier")
    return columns, metadata
