"""Opening of a file: what is no file, empty or not to be read is told before its content."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bids_ketamine.errors import InputDataError, InputMissingError, ReadWriteError

AGAIN = "Copy or make it again."


@contextmanager
def opened(path: Path, word: str) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file for reading; what the file system says of it becomes an error in words.

    Parameters
    ----------
    path : Path
        The file.
    word : str
        What it is, such as ``image``.

    Yields
    ------
    stream : file object
        At its first byte.
    size : int
        Bytes.

    Raises
    ------
    InputMissingError
        If there is no such file.
    ReadWriteError
        If the file system does not let it be read.
    InputDataError
        If it is no file, or empty.
    """
    try:
        status = os.stat(path)
        # A named pipe would be waited on for ever.
        if not stat.S_ISREG(status.st_mode):
            kind = "folder" if stat.S_ISDIR(status.st_mode) else "device or pipe"
            raise InputDataError(f"The {word} is a {kind}, not a file.", path=path)
        if status.st_size == 0:
            raise InputDataError(f"The {word} is empty (0 bytes).", path=path, cure=AGAIN)
        with path.open("rb") as stream:
            yield stream, status.st_size
    except FileNotFoundError as error:
        raise InputMissingError(f"The {word} does not exist.", path=path) from error
    except PermissionError as error:
        raise ReadWriteError(f"The {word} cannot be read: permission denied.", path=path) from error
    except OSError as error:
        raise ReadWriteError(f"The {word} cannot be read: {error.strerror}.", path=path) from error
