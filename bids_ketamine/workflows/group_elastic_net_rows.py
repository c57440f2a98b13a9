"""Results of the elastic net as rows of tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.prediction.preparation import ARM, COVARIATE, IMAGING
from bids_ketamine.core.prediction.results import IMAGING_TEST, OUTCOME_TEST, ModelFit, ModelResult
from bids_ketamine.core.prediction.trial_data import CATEGORICAL, TIMINGS
from bids_ketamine.outputs.group_elastic_net_tables import ELASTIC_NET_TABLES, PREFIX
from bids_ketamine.workflows.group_elastic_net_results import NetTrial, participant_reason

#: Percentile of the null distribution that is told.
HIGH = 95.0

Row = dict[str, Any]


def elastic_net_tables(trial: NetTrial) -> dict[str, pd.DataFrame]:
    """Return the tables of all models.

    Parameters
    ----------
    trial : NetTrial
        The models.

    Returns
    -------
    dict of str to DataFrame
        One for each of
        :data:`~bids_ketamine.outputs.group_elastic_net_tables.ELASTIC_NET_TABLES`.
    """
    makers = {
        PREFIX: _models,
        f"{PREFIX}_coefficients": _coefficients,
        f"{PREFIX}_predictions": _predictions,
        f"{PREFIX}_null": _null,
        f"{PREFIX}_predictors": _predictors,
        f"{PREFIX}_values": _values,
        f"{PREFIX}_correlations": _correlations,
        f"{PREFIX}_participants": _participants,
    }
    return {
        name: pd.DataFrame(list(make(trial)), columns=list(ELASTIC_NET_TABLES[name]))
        for name, make in makers.items()
    }


def _models(trial: NetTrial) -> Iterator[Row]:
    for result in trial.results:
        yield {
            **_scope(result),
            "outcome": trial.outcome,
            "finding": False,
            "reason": result.reason,
            **({} if result.fit is None else _figures(result.fit)),
        }


def _figures(fit: ModelFit) -> Row:
    imaging, outcome, alone = fit.imaging_test, fit.outcome_test, fit.covariates_alone
    k_fold = np.array([each.r2 for each in fit.k_fold])
    return {
        "scheme": fit.scheme,
        "n": fit.nested_accuracy.n,
        "n_predictors": len(fit.coefficients.names),
        "n_selected": fit.grid.n_selected,
        "l1_ratio": fit.grid.l1_ratio,
        "penalty": fit.grid.penalty,
        "r2_in_sample": fit.grid.r2,
        "r2_leave_one_out": fit.grid.r2_left_out,
        "r2_nested": fit.nested_accuracy.r2,
        "mae_nested": fit.nested_accuracy.mae,
        "r_nested": fit.nested_accuracy.r,
        "r2_covariates_alone": np.nan if alone is None else alone.r2,
        "r2_k_fold": k_fold.mean() if len(k_fold) else np.nan,
        "r2_k_fold_low": k_fold.min() if len(k_fold) else np.nan,
        "r2_k_fold_high": k_fold.max() if len(k_fold) else np.nan,
        "p_imaging": imaging.p_value,
        "n_permutations_imaging": imaging.n_permutations,
        "p_outcome": outcome.p_value,
        "n_permutations_outcome": outcome.n_permutations,
        "null_median": float(np.median(imaging.null)),
        "null_high": float(np.percentile(imaging.null, HIGH)),
        "leakage": fit.leakage.verdict,
        "finding": fit.finding,
    }


def _coefficients(trial: NetTrial) -> Iterator[Row]:
    holders = _holders(trial)
    for result in trial.results:
        if result.fit is None:
            continue
        found = result.fit.coefficients
        for place, name in enumerate(found.names):
            yield {
                **_scope(result),
                "predictor": name,
                "kind": found.kinds[place],
                "n_level": _n_level(result, name, found.kinds[place], holders),
                "coefficient": found.slopes[place],
                "standardised": found.standardised_slopes[place],
                "selected": bool(found.slopes[place] != 0.0),
                "selection_frequency": found.selection_frequency[place],
                "ci_low": found.low[place],
                "ci_high": found.high[place],
            }


def _holders(trial: NetTrial) -> dict[str, set[str]]:
    """Return the participants of each level of categorical covariates, by name of its column."""
    found: dict[str, set[str]] = {}
    for each in trial.covariates:
        if each.kind == CATEGORICAL:
            for participant, level in zip(trial.participants, each.values, strict=True):
                found.setdefault(f"{each.name}={level}", set()).add(participant)
    return found


def _n_level(result: ModelResult, name: str, kind: str, holders: dict[str, set[str]]) -> float:
    """Count the participants of a model who have a level or an arm; NaN for other predictors."""
    if kind == ARM:
        return float(sum(f"{ARM}={arm}" == name for arm in result.arms))
    if kind == COVARIATE and name in holders:
        return float(len(holders[name] & set(result.participants)))
    return np.nan


def _predictions(trial: NetTrial) -> Iterator[Row]:
    for result in trial.results:
        if result.fit is None:
            continue
        fit, n = result.fit, len(result.participants)
        repeats = fit.k_fold_prediction
        k_fold = repeats.mean(axis=0) if len(repeats) else np.full(n, np.nan)
        for place, participant in enumerate(result.participants):
            yield {
                "participant_id": participant,
                "arm": result.arms[place],
                **_scope(result),
                "observed": result.outcome[place],
                "fitted": fit.grid.fitted[place],
                "left_out": fit.grid.left_out_prediction[place],
                "nested": fit.nested.prediction[place],
                "k_fold": k_fold[place],
            }


def _null(trial: NetTrial) -> Iterator[Row]:
    for result in trial.results:
        if result.fit is None:
            continue
        tests = {IMAGING_TEST: result.fit.imaging_test, OUTCOME_TEST: result.fit.outcome_test}
        for permuted, test in tests.items():
            for number, r2 in enumerate(test.null.tolist(), start=1):
                yield {
                    **_scope(result),
                    "permuted": permuted,
                    "permutation": number,
                    "r2": r2,
                }


def _predictors(trial: NetTrial) -> Iterator[Row]:
    for each in trial.entering:
        reasons = dict(each.dropped)
        for name, share in each.shares.items():
            yield {
                "timing": each.timing,
                "predictor": name,
                "kind": IMAGING if name in each.imaging else COVARIATE,
                "n": round(each.n_candidates * (1.0 - share)),
                "missing": share,
                "entered": name not in reasons,
                "reason": reasons.get(name, ""),
            }


def _values(trial: NetTrial) -> Iterator[Row]:
    for each in trial.entering:
        for column, (name, kind) in enumerate(zip(each.names, each.kinds, strict=True)):
            for place, participant in enumerate(each.participants if kind == IMAGING else ()):
                yield {
                    "participant_id": participant,
                    "arm": each.arms[place],
                    "timing": each.timing,
                    "predictor": name,
                    "value": each.values[place, column],
                    "improvement": each.improvement[place],
                }


def _correlations(trial: NetTrial) -> Iterator[Row]:
    for each in trial.entering:
        table = pd.DataFrame(each.values)
        r = table.corr(min_periods=3).to_numpy()
        present = table.notna().to_numpy().astype(np.int64)
        n = present.T @ present
        for one, other in combinations(range(len(each.names)), 2):
            yield {
                "timing": each.timing,
                "predictor": each.names[one],
                "other": each.names[other],
                "r": r[one, other],
                "n": n[one, other],
            }


def _participants(trial: NetTrial) -> Iterator[Row]:
    for timing in TIMINGS:
        for participant, arm in zip(trial.participants, trial.arms, strict=True):
            included, reason = participant_reason(trial, timing, participant)
            yield {
                "participant_id": participant,
                "arm": arm,
                "timing": timing,
                "included": included,
                "reason": reason,
            }


def _scope(result: ModelResult) -> Row:
    return {"timing": result.timing, "model": result.model}
