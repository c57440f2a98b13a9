"""BIDS file names: entities, suffix, extension."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bids_ketamine.dataset.dialects import modern_name

#: Entities whose value is an index: `run-01` is `run-1`.
INDEX_ENTITIES = frozenset({"run", "echo", "flip", "inv", "split", "chunk", "res"})

#: Long names (pybids, filter files) of the entities that file names shorten.
LONG_NAMES: Mapping[str, str] = {
    "subject": "sub",
    "session": "ses",
    "acquisition": "acq",
    "ceagent": "ce",
    "reconstruction": "rec",
    "direction": "dir",
    "resolution": "res",
    "density": "den",
    "description": "desc",
    "segmentation": "seg",
    "statistic": "stat",
    "hemisphere": "hemi",
    "tracer": "trc",
    "staining": "stain",
    "modality": "mod",
    "inversion": "inv",
}

#: Short names in the order BIDS puts them in file names.
ENTITY_ORDER = (
    "sub",
    "ses",
    "sample",
    "task",
    "acq",
    "ce",
    "trc",
    "stain",
    "rec",
    "dir",
    "run",
    "mod",
    "echo",
    "flip",
    "inv",
    "mt",
    "part",
    "proc",
    "recording",
    "space",
    "cohort",
    "atlas",
    "seg",
    "scale",
    "split",
    "chunk",
    "hemi",
    "res",
    "den",
    "label",
    "stat",
    "desc",
)


@dataclass(frozen=True)
class DatasetFile:
    """A file of a dataset, by the parts of its name in today's terms.

    Attributes
    ----------
    dataset : str
        Name of the derivative, or ``raw``.
    path : Path
        The file, under its own name.
    folder : str
        Its folder relative to the dataset's root, with ``/``; empty at the root.
    entities : mapping of str to str
        Values by short entity name, as written.
    suffix : str
        Such as ``bold``.
    extension : str
        Such as ``.nii.gz``.
    """

    dataset: str
    path: Path
    folder: str
    entities: Mapping[str, str]
    suffix: str
    extension: str

    @property
    def depth(self) -> int:
        """Number of folders between the dataset's root and the file."""
        return len(PurePosixPath(self.folder).parts)

    def get(self, entity: str) -> str | None:
        """Return the value of an entity, ``None`` without it."""
        return self.entities.get(entity)


def parse_name(root: Path, path: Path, *, dataset: str) -> DatasetFile:
    """Take a file name apart; names of old derivatives are translated first.

    Parameters
    ----------
    root : Path
        Root of the dataset.
    path : Path
        A file in it.
    dataset : str
        Name of the derivative, or ``raw``.

    Returns
    -------
    DatasetFile
        Its parts.

    Examples
    --------
    >>> file = parse_name(
    ...     Path("/data"), Path("/data/sub-01/func/sub-01_task-rest_run-02_bold.nii.gz"),
    ...     dataset="raw",
    ... )
    >>> dict(file.entities), file.suffix, file.extension, file.depth
    ({'sub': '01', 'task': 'rest', 'run': '02'}, 'bold', '.nii.gz', 2)
    """
    name = path.name if dataset == "raw" else modern_name(path.name)
    stem, dot, extension = name.partition(".")
    *pairs, suffix = stem.split("_")
    entities = {}
    for pair in pairs:
        key, dash, value = pair.partition("-")
        if dash:
            entities[key] = value
    folder = path.parent.relative_to(root).as_posix()
    return DatasetFile(
        dataset=dataset,
        path=path,
        folder="" if folder == "." else folder,
        entities=entities,
        suffix=suffix,
        extension=dot + extension,
    )


def same_value(entity: str, one: str | None, other: str | None) -> bool:
    """Tell whether two values of an entity mean the same.

    Examples
    --------
    >>> same_value("run", "1", "01"), same_value("acq", "1", "01")
    (True, False)
    """
    return entity_key(entity, one) == entity_key(entity, other)


def entity_key(entity: str, value: str | None) -> str | None:
    """Return a value in the form in which equal ones are equal."""
    if value is not None and entity in INDEX_ENTITIES and is_number(value):
        return str(int(value))
    return value


def is_number(text: str) -> bool:
    """Tell whether text is a whole number.

    Examples
    --------
    >>> is_number("02"), is_number("²"), is_number("")
    (True, False, False)
    """
    return text.isascii() and text.isdecimal()


def in_bids_order(entities: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return entities in the order BIDS gives them; unknown ones last, by name."""
    known = {name: place for place, name in enumerate(ENTITY_ORDER)}
    return tuple(sorted(entities.items(), key=lambda pair: (known.get(pair[0], 99), pair[0])))


def natural_order(labels: Iterable[str]) -> list[str]:
    """Sort labels with numbers by value.

    Examples
    --------
    >>> natural_order(["10", "2", "control1"])
    ['2', '10', 'control1']
    """

    def key(label: str) -> list[tuple[int, int, str]]:
        parts = re.findall(r"[0-9]+|[^0-9]+", label)
        return [(0, int(part), part) if is_number(part) else (1, 0, part) for part in parts]

    return sorted(labels, key=key)


def strip_prefix(label: str, prefix: str) -> str:
    """Take `sub-` or `ses-` off a label that has it.

    Examples
    --------
    >>> strip_prefix("sub-01", "sub"), strip_prefix("01", "sub")
    ('01', '01')
    """
    return label.removeprefix(f"{prefix}-")


def listed(labels: Iterable[str], *, most: int = 10) -> str:
    """Write labels for a sentence, at most ten of them.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    every = list(labels)
    shown = ", ".join(every[:most])
    return shown + (f" and {len(every) - most} more" if len(every) > most else "") or "none"
