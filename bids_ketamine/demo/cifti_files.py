"""CIFTI files of all 91,282 grayordinates of the standard, with made-up structures.

The medial wall and the shapes of structures are made up (vertices with the highest numbers, and
balls round each structure's centre); names, order, numbers, sides and volume are the standard's.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.cifti2 import BrainModelAxis, LabelAxis, SeriesAxis
from numpy.typing import NDArray

from bids_ketamine.images.grayordinates import AFFINE, LEFT, N_VERTICES, RIGHT, SHAPE
from bids_ketamine.images.grayordinates_91k import STRUCTURES

#: Centres of the structures on the right, mm; those on the left are mirrored.
CENTRES = {
    "ACCUMBENS": (10, 12, -8),
    "AMYGDALA": (23, -4, -20),
    "BRAIN_STEM": (0, -30, -40),
    "CAUDATE": (13, 12, 12),
    "CEREBELLUM": (28, -62, -36),
    "DIENCEPHALON_VENTRAL": (12, -12, -10),
    "HIPPOCAMPUS": (27, -24, -12),
    "PALLIDUM": (20, -4, 0),
    "PUTAMEN": (28, 2, 2),
    "THALAMUS": (12, -18, 8),
}
PREFIX = "CIFTI_STRUCTURE_"

#: Place of slope and intercept in the header of NIfTI-2, bytes.
SLOPE_PLACE = 176


@cache
def structure_voxels() -> dict[str, NDArray[np.intp]]:
    """Return the voxels (n, 3) of each subcortical structure: disjoint balls, left at x < 0."""
    box = [np.arange(13, 79), np.arange(13, 84), np.arange(54)]  # head without the upper half
    indices = np.stack(np.meshgrid(*box, indexing="ij"), axis=-1).reshape(-1, 3)
    points = (indices @ AFFINE[:3, :3].T + AFFINE[:3, 3]).astype(np.float32)
    free = np.ones(len(points), dtype=bool)
    voxels = {}
    for name, size in STRUCTURES.items():
        if name in (LEFT, RIGHT):
            continue
        kind, _, side = name.rpartition("_")
        kind = kind if side in ("LEFT", "RIGHT") else name
        sign = {"LEFT": -1, "RIGHT": 1}.get(side, 0)
        centre = np.array(CENTRES[kind], dtype=np.float32) * [sign or 1, 1, 1]
        there = np.flatnonzero(free & (sign * points[:, 0] > 0) if sign else free)
        away = ((points[there] - centre) ** 2).sum(axis=1)
        chosen = there[np.argsort(away, kind="stable")[:size]]
        free[chosen] = False
        voxels[name] = indices[np.sort(chosen)]
    return voxels


def structure_axis(
    name: str, *, affine: NDArray[np.floating] = AFFINE, voxels: NDArray[np.intp] | None = None
) -> BrainModelAxis:
    """Return the grayordinates of one structure of the standard.

    Parameters
    ----------
    name : str
        Without ``CIFTI_STRUCTURE_``.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    voxels : ndarray of shape (n, 3), optional
        Indices; those of `structure_voxels` by default.
    """
    if name in (LEFT, RIGHT):
        # from_surface takes any vertices; the medial wall is those with the highest numbers.
        return BrainModelAxis.from_surface(np.arange(STRUCTURES[name]), N_VERTICES, PREFIX + name)
    inside = structure_voxels()[name] if voxels is None else voxels
    return BrainModelAxis(PREFIX + name, voxel=inside, affine=affine, volume_shape=SHAPE)


def joined(parts: Sequence[BrainModelAxis]) -> BrainModelAxis:
    """Return structures one after the other."""
    volume = next((part for part in parts if part.affine is not None), parts[0])
    # Adding axes one by one costs seconds.
    return BrainModelAxis(
        np.concatenate([part.name for part in parts]),
        voxel=np.concatenate([part.voxel for part in parts]),
        vertex=np.concatenate([part.vertex for part in parts]),
        affine=volume.affine,
        volume_shape=volume.volume_shape,
        nvertices={name: n for part in parts for name, n in part.nvertices.items()},
    )


@cache
def standard_axis() -> BrainModelAxis:
    """Return the standard 91,282 grayordinates."""
    return joined([structure_axis(name) for name in STRUCTURES])


def write_series(
    path: Path,
    data: NDArray[np.number],
    axis: BrainModelAxis | None = None,
    *,
    t_r: float = 2.0,
    slope: float | None = None,
) -> Path:
    """Write a dense series, as fMRIPrep does.

    Parameters
    ----------
    path : Path
        Ends in ``.dtseries.nii``.
    data : ndarray of shape (n_volumes, n_grayordinates)
        Values; with `slope`, stored whole numbers of 16 bit.
    axis : BrainModelAxis, optional
        The grayordinates; those of the standard by default.
    t_r : float
        Repetition time, s.
    slope : float, optional
        Value of one step of the stored numbers; values are stored as they are without it.

    Returns
    -------
    Path
        The same.
    """
    series = SeriesAxis(start=0, step=t_r, size=len(data))
    stored = data.astype(np.float32 if slope is None else np.int16)
    image = nib.Cifti2Image(stored, header=(series, standard_axis() if axis is None else axis))
    image.nifti_header.set_intent("NIFTI_INTENT_CONNECTIVITY_DENSE_SERIES")
    nib.save(image, path)
    if slope is not None:
        # nibabel would look for a slope of its own.
        with path.open("r+b") as file:
            file.seek(SLOPE_PLACE)
            file.write(struct.pack("<2d", slope, 0.0))
    return path


def write_labels(
    path: Path, keys: NDArray[np.number], names: Mapping[int, str], axis: BrainModelAxis
) -> Path:
    """Write an atlas on grayordinates, key 0 being what is in no region.

    Parameters
    ----------
    path : Path
        Ends in ``.dlabel.nii``.
    keys : ndarray of shape (n_grayordinates,)
        Label of each.
    names : mapping of int to str
        Names of the labels.
    axis : BrainModelAxis
        The grayordinates.
    """
    table = {0: ("???", (1.0, 1.0, 1.0, 0.0))}
    table |= {key: (name, (0.5, 0.5, 0.5, 1.0)) for key, name in names.items()}
    image = nib.Cifti2Image(
        np.asarray(keys, dtype=np.float32)[None], header=(LabelAxis([""], [table]), axis)
    )
    image.nifti_header.set_intent("NIFTI_INTENT_CONNECTIVITY_DENSE_LABELS")
    nib.save(image, path)
    return path
