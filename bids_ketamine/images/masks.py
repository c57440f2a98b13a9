"""Brain masks of series."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.files import load_image, read_data
from bids_ketamine.images.grid import AFFINE_TOLERANCE, nearest_on_grid
from bids_ketamine.images.headers import ImageHeader, times


def read_mask(path: Path, series: ImageHeader, *, resample: bool) -> tuple[np.ndarray, list[str]]:
    """Read the brain mask of a series, and tell what is odd about it.

    Parameters
    ----------
    path : Path
        The mask.
    series : ImageHeader
        Of the series.
    resample : bool
        Whether a mask on another grid is brought to that of the series or refused.

    Returns
    -------
    brain : ndarray of bool, shape (x, y, z)
        On the grid of the series.
    notes : list of str
        What is odd, a sentence each.

    Raises
    ------
    InputMissingError, ReadWriteError
        If it is not there or cannot be read.
    InputDataError
        If it is damaged, empty, or on another grid.
    """
    image = load_image(path)
    shape = image.shape[:3] if image.shape[3:] == (1,) else image.shape
    if len(shape) != 3:
        raise InputDataError(f"A mask has three dimensions, not {shape}.", path=path)
    affine = np.asarray(image.affine, dtype=float)
    elsewhere = _grid_problem(shape, affine, series)
    if elsewhere is not None and not resample:
        cure = "Give the mask of the same space and resolution."
        if _mirrored(affine, series.affine):
            cure = (
                "Find out which of the two has its sides right and make the other again: a "
                "mirrored series swaps the hemispheres of every result."
            )
        raise InputDataError(elsewhere, path=path, cure=cure)
    values = read_data(image, path).reshape(shape)
    notes = []
    if np.isnan(values).any():
        notes.append("the brain mask holds NaN, taken for outside the brain")
        values = np.nan_to_num(values)
    between, above = (values > 0) & (values < 1), values > 1
    if between.any():
        notes.append("the brain mask holds values between 0 and 1: those above 0.5 are the brain")
    if above.any():
        notes.append(f"the brain mask holds values up to {values.max():g}, all taken for the brain")
    brain = values > 0.5
    if elsewhere is not None:
        brain = nearest_on_grid(brain.astype(np.int32), affine, series.shape[:3], series.affine) > 0
        notes.append("the brain mask was resampled to the grid of the series, nearest voxel")
    if not brain.any():
        some = ": no voxel is above 0.5" if (values != 0).any() else ""
        raise InputDataError(f"The mask is empty{some}.", path=path)
    if brain.all():
        notes.append("the brain mask covers the whole field of view")
    return brain, notes


def _grid_problem(shape: tuple[int, ...], affine: np.ndarray, series: ImageHeader) -> str | None:
    """Say how a mask lies apart from a series; ``None`` where it does not."""
    if shape != series.shape[:3]:
        return (
            f"The brain mask ({times(shape)} voxels) and the BOLD series "
            f"({times(series.shape[:3])} voxels) are on different grids."
        )
    if np.allclose(affine, series.affine, atol=AFFINE_TOLERANCE):
        return None
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(shape) - 1)
    difference = affine - series.affine
    apart = np.linalg.norm(corners @ difference[:3, :3].T + difference[:3, 3], axis=1).max()
    mirrored = ", left and right swapped" if _mirrored(affine, series.affine) else ""
    return (
        "The brain mask and the BOLD series are on different grids: they have the same number of "
        f"voxels and lie up to {apart:.3g} mm apart{mirrored}."
    )


def _mirrored(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether voxels are counted to the left in one image and to the right in the other."""
    return bool(np.linalg.det(one[:3, :3]) * np.linalg.det(other[:3, :3]) < 0)
