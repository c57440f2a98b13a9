"""Smoothing against scipy and nilearn."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from nilearn.image import smooth_img
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from bids_ketamine.images.smoothing import (
    FWHM_OVER_SIGMA,
    Smoother,
    bounding_box,
    gaussian_weights,
    smoothed,
)

OBLIQUE = np.array([[1.9, 0.3, 0, -40], [-0.3, 2.9, 0.2, -40], [0, -0.3, 3.5, -40], [0, 0, 0, 1]])
CASES = [
    ((20, 21, 22), np.diag([2.0, 2.0, 2.0, 1.0]), 6.0),
    ((20, 33, 12), np.diag([-2.0, 3.0, 4.0, 1.0]), 8.0),
    ((25, 24, 23), OBLIQUE, 5.0),
    ((40, 20, 1), np.diag([3.1, 3.75, 3.75, 1.0]), 6.0),
    ((9, 8, 7), np.diag([2.0, 2.0, 2.0, 1.0]), 40.0),
    ((9, 8, 7), np.diag([2.0, 2.0, 2.0, 1.0]), 0.3),
]


@pytest.mark.parametrize(("shape", "affine", "fwhm"), CASES)
def test_it_is_scipys_gaussian_with_zeros_outside(shape, affine, fwhm) -> None:
    volume = 1000 * np.random.default_rng(0).random(shape)
    sigmas = fwhm / FWHM_OVER_SIGMA / np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    expected = gaussian_filter(volume, sigmas, mode="constant", truncate=4.0)
    found = smoothed(volume, affine, fwhm)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1000 * 5e-7)


def test_it_is_nilearns_away_from_the_border() -> None:
    """nilearn mirrors the volume at the border of the grid, where ours is zero."""
    rng = np.random.default_rng(1)
    inner = np.zeros((24, 25, 26), np.float32)
    inner[5:-5, 5:-5, 5:-5] = 1000 * rng.random((14, 15, 16))
    affine = np.diag([2.0, 2.0, 2.0, 1.0])

    def nilearns(volume: np.ndarray) -> np.ndarray:
        return np.asanyarray(smooth_img(nib.Nifti1Image(volume, affine), 5.0).dataobj)

    np.testing.assert_allclose(
        smoothed(inner, affine, 5.0), nilearns(inner), rtol=0, atol=1000 * 5e-7
    )
    full = (1000 * rng.random(inner.shape)).astype(np.float32)
    middle = (slice(4, -4),) * 3
    np.testing.assert_allclose(
        smoothed(full, affine, 5.0)[middle], nilearns(full)[middle], rtol=0, atol=1000 * 5e-7
    )


def test_what_is_not_finite_counts_as_zero() -> None:
    volume = np.random.default_rng(2).random((10, 11, 12)).astype(np.float32)
    zero = volume.copy()
    volume[3, 4, 5], volume[0, 0, 0], volume[9, 9, 9] = np.nan, np.inf, -np.inf
    zero[3, 4, 5] = zero[0, 0, 0] = zero[9, 9, 9] = 0
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    np.testing.assert_array_equal(smoothed(volume, affine, 6.0), smoothed(zero, affine, 6.0))


def test_one_smoother_takes_volumes_with_other_boxes() -> None:
    """What a volume before has left is gone."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    smoother = Smoother((22, 21, 20), affine, 6.0)
    rng = np.random.default_rng(3)
    for box in ((0, 20), (8, 11), (0, 0), (2, 19), (19, 20)):
        volume = np.zeros((20, 21, 22), np.float32)
        volume[slice(*box), slice(*box), slice(*box)] = rng.random((box[1] - box[0],) * 3)
        expected = volume
        for axis in range(3):
            expected = gaussian_filter1d(
                expected, 3.0 / FWHM_OVER_SIGMA, axis=axis, mode="constant"
            )
        np.testing.assert_allclose(smoother.smooth(volume), expected, atol=1e-6)


def test_weights_have_the_width_that_was_asked_for() -> None:
    weights = gaussian_weights(5.0)
    assert weights.sum() == pytest.approx(1.0, abs=1e-15)
    assert len(weights) == 2 * 20 + 1
    half = np.interp(0.5, (weights / weights.max())[:21], np.arange(-20.0, 1.0))
    assert -2 * half == pytest.approx(5.0 * FWHM_OVER_SIGMA, rel=2e-3)


def test_the_box_of_nothing_is_empty() -> None:
    assert bounding_box(np.zeros((3, 4, 5)))[0] == (3, 3)
