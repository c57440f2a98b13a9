"""Imaging measures and covariates, each prepared for many sets of training rows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bids_ketamine.core.prediction.imputation import imputed_sets
from bids_ketamine.core.prediction.motion import (
    motion_removed,
    sessions_of,
    without_unknown_motion,
)
from bids_ketamine.core.prediction.trial_data import (
    CATEGORICAL,
    PredictionSettings,
    TrialPredictors,
)

#: Sets that are prepared at a time: few enough for little memory.
SETS_AT_A_TIME = 32


def imaging_block(
    data: TrialPredictors,
    *,
    timing: str,
    settings: PredictionSettings,
    training: np.ndarray,
    n_jobs: int,
) -> np.ndarray:
    """Take motion out of the imaging measures and fill in missing ones by the others.

    Parameters
    ----------
    data, timing, settings, n_jobs
        As for :func:`bids_ketamine.core.prediction.preparation.prepare_blocks`.
    training : ndarray of bool, shape (n_sets, n)
        Rows that each set learns from.

    Returns
    -------
    ndarray of shape (n_sets, n, p)
        (1, n, p) where nothing is to be prepared: the same in all sets.
    """
    block = data.imaging
    if settings.residualize_motion:
        block = without_unknown_motion(block, timing=timing)
    values, fd = sessions_of(block, timing=timing)
    if not settings.residualize_motion:
        fd = np.full(values.shape, np.nan)
    if np.isfinite(values).all() and not np.isfinite(fd).any():
        return motion_removed(values, fd, training=training[:1], timing=timing)

    def prepared(rows: np.ndarray) -> np.ndarray:
        removed = motion_removed(values, fd, training=rows, timing=timing)
        return imputed_sets(removed, training=rows, method=settings.imputation)

    return _by_sets(prepared, training, n_jobs)


def covariate_block(
    data: TrialPredictors,
    *,
    timing: str,
    settings: PredictionSettings,
    training: np.ndarray,
    n_jobs: int,
) -> np.ndarray:
    """Fill in missing covariates by the others.

    Parameters
    ----------
    data, timing, settings, n_jobs
        As for :func:`bids_ketamine.core.prediction.preparation.prepare_blocks`.
    training : ndarray of bool, shape (n_sets, n)
        Rows that each set learns from.

    Returns
    -------
    ndarray of shape (n_sets, n, q)
        (1, n, q) where nothing is to be prepared: the same in all sets.

    Raises
    ------
    ValueError
        If one has text.
    """
    entering = [each for each in data.covariates if timing in each.timings]
    texts = [each.name for each in entering if each.kind == CATEGORICAL]
    if texts:
        raise ValueError(f"categorical covariates must be coded first, got {texts}")
    columns = [np.asarray(each.values, dtype=np.float64) for each in entering]
    values = np.stack(columns, axis=1) if columns else np.empty((len(data.participants), 0))
    if not np.isnan(values).any():
        return values[np.newaxis]

    def prepared(rows: np.ndarray) -> np.ndarray:
        sets = np.broadcast_to(values, (len(rows), *values.shape))
        return imputed_sets(sets, training=rows, method=settings.imputation)

    return _by_sets(prepared, training, n_jobs)


def _by_sets(
    prepared: Callable[[np.ndarray], np.ndarray], training: np.ndarray, n_jobs: int
) -> np.ndarray:
    """Prepare some sets at a time, in threads: compiled code does not hold the others up."""
    parts = [
        training[first : first + SETS_AT_A_TIME]
        for first in range(0, len(training), SETS_AT_A_TIME)
    ]
    if n_jobs == 1 or len(parts) == 1:
        return np.concatenate([prepared(part) for part in parts])
    with ThreadPoolExecutor(n_jobs) as threads:
        return np.concatenate(list(threads.map(prepared, parts)))
