"""Tables of visits, response and primary outcomes as the report reads them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.outputs.group_course_tables import (
    CORRELATIONS,
    COURSE_TABLES,
    LOGISTIC,
    PRIMARY,
    RATES,
    VISITS,
)
from bids_ketamine.reports.facts import mapping_of, read_json, sentences_of
from bids_ketamine.reports.group_data import FEW
from bids_ketamine.reports.group_summaries import FEWEST_WITHOUT_INDIVIDUALS
from bids_ketamine.reports.words import without_labels
from bids_ketamine.reports.written_tables import read_written_table

_TEXTS = (
    *("outcome", "change", "session", "arm", "reason", "rate", "counted", "score", "regression"),
    *("term", "method", "kind", "name", "test"),
)
_TRUTHS = ("below_threshold",)
#: Cells of a row that tell of few participants.
_STATISTICS = (
    *("mean_first", "mean_visit", "sd_visit", "mean_low", "mean_high", "estimate", "ci_low"),
    *("ci_high", "statistic", "df", "df_first", "p_value", "d_z", "d_av", "count", "proportion"),
    *("r", "standard_error", "odds_ratio", "odds_ratio_low", "odds_ratio_high"),
)
#: What a row of everybody and those of arms have in common; the first gives the last away.
_SCOPES: Mapping[str, list[str]] = {
    VISITS: ["outcome", "session"],
    RATES: ["rate", "session", "counted"],
    CORRELATIONS: ["outcome", "score", "session"],
}
RECORD = "Course"


@dataclass(frozen=True)
class CourseOutput:
    """Tables of the clinical course; one that is missing is empty.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        One for each stem of :data:`~bids_ketamine.outputs.group_course_tables.COURSE_TABLES`.
    notes : tuple of str
        What ``group.json`` says of them.
    unreadable : tuple of str
        Files that are there and cannot be read, with the reason.
    """

    tables: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def read_course(output_dir: Path) -> CourseOutput:
    """Read what the group level wrote about the clinical course.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    """
    unreadable: list[str] = []
    tables = {
        stem: read_written_table(
            output_dir / "group" / f"{stem}.tsv",
            columns=list(columns),
            texts=_TEXTS,
            truths=_TRUTHS,
            key=next(iter(columns)),
            unreadable=unreadable,
        )
        for stem, columns in COURSE_TABLES.items()
    }
    record = mapping_of(read_json(output_dir / "group" / "group.json", []), RECORD)
    return CourseOutput(tables, tuple(sentences_of(record, "Notes")), tuple(unreadable))


def without_few(
    course: CourseOutput, *, mixed_means: pd.DataFrame, labels: Collection[str]
) -> CourseOutput:
    """Take out what rests on fewer than three participants, and labels in what is told.

    Where one arm alone is that small the row of all goes too, for the two give the third. A
    logistic regression goes where fewer than three had, or had not, what it is about.

    Parameters
    ----------
    course : CourseOutput
        The tables as they are.
    mixed_means : DataFrame
        ``group_mixed_means``: how many were in the cells of mixed models.
    labels : collection of str
        Known participants.
    """
    tables = {stem: table.copy() for stem, table in course.tables.items()}
    for stem, scope in _SCOPES.items():
        _withhold(tables[stem], _few_with_rest(tables[stem], scope))
    logistic = tables[LOGISTIC]
    _withhold(logistic, _few(logistic["n_events"]) | _few(logistic["n"] - logistic["n_events"]))
    primary = tables[PRIMARY]
    small = mixed_means[_few(mixed_means["n"])]["value"]
    of_model = primary["kind"].eq("mixed_model") & primary["name"].isin(small)
    _withhold(primary, _few(primary["n"]) | of_model)
    for table in tables.values():
        table["reason"] = table["reason"].map(lambda told: _plain(told, labels))
    return replace(
        course,
        tables=tables,
        notes=tuple(without_labels(each, labels) for each in course.notes),
        unreadable=tuple(without_labels(each, labels) for each in course.unreadable),
    )


def _plain(told: Any, labels: Collection[str]) -> Any:
    return without_labels(told, labels) if isinstance(told, str) else told


def _few(n: pd.Series) -> pd.Series:
    return n.gt(0) & n.lt(FEWEST_WITHOUT_INDIVIDUALS)


def _few_with_rest(table: pd.DataFrame, scope: list[str]) -> pd.Series:
    few = _few(table["n"])
    if table.empty:
        return few
    of_arms = few & table["arm"].ne("all")
    alone = of_arms.groupby([table[name] for name in scope], dropna=False).transform("sum").eq(1)
    return few | (table["arm"].eq("all") & alone)


def _withhold(table: pd.DataFrame, few: pd.Series) -> None:
    table.loc[few, [each for each in _STATISTICS if each in table]] = np.nan
    table.loc[few, "reason"] = FEW
