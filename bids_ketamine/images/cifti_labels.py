"""Dense labels (``*.dlabel.nii``): the regions of an atlas, vertex by vertex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_files import (
    AGAIN,
    AXES,
    BRAIN_MODELS,
    LABELS,
    CiftiFile,
    read_cifti,
)
from bids_ketamine.images.grayordinate_regions import GrayordinateRegion
from bids_ketamine.images.grayordinates import (
    LEFT,
    RIGHT,
    VERTICES,
    Grayordinates,
    read_grayordinates,
)

#: The key of what is in no region: the medial wall.
OUTSIDE = 0
#: Values closer to a whole number than this are that key.
WHOLE = 1e-3
#: Centres of voxels closer than this to each other are one, in voxels.
SAME_VOXEL = 0.01


@dataclass(frozen=True, eq=False)
class DenseLabels:
    """An atlas on grayordinates.

    Attributes
    ----------
    path : Path
        The file.
    grayordinates : Grayordinates
        Its own, with or without the medial wall.
    keys : ndarray of int32, shape (n_grayordinates,)
        Label of each; 0 for none.
    names : mapping of int to str
        Names by key as they stand in the file, without key 0: ``None`` is a name there.
    """

    path: Path
    grayordinates: Grayordinates
    keys: np.ndarray
    names: Mapping[int, str]


def read_dense_labels(path: Path, *, map_name: str | None = None) -> DenseLabels:
    """Read an atlas on grayordinates, such as Gordon's 333 areas or Schaefer's.

    Parameters
    ----------
    path : Path
        ``*.dlabel.nii``.
    map_name : str or None, optional
        Which of several maps is read; the only one where ``None``.

    Raises
    ------
    InputMissingError, ReadWriteError
        If the file is not there or cannot be read.
    InputDataError
        If it is no CIFTI-2 file of labels, is cut off, has several maps and none is named, or
        holds values that are no keys of its table.
    """
    file = read_cifti(path)
    if file.kinds != (LABELS, BRAIN_MODELS):
        first, second = (AXES.get(kind, f"`{kind}`") for kind in file.kinds)
        raise InputDataError(
            f"The CIFTI file is no atlas: its axes hold {first} and {second}, not maps of labels "
            "and grayordinates.",
            path=path,
            cure="Give a `.dlabel.nii` file.",
        )
    place, table = _chosen(list(file.maps[0].named_maps), file, map_name)
    grayordinates = read_grayordinates(file.maps[1], path)
    if len(grayordinates) != file.shape[1]:
        raise InputDataError(
            f"The matrix of the CIFTI file has {file.shape[1]:,} grayordinates, its description "
            f"{len(grayordinates):,}.",
            path=path,
            cure=AGAIN,
        )
    names = {int(key): str(label.label) for key, label in table.items()}
    keys = _keys(file.rows(0, file.shape[1])[:, place], names, path)
    names.pop(OUTSIDE, None)
    return DenseLabels(path, grayordinates, keys, names)


def _chosen(maps: list[Any], file: CiftiFile, wanted: str | None) -> tuple[int, Any]:
    """Return the place of a map and its table of labels."""
    if len(maps) != file.shape[0] or any(each.label_table is None for each in maps):
        raise InputDataError(
            "The CIFTI file is damaged: it has not one table of labels for each of its maps.",
            path=file.path,
        )
    names = [str(each.map_name) for each in maps]
    if wanted is None and len(maps) == 1:
        return 0, maps[0].label_table
    if wanted not in names:
        told = ", ".join(f"`{name}`" for name in names[:10])
        raise InputDataError(
            f"The atlas has {len(maps)} maps ({told})"
            + ("." if wanted is None else f", none is `{wanted}`."),
            path=file.path,
            cure="Name one of them, or write it to a file of its own with `wb_command "
            "-cifti-merge`.",
        )
    return names.index(wanted), maps[names.index(wanted)].label_table


def _keys(values: np.ndarray, names: Mapping[int, str], path: Path) -> np.ndarray:
    values = np.nan_to_num(values, posinf=-1, neginf=-1)
    keys = np.rint(values)
    if (np.abs(values - keys) > WHOLE).any():
        raise InputDataError(
            "The atlas holds values between whole numbers, which are no labels.",
            path=path,
            cure="It was resampled as numbers: resample it as labels (`wb_command "
            "-cifti-resample`).",
        )
    known = {*names, OUTSIDE}
    unknown = [f"{key:g}" for key in np.unique(keys) if int(key) not in known]
    if unknown:
        raise InputDataError(
            f"The atlas holds {len(unknown)} labels that its table does not name: "
            f"{', '.join(unknown[:5])}.",
            path=path,
        )
    return keys.astype(np.int32)


def label_regions(
    labels: DenseLabels, wanted: Mapping[str, Sequence[int]], grayordinates: Grayordinates
) -> tuple[tuple[GrayordinateRegion, ...], tuple[str, ...]]:
    """Lay regions of an atlas on the grayordinates of a series, vertex by vertex.

    Parameters
    ----------
    labels : DenseLabels
        The atlas.
    wanted : mapping of str to sequence of int
        Keys of each region by its name.
    grayordinates : Grayordinates
        Of the series.

    Returns
    -------
    regions : tuple of GrayordinateRegion
        In the order of `wanted`; a key without a vertex in the series gives a region with the
        reason.
    notes : tuple of str
        What of the atlas the series does not have.

    Raises
    ------
    InputDataError
        If a key is not in the atlas, its surfaces have another number of vertices, or its
        voxels lie on another grid.
    """
    unknown = sorted({key for keys in wanted.values() for key in keys} - set(labels.names))
    if unknown:
        raise InputDataError(
            f"The atlas has no label {', '.join(map(str, unknown[:5]))}.", path=labels.path
        )
    columns = columns_in_series(labels, grayordinates)
    places = _places_of_keys(labels.keys)
    regions = []
    for name, keys in wanted.items():
        parts = [places[key] for key in set(keys) if key in places]
        inside = np.concatenate([np.empty(0, dtype=np.intp), *parts])
        own = columns[inside]
        there = np.sort(own[own >= 0])
        total = len(inside)
        problem = ""
        if not total:
            problem = "the atlas has no grayordinate of it"
        elif not len(there):
            problem = "the series has none of its grayordinates"
        title = ", ".join(labels.names[key] for key in keys)
        origin = f"{labels.path.name}: {title}"
        regions.append(GrayordinateRegion(name, there, total, origin, problem))
    lost = int(((columns < 0) & (labels.keys != OUTSIDE)).sum())
    notes = []
    if lost:
        notes.append(
            f"{labels.path.name}: {lost} of its {int((labels.keys != OUTSIDE).sum()):,} labelled "
            "grayordinates are not among those of the series"
        )
    return tuple(regions), tuple(notes)


def _places_of_keys(keys: np.ndarray) -> dict[int, np.ndarray]:
    """Return the places of each key in one pass; hundreds of regions share an atlas."""
    order = np.argsort(keys, kind="stable")
    there, starts = np.unique(keys[order], return_index=True)
    return dict(zip(there.tolist(), np.split(order, starts[1:]), strict=True))


def columns_in_series(labels: DenseLabels, grayordinates: Grayordinates) -> np.ndarray:
    """Match an atlas with a series: vertices by structure and number, voxels by their centre.

    Returns
    -------
    ndarray of int, shape (n_grayordinates of the atlas,)
        Grayordinate of the series; -1 where the series does not have it.

    Raises
    ------
    InputDataError
        If the surfaces have another number of vertices, or voxels lie on another grid.
    """
    own = labels.grayordinates
    columns = np.full(len(own), -1, dtype=np.intp)
    for surface in own.surfaces.values():
        match = grayordinates.surfaces.get(surface.name)
        if match is None:
            continue
        if match.n_vertices != surface.n_vertices:
            raise InputDataError(
                f"The atlas lies on a surface of {_density(surface.n_vertices)}, the series on one "
                f"of {_density(match.n_vertices)}: their vertices are not the same.",
                path=labels.path,
                cure="Give the atlas in `space-fsLR_den-32k` (or `den-91k`).",
            )
        columns[surface.columns] = grayordinates.columns_of_vertices(
            surface.name, own.vertices[surface.columns]
        )
    if not {LEFT, RIGHT} & set(own.surfaces) and not (own.vertices < 0).any():
        names = ", ".join(each.name for each in own.structures[:4])
        raise InputDataError(f"The atlas has no cortex, but {names}.", path=labels.path)
    volume = own.vertices < 0
    if volume.any():
        columns[volume] = _columns_of_centres(labels, own.voxels[volume], grayordinates)
    return columns


def _density(n_vertices: int) -> str:
    density = VERTICES.get(n_vertices)
    return f"{n_vertices:,} vertices a hemisphere" + (f" ({density})" if density else "")


def _columns_of_centres(
    labels: DenseLabels, voxels: np.ndarray, grayordinates: Grayordinates
) -> np.ndarray:
    """Match voxels by their centres in mm, whichever way each file counts x."""
    to_series = np.linalg.inv(grayordinates.affine) @ labels.grayordinates.affine
    places = voxels @ to_series[:3, :3].T + to_series[:3, 3]
    nearest = np.rint(places)
    if np.abs(places - nearest).max() > SAME_VOXEL:
        raise InputDataError(
            "The voxels of the atlas lie on another grid than those of the series.",
            path=labels.path,
            cure="Give the atlas in `den-91k`, or its volume as `*_dseg.nii.gz`.",
        )
    inside = ((nearest >= 0) & (nearest < grayordinates.shape)).all(axis=1)
    columns = np.full(len(voxels), -1, dtype=np.intp)
    indices = tuple(nearest[inside].astype(np.intp).T)
    columns[inside] = grayordinates.columns_of_voxels(
        np.ravel_multi_index(indices, grayordinates.shape)
    )
    return columns
