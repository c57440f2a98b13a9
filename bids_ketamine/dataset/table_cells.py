"""Numbers of clinical tables that several outcomes and covariates read."""

from __future__ import annotations

from pathlib import Path

from bids_ketamine.dataset.cells import CellProblems, Table


class TableCells:
    """Reads cells as numbers; what is wrong in a table is told at once, each cell once."""

    def __init__(self) -> None:
        self._problems: dict[Path, CellProblems] = {}
        self._numbers: dict[tuple[Path, int, int], float] = {}

    def problems(self, table: Table) -> CellProblems:
        """Return where wrong cells of a table are gathered."""
        return self._problems.setdefault(table.path, CellProblems(table))

    def number(self, table: Table, row: int, column: int) -> float:
        """Return a cell as a number; NaN where it is missing, and where it is wrong."""
        key = (table.path, row, column)
        if key not in self._numbers:
            self._numbers[key] = self.problems(table).number(row, column)
        return self._numbers[key]

    def tell(self) -> None:
        """Raise one error about the first table with wrong cells.

        Raises
        ------
        InputDataError
            If there are any: naming them.
        """
        for problems in self._problems.values():
            problems.tell()
