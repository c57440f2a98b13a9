"""Which volumes of a run are left out of resting-state measures, and whether enough are left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

#: Share of a minimum that rounding may take: 375 volumes of 0.8 s are 5 minutes.
ROUNDING = 1e-9


class Censoring(NamedTuple):
    """State of the volumes of a run.

    A volume counts under its first cause in the order of the attributes.

    Attributes
    ----------
    kept : ndarray of bool, shape (n_scans,)
        Volumes that are used.
    n_non_steady : int
        Volumes before the steady state.
    n_displaced : int
        Other volumes with framewise displacement above its threshold.
    n_changed : int
        Other volumes with DVARS above its threshold.
    n_in_short_segments : int
        Other volumes in stretches that are too short.
    notes : tuple of str
        Sentences on criteria that could not be applied.
    n_without_values : int
        Other volumes after the steady state of which there is no value; counted before the rest.
    """

    kept: np.ndarray
    n_non_steady: int
    n_displaced: int
    n_changed: int
    n_in_short_segments: int
    notes: tuple[str, ...]
    n_without_values: int = 0

    @property
    def n_kept(self) -> int:
        """Volumes that are used."""
        return int(self.kept.sum())

    @property
    def causes(self) -> str:
        """Why volumes are left out, in words; empty if all are used.

        Examples
        --------
        >>> Censoring(np.array([False, True, False]), 1, 1, 0, 0, ()).causes
        '1 before the steady state, 1 by displacement'
        """
        counts = (
            (self.n_non_steady, "before the steady state"),
            (self.n_without_values, "without values"),
            (self.n_displaced, "by displacement"),
            (self.n_changed, "by DVARS"),
            (self.n_in_short_segments, "in short segments"),
        )
        return ", ".join(f"{count} {cause}" for count, cause in counts if count)


def censor_volumes(
    *,
    framewise_displacement: np.ndarray,
    dvars: np.ndarray,
    non_steady_state: np.ndarray,
    displacement_threshold: float | None,
    dvars_threshold: float | None,
    minimum_segment: int,
    without_values: np.ndarray | None = None,
) -> Censoring:
    """Mark the volumes that are left out.

    A volume is left out before the steady state, where displacement or DVARS is above its
    threshold ("above" leaves the threshold itself in), and where what is left in a row around it
    is shorter than a minimum. An unknown value is above nothing: the first volume has no
    displacement and stays.

    Displacement of filtered motion (:mod:`~bids_ketamine.core.cleaning.respiration`) is smaller
    and wants a lower threshold.

    Parameters
    ----------
    framewise_displacement : ndarray of shape (n_scans,)
        mm; NaN where unknown. From six motion parameters:
        :func:`~bids_ketamine.core.confounds.power_displacement`.
    dvars : ndarray of shape (n_scans,)
        In the unit of its threshold, such as fMRIPrep's ``std_dvars``; NaN where unknown.
    non_steady_state : ndarray of bool, shape (n_scans,)
        Volumes before the steady state.
    displacement_threshold : float or None
        mm; None for no such criterion.
    dvars_threshold : float or None
        None for no such criterion.
    minimum_segment : int
        Shortest stretch of volumes in a row that is used; 1 for any.
    without_values : ndarray of bool, shape (n_scans,), optional
        Volumes that a table has no values of.

    Returns
    -------
    Censoring
        Volumes that are used, counts by cause. It is no error if none is used.

    Raises
    ------
    ValueError
        If lengths differ or a threshold or minimum is not positive.

    References
    ----------
    Power et al. (2012) doi:10.1016/j.neuroimage.2011.10.018;
    Power et al. (2014) doi:10.1016/j.neuroimage.2013.08.048.

    Examples
    --------
    >>> censoring = censor_volumes(
    ...     framewise_displacement=np.array([np.nan, 0.1, 0.3, 0.1, 0.25]),
    ...     dvars=np.full(5, np.nan),
    ...     non_steady_state=np.zeros(5, dtype=bool),
    ...     displacement_threshold=0.25,
    ...     dvars_threshold=None,
    ...     minimum_segment=1,
    ... )
    >>> censoring.kept.tolist(), censoring.causes
    ([True, True, False, True, True], '1 by displacement')
    """
    if not len(framewise_displacement) == len(dvars) == len(non_steady_state):
        raise ValueError("Displacement, DVARS and steady state must have one value a volume.")
    if minimum_segment < 1:
        raise ValueError(f"`minimum_segment` must be at least 1, got {minimum_segment}.")
    notes: list[str] = []
    unsteady = np.asarray(non_steady_state, dtype=bool)
    empty = np.zeros_like(unsteady) if without_values is None else without_values & ~unsteady
    displaced = _above(
        framewise_displacement, displacement_threshold, "framewise displacement", notes
    )
    displaced &= ~(unsteady | empty)
    changed = _above(dvars, dvars_threshold, "DVARS", notes) & ~(unsteady | empty | displaced)
    free = ~(unsteady | empty | displaced | changed)
    kept = free & ~_in_short_segments(free, minimum_segment)
    return Censoring(
        kept=kept,
        n_non_steady=int(unsteady.sum()),
        n_displaced=int(displaced.sum()),
        n_changed=int(changed.sum()),
        n_in_short_segments=int(free.sum() - kept.sum()),
        notes=tuple(notes),
        n_without_values=int(empty.sum()),
    )


def _above(values: np.ndarray, threshold: float | None, name: str, notes: list[str]) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if threshold is None:
        return np.zeros(len(values), dtype=bool)
    if not threshold > 0:
        raise ValueError(f"The threshold of {name} must be above 0, got {threshold}.")
    unknown = np.isnan(values)
    if unknown.all():
        notes.append(f"{name} is unknown: no volume is censored by it")
    elif unknown[1:].any():
        # The first volume has no change before it; any other should have one.
        notes.append(f"{name} of {int(unknown[1:].sum())} volumes is unknown: they are kept")
    return np.asarray(np.where(unknown, -np.inf, values) > threshold)


def _in_short_segments(free: np.ndarray, minimum: int) -> np.ndarray:
    """Mark volumes of stretches that are shorter than a minimum."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]])))
    short = np.zeros(len(free), dtype=bool)
    for start, stop in edges.reshape(-1, 2):
        short[start:stop] = stop - start < minimum
    return short


class UsableTime(NamedTuple):
    """How much of a session can be used.

    Attributes
    ----------
    minutes : float
        Time of the volumes that are used, min.
    n_kept, n_scans : int
        Volumes used, and all.
    reason : str
        Why the session is left out; empty if it has enough.
    """

    minutes: float
    n_kept: int
    n_scans: int
    reason: str


def usable_time(
    kept: Sequence[np.ndarray], *, t_r: Sequence[float], minimum_minutes: float
) -> UsableTime:
    r"""Say whether the runs of a session leave enough time together.

    .. math:: \textstyle\sum_r n_r T_{R,r} \ge m

    with the :math:`n_r` volumes of run r that are used and the minimum m.

    Parameters
    ----------
    kept : sequence of ndarray of bool, each of shape (n_scans,)
        Volumes used, by run.
    t_r : sequence of float
        Repetition time of each run, s.
    minimum_minutes : float
        Shortest time, min, itself enough; 0 for any time at all.

    Returns
    -------
    UsableTime
        Time and, where it is too short, the reason: this is a result, no error.

    References
    ----------
    Siegel et al. (2021) doi:10.1007/s00213-021-05762-6.

    Examples
    --------
    >>> usable_time([np.arange(180) < 100, np.arange(180) < 20], t_r=[2.0, 2.0], minimum_minutes=5)
    UsableTime(minutes=4.0, n_kept=120, n_scans=360, reason='4 min usable < 5 min')
    """
    n_kept = sum(int(np.sum(each)) for each in kept)
    n_scans = sum(len(each) for each in kept)
    seconds = sum(int(np.sum(each)) * float(step) for each, step in zip(kept, t_r, strict=True))
    reason = ""
    if not kept:
        reason = "no run"
    elif n_kept == 0:
        reason = f"all {n_scans} volumes are censored"
    elif seconds < 60.0 * minimum_minutes * (1.0 - ROUNDING):
        reason = f"{seconds / 60.0:.4g} min usable < {minimum_minutes:g} min"
    return UsableTime(seconds / 60.0, n_kept, n_scans, reason)
