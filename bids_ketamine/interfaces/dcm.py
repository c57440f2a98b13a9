"""Dynamic causal models of a participant-session: estimate each, save, and rows of measures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from nipype.interfaces.base import traits

from bids_ketamine.core.dcm.estimation import DcmEstimate, estimate_dcm
from bids_ketamine.core.dcm.intervals import CalibratedErrors, calibrated_errors
from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import BidsKetamineError, InputDataError, ProcessingError
from bids_ketamine.interfaces.dcm_files import EstimatedModel, write_model
from bids_ketamine.interfaces.dcm_model import ModelData, model_data
from bids_ketamine.interfaces.dcm_rows import is_measure, model_rows
from bids_ketamine.interfaces.dcm_runs import CircuitTask, read_circuits
from bids_ketamine.interfaces.step import Step, StepInputSpec, write_step
from bids_ketamine.outputs.measures import MEASURE_COLUMNS
from bids_ketamine.study.spec import DcmSpec

#: Share of the prior standard deviation within which a parameter has not moved.
UNMOVED_SHARE = 1e-3


class EffectiveConnectivityInputSpec(StepInputSpec):
    """Inputs of :class:`EffectiveConnectivity`."""

    dcm = traits.Any(mandatory=True, desc="DcmSpec")
    folders = traits.List(traits.Str(), desc="staged folders of the tasks that have models")


class EffectiveConnectivity(Step):
    """Every dynamic causal model of a session, from what the steps of its tasks have left."""

    input_spec = EffectiveConnectivityInputSpec

    def compute(self, folder: Path) -> None:
        """Estimate every model, and write its files and measures."""
        dcm: DcmSpec = self.inputs.dcm
        circuits: dict[str, CircuitTask] = {}
        for each in self.inputs.folders:
            found = read_circuits(Path(each))
            circuits[found.task] = found
        rows, facts = [], []
        for model in dcm.models:
            if model.task not in circuits:  # the session has no run of it, which is told as such
                continue
            data = model_data(model, circuits[model.task], centre_inputs=dcm.centre_inputs)
            estimated, reason = estimated_model(data, dcm)
            if estimated is not None:
                write_model(folder, estimated, datasets=self.inputs.sources)
            rows.append(model_rows(data, estimated, dcm=dcm, reason=reason))
            facts.append(_facts(data, estimated, reason))
        empty = pd.DataFrame(columns=list(MEASURE_COLUMNS))
        table = pd.concat(rows, ignore_index=True) if rows else empty
        table.to_pickle(folder / "rows.pkl")
        write_step(folder, {"Runs": [], "Models": facts})


def estimated_model(data: ModelData, dcm: DcmSpec) -> tuple[EstimatedModel | None, str]:
    """Estimate a model, or say why it cannot be: the session's other models go on.

    Parameters
    ----------
    data : ModelData
        What it is estimated from.
    dcm : DcmSpec
        Section of the study.

    Returns
    -------
    EstimatedModel or None
        What the estimation gave.
    str
        Why it gave nothing.
    """
    if data.reason:
        return None, data.reason
    try:
        estimate = estimate_dcm(
            data.recordings,
            structure=data.structure,
            delays=np.full(data.structure.n_regions, data.delay),
            echo_time=dcm.echo_time,
            centre_inputs=dcm.centre_inputs,
            maximum_iterations=dcm.maximum_iterations,
            restart=dcm.restart,
        )
    except (ProcessingError, InputDataError) as error:
        return None, _in_words(error)
    except np.linalg.LinAlgError as error:
        return None, f"the estimation has no solution in numbers: {error}"
    errors, told = _calibrated(estimate, dcm)
    notes = (
        *data.notes,
        *estimate.diagnostics,
        *_unmoved(data, estimate),
        *_shrunk(estimate),
        *told,
    )
    return EstimatedModel(data, estimate, errors, dcm, notes), ""


def _calibrated(estimate: DcmEstimate, dcm: DcmSpec) -> tuple[CalibratedErrors, tuple[str, ...]]:
    """Return calibrated errors, or unknown ones and why: the posterior stays."""
    try:
        return calibrated_errors(estimate, maximum_iterations=dcm.maximum_iterations), ()
    except (ProcessingError, np.linalg.LinAlgError) as error:
        why = error.message if isinstance(error, BidsKetamineError) else str(error)
    unknown = np.full(len(estimate.posterior_mean), np.nan)
    noise = np.full(estimate.structure.n_regions, np.nan)
    errors = CalibratedErrors(unknown, np.outer(unknown, unknown), noise, noise, np.nan, False)
    return errors, (f"there are no calibrated intervals: {why}",)


def _shrunk(estimate: DcmEstimate) -> list[str]:
    """Tell of a scaling that the values of driving inputs carry."""
    if estimate.scale == 1.0:
        return []
    return [
        f"the series were multiplied by {estimate.scale:.3g}, since their range is above 4 "
        "percent, as SPM12 does; the posterior means of driving inputs are of these series, the "
        "calibrated ones of the series as they are"
    ]


def _unmoved(data: ModelData, estimate: DcmEstimate) -> list[str]:
    """Name measures that the scheme left where it began, be it converged or not."""
    moved = np.abs(estimate.posterior_mean - estimate.prior_mean)
    still = moved <= UNMOVED_SHARE * np.sqrt(np.diagonal(estimate.prior_covariance))
    names = [
        data.labels[position].name
        for position in data.structure.free.tolist()
        if is_measure(data.labels[position]) and still[position]
    ]
    if not names:
        return []
    return [
        f"{listed(names)}: still at the prior mean, since the scheme took no step that could "
        "move them; the values are no finding"
    ]


def _in_words(error: BidsKetamineError) -> str:
    # The cure is for those who call the core with arrays.
    return error.message[:1].lower() + error.message[1:].rstrip(".")


def _facts(data: ModelData, found: EstimatedModel | None, reason: str) -> dict[str, Any]:
    """Return what the session's sidecar says of a model, estimated or not."""
    facts: dict[str, Any] = {"Model": data.model.name, "Task": data.model.task, "Reason": reason}
    if found is None:
        return {**facts, "Notes": list(data.notes)}
    estimate = found.estimate
    return {
        **facts,
        "FreeEnergy": float(estimate.free_energy),
        "ExplainedVariance": float(estimate.explained_variance),
        "Flat": bool(estimate.flat),
        "Converged": bool(estimate.converged),
        "Stalled": bool(estimate.stalled),
        "Notes": list(found.notes),
    }
