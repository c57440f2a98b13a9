"""The report: a table of rows, printed while they are computed, and their counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tests.parity.evaluation import Row, Verdict
from tests.parity.manifest import Case

HEADINGS = ("case", "quantity", "difference", "tolerance", "verdict")
FAILING = (Verdict.FAIL, Verdict.NOT_COMPARED)


class Table:
    """Lays out rows of known cases.

    Parameters
    ----------
    cases : sequence of Case
        All cases that will have a row: they decide the widths.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        self._id_width = max([len(HEADINGS[0]), *(len(case.id) for case in cases)])
        self._quantity_width = max([len(HEADINGS[1]), *(len(case.quantity) for case in cases)])

    def heading(self) -> str:
        """Return the line above the rows."""
        return self._line(*HEADINGS, "")

    def row(self, row: Row) -> str:
        """Return the line of a case."""
        difference, tolerance = (
            "-" if np.isnan(number) else f"{number:.1e}"
            for number in (row.difference, row.tolerance)
        )
        return self._line(row.id, row.quantity, difference, tolerance, row.verdict.value, row.note)

    def _line(
        self, case: str, quantity: str, difference: str, tolerance: str, verdict: str, note: str
    ) -> str:
        columns = (
            f"{case:<{self._id_width}}",
            f"{quantity:<{self._quantity_width}}",
            f"{difference:>10}",
            f"{tolerance:>9}",
            f"{verdict:<12}",
            note,
        )
        return "  ".join(columns).rstrip()


def summary(rows: Iterable[Row]) -> str:
    """Count rows.

    Parameters
    ----------
    rows : iterable of Row
        All rows of a run.

    Returns
    -------
    str
        ``listed N, compared N, passed N``.
    """
    verdicts = [row.verdict for row in rows]
    passed = verdicts.count(Verdict.PASS)
    return (
        f"listed {len(verdicts)}, compared {passed + verdicts.count(Verdict.FAIL)}, passed {passed}"
    )


def all_pass(rows: Iterable[Row]) -> bool:
    """Tell whether no row counts as failing.

    Parameters
    ----------
    rows : iterable of Row
        All rows of a run.

    Returns
    -------
    bool
        False if a row says FAIL or NOT COMPARED.
    """
    return not any(row.verdict in FAILING for row in rows)
