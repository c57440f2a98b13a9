"""The only place that reads, masks, smooths and writes images."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nilearn.image import resample_to_img, smooth_img

from bids_ketamine.errors import InputDataError, InputMissingError, ReadWriteError
from bids_ketamine.study.spec import RegionSpec

#: Two affines that differ by less (mm) describe the same grid.
AFFINE_TOLERANCE = 1e-3

#: Relative standard deviation under which single precision cannot tell a voxel from a constant.
CONSTANT = 1e-5

READ_FAILURES = (OSError, EOFError, zlib.error, ImageFileError, ValueError)


@dataclass(frozen=True)
class Grid:
    """Voxel grid of a run and its brain.

    Attributes
    ----------
    brain : ndarray of bool, shape (x, y, z)
        Inside the brain mask.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    """

    brain: np.ndarray
    affine: np.ndarray

    def same_as(self, other: Grid) -> bool:
        """Tell whether two grids have the same voxels (brains may differ)."""
        return self.brain.shape == other.brain.shape and np.allclose(
            self.affine, other.affine, atol=AFFINE_TOLERANCE
        )

    def volume(self, values: np.ndarray, voxels: np.ndarray) -> np.ndarray:
        """Lay values of some voxels (a mask of the grid) out in space, NaN elsewhere."""
        volume = np.full(self.brain.shape, np.nan)
        volume[voxels] = values
        return volume


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
    """

    grid: Grid
    usable: np.ndarray
    series: np.ndarray
    tsnr: np.ndarray


@dataclass(frozen=True)
class Region:
    """Voxels of a region on a grid.

    Attributes
    ----------
    name : str
        Name in the study.
    voxels : ndarray of bool, shape (x, y, z)
        Voxels of the region that lie inside the field of view.
    n_voxels : int
        Voxels of the whole region, those outside the field of view counted.
    note : str
        What was done to bring it to the grid; empty if nothing.
    """

    name: str
    voxels: np.ndarray
    n_voxels: int
    note: str

    def coverage(self, usable: np.ndarray) -> float:
        """Return the share of the region's voxels that can be used."""
        return float((self.voxels & usable).sum()) / self.n_voxels if self.n_voxels else 0.0


def load_image(path: Path) -> Any:
    """Open a NIfTI file; data are read later.

    Raises
    ------
    InputMissingError, InputDataError
        If it is not there, or is not a NIfTI image.
    """
    try:
        return nib.load(path)
    except FileNotFoundError as error:
        raise InputMissingError("The image does not exist.", path=path) from error
    except PermissionError as error:
        raise ReadWriteError("The image cannot be read: permission denied.", path=path) from error
    except READ_FAILURES as error:
        raise InputDataError(
            "The file is not a readable NIfTI image.", path=path, cure="Copy or make it again."
        ) from error


def read_data(image: Any, path: Path, dtype: type = np.float32) -> np.ndarray:
    """Read the voxels of an opened image.

    Raises
    ------
    InputDataError
        If the file ends before its data do, or is damaged.
    """
    try:
        return np.asanyarray(image.dataobj, dtype=dtype)
    except READ_FAILURES as error:
        raise InputDataError(
            "The image is truncated or damaged: its voxels cannot be read.",
            path=path,
            cure="Copy or make it again.",
        ) from error


def read_run(bold: Path, mask: Path, *, smoothing_fwhm: float | None) -> RunImage:
    """Read a BOLD run inside its brain mask, smoothed if asked for.

    Parameters
    ----------
    bold, mask : Path
        4D series and 3D brain mask on the same grid.
    smoothing_fwhm : float or None
        Full width at half maximum of the Gaussian, mm.

    Raises
    ------
    InputDataError
        If an image is damaged, has the wrong dimensions, the grids differ, or no voxel of the
        brain varies.
    """
    image = load_image(bold)
    if len(image.shape) != 4 or image.shape[3] < 2:
        raise InputDataError(
            f"A BOLD series has four dimensions and several volumes, not {image.shape}.", path=bold
        )
    brain = _read_mask(mask)
    grid = Grid(brain[0], np.asarray(image.affine, dtype=float))
    if brain[0].shape != image.shape[:3] or not np.allclose(
        brain[1], grid.affine, atol=AFFINE_TOLERANCE
    ):
        raise InputDataError(
            f"The brain mask ({brain[0].shape}) and the BOLD series ({image.shape[:3]}) are on "
            "different grids.",
            path=mask,
        )
    data = read_data(image, bold)
    inside = data[grid.brain]
    mean, deviation = inside.mean(axis=1), inside.std(axis=1)
    finite = np.isfinite(mean) & np.isfinite(deviation)
    varies = finite & (deviation > CONSTANT * np.abs(mean))
    usable = np.zeros_like(grid.brain)
    usable[grid.brain] = varies
    if not varies.any():
        raise InputDataError("No voxel inside the brain mask varies in time.", path=bold)
    tsnr = grid.volume(mean[varies] / deviation[varies], usable)
    if smoothing_fwhm:
        # nilearn replaces non-finite voxels by zero before it smooths.
        smoothed = smooth_img(nib.Nifti1Image(data, grid.affine), smoothing_fwhm)
        data = np.asanyarray(smoothed.dataobj)
        inside = data[grid.brain]
    series = np.ascontiguousarray(inside[varies].T, dtype=np.float32)
    return RunImage(grid, usable, series, tsnr)


def _read_mask(path: Path) -> tuple[np.ndarray, np.ndarray]:
    image = load_image(path)
    values = read_data(image, path)
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise InputDataError(f"A mask has three dimensions, not {values.shape}.", path=path)
    brain = np.nan_to_num(values) > 0.5
    if not brain.any():
        raise InputDataError("The mask is empty.", path=path)
    return brain, np.asarray(image.affine, dtype=float)


def locate_regions(regions: Sequence[RegionSpec], grid: Grid) -> tuple[Region, ...]:
    """Find the voxels of regions on a grid.

    Spheres take the voxels whose centre lies within the radius; masks and labels on another
    grid are resampled with the nearest voxel, which is noted.

    Parameters
    ----------
    regions : sequence of RegionSpec
        Regions with spheres, a mask, or labels; those of time-series columns are left out.
    grid : Grid
        Voxel grid.

    Raises
    ------
    InputMissingError, InputDataError
        If a mask or atlas cannot be read, or lacks a label.
    """
    located = []
    for region in regions:
        if region.spheres:
            located.append(_spheres(region, grid))
        elif region.mask or region.dseg:
            located.append(_labelled(region, grid))
    return tuple(located)


def _spheres(region: RegionSpec, grid: Grid) -> Region:
    inverse = np.linalg.inv(grid.affine)
    indices: set[tuple[int, ...]] = set()
    reach = np.ceil(region.radius * np.abs(inverse[:3, :3]).sum(axis=1)).astype(int) + 1
    for centre in region.spheres:
        middle = np.rint(inverse[:3, :3] @ centre + inverse[:3, 3]).astype(int)
        offsets = np.stack(
            np.meshgrid(*[np.arange(-n, n + 1) for n in reach], indexing="ij"), axis=-1
        ).reshape(-1, 3)
        around = middle + offsets
        distance = np.linalg.norm(
            around @ grid.affine[:3, :3].T + grid.affine[:3, 3] - np.asarray(centre), axis=1
        )
        inside = around[distance <= region.radius]
        # A sphere smaller than a voxel still has the voxel its centre is in.
        indices |= {tuple(index) for index in (inside if len(inside) else middle[None])}
    shape = np.array(grid.brain.shape)
    voxels = np.zeros(grid.brain.shape, dtype=bool)
    for index in indices:
        if all(0 <= i < n for i, n in zip(index, shape, strict=True)):
            voxels[index] = True
    return Region(region.name, voxels, len(indices), "")


def _labelled(region: RegionSpec, grid: Grid) -> Region:
    path = Path(str(region.mask or region.dseg))
    image = load_image(path)
    values = read_data(image, path)
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise InputDataError(f"A region image has three dimensions, not {values.shape}.", path=path)
    chosen = np.isin(np.rint(values), region.labels) if region.dseg else np.nan_to_num(values) > 0
    absent = [label for label in region.labels if not (np.rint(values) == label).any()]
    if absent or not chosen.any():
        what = f"label {', '.join(map(str, absent))}" if absent else "voxel that is not zero"
        raise InputDataError(f"Region `{region.name}`: the image has no {what}.", path=path)
    own = Grid(chosen, np.asarray(image.affine, dtype=float))
    if own.same_as(grid):
        return Region(region.name, chosen, int(chosen.sum()), "")
    target = nib.Nifti1Image(grid.brain.astype(np.int16), grid.affine)
    moved = resample_to_img(
        nib.Nifti1Image(chosen.astype(np.int16), own.affine),
        target,
        interpolation="nearest",
        force_resample=True,
        copy_header=True,
    )
    voxels = np.asanyarray(moved.dataobj) > 0
    volume = abs(np.linalg.det(own.affine[:3, :3])) / abs(np.linalg.det(grid.affine[:3, :3]))
    whole = max(round(chosen.sum() * volume), int(voxels.sum()), 1)
    return Region(
        region.name, voxels, whole, f"region `{region.name}` resampled to the grid of the images"
    )


def save_map(volume: np.ndarray, affine: np.ndarray, path: Path) -> None:
    """Write a 3D map as float32 NIfTI; NaN becomes 0.

    Raises
    ------
    ReadWriteError
        If the file system fails.
    """
    image = nib.Nifti1Image(np.nan_to_num(volume).astype(np.float32), affine)
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(affine, code=4)
    image.set_qform(affine, code=4)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(image, path)
    except OSError as error:
        raise ReadWriteError(f"The map cannot be written: {error.strerror}.", path=path) from error
