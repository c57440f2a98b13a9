"""Generalized PPI as CONN computes it, and fitted jointly, step by step in plain numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats


def regressor(events: pd.DataFrame, *, n_scans: int, t_r: float, shift: float = 0.0) -> np.ndarray:
    """Return a condition regressor, averaged over each volume.

    Parameters
    ----------
    events : DataFrame
        ``onset`` and ``duration`` of the condition, s.
    n_scans, t_r
        Volumes, and seconds of each.
    shift : float
        How much later than the middle of a volume its slices are, s.
    """
    step = t_r / 10
    before = int(np.ceil(100.0 / step))
    level = np.zeros(before + 10 * n_scans)
    for onset, duration in zip(events["onset"], events["duration"], strict=True):
        first = before + int(np.floor((onset - shift) / step + 0.5))
        level[first : first + max(int(duration / step + 1e-9), 1)] = 1.0
    time = np.arange(int(32.0 / step + 1e-9) + 1) * step
    response = stats.gamma.pdf(time, 6) - stats.gamma.pdf(time, 16) / 6
    response /= response.sum()
    fine = np.convolve(level, response)[before : before + 10 * n_scans]
    return fine.reshape(n_scans, 10).mean(axis=1)


def residuals(series: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return what least squares leave of series; columns of any rank and size."""
    size = np.linalg.norm(columns, axis=0)
    unit = columns[:, size > 0] / size[size > 0]
    left = series - unit @ np.linalg.lstsq(unit, series, rcond=1e-12)[0]
    return left - unit @ np.linalg.lstsq(unit, left, rcond=1e-12)[0]


def derivative(columns: np.ndarray) -> np.ndarray:
    """Return x(t + 1) - x(t - 1), the ends repeated."""
    return np.vstack([columns[1:], columns[-1:]]) - np.vstack([columns[:1], columns[:-1]])


def band(series: np.ndarray, *, t_r: float, low: float, high: float) -> np.ndarray:
    """Filter a series and its mirror image in the frequency domain: low <= f < high."""
    n_scans = len(series)
    spectrum = np.fft.fft(np.concatenate([series, series[::-1]]), axis=0)
    order = np.minimum(np.arange(2 * n_scans), 2 * n_scans - np.arange(2 * n_scans))
    outside = (order < low * t_r * 2 * n_scans) | (order >= high * t_r * 2 * n_scans)
    spectrum[outside] = 0.0
    return np.real(np.fft.ifft(spectrum, axis=0))[:n_scans]


def around(conditions: np.ndarray, nuisance: np.ndarray) -> np.ndarray:
    """Return what series are cleaned of: nuisance, conditions with derivatives, trend."""
    n_scans = len(conditions)
    trend = np.linspace(-1.0, 1.0, n_scans)
    return np.column_stack([np.ones(n_scans), nuisance, conditions, derivative(conditions), trend])


def conn_cleaned(
    series: np.ndarray,
    conditions: np.ndarray,
    *,
    nuisance: np.ndarray,
    t_r: float,
    band_pass: tuple[float, float] | None,
) -> np.ndarray:
    """Regress, then filter."""
    rest = residuals(series, around(conditions, nuisance))
    return rest if band_pass is None else band(rest, t_r=t_r, low=band_pass[0], high=band_pass[1])


def conn_value(
    cleaned: Sequence[np.ndarray],
    conditions: Sequence[np.ndarray],
    *,
    seed: int,
    target: int,
    weights: Sequence[float],
    measure: str = "correlation",
) -> float:
    """Return the effect of a seed on a target over runs, each without its means.

    Parameters
    ----------
    cleaned : sequence of ndarray of shape (n_scans, n_regions)
        Result of :func:`conn_cleaned` for each run.
    conditions : sequence of ndarray of shape (n_scans, n_conditions)
        Regressors of each run.
    seed, target : int
        Regions.
    weights : sequence of float
        Weight of each condition.
    measure : str
        ``correlation`` (Fisher z of semipartial correlations) or ``regression``.
    """
    rows = []
    for series, h in zip(cleaned, conditions, strict=True):
        s = series[:, [seed]]
        run = np.column_stack([s, h, s * h, series[:, target]])
        rows.append(run - run.mean(axis=0))
    joined = np.concatenate(rows)
    return _sum_of_effects(joined[:, :-1], joined[:, -1], weights, measure)


def joint_value(
    series: np.ndarray,
    conditions: np.ndarray,
    *,
    seed: int,
    target: int,
    weights: Sequence[float],
    nuisance: np.ndarray,
    t_r: float,
    band_pass: tuple[float, float],
    measure: str = "correlation",
) -> float:
    """Return the same from one regression on nuisance, frequencies and interaction at once."""
    n_scans = len(series)
    order = np.arange(n_scans)
    cosines = np.cos(np.pi * np.outer(2 * order + 1, order) / (2 * n_scans))
    frequency = order / (2 * n_scans * t_r)
    outside = cosines[:, (frequency < band_pass[0]) | (frequency >= band_pass[1])]
    everything = np.column_stack([around(conditions, nuisance), outside])
    cleaned = residuals(series, everything)
    s = cleaned[:, [seed]]
    # Conditions are among what is cleaned; their own columns need not stand there twice.
    columns = residuals(np.column_stack([s, s * conditions]), everything)
    return _sum_of_effects(columns, cleaned[:, target], weights, measure)


def _sum_of_effects(
    columns: np.ndarray, target: np.ndarray, weights: Sequence[float], measure: str
) -> float:
    """Weight the interactions, which are the last columns."""
    total = 0.0
    for place, weight in enumerate(weights, start=columns.shape[1] - len(weights)):
        if weight == 0.0:
            continue
        others = np.delete(columns, place, axis=1)
        own = residuals(columns[:, place], others)
        if measure == "regression":
            total += weight * (own @ target) / (own @ own)
        else:
            total += weight * np.arctanh(
                own @ target / np.linalg.norm(own) / np.linalg.norm(target)
            )
    return float(total)


def regressors_of(
    events: pd.DataFrame, names: Sequence[str], *, n_scans: int, t_r: float, shift: float = 0.0
) -> np.ndarray:
    """Return a regressor for each trial type, shape (n_scans, n_names)."""
    kinds: Mapping[str, pd.DataFrame] = {
        name: events[events["trial_type"] == name] for name in names
    }
    columns = [regressor(each, n_scans=n_scans, t_r=t_r, shift=shift) for each in kinds.values()]
    return np.column_stack(columns)
