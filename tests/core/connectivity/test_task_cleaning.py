"""Cleaning of task series: regression, then the filter of a mirrored series."""

import numpy as np
import pytest

from bids_ketamine.core.connectivity.task_cleaning import (
    frequency_band,
    task_cleaning,
    task_confounds,
    temporal_derivative,
)
from tests.core.connectivity.task_series import REFERENCE, block_regressors


def fourier_filtered(series, *, t_r, band_pass):
    """Filter a series and its mirror image in the frequency domain."""
    n_scans = len(series)
    spectrum = np.fft.fft(np.concatenate([series, series[::-1]]), axis=0)
    order = np.minimum(np.arange(2 * n_scans), 2 * n_scans - np.arange(2 * n_scans))
    frequency = order / (2 * n_scans * t_r)
    low, high = band_pass
    outside = (frequency < low) | (frequency >= (np.inf if high is None else high))
    spectrum[outside] = 0.0
    return np.fft.ifft(spectrum, axis=0).real[:n_scans]


def without(series, confounds):
    return series - confounds @ np.linalg.lstsq(confounds, series, rcond=None)[0]


@pytest.mark.parametrize("n_scans", [20, 151, 214])
@pytest.mark.parametrize("t_r", [2.0, 0.72])
@pytest.mark.parametrize("band_pass", [(0.008, 0.09), (0.01, None), (0.0, 0.1)])
def test_the_filter_is_that_of_the_mirrored_series_in_the_frequency_domain(n_scans, t_r, band_pass):
    series = np.random.default_rng(0).normal(size=(n_scans, 3)) + 7.0
    band = frequency_band(n_scans=n_scans, t_r=t_r, band_pass=band_pass)
    np.testing.assert_allclose(
        band.kept @ (band.kept.T @ series),
        fourier_filtered(series, t_r=t_r, band_pass=band_pass),
        atol=1e-11,
    )
    both = np.column_stack([band.kept, band.removed])
    np.testing.assert_allclose(both.T @ both, np.eye(n_scans), atol=1e-12)


def orders_kept(n_scans, t_r, band_pass):
    band = frequency_band(n_scans=n_scans, t_r=t_r, band_pass=band_pass)
    time = np.arange(n_scans) + 0.5
    cosines = np.cos(np.pi * np.outer(time, np.arange(n_scans)) / n_scans)
    cosines /= np.linalg.norm(cosines, axis=0)
    return np.flatnonzero(np.sum((band.kept.T @ cosines) ** 2, axis=0) > 0.5)


@pytest.mark.parametrize(
    ("n_scans", "t_r", "band_pass", "orders"),
    [
        (100, 2.0, (0.01, 0.1), (4, 40)),
        (125, 2.0, (0.008, 0.09), (4, 45)),
        (250, 0.8, (0.01, 0.09), (4, 36)),
        (1250, 0.72, (0.01, 0.09), (18, 162)),
    ],
)
def test_of_cosines_on_the_limits_the_lower_is_kept_and_the_upper_is_not(
    n_scans, t_r, band_pass, orders
):
    np.testing.assert_array_equal(orders_kept(n_scans, t_r, band_pass), np.arange(*orders))


@pytest.mark.parametrize(
    ("n_scans", "t_r", "band_pass", "orders"),
    [(112, 2.5, (0.01, 0.1), (6, 56)), (250, 1.1, (0.01, 0.1), (6, 55))],
)
def test_limits_hold_whatever_the_rounding(n_scans, t_r, band_pass, orders):
    np.testing.assert_array_equal(orders_kept(n_scans, t_r, band_pass), np.arange(*orders))


def test_regression_leaves_least_squares_residuals_whatever_the_rank_of_the_confounds():
    rng = np.random.default_rng(1)
    series, confounds = rng.normal(size=(120, 4)), rng.normal(size=(120, 6))
    confounds[:, 5] = confounds[:, 0] * 1e-6 - confounds[:, 1] * 1e5
    cleaning = task_cleaning(confounds, t_r=2.0, band_pass=None)
    np.testing.assert_allclose(cleaning.clean(series), without(series, confounds), atol=1e-10)
    assert cleaning.residual_df == 115.0


def test_the_filter_comes_after_the_regression():
    rng = np.random.default_rng(2)
    series, confounds = rng.normal(size=(150, 3)), rng.normal(size=(150, 8))
    cleaning = task_cleaning(confounds, t_r=2.0, band_pass=(0.008, 0.09))
    expected = fourier_filtered(without(series, confounds), t_r=2.0, band_pass=(0.008, 0.09))
    found = cleaning.clean(series)
    np.testing.assert_allclose(found, expected, atol=1e-11)
    # Confounds come back by the filter.
    assert np.abs(confounds.T @ found).max() > 0.1


def test_degrees_of_freedom_are_the_trace_of_what_cleaning_does():
    confounds = np.random.default_rng(3).normal(size=(90, 7))
    cleaning = task_cleaning(confounds, t_r=2.0, band_pass=(0.008, 0.09))
    assert cleaning.residual_df == pytest.approx(np.trace(cleaning.clean(np.eye(90))), abs=1e-10)
    assert cleaning.band.shape == (90, 30)  # cosines 3 to 32 of 1 / 360 Hz


def test_the_derivative_repeats_the_ends():
    series = np.array([[0.0, 5.0], [1.0, 5.0], [4.0, 8.0], [9.0, 5.0]])
    np.testing.assert_array_equal(
        temporal_derivative(series), [[1.0, 0.0], [4.0, 3.0], [8.0, 0.0], [5.0, -3.0]]
    )


def test_confounds_are_constant_nuisance_conditions_with_derivatives_and_trend():
    nuisance = np.random.default_rng(4).normal(size=(60, 2))
    regressors = block_regressors(60)
    first, second = regressors.T
    expected = np.column_stack(
        [
            np.ones(60),
            nuisance,
            first,
            temporal_derivative(first[:, None]),
            second,
            temporal_derivative(second[:, None]),
            2.0 * np.arange(60) / 59.0 - 1.0,
        ]
    )
    np.testing.assert_allclose(task_confounds(nuisance, regressors), expected, atol=1e-15)


@pytest.mark.parametrize(("name", "high"), [("denoised_bp", 0.09), ("denoised_hp", None)])
def test_cleaned_series_are_those_of_conn(name, high):
    with np.load(REFERENCE / "conn_faces_shapes.npz") as stored:
        motion = stored["motion"]
        nuisance = np.column_stack(
            [stored["wm"], stored["csf"], motion, temporal_derivative(motion), stored["scrub"]]
        )
        confounds = task_confounds(nuisance, stored["weights"])
        cleaning = task_cleaning(confounds, t_r=2.0, band_pass=(0.008, high))
        np.testing.assert_allclose(cleaning.clean(stored["raw"]), stored[name], atol=1e-9)
