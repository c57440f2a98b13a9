"""Predictors side by side, and which of them cannot enter."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.prediction.imputation import training_scale
from bids_ketamine.core.prediction.motion import sessions_of
from bids_ketamine.core.prediction.trial_data import (
    CATEGORICAL,
    CHANGE,
    NUMERIC,
    Covariate,
    TrialPredictors,
)

#: Most levels of a categorical covariate, and fewest participants a level on average.
MAX_LEVELS = 6
FEWEST_PER_LEVEL = 2

#: Fewest values of a predictor.
FEWEST_VALUES = 3

#: Two predictors are the same where 1 - |r| is below this: rounding.
SAME = 1e-12

#: Why a predictor does not enter.
NO_VALUES = "no values"
CONSTANT = "all values equal"


class Predictors(NamedTuple):
    """Predictors of one timing before anything is dropped."""

    names: tuple[str, ...]
    values: np.ndarray  # (n, m): imaging, then covariates
    n_imaging: int
    reasons: dict[str, str]  # of covariates that cannot be coded
    covariates: tuple[Covariate, ...]  # numbers, in the order of the last columns


def imaging_values(data: TrialPredictors, timing: str) -> np.ndarray:
    """Return changes or values of the first session, before motion is taken out.

    Parameters
    ----------
    data : TrialPredictors
        The trial.
    timing : {"change", "baseline"}
        Which.

    Returns
    -------
    ndarray of shape (n, p)
        In the unit of each measure; NaN where missing.
    """
    values, _ = sessions_of(data.imaging, timing=timing)
    return values[1] - values[0] if timing == CHANGE else values[0]


def all_predictors(data: TrialPredictors, timing: str) -> Predictors:
    """Put imaging and coded covariates side by side.

    Parameters
    ----------
    data : TrialPredictors
        The trial.
    timing : {"change", "baseline"}
        Covariates of the other one are left out.

    Returns
    -------
    Predictors
        A categorical covariate that cannot be coded is one column without variation.
    """
    covariates: list[Covariate] = []
    reasons = {}
    for each in data.covariates:
        if timing not in each.timings:
            continue
        if each.kind != CATEGORICAL:
            values = np.asarray(each.values, dtype=np.float64)
            covariates.append(each._replace(values=np.where(np.isfinite(values), values, np.nan)))
            continue
        # Text is missing as None, as "" and, where a table was read, as the number NaN.
        texts = tuple(text if isinstance(text, str) and text else None for text in each.values)
        reason = _uncodable(texts)
        coded = dummies(each.name, texts)
        if reason or not coded:
            # One column stands for it, whose values tell how many are missing.
            present = np.array([np.nan if text is None else 0.0 for text in texts])
            coded = (Covariate(each.name, NUMERIC, present, ()),)
        if reason:
            reasons[each.name] = reason
        covariates += [dummy._replace(timings=each.timings) for dummy in coded]
    imaging = imaging_values(data, timing)
    columns = [np.asarray(each.values, dtype=np.float64)[:, np.newaxis] for each in covariates]
    return Predictors(
        names=(*data.imaging.names, *(each.name for each in covariates)),
        values=np.concatenate([imaging, *columns], axis=1),
        n_imaging=imaging.shape[1],
        reasons=reasons,
        covariates=tuple(covariates),
    )


def missing_shares(found: Predictors) -> dict[str, float]:
    """Return the share of missing values of each predictor; 1 where there is no participant.

    Parameters
    ----------
    found : Predictors
        Of the participants who count.
    """
    n = len(found.values)
    shares = np.isnan(found.values).sum(axis=0) / n if n else np.ones(len(found.names))
    return dict(zip(found.names, shares.tolist(), strict=True))


def unusable(found: Predictors, maximum_missing: float) -> dict[str, str]:
    """Return why predictors cannot enter.

    Parameters
    ----------
    found : Predictors
        Of the participants who enter.
    maximum_missing : float
        Largest share of missing values.

    Returns
    -------
    dict of str to str
        Reasons of those that cannot.
    """
    values = found.values
    n, present = len(values), np.isfinite(values).sum(axis=0)
    everybody = np.ones((1, n), dtype=bool)
    spread = training_scale(values[np.newaxis], training=everybody).deviation[0]
    reasons: dict[str, str] = {}
    for column, name in enumerate(found.names):
        n_missing = n - int(present[column])
        if present[column] == 0:
            reasons[name] = NO_VALUES
        elif present[column] < FEWEST_VALUES:
            reasons[name] = f"{present[column]} values, fewer than {FEWEST_VALUES}"
        elif n_missing > maximum_missing * n:
            reasons[name] = (
                f"{n_missing} of {n} values missing, more than {100 * maximum_missing:g} %"
            )
        elif name in found.reasons:
            reasons[name] = found.reasons[name]
        elif spread[column] == 0:
            reasons[name] = CONSTANT
    left = [column for column, name in enumerate(found.names) if name not in reasons]
    reasons.update(_duplicates([found.names[column] for column in left], values[:, left]))
    return reasons


def dummies(name: str, values: tuple[str | None, ...]) -> tuple[Covariate, ...]:
    """Code a categorical covariate.

    Parameters
    ----------
    name : str
        Of the covariate.
    values : tuple of str or None
        Levels of the n participants, None where missing.

    Returns
    -------
    tuple of Covariate
        One for each level but the reference, by name: 1 in the level, 0 in another, NaN where
        missing. Their timings are empty.

    Examples
    --------
    >>> [(each.name, each.values.tolist()) for each in dummies("sex", ("f", "m", "f", None))]
    [('sex=m', [0.0, 1.0, 0.0, nan])]
    """
    counts = Counter(value for value in values if value is not None)
    reference = min(counts, key=lambda level: (-counts[level], level), default=None)
    return tuple(
        Covariate(
            f"{name}={level}",
            NUMERIC,
            np.array([np.nan if value is None else float(value == level) for value in values]),
            (),
        )
        for level in sorted(counts)
        if level != reference
    )


def _uncodable(texts: tuple[str | None, ...]) -> str:
    """Return why a categorical covariate cannot be coded, or ""."""
    n_levels = len(set(texts) - {None})
    n_values = sum(text is not None for text in texts)
    if n_levels > MAX_LEVELS:
        return f"{n_levels} levels, more than {MAX_LEVELS}"
    if n_levels > 1 and n_values < FEWEST_PER_LEVEL * n_levels:
        return f"{n_levels} levels for {n_values} participants"
    return ""


def _duplicates(names: list[str], values: np.ndarray) -> dict[str, str]:
    """Return why a predictor says the same as an earlier one with values in the same rows."""
    missing = np.isnan(values)
    deviations = np.where(missing, 0.0, values - np.nanmean(values, axis=0)) if names else values
    length = np.sqrt((deviations**2).sum(axis=0))
    directions = deviations / length
    r = directions.T @ directions
    reasons: dict[str, str] = {}
    for later in range(len(names)):
        for earlier in np.flatnonzero(1 - np.abs(r[:later, later]) < SAME):
            same_rows = np.array_equal(missing[:, earlier], missing[:, later])
            if same_rows and names[earlier] not in reasons:
                sign = "1" if r[earlier, later] > 0 else "-1"
                reasons[names[later]] = (
                    f"`{names[later]}` and `{names[earlier]}` are perfectly correlated (r = {sign})"
                )
                break
    return reasons
