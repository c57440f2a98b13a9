"""The manifest of a reference folder: its cases, checked."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bids_ketamine.errors import InputDataError, InputMissingError
from tests.parity.references import IMAGE_ENDINGS, split_reference

NAME = "manifest.json"
REQUIRED = ("id", "quantity", "inputs", "options", "expected", "rtol", "atol")


@dataclass(frozen=True)
class Tolerance:
    """How far a result may be from the reference.

    Attributes
    ----------
    rtol, atol : float
        Allowed: atol + rtol * max(1, largest absolute reference value).
    not_below : bool
        Only a result below the reference by more than atol fails.
    """

    rtol: float
    atol: float
    not_below: bool = False


@dataclass(frozen=True)
class Case:
    """One comparison."""

    id: str
    quantity: str
    inputs: Mapping[str, Any]
    options: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerances: Mapping[str, Tolerance]
    optional: bool
    needs: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """All comparisons of a folder."""

    folder: Path
    cases: Mapping[str, Case]
    informational: tuple[str, ...]

    @property
    def quantities(self) -> tuple[str, ...]:
        """Quantities in the order in which they first occur."""
        return tuple(dict.fromkeys(case.quantity for case in self.cases.values()))


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a reference folder.

    Parameters
    ----------
    path : Path
        The folder, or its manifest.json.

    Returns
    -------
    Manifest
        Its cases by id, in the order of the file.

    Raises
    ------
    InputMissingError
        If there is no such folder or no manifest in it.
    InputDataError
        If the file is not a manifest.
    """
    if not path.exists():
        raise InputMissingError("There is no such reference folder.", path=path)
    file = path / NAME if path.is_dir() else path
    if not file.is_file():
        raise InputMissingError(f"The folder has no {NAME}.", path=path)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        listing, informational = content["cases"], content.get("informational", [])
        cases = [_case(entry) for entry in listing]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputDataError(f"This is not a manifest: {error!r}.", path=file) from error
    by_id = {case.id: case for case in cases}
    if len(by_id) != len(cases):
        twice = sorted({c.id for c in cases if sum(d.id == c.id for d in cases) > 1})
        raise InputDataError(f"Ids occur twice: {', '.join(twice)}.", path=file)
    return Manifest(file.parent, by_id, tuple(informational))


def _case(entry: Mapping[str, Any]) -> Case:
    missing = [key for key in REQUIRED if key not in entry]
    if missing:
        raise KeyError(f"case {entry.get('id', '?')} lacks {', '.join(missing)}")
    own = entry.get("tolerances") or {}
    default = {"rtol": entry["rtol"], "atol": entry["atol"]}
    needs = entry.get("needs") or ()
    return Case(
        id=entry["id"],
        quantity=entry["quantity"],
        inputs=entry["inputs"],
        options=entry["options"],
        expected=entry["expected"],
        tolerances={name: _tolerance(own.get(name, default)) for name in entry["expected"]},
        optional=bool(entry.get("optional", False)),
        needs=(needs,) if isinstance(needs, str) else tuple(needs),
        sources=tuple(entry.get("from") or ()),
    )


def _tolerance(entry: Mapping[str, Any]) -> Tolerance:
    side = entry.get("one_sided")
    if side not in (None, "not below"):
        raise ValueError(f"one_sided is {side!r}, known is 'not below'")
    return Tolerance(float(entry["rtol"]), float(entry["atol"]), not_below=side is not None)


def unlisted_arrays(manifest: Manifest) -> list[str]:
    """Name the arrays and images of the folder that its manifest does not mention.

    Parameters
    ----------
    manifest : Manifest
        Every array and image should be an input, expected, or informational.

    Returns
    -------
    list of str
        References, sorted; empty if the manifest is complete.
    """
    mentioned: set[str] = set()
    for case in manifest.cases.values():
        for entry in (*case.inputs.values(), *case.expected.values()):
            mentioned.update(_without_index(text) for text in _texts(entry))
    unlisted = []
    for file in sorted(manifest.folder.rglob("*")):
        relative = file.relative_to(manifest.folder).as_posix()
        stored = []
        if file.suffix == ".npz":
            with np.load(file) as arrays:
                stored = [f"{relative}#{name}" for name in arrays.files]
        elif relative.endswith(IMAGE_ENDINGS):
            stored = [relative]
        unlisted += [
            name
            for name in stored
            if name not in mentioned
            and not any(
                fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(relative, pattern)
                for pattern in manifest.informational
            )
        ]
    return unlisted


def _texts(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, list):
        for item in entry:
            yield from _texts(item)


def _without_index(text: str) -> str:
    parts = split_reference(text)
    if parts is None:
        return text
    return parts.path if parts.name is None else f"{parts.path}#{parts.name}"
