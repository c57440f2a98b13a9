"""Cells of a table as text and numbers, and the sentences about wrong ones."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from bids_ketamine.dataset.spelling import nearest, shown
from bids_ketamine.errors import InputDataError

#: Words for a missing value: BIDS has `n/a`; numbers are often written with the others.
MISSING_TEXT = frozenset({"", "n/a"})
MISSING_NUMBER = frozenset({"", "n/a", "na", "nan"})

#: Wrong cells named in one error; the others are counted.
NAMED_CELLS = 5

DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
#: Signs around a number, as in `>30`, `23*`, `50%` or `(4)`.
AROUND_NUMBERS = "<>=~≤≥*†‡%()[]# "


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

    def position(self, column: str, *, purpose: str = "", cure: str | None = None) -> int:
        """Return the position of a column.

        Parameters
        ----------
        column : str
            Its name.
        purpose : str, optional
            What needs it, for the error.
        cure : str or None, optional
            What to do about it, said after the columns that there are.

        Raises
        ------
        InputDataError
            If the table has no such column; the error names those it has.
        """
        try:
            return self.columns.index(column)
        except ValueError:
            raise InputDataError(
                f"There is no column `{column}`{purpose}.",
                path=self.path,
                cure=self._cure_of_absent(column, cure),
            ) from None

    def _cure_of_absent(self, column: str, cure: str | None) -> str:
        if self.separator:
            return self.separator
        if self.rows and column in self.rows[0]:
            return f"Line {self.lines[0]} names it: the names must stand on the first line."
        names = ", ".join(shown(name) for name in self.columns[:30])
        there = f"Its columns: {names}" + (", ..." if len(self.columns) > 30 else "") + "."
        meant = nearest(column, self.columns)
        like = "" if meant is None else f" `{shown(meant)}` is spelt otherwise."
        return there + like + (f" {cure}" if cure else "")

    @property
    def separator(self) -> str:
        """What separates cells instead of tabs, as a sentence; empty where tabs do."""
        if len(self.columns) > 1:
            return ""
        for sign, word in ((";", "semicolons"), (",", "commas"), ("  ", "spaces"), (" ", "spaces")):
            if sign in self.columns[0]:
                return (
                    f"Its cells are not separated by tabs but by {word}, it seems: save it as "
                    "tab-separated text."
                )
        return ""

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
        problems = CellProblems(self)
        value = problems.number(row, column)
        problems.tell()
        return value

    def cell_error(self, row: int, column: int, problem: str) -> InputDataError:
        """Make the error about one cell, with its line and column."""
        problems = CellProblems(self)
        problems.add(row, column, problem)
        return problems.error()


@dataclass
class CellProblems:
    """Wrong cells of a table, gathered to be told at once.

    Attributes
    ----------
    table : Table
        The table.
    sentences : list of str
        One for each of the first wrong cells.
    count : int
        Wrong cells.
    cure : str or None
        What to do about the first of them.
    """

    table: Table
    sentences: list[str] = field(default_factory=list)
    count: int = 0
    cure: str | None = None

    def number(self, row: int, column: int) -> float:
        """Return a cell as a number; NaN where it is missing, and where it is wrong."""
        cell = self.table.rows[row][column]
        try:
            value = float(cell)
        except ValueError:
            if cell.lower() in MISSING_NUMBER:
                return math.nan
            value = math.inf
        # float() also reads `1_000` and `infinity`, which no table means.
        if math.isinf(value) or "_" in cell:
            self.add(row, column, f"`{shown(cell)}` is not a number", cure=self._cure(cell))
            return math.nan
        return value

    def add(self, row: int, column: int, problem: str, *, cure: str | None = None) -> None:
        """Record what is wrong with a cell."""
        self.count += 1
        if self.count > NAMED_CELLS:
            return
        name = shown(self.table.columns[column])
        self.sentences.append(f"Line {self.table.lines[row]}, column `{name}`: {problem}")
        self.cure = self.cure or cure

    def tell(self) -> None:
        """Raise one error about all of them.

        Raises
        ------
        InputDataError
            If there are any.
        """
        if self.count:
            raise self.error()

    def error(self) -> InputDataError:
        """Make the error about all of them."""
        if self.table.separator:
            return InputDataError(
                "There is one column, and its cells are no numbers.",
                path=self.table.path,
                cure=self.table.separator,
            )
        first, *others = self.sentences
        more = self.count - len(self.sentences)
        told = "; ".join([first, *(each[0].lower() + each[1:] for each in others)])
        told += f"; and {more} more" if more else ""
        return InputDataError(f"{told}.", path=self.table.path, cure=self.cure)

    def _cure(self, cell: str) -> str:
        if DECIMAL_COMMA.fullmatch(cell):
            return f"Decimals are written with a point: {cell.replace(',', '.')}."
        if re.fullmatch(r"[-+]?\d+(\.\d+)?", cell.strip(AROUND_NUMBERS)):
            return "Write the number alone, without signs or units, or n/a."
        return "A missing value is written n/a."
