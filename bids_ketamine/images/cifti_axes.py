"""The description of a CIFTI file's axes (XML), parsed without a Python call for each vertex.

nibabel's parser appends the places of grayordinates one by one, which takes longer than reading
the values of a run. Here these texts are taken out of the XML, read as arrays, and put back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from nibabel.cifti2 import Cifti2VertexIndices, Cifti2VoxelIndicesIJK
from nibabel.cifti2.parse_cifti2 import Cifti2Parser

VERTICES, VOXELS = b"VertexIndices", b"VoxelIndicesIJK"
#: Places of the grayordinates of a structure; anything but numbers is left to the parser.
PLACES = re.compile(rb"<(VertexIndices|VoxelIndicesIJK)>([\d\s]+)</\1>")

#: Longest number that is read here: a longer one does not fit into 64 bits.
TOO_LONG = re.compile(rb"\d{18}")


class _Places:
    """Places kept as an array, and as the file writes them."""

    def __init__(self, text: bytes, n_columns: int) -> None:
        super().__init__()
        self._text = text.decode()
        values = np.fromstring(self._text, dtype=np.int64, sep=" ")
        self._values = values if n_columns == 1 else values.reshape(-1, n_columns)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, place: Any) -> Any:
        return self._values[place]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._values, dtype=dtype)


class Vertices(_Places, Cifti2VertexIndices):
    """Vertices of a structure."""

    def __init__(self, text: bytes) -> None:
        super().__init__(text, 1)

    def _to_xml_element(self) -> Element:
        return _element(VERTICES, self._text)


class Voxels(_Places, Cifti2VoxelIndicesIJK):
    """Voxels of a structure, three numbers each."""

    def __init__(self, text: bytes) -> None:
        super().__init__(text, 3)

    def _to_xml_element(self) -> Element:
        return _element(VOXELS, self._text)


def _element(name: bytes, text: str) -> Element:
    element = Element(name.decode())
    element.text = text
    return element


def parse_axes(xml: bytes) -> Any:
    """Parse the description of a CIFTI file.

    Parameters
    ----------
    xml : bytes
        As the file has it.

    Returns
    -------
    nibabel.cifti2.Cifti2Matrix
        As nibabel's parser makes it.

    Raises
    ------
    Exception
        What nibabel's parser raises on XML that is not CIFTI's
        (:data:`~bids_ketamine.images.cifti_files.UNREADABLE`).
    """
    found = [(match[1], match[2]) for match in PLACES.finditer(xml)]
    if not found or b"_PARCELS" in xml or TOO_LONG.search(xml):
        return _parsed(xml)
    matrix = _parsed(PLACES.sub(rb"<\1></\1>", xml))
    models = [model for index_map in matrix for model in index_map.brain_models]
    if [_kinds(model) for model in models] != [{kind} for kind, _ in found]:
        return _parsed(xml)
    for model, (kind, text) in zip(models, found, strict=True):
        if kind == VERTICES:
            model.vertex_indices = Vertices(text)
        else:
            model.voxel_indices_ijk = Voxels(text)
    return matrix


def _kinds(model: Any) -> set[bytes]:
    """Return which lists of places a structure has."""
    lists = ((VERTICES, model.vertex_indices), (VOXELS, model.voxel_indices_ijk))
    return {kind for kind, places in lists if places is not None}


def _parsed(xml: bytes) -> Any:
    parser = Cifti2Parser()
    parser.parse(string=xml)
    return parser.header.matrix
