"""Read and check one measures table of the output tree."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype, union_categoricals

from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.outputs.tables import MISSING, read_table

#: Columns that tell one measure from another.
KEYS = ("measure", "task", "contrast", "regions", "unit")
TEXTS = ("participant_id", "session_id", "session", *KEYS, "reason")
NUMBERS = ("value", "mean_fd", "n_volumes_kept", "coverage", "coverage_second")

REMAKE = "Restore the file, or run the participant level on this session with --overwrite."


def read_measures(
    path: Path, *, participant_id: str, session_names: Collection[str]
) -> pd.DataFrame:
    """Read the columns of a measures table that the group level uses.

    Parameters
    ----------
    path : Path
        The table.
    participant_id : str
        Whose table it is, with ``sub-``.
    session_names : collection of str
        Sessions of the study.

    Returns
    -------
    DataFrame
        :data:`TEXTS` as categories (a missing key is ``n/a``) and :data:`NUMBERS`.

    Raises
    ------
    InputDataError
        If the table is damaged: with the line.
    """
    try:
        table = read_table(path, text=TEXTS)
    except InputDataError as error:
        raise InputDataError(error.message, path=path, cure=REMAKE) from error
    if not _ends_with_line(path):
        raise InputDataError(f"Line {len(table) + 1} is cut off.", path=path, cure=REMAKE)
    absent = [f"`{name}`" for name in (*TEXTS, *NUMBERS) if name not in table.columns]
    if absent:
        raise InputDataError(f"There is no column {', '.join(absent)}.", path=path, cure=REMAKE)
    table = table.loc[:, [*TEXTS, *NUMBERS]]
    _refuse(path, table["participant_id"], table["participant_id"] != participant_id)
    session = table["session"]
    _refuse(path, session, ~session.isin(list(session_names)) | (session != session.iloc[:1].max()))
    for name in ("measure", "task", "regions"):
        _refuse(path, table[name], table[name].isna())
    for name in NUMBERS:
        if not is_numeric_dtype(table[name]):
            readable = pd.to_numeric(table[name], errors="coerce").notna()
            _refuse(path, table[name], ~readable & table[name].notna())
        table[name] = table[name].astype("float64")
    twice = table.duplicated(list(KEYS))
    if twice.any():
        line = int(twice.to_numpy().argmax()) + 2
        raise InputDataError(
            f"Line {line} holds a measure that stands on an earlier line.", path=path, cure=REMAKE
        )
    for name in TEXTS:
        filled = table[name].fillna(MISSING) if name in KEYS else table[name]
        table[name] = filled.astype("category")
    return table


def join_measures(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join measures tables; categories stay categories.

    Parameters
    ----------
    tables : sequence of DataFrame
        Results of :func:`read_measures`, at least one.

    Returns
    -------
    DataFrame
        Their rows in order.
    """
    columns: dict[str, Any] = {
        name: union_categoricals([table[name] for table in tables]) for name in TEXTS
    }
    columns |= {name: pd.concat([table[name] for table in tables]).to_numpy() for name in NUMBERS}
    return pd.DataFrame(columns)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of the output tree.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    InputMissingError
        If it is not there.
    InputDataError
        If it is not a JSON object: with the line.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputMissingError("The file is not there.", path=path, cure=REMAKE) from error
    except UnicodeDecodeError as error:
        raise InputDataError("The file is not UTF-8 text.", path=path, cure=REMAKE) from error
    except json.JSONDecodeError as error:
        raise InputDataError(
            f"Line {error.lineno} is not JSON: {error.msg}.", path=path, cure=REMAKE
        ) from error
    except RecursionError as error:
        raise InputDataError("The file is not JSON of ours.", path=path, cure=REMAKE) from error
    if not isinstance(data, dict):
        raise InputDataError("The file is not a JSON object.", path=path, cure=REMAKE)
    return data


def _ends_with_line(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"


def _refuse(path: Path, column: pd.Series, wrong: pd.Series) -> None:
    """Raise an error about the first wrong cell of a column."""
    if wrong.any():
        position = int(wrong.to_numpy().argmax())
        cell = column.iloc[position]
        shown = MISSING if pd.isna(cell) else cell
        raise InputDataError(
            f"Line {position + 2}, column `{column.name}`: `{shown}` does not belong there.",
            path=path,
            cure=REMAKE,
        )
