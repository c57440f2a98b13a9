"""Tab-separated text -> tables of text cells, with the line each row stands on."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

from bids_ketamine.dataset.cells import NAMED_CELLS, CellProblems, Table
from bids_ketamine.dataset.decoding import read_text, require_content
from bids_ketamine.dataset.spelling import shown
from bids_ketamine.errors import InputDataError

__all__ = ["CellProblems", "Table", "read_table", "require_content"]

#: More columns, rows and cells than any table has: they bound the time and the memory that a
#: small compressed file can take. Confounds tables have less than a million cells.
MOST_COLUMNS = 100_000
MOST_ROWS = 1_000_000
MOST_CELLS = 5_000_000


def read_table(path: Path) -> Table:
    r"""Read a tab-separated table.

    A byte order mark, UTF-16 with such a mark, any line ends, blank lines, tabs at the ends of
    lines and cells in quotation marks are taken as they are meant. Text is brought to Unicode's
    composed form (NFC).

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
        If the file is empty or too large, is not text, has more rows or cells than any table,
        or its rows do not fit its header.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "events.tsv"
    ...     _ = path.write_bytes(b'"onset"\tduration\r\n0.5\tn/a\r\n')
    ...     table = read_table(path)
    >>> table.columns, table.rows, table.text(0, 1)
    (('onset', 'duration'), (('0.5', 'n/a'),), None)
    """
    text = read_text(path)
    _refuse_many(text, path)
    lines = io.StringIO(text, newline=None)
    columns = _header(next(lines), path)
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        extra = line.count("\t") + 1 - len(columns)
        cells = _cells(line) if extra < MOST_COLUMNS else []
        while len(cells) > len(columns) and not cells[-1]:
            cells.pop()
        if len(cells) != len(columns):
            raise _width_error(path, columns, number, line, len(cells))
        rows.append(tuple(cells))
        numbers.append(number)
    return Table(path=path, columns=columns, rows=tuple(rows), lines=tuple(numbers))


def _refuse_many(text: str, path: Path) -> None:
    n_lines = max(text.count("\n"), text.count("\r")) + 1
    # Every line has one cell more than tabs.
    for found, most, what in (
        (n_lines, MOST_ROWS, "lines"),
        (n_lines + text.count("\t"), MOST_CELLS, "cells"),
    ):
        if found > most:
            raise InputDataError(
                f"The table has {found} {what}, more than any table needs ({most} at most).",
                path=path,
                cure="Make it again.",
            )


def _header(line: str, path: Path) -> tuple[str, ...]:
    if line.count("\t") >= MOST_COLUMNS:
        raise InputDataError(
            f"The header has more than {MOST_COLUMNS} cells, more than any table.", path=path
        )
    names = _cells(line)
    while len(names) > 1 and not names[-1]:
        names.pop()
    if not any(names):
        raise InputDataError(
            "Line 1 is empty: it must name the columns.",
            path=path,
            cure="Take out what stands above the header.",
        )
    columns = tuple(name or f"column {place}" for place, name in enumerate(names, start=1))
    if len(set(columns)) < len(columns):
        twice = sorted(name for name, count in Counter(columns).items() if count > 1)
        named = ", ".join(shown(name) for name in twice[:NAMED_CELLS])
        raise InputDataError(f"The header names a column twice: {named}.", path=path)
    return columns


def _cells(line: str) -> list[str]:
    words = line.split()
    # Most lines of numbers hold nothing to take off: three times as fast.
    if words and '"' not in line and "\t".join(words) == line.rstrip("\n"):
        return words
    cells = [cell.strip() for cell in line.split("\t")]
    if '"' not in line:
        return cells
    return [_unquoted(cell) for cell in cells]


def _unquoted(cell: str) -> str:
    """Take off a pair of quotation marks around a cell, as R and spreadsheets write them."""
    inner = cell[1:-1]
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"' or '"' in inner.replace('""', ""):
        return cell
    return inner.replace('""', '"').strip()


def _width_error(
    path: Path, columns: tuple[str, ...], number: int, line: str, found: int
) -> InputDataError:
    cure = "Cells are separated by tabs; a missing value is written n/a."
    if line.count('"') % 2:
        cure = "A quotation mark is not closed on the line: cells cannot hold tabs or line ends."
    elif len(columns) == 1 and found > 1:
        cure = "The first line must name every column."
    elif found == len(columns) + 1:
        cure = "Names of rows, as R writes them, need a name in the header or must be left out."
    cells = "1 cell" if found == 1 else f"{found} cells"
    return InputDataError(
        f"Line {number} has {cells} where the header has {len(columns)}.", path=path, cure=cure
    )
