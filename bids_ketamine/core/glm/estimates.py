"""Contrasts of a run in every voxel, and of several runs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, Self

import numpy as np
from scipy import stats
from scipy.special import ndtri_exp

#: Largest size of z that is written: beyond it the tail probability underflows.
LARGEST_Z = 37.0


class ContrastMaps(NamedTuple):
    """A t or F contrast, run or runs together.

    Attributes
    ----------
    effect, variance : ndarray of shape (n_voxels,), or None
        Effect (units of the series) and its variance; None for F.
    statistic : ndarray of shape (n_voxels,)
        t or F; 0 where there is no variance.
    z : ndarray of shape (n_voxels,)
        Normal deviate with the tail probability of the statistic.
    effect_df : float
        Degrees of freedom of the effect: 1 for t.
    residual_df : float
        Degrees of freedom of the variance.
    """

    effect: np.ndarray | None
    variance: np.ndarray | None
    statistic: np.ndarray
    z: np.ndarray
    effect_df: float
    residual_df: float

    @property
    def standard_error(self) -> np.ndarray:
        """Square root of the variance, shape (n_voxels,); NaN for F."""
        if self.variance is None:
            return np.full_like(self.statistic, np.nan)
        return np.sqrt(self.variance)


class RunContrast(Protocol):
    """A contrast of one run in some voxels, of a t test (one row) or an F test."""

    def select(self, voxels: np.ndarray) -> Self:
        """Return the contrast in some of the voxels."""

    @classmethod
    def combine(
        cls, runs: Sequence[Self], *, test: str, noise_levels: np.ndarray | None = None
    ) -> ContrastMaps:
        """Test the mean over runs, ``test`` "t" or "F"."""


class PooledContrast(NamedTuple):
    """Contrast of a model with one serial covariance for all voxels.

    Attributes
    ----------
    effects : ndarray of shape (n_rows, n_voxels)
        C'b, units of the series.
    gram : ndarray of shape (n_rows, n_rows)
        C'(A'A)^-1 C.
    covariance : ndarray of shape (n_rows, n_rows)
        Covariance of the effects for unit variance.
    residual_variance : ndarray of shape (n_voxels,)
        Residual sum of squares over ``trace_rv``.
    trace_rv, trace_rvrv : float
        tr(RV) and tr(RVRV).
    """

    effects: np.ndarray
    gram: np.ndarray
    covariance: np.ndarray
    residual_variance: np.ndarray
    trace_rv: float
    trace_rvrv: float

    def select(self, voxels: np.ndarray) -> Self:
        """Return the contrast in some of the voxels."""
        return self._replace(
            effects=self.effects[:, voxels], residual_variance=self.residual_variance[voxels]
        )

    @classmethod
    def combine(
        cls, runs: Sequence[Self], *, test: str, noise_levels: np.ndarray | None = None
    ) -> ContrastMaps:
        r"""Test the mean over runs with their pooled residual variance.

        One model with a block for each run, whose covariance is that of the run times its
        relative noise level w, the same in all voxels:

        .. math:: \bar c = \frac{1}{R} \sum_r c_r, \quad
                  \sigma^2 = \frac{\sum_r |e_r|^2 / w_r}{\sum_r \mathrm{tr}(R V)_r}, \quad
                  B = \frac{1}{R^2} \sum_r w_r B_r

        with degrees of freedom :math:`(\sum tr(RV))^2 / \sum tr(RVRV)`.

        Parameters
        ----------
        runs : sequence of PooledContrast
            The same contrast in the same voxels.
        test : {"t", "F"}
            Statistic.
        noise_levels : ndarray of shape (n_runs,), optional
            w; :func:`relative_noise` of these voxels when absent.
        """
        n_runs = len(runs)
        levels = relative_noise(runs) if noise_levels is None else noise_levels
        effects = np.mean([run.effects for run in runs], axis=0)
        pairs = list(zip(runs, levels, strict=True))
        gram = np.sum([run.gram * level for run, level in pairs], axis=0) / n_runs**2
        covariance = np.sum([run.covariance * level for run, level in pairs], axis=0) / n_runs**2
        trace_rv = sum(run.trace_rv for run in runs)
        residual_df = trace_rv**2 / sum(run.trace_rvrv for run in runs)
        squares = np.sum(
            [run.residual_variance * run.trace_rv / level for run, level in pairs], axis=0
        )
        residual_variance = squares / trace_rv
        if test == "t":
            return t_maps(effects[0], residual_variance * covariance[0, 0], residual_df)
        weights = np.linalg.inv(gram)
        spread = weights @ covariance  # its trace is tr(P V_f)
        numerator = np.einsum("iv,ij,jv->v", effects, weights, effects)
        statistic = _quotient(numerator, np.trace(spread) * residual_variance)
        effect_df = float(np.trace(spread) ** 2 / np.sum(spread * spread.T))
        return f_maps(statistic, effect_df, residual_df)


def relative_noise(runs: Sequence[PooledContrast]) -> np.ndarray:
    """Return each run's residual variance relative to the mean of runs, averaged over voxels.

    Parameters
    ----------
    runs : sequence of PooledContrast
        The same voxels in each.

    Returns
    -------
    ndarray of shape (n_runs,)
        1 for a single run, and where no voxel varies.
    """
    variances = np.stack([run.residual_variance for run in runs])
    mean = variances.mean(axis=0)
    known = mean > 0
    if len(runs) == 1 or not known.any():
        return np.ones(len(runs))
    levels = np.mean(variances[:, known] / mean[known], axis=1)
    return np.asarray(np.where(levels > 0, levels, 1.0))


class VoxelwiseContrast(NamedTuple):
    """Contrast of a model with a serial correlation in each voxel.

    Attributes
    ----------
    effects : ndarray of shape (n_rows, n_voxels)
        C'b, units of the series.
    covariance : ndarray of shape (n_rows, n_rows, n_voxels)
        Their covariance.
    residual_df : float
        Degrees of freedom of the variance.
    """

    effects: np.ndarray
    covariance: np.ndarray
    residual_df: float

    def select(self, voxels: np.ndarray) -> Self:
        """Return the contrast in some of the voxels."""
        return self._replace(
            effects=self.effects[:, voxels], covariance=self.covariance[:, :, voxels]
        )

    def placed(self, known: np.ndarray) -> Self:
        """Return the contrast among more voxels, NaN where it is not known.

        Parameters
        ----------
        known : ndarray of bool, shape (n_all,)
            True for the contrast's own voxels.
        """
        n_rows = len(self.effects)
        effects = np.full((n_rows, len(known)), np.nan)
        covariance = np.full((n_rows, n_rows, len(known)), np.nan)
        effects[:, known] = self.effects
        covariance[:, :, known] = self.covariance
        return self._replace(effects=effects, covariance=covariance)

    @classmethod
    def combine(
        cls, runs: Sequence[Self], *, test: str, noise_levels: np.ndarray | None = None
    ) -> ContrastMaps:
        r"""Test the mean over runs with fixed effects.

        .. math:: \bar c = \frac{1}{R} \sum_r c_r, \quad S = \frac{1}{R^2} \sum_r S_r, \quad
                  F = \bar c' S^{-1} \bar c / m

        Degrees of freedom add up.

        Parameters
        ----------
        runs : sequence of VoxelwiseContrast
            The same contrast in the same voxels.
        test : {"t", "F"}
            Statistic.
        noise_levels : ndarray, optional
            Not used: each voxel has its own.
        """
        effects = np.mean([run.effects for run in runs], axis=0)
        covariance = np.sum([run.covariance for run in runs], axis=0) / len(runs) ** 2
        residual_df = float(sum(run.residual_df for run in runs))
        if test == "t":
            return t_maps(effects[0], covariance[0, 0], residual_df)
        n_rows = len(effects)
        stacked = np.moveaxis(covariance, -1, 0)
        # A voxel without noise has no covariance to invert; its statistic is 0.
        noisy = stacked[:, 0, 0] > 0
        statistic = np.zeros(effects.shape[1])
        solved = np.linalg.solve(stacked[noisy], effects.T[noisy][..., None])[..., 0]
        statistic[noisy] = np.einsum("vi,vi->v", effects.T[noisy], solved) / n_rows
        return f_maps(statistic, float(n_rows), residual_df)


def t_maps(effect: np.ndarray, variance: np.ndarray, residual_df: float) -> ContrastMaps:
    """Return t and z of effects and variances, shape (n_voxels,) each."""
    t = _quotient(effect, np.sqrt(variance))
    tail = stats.t.logsf(np.abs(t), residual_df)
    # ndtri_exp inverts log probabilities, where ordinary tails would be 0 already.
    z = np.sign(t) * np.clip(-ndtri_exp(tail), 0.0, LARGEST_Z)
    return ContrastMaps(effect, variance, t, z, 1.0, residual_df)


def f_maps(statistic: np.ndarray, effect_df: float, residual_df: float) -> ContrastMaps:
    """Return F and z of F statistics, shape (n_voxels,); z has the upper tail of F."""
    tail = stats.f.logsf(statistic, effect_df, residual_df)
    z = np.clip(-ndtri_exp(np.minimum(tail, -np.finfo(float).tiny)), -LARGEST_Z, LARGEST_Z)
    z[statistic == 0.0] = 0.0  # no variance: nothing is known, against or for
    return ContrastMaps(None, None, statistic, z, effect_df, residual_df)


def _quotient(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide; 0 where the denominator is 0, NaN where it is unknown."""
    empty = np.where(np.isnan(denominator), np.nan, 0.0)
    return np.divide(numerator, denominator, out=empty, where=denominator > 0)
