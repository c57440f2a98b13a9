"""Whether a folder can be written to, by trying, and folders that nobody else can write to."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

#: Written to try: a full disk or a used-up quota lets empty files be made.
_TRIAL = b"bids_ketamine" * 100


def can_take_files(folder: Path) -> bool:
    """Tell whether files can be written to a folder, or it can be made; nothing is left behind.

    Parameters
    ----------
    folder : Path
        It may not exist.
    """
    try:
        there = folder.absolute()
        while not there.exists() and there != there.parent:
            there = there.parent
        # Buffered bytes reach the disk when the file is closed.
        with tempfile.TemporaryFile(dir=there) as stream:
            stream.write(_TRIAL)
    except (OSError, RuntimeError):  # the latter for links that lead in a circle
        return False
    return True


def private_folder(folder: Path) -> Path | None:
    """Make a folder of the user's that nobody else can write to.

    Parameters
    ----------
    folder : Path
        It may exist.

    Returns
    -------
    Path or None
        ``None`` where it cannot be made or written to, belongs to another user, or is open to
        others.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    foreign = hasattr(os, "getuid") and found.st_uid != os.getuid()
    shared = bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    fit = stat.S_ISDIR(found.st_mode) and not foreign and not shared
    return folder if fit and can_take_files(folder) else None
