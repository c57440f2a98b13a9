"""The files of one participant-session over the raw dataset and all derivatives."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.dataset.names import DatasetFile, entity_key, in_bids_order, same_value

IMAGE_EXTENSIONS = (".nii.gz", ".nii")
#: End of the names of CIFTI series, and the space in which they lie: the cortex on the surface, the
#: subcortex in the volume.
DENSE_EXTENSION, SURFACE_SPACE = ".dtseries.nii", "fsLR"
#: Entities of the grid and of what was derived, which confounds and outputs do not share.
SPACE_ENTITIES = frozenset({"space", "cohort", "res", "den"})
DERIVED_ENTITIES = SPACE_ENTITIES | {"desc", "atlas", "seg", "scale", "stat", "label", "hemi"}
#: Entities that combining images takes out of the names of what is common to them.
COMBINED_ENTITIES = frozenset({"echo", "part"})


@dataclass(frozen=True)
class SessionFiles:
    """What may belong to one participant-session.

    Attributes
    ----------
    participant : str
        Label without ``sub-``.
    label : str or None
        Session label without ``ses-``.
    raw : tuple of DatasetFile
        Files of the raw dataset, with those that are inherited.
    derivatives : mapping of str to tuple of DatasetFile
        Files of each derivative, in the order in which they are searched.
    roots : tuple of Path
        Root folders of the raw dataset and of the derivatives.
    """

    participant: str
    label: str | None
    raw: tuple[DatasetFile, ...]
    derivatives: Mapping[str, tuple[DatasetFile, ...]]
    roots: tuple[Path, ...] = ()

    @property
    def entities(self) -> dict[str, str]:
        """Entities that every file of the session has."""
        session = {} if self.label is None else {"ses": self.label}
        return {"sub": self.participant, **session}

    def own(self, file: DatasetFile) -> bool:
        """Tell whether a file is the session's own, not one it inherits."""
        return file.get("sub") == self.participant and file.get("ses") == self.label

    def searched(self, first: str) -> Iterator[tuple[DatasetFile, ...]]:
        """Yield the files of each derivative, one of them first, then in order."""
        yield self.derivatives.get(first, ())
        for name, files in self.derivatives.items():
            if name != first:
                yield files

    def expected(self, entities: Mapping[str, str], suffix: str, extension: str) -> str:
        """Return the path, relative to a dataset's root, that a file would have."""
        folder = f"sub-{self.participant}" + ("" if self.label is None else f"/ses-{self.label}")
        every = in_bids_order({**self.entities, **entities})
        name = "_".join(f"{key}-{value}" for key, value in every)
        return f"{folder}/func/{name}_{suffix}{extension}"

    def folder_at(self, expected: str) -> str | None:
        """Say that a folder lies where a file is expected; ``None`` where none does."""
        name = expected.rpartition("/")[2]
        there = any((root / expected).is_dir() for root in self.roots)
        return f"{name} is a folder, not a file" if there else None

    @property
    def places(self) -> str:
        """Names of the derivatives, for sentences."""
        return " or ".join(self.derivatives)


def run_key(file: DatasetFile) -> str | None:
    """Return the `run` entity in the form in which equal ones are equal."""
    return entity_key("run", file.get("run"))


def belongs(
    candidate: DatasetFile,
    bold: DatasetFile,
    *,
    apart_from: Collection[str],
) -> bool:
    """Tell whether a derived file has the same entities as a series, apart from some.

    Parameters
    ----------
    candidate : DatasetFile
        Such as a mask.
    bold : DatasetFile
        The series.
    apart_from : collection of str
        Entities that are not compared.
    """
    for key in {*candidate.entities, *bold.entities}:
        if key in apart_from or (key in COMBINED_ENTITIES and candidate.get(key) is None):
            continue
        if not same_value(key, candidate.get(key), bold.get(key)):
            return False
    return True
