"""Tables of generalized PPI, dissimilarities and partial correlations of a small output tree."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.tree import ParticipantOutput, read_participant
from bids_ketamine.study.load import Study

HOSTILE = """<script>alert("x & y")</script>"""
CONDITIONS = ("faces", "shapes")
CONTRAST = "facesGtShapes"
TRIAL_TYPES = ("neutral", "fearful", "surprised", f"angry{HOSTILE}")
#: The bias that is subtracted in every pair.
BIAS = 0.04

#: Places near those of the circuit; two of them on both sides.
CENTRES = {
    "amygdala": [[-22.0, -4.0, -18.0], [22.0, -4.0, -18.0]],
    "anterior_insula": [[-36.0, 20.0, -2.0], [38.0, 22.0, -2.0]],
    "vmPFC": [[0.0, 46.0, -10.0]],
    "rACC": [[0.0, 40.0, 10.0]],
    "dACC": [[0.0, 18.0, 36.0]],
}
FEW_REGIONS = ("amygdala", "vmPFC", "dACC", "flat_one")
WRITTEN = {CONTRAST: ("faces", "shapes")}
STEM = "sub-01_ses-pre_task-faces_space-MNI152NLin6Asym_atlas-x"
T_40 = 2.0206  # t(.975, 40.5)


def write_table(path: Path, table: pd.DataFrame, sidecar: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, float_format="%.10g", quoting=3)
    path.with_suffix(".json").write_text(json.dumps(sidecar), encoding="utf-8")


def estimates(regions: Sequence[str], rng: np.random.Generator) -> pd.DataFrame:
    """Make estimates of all directions; the last region is flat and has none."""
    rows = []
    effects = [(CONTRAST, "contrast"), *((each, "condition") for each in CONDITIONS)]
    for effect, kind in effects:
        pairs = {frozenset(pair): 0.12 * rng.standard_normal() for pair in combinations(regions, 2)}
        for seed, target in permutations(regions, 2):
            value = pairs[frozenset((seed, target))] + (0.01 if seed < target else -0.01)
            flat = regions[-1] in (seed, target) and len(regions) > 2
            rows.append(
                {
                    "seed": seed,
                    "target": target,
                    "effect": effect,
                    "kind": kind,
                    "value": None if flat else value,
                    "standard_error": None if flat else 0.05,
                    "residual_df": 40.5,
                    "p": None if flat else 0.5,
                    "variance_inflation": 12.5 if seed == regions[0] else 3.25,
                    "task_correlation": -0.91 if seed == regions[0] else 0.22,
                    "reason": f"no signal {HOSTILE}" if flat else None,
                }
            )
    return pd.DataFrame(rows)


def write_gppi(
    folder: Path, stem: str, regions: Sequence[str], rng: np.random.Generator, **facts: Any
) -> pd.DataFrame:
    """Write both tables of a session and return the measures of its pairs."""
    table = estimates(regions, rng)
    sidecar = {
        "Method": "conn",
        "Measure": "correlation",
        "Units": "Fisher z",
        "BandPass": [0.008, 0.09],
        "Conditions": list(CONDITIONS),
        "Contrasts": {CONTRAST: {"faces": 1.0, "shapes": -1.0}},
        "RepetitionTime": 2.0,
        "Volumes": [160],
        "Notes": [f"band-pass after the regression {HOSTILE}"],
        "NearlyCollinear": [
            {
                "seed": regions[0],
                "effect": CONTRAST,
                "variance_inflation": 12.5,
                "task_correlation": -0.91,
            },
            {
                "seed": HOSTILE,
                "effect": "faces",
                "variance_inflation": None,
                "task_correlation": None,
            },
        ],
        "VarianceInflationLimit": 10.0,
        "TaskCorrelationLimit": 0.9,
        "Confounds": [["csf", "outlier_0001"]],
        "Runs": 1,
        "RegionCentres": {name: at for name, at in CENTRES.items() if name in regions},
        "Sources": [],
    }
    write_table(folder / f"{stem}_gppi.tsv", table, sidecar | facts)
    own = table[table["kind"] == "contrast"]
    matrix = own.pivot(index="seed", columns="target", values="value")
    matrix = matrix.reindex(index=regions, columns=regions)
    matrix.insert(0, "Node", list(regions))
    write_table(folder / f"{stem}_contrast-{CONTRAST}_stat-gppi_relmat.tsv", matrix, {})
    values = {(row.seed, row.target): row.value for row in own.itertuples()}
    return pd.DataFrame(
        [
            {
                "measure": "gppi",
                "contrast": CONTRAST,
                "regions": f"{first}~{second}",
                "value": (values[first, second] + values[second, first]) / 2,
                "standard_error": 0.04,
                "residual_df": 40.5,
                "unit": "Fisher z",
                "reason": f"no signal {HOSTILE}" if regions[-1] in (first, second) else None,
            }
            for first, second in combinations(regions, 2)
        ]
    )


def write_rsa(
    folder: Path,
    stem: str,
    regions: Sequence[str],
    rng: np.random.Generator,
    *,
    n_partitions: int = 4,
    **facts: Any,
) -> pd.DataFrame:
    """Write dissimilarities, and reliability where there are four partitions; return measures."""
    rows = []
    for region in regions:
        for first, second in combinations(TRIAL_TYPES, 2):
            missing = region == "dACC"
            raw = 0.15 + 0.06 * rng.standard_normal()
            rows.append(
                {
                    "region": region,
                    "trial_type_1": first,
                    "trial_type_2": second,
                    "value": None if missing else raw - BIAS,
                    "raw": None if missing else raw,
                    "predicted_bias": None if missing else BIAS,
                    "standard_error": None if missing else 0.03,
                    "n_voxels": 120,
                    "reason": f"coverage 31 % is under 50 % {HOSTILE}" if missing else None,
                }
            )
    table = pd.DataFrame(rows)
    sidecar = {
        "Covariance": "shrinkage_to_diagonal",
        "Shrinkage": dict.fromkeys(regions, 0.314),
        "NoiseLevel": dict.fromkeys(regions, 1.4),
        "Partition": "one partition per block",
        "Partitions": n_partitions,
        "TrialTypes": list(TRIAL_TYPES),
        "Training": "mean",
        "Normalisation": "voxels",
        "DegreesOfFreedom": 118.2,
        "Smoothness": [6.8, 6.7, 7.01],
        "Notes": [f"a note on patterns {HOSTILE}"],
        "Runs": 1,
        "Sources": [],
    }
    path = folder / f"{stem}_stat-ldc_dissimilarity.tsv"
    write_table(path, table, sidecar | facts)
    if n_partitions >= 4:
        splits = [
            {
                "region": region,
                "first_half": "1 2",
                "second_half": "3 4",
                "correlation": 0.3 + 0.2 * split,
            }
            for region in regions
            for split in range(3)
        ]
        name = f"{stem}_stat-ldc_reliability.tsv"
        write_table(folder / name, pd.DataFrame(splits), {})
    own = table[(table["trial_type_1"] == "neutral") & (table["trial_type_2"] == "fearful")]
    return pd.DataFrame(
        {
            "measure": "ldc",
            "contrast": "fearful vs neutral",
            "regions": own["region"],
            "value": own["value"],
            "standard_error": own["standard_error"],
            "residual_df": 118.0,
            "unit": "squared distance / voxel",
            "reason": own["reason"],
        }
    )


def write_partial(folder: Path, prefix: str, atlas: str, series: pd.DataFrame) -> None:
    """Write the partial correlations of resting series."""
    precision = np.linalg.inv(np.cov(series.to_numpy(), rowvar=False))
    scale = np.sqrt(np.diag(precision))
    partial = -precision / np.outer(scale, scale)
    np.fill_diagonal(partial, 1.0)
    matrix = pd.DataFrame(partial, columns=series.columns)
    matrix.insert(0, "Node", matrix.columns)
    name = f"{prefix}_task-rest_{atlas}_stat-partialcorrelation_relmat.tsv"
    write_table(folder / name, matrix, {"RegionCentres": CENTRES})


def found_session(
    folder: Path,
    study: Study,
    *,
    regions: tuple[str, ...] = FEW_REGIONS,
    gppi: dict[str, Any] | None = None,
    rsa: dict[str, Any] | None = None,
    n_partitions: int = 4,
) -> ParticipantOutput:
    """Write one session with both methods and read it."""
    rng = np.random.default_rng(3)
    functional = folder / "sub-01" / "ses-pre" / "func"
    parts = [
        write_gppi(functional, STEM, regions, rng, **(gppi or {})),
        write_rsa(functional, STEM, regions, rng, n_partitions=n_partitions, **(rsa or {})),
    ]
    measures = pd.concat(parts).assign(participant_id="sub-01", session="pre", task="faces")
    path = functional.parent / "sub-01_ses-pre_measures.tsv"
    measures.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    return read_participant(folder, "01", spec=study.spec)


def shown(value: float) -> str:
    """Return a number as tables of the page write it."""
    shown = f"{value:.3f}".replace("-", "\u2212")
    return shown.lstrip("\u2212") if float(f"{value:.3f}") == 0 else shown
