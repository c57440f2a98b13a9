"""How a file of the output folder is described, and told from its name.

The descriptions stand in :mod:`~bids_ketamine.outputs.documented.participant`,
:mod:`~bids_ketamine.outputs.documented.group` and :mod:`~bids_ketamine.outputs.documented.whole`;
``docs/outputs.md`` is made from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

_LABEL = r"[0-9A-Za-z+]+"
# Entities that come after a run's own in names of outputs.
_LATER = "space|atlas|seed|contrast|model|stat|desc"
_PREFIX = rf"sub-{_LABEL}(?:_ses-{_LABEL})?"
_TASK = rf"{_PREFIX}_task-{_LABEL}(?:_(?!(?:{_LATER})-)[a-z]+-{_LABEL})*"


class _Part(NamedTuple):
    """A part of a name that differs: as readers see it, and as a regular expression."""

    shown: str
    expression: str


_PARTS = {
    "session": _Part("sub-P/ses-S", rf"sub-{_LABEL}(?:/ses-{_LABEL})?"),
    "participant": _Part("sub-P", rf"sub-{_LABEL}"),
    "prefix": _Part("*", _PREFIX),
    "task": _Part("*_task-T", _TASK),
    "run": _Part("*_task-T_run-N", _TASK),
    "space": _Part("_space-X", rf"(?:_space-{_LABEL})?"),
    "atlas": _Part("A", _LABEL),
    "group_map": _Part(
        "seed-N_arm-A_ses-S", rf"seed-{_LABEL}_arm-{_LABEL}_(?:ses|change)-{_LABEL}"
    ),
    "contrast": _Part("C", r"[^_/]+"),
    "stat": _Part("Z", r"(?:effect|variance|t|F|z)"),
    "model": _Part("M", _LABEL),
    "seed": _Part("N", _LABEL),
    "figure": _Part("FIGURE", r"(?!figures\.)[a-z0-9_-]+"),
    "crash": _Part("DATE-TIME-STEP", r".+"),
}


class Key(NamedTuple):
    """A key of a JSON file or of a sidecar, or an array.

    Attributes
    ----------
    name : str
        ``Outer.Inner`` within a mapping, ``Outer[].Inner`` within a list of mappings.
    description : str
        What it holds.
    unit : str
        Empty for none.
    only : str
        When it is there; empty for always.
    """

    name: str
    description: str
    unit: str = ""
    only: str = ""


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """A file that the app writes.

    Attributes
    ----------
    name : str
        Path below the output folder, with parts that differ in braces.
    when : str
        When it is written.
    content : str
        What it holds.
    always : bool
        Whether both levels write it for every study with images.
    sidecar : bool
        Whether a JSON file of the same name stands beside it.
    keys : tuple of Key
        Keys of a JSON file; of a sidecar those beside the columns.
    column_words : str
        What columns there are, where they are not the same in every file.
    more : str
        Where more is told, as Markdown.
    """

    name: str
    when: str
    content: str
    always: bool = False
    sidecar: bool = False
    keys: tuple[Key, ...] = ()
    column_words: str = ""
    more: str = ""

    @property
    def shown(self) -> str:
        """The name as readers see it."""
        return self.name.format(**{name: part.shown for name, part in _PARTS.items()})

    def matches(self, path: str) -> bool:
        """Tell whether a path below the output folder is such a file, or its sidecar.

        Parameters
        ----------
        path : str
            With slashes.
        """
        names = [self.name, *([sidecar_name(self.name)] if self.sidecar else [])]
        return any(_expression(name).fullmatch(path) for name in names)


@cache
def _expression(name: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", name)
    # Every second piece is the name of a part.
    return re.compile(
        "".join(
            _PARTS[piece].expression if place % 2 else re.escape(piece)
            for place, piece in enumerate(pieces)
        )
    )


def sidecar_name(name: str) -> str:
    """Return the name of the JSON file beside a table or an image.

    Examples
    --------
    >>> sidecar_name("group/group_tests.tsv"), sidecar_name("x_statmap.nii.gz")
    ('group/group_tests.json', 'x_statmap.json')
    >>> sidecar_name("x_statmap.dscalar.nii")
    'x_statmap.json'
    """
    return re.sub(r"(\.nii\.gz|\.dscalar\.nii|\.\w+)$", ".json", name)


def key_names(content: Any, known: Iterable[str], start: str = "") -> Iterator[str]:
    """Yield the names of the keys of a JSON file, as deep as descriptions go.

    Parameters
    ----------
    content : object
        Content of the file.
    known : iterable of str
        Names that are described.
    start : str
        What stands before the names.

    Examples
    --------
    >>> list(key_names({"A": [{"B": 1}], "C": {"D": 2}}, ["A", "A[].B", "C"]))
    ['A', 'A[].B', 'C']
    """
    known = tuple(known)
    if isinstance(content, list):
        for each in content:
            yield from key_names(each, known, start)
        return
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        name = f"{start}{key}"
        yield name
        inner = f"{name}[]." if isinstance(value, list) else f"{name}."
        if any(each.startswith(inner) for each in known):
            yield from key_names(value, known, inner)
