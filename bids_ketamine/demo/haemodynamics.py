"""The BOLD response to trials and blocks, written here independently of the analysis code."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma, gammainc

from bids_ketamine.demo.regions import FloatArray

#: Canonical double-gamma shape: response after 6 s, undershoot after 16 s, ratio 6 (all at 1 s
#: dispersion).
RESPONSE_SHAPE = 6.0
UNDERSHOOT_SHAPE = 16.0
UNDERSHOOT_RATIO = 6.0


def haemodynamic_response(times: ArrayLike) -> FloatArray:
    r"""Return the canonical double-gamma response to an impulse.

    .. math:: h(t) = \frac{t^5 e^{-t}}{\Gamma(6)} - \frac{1}{6} \frac{t^{15} e^{-t}}{\Gamma(16)}

    Parameters
    ----------
    times : array-like
        Time since the impulse, s; the response is 0 before it.

    Returns
    -------
    ndarray
        Response, 1/s, of the shape of `times`.

    References
    ----------
    Friston et al. 1998, NeuroImage 7:30; Glover 1999, NeuroImage 9:416.

    Examples
    --------
    >>> haemodynamic_response([-1.0, 0.0, 5.0, 15.0]).round(3).tolist()
    [0.0, 0.0, 0.175, -0.015]
    """
    t = np.clip(np.asarray(times, dtype=float), 0.0, None)

    def density(shape: float) -> FloatArray:
        return t ** (shape - 1.0) * np.exp(-t) / gamma(shape)

    return density(RESPONSE_SHAPE) - density(UNDERSHOOT_SHAPE) / UNDERSHOOT_RATIO


def step_response(times: ArrayLike) -> FloatArray:
    """Return the integral of the impulse response: what a stimulus that stays on evokes.

    Parameters
    ----------
    times : array-like
        Time since the stimulus came on, s.

    Returns
    -------
    ndarray
        0 before the onset, 5/6 after a long time.
    """
    t = np.clip(np.asarray(times, dtype=float), 0.0, None)
    return gammainc(RESPONSE_SHAPE, t) - gammainc(UNDERSHOOT_SHAPE, t) / UNDERSHOOT_RATIO


def task_response(
    *,
    onsets: ArrayLike,
    durations: ArrayLike,
    frame_times: FloatArray,
    unit: Literal["plateau", "peak"],
) -> FloatArray:
    """Return the summed response to stimuli, exact at each frame time.

    A stimulus of duration d evokes ``S(t) - S(t - d)`` with S the step response.

    Parameters
    ----------
    onsets, durations : array-like of shape (n_stimuli,)
        Seconds; none at all evoke nothing.
    frame_times : ndarray of shape (n_volumes,)
        When each volume was acquired, s.
    unit : {"plateau", "peak"}
        What equals 1: the plateau of a stimulus that lasts (blocks), or the peak of the
        response to one stimulus of the first duration (events).

    Returns
    -------
    ndarray of shape (n_volumes,)
    """
    if np.size(onsets) == 0:
        return np.zeros(len(frame_times))
    start = np.asarray(onsets, dtype=float)[:, None]
    duration = np.asarray(durations, dtype=float)[:, None]
    evoked = step_response(frame_times - start) - step_response(frame_times - start - duration)
    if unit == "plateau":
        one = 1.0 - 1.0 / UNDERSHOOT_RATIO
    else:
        fine = np.arange(0.0, 32.0, 0.01)
        one = float((step_response(fine) - step_response(fine - duration[0])).max())
    return evoked.sum(axis=0) / one
