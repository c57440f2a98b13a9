"""Which rows of ``group_peb`` results are told from, and which stand beside them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bids_ketamine.reports.group_peb_data import GAUSSIAN, SECOND, STUDENT, THIRD, compared_arms
from bids_ketamine.reports.rows import matches
from bids_ketamine.reports.words import is_number


def main_rows(table: pd.DataFrame, analysis: str, effect: str | None = None) -> pd.DataFrame:
    """Return the rows of an analysis that results are told from: PEBs over participants.

    Parameters
    ----------
    table : DataFrame
        ``group_peb``, or without an effect ``group_peb_fits``.
    analysis : str
        The analysis.
    effect : str, optional
        Rows of this effect alone.
    """
    return _rows(table, analysis, effect, level=SECOND, distribution=GAUSSIAN)


def student_rows(table: pd.DataFrame, analysis: str, effect: str | None = None) -> pd.DataFrame:
    """Return the rows beside the main ones that outlying participants cannot drive."""
    return _rows(table, analysis, effect, level=SECOND, distribution=STUDENT)


def third_rows(
    table: pd.DataFrame, analysis: str, effect: str | None = None, *, distribution: str = GAUSSIAN
) -> pd.DataFrame:
    """Return the rows of differences of arms from a PEB over the PEBs of two arms."""
    return _rows(table, analysis, effect, level=THIRD, distribution=distribution)


def _rows(table: pd.DataFrame, analysis: str, effect: str | None, **wanted: str) -> pd.DataFrame:
    wanted |= {"analysis": analysis} | ({} if effect is None else {"effect": effect})
    return table[matches(table, wanted)]


def verdict_rows(rows: pd.DataFrame, arms: Sequence[str]) -> pd.DataFrame:
    """Return the rows that a verdict is about: differences of arms, else all participants.

    Parameters
    ----------
    rows : DataFrame
        Main rows of ``group_peb``.
    arms : sequence of str
        Arms of the study.
    """
    is_difference = rows["arm"].map(lambda arm: compared_arms(str(arm), arms) is not None)
    chosen = rows[is_difference.astype(bool)]
    return chosen if chosen["estimate"].notna().any() else rows[rows["arm"] == "all"]


def ranked(rows: pd.DataFrame, arms: Sequence[str]) -> list[str]:
    """Return parameters, those with the largest Pp of what the verdict is about first.

    Parameters
    ----------
    rows : DataFrame
        Main rows of ``group_peb`` of one analysis and effect.
    arms : sequence of str
        Arms of the study.
    """
    best = verdict_rows(rows, arms).groupby("parameter")["posterior_probability"].max()
    found = list(dict.fromkeys(rows["parameter"].dropna()))
    known = {name: float(pp) for name, pp in best.items() if is_number(pp)}
    return sorted(found, key=lambda name: -known.get(name, -1.0))
