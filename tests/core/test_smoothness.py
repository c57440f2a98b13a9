"""Smoothness from neighbouring voxels, with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from bids_ketamine.core.smoothness import estimate_smoothness, mean_width, volumes_to_compare

FWHM_OVER_SIGMA = np.sqrt(8 * np.log(2))


def fields(widths: tuple[float, ...], sizes: tuple[float, ...], n: int = 10, seed: int = 0):
    """White noise smoothed with a Gaussian of these widths (mm), and a ball in it."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, 50, 44, 48))
    sigmas = [width / size / FWHM_OVER_SIGMA for width, size in zip(widths, sizes, strict=True)]
    if any(sigmas):
        noise = gaussian_filter(noise, (0, *sigmas))
    grid = np.stack(np.meshgrid(*(np.arange(k) - k / 2 for k in noise.shape[1:]), indexing="ij"))
    inside = (grid**2).sum(axis=0) < 18**2
    return noise[:, inside], inside


@pytest.mark.parametrize("width", [4.0, 6.0, 10.0])
def test_white_noise_smoothed_with_a_gaussian_has_its_width(width: float) -> None:
    sizes = (2.0, 2.0, 2.0)
    noise, inside = fields((width,) * 3, sizes)
    found = estimate_smoothness(noise, inside=inside, voxel_sizes=sizes)
    np.testing.assert_allclose(found, width, rtol=0.03)


def test_every_axis_has_its_own_width_in_mm() -> None:
    sizes = (2.0, 3.0, 1.5)
    noise, inside = fields((6.0, 9.0, 3.75), sizes)
    found = estimate_smoothness(noise, inside=inside, voxel_sizes=sizes)
    np.testing.assert_allclose(found, (6.0, 9.0, 3.75), rtol=0.03)


def test_white_noise_is_narrower_than_a_voxel() -> None:
    noise, inside = fields((0.0,) * 3, (2.0,) * 3)
    found = estimate_smoothness(noise, inside=inside, voxel_sizes=(2.0,) * 3)
    assert (found < 1.1).all()


def test_unit_level_and_single_movements_do_not_matter() -> None:
    sizes = (2.0, 2.0, 2.0)
    noise, inside = fields((6.0,) * 3, sizes)
    expected = estimate_smoothness(noise, inside=inside, voxel_sizes=sizes)
    scaled = estimate_smoothness(noise * 1e20 + 1e21, inside=inside, voxel_sizes=sizes)
    np.testing.assert_allclose(scaled, expected, rtol=1e-3)
    moved = noise.copy()
    moved[3] += 50 * np.argwhere(inside)[:, 0]
    found = estimate_smoothness(moved, inside=inside, voxel_sizes=sizes)
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_neighbours_are_counted_in_the_brain_alone() -> None:
    """By hand: two rows of voxels with a hole."""
    inside = np.zeros((1, 2, 4), bool)
    inside[0] = [[True, True, False, True], [True, False, True, True]]
    values = np.array([3.0, -1.0, 2.0, -2.0, 1.0, -3.0])  # mean 0
    # Along the last axis: pairs (3, -1) and (1, -3); along the second: (3, -2) and (2, -3).
    r_last = (3 * -1 + 1 * -3) / ((9 + 1 + 1 + 9) / 2)
    assert r_last < 0
    found = estimate_smoothness([values], inside=inside, voxel_sizes=(1.0, 1.0, 1.0))
    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.0, 0.0]
    values = np.array([3.0, 2.0, -2.0, 1.0, -1.0, -3.0])
    found = estimate_smoothness([values], inside=inside, voxel_sizes=(1.0, 5.0, 2.0))
    r = (3 * 2 + -1 * -3) / ((9 + 4 + 1 + 9) / 2)
    assert found[2] == pytest.approx(2.0 * np.sqrt(-2 * np.log(2) / np.log(r)), rel=1e-5)


def test_what_cannot_be_estimated_is_nan() -> None:
    inside = np.ones((4, 4, 4), bool)
    sizes = (2.0, 2.0, 2.0)
    assert np.isnan(estimate_smoothness([], inside=inside, voxel_sizes=sizes)).all()
    flat = np.full(64, 7.0)
    assert np.isnan(estimate_smoothness([flat], inside=inside, voxel_sizes=sizes)).all()
    holes = np.random.default_rng(1).normal(size=64)
    holes[5], holes[9] = np.nan, np.inf
    assert np.isfinite(estimate_smoothness([holes], inside=inside, voxel_sizes=sizes)).all()


def test_pairs_and_means() -> None:
    assert volumes_to_compare(1, n_pairs=12) == ()
    assert volumes_to_compare(2, n_pairs=12) == (0,)
    assert len(volumes_to_compare(215, n_pairs=12)) == 12
    assert volumes_to_compare(215, n_pairs=12)[-1] == 213
    assert np.isnan(mean_width([np.nan, np.nan]))
    assert mean_width([2.0, 4.0, 8.0]) == pytest.approx(4.0)
