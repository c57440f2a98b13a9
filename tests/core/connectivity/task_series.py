"""Task regressors and series for tests of generalized PPI."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bids_ketamine.core.connectivity.condition_regressors import mean_sampled_regressor
from bids_ketamine.core.connectivity.gppi import PpiEstimates, generalized_ppi
from bids_ketamine.core.connectivity.interaction_model import PpiRun

#: Results of SPM12 and CONN, kept with the tests.
REFERENCE = Path(__file__).resolve().parents[2] / "reference" / "gppi"


def block_regressors(
    n_scans: int, *, t_r: float = 2.0, n_conditions: int = 2, duration: float = 18.0
) -> np.ndarray:
    """Return regressors of blocks that take turns, 6 s of rest after each."""
    cycle = n_conditions * (duration + 6.0)
    columns = []
    for condition in range(n_conditions):
        onsets = np.arange(condition * (duration + 6.0) + 3.0, n_scans * t_r - duration, cycle)
        columns.append(
            mean_sampled_regressor(
                onsets=onsets, durations=np.full(len(onsets), duration), t_r=t_r, n_scans=n_scans
            )
        )
    return np.column_stack(columns)


def plain_run(series: np.ndarray, conditions: np.ndarray) -> PpiRun:
    """Return a run of series that nothing was taken from but the mean."""
    df = float(len(series) - 1)
    products = series[:, :, None] * conditions[:, None, :]
    return PpiRun(series, series, conditions, products, None, df, df)


def estimated(
    *runs: PpiRun,
    effects: object = None,
    measure: str = "regression",
    noise_reach: int = 0,
    response_reach: int = 4,
) -> PpiEstimates:
    """Estimate effects; each condition by itself unless others are named."""
    n_conditions = runs[0].conditions.shape[1]
    weights = np.eye(n_conditions) if effects is None else np.array(effects, dtype=float)
    return generalized_ppi(
        runs,
        effects=weights,
        measure=measure,
        noise_reach=noise_reach,
        response_reach=response_reach,
    )
