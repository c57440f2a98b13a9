"""BOLD runs inside their brain masks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.files import open_image
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.headers import read_header
from bids_ketamine.images.inside import GRID_BYTES, read_inside
from bids_ketamine.images.masks import read_mask
from bids_ketamine.images.voxels import refuse_too_large

#: Relative standard deviation under which single precision cannot tell a voxel from a constant.
CONSTANT = 1e-5


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
    global_means : ndarray of shape (n_scans,)
        Of each whole volume, smoothed if asked for, the mean of the voxels above an eighth of the
        mean of all voxels (float64); voxels that are not finite count as zero; 0 where no voxel
        is above. Scanner units.
    smoothness_before, smoothness_after : ndarray of shape (3,)
        Estimated width of the Gaussian along x, y, z that volumes look smoothed with inside the
        brain, mm (NaN along an axis of one voxel), as they are and as in `series`.
    components : tuple of (int, int), or None
        Numbers of noise components and of all components of ICA-AROMA where the former were taken
        out of `series`; the other attributes are of the volumes before that.
    header_t_r : float or None
        Repetition time that the image's header claims, s; ``None`` for none.
    notes : tuple of str
        What is odd about the images and does not forbid their use.
    """

    grid: Grid
    usable: np.ndarray
    series: np.ndarray
    tsnr: np.ndarray
    global_means: np.ndarray
    smoothness_before: np.ndarray
    smoothness_after: np.ndarray
    header_t_r: float | None = None
    components: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()


def read_run(
    bold: Path, mask: Path, *, smoothing_fwhm: float | None, resample_mask: bool = False
) -> RunImage:
    """Read a BOLD run inside its brain mask, smoothed if asked for.

    A few volumes are in memory at a time, and of each the voxels inside the brain are kept: one
    thread decompresses, as many as the BLAS library may use (at most four) smooth. The result
    does not depend on their number.

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
    refuse_too_large(GRID_BYTES * math.prod(header.shape[:3]), bold)
    brain, notes = read_mask(mask, header, resample=resample_mask)
    grid = Grid(brain, header.affine)
    read = read_inside(image, bold, grid, smoothing_fwhm)
    finite = np.isfinite(read.mean) & np.isfinite(read.deviation)
    with np.errstate(invalid="ignore"):
        varies = finite & (read.deviation > CONSTANT * np.abs(read.mean))
    usable = np.zeros_like(brain)
    usable[brain] = varies
    if not varies.any():
        what = "does not vary in time or is not finite" if read.mean.any() else "is zero"
        raise InputDataError(
            f"No voxel inside the brain mask varies in time: every one {what}.",
            path=bold,
            cure="Make the image again, or exclude the run.",
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
    return RunImage(
        grid=grid,
        usable=usable,
        series=_without_columns(read.series, varies),
        tsnr=tsnr,
        global_means=read.global_means,
        smoothness_before=read.smoothness_before,
        smoothness_after=read.smoothness_after,
        header_t_r=header.t_r,
        notes=tuple(notes),
    )


def _without_columns(series: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the chosen columns in the memory of all of them."""
    if kept.all():
        return series
    columns, memory = np.flatnonzero(kept), series.reshape(-1)
    for scan, row in enumerate(series):
        # Its new place ends before the next row begins.
        memory[scan * columns.size : (scan + 1) * columns.size] = row[columns]
    return memory[: len(series) * columns.size].reshape(len(series), columns.size)
