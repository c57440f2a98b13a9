"""Means of regions of a dense series, read once: float32 values, float64 sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.core.connectivity.seed_maps import ResidualBasis
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_series import Block, DenseSeries
from bids_ketamine.images.grayordinate_regions import GrayordinateRegion, region_weights
from bids_ketamine.images.series import CONSTANT
from bids_ketamine.images.voxels import refuse_too_large, shortened


@dataclass(frozen=True, eq=False)
class RegionMeans:
    """Region means of a dense series, and what is known of every grayordinate.

    Attributes
    ----------
    series : ndarray of shape (n_scans, n_regions)
        Mean over the grayordinates with signal, float64, scanner units; NaN for a region
        without any.
    quality : RegionQuality
        Coverage, temporal signal-to-noise ratio (mean over grayordinates) and problems.
    usable : ndarray of bool, shape (n_grayordinates,)
        Grayordinates that are finite and vary in time.
    mean, deviation : ndarray of shape (n_grayordinates,)
        Temporal mean and standard deviation (divisor n_scans), float64; NaN where not finite.
    kept : ndarray of float32, shape (n_scans, n_kept)
        Series of the grayordinates asked for, as stored; 0 where they have no signal.
    notes : tuple of str
        What is odd and does not forbid the use of the series.
    coordinates : ndarray of float32, shape (n_grayordinates, n_basis), or None
        What cleaning leaves of every grayordinate, in the basis asked for; NaN without signal.
    """

    series: np.ndarray
    quality: RegionQuality
    usable: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    kept: np.ndarray
    notes: tuple[str, ...]
    coordinates: np.ndarray | None = None

    @property
    def tsnr(self) -> np.ndarray:
        """Temporal mean over standard deviation, shape (n_grayordinates,); NaN without signal."""
        return _ratio(self.mean, self.deviation, self.usable)


def _ratio(mean: np.ndarray, deviation: np.ndarray, usable: np.ndarray) -> np.ndarray:
    ratio = np.full(mean.shape, np.nan)
    return np.divide(mean, deviation, out=ratio, where=usable)


def read_region_means(
    series: DenseSeries,
    regions: Sequence[GrayordinateRegion],
    *,
    kept: np.ndarray | None = None,
    basis: ResidualBasis | None = None,
) -> RegionMeans:
    """Read a dense series once and average it over regions.

    With ``w`` the 0/1 weights of a region and ``u`` whether a grayordinate has signal, a
    region's mean is ``y(t) = sum_i w_i u_i x_i(t) / sum_i w_i u_i``. Sums are taken of values
    away from each grayordinate's own mean, so that no digits are lost to it.

    Parameters
    ----------
    series : DenseSeries
        The series.
    regions : sequence of GrayordinateRegion
        Regions, which may overlap.
    kept : ndarray of int, shape (n_kept,), optional
        Ascending grayordinates whose own series are wanted as well.
    basis : ResidualBasis, optional
        Of the run's cleaning, for the coordinates of what it leaves of every grayordinate: seed
        maps need no second reading then.

    Returns
    -------
    RegionMeans
        Means and their quality.

    Raises
    ------
    ReadWriteError
        If the file system fails.
    InputDataError
        If the file is cut off, a volume holds no finite value, no grayordinate varies in time,
        or there is not the memory.
    """
    n_columns, n_scans = len(series.grayordinates), series.n_scans
    kept = np.empty(0, dtype=np.intp) if kept is None else np.asarray(kept, dtype=np.intp)
    n_basis = 0 if basis is None else basis.weights.shape[1]
    needed = n_scans * (4 * len(kept) + 16 * len(regions)) + 4 * n_basis * n_columns
    refuse_too_large(needed, series.path)
    sums = _Sums(region_weights(regions, n_columns), n_scans, kept, basis)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        for block in series.blocks():
            sums.add(block)
        counts = sums.weights @ sums.usable.astype(float)
        means = np.where(counts > 0, (sums.total.T + sums.level) / counts, np.nan)
    notes = [*series.notes, *_notes(sums, series)]
    ratios = np.nan_to_num(_ratio(sums.mean, sums.deviation, sums.usable))
    return RegionMeans(
        series=means,
        quality=RegionQuality(
            coverage=np.array([region.coverage(sums.usable) for region in regions]),
            tsnr=_ratio(sums.weights @ ratios, counts, counts > 0),
            problems=tuple(region.problem for region in regions),
        ),
        usable=sums.usable,
        mean=sums.mean,
        deviation=sums.deviation,
        kept=sums.kept_series,
        notes=tuple(notes),
        coordinates=sums.coordinates,
    )


class _Sums:
    """What is added up over blocks of grayordinates."""

    def __init__(
        self,
        weights: sparse.csc_array,
        n_scans: int,
        kept: np.ndarray,
        basis: ResidualBasis | None,
    ) -> None:
        n_regions, n_columns = weights.shape
        self.weights = weights
        #: Sums over a region of values away from their means, and of the means.
        self.total, self.level = np.zeros((n_regions, n_scans)), np.zeros(n_regions)
        self.mean, self.deviation = np.empty(n_columns), np.empty(n_columns)
        self.usable = np.zeros(n_columns, dtype=bool)
        #: Volumes with some finite value, and with some value that is not 0.
        self.finite_somewhere = np.zeros(n_scans, dtype=bool)
        self.nonzero_somewhere = np.zeros(n_scans, dtype=bool)
        self._kept = kept
        self.kept_series = np.zeros((n_scans, len(kept)), dtype=np.float32, order="F")
        self._basis = basis
        self.coordinates = None
        if basis is not None:
            self.coordinates = np.empty((n_columns, basis.weights.shape[1]), dtype=np.float32)

    def add(self, block: Block) -> None:
        """Add the series of some grayordinates."""
        columns, values = block
        away = values.astype(np.float64)
        mean = away.mean(axis=1)
        finite = np.isfinite(mean)
        self.finite_somewhere |= True if finite.any() else np.isfinite(values).any(axis=0)
        if not self.nonzero_somewhere.all():
            self.nonzero_somewhere |= values.any(axis=0)
        away -= mean[:, None]
        deviation = np.sqrt(np.einsum("ij,ij->i", away, away) / away.shape[1])
        usable = finite & (deviation > CONSTANT * np.abs(mean))
        away[~usable] = 0.0
        self.total += self.weights[:, columns] @ away
        self.level += self.weights[:, columns] @ np.where(usable, mean, 0.0)
        self.mean[columns] = np.where(finite, mean, np.nan)
        self.deviation[columns] = np.where(finite, deviation, np.nan)
        self.usable[columns] = usable
        self._keep(values, columns, usable)
        if self._basis is not None and self.coordinates is not None:
            size = np.sqrt(away.shape[1] * (mean**2 + deviation**2))
            found = self._basis.coordinates(away, size=size)
            found[~usable] = np.nan
            self.coordinates[columns] = found

    def _keep(self, values: np.ndarray, columns: slice, usable: np.ndarray) -> None:
        first, last = np.searchsorted(self._kept, (columns.start, columns.stop))
        inside = self._kept[first:last] - columns.start
        rows = values[inside]
        rows[~usable[inside]] = 0.0
        self.kept_series[:, first:last] = rows.T


def _notes(sums: _Sums, series: DenseSeries) -> list[str]:
    """Refuse a series without signal; say what else is odd."""
    without = [int(scan) + 1 for scan in np.flatnonzero(~sums.finite_somewhere)]
    if without:
        raise InputDataError(
            f"{len(without)} of {series.n_scans} volumes hold no finite value: "
            f"{shortened(without)} (counted from 1).",
            path=series.path,
            cure="Make the series again, or exclude the run.",
        )
    if not sums.usable.any():
        what = "does not vary in time or is not finite"
        what = what if sums.nonzero_somewhere.any() else "is zero"
        raise InputDataError(f"No grayordinate varies in time: every one {what}.", path=series.path)
    notes = []
    n_zero = int((~sums.nonzero_somewhere).sum())
    if n_zero:
        notes.append(f"{n_zero} of {series.n_scans} volumes are zero everywhere")
    n_infinite = int(np.isnan(sums.mean).sum())
    if sums.usable.mean() < 0.5:
        notes.append(
            f"{1 - sums.usable.mean():.0%} of the grayordinates are not finite or do not vary in "
            "time: they are left out"
        )
    elif n_infinite:
        notes.append(f"{n_infinite} grayordinates are not finite in some volume: they are left out")
    return notes
