"""First-level regression of voxel series, contrasts, and runs combined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from nilearn.glm import compute_contrast
from nilearn.glm.first_level import run_glm
from scipy import stats
from scipy.special import ndtri_exp

from bids_ketamine.errors import ProcessingError

#: Largest |z| written: beyond it the tail probability underflows.
LARGEST_Z = 37.0


class ContrastEstimate(NamedTuple):
    """A contrast in every voxel.

    Attributes
    ----------
    effect, variance : ndarray of shape (n_voxels,)
        Effect (units of the series) and its variance.
    residual_df : float
        Degrees of freedom of the variance.
    """

    effect: np.ndarray
    variance: np.ndarray
    residual_df: float

    @property
    def t(self) -> np.ndarray:
        """Effect over its standard error; 0 where the variance is 0."""
        error = np.sqrt(self.variance)
        return np.divide(self.effect, error, out=np.zeros_like(self.effect), where=error > 0)

    @property
    def z(self) -> np.ndarray:
        """Normal deviate with the tail probability of t."""
        t = self.t
        tail = stats.t.logsf(np.abs(t), self.residual_df)
        # ndtri_exp inverts log probabilities, where ordinary tails would be 0 already.
        return np.sign(t) * np.clip(-ndtri_exp(tail), 0.0, LARGEST_Z)


def fit_contrasts(
    *,
    series: np.ndarray,
    design_matrix: np.ndarray,
    contrasts: Mapping[str, np.ndarray],
    noise_model: str,
) -> dict[str, ContrastEstimate]:
    """Fit a GLM to voxel series and estimate contrasts.

    y = X b + e, e an autoregressive process of order one in each voxel (``ar1``, nilearn's
    estimate rounded to bins of 0.01) or white (``ols``).

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        Scaled BOLD series without missing values.
    design_matrix : ndarray of shape (n_scans, n_columns)
        Independent columns.
    contrasts : mapping of str to ndarray of shape (n_columns,)
        Weights of the columns.
    noise_model : {"ar1", "ols"}
        Autocorrelation model.

    Returns
    -------
    dict of str to ContrastEstimate
        One entry per contrast.

    Raises
    ------
    ProcessingError
        If there are no residual degrees of freedom.
    """
    n_scans, n_columns = design_matrix.shape
    if n_scans <= n_columns:
        raise ProcessingError(
            f"The design has {n_columns} columns for {n_scans} volumes: nothing is left to "
            "estimate the noise."
        )
    labels, results = run_glm(series, design_matrix, noise_model=noise_model, bins=100)
    estimates = {}
    for name, weights in contrasts.items():
        contrast = compute_contrast(labels, results, weights, stat_type="t")
        estimates[name] = ContrastEstimate(
            np.ravel(contrast.effect_size()).astype(float),
            np.ravel(contrast.effect_variance()).astype(float),
            float(n_scans - n_columns),
        )
    return estimates


def combine_runs(estimates: Sequence[ContrastEstimate]) -> ContrastEstimate:
    r"""Combine runs with fixed effects.

    .. math:: c = \frac{1}{R} \sum_r c_r, \quad v = \frac{1}{R^2} \sum_r v_r

    Degrees of freedom add up.

    Parameters
    ----------
    estimates : sequence of ContrastEstimate
        One per run.

    Returns
    -------
    ContrastEstimate
        The mean over runs.
    """
    n_runs = len(estimates)
    return ContrastEstimate(
        np.mean([each.effect for each in estimates], axis=0),
        np.sum([each.variance for each in estimates], axis=0) / n_runs**2,
        float(sum(each.residual_df for each in estimates)),
    )


def scale_to_grand_mean(series: np.ndarray) -> tuple[np.ndarray, float]:
    """Scale a run so that its mean over voxels and volumes is 100.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        BOLD series inside the brain mask, scanner units.

    Returns
    -------
    scaled : ndarray of shape (n_scans, n_voxels)
        Percent of the grand mean.
    factor : float
        What the series was multiplied with.

    Raises
    ------
    ProcessingError
        If the grand mean is not positive (series without a baseline).
    """
    grand_mean = float(series.mean(dtype=np.float64))
    if not grand_mean > 0.0:
        raise ProcessingError(
            f"The mean of the BOLD series inside the brain mask is {grand_mean:g}; "
            "it must be positive to express effects in percent of it."
        )
    factor = 100.0 / grand_mean
    return series * factor, factor
