"""Confounds tables for the tests of nuisance regressors: made ones and real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.nuisance import Nuisance, select_nuisance
from bids_ketamine.study.spec import OutliersSpec

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

METADATA = {f"a_comp_cor_{k:02d}": {"Mask": "WM" if k % 2 else "CSF"} for k in range(8)}


def table(n: int = 6) -> pd.DataFrame:
    """Six volumes: the first not steady, outliers by displacement (2) and by DVARS (4)."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"csf": rng.normal(size=n), "white_matter": rng.normal(size=n)})
    frame["csf_derivative1"] = np.r_[np.nan, np.diff(frame["csf"])]
    frame["framewise_displacement"] = [np.nan, 0.1, 0.9, 0.1, 0.2, 0.1]
    frame["std_dvars"] = [np.nan, 1.0, 1.0, 1.0, 1.8, 1.0]
    frame["non_steady_state_outlier00"] = [1.0, 0, 0, 0, 0, 0]
    for k in range(8):
        frame[f"a_comp_cor_{k:02d}"] = rng.normal(size=n)
    return frame


def choose(frame: pd.DataFrame, **settings: Any) -> Nuisance:
    """Choose nuisance regressors with what is not told as simple as can be."""
    defaults = {
        "metadata": METADATA,
        "columns": ["csf"],
        "derivatives": False,
        "compcor_mask": "split",
        "compcor_components": 0,
        "compcor_variance": None,
        "motion": "none",
        "outliers": OutliersSpec(),
        "non_steady_state": True,
    }
    return select_nuisance(frame, **(defaults | settings))


def components(nuisance: Nuisance) -> list[str]:
    """Return the CompCor regressors."""
    return [name for name in nuisance.regressors if "comp_cor" in name]


def real(pattern: str, n: int) -> list[tuple[pd.DataFrame, dict[str, Any]]]:
    """Read real tables with their sidecars, or skip the test."""
    if not SHARED.is_dir():
        pytest.skip("the reference data (../shared/data) are not beside the repository")
    paths = sorted(SHARED.glob(pattern))
    assert len(paths) == n
    return [
        (
            pd.read_csv(path, sep="\t", na_values="n/a"),
            json.loads(path.with_suffix(".json").read_text(encoding="utf-8")),
        )
        for path in paths
    ]


def aomic() -> list[tuple[pd.DataFrame, dict[str, Any]]]:
    """Tables of fMRIPrep 1.4: four participants, a task and rest each."""
    return real("aomic-piop2/derivatives/fmriprep/sub-*/func/*_desc-confounds_regressors.tsv", 8)
