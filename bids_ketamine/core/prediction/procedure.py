"""Nested prediction of one model, with its predictors prepared without those left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.prediction.columns import arms_codes
from bids_ketamine.core.prediction.nested import (
    NestedPrediction,
    balanced_folds,
    nested_k_fold,
    nested_leave_one_out,
    predicted_alone,
)
from bids_ketamine.core.prediction.preparation import (
    PreparedBlocks,
    design_stack,
    prepare_blocks,
    prepare_rows,
)
from bids_ketamine.core.prediction.results import K_FOLD, LEAVE_ONE_OUT
from bids_ketamine.core.prediction.sets import left_out_sets
from bids_ketamine.core.prediction.trial_data import (
    ImagingBlock,
    PredictionSettings,
    TrialPredictors,
)

#: Up to so many participants one is left out at a time; the fits of larger trials, whose number
#: grows with the square, would take hours.
MOST_LEFT_OUT_ONE = 40

#: Streams of random numbers of the folds.
NESTED_STREAM, REPEAT_STREAM = 1, 2


class Sample(NamedTuple):
    """Participants of one timing with their prepared predictors.

    Attributes
    ----------
    data : TrialPredictors
        Usable participants and predictors.
    timing : str
        "change" or "baseline".
    settings : PredictionSettings
        How the outcome is predicted.
    blocks : PreparedBlocks
        Prepared without nobody, each one, and each pair where one is left out at a time.
    codes : ndarray of int, shape (n,)
        Place of each arm among the levels.
    """

    data: TrialPredictors
    timing: str
    settings: PredictionSettings
    blocks: PreparedBlocks
    codes: np.ndarray

    @property
    def scheme(self) -> str:
        """How participants are left out."""
        return LEAVE_ONE_OUT if len(self.codes) <= MOST_LEFT_OUT_ONE else K_FOLD

    @property
    def inner_folds(self) -> int | None:
        """Folds among those who stay, when several are left out."""
        return None if self.scheme == LEAVE_ONE_OUT else self.settings.folds

    @property
    def grid(self) -> dict[str, object]:
        """Settings of every grid."""
        return {
            "l1_ratios": np.array(self.settings.l1_ratios),
            "n_penalties": self.settings.n_penalties,
            "selection": self.settings.selection,
        }


def sample_of(data: TrialPredictors, *, timing: str, settings: PredictionSettings) -> Sample:
    """Prepare the predictors of a sample for everybody who may be left out.

    Parameters
    ----------
    data : TrialPredictors
        Usable participants and predictors, the outcome known of all.
    timing : str
        "change" or "baseline".
    settings : PredictionSettings
        How the outcome is predicted.
    """
    n = len(data.participants)
    sets = left_out_sets(n, pairs=n <= MOST_LEFT_OUT_ONE)
    blocks = prepare_blocks(
        data, timing=timing, settings=settings, sets=sets, n_jobs=settings.n_jobs
    )
    codes = arms_codes(data.arms, data.levels)
    return Sample(data, timing, settings, blocks, codes)


def nested_prediction(
    sample: Sample,
    model: str,
    *,
    outcome: np.ndarray,
    order: np.ndarray | None = None,
    columns: np.ndarray | None = None,
    n_jobs: int = 1,
) -> NestedPrediction:
    """Predict each participant with a model that the others chose and fitted.

    Parameters
    ----------
    sample : Sample
        Participants and predictors.
    model : str
        Which columns.
    outcome : ndarray of shape (n,)
        Outcome, permuted or not.
    order : ndarray of int, shape (n,), optional
        Whose imaging measures each participant gets.
    columns : ndarray of int, optional
        Of the model's columns those that enter; all when absent.
    n_jobs : int
        Threads.
    """
    if sample.scheme == LEAVE_ONE_OUT:
        stack = stack_of(sample, model, order=order, columns=columns)
        return nested_leave_one_out(stack=stack, outcome=outcome, n_jobs=n_jobs, **sample.grid)  # type: ignore[arg-type]
    source = np.random.default_rng([sample.settings.seed, NESTED_STREAM, 1])
    folds = balanced_folds(sample.settings.folds, groups=sample.codes, source=source)
    return folded_prediction(
        sample, model, folds=folds, outcome=outcome, order=order, columns=columns
    )


def folded_prediction(
    sample: Sample,
    model: str,
    *,
    folds: np.ndarray,
    outcome: np.ndarray,
    order: np.ndarray | None = None,
    columns: np.ndarray | None = None,
) -> NestedPrediction:
    """Predict each fold of participants with a model that the others chose and fitted.

    Parameters
    ----------
    sample, model, outcome, order, columns
        As of :func:`nested_prediction`.
    folds : ndarray of int, shape (n,)
        Fold of each participant.
    """
    data = sample.data
    if order is not None:
        block = data.imaging
        data = data._replace(
            imaging=ImagingBlock(block.names, *(values[order] for values in block[1:]))
        )

    def design_without(left_out: np.ndarray) -> np.ndarray:
        return design_of_rows(sample, model, data=data, left_out=left_out, columns=columns)

    return nested_k_fold(
        design_without=design_without,
        outcome=outcome,
        folds=folds,
        inner_folds=sample.inner_folds,
        seed=sample.settings.seed,
        **sample.grid,  # type: ignore[arg-type]
    )


def repeated_folds(sample: Sample, repeat: int) -> np.ndarray:
    """Return the folds of a repeat, each arm spread evenly.

    Parameters
    ----------
    sample : Sample
        Participants.
    repeat : int
        Which one.
    """
    source = np.random.default_rng([sample.settings.seed, REPEAT_STREAM, repeat + 1])
    return balanced_folds(sample.settings.folds, groups=sample.codes, source=source)


def predicted_again(sample: Sample, model: str, *, row: int, outcome: np.ndarray) -> float:
    """Return the nested prediction of one participant.

    Parameters
    ----------
    sample, model, outcome
        As of :func:`nested_prediction`.
    row : int
        The participant.
    """
    if sample.scheme == LEAVE_ONE_OUT:
        return predicted_alone(row, stack=stack_of(sample, model), outcome=outcome, **sample.grid)  # type: ignore[arg-type]
    return float(nested_prediction(sample, model, outcome=outcome).prediction[row])


def stack_of(
    sample: Sample,
    model: str,
    *,
    order: np.ndarray | None = None,
    columns: np.ndarray | None = None,
) -> np.ndarray:
    """Return the designs of a model without each set of participants.

    Parameters
    ----------
    sample, model, order, columns
        As of :func:`nested_prediction`.

    Returns
    -------
    ndarray of shape (n_sets, n, p)
        Units of the predictors.
    """
    stack = design_stack(
        sample.blocks,
        arms_codes=sample.codes,
        levels=sample.data.levels,
        model=model,
        concurrent=sample.data.concurrent,
        order=order,
    ).stack
    return stack if columns is None else np.ascontiguousarray(stack[:, :, columns])


def design_of_rows(
    sample: Sample,
    model: str,
    *,
    data: TrialPredictors,
    left_out: np.ndarray,
    columns: np.ndarray | None = None,
) -> np.ndarray:
    """Return the design of a model as prepared without some participants.

    Parameters
    ----------
    sample, model, columns
        As of :func:`nested_prediction`.
    data : TrialPredictors
        The sample's, its imaging block permuted or changed.
    left_out : ndarray of int
        Rows left out.

    Returns
    -------
    ndarray of shape (n, p)
        Units of the predictors.
    """
    blocks = prepare_rows(data, timing=sample.timing, settings=sample.settings, left_out=left_out)
    design = design_stack(
        blocks,
        arms_codes=sample.codes,
        levels=sample.data.levels,
        model=model,
        concurrent=sample.data.concurrent,
    ).stack[0]
    return design if columns is None else np.ascontiguousarray(design[:, columns])
