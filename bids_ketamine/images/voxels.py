"""Voxels of a NIfTI file, read once from the first to the last."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.arrayproxy import ArrayProxy

from bids_ketamine.errors import InputDataError, ReadWriteError
from bids_ketamine.images.headers import AGAIN, DAMAGE
from bids_ketamine.images.memory import granted_memory, in_bytes


def read_whole(image: Any, path: Path, dtype: type) -> np.ndarray:
    """Read all voxels of an image, no further than its header claims.

    Parameters
    ----------
    image : nibabel image
        Its data are not in memory yet.
    path : Path
        Its file.
    dtype : type
        Type of the voxels in memory.

    Returns
    -------
    ndarray
        In the shape of the image.

    Raises
    ------
    ReadWriteError
        If the file system fails.
    InputDataError
        If the file is truncated or damaged, or memory runs out.
    """
    with _opened(image, path, []) as voxels:
        return np.asanyarray(voxels, dtype=dtype)


def read_volumes(image: Any, path: Path, notes: list[str]) -> Iterator[np.ndarray]:
    """Read the volumes of a series, one at a time.

    Parameters
    ----------
    image : nibabel image
        Four dimensions; its data are not in memory yet.
    path : Path
        Its file.
    notes : list of str
        Is told if the file goes on after the last volume.

    Yields
    ------
    ndarray of float32, shape (x, y, z)
        A volume, the last index fastest.

    Raises
    ------
    ReadWriteError
        If the file system fails.
    InputDataError
        If the file is truncated or damaged, or memory runs out.
    """
    with _opened(image, path, notes) as voxels, np.errstate(over="ignore"):
        for scan in range(image.shape[3]):
            yield np.asanyarray(voxels[..., scan]).astype(np.float32, order="C")


@contextmanager
def _opened(image: Any, path: Path, notes: list[str]) -> Iterator[ArrayProxy]:
    """Open voxels to be read in the order of the file: going back costs reading anew."""
    claim = image.dataobj
    spec = (claim.shape, claim.dtype, claim.offset, claim.slope, claim.inter)
    compressed = path.name.endswith(".gz")
    try:
        with gzip.open(path) if compressed else path.open("rb") as stream:
            # A mapped file that shrinks while it is read would end the process.
            yield ArrayProxy(stream, spec, mmap=False)
            # Gzip compares its checksum when it comes to its end.
            if stream.read(1):
                notes.append("the file goes on after the last voxel that its header claims")
    except (*DAMAGE, ValueError) as error:
        raise _damaged(path) from error
    except MemoryError as error:
        raise InputDataError(
            "There is not enough memory to read the image.",
            path=path,
            cure="Give more memory, or fewer processes with --nprocs.",
        ) from error
    except OSError as error:
        # nibabel's word for data that end too early has no number.
        if error.errno is None:
            raise _damaged(path) from error
        raise ReadWriteError(f"Reading the image failed: {error.strerror}.", path=path) from error


def _damaged(path: Path) -> InputDataError:
    return InputDataError(
        "The image is truncated or damaged: its voxels cannot be read.", path=path, cure=AGAIN
    )


def refuse_too_large(needed: float, path: Path) -> None:
    """Refuse to read what does not fit into the memory of the machine or the container.

    Parameters
    ----------
    needed : float
        Memory that reading takes, bytes.
    path : Path
        The image.

    Raises
    ------
    InputDataError
        If there is not as much.
    """
    available = granted_memory()
    if needed > available:
        raise InputDataError(
            f"Reading the image needs about {in_bytes(needed)} of memory, {in_bytes(available)} "
            "are available.",
            path=path,
            cure="Give more memory, or use images of a coarser resolution.",
        )


def shortened(numbers: Sequence[int], shown: int = 5) -> str:
    """Return the first of several numbers.

    Examples
    --------
    >>> shortened([1, 2, 3]), shortened(range(10), 2)
    ('1, 2, 3', '0, 1, and 8 more')
    """
    first = ", ".join(str(number) for number in numbers[:shown])
    return first if len(numbers) <= shown else f"{first}, and {len(numbers) - shown} more"
