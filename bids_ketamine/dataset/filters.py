"""BIDS filter files in fMRIPrep's form: which files of each kind may be used."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.dataset.names import ENTITY_ORDER, LONG_NAMES, DatasetFile, entity_key
from bids_ketamine.dataset.sidecars import read_json
from bids_ketamine.errors import InputDataError, UsageError

KINDS = ("bold", "mask", "confounds", "events", "timeseries", "aseg")
#: Kinds in fMRIPrep's own filter files that this app has no use for.
OTHER_KINDS = ("t1w", "t2w", "flair", "fmap", "sbref", "roi", "xfm", "pet")
NOT_ENTITIES = ("suffix", "extension", "datatype")

logger = logging.getLogger("bids_ketamine")

#: Filters as the command line hands them over: kind of file, entity, wanted value or values.
Filters = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class FileFilter:
    """Conditions on the parts of a file name.

    Attributes
    ----------
    wanted : mapping of str to tuple of (str or None)
        Allowed values by short entity name (or ``suffix``, ``extension``, ``datatype``);
        ``None`` among them allows a name without the entity; an empty tuple allows any value.
    """

    wanted: Mapping[str, tuple[str | None, ...]]

    @property
    def keys(self) -> frozenset[str]:
        """What the filter speaks of."""
        return frozenset(self.wanted)

    def accepts(self, file: DatasetFile) -> bool:
        """Tell whether a file meets every condition."""
        return all(self._meets(file, key, values) for key, values in self.wanted.items())

    def with_defaults(self, **defaults: str) -> FileFilter:
        """Add conditions for what the filter does not speak of itself."""
        added = {key: (value,) for key, value in defaults.items()}
        return FileFilter({**added, **self.wanted})

    def only(self, keys: frozenset[str]) -> FileFilter:
        """Keep the conditions on some keys."""
        return FileFilter({key: self.wanted[key] for key in self.wanted if key in keys})

    @staticmethod
    def _meets(file: DatasetFile, key: str, values: tuple[str | None, ...]) -> bool:
        value: str | None
        if key == "suffix":
            value = file.suffix
        elif key == "extension":
            value = file.extension
        elif key == "datatype":
            value = file.folder.rpartition("/")[2]
        else:
            value = file.get(key)
        if not values:
            return value is not None
        return entity_key(key, value) in {entity_key(key, each) for each in values}


def read_filter_file(path: Path) -> dict[str, dict[str, object]]:
    """Read a BIDS filter file.

    Parameters
    ----------
    path : Path
        JSON file such as ``{"bold": {"acquisition": "mb"}}``.

    Returns
    -------
    dict
        Its content; :func:`compile_filters` checks it.

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If it is not a JSON object of objects.
    """
    content = read_json(path)
    if not all(isinstance(body, dict) for body in content.values()):
        raise InputDataError(
            "The BIDS filter file must be an object of objects.",
            path=path,
            cure='Such as {"bold": {"acquisition": "mb"}}.',
        )
    return content


def compile_filters(filters: Filters | None) -> dict[str, FileFilter]:
    """Check filters and bring them into one form.

    Parameters
    ----------
    filters : mapping or None
        For each kind of file (bold, mask, confounds, events, timeseries) the wanted value, or
        list of values, of each entity, by its long or short name. ``null`` (or ``Query.NONE``)
        wants a name without the entity, ``*`` (or ``Query.ANY``) any value.

    Returns
    -------
    dict of str to FileFilter
        A filter for every kind; one without conditions where none is given.

    Raises
    ------
    UsageError
        If a kind or an entity is unknown.

    Examples
    --------
    >>> compile_filters({"bold": {"acquisition": "mb"}})["bold"].wanted
    {'acq': ('mb',)}
    """
    given = filters or {}
    for kind in given:
        if kind in OTHER_KINDS:
            logger.warning("The BIDS filter for `%s` is about files that are not read.", kind)
        elif kind not in KINDS:
            raise UsageError(
                f"The BIDS filter names an unknown kind of file: `{kind}`.",
                cure=f"Kinds: {', '.join(KINDS)}.",
            )
    return {kind: FileFilter(_conditions(kind, given.get(kind, {}))) for kind in KINDS}


def _conditions(kind: str, body: Mapping[str, object]) -> dict[str, tuple[str | None, ...]]:
    conditions: dict[str, tuple[str | None, ...]] = {}
    for name, wanted in body.items():
        key = LONG_NAMES.get(name, name)
        if key not in ENTITY_ORDER and key not in NOT_ENTITIES:
            raise UsageError(
                f"The BIDS filter for `{kind}` names an unknown entity: `{name}`.",
                cure=f"Entities: {', '.join(ENTITY_ORDER)}; also {', '.join(NOT_ENTITIES)}.",
            )
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        if not all(isinstance(value, str | int | None) for value in values):
            raise UsageError(
                f"The BIDS filter for `{kind}` wants of `{name}` what is no value of an entity.",
                cure='Give a text, or a list of texts, such as {"bold": {"acquisition": "mb"}}.',
            )
        if any(value in ("*", "Query.ANY", "Query.REQUIRED") for value in values):
            conditions[key] = ()
        elif "Query.OPTIONAL" not in values:
            conditions[key] = tuple(_value(key, value) for value in values)
    return conditions


def _value(key: str, value: object) -> str | None:
    if value is None or value == "Query.NONE":
        return None
    text = str(value)
    if key in ("sub", "ses"):
        return text.removeprefix(f"{key}-")
    if key == "extension" and not text.startswith("."):
        return f".{text}"
    return text
