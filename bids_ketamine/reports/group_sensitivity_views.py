"""What the section on sensitivity shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bids_ketamine.reports.group_sentences import SIGNIFICANCE
from bids_ketamine.reports.views import TableView
from bids_ketamine.reports.words import is_number, p_value

#: Rows of a table; the others stand in the files.
MOST_ROWS = 20


@dataclass(frozen=True)
class SensitivityView:
    """One choice and what results do under the other.

    Attributes
    ----------
    title : str
        The choice.
    sentence : str
        What changes.
    tables : tuple of TableView
        Side by side.
    link : tuple of (str, str) or None
        Anchor and name of the section that has more.
    """

    title: str
    sentence: str
    tables: tuple[TableView, ...] = ()
    link: tuple[str, str] | None = None


def left_out(n: int, file: str, which: str = "the first") -> str:
    """Say where rows are that a table does not show; empty where it shows all.

    >>> left_out(3, "group_anova.tsv"), left_out(45, "group_anova.tsv")
    ('', 'Shown are the first 20 of 45; all are in group_anova.tsv.')
    """
    return f"Shown are {which} {MOST_ROWS} of {n:,}; all are in {file}." if n > MOST_ROWS else ""


def side_of_limit(value: Any) -> str:
    """Return a p value with the digits that show on which side of .05 it lies.

    >>> side_of_limit(0.0496), side_of_limit(0.049996), side_of_limit(0.0531), side_of_limit(0.05)
    ('.0496', '.049996', '.053', '.050')
    """
    shown = p_value(value)
    if is_number(value) and float(value) != SIGNIFICANCE:
        for decimals in range(4, 10):
            if float(f"0{shown}" if shown.startswith(".") else 0.0) != SIGNIFICANCE:
                break
            shown = f"{float(value):.{decimals}f}".removeprefix("0")
    return shown
