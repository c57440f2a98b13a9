"""Seed maps of the output tree, of volumes and of grayordinates: found, read, written alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bids_ketamine.images.cifti_scalars import ScalarReader, ScalarWriter
from bids_ketamine.images.files import load_image, read_data, save_map
from bids_ketamine.images.grayordinates import Grayordinates
from bids_ketamine.images.headers import read_header, times
from bids_ketamine.outputs.patterns import PATTERNS, seed_label

#: How the files of the two kinds of images end.
VOLUMES, GRAYORDINATES = ".nii.gz", ".dscalar.nii"

#: Digits of an affine by which two grids are told apart, mm.
DIGITS = 3


class MapLayout(NamedTuple):
    """Where the values of a map are.

    Attributes
    ----------
    key : str
        The same for maps whose values belong to the same places.
    words : str
        For a reader.
    n_values : int
        Voxels of the grid, or grayordinates.
    ending : str
        Of its files: :data:`VOLUMES` or :data:`GRAYORDINATES`.
    """

    key: str
    words: str
    n_values: int
    ending: str


def find_seed_maps(session_folder: Path, *, task: str, seed: str) -> list[Path]:
    """Return the maps of a seed that a session has.

    Parameters
    ----------
    session_folder : Path
        Where its measures table is.
    task : str
        Label of the resting task.
    seed : str
        Name of the network.

    Returns
    -------
    list of Path
        None, or one; several where runs of other settings left theirs.
    """
    found = []
    for kind in ("seed_map", "seed_map_grayordinates"):
        name = PATTERNS[kind].format(task="*", space="*", seed=seed_label(seed))
        found += [
            path
            for path in session_folder.glob(name.replace("**", "*"))
            if f"_task-{task}_" in path.name
        ]
    return sorted(found)


def sidecar_of(path: Path) -> Path:
    """Return the sidecar of a map, whose extension has two parts.

    Examples
    --------
    >>> sidecar_of(Path("x_statmap.dscalar.nii")).name, sidecar_of(Path("x_statmap.nii.gz")).name
    ('x_statmap.json', 'x_statmap.json')
    """
    return path.with_name(path.name.partition(".")[0] + ".json")


class SeedMapReader:
    """Reads maps; what they have in common is understood once."""

    def __init__(self) -> None:
        self._scalars = ScalarReader()
        self._keys: dict[int, tuple[Grayordinates, str]] = {}

    def layout(self, path: Path) -> MapLayout:
        """Return where the values of a map are.

        Parameters
        ----------
        path : Path
            A seed map.

        Raises
        ------
        InputMissingError, ReadWriteError, InputDataError
            If it is not there, cannot be read or is damaged.
        """
        if path.name.endswith(GRAYORDINATES):
            found = self._scalars.read(path).grayordinates
            words = f"{len(found)} grayordinates"
            return MapLayout(self._key(found), words, len(found), GRAYORDINATES)
        header = read_header(path)
        sizes = np.sqrt((header.affine[:3, :3] ** 2).sum(axis=0))
        words = f"{times(header.shape)} voxels of {times(sizes)} mm"
        key = f"{header.shape} {(np.round(header.affine, DIGITS) + 0.0).tolist()}"
        return MapLayout(key, words, int(np.prod(header.shape)), VOLUMES)

    def values(self, path: Path) -> np.ndarray:
        """Read a map.

        Returns
        -------
        ndarray of shape (n_values,)
            float64; NaN where the file has 0, which is no value.
        """
        if path.name.endswith(GRAYORDINATES):
            stored = self._scalars.read(path).values
        else:
            stored = read_data(load_image(path), path).reshape(-1)
        values = stored.astype(np.float64)
        values[(values == 0) | ~np.isfinite(values)] = np.nan
        return values

    def writer(self, like: Path) -> Callable[[np.ndarray, Path, str], None]:
        """Return what writes a map with the layout of another: values, file, name of the map."""
        if like.name.endswith(GRAYORDINATES):
            scalars = ScalarWriter(self._scalars.read(like).models)
            return lambda values, path, name: scalars.save(values, path, name=name)
        header = read_header(like)
        shape, affine = tuple(header.shape), np.array(header.affine)
        return lambda values, path, _: save_map(values.reshape(shape), affine, path)

    def _key(self, found: Grayordinates) -> str:
        """Return a word for grayordinates; the same object is looked at once."""
        if id(found) not in self._keys:
            places = hashlib.sha256(repr((found.structures, found.shape)).encode())
            for array in (found.vertices, found.voxels):
                places.update(np.ascontiguousarray(array, dtype=np.int64).tobytes())
            places.update(str((np.round(found.affine, DIGITS) + 0.0).tolist()).encode())
            # Kept with it, so that no other object takes its number.
            self._keys[id(found)] = found, places.hexdigest()
        return self._keys[id(found)][1]
