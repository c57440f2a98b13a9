"""What the user reads on standard error and standard output."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bids_ketamine._version import __version__

if TYPE_CHECKING:
    from bids_ketamine.outputs.places import Places

LOGGER = logging.getLogger("bids_ketamine")

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class Writes(Protocol):
    """Anything that takes lines of text."""

    def write_line(self, text: str) -> None:
        """Write one line."""


class ConsoleHandler(logging.Handler):
    """Log records as plain lines that do not tear a progress line apart.

    Parameters
    ----------
    console : Writes
        Where lines go.
    """

    def __init__(self, console: Writes) -> None:
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record: warnings and errors with their level, the rest bare."""
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        self.console.write_line(f"bids_ketamine: {level}{self.format(record)}")


@contextmanager
def logging_to(console: Writes, *, verbosity: int) -> Iterator[None]:
    """Send the app's log to the console while a command line runs.

    Parameters
    ----------
    console : Writes
        Where lines go.
    verbosity : int
        0 warnings, 1 information, 2 everything.
    """
    handler = ConsoleHandler(console)
    before = LOGGER.level, LOGGER.propagate
    LOGGER.addHandler(handler)
    LOGGER.setLevel(_LEVELS[min(verbosity, 2)])
    # Nipype gives the root logger a handler of its own: each line would come twice.
    LOGGER.propagate = False
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.level, LOGGER.propagate = before


def tell_error(text: str) -> None:
    """Write one error to standard error."""
    try:
        sys.stderr.write(f"bids_ketamine: error: {text}\n")
        sys.stderr.flush()
    except OSError:  # nobody reads: the exit code still tells
        return


def write_out(text: str) -> None:
    """Write text to standard output; a reader that left (``| head``) is no error.

    Parameters
    ----------
    text : str
        What was asked for; a character that the terminal does not know is escaped.
    """
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered must go nowhere, or Python complains when it leaves.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_crash_file(
    error: BaseException,
    *,
    arguments: Sequence[str],
    log_folder: Path | None,
    where: Places | None = None,
) -> Path | None:
    """Write the traceback of an unexpected error, without what tells of user and machine.

    Parameters
    ----------
    error : BaseException
        The error.
    arguments : sequence of str
        The command line.
    log_folder : Path or None
        ``OUTPUT/logs``; ``None`` while it is not known to be safe. Then, and where it cannot be
        written, the system's temporary folder takes the file.
    where : Places or None, optional
        Names of the run's folders; of those that are not among them only the last part is kept.

    Returns
    -------
    Path or None
        The file, ``None`` when it could not be written anywhere.
    """
    from bids_ketamine.outputs.places import places

    if where is None:
        where = places(output_dir=None if log_folder is None else log_folder.parent)
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    # Quoted, so that a path with spaces is seen to be one.
    parts = (each.rpartition("=") for each in arguments)
    command = " ".join(where.hide(f"{name}{sign}'{value}'") for name, sign, value in parts)
    text = (
        f"bids_ketamine {__version__}, Python {sys.version.split()[0]}\n"
        f"bids_ketamine {where.hide_person(command)}\n\n"
        f"{where.hide_person(''.join(traceback.format_exception(error)))}"
    )
    for stated in (log_folder, None):
        try:
            # Looked up only when it is needed: there is none where nothing can be written to.
            folder = stated or Path(tempfile.gettempdir())
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
            return folder / name
        except OSError:
            continue
    return None
