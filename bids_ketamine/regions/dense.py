"""Atlases on grayordinates (``*.dlabel.nii``) as a study names them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from bids_ketamine.dataset.content import content_error
from bids_ketamine.errors import UsageError
from bids_ketamine.images.cifti_labels import OUTSIDE, DenseLabels, read_dense_labels
from bids_ketamine.regions.labels import Label, LabelTable

#: End of the names of such atlases.
EXTENSION = ".dlabel.nii"


def is_dense(path: Path | None) -> bool:
    """Tell whether a file is an atlas on grayordinates, by its name."""
    return path is not None and path.name.endswith(EXTENSION)


class DenseAtlas(NamedTuple):
    """What an atlas on grayordinates has.

    Attributes
    ----------
    table : LabelTable
        Labels of the file's own table that have grayordinates: ``None`` is a name there.
    keys : frozenset of int
        Their keys.
    """

    table: LabelTable
    keys: frozenset[int]


def read_dense(path: Path) -> DenseLabels:
    """Read an atlas on grayordinates; a link whose content is not here is told as such.

    Raises
    ------
    InputMissingError, InputDataError, ReadWriteError
        If it is not there, cannot be read, or is no such atlas.
    """
    problem = content_error(path)
    if problem is not None:
        raise problem
    return read_dense_labels(path)


def dense_atlas(path: Path) -> DenseAtlas:
    """Return the labels of an atlas on grayordinates.

    Raises
    ------
    InputMissingError, InputDataError, ReadWriteError
        As :func:`read_dense`.
    """
    atlas = read_dense(path)
    keys = frozenset(int(key) for key in np.unique(atlas.keys) if key != OUTSIDE)
    labels = tuple(Label(key, atlas.names[key]) for key in sorted(keys))
    return DenseAtlas(LabelTable(path.name, labels), keys)


def require_surfaces(path: Path, *, of_grayordinates: bool) -> None:
    """Refuse an atlas on grayordinates for series of volumes.

    Raises
    ------
    UsageError
        If the series are volumes.
    """
    if not of_grayordinates:
        raise UsageError(
            "The atlas lies on grayordinates (CIFTI), the series are volumes.",
            path=path,
            cure="Give the atlas as an image (`*_dseg.nii.gz`), or read CIFTI series with "
            "`inputs: {space: fsLR}`.",
        )
