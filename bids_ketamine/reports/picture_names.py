"""Names of the files of pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable


def file_names(labels: Iterable[str]) -> dict[str, str]:
    """Return a name for each label that a file may have, no two of them alike.

    Parameters
    ----------
    labels : iterable of str
        Text of the study or dataset.

    Examples
    --------
    >>> file_names(["MADRS", "madrs", "gppi faces a~b"])
    {'MADRS': 'madrs', 'madrs': 'madrs-2', 'gppi faces a~b': 'gppi-faces-a-b'}
    """
    names: dict[str, str] = {}
    used: set[str] = set()
    for label in dict.fromkeys(labels):
        plain = re.sub(r"[^a-z0-9_]+", "-", label.lower()).strip("-")[:60] or "value"
        name, place = plain, 2
        while name in used:
            name, place = f"{plain}-{place}", place + 1
        used.add(name)
        names[label] = name
    return names
