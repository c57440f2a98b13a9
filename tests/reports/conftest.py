"""A small output tree by the contract of the output folder, with hostile text in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.study.load import Study, load_study

HOSTILE = """<script>alert("x & y")</script>"""
REGIONS = ("amygdala", "anterior_insula", "vmPFC", "rACC", "dACC", "anterior_hippocampus")
VERSION = "0.1.0"
N_VOLUMES = 160


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study("norbury2021")


@pytest.fixture(scope="session")
def make_participant() -> Callable[..., Path]:
    return write_participant_tree


@pytest.fixture(scope="session")
def make_group() -> Callable[..., Path]:
    return write_group_tree


@pytest.fixture(scope="session")
def participant_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_participant_tree(tmp_path_factory.mktemp("participant"))


@pytest.fixture(scope="session")
def group_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_group_tree(tmp_path_factory.mktemp("group"))


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
        "Notices": [f"representational similarity (`rsa`) is not yet available {HOSTILE}"],
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
                "NoiseModel": None if task == "rest" else "ar1",
                "Notes": [f"no AROMA denoising {HOSTILE}"] if task == "faces" else [],
            }
        )
        atlas = f"space-{space}_atlas-norbury2021"
        series = pd.DataFrame(_smooth_noise(rng, len(regions)), columns=list(regions))
        write_table(folder / "func" / f"{run}_{atlas}_timeseries.tsv", series, {"Units": "percent"})
        if task == "rest":
            _write_matrix(folder / "func", prefix, atlas, series)
        else:
            _write_glm(folder / "func", prefix, run, task, space, shape, rng)
        rows.extend(_measures(task, session, participant, runs[-1], regions, rng))
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
    write_table(folder / name, matrix)


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
    write_table(folder / f"{run}_design.tsv", pd.DataFrame(design), facts)
    name = f"{prefix}_task-{task}_space-{space}_contrast-{contrast}_stat-t_statmap"
    nib.save(_map(shape, rng), folder / f"{name}.nii.gz")
    (folder / f"{name}.json").write_text("{}", encoding="utf-8")


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


def write_group_tree(
    output: Path,
    *,
    arms: Mapping[str, int] | None = None,
    outcomes: tuple[str, ...] = ("caps5", "madrs"),
    activation: bool = True,
    regions: tuple[str, ...] = REGIONS,
    empty: bool = False,
    all_missing: bool = False,
) -> Path:
    """Write group tables; arms of a size each, NaN or rows left out on demand."""
    from scipy.stats import ttest_1samp, ttest_ind

    rng = np.random.default_rng(11)
    sizes = {"midazolam": 5, "ketamine": 6} if arms is None else dict(arms)
    people = [
        (f"sub-{'M' if place % 2 else 'K'}{number:02d}", arm)
        for place, (arm, size) in enumerate(sizes.items())
        for number in range(1, size + 1)
    ] or [(f"sub-X{number:02d}", None) for number in range(1, 7)]
    keys = []
    if activation:
        keys += [
            ("activation", task, contrast, region, "percent of the grand mean")
            for task, contrast in (
                ("faces", "facesGtShapes"),
                ("stroop", "incongruentGtCongruent"),
            )
            for region in regions
        ]
    keys += [
        ("resting_connectivity", "rest", None, f"{a}~{b}", "Fisher z")
        for place, a in enumerate(regions)
        for b in regions[place + 1 :]
    ]
    K = ["measure", "task", "contrast", "regions", "unit"]
    values = {
        (who, session, key): np.nan if all_missing else 0.25 * rng.standard_normal() + 0.1
        for who, _ in people
        for session in ("pre", "post")
        for key in keys
    }
    folder = output / "group"
    tasks = sorted({key[1] for key in keys})
    manifest = [
        {
            "participant_id": who,
            "arm": arm,
            "session": session,
            "task": task,
            "included": who != people[-1][0] or task != "rest",
            "reason": None
            if who != people[-1][0] or task != "rest"
            else f"mean FD 0.93 mm of {who} is above 0.5 mm {HOSTILE}",
        }
        for who, arm in people
        for session in ("pre", "post")
        for task in tasks
    ]
    measures = [
        dict(zip(K, key, strict=True))
        | {
            "participant_id": who,
            "arm": arm,
            "session": session,
            "value": values[who, session, key],
            "adjusted": values[who, session, key],
            "mean_fd": 0.1 + 0.01 * (len(who) + people.index((who, arm))),
            "included": True,
            "reason": None,
        }
        for who, arm in people
        for session in ("pre", "post")
        for key in keys
    ]
    changes = [
        dict(zip(K, key, strict=True))
        | {
            "participant_id": who,
            "arm": arm,
            "change": "change",
            "first": values[who, "pre", key],
            "second": values[who, "post", key],
            "difference": values[who, "post", key] - values[who, "pre", key],
        }
        for who, arm in people
        for key in keys
    ]
    clinical = [
        {
            "participant_id": who,
            "arm": arm,
            "outcome": outcome,
            "change": "change",
            "first": (first := 40 + 5 * rng.standard_normal()),
            "second": (second := first - 8 - 6 * (arm == "ketamine") + 4 * rng.standard_normal()),
            "improvement": first - second,
            "reason": None,
        }
        for who, arm in people
        for outcome in outcomes
    ]
    groups = [("all", [who for who, _ in people])] + [
        (arm, [who for who, other in people if other == arm]) for arm in sizes
    ]
    summary, tests = [], []
    for key in keys:
        base = dict(zip(K, key, strict=True))
        for arm, members in groups:
            for session in ("pre", "post"):
                cell = np.array([values[who, session, key] for who in members])
                summary.append(base | {"session": session, "arm": arm} | _moments(cell))
                if arm == "all" and key[0] == "activation":
                    result = ttest_1samp(cell, 0)
                    tests.append(
                        base
                        | {"test": "one_sample", "session": session, "arm": arm}
                        | _test_row(result, cell, n=len(cell))
                    )
            cell = np.array([values[w, "post", key] - values[w, "pre", key] for w in members])
            tests.append(
                base
                | {"test": "paired", "change": "change", "arm": arm}
                | _test_row(ttest_1samp(cell, 0), cell, n=len(cell))
            )
            for outcome in outcomes:
                tests.append(
                    base
                    | {"test": "correlation", "change": "change", "arm": arm, "outcome": outcome}
                    | {"n": len(cell), "estimate": 0.35, "ci_low": -0.3, "ci_high": 0.77}
                    | {"statistic": 1.1, "df": 8, "p_value": 0.303, "q_value": 0.9}
                    | {"effect_size": 0.35, "reason": None}
                )
        if len(sizes) == 2 and not all_missing:
            first, second = (
                np.array([values[w, "post", key] - values[w, "pre", key] for w in members])
                for _, members in groups[1:]
            )
            result = ttest_ind(second, first, equal_var=False)
            tests.append(
                base
                | {"test": "welch", "change": "change", "arm": "ketamine - midazolam"}
                | _test_row(result, second, n=len(second))
                | {"estimate": second.mean() - first.mean(), "n_second": len(first)}
                | dict(zip(("ci_low", "ci_high"), result.confidence_interval(), strict=True))
            )
    motion = [
        dict(zip(K, key, strict=True)) | {"n": 22, "slope": 0.2, "applied": True, "reason": None}
        for key in keys
    ]
    tables = {
        "participants": manifest,
        "measures": measures,
        "motion": motion,
        "changes": changes,
        "outcomes": clinical,
        "summary": summary,
        "tests": tests,
    }
    for name, rows in tables.items():
        table = pd.DataFrame(rows)
        write_table(folder / f"group_{name}.tsv", table.iloc[:0] if empty else table)
    facts = {
        "StudyHash": "0123456789ab",
        "GroupStudy": "norbury2021",
        "SoftwareVersion": VERSION,
        "Notices": [f"elastic net (`elastic_net`) is not yet available {HOSTILE}"],
        "Participants": len(people),
        "Arms": sizes,
        "MotionStep": "Every measure was regressed on mean FD over 11 participants.",
        "Notes": [f"{people[0][0]} has no MADRS at the second session {HOSTILE}"],
    }
    (folder / "group.json").write_text(json.dumps(facts), encoding="utf-8")
    return output


def _moments(cell: np.ndarray) -> dict[str, float]:
    half = 2.2 * cell.std(ddof=1) / np.sqrt(len(cell)) if len(cell) > 1 else np.nan
    deviation = cell.std(ddof=1) if len(cell) > 1 else np.nan
    return {
        "n": int(np.isfinite(cell).sum()),
        "mean": cell.mean(),
        "sd": deviation,
        "ci_low": cell.mean() - half,
        "ci_high": cell.mean() + half,
    }


def _test_row(result: Any, cell: np.ndarray, *, n: int) -> dict[str, Any]:
    low, high = result.confidence_interval()
    return {
        "n": n,
        "estimate": cell.mean(),
        "ci_low": low,
        "ci_high": high,
        "statistic": result.statistic,
        "df": result.df,
        "p_value": result.pvalue,
        "q_value": min(1.0, 6 * result.pvalue),
        "effect_size": 0.4,
        "reason": None if np.isfinite(result.pvalue) else "fewer than 3 participants",
    }
