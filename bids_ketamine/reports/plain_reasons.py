"""Reasons without the names of participants, so that those that are the same can be counted."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from bids_ketamine.reports.words import counted, listed

#: A session that the dataset does not have; what it has instead differs by participant.
_NO_SESSION = re.compile(
    r"(?:no session \S+: )?session: sub-[A-Za-z0-9+]+ has no (ses-[A-Za-z0-9+]+)"
    r"(?:; it has [^;)]*)?"
)
#: A row that a table does not have, and a cell without a value.
_NO_ROW = re.compile(r"has no row of sub-[A-Za-z0-9+]+(?: ses-[A-Za-z0-9+]+)?(?: \([^)]*\))?")
_NO_CELL = re.compile(r" of sub-[A-Za-z0-9+]+(?: ses-[A-Za-z0-9+]+)?(?= (?:is|are) n/a in )")
#: Whom a reason is about.
_ABOUT = re.compile(r"(?<!\S)sub-[A-Za-z0-9+]+: ")


def plain_reason(reason: str) -> str:
    """Return a reason without the participant's name; parts that are then the same once.

    Parameters
    ----------
    reason : str
        Of one participant; parts are parted by ``;``.

    Examples
    --------
    >>> plain_reason("no session post: session: sub-02 has no ses-post; it has ses-pre1, ses-pre2")
    'no ses-post in the dataset'
    >>> plain_reason("a.tsv has no row of sub-02 ses-a; a.tsv has no row of sub-02 ses-b")
    'a.tsv has no row'
    """
    plain = _NO_SESSION.sub(r"no \1 in the dataset", reason)
    plain = _NO_ROW.sub("has no row", plain)
    plain = _ABOUT.sub("", _NO_CELL.sub("", plain))
    return "; ".join(dict.fromkeys(plain.split("; ")))


def counted_words(reasons: pd.Series, n: pd.Series, *, most: int) -> str:
    """Return plain reasons with their counts, the commonest first.

    Parameters
    ----------
    reasons, n : Series
        Reasons as they were told, and how many have each.
    most : int
        Reasons told one by one.

    Examples
    --------
    >>> reasons = pd.Series(["a.tsv has no row of sub-1", "a.tsv has no row of sub-2", "late"])
    >>> counted_words(reasons, pd.Series([1, 1, 1]), most=9)
    'a.tsv has no row (2) and late (1)'
    """
    sums = n.astype(int).groupby(reasons.map(plain_reason), sort=False).sum()
    sums = sums.sort_values(ascending=False, kind="stable")
    told = [f"{reason} ({size})" for reason, size in sums.head(most).items()]
    left = len(sums) - most
    return listed(told) + (f", and {counted(left, 'more reason')}" if left > 0 else "")


def whole_arms(out: Iterable[str], arms: pd.Series) -> list[str]:
    """Return the arms nobody of which is left.

    Parameters
    ----------
    out : iterable of str
        Who is out.
    arms : Series
        Arm by participant; missing for none.

    Examples
    --------
    >>> whole_arms(["a", "b", "c"], pd.Series({"a": "x", "b": "x", "c": "y", "d": "y"}))
    ['x']
    """
    gone = set(out)
    members = arms.dropna().groupby(arms.dropna(), sort=False)
    return [str(arm) for arm, own in members if len(own) > 1 and gone.issuperset(own.index)]
