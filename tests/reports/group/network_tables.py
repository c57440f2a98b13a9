"""The group folder of a study of networks, written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
from scipy import stats

from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.outputs.group_tables import GROUP_TABLES

HOSTILE = "<img src=x onerror=alert(1)>"
KEYS = ("measure", "task", "contrast", "regions", "unit")
NETWORKS = ("default_mode", "limbic", "visual", "sgACC_default_mode")
#: Regions of the matrix with their networks, in its order.
REGIONS = {
    **{f"7Networks_LH_Default_{n}": "default_mode; cortex" for n in range(1, 13)},
    "left_sgACC": "sgACC",
    "right_sgACC": "sgACC",
    "amygdala": "limbic",
    "accumbens": "limbic",
    "anterior_hippocampus": "limbic",
    **{f"7Networks_LH_Vis_{n}": "visual; cortex" for n in range(1, 11)},
    **{f"7Networks_RH_Cont_{n}": "cortex" for n in range(1, 16)},
    "odd_region": "n/a",
}
PATIENTS = [f"sub-P{n:02d}" for n in range(1, 19)]
CONTROLS = [f"sub-C{n:02d}" for n in range(1, 13)]
SESSIONS = ("pre1", "pre2", "baseline", "post")
LEVELS = {"default_mode": 0.32, "limbic": 0.24, "visual": 0.41, "sgACC_default_mode": 0.28}
FALLS = {"default_mode": 0.05, "limbic": 0.06, "visual": 0.0, "sgACC_default_mode": 0.07}


def keys() -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = [
        ("network_connectivity", "rest", None, name, "Fisher z") for name in NETWORKS
    ]
    for kind, unit in (
        ("raw_tsnr", "ratio"),
        ("cleaned_tsnr", "ratio"),
        ("raw_temporal_sd", "percent"),
        ("cleaned_temporal_sd", "percent"),
    ):
        rows += [(kind, "rest", None, name, unit) for name in ("limbic", "cortex")]
        rows.append((kind, "rest", None, "limbic/cortex", "ratio"))
    rows += [
        ("volume", "anat", None, name, "share of intracranial volume")
        for name in ("Left-Hippocampus", "Right-Hippocampus")
    ]
    return rows


def values(seed: int = 3) -> pd.DataFrame:
    """Return one row a participant, session and measure, those of the baseline being means."""
    rng = np.random.default_rng(seed)
    people = [(who, "patient") for who in PATIENTS] + [(who, "control") for who in CONTROLS]
    rows = []
    for key in keys():
        level = {"ratio": 60.0, "percent": 1.2, "Fisher z": LEVELS.get(key[3])}.get(key[4], 0.0026)
        level = 0.7 if "/" in key[3] else level
        for place, (who, arm) in enumerate(people):
            own = level * (1 + 0.15 * rng.standard_normal())
            falls = key[4] == "Fisher z" and arm == "patient"
            fall = FALLS.get(key[3], 0.0) * (1.6 if place % 3 else 0.6) * falls
            found = {}
            for session in ("pre1", "pre2", "post"):
                if (arm == "control" and session != "pre1") or (place == 4 and session == "pre2"):
                    continue
                if place == 7 and session == "post":
                    continue
                drop = fall if session == "post" else 0.0
                found[session] = own - drop + 0.08 * level * rng.standard_normal()
            before = [found[each] for each in ("pre1", "pre2") if each in found]
            found["baseline"] = float(np.mean(before))
            rows += [
                {
                    **dict(zip(KEYS, key, strict=True)),
                    "participant_id": who,
                    "arm": arm,
                    "session": session,
                    "value": value,
                    "adjusted": value,
                    "mean_fd": 0.12,
                    "included": True,
                    "reason": None,
                }
                for session, value in found.items()
            ]
    return pd.DataFrame(rows)


def wide(table: pd.DataFrame, key: tuple[Any, ...], arm: str | None = None) -> pd.DataFrame:
    own = table[(table["measure"] == key[0]) & (table["regions"] == key[3])]
    own = own if arm is None else own[own["arm"] == arm]
    return own.pivot_table(index="participant_id", columns="session", values="adjusted")


def moments(cell: pd.Series) -> dict[str, float]:
    cell = cell.dropna()
    mean, sd = float(cell.mean()), float(cell.std())
    half = float(stats.t.ppf(0.975, len(cell) - 1)) * sd / np.sqrt(len(cell))
    return {"n": len(cell), "mean": mean, "sd": sd, "ci_low": mean - half, "ci_high": mean + half}


def paired(cell: pd.Series) -> dict[str, float]:
    cell = cell.dropna()
    told = moments(cell)
    result = stats.ttest_1samp(cell, 0.0)
    return {
        "n": told["n"],
        "estimate": told["mean"],
        "ci_low": told["ci_low"],
        "ci_high": told["ci_high"],
        "statistic": float(result.statistic),
        "df": told["n"] - 1,
        "p_value": float(result.pvalue),
        "q_value": min(1.0, 2 * float(result.pvalue)),
        "effect_size": told["mean"] / told["sd"],
    }


def score_rows() -> list[dict[str, Any]]:
    """Return scores before and after: two of three fall by half or more."""
    rows = []
    for place, who in enumerate(PATIENTS):
        after = 12.0 + place % 4 if place % 3 else 24.0
        rows.append(
            {
                "participant_id": who,
                "arm": "patient",
                "outcome": "madrs",
                "change": "change",
                "first": 30.0,
                "second": after,
                "improvement": 30.0 - after,
                "reason": None,
            }
        )
    return rows


def edges(seed: int = 5) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return tests of all edges, a component of limbic ones among them, and its row."""
    rng = np.random.default_rng(seed)
    rows = []
    for first, second in combinations(REGIONS, 2):
        both = (REGIONS[first], REGIONS[second])
        strong = both == ("limbic", "limbic")
        t = -6.5 if strong else float(rng.standard_normal())
        odd = "odd_region" in (first, second)
        p = float(2 * stats.t.sf(abs(t), 16))
        rows.append(
            {
                "change": "change",
                "arm": "patient",
                "first_region": first,
                "second_region": second,
                "n": 2 if odd else 17,
                "mean_first": 0.3,
                "mean_second": 0.3 + 0.02 * t,
                "estimate": np.nan if odd else 0.02 * t,
                "ci_low": np.nan if odd else 0.02 * t - 0.04,
                "ci_high": np.nan if odd else 0.02 * t + 0.04,
                "statistic": np.nan if odd else t,
                "df": np.nan if odd else 16,
                "p_value": np.nan if odd else p,
                "q_value": np.nan if odd else (0.003 if strong else 0.6),
                "component": 1 if strong else None,
                "reason": "fewer than 3 participants" if odd else None,
            }
        )
    component = {
        "change": "change",
        "arm": "patient",
        "component": 1,
        "n_edges": 3,
        "n_regions": 3,
        "n_positive": 0,
        "n_negative": 3,
        "intensity": 7.45,
        "p_extent": 0.012,
        "p_intensity": 0.004,
        "n_permutations": 5000,
        "regions": "amygdala; accumbens; anterior_hippocampus",
        "reason": None,
    }
    return rows, [component]


def controls(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for key in keys()[: len(NETWORKS)]:
        patients, others = wide(table, key, "patient"), wide(table, key, "control")
        for session in ("baseline", "post"):
            for compared, most in (("everybody", 99), ("matched", 10)):
                one = patients[session].dropna().iloc[:most]
                two = others["baseline"].iloc[:most]
                result = stats.ttest_ind(one, two)
                low, high = result.confidence_interval()
                rows.append(
                    {
                        **dict(zip(KEYS, key, strict=True)),
                        "session": session,
                        "arm": "patient",
                        "compared": compared,
                        "n_patients": len(one),
                        "n_controls": len(two),
                        "mean_patients": one.mean(),
                        "mean_controls": two.mean(),
                        "sd_patients": one.std(),
                        "sd_controls": two.std(),
                        "estimate": one.mean() - two.mean(),
                        "ci_low": low,
                        "ci_high": high,
                        "statistic": result.statistic,
                        "df": result.df,
                        "p_value": result.pvalue,
                        "hedges_g": 0.4,
                        "reason": None,
                    }
                )
    return rows


def matching() -> list[dict[str, Any]]:
    pairs = [
        {"patient": who, "control": other, "distance": 0.4, "reason": None}
        for who, other in zip(PATIENTS[:10], CONTROLS[:10], strict=True)
    ]
    alone = [
        {"patient": who, "control": None, "distance": None,
         "reason": "no control is left"}
        for who in PATIENTS[10:]
    ]  # fmt: skip
    return [
        *pairs,
        *alone,
        {"patient": None, "control": CONTROLS[10], "distance": None,
         "reason": f"age is not known {HOSTILE}"},
    ]  # fmt: skip


def balance() -> list[dict[str, Any]]:
    rows = []
    for covariate, kind, level, before, after in (
        ("age", "numeric", None, 0.82, 0.15),
        ("sex", "categorical", "female", -0.31, 0.0),
        ("mean_fd", "numeric", None, 0.44, 0.21),
    ):
        for stage, difference, n in (("before", before, (18, 11)), ("after", after, (10, 10))):
            numeric = kind == "numeric"
            rows.append(
                {
                    "covariate": covariate,
                    "kind": kind,
                    "level": level,
                    "stage": stage,
                    "n_patients": n[0],
                    "n_controls": n[1],
                    "missing_patients": 0,
                    "missing_controls": 1,
                    "patients": 41.5 if numeric else 0.5,
                    "controls": 34.2 if numeric else 0.65,
                    "sd_patients": 9.1 if numeric else 0.5,
                    "sd_controls": 8.7 if numeric else 0.48,
                    "standardized_difference": difference,
                    "variance_ratio": 1.1,
                }
            )
    return rows


def reliability() -> list[dict[str, Any]]:
    rows = []
    for place, key in enumerate(keys()[: len(NETWORKS)]):
        rows.append(
            {
                **dict(zip(KEYS, key, strict=True)),
                "sessions": "pre1; pre2",
                "arm": "all",
                "n": 17,
                "icc": 0.61 + 0.05 * place,
                "ci_low": 0.21,
                "ci_high": 0.84,
                "f_value": 4.1,
                "df": 16,
                "df_second": 16,
                "p_value": 0.003,
                "consistency": 0.63,
                "consistency_low": 0.23,
                "consistency_high": 0.85,
                "within_sd": 0.025,
                "repeatability": 0.069,
                "mean_difference": -0.004,
                "reason": None,
            }
        )
    return rows


def volumes() -> list[dict[str, Any]]:
    base = {"outcome": "madrs", "change": "change", "session": "baseline", "df": 16, "n": 18}
    one = {"r": 0.52, "ci_low": 0.07, "ci_high": 0.79, "p_value": 0.027, "reason": None}
    none: dict[str, Any] = dict.fromkeys(("r", "ci_low", "ci_high", "p_value"))
    return [
        {**base, **one, "structure": "Right-Hippocampus"},
        {**base, **none, "n": 2, "structure": "Left-Hippocampus", "reason": "2 participants"},
    ]


def mixed(table: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return a mixed model of every network."""
    effects, fits, means = [], [], []
    for name in NETWORKS:
        value = f"network_connectivity rest {name}"
        base = {"model": "connectivity", "value": value, "method": "ml", "df_rule": "residual"}
        for term, estimate, p in (
            ("Intercept", 0.3, 1e-9),
            ("time", -FALLS[name] - 0.001, 0.003),
            ("time:response", 0.031, 0.051),
        ):
            effects.append(
                {
                    **base,
                    "term": term,
                    "estimate": estimate,
                    "se": 0.015,
                    "df": 31,
                    "t": estimate / 0.015,
                    "p_value": p,
                    "ci_low": estimate - 0.03,
                    "ci_high": estimate + 0.03,
                    "interval": "t",
                    "reason": None,
                }
            )
        fits.append(
            {
                "model": "connectivity",
                "value": value,
                "formula": "time + time:response",
                "method": "ml",
                "n_observations": 34,
                "n_participants": 18,
                "sd_participant": 0.04,
                "sd_residual": 0.02,
                "converged": True,
                "boundary": False,
            }
        )
        own = wide(table, ("network_connectivity", None, None, name), "patient")
        means += [
            {"model": "connectivity", "value": value, "session": session, "arm": "patient",
             **moments(own[session])}
            for session in ("baseline", "post")
        ]  # fmt: skip
    return {"effects": effects, "fits": fits, "means": means, "tests": [], "data": []}


def write_network_tree(output: Path, *, with_maps: bool = True) -> Path:
    """Write the tables of the group level; maps are blobs around the middle of the front."""
    table = values()
    summary, tests = [], []
    for key in keys():
        base = dict(zip(KEYS, key, strict=True))
        for arm in ("all", "patient", "control"):
            own = wide(table, key, None if arm == "all" else arm)
            summary += [
                {**base, "session": session, "arm": arm, **moments(own[session])}
                for session in SESSIONS
                if session in own
            ]
        own = wide(table, key, "patient")
        for change, (first, second) in {
            "change": ("baseline", "post"),
            "normal_variability": ("pre1", "pre2"),
        }.items():
            tests.append(
                {**base, "test": "paired", "change": change, "arm": "patient",
                 **paired(own[second] - own[first])}
            )  # fmt: skip
    folder = output / "group"
    folder.mkdir(parents=True, exist_ok=True)
    people = table.drop_duplicates(["participant_id", "session"])
    participants = people[["participant_id", "arm", "session"]].assign(
        task="rest", included=True, reason=None
    )
    rows, components = edges()
    n_sessions = 60
    regions = [
        {"region": name, "networks": networks, "n_sessions": n_sessions,
         "n_covered": 2 if name == "odd_region" else n_sessions, "mean_coverage": 0.9}
        for name, networks in REGIONS.items()
    ]  # fmt: skip
    written: dict[str, Any] = {
        "group_measures": table,
        "group_participants": participants,
        "group_summary": summary,
        "group_tests": tests,
        "group_outcomes": score_rows(),
        "group_edges": rows,
        "group_edge_components": components,
        "group_regions": regions,
        "group_controls": controls(table),
        "group_matching": matching(),
        "group_balance": balance(),
        "group_reliability": reliability(),
        "group_volumes": volumes(),
        **{f"group_mixed_{name}": found for name, found in mixed(table).items()},
    }
    columns: Mapping[str, Any] = {**GROUP_TABLES, **CLINICAL_TABLES, **NETWORK_TABLES}
    for stem, found in written.items():
        frame = pd.DataFrame(found).reindex(columns=list(columns[stem]))
        write(folder / f"{stem}.tsv", frame)
    if with_maps:
        _write_maps(folder)
    record = {
        "GroupStudy": "siegel2021",
        "Participants": 30,
        "Clinical": {"Notes": []},
        "Arms": {"control": 12, "patient": 18},
        "MotionStep": "Nothing was regressed.",
    }
    (folder / "group.json").write_text(json.dumps(record), encoding="utf-8")  # fmt: skip
    return output


def write(path: Path, table: pd.DataFrame) -> None:
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)


def blob(size: float) -> nib.Nifti1Image:
    """Return a coarse map in MNI space: positive in front, negative at the left."""
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    affine[:3, 3] = (-78, -112, -70)
    shape = (40, 48, 40)
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    points = places @ affine[:3, :3].T + affine[:3, 3]

    def around(centre: tuple[int, int, int], width: float) -> np.ndarray:
        return np.exp(-((points - np.array(centre)) ** 2).sum(axis=-1) / (2 * width**2))

    found = size * (around((0, 46, -8), 16.0) - 0.6 * around((-44, -24, 54), 14.0))
    inside = ((points / np.array([70.0, 95.0, 70.0])) ** 2).sum(axis=-1) < 1.2
    return nib.Nifti1Image(np.where(inside, found, 0.0).astype(np.float32), affine)


def _write_maps(folder: Path) -> None:
    rows = []
    for kind, of, size in (("mean", "baseline", 0.5), ("mean", "post", 0.4),
                           ("difference", "change", -0.1)):  # fmt: skip
        entity = "ses" if kind == "mean" else "change"
        name = f"seed-sgACC_arm-patient_{entity}-{of}_stat-fisherz_statmap.nii.gz"
        nib.save(blob(size), folder / name)
        rows.append(
            {
                "seed": "sgACC",
                "arm": "patient",
                "session": of if kind == "mean" else None,
                "change": of if kind == "difference" else None,
                "kind": kind,
                "n": 17,
                "file": name,
                "reason": None,
            }
        )
    lost = {**rows[0], "seed": "limbic", "file": None, "reason": f"no maps {HOSTILE}"}
    write(folder / "group_seed_maps.tsv", pd.DataFrame([*rows, lost]))
