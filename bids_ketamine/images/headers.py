"""What the header of a NIfTI file claims, checked before any voxel is read.

A header is 348 or 540 bytes that anybody can write: what it claims is held against the size of
the file and against what an image of a brain can be. Nothing is allocated on its word.
"""

from __future__ import annotations

import gzip
import logging
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from isal.igzip_lib import IsalError
from nibabel.spatialimages import HeaderDataError

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.memory import in_bytes
from bids_ketamine.images.opening import AGAIN, opened

# Its stubs call this class an exception's instance.
_IGZIP_ERROR: Any = IsalError
#: What readers raise on damaged bytes.
DAMAGE: tuple[type[Exception], ...] = (EOFError, zlib.error, _IGZIP_ERROR, gzip.BadGzipFile)

#: Deflate makes nothing smaller than this, so that a claim beyond it is forged or cut off.
LARGEST_RATIO = 1032
#: Bytes that the ratio may be off for block ends and buffers.
SLACK = 1_000_000

#: Voxel edges of brain images, mm; what lies outside is another unit or damage.
SMALLEST_VOXEL, LARGEST_VOXEL = 0.1, 50.0
#: Factors between stored and real values that floating point can take.
SMALLEST_FACTOR, LARGEST_FACTOR = 1e-15, 1e15

#: Data types that hold one real number for each voxel, by their code.
REAL_TYPES = (2, 4, 8, 16, 64, 256, 512, 768, 1024, 1280)
OTHER_TYPES = {
    **{0: "an unknown type", 1: "single bits", 1536: "128-bit numbers"},
    **dict.fromkeys((32, 1792, 2048), "complex numbers"),
    **{128: "colours (RGB)", 2304: "colours (RGBA)"},
}
LENGTH_UNITS = {1: "metre", 2: "millimetre", 3: "micrometre"}
#: Seconds of a unit of time.
TIME_UNITS = {0: 1.0, 8: 1.0, 16: 1e-3, 24: 1e-6}


# What nibabel puts right needs no word on the console.
_QUIET = logging.Logger("headers", logging.CRITICAL + 1)


@dataclass(frozen=True)
class ImageHeader:
    """A header whose claims can be true.

    Attributes
    ----------
    nifti : nibabel.Nifti1Header or nibabel.Nifti2Header
        The header.
    shape : tuple of int
        Dimensions, at least three; single ones after the fourth are left out.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    offset : int
        Byte at which voxels start, in the uncompressed file.
    """

    nifti: Any
    shape: tuple[int, ...]
    affine: np.ndarray
    offset: int

    @property
    def n_bytes(self) -> int:
        """Bytes of the uncompressed file up to its last voxel."""
        return self.offset + math.prod(self.shape) * self.nifti.get_data_dtype().itemsize

    @property
    def t_r(self) -> float | None:
        """Repetition time, s; ``None`` where the header holds none."""
        value = float(self.nifti["pixdim"][4])
        unit = TIME_UNITS.get(int(self.nifti["xyzt_units"]) & 0x38)
        if len(self.shape) < 4 or unit is None or not math.isfinite(value) or value <= 0:
            return None
        return value * unit


def read_header(path: Path) -> ImageHeader:
    """Read the header of a ``.nii`` or ``.nii.gz`` file and check what it claims.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    InputMissingError
        If there is no such file.
    ReadWriteError
        If the file system does not let it be read.
    InputDataError
        If it is no NIfTI image, or its header claims what cannot be.
    """
    block, size = _first_bytes(path)
    nifti = _parse(block, path)
    shape = _shape(nifti, path)
    _check_values(nifti, path)
    offset = _offset(nifti, path)
    _repair(nifti, path)
    header = ImageHeader(nifti, shape, _affine(nifti, path), offset)
    possible = size
    if path.name.endswith(".gz"):
        possible = size * LARGEST_RATIO + SLACK
    if header.n_bytes > possible:
        raise InputDataError(
            f"The image is truncated or damaged: its header claims {in_bytes(header.n_bytes)}, "
            f"which a file of {in_bytes(size)} cannot hold.",
            path=path,
            cure=AGAIN,
        )
    return header


def _first_bytes(path: Path) -> tuple[bytes, int]:
    """Return the bytes of the longest header, uncompressed, and the size of the file."""
    with opened(path, "image") as (raw, size):
        compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            if not compressed:
                block = raw.read(540)
            else:
                with gzip.GzipFile(fileobj=raw) as stream:
                    block = stream.read(540)
        except DAMAGE as error:
            raise InputDataError(
                "The image is truncated or damaged: its header cannot be read.",
                path=path,
                cure=AGAIN,
            ) from error
    if compressed != path.name.endswith(".gz"):
        _refuse_name(block, compressed, path)
    return block, size


def _refuse_name(block: bytes, compressed: bool, path: Path) -> None:
    if compressed:
        raise InputDataError(
            "The image is compressed and its name does not end with .gz.",
            path=path,
            cure="Rename it to .nii.gz.",
        )
    if _kind(block) is not None:
        raise InputDataError(
            "The image is not compressed and its name ends with .gz.",
            path=path,
            cure="Compress it with gzip, or rename it to .nii.",
        )


def _kind(block: bytes) -> Any:
    """Return nibabel's header class for the first bytes of a file, ``None`` for none."""
    for length, kind in ((348, nib.Nifti1Header), (540, nib.Nifti2Header)):
        marks = (length.to_bytes(4, "little"), length.to_bytes(4, "big"))
        if len(block) >= length and block[:4] in marks:
            return kind
    return None


def _parse(block: bytes, path: Path) -> Any:
    kind = _kind(block)
    if kind is None:
        raise InputDataError("The file is not a readable NIfTI image.", path=path, cure=AGAIN)
    order = "<" if block[:1] != b"\x00" else ">"
    nifti = kind(block[: kind.sizeof_hdr], endianness=order, check=False)
    magic = bytes(nifti["magic"].tobytes())
    if magic not in (b"n+1\0", b"n+2\0"):
        pair = magic[:3] in (b"ni1", b"ni2")
        raise InputDataError(
            f"The file is {'half of a NIfTI pair (.hdr and .img)' if pair else 'an Analyze image'}"
            ", not a NIfTI image.",
            path=path,
            cure="Convert it to .nii.gz.",
        )
    if kind is nib.Nifti2Header and 3000 <= int(nifti["intent_code"]) < 3100:
        raise InputDataError(
            "The file is a CIFTI file (surfaces), not an image of a volume.",
            path=path,
            cure="Give the volume, such as `space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz`.",
        )
    return nifti


def _shape(nifti: Any, path: Path) -> tuple[int, ...]:
    n_dimensions, *sizes = (int(size) for size in nifti["dim"])
    shape = tuple(sizes[: max(n_dimensions, 0)])
    if not 1 <= n_dimensions <= 7 or any(size < 1 for size in shape):
        claimed = f"the dimensions {shape}" if 1 <= n_dimensions <= 7 else f"{n_dimensions} axes"
        raise InputDataError(
            f"The image is damaged: its header claims {claimed}.",
            path=path,
            cure=AGAIN,
        )
    if len(shape) < 3:
        raise InputDataError(f"The image has {len(shape)} dimensions, not three.", path=path)
    while len(shape) > 4 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _check_values(nifti: Any, path: Path) -> None:
    """Check the type of the voxels and the factor between stored and real values."""
    code = int(nifti["datatype"])
    if code not in REAL_TYPES:
        raise InputDataError(
            f"The voxels of the image are {OTHER_TYPES.get(code, f'of the unknown type {code}')}; "
            "real numbers are needed.",
            path=path,
            cure="Write it again as float32 or int16.",
        )
    # A slope of 0 or NaN says that nothing is scaled.
    slope, intercept = float(nifti["scl_slope"]), float(nifti["scl_inter"])
    if slope == 0 or math.isnan(slope):
        return
    if not SMALLEST_FACTOR <= abs(slope) <= LARGEST_FACTOR or not abs(intercept) <= LARGEST_FACTOR:
        raise InputDataError(
            f"The image is damaged: its header scales voxels by {slope:g} and adds {intercept:g}.",
            path=path,
            cure=AGAIN,
        )


def _offset(nifti: Any, path: Path) -> int:
    offset = float(nifti["vox_offset"])
    lowest = int(nifti.sizeof_hdr) + 4
    if not math.isfinite(offset) or offset < lowest or offset != int(offset):
        raise InputDataError(
            f"The image is damaged: its header says that voxels start at byte {offset:g}.",
            path=path,
            cure=AGAIN,
        )
    return int(offset)


def _repair(nifti: Any, path: Path) -> None:
    """Let nibabel put right what is often written wrong, such as `qfac` 0 in place of 1."""
    try:
        nifti.check_fix(logger=_QUIET)
    except HeaderDataError as error:
        raise InputDataError(
            f"The image is damaged: in its header, {error}.", path=path, cure=AGAIN
        ) from error


def _affine(nifti: Any, path: Path) -> np.ndarray:
    cure = "Write the image again with a tool that keeps its orientation."
    if int(nifti["sform_code"]) <= 0 and int(nifti["qform_code"]) <= 0:
        raise InputDataError(
            "The header does not say where the image is in space (sform and qform codes are 0).",
            path=path,
            cure=cure,
        )
    try:
        with np.errstate(all="ignore"):
            affine = np.asarray(nifti.get_best_affine(), dtype=float)
            edges = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
            # 1 for perpendicular axes, 0 for axes in one plane.
            independence = abs(np.linalg.det(affine[:3, :3] / edges))
    except (HeaderDataError, ValueError, ArithmeticError, np.linalg.LinAlgError):
        affine, edges, independence = np.full((4, 4), np.nan), np.ones(3), math.nan
    if (edges == 0).any():
        raise InputDataError("The header claims voxels of no size.", path=path, cure=cure)
    if not np.isfinite(affine).all() or not independence > 1e-3:
        raise InputDataError(
            "The header holds no valid orientation (affine matrix).", path=path, cure=cure
        )
    if edges.min() < SMALLEST_VOXEL or edges.max() > LARGEST_VOXEL:
        unit = LENGTH_UNITS.get(int(nifti["xyzt_units"]) & 0x07, "unknown")
        raise InputDataError(
            f"The header claims voxels of {times(edges)} mm (its unit of length: {unit}).",
            path=path,
            cure="Write the image again in millimetres.",
        )
    return affine


def times(sizes: Sequence[float] | np.ndarray) -> str:
    """Return sizes as they are spoken.

    Examples
    --------
    >>> times((2, 2.5, 3))
    '2 x 2.5 x 3'
    """
    return " x ".join(f"{size:.4g}" for size in sizes)
