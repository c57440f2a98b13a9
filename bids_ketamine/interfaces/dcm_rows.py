"""Rows of the measures table that a dynamic causal model gives."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.dcm.structure import ParameterLabel
from bids_ketamine.interfaces.dcm_files import EstimatedModel
from bids_ketamine.interfaces.dcm_model import ModelData
from bids_ketamine.interfaces.runs import runs_summary
from bids_ketamine.outputs.measures import DIRECTED
from bids_ketamine.study.spec import DcmSpec

MEASURE = "dcm"


def model_rows(
    data: ModelData, found: EstimatedModel | None, *, dcm: DcmSpec, reason: str
) -> pd.DataFrame:
    """Return a row for each connection between regions, each modulation and each drive.

    Parameters
    ----------
    data : ModelData
        What the model is estimated from.
    found : EstimatedModel or None
        What its estimation gave; None where it gave nothing.
    dcm : DcmSpec
        Section of the study.
    reason : str
        Why it gave nothing.

    Returns
    -------
    DataFrame
        Columns of the measures table.
    """
    summary = runs_summary([run.facts for run in data.runs])
    summary["residual_df"] = sum(run.residual_df for run in data.runs)
    shared = {
        "measure": MEASURE,
        "task": data.circuits.task,
        "method": method_words(dcm),
        "version": __version__,
        "reason": reason,
        **summary,
    }
    if found is None:
        shared["residual_df"] = float("nan")
    rows = []
    for position in data.structure.free.tolist():
        label = data.labels[position]
        if not is_measure(label):
            continue
        ends = [label.source, label.target] if label.field != "driving" else [label.target]
        rows.append(
            {
                "contrast": _contrast(data.model.name, label),
                "regions": DIRECTED.join(ends),
                "value": np.nan if found is None else found.estimate.posterior_mean[position],
                "unit": label.unit,
                "standard_error": (
                    np.nan if found is None else found.posterior_deviation[position]
                ),
                **_quality(data, ends),
                **shared,
            }
        )
    return pd.DataFrame(rows)


def is_measure(label: ParameterLabel) -> bool:
    """Tell whether a parameter is a measure: what regions do to each other and inputs to them."""
    if label.field == "connection":
        return label.source != label.target
    return label.field in ("modulation", "driving")


def method_words(dcm: DcmSpec) -> str:
    """Say how the parameters were estimated.

    Parameters
    ----------
    dcm : DcmSpec
        Section of the study.
    """
    centred = "inputs centred" if dcm.centre_inputs else "inputs not centred"
    return f"DCM, posterior mean, echo time {dcm.echo_time:g} s, {centred}"


def _contrast(model: str, label: ParameterLabel) -> str:
    if label.field == "modulation":
        return f"{model} modulation by {label.modulator}"
    if label.field == "driving":
        return f"{model} driving by {label.source}"
    return f"{model} connection"


def _quality(data: ModelData, ends: list[str]) -> dict[str, float]:
    """Return coverage and temporal signal-to-noise ratio of the regions of a row."""
    quality, columns = data.circuits.quality, [data.circuits.regions.index(end) for end in ends]
    named = {}
    for column, suffix in zip(columns, ("", "_second"), strict=False):
        named[f"coverage{suffix}"] = float(quality.coverage[column])
        named[f"tsnr{suffix}"] = float(quality.tsnr[column])
    return named
