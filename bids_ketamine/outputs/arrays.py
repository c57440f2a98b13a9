"""Files of NumPy arrays (``.npz``): written whole or not at all, read without running code."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from bids_ketamine.errors import InputDataError, InputMissingError, ReadWriteError
from bids_ketamine.outputs.tables import replaced_whole

#: What Python and NumPy raise where a file's bytes are not what they were; TypeError for a single
#: array (.npy), RuntimeError for kinds of archives that nobody writes.
DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    RuntimeError,
    MemoryError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as one compressed file of NumPy, whole or not at all.

    Parameters
    ----------
    path : Path
        The ``.npz`` file.
    arrays : mapping of str to ndarray
        Numbers, truth values or text.

    Raises
    ------
    ValueError
        If an array holds objects, which would need a pickle.
    CannotCreateError, ReadWriteError
        If the file cannot be written.
    """
    pickled = [name for name, array in arrays.items() if array.dtype.hasobject]
    if pickled:
        raise ValueError(f"{path.name}: arrays of objects: {pickled}")
    with replaced_whole(path) as temporary:
        np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]


def read_arrays(path: Path, *, names: Collection[str], cure: str) -> dict[str, np.ndarray]:
    """Read some arrays of a file of NumPy.

    Parameters
    ----------
    path : Path
        The ``.npz`` file.
    names : collection of str
        Arrays wanted.
    cure : str
        What the user can do about a file that is damaged or not there.

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If it is damaged, or lacks an array.
    ReadWriteError
        If it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            absent = [f"`{name}`" for name in names if name not in stored.files]
            if absent:
                told = f"The file has no array {', '.join(absent)}."
                raise InputDataError(told, path=path, cure=cure)
            return {name: stored[name] for name in names}
    except FileNotFoundError as error:
        raise InputMissingError("The file is not there.", path=path, cure=cure) from error
    except DAMAGE as error:
        raise InputDataError(
            "The file is damaged, or not one of NumPy's with named arrays.", path=path, cure=cure
        ) from error
    except OSError as error:
        raise ReadWriteError(f"The file cannot be read: {error.strerror}.", path=path) from error
