"""One participant of a small output tree, with hostile text in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.participant import write_participant_report
from bids_ketamine.study.load import Study
from tests.reports.participant.connectivity_files import (
    CENTRES,
    write_gppi,
    write_partial,
    write_rsa,
)

HOSTILE = """<script>alert("x & y")</script>"""
REGIONS = ("amygdala", "anterior_insula", "vmPFC", "rACC", "dACC", "anterior_hippocampus")
VERSION = "0.1.0"
N_VOLUMES = 160


@pytest.fixture(scope="session")
def make_participant() -> Callable[..., Path]:
    return write_participant_tree


@pytest.fixture(scope="session")
def participant_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_participant_tree(tmp_path_factory.mktemp("participant"))


@pytest.fixture(scope="session")
def report(participant_tree: Path, study: Study) -> Path:
    """The report of the tree; nobody changes either."""
    return write_participant_report(participant_tree, "01", study=study)


@pytest.fixture(scope="session")
def page(report: Path, take_apart: Callable[[Path], Any]) -> Any:
    """The report taken apart."""
    return take_apart(report)


def write_table(path: Path, table: pd.DataFrame, sidecar: Mapping[str, Any] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, float_format="%.10g", quoting=3)
    path.with_suffix(".json").write_text(json.dumps(sidecar or {}), encoding="utf-8")


def write_participant_tree(
    output: Path,
    *,
    participant: str = "sub-01",
    sessions: tuple[str, ...] = ("pre", "post"),
    log: Mapping[str, Any] | None = None,
    space: str = "MNI152NLin2009cAsym",
    shape: tuple[int, int, int] = (12, 15, 12),
    regions: tuple[str, ...] = REGIONS,
) -> Path:
    """Write sessions with two tasks and rest; `faces` of the last session has no map."""
    rng = np.random.default_rng(7)
    for place, session in enumerate(sessions):
        _write_session(output, participant, session, rng, space, shape, regions, place)
    default_log = {
        "Errors": [],
        "Notices": [f"elastic net of the preset (`elastic_net`) is left out {HOSTILE}"],
        "Sessions": dict.fromkeys(sessions, "computed"),
        "Missing": [],
    }
    path = output / "logs" / f"{participant}_errors.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(default_log | dict(log or {})), encoding="utf-8")
    return output


def _write_session(
    output: Path,
    participant: str,
    session: str,
    rng: np.random.Generator,
    space: str,
    shape: tuple[int, int, int],
    regions: tuple[str, ...],
    place: int,
) -> None:
    prefix = f"{participant}_ses-{session}"
    folder = output / participant / f"ses-{session}"
    runs, rows = [], []
    for task in ("faces", "stroop", "rest"):
        run = f"{prefix}_task-{task}_run-1"
        quality = _quality(rng, place)
        write_table(folder / "func" / f"{run}_desc-quality_timeseries.tsv", quality)
        outliers = int(quality["outlier"].sum())
        runs.append(
            {
                "Task": task,
                "Run": "1",
                "Description": "preproc",
                **(_ROUTE if task == "faces" else {}),
                "Space": space,
                "RepetitionTime": 2.0,
                "ReferenceTime": 0.975,
                "SmoothingFWHM": 6.0,
                "Volumes": N_VOLUMES,
                "VolumesKept": N_VOLUMES - outliers - 1,
                "OutlierVolumes": outliers,
                "NonSteadyStateVolumes": 1,
                "MeanFramewiseDisplacement": float(quality["framewise_displacement"].mean()),
                "Confounds": ["csf", "white_matter", *(f"a_comp_cor_{n:02d}" for n in range(10))],
                "ResidualDegreesOfFreedom": 118 - outliers,
                "NoiseModel": {"faces": "spm", "stroop": "ar1"}.get(task),
                "Notes": [f"no AROMA denoising {HOSTILE}"] if task == "faces" else [],
            }
        )
        atlas = f"space-{space}_atlas-norbury2021"
        series = pd.DataFrame(_smooth_noise(rng, len(regions)), columns=list(regions))
        write_table(folder / "func" / f"{run}_{atlas}_timeseries.tsv", series, {"Units": "percent"})
        if task == "rest":
            _write_matrix(folder / "func", prefix, atlas, series)
            write_partial(folder / "func", prefix, atlas, series)
        else:
            _write_glm(folder / "func", prefix, run, task, space, shape, rng)
        rows.extend(_measures(task, session, participant, runs[-1], regions, rng))
    # A generator of their own: what is above has the same values with and without them.
    stem, further = f"{prefix}_task-faces_{atlas}", np.random.default_rng(70 + place)
    common = {key: rows[0][key] for key in ("participant_id", "session_id", "session", "task")}
    for table in (
        write_gppi(folder / "func", stem, regions, further),
        write_rsa(folder / "func", stem, regions, further),
    ):
        rows.extend(common | row for row in table.to_dict("records"))
    facts = {
        "StudyHash": "0123456789ab",
        "InputsHash": "ba9876543210",
        "SoftwareVersion": VERSION,
        "StudyName": "norbury2021",
        "Sources": [f"bids:fmriprep:{participant}/{HOSTILE}", "bids:raw:participants.tsv"],
        "Runs": runs,
        "Missing": [{"What": "stroop: events of run 2", "Reason": f"no file {HOSTILE}"}],
        "Notices": [],
    }
    write_table(folder / f"{prefix}_measures.tsv", pd.DataFrame(rows), facts)


_ROUTE = {
    "Denoising": "ICA-AROMA non-aggressive, here, 12 of 40 components",
    "SmoothedBy": "here",
    "SmoothnessBefore": [3.1, 3.04, 3.3],
    "SmoothnessAfter": [6.8, 6.7, 7.01],
}


def _quality(rng: np.random.Generator, place: int) -> pd.DataFrame:
    displacement = 0.08 + 0.05 * place + rng.gamma(1.5, 0.04, N_VOLUMES)
    displacement[[40, 41, 97]] += 0.7
    displacement[0] = np.nan
    dvars = 1 + 0.12 * rng.standard_normal(N_VOLUMES)
    dvars[[41, 120]] += 0.8
    dvars[0] = np.nan
    outlier = (displacement > 0.5) | (dvars > 1.5)
    return pd.DataFrame(
        {
            "framewise_displacement": displacement,
            "std_dvars": dvars,
            "outlier": outlier.astype(int),
            "non_steady_state": (np.arange(N_VOLUMES) == 0).astype(int),
        }
    )


def _smooth_noise(rng: np.random.Generator, n_columns: int) -> np.ndarray:
    noise = rng.standard_normal((N_VOLUMES + 8, n_columns)) + rng.standard_normal(
        (N_VOLUMES + 8, 1)
    )
    kernel = np.hanning(9) / np.hanning(9).sum()
    return 0.4 * np.apply_along_axis(np.convolve, 0, noise, kernel, "valid")


def _write_matrix(folder: Path, prefix: str, atlas: str, series: pd.DataFrame) -> None:
    matrix = series.corr()
    matrix.insert(0, "Node", matrix.columns)
    name = f"{prefix}_task-rest_{atlas}_stat-pearsoncorrelation_relmat.tsv"
    write_table(folder / name, matrix, {"RegionCentres": CENTRES})


def _write_glm(
    folder: Path,
    prefix: str,
    run: str,
    task: str,
    space: str,
    shape: tuple[int, int, int],
    rng: np.random.Generator,
) -> None:
    conditions = {"faces": ["faces", "shapes"], "stroop": ["congruent", "incongruent"]}[task]
    contrast = {"faces": "facesGtShapes", "stroop": "incongruentGtCongruent"}[task]
    design = {}
    for place, condition in enumerate(conditions):
        boxes = (np.arange(N_VOLUMES) // 12 % 2 == place).astype(float)
        design[condition] = np.convolve(boxes, np.hanning(7) / 3)[:N_VOLUMES]
    design["csf"] = rng.standard_normal(N_VOLUMES)
    design |= {f"a_comp_cor_{n:02d}": rng.standard_normal(N_VOLUMES) for n in range(10)}
    design |= {f"outlier_{at}": np.eye(N_VOLUMES)[at] for at in (40, 41, 97, 120)}
    times = np.arange(N_VOLUMES)
    design |= {f"drift_{n}": np.cos(np.pi * n * (times + 0.5) / N_VOLUMES) for n in range(1, 5)}
    design["constant"] = np.ones(N_VOLUMES)
    facts = {
        "RepetitionTime": 2.0,
        "ReferenceTime": 0.975,
        "Conditions": conditions,
        "Contrasts": {contrast: {conditions[0]: 1, conditions[1]: -1}},
        "Dropped": [f"the regressor `baseline` is empty {HOSTILE}"],
    }
    if task == "faces":  # `stroop` is as older versions wrote it
        facts |= _model_facts(conditions, contrast)
    write_table(folder / f"{run}_design.tsv", pd.DataFrame(design), facts)
    stem = f"{prefix}_task-{task}_space-{space}_contrast"
    _write_map(folder / f"{stem}-{contrast}_stat-t_statmap", _map(shape, rng), {})
    if task == "faces":
        image = _map(shape, rng)
        squares = nib.Nifti1Image(np.asarray(image.dataobj) ** 2, image.affine)
        degrees = {"EffectDegreesOfFreedom": 2.0, "DegreesOfFreedom": 118.5}
        _write_map(folder / f"{stem}-anyFace_stat-F_statmap", squares, degrees)


def _model_facts(conditions: list[str], contrast: str) -> dict[str, Any]:
    """Return what the sidecar of a design tells of a model with one serial covariance."""
    # The order in which conditions come first in the run, not that of the study.
    names = [f"error_trials{HOSTILE}", "shapes", "faces", "faces_derivative"]
    correlation = np.eye(4)
    correlation[1, 2] = correlation[2, 1] = -0.93
    return {
        "FContrasts": {"anyFace": [{conditions[0]: 1}, {conditions[1]: 1}]},
        "NotEstimable": {},
        "NoiseModel": "spm",
        "Autocorrelation": [0.61, 0.48],
        "AutocorrelationAtLagOne": 0.2345,
        "MaskThreshold": 0.8,
        "VoxelsBelowThreshold": 1234,
        "EffectiveDegreesOfFreedom": 118.46,
        "GrandMeanScaling": 0.12,
        "Diagnostics": {
            "ConditionCorrelation": {"names": names, "values": correlation.tolist()},
            "VarianceInflation": dict(zip(names, (None, 7.39, 7.43, 1.02), strict=True)),
            "Efficiency": {contrast: 16.42, "other": None},
            "LargestNuisanceCorrelation": {
                "faces": {"with": f"csf{HOSTILE}", "r": -0.51},
                "shapes": {"with": "a_comp_cor_03", "r": 0.22},
            },
        },
    }


def _write_map(stem: Path, image: nib.Nifti1Image, facts: Mapping[str, Any]) -> None:
    nib.save(image, stem.with_name(f"{stem.name}.nii.gz"))
    stem.with_name(f"{stem.name}.json").write_text(json.dumps(facts), encoding="utf-8")


def _map(shape: tuple[int, int, int], rng: np.random.Generator) -> nib.Nifti1Image:
    affine = np.diag([12.0, 12.0, 12.0, 1.0])
    affine[:3, 3] = [-66, -98, -48 if shape[2] > 1 else 6]
    indices = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"))
    place = np.tensordot(affine[:3, :3], indices, 1) + affine[:3, 3][:, None, None, None]
    inside = sum((place[k] - c) ** 2 / r**2 for k, (c, r) in enumerate(_BRAIN)) < 1
    values = rng.standard_normal(shape)
    for x, y, z in ((-24, -4, -20), (24, -4, -20), (0, 50, 0)):
        distance = (place[0] - x) ** 2 + (place[1] - y) ** 2 + (place[2] - z) ** 2
        values += 7 * np.exp(-distance / (2 * 12**2))
    return nib.Nifti1Image((values * inside).astype(np.float32), affine)


_BRAIN = ((0, 68), (-18, 86), (10, 66))


def _measures(
    task: str,
    session: str,
    participant: str,
    run: Mapping[str, Any],
    regions: tuple[str, ...],
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    contrast = {"faces": "facesGtShapes", "stroop": "incongruentGtCongruent"}.get(task)
    pairs = [f"{a}~{b}" for place, a in enumerate(regions) for b in regions[place + 1 :]]
    rows = []
    for name in pairs if task == "rest" else regions:
        missing = name == "dACC"
        rows.append(
            {
                "participant_id": participant,
                "session_id": f"ses-{session}",
                "session": session,
                "measure": "resting_connectivity" if task == "rest" else "activation",
                "task": task,
                "contrast": contrast,
                "regions": name,
                "value": None if missing else 0.3 * rng.standard_normal(),
                "standard_error": 0.125 if task == "faces" and not missing else None,
                "unit": "Fisher z" if task == "rest" else "percent of the grand mean",
                "mean_fd": run["MeanFramewiseDisplacement"],
                "n_volumes": run["Volumes"],
                "n_volumes_kept": run["VolumesKept"],
                "residual_df": run["ResidualDegreesOfFreedom"],
                "coverage": 0.31 if missing else 0.97,
                "coverage_second": 0.9 if task == "rest" else None,
                "tsnr": 61.5,
                "tsnr_second": 58.25 if task == "rest" else None,
                "method": "glm" if task != "rest" else "pearson",
                "version": VERSION,
                "reason": f"coverage 31 % is under 50 % {HOSTILE}" if missing else None,
            }
        )
    return rows
