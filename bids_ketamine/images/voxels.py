"""Voxels of a NIfTI file, read once from the first to the last."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from isal import igzip
from nibabel.arrayproxy import ArrayProxy

from bids_ketamine.errors import InputDataError, ReadWriteError
from bids_ketamine.images.headers import AGAIN, DAMAGE
from bids_ketamine.images.memory import granted_memory, in_bytes

#: What reading voxels raises on damaged bytes.
UNREADABLE: tuple[type[Exception], ...] = (*DAMAGE, ValueError)


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
    claim = image.dataobj
    spec = (claim.shape, claim.dtype, claim.offset, claim.slope, claim.inter)
    with _opened(path, []) as stream:
        # A mapped file that shrinks while it is read would end the process.
        return np.asanyarray(ArrayProxy(stream, spec, mmap=False), dtype=dtype)


def read_volumes(image: Any, path: Path, notes: list[str]) -> Iterator[np.ndarray]:
    """Read the volumes of a series as they are stored; the next one while one is looked at.

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
    ndarray of shape (x * y * z,)
        Voxels of a volume, the first index fastest, in the type of the file, not scaled.

    Raises
    ------
    ReadWriteError
        If the file system fails.
    InputDataError
        If the file is truncated or damaged, or memory runs out.
    """
    kind, n_voxels = image.dataobj.dtype, math.prod(image.shape[:3])
    with _opened(path, notes) as stream, ThreadPoolExecutor(1, "read") as reader:

        def following() -> np.ndarray:
            buffer = np.empty(n_voxels * kind.itemsize, dtype=np.uint8)
            _fill(buffer.data, stream)
            return buffer.view(kind)

        reader.submit(_skip, stream, image.dataobj.offset).result()
        coming = reader.submit(following)
        for scan in range(image.shape[3]):
            volume = coming.result()
            if scan + 1 < image.shape[3]:
                coming = reader.submit(following)
            yield volume


def _skip(stream: Any, n_bytes: int) -> None:
    while n_bytes > 0:
        block = memoryview(bytearray(min(n_bytes, 1 << 20)))
        _fill(block, stream)
        n_bytes -= len(block)


def _fill(buffer: memoryview, stream: Any) -> None:
    filled = 0
    while filled < len(buffer):
        n_read = stream.readinto(buffer[filled:])
        if not n_read:
            raise EOFError
        filled += n_read


@contextmanager
def _opened(path: Path, notes: list[str]) -> Iterator[Any]:
    """Open a file to be read in its order: going back costs reading anew."""
    compressed = path.name.endswith(".gz")
    try:
        with igzip.open(path) if compressed else path.open("rb") as stream:
            yield stream
            # Gzip compares its checksum when it comes to its end.
            if stream.read(1):
                notes.append("the file goes on after the last voxel that its header claims")
    except UNREADABLE as error:
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
