r"""Censored volumes filled in, so that a filter in time can run over them.

The values that are filled in are dropped after the filter; they only keep what surrounds them
from being distorted. Both ways are linear in the series, so that one matrix a run does it for
all of its series and nuisance regressors alike.

``spectral`` (the default of choice) fits the discrete cosines up to the band's highest frequency,
constant and drifts included, to the kept volumes together. With the cosines B, their rows
:math:`B_k` of the kept volumes, :math:`B_k = U S V'` and the kept values y,

.. math:: \hat{y} = B V G U' y, \qquad G_{ii} = s_i / \max(s_i^2, e), \quad e = 1/2

:math:`s_i^2` is the share of a pattern's energy that falls on kept volumes. Patterns of which at
least half is seen are fitted by least squares, so that a signal without faster frequencies is
filled in exactly; those that lie in a gap, which least squares would blow up, are shrunk.

The spectra of Mathias et al. (2004), which Power et al. (2014) fill in with, fit each frequency
by itself: neighbouring ones then share what each should have alone, and the sum has to be
rescaled. How far the kept volumes of a band-pass (0.009-0.08 Hz) are from those of the run
without censoring, in standard deviations, for series with a 1/f spectrum in 180 volumes of 2 s:

======================================================  =====  =======  ======  ========  ======
noise over signal (variance), share censored, in rows   zeros  Mathias  cubic   spectral  linear
======================================================  =====  =======  ======  ========  ======
0.25, 20 %, rows of 2 on average                        0.30   0.29     0.28    0.22      0.17
1, 20 %, rows of 2                                      0.31   0.30     0.47    0.28      0.27
2.25, 30 %, rows of 4                                   0.36   0.35     1.09    0.37      0.40
======================================================  =====  =======  ======  ========  ======

``linear`` is nearer for smooth series with little noise, such as means of large regions; it
misses what the band holds exactly, and lets the noise of a single volume, or an artefact beside a
gap, reach across the whole gap.
"""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.cosines import cosine_basis
from bids_ketamine.core.glm.voxel_series import singular_vectors

#: Patterns with a smaller share of their energy on kept volumes are shrunk.
ENERGY_SEEN = 0.5


def interpolation_matrix(
    kept: np.ndarray, *, method: str, t_r: float, highest_frequency: float
) -> np.ndarray:
    """Return the matrix that fills in censored volumes from the kept ones.

    Kept volumes keep their values; a constant series stays constant. Nothing is extrapolated:
    the run is to begin and end with a kept volume.

    Parameters
    ----------
    kept : ndarray of bool, shape (n_scans,)
        Volumes that are used, the first and last among them.
    method : {"spectral", "linear"}
        Cosines fitted to all kept volumes, or straight lines between neighbours.
    t_r : float
        Repetition time, s.
    highest_frequency : float
        Fastest cosine of the fit, Hz. From the run's own highest frequency on, where a fit could
        follow any noise, gaps get the mean of the kept volumes.

    Returns
    -------
    ndarray of shape (n_scans, n_kept)
        All volumes from the kept ones.

    Raises
    ------
    ValueError
        If the first or last volume is censored, or the method is unknown.

    References
    ----------
    Mathias et al. (2004) doi:10.18637/jss.v011.i02;
    Power et al. (2014) doi:10.1016/j.neuroimage.2013.08.048.

    Examples
    --------
    >>> kept = np.array([True, False, False, True])
    >>> matrix = interpolation_matrix(kept, method="linear", t_r=2.0, highest_frequency=0.1)
    >>> (matrix @ np.array([3.0, 6.0])).round(6).tolist()
    [3.0, 4.0, 5.0, 6.0]
    """
    kept = np.asarray(kept, dtype=bool)
    if not kept.size or not (kept[0] and kept[-1]):
        raise ValueError("The first and last volume must be kept: gaps at the ends have one side.")
    if method == "spectral":
        filled = _spectral(kept, t_r, highest_frequency)
    elif method == "linear":
        filled = _linear(kept)
    else:
        raise ValueError(f"`method` must be spectral or linear, got {method!r}.")
    matrix = np.zeros((len(kept), int(kept.sum())))
    matrix[kept] = np.eye(matrix.shape[1])
    matrix[~kept] = filled
    return matrix


def _linear(kept: np.ndarray) -> np.ndarray:
    known = np.flatnonzero(kept)
    gaps = np.flatnonzero(~kept)
    after = np.searchsorted(known, gaps)
    share = (gaps - known[after - 1]) / (known[after] - known[after - 1])
    matrix = np.zeros((len(gaps), len(known)))
    row = np.arange(len(gaps))
    matrix[row, after - 1], matrix[row, after] = 1.0 - share, share
    return matrix


def _spectral(kept: np.ndarray, t_r: float, highest_frequency: float) -> np.ndarray:
    basis, frequencies = cosine_basis(len(kept), t_r)
    slow = basis[:, frequencies <= highest_frequency]
    left, size, patterns = singular_vectors(slow[kept])
    gain = size / np.maximum(size**2, ENERGY_SEEN)
    fit = slow[~kept] @ (patterns.T * gain) @ left.T
    # The mean is not shrunk with the rest: it is far larger than any fluctuation.
    return np.asarray(fit + (1.0 - fit.sum(axis=1, keepdims=True)) / fit.shape[1])
