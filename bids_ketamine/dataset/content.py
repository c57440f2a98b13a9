"""Whether a file that a dataset names really has its content."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from bids_ketamine.errors import (
    BidsKetamineError,
    InputDataError,
    InputMissingError,
    ReadWriteError,
)

#: Largest file that can be a git-annex or Git LFS pointer (text in place of the content).
POINTER_BYTES = 1024

ANNEX_MARK = b"/annex/objects/"
LFS_MARK = b"version https://git-lfs"


def content_problem(path: Path) -> str | None:
    """Say why the content of a file cannot be read.

    Nothing is opened that is no file: a named pipe would be waited on for ever.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        Such as ``"sub-01_bold.nii.gz is empty (0 bytes)"``; ``None`` where there is content.
    """
    error = content_error(path)
    return None if error is None else error.message.removesuffix(".")


def content_error(path: Path) -> BidsKetamineError | None:
    """Return the error to raise about a file whose content cannot be read.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    BidsKetamineError or None
        :class:`InputMissingError` where there is no content, :class:`ReadWriteError` where
        permission is missing, :class:`InputDataError` for what is no file or empty; ``None``
        where there is content.
    """
    name = printable(path.name)
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return InputDataError(f"{name} is a {_kind(status.st_mode)}, not a file.", path=path)
        if not os.access(path, os.R_OK):
            raise PermissionError
        if status.st_size == 0:
            return InputDataError(f"{name} is empty (0 bytes).", path=path)
        start = b""
        if status.st_size < POINTER_BYTES:
            with path.open("rb") as stream:
                start = stream.read(32)
    except OSError as error:
        return reading_error(path, error)
    if start.startswith(ANNEX_MARK):
        return _annex(path, name)
    if start.startswith(LFS_MARK):
        message = f"{name} is a Git LFS pointer whose content is not here (get it with git lfs)."
        return InputMissingError(message, path=path)
    return None


def printable(text: str) -> str:
    r"""Return text that can be written as UTF-8: bytes of a file name that are not are escaped.

    Examples
    --------
    >>> printable("sub-\udcff.tsv")
    'sub-\\xff.tsv'
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "folder", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "device")


def reading_error(path: Path, error: OSError) -> BidsKetamineError:
    """Return the error to raise where the file system failed to read a file.

    Parameters
    ----------
    path : Path
        The file.
    error : OSError
        What the file system said.

    Returns
    -------
    BidsKetamineError
        :class:`InputMissingError` where the file is not there, else :class:`ReadWriteError`.
    """
    name = printable(path.name)
    if isinstance(error, PermissionError):
        return ReadWriteError(f"{name} cannot be read (permission denied).", path=path)
    if error.errno == errno.ELOOP:
        return InputMissingError(f"{name} is a link that leads back to itself.", path=path)
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):
        reason = error.strerror or error
        return ReadWriteError(f"{name} cannot be read ({reason}).", path=path)
    if not path.is_symlink():
        return InputMissingError(f"{name} is not there.", path=path)
    if "annex/objects" in os.readlink(path):
        return _annex(path, name)
    return InputMissingError(f"{name} is a link to a file that is not there.", path=path)


def _annex(path: Path, name: str) -> BidsKetamineError:
    # Without the folder: what is missing is written into results, which tell of no machine.
    message = f"{name} is an annex link whose content is not here (get it with datalad get)."
    return InputMissingError(message, path=path)
