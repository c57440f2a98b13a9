"""All that one model of a trial gives: its fit, its predictions, their tests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bids_ketamine.core.prediction.accuracy import Accuracy, accuracy, r2_of
from bids_ketamine.core.prediction.bootstrap import bootstrap
from bids_ketamine.core.prediction.grid import leave_one_out_grid
from bids_ketamine.core.prediction.leakage import FAR, LeakageTest, leakage_test
from bids_ketamine.core.prediction.permutation import (
    PermutationTest,
    permutation_test,
    permuted_rows,
)
from bids_ketamine.core.prediction.preparation import (
    IMAGING,
    INTERACTION,
    DesignStack,
    design_stack,
)
from bids_ketamine.core.prediction.procedure import (
    Sample,
    design_of_rows,
    folded_prediction,
    nested_prediction,
    predicted_again,
    repeated_folds,
)
from bids_ketamine.core.prediction.results import (
    IMAGING_TEST,
    OUTCOME_TEST,
    Coefficients,
    ModelFit,
    Progress,
)
from bids_ketamine.core.prediction.sets import NOBODY, set_position
from bids_ketamine.core.prediction.trial_data import TRAINING_FOLDS, ImagingBlock, TrialPredictors

#: Streams of random numbers of the permutations.
STREAMS = {IMAGING_TEST: 5, OUTCOME_TEST: 6}

ToldProgress = Callable[[Progress], None]


def fit_model(sample: Sample, model: str, *, progress: ToldProgress | None = None) -> ModelFit:
    """Fit one model, predict, and test the prediction.

    Parameters
    ----------
    sample : Sample
        Participants with their prepared predictors.
    model : str
        Which columns.
    progress : callable, optional
        Told of every permutation.

    Returns
    -------
    ModelFit
        All that it gives.
    """
    settings, outcome = sample.settings, sample.data.outcome
    design = design_stack(
        sample.blocks,
        arms_codes=sample.codes,
        levels=sample.data.levels,
        model=model,
        concurrent=sample.data.concurrent,
    )
    grid = leave_one_out_grid(
        stack=design.stack,
        outcome=outcome,
        l1_ratios=settings.l1_ratios,
        n_penalties=settings.n_penalties,
        selection=settings.selection,
        threshold=settings.threshold,
    )
    nested = nested_prediction(sample, model, outcome=outcome, n_jobs=settings.n_jobs)
    own = accuracy(prediction=nested.prediction, outcome=outcome)
    repeats = _repeated(sample, model)
    return ModelFit(
        grid=grid,
        scheme=sample.scheme,
        nested=nested,
        nested_accuracy=own,
        covariates_alone=_covariates_alone(sample, model, design),
        k_fold_prediction=repeats,
        k_fold=tuple(accuracy(prediction=each, outcome=outcome) for each in repeats),
        imaging_test=_tested(sample, model, IMAGING_TEST, own.r2, progress),
        outcome_test=_tested(sample, model, OUTCOME_TEST, own.r2, progress),
        coefficients=_coefficients(sample, design, grid.slopes, grid.standardised_slopes),
        leakage=_leakage(sample, model, design, nested.prediction),
    )


def _repeated(sample: Sample, model: str) -> np.ndarray:
    """Return the predictions of repeated k-fold cross-validation, (n_repeats, n)."""
    n, settings = len(sample.data.participants), sample.settings
    if settings.folds > n:
        return np.empty((0, n))

    def of(repeat: int) -> np.ndarray:
        return folded_prediction(
            sample, model, folds=repeated_folds(sample, repeat), outcome=sample.data.outcome
        ).prediction

    with ThreadPoolExecutor(settings.n_jobs) as pool:
        return np.array(list(pool.map(of, range(settings.repeats))))


def _covariates_alone(sample: Sample, model: str, design: DesignStack) -> Accuracy | None:
    """Return how well all but imaging predicts, in the same nested way."""
    others = [
        place for place, kind in enumerate(design.kinds) if kind not in (IMAGING, INTERACTION)
    ]
    if not others:
        return None
    outcome = sample.data.outcome
    found = nested_prediction(
        sample, model, outcome=outcome, columns=np.array(others), n_jobs=sample.settings.n_jobs
    )
    return accuracy(prediction=found.prediction, outcome=outcome)


def _tested(
    sample: Sample, model: str, test: str, observed: float, progress: ToldProgress | None
) -> PermutationTest:
    """Permute imaging within arms, or the outcome over all, and predict anew each time."""
    settings, outcome = sample.settings, sample.data.outcome
    stream = STREAMS[test]

    def of_imaging(number: int) -> float:
        order = permuted_rows(number, groups=sample.codes, seed=settings.seed, stream=stream)
        found = nested_prediction(sample, model, outcome=outcome, order=order)
        return r2_of(prediction=found.prediction, outcome=outcome)

    def of_outcome(number: int) -> float:
        everybody = np.zeros(len(outcome))
        order = permuted_rows(number, groups=everybody, seed=settings.seed, stream=stream)
        permuted = outcome[order]
        found = nested_prediction(sample, model, outcome=permuted)
        return r2_of(prediction=found.prediction, outcome=permuted)

    def told(done: int, exceeding: int) -> None:
        if progress is not None:
            progress(Progress(sample.timing, model, test, done, exceeding))

    return permutation_test(
        of_imaging if test == IMAGING_TEST else of_outcome,
        observed=observed,
        n_permutations=settings.permutations,
        stop_at=settings.stop_at,
        n_jobs=settings.n_jobs,
        progress=told,
    )


def _coefficients(
    sample: Sample, design: DesignStack, slopes: np.ndarray, standardised_slopes: np.ndarray
) -> Coefficients:
    settings = sample.settings
    resampled = bootstrap(
        stack=design.stack,
        outcome=sample.data.outcome,
        groups=sample.codes,
        l1_ratios=settings.l1_ratios,
        n_penalties=settings.n_penalties,
        selection=settings.selection,
        n_resamples=settings.bootstraps,
        level=settings.level,
        seed=settings.seed,
        n_jobs=settings.n_jobs,
    )
    return Coefficients(
        names=design.names,
        kinds=design.kinds,
        slopes=slopes,
        standardised_slopes=standardised_slopes,
        selection_frequency=resampled.selection_frequency,
        low=resampled.low,
        high=resampled.high,
        n_resamples=resampled.n_resamples,
    )


def _leakage(
    sample: Sample, model: str, design: DesignStack, prediction: np.ndarray
) -> LeakageTest:
    """Run the self-test."""
    n = len(prediction)

    def again(row: int, outcome: np.ndarray) -> float:
        return predicted_again(sample, model, row=row, outcome=outcome)

    def designs(row: int) -> tuple[np.ndarray, np.ndarray]:
        others = np.arange(n) != row
        after = design_of_rows(
            sample, model, data=_with_changed(sample.data, row), left_out=np.array([row])
        )
        return design.stack[set_position(n, row, NOBODY)][others], after[others]

    return leakage_test(
        outcome=sample.data.outcome,
        prediction=prediction,
        predicted_again=again,
        designs=designs if sample.settings.preparation == TRAINING_FOLDS else None,
    )


def _with_changed(data: TrialPredictors, row: int) -> TrialPredictors:
    """Move all predictors of a participant far away."""
    block = data.imaging
    moved = []
    for values in block[1:]:
        changed = values.copy()
        changed[row] = FAR * (1.0 + np.abs(changed[row]))
        moved.append(changed)
    covariates = []
    for each in data.covariates:
        numbers = np.array(each.values, dtype=np.float64)
        numbers[row] = FAR * (1.0 + abs(numbers[row]))
        covariates.append(each._replace(values=numbers))
    return data._replace(imaging=ImagingBlock(block.names, *moved), covariates=tuple(covariates))
