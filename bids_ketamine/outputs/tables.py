"""Tables, JSON and text of the output tree: written whole or not at all.

A table is tab separated with a header, missing cells are ``n/a``, and a JSON sidecar of the same
stem describes every column.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.errors import (
    CannotCreateError,
    InputDataError,
    InputMissingError,
    ReadWriteError,
)

#: How a missing cell is written.
MISSING = "n/a"

#: Cells that are turned into text at once, which bounds memory.
CELLS_AT_ONCE = 1_000_000

# A cell cannot hold what separates cells and rows.
_SEPARATORS = str.maketrans({"\t": " ", "\n": " ", "\r": " "})


@contextmanager
def replaced_whole(path: Path) -> Iterator[Path]:
    """Give a name to write to; what was written there then takes the place of a file.

    A reader sees the old file or the new one, never a part; after an error the old one stays.

    Parameters
    ----------
    path : Path
        The file to be made; folders above it are made too.

    Yields
    ------
    Path
        A name in the same folder with the same extensions.

    Raises
    ------
    CannotCreateError
        If the folder cannot be made or written to.
    ReadWriteError
        If writing fails (disk full, for one).
    """
    temporary = path.with_name(f".{uuid.uuid4().hex[:12]}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except (PermissionError, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise CannotCreateError(
            f"The file cannot be written: {error.strerror}.",
            path=path,
            cure="Check the folder's permissions or choose another output folder.",
        ) from error
    except OSError as error:
        raise ReadWriteError(
            f"Writing the file failed: {error.strerror or error}.",
            path=path,
            cure="Check the space left on the disk.",
        ) from error
    finally:
        _remove(temporary)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # no folder at all: nothing was written
        return


def write_text(path: Path, text: str) -> None:
    """Write a text file whole.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        What it will hold, written as UTF-8 as it is.
    """
    with replaced_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, data: Mapping[str, object]) -> None:
    """Write a JSON file whole, keys in the order given.

    Parameters
    ----------
    path : Path
        The file.
    data : mapping
        Values may be NumPy numbers and arrays, paths, mappings, sequences; what is not finite
        becomes ``null``, for JSON has no word for it.
    """
    plain = _plain(data)
    write_text(path, json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    """Turn a value into what JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in (sorted(value) if isinstance(value, set) else value)]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | int) or value is None:
        return value
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"JSON has no place for {type(value).__name__}: {value!r}")


def write_table(
    path: Path,
    table: pd.DataFrame,
    *,
    columns: Mapping[str, Mapping[str, object]],
    extra: Mapping[str, object] | None = None,
) -> None:
    """Write a table and its JSON sidecar, each whole; the table last.

    Floats get up to 10 significant digits, truth values ``true`` and ``false``, missing cells
    and empty text ``n/a``. The index is not written.

    Parameters
    ----------
    path : Path
        The ``.tsv`` file.
    table : DataFrame
        What it will hold.
    columns : mapping of str to mapping
        ``Description``, ``Units``, ``Levels`` ... of each column; those of columns that the
        table does not have are left out.
    extra : mapping, optional
        Further keys of the sidecar, such as ``Sources``.

    Raises
    ------
    ValueError
        If a column has no description, two columns share a name, or a further key has the name
        of a column.
    CannotCreateError, ReadWriteError
        If a file cannot be written.
    """
    names = [str(name) for name in table.columns]
    undocumented = [name for name in names if "Description" not in columns.get(name, {})]
    if undocumented:
        raise ValueError(f"{path.name}: columns without a description: {undocumented}")
    if len(set(names)) != len(names) or set(names) & set(extra or {}):
        raise ValueError(f"{path.name}: a name is used twice among columns and further keys")
    sidecar = {name: columns[name] for name in names} | dict(extra or {})
    with replaced_whole(path) as temporary:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            stream.write("\t".join(names) + "\n")
            at_once = max(1, CELLS_AT_ONCE // max(1, len(names)))
            for start in range(0, len(table), at_once):
                stream.write(_rows(table.iloc[start : start + at_once]) + "\n")
        write_json(path.with_suffix(".json"), sidecar)


def _rows(table: pd.DataFrame) -> str:
    """Return rows as they stand in the file; columns of floats beside each other go together."""
    floats = [dtype == np.float64 for dtype in table.dtypes]
    texts: list[list[str]] = []
    for is_float, group in itertools.groupby(range(len(floats)), floats.__getitem__):
        places = list(group)
        if is_float:
            texts.append(_floats(table.iloc[:, places[0] : places[-1] + 1].to_numpy()))
        else:
            texts += [_cells(table.iloc[:, place]) for place in places]
    return "\n".join(map("\t".join, zip(*texts, strict=True)))


def _floats(values: np.ndarray) -> list[str]:
    """Return rows of floats, each as _cell does, three times as fast."""
    row = "\t".join(["%.10g"] * values.shape[1])
    text = "\n".join([row] * len(values)) % tuple(values.ravel().tolist())
    return text.replace("nan", MISSING).split("\n")


def _cells(column: pd.Series) -> list[str]:
    """Return the cells of a column as they stand in the file."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = np.array([*_cells(pd.Series(column.cat.categories)), MISSING], dtype=object)
        return texts[column.cat.codes.to_numpy()].tolist()  # the code of a missing cell is -1
    return [_cell(value) for value in column.tolist()]


def _cell(value: Any) -> str:
    """Return one cell as it stands in the file.

    >>> [_cell(value) for value in (1 / 3, 2.0, True, float("nan"), "", 7)]
    ['0.3333333333', '2', 'true', 'n/a', 'n/a', '7']
    """
    if isinstance(value, float | np.floating):
        return MISSING if math.isnan(value) else f"{value:.10g}"
    if isinstance(value, str):
        return value.translate(_SEPARATORS) or MISSING
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return MISSING if value is None or value is pd.NA or value is pd.NaT else str(value)


def read_table(path: Path, *, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a table; ``n/a`` is NaN, ``true`` and ``false`` are truth values.

    Parameters
    ----------
    path : Path
        The ``.tsv`` file.
    text : collection of str, optional
        Columns kept as text even if they hold nothing but numbers, such as labels.

    Returns
    -------
    DataFrame
        Columns of numbers, truth values or text, as their cells allow.

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If it is empty, not text, or a line has another number of cells than the header.
    ReadWriteError
        If it cannot be read.
    """
    _check_lines(path, _bytes_of(path))
    return pd.read_csv(
        path,
        sep="\t",
        dtype=dict.fromkeys(text, str),
        keep_default_na=False,
        na_values=[MISSING],
        quoting=csv.QUOTE_NONE,  # a quotation mark is a character like others
        encoding="utf-8-sig",
        skip_blank_lines=False,
        low_memory=False,
    )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputMissingError("The table is not there.", path=path) from error
    except OSError as error:
        raise ReadWriteError(f"The table cannot be read: {error.strerror}.", path=path) from error


def _check_lines(path: Path, content: bytes) -> None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputDataError("The table is not UTF-8 text.", path=path) from error
    # Not str.splitlines, which also splits at characters that are no line ends in a table.
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if not lines[0].strip():
        raise InputDataError("The table is empty.", path=path)
    expected = lines[0].count("\t") + 1
    for number, line in enumerate(lines, start=1):
        cells = line.count("\t") + 1
        if cells != expected:
            raise InputDataError(
                f"Line {number} has {cells} cells, the header has {expected}.",
                path=path,
                cure="Restore the file or make it anew.",
            )
