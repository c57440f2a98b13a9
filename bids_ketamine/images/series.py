"""BOLD runs inside their brain masks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import nibabel as nib
import numpy as np

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.files import open_image
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.headers import read_header
from bids_ketamine.images.masks import read_mask
from bids_ketamine.images.voxels import read_volumes, refuse_too_large, shortened

#: Relative standard deviation under which single precision cannot tell a voxel from a constant.
CONSTANT = 1e-5

#: What reading holds of every voxel of the grid: masks, and a few volumes in double precision.
VOLUME_BYTES = 40


@dataclass(frozen=True)
class RunImage:
    """A BOLD run inside the brain.

    Attributes
    ----------
    grid : Grid
        Where its voxels are.
    usable : ndarray of bool, shape (x, y, z)
        Brain voxels that are finite and vary in time.
    series : ndarray of float32, shape (n_scans, n_usable)
        Smoothed if asked for; scanner units.
    tsnr : ndarray of shape (x, y, z)
        Temporal mean over temporal standard deviation before smoothing, NaN outside.
    header_t_r : float or None
        Repetition time that the image's header claims, s; ``None`` for none.
    notes : tuple of str
        What is odd about the images and does not forbid their use.
    """

    grid: Grid
    usable: np.ndarray
    series: np.ndarray
    tsnr: np.ndarray
    header_t_r: float | None = None
    notes: tuple[str, ...] = ()


def read_run(
    bold: Path, mask: Path, *, smoothing_fwhm: float | None, resample_mask: bool = False
) -> RunImage:
    """Read a BOLD run inside its brain mask, smoothed if asked for.

    One volume is in memory at a time, and of each the voxels inside the brain are kept.

    Parameters
    ----------
    bold, mask : Path
        4D series and 3D brain mask on the same grid.
    smoothing_fwhm : float or None
        Full width at half maximum of the Gaussian, mm.
    resample_mask : bool, optional
        Whether a mask on another grid is brought to that of the series (noted) or refused.

    Returns
    -------
    RunImage
        The run; what is odd about its images and does not forbid their use is in its notes.

    Raises
    ------
    InputMissingError, ReadWriteError
        If an image is not there or cannot be read.
    InputDataError
        If an image is damaged, has the wrong dimensions, the grids differ, a volume holds no
        finite value inside the brain, no voxel of the brain varies, or there is not the memory.
    """
    header = read_header(bold)
    image = open_image(header, bold)
    if len(image.shape) != 4 or image.shape[3] < 2:
        raise InputDataError(
            f"A BOLD series has four dimensions and several volumes, not {image.shape}.", path=bold
        )
    refuse_too_large(VOLUME_BYTES * math.prod(header.shape[:3]), bold)
    brain, notes = read_mask(mask, header, resample=resample_mask)
    grid = Grid(brain, header.affine)
    read = _read_inside(image, bold, grid, smoothing_fwhm)
    finite = np.isfinite(read.mean) & np.isfinite(read.deviation)
    with np.errstate(invalid="ignore"):
        varies = finite & (read.deviation > CONSTANT * np.abs(read.mean))
    usable = np.zeros_like(brain)
    usable[brain] = varies
    if not varies.any():
        what = "does not vary in time or is not finite" if read.mean.any() else "is zero"
        raise InputDataError(
            f"No voxel inside the brain mask varies in time: every one {what}.", path=bold
        )
    notes += read.notes
    if varies.mean() < 0.5:
        notes.append(
            f"{1 - varies.mean():.0%} of the voxels inside the brain mask are not finite or do "
            "not vary in time: they are left out"
        )
    elif not finite.all():
        notes.append(
            f"{int((~finite).sum())} voxels inside the brain mask are not finite in some volume: "
            "they are left out"
        )
    tsnr = grid.volume(read.mean[varies] / read.deviation[varies], usable)
    series = read.series if varies.all() else read.series[:, varies]
    return RunImage(grid, usable, series, tsnr, header.t_r, tuple(notes))


class _Inside(NamedTuple):
    """What is read of a series inside the brain.

    ``series`` has the shape (n_scans, n_voxels), float32, smoothed if asked for; ``mean`` and
    ``deviation`` in time before smoothing have the shape (n_voxels,), float64.
    """

    series: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    notes: list[str]


def _read_inside(image: Any, path: Path, grid: Grid, fwhm: float | None) -> _Inside:
    from nilearn.image import smooth_img  # takes seconds to load

    n_scans, n_voxels = image.shape[3], int(grid.brain.sum())
    # The series and its copy without unusable voxels.
    refuse_too_large(8 * n_scans * n_voxels + VOLUME_BYTES * grid.brain.size, path)
    series = np.empty((n_scans, n_voxels), dtype=np.float32)
    mean, squares = np.zeros(n_voxels), np.zeros(n_voxels)
    without: list[int] = []
    n_zero = 0
    notes: list[str] = []
    with np.errstate(invalid="ignore", over="ignore"):
        for scan, volume in enumerate(read_volumes(image, path, notes)):
            values = volume[grid.brain]
            if not np.isfinite(values).any():
                without.append(scan + 1)
            n_zero += not values.any()
            # Welford's update: one pass, and no difference of large sums.
            away = values - mean
            mean += away / (scan + 1)
            squares += away * (values - mean)
            if fwhm is not None:
                # nilearn replaces non-finite voxels by zero before it smooths.
                smooth = smooth_img(nib.Nifti1Image(volume, grid.affine), fwhm)
                values = np.asanyarray(smooth.dataobj)[grid.brain]
            series[scan] = values
        deviation = np.sqrt(squares / n_scans)
    if without:
        raise InputDataError(
            f"{len(without)} of {n_scans} volumes hold no finite value inside the brain mask: "
            f"{shortened(without)} (counted from 1).",
            path=path,
            cure="Make the image again, or exclude the run.",
        )
    if 0 < n_zero < n_scans:
        notes.append(f"{n_zero} of {n_scans} volumes are zero everywhere inside the brain mask")
    return _Inside(series, mean, deviation, notes)
