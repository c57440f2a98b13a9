"""Readers of SPM12's Bayesian model reduction and parametric empirical Bayes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from bids_ketamine.core.dcm.structure import DcmStructure, parameter_labels
from bids_ketamine.core.peb.comparison import compare_families, compare_models
from bids_ketamine.core.peb.design import GroupDesign, group_design
from bids_ketamine.core.peb.estimation import PebEstimate, estimate_peb
from bids_ketamine.core.peb.group_model import LOG_PRECISION_MEAN, SPM_LOG_PRECISION_VARIANCE
from bids_ketamine.core.peb.models import FirstLevelModels, first_level_models
from bids_ketamine.core.peb.prediction import leave_one_out
from bids_ketamine.core.peb.reduction import ReducedModel, reduce_model, switched_off_priors
from bids_ketamine.core.peb.reevaluation import reevaluated_models
from bids_ketamine.core.peb.scoring import log_evidence_changes
from bids_ketamine.core.peb.search import SearchResult, mixture, search_models
from tests.parity.evaluation import Context
from tests.parity.readers import reader

#: Numbers of regions and inputs of the models, by the length of their parameters.
SIZES = {20: (2, 2), 82: (4, 3)}

#: Kinds of parameters by SPM's letters.
FIELDS = {"A": "connection", "B": "modulation", "C": "driving"}


@reader("bmr")
def reduced(case: Context) -> dict[str, object]:
    """Read models under other priors."""
    found = _reduce(case, *_given_priors(case))
    return _reduced(found) | {"sE": found.mean.T}


@reader("bmr_switch_off")
def switched_off(case: Context) -> dict[str, object]:
    """Read models without some of their parameters."""
    found = _reduce(case, *_switched_off(case))
    return _reduced(found) | {"sE": found.mean}


@reader("bmr_log_evidence")
def scored(case: Context) -> dict[str, object]:
    """Read scores of models under other priors."""
    return {"F": _score(case, *_given_priors(case))}


@reader("bmr_log_evidence_switch_off")
def scored_switched_off(case: Context) -> dict[str, object]:
    """Read scores of models without some of their parameters."""
    return {"F": _score(case, *_switched_off(case))}


@reader("bmr_models")
def first_level_models_compared(case: Context) -> dict[str, object]:
    """Read models of one participant, and the average over all of them."""
    found = _reduce(case, *_priors_without(case, ~np.asarray(case["on"], dtype=bool)))
    probability = special.softmax(found.free_energy_change)
    variances = np.diagonal(found.covariance, axis1=1, axis2=2)
    mean, variance = mixture(probability, found.mean, variances)
    return {
        "F": found.free_energy_change,
        "P": probability,
        "Ep": found.mean,
        "Var": variances,
        "BMA_Ep": mean,
        "BMA_Var": variance,
    }


@reader("bmr_search")
def first_level_search(case: Context) -> dict[str, object]:
    """Read a search over the parameters of one participant's model."""
    return _searched(search_models(**_moments(case), candidates=_index(case)))


@reader("peb", "peb_of_pebs")
def second_level(case: Context) -> dict[str, object]:
    """Read a second level over models, or over second levels."""
    estimate = _estimated(case)
    n_components = len(estimate.components)
    return {
        "Ep": estimate.posterior_mean,
        "Cp": estimate.posterior_covariance,
        "Eh": estimate.log_precision,
        "Ch": estimate.log_precision_covariance,
        "Ce": estimate.between_covariance,
        "F": estimate.free_energy,
        "prior_mean": estimate.prior_mean,
        "prior_cov": estimate.prior_covariance,
        "hE": np.full(n_components, LOG_PRECISION_MEAN),
        "hC": SPM_LOG_PRECISION_VARIANCE * np.eye(n_components),
        "Q": np.moveaxis(estimate.components, 0, -1),
        "U": estimate.directions,
        "W": np.eye(len(estimate.positions)),
        "Pind": estimate.positions + 1,
        "Pp_nonzero": estimate.posterior_probability,
        "n_iter": estimate.n_iterations,
        "trace": estimate.trace,
    }


@reader("peb_reevaluated_subjects")
def reevaluated(case: Context) -> dict[str, object]:
    """Read first-level models under the priors of their group."""
    models = reevaluated_models(_estimated(case))
    return {
        "sub_Ep": models.posterior_mean,
        "sub_Cp": np.moveaxis(models.posterior_covariance, 0, -1),
        "sub_F": models.free_energy,
        "sub_pE": models.prior_mean,
        "sub_pC": np.moveaxis(models.prior_covariance, 0, -1),
    }


@reader("peb_search")
def second_level_search(case: Context) -> dict[str, object]:
    """Read a search over the effects of a second level."""
    found = search_models(
        posterior_mean=np.ravel(case["Ep"], order="F"),
        posterior_covariance=case["Cp"],
        prior_mean=np.ravel(case["prior_mean"]),
        prior_covariance=case["prior_cov"],
    )
    return _searched(found)


@reader("peb_models")
def second_level_models(case: Context) -> dict[str, object]:
    """Read predefined models of a second level; models are counted column by column."""
    found = compare_models(_stored(case), kept=case["K_on"])
    shape = found.free_energy.shape
    averaged = np.ravel_multi_index(tuple(found.averaged.T), shape, order="F")
    return {
        "F": found.free_energy,
        "P": found.probability,
        "Pw": found.first_probability,
        "Px": found.second_probability,
        "BMA_index": np.sort(averaged) + 1,
        "BMA_Ep": found.averaged_mean.ravel(order="F"),
        "BMA_Var": found.averaged_variance.ravel(order="F"),
        "best_index": np.ravel_multi_index(found.best, shape, order="F") + 1,
        "best_Ep": found.best_mean.ravel(order="F"),
        "best_Cp": found.best_covariance,
    }


@reader("peb_families")
def families(case: Context) -> dict[str, object]:
    """Read families of models."""
    found = compare_families(
        free_energy=np.squeeze(case["F"]), kept=case["K_on"], families=np.ravel(case["families"])
    )
    return {
        "family_post": found.family_probability,
        "model_post": found.probability,
        "Pw": found.first_probability,
        "Px": found.second_probability,
    }


@reader("peb_loo")
def predicted(case: Context) -> dict[str, object]:
    """Read a covariate that the other participants predict."""
    models = _models(case)
    found = leave_one_out(
        models,
        design=_design(case, models),
        fields=_fields(case),
        maximum_iterations=int(case.options["maxit"]),
    )
    return {
        "qE": found.mean,
        "qC": found.variance,
        "Q": found.level_probability,
        "levels": found.levels,
        "r": found.r,
        "T": found.t,
        "df": found.df,
        "p": found.p,
    }


def _estimated(case: Context) -> PebEstimate:
    models, options = _models(case), case.options
    if options["alpha"] != 1 or options.get("hE", 0) != 0 or options.get("hC", 0.0625) != 0.0625:
        raise ValueError("these priors of the second level are fixed")
    estimate = estimate_peb(
        models,
        design=_design(case, models),
        fields=_fields(case),
        precision_components=options["Q"],
        between_ratio=float(options["beta"]),
        maximum_iterations=int(options["maxit"]),
    )
    if estimate.positions.tolist() != list(options["parameter_index0"]):
        raise ValueError(f"parameters {estimate.positions.tolist()} entered")
    return estimate


def _stored(case: Context) -> PebEstimate:
    """Return a second level of which no more is known than its prior and posterior."""
    known: dict[str, Any] = dict.fromkeys(PebEstimate._fields)
    known |= {
        "parameters": tuple(f"parameter {place}" for place in range(np.shape(case["K_on"])[1])),
        "posterior_mean": np.reshape(case["Ep"], (np.shape(case["K_on"])[1], -1)),
        "posterior_covariance": case["Cp"],
        "prior_mean": np.ravel(case["prior_mean"]),
        "prior_covariance": case["prior_cov"],
    }
    return PebEstimate(**known)


def _searched(found: SearchResult) -> dict[str, object]:
    return {
        "k": found.candidates + 1,
        "K_off": found.removed,
        "model_F": found.free_energy,
        "model_P": found.probability,
        "Pp": found.parameter_probability,
        "winner_on": found.kept,
        "n_models_in_window": len(found.averaged_free_energy),
        "BMA_Ep": found.averaged_mean,
        "BMA_Var": found.averaged_variance,
        "BMA_model_F": found.averaged_free_energy,
    }


def _models(case: Context) -> FirstLevelModels:
    """Return the first level; lower second levels are read column by column."""
    means = [np.ravel(each, order="F") for each in case["Ep"]]
    size = len(means[0])
    if "fields" in case.options:
        regions, inputs = ([str(i) for i in range(1, each + 1)] for each in SIZES[size])
        n, m = len(regions), len(inputs)
        full = DcmStructure(np.ones((n, n)), np.ones((n, n, m)), np.ones((n, m)))
        labels = parameter_labels(full, regions=regions, inputs=inputs)
        names, fields = [each.name for each in labels], [each.field for each in labels]
    else:
        names, fields = [f"parameter {place}" for place in range(size)], ["effect"] * size
    chosen = _single_parameter(case)
    if chosen is not None:
        fields[chosen] = "chosen"
    return first_level_models(
        posterior_mean=means,
        posterior_covariance=case["Cp"],
        prior_mean=[np.ravel(each, order="F") for each in case["pE"]],
        prior_covariance=case["pC"],
        free_energy=[float(np.ravel(each)[0]) for each in case["F"]],
        parameters=names,
        fields=fields,
        labels=[f"model {place}" for place in range(len(means))],
    )


def _single_parameter(case: Context) -> int | None:
    """Return the position of the only parameter, where a case names it: ``B(2,1,2)``."""
    if any(len(each) > 1 for each in case.options.get("fields", ())):
        (position,) = case.options["parameter_index0"]
        return int(position)
    return None


def _fields(case: Context) -> list[str] | None:
    if _single_parameter(case) is not None:
        return ["chosen"]
    letters = case.options.get("fields")
    return None if letters is None else [FIELDS[each] for each in letters]


def _design(case: Context, models: FirstLevelModels) -> GroupDesign:
    matrix = np.reshape(case["X"], (models.n_models, -1))
    columns = {f"column {place}": column for place, column in enumerate(matrix.T)}
    return group_design(columns, rows=models.labels)


def _reduced(found: ReducedModel) -> dict[str, object]:
    return {"F": found.free_energy_change, "sC": np.moveaxis(found.covariance, 0, -1)}


def _moments(case: Context) -> dict[str, np.ndarray]:
    return {
        "posterior_mean": np.ravel(case["qE"]),
        "posterior_covariance": case["qC"],
        "prior_mean": np.ravel(case["pE"]),
        "prior_covariance": case["pC"],
    }


def _reduce(case: Context, means: np.ndarray, covariances: np.ndarray) -> ReducedModel:
    return reduce_model(**_moments(case), reduced_mean=means, reduced_covariance=covariances)


def _score(case: Context, means: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    return log_evidence_changes(
        **_moments(case), reduced_mean=means, reduced_covariance=covariances
    )


def _given_priors(case: Context) -> tuple[np.ndarray, np.ndarray]:
    return case["rE"].T, np.moveaxis(case["rC"], -1, 0)


def _switched_off(case: Context) -> tuple[np.ndarray, np.ndarray]:
    return _priors_without(case, np.asarray(case["off"], dtype=bool))


def _priors_without(case: Context, off: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return switched_off_priors(
        prior_mean=np.ravel(case["pE"]), prior_covariance=case["pC"], off=off
    )


def _index(case: Context) -> np.ndarray:
    return np.asarray(case.options["parameter_index0"], dtype=np.intp)
