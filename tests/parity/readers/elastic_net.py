"""Readers of R glmnet's elastic net."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.prediction.elastic_net import elastic_net_at, elastic_net_path
from bids_ketamine.core.prediction.grid import leave_one_out_grid, same_penalty_errors
from bids_ketamine.core.prediction.nested import nested_leave_one_out
from bids_ketamine.core.prediction.sets import left_out_sets
from tests.parity.evaluation import Context
from tests.parity.readers import reader

#: The rule of glmnet's lambda.min.
SELECTION = "minimum_mse"

#: R's `thresh` that stands for an exact solution.
TIGHT = 1e-14


@reader("enet_path")
def path(case: Context) -> dict[str, object]:
    """Read a path of penalties and its coefficients."""
    found = elastic_net_path(
        design=case["X"],
        outcome=_outcome(case),
        l1_ratio=float(case.options["alpha"]),
        n_penalties=_n_penalties(case),
        threshold=_threshold(case),
    )
    return {
        "lambda": found.penalties,
        "coef": np.vstack([found.intercepts, found.slopes.T]),
    }


@reader("enet_coef")
def coefficients(case: Context) -> dict[str, object]:
    """Read the coefficients at one penalty."""
    found = elastic_net_at(
        design=case["X"],
        outcome=_outcome(case),
        l1_ratio=float(case["alpha"]),
        penalties=np.ravel(case["lambda"]),
    )
    return {"coef": np.append(found.intercepts[0], found.slopes[0])}


@reader("enet_loocv")
def leave_one_out(case: Context) -> dict[str, object]:
    """Read a grid whose errors are of left-out observations."""
    found = leave_one_out_grid(
        stack=_stack(case, pairs=False),
        outcome=_outcome(case),
        l1_ratios=np.ravel(case["alphas"]),
        n_penalties=_n_penalties(case),
        selection=SELECTION,
        threshold=_threshold(case),
    )
    return {
        "lambda": found.penalties.T,
        "cvm": found.errors.T,
        "cvsd": found.error_deviations.T,
        "coef": np.append(found.intercept, found.slopes),
        "coef_standardised": np.append(found.intercept, found.standardised_slopes),
        "fitted": found.fitted,
        "loo_prediction": found.left_out_prediction,
        "best_alpha": found.l1_ratio,
        "best_lambda": found.penalty,
        "best_cvm": found.error,
        "best_index": found.position + 1,
        "r2": found.r2,
        "r2_loo": found.r2_left_out,
        "lambda_1se": found.penalty_one_standard_error,
        # Of a Gaussian outcome the share of deviance explained is that of squares.
        "deviance_ratio": found.r2,
    }


@reader("enet_loocv_same_lambda")
def leave_one_out_at_the_same_penalties(case: Context) -> dict[str, object]:
    """Read left-out errors where all folds have the penalties of the full data."""
    errors = same_penalty_errors(
        design=case["X"],
        outcome=_outcome(case),
        l1_ratio=float(case["alpha"]),
        n_penalties=_n_penalties(case),
    )
    return {"cvm": errors}


@reader("enet_nested")
def nested(case: Context) -> dict[str, object]:
    """Read predictions of observations that no choice has seen."""
    found = nested_leave_one_out(
        stack=_stack(case, pairs=True),
        outcome=_outcome(case),
        l1_ratios=np.ravel(case["alphas"]),
        n_penalties=_n_penalties(case),
        selection=SELECTION,
        n_jobs=1,
    )
    return {
        "prediction": found.prediction,
        "best_alpha": found.l1_ratio,
        "best_lambda": found.penalty,
        "best_cvm": found.error,
    }


def _outcome(case: Context) -> np.ndarray:
    return np.ravel(case["y"])


def _n_penalties(case: Context) -> int:
    return int(case.options["nlambda"])


def _threshold(case: Context) -> float:
    """Return R's loose stop; 0 where any exact solver may stand."""
    thresh = float(case.options["thresh"])
    return 0.0 if thresh <= TIGHT else thresh


def _stack(case: Context, *, pairs: bool) -> np.ndarray:
    """Return the same design for all sets of left-out observations: nothing is prepared."""
    design = case["X"]
    n_sets = len(left_out_sets(len(design), pairs=pairs))
    return np.broadcast_to(design, (n_sets, *design.shape))
