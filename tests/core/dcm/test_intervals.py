"""Intervals, and the noise that calibrated ones rest on: against dense matrices and in coverage."""

from typing import NamedTuple

import numpy as np
import pytest
from scipy.linalg import block_diag, toeplitz

from bids_ketamine.core.dcm import intervals
from bids_ketamine.core.dcm.estimation import DcmEstimate
from bids_ketamine.core.dcm.intervals import calibrated_errors, interval
from bids_ketamine.core.dcm.structure import DcmStructure
from bids_ketamine.core.dcm.variational_laplace import initial_state, variational_laplace
from tests.core.dcm.circuits import (
    block_inputs,
    circuit_parameters,
    estimated,
    recording,
    simulated,
)
from tests.core.dcm.linear_models import LinearTask, linear_task


def test_limits_by_the_normal_distribution():
    covariance = np.diag([4.0, 0.25, 0.0])
    found = interval(np.array([1.0, -2.0, 3.0]), covariance, level=0.95)
    half = 1.959963984540054
    np.testing.assert_allclose(
        found, [[1 - 2 * half, 1 + 2 * half], [-2 - half / 2, -2 + half / 2], [3, 3]], rtol=1e-14
    )
    assert interval(np.zeros(1), np.eye(1), level=0.9)[0, 1] == pytest.approx(1.6448536269514722)


# Serial correlation ---------------------------------------------------------------------------


def neighbours(lengths):
    """Return the matrix that sums each scan's neighbours in its run."""
    return block_diag(*(np.eye(n, k=1) + np.eye(n, k=-1) for n in lengths))


def hat_matrix(lengths, *, seed=0, n_columns=6):
    """Return G and H of a ridge regression."""
    rng = np.random.default_rng(seed)
    n_rows = sum(lengths)
    design = np.cumsum(rng.normal(size=(n_rows, n_columns)), axis=0)
    return design @ np.linalg.inv(design.T @ design + 5.0 * np.eye(n_columns)), design


@pytest.mark.parametrize("lengths", [(30,), (20, 15), (12, 9, 14)])
@pytest.mark.parametrize("coefficient", [-0.3, 0.0, 0.45])
def test_residuals_that_are_as_expected_give_variance_and_correlation(lengths, coefficient):
    """A series with exactly the products that the noise is expected to leave in residuals."""
    variance = 2.5
    taken, design = hat_matrix(lengths)
    adjacent = neighbours(lengths)
    kept = np.eye(len(design)) - taken @ design.T
    noise = variance * block_diag(*(toeplitz(coefficient ** np.arange(n)) for n in lengths))
    left = kept @ noise @ kept.T
    squared, product = np.trace(left), 0.5 * np.trace(adjacent @ left)
    # Of two eigenvectors of the neighbours' sum, a^2 + b^2 and (l1 a^2 + l2 b^2) / 2 are known.
    first, early = (found[..., 0] for found in np.linalg.eigh(neighbours(lengths[:1])))
    second, late = (found[..., -1] for found in np.linalg.eigh(neighbours(lengths[-1:])))
    own = (2.0 * product - second * squared) / (first - second)
    assert 0.0 < own < squared
    series = np.zeros(len(design))
    series[: lengths[0]] += np.sqrt(own) * early
    series[-lengths[-1] :] += np.sqrt(squared - own) * late
    ends = np.cumsum(lengths)[:-1]
    found = intervals._serial_correlation(series, (taken, design), ends)
    np.testing.assert_allclose(found, [variance, coefficient], rtol=1e-7, atol=1e-8)


def autoregressive(rng, coefficient, shape):
    noise = rng.normal(size=shape)
    noise[0] /= np.sqrt(1.0 - coefficient**2)
    for row in range(1, len(noise)):
        noise[row] += coefficient * noise[row - 1]
    return noise


@pytest.mark.parametrize(
    ("coefficient", "n_drifts", "bias"), [(0.0, 15, 0.0), (0.3, 3, 0.01), (0.5, 15, 0.02)]
)
def test_a_planted_correlation_is_found_in_residuals(coefficient, n_drifts, bias):
    """Unbiased but for what a short series does to a ratio."""
    rng = np.random.default_rng(4)
    n_rows, n_series = 150, 300
    design = np.cos(np.pi * np.outer(np.arange(n_rows) + 0.5, np.arange(n_drifts)) / n_rows)
    taken = design @ np.linalg.inv(design.T @ design)
    noise = autoregressive(rng, coefficient, (n_rows, n_series))
    residuals = noise - taken @ (design.T @ noise)
    no_ends = np.array([], dtype=int)
    found = np.array(
        [intervals._serial_correlation(own, (taken, design), no_ends) for own in residuals.T]
    )
    mean, error = found.mean(axis=0), found.std(axis=0) / np.sqrt(n_series)
    assert abs(mean[1] - coefficient) < 2.5 * error[1] + bias
    assert abs(mean[0] - 1.0 / (1.0 - coefficient**2)) < 2.5 * error[0] + bias
    # Of the residuals as they are, it is farther away.
    plain = np.sum(residuals[1:] * residuals[:-1], axis=0) / np.sum(residuals**2, axis=0)
    assert coefficient - plain.mean() > max(0.02, 2.0 * (coefficient - mean[1]))


def test_a_correlation_is_limited():
    straight = np.linspace(-1.0, 1.0, 100)
    nothing = np.zeros((100, 1))
    found = intervals._serial_correlation(straight, (nothing, nothing), np.array([], dtype=int))
    assert found[1] == 0.95


def test_roots_of_the_noise_covariance():
    """L L' is the covariance of an autoregression, each run by itself."""
    ends, coefficient = np.array([5]), 0.6
    root = intervals._transposed_root(np.eye(12), coefficient, ends).T
    own = [toeplitz(coefficient ** np.arange(n)) / (1.0 - coefficient**2) for n in (5, 7)]
    np.testing.assert_allclose(root @ root.T, block_diag(*own), rtol=0, atol=1e-13)
    # Innovations undo it.
    white = np.random.default_rng(0).normal(size=12)
    found = intervals._innovations(root @ white, coefficient, ends)
    np.testing.assert_allclose(found, white, rtol=0, atol=1e-13)


# Covariance of the estimates ------------------------------------------------------------------


def fitted(task):
    model = task.model()
    start = initial_state(model, task.prior_mean)
    return model, variational_laplace(model, maximum_iterations=128, start=start).best


def uncorrelated(n_rows, n_columns):
    """Return errors whose columns have no mean and no correlation."""
    rng = np.random.default_rng(1)
    errors = rng.normal(size=(n_rows, n_columns))
    return np.linalg.qr(np.column_stack([np.ones(n_rows), errors]))[0][:, 1:]


def test_with_the_noise_that_was_assumed_the_covariance_is_the_posterior_one(monkeypatch):
    """V = C (D' S^-1 Sigma S^-1 D + Pi) C is C where Sigma = S."""
    task = linear_task(seed=3, n_confounds=2)
    model, best = fitted(task)
    known = iter([(1.0 / weight, 0.0) for weight in best.precision])
    monkeypatch.setattr(intervals, "_serial_correlation", lambda *_: next(known))
    noise = intervals._noise(model, best, uncorrelated(40, 2), np.array([], dtype=int))
    middle = noise.products + np.diag(model.prior_precision)
    found = best.covariance @ middle @ best.covariance
    np.testing.assert_allclose(found, best.covariance, rtol=0, atol=1e-12)
    np.testing.assert_allclose(noise.standard_deviation, best.precision**-0.5, rtol=1e-14)


def test_products_are_those_of_the_dense_noise_covariance(monkeypatch):
    """Two runs, own serial correlations, innovations that the regions share."""
    lengths, coefficients, deviations = (22, 18), (0.5, -0.2), (1.5, 0.4)
    task = linear_task(seed=6, n_confounds=1)
    model, best = fitted(task)
    known = iter([(d**2, a) for d, a in zip(deviations, coefficients, strict=True)])
    monkeypatch.setattr(intervals, "_serial_correlation", lambda *_: next(known))
    errors, ends = uncorrelated(40, 2), np.array([22])
    errors[:, 1] = 0.6 * errors[:, 0] + 0.8 * errors[:, 1]
    noise = intervals._noise(model, best, errors, ends)
    new = [
        intervals._innovations(errors[:, region], coefficients[region], ends) for region in (0, 1)
    ]
    shared = np.corrcoef(new)[0, 1]
    assert abs(shared) > 0.3
    # Roots of the covariances: the deviation of innovations times that of a unit process.
    roots = []
    for deviation, coefficient in zip(deviations, coefficients, strict=True):
        own = [toeplitz(coefficient ** np.arange(n)) for n in lengths]
        roots.append(deviation * np.linalg.cholesky(block_diag(*own)))
    correlated = np.kron([[1.0, shared], [shared, 1.0]], np.eye(40))
    root = block_diag(*roots)
    sigma = root @ correlated @ root.T
    effects = np.kron(np.eye(2), model.confounds)
    design = np.hstack([np.concatenate(list(best.linear.jacobian)), effects])
    weighted = np.repeat(best.precision, 40)[:, None] * design
    np.testing.assert_allclose(noise.products, weighted.T @ sigma @ weighted, rtol=1e-10, atol=1e-9)
    assert noise.autocorrelation.tolist() == list(coefficients)


# Coverage -------------------------------------------------------------------------------------


class LinearForward(NamedTuple):
    """A linear model in the place of a circuit's."""

    structure: DcmStructure
    task: LinearTask

    def predict(self, parameters):
        return self.task.predict(parameters)


TWO = DcmStructure(np.ones((2, 2)), np.zeros((2, 2, 1)), np.zeros((2, 1)))


def regressions(n_sets, *, n_rows=120, coefficient=0.4, shared=0.5):
    """Return linear estimates with correlated noise, and their true parameters."""
    rng = np.random.default_rng(12)
    # Responses are slow, as those to blocks are.
    drawn = rng.normal(size=(2, n_rows + 40, 5))
    smooth = np.exp(-0.5 * (np.arange(-8, 9) / 3.0) ** 2)
    design = np.apply_along_axis(np.convolve, 1, drawn, smooth)[:, 20 : n_rows + 20]
    design *= 0.3 / design.std(axis=1, keepdims=True)
    for _ in range(n_sets):
        truth = rng.normal(size=5)
        noise = autoregressive(rng, coefficient, (n_rows, 2)) * np.sqrt(1.0 - coefficient**2)
        noise = noise @ np.linalg.cholesky([[1.0, shared], [shared, 1.0]]).T
        data = np.einsum("crp,p->rc", design, truth) + noise
        task = LinearTask(design, np.ones((n_rows, 1)), data, np.zeros(5), np.eye(5), np.zeros(2))
        yield task, truth


def linear_estimate(task):
    """Return what :func:`calibrated_errors` needs of an estimated model: white noise of SD 1."""
    posterior = task.closed_form(task.log_precision)
    mean = posterior.mean[:5]
    predicted = task.predict(mean[None])[0]
    left = task.data - predicted
    unused = dict.fromkeys(DcmEstimate._fields)
    return DcmEstimate(
        **{
            **unused,
            "forward": LinearForward(TWO, task),
            "prior_mean": task.prior_mean,
            "prior_covariance": task.prior_covariance,
            "posterior_mean": mean,
            "posterior_covariance": posterior.covariance[:5, :5],
            "scale": 1.0,
            "series": (task.data,),
            "residuals": (left - left.mean(axis=0),),
            "confounds": task.confounds,
            "filters": (None,),
        }
    )


def test_calibrated_intervals_hold_the_truth_as_often_as_they_say():
    """200 regressions of five parameters; posterior intervals of white noise are too narrow."""
    inside, white, correlations = [], [], []
    for task, truth in regressions(200):
        estimate = linear_estimate(task)
        errors = calibrated_errors(estimate)
        limits = interval(errors.mean, errors.covariance, level=0.9)
        inside.append((limits[:, 0] < truth) & (truth < limits[:, 1]))
        limits = interval(estimate.posterior_mean, estimate.posterior_covariance, level=0.9)
        white.append((limits[:, 0] < truth) & (truth < limits[:, 1]))
        correlations.append(errors.autocorrelation)
    # The standard error of a share of 0.9 in 1000 is 0.01.
    assert np.mean(inside) == pytest.approx(0.9, abs=0.025)
    assert np.mean(white) < 0.82
    np.testing.assert_allclose(np.mean(correlations, axis=0), [0.4, 0.4], rtol=0, atol=0.03)


# Of a circuit ---------------------------------------------------------------------------------


def test_calibrated_errors_of_a_circuit():
    """The noise is the data's, and the series are not shrunk."""
    inputs = block_inputs(120, scans=6)
    signal = 3.0 * simulated(circuit_parameters(), inputs)
    noise = np.array([0.3, 0.5]) * np.random.default_rng(1).normal(size=signal.shape)
    estimate = estimated(recording(signal + noise, inputs))
    assert estimate.scale < 1.0
    found = calibrated_errors(estimate)
    assert found.converged
    np.testing.assert_allclose(found.noise_standard_deviation, [0.3, 0.5], rtol=0.15)
    noise -= noise.mean(axis=0)
    planted = np.sum(noise[1:] * noise[:-1], axis=0) / np.sum(noise**2, axis=0)
    np.testing.assert_allclose(found.autocorrelation, planted, rtol=0, atol=0.06)
    fixed = np.setdiff1d(np.arange(20), estimate.structure.free)
    np.testing.assert_array_equal(found.covariance[fixed], 0.0)
    np.testing.assert_array_equal(found.mean[fixed], 0.0)
    assert np.linalg.eigvalsh(found.covariance).min() > -1e-12
    # SPM12's prior holds the noise near 0.05 percent, so its intervals are narrower.
    free = [9, 10, 13]
    assert (np.diagonal(found.covariance) > np.diagonal(estimate.posterior_covariance))[free].all()
