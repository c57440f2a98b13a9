"""Reasons for which participants are lost, in a few words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from bids_ketamine.reports.words import listed

_OF = r" of the participant"
#: Columns without a value, and tables without a row, each with the session of a long table.
_CELL = re.compile(
    rf"(?P<names>`[^`]+`(?:, `[^`]+`)*(?: and \d+ more)?){_OF}"
    r"(?: ses-(?P<session>[^\s;,]+))? (?:is|are) n/a in [^;,]+?(?=[;,] | and \d+ more$|$)"
)
_ROW = re.compile(
    rf"[^;,]+ has no row{_OF}(?: ses-(?P<session>[^\s;,]+))?(?: \(there is `[^`]*`\))?"
)
#: What parts reasons, and what says that others are not told.
_JOINT, _MORE = re.compile(r"[;,] "), re.compile(r" and \d+ more$")
#: Which table tells the arm is said with the study.
_TABLE = " in participants.tsv"


class Reason(NamedTuple):
    """Why participants are lost.

    Attributes
    ----------
    words : str
        The reason.
    n : int
        Participants; 0 where nobody counted them.
    """

    words: str
    n: int

    def __str__(self) -> str:
        """Return the reason with its count."""
        return f"{self.words} ({self.n})" if self.n else self.words


def counted_reasons(told: str) -> tuple[Reason, ...]:
    """Return the reasons of a cell of ``group_flow`` with their counts.

    Parameters
    ----------
    told : str
        Reasons, each with its count in parentheses, parted by ``;``, which may stand in one too.

    Examples
    --------
    >>> [tuple(each) for each in counted_reasons("late; at post (2); `no` score (1)")]
    [('late; at post', 2), ('no score', 1)]
    """
    told = re.sub(r" of the participant(?: (ses-[^\s;,]+))?", _at, told.replace("`", ""))
    told = told.replace("the participant", "a participant")
    found = re.findall(r"(.+?) \((\d+)\)(?:; |$)", told)
    return tuple(Reason(words, int(n)) for words, n in found) or (Reason(told, 0),)


def _at(found: re.Match[str]) -> str:
    return f" at {found.group(1)}" if found.group(1) else ""


def short_reasons(told: str) -> tuple[Reason, ...]:
    """Return the same in few words, those that are then the same together.

    Parameters
    ----------
    told : str
        A cell of ``group_flow``.

    Examples
    --------
    >>> one = "`MADRS_pre` of the participant is n/a in participants.tsv"
    >>> other = "`MADRS_post` of the participant is n/a in participants.tsv"
    >>> [str(each) for each in short_reasons(f"{one}; {other} (14); {other} (3)")]
    ['MADRS_pre and MADRS_post n/a (14)', 'MADRS_post n/a (3)']
    """
    counts: dict[str, int] = {}
    for words, n in re.findall(r"(.+?) \((\d+)\)(?:; |$)", told) or [(told, "0")]:
        short = short_reason(words)
        counts[short] = counts.get(short, 0) + int(n)
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return tuple(Reason(words, n) for words, n in ordered)


def short_reason(reason: str) -> str:
    """Return a reason without what a reader knows or finds in the table.

    Parameters
    ----------
    reason : str
        Of one participant; may hold several of one kind.

    Examples
    --------
    >>> short_reason("a.tsv has no row of the participant ses-p2; a.tsv has no row of the "
    ...     "participant ses-d2")
    'no row of p2 and d2'
    >>> short_reason("`group` is `BP` in participants.tsv, no arm of the study")
    'group is BP, no arm of the study'
    """
    parts = _parts(reason)
    if not parts:
        plain = reason.replace("`", "").replace(_TABLE, "").replace(_OF, "")
        return plain.removeprefix("the participant has ").removeprefix("the participant: ")
    told: dict[str, list[str]] = {}
    for kind, words in parts:
        told.setdefault(kind, [])
        told[kind] += [words] if words not in told[kind] else []
    return "; ".join(_words(kind, words) for kind, words in told.items())


def _parts(reason: str) -> list[tuple[str, str]]:
    """Return what is missing, part by part; nothing where a part is of another kind."""
    parts: list[tuple[str, str]] = []
    more = _MORE.search(reason)
    end = more.start() if more else len(reason)
    at = 0
    while at < end:
        if cell := _CELL.match(reason, at):
            session = cell["session"]
            names = cell["names"].replace("`", "")
            parts.append(("cell", names + (f" at {session}" if session else "")))
            at = cell.end()
        elif row := _ROW.match(reason, at):
            parts.append(("row", row["session"] or ""))
            at = row.end()
        else:
            return []
        joint = _JOINT.match(reason, at)
        if joint is None and at != end:
            return []
        at = joint.end() if joint else at
    return [*parts, *([("more", reason[end:])] if more else [])]


def _words(kind: str, words: Sequence[str]) -> str:
    if kind == "more":
        return "others too"
    if kind == "cell":
        return f"{listed(words)} n/a"
    sessions = [each for each in words if each]
    return f"no row of {listed(sessions)}" if sessions else "no row in the table"
