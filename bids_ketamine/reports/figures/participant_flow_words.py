"""Words in the boxes of the flow of participants, wrapped to their width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

#: Letters in a line of a box, in its first line, and in one of what is lost; the widest of usual
#: page fonts fits.
MAIN_LETTERS, STRONG_LETTERS, LOST_LETTERS = 26, 23, 26
#: Reasons in a box before others are counted, and lines of each.
MOST_REASONS, MOST_LINES = 4, 6
_BREAK = "\u200b"
_COUNT = re.compile(r" \(\d+\)$")
_LAST_CLAUSE = re.compile(r"[,;:] [^,;:]*$| \([^(]*$")


@dataclass(frozen=True)
class FlowBox:
    """One arm at one stage.

    Attributes
    ----------
    lines : tuple of str
        Words in the box; the first stands out.
    lost : tuple of str
        What is lost on the way here and why; the first stands out. Empty where nobody is lost.
    """

    lines: tuple[str, ...]
    lost: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class FlowLine:
    """A line of a box; a strong one stands out."""

    words: str
    strong: bool = False


def box_lines(box: FlowBox) -> list[FlowLine]:
    """Return the lines of a box as they fit.

    Parameters
    ----------
    box : FlowBox
        Its words.
    """
    lines = []
    for number, words in enumerate(box.lines):
        letters = MAIN_LETTERS if number else STRONG_LETTERS
        parts = _wrap(words, letters, max_lines=3, placeholder=" …") or [""]
        lines += [FlowLine(part, strong=number == 0) for part in parts]
    return lines


def _wrap(words: str, letters: int, **more: Any) -> list[str]:
    """Wrap words; one that is longer than a line breaks after an underscore if it has one."""
    long = (each for each in words.split() if len(each) > letters)
    for each in long:
        words = words.replace(each, each.replace("_", f"_{_BREAK} "))
    lines = textwrap.wrap(words, letters, **more)
    return [line.replace(f"{_BREAK} ", "").replace(_BREAK, "") for line in lines]


def lost_lines(lost: Sequence[str]) -> list[FlowLine]:
    """Return the lines of what is lost; of many reasons the first ones.

    Parameters
    ----------
    lost : sequence of str
        What is lost, then the reasons; empty where nobody is lost.
    """
    if not lost:
        return []
    first, *reasons = lost
    lines = [FlowLine(part, strong=True) for part in _wrap(first, STRONG_LETTERS)]
    for reason in reasons[:MOST_REASONS]:
        lines += [FlowLine(part) for part in wrapped_reason(f"– {reason}")]
    if len(reasons) > MOST_REASONS:
        lines.append(FlowLine(f"and {len(reasons) - MOST_REASONS} more (see table)"))
    return lines


def wrapped_reason(reason: str) -> list[str]:
    """Return the lines of a reason; one that is too long ends with a clause, and its count.

    Parameters
    ----------
    reason : str
        Ends with its count in parentheses, or has none.

    Examples
    --------
    >>> wrapped_reason("no row of p2 and d2 (14)")
    ['no row of p2 and d2 (14)']
    >>> wrapped_reason("the scanner broke down, " + 30 * "again " + "(2)")
    ['the scanner broke down …', '(2)']
    """
    found = _COUNT.search(reason)
    count = found.group() if found else ""
    words = reason.removesuffix(count)
    whole = _wrap(words + count, LOST_LETTERS)
    while len(whole) > MOST_LINES and (clause := _LAST_CLAUSE.search(words)):
        words = words[: clause.start()]
        whole = _wrap(f"{words} …{count}", LOST_LETTERS)
    if len(whole) > MOST_LINES:
        end = f" …{count}"
        whole = _wrap(words, LOST_LETTERS, max_lines=MOST_LINES, placeholder=end)
    return whole
