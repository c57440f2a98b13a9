"""Breathing taken out of motion parameters, before displacement is computed from them.

Breathing moves the chest, which disturbs the magnetic field: motion correction sees a head that
swings in the phase-encoding direction. Displacement of motion parameters with that swing censors
volumes in which the head was still.

A run of repetition time :math:`T_R` shows frequencies up to :math:`1 / 2 T_R` alone; faster ones
fold below it. Adults breathe at 0.2-0.3 Hz, which a repetition time of 2 s shows at 0.2-0.25 Hz,
one of 3 s anywhere at 0.03-0.13 Hz, where true motion is: no filter can tell them apart then.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import signal

from bids_ketamine.errors import InputDataError

#: Breathing of resting adults, 12 to 18 breaths per minute, Hz.
ADULT_BREATHING = (0.2, 0.3)


class FilteredMotion(NamedTuple):
    """Motion parameters without a band of frequencies.

    Attributes
    ----------
    motion : ndarray of shape (n_scans, n_parameters)
        In the units that came in.
    notes : tuple of str
        Sentences on what the repetition time does to the filter.
    """

    motion: np.ndarray
    notes: tuple[str, ...]


def low_pass_motion(motion: np.ndarray, *, t_r: float, cutoff: float, order: int) -> FilteredMotion:
    r"""Keep slow motion: for runs with long repetition times, such as single-band ones.

    A Butterworth filter runs forwards and backwards over each parameter, which shifts nothing in
    time; its gain is

    .. math:: |H(f)|^2 = \frac{1}{1 + (\tan(\pi f T_R) / \tan(\pi f_c T_R))^{2N}}

    that is 1/2 at the cutoff.

    Parameters
    ----------
    motion : ndarray of shape (n_scans, n_parameters)
        Any units, no missing values.
    t_r : float
        Repetition time, s.
    cutoff : float
        Frequency :math:`f_c`, Hz; Gratton et al. take 0.1.
    order : int
        Order N of the filter in one direction.

    Returns
    -------
    FilteredMotion
        The parameters as they were, with a note, where no frequency is above the cutoff.

    Raises
    ------
    InputDataError
        If values are missing or there are fewer than two volumes.
    ValueError
        If the repetition time, the cutoff or the order is not positive.

    References
    ----------
    Gratton et al. (2020) doi:10.1016/j.neuroimage.2020.116866.
    """
    motion = _checked(motion, t_r, order)
    if not cutoff > 0:
        raise ValueError(f"The cutoff must be above 0 Hz, got {cutoff}.")
    nyquist = 0.5 / t_r
    if cutoff >= nyquist:
        note = f"motion was not filtered: a repetition time of {t_r:g} s shows no more than "
        return FilteredMotion(motion, (f"{note}{nyquist:.3g} Hz",))
    seen = folded_band(ADULT_BREATHING, t_r=t_r)
    notes: tuple[str, ...] = ()
    if seen[0] < cutoff:
        notes = (_unseparable(seen, t_r, f"filtering above {cutoff:g} Hz does not take all out"),)
    sections = signal.butter(order, cutoff, btype="lowpass", fs=1.0 / t_r, output="sos")
    return FilteredMotion(_both_ways(sections, motion), notes)


def notch_motion(
    motion: np.ndarray, *, t_r: float, band: tuple[float, float], order: int
) -> FilteredMotion:
    """Take the frequencies of breathing out: for runs with short repetition times.

    A Butterworth band-stop filter runs forwards and backwards over each parameter; its gain is
    1/2 at both ends of the band. One of order 1 is the second-order notch of Fair et al. A band
    beyond half the sampling rate is taken out where the run shows it (:func:`folded_band`).

    Parameters
    ----------
    motion : ndarray of shape (n_scans, n_parameters)
        Any units, no missing values.
    t_r : float
        Repetition time, s.
    band : (float, float)
        Breathing, Hz; Fair et al. take 0.31 to 0.43 for children, adults breathe at 0.2 to 0.3.
    order : int
        Order of the filter in one direction.

    Returns
    -------
    FilteredMotion
        With a note where the band was folded. A band that folds upon the highest frequency that
        the run shows makes it a low-pass filter.

    Raises
    ------
    InputDataError
        If values are missing, if there are fewer than two volumes, or if the band folds upon
        frequency 0.
    ValueError
        If repetition time, order or band are not positive or the band is not in order.

    References
    ----------
    Fair et al. (2020) doi:10.1016/j.neuroimage.2019.116400.
    """
    motion = _checked(motion, t_r, order)
    if not 0 < band[0] < band[1]:
        raise ValueError(f"The band must be two rising frequencies above 0 Hz, got {band}.")
    low, high = folded_band(band, t_r=t_r)
    notes = []
    if high < band[1]:
        notes.append(_shown((low, high), t_r, f"{band[0]:g}-{band[1]:g} Hz is taken out there"))
    if low <= 0:
        raise InputDataError(
            _unseparable((low, high), t_r, "no filter can tell it from slow motion"),
            cure="Do without a filter of motion parameters for runs of this repetition time.",
        )
    rate = 1.0 / t_r
    if high >= rate / 2.0:
        sections = signal.butter(order, low, btype="lowpass", fs=rate, output="sos")
    else:
        sections = signal.butter(order, (low, high), btype="bandstop", fs=rate, output="sos")
    return FilteredMotion(_both_ways(sections, motion), tuple(notes))


def folded_band(band: tuple[float, float], *, t_r: float) -> tuple[float, float]:
    r"""Return where a run shows a band of frequencies.

    .. math:: f \mapsto |f - \mathrm{round}(f T_R) / T_R|

    Parameters
    ----------
    band : (float, float)
        Rising frequencies, Hz.
    t_r : float
        Repetition time, s.

    Returns
    -------
    (float, float)
        Lowest and highest frequency at which it appears, Hz.

    Examples
    --------
    >>> [round(each, 4) for each in folded_band((0.2, 0.3), t_r=3.0)]
    [0.0333, 0.1333]
    >>> folded_band((0.2, 0.3), t_r=2.0), folded_band((0.2, 0.3), t_r=0.8)
    ((0.2, 0.25), (0.2, 0.3))
    """
    nyquist = 0.5 / t_r
    ends = [float(abs(each - np.round(each * t_r) / t_r)) for each in band]
    # Turning points inside the band: even multiples of the Nyquist frequency fold upon 0.
    turns = np.arange(np.ceil(band[0] / nyquist), np.floor(band[1] / nyquist) + 1)
    ends += [0.0 if turn % 2 == 0 else nyquist for turn in turns]
    return min(ends), max(ends)


def _checked(motion: np.ndarray, t_r: float, order: int) -> np.ndarray:
    motion = np.asarray(motion, dtype=np.float64)
    if not t_r > 0 or order < 1:
        raise ValueError(f"Repetition time and order must be positive, got {t_r} and {order}.")
    missing = ~np.isfinite(motion).all(axis=1)
    if missing.any():
        raise InputDataError(
            f"Motion parameters are missing at volume {int(np.flatnonzero(missing)[0])} "
            f"({int(missing.sum())} volumes in all), so that they cannot be filtered.",
            cure="Make the confounds table again, or do without a filter of motion parameters.",
        )
    if len(motion) < 2:
        raise InputDataError(
            f"A run of {len(motion)} volumes has no motion that could be filtered.",
            cure="Leave this run out.",
        )
    return motion


def _both_ways(sections: np.ndarray, motion: np.ndarray) -> np.ndarray:
    # Three times the filter's length, as SciPy takes it, as far as the run is long enough.
    padding = min(3 * (2 * len(sections) + 1), len(motion) - 1)
    return np.asarray(signal.sosfiltfilt(sections, motion, axis=0, padlen=padding))


def _shown(seen: tuple[float, float], t_r: float, consequence: str) -> str:
    return (
        f"a repetition time of {t_r:g} s shows breathing at {seen[0]:.3g}-{seen[1]:.3g} Hz: "
        f"{consequence}"
    )


def _unseparable(seen: tuple[float, float], t_r: float, consequence: str) -> str:
    text = _shown(seen, t_r, consequence)
    return text[0].upper() + text[1:]
