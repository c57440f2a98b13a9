"""Grand-mean scaling and the threshold mask, as SPM has them."""

from __future__ import annotations

import numpy as np

from bids_ketamine.errors import ProcessingError

#: Grand mean after scaling: effects are in percent of it.
GRAND_MEAN = 100.0
#: Share of the mean of all voxels above which one counts for the mean of the head.
HEAD_SHARE = 1.0 / 8.0


def global_mean(volume: np.ndarray) -> float:
    """Return the mean of a volume inside the head.

    The mean over the voxels above an eighth of the mean of all voxels.

    Parameters
    ----------
    volume : ndarray
        Every voxel, inside the head and outside, finite.

    Returns
    -------
    float
        The mean; 0 if no voxel is above.

    Examples
    --------
    >>> global_mean(np.array([0.0, 0.0, 1.0, 100.0, 200.0]))
    150.0
    """
    head = volume[volume > float(HEAD_SHARE * volume.mean(dtype=np.float64))]
    return float(head.mean(dtype=np.float64)) if head.size else 0.0


def grand_mean_factor(global_means: np.ndarray) -> float:
    """Return the factor that brings the mean of a run's global means to 100.

    Parameters
    ----------
    global_means : ndarray of shape (n_scans,)
        Result of :func:`global_mean` for every volume.

    Raises
    ------
    ProcessingError
        If the grand mean is not positive (series without a baseline).
    """
    grand_mean = float(np.mean(global_means))
    if not grand_mean > 0.0:
        raise ProcessingError(
            f"The mean of the BOLD series inside the head is {grand_mean:g}; it must be positive "
            "to express effects in percent of it."
        )
    return GRAND_MEAN / grand_mean


def above_threshold(
    series: np.ndarray, *, global_means: np.ndarray, mask_threshold: float
) -> np.ndarray:
    """Tell which voxels exceed a share of the global mean in every volume and vary.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        In the unit of the global means.
    global_means : ndarray of shape (n_scans,)
        Of every volume.
    mask_threshold : float
        The share.

    Returns
    -------
    ndarray of bool, shape (n_voxels,)
    """
    above = np.ones(series.shape[1], dtype=bool)
    varies = np.zeros(series.shape[1], dtype=bool)
    for values, level in zip(series, mask_threshold * global_means, strict=True):
        above &= values > float(level)  # a plain float keeps single precision as it is
        varies |= values != series[0]
    return above & varies
