"""Trials drawn at random, with head motion and missing values, for tests of prediction."""

import numpy as np

from bids_ketamine.core.prediction.trial_data import (
    BASELINE,
    CHANGE,
    NUMERIC,
    Covariate,
    ImagingBlock,
    PredictionSettings,
    TrialPredictors,
)

LEVELS = ("midazolam", "ketamine")
BOTH = (CHANGE, BASELINE)

SETTINGS = PredictionSettings(
    l1_ratios=(0.0, 0.5, 1.0),
    n_penalties=20,
    selection="minimum_mse",
    threshold=0.0,
    imputation="chained_equations",
    preparation="training_folds",
    residualize_motion=True,
    maximum_missing=0.5,
    folds=5,
    repeats=2,
    permutations=19,
    stop_at=None,
    bootstraps=10,
    level=0.95,
    seed=1,
    n_jobs=1,
    minimum_participants=8,
)


def numeric(name, values, timings=BOTH):
    return Covariate(name, NUMERIC, np.asarray(values, dtype=np.float64), timings)


def drawn_trial(seed, *, n=12, p=7, q=3, missing=True, effect=None, arms=LEVELS):
    """Draw a trial whose measures share a factor and follow motion; arms by turns.

    With an effect, changes are independent of first values and improvement follows that of the
    first measure.
    """
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n, 1))
    fd = rng.gamma(3.0, 0.05, (2, n, p))
    values = 2.0 + shared + rng.standard_normal((2, n, p)) + 5.0 * fd
    covariates = shared + rng.standard_normal((n, q))
    if missing:
        values[1, [1, 4, 7], p // 2 : p - 1] = np.nan
        values[0, 10, 0] = np.nan
        covariates[[2, 5], 1:2] = np.nan
    outcome, concurrent = rng.standard_normal((2, n))
    if effect is not None:
        change = rng.standard_normal((n, p))
        values[1] = values[0] + change + 5.0 * (fd[1] - fd[0])
        outcome += 10.0 + effect * change[:, 0]
        concurrent += 0.3 * outcome
    return TrialPredictors(
        participants=tuple(f"sub-{row:02d}" for row in range(n)),
        arms=tuple(arms[row % len(arms)] for row in range(n)) if arms else ("",) * n,
        levels=tuple(arms),
        outcome=outcome,
        concurrent=concurrent,
        imaging=ImagingBlock(tuple(f"m{j}" for j in range(p)), *values, *fd),
        covariates=tuple(numeric(f"c{j}", covariates[:, j]) for j in range(q)),
    )


def with_imaging(trial, **changed):
    return trial._replace(imaging=trial.imaging._replace(**changed))


def permuted_imaging(trial, order):
    """Give the imaging measures of participant order[i] to participant i."""
    block = trial.imaging
    return with_imaging(
        trial,
        **{name: getattr(block, name)[order] for name in block._fields if name != "names"},
    )
