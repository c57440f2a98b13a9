"""Metadata of a file from its JSON sidecars, by the BIDS inheritance principle."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bids_ketamine.dataset.names import DatasetFile, same_value
from bids_ketamine.dataset.session_files import DENSE_EXTENSION
from bids_ketamine.dataset.sidecars import read_json
from bids_ketamine.errors import BidsKetamineError


@dataclass(frozen=True)
class Metadata:
    """What the sidecars of a file say.

    Attributes
    ----------
    values : mapping of str to object
        Keys of all sidecars; the nearest wins.
    problem : str or None
        Why a sidecar could not be read.
    """

    values: Mapping[str, object]
    problem: str | None = None

    def number(self, key: str) -> float | None:
        """Return a finite number, ``None`` where the key is absent or holds none."""
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        try:
            number = float(value)
        except OverflowError:  # JSON has whole numbers of any length
            return None
        return number if math.isfinite(number) else None

    def truth(self, key: str) -> bool | None:
        """Return a boolean, ``None`` where the key is absent or holds none."""
        value = self.values.get(key)
        return value if isinstance(value, bool) else None


def applies(candidate: DatasetFile, target: DatasetFile, *, ignoring: Collection[str] = ()) -> bool:
    """Tell whether a file applies to another one by inheritance.

    A file applies when it lies in the folder of the other or above, and each entity of its
    name has the same value in the other's name.

    Parameters
    ----------
    candidate : DatasetFile
        Such as ``task-faces_bold.json`` at the dataset's root.
    target : DatasetFile
        Such as a BOLD series.
    ignoring : collection of str
        Entities that need not agree.
    """
    above = candidate.folder == "" or f"{target.folder}/".startswith(f"{candidate.folder}/")
    return above and all(
        key in ignoring or same_value(key, value, target.get(key))
        for key, value in candidate.entities.items()
    )


def nearest_last(files: Iterable[DatasetFile]) -> list[DatasetFile]:
    """Sort files that apply by inheritance: the most specific comes last."""
    return sorted(files, key=lambda file: (file.depth, len(file.entities), file.path.name))


def read_metadata(
    target: DatasetFile,
    files: Iterable[DatasetFile],
    *,
    suffix: str,
    ignoring: Collection[str] = (),
) -> Metadata:
    """Merge the sidecars that apply to a file.

    Parameters
    ----------
    target : DatasetFile
        The file.
    files : iterable of DatasetFile
        Files among which its sidecars are.
    suffix : str
        Suffix of the sidecars.
    ignoring : collection of str
        Entities that need not agree.

    Returns
    -------
    Metadata
        Merged values; a sidecar that cannot be read is told in ``problem``.
    """
    values: dict[str, object] = {}
    extensions = [".json"]
    if target.extension == DENSE_EXTENSION:
        # fMRIPrep has written either for its CIFTI series, and both.
        extensions.append(DENSE_EXTENSION.replace(".nii", ".json"))
    sidecars = [
        file
        for file in files
        if file.extension in extensions
        and file.suffix == suffix
        and applies(file, target, ignoring=ignoring)
    ]
    for sidecar in nearest_last(sidecars):
        try:
            values.update(read_json(sidecar.path))
        except BidsKetamineError as error:
            told, name = error.message.rstrip("."), sidecar.path.name
            return Metadata(values={}, problem=told if name in told else f"{name}: {told}")
    return Metadata(values=values)
