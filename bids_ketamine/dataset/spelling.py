"""Names that a file spells in another way than asked for: found, and shown safely."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

#: Characters of a cell that a sentence shows.
SHOWN = 60

#: Least likeness (difflib's ratio) of a name that is offered instead of another.
LIKENESS = 0.75


def shown(text: str) -> str:
    r"""Write text of a file for a sentence: short, and without control characters.

    Examples
    --------
    >>> shown("a\x1b[31mb"), shown("0123456789" * 9)[-12:]
    ('a\\x1b[31mb', '890123456...')
    """
    cut = text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut
    )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the name that was probably meant, ``None`` if there is none.

    Examples
    --------
    >>> nearest("onset", ["Onset", "duration"]), nearest("ketamine", ["midazolam"])
    ('Onset', None)
    >>> nearest("trial_type", ["onset", "TrialType"])
    'TrialType'
    """
    names = {each: folded(each) for each in known}
    for each, key in names.items():
        if key == folded(name):
            return each
    close = difflib.get_close_matches(folded(name), names.values(), n=1, cutoff=LIKENESS)
    return next((each for each, key in names.items() if close and key == close[0]), None)


def nearest_label(label: str, known: Iterable[str]) -> str | None:
    """Return the label that differs in padding, case or prefix alone, ``None`` if there is none.

    Labels are numbered: sub-11 is not a misspelt sub-12.

    Examples
    --------
    >>> nearest_label("01", ["1", "11"]), nearest_label("A01", ["a1"]), nearest_label("11", ["12"])
    ('1', 'a1', None)
    """
    return next((each for each in known if _label_key(each) == _label_key(label)), None)


def near_text(found: str | None, *, prefix: str = "") -> str:
    """Write what :func:`nearest_label` found for the end of a sentence, empty for nothing."""
    return "" if found is None else f" (there is `{prefix}{shown(found)}`)"


def folded(name: str) -> str:
    """Return a name without case, accents' spelling, spaces and signs, for comparison.

    Examples
    --------
    >>> folded(" Trial_Type "), folded("BDI (pre)")
    ('trialtype', 'bdipre')
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(each for each in plain if each.isalnum()) or plain.strip()


def _label_key(label: str) -> str:
    plain = re.sub(r"^(sub|ses)-?", "", unicodedata.normalize("NFKC", label).strip().casefold())
    return re.sub(r"\d+", lambda digits: str(int(digits.group())), re.sub(r"[\W_]", "", plain))
