"""Numbers and lines as a reader wants to see them."""

from __future__ import annotations

import textwrap

#: Columns of plain text.
WIDTH = 100


def duration(seconds: float) -> str:
    """Return a duration in words that fit its size.

    Examples
    --------
    >>> duration(8.4), duration(130), duration(4000)
    ('8 s', '2 min 10 s', '1 h 06 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def counted(number: int, word: str, plural: str | None = None) -> str:
    """Return a number and its word.

    Examples
    --------
    >>> counted(1, "session"), counted(2, "session"), counted(0, "analysis", "analyses")
    ('1 session', '2 sessions', '0 analyses')
    """
    return f"{number} {word if number == 1 else plural or f'{word}s'}"


def wrapped(head: str, text: str) -> list[str]:
    """Return lines of :data:`WIDTH` columns that start with a head; words stay whole.

    Examples
    --------
    >>> wrapped("title  ", "text")
    ['title  text']
    """
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head.rstrip()]
