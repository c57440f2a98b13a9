"""Plain data -> frozen dataclasses, with every problem collected before it is told."""

from __future__ import annotations

import difflib
import functools
import math
import os
import re
import types
import typing
import unicodedata
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any

from bids_ketamine.study.document import Document, KeyPath
from bids_ketamine.study.formula import parse_weights

ENTITY = re.compile(r"^[A-Za-z0-9]+$")

#: A number in powers of ten, quoted or without the point that YAML wants in it.
EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d{1,3}")

#: Types of a dataclass, whose texts Python would read again for every entry of a study.
_declared_types = functools.cache(typing.get_type_hints)


class Builder:
    """Turn a document into a specification; problems gather in :attr:`problems`.

    Parameters
    ----------
    document : Document
        The data and where they stand.
    folder : Path
        Folder of the study file; paths in it are relative to this.
    """

    def __init__(self, document: Document, folder: Path) -> None:
        self.document = document
        self.folder = folder
        self.problems: list[str] = []

    def problem(self, where: KeyPath, message: str) -> None:
        """Record a problem at a place of the file."""
        at = where
        while at and at not in self.document.lines:
            at = at[:-1]
        line = self.document.lines.get(at)
        prefix = f"line {line}: " if line else ""
        self.problems.append(f"{prefix}{message}")

    def section(self, kind: type, data: Any, where: KeyPath, **given: Any) -> Any:
        """Build one dataclass from a mapping; unknown and missing keys are problems."""
        if data is None:
            data = {}
        name = _dotted(where) or "the study"
        if not isinstance(data, dict):
            self.problem(where, f"{name} must be a mapping, not {_shown(data)}")
            return None
        declared = {each.name: each for each in fields(kind)}
        hints = _declared_types(kind)
        entries, misplaced = _of_entries(hints, declared, data)
        if misplaced:
            keys = ", ".join(f"`{key}`" for key in misplaced)
            self.problem(
                (*where, misplaced[0]),
                f"{keys} in {name}: {entries} stand under `{entries}: NAME:`",
            )
        for key in data:
            if (key not in declared or key in given) and key not in misplaced:
                self.problem(
                    (*where, key), f"unknown key `{key}` in {name}{_nearest(key, declared)}"
                )
        values = dict(given)
        for key, each in declared.items():
            if key in given:
                continue
            if key in data:
                values[key] = self.value(hints[key], data[key], (*where, key), each)
            elif each.default is MISSING and not (misplaced and key == entries):
                self.problem(
                    where, f"{name} needs the key `{key}` ({each.metadata['description']})"
                )
                values[key] = None
            elif each.default is MISSING:
                values[key] = ()
        return kind(**values)

    def value(self, kind: Any, data: Any, where: KeyPath, declared: Field[Any]) -> Any:
        """Build one value of a declared type."""
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in (types.UnionType, typing.Union):
            if data is None:
                return None
            kind = next(each for each in arguments if each is not type(None))
            return self.value(kind, data, where, declared)
        if is_dataclass(kind) and isinstance(kind, type):
            return self.section(kind, data, where)
        if origin is tuple:
            return self._tuple(arguments[0], data, where, declared)
        if origin in (Mapping, typing.get_origin(Mapping[str, str])):
            return self._mapping(arguments[1], data, where, declared)
        return self._scalar(kind, data, where, declared)

    def _tuple(self, kind: Any, data: Any, where: KeyPath, declared: Field[Any]) -> Any:
        if is_dataclass(kind) and isinstance(kind, type):
            return self._named(kind, data, where)
        if data is None:
            return ()
        if not isinstance(data, list):
            self.problem(where, f"{_dotted(where)} must be a list, not {_shown(data)}")
            return ()
        return tuple(
            self.value(kind, item, (*where, index), declared) for index, item in enumerate(data)
        )

    def _named(self, kind: type, data: Any, where: KeyPath) -> Any:
        if data is None:
            return ()
        if not isinstance(data, dict):
            self.problem(where, f"{_dotted(where)} must map names to settings")
            return ()
        name_field = next(each for each in fields(kind) if each.name == "name")
        built = []
        for key, body in data.items():
            at = (*where, key)
            if body is None and at in self.document.inherited:
                continue  # `name: null` takes an entry of the preset out
            name = self._scalar(str, key, at, name_field)
            built.append(self.section(kind, body, at, name=name))
        return tuple(each for each in built if each is not None)

    def _mapping(self, kind: Any, data: Any, where: KeyPath, declared: Field[Any]) -> Any:
        if kind is float and isinstance(data, str):
            weights, problem = parse_weights(data)
            if not all(map(_is_finite, weights.values())):
                problem = "a weight is not a finite number"
            if problem:
                self.problem(where, f"{_dotted(where)}: {problem}")
            return weights
        if data is None:
            return None
        if not isinstance(data, dict):
            self.problem(where, f"{_dotted(where)} must be a mapping, not {_shown(data)}")
            return {}
        return {
            key: self.value(kind, item, (*where, key), declared)
            for key, item in data.items()
            # `key: null` takes an entry of the preset out
            if item is not None or (*where, key) not in self.document.inherited
        }

    def _scalar(self, kind: Any, data: Any, where: KeyPath, declared: Field[Any]) -> Any:
        name = _dotted(where)
        expected = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        if kind is float and isinstance(data, str) and EXPONENT.fullmatch(data):
            data = float(data)  # YAML takes 1e-7 for text, and 1.0e-7 for a number
        fits = {
            str: isinstance(data, str | int | float) and not isinstance(data, bool),
            int: isinstance(data, int) and not isinstance(data, bool),
            float: isinstance(data, int | float) and not isinstance(data, bool),
            bool: isinstance(data, bool),
        }[kind]
        if not fits:
            self.problem(where, f"{name} must be {expected[kind]}, not {_shown(data)}")
            return None
        if kind in (int, float) and not _is_finite(data):
            self.problem(where, f"{name} must be a finite number, not {_shown(data)}")
            return None
        if kind is str and not isinstance(data, str):
            data = self.document.texts.get(where, data)
        value = kind(data)
        settings = declared.metadata
        choices = settings["choices"]
        if choices and value not in choices:
            self.problem(where, f"{name} must be one of {', '.join(choices)}, not `{value}`")
        for bound, word in (("minimum", "at least"), ("maximum", "at most")):
            limit = settings[bound]
            if limit is not None and (value < limit if bound == "minimum" else value > limit):
                hint = f"; {settings['hint']}" if settings["hint"] else ""
                self.problem(where, f"{name} must be {word} {limit:g}, not {value:g}{hint}")
        if settings["entity"] and not ENTITY.match(str(value)):
            self.problem(
                where, f"{name} becomes part of file names: letters and digits only, not `{value}`"
            )
        if settings["path"]:
            if not value.strip():
                self.problem(where, f"{name} must name a file, it is empty")
            return os.path.abspath(_as_on_disk(self.folder / value))
        return value


def _of_entries(
    hints: Mapping[str, Any], declared: Mapping[str, Any], data: Mapping[str, Any]
) -> tuple[str, list[str]]:
    """Return the part of named entries that several keys belong to, and these keys."""
    for name, kind in hints.items():
        inner = (*typing.get_args(kind), None)[0] if typing.get_origin(kind) is tuple else None
        if isinstance(inner, type) and is_dataclass(inner):
            own = {each.name for each in fields(inner)} - {"name"}
            found = [key for key in data if key in own and key not in declared]
            if len(found) > 1:  # one alone may be a slip
                return name, found
    return "", []


def _as_on_disk(path: Path) -> Path:
    """Return a path in the spelling of Unicode that the file system has."""
    decomposed = Path(unicodedata.normalize("NFD", str(path)))
    return decomposed if not path.exists() and decomposed.exists() else path


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond what a float holds
        return False


def _dotted(where: KeyPath) -> str:
    return ".".join(str(part) for part in where)


def _shown(data: Any) -> str:
    if data is None:
        return "nothing"
    if isinstance(data, dict):
        return "a mapping"
    return "a list" if isinstance(data, list) else f"`{data}`"


def _nearest(key: str, declared: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, [name for name in declared if name != "name"], n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known keys: {', '.join(sorted(name for name in declared if name != 'name'))}"
