"""Predictors prepared without the participants who are left out, and the designs made of them.

A set is what a model is fitted without: nobody, one participant, two, or more. What the other
participants decide (slopes of motion, imputed values, z-scores) is decided for each set anew, once
for all models and permutations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.prediction.blocks import covariate_block, imaging_block
from bids_ketamine.core.prediction.imputation import standardise, training_scale
from bids_ketamine.core.prediction.trial_data import (
    BY_ARM_AND_CONCURRENT,
    MEASURES,
    MODELS,
    TRAINING_FOLDS,
    WHOLE_SAMPLE,
    PredictionSettings,
    TrialPredictors,
)

#: Kinds of columns of a design.
IMAGING, COVARIATE, ARM, INTERACTION, CONCURRENT = (
    "imaging",
    "covariate",
    "arm",
    "interaction",
    "concurrent",
)

#: Name of the column that holds the improvement of the concurrent outcome.
CONCURRENT_NAME = "concurrent improvement"


class PreparedBlocks(NamedTuple):
    """Predictors of all participants, prepared for each set without its participants.

    Attributes
    ----------
    imaging : ndarray of shape (n_sets, n, p)
        Changes, or values of the first session, in the unit of each measure.
    covariates : ndarray of shape (n_sets, n, q)
        In the unit of each.
    sets : ndarray of int, shape (n_sets, k)
        Rows that each set leaves out, -1 for nobody.
    training : ndarray of bool, shape (n_sets, n)
        Rows that the preparation saw: those not in the set, or all ("whole_sample").
    scores : ndarray of shape (n_sets, n, p)
        Imaging, z-scored by mean and standard deviation (n - 1) of these rows; 0 where they are
        all equal.
    imaging_names, covariate_names : tuple of str
        Of the columns.
    """

    imaging: np.ndarray
    covariates: np.ndarray
    sets: np.ndarray
    training: np.ndarray
    scores: np.ndarray
    imaging_names: tuple[str, ...]
    covariate_names: tuple[str, ...]


class DesignStack(NamedTuple):
    """Designs of one model, one for each set.

    Attributes
    ----------
    stack : ndarray of shape (n_sets, n, p_all)
        Rows of all participants.
    names, kinds : tuple of str
        Of the columns: "imaging", "covariate", "arm", "interaction" or "concurrent".
    """

    stack: np.ndarray
    names: tuple[str, ...]
    kinds: tuple[str, ...]


def prepare_blocks(
    data: TrialPredictors,
    *,
    timing: str,
    settings: PredictionSettings,
    sets: np.ndarray,
    n_jobs: int,
) -> PreparedBlocks:
    """Prepare the predictors for each set without its participants.

    Imaging: motion out (:mod:`~bids_ketamine.core.prediction.motion`), then missing values by
    imaging alone; covariates: missing values by covariates alone. A set without the rows of other
    participants has the rows of these in other places, but the same values.

    Parameters
    ----------
    data : TrialPredictors
        As :func:`~bids_ketamine.core.prediction.columns.usable_predictors` gives it.
    timing : {"change", "baseline"}
        Second minus first session, or the first session, which sees no later value.
    settings : PredictionSettings
        Preparation, motion and imputation.
    sets : ndarray of int, shape (n_sets, k)
        Rows that each set leaves out, -1 for nobody.
    n_jobs : int
        Threads.

    Returns
    -------
    PreparedBlocks
        Complete. A measure that is constant or has no value among the training rows of a set is a
        constant there (its value, or 0), and never NaN. Where nothing is to be prepared, all sets
        share memory and cannot be written to.

    Raises
    ------
    ValueError
        If a name in the settings is unknown, a covariate has text, or nobody is left in a set.
    """
    _require(settings.preparation, (TRAINING_FOLDS, WHOLE_SAMPLE), "preparation")
    sets = np.asarray(sets, dtype=np.int64).reshape(len(sets), -1)
    n, n_sets = len(data.participants), len(sets)
    training = np.ones((n_sets, n), dtype=bool)
    if settings.preparation == TRAINING_FOLDS:
        for one, rows in zip(training, sets, strict=True):
            one[rows[rows >= 0]] = False
    if n_sets and not training.any(axis=1).all():
        raise ValueError("every set must leave participants to learn from")
    needed = training if settings.preparation == TRAINING_FOLDS else training[:1]

    def shared(block: np.ndarray) -> np.ndarray:
        return np.broadcast_to(block, (n_sets, *block.shape[1:]))

    imaging = imaging_block(data, timing=timing, settings=settings, training=needed, n_jobs=n_jobs)
    covariates = covariate_block(
        data, timing=timing, settings=settings, training=needed, n_jobs=n_jobs
    )
    scores = standardise(imaging, training_scale(imaging, training=needed))
    return PreparedBlocks(
        imaging=shared(imaging),
        covariates=shared(covariates),
        sets=sets,
        training=training,
        scores=shared(scores),
        imaging_names=data.imaging.names,
        covariate_names=tuple(each.name for each in data.covariates if timing in each.timings),
    )


def prepare_rows(
    data: TrialPredictors,
    *,
    timing: str,
    settings: PredictionSettings,
    left_out: np.ndarray,
) -> PreparedBlocks:
    """Prepare the predictors without some participants, as many as there be.

    Parameters
    ----------
    data, timing, settings
        As for :func:`prepare_blocks`.
    left_out : ndarray of int, shape (k,)
        Their rows.

    Returns
    -------
    PreparedBlocks
        With one set.
    """
    rows = np.asarray(left_out, dtype=np.int64).reshape(1, -1)
    return prepare_blocks(data, timing=timing, settings=settings, sets=rows, n_jobs=1)


def design_stack(
    blocks: PreparedBlocks,
    *,
    arms_codes: np.ndarray,
    levels: tuple[str, ...],
    model: str,
    concurrent: np.ndarray | None,
    order: np.ndarray | None = None,
) -> DesignStack:
    """Put the columns of a model together (methods row A14).

    Imaging, covariates; with arms a dummy of each arm but the reference, and the z-scored imaging
    measures times each dummy; with a concurrent outcome its improvement.

    Parameters
    ----------
    blocks : PreparedBlocks
        Prepared predictors.
    arms_codes : ndarray of int, shape (n,)
        Place of each participant's arm among the levels, the reference 0.
    levels : tuple of str
        Arms, the reference first.
    model : {"measures", "by_arm", "by_arm_and_concurrent"}
        Which columns.
    concurrent : ndarray of shape (n,) or None
        Improvement of the concurrent outcome, points.
    order : ndarray of int, shape (n,), optional
        Participant whose imaging measures each row gets: a permutation of the imaging block. Its
        set is then the one without their givers, prepared already: the result is that of imaging
        values permuted before everything, to rounding.

    Returns
    -------
    DesignStack
        Interactions are called "measure x arm", dummies "arm=level".

    Raises
    ------
    ValueError
        If the model is unknown, an arm or concurrent improvement is missing where it needs one,
        or the set of a permuted set is not among the sets.
    """
    _require(model, MODELS, "model")
    imaging, scores = blocks.imaging, blocks.scores
    n_sets, n, _ = imaging.shape
    if order is not None:
        place, rows = _permuted_sets(blocks.sets, order)[:, np.newaxis], order[np.newaxis]
        imaging = imaging[place, rows]
        scores = scores if model == MEASURES else scores[place, rows]
    parts = [imaging, blocks.covariates]
    names = [*blocks.imaging_names, *blocks.covariate_names]
    kinds = [IMAGING] * len(blocks.imaging_names) + [COVARIATE] * len(blocks.covariate_names)
    if model != MEASURES:
        codes = np.asarray(arms_codes)
        if not np.isin(codes, np.arange(len(levels))).all():
            raise ValueError(f"the model {model!r} needs an arm of every participant")
        dummies = codes[:, np.newaxis] == np.arange(1, len(levels))
        parts.append(np.broadcast_to(dummies, (n_sets, *dummies.shape)))
        parts += [scores * dummies[:, [level]] for level in range(dummies.shape[1])]
        names += [f"arm={level}" for level in levels[1:]]
        names += [f"{name} x {level}" for level in levels[1:] for name in blocks.imaging_names]
        kinds += [ARM] * dummies.shape[1]
        kinds += [INTERACTION] * (dummies.shape[1] * len(blocks.imaging_names))
    if model == BY_ARM_AND_CONCURRENT:
        if concurrent is None or not np.isfinite(concurrent).all():
            raise ValueError(f"the model {model!r} needs a concurrent outcome of every participant")
        parts.append(np.broadcast_to(concurrent[:, np.newaxis], (n_sets, n, 1)))
        names.append(CONCURRENT_NAME)
        kinds.append(CONCURRENT)
    stack = np.concatenate(parts, axis=2, dtype=np.float64)
    return DesignStack(stack, tuple(names), tuple(kinds))


def _permuted_sets(sets: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the place of the set of each set's givers, (n_sets,)."""
    places = {tuple(rows): place for place, rows in enumerate(np.sort(sets, axis=1).tolist())}
    givers = np.sort(np.where(sets >= 0, order[np.maximum(sets, 0)], sets), axis=1)
    try:
        return np.array([places[tuple(rows)] for rows in givers.tolist()], dtype=np.intp)
    except KeyError as error:
        raise ValueError(f"no set leaves out the rows {error.args[0]}") from None


def _require(value: str, allowed: tuple[str, ...], name: str) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {allowed}, got {value!r}")
