"""The part of cleaning that all nuisance models of a run share: censored volumes and the band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bids_ketamine.core.cleaning.interpolation import interpolation_matrix
from bids_ketamine.core.cosines import cosine_basis

#: What becomes of censored volumes: filled in for the filter by the first two.
CENSORED_VOLUMES = ("spectral", "linear", "left_out")


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameFilter:
    r"""What a run's censoring and band do to any series y of its kept volumes.

    With ``spectral`` and ``linear``: :math:`S F L (y - \bar{y})`, where L fills in censored
    volumes, F projects on the band's cosines and S drops the filled volumes again. Volumes
    before the first kept one and after the last are cut off before all this. With ``left_out``:
    :math:`y - \bar{y}`; the frequencies outside the band are then regressors of the kept volumes.

    Attributes
    ----------
    kept : ndarray of bool, shape (n_scans,)
        Volumes that are used.
    band : ndarray of shape (n_kept, n_band) or None
        Cosines of the band at kept volumes, S B; None for no filter.
    weights : ndarray of shape (n_band, n_kept) or None
        Their coefficients from the kept volumes, B' L; None for no filter.
    outside : ndarray of shape (n_kept, n_outside)
        Cosines outside the band that a projection has to take out itself.
    reason : str
        Why the run cannot be cleaned; empty if it can.
    """

    kept: np.ndarray
    band: np.ndarray | None
    weights: np.ndarray | None
    outside: np.ndarray
    reason: str

    @property
    def n_kept(self) -> int:
        """Volumes that are used."""
        return int(self.kept.sum())

    def apply(self, series: np.ndarray) -> np.ndarray:
        """Return filtered series of the kept volumes.

        Parameters
        ----------
        series : ndarray of shape (n_scans, n_series)
            Any unit; values of censored volumes are not looked at.

        Returns
        -------
        ndarray of shape (n_kept, n_series)
            float64. A series with a missing value in a kept volume is missing throughout.
        """
        if len(series) != len(self.kept):
            raise ValueError(
                f"Series of {len(series)} volumes do not belong to a run of {len(self.kept)}."
            )
        values = np.asarray(series[self.kept], dtype=np.float64)
        missing = ~np.isfinite(values).all(axis=0)
        if missing.any():
            values[:, missing] = 0.0
        # The mean first: it may be a thousand times what is of interest.
        if len(values):
            values -= values.mean(axis=0)
        if self.band is not None and self.weights is not None:
            values = self.band @ (self.weights @ values)
        if missing.any():
            values[:, missing] = np.nan
        return values

    @property
    def matrix(self) -> np.ndarray:
        """What :meth:`apply` does to the kept volumes, shape (n_kept, n_kept)."""
        matrix = np.eye(self.n_kept) - 1.0 / max(self.n_kept, 1)
        if self.band is not None and self.weights is not None:
            matrix = self.band @ (self.weights @ matrix)
        return matrix


def frame_filter(
    kept: np.ndarray,
    *,
    t_r: float | None,
    band_pass: tuple[float, float] | None,
    censored_volumes: str,
) -> FrameFilter:
    """Prepare the filter of a run.

    Without a censored volume all ways are the same projection on the band's cosines. Without a
    band there is nothing to fill in for: censored volumes are just left out.

    ``left_out`` gives each censored volume a regressor of its own, in effect, and each frequency
    outside the band another: exact, and out of degrees of freedom soon. A run of 180 volumes of
    2 s has 129 frequencies outside 0.009-0.08 Hz: with 30 volumes censored it keeps 21 degrees
    of freedom for nuisance regressors and signal together.

    Parameters
    ----------
    kept : ndarray of bool, shape (n_scans,)
        Volumes that are used.
    t_r : float or None
        Repetition time, s; needed for a band.
    band_pass : (float, float) or None
        Frequencies kept, Hz, ends included; None keeps all but the mean.
    censored_volumes : {"spectral", "linear", "left_out"}
        How they are filled in for the filter (:mod:`~bids_ketamine.core.cleaning.interpolation`),
        to be dropped after it, or that they are left out of the projection altogether.

    Returns
    -------
    FrameFilter
        With a reason where no volume is kept or the run is too short for the band.

    Raises
    ------
    ValueError
        If the band lacks a repetition time or is not in order, or the way is unknown.

    References
    ----------
    Power et al. (2014) doi:10.1016/j.neuroimage.2013.08.048;
    Lindquist et al. (2019) doi:10.1002/hbm.24528.
    """
    kept = np.array(kept, dtype=bool)
    if censored_volumes not in CENSORED_VOLUMES:
        choices = ", ".join(CENSORED_VOLUMES)
        raise ValueError(f"`censored_volumes` must be one of {choices}, got {censored_volumes!r}.")
    if band_pass is not None and (t_r is None or not t_r > 0):
        raise ValueError("A band needs a repetition time above 0.")
    if band_pass is not None and not 0 <= band_pass[0] < band_pass[1]:
        raise ValueError(f"The band must be two rising frequencies, got {band_pass}.")
    n_kept = int(kept.sum())
    nothing = np.empty((n_kept, 0))
    if not n_kept:
        return _filter(kept, None, None, nothing, f"all {len(kept)} volumes are censored")
    if band_pass is None or t_r is None:
        return _filter(kept, None, None, nothing, "")
    known = np.flatnonzero(kept)
    if censored_volumes == "left_out":
        whole = slice(None)
    else:
        whole = slice(int(known[0]), int(known[-1]) + 1)
    inner = kept[whole]
    basis, frequencies = cosine_basis(len(inner), t_r)
    outside = (frequencies < band_pass[0]) | (frequencies > band_pass[1])
    if outside.all():
        low, high = band_pass
        one = "volume" if len(inner) == 1 else "volumes"
        verb = "has" if len(inner) == 1 else "have"
        reason = f"{len(inner)} {one} of {t_r:g} s {verb} no frequency in {low:g}-{high:g} Hz"
        return _filter(kept, None, None, nothing, reason)
    if censored_volumes == "left_out":
        return _filter(kept, None, None, basis[:, outside][inner], "")
    filled = interpolation_matrix(
        inner, method=censored_volumes, t_r=t_r, highest_frequency=band_pass[1]
    )
    band = basis[:, ~outside]
    return _filter(kept, band[inner], band.T @ filled, nothing, "")


def _filter(
    kept: np.ndarray,
    band: np.ndarray | None,
    weights: np.ndarray | None,
    outside: np.ndarray,
    reason: str,
) -> FrameFilter:
    return FrameFilter(kept=kept, band=band, weights=weights, outside=outside, reason=reason)
