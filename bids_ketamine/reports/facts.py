"""Sidecars, read and looked up without trust."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def read_json(path: Path, unreadable: list[str]) -> dict[str, Any]:
    """Read a JSON file; one that is missing is empty, one that is damaged is noted.

    Parameters
    ----------
    path : Path
        The file.
    unreadable : list of str
        Gets a sentence when the file cannot be read.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        unreadable.append(f"{path.name} cannot be read: {error}")
        return {}
    return data if isinstance(data, dict) else {}


def mapping_of(facts: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a mapping inside a sidecar; empty where there is none.

    >>> mapping_of({"a": {"b": 1}, "c": 5}, "a"), mapping_of({"c": 5}, "c")
    ({'b': 1}, {})
    """
    found = facts.get(key)
    return found if isinstance(found, Mapping) else {}


def count_of(facts: Mapping[str, Any], key: str) -> int:
    """Return a count inside a sidecar; 0 where there is none.

    >>> count_of({"Volumes": 215.0}, "Volumes"), count_of({"Volumes": None}, "Volumes")
    (215, 0)
    """
    found = facts.get(key)
    return int(found) if isinstance(found, int | float) and math.isfinite(found) else 0


def sentences_of(facts: Mapping[str, Any], key: str) -> list[str]:
    """Return the sentences of a list inside a sidecar; none where there is no list.

    >>> sentences_of({"Notes": ["one", 2]}, "Notes"), sentences_of({"Notes": None}, "Notes")
    (['one', '2'], [])
    """
    found = facts.get(key)
    return [str(each) for each in found] if isinstance(found, list | tuple) else []


def agreed(facts: Iterable[Mapping[str, Any]], key: str, asked: str) -> str:
    """Return the text that sidecars agree on, else what was asked for.

    Parameters
    ----------
    facts : iterable of mapping
        Sidecars.
    key : str
        What is looked up; only text counts.
    asked : str
        What holds where they tell nothing or differ.

    Examples
    --------
    >>> agreed([{"Method": "spm"}, {}], "Method", "conn"), agreed([], "Method", "conn")
    ('spm', 'conn')
    """
    found = {str(each[key]) for each in facts if isinstance(each.get(key), str)}
    return found.pop() if len(found) == 1 else asked
