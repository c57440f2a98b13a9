"""Whether a file that a dataset names really has its content."""

from __future__ import annotations

import os
from pathlib import Path

#: Largest file that can be a git-annex pointer (a line of text in place of the content).
POINTER_BYTES = 1024


def content_problem(path: Path) -> str | None:
    """Say why the content of a file cannot be read.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        Such as ``"sub-01_bold.nii.gz is empty (0 bytes)"``; ``None`` where there is content.
    """
    try:
        size = path.stat().st_size
    except OSError:
        if path.is_symlink():
            return _annex(path)
        return f"{path.name} is not there"
    if path.is_dir():
        return f"{path.name} is a folder, not a file"
    if not os.access(path, os.R_OK):
        return f"{path.name} cannot be read (permission denied)"
    if size == 0:
        return f"{path.name} is empty (0 bytes)"
    if size < POINTER_BYTES and _is_pointer(path):
        return _annex(path)
    return None


def _annex(path: Path) -> str:
    return f"{path.name} is an annex link whose content is not here (datalad get {path})"


def _is_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(32).startswith(b"/annex/objects/")
    except OSError:
        return False
