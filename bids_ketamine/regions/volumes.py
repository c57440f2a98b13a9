"""Images of regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bids_ketamine.dataset.content import content_error
from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.files import load_image, read_data
from bids_ketamine.regions.dense import dense_atlas, is_dense

#: Largest label that can be told from its neighbours in single precision.
LARGEST_LABEL = 2**24


#: Values closer to a whole number than this are that label.
WHOLE = 1e-3


@dataclass(frozen=True)
class RegionVolume:
    """An image of labels, or a mask.

    Attributes
    ----------
    labels : ndarray of int32, shape (x, y, z)
        Labels, 0 outside all of them; of a mask, 1 where it is above zero.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    fractions : bool
        Whether a mask has values between 0 and 1.
    """

    labels: np.ndarray
    affine: np.ndarray
    fractions: bool = False


def require_image(path: Path) -> None:
    """Refuse an image that is not there, before anything is said of its labels.

    Raises
    ------
    InputMissingError, InputDataError, ReadWriteError
        If its content is not there or cannot be read.
    """
    problem = content_error(path)
    if problem is not None:
        raise problem


def read_labels(path: Path) -> RegionVolume:
    """Read an image of integer labels; what is not finite or below zero is outside.

    Raises
    ------
    InputMissingError, InputDataError
        If it is not there, cannot be read, has not three dimensions, or holds numbers that are
        no labels.
    """
    values, affine = _values(path)
    labels = np.rint(values)
    if (np.abs(values - labels) > WHOLE).any():
        raise InputDataError(
            "The image holds values between whole numbers, which are no labels.",
            path=path,
            cure="It was interpolated: resample it with the nearest voxel. A mask is `mask: FILE`.",
        )
    if values.size and values.max() >= LARGEST_LABEL:
        raise InputDataError(f"The image holds labels from {LARGEST_LABEL} on.", path=path)
    return RegionVolume(np.maximum(labels, 0).astype(np.int32), affine)


def read_mask_volume(path: Path) -> RegionVolume:
    """Read a mask: label 1 wherever it is above zero.

    Raises
    ------
    InputMissingError, InputDataError
        If it is not there, cannot be read, or has not three dimensions.
    """
    values, affine = _values(path)
    fractions = bool(((values > 0) & (values < 1)).any())
    return RegionVolume((values > 0).astype(np.int32), affine, fractions)


def _values(path: Path) -> tuple[np.ndarray, np.ndarray]:
    require_image(path)
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
    return values, np.asarray(image.affine, dtype=float)


class ImageCheck:
    """Reads every image of regions once and tells what is wrong with it."""

    def __init__(self) -> None:
        self._labels: dict[tuple[Path, bool], frozenset[int]] = {}

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
            If it cannot be read; or if a label, or all of the mask, is not there.
        """
        masked = not indices
        if 0 in indices:
            raise InputDataError(f"Region `{region}`: label 0 is the background.", path=path)
        if (path, masked) not in self._labels:
            self._labels[path, masked] = _labels_there(path, masked=masked)
        there = self._labels[path, masked]
        if masked and 1 not in there:
            raise InputDataError(f"Region `{region}`: the mask has no voxel above zero.", path=path)
        absent = [str(index) for index in indices if index not in there]
        if absent:
            what = "grayordinate" if is_dense(path) else "voxel"
            raise InputDataError(
                f"Region `{region}`: the image has no {what} of label {listed(absent)}.", path=path
            )


def _labels_there(path: Path, *, masked: bool) -> frozenset[int]:
    if not masked and is_dense(path):
        return dense_atlas(path).keys
    volume = read_mask_volume(path) if masked else read_labels(path)
    return frozenset(np.unique(volume.labels).tolist())
