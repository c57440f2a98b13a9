"""Made CIFTI files for tests: those of the demo, tiny ones, and ones that depart from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from nibabel.cifti2 import BrainModelAxis

from bids_ketamine.demo.cifti_files import (
    CENTRES,
    PREFIX,
    joined,
    standard_axis,
    structure_axis,
    structure_voxels,
    write_labels,
    write_series,
)
from bids_ketamine.images.grayordinates import AFFINE, LEFT, N_VERTICES, RIGHT, SHAPE
from bids_ketamine.images.grayordinates_91k import STRUCTURES

__all__ = [
    "CENTRES",
    "PREFIX",
    "joined",
    "standard_axis",
    "structure_axis",
    "structure_voxels",
    "tiny_axis",
    "whole_surfaces",
    "write_labels",
    "write_series",
    "write_values",
]


def tiny_axis(
    names: Sequence[str] = tuple(STRUCTURES),
    *,
    n_vertices: int = N_VERTICES,
    affine: np.ndarray = AFFINE,
    shape: Sequence[int] = SHAPE,
) -> BrainModelAxis:
    """Return structures of one grayordinate each, which is quick to write."""
    parts = []
    for name in names:
        if name.startswith("CORTEX"):
            parts.append(BrainModelAxis.from_surface([0], n_vertices, PREFIX + name))
        else:
            inside = structure_voxels()[name][:1]
            parts.append(
                BrainModelAxis(PREFIX + name, voxel=inside, affine=affine, volume_shape=shape)
            )
    return joined(parts)


def write_values(made: Path, path: Path, data: np.ndarray) -> Path:
    """Write a series (n_scans, n_grayordinates) behind the header of one of as many volumes."""
    values = np.ascontiguousarray(data.T, dtype=np.float32).tobytes()
    path.write_bytes(made.read_bytes()[: -len(values)] + values)
    return path


def whole_surfaces() -> BrainModelAxis:
    """Return both hemispheres with their medial wall, as atlases without a volume have them."""
    return joined(
        [
            BrainModelAxis.from_surface(np.arange(N_VERTICES), N_VERTICES, PREFIX + name)
            for name in (LEFT, RIGHT)
        ]
    )
