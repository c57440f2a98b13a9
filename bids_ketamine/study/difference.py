"""What a study says as plain data, and where two studies differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from bids_ketamine.study.spec import StudySpec

#: Named entries whose order has a meaning: the first session is the baseline, and outcomes take
#: the first change where they name none.
ORDERED = ("sessions", "changes")

#: Stands for a key that is not there; unlike ``None``, which a study file may say.
_NOWHERE = object()


@dataclass(frozen=True)
class Difference:
    """One place in which two studies differ.

    Attributes
    ----------
    path : str
        Keys from the top of the study file, joined by dots: ``tasks.faces.task``.
    planned, present : object
        What stands there, as plain data; ``None`` where there is nothing.
    """

    path: str
    planned: Any
    present: Any


def normalised_study(spec: StudySpec, *, file_words: Callable[[str], str]) -> dict[str, Any]:
    """Return a study as plain data with every default written, in the form of a study file.

    Parameters
    ----------
    spec : StudySpec
        The study.
    file_words : callable
        Takes the path of a file that the study names, and returns what stands for it.

    Returns
    -------
    dict
        Mappings, lists and scalars; named entries are mappings by name, in the study's order.
    """
    return _plain_section(spec, file_words)


def _plain_section(section: Any, file_words: Callable[[str], str]) -> dict[str, Any]:
    plain = {}
    for each in fields(section):
        value = getattr(section, each.name)
        is_path = bool(each.metadata.get("path"))
        plain[each.name] = _plain(value, file_words, is_path=is_path)
    return plain


def _plain(value: Any, file_words: Callable[[str], str], *, is_path: bool) -> Any:
    if is_dataclass(value):
        return _plain_section(value, file_words)
    if isinstance(value, Mapping):
        items = value.items()
        return {str(key): _plain(each, file_words, is_path=is_path) for key, each in items}
    if isinstance(value, tuple | list):
        if value and all(hasattr(each, "name") for each in value):
            return {each.name: _without_name(_plain_section(each, file_words)) for each in value}
        return [_plain(each, file_words, is_path=is_path) for each in value]
    return file_words(value) if is_path and isinstance(value, str) else value


def _without_name(plain: dict[str, Any]) -> dict[str, Any]:
    del plain["name"]
    return plain


def differences(planned: Mapping[str, Any], present: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return every place in which two studies differ.

    Named entries (tasks, outcomes, mixed models, ...) are matched by name; their order counts in
    :data:`ORDERED` alone. Other lists are compared as a whole. A key that only one of the two
    knows, as after a new version of the app, is a difference unless it asks for nothing there.

    Parameters
    ----------
    planned, present : mapping
        As :func:`normalised_study` gives them, also after a way through JSON; named entries may
        be lists of mappings with the key ``name`` too.

    Returns
    -------
    tuple of Difference
        In the order of the present study, then what it has no more.

    Examples
    --------
    >>> planned = {"glm": {"high_pass": 128.0}, "tasks": {"faces": {"task": "emotion"}}}
    >>> present = {"glm": {"high_pass": 100.0}, "tasks": {}}
    >>> for each in differences(planned, present):
    ...     print(each.path, each.planned, each.present)
    glm.high_pass 128.0 100.0
    tasks.faces {'task': 'emotion'} None
    """
    return tuple(_compared((), planned, present))


def _compared(path: tuple[str, ...], planned: Any, present: Any) -> Iterator[Difference]:
    planned, present = _by_name(planned), _by_name(present)
    if isinstance(planned, Mapping) and isinstance(present, Mapping):
        for key in (*present, *(key for key in planned if key not in present)):
            yield from _compared(
                (*path, str(key)), planned.get(key, _NOWHERE), present.get(key, _NOWHERE)
            )
        yield from _reordered(path, planned, present)
    elif not _same(planned, present):
        yield Difference(".".join(path), _told(planned), _told(present))


def _by_name(value: Any) -> Any:
    """Turn a list of named entries into a mapping by name."""
    if not (isinstance(value, list | tuple) and value):
        return value
    if not all(isinstance(each, Mapping) and "name" in each for each in value):
        return value
    return {each["name"]: {k: v for k, v in each.items() if k != "name"} for each in value}


def _reordered(
    path: tuple[str, ...], planned: Mapping[str, Any], present: Mapping[str, Any]
) -> Iterator[Difference]:
    if len(path) != 1 or path[0] not in ORDERED:
        return
    before = [each for each in planned if each in present]
    after = [each for each in present if each in planned]
    if before != after:
        yield Difference(path[0], before, after)


def _same(planned: Any, present: Any) -> bool:
    if planned is _NOWHERE or present is _NOWHERE:
        other = present if planned is _NOWHERE else planned
        return other is None or other in ("", [], ())
    if isinstance(planned, list | tuple) and isinstance(present, list | tuple):
        pairs = zip(planned, present, strict=False)
        return len(planned) == len(present) and all(_same(*pair) for pair in pairs)
    # true is no number, though Python counts with it.
    return isinstance(planned, bool) == isinstance(present, bool) and bool(planned == present)


def _told(value: Any) -> Any:
    return None if value is _NOWHERE else value
