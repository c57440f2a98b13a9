"""Condition regressors as CONN samples them: the mean over each volume, not a moment of it."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.glm.haemodynamic_response import RESPONSE_LENGTH, canonical_response

#: Bins of a repetition time on which events are laid out.
BINS_PER_SCAN = 10
#: Time before the first volume in which events can begin, s.
LEAD_IN = 100.0


def mean_sampled_regressor(
    *,
    onsets: np.ndarray,
    durations: np.ndarray,
    t_r: float,
    n_scans: int,
    bins_per_scan: int = BINS_PER_SCAN,
    lead_in: float = LEAD_IN,
    response_length: float = RESPONSE_LENGTH,
) -> np.ndarray:
    r"""Convolve events with the canonical response and average it over each volume.

    With bins of :math:`\delta = T_R / 10`: an event is on for ``floor(duration / delta)`` bins
    from the bin ``round(onset / delta)``, one bin at least; overlapping events do not add up.

    Parameters
    ----------
    onsets, durations : ndarray of shape (n_events,)
        s. An event that lasts longer than the run ends with it.
    t_r : float
        Repetition time, s.
    n_scans : int
        Volumes.
    bins_per_scan : int, optional
        Bins of a repetition time.
    lead_in : float, optional
        Time before the first volume, s; of earlier events the part after it counts.
    response_length : float, optional
        Length of the response, s.

    Returns
    -------
    ndarray of shape (n_scans,)
        The regressor; 1 is the plateau of a long block.

    References
    ----------
    Whitfield-Gabrieli and Nieto-Castanon (2012) doi:10.1089/brain.2012.0073.

    Examples
    --------
    >>> block = mean_sampled_regressor(
    ...     onsets=np.array([0.0]), durations=np.array([100.0]), t_r=2.0, n_scans=50
    ... )
    >>> round(float(block[0]), 6), round(float(block[30]), 6)
    (0.003482, 1.0)
    """
    step = t_r / bins_per_scan
    before = int(np.ceil(lead_in / step))
    level = np.zeros(before + n_scans * bins_per_scan)
    for onset, duration in zip(onsets, durations, strict=True):
        lasting = max(step, min(float(duration), n_scans * t_r - float(onset)))
        # A duration of whole bins must not lose one to rounding.
        n_bins = int(np.floor(lasting / step * (1 + 1e-12)))
        first = before + int(np.floor(onset / step + 0.5))
        level[max(first, 0) : max(first + n_bins, 0)] = 1.0
    response = canonical_response(interval=step, length=response_length)
    convolved = np.convolve(level, response)[before : len(level)]
    return np.asarray(convolved.reshape(n_scans, bins_per_scan).mean(axis=1))
