"""Images of regions: read, and brought to the grid of the series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.files import load_image, read_data
from bids_ketamine.images.grid import Grid, nearest_on_grid

#: Largest label that can be told from its neighbours in single precision.
LARGEST_LABEL = 2**24


@dataclass(frozen=True)
class RegionVolume:
    """An image of labels, or a mask.

    Attributes
    ----------
    values : ndarray of float32, shape (x, y, z)
        As stored; zero where the file has no finite value.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    """

    values: np.ndarray
    affine: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Values as whole numbers."""
        return np.rint(self.values).astype(np.int32)

    @property
    def inside(self) -> np.ndarray:
        """Where a mask is above zero."""
        return self.values > 0

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel, mm3."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))


def read_volume(path: Path) -> RegionVolume:
    """Read an image of regions.

    Raises
    ------
    InputMissingError, InputDataError
        If it is not there, cannot be read, has not three dimensions, or holds numbers that are
        no labels.
    """
    image = load_image(path)
    values = np.nan_to_num(read_data(image, path), posinf=0.0, neginf=0.0)
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise InputDataError(
            f"An image of regions has three dimensions, not {values.ndim} ({values.shape}).",
            path=path,
            cure="Give one volume; of an atlas of probabilities, its maximum.",
        )
    if values.size and np.abs(values).max() > LARGEST_LABEL:
        raise InputDataError(f"The image holds labels above {LARGEST_LABEL}.", path=path)
    return RegionVolume(values, np.asarray(image.affine, dtype=float))


def on_grid(labels: np.ndarray, affine: np.ndarray, grid: Grid, transform: Path | None) -> Any:
    """Return labels on another grid: each voxel takes the nearest one.

    Parameters
    ----------
    labels : ndarray of int32, shape (i, j, k)
        Labels on their own grid.
    affine : ndarray of shape (4, 4)
        Its voxel indices to mm.
    grid : Grid
        Grid of the series.
    transform : Path or None
        ITK transform (TemplateFlow's ``from-OWN_mode-image_xfm.h5``) from the template of the
        labels to that of the grid.

    Returns
    -------
    ndarray of int32, shape (x, y, z)
        Labels on the grid, 0 outside their image.
    """
    if transform is None:
        return nearest_on_grid(labels, affine, grid.brain.shape, grid.affine)
    moving = nib.Nifti1Image(labels, affine)
    reference = nib.Nifti1Image(np.zeros(grid.brain.shape, dtype=np.uint8), grid.affine)
    return _transformed(moving, reference, transform)


def _transformed(moving: Any, reference: Any, path: Path) -> np.ndarray:
    from nitransforms.manip import TransformChain
    from nitransforms.resampling import apply

    try:
        chain = TransformChain.from_filename(path, fmt="itk")
    except Exception as error:
        # The library raises whatever its readers do; to the user the file is damaged.
        raise InputDataError(
            f"The transform cannot be read ({type(error).__name__}).",
            path=path,
            cure="Fetch it from TemplateFlow again.",
        ) from error
    moved = apply(chain, moving, reference=reference, order=0, mode="constant", cval=0)
    return np.rint(np.asanyarray(moved.dataobj)).astype(np.int32)


class ImageCheck:
    """Reads every image of regions once and tells what is wrong with it."""

    def __init__(self) -> None:
        self._labels: dict[Path, frozenset[int]] = {}
        self._masks: set[Path] = set()

    def require(self, path: Path, indices: Sequence[int], *, region: str) -> None:
        """Refuse an image that cannot be read or has nothing of a region.

        Parameters
        ----------
        path : Path
            The image.
        indices : sequence of int
            Labels that must be in it; none for a mask.
        region : str
            Name of the region.

        Raises
        ------
        InputMissingError, InputDataError
            As :func:`read_volume`; or if a label, or all of the mask, is not there.
        """
        if not indices:
            if path not in self._masks and not read_volume(path).inside.any():
                raise InputDataError(
                    f"Region `{region}`: the mask has no voxel above zero.", path=path
                )
            self._masks.add(path)
            return
        if path not in self._labels:
            self._labels[path] = frozenset(np.unique(read_volume(path).labels).tolist())
        absent = [str(index) for index in indices if index not in self._labels[path]]
        if absent:
            raise InputDataError(
                f"Region `{region}`: the image has no voxel of label {listed(absent)}.", path=path
            )
