"""Tables of a dataset as checked data frames."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.dataset.clinical import PARTICIPANTS, ClinicalTable, read_clinical_table
from bids_ketamine.dataset.names import strip_prefix
from bids_ketamine.dataset.tsv import Table, read_table, require_content
from bids_ketamine.errors import InputDataError, InputMissingError


def read_events(
    path: Path,
    *,
    required: Sequence[str] = (),
    numeric: Sequence[str] = ("response_time",),
) -> pd.DataFrame:
    """Read an events table.

    Parameters
    ----------
    path : Path
        ``*_events.tsv``.
    required : sequence of str, optional
        Columns that must be there beside onset and duration, such as the one that names
        conditions.
    numeric : sequence of str, optional
        Columns that hold numbers where they are there; BIDS says so of ``response_time``.

    Returns
    -------
    pandas.DataFrame
        Trials by onset. ``onset``, ``duration`` (s) and the numeric columns are float64, NaN
        where missing; every other column is text as written, NaN where missing.

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If a column is missing, a cell is not a number, a duration is negative, or there are no
        trials.
    """
    table = read_table(path)
    for column in ("onset", "duration", *required):
        table.position(column)
    if not table.rows:
        raise InputDataError("The events table has a header and no trials.", path=path)
    duration = table.position("duration")
    for row in range(len(table.rows)):
        if table.number(row, duration) < 0:
            raise table.cell_error(
                row, duration, f"the duration {table.rows[row][duration]} is negative"
            )
    frame = _frame(table, {"onset", "duration", *numeric})
    return frame.sort_values("onset", kind="stable", ignore_index=True)


def read_confounds(path: Path, *, n_volumes: int | None = None) -> pd.DataFrame:
    """Read a confounds table.

    Parameters
    ----------
    path : Path
        ``*_desc-confounds_timeseries.tsv``.
    n_volumes : int or None, optional
        Volumes of the series; rows are compared with it unless ``None``.

    Returns
    -------
    pandas.DataFrame of shape (n_volumes, n_columns)
        All columns float64, NaN where missing (the first row of derivatives).

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If a cell is not a number, or the rows are not as many as the volumes.
    """
    return _numbers(path, n_volumes=n_volumes)


def read_timeseries(path: Path) -> pd.DataFrame:
    """Read region time series.

    Parameters
    ----------
    path : Path
        ``*_timeseries.tsv`` or ``.tsv.gz``, one column a region.

    Returns
    -------
    pandas.DataFrame of shape (n_volumes, n_regions)
        All columns float64 in the unit of the file, NaN where missing.

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If a cell is not a number.
    """
    return _numbers(path, n_volumes=None)


def read_participants(path: Path) -> pd.DataFrame:
    """Read participants.tsv.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    pandas.DataFrame
        ``participant_id`` always starts with ``sub-``; every other column is text as written,
        NaN where missing.

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If there is no column ``participant_id``, or a participant has two rows.
    """
    if path.name != "participants.tsv":
        raise InputMissingError("Participants are read from participants.tsv.", path=path)
    return _clinical_frame(read_clinical_table(path.parent, PARTICIPANTS))


def read_phenotype(bids_dir: Path, name: str) -> pd.DataFrame:
    """Read a table of phenotype/.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    name : str
        Name of the table without ``.tsv``; ``participants`` reads participants.tsv.

    Returns
    -------
    pandas.DataFrame
        ``participant_id`` always starts with ``sub-``, ``session_id`` (where there is one) with
        ``ses-``; every other column is text as written, NaN where missing.

    Raises
    ------
    InputMissingError
        If the table is not there.
    InputDataError
        If there is no column ``participant_id``, or two rows for a participant (and session).
    """
    return _clinical_frame(read_clinical_table(bids_dir, name))


def read_exclusions(path: Path) -> pd.DataFrame:
    """Read a user's table of exclusions.

    Parameters
    ----------
    path : Path
        Table with ``participant_id`` and ``reason``; optional ``session_id`` and ``task``.

    Returns
    -------
    pandas.DataFrame
        ``participant_id`` (with ``sub-``), ``session_id`` (with ``ses-``), ``task`` (without
        ``task-``), ``reason``; NaN in ``session_id`` or ``task`` means all of them.

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If a column, a participant, or a reason is missing.
    """
    table = read_table(path)
    for column in ("participant_id", "reason"):
        place = table.position(column)
        for row in range(len(table.rows)):
            if table.text(row, place) is None:
                raise table.cell_error(row, place, "the cell is empty")
    frame = _frame(table, ())
    for column in ("session_id", "task"):
        if column not in frame:
            frame[column] = pd.Series(np.nan, index=frame.index, dtype=object)
    frame["participant_id"] = _prefixed(frame["participant_id"], "sub")
    frame["session_id"] = _prefixed(frame["session_id"], "ses")
    frame["task"] = frame["task"].map(lambda label: strip_prefix(label, "task"), na_action="ignore")
    return frame[["participant_id", "session_id", "task", "reason"]]


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON sidecar.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Its keys and values.

    Raises
    ------
    InputMissingError
        If the file, or the content of an annex link, is not there.
    InputDataError
        If it is not a JSON object.
    """
    require_content(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise InputDataError(f"The file is not valid JSON ({error}).", path=path) from None
    except OSError as error:
        raise InputMissingError(f"The file cannot be read: {error.strerror}.", path=path) from None
    if not isinstance(content, dict):
        raise InputDataError("The file is not a JSON object.", path=path)
    return content


def _numbers(path: Path, *, n_volumes: int | None) -> pd.DataFrame:
    table = read_table(path)
    if not table.rows:
        raise InputDataError("The table has a header and no rows.", path=path)
    if n_volumes is not None and len(table.rows) != n_volumes:
        raise InputDataError(
            f"The table has {len(table.rows)} rows and the series {n_volumes} volumes.",
            path=path,
            cure="Both must come from the same preprocessing of the same run.",
        )
    return _frame(table, table.columns)


def _frame(table: Table, numeric: Collection[str]) -> pd.DataFrame:
    columns: dict[str, np.ndarray] = {}
    rows = range(len(table.rows))
    for place, name in enumerate(table.columns):
        if name in numeric:
            columns[name] = np.array([table.number(row, place) for row in rows], dtype=np.float64)
        else:
            cells: list[str | float] = [
                np.nan if (text := table.text(row, place)) is None else text for row in rows
            ]
            columns[name] = np.array(cells, dtype=object)
    return pd.DataFrame(columns)


def _clinical_frame(clinical: ClinicalTable) -> pd.DataFrame:
    frame = _frame(clinical.table, ())
    frame["participant_id"] = _prefixed(frame["participant_id"], "sub")
    if clinical.has_sessions:
        frame["session_id"] = _prefixed(frame["session_id"], "ses")
    return frame


def _prefixed(labels: pd.Series, prefix: str) -> pd.Series:
    return labels.astype(object).map(
        lambda label: f"{prefix}-{strip_prefix(label, prefix)}", na_action="ignore"
    )
