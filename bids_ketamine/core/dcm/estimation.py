"""Estimation of a dynamic causal model from region series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import linalg

from bids_ketamine.core.dcm.forward_model import ForwardModel
from bids_ketamine.core.dcm.laplace_model import LaplaceModel, laplace_model
from bids_ketamine.core.dcm.preparation import centre_inputs as centred
from bids_ketamine.core.dcm.preparation import check_recordings, prepare_series
from bids_ketamine.core.dcm.priors import DcmPriors, dcm_priors
from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.core.dcm.restart import STALL, begun_again
from bids_ketamine.core.dcm.schedule import sampling_schedule
from bids_ketamine.core.dcm.structure import DcmStructure
from bids_ketamine.core.dcm.summary import explained_variance
from bids_ketamine.core.dcm.variational_laplace import LaplaceState, variational_laplace
from bids_ketamine.errors import InputDataError

#: Share of variance under which a model has explained nothing to speak of.
FLAT_VARIANCE = 0.1

#: SPM12's limit of iterations.
SPM_ITERATIONS = 128

#: When the scheme is begun again from another point: SPM12 never does.
NEVER, STALLED, ALWAYS = "never", "stalled", "always"


class DcmEstimate(NamedTuple):
    """Posterior of a model, and how it was reached.

    Attributes
    ----------
    forward : ForwardModel
        The model, with inputs and times of sampling.
    prior_mean, prior_covariance : ndarray of shape (P,), (P, P)
        Prior of the parameters.
    posterior_mean, posterior_covariance : ndarray of shape (P,), (P, P)
        Posterior of the parameters.
    log_precision, log_precision_covariance : ndarray of shape (n,), (n, n)
        Posterior of each region's log noise precision.
    free_energy : float
        Lower bound of the log evidence.
    converged : bool
        Whether the scheme ended by itself, not because iterations were spent.
    stalled : bool
        Whether the last steps were all rejected, which SPM12's rule takes for convergence too.
    noise_settled : bool
        Whether the log noise precisions had come to rest; if not, the free energy is not that of
        the best ones, and is no ground for comparing models.
    n_iterations : int
        Iterations made to this end; a second beginning's, if it was kept, its own.
    trace : ndarray of shape (n_iterations, 4)
        Iteration, accepted (1 or 0), best free energy, expected gain.
    scale : float
        What the series were multiplied by.
    series, predicted, residuals : tuple of ndarray of shape (n_scans, n)
        Of each run: the series as used, the prediction without confounds, what is left when
        confounds are regressed out.
    jacobian : ndarray of shape (n, n_rows, n_free)
        Change of the prediction with the free parameters in all runs, region by region.
    confounds : ndarray of shape (n_rows, k)
        Confounds of all runs, each run's its own columns.
    directions : ndarray of shape (P, n_free)
        What the free parameters do to all.
    filters : tuple of (ndarray or None)
        What each run's series were multiplied with.
    explained_variance : float
        Share explained in all regions.
    explained_variance_by_region : ndarray of shape (n,)
        In each.
    diagnostics : tuple of str
        What a reader should know of the estimation.
    """

    forward: ForwardModel
    prior_mean: np.ndarray
    prior_covariance: np.ndarray
    posterior_mean: np.ndarray
    posterior_covariance: np.ndarray
    log_precision: np.ndarray
    log_precision_covariance: np.ndarray
    free_energy: float
    converged: bool
    stalled: bool
    noise_settled: bool
    n_iterations: int
    trace: np.ndarray
    scale: float
    series: tuple[np.ndarray, ...]
    predicted: tuple[np.ndarray, ...]
    residuals: tuple[np.ndarray, ...]
    jacobian: np.ndarray
    confounds: np.ndarray
    directions: np.ndarray
    filters: tuple[np.ndarray | None, ...]
    explained_variance: float
    explained_variance_by_region: np.ndarray
    diagnostics: tuple[str, ...]

    @property
    def structure(self) -> DcmStructure:
        """The model's free parameters."""
        return self.forward.structure

    @property
    def flat(self) -> bool:
        """Whether the model explains less than a tenth of the variance."""
        return not self.explained_variance >= FLAT_VARIANCE


def estimate_dcm(
    recordings: Sequence[Recording],
    *,
    structure: DcmStructure,
    delays: np.ndarray | None,
    echo_time: float,
    centre_inputs: bool,
    maximum_iterations: int,
    restart: str,
    priors: DcmPriors | None = None,
) -> DcmEstimate:
    """Estimate a bilinear deterministic model by variational Laplace.

    Runs begin at rest, share parameters and noise precisions, and have confounds of their own.

    Parameters
    ----------
    recordings : sequence of Recording
        Runs.
    structure : DcmStructure
        Free parameters.
    delays : ndarray of shape (n,) or None
        Time within a scan at which each region is measured, s; its end if None.
    echo_time : float
        Echo time of the BOLD equation, s; SPM12's is 0.04 whatever the sequence's is.
    centre_inputs : bool
        Whether inputs are taken without their mean.
    maximum_iterations : int
        Iterations after which the scheme ends unconverged; SPM12's limit is 128.
    restart : {"never", "stalled", "always"}
        Whether the scheme is begun again from another point, and the end with the higher free
        energy kept: never is SPM12's way; stalled does so where its last steps were all rejected,
        or less than a tenth of the variance is explained.
    priors : DcmPriors, optional
        SPM12's if None.

    Returns
    -------
    DcmEstimate
        Posterior and fit.

    Raises
    ------
    InputDataError
        If the recordings do not fit the model or a setting makes no sense, with all that is
        wrong with them.
    ProcessingError
        If the prediction is not finite at the prior mean.

    References
    ----------
    Friston, Harrison & Penny (2003) NeuroImage 19:1273-1302; Friston et al. (2007) NeuroImage
    34:220-234.
    """
    check_recordings(recordings, structure, centred=centre_inputs)
    shortest = min(each.t_r for each in recordings)
    _check_settings(structure, delays, shortest, echo_time, maximum_iterations, restart)
    series, scale = prepare_series([each.series for each in recordings])
    inputs = [np.asarray(each.inputs, dtype=float) for each in recordings]
    schedules = [
        sampling_schedule(
            own,
            step=run.t_r * len(run.series) / len(own),
            n_scans=len(run.series),
            n_regions=structure.n_regions,
            delays=delays,
        )
        for own, run in zip(centred(inputs) if centre_inputs else inputs, recordings, strict=True)
    ]
    forward = ForwardModel(structure, tuple(schedules), echo_time)
    priors = dcm_priors(structure) if priors is None else priors
    model = laplace_model(
        np.concatenate(series),
        confounds=linalg.block_diag(*(each.confounds for each in recordings)),
        predict=forward.predict,
        priors=priors,
        component=np.arange(structure.n_regions),
    )
    state = variational_laplace(model, maximum_iterations=maximum_iterations)
    stuck = state.stalled or _is_flat(state, model)
    told: tuple[str, ...] = (STALL.format(state.iteration),) if state.stalled else ()
    if restart == ALWAYS or (restart == STALLED and stuck):
        state, told = begun_again(state, model, maximum_iterations=maximum_iterations)
    filters = tuple(each.filter for each in recordings)
    return _summed_up(state, model, forward, priors, series, scale, filters, told)


def _is_flat(state: LaplaceState, model: LaplaceModel) -> bool:
    """Tell whether a scheme has ended, converged or not, with next to nothing explained."""
    if state.best is None:
        return True
    predicted = state.best.linear.predicted
    residuals = _without_confounds(model.data - predicted, model.confounds)
    return not explained_variance([predicted], [residuals])[-1] >= FLAT_VARIANCE


def _without_confounds(columns: np.ndarray, confounds: np.ndarray) -> np.ndarray:
    """Return what is left when confounds are regressed out."""
    effects: np.ndarray = np.linalg.lstsq(confounds, columns, rcond=None)[0]
    return columns - confounds @ effects


def _check_settings(
    structure: DcmStructure,
    delays: np.ndarray | None,
    t_r: float,
    echo_time: float,
    maximum_iterations: int,
    restart: str,
) -> None:
    """Report every setting that makes no sense."""
    problems = []
    if delays is not None:
        shape = np.shape(delays)
        if shape != (structure.n_regions,):
            problems.append(f"delays of shape {shape} for {structure.n_regions} regions")
        elif not (np.isfinite(delays).all() and min(delays) >= 0.0 and max(delays) <= t_r):
            problems.append(f"delays of {np.asarray(delays).tolist()} s")
    if not (np.isfinite(echo_time) and echo_time > 0.0):
        problems.append(f"an echo time of {echo_time} s")
    if maximum_iterations < 1:
        problems.append(f"{maximum_iterations} iterations")
    if restart not in (NEVER, STALLED, ALWAYS):
        problems.append(f"restart `{restart}`")
    if problems:
        raise InputDataError(
            f"The model cannot be estimated with these settings: {'; '.join(problems)}.",
            cure="Delays are from 0 s to a repetition time, one for each region; the echo time is "
            f"above 0 s; one iteration at least; restart is {NEVER}, {STALLED} or {ALWAYS}.",
        )


def _summed_up(
    state: LaplaceState,
    model: LaplaceModel,
    forward: ForwardModel,
    priors: DcmPriors,
    series: tuple[np.ndarray, ...],
    scale: float,
    filters: tuple[np.ndarray | None, ...],
    told: tuple[str, ...],
) -> DcmEstimate:
    """Return the posterior in all parameters, and the fit of each run."""
    best = state.best
    if best is None:
        raise ValueError("the scheme has made no iteration")
    free = slice(0, model.n_free)
    predicted = best.linear.predicted
    residuals = _without_confounds(model.data - predicted, model.confounds)
    ends = np.cumsum([len(each) for each in series])[:-1]
    runs = tuple(np.split(predicted, ends)), tuple(np.split(residuals, ends))
    explained = explained_variance(*runs)
    return DcmEstimate(
        forward=forward,
        prior_mean=priors.mean,
        prior_covariance=priors.covariance,
        posterior_mean=model.parameters(best.point),
        posterior_covariance=model.directions @ best.covariance[free, free] @ model.directions.T,
        log_precision=best.log_precision,
        log_precision_covariance=np.diag(best.log_precision_variance),
        free_energy=best.free_energy,
        converged=state.converged,
        stalled=state.stalled,
        noise_settled=best.noise_settled,
        n_iterations=state.iteration,
        trace=np.array(state.trace, dtype=float),
        scale=scale,
        series=series,
        predicted=runs[0],
        residuals=runs[1],
        jacobian=best.linear.jacobian,
        confounds=model.confounds,
        directions=model.directions,
        filters=filters,
        explained_variance=float(explained[-1]),
        explained_variance_by_region=explained[:-1],
        diagnostics=(*told, *_diagnostics(state)),
    )


def _diagnostics(state: LaplaceState) -> tuple[str, ...]:
    told = []
    if state.gave_up:
        told.append(
            f"ended after iteration {state.iteration}, since the model diverged wherever it went; "
            "the best point before is kept"
        )
    elif not state.converged:
        told.append(f"not converged: {state.iteration} iterations were spent")
    if state.n_retries:
        told.append(f"{state.n_retries} steps were taken back because the model diverged")
    return tuple(told)
