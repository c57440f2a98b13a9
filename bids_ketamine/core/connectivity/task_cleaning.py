"""Cleaning of task series before generalized PPI, as CONN does it: regression, then filter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.cosines import cosine_basis
from bids_ketamine.core.glm.voxel_series import column_space


class TaskCleaning(NamedTuple):
    r"""What cleaning does to the series of a run: :math:`F (I - Q Q')`.

    Attributes
    ----------
    confounds : ndarray of shape (n_scans, rank)
        Orthonormal basis Q of what is regressed out.
    band : ndarray of shape (n_scans, n_kept) or None
        Orthonormal basis of the frequencies that the filter F keeps; None for no filter.
    """

    confounds: np.ndarray
    band: np.ndarray | None

    def regress(self, series: np.ndarray) -> np.ndarray:
        """Return series without confounds, shape (n_scans, n_series)."""
        rest = series - self.confounds @ (self.confounds.T @ series)
        return np.asarray(rest - self.confounds @ (self.confounds.T @ rest))

    def filter(self, series: np.ndarray) -> np.ndarray:
        """Return series of the kept frequencies, shape (n_scans, n_series)."""
        return series if self.band is None else np.asarray(self.band @ (self.band.T @ series))

    def clean(self, series: np.ndarray) -> np.ndarray:
        """Return regressed, then filtered series, shape (n_scans, n_series)."""
        return self.filter(self.regress(series))

    @property
    def residual_df(self) -> float:
        r"""Degrees of freedom that are left, :math:`tr(F (I - Q Q'))`: no whole number."""
        n_scans, rank = self.confounds.shape
        if self.band is None:
            return float(n_scans - rank)
        return float(self.band.shape[1] - np.sum((self.band.T @ self.confounds) ** 2))


def temporal_derivative(series: np.ndarray) -> np.ndarray:
    """Return x(t + 1) - x(t - 1), the first and last value repeated beyond the ends.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_series)
        Series.

    Returns
    -------
    ndarray of shape (n_scans, n_series)
        Twice the central difference.

    Examples
    --------
    >>> temporal_derivative(np.array([[1.0], [4.0], [9.0]])).ravel().tolist()
    [3.0, 8.0, 5.0]
    """
    padded = np.concatenate([series[:1], series, series[-1:]])
    return np.asarray(padded[2:] - padded[:-2])


def task_confounds(nuisance: np.ndarray, regressors: np.ndarray) -> np.ndarray:
    """Return what is regressed out of task series before their coupling is looked at.

    Parameters
    ----------
    nuisance : ndarray of shape (n_scans, n_nuisance)
        Nuisance regressors, single-volume ones included.
    regressors : ndarray of shape (n_scans, n_conditions)
        Condition regressors: the task's common response is no coupling.

    Returns
    -------
    ndarray of shape (n_scans, 1 + n_nuisance + 2 n_conditions + 1)
        Constant, nuisance, each condition and its derivative, linear trend.
    """
    n_scans = len(nuisance)
    task = np.stack([regressors, temporal_derivative(regressors)], axis=2).reshape(n_scans, -1)
    constant, trend = np.ones(n_scans), np.linspace(-1.0, 1.0, n_scans)
    return np.column_stack([constant, nuisance, task, trend])


class Band(NamedTuple):
    """Discrete cosines inside and outside a band of frequencies.

    Attributes
    ----------
    kept, removed : ndarray of shape (n_scans, n_cosines)
        Orthonormal; together a basis of the run.
    """

    kept: np.ndarray
    removed: np.ndarray


def frequency_band(*, n_scans: int, t_r: float, band_pass: tuple[float, float | None]) -> Band:
    r"""Return bases of the frequencies that a filter keeps and removes.

    Filtering the Fourier transform of a series and its mirror image, and keeping the frequencies
    :math:`f_1 \le f < f_2`, is a projection on the discrete cosines of these frequencies.

    Parameters
    ----------
    n_scans : int
        Volumes.
    t_r : float
        Repetition time, s.
    band_pass : (float, float or None)
        Lower and upper frequency, Hz; None for no upper one.

    Returns
    -------
    Band
        Both bases.
    """
    basis, _ = cosine_basis(n_scans, t_r)
    order = np.arange(n_scans)  # frequency over the lowest one, 1 / (2 n t_r)
    # Limits that are whole but for rounding are whole.
    low, high = (
        np.inf if each is None else round(each * 2.0 * n_scans * t_r, 9) for each in band_pass
    )
    inside = (order >= low) & (order < high)
    return Band(basis[:, inside], basis[:, ~inside])


def task_cleaning(
    confounds: np.ndarray, *, t_r: float, band_pass: tuple[float, float | None] | None
) -> TaskCleaning:
    """Return the cleaning of a run.

    The filter comes after the regression, as in CONN by default: what it lets pass of the
    confounds' own frequencies is not taken out again. Use
    :func:`~bids_ketamine.core.connectivity.cleaning.clean_series` where that matters.

    Parameters
    ----------
    confounds : ndarray of shape (n_scans, n_confounds)
        What is regressed out, in any rank.
    t_r : float
        Repetition time, s.
    band_pass : (float, float or None) or None
        Frequencies kept, Hz; None for no filter.

    Returns
    -------
    TaskCleaning
        The projections.

    References
    ----------
    Whitfield-Gabrieli and Nieto-Castanon (2012) doi:10.1089/brain.2012.0073.
    """
    band = None
    if band_pass is not None:
        band = frequency_band(n_scans=len(confounds), t_r=t_r, band_pass=band_pass).kept
    return TaskCleaning(column_space(confounds), band)
