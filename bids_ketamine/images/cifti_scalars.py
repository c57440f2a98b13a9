"""Maps on grayordinates (``*.dscalar.nii``): written and read, one map a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import nibabel as nib
import numpy as np
from nibabel.cifti2 import Cifti2Header, Cifti2Matrix, ScalarAxis
from nibabel.cifti2.parse_cifti2 import Cifti2Extension
from nibabel.nifti1 import Nifti1Extension

from bids_ketamine.errors import InputDataError, ReadWriteError
from bids_ketamine.images.cifti_files import (
    AGAIN,
    AXES,
    BRAIN_MODELS,
    HEADER_BYTES,
    LONGEST_XML,
    SCALARS,
    CiftiFile,
    read_cifti,
)
from bids_ketamine.images.grayordinates import Grayordinates, read_grayordinates

#: Stands for the name of a map.
NAME = "NAME OF THE MAP"

#: Where a NIfTI-2 header says the place of the first value.
OFFSET_PLACE = slice(168, 176)
#: Descriptions that a reader remembers; maps of one study have one or two.
REMEMBERED = 4


class ScalarMap(NamedTuple):
    """A map on grayordinates.

    Attributes
    ----------
    values : ndarray of float32, shape (n_grayordinates,)
        As stored.
    grayordinates : Grayordinates
        Where they are.
    models : nibabel.cifti2.Cifti2MatrixIndicesMap
        The same as the file says it, for further files.
    """

    values: np.ndarray
    grayordinates: Grayordinates
    models: Any


class ScalarWriter:
    """Writes maps on the same grayordinates, whose description is put into words once.

    Parameters
    ----------
    models : nibabel.cifti2.Cifti2MatrixIndicesMap
        Grayordinates along the second axis, as the series' own file says them.
    """

    def __init__(self, models: Any) -> None:
        matrix = Cifti2Matrix()
        matrix.append(ScalarAxis([NAME]).to_mapping(0))
        matrix.append(models)
        self._xml = bytes(Cifti2Header(matrix).to_xml())

    def save(self, values: np.ndarray, path: Path, *, name: str) -> None:
        """Write one map as float32; NaN becomes 0, as in volumes.

        Parameters
        ----------
        values : ndarray of shape (n_grayordinates,)
            The map.
        path : Path
            The file, ``*.dscalar.nii``.
        name : str
            Name of the map, which viewers show.

        Raises
        ------
        ReadWriteError
            If the file system fails.
        """
        xml = self._xml.replace(NAME.encode(), escape(name).encode(), 1)
        header = nib.Nifti2Header()
        header.set_intent("NIFTI_INTENT_CONNECTIVITY_DENSE_SCALARS", name="ConnDenseScalar")
        header.extensions.append(Nifti1Extension(Cifti2Extension.code, xml))
        data = np.nan_to_num(values).astype(np.float32)
        # nibabel's own image of CIFTI puts the description into words for each file: 0.2 s.
        image = nib.Nifti2Image(data.reshape(1, 1, 1, 1, 1, -1), None, header)
        image.header["pixdim"][:4] = 1
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            nib.save(image, path)
        except OSError as error:
            raise ReadWriteError(
                f"The map cannot be written: {error.strerror}.", path=path
            ) from error


class ScalarReader:
    """Reads maps on grayordinates; a description that came before is not understood anew."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[CiftiFile, Grayordinates]] = {}

    def read(self, path: Path) -> ScalarMap:
        """Read a file of one map.

        Parameters
        ----------
        path : Path
            Such as ``*_statmap.dscalar.nii``.

        Returns
        -------
        ScalarMap
            The map.

        Raises
        ------
        InputMissingError, ReadWriteError
            If the file is not there or cannot be read.
        InputDataError
            If it is no CIFTI-2 file, is cut off, or holds anything but one map.
        """
        # The same bytes before the values: their type, number and places are the same.
        head = _head(path)
        if head not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[head] = _described(path)
        file, grayordinates = self._known[head]
        values = replace(file, path=path).rows(0, file.shape[1])[:, 0]
        return ScalarMap(values, grayordinates, file.maps[1])


def _head(path: Path) -> bytes:
    """Return all bytes before the values; of what cannot be read, nothing."""
    try:
        with path.open("rb") as stream:
            start = stream.read(HEADER_BYTES)
            offset = int.from_bytes(start[OFFSET_PLACE], "little")
            return start + stream.read(max(0, min(offset, LONGEST_XML) - HEADER_BYTES))
    except OSError:
        return b""


def _described(path: Path) -> tuple[CiftiFile, Grayordinates]:
    file = read_cifti(path)
    if file.kinds != (SCALARS, BRAIN_MODELS) or file.shape[0] != 1:
        first, second = (AXES.get(kind, f"`{kind}`") for kind in file.kinds)
        raise InputDataError(
            f"The CIFTI file is not one map on grayordinates: its axes hold {first} "
            f"({file.shape[0]}) and {second}.",
            path=path,
        )
    grayordinates = read_grayordinates(file.maps[1], path)
    if len(grayordinates) != file.shape[1]:
        raise InputDataError(
            f"The CIFTI file has {file.shape[1]} values, its description "
            f"{len(grayordinates)} grayordinates.",
            path=path,
            cure=AGAIN,
        )
    return file, grayordinates
