"""YAML text -> plain data with the line of every value; nothing in it is executed."""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bids_ketamine.errors import InputMissingError, ReadWriteError, StudyError

KeyPath = tuple[str | int, ...]

#: Called with a place in the file and a sentence on what is wrong there.
Problem = Callable[[KeyPath, str], None]

#: A study file is a few hundred lines; anything longer is not one.
LARGEST_FILE = 1_000_000
#: Brackets within brackets.
DEEPEST = 100


@dataclass
class Document:
    """Plain data of a YAML file, and where each value stands.

    Attributes
    ----------
    data : dict
        Mappings, lists and scalars.
    lines : dict
        1-based line of each key path.
    inherited : set
        Key paths that come from the preset the file extends.
    texts : dict
        Numbers as they are written: the label 01 is not 1.
    """

    data: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    inherited: set[KeyPath] = field(default_factory=set)
    texts: dict[KeyPath, str] = field(default_factory=dict)


def read_document(path: Path) -> Document:
    """Read a YAML file whose top level is a mapping.

    Raises
    ------
    InputMissingError
        If the file is not there.
    StudyError
        If it is not YAML, uses anchors, repeats a key, or is not a mapping.
    """
    try:
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            # A named pipe would be waited on for ever.
            raise ReadWriteError("The study file is a pipe or device, not a file.", path=path)
        if status.st_size > LARGEST_FILE:
            raise StudyError(["the file is larger than a study file can be (1 MB)"], path=path)
        # One letter has several spellings in Unicode; tables are read in the same one.
        text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputMissingError("The study file does not exist.", path=path) from error
    except UnicodeDecodeError as error:
        raise StudyError(["the file is not UTF-8 text"], path=path) from error
    except OSError as error:
        raise ReadWriteError(
            f"The study file cannot be read: {error.strerror}.", path=path
        ) from error
    _refuse_nesting(text, path)
    try:
        node = _composed(text)
    except _AnchorError as error:
        raise StudyError(
            [f"line {error.line}: anchors and aliases are not supported"], path=path
        ) from error
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f"line {error.problem_mark.line + 1}: "
        raise StudyError([f"{line}not valid YAML: {error.problem}"], path=path) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise StudyError(["not valid YAML"], path=path) from error
    if not isinstance(node, yaml.MappingNode):
        raise StudyError(["the file must be a mapping of sections to settings"], path=path)
    document = Document(data={})
    problems: list[str] = []
    document.data = _plain(node, (), document, problems)
    if problems:
        raise StudyError(problems, path=path)
    return document


def _refuse_nesting(text: str, path: Path) -> None:
    # The reader's time grows with the square of the depth; a study has a few levels.
    depth = 0
    for place in re.finditer(r"[\[{\]}]", text):
        depth += 1 if place[0] in "[{" else -1
        if depth > DEEPEST:
            line = text.count("\n", 0, place.start()) + 1
            raise StudyError([f"line {line}: lists within lists, deeper than {DEEPEST}"], path=path)


class _AnchorError(Exception):
    """Somewhere is an anchor, or an alias of one."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Refuses anchors: aliases can blow a small file up without bound, and a study needs none."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if getattr(event, "anchor", None):
            raise _AnchorError(event.start_mark.line + 1)
        return super().compose_node(parent, index)


# Presets are read again by every study that extends them; a node is never changed.
@lru_cache(maxsize=8)
def _composed(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=_Loader)


def _plain(node: yaml.Node, where: KeyPath, document: Document, problems: list[str]) -> Any:
    lines = document.lines
    lines[where] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                problems.append(f"line {line}: a key must be a word")
                continue
            key = key_node.value
            if key in mapping:
                problems.append(f"line {line}: the key `{key}` stands twice")
            mapping[key] = _plain(value_node, (*where, key), document, problems)
            lines[(*where, key)] = line
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(item, (*where, index), document, problems)
            for index, item in enumerate(node.value)
        ]
    document.texts[where] = str(node.value)
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):
        problems.append(f"line {node.start_mark.line + 1}: cannot read `{node.value}`")
        return None


def merge(base: Document, own: Document) -> Document:
    """Lay a study file over the preset it extends, key by key.

    Lists and single values replace; mappings merge; ``null`` removes a named entry.
    """
    merged = Document(
        data=_merge(base.data, own.data),
        lines=dict(own.lines),
        texts=dict(own.texts),
        inherited=set(_paths(base.data, ())),
    )
    return merged


def _merge(base: Any, own: Any) -> Any:
    if isinstance(base, dict) and isinstance(own, dict):
        keys = [*base, *(key for key in own if key not in base)]
        return {
            key: _merge(base[key], own[key])
            if key in base and key in own
            else (own[key] if key in own else base[key])
            for key in keys
        }
    return own


def _paths(data: Any, where: KeyPath) -> Iterator[KeyPath]:
    yield where
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _paths(value, (*where, key))
