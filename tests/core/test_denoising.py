"""Non-aggressive denoising, against an independent least-squares computation."""

from __future__ import annotations

import numpy as np
import pytest

from bids_ketamine.core.denoising import VOXELS_AT_A_TIME, denoise_nonaggressively
from bids_ketamine.errors import InputDataError

N_SCANS, N_COMPONENTS = 60, 9


@pytest.fixture
def mixing() -> np.ndarray:
    """Components that are correlated with each other, of very different size."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(N_SCANS, 1))
    raw = rng.normal(size=(N_SCANS, N_COMPONENTS)) + 0.8 * shared
    return raw * np.logspace(-3, 3, N_COMPONENTS)


def series_of(mixing: np.ndarray, n_voxels: int = 40, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(mixing.shape[1], n_voxels)) / np.abs(mixing).max(axis=0)[:, None]
    return 1000 + mixing @ weights + rng.normal(size=(len(mixing), n_voxels))


def by_normal_equations(series: np.ndarray, mixing: np.ndarray, noise: list[int]) -> np.ndarray:
    """The same from the definition: ordinary least squares with a constant."""
    scaled = mixing / np.abs(mixing).max(axis=0)
    design = np.column_stack([np.ones(len(mixing)), scaled])
    weights = np.linalg.solve(design.T @ design, design.T @ series)
    away = scaled[:, noise] - scaled[:, noise].mean(axis=0)
    return series - away @ weights[1:][noise]


@pytest.mark.parametrize("noise", [[0], [2, 5, 8], list(range(N_COMPONENTS))])
def test_it_is_the_partial_regression_of_the_definition(mixing, noise) -> None:
    series = series_of(mixing)
    expected = by_normal_equations(series, mixing, noise)
    found = denoise_nonaggressively(series.copy(), mixing=mixing, noise=noise)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_allclose(found.mean(axis=0), series.mean(axis=0), rtol=1e-12)


def test_noise_goes_signal_and_mean_stay(mixing) -> None:
    rng = np.random.default_rng(2)
    weights = rng.normal(size=(N_COMPONENTS, 5)) / np.abs(mixing).max(axis=0)[:, None]
    noise = [1, 4, 6]
    signal = np.delete(np.arange(N_COMPONENTS), noise)
    away = mixing[:, noise] - mixing[:, noise].mean(axis=0)
    clean = 500 + mixing[:, signal] @ weights[signal]
    found = denoise_nonaggressively(clean + away @ weights[noise], mixing=mixing, noise=noise)
    np.testing.assert_allclose(found, clean, rtol=1e-10)
    # The aggressive way would take the shared variance out of the signal too.
    aggressive = by_normal_equations(clean, mixing[:, noise], [0, 1, 2])
    assert np.abs(aggressive - clean).max() > 0.1


def test_single_precision_in_place_and_in_blocks(mixing) -> None:
    series = series_of(mixing, n_voxels=VOXELS_AT_A_TIME + 7).astype(np.float32)
    expected = by_normal_equations(series.astype(float), mixing, [3, 7])
    found = denoise_nonaggressively(series, mixing=mixing, noise=[7, 3, 3])
    assert found is series
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2e-7)


@pytest.mark.parametrize("left_out", [[0, 1, 2], [0, 30]])
def test_volumes_that_were_left_out_neither_enter_nor_change(mixing, left_out) -> None:
    series = series_of(mixing)
    series[left_out] += 5000
    padded = mixing.copy()
    padded[left_out] = 0
    kept = np.delete(np.arange(N_SCANS), left_out)
    found = denoise_nonaggressively(series.copy(), mixing=padded, noise=[0, 8])
    np.testing.assert_array_equal(found[left_out], series[left_out])
    expected = by_normal_equations(series[kept], mixing[kept], [0, 8])
    np.testing.assert_allclose(found[kept], expected, rtol=1e-10)


def test_without_noise_nothing_changes(mixing) -> None:
    series = series_of(mixing)
    np.testing.assert_array_equal(
        denoise_nonaggressively(series.copy(), mixing=mixing, noise=()), series
    )


def test_components_that_cannot_be_told_apart_are_an_error(mixing) -> None:
    series = series_of(mixing)
    twice = np.column_stack([mixing, mixing[:, 0] + mixing[:, 1]])
    words = r"The 10 components .* cannot be told apart in 60 volumes: its rank .* is 9\."
    with pytest.raises(InputDataError, match=words):
        denoise_nonaggressively(series, mixing=twice, noise=[0])
    constant = np.column_stack([mixing, np.full(N_SCANS, 3.0)])
    with pytest.raises(InputDataError, match="cannot be told apart"):
        denoise_nonaggressively(series, mixing=constant, noise=[0])
    many = np.random.default_rng(3).normal(size=(12, 12))
    with pytest.raises(InputDataError, match=r"12 components .* in 12 volumes: .* is 11"):
        denoise_nonaggressively(series[:12], mixing=many, noise=[0])
    with pytest.raises(InputDataError, match="cannot be told apart in 0 volumes"):
        denoise_nonaggressively(series, mixing=np.zeros((N_SCANS, 2)), noise=[0])
    with pytest.raises(InputDataError, match="has 59 rows and the series 60 volumes"):
        denoise_nonaggressively(series, mixing=mixing[1:], noise=[0])
