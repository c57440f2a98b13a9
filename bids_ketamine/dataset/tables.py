"""Tables of a dataset as checked data frames."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.dataset.clinical import PARTICIPANTS, ClinicalTable, read_clinical_table
from bids_ketamine.dataset.dialects import modern_confounds
from bids_ketamine.dataset.event_columns import condition_columns
from bids_ketamine.dataset.names import strip_prefix
from bids_ketamine.dataset.sidecars import read_json
from bids_ketamine.dataset.tsv import CellProblems, Table, read_table
from bids_ketamine.errors import InputDataError, InputMissingError

__all__ = [
    "read_confounds",
    "read_events",
    "read_exclusions",
    "read_json",
    "read_participants",
    "read_phenotype",
    "read_timeseries",
]


def read_events(
    path: Path,
    *,
    required: Sequence[str] | Mapping[str, str] = (),
    numeric: Sequence[str] = ("response_time",),
) -> pd.DataFrame:
    """Read an events table.

    Parameters
    ----------
    path : Path
        ``*_events.tsv``.
    required : sequence of str, or mapping of str to str, optional
        Columns that must be there beside onset and duration, such as the one that names
        conditions; a mapping gives the key of the study file that names each of them.
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
        If a column is missing (the error names those that look like conditions), cells are not
        numbers, durations are negative, or there are no trials.
    """
    table = read_table(path)
    for column in ("onset", "duration"):
        table.position(column)
    keys = required if isinstance(required, Mapping) else dict.fromkeys(required, "")
    for column, key in keys.items():
        table.position(column, cure=condition_columns(table, key))
    if not table.rows:
        raise InputDataError("The events table has a header and no trials.", path=path)
    problems = CellProblems(table)
    frame = _frame(table, {"onset", "duration", *numeric}, problems)
    for row in np.flatnonzero(frame["duration"] < 0).tolist():
        cell = table.text(row, table.columns.index("duration"))
        problems.add(
            row,
            table.columns.index("duration"),
            f"the duration {cell} is negative",
            cure="A duration that is not known is written n/a.",
        )
    problems.tell()
    return frame.sort_values("onset", kind="stable", ignore_index=True)


def read_confounds(path: Path, *, n_volumes: int | None = None) -> pd.DataFrame:
    """Read a confounds table, its columns by the names that fMRIPrep gives them now.

    Parameters
    ----------
    path : Path
        ``*_desc-confounds_timeseries.tsv``, or the table of an older version.
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
        If cells are not numbers, the rows are not as many as the volumes, or two columns have
        one meaning.
    """
    frame = _numbers(path, n_volumes=n_volumes)
    names = modern_confounds([str(name) for name in frame])
    # Which of two columns is right cannot be told, and a nuisance model must not guess.
    meant: dict[str, str] = {}
    for old in map(str, frame):
        modern = names.get(old, old)
        if modern in meant:
            raise InputDataError(
                f"The columns `{meant[modern]}` and `{old}` both mean `{modern}`.",
                path=path,
                cure="Keep one of them.",
            )
        meant[modern] = old
    return frame.rename(columns=dict(names))


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
    problems = CellProblems(table)
    for column in ("participant_id", "reason"):
        place = table.position(column)
        for row in range(len(table.rows)):
            if table.text(row, place) is None:
                problems.add(row, place, "the cell is empty")
    problems.tell()
    frame = _frame(table, ())
    for column in ("session_id", "task"):
        if column not in frame:
            frame[column] = pd.Series(np.nan, index=frame.index, dtype=object)
    frame["participant_id"] = _prefixed(frame["participant_id"], "sub")
    frame["session_id"] = _prefixed(frame["session_id"], "ses")
    frame["task"] = frame["task"].map(lambda label: strip_prefix(label, "task"), na_action="ignore")
    return frame[["participant_id", "session_id", "task", "reason"]]


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


def _frame(
    table: Table, numeric: Collection[str], problems: CellProblems | None = None
) -> pd.DataFrame:
    """Make a frame; wrong cells are told, or added to those that the caller tells."""
    columns: dict[str, np.ndarray] = {}
    rows = range(len(table.rows))
    found = CellProblems(table) if problems is None else problems
    for place, name in enumerate(table.columns):
        if name in numeric:
            columns[name] = _column(found, place)
        else:
            cells: list[str | float] = [
                np.nan if (text := table.text(row, place)) is None else text for row in rows
            ]
            columns[name] = np.array(cells, dtype=object)
    if problems is None:
        found.tell()
    return pd.DataFrame(columns)


def _column(problems: CellProblems, place: int) -> np.ndarray:
    """Return a column of numbers; cells that are odd are looked at one by one."""
    cells = [row[place] for row in problems.table.rows]
    try:
        numbers = np.array([np.nan if cell == "n/a" else float(cell) for cell in cells])
    except ValueError:
        plain = False
    else:
        plain = not (np.isinf(numbers).any() or "_" in "".join(cells))
    if not plain:
        numbers = np.array([problems.number(row, place) for row in range(len(cells))])
    return numbers.astype(np.float64)


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
