"""Generalized PPI of a simulated session as the preset does it, for ``benchmarks.coupling``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmarks.coupling_simulation import (
    EARLY_BINS,
    NOISE,
    STEP,
    Design,
    bold,
    draw_design,
    evoked,
    gppi_rules,
    neural_activity,
    own_noise,
    preset,
    reference_bin,
    response_heights,
)
from bids_ketamine.core.connectivity.gppi import PpiEstimates, PpiRun, generalized_ppi
from bids_ketamine.core.connectivity.ppi_runs import CONN, JOINT, SPM, conn_run, joint_run, spm_run
from bids_ketamine.core.cosines import drift_basis
from bids_ketamine.core.glm.autocorrelation import covariance_components, whitening_matrix
from bids_ketamine.core.glm.covariance_pool import POOLING_P, pooled_covariance
from bids_ketamine.core.glm.filtered_model import FilteredModel, adjusted_series, filter_design
from bids_ketamine.core.glm.restricted_likelihood import estimate_hyperparameters
from bids_ketamine.core.glm.voxel_series import as_voxels
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import T_R
from bids_ketamine.interfaces.gppi import NOISE_REACH, RESPONSE_REACH

METHODS = (CONN, JOINT, SPM)
MEASURES = CORRELATION, REGRESSION = "correlation", "regression"
#: Lags over which the app takes residuals for correlated, volumes.
LAGS = round(NOISE_REACH / T_R)
RESPONSE_LAGS = round(RESPONSE_REACH / T_R)
#: Of every so many sessions, one is analysed by the slow method spm too.
SPM_EVERY = 2
#: p values below count as positive.
LEVEL = 0.05
#: Voxels from which serial correlations are pooled, and the SD of their noise, percent.
N_POOLED, VOXEL_NOISE = 300, 0.6


class Tests(NamedTuple):
    """Tests of the pairs of sessions.

    Attributes
    ----------
    t, residual_df : ndarray of shape (n_sessions, n_pairs)
        Of the mean of both directions.
    """

    t: np.ndarray
    residual_df: np.ndarray

    @classmethod
    def of(cls, found: PpiEstimates) -> Tests:
        """Return the tests of a session's pairs."""
        first, second = np.triu_indices(len(found.residual_df), 1)
        t = (found.mean / found.mean_standard_error)[first, second, 0]
        return cls(t, np.minimum(found.residual_df[first], found.residual_df[second]))

    @property
    def positive(self) -> np.ndarray:
        """Which tests have p < .05, as 0 or 1."""
        p = 2.0 * stats.t.sf(np.abs(self.t), self.residual_df)
        return np.where(np.isfinite(p), p < LEVEL, np.nan)

    @property
    def spread(self) -> float:
        """Root mean square of t over what it is for calibrated tests."""
        expected = self.residual_df / (self.residual_df - 2.0)
        return float(np.sqrt(np.nanmean(self.t**2 / expected)))


@cache
def whitening_of(task_name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return whitening and covariance of a run, pooled over voxels of one session."""
    source = generator(0, task_name, "pool")
    design = draw_design(task_name, source)
    n_scans = design.n_scans
    series = bold(neural_activity(n_scans, N_POOLED, source), early=EARLY_BINS)
    series += VOXEL_NOISE / NOISE * own_noise(n_scans, N_POOLED, source)
    series += evoked(design, response_heights(design, N_POOLED, source))
    drift = glm_drift(n_scans)
    matrix = np.column_stack([design.columns[:, :-1], design.other_columns])
    pooled = pooled_covariance(
        as_voxels(series), design_matrix=matrix, drift=drift, pooling_p=POOLING_P
    )
    covariance = estimate_hyperparameters(
        pooled.covariance,
        fixed_effects=np.column_stack([matrix, drift]),
        components=covariance_components(n_scans=n_scans),
    ).covariance
    return whitening_matrix(covariance), covariance


def glm_drift(n_scans: int) -> np.ndarray:
    """Return the cosines of the preset's high-pass filter."""
    period = preset().glm.high_pass_period
    if period is None:
        raise ValueError("the preset has no high-pass filter")
    return drift_basis(n_scans=n_scans, t_r=T_R, high_pass_period=period)


def glm_of(task_name: str, design: Design) -> FilteredModel:
    """Return a session's first-level model with the preset's filter and serial correlations."""
    whitening, covariance = whitening_of(task_name)
    return filter_design(
        np.column_stack([design.columns[:, :-1], design.other_columns]),
        drift=glm_drift(design.n_scans),
        whitening=whitening,
        covariance=covariance,
    )


def make_run(
    method: str, series: np.ndarray, design: Design, model: FilteredModel | None
) -> PpiRun:
    """Make a session's series ready as the preset does, by any method."""
    if model is None:
        route = {CONN: conn_run, JOINT: joint_run}[method]
        low, high = gppi_rules().band_pass or (0.0, None)
        return route(
            series,
            regressors=design.regressors,
            nuisance=design.confounds,
            t_r=T_R,
            band_pass=(low, high),
        )
    conditions = range(design.inputs.shape[1])
    return spm_run(
        series,
        adjusted_series(series, model, kept=conditions),
        inputs=design.inputs,
        nuisance=design.other_columns,
        model=model,
        microtime_step=STEP,
        reference_bin=reference_bin(),
    )


def estimates(run: PpiRun, design: Design, measure: str) -> PpiEstimates:
    """Estimate the task's contrast in all pairs."""
    return generalized_ppi(
        [run],
        effects=design.contrast,
        measure=measure,
        noise_reach=LAGS,
        response_reach=RESPONSE_LAGS,
    )
