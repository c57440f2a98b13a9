"""Serial correlation of residuals: sums by loops, white noise, autoregressive noise, runs."""

import numpy as np
import pytest
from scipy import linalg, signal

from bids_ketamine.core.connectivity.residual_noise import (
    SerialNoise,
    lagged_products,
    parzen_window,
)

LENGTHS = (30, 20)


def autocorrelations_by_loops(series, lengths, reach):
    sums = np.zeros(reach + 1)
    start = 0
    for length in lengths:
        run = series[start : start + length]
        run = run / np.sqrt(np.mean(run**2))
        for lag in range(reach + 1):
            sums[lag] += sum(run[t] * run[t + lag] for t in range(length - lag))
        start += length
    return sums / sums[0]


def variance_of(noise, residuals, basis, *, without, volume=0):
    """Return the noise variance in the run of a volume: that of an estimate that is its value."""
    dual = np.eye(len(residuals))[:, [volume]]
    covariance, df = noise.covariance(residuals, basis, dual, without=without)
    return covariance[:, 0, 0], df


def orthonormal(rng, n_scans, rank):
    return np.linalg.qr(rng.normal(size=(n_scans, rank)))[0]


def test_parzen_window_has_its_closed_form_and_falls_to_nothing():
    window = parzen_window(7)
    share = np.arange(8) / 8.0
    np.testing.assert_allclose(window[:5], 1 - 6 * share[:5] ** 2 * (1 - share[:5]), atol=1e-15)
    np.testing.assert_allclose(window[4:], 2 * (1 - share[4:]) ** 3, atol=1e-15)
    assert np.all(np.diff(window) < 0)
    np.testing.assert_array_equal(parzen_window(0), [1.0])


def test_windowed_correlations_make_a_covariance_without_negative_eigenvalues():
    rng = np.random.default_rng(0)
    band = signal.firwin(31, [0.02, 0.3], pass_zero=False)
    residuals = signal.lfilter(band, 1.0, rng.normal(size=(150, 20)), axis=0)
    noise = SerialNoise((150,), 40, 149.0, 149.0)
    for correlation in noise.correlations(residuals).T:
        covariance = linalg.toeplitz(np.pad(correlation, (0, 150 - 41)))
        assert np.linalg.eigvalsh(covariance).min() > -1e-12


def test_correlations_and_products_are_those_of_loops_within_runs():
    series = np.random.default_rng(1).normal(size=(50, 3))
    noise = SerialNoise(LENGTHS, 6, 40.0, 45.0)
    found = noise.correlations(series)
    for column in range(3):
        expected = autocorrelations_by_loops(series[:, column], LENGTHS, 6) * parzen_window(6)
        np.testing.assert_allclose(found[:, column], expected, atol=1e-13)
    products = lagged_products(series, 6)
    for lag in range(7):
        shift = np.zeros((50, 50))
        for t in range(50 - lag):
            shift[t, t + lag] = shift[t + lag, t] = 1.0
        np.testing.assert_allclose(products[lag], series.T @ shift @ series, atol=1e-12)


def test_lags_longer_than_a_run_have_no_products():
    series = np.random.default_rng(2).normal(size=(12, 2))
    products = lagged_products(series[:8], 10)
    assert products.shape == (11, 2, 2)
    np.testing.assert_array_equal(products[8:], 0.0)
    assert SerialNoise((8, 4), 10, 9.0, 9.0).correlations(series).shape == (11, 2)


def test_white_residuals_have_the_textbook_variance():
    rng = np.random.default_rng(3)
    basis = orthonormal(rng, 80, 5)
    residuals = rng.normal(size=(80, 4))
    residuals -= basis @ (basis.T @ residuals)
    variance, df = variance_of(SerialNoise((80,), 0, 80.0, 80.0), residuals, basis, without=0)
    np.testing.assert_allclose(variance, np.sum(residuals**2, axis=0) / 75.0, rtol=1e-12)
    assert df == pytest.approx(75.0, abs=1e-9)


def test_nuisance_thins_residuals_out():
    rng = np.random.default_rng(4)
    basis = orthonormal(rng, 80, 5)
    removed = orthonormal(rng, 80, 25)
    removed, _ = np.linalg.qr(removed - basis @ (basis.T @ removed))
    residuals = rng.normal(size=(80, 4000))
    residuals -= basis @ (basis.T @ residuals)
    residuals -= removed @ (removed.T @ residuals)
    variance, df = variance_of(SerialNoise((80,), 0, 55.0, 80.0), residuals, basis, without=0)
    np.testing.assert_allclose(variance, np.sum(residuals**2, axis=0) / 50.0, rtol=1e-12)
    assert variance.mean() == pytest.approx(1.0, abs=0.01)
    assert df == 50.0


def test_variance_and_degrees_of_freedom_of_serial_noise_are_those_of_the_traces():
    rng = np.random.default_rng(5)
    basis = orthonormal(rng, 50, 4)
    residuals = signal.lfilter([1.0], [1.0, -0.6], rng.normal(size=(50, 3)), axis=0)
    residuals -= basis @ (basis.T @ residuals)
    noise = SerialNoise(LENGTHS, 8, 45.0, 48.0)
    first, df = variance_of(noise, residuals, basis, without=1)
    second, _ = variance_of(noise, residuals, basis, without=1, volume=30)
    correlations = noise.correlations(residuals)
    residual_forming = np.eye(50) - basis @ basis.T

    def projected(correlation):
        blocks = [linalg.toeplitz(np.pad(correlation, (0, n - 9))) for n in LENGTHS]
        return residual_forming @ linalg.block_diag(*blocks)

    for target in range(3):
        traces = np.diag(projected(correlations[:, target]))
        squares = residuals[:, target] ** 2
        for found, run in ((first, slice(0, 30)), (second, slice(30, 50))):
            expected = squares[run].sum() / traces[run].sum() * (48 - 4) / (45 - 4)
            assert found[target] == pytest.approx(expected, rel=1e-10)
    mean = projected(correlations[:, [0, 2]].mean(axis=1))
    assert df == pytest.approx(np.trace(mean) ** 2 / np.trace(mean @ mean), rel=1e-10)
    assert df < 41.0


def test_variance_of_autoregressive_noise_is_found():
    rng = np.random.default_rng(6)
    basis = np.column_stack([np.cos(np.pi * k * (np.arange(300) + 0.5) / 300) for k in (2, 9, 40)])
    basis /= np.linalg.norm(basis, axis=0)
    noise = signal.lfilter([1.0], [1.0, -0.4], rng.normal(size=(400, 500)), axis=0)[100:]
    residuals = noise - basis @ (basis.T @ noise)
    variance, df = variance_of(SerialNoise((300,), 30, 300.0, 300.0), residuals, basis, without=0)
    assert variance.mean() == pytest.approx(1 / (1 - 0.4**2), rel=0.02)
    # tr(V)^2 / tr(VV) of the process itself: n (1 - a^2) / (1 + a^2)
    assert df == pytest.approx(300 * (1 - 0.16) / (1 + 0.16), rel=0.05)


def test_there_are_not_more_degrees_of_freedom_than_are_left():
    rng = np.random.default_rng(7)
    basis = orthonormal(rng, 60, 4)
    residuals = rng.normal(size=(60, 5))
    assert variance_of(SerialNoise((60,), 5, 20.0, 50.0), residuals, basis, without=0)[1] == 16.0
    variance, df = variance_of(SerialNoise((60,), 5, 4.0, 50.0), residuals, basis, without=0)
    assert np.isnan(variance).all()
    assert df == 0.0


def test_a_noisy_run_has_its_own_share_of_the_error():
    rng = np.random.default_rng(8)
    basis = orthonormal(rng, 400, 2)
    noise = SerialNoise((250, 150), 10, 400.0, 400.0)
    sizes = np.repeat([1.0, 3.0], [250, 150])[:, None]
    residuals = sizes * rng.normal(size=(400, 3000))
    residuals -= basis @ (basis.T @ residuals)
    quiet, _ = variance_of(noise, residuals, basis, without=0)
    noisy, _ = variance_of(noise, residuals, basis, without=0, volume=300)
    assert quiet.mean() == pytest.approx(1.0, rel=0.05)
    assert noisy.mean() == pytest.approx(9.0, rel=0.02)
    # An estimate of both runs: the sum of a volume of each.
    dual = np.eye(400)[:, [0]] + np.eye(400)[:, [300]]
    both, _ = noise.covariance(residuals, basis, dual, without=0)
    np.testing.assert_allclose(both[:, 0, 0], quiet + noisy, rtol=1e-12)
