"""Intervals of parameters: SPM12's posterior, and one with the noise that the residuals show."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import optimize, signal, special

from bids_ketamine.core.dcm.estimation import SPM_ITERATIONS, DcmEstimate
from bids_ketamine.core.dcm.laplace_model import LaplaceModel, laplace_model
from bids_ketamine.core.dcm.priors import INPUT_VARIANCE, DcmPriors
from bids_ketamine.core.dcm.restart import LOG_PRECISION_FREEDOM
from bids_ketamine.core.dcm.variational_laplace import (
    Evaluation,
    initial_state,
    variational_laplace,
)

#: Largest serial correlation that is believed: series are short.
LARGEST_AUTOCORRELATION = 0.95


class CalibratedErrors(NamedTuple):
    """Estimates whose intervals hold, and the noise that they rest on.

    Attributes
    ----------
    mean : ndarray of shape (P,)
        Centres of the intervals.
    covariance : ndarray of shape (P, P)
        Of the error of the mean.
    noise_standard_deviation : ndarray of shape (n,)
        Of each region's noise, percent.
    autocorrelation : ndarray of shape (n,)
        Of each region's noise from scan to scan.
    free_energy : float
        Of that estimation, whose noise level is the data's: of two models of the same series it
        compares what SPM12's, pulled towards a fixed noise level, may not.
    converged : bool
        Whether their estimation ended by itself, with steps that were not all rejected.
    """

    mean: np.ndarray
    covariance: np.ndarray
    noise_standard_deviation: np.ndarray
    autocorrelation: np.ndarray
    free_energy: float
    converged: bool


def interval(mean: np.ndarray, covariance: np.ndarray, *, level: float) -> np.ndarray:
    """Return Gaussian intervals of parameters.

    Parameters
    ----------
    mean : ndarray of shape (P,)
        Centres.
    covariance : ndarray of shape (P, P)
        Covariance.
    level : float
        Probability inside, such as 0.9.

    Returns
    -------
    ndarray of shape (P, 2)
        Lower and upper limits.

    Examples
    --------
    >>> interval(np.zeros(1), np.eye(1), level=0.9).round(3).tolist()
    [[-1.645, 1.645]]
    """
    half = special.ndtri(0.5 + 0.5 * level) * np.sqrt(np.diagonal(covariance))
    return np.column_stack([mean - half, mean + half])


def calibrated_errors(
    estimate: DcmEstimate, *, maximum_iterations: int = SPM_ITERATIONS
) -> CalibratedErrors:
    r"""Estimate a model again with what makes SPM12's intervals too narrow taken out.

    SPM12's prior holds the noise near a standard deviation of 0.05 percent, so firmly that its
    posterior noise lies half way to the data's; takes noise for white; draws connections
    between regions towards zero with a standard deviation of 0.125 Hz; and shrinks series whose
    range, noise included, is above 4 percent. Here the noise level is the data's, connections
    have the variance that SPM12 gives modulations, series stay as they are, and predictions are
    filtered as the series were (whitened series have smaller responses). With S the posterior's
    noise covariance, C its covariance and D the linearised model, the posterior mean errs by
    :math:`C D' S^{-1} e - C \Pi (\theta - \eta)`, so for noise of covariance :math:`\Sigma` and
    parameters from the prior (precision :math:`\Pi`)

    .. math:: V = C \, (D' S^{-1} \Sigma S^{-1} D + \Pi) \, C,

    which is C where :math:`\Sigma = S`. :math:`\Sigma` is estimated from the residuals: each
    region's variance and lag-one autocorrelation, corrected for what the fit has taken out of
    them, and the correlation of the regions' innovations.

    Parameters
    ----------
    estimate : DcmEstimate
        An estimated model of series in percent; the scheme begins at its posterior mean. Its
        prior means and variances are taken over, but for connections between regions.
    maximum_iterations : int, optional
        Iterations after which it ends.

    Returns
    -------
    CalibratedErrors
        Centres, covariance V of the parameters, and the noise.

    References
    ----------
    White (1982) Econometrica 50:1-25 (estimation error of a misspecified model); Worsley et al.
    (2002) NeuroImage 15:1-15 (autocorrelation of residuals).
    """
    residuals = np.concatenate(estimate.residuals) / estimate.scale
    ends = np.cumsum([len(each) for each in estimate.residuals])[:-1]
    model = laplace_model(
        np.concatenate(estimate.series) / estimate.scale,
        confounds=estimate.confounds,
        predict=_filtered_prediction(estimate, ends),
        priors=_priors(estimate, residuals),
        component=np.arange(estimate.structure.n_regions),
    )
    start = initial_state(model, estimate.posterior_mean)
    state = variational_laplace(model, maximum_iterations=maximum_iterations, start=start)
    best = state.best
    if best is None:
        raise ValueError("the scheme has made no iteration")
    errors = model.data - best.linear.predicted - model.confounds @ model.effects(best.point)
    noise = _noise(model, best, errors, ends)
    total = best.covariance @ (noise.products + np.diag(model.prior_precision)) @ best.covariance
    free = slice(0, model.n_free)
    return CalibratedErrors(
        model.parameters(best.point),
        model.directions @ total[free, free] @ model.directions.T,
        noise.standard_deviation,
        noise.autocorrelation,
        best.free_energy,
        state.converged and not state.stalled,
    )


def _filtered_prediction(
    estimate: DcmEstimate, ends: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the model's prediction, filtered in each run as its series were."""
    predict, filters = estimate.forward.predict, estimate.filters
    if all(each is None for each in filters):
        return predict

    def filtered(parameters: np.ndarray) -> np.ndarray:
        runs = np.split(predict(parameters), ends, axis=1)
        parts = []
        for run, own in zip(runs, filters, strict=True):
            if own is not None:
                n_models, n_scans, n_regions = run.shape
                columns = run.transpose(1, 0, 2).reshape(n_scans, -1)
                columns = (own @ columns).reshape(n_scans, n_models, n_regions)
                run = columns.transpose(1, 0, 2)
            parts.append(run)
        return np.concatenate(parts, axis=1)

    return filtered


def _priors(estimate: DcmEstimate, residuals: np.ndarray) -> DcmPriors:
    """Return priors with free connections between regions, and noise as the residuals have it."""
    n = estimate.structure.n_regions
    variance = np.diagonal(estimate.prior_covariance).copy()
    connections = variance[: n * n]
    between = ~np.eye(n, dtype=bool).ravel() & (connections > 0.0)
    connections[between] = INPUT_VARIANCE
    return DcmPriors(
        estimate.prior_mean,
        np.diag(variance),
        -np.log(np.mean(residuals**2, axis=0)),
        LOG_PRECISION_FREEDOM * np.eye(n),
    )


class _Noise(NamedTuple):
    """D' S^-1 Sigma S^-1 D, and the noise that it is of."""

    products: np.ndarray
    standard_deviation: np.ndarray
    autocorrelation: np.ndarray


def _noise(model: LaplaceModel, best: Evaluation, errors: np.ndarray, ends: np.ndarray) -> _Noise:
    """Estimate the noise from the errors of a fit, and what it does to the estimates."""
    weighted, places, innovations, deviations, coefficients = [], [], [], [], []
    n_confounds = model.confounds.shape[1]
    for region, weight in enumerate(best.precision):
        # A region's rows depend on the free parameters and on its own confounds.
        first = model.n_free + region * n_confounds
        place = np.append(np.arange(model.n_free), np.arange(first, first + n_confounds))
        design = np.hstack([best.linear.jacobian[region], model.confounds])
        taken = weight * (design @ best.covariance[np.ix_(place, place)])
        variance, coefficient = _serial_correlation(errors[:, region], (taken, design), ends)
        innovation = np.sqrt(variance * (1.0 - coefficient**2))
        innovations.append(_innovations(errors[:, region], coefficient, ends))
        weighted.append(weight * innovation * _transposed_root(design, coefficient, ends))
        places.append(place)
        deviations.append(np.sqrt(variance))
        coefficients.append(coefficient)
    shared = np.corrcoef(np.array(innovations)).reshape(len(weighted), len(weighted))
    products = np.zeros_like(best.covariance)
    for row, (left, rows) in enumerate(zip(weighted, places, strict=True)):
        for column, (right, columns) in enumerate(zip(weighted, places, strict=True)):
            products[np.ix_(rows, columns)] += shared[row, column] * (left.T @ right)
    return _Noise(products, np.array(deviations), np.array(coefficients))


def _serial_correlation(
    residual: np.ndarray, hat: tuple[np.ndarray, np.ndarray], ends: np.ndarray
) -> tuple[float, float]:
    r"""Return variance and lag-one autocorrelation of the noise from its residuals.

    Residuals are R e with :math:`R = I - G H'`, so that for autoregressive noise
    :math:`E[r' L_k r] = \sigma^2 tr(R' L_k R V(\rho))`, :math:`L_k` the products at lags 0 and 1:
    two equations for :math:`\sigma^2` and :math:`\rho`.

    Parameters
    ----------
    residual : ndarray of shape (n_rows,)
        r.
    hat : tuple of ndarray of shape (n_rows, q)
        G and H: what the fit takes out.
    ends : ndarray of int
        Where runs after the first begin.
    """
    taken, design = hat
    n_rows = len(residual)
    moved = _neighbours(taken, ends)
    around = (taken.T @ taken, taken.T @ moved)

    def expected(coefficient: float) -> np.ndarray:
        spread = _autoregressive(design, coefficient, ends)
        products = design.T @ spread
        traces = (n_rows, coefficient * (n_rows - 1 - len(ends)))
        return np.array(
            [
                trace - 2.0 * np.sum(lagged * spread) + np.sum(own * products)
                for trace, lagged, own in zip(traces, (taken, moved), around, strict=True)
            ]
        )

    squared = float(residual @ residual)
    observed = float(residual @ _neighbours(residual, ends)) / squared

    def excess(coefficient: float) -> float:
        same, next_one = expected(coefficient)
        return float(next_one - observed * same)

    limits = (-LARGEST_AUTOCORRELATION, LARGEST_AUTOCORRELATION)
    low, high = (excess(limit) for limit in limits)
    if low * high < 0.0:
        coefficient = float(optimize.brentq(excess, *limits, xtol=1e-9))
    else:
        coefficient = limits[int(abs(high) < abs(low))]
    # One degree of freedom at least: with fewer there is nothing to estimate from.
    return squared / max(float(expected(coefficient)[0]), 1.0), coefficient


def _neighbours(columns: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the mean of each scan's neighbours in the same run, zero beyond a run's ends."""
    means = np.zeros_like(columns)
    for part, mean in zip(np.split(columns, ends), np.split(means, ends), strict=True):
        mean[:-1] += 0.5 * part[1:]
        mean[1:] += 0.5 * part[:-1]
    return means


def _autoregressive(columns: np.ndarray, coefficient: float, ends: np.ndarray) -> np.ndarray:
    """Return V x for the covariance of a process of unit variance, a^|i - j| within runs."""
    parts = []
    for part in np.split(columns, ends):
        forward = signal.lfilter([1.0], [1.0, -coefficient], part, axis=0)
        backward = signal.lfilter([1.0], [1.0, -coefficient], part[::-1], axis=0)[::-1]
        parts.append(forward + backward - part)
    return np.concatenate(parts)


def _innovations(series: np.ndarray, coefficient: float, ends: np.ndarray) -> np.ndarray:
    """Return what is new in each scan of an autoregressive process, the first of a run scaled."""
    new = series.copy()
    new[1:] -= coefficient * series[:-1]
    starts = np.concatenate([[0], ends])
    new[starts] = np.sqrt(1.0 - coefficient**2) * series[starts]
    return new


def _transposed_root(columns: np.ndarray, coefficient: float, ends: np.ndarray) -> np.ndarray:
    """Return L'x with L L' the covariance of a process with innovations of unit variance."""
    parts = []
    for part in np.split(columns, ends):
        # x = L e solves x_t = a x_{t-1} + e_t, so L' runs backwards.
        out = signal.lfilter([1.0], [1.0, -coefficient], part[::-1], axis=0)[::-1].copy()
        out[0] /= np.sqrt(1.0 - coefficient**2)
        parts.append(out)
    return np.concatenate(parts)
