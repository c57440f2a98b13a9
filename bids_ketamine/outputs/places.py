"""Names in place of folders, so that results do not tell of the machine they were made on.

Whoever reads on the console needs whole paths; what is kept in the output is shared with others,
and a folder often bears the name of a person.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import bids_ketamine

#: What stands for a folder that has no name.
ELSEWHERE = "..."

# Not within a longer name, nor after a name that already stands for a folder.
_BEFORE = r"(?<![\w.~-])"
_QUOTED = re.compile(r"(['\"`])(?:file:)?(/[^'\"`\n]*/)([^'\"`/\n]+)\1")
_BRACKETED = re.compile(r"\[(/[^\]\n]*/)([^\]/\n]+)\]")
_LETTER = r"[^\s'\"`\[\]<>:,;=|/]"
# A space stays within a folder's name unless another path or an option follows it.
_SPACED = rf"{_LETTER}(?:{_LETTER}|[ ](?!/|--?\w))*"
_EXTENSION = (
    r"\.(?:nii|gii|tsv|csv|txt|json|ya?ml|html?|md|py|pklz?|png|svg|pdf|log|mat|h5|sqlite|zip|gz)"
    r"(?:\.gz)?(?![\w/]|\.\w)"
)
# Where no quotation marks tell its end, a path with spaces goes on to a known extension.
_PATH = re.compile(
    rf"(?P<address>https?://(?:(?!:/)[^\s'\"`<>\]])*)"
    rf"|(?:\bfile:)?{_BEFORE}(?<!/)/{{1,3}}(?:"
    rf"(?:{_SPACED}/)+?(?P<file>{_SPACED}?{_EXTENSION})"
    r"|(?:[\w.+@%~-]+/)+(?P<last>[\w.+@%~-]+))"
)
_CRASH_FILE = re.compile(r"crash-(\d{8}-\d{6})-(.+)\.txt")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Places:
    """Folders and the names that stand for them.

    Attributes
    ----------
    names : tuple of (str, str)
        Folder and name, a folder inside another one first.
    """

    names: tuple[tuple[str, str], ...]

    def hide(self, text: str) -> str:
        """Put names in place of folders; other absolute paths keep their last part only.

        Examples
        --------
        >>> places = Places((("/home/mia/trial", "BIDS_DIR"), ("/home/mia", "~")))
        >>> places.hide("No events. [/home/mia/trial/sub-01/func/x.tsv]")
        'No events. [BIDS_DIR/sub-01/func/x.tsv]'
        >>> places.hide("in '/home/mia/x' or /project/mia/masks/vmPFC.nii.gz, n/a")
        "in '~/x' or .../vmPFC.nii.gz, n/a"
        """
        text = printable(text)
        if self.names:
            known = dict(self.names)
            folders = "|".join(re.escape(folder) for folder, _ in self.names)
            pattern = rf"(?:\bfile:)?{_BEFORE}/{{0,2}}({folders})(?![\w-]|\.\w)"
            text = re.sub(pattern, lambda match: known[match[1]], text)
        text = _QUOTED.sub(rf"\1{ELSEWHERE}/\3\1", text)
        text = _BRACKETED.sub(rf"[{ELSEWHERE}/\2]", text)
        return _PATH.sub(_without_folder, text)

    def hide_person(self, text: str) -> str:
        """Put names in place of folders, of the user's login and of the machine."""
        text = self.hide(text)
        for word, name in ((login(), "USER"), (socket.gethostname(), "HOST")):
            if word and word != "root":
                text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", name, text)
        return text


def _without_folder(match: re.Match[str]) -> str:
    """Return an address of the web as it is, of a path the last part."""
    return match["address"] or f"{ELSEWHERE}/{match['file'] or match['last']}"


def places(
    *,
    output_dir: Path | None = None,
    bids_dir: Path | None = None,
    derivatives: Mapping[str, Path] | None = None,
    work_dir: Path | None = None,
) -> Places:
    """Return the places of a run, and those of Python and the user.

    Parameters
    ----------
    output_dir, bids_dir, work_dir : Path or None
        Folders of the run, as far as they are known.
    derivatives : mapping of str to Path, optional
        Derivative datasets by name, which stand for their folders.
    """
    folders = [
        *((folder, name) for name, folder in (derivatives or {}).items()),
        (output_dir, "OUTPUT_DIR"),
        (work_dir, "WORK_DIR"),
        (bids_dir, "BIDS_DIR"),
        *_python(),
        (Path(os.path.expanduser("~")), "~"),
    ]
    return Places(_longest_first((path, name) for path, name in folders if path is not None))


def _python() -> Iterable[tuple[Path, str]]:
    yield Path(bids_ketamine.__file__).parent, "bids_ketamine"
    paths = sysconfig.get_paths()
    for folder in {*sys.path, paths["purelib"], paths["platlib"]}:
        if Path(folder).name in ("site-packages", "dist-packages"):
            yield Path(folder), "site-packages"
    yield Path(paths["stdlib"]), "python"
    yield Path(sys.prefix), "python"


def _longest_first(folders: Iterable[tuple[Path, str]]) -> tuple[tuple[str, str], ...]:
    """Return each folder as it was given and as links resolve; the first name of a folder wins."""
    names: dict[str, str] = {}
    for folder, name in folders:
        for spelt in (os.path.abspath(folder), os.path.realpath(folder)):
            if spelt != os.sep:
                names.setdefault(printable(spelt), name)
    return tuple(sorted(names.items(), key=lambda item: len(item[0]), reverse=True))


def printable(text: str) -> str:
    r"""Return text that can be written as UTF-8: other bytes of a file name are escaped.

    Examples
    --------
    >>> printable("sub-\udcff.tsv")
    'sub-\\xff.tsv'
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def login() -> str:
    """Return the user's login as Nipype writes it into names of files; empty for none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"UID{os.getuid()}"


def publish_crash_files(folder: Path, logs: Path, where: Places) -> dict[str, Path]:
    """Move crash files to the logs without what they tell of user and machine.

    Parameters
    ----------
    folder : Path
        Where Nipype wrote them; there may be none.
    logs : Path
        Folder of the logs in the output.
    where : Places
        Places of the run.

    Returns
    -------
    dict of str to Path
        The new file for each old path; one that cannot be moved stays.
    """
    moved = {}
    for path in sorted(folder.glob("crash-*.txt")):
        target = logs / _without_login(path.name)
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
            target.write_text(where.hide_person(text), encoding="utf-8")
            path.unlink()
        except OSError:
            continue
        moved[str(path)] = target
    return moved


def _without_login(name: str) -> str:
    """Return the name of a crash file without the login that Nipype puts into it."""
    match = _CRASH_FILE.fullmatch(name)
    if match is None:
        return name
    time, rest = match.groups()
    if rest.startswith(f"{login()}-"):
        rest = rest.removeprefix(f"{login()}-")
    else:
        unique = _UUID.search(rest)
        rest = rest if unique is None else unique[0]
    return f"crash-{time}-{rest}.txt"
