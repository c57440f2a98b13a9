"""Files of dynamic causal models of a small output tree, as the app writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.dcm.intervals import interval
from bids_ketamine.core.dcm.structure import DcmStructure, ParameterLabel, parameter_labels
from bids_ketamine.core.dcm.summary import posterior_probability
from bids_ketamine.reports.tree import ParticipantOutput, read_participant
from bids_ketamine.study.load import Study

HOSTILE = """<script>alert("x & y")</script>"""
MODEL = "faceCircuit"
REGIONS = ("vmPFC", "amygdala")
INPUTS = {"all_trials": ["faces", "shapes"], "faces": ["faces"]}
STEM = "sub-01_ses-pre_task-faces_space-MNI152NLin6Asym_atlas-x"
N_SCANS, BINS, T_R = 120, 16, 2.0
LEVEL = 0.9
#: Posterior means of the circuit of two regions, by name.
MEANS = {
    "vmPFC > amygdala": -0.35,
    "amygdala > vmPFC": 0.21,
    "vmPFC > amygdala by faces": -0.42,
    "amygdala > vmPFC by faces": 0.55,
    "all_trials > amygdala": 0.8,
}


def file_name(stem: str = STEM, model: str = MODEL, *, ending: str = "json") -> str:
    return f"{stem}_model-{model}_desc-dcm_estimates.{ending}"


def circuit(regions: Sequence[str] = REGIONS) -> DcmStructure:
    """Connect all regions; the second is driven, the second input changes the first pair."""
    n_regions = len(regions)
    modulations = np.zeros((n_regions, n_regions, 2), dtype=bool)
    driving = np.zeros((n_regions, 2), dtype=bool)
    driving[min(1, n_regions - 1), 0] = True
    if n_regions > 1:
        modulations[0, 1, 1] = modulations[1, 0, 1] = True
    return DcmStructure(np.ones((n_regions, n_regions)), modulations, driving)


def write_circuit(
    folder: Path,
    stem: str = STEM,
    *,
    model: str = MODEL,
    regions: Sequence[str] = REGIONS,
    n_runs: int = 1,
    noise: float = 0.5,
    arrays: Mapping[str, Any] | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Write a model of a session; return its rows of the measures table."""
    structure = circuit(regions)
    labels = parameter_labels(structure, regions=regions, inputs=list(INPUTS))
    rng = np.random.default_rng(len(regions))
    mean = np.array([MEANS.get(each.name, 0.0) for each in labels])
    deviation = np.where(np.isin(np.arange(len(mean)), structure.free), 0.1, 0.0)
    covariance = np.diag(deviation**2)
    if len(regions) > 1:  # the first connection and its modulation are hardly told apart
        names = [each.name for each in labels]
        first, second = (names.index(each) for each in _pair(regions))
        covariance[first, second] = covariance[second, first] = -0.93 * 0.01
    found = {
        "parameter_names": np.array([each.name for each in labels]),
        "regions": np.array(regions),
        "inputs_names": np.array(list(INPUTS)),
        "free": structure.free,
        "posterior_mean": mean,
        "posterior_covariance": covariance,
        "calibrated_covariance": 2.25 * covariance,
        "run_labels": np.array([str(run) for run in range(1, n_runs + 1)]),
    }
    explained, left = np.zeros(len(regions)), np.zeros(len(regions))
    for run in range(1, n_runs + 1):
        own = _run(regions, noise, rng)
        found |= {f"{name}_{run}": each for name, each in own.items()}
        explained += np.sum(own["predicted"] ** 2, axis=0)
        left += np.sum(own["residuals"] ** 2, axis=0)
    facts = _facts(model, regions, labels, structure, mean, covariance)
    shares = explained / (explained + left)
    facts["ExplainedVariance"] = float(explained.sum() / (explained + left).sum())
    facts["ExplainedVarianceByRegion"] = dict(zip(regions, shares.tolist(), strict=True))
    facts["Flat"] = facts["ExplainedVariance"] < 0.1
    facts["Runs"] = [{"Task": "faces", "Run": str(run)} for run in range(1, n_runs + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / file_name(stem, model, ending="npz"), **(found | dict(arrays or {}))
    )
    (folder / file_name(stem, model)).write_text(json.dumps(facts | changes), encoding="utf-8")
    return rows_of(model, labels, structure, mean)


def _pair(regions: Sequence[str]) -> tuple[str, str]:
    connection = f"{regions[0]} > {regions[1]}"
    return connection, f"{connection} by faces"


def _run(regions: Sequence[str], noise: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    bins = np.arange(N_SCANS * BINS)
    seconds = bins * T_R / BINS
    faces = (seconds >= 12) & (seconds < 228) & (seconds // 24 % 2 == 0)
    all_trials = (seconds >= 12) & (seconds < 228)
    response = np.convolve(faces[::BINS].astype(float), np.hanning(9) / 4)[:N_SCANS]
    response -= response.mean()
    sizes = 0.25 + 0.5 * np.arange(len(regions))
    predicted = response[:, None] * sizes
    return {
        "predicted": predicted,
        "residuals": noise * rng.standard_normal(predicted.shape),
        "inputs": np.column_stack([all_trials, faces]).astype(float),
    }


def _facts(
    model: str,
    regions: Sequence[str],
    labels: Sequence[ParameterLabel],
    structure: DcmStructure,
    mean: np.ndarray,
    covariance: np.ndarray,
) -> dict[str, Any]:
    def by_region(value: float) -> dict[str, float]:
        return dict.fromkeys(regions, value)

    within = interval(mean, covariance, level=LEVEL)
    calibrated = interval(mean, 2.25 * covariance, level=LEVEL)
    probability = posterior_probability(mean, covariance)
    return {
        "Model": model,
        "Task": "faces",
        "Regions": list(regions),
        "Inputs": INPUTS,
        "Connections": [
            each.name
            for each in labels
            if each.field == "connection" and each.source != each.target
        ],
        "Driving": {"all_trials": [regions[min(1, len(regions) - 1)]]},
        "Modulations": {
            f"{one} > {other}": ["faces"]
            for one, other in (regions[:2], regions[1::-1])
            if len(regions) > 1
        }
        if len(regions) > 1
        else {},
        "Parameters": [
            {
                "Name": labels[at].name,
                "Field": labels[at].field,
                "Source": labels[at].source,
                "Target": labels[at].target,
                "Modulator": labels[at].modulator,
                "Unit": labels[at].unit,
                "PosteriorMean": float(mean[at]),
                "PosteriorProbability": float(probability[at]),
                "Interval": within[at].tolist(),
                "CalibratedInterval": calibrated[at].tolist(),
            }
            for at in structure.free.tolist()
        ],
        "IntervalLevel": LEVEL,
        "FreeEnergy": -812.34,
        "Converged": True,
        "Iterations": 23,
        "NoiseStandardDeviation": by_region(0.06),
        "CalibratedNoiseStandardDeviation": by_region(0.5),
        "Autocorrelation": by_region(0.31),
        "EchoTime": 0.04,
        "CentreInputs": True,
        "Delay": 0.975,
        "MicrotimeResolution": BINS,
        "RepetitionTime": T_R,
        "ScalingOfSeries": 1.0,
        "Voxels": by_region(57),
        "Notes": [],
        "SoftwareVersion": "0.1.0",
    }


def rows_of(
    model: str,
    labels: Sequence[ParameterLabel],
    structure: DcmStructure,
    mean: np.ndarray,
    *,
    reason: str = "",
) -> pd.DataFrame:
    """Return the rows of the measures table; without values where there is a reason."""
    rows = []
    for at in structure.free.tolist():
        each = labels[at]
        if each.field not in ("connection", "modulation", "driving"):
            continue
        if each.field == "connection" and each.source == each.target:
            continue
        kinds = {
            "connection": "connection",
            "modulation": f"modulation by {each.modulator}",
            "driving": f"driving by {each.source}",
        }
        ends = each.target if each.field == "driving" else f"{each.source} > {each.target}"
        rows.append(
            {
                "measure": "dcm",
                "contrast": f"{model} {kinds[each.field]}",
                "regions": ends,
                "value": None if reason else float(mean[at]),
                "unit": each.unit,
                "standard_error": None if reason else 0.15,
                "residual_df": None if reason else 100.0,
                "coverage": 0.97,
                "reason": reason or None,
            }
        )
    return pd.DataFrame(rows)


def missing_rows(reason: str, model: str = MODEL) -> pd.DataFrame:
    """Return the rows of a model that was not estimated."""
    structure = circuit()
    labels = parameter_labels(structure, regions=REGIONS, inputs=list(INPUTS))
    return rows_of(model, labels, structure, np.zeros(len(labels)), reason=reason)


def write_measures(output: Path, parts: Sequence[pd.DataFrame], *, session: str = "pre") -> None:
    """Write the measures table of a session."""
    common = {
        "participant_id": "sub-01",
        "session_id": f"ses-{session}",
        "session": session,
        "task": "faces",
    }
    table = pd.concat([part.assign(**common) for part in parts], ignore_index=True)
    folder = output / "sub-01" / f"ses-{session}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"sub-01_ses-{session}_measures.tsv"
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    facts = {"Runs": [{"Task": "faces", "Run": "1"}], "StudyName": "norbury2021"}
    path.with_suffix(".json").write_text(json.dumps(facts), encoding="utf-8")


def found_circuit(output: Path, study: Study, **given: Any) -> ParticipantOutput:
    """Write one session with one model and read it."""
    rows = write_circuit(output / "sub-01" / "ses-pre" / "func", **given)
    write_measures(output, [rows])
    return read_participant(output, "01", spec=study.spec)
