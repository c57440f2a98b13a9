"""Transforms between templates, in ITK's HDF5 files as TemplateFlow has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bids_ketamine.errors import InputDataError

#: ITK's coordinates run to the left and to the back, NIfTI's to the right and to the front.
LPS = np.diag([-1.0, -1.0, 1.0])
#: Memory of a displacement field of 1 mm while it is read, GB.
FIELD_GB = 0.4


@dataclass(frozen=True)
class AffineStep:
    """A linear step: ``p -> matrix p + offset`` (LPS, mm)."""

    matrix: np.ndarray
    offset: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return moved points, shape (n, 3)."""
        return points @ self.matrix.T + self.offset


@dataclass(frozen=True)
class FieldStep:
    """A displacement field: ``p -> p + d(p)``, linear between its points, none outside it.

    Attributes
    ----------
    field : ndarray of float32, shape (3, x, y, z)
        Displacement, mm (LPS).
    inverse : ndarray of shape (4, 4)
        LPS mm to indices of the field.
    """

    field: np.ndarray
    inverse: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return moved points, shape (n, 3)."""
        from scipy.ndimage import map_coordinates

        where = self.inverse[:3, :3] @ points.T + self.inverse[:3, 3:]
        moved = [map_coordinates(each, where, order=1, mode="constant") for each in self.field]
        return points + np.stack(moved, axis=-1)


@dataclass(frozen=True)
class TemplateTransform:
    """Points of one template to those of another.

    Attributes
    ----------
    steps : tuple of callable
        In the order in which they are applied.
    """

    steps: tuple[AffineStep | FieldStep, ...]

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Move points.

        Parameters
        ----------
        points : ndarray of shape (n, 3)
            mm, in NIfTI's coordinates, of the template that images are brought to.

        Returns
        -------
        ndarray of shape (n, 3)
            mm, of the template that images come from.
        """
        moved = points @ LPS
        for step in self.steps:
            moved = step(moved)
        return moved @ LPS


def read_transform(path: Path, *, check_only: bool = False) -> TemplateTransform:
    """Read a composite transform.

    ITK stores the steps of a composite in the order in which they were added; the last one is
    applied first.

    Parameters
    ----------
    path : Path
        Such as ``tpl-A_from-B_mode-image_xfm.h5``: images of B to A, which is points of A to B.
    check_only : bool, optional
        Whether displacement fields are left unread.

    Raises
    ------
    InputDataError
        If it is damaged, or holds steps that are neither affine nor displacement fields.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            group = file["TransformGroup"]
            numbers = sorted((name for name in group if name != "0"), key=int)
            steps = [_step(group[name], check_only=check_only) for name in numbers]
        if not steps:
            raise ValueError("no steps")
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InputDataError(
            f"The transform cannot be read ({error}).",
            path=path,
            cure="Remove the file and fetch it from TemplateFlow again.",
        ) from error
    return TemplateTransform(tuple(reversed(steps)))


def _step(group: Any, *, check_only: bool) -> AffineStep | FieldStep:
    kind = bytes(group["TransformType"][0]).decode("ascii", errors="replace")
    # The word is misspelt in files of older versions of ITK.
    word = "Transform" if "TransformParameters" in group else "Tranform"
    fixed = np.asarray(group[f"{word}FixedParameters"], dtype=float)
    values = group[f"{word}Parameters"]
    if kind.startswith(("AffineTransform", "MatrixOffsetTransformBase")):
        return _affine_step(np.asarray(values, dtype=float), fixed)
    if kind.startswith("DisplacementFieldTransform"):
        return _field_step(values, fixed, check_only=check_only)
    raise ValueError(f"a step of the unknown type {kind}")


def _affine_step(values: np.ndarray, centre: np.ndarray) -> AffineStep:
    if values.shape != (12,) or centre.shape != (3,):
        raise ValueError("an affine step without its 12 parameters")
    matrix = values[:9].reshape(3, 3)
    return AffineStep(matrix, values[9:] + centre - matrix @ centre)


def _field_step(values: Any, fixed: np.ndarray, *, check_only: bool) -> FieldStep:
    if fixed.shape != (18,):
        raise ValueError("a displacement field without its grid")
    shape: Sequence[int] = fixed[:3].astype(int).tolist()
    if values.shape != (3 * int(np.prod(shape)),):
        raise ValueError("a displacement field that does not fill its grid")
    affine = np.eye(4)
    affine[:3, :3] = fixed[9:].reshape(3, 3) * fixed[6:9]
    affine[:3, 3] = fixed[3:6]
    if check_only:
        return FieldStep(np.zeros((3, 1, 1, 1), dtype=np.float32), np.linalg.inv(affine))
    # The three components of a point lie side by side, then x runs fastest.
    field = values[:].astype(np.float32, copy=False).reshape((3, *shape), order="F")
    return FieldStep(np.ascontiguousarray(field), np.linalg.inv(affine))
