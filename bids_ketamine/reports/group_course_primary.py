"""Primary outcomes with the Bonferroni threshold in the group report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bids_ketamine.outputs.group_course_tables import PRIMARY
from bids_ketamine.reports.group_course_data import CourseOutput
from bids_ketamine.reports.group_data import FEW
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.group_summaries import WITHHELD
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, PictureGroup, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    counted,
    equals_p,
    is_absent,
    listed,
    measure_words,
    number,
    p_value,
    region_words,
    text,
)
from bids_ketamine.study.spec import StudySpec

TITLE = "Primary outcomes"


def primary_view(course: CourseOutput, spec: StudySpec) -> PictureGroup | None:
    """Return the primary outcomes; None where the study names none.

    Parameters
    ----------
    course : CourseOutput
        The tables.
    spec : StudySpec
        Level of significance.
    """
    section, table = spec.primary_outcomes, course.tables[PRIMARY]
    if section is None or table.empty:
        return None
    threshold = text_threshold(table["threshold"].iloc[0])
    below = [
        _what(row) for row in records(table[table["below_threshold"]].dropna(subset="p_value"))
    ]
    raw = table[table["p_value"].lt(section.level) & ~table["below_threshold"]]
    opening = (
        f"{counted(len(table), 'primary outcome')}; by Bonferroni the threshold of each is "
        f"{section.level:g} / {len(table)} = {threshold}."
    )
    found = f"None of {len(table)} primary outcomes has p below the threshold of {threshold}."
    if below:
        found = f"Below the threshold of {threshold}: {listed(below)}."
    told = [found]
    if len(raw):
        told.append(
            f"Below {section.level:g} but not below the threshold: "
            f"{listed([_what(row) for row in records(raw)])}."
        )
    return PictureGroup(
        title=TITLE,
        words=opening,
        pictures=(),
        tables=(_table(table, section.level, threshold),),
        sentences=(*told, *(_sentence(row) for row in records(table.dropna(subset="p_value")))),
        warnings=_warnings(table),
    )


def text_threshold(value: Any) -> str:
    """Return a threshold with all of its digits, up to five.

    >>> text_threshold(0.05 / 8), text_threshold(0.05 / 3), text_threshold(0.05)
    ('0.00625', '0.01667', '0.05')
    """
    if is_absent(value):
        return ABSENT
    return f"{float(value):.5f}".rstrip("0")


def _what(row: Mapping[str, Any]) -> str:
    """Return a primary outcome in words."""
    name, term = str(row["name"]), text(row["term"], "")
    if row["kind"] == "mixed_model":
        parts = name.split(" ")
        if len(parts) > 2:  # a measure of images; an outcome has one word
            where = " ".join(parts[1:-1])
            name = f"{region_words(parts[-1])} ({measure_words(parts[0])}, {where})"
        return f"{name}, {term.replace(':', ' × ')}"
    return f"{name} ({term})" if term else name


def _numbers(row: Mapping[str, Any]) -> str:
    if row["test"] == "F":
        degrees = f"{number(row['df_first'], 0)}, {_degrees(row['df'])}"
        return f"F({degrees}) = {number(row['statistic'], 2)}"
    return f"t({_degrees(row['df'])}) = {number(row['statistic'], 2)}"


def _degrees(value: Any) -> str:
    if is_absent(value):
        return ABSENT
    # Approximate degrees are often whole but for rounding.
    return number(value, 0 if abs(float(value) - round(float(value))) < 0.05 else 1)


def _sentence(row: Mapping[str, Any]) -> str:
    verdict = "below" if row["below_threshold"] else "not below"
    numbers = f"{_numbers(row)}, {equals_p(row['p_value'], 'p')}"
    estimate = "" if is_absent(row["estimate"]) else f"{number(row['estimate'])}, "
    return (
        f"{_what(row)}: {estimate}{unbroken(numbers)} ({verdict} the threshold), "
        f"n = {text(row['n'])}."
    )


def _warnings(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(
        f"{_what(row)}: no test ({text(row['reason'], 'no reason is given')}); it counts in the "
        "threshold all the same."
        for row in records(table[table["p_value"].isna()])
        if row["reason"] != FEW
    )


def _table(table: pd.DataFrame, level: float, threshold: str) -> TableView:
    """Return outcomes in order of p, and where the lines of Bonferroni and of raw p run."""
    rows: list[tuple[str, ...]] = []
    ordered = table.sort_values("p_value", kind="stable", na_position="last")
    lines = [
        (float(table["threshold"].iloc[0]), f"threshold by Bonferroni, p = {threshold}"),
        (level, f"level without correction, p = {level:g}"),
    ]
    for row in records(ordered):
        p = row["p_value"]
        while lines and (is_absent(p) or p >= lines[0][0]):
            rows.append(_line(lines.pop(0)[1]))
        statistic = ABSENT if is_absent(row["statistic"]) else _numbers(row)
        rows.append(
            (
                *(_what(row), text(row["arm"], ""), text(row["n"])),
                WITHHELD if row["reason"] == FEW else number(row["estimate"]),
                *(statistic, p_value(p) if is_absent(p) or p >= 0.001 else f"{p:.1e}"),
            )
        )
    rows += [_line(each) for _, each in lines]
    columns = (
        *(Column("Outcome"), Column("Arm")),
        *(Column(each, numeric=True) for each in ("n", "estimate", "test", "p (raw)")),
    )
    note = (
        "In order of p. Estimate: mean change (second minus first session), mean of a rating "
        "(tested against 4, no change), or fixed effect."
    )
    return TableView(TITLE, columns, tuple(rows), note=note)


def _line(label: str) -> tuple[str, ...]:
    return (f"\u2500\u2500 {label} \u2500\u2500", "", "", "", "", "")
