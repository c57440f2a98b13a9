"""Grayordinates: which vertex or voxel each place of a CIFTI file is, and the standard 91k of them.

Of series the 91,282 grayordinates of HCP and fMRIPrep (``den-91k``) are taken and no others,
although each names itself: fMRIPrep writes no other, and a file that departs from them was put
together by something else, which is where sides and structures get mixed up. Vertices and voxels
may stand in any order within their structure, and the two ways of writing the 2-mm volume (x to
the left or to the right) are both taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_files import AGAIN, UNREADABLE
from bids_ketamine.images.grid import AFFINE_TOLERANCE, Grid

LEFT, RIGHT = "CORTEX_LEFT", "CORTEX_RIGHT"
#: Vertices of a hemisphere of fsLR, by the name of the density.
VERTICES = {32_492: "32k", 59_292: "59k", 163_842: "164k"}
#: Vertices of a hemisphere in the standard.
N_VERTICES = 32_492

#: Longest edge of a volume, voxels.
LARGEST_SIZE = 2**14

#: The volume of the standard: MNI152NLin6Asym, 2 mm.
SHAPE = (91, 109, 91)
AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
MIRRORED = np.array([[2.0, 0, 0, -90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])


@dataclass(frozen=True)
class Structure:
    """A structure of a CIFTI file.

    Attributes
    ----------
    name : str
        As CIFTI names it, without ``CIFTI_STRUCTURE_``.
    columns : slice
        Its grayordinates.
    n_vertices : int
        Vertices of its whole surface; 0 for a structure of voxels.
    """

    name: str
    columns: slice
    n_vertices: int

    @property
    def size(self) -> int:
        """Number of its grayordinates."""
        return self.columns.stop - self.columns.start


@dataclass(frozen=True, eq=False)
class Grayordinates:
    """The vertices and voxels of a CIFTI file, in its order.

    Attributes
    ----------
    structures : tuple of Structure
        In the order of the file.
    vertices : ndarray of int, shape (n,)
        Vertex of its surface; -1 for voxels.
    voxels : ndarray of int, shape (n, 3)
        Indices in the volume; -1 for vertices.
    shape : tuple of (int, int, int)
        Of the volume; of no size without voxels.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    """

    structures: tuple[Structure, ...]
    vertices: np.ndarray
    voxels: np.ndarray
    shape: tuple[int, int, int]
    affine: np.ndarray

    def __len__(self) -> int:
        return len(self.vertices)

    @property
    def surfaces(self) -> dict[str, Structure]:
        """Structures of vertices by name."""
        return {each.name: each for each in self.structures if each.n_vertices}

    def same_as(self, other: Grayordinates) -> bool:
        """Tell whether two files have the same vertices and voxels in the same order."""
        return self is other or (
            self.structures == other.structures
            and self.shape == other.shape
            and np.allclose(self.affine, other.affine, atol=AFFINE_TOLERANCE)
            and np.array_equal(self.vertices, other.vertices)
            and np.array_equal(self.voxels, other.voxels)
        )

    @cached_property
    def grid(self) -> Grid:
        """The volume; its brain are the voxels that the file has."""
        brain = np.zeros(self.shape, dtype=bool)
        brain[tuple(self.voxels[self.vertices < 0].T)] = True
        return Grid(brain, self.affine)

    @cached_property
    def _column_of_voxel(self) -> np.ndarray:
        columns = np.full(self.shape, -1, dtype=np.int32)
        inside = np.flatnonzero(self.vertices < 0)
        columns[tuple(self.voxels[inside].T)] = inside
        return columns.reshape(-1)

    def columns_of_voxels(self, places: np.ndarray) -> np.ndarray:
        """Return the grayordinates of voxels.

        Parameters
        ----------
        places : ndarray of int, shape (n,)
            Places in the flattened volume (in C order), as of regions on :attr:`grid`.

        Returns
        -------
        ndarray of int32, shape (n,)
            Places in the file; -1 where it does not have the voxel.
        """
        return self._column_of_voxel[places]

    def columns_of_vertices(self, structure: str, vertices: np.ndarray) -> np.ndarray:
        """Return the grayordinates of vertices of a surface; -1 where there is none.

        Parameters
        ----------
        structure : str
            Such as ``CORTEX_LEFT``.
        vertices : ndarray of int, shape (n,)
            Vertices, counted from 0.
        """
        surface = self.surfaces.get(structure)
        if surface is None:
            return np.full(len(vertices), -1, dtype=np.int32)
        columns = np.full(surface.n_vertices, -1, dtype=np.int32)
        columns[self.vertices[surface.columns]] = np.arange(
            surface.columns.start, surface.columns.stop
        )
        return columns[vertices]


def read_grayordinates(index_map: Any, path: Path) -> Grayordinates:
    """Read the vertices and voxels that an axis of a CIFTI file names.

    nibabel's axis names grayordinates in the order in which structures are listed, whatever
    places they claim; here the two must agree.

    Parameters
    ----------
    index_map : nibabel.cifti2.Cifti2MatrixIndicesMap
        Of the type ``CIFTI_INDEX_TYPE_BRAIN_MODELS``.
    path : Path
        Its file.

    Raises
    ------
    InputDataError
        If places overlap or are left out, a structure or a grayordinate is there twice, a
        vertex or voxel lies outside its surface or volume, or the volume has no position.
    """
    try:
        models = sorted(index_map.brain_models, key=lambda model: model.index_offset)
        structures, vertices, voxels = [], [], []
        for model in models:
            name = str(model.brain_structure).removeprefix("CIFTI_STRUCTURE_")
            start, stop = model.index_offset, model.index_offset + model.index_count
            surface = model.model_type == "CIFTI_MODEL_TYPE_SURFACE"
            inside = np.array(model.vertex_indices if surface else model.voxel_indices_ijk)
            n_vertices = int(model.surface_number_of_vertices) if surface else 0
            structures.append(Structure(name, slice(start, stop), n_vertices))
            if len(inside) != stop - start or not len(inside):
                raise _wrong(f"{name} claims {stop - start} and lists {len(inside)}", path)
            size = len(inside)
            vertices.append(inside if surface else np.full(size, -1))
            voxels.append(np.full((size, 3), -1) if surface else inside.reshape(size, 3))
        shape, affine = _volume(index_map)
    except UNREADABLE as error:
        raise _wrong("their description is not complete", path) from error
    if not structures:
        raise _wrong("there are none", path)
    found = Grayordinates(
        tuple(structures), np.concatenate(vertices), np.concatenate(voxels), shape, affine
    )
    _check_places(found, path)
    return found


def _volume(index_map: Any) -> tuple[tuple[int, int, int], np.ndarray]:
    if index_map.volume is None:
        return (0, 0, 0), np.eye(4)
    n_x, n_y, n_z = (int(size) for size in index_map.volume.volume_dimensions)
    transform = index_map.volume.transformation_matrix_voxel_indices_ijk_to_xyz
    affine = np.array(transform.matrix, dtype=float)
    affine[:3] *= 10.0 ** (int(transform.meter_exponent) + 3)
    possible = all(0 < size <= LARGEST_SIZE for size in (n_x, n_y, n_z))
    if affine.shape != (4, 4) or not possible or not np.isfinite(affine).all():
        raise ValueError("a volume without a size or a position")
    return (n_x, n_y, n_z), affine


def _check_places(found: Grayordinates, path: Path) -> None:
    """Refuse grayordinates that are counted twice or cannot be."""
    starts = [each.columns.start for each in found.structures]
    stops = [each.columns.stop for each in found.structures]
    if starts != [0, *stops[:-1]]:
        raise _wrong("their places overlap or leave some out", path)
    names = [each.name for each in found.structures]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _wrong(f"{twice} is there twice", path)
    for each in found.structures:
        inside = found.vertices[each.columns] if each.n_vertices else found.voxels[each.columns]
        limit = np.array(each.n_vertices if each.n_vertices else found.shape)
        if (inside < 0).any() or (inside >= limit).any():
            where = "surface" if each.n_vertices else "volume"
            raise _wrong(f"{each.name} has some outside its {where}", path)
        if each.n_vertices and len(np.unique(inside)) < len(inside):
            raise _wrong(f"{each.name} has a vertex twice", path)
    voxels = found.voxels[found.vertices < 0]
    if len(voxels):
        places = np.ravel_multi_index(tuple(voxels.T), found.shape)
        if len(np.unique(places)) < len(places):
            raise _wrong("a voxel is there twice", path)


def _wrong(why: str, path: Path) -> InputDataError:
    return InputDataError(
        f"The CIFTI file is damaged: of its grayordinates, {why}.", path=path, cure=AGAIN
    )


def same_volume(affine: np.ndarray, shape: Sequence[int]) -> bool:
    """Tell whether a volume is that of the standard, with x to the left or to the right."""
    return tuple(shape) == SHAPE and any(
        np.allclose(affine, each, atol=AFFINE_TOLERANCE) for each in (AFFINE, MIRRORED)
    )
