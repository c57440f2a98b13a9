"""Whether a folder can be written to, by trying, and folders that nobody else can write to."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
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
        # A link to nothing is there: no library makes the folder that it leads to.
        while not os.path.lexists(there) and there != there.parent:
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


def out_of_reach(folder: Path) -> bool:
    """Tell whether nobody else can put another folder in the place of one.

    Who may write to a folder above may rename what lies in it, unless that folder is sticky, as
    ``/tmp`` is. Owners of the folders above are trusted.

    Parameters
    ----------
    folder : Path
        A folder that is there.
    """
    lexical = folder.absolute()
    ways = dict.fromkeys((lexical, Path(os.path.realpath(folder))))
    try:
        return not any(_open_way(each.stat().st_mode for each in way.parents) for way in ways)
    except OSError:
        return False


def _open_way(modes: Iterable[int]) -> bool:
    """Tell whether others can rename something on the way, given the folders upwards.

    A folder that others may write to is out of their reach below one that is closed to them.

    Examples
    --------
    >>> _open_way([0o755, 0o775, 0o755]), _open_way([0o775, 0o700, 0o755]), _open_way([0o1777])
    (True, False, False)
    """
    found = False
    for mode in modes:
        if not mode & (stat.S_IXGRP | stat.S_IXOTH):
            found = False
        elif mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX:
            found = True
    return found
