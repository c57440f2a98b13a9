"""Exit codes: what each means, what is seen, what to do; the page is made from the errors."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bids_ketamine.cli.reference.exit_code_causes import (
    BEFORE,
    CAUSES,
    COMBINED,
    TREE,
    WHAT_TO_DO,
    Cause,
)
from bids_ketamine.errors import BidsKetamineError

#: Columns of Markdown.
PAGE_WIDTH = 115

#: Codes that no class of errors has, or that stand for more than one.
_OTHER_CODES: Mapping[int, str] = {
    0: "Done. What was not acquired or cannot be computed is told and is no failure.",
    1: "Something failed unforeseen, or for several reasons with different codes: the reports "
    "say what.",
    130: "Interrupted; finished sessions are reused by the same command.",
}


class ExitCode(NamedTuple):
    """An exit code.

    Attributes
    ----------
    code : int
        The code.
    meaning : str
        What it means, in sentences.
    what_to_do : str
        What to do about it; empty for nothing.
    """

    code: int
    meaning: str
    what_to_do: str


def exit_codes() -> tuple[ExitCode, ...]:
    """Return every exit code of the app, ascending.

    Examples
    --------
    >>> [each.code for each in exit_codes()]
    [0, 1, 16, 18, 64, 65, 66, 73, 74, 130]
    >>> {each.code: each.meaning for each in exit_codes()}[66]
    'An input file is not there.'
    """
    meanings: dict[int, list[str]] = {}
    for kind, _ in error_classes():
        if kind is not BidsKetamineError:
            meanings.setdefault(kind.exit_code, []).append(_meaning(kind))
    for code, meaning in _OTHER_CODES.items():
        meanings.setdefault(code, []).append(meaning)
    return tuple(
        ExitCode(code, " ".join(meanings[code]), WHAT_TO_DO[code]) for code in sorted(meanings)
    )


def error_classes() -> tuple[tuple[type[BidsKetamineError], int], ...]:
    """Return the classes of errors in the order of their tree, each with its depth."""
    return tuple(_below(BidsKetamineError, 0))


def _below(
    kind: type[BidsKetamineError], depth: int
) -> Iterator[tuple[type[BidsKetamineError], int]]:
    yield kind, depth
    for each in kind.__subclasses__():
        if each.__module__ == BidsKetamineError.__module__:
            yield from _below(each, depth + 1)


def _meaning(kind: type[BidsKetamineError]) -> str:
    return (inspect.getdoc(kind) or kind.__name__).splitlines()[0]


def paragraph(text: str) -> str:
    """Return a paragraph in lines of Markdown.

    Parameters
    ----------
    text : str
        One paragraph; code and links stay whole where they have no space.
    """
    return textwrap.fill(text, PAGE_WIDTH, break_long_words=False, break_on_hyphens=False)


def exit_codes_text() -> str:
    """Return the page as Markdown."""
    parts = [BEFORE, _table()]
    for each in exit_codes():
        parts.append(f"## Exit code {each.code}\n\n{paragraph(each.meaning)}\n")
        if each.code in CAUSES:
            parts.append(_causes(CAUSES[each.code]))
        if each.what_to_do:
            parts.append(f"{paragraph(f'What to do: {each.what_to_do}')}\n")
    return "\n".join([*parts, COMBINED, TREE, _tree()])


def _table() -> str:
    rows = [f"| [{each.code}](#exit-code-{each.code}) | {each.meaning} |" for each in exit_codes()]
    return "\n".join(["| exit code | meaning |", "|---|---|", *rows]) + "\n"


def _causes(causes: tuple[Cause, ...]) -> str:
    rows = [f"| {each.words} | {_quoted(each.seen)} | {each.cure} |" for each in causes]
    return "\n".join(["| cause | what is seen | what helps |", "|---|---|---|", *rows]) + "\n"


def _quoted(message: str) -> str:
    """Return a message as code; one that has back-quotes itself stands between two."""
    return f"`` {message} ``" if "`" in message else f"`{message}`"


def _tree() -> str:
    lines = [
        f"{'  ' * depth}{kind.__name__}".ljust(28) + f"{kind.exit_code:>3}   {_meaning(kind)}"
        for kind, depth in error_classes()
    ]
    return "```\n" + "\n".join(lines) + "\n```\n"
