"""Discrete cosines: the basis of slow drifts and of band-pass filters."""

from __future__ import annotations

import numpy as np


def cosine_basis(n_scans: int, t_r: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the full orthonormal cosine basis of a run and its frequencies.

    .. math:: B_{jk} = \sqrt{2/n} \cos(\pi k (2j + 1) / 2n), \quad f_k = k / (2 n T_R)

    with :math:`B_{j0} = 1/\sqrt{n}`.

    Parameters
    ----------
    n_scans : int
        Volumes n.
    t_r : float
        Repetition time, s.

    Returns
    -------
    basis : ndarray of shape (n_scans, n_scans)
        One cosine a column.
    frequencies : ndarray of shape (n_scans,)
        Hz.
    """
    order = np.arange(n_scans)
    return _cosines(n_scans, n_scans), order / (2.0 * n_scans * t_r)


def drift_basis(*, n_scans: int, t_r: float, high_pass_period: float) -> np.ndarray:
    r"""Return the cosines that model drifts slower than a period.

    The first ``floor(2 n T_R / period)`` cosines of the orthonormal basis after the constant.

    Parameters
    ----------
    n_scans : int
        Volumes n.
    t_r : float
        Repetition time, s.
    high_pass_period : float
        Longest period that is kept, s.

    Returns
    -------
    ndarray of shape (n_scans, n_drifts)
        Orthonormal, each without mean.

    References
    ----------
    Friston et al. (2000) doi:10.1006/nimg.2000.0609.

    Examples
    --------
    >>> drift_basis(n_scans=100, t_r=2.0, high_pass_period=128.0).shape
    (100, 3)
    """
    # Not more cosines than the run has dimensions, however short the period.
    n_cosines = min(int(2.0 * n_scans * t_r / high_pass_period + 1.0), n_scans)
    return _cosines(n_scans, n_cosines)[:, 1:]


def _cosines(n_scans: int, n_cosines: int) -> np.ndarray:
    phase = np.outer(2 * np.arange(n_scans) + 1, np.arange(n_cosines)) / (2.0 * n_scans)
    basis = np.sqrt(2.0 / n_scans) * np.cos(np.pi * phase)
    basis[:, 0] = 1.0 / np.sqrt(n_scans)
    return basis
