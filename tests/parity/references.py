"""References to stored values: ``path#name[index]``, relative to a folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import EllipsisType
from typing import Any, NamedTuple

import nibabel as nib
import numpy as np
import pandas as pd

TABLE_SEPARATORS = {".tsv": "\t", ".csv": ","}
IMAGE_ENDINGS = (".nii.gz", ".nii")
MISSING = ("NA", "n/a", "")

_REFERENCE = re.compile(
    r"(?P<path>[^#]+?\.(?:npz|json|tsv|csv|nii\.gz|nii))"
    r"(?:#(?P<name>.+?))?"
    r"(?:\[(?P<subscript>[\d:.,\s-]+)\])?"
)


class Reference(NamedTuple):
    """The parts of a reference."""

    path: str
    name: str | None
    subscript: str | None


class UnresolvedReferenceError(Exception):
    """A reference does not lead to a value."""


def split_reference(text: str) -> Reference | None:
    """Take a reference apart.

    Parameters
    ----------
    text : str
        A text of a manifest.

    Returns
    -------
    Reference or None
        Its parts; None if the text is a literal.

    Examples
    --------
    >>> split_reference("a/b.npz#Ep[...,3]")
    Reference(path='a/b.npz', name='Ep', subscript='...,3')
    >>> split_reference("trial.tsv#Pr(>|t|)").name
    'Pr(>|t|)'
    >>> split_reference("A minus B") is None
    True
    """
    match = _REFERENCE.fullmatch(text)
    return None if match is None else Reference(**match.groupdict())


def parse_index(text: str) -> tuple[int | slice | EllipsisType, ...]:
    """Read a 0-based index such as ``...,2``, ``1``, ``1:`` or ``:15``.

    Parameters
    ----------
    text : str
        What stands between the brackets.

    Returns
    -------
    tuple
        The same for NumPy.

    Raises
    ------
    UnresolvedReferenceError
        If it is no index.

    Examples
    --------
    >>> parse_index("...,2"), parse_index("1:")
    ((Ellipsis, 2), (slice(1, None, None),))
    """
    parts: list[int | slice | EllipsisType] = []
    try:
        for part in (piece.strip() for piece in text.split(",")):
            if part == "...":
                parts.append(...)
            elif ":" in part:
                parts.append(slice(*(int(end) if end.strip() else None for end in part.split(":"))))
            else:
                parts.append(int(part))
    except ValueError:
        raise UnresolvedReferenceError(f"[{text}] is no index") from None
    return tuple(parts)


class ReferenceFolder:
    """Reads references of one folder; each value is read once.

    Parameters
    ----------
    folder : Path
        The folder that paths are relative to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._contents: dict[str, Any] = {}
        self._values: dict[str, Any] = {}

    def read(self, text: str) -> Any:
        """Read the value of a reference.

        Parameters
        ----------
        text : str
            Array of an npz, key of a json (``key/key`` goes down), column of a tsv or csv, or a
            whole table or image; with or without index.

        Returns
        -------
        ndarray, DataFrame, list, dict or scalar
            Arrays are read-only. Numbers of tables and images are float64; NA, n/a and blank
            cells are NaN.

        Raises
        ------
        UnresolvedReferenceError
            If there is no such file or value.
        """
        if text not in self._values:
            self._values[text] = _locked(self._read(text))
        value = self._values[text]
        return value.copy() if isinstance(value, pd.DataFrame) else value

    def affine(self, text: str) -> np.ndarray:
        """Return the affine of a referenced image, voxel indices to mm.

        Parameters
        ----------
        text : str
            Reference of an image.

        Returns
        -------
        ndarray of shape (4, 4)
            The affine.

        Raises
        ------
        UnresolvedReferenceError
            If the reference is not an image.
        """
        reference = split_reference(text)
        if reference is None or not reference.path.endswith(IMAGE_ENDINGS):
            raise UnresolvedReferenceError(f"{text} is no image")
        return np.asarray(self._open(reference.path).affine, dtype=np.float64)

    def _read(self, text: str) -> Any:
        reference = split_reference(text)
        if reference is None:
            raise UnresolvedReferenceError(f"{text} is no reference")
        value = self._stored(reference)
        if reference.subscript is None:
            return value
        try:
            return np.asarray(value)[parse_index(reference.subscript)]
        except IndexError as error:
            raise UnresolvedReferenceError(f"{text}: {error}") from None

    def _stored(self, reference: Reference) -> Any:
        path, name = reference.path, reference.name
        if path.endswith(".npz"):
            return self._array(path, name)
        content = self._open(path)
        if path.endswith(IMAGE_ENDINGS):
            return np.asarray(content.dataobj, dtype=np.float64)
        if name is None:
            return content
        if path.endswith(".json"):
            return _array_if_regular(_descend(content, reference))
        if name not in content:
            raise UnresolvedReferenceError(f"{path} has no {name}")
        return content[name].to_numpy()

    def _array(self, path: str, name: str | None) -> np.ndarray:
        with np.load(self._file(path)) as arrays:
            if name is None or name not in arrays.files:
                raise UnresolvedReferenceError(f"{path} has no array {name}")
            return arrays[name]

    def _open(self, path: str) -> Any:
        if path not in self._contents:
            file = self._file(path)
            if path.endswith(".json"):
                self._contents[path] = json.loads(file.read_text(encoding="utf-8"))
            elif path.endswith(IMAGE_ENDINGS):
                self._contents[path] = nib.load(file)
            else:
                self._contents[path] = read_table(file)
        return self._contents[path]

    def _file(self, path: str) -> Path:
        file = self.folder / path
        if not file.is_file():
            raise UnresolvedReferenceError(f"{path} is absent")
        return file


def read_table(file: Path) -> pd.DataFrame:
    """Read a tsv or csv whose cells may carry padding blanks.

    Parameters
    ----------
    file : Path
        The table, with header; a column without a header is named "".

    Returns
    -------
    DataFrame
        float64 columns where every cell is a number or missing, text elsewhere.
    """
    separator = TABLE_SEPARATORS[file.suffix]
    table = pd.read_csv(
        file, sep=separator, dtype=str, header=None, keep_default_na=False, skipinitialspace=True
    )
    cells = table.map(str.strip)
    cells.columns = cells.iloc[0].tolist()
    cells = cells.iloc[1:].reset_index(drop=True)
    return pd.DataFrame({name: _column(cells[name]) for name in cells.columns})


def _column(cells: pd.Series) -> pd.Series:
    present = cells.astype(object).mask(cells.isin(MISSING), np.nan)
    try:
        return pd.to_numeric(present).astype(np.float64)
    except (ValueError, TypeError):
        return present


def _descend(content: Any, reference: Reference) -> Any:
    name = reference.name or ""
    if isinstance(content, dict) and name in content:
        return content[name]
    for key in name.split("/"):
        if isinstance(content, dict) and key in content:
            content = content[key]
        elif isinstance(content, list) and key.isdigit() and int(key) < len(content):
            content = content[int(key)]
        else:
            raise UnresolvedReferenceError(f"{reference.path} has no {name}")
    return content


def _array_if_regular(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    try:
        array = np.asarray(value)
        # null among numbers is a missing number
        return array.astype(np.float64) if array.dtype.kind == "O" else array
    except (ValueError, TypeError):
        return value


def _locked(value: Any) -> Any:
    # Values are shared by cases: a function that writes into its input must not reach them.
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    return value
