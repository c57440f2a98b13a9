"""What a resting session with cleaning and networks leaves, written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd

from bids_ketamine.outputs.measures import MEASURE_COLUMNS
from tests.reports.group.network_tables import blob

HOSTILE = "<img src=x onerror=alert(1)>"
N_VOLUMES = 180
SPACE = "space-MNI152NLin2009cAsym"
#: Regions in an order of their own, and their networks.
REGIONS = {
    f"region_{n:02d}": "default_mode; cortex" if n % 3 else ("visual; cortex" if n % 2 else "n/a")
    for n in range(1, 51)
}


def write_cleaned(output: Path, *, participant: str = "sub-01") -> Path:
    """Write two sessions: one with two runs, one that keeps too little time."""
    _session(output, participant, "pre1", kept=(160, 150), reason="")
    _session(output, participant, "post", kept=(40,), reason="1.33 min usable < 5 min")
    log = {"Errors": [], "Sessions": {"pre1": "computed", "post": "computed"}}
    path = output / "logs" / f"{participant}_errors.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(log), encoding="utf-8")
    return output


def _session(
    output: Path, participant: str, session: str, *, kept: tuple[int, ...], reason: str
) -> None:
    prefix = f"{participant}_ses-{session}"
    folder = output / participant / f"ses-{session}"
    functional = folder / "func"
    functional.mkdir(parents=True)
    runs = []
    for number, n_kept in enumerate(kept, start=1):
        name = f"{prefix}_task-rest_run-{number}"
        _write(functional / f"{name}_desc-quality_timeseries.tsv", _quality(n_kept))
        runs.append(_run(number, n_kept))
    minutes = sum(kept) * 2.0 / 60
    facts = {
        "Runs": runs,
        "Cleaning": {
            "Minutes": minutes,
            "MinimumMinutes": 5.0,
            "Runs": len(kept),
            "RunsUsed": len(kept),
            "Reason": reason,
            "Notes": [f"a note {HOSTILE}"],
        },
    }
    table = pd.DataFrame(_measures(participant, session, reason))
    _write(folder / f"{prefix}_measures.tsv", table.reindex(columns=list(MEASURE_COLUMNS)), facts)
    atlas = f"{prefix}_task-rest_{SPACE}_atlas-siegel2021"
    _write(functional / f"{atlas}_networks.tsv", _networks(reason))
    if not reason:
        names = list(REGIONS)
        matrix = pd.DataFrame(np.full((50, 50), 0.3), columns=names)
        matrix.insert(0, "Node", names)
        _write(functional / f"{atlas}_stat-pearsoncorrelation_relmat.tsv", matrix)
        regions = pd.DataFrame({"region": names, "networks": list(REGIONS.values())})
        _write(functional / f"{atlas}_regions.tsv", regions)
        image = functional / f"{prefix}_task-rest_{SPACE}_seed-sgACC_stat-fisherz_statmap.nii.gz"
        nib.save(blob(0.5), image)
        sidecar = image.with_name(image.name.replace(".nii.gz", ".json"))
        sidecar.write_text(json.dumps({"Seed": "sub_genual"}), encoding="utf-8")


def _quality(n_kept: int) -> pd.DataFrame:
    displacement = np.where(np.arange(N_VOLUMES) < n_kept, 0.1, 0.6)
    displacement[0] = np.nan
    return pd.DataFrame(
        {
            "framewise_displacement": displacement,
            "framewise_displacement_filtered": 0.5 * displacement,
            "std_dvars": 1.0,
            "outlier": (np.arange(N_VOLUMES) >= n_kept).astype(int),
            "non_steady_state": 0,
        }
    )


def _run(number: int, n_kept: int) -> dict[str, Any]:
    return {
        "Task": "rest",
        "Run": str(number),
        "Space": "MNI152NLin2009cAsym",
        "RepetitionTime": 2.0,
        "Volumes": N_VOLUMES,
        "VolumesKept": n_kept,
        "OutlierVolumes": N_VOLUMES - n_kept,
        "MeanFramewiseDisplacement": 0.21,
        "Notes": [],
        "Cleaning": {
            "Models": ["30P", "aCompCor"],
            "Kept": n_kept,
            "Volumes": N_VOLUMES,
            "Minutes": n_kept / 30,
            "Causes": f"{N_VOLUMES - n_kept} by displacement",
            "ResidualDegreesOfFreedom": {"30P": 31, "aCompCor": 12},
            "EffectiveDegreesOfFreedom": {"30P": 27.4, "aCompCor": 10.2},
            "Reasons": {"aCompCor": "12 residual degrees of freedom are fewer than 20"},
            "MotionFilter": None,
            "CensoredVolumes": "spectral",
        },
    }


def _measures(participant: str, session: str, reason: str) -> list[dict[str, Any]]:
    base = {"participant_id": participant, "session_id": session, "session": session,
            "task": "rest", "reason": reason or None}  # fmt: skip
    rows = [
        {**base, "measure": "network_connectivity", "regions": "default_mode", "unit": "Fisher z",
         "value": np.nan if reason else 0.31}
    ]  # fmt: skip
    for kind, unit, value in (("tsnr", "ratio", 50.0), ("temporal_sd", "percent", 1.5)):
        for stage, factor in (("raw", 1.0), ("cleaned", 1.3)):
            for network in ("default_mode", "default_mode/cortex"):
                rows.append(
                    {**base, "measure": f"{stage}_{kind}", "regions": network, "unit": unit,
                     "value": np.nan if reason else value * factor}
                )  # fmt: skip
    return rows


def _networks(reason: str) -> pd.DataFrame:
    rows = []
    for place, model in enumerate(("30P", "aCompCor")):
        missing = reason or (place and "no run could be cleaned") or None
        rows += [
            {
                "network": network,
                "model": model,
                "mean": np.nan if missing else 0.3123 + 0.1 * order,
                "n_edges": 0 if missing else 10 - order,
                "n_edges_defined": 10,
                "fraction": 0.0 if missing else 1 - 0.1 * order,
                "n_regions": 5,
                "left_out": "region_03: no signal; region_06: no signal" if order else None,
                "reason": missing,
            }
            for order, network in enumerate(("default_mode", "sgACC_default_mode"))
        ]
    return pd.DataFrame(rows)


def _write(path: Path, table: pd.DataFrame, sidecar: dict[str, Any] | None = None) -> None:
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    path.with_suffix(".json").write_text(json.dumps(sidecar or {}), encoding="utf-8")
