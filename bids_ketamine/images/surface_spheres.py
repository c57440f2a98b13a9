"""Spheres of the cortex on surfaces: vertices of the midthickness within a radius."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.parsers.expat import ExpatError

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError

from bids_ketamine.errors import InputDataError, InputMissingError, ReadWriteError
from bids_ketamine.images.grayordinate_regions import GrayordinateRegion
from bids_ketamine.images.grayordinates import LEFT, N_VERTICES, RIGHT, Grayordinates

#: Largest file that is parsed, bytes; a surface of 32,492 vertices has less than 2 MB.
LARGEST_SURFACE = 64 * 2**20
#: Farthest that a vertex lies from the origin of the MNI space, mm.
FARTHEST = 150.0

DAMAGED = (ExpatError, ImageFileError, ValueError, TypeError, KeyError, IndexError, zlib.error)


class Midthickness(NamedTuple):
    """The middle of the cortex of a template.

    Attributes
    ----------
    left, right : ndarray of shape (32492, 3)
        Vertices, mm in MNI152NLin6Asym.
    """

    left: np.ndarray
    right: np.ndarray


def read_midthickness(left: Path, right: Path) -> Midthickness:
    """Read the midthickness of a template, such as TemplateFlow's of fsLR.

    Parameters
    ----------
    left, right : Path
        ``tpl-fsLR_den-32k_hemi-L_midthickness.surf.gii`` and ``hemi-R``.

    Raises
    ------
    InputMissingError, ReadWriteError
        If a file is not there or cannot be read.
    InputDataError
        If it is damaged, a participant's own, has not 32,492 vertices, or lies on the other
        side.
    """
    surfaces = []
    for path, side in ((left, -1), (right, 1)):
        if path.name.startswith("sub-"):
            raise InputDataError(
                "The surface is a participant's: its millimetres are those of their own anatomy, "
                "not of the MNI space.",
                path=path,
                cure="Give the template's, `tpl-fsLR_den-32k_hemi-L_midthickness.surf.gii`.",
            )
        points = _points(path)
        if np.sign(points[:, 0].mean()) != side:
            found, wanted = ("right", "left") if side < 0 else ("left", "right")
            raise InputDataError(
                f"The surface of the {wanted} hemisphere lies on the {found}.",
                path=path,
                cure="Name the left surface first, then the right one.",
            )
        surfaces.append(points)
    return Midthickness(*surfaces)


def _points(path: Path) -> np.ndarray:
    try:
        if not path.is_file():
            raise InputMissingError(
                "The surface does not exist, or is no file.",
                path=path,
                cure="Copy it there, or correct `regions.midthickness` in the study file.",
            )
        if path.stat().st_size > LARGEST_SURFACE:
            raise InputDataError("The surface is larger than any of 32,492 vertices.", path=path)
        arrays = nib.load(path).agg_data("pointset")
        points = np.asarray(arrays, dtype=float)
    except DAMAGED as error:
        raise InputDataError(
            "The surface is damaged, or no GIFTI file.", path=path, cure="Copy or make it again."
        ) from error
    except OSError as error:
        raise ReadWriteError(f"The surface cannot be read: {error.strerror}.", path=path) from error
    if points.shape != (N_VERTICES, 3):
        raise InputDataError(
            f"The surface has points of the shape {points.shape}, not ({N_VERTICES}, 3).",
            path=path,
            cure="Give the midthickness of `den-32k`.",
        )
    if not np.isfinite(points).all() or np.abs(points).max() > FARTHEST:
        raise InputDataError("The surface has vertices far outside the head.", path=path)
    return points


def surface_sphere(
    name: str,
    centres: Sequence[Sequence[float]],
    radius: float,
    midthickness: Midthickness,
    grayordinates: Grayordinates,
    *,
    origin: str = "",
) -> GrayordinateRegion:
    """Return the vertices of the cortex within a distance of one of several centres.

    Distances are straight lines in space, as those of spheres of voxels are; they may reach
    over a sulcus.

    Parameters
    ----------
    name : str
        Name of the region.
    centres : sequence of (float, float, float)
        mm in MNI152NLin6Asym.
    radius : float
        mm.
    midthickness : Midthickness
        Where the vertices lie.
    grayordinates : Grayordinates
        Of the series.
    origin : str, optional
        What it is made of, in words.

    Returns
    -------
    GrayordinateRegion
        With the reason where no vertex lies within the radius.
    """
    columns, total = [], 0
    for structure, points in ((LEFT, midthickness.left), (RIGHT, midthickness.right)):
        near = np.zeros(len(points), dtype=bool)
        for centre in centres:
            near |= ((points - np.asarray(centre, dtype=float)) ** 2).sum(axis=1) <= radius**2
        vertices = np.flatnonzero(near)
        total += len(vertices)
        columns.append(grayordinates.columns_of_vertices(structure, vertices))
    every = np.concatenate(columns)
    inside = np.sort(every[every >= 0]).astype(np.intp)
    problem = ""
    if not len(inside):
        problem = (
            f"no vertex of the cortex lies within {radius:g} mm of its centre"
            if not total
            else "it lies on the medial wall"
        )
    return GrayordinateRegion(name, inside, total, origin, problem)
