"""Fluctuation and signal-to-noise ratio of regions before and after cleaning."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: A mean below this many standard deviations is none: the series came without its mean.
SMALLEST_MEAN = 1e-3


class SignalQuality(NamedTuple):
    """Quality of the series of regions; NaN where a region has no value.

    Attributes
    ----------
    mean : ndarray of shape (n_regions,)
        Mean before cleaning, in the unit of the series.
    deviation_before, deviation_after : ndarray of shape (n_regions,)
        Temporal standard deviation in the same unit, n - 1.
    snr_before, snr_after : ndarray of shape (n_regions,)
        Mean before cleaning over the standard deviation before and after.
    problems : tuple of str
        Why a region has no ratio; empty where it has.
    """

    mean: np.ndarray
    deviation_before: np.ndarray
    deviation_after: np.ndarray
    snr_before: np.ndarray
    snr_after: np.ndarray
    problems: tuple[str, ...]


def signal_quality(before: np.ndarray, after: np.ndarray, *, kept: np.ndarray) -> SignalQuality:
    r"""Return temporal standard deviation and signal-to-noise ratio of regions.

    .. math:: SNR = \bar{y} / s_y

    over the kept volumes alone, before and after, so that motion of censored ones does not count
    as noise that cleaning took out.

    Parameters
    ----------
    before : ndarray of shape (n_scans, n_regions)
        Series of a run before cleaning, with their mean.
    after : ndarray of shape (n_kept, n_regions)
        Series after cleaning.
    kept : ndarray of bool, shape (n_scans,)
        Volumes that are used.

    Returns
    -------
    SignalQuality
        By region.

    Raises
    ------
    ValueError
        If the shapes do not belong together.

    Examples
    --------
    >>> before = np.array([[99.0], [101.0], [900.0], [99.0], [101.0]])
    >>> after = np.array([[-0.5], [0.5], [-0.5], [0.5]])
    >>> kept = np.array([True, True, False, True, True])
    >>> quality = signal_quality(before, after, kept=kept)
    >>> quality.mean.tolist(), quality.snr_before.round(1).tolist(), quality.snr_after.round(1)
    ([100.0], [86.6], array([173.2]))
    """
    kept = np.asarray(kept, dtype=bool)
    raw = np.asarray(before, dtype=np.float64)
    clean = np.asarray(after, dtype=np.float64)
    if len(raw) != len(kept) or clean.shape != (int(kept.sum()), raw.shape[1]):
        raise ValueError(
            f"Series of shapes {raw.shape} and {clean.shape} do not belong to {int(kept.sum())} "
            f"kept of {len(kept)} volumes."
        )
    raw = raw[kept]
    if len(raw) < 2:
        first, second, third, fourth, fifth = np.full((5, raw.shape[1]), np.nan)
        problems = (f"{len(raw)} volumes",) * raw.shape[1]
        return SignalQuality(first, second, third, fourth, fifth, problems)
    mean = raw.mean(axis=0)
    spread, rest = raw.std(axis=0, ddof=1), clean.std(axis=0, ddof=1)
    missing = ~np.isfinite(mean) | ~np.isfinite(rest)
    flat = ~missing & (spread <= 8 * len(raw) * np.finfo(np.float64).eps * np.abs(mean))
    without_mean = ~missing & ~flat & (mean <= SMALLEST_MEAN * spread)
    known = ~(missing | flat | without_mean)
    ratios = [np.full(raw.shape[1], np.nan) for _ in range(2)]
    for ratio, noise in zip(ratios, (spread, rest), strict=True):
        np.divide(mean, noise, out=ratio, where=known & (noise > 0))
    problems = tuple(
        "missing values" if gap else "does not vary" if still else "no mean above 0" if bare else ""
        for gap, still, bare in zip(missing, flat, without_mean, strict=True)
    )
    return SignalQuality(mean, spread, rest, ratios[0], ratios[1], problems)


class GroupRatio(NamedTuple):
    """Typical value of one group of regions against another's.

    Attributes
    ----------
    first, second : float
        Median over the regions that have a value; NaN for none.
    ratio : float
        First over second; NaN where one has no value or the second is not above 0.
    n_first, n_second : int
        Regions with a value.
    reason : str
        Why there is no ratio; empty if there is one.
    """

    first: float
    second: float
    ratio: float
    n_first: int
    n_second: int
    reason: str


def group_ratio(values: np.ndarray, *, first: np.ndarray, second: np.ndarray) -> GroupRatio:
    """Compare a value of some regions with that of others, such as limbic ones with the cortex.

    Parameters
    ----------
    values : ndarray of shape (n_regions,)
        Such as the signal-to-noise ratio; NaN where unknown.
    first, second : ndarray of bool, shape (n_regions,)
        Regions of both groups.

    Returns
    -------
    GroupRatio
        Medians, which one region without signal does not move, and their ratio.

    Examples
    --------
    >>> snr = np.array([40.0, 60.0, np.nan, 100.0, 200.0])
    >>> limbic = np.array([True, True, True, False, False])
    >>> group_ratio(snr, first=limbic, second=~limbic)
    GroupRatio(first=50.0, second=150.0, ratio=0.3333333333333333, n_first=2, n_second=2, reason='')
    """
    values = np.asarray(values, dtype=np.float64)
    medians, counts = [], []
    for group in (first, second):
        known = values[np.asarray(group, dtype=bool)]
        known = known[np.isfinite(known)]
        medians.append(float(np.median(known)) if known.size else float("nan"))
        counts.append(int(known.size))
    reason = ""
    if not all(counts):
        reason = "no region of the " + ("second" if counts[0] else "first") + " group has a value"
    elif not medians[1] > 0:
        reason = "the second group's median is not above 0"
    ratio = float("nan") if reason else medians[0] / medians[1]
    return GroupRatio(medians[0], medians[1], ratio, counts[0], counts[1], reason)
