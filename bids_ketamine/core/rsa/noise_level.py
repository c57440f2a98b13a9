r"""How far the noise of normalised patterns is from unit variance, in each run.

Patterns are normalised by an estimate of the covariance over all runs, not by the covariance
itself. With :math:`\Sigma_r` that of run r, their noise has the covariance
:math:`S_r = \hat\Sigma^{-1/2} \Sigma_r \hat\Sigma^{-1/2}` between voxels, and what is expected of
a quadratic form of patterns depends on

.. math:: \kappa_r = \mathrm{tr}(\hat\Sigma^{-1} \Sigma_r) / v, \qquad
          v_{eff} = \frac{\mathrm{tr}(S_r)\, \mathrm{tr}(S_s)}{\mathrm{tr}(S_r S_s)}

where :math:`v_{eff}` is the same for all runs r, s that differ in the level of their noise alone.
The residuals themselves would say :math:`\kappa = 1` or below, for they have made
:math:`\hat\Sigma`. Each is therefore compared with a covariance made without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import linalg

from bids_ketamine.core.glm.voxel_series import column_space
from bids_ketamine.core.rsa.noise_covariance import NoiseCovariance
from bids_ketamine.errors import ProcessingError

#: Least number of independent residuals of a run: pairs of them are left out.
FEWEST_RESIDUALS = 3


class NoiseLevel(NamedTuple):
    """Noise of normalised patterns.

    Attributes
    ----------
    levels : ndarray of shape (n_runs,)
        Variance of the noise per voxel in each run, mean over voxels; 1 where the covariance is
        known and runs are alike. For patterns that are not normalised, in squared units of the
        series.
    effective_voxels : float
        Number of voxels with independent noise that would make sums over voxels as variable.
    """

    levels: np.ndarray
    effective_voxels: float


def residual_basis(design: np.ndarray, *, drift: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of what a model leaves unexplained.

    Residuals e (n_scans, n_voxels) of whitened series depend on each other: there are fewer
    degrees of freedom than volumes, and spikes leave none. ``basis.T @ e`` are independent, with
    the covariance of the noise each.

    Parameters
    ----------
    design : ndarray of shape (n_scans, n_columns)
        Whitened, filtered design (:attr:`FilteredModel.design`).
    drift : ndarray of shape (n_scans, n_drifts)
        Drift that the filter takes out.

    Returns
    -------
    ndarray of shape (n_scans, n_independent)
        Columns also have zero mean, as the residuals that make the covariance.
    """
    constant = np.ones((len(design), 1))
    explained = column_space(np.column_stack([constant, drift, design]))
    complete, _ = np.linalg.qr(explained, mode="complete")
    return np.asarray(complete[:, explained.shape[1] :])


def noise_level(
    independent_residuals: Sequence[np.ndarray],
    noise: NoiseCovariance,
    *,
    trace_rv: Sequence[float],
) -> NoiseLevel:
    r"""Estimate the noise of normalised patterns by leaving each residual out.

    For e a residual of run r that had no part in :math:`\hat\Sigma`, the expectation of
    :math:`e' \hat\Sigma^{-1} e` is :math:`\mathrm{tr}(\hat\Sigma^{-1} \Sigma_r)`. Without
    residual t the covariance is :math:`A - a\,e_t e_t' - \lambda\,\mathrm{diag}(e_t^2) / df`, with
    :math:`A = \hat\Sigma`, :math:`a = (1 - \lambda) / df` and the intensity :math:`\lambda` held.
    With :math:`z_t = A^{-1} e_t`, :math:`q_t = e_t' z_t`, the first term is taken out exactly
    (Sherman and Morrison) and the second, far smaller, to first order:

    .. math:: x_t = \frac{q_t}{1 - a q_t}
              + \frac{\lambda}{df} \frac{\sum_i z_{ti}^2 e_{ti}^2}{(1 - a q_t)^2}, \qquad
              \kappa_r = (1 - p_r)\, \frac{K_r}{\mathrm{tr}(RV)_r} \, \frac{\bar{x}_r}{v}

    :math:`\bar{x}_r` the mean over the :math:`K_r` residuals of the run, and
    :math:`p_r = \bar{x}_r / \sum_t x_t` over all runs, the share of the covariance that goes with a
    residual (one run: :math:`1 / K`), since the rest is divided by the same df. Serial correlation
    that whitening left makes residuals smaller than the noise, by
    :math:`\mathrm{tr}(RV)_r / K_r`. Two residuals left out in the same way (Woodbury) give, with
    :math:`h_{ts} = e_t' z_s` and :math:`g_{ts} = \sum_i z_{ti} z_{si} (e_{ti}^2 + e_{si}^2)`,

    .. math:: \frac{1}{v_{eff}} = \mathrm{mean}_{t \ne s}\; \frac{(1 - p_r - p_s)^2}
              {(1 - p_r) \bar{x}_r (1 - p_s) \bar{x}_s}
              \left[\frac{h_{ts} + \lambda g_{ts} / df}
              {(1 - a q_t)(1 - a q_s) - a^2 h_{ts}^2}\right]^2

    Parameters
    ----------
    independent_residuals : sequence of ndarray of shape (n_independent_of_run, n_voxels)
        For each run ``residual_basis(...).T @ residuals`` of the residuals that made ``noise``.
        Residuals of volumes themselves are not independent: with 60 columns in 200 volumes they
        give half of the level.
    noise : NoiseCovariance
        The covariance.
    trace_rv : sequence of float
        tr(RV) of each run's model.

    Returns
    -------
    NoiseLevel
        Level of each run and effective number of voxels.

    Raises
    ------
    ProcessingError
        If a run has fewer than three residuals.
    """
    sizes = np.array([len(each) for each in independent_residuals])
    if sizes.min() < FEWEST_RESIDUALS:
        raise ProcessingError(
            f"{sizes.min()} independent residuals of a run are too few to tell the level of the "
            "noise.",
            cure="Take runs with more volumes, or fewer nuisance regressors.",
        )
    residuals = np.concatenate(independent_residuals).astype(np.float64, copy=False)
    run_of = np.repeat(np.arange(len(sizes)), sizes)
    left_out = _LeftOut.of(residuals, noise)
    each = left_out.alone()
    means = np.bincount(run_of, weights=each) / sizes
    shares = means / each.sum() if noise.estimator != "identity" else np.zeros(len(sizes))
    traces = (1.0 - shares) * means
    ends = np.cumsum(sizes)
    total = 0.0
    for run, (start, end) in enumerate(zip(ends - sizes, ends, strict=True)):
        # The rows of one run at a time: of all runs they would be some hundred megabytes.
        crossed = left_out.crossed(slice(start, end))
        scale = (1.0 - shares[run] - shares) ** 2 / (traces[run] * traces)
        total += float(np.sum(crossed**2, axis=0) @ scale[run_of])
    n_residuals, n_voxels = residuals.shape
    # With few residuals the mean may leave the range that it has in truth.
    effective = np.clip(n_residuals * (n_residuals - 1) / total, 1.0, n_voxels)
    levels = traces * sizes / np.asarray(trace_rv) / n_voxels
    return NoiseLevel(levels, float(effective))


class _LeftOut(NamedTuple):
    """Residuals and what it takes to leave them out of the covariance.

    ``weighted`` is z, ``cubed`` is z e^2 multiplied by lambda / df, ``rest`` is 1 - a q.
    """

    residuals: np.ndarray
    weighted: np.ndarray
    cubed: np.ndarray | None
    taken: float
    rest: np.ndarray

    @classmethod
    def of(cls, residuals: np.ndarray, noise: NoiseCovariance) -> _LeftOut:
        if noise.estimator == "identity":
            return cls(residuals, residuals, None, 0.0, np.ones(len(residuals)))
        weighted = linalg.cho_solve((noise.factor, True), residuals.T, check_finite=False).T
        taken = (1.0 - noise.shrinkage) / noise.df
        cubed = None
        if noise.shrinkage > 0.0:
            cubed = weighted * residuals**2 * (noise.shrinkage / noise.df)
        rest = 1.0 - taken * np.einsum("ti,ti->t", residuals, weighted)
        return cls(residuals, weighted, cubed, taken, rest)

    def alone(self) -> np.ndarray:
        """Return x of each residual."""
        within = np.einsum("ti,ti->t", self.residuals, self.weighted)
        if self.cubed is not None:
            within += np.einsum("ti,ti->t", self.cubed, self.weighted) / self.rest
        return np.asarray(within / self.rest)

    def crossed(self, rows: slice) -> np.ndarray:
        """Return the products of some residuals with all, 0 for one with itself."""
        products = self.residuals[rows] @ self.weighted.T
        remaining = np.outer(self.rest[rows], self.rest) - (self.taken * products) ** 2
        if self.cubed is not None:
            products += self.cubed[rows] @ self.weighted.T
            products += self.weighted[rows] @ self.cubed.T
        own = np.arange(len(products))
        products[own, rows.start + own] = 0.0
        remaining[own, rows.start + own] = 1.0
        return np.asarray(products / remaining)
