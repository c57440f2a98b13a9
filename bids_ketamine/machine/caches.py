"""Places for what libraries keep between runs, chosen before any of them is imported.

Containers run with a user that nobody knows, without a home folder, or with nothing to write to
but the results. Libraries that find no place for a cache fail when they are imported, warn, or do
slow work again in each process.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import MutableMapping
from functools import cached_property
from pathlib import Path

from bids_ketamine.machine.folders import can_take_files, out_of_reach, private_folder

#: The longest folder of temporary files in which Python can still make a socket for its workers,
#: whose path has at most 107 characters.
LONGEST_FOR_SOCKETS = 70

#: Where Python looks for a folder of temporary files when no variable names one.
USUAL_TEMPORARY = ("/tmp", "/var/tmp", "/usr/tmp")

#: Memory that looks like a folder: for sockets, where no other place is short enough.
SHARED_MEMORY = Path("/dev/shm")


def prepare_caches(
    environment: MutableMapping[str, str], *, last_resort: Path | None = None, keep: bool = True
) -> tuple[str, ...]:
    """Give every library that keeps files a folder that can be written to.

    A choice of the user's that works is left alone. Else the first of these is taken: the user's
    folder of caches (``XDG_CACHE_HOME``, else ``~/.cache``), and a private one in the system's
    temporary folder. Called again, it changes what did not work.

    Parameters
    ----------
    environment : mutable mapping
        ``os.environ``, from which child processes inherit.
    last_resort : Path, optional
        Folder to be made and used if nothing else can be written to.
    keep : bool
        Whether the last resort stays when the process ends. If not, it is this process's alone,
        beside others: its name goes on with ``-`` and some letters.

    Returns
    -------
    tuple of str
        What was chosen against the user's word, a line for each variable.
    """
    choice = _Choice(environment, last_resort, keep)
    choice.temporary_files()
    # Before the folder of all caches is replaced: the user's templates may lie there to be read.
    choice.templates()
    choice.machine_code()
    choice.fonts()
    choice.all_caches()
    choice.home()
    return tuple(choice.told)


class _Choice:
    """One choice of folders; the app's own is made when the first library needs it."""

    def __init__(
        self, environment: MutableMapping[str, str], last_resort: Path | None, keep: bool
    ) -> None:
        self.environment = environment
        self.last_resort = last_resort
        self.keep = keep
        self.told: list[str] = []
        home = _home(environment)
        self.usual_caches = None if home is None else home / ".cache"
        self.user_caches = _absolute(environment.get("XDG_CACHE_HOME")) or self.usual_caches
        self.user_settings = _absolute(environment.get("XDG_CONFIG_HOME")) or (
            None if home is None else home / ".config"
        )

    @cached_property
    def own(self) -> Path | None:
        """The app's folder of caches, that nobody else can write to; None if there is no place."""
        name = "bids_ketamine"
        for caches in dict.fromkeys((self.user_caches, self.usual_caches)):
            folder = None if caches is None else _own_folder(caches / name)
            if folder is not None:
                return folder
        temporary = self._temporary_folder
        if temporary is not None:
            user = os.getuid() if hasattr(os, "getuid") else "caches"
            folder = _own_folder(temporary / f"{name}-{user}")
            # A new one, with a name that nobody foresees, holds nothing that others made.
            return folder or _passing(Path(tempfile.mkdtemp(prefix=f"{name}-", dir=temporary)))
        if self.last_resort is None or self.keep:
            # Among intermediate files, which are loaded as code anyway.
            return None if self.last_resort is None else private_folder(self.last_resort)
        try:
            self.last_resort.parent.mkdir(parents=True, exist_ok=True)
            made = tempfile.mkdtemp("", f"{self.last_resort.name}-", self.last_resort.parent)
            return _passing(Path(made))
        except OSError:
            return None

    def temporary_files(self) -> None:
        """Python's workers need a folder of temporary files, and a short path to it."""
        if self._temporary_folder is not None or self.last_resort is None:
            return
        folder = None if self.own is None else private_folder(self.own / "tmp")
        if folder is None or len(os.fsencode(folder)) > LONGEST_FOR_SOCKETS:
            try:
                made = tempfile.mkdtemp(prefix="bids_ketamine-", dir=SHARED_MEMORY)
                folder = _passing(Path(made))
            except OSError:
                pass
        if folder is not None:
            self.environment["TMPDIR"] = tempfile.tempdir = str(folder)

    def templates(self) -> None:
        """TemplateFlow fails where it cannot write, unless somebody put files there."""
        name = "TEMPLATEFLOW_HOME"
        stated = self.environment.get(name, "").strip()
        usual = None if self.user_caches is None else self.user_caches / "templateflow"
        current = Path(stated) if stated else usual
        if current is not None and (_has_templates(current) or can_take_files(current)):
            # Set and empty, TemplateFlow would take the working directory for its copy.
            if not stated and (name in self.environment or not self._caches_work):
                self.environment[name] = str(current)
            return
        self._replace(name, "templateflow")

    def machine_code(self) -> None:
        """Numba keeps what it compiled; code is run from there."""
        name = "NUMBA_CACHE_DIR"
        stated = self.environment.get(name)
        if not stated or not can_take_files(Path(stated)):
            self._replace(name, "numba")

    def fonts(self) -> None:
        """Matplotlib keeps a list of fonts, which takes seconds to make."""
        name = "MPLCONFIGDIR"
        stated = self.environment.get(name)
        if stated:
            works = can_take_files(Path(stated))
        else:
            usual = (self.user_caches, self.user_settings)
            works = all(each and can_take_files(each / "matplotlib") for each in usual)
        if not works:
            self._replace(name, "matplotlib")

    def all_caches(self) -> None:
        """Fontconfig and others follow the folder of all caches."""
        if not self._caches_work:
            self._replace("XDG_CACHE_HOME", "")

    def home(self) -> None:
        """Libraries that ask for the home folder fail if there is none: no name, no variable."""
        if _home(self.environment) is None:
            # Container engines, too, give the root folder to users whom nobody knows.
            self.environment["HOME"] = os.sep if self.own is None else str(self.own)

    @property
    def _temporary_folder(self) -> Path | None:
        """The system's folder of temporary files.

        Python's own last resort, the current folder, does not count: it may be anything.
        """
        try:
            found = tempfile.gettempdir()
        except FileNotFoundError:
            return None
        stated = [self.environment.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
        chosen = any(word and os.path.abspath(word) == found for word in stated)
        if chosen or found in USUAL_TEMPORARY or found != os.path.abspath("."):
            return Path(found)
        return None

    @cached_property
    def _caches_work(self) -> bool:
        return self.user_caches is not None and can_take_files(self.user_caches)

    def _replace(self, name: str, inside: str) -> None:
        """Put a folder of the app's in place of one that cannot be written to."""
        folder = None if self.own is None else private_folder(self.own / inside)
        if folder is None:
            return
        stated = self.environment.get(name)
        if stated:
            self.told.append(f"{name}={stated} cannot be written to; {folder} is taken instead")
        self.environment[name] = str(folder)


def _home(environment: MutableMapping[str, str]) -> Path | None:
    """Return the home folder, which may not exist; None for a user without a name or variable."""
    if "HOME" in environment:
        return Path(environment["HOME"] or "/")
    found = os.path.expanduser("~")
    return None if found == "~" else Path(found)


def _absolute(word: str | None) -> Path | None:
    """Return a folder; a relative one is to be ignored, says the rule for these variables."""
    return Path(word) if word and os.path.isabs(word) else None


def _own_folder(folder: Path) -> Path | None:
    """Make a private folder that stays; None where others could exchange it: code is run there."""
    made = private_folder(folder)
    return made if made is not None and out_of_reach(made) else None


def _has_templates(folder: Path) -> bool:
    try:
        return any(each.name.startswith("tpl-") for each in folder.iterdir())
    except OSError:
        return False


def _passing(folder: Path) -> Path:
    """Remove a folder when the process ends."""
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
