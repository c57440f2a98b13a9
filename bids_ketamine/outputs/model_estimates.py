"""Read what the participant level left of a dynamic causal model of one session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bids_ketamine.core.dcm.structure import DcmStructure, ParameterLabel, parameter_labels
from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.outputs.arrays import read_arrays
from bids_ketamine.outputs.measures_files import REMAKE, read_json

#: Moments of all parameters, and how many axes they have.
MOMENTS = {
    "prior_mean": 1,
    "prior_covariance": 2,
    "posterior_mean": 1,
    "posterior_covariance": 2,
}

#: Arrays that say what the parameters are.
MASKS = ("connections", "modulations", "driving")
NAMES = ("regions", "inputs_names", "parameter_names")

#: Relative difference of numbers that were written as text and read again.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class ModelEstimate:
    """A model of a session as it was estimated.

    Attributes
    ----------
    path : Path
        File of its facts (JSON).
    labels : tuple of ParameterLabel
        All P parameters, free or not.
    free : ndarray of bool, shape (P,)
        Which are free.
    prior_mean, posterior_mean : ndarray of shape (P,)
        In the unit of each parameter.
    prior_covariance, posterior_covariance : ndarray of shape (P, P)
        Zero rows where a parameter is fixed.
    free_energy : float
        Nats.
    explained_variance : float
        Share of the regions' variance; NaN where it could not be told.
    """

    path: Path
    labels: tuple[ParameterLabel, ...]
    free: np.ndarray
    prior_mean: np.ndarray
    prior_covariance: np.ndarray
    posterior_mean: np.ndarray
    posterior_covariance: np.ndarray
    free_energy: float
    explained_variance: float

    def in_order_of(self, labels: Sequence[ParameterLabel]) -> ModelEstimate:
        """Return the same with parameters in another order.

        A study file may list regions and inputs in another order without being another study.

        Parameters
        ----------
        labels : sequence of ParameterLabel
            The same parameters.
        """
        place = {label: position for position, label in enumerate(self.labels)}
        order = np.array([place[label] for label in labels], dtype=np.intp)
        square = np.ix_(order, order)
        return replace(
            self,
            labels=tuple(labels),
            free=self.free[order],
            prior_mean=self.prior_mean[order],
            prior_covariance=self.prior_covariance[square],
            posterior_mean=self.posterior_mean[order],
            posterior_covariance=self.posterior_covariance[square],
        )


def read_model(measures: Path, *, model: str, task: str) -> ModelEstimate:
    """Read the estimate of a model that lies beside a session's measures.

    Parameters
    ----------
    measures : Path
        Measures table of the session, which says that the model was estimated.
    model, task : str
        Names in the study.

    Returns
    -------
    ModelEstimate
        Moments of all parameters, and how well the model explains the series.

    Raises
    ------
    InputMissingError
        If one of its two files is not there.
    InputDataError
        If there are several, or one is damaged, of another model, or the two of them are of
        different estimations.
    """
    path = _facts_of(measures, model)
    facts = read_json(path)
    if (facts.get("Model"), facts.get("Task")) != (model, task):
        raise InputDataError(
            f"The file is not of the model `{model}` of the task `{task}`.", path=path, cure=REMAKE
        )
    arrays_path = path.with_suffix(".npz")
    names = (*MOMENTS, *MASKS, *NAMES, "free", "free_energy")
    arrays = read_arrays(arrays_path, names=names, cure=REMAKE)
    labels = _labels(arrays, arrays_path)
    _require_moments(arrays, len(labels), arrays_path)
    free = np.zeros(len(labels), dtype=np.bool_)
    free[_positions(arrays, len(labels), arrays_path)] = True
    free_energy = float(arrays["free_energy"])
    _require_same(facts, arrays, [labels[each] for each in np.flatnonzero(free)], path)
    return ModelEstimate(
        path=path,
        labels=labels,
        free=free,
        **{name: arrays[name].astype(np.float64) for name in MOMENTS},
        free_energy=free_energy,
        explained_variance=_share(facts, path),
    )


def _facts_of(measures: Path, model: str) -> Path:
    """Return the one file of a model's facts in a session."""
    prefix = measures.name.removesuffix("_measures.tsv")
    end = f"_model-{model}_desc-dcm_estimates.json"
    folder = measures.parent / "func"
    names = sorted(folder.glob("*_desc-dcm_estimates.json"))
    found = [
        each for each in names if each.name.startswith(f"{prefix}_") and each.name.endswith(end)
    ]
    if not found:
        raise InputMissingError(
            f"There is no file of the model `{model}` (`*{end}`), which the measures of the "
            "session say was estimated.",
            path=folder,
            cure=REMAKE,
        )
    if len(found) > 1:
        raise InputDataError(
            f"The session has {len(found)} files of the model `{model}`: "
            f"{', '.join(each.name for each in found)}.",
            path=folder,
            cure="Remove those that are not of the last run, or run the participant level on this "
            "session with --overwrite.",
        )
    return found[0]


def _labels(arrays: dict[str, np.ndarray], path: Path) -> tuple[ParameterLabel, ...]:
    """Return what the parameters are; refuse masks and names that do not fit each other."""
    try:
        labels = parameter_labels(
            DcmStructure(**{name: arrays[name] for name in MASKS}),
            regions=arrays["regions"].tolist(),
            inputs=arrays["inputs_names"].tolist(),
        )
    except (InputDataError, TypeError, ValueError) as error:
        raise _damaged(path, "masks and names of the model do not fit each other") from error
    if [label.name for label in labels] != arrays["parameter_names"].tolist():
        raise _damaged(path, "names of the parameters are not those of the model")
    return labels


def _positions(arrays: dict[str, np.ndarray], n_parameters: int, path: Path) -> np.ndarray:
    free = arrays["free"]
    is_sound = (
        free.ndim == 1
        and free.dtype.kind in "iu"
        and bool(((free >= 0) & (free < n_parameters)).all())
        and bool((np.diff(free) > 0).all())
    )
    if not is_sound:
        raise _damaged(path, "positions of the free parameters are none")
    return free


def _require_moments(arrays: dict[str, np.ndarray], n_parameters: int, path: Path) -> None:
    for name, n_axes in MOMENTS.items():
        array = arrays[name]
        words = name.replace("_", " ")
        if array.shape != (n_parameters,) * n_axes or array.dtype.kind not in "fiu":
            raise _damaged(path, f"the {words} has the wrong shape")
        if not np.isfinite(array).all():
            raise _damaged(path, f"the {words} holds values that are not finite")
    free_energy = arrays["free_energy"]
    is_number = free_energy.shape == () and free_energy.dtype.kind in "fiu"
    if not is_number or not np.isfinite(free_energy):
        raise _damaged(path, "the free energy is no finite number")


def _require_same(
    facts: dict[str, Any],
    arrays: dict[str, np.ndarray],
    labels: Sequence[ParameterLabel],
    path: Path,
) -> None:
    """Refuse facts and arrays of different estimations, as after copying one of them alone."""
    entries = facts.get("Parameters")
    told = [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    given = [(each.get("Name"), each.get("PosteriorMean")) for each in told]
    means = arrays["posterior_mean"][arrays["free"]]
    wanted = [(label.name, mean) for label, mean in zip(labels, means, strict=True)]
    pairs = [(facts.get("FreeEnergy"), float(arrays["free_energy"]))]
    pairs += [(own[1], other[1]) for own, other in zip(given, wanted, strict=False)]
    same_names = [name for name, _ in given] == [name for name, _ in wanted]
    if not same_names or not all(_is_same(*pair) for pair in pairs):
        raise InputDataError(
            "The file and the arrays beside it (.npz) are of different estimations.",
            path=path,
            cure=REMAKE,
        )


def _is_same(told: object, stored: float) -> bool:
    if not isinstance(told, int | float) or isinstance(told, bool):
        return False
    return abs(told - stored) <= ROUNDING * max(1.0, abs(stored))


def _share(facts: dict[str, Any], path: Path) -> float:
    share = facts.get("ExplainedVariance", "")
    if share is None:  # not finite when it was written
        return float("nan")
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0.0 <= share <= 1.0:
        raise InputDataError(
            "The file does not say which share of variance the model explains (ExplainedVariance).",
            path=path,
            cure=REMAKE,
        )
    return float(share)


def _damaged(path: Path, what: str) -> InputDataError:
    return InputDataError(f"The file is damaged: {what}.", path=path, cure=REMAKE)
