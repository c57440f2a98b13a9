"""Correlation of seed series with every voxel or grayordinate of a session, in few passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import qr

from bids_ketamine.core.cleaning.projection import NOTHING_LEFT, CleaningProjection

#: A correlation nearer to -1 or 1 has no Fisher z: coordinates are of single precision, and the
#: two series are one.
SAME_SERIES = 1e-6

#: Gains of directions of the residuals, over the largest, that are rounding.
ROUNDING = 1e-13

#: Series whose coordinates are computed, or summed, at once.
BLOCK = 2048


@dataclass(frozen=True, eq=False, kw_only=True)
class ResidualBasis:
    r"""Coordinates of what cleaning leaves of any series of a run.

    With the projection :math:`P W` of a run (:class:`~..cleaning.projection.CleaningProjection`)
    and its singular values, :math:`P W = E D V'`,

    .. math:: e = P W y = E z, \quad z = D V' y, \quad |e| = |z|, \quad s'e = (E's)'z

    so that norms of residuals and products with a seed's come from few numbers a series, whatever
    the seeds are, and no large sum is taken from another.

    Attributes
    ----------
    directions : ndarray of shape (n_kept, n_basis)
        E, orthonormal.
    weights : ndarray of shape (n_scans, n_basis)
        V D; 0 in censored volumes. Each column sums to 0.
    kept : ndarray of bool, shape (n_scans,)
        Volumes that are used.
    """

    directions: np.ndarray
    weights: np.ndarray
    kept: np.ndarray

    def coordinates(self, centred: np.ndarray, *, size: np.ndarray) -> np.ndarray:
        """Return the coordinates of some series.

        Parameters
        ----------
        centred : ndarray of shape (n_series, n_scans)
            Series row by row, float64, finite; any constant may have been taken from each.
        size : ndarray of shape (n_series,)
            Norm of each series before that, against which rounding is told.

        Returns
        -------
        ndarray of float32, shape (n_series, n_basis)
            Zero where nothing but rounding would be left of a series.
        """
        found = centred @ self.weights
        found[np.sqrt(np.einsum("ij,ij->i", found, found)) <= NOTHING_LEFT * size] = 0.0
        return found.astype(np.float32)

    def coordinates_of(self, series: np.ndarray) -> np.ndarray:
        """Return the coordinates of all series of a run, a block at a time.

        Parameters
        ----------
        series : ndarray of shape (n_scans, n_series)
            Any unit; values of censored volumes are not looked at.

        Returns
        -------
        ndarray of float32, shape (n_series, n_basis)
            Missing throughout where a kept volume misses a value.
        """
        if len(series) != len(self.kept):
            raise ValueError(
                f"Series of {len(series)} volumes do not belong to a run of {len(self.kept)}."
            )
        found = np.empty((series.shape[1], self.weights.shape[1]), dtype=np.float32)
        for at in range(0, len(found), BLOCK):
            values = series[:, at : at + BLOCK].T.astype(np.float64, order="C")
            values[:, ~self.kept] = 0.0
            missing = ~np.isfinite(values).all(axis=1)
            values[missing] = 0.0
            size = np.sqrt(np.einsum("ij,ij->i", values, values))
            # The mean first: it may be a thousand times what is of interest.
            values -= values.sum(axis=1, keepdims=True) / self.kept.sum()
            block = self.coordinates(values, size=size)
            block[missing] = np.nan
            found[at : at + BLOCK] = block
        return found


def residual_basis(projection: CleaningProjection) -> ResidualBasis:
    """Return the coordinates in which a run's residuals lie.

    Parameters
    ----------
    projection : CleaningProjection
        Nuisance model, censoring and band of the run, without a reason not to clean.

    Returns
    -------
    ResidualBasis
        With as many coordinates as cleaning leaves dimensions.

    Raises
    ------
    ValueError
        If the run cannot be cleaned.
    """
    if projection.reason:
        raise ValueError(f"the run cannot be cleaned: {projection.reason}")
    shared, removed = projection.frame_filter, projection.removed
    if shared.band is None or shared.weights is None:
        # A constant is among what is removed: the rest of the space holds none.
        directions = qr(removed)[0][:, removed.shape[1] :]
        weights = directions
    else:
        rest = shared.band - removed @ (removed.T @ shared.band)
        rest -= removed @ (removed.T @ rest)
        basis, triangle = np.linalg.qr(rest)
        inner = triangle @ (shared.weights - shared.weights.mean(axis=1, keepdims=True))
        left, gains, right = np.linalg.svd(inner, full_matrices=False)
        some = gains > ROUNDING * gains.max()
        directions, weights = basis @ left[:, some], right[some].T * gains[some]
    whole = np.zeros((len(shared.kept), weights.shape[1]))
    whole[shared.kept] = weights
    return ResidualBasis(directions=directions, weights=whole, kept=shared.kept)


class SeedSeries(NamedTuple):
    """Seeds of a run, and all its series.

    Attributes
    ----------
    basis : ResidualBasis
        Of the run's cleaning.
    seeds : ndarray of shape (n_kept, n_seeds)
        Cleaned series of the seeds, each with the mean zero; not finite for one without.
    coordinates : ndarray of shape (n_series, n_basis)
        Of every voxel or grayordinate; NaN where it has no signal.
    """

    basis: ResidualBasis
    seeds: np.ndarray
    coordinates: np.ndarray


def seed_maps(runs: Sequence[SeedSeries], *, unit_variance: bool) -> np.ndarray:
    r"""Correlate seeds with every series of a session.

    .. math:: z = \operatorname{atanh} \frac{\sum_r s_r' e_r}{\sqrt{\sum_r s_r's_r \sum_r e_r'e_r}}

    This is the Pearson correlation of cleaned series joined over runs
    (:func:`~bids_ketamine.core.cleaning.session.join_runs`): the mean of each is zero in each run.

    Parameters
    ----------
    runs : sequence of SeedSeries
        Runs of the session that could be cleaned.
    unit_variance : bool
        Give seeds and series the standard deviation 1 in each run first. What is flat in one run
        stays zero there.

    Returns
    -------
    ndarray of shape (n_seeds, n_series)
        Fisher z, float64; NaN where the series or the seed misses a value in some run or is flat
        in all, and where the two are the same series.

    Raises
    ------
    ValueError
        If there is no run, or they have different numbers of seeds or series.
    """
    sizes = {(each.seeds.shape[1], len(each.coordinates)) for each in runs}
    if len(sizes) != 1:
        raise ValueError(f"Runs must have the same seeds and series, got {sorted(sizes)}.")
    ((n_seeds, n_series),) = sizes
    product = np.zeros((n_seeds, n_series))
    square, seed_square = np.zeros(n_series), np.zeros(n_seeds)
    for run in runs:
        seeds = np.asarray(run.seeds, dtype=np.float64)
        seed_size = np.linalg.norm(seeds, axis=0)
        seed_scale = _scale(seed_size, len(seeds), unit_variance)
        inside = run.basis.directions.T @ (seeds * seed_scale)
        seed_square += (seed_size * seed_scale) ** 2
        for at in range(0, n_series, BLOCK):
            part = slice(at, at + BLOCK)
            block = run.coordinates[part].astype(np.float64)
            size = np.sqrt(np.einsum("ij,ij->i", block, block))
            scale = _scale(size, len(seeds), unit_variance)
            square[part] += (size * scale) ** 2
            product[:, part] += (block @ inside).T * scale
    whole = np.sqrt(seed_square[:, np.newaxis] * square)
    correlation = np.divide(product, whole, out=np.full_like(product, np.nan), where=whole > 0)
    return np.arctanh(np.where(np.abs(correlation) < 1.0 - SAME_SERIES, correlation, np.nan))


def _scale(size: np.ndarray, n_kept: int, unit_variance: bool) -> np.ndarray:
    """Return the factors that give series of some norms the standard deviation 1, if wanted."""
    if not unit_variance:
        return np.ones_like(size)
    return np.sqrt(n_kept) / np.where(size == 0, 1.0, size)
