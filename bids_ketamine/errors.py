"""Errors a user can meet, each with its exit code (sysexits where one fits).

::

    BidsKetamineError            1   something failed
    |-- ProcessingError          1   a computation could not be done
    |-- InvalidBidsError        16   the input is not a BIDS dataset
    |-- NothingSelectedError    18   the filters select nothing
    |-- UsageError              64   command line or study file
    |   `-- StudyError          64   study file: all its problems at once
    |-- InputDataError          65   an input file holds what it must not
    |-- InputMissingError       66   an input file is not there
    |-- CannotCreateError       73   the output cannot be created or must not be replaced
    `-- ReadWriteError          74   the file system failed
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

#: Longest quotation of somebody's text in a message, characters.
LONGEST_QUOTATION = 200


def readable(message: str) -> str:
    r"""Return a message that a terminal can show: long quotations cut, control characters named.

    Examples
    --------
    >>> readable("unknown key `\x1b[2Jgone`")
    'unknown key `\\x1b[2Jgone`'
    """
    pattern = rf"`([^`\n]{{{LONGEST_QUOTATION}}})[^`\n]*`"
    return _visible(re.sub(pattern, r"`\1...`", message))


def _visible(text: str) -> str:
    return "".join(
        each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text
    )


class BidsKetamineError(Exception):
    """Base of all errors that are told to the user in words, without a traceback.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence.
    path : path-like, optional
        The file in which it is wrong.
    cure : str, optional
        What the user can do about it.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, path: Path | str | None = None, cure: str | None = None
    ) -> None:
        self.message = readable(message)
        self.path = None if path is None else Path(path)
        self.cure = cure
        super().__init__(message)

    def __str__(self) -> str:
        where = "" if self.path is None else f" [{self.path}]"
        cure = "" if self.cure is None else f" {self.cure}"
        # A file's name may hold a terminal's escape codes as well.
        return _visible(f"{self.message}{where}{cure}")

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders: keyword-only arguments must survive pickling.
        return (_rebuild, (type(self), self.message, self.path, self.cure))


def _rebuild(
    kind: type[BidsKetamineError], message: str, path: Path | None, cure: str | None
) -> BidsKetamineError:
    error = kind.__new__(kind)
    BidsKetamineError.__init__(error, message, path=path, cure=cure)
    return error


class ProcessingError(BidsKetamineError):
    """A computation could not be done."""


class InvalidBidsError(BidsKetamineError):
    """The input folder is not a BIDS dataset."""

    exit_code = 16


class NothingSelectedError(BidsKetamineError):
    """Labels and filters leave nothing to do."""

    exit_code = 18


class UsageError(BidsKetamineError):
    """The command line asks for something impossible."""

    exit_code = 64


class StudyError(UsageError):
    """The study file has problems; all of them are told at once.

    Parameters
    ----------
    problems : sequence of str
        One sentence each, with the line it is about.
    path : path-like, optional
        The study file.
    """

    def __init__(self, problems: Sequence[str], *, path: Path | str | None = None) -> None:
        self.problems = tuple(readable(problem) for problem in problems)
        plural = "problem" if len(self.problems) == 1 else "problems"
        listing = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"{len(self.problems)} {plural} in the study file", path=path)
        self._listing = listing

    def __str__(self) -> str:
        return super().__str__() + ":" + self._listing

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_study, (self.problems, self.path))


def _rebuild_study(problems: tuple[str, ...], path: Path | None) -> StudyError:
    return StudyError(problems, path=path)


class InputDataError(BidsKetamineError):
    """An input file holds something it must not."""

    exit_code = 65


class InputMissingError(BidsKetamineError):
    """An input file is not there."""

    exit_code = 66


class CannotCreateError(BidsKetamineError):
    """The output cannot be created, or must not be replaced."""

    exit_code = 73


class ReadWriteError(BidsKetamineError):
    """Reading or writing failed in the file system."""

    exit_code = 74


def together(problems: Sequence[BidsKetamineError], title: str) -> BidsKetamineError:
    """Return one error that tells several at once.

    Parameters
    ----------
    problems : sequence of BidsKetamineError
        At least one; a single one is returned as it is.
    title : str
        What they are, such as ``problems with the regions of the study``.

    Returns
    -------
    BidsKetamineError
        Of the class that all share, else a :class:`UsageError`.
    """
    if len(problems) == 1:
        return problems[0]
    kinds = {type(problem) for problem in problems}
    kind = kinds.pop() if len(kinds) == 1 else UsageError
    listing = "".join(f"\n  - {problem}" for problem in problems)
    return kind(f"{len(problems)} {title}:{listing}")
