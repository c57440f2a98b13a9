"""Designs for tests: the settings that most have in common."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bids_ketamine.core.glm.design_matrix import Design, first_level_design
from bids_ketamine.core.glm.task_regressors import Sampling


def sampling(n_scans: int, t_r: float, **changed) -> Sampling:
    """Return nilearn's way of building regressors, or another where it is changed."""
    settings = {
        "hrf_model": "spm",
        "reference_time": t_r / 2,
        "orthogonalize": True,
        "microtime_resolution": None,
        "reference_bin": None,
    }
    return Sampling(t_r=t_r, n_scans=n_scans, **(settings | changed))


#: SPM's way of building regressors.
MICROTIME = {"microtime_resolution": 16, "reference_bin": 8}


def build(
    events: pd.DataFrame,
    nuisance: pd.DataFrame | None = None,
    *,
    n_scans: int,
    t_r: float,
    high_pass_period: float = 128.0,
    modulators: Mapping[str, Mapping[str, np.ndarray]] | None = None,
    **changed,
) -> Design:
    """Build a design; no nuisance regressors unless they are given."""
    return first_level_design(
        events=events,
        modulators=modulators or {},
        nuisance=pd.DataFrame(index=range(n_scans)) if nuisance is None else nuisance,
        sampling=sampling(n_scans, t_r, **changed),
        high_pass_period=high_pass_period,
    )
