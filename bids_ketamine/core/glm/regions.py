"""A region's contrast: of its mean series, with the run's noise model or MarsBaR's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import linalg

from bids_ketamine.core.glm.autocorrelation import covariance_components, whitening_matrix
from bids_ketamine.core.glm.covariance_pool import pooled_covariance
from bids_ketamine.core.glm.design_matrix import Design
from bids_ketamine.core.glm.estimates import RunContrast
from bids_ketamine.core.glm.filtered_model import (
    FilteredModel,
    VoxelFit,
    adjusted_series,
    contrast_of,
    filter_design,
    fit_voxels,
)
from bids_ketamine.core.glm.restricted_likelihood import estimate_hyperparameters_marsbar
from bids_ketamine.core.glm.voxel_series import VoxelSeries, as_voxels
from bids_ketamine.errors import InputDataError


class MarsbarFit(NamedTuple):
    """MarsBaR's model of a region.

    Attributes
    ----------
    fit : VoxelFit
        Estimates (n_columns, 1) and residual variance (1,) of the mean series.
    model : FilteredModel
        Design after the region's own whitening.
    weights : ndarray of shape (2,)
        Weights of the covariance components.
    covariance : ndarray of shape (n_scans, n_scans)
        Serial covariance that whitened.
    """

    fit: VoxelFit
    model: FilteredModel
    weights: np.ndarray
    covariance: np.ndarray


class Eigenvariate(NamedTuple):
    """First eigenvariate of a region.

    Attributes
    ----------
    series : ndarray of shape (n_scans,)
        Scaled so that a region of identical voxels gives their series.
    weights : ndarray of shape (n_voxels,)
        First right singular vector; sums to a positive number.
    eigenvalues : ndarray of shape (n_voxels,)
        Of y'y, largest first.
    """

    series: np.ndarray
    weights: np.ndarray
    eigenvalues: np.ndarray

    @property
    def explained(self) -> float:
        """Share of the region's variance that it explains."""
        return float(self.eigenvalues[0] / self.eigenvalues.sum())


def mean_series(voxels: VoxelSeries) -> np.ndarray:
    """Return the mean over voxels, scaled, shape (n_scans,); NaN without voxels."""
    n_scans = voxels.series.shape[0]
    if not voxels.n_voxels:
        return np.full(n_scans, np.nan)
    total = np.zeros(n_scans)
    for _, series in voxels.blocks():
        total += series.sum(axis=1)
    return total / voxels.n_voxels


def fit_marsbar(voxels: VoxelSeries, *, design_matrix: np.ndarray, drift: np.ndarray) -> MarsbarFit:
    """Model the mean series of a region with serial correlations of its own, as MarsBaR does.

    They are pooled over all voxels of the region, without a test, and estimated by MarsBaR's
    restricted maximum likelihood; the covariance of the whitened noise is taken for the
    identity. Voxels outside the brain's threshold mask count as well.

    Parameters
    ----------
    voxels : VoxelSeries
        The region's scaled series.
    design_matrix : ndarray of shape (n_scans, n_columns)
        Design without drift.
    drift : ndarray of shape (n_scans, n_drifts)
        Orthonormal.

    Returns
    -------
    MarsbarFit
        Model and estimates of the mean series.

    Raises
    ------
    ProcessingError
        If serial correlations cannot be estimated.

    References
    ----------
    Brett et al. (2002) Region of interest analysis using an SPM toolbox. NeuroImage 16(2).
    """
    pooled = pooled_covariance(voxels, design_matrix=design_matrix, drift=drift, pooling_p=None)
    estimated = estimate_hyperparameters_marsbar(
        pooled.covariance,
        fixed_effects=np.column_stack([design_matrix, drift]),
        components=covariance_components(n_scans=len(design_matrix)),
    )
    model = filter_design(
        design_matrix,
        drift=drift,
        whitening=whitening_matrix(estimated.covariance),
        covariance=None,
    )
    fit = fit_voxels(as_voxels(mean_series(voxels)[:, None]), model)
    return MarsbarFit(fit, model, estimated.weights, estimated.covariance)


def marsbar_contrasts(
    voxels: VoxelSeries, *, design: Design, contrasts: Mapping[str, np.ndarray]
) -> dict[str, RunContrast]:
    """Return MarsBaR's contrasts of a region.

    Parameters
    ----------
    voxels : VoxelSeries
        The region's scaled series.
    design : Design
        Design matrix of the run.
    contrasts : mapping of str to ndarray of shape (n_effects, n_rows)
        Weights of the columns other than drift.

    Returns
    -------
    dict of str to RunContrast
        Each of one value.

    Raises
    ------
    ProcessingError
        If serial correlations cannot be estimated.
    """
    found = fit_marsbar(
        voxels, design_matrix=design.effects.to_numpy(dtype=float), drift=design.drift
    )
    return {name: contrast_of(found.fit, found.model, each) for name, each in contrasts.items()}


def first_eigenvariate(series: np.ndarray) -> Eigenvariate:
    r"""Return the first eigenvariate of a region.

    With :math:`y = U S V'`: :math:`u = U_1 \sqrt{s_1 / v}`, :math:`s_1` the first eigenvalue of
    y'y and v the number of voxels; the sign makes the voxels' weights sum to a positive number.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        Whitened, filtered, adjusted series.

    Returns
    -------
    Eigenvariate
        Series, weights, eigenvalues.

    Raises
    ------
    InputDataError
        If there are no voxels, or nothing varies.

    Examples
    --------
    >>> wave = np.sin(np.arange(50.0))
    >>> region = first_eigenvariate(np.outer(wave, [1.0, 1.0, 1.0]))
    >>> bool(np.allclose(region.series, wave)), round(region.explained, 12)
    (True, 1.0)
    """
    n_voxels = series.shape[1]
    if not n_voxels or not np.any(series):
        raise InputDataError("A region without signal has no first eigenvariate.")
    series = np.asarray(series, dtype=float)
    # The smaller of the two Gram matrices has all eigenvalues that are not zero.
    gram = series @ series.T if len(series) < n_voxels else series.T @ series
    last = len(gram) - 1
    _, vector = linalg.eigh(gram, subset_by_index=[last, last])
    left = vector[:, 0] if len(series) < n_voxels else series @ vector[:, 0]
    left /= np.linalg.norm(left)
    weights = left @ series
    singular = float(np.linalg.norm(weights))
    sign = -1.0 if weights.sum() < 0 else 1.0
    eigenvalues = np.zeros(n_voxels)
    eigenvalues[: len(gram)] = np.maximum(linalg.eigvalsh(gram)[::-1], 0.0)
    return Eigenvariate(
        sign * left * singular / np.sqrt(n_voxels), sign * weights / singular, eigenvalues
    )


def region_eigenvariate(
    voxels: VoxelSeries, model: FilteredModel, *, kept: Sequence[int]
) -> Eigenvariate:
    """Return the first eigenvariate of voxels, adjusted for effects of no interest.

    Parameters
    ----------
    voxels : VoxelSeries
        Scaled series of the region's voxels.
    model : FilteredModel
        Model of the run.
    kept : sequence of int
        Columns of the design that are of interest.

    Returns
    -------
    Eigenvariate
        Whitened and filtered as the model is.

    Raises
    ------
    InputDataError
        If there are no voxels, or nothing varies.
    """
    if not voxels.n_voxels:
        raise InputDataError("A region without signal has no first eigenvariate.")
    blocks = [adjusted_series(series, model, kept=kept) for _, series in voxels.blocks()]
    return first_eigenvariate(np.concatenate(blocks, axis=1))
