"""Nuisance regressors and frequencies outside the band taken out of series at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bids_ketamine.core.cleaning.frame_filter import FrameFilter
from bids_ketamine.core.glm.voxel_series import singular_vectors
from bids_ketamine.errors import InputDataError, ProcessingError

#: What is left of a series that belongs to the model altogether, over what came in: rounding.
NOTHING_LEFT = 1e-12

#: Smallest gain of a direction of the residuals that counts as a degree of freedom.
SMALLEST_GAIN = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, eq=False, kw_only=True)
class CleaningProjection:
    r"""One nuisance model of a run, factorized: the same for all its series.

    With the filter :math:`W` of the kept volumes (:class:`~.frame_filter.FrameFilter`) and an
    orthonormal basis Q of constant and filtered nuisance regressors,

    .. math:: e = (I - Q Q') W y

    Series and regressors pass the same filter before the one is fitted to the other, so that the
    residuals hold neither frequencies outside the band nor anything of the nuisance regressors
    inside it. Without a censored volume, or with them left out, this is the residual of a least-
    squares fit of nuisance regressors and frequencies outside the band together.

    Attributes
    ----------
    frame_filter : FrameFilter
        Censoring and band.
    removed : ndarray of shape (n_kept, rank)
        Basis Q, all that is regressed out of filtered series.
    empty_columns : tuple of int
        Nuisance regressors without anything in the kept volumes and the band: constant ones,
        and those of censored volumes.
    residual_df : int
        Dimensions in which the residuals can vary; 0 where there is a reason. With filled volumes
        this counts frequencies of the band, and censoring costs none until few volumes are kept.
    effective_df : float
        :math:`(\sum g_i^2)^2 / \sum g_i^4` of the gains :math:`g_i` of these dimensions; the same
        number unless filled volumes blur some of them.
    reason : str
        Why the run cannot be cleaned with this model; empty if it can.
    """

    frame_filter: FrameFilter
    removed: np.ndarray
    empty_columns: tuple[int, ...]
    residual_df: int
    effective_df: float
    reason: str

    def apply(self, series: np.ndarray) -> np.ndarray:
        """Clean series, or a block of them.

        Parameters
        ----------
        series : ndarray of shape (n_scans, n_series)
            Any unit.

        Returns
        -------
        ndarray of shape (n_kept, n_series)
            Residuals in float64, mean zero. Zero where nothing but rounding would be left of a
            series; missing throughout where a kept volume misses a value.

        Raises
        ------
        ProcessingError
            If the projection has a reason not to clean.
        ValueError
            If the series have another number of volumes.
        """
        return self.project(self.frame_filter.apply(series), size=_sizes(self, series))

    def project(self, filtered: np.ndarray, *, size: np.ndarray) -> np.ndarray:
        """Take the nuisance regressors out of series that have passed the filter.

        Parameters
        ----------
        filtered : ndarray of shape (n_kept, n_series)
            From :meth:`FrameFilter.apply`.
        size : ndarray of shape (n_series,)
            Norms of the series before the filter, against which rounding is told.

        Returns
        -------
        ndarray of shape (n_kept, n_series)
            Residuals.
        """
        if self.reason:
            raise ProcessingError(f"The run cannot be cleaned: {self.reason}.")
        rest = filtered - self.removed @ (self.removed.T @ filtered)
        # Twice: rounding of the first pass is large where a regressor explains nearly all.
        rest -= self.removed @ (self.removed.T @ rest)
        rest[:, np.linalg.norm(rest, axis=0) <= NOTHING_LEFT * size] = 0.0
        return rest


def cleaning_projection(
    nuisance: np.ndarray, *, frame_filter: FrameFilter, linear_trend: bool
) -> CleaningProjection:
    """Factorize a nuisance model of a run.

    Parameters
    ----------
    nuisance : ndarray of shape (n_scans, n_regressors)
        Nuisance regressors in any rank; values of censored volumes are not looked at. A constant
        is always taken out beside them.
    frame_filter : FrameFilter
        Censoring and band; one for all models of the run.
    linear_trend : bool
        Take a linear trend out, too.

    Returns
    -------
    CleaningProjection
        With a reason where no volume is kept or no degree of freedom is left.

    Raises
    ------
    InputDataError
        If a regressor misses a value in a kept volume.
    ValueError
        If the regressors have another number of volumes.

    References
    ----------
    Lindquist et al. (2019) doi:10.1002/hbm.24528.

    Examples
    --------
    >>> from bids_ketamine.core.cleaning.frame_filter import frame_filter
    >>> kept = np.array([True, True, False, True, True])
    >>> shared = frame_filter(kept, t_r=None, band_pass=None, censored_volumes="left_out")
    >>> motion = np.array([[0.0], [1.0], [9.0], [1.0], [0.0]])
    >>> projection = cleaning_projection(motion, frame_filter=shared, linear_trend=False)
    >>> projection.apply(np.array([[5.0], [7.0], [50.0], [9.0], [7.0]])).ravel().round(6).tolist()
    [-1.0, -1.0, 1.0, 1.0]
    >>> projection.residual_df
    2
    """
    nuisance = np.asarray(nuisance, dtype=np.float64)
    n_scans = len(frame_filter.kept)
    if nuisance.ndim != 2 or len(nuisance) != n_scans:
        raise ValueError(
            f"Nuisance regressors of shape {nuisance.shape} do not belong to {n_scans} volumes."
        )
    _refuse_missing(nuisance, frame_filter.kept)
    n_regressors = nuisance.shape[1]
    if frame_filter.reason:
        nothing = np.empty((frame_filter.n_kept, 0))
        return _projection(frame_filter, nothing, (), 0, 0.0, frame_filter.reason)
    if linear_trend:
        nuisance = np.column_stack([nuisance, np.linspace(-1.0, 1.0, n_scans)])
    filtered, empty = _filtered_regressors(nuisance, frame_filter)
    constant = np.full((frame_filter.n_kept, 1), 1.0 / np.sqrt(frame_filter.n_kept))
    removed = _orthonormal(np.column_stack([constant, filtered, frame_filter.outside]))
    residual_df, effective_df = _degrees_of_freedom(removed, frame_filter)
    reason = ""
    if residual_df < 1:
        reason = _too_few(frame_filter, n_regressors)
        residual_df, effective_df = 0, 0.0
    columns = tuple(int(each) for each in empty if each < n_regressors)
    return _projection(frame_filter, removed, columns, residual_df, effective_df, reason)


def clean_variants(
    series: np.ndarray, projections: Mapping[str, CleaningProjection]
) -> dict[str, np.ndarray]:
    """Clean series of a run with several nuisance models; the filter runs once for all.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_series)
        Any unit, all of a run's series or a block.
    projections : mapping of str to CleaningProjection
        Models by name. Those with a reason are left out; those of the same filter share it.

    Returns
    -------
    dict of str to ndarray of shape (n_kept, n_series)
        Residuals by name.
    """
    usable = {name: each for name, each in projections.items() if not each.reason}
    filtered: dict[int, np.ndarray] = {}
    sizes: dict[int, np.ndarray] = {}
    for each in usable.values():
        key = id(each.frame_filter)
        if key not in filtered:
            filtered[key] = each.frame_filter.apply(series)
            sizes[key] = _sizes(each, series)
    return {
        name: each.project(filtered[id(each.frame_filter)], size=sizes[id(each.frame_filter)])
        for name, each in usable.items()
    }


def _sizes(projection: CleaningProjection, series: np.ndarray) -> np.ndarray:
    kept = np.asarray(series)[projection.frame_filter.kept]
    return np.asarray(np.sqrt(np.einsum("ij,ij->j", kept, kept, dtype=np.float64)))


def _refuse_missing(nuisance: np.ndarray, kept: np.ndarray) -> None:
    missing = ~np.isfinite(nuisance) & kept[:, np.newaxis]
    if not missing.any():
        return
    volume, column = (int(each[0]) for each in np.nonzero(missing))
    raise InputDataError(
        f"Nuisance regressor {column} has no value at volume {volume} (counted from 0), "
        f"one of {int(missing.any(axis=1).sum())} volumes that are used and have such gaps.",
        cure="Censor these volumes, or fill the gaps of the confounds table.",
    )


def _filtered_regressors(
    nuisance: np.ndarray, frame_filter: FrameFilter
) -> tuple[np.ndarray, np.ndarray]:
    """Return filtered regressors of unit norm, and which have nothing left."""
    raw = nuisance[frame_filter.kept]
    rounding = 8 * max(*raw.shape, 1) * np.finfo(np.float64).eps
    size = np.linalg.norm(raw, axis=0)
    varying = raw - raw.mean(axis=0)
    spread = np.linalg.norm(varying, axis=0)
    constant = spread <= rounding * size
    filtered = frame_filter.apply(nuisance)
    left = np.linalg.norm(filtered, axis=0)
    empty = constant | (left <= rounding * spread)
    return filtered[:, ~empty] / left[~empty], np.flatnonzero(empty)


def _orthonormal(matrix: np.ndarray) -> np.ndarray:
    size = np.linalg.norm(matrix, axis=0)
    matrix = matrix[:, size > 0] / size[size > 0]
    left, singular, _ = singular_vectors(matrix)
    rounding = 8 * max(matrix.shape) * np.finfo(np.float64).eps
    return np.asarray(left[:, singular > singular.max() * rounding])


def _degrees_of_freedom(removed: np.ndarray, frame_filter: FrameFilter) -> tuple[int, float]:
    n_kept, rank = removed.shape
    if frame_filter.band is None:
        return n_kept - rank, float(n_kept - rank)
    whole = frame_filter.matrix
    rest = whole - removed @ (removed.T @ whole)
    gain = np.linalg.svd(rest, compute_uv=False)
    gain = gain[gain > SMALLEST_GAIN]
    if not gain.size:
        return 0, 0.0
    return int(gain.size), float((gain**2).sum() ** 2 / (gain**4).sum())


def _too_few(frame_filter: FrameFilter, n_regressors: int) -> str:
    taken = f"{n_regressors} nuisance regressors"
    n_outside = frame_filter.outside.shape[1]
    if n_outside:
        taken += f" and {n_outside} frequencies outside the band"
    room = f"{frame_filter.n_kept} volumes"
    if frame_filter.band is not None:
        room += f" and {frame_filter.band.shape[1]} frequencies of the band"
    return f"no degree of freedom is left by {taken} in {room}"


def _projection(
    frame_filter: FrameFilter,
    removed: np.ndarray,
    empty_columns: tuple[int, ...],
    residual_df: int,
    effective_df: float,
    reason: str,
) -> CleaningProjection:
    return CleaningProjection(
        frame_filter=frame_filter,
        removed=removed,
        empty_columns=empty_columns,
        residual_df=residual_df,
        effective_df=effective_df,
        reason=reason,
    )
