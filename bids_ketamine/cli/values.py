"""Values of single options: text -> checked value, or one sentence that says what it must be.

Every function raises :class:`argparse.ArgumentTypeError` with that sentence.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable
from pathlib import Path

LEVELS = ("participant", "group")

_MEGABYTES = {"K": 1e-3, "M": 1.0, "G": 1e3, "T": 1e6}


def level(word: str) -> str:
    """Check the level of the analysis."""
    if word in LEVELS:
        return word
    close = difflib.get_close_matches(word, LEVELS, n=1)
    hint = f"did you mean `{close[0]}`?" if close else "the levels are participant and group"
    raise argparse.ArgumentTypeError(f"`{word}` is no level; {hint}")


def path(word: str) -> Path:
    """Read a path; ``~`` is the home folder, also behind ``NAME=``, where no shell sees it."""
    if not word:
        raise argparse.ArgumentTypeError("the path is empty")
    try:
        return Path(word).expanduser()
    except RuntimeError:
        raise argparse.ArgumentTypeError(
            f"`{word}` needs a home folder, and this user has none: write the path out"
        ) from None


def text(word: str) -> str:
    """Read a text that must not be empty."""
    if not word:
        raise argparse.ArgumentTypeError("the value is empty")
    return word


def derivative(word: str) -> tuple[str, Path]:
    """Read ``NAME=PATH``, or a path whose last folder is the name.

    Examples
    --------
    >>> derivative("fmriprep=/data/prep"), derivative("/data/xcp_d")
    (('fmriprep', PosixPath('/data/prep')), ('xcp_d', PosixPath('/data/xcp_d')))
    """
    name, equals, folder = word.partition("=")
    if not equals or "/" in name:
        alone = path(word)
        return alone.absolute().name, alone
    if not name or not folder:
        raise argparse.ArgumentTypeError(f"`{word}` is not NAME=PATH")
    return name, path(folder)


def label(prefix: str) -> Callable[[str], str]:
    """Return a reader of labels with or without a prefix.

    Examples
    --------
    >>> label("sub-")("sub-01"), label("sub-")("01")
    ('01', '01')
    """

    def read(word: str) -> str:
        bare = word.removeprefix(prefix)
        if not (bare.isascii() and bare.replace("+", "").isalnum()):
            raise argparse.ArgumentTypeError(
                f"`{word}` is no label: labels are letters and digits, with or without "
                f"`{prefix}`, separated by spaces"
            )
        return bare

    return read


def count(word: str) -> int:
    """Read a whole number of 1 or more."""
    number = _whole_number(word)
    if number is None or number < 1:
        raise argparse.ArgumentTypeError(f"`{word}` is not a whole number of 1 or more")
    return number


def seed(word: str) -> int:
    """Read a whole number that random generators take."""
    number = _whole_number(word)
    if number is None or not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"`{word}` is not a whole number from 0 to {2**32 - 1}")
    return number


def _whole_number(word: str) -> int | None:
    try:
        return int(word)
    except ValueError:
        return None


def megabytes(word: str) -> float:
    """Read an amount of memory in MB, or with a unit.

    Examples
    --------
    >>> megabytes("8000"), megabytes("8G"), megabytes("512MB")
    (8000.0, 8000.0, 512.0)
    """
    bare = word.upper().removesuffix("B")
    unit = bare[-1:] if bare[-1:] in _MEGABYTES else ""
    try:
        amount = float(bare.removesuffix(unit)) * _MEGABYTES.get(unit, 1.0)
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise argparse.ArgumentTypeError(f"`{word}` is not an amount of memory such as 8000 or 8G")
    return amount
