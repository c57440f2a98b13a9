"""CIFTI-2 files: what the header claims, checked before any value is read.

A CIFTI file is a NIfTI-2 file whose matrix has two axes, described by XML in the header. Along the
first axis values lie beside each other in the file, so that of a dense series each grayordinate
has its whole series in one place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO
from xml.parsers.expat import ExpatError

import nibabel as nib
import numpy as np
from nibabel.arrayproxy import ArrayProxy
from nibabel.cifti2 import Cifti2HeaderError
from nibabel.cifti2.parse_cifti2 import Cifti2Extension

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_axes import parse_axes
from bids_ketamine.images.headers import (
    LARGEST_FACTOR,
    OTHER_TYPES,
    REAL_TYPES,
    SMALLEST_FACTOR,
)
from bids_ketamine.images.memory import in_bytes
from bids_ketamine.images.opening import AGAIN, opened
from bids_ketamine.images.voxels import read_whole

#: Bytes of a NIfTI-2 header, of the mark of its extensions, and of the head of each of them.
HEADER_BYTES, MARK_BYTES, HEAD_BYTES = 540, 4, 8
#: Longest XML that is parsed, bytes; that of 170,494 grayordinates has about 2 MB.
LONGEST_XML = 64 * 2**20

SERIES, BRAIN_MODELS = "CIFTI_INDEX_TYPE_SERIES", "CIFTI_INDEX_TYPE_BRAIN_MODELS"
LABELS = "CIFTI_INDEX_TYPE_LABELS"
SCALARS = "CIFTI_INDEX_TYPE_SCALARS"
#: What an axis holds, in words.
AXES = {
    SERIES: "a series",
    BRAIN_MODELS: "grayordinates",
    LABELS: "maps of labels",
    SCALARS: "maps of numbers",
    "CIFTI_INDEX_TYPE_PARCELS": "parcels",
}

#: What nibabel raises on XML that is not CIFTI's.
UNREADABLE: tuple[type[Exception], ...] = (
    *(ExpatError, Cifti2HeaderError, ValueError, TypeError, KeyError),
    *(IndexError, AttributeError, AssertionError),
)


@dataclass(frozen=True, eq=False)
class CiftiFile:
    """A CIFTI-2 file whose claims can be true; nothing of its matrix is in memory.

    Attributes
    ----------
    path : Path
        The file.
    shape : tuple of (int, int)
        Length of the first and of the second axis.
    maps : tuple of nibabel.cifti2.Cifti2MatrixIndicesMap
        What the first and the second axis hold.
    claim : nibabel.arrayproxy.ArrayProxy
        Type, offset and factors of the matrix.
    """

    path: Path
    shape: tuple[int, int]
    maps: tuple[Any, Any]
    claim: ArrayProxy

    @property
    def kinds(self) -> tuple[str, str]:
        """Types of the two axes, as CIFTI names them."""
        first, second = (str(each.indices_map_to_data_type) for each in self.maps)
        return first, second

    def rows(self, first: int, last: int) -> np.ndarray:
        """Read the values of some places of the second axis, which lie together in the file.

        Parameters
        ----------
        first, last : int
            The first place, and the one after the last.

        Returns
        -------
        ndarray of float32, shape (last - first, n_first_axis)
            Real values, row by row.

        Raises
        ------
        ReadWriteError
            If the file system fails.
        InputDataError
            If the file is cut off, or memory runs out.
        """
        length = self.shape[0]
        part = ArrayProxy(
            self.path,
            (
                (length, last - first),
                self.claim.dtype,
                self.claim.offset + first * length * self.claim.dtype.itemsize,
                self.claim.slope,
                self.claim.inter,
            ),
        )
        # A value beyond single precision is infinite then, as one that is not finite is.
        with np.errstate(over="ignore", invalid="ignore"):
            return read_whole(SimpleNamespace(dataobj=part), self.path, np.float32).T


def read_cifti(path: Path) -> CiftiFile:
    """Read the header of a CIFTI-2 file and check what it claims.

    Parameters
    ----------
    path : Path
        The file, such as ``*.dtseries.nii``; never compressed.

    Returns
    -------
    CiftiFile
        The file; its matrix is read later.

    Raises
    ------
    InputMissingError
        If there is no such file.
    ReadWriteError
        If the file system does not let it be read.
    InputDataError
        If it is no CIFTI-2 file, is cut off, or its header claims what cannot be.
    """
    nifti, xml, size = _read_claims(path)
    shape = _shape(nifti, path)
    _check_values(nifti, path)
    claimed = int(nifti["vox_offset"]) + math.prod(shape) * nifti.get_data_dtype().itemsize
    if claimed > size:
        raise InputDataError(
            f"The CIFTI file is cut off: its header claims {in_bytes(claimed)} "
            f"({shape[0]} x {shape[1]} values), the file has {in_bytes(size)}.",
            path=path,
            cure=AGAIN,
        )
    slope, intercept = nifti.get_slope_inter()
    spec = (shape, nifti.get_data_dtype(), int(nifti["vox_offset"]), slope or 1, intercept or 0)
    return CiftiFile(path, shape, _maps(xml, path), ArrayProxy(path, spec))


def _read_claims(path: Path) -> tuple[Any, bytes, int]:
    """Return header, XML and size of a file."""
    with opened(path, "CIFTI file") as (stream, size):
        nifti = _nifti(stream.read(HEADER_BYTES), path)
        offset = float(nifti["vox_offset"])
        lowest = HEADER_BYTES + MARK_BYTES
        if not math.isfinite(offset) or offset != int(offset) or offset < lowest:
            raise _damaged(f"its header says that values start at byte {offset:g}", path)
        if offset > size:
            raise InputDataError(
                f"The CIFTI file is cut off: its header has {in_bytes(offset)}, the file "
                f"{in_bytes(size)}.",
                path=path,
                cure=AGAIN,
            )
        return nifti, _xml(stream, int(offset), nifti.endianness, path), size


def _nifti(block: bytes, path: Path) -> Any:
    if block[:2] == b"\x1f\x8b":
        raise InputDataError(
            "The CIFTI file is compressed, which CIFTI files are not.",
            path=path,
            cure="Decompress it with gunzip; its name ends with .nii.",
        )
    sizes = {length.to_bytes(4, order) for length in (348, 540) for order in ("little", "big")}
    if block[:4] not in sizes:
        raise InputDataError("The file is not a readable CIFTI-2 file.", path=path, cure=AGAIN)
    order = "<" if block[:1] != b"\x00" else ">"
    if len(block) < HEADER_BYTES or int.from_bytes(block[:4], _named(order)) == 348:
        raise _not_cifti("a NIfTI-1 image", path)
    nifti = nib.Nifti2Header(block, endianness=order, check=False)
    if bytes(nifti["magic"].tobytes())[:4] != b"n+2\0":
        raise _not_cifti("not one NIfTI-2 file", path)
    return nifti


def _named(order: str) -> Any:
    return "little" if order == "<" else "big"


def _not_cifti(what: str, path: Path) -> InputDataError:
    return InputDataError(
        f"The file is {what}, not CIFTI-2.",
        path=path,
        cure="Give a file such as `*_space-fsLR_den-91k_bold.dtseries.nii`.",
    )


def _damaged(why: str, path: Path) -> InputDataError:
    return InputDataError(f"The CIFTI file is damaged: {why}.", path=path, cure=AGAIN)


def _xml(stream: BinaryIO, end: int, order: str, path: Path) -> bytes:
    """Return the XML among the extensions of a header, which end where the values start."""
    mark, start = stream.read(MARK_BYTES), HEADER_BYTES + MARK_BYTES
    while len(mark) == MARK_BYTES and mark[0] and start + HEAD_BYTES <= end:
        head = stream.read(HEAD_BYTES)
        length, code = (int.from_bytes(head[at : at + 4], _named(order)) for at in (0, 4))
        if not HEAD_BYTES < length <= min(end - start, LONGEST_XML):
            raise _damaged(f"an extension of its header claims {length} bytes", path)
        content = stream.read(length - HEAD_BYTES)
        if code == Cifti2Extension.code:
            return content.rstrip(b"\0")
        start += length
    raise _not_cifti("a NIfTI-2 image without CIFTI's description of its axes", path)


def _shape(nifti: Any, path: Path) -> tuple[int, int]:
    n_dimensions, *sizes = (int(size) for size in nifti["dim"])
    # CIFTI leaves the four dimensions of space and time single.
    if n_dimensions != 6 or sizes[:4] != [1, 1, 1, 1] or min(sizes[4:6]) < 1:
        told = " x ".join(str(size) for size in sizes[: max(0, min(n_dimensions, 7))])
        raise _damaged(f"its matrix should have two axes, the header claims {told or 'none'}", path)
    return sizes[4], sizes[5]


def _check_values(nifti: Any, path: Path) -> None:
    code = int(nifti["datatype"])
    if code not in REAL_TYPES:
        raise InputDataError(
            f"The values of the CIFTI file are "
            f"{OTHER_TYPES.get(code, f'of the unknown type {code}')}; real numbers are needed.",
            path=path,
            cure="Write it again as float32.",
        )
    slope, intercept = float(nifti["scl_slope"]), float(nifti["scl_inter"])
    if slope == 0 or math.isnan(slope):
        return
    if not SMALLEST_FACTOR <= abs(slope) <= LARGEST_FACTOR or not abs(intercept) <= LARGEST_FACTOR:
        raise _damaged(f"its header scales values by {slope:g} and adds {intercept:g}", path)


def _maps(xml: bytes, path: Path) -> tuple[Any, Any]:
    try:
        matrix = parse_axes(xml)
        return matrix.get_index_map(0), matrix.get_index_map(1)
    except UNREADABLE as error:
        if "Only CIFTI-2" in str(error):
            raise InputDataError(
                "The file is CIFTI-1, not CIFTI-2.",
                path=path,
                cure="Convert it with `wb_command -file-convert -cifti-version-convert`.",
            ) from error
        raise _damaged("the description of its axes (XML) cannot be read", path) from error
