"""What the prediction of an outcome in a trial gives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.prediction.accuracy import Accuracy
from bids_ketamine.core.prediction.columns import Dropped
from bids_ketamine.core.prediction.grid import GridFit
from bids_ketamine.core.prediction.leakage import LeakageTest
from bids_ketamine.core.prediction.nested import NestedPrediction
from bids_ketamine.core.prediction.permutation import PermutationTest

#: Tests: imaging permuted within arms, outcome permuted over all.
IMAGING_TEST, OUTCOME_TEST = "imaging", "outcome"

#: Ways of leaving out.
LEAVE_ONE_OUT, K_FOLD = "leave_one_out", "k_fold"

#: A model is a finding below this p of the imaging test.
SIGNIFICANT = 0.05


class Progress(NamedTuple):
    """How far a permutation test has come.

    Attributes
    ----------
    timing, model, test : str
        Which one.
    done : int
        Permutations done.
    exceeding : int
        Those as good as the data.
    """

    timing: str
    model: str
    test: str
    done: int
    exceeding: int


class Coefficients(NamedTuple):
    """Coefficients of the fit to all participants, and of resamples.

    Attributes
    ----------
    names, kinds : tuple of str
        Of the p columns.
    slopes : ndarray of shape (p,)
        Unit of the outcome per unit of the column.
    standardised_slopes : ndarray of shape (p,)
        Unit of the outcome per standard deviation of the column.
    selection_frequency, low, high : ndarray of shape (p,)
        As of :class:`~bids_ketamine.core.prediction.bootstrap.Bootstrap`.
    n_resamples : int
        Resamples behind them.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    slopes: np.ndarray
    standardised_slopes: np.ndarray
    selection_frequency: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_resamples: int


class ModelFit(NamedTuple):
    """All that one model gives.

    Attributes
    ----------
    grid : GridFit
        The paper's figures: selection is not nested.
    scheme : str
        "leave_one_out", or "k_fold" in large trials: of the nested prediction and of the tests.
    nested : NestedPrediction
        Predictions of participants who had no say.
    nested_accuracy : Accuracy
        Of these.
    covariates_alone : Accuracy or None
        The same without imaging measures; None where there is nothing else.
    k_fold_prediction : ndarray of shape (n_repeats, n)
        Nested, repeated k-fold; no repeat in trials with fewer participants than folds.
    k_fold : tuple of Accuracy
        Of each repeat.
    imaging_test, outcome_test : PermutationTest
        Imaging permuted within arms: do the measures add anything? Outcome permuted over all: is
        there anything at all?
    coefficients : Coefficients
        Of the grid's fit.
    leakage : LeakageTest
        The self-test.
    """

    grid: GridFit
    scheme: str
    nested: NestedPrediction
    nested_accuracy: Accuracy
    covariates_alone: Accuracy | None
    k_fold_prediction: np.ndarray
    k_fold: tuple[Accuracy, ...]
    imaging_test: PermutationTest
    outcome_test: PermutationTest
    coefficients: Coefficients
    leakage: LeakageTest

    @property
    def finding(self) -> bool:
        """Whether imaging predicts better than others' imaging, than the mean, than covariates."""
        alone = self.covariates_alone.r2 if self.covariates_alone is not None else -np.inf
        r2 = self.nested_accuracy.r2
        return bool(self.imaging_test.p_value < SIGNIFICANT and r2 > max(0.0, alone))


class ModelResult(NamedTuple):
    """One of the six models.

    Attributes
    ----------
    timing, model : str
        Which one.
    reason : str
        Why there is no fit; empty where there is one.
    participants : tuple of str
        Who entered.
    arms : tuple of str
        Arm of each; "" where there is none.
    outcome : ndarray of shape (n,)
        Improvement, points.
    excluded : tuple of Dropped
        Participants who did not enter, and why.
    dropped : tuple of Dropped
        Predictors that did not, and why.
    notes : tuple of str
        What else a reader should know.
    fit : ModelFit or None
        What was found.
    """

    timing: str
    model: str
    reason: str
    participants: tuple[str, ...]
    arms: tuple[str, ...]
    outcome: np.ndarray
    excluded: tuple[Dropped, ...]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    fit: ModelFit | None
