"""The files of the plan, read with distrust: whoever edits them changes what was planned."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bids_ketamine.errors import InputDataError, ReadWriteError

STUDY, TEXT, PLAN = "study.json", "study.yml", "plan.json"

CURE = (
    "Put the folder `plan` back as it was; or delete it by hand, and with it the plan: then "
    "nothing counts as planned."
)

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_KEYS = (
    *("Study", "Source", "Hash", "TextHash", "Date", "SoftwareVersion", "ResultsBefore"),
    *("Blinding", "Unblinding"),
)


def sha256(text: str | bytes) -> str:
    """Return the SHA-256 of a text, hexadecimal.

    >>> sha256("")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def drawn_order(levels: Iterable[str], salt: str) -> tuple[str, ...]:
    """Return arms in the order that a random number draws.

    Arms are ordered by SHA-256(salt, label): every order is equally likely, the file that keeps
    the number does not show it, and who has file and labels can compute it.

    Parameters
    ----------
    levels : iterable of str
        Labels of arms; their own order does not count.
    salt : str
        The number, hexadecimal.

    Examples
    --------
    >>> drawn_order(["placebo", "ketamine"], "7") == drawn_order(["ketamine", "placebo"], "7")
    True
    """
    return tuple(sorted(dict.fromkeys(levels), key=lambda each: sha256(f"{salt} {each}")))


def checksum(record: Mapping[str, Any]) -> str:
    """Return the fingerprint of what ``plan.json`` holds, but for the fingerprint itself.

    Parameters
    ----------
    record : mapping
        Its content.
    """
    rest = {key: value for key, value in record.items() if key != "Checksum"}
    return sha256(json.dumps(rest, sort_keys=True))


def checked_parts(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Read the plan's record and study, and compare them with the fingerprints.

    Parameters
    ----------
    folder : Path
        ``OUTPUT/plan``.

    Returns
    -------
    tuple of dict or None
        ``plan.json`` and ``study.json``; ``None`` where there is no plan (no folder, or an empty
        one).

    Raises
    ------
    InputDataError
        If a file is missing, is not what it should be, or was changed.
    ReadWriteError
        If one cannot be read.
    """
    try:
        if not folder.is_dir():
            if folder.exists() or folder.is_symlink():
                raise InputDataError(
                    "The plan of the output folder is not a folder.", path=folder, cure=CURE
                )
            return None
        if not any(folder.iterdir()):
            return None
    except OSError as error:
        raise _unreadable(folder, error) from error
    record = _mapping(folder / PLAN, _content(folder / PLAN))
    _check_record(folder / PLAN, record)
    for name, key in ((STUDY, "Hash"), (TEXT, "TextHash")):
        if sha256(_content(folder / name)) != record[key]:
            raise InputDataError(
                f"The frozen study was changed: the fingerprint of {name} is not the one in "
                f"{PLAN}.",
                path=folder / name,
                cure=CURE,
            )
    return record, _mapping(folder / STUDY, _content(folder / STUDY))


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():  # a named pipe would be waited on for ever
            raise InputDataError(f"The plan lacks the file {path.name}.", path=path, cure=CURE)
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ReadWriteError:
    return ReadWriteError(
        f"The plan cannot be read: {error.strerror or error}.",
        path=path,
        cure="Check the permissions.",
    )


def _mapping(path: Path, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputDataError(
            f"The plan is damaged: {path.name} is not a JSON mapping.", path=path, cure=CURE
        )
    return found


def _check_record(path: Path, record: Mapping[str, Any]) -> None:
    missing = [key for key in (*_KEYS, "Checksum") if key not in record]
    if missing:
        raise InputDataError(
            f"The plan is damaged: {path.name} lacks {', '.join(missing)}.", path=path, cure=CURE
        )
    if record["Checksum"] != checksum(record):
        raise InputDataError(
            f"The plan was changed: {path.name} does not fit its own checksum.",
            path=path,
            cure=CURE,
        )
    if not _DATE.fullmatch(str(record["Date"])):
        raise InputDataError(f"The plan has no date in {path.name}.", path=path, cure=CURE)
