"""Files of TemplateFlow: from the local copy, else fetched, else named precisely."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

from bids_ketamine.errors import InputMissingError

LOGGER = logging.getLogger("bids_ketamine")

#: Variable with a second folder of files, read where the first has none. The container's image
#: names its own there, so that neither variables nor a home folder of the host hide it.
SECOND_PLACE = "BIDS_KETAMINE_TEMPLATES"

#: The longest reason in a message, characters.
_LONGEST_REASON = 160


def home() -> Path:
    """Return the folder of the local copy (``TEMPLATEFLOW_HOME``).

    Raises
    ------
    InputMissingError
        If none is stated and the user has no home folder either.
    """
    # Set and empty, TemplateFlow would take the working directory for its copy.
    stated = os.environ.get("TEMPLATEFLOW_HOME", "").strip()
    if stated:
        return Path(stated)
    cache = os.environ.get("XDG_CACHE_HOME", "").strip()
    if os.path.isabs(cache):
        return Path(cache) / "templateflow"
    try:
        return Path.home() / ".cache" / "templateflow"
    except RuntimeError as error:  # neither HOME nor a name for the user
        raise InputMissingError(
            "There is no folder for files of TemplateFlow: this user has no home folder.",
            cure="Set TEMPLATEFLOW_HOME to a folder.",
        ) from error


def template_file(template: str, name: str, *, purpose: str) -> Path:
    """Return a file of a template, fetched where TemplateFlow can be reached.

    The local copy is looked into first, then the folder that ``BIDS_KETAMINE_TEMPLATES`` names.

    Parameters
    ----------
    template : str
        Such as ``MNI152NLin2009cAsym``.
    name : str
        The file's name without ``tpl-TEMPLATE_``, such as
        ``from-MNI152NLin6Asym_mode-image_xfm.h5``.
    purpose : str
        What needs it, for the error.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputMissingError
        If it is neither there nor to be had, or there is no place for it; names the file and its
        place.
    """
    below = Path(f"tpl-{template}") / f"tpl-{template}_{name}"
    for folder in _places():
        if _has_content(folder / below):
            return folder / below
    found = _fetch(template, name)
    if isinstance(found, Path):
        return found
    why = "" if found is None else f" Reason: {reason(found)}."
    raise InputMissingError(
        f"{purpose} needs a file of TemplateFlow that is not here and cannot be fetched.{why}",
        path=home() / below,
        cure="Put it there (https://templateflow.org), or run where there is a network, or set "
        "TEMPLATEFLOW_HOME to a folder that has it.",
    ) from found


def reason(error: BaseException) -> str:
    """Return what lies behind an error of TemplateFlow's client, in one short line.

    Parameters
    ----------
    error : BaseException
        The libraries of the network wrap the cause (a name that is not known, a certificate)
        several times.

    Examples
    --------
    >>> reason(OSError("Name or service not known"))
    'OSError: Name or service not known'
    """
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None:
        return reason(behind)
    words = " ".join(str(error).split()).rstrip(".")
    text = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 3]}..."


def _places() -> Iterator[Path]:
    """Yield the folders that are read, the user's own first."""
    second = os.environ.get(SECOND_PLACE, "").strip()
    try:
        yield home()
    except InputMissingError:
        if not second:
            raise
    if second:
        yield Path(second)


def _has_content(path: Path) -> bool:
    # TemplateFlow's local copy holds empty files where nothing was fetched yet.
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


@cache
def _fetch(template: str, name: str) -> Path | Exception | None:
    """Ask TemplateFlow's client, once; whatever goes wrong there, there is no file.

    Returns
    -------
    Path, Exception or None
        The file; what went wrong; nothing for an answer without the file.
    """
    LOGGER.info("Asking TemplateFlow for tpl-%s_%s", template, name)
    stem, _, extension = name.partition(".")
    *pairs, suffix = stem.split("_")
    entities = dict(pair.split("-", 1) for pair in pairs)
    for short, long in (("res", "resolution"), ("den", "density")):
        if short in entities:
            entities[long] = entities.pop(short)
    try:
        folder = home()
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["TEMPLATEFLOW_HOME"] = str(folder)
        from templateflow import api

        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            found = api.get(
                template, **entities, suffix=suffix, extension=f".{extension}", raise_empty=True
            )
    except Exception as error:
        return error
    paths = found if isinstance(found, list) else [found]
    usable = [Path(path) for path in paths if _has_content(Path(path))]
    exact = [path for path in usable if path.name == f"tpl-{template}_{name}"]
    return exact[0] if exact else None
