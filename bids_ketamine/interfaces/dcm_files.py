"""Files of a dynamic causal model: its parameters in words, and its arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bids_ketamine._version import __version__
from bids_ketamine.core.dcm.estimation import DcmEstimate
from bids_ketamine.core.dcm.intervals import CalibratedErrors, interval
from bids_ketamine.core.dcm.summary import posterior_probability
from bids_ketamine.interfaces.dcm_model import ModelData
from bids_ketamine.outputs.arrays import write_arrays
from bids_ketamine.outputs.patterns import output_name
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_json
from bids_ketamine.study.dcm_names import (
    connection_name,
    connections_of,
    inputs_of,
    modulations_of,
)
from bids_ketamine.study.spec import DcmSpec

DESCRIPTION = (
    "Bilinear, deterministic dynamic causal model of one neuronal state a region, estimated by "
    "variational Laplace on first eigenvariates"
)


class EstimatedModel(NamedTuple):
    """A model and what its estimation gave.

    Attributes
    ----------
    data : ModelData
        What it was estimated from.
    estimate : DcmEstimate
        Posterior, free energy, predicted series.
    errors : CalibratedErrors
        The same parameters with intervals that hold.
    dcm : DcmSpec
        Section of the study.
    notes : tuple of str
        What a reader should know.
    """

    data: ModelData
    estimate: DcmEstimate
    errors: CalibratedErrors
    dcm: DcmSpec
    notes: tuple[str, ...]

    @property
    def posterior_deviation(self) -> np.ndarray:
        """Posterior standard deviation of each parameter, shape (P,)."""
        return _deviation(self.estimate.posterior_covariance)

    @property
    def calibrated_deviation(self) -> np.ndarray:
        """Calibrated standard deviation of each parameter, shape (P,)."""
        return _deviation(self.errors.covariance)


def write_model(folder: Path, found: EstimatedModel, *, datasets: Mapping[str, str]) -> None:
    """Write a model's parameters (JSON) and arrays (npz).

    Parameters
    ----------
    folder : Path
        Folder in the layout of the session's output.
    found : EstimatedModel
        The model.
    datasets : mapping of str to str
        Dataset name of each input folder.
    """
    names = {**found.data.circuits.names, "model": found.data.model.name}
    write_arrays(folder / output_name("dcm_arrays", **names), _arrays(found))
    write_json(folder / output_name("dcm", **names), _facts(found, datasets))


def sha256_of(arrays: Iterable[np.ndarray]) -> str:
    """Return the SHA-256 digest of arrays one after the other, each row by row as float64.

    Parameters
    ----------
    arrays : iterable of ndarray
        One of each run.

    Examples
    --------
    >>> sha256_of([np.zeros(2)]) == hashlib.sha256(bytes(16)).hexdigest()
    True
    """
    digest = hashlib.sha256()
    for each in arrays:
        digest.update(np.ascontiguousarray(each, dtype="<f8").tobytes())
    return digest.hexdigest()


def _facts(found: EstimatedModel, datasets: Mapping[str, str]) -> dict[str, Any]:
    data, estimate, dcm = found.data, found.estimate, found.dcm
    model, runs = data.model, data.runs
    voxels = [run.voxels[data.columns] for run in runs]

    def by_region(values: Sequence[Any] | np.ndarray) -> dict[str, Any]:
        return dict(zip(model.regions, np.asarray(values).tolist(), strict=True))

    return {
        "Description": DESCRIPTION,
        "Model": model.name,
        "Task": model.task,
        "Regions": list(model.regions),
        "Inputs": {name: list(conditions) for name, conditions in inputs_of(model).items()},
        "Connections": [connection_name(*ends) for ends in connections_of(model)],
        "Driving": {name: list(regions) for name, regions in model.driving.items()},
        "Modulations": {
            connection_name(*ends): list(names) for ends, names in modulations_of(model).items()
        },
        "Parameters": _parameters(found),
        "IntervalLevel": dcm.interval_level,
        "FreeEnergy": estimate.free_energy,
        "CalibratedFreeEnergy": found.errors.free_energy,
        "NoiseSettled": bool(estimate.noise_settled),
        "Converged": bool(estimate.converged),
        "Stalled": bool(estimate.stalled),
        "Iterations": int(estimate.n_iterations),
        "ExplainedVariance": estimate.explained_variance,
        "ExplainedVarianceByRegion": by_region(estimate.explained_variance_by_region),
        "Flat": bool(estimate.flat),
        "CalibratedConverged": bool(found.errors.converged),
        "NoiseStandardDeviation": by_region(np.exp(-np.asarray(estimate.log_precision) / 2.0)),
        "CalibratedNoiseStandardDeviation": by_region(found.errors.noise_standard_deviation),
        "Autocorrelation": by_region(found.errors.autocorrelation),
        "Restart": dcm.restart,
        "MaximumIterations": dcm.maximum_iterations,
        "EchoTime": dcm.echo_time,
        "CentreInputs": dcm.centre_inputs,
        "Delay": data.delay,
        "MicrotimeResolution": data.circuits.microtime_resolution,
        "RepetitionTime": runs[0].t_r,
        "ScalingOfSeries": estimate.scale,
        "Voxels": by_region(np.min(voxels, axis=0)),
        "Runs": [
            {**run.facts, "EigenvariateVoxels": by_region(own)}
            for run, own in zip(runs, voxels, strict=True)
        ],
        "InputHashes": {
            "Series": sha256_of(each.series for each in data.recordings),
            "Inputs": sha256_of(each.inputs for each in data.recordings),
            "Confounds": sha256_of(each.confounds for each in data.recordings),
        },
        "Notes": list(found.notes),
        "Sources": bids_uris([path for run in runs for path in run.files], datasets),
        "SoftwareVersion": __version__,
    }


def _parameters(found: EstimatedModel) -> list[dict[str, Any]]:
    """Return what is known of each free parameter."""
    estimate, level = found.estimate, found.dcm.interval_level
    mean, covariance = estimate.posterior_mean, estimate.posterior_covariance
    prior_deviation = _deviation(estimate.prior_covariance)
    probability = posterior_probability(mean, covariance)
    within = interval(mean, covariance, level=level)
    calibrated = interval(found.errors.mean, found.errors.covariance, level=level)
    parameters = []
    for position in found.data.structure.free.tolist():
        label = found.data.labels[position]
        parameters.append(
            {
                "Name": label.name,
                "Field": label.field,
                "Source": label.source,
                "Target": label.target,
                "Modulator": label.modulator,
                "Unit": label.unit,
                "PriorMean": estimate.prior_mean[position],
                "PriorStandardDeviation": prior_deviation[position],
                "PosteriorMean": mean[position],
                "PosteriorStandardDeviation": found.posterior_deviation[position],
                "PosteriorProbability": probability[position],
                "Interval": within[position],
                "CalibratedMean": found.errors.mean[position],
                "CalibratedStandardDeviation": found.calibrated_deviation[position],
                "CalibratedInterval": calibrated[position],
            }
        )
    return parameters


def _arrays(found: EstimatedModel) -> dict[str, np.ndarray]:
    data, estimate = found.data, found.estimate
    arrays = {
        "parameter_names": np.array([label.name for label in data.labels]),
        "regions": np.array(data.model.regions),
        "inputs_names": np.array(list(inputs_of(data.model))),
        "free": data.structure.free,
        "connections": data.structure.connections,
        "modulations": data.structure.modulations,
        "driving": data.structure.driving,
        "prior_mean": estimate.prior_mean,
        "prior_covariance": estimate.prior_covariance,
        "posterior_mean": estimate.posterior_mean,
        "posterior_covariance": estimate.posterior_covariance,
        "calibrated_mean": found.errors.mean,
        "calibrated_covariance": found.errors.covariance,
        "log_precision": estimate.log_precision,
        "log_precision_covariance": estimate.log_precision_covariance,
        "free_energy": np.array(estimate.free_energy),
        "trace": estimate.trace,
        "run_labels": np.array([run.label for run in data.runs]),
    }
    for number, recording in enumerate(data.recordings, start=1):
        arrays |= {
            f"series_{number}": estimate.series[number - 1],
            f"predicted_{number}": estimate.predicted[number - 1],
            f"residuals_{number}": estimate.residuals[number - 1],
            f"inputs_{number}": recording.inputs,
            f"confounds_{number}": recording.confounds,
        }
    return {name: np.asarray(each) for name, each in arrays.items()}


def _deviation(covariance: np.ndarray) -> np.ndarray:
    return np.sqrt(np.diagonal(covariance))
