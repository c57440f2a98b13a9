"""Tab-separated tables as text cells, with the line each row stands on."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.dataset.content import content_problem
from bids_ketamine.errors import InputDataError, InputMissingError

#: Words for a missing value: BIDS has `n/a`; numbers are often written with the others.
MISSING_TEXT = frozenset({"", "n/a"})
MISSING_NUMBER = frozenset({"", "n/a", "na", "nan"})


@dataclass(frozen=True)
class Table:
    """A table as it was read: cells are text, stripped of white space.

    Attributes
    ----------
    path : Path
        The file.
    columns : tuple of str
        Names in the header.
    rows : tuple of tuple of str
        Cells, one tuple a row.
    lines : tuple of int
        Line of each row in the file; the header stands on line 1.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def position(self, column: str, *, purpose: str = "") -> int:
        """Return the position of a column.

        Raises
        ------
        InputDataError
            If the table has no such column; the error names those it has.
        """
        try:
            return self.columns.index(column)
        except ValueError:
            shown = ", ".join(self.columns[:30]) + (", ..." if len(self.columns) > 30 else "")
            cure = f"Its columns: {shown}."
            if len(self.columns) == 1 and re.search(r"[,;]", self.columns[0]):
                cure = "Its cells are not separated by tabs: save it as tab-separated text."
            raise InputDataError(
                f"There is no column `{column}`{purpose}.", path=self.path, cure=cure
            ) from None

    def text(self, row: int, column: int) -> str | None:
        """Return a cell as text, ``None`` where it is missing."""
        cell = self.rows[row][column]
        return None if cell.lower() in MISSING_TEXT else cell

    def number(self, row: int, column: int) -> float:
        """Return a cell as a number, NaN where it is missing.

        Raises
        ------
        InputDataError
            If the cell is neither a finite number nor missing.
        """
        cell = self.rows[row][column]
        if cell.lower() in MISSING_NUMBER:
            return math.nan
        try:
            value = float(cell)
        except ValueError:
            value = math.inf
        # float() also reads `1_000` and `infinity`, which no table means.
        if not math.isfinite(value) or "_" in cell:
            raise self.cell_error(row, column, f"`{cell}` is not a number")
        return value

    def cell_error(self, row: int, column: int, problem: str) -> InputDataError:
        """Make the error about one cell, with its line and column."""
        return InputDataError(
            f"Line {self.lines[row]}, column `{self.columns[column]}`: {problem}.", path=self.path
        )


def read_table(path: Path) -> Table:
    r"""Read a tab-separated table; a byte order mark and any line ends are tolerated.

    Parameters
    ----------
    path : Path
        The file, ``.tsv`` or ``.tsv.gz``.

    Returns
    -------
    Table
        Its cells as text.

    Raises
    ------
    InputMissingError
        If the file, or the content of an annex link, is not there.
    InputDataError
        If the file is empty, is not text, or its rows do not fit its header.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "events.tsv"
    ...     _ = path.write_bytes(b"onset\tduration\r\n0.5\tn/a\r\n")
    ...     table = read_table(path)
    >>> table.columns, table.rows, table.text(0, 1)
    (('onset', 'duration'), (('0.5', 'n/a'),), None)
    """
    lines = re.split(r"\r\n|\n|\r", _decoded(path))
    header = [name.strip() for name in lines[0].split("\t")]
    columns = tuple(name or f"column {place}" for place, name in enumerate(header, start=1))
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InputDataError(f"The header names a column twice: {', '.join(twice)}.", path=path)
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        while len(cells) > len(columns) and not cells[-1]:
            cells.pop()
        if len(cells) != len(columns):
            raise InputDataError(
                f"Line {number} has {len(cells)} cells where the header has {len(columns)}.",
                path=path,
                cure="Cells are separated by tabs; a missing value is written n/a.",
            )
        rows.append(tuple(cells))
        numbers.append(number)
    return Table(path=path, columns=columns, rows=tuple(rows), lines=tuple(numbers))


def require_content(path: Path) -> None:
    """Refuse a file that is not there or has no content.

    Raises
    ------
    InputMissingError
        If the file, or the content of an annex link, is not there.
    InputDataError
        If it is empty.
    """
    problem = content_problem(path)
    if problem is not None:
        empty = path.is_file() and path.stat().st_size == 0
        raise (InputDataError if empty else InputMissingError)(f"{problem}.", path=path)


def _decoded(path: Path) -> str:
    require_content(path)
    try:
        data = path.read_bytes()
        if path.name.endswith(".gz"):
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputDataError("The file is cut off or is not gzip.", path=path) from None
    except UnicodeDecodeError as error:
        raise InputDataError(
            f"The file is not UTF-8 text (byte {error.start}).", path=path, cure="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise InputMissingError(f"The file cannot be read: {error.strerror}.", path=path) from None
