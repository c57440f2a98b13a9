"""Gaussian smoothing of volumes: one product with a banded matrix along each axis."""

from __future__ import annotations

import math

import numpy as np

#: The Gaussian ends at so many standard deviations.
TRUNCATION = 4.0

#: A Gaussian's full width at half maximum over its standard deviation.
FWHM_OVER_SIGMA = math.sqrt(8.0 * math.log(2.0))

#: Rows of the banded matrix in one product: of larger pieces, more entries are zero.
BLOCK = 16

Box = tuple[tuple[int, int], ...]


def gaussian_weights(sigma: float) -> np.ndarray:
    """Return a Gaussian at whole voxels.

    ``w_k = exp(-k^2 / (2 sigma^2)) / sum`` for ``|k| <= round(4 sigma)``.

    Parameters
    ----------
    sigma : float
        Standard deviation, voxels.

    Returns
    -------
    ndarray of shape (2 radius + 1,)
        Weights that sum to 1.

    Examples
    --------
    >>> gaussian_weights(0.5).round(4).tolist()
    [0.0003, 0.1065, 0.7866, 0.1065, 0.0003]
    """
    radius = int(TRUNCATION * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return weights / weights.sum()


class Smoother:
    """Smooths volumes of one grid; holds the memory that this takes, so one for each thread.

    ``smooth(x, y, z) = sum_ijk w_i w_j w_k volume(x + i, y + j, z + k)``, where the volume is zero
    outside its grid. But for rounding in single precision that is what
    :func:`nilearn.image.smooth_img` computes, which mirrors the volume at the border of its grid,
    at all voxels further than four standard deviations from the border. Only the box of voxels
    that are not zero is computed.

    Parameters
    ----------
    shape : tuple of int
        Shape (x, y, z) of the grid.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    fwhm : float
        Full width at half maximum, mm, above 0.
    """

    def __init__(self, shape: tuple[int, ...], affine: np.ndarray, fwhm: float) -> None:
        edges = np.sqrt((np.asarray(affine, dtype=float)[:3, :3] ** 2).sum(axis=0))
        sigmas = (fwhm / FWHM_OVER_SIGMA / edges)[::-1]
        weights = [gaussian_weights(sigma) for sigma in sigmas]
        self._shape = tuple(shape[::-1])
        self._radii = [len(each) // 2 for each in weights]
        self._bands = [_band(*each) for each in zip(self._shape, weights, strict=True)]
        self._first, self._second, self._result = (
            np.zeros(math.prod(shape), dtype=np.float32) for _ in range(3)
        )
        self._filled: Box = ((0, 0),) * 3

    def smooth(self, volume: np.ndarray) -> np.ndarray:
        """Smooth a volume.

        Parameters
        ----------
        volume : ndarray of float32, shape (z, y, x)
            As in the file, x fastest; finite.

        Returns
        -------
        ndarray of float32, shape (z, y, x)
            The same memory at every call.
        """
        result = self._result.reshape(self._shape)
        box = bounding_box(volume)
        wider = tuple(
            (max(0, low - radius), min(size, high + radius)) if high > low else (0, 0)
            for (low, high), radius, size in zip(box, self._radii, self._shape, strict=True)
        )
        if wider != self._filled:
            result[...] = 0
            self._filled = wider
        if any(high <= low for low, high in box):
            return result
        inner = volume[tuple(slice(*each) for each in box)]
        (z, y, x), (dz, dy, _) = inner.shape, (high - low for low, high in wider)
        # A product wants its rows one after the other.
        rows = self._first[: inner.size].reshape(inner.shape)
        np.copyto(rows, inner)
        along_z = self._second[: dz * y * x].reshape(dz, y * x)
        self._along(0, rows.reshape(z, y * x), box, wider, along_z)
        along_y = self._first[: dz * dy * x].reshape(dz, dy, x)
        self._along(1, along_z.reshape(dz, y, x), box, wider, along_y)
        self._along(2, along_y, box, wider, result[tuple(slice(*each) for each in wider)])
        return result

    def _along(self, axis: int, values: np.ndarray, box: Box, wider: Box, out: np.ndarray) -> None:
        """Smooth along an axis, some rows of the banded matrix at a time: the rest is zero."""
        radius, (given, end), (wanted, _) = self._radii[axis], box[axis], wider[axis]
        for start in range(*wider[axis], max(BLOCK, radius)):
            stop = min(start + max(BLOCK, radius), wider[axis][1])
            first, last = max(given, start - radius), min(end, stop + radius)
            weights = self._bands[axis][start:stop, first:last]
            here, there = slice(first - given, last - given), slice(start - wanted, stop - wanted)
            if axis == 0:
                np.matmul(weights, values[here], out=out[there])
            elif axis == 1:
                np.matmul(weights, values[:, here], out=out[:, there])
            else:
                np.matmul(values[..., here], weights.T, out=out[..., there])


def smoothed(volume: np.ndarray, affine: np.ndarray, fwhm: float) -> np.ndarray:
    """Return one volume smoothed; voxels that are not finite count as zero.

    Parameters
    ----------
    volume : ndarray of shape (x, y, z)
        Values.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    fwhm : float
        Full width at half maximum of the Gaussian, mm.

    Returns
    -------
    ndarray of float32, shape (x, y, z)
    """
    values = np.ascontiguousarray(volume.T, dtype=np.float32)
    values = np.where(np.isfinite(values), values, np.float32(0))
    return Smoother(volume.shape, affine, fwhm).smooth(values).T


def bounding_box(volume: np.ndarray) -> Box:
    """Return first and last-but-one index along each axis of the voxels that are not zero.

    Examples
    --------
    >>> volume = np.zeros((4, 5, 6))
    >>> volume[1:3, 2, 0] = 1
    >>> bounding_box(volume)
    ((1, 3), (2, 3), (0, 1))
    """
    box: list[tuple[int, int]] = []
    for axis in range(volume.ndim):
        # What was found along the axes before makes the rest small.
        part = np.moveaxis(volume[tuple(slice(*each) for each in box)], axis, 0)
        low, high = 0, len(part)
        while low < high and not part[low].any():
            low += 1
        while high > low and not part[high - 1].any():
            high -= 1
        box.append((low, high))
    return tuple(box)


def _band(size: int, weights: np.ndarray) -> np.ndarray:
    """Return the matrix (size, size) that weights the neighbours along an axis."""
    band = np.zeros((size, size), dtype=np.float32)
    radius = len(weights) // 2
    for offset in range(-min(radius, size - 1), min(radius, size - 1) + 1):
        rows = np.arange(max(0, -offset), min(size, size - offset))
        band[rows, rows + offset] = weights[radius + offset]
    return band
