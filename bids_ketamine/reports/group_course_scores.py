"""Correlations of scores with change, and logistic regressions, in the group report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bids_ketamine.outputs.group_course_tables import CORRELATIONS, LOGISTIC
from bids_ketamine.reports.group_course_data import CourseOutput
from bids_ketamine.reports.group_data import FEW
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.group_summaries import WITHHELD
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, PictureGroup, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    counted,
    equals_p,
    interval,
    is_absent,
    listed,
    number,
    p_value,
    text,
)
from bids_ketamine.study.spec import LogisticRegressionSpec, StudySpec

#: Events, and participants without one, for each predictor below which estimates are unsure.
FEWEST_EVENTS = 10
INTERCEPT = "intercept"


def correlations_view(course: CourseOutput, spec: StudySpec) -> PictureGroup | None:
    """Return what correlates with an outcome's change; None where nothing was asked for.

    Parameters
    ----------
    course : CourseOutput
        The tables.
    spec : StudySpec
        Level of intervals.
    """
    table = course.tables[CORRELATIONS]
    if spec.score_correlations is None or table.empty:
        return None
    level = _level(spec)
    outcome, change = table["outcome"].iloc[0], text(table["change"].iloc[0], "")
    of_change = f" ({change})" if change else ""
    known = table.dropna(subset="r").sort_values("p_value", kind="stable")
    return PictureGroup(
        title=f"Scores and change of {outcome}",
        words=f"Pearson correlation with the change of {outcome}{of_change}: second minus first "
        "session, so that a negative r means a larger fall where the score is higher.",
        pictures=(),
        tables=(_correlations_table(table, outcome, level),),
        sentences=tuple(_correlation(row, outcome, level) for row in records(known)),
        warnings=_several(table, spec),
    )


def _level(spec: StudySpec) -> str:
    return f"{100 * spec.group.confidence_level:g} %"


def _several(table: pd.DataFrame, spec: StudySpec) -> tuple[str, ...]:
    n = int(table["r"].notna().sum())
    told = []
    if n > 1:
        told.append(
            f"{n} correlations, none corrected for their number: {number(0.05 * n, 2)} of them "
            "have p < .05 by chance."
        )
    change = next((each for each in spec.changes if each.name == table["change"].iloc[0]), None)
    ends = () if change is None else (change.first, change.second)
    same = table["score"].eq(table["outcome"]) & table["session"].isin(ends)
    if same.any():
        told.append(
            "A score of the outcome at an end of its own change is part of what it is correlated "
            "with: such an r is not 0 by chance alone."
        )
    return tuple(told)


def _correlation(row: Mapping[str, Any], outcome: str, level: str) -> str:
    numbers = f"r = {number(row['r'], 2)}"
    if not is_absent(row["ci_low"]):
        numbers += f" ({level} interval {interval(row['ci_low'], row['ci_high'], 2)})"
    numbers += f", {equals_p(row['p_value'], 'p')}, n = {text(row['n'])}"
    who = "" if row["arm"] == "all" else f", {row['arm']}"
    return f"{row['score']} at {row['session']} and change of {outcome}{who}: {unbroken(numbers)}."


def _correlations_table(table: pd.DataFrame, outcome: str, level: str) -> TableView:
    rows = [
        (
            *(row["score"], row["session"], row["arm"], text(row["n"])),
            WITHHELD if row["reason"] == FEW else number(row["r"], 2),
            *(interval(row["ci_low"], row["ci_high"], 2), p_value(row["p_value"])),
            "" if row["reason"] == FEW else text(row["reason"], ""),
        )
        for row in records(table)
    ]
    heads = ("n", "r", f"{level} interval", "p")
    columns = (
        *(Column("Score"), Column("Session"), Column("Arm")),
        *(Column(each, numeric=True) for each in heads),
        Column("", wide=True),
    )
    return _without_empty_last(TableView(f"Change of {outcome} and scores", columns, tuple(rows)))


def _without_empty_last(table: TableView) -> TableView:
    if any(row[-1] for row in table.rows):
        return table
    rows = tuple(row[:-1] for row in table.rows)
    return TableView(table.caption, table.columns[:-1], rows, note=table.note)


def logistic_views(course: CourseOutput, spec: StudySpec) -> list[PictureGroup]:
    """Return one view for each logistic regression.

    Parameters
    ----------
    course : CourseOutput
        The tables.
    spec : StudySpec
        What was asked for, and the level of intervals.
    """
    table = course.tables[LOGISTIC]
    sections = {each.name: each for each in spec.logistic_regressions}
    return [
        _logistic(name, table[table["regression"] == name], sections.get(name), spec)
        for name in in_order(table["regression"], list(sections))
    ]


def _logistic(
    name: str, rows: pd.DataFrame, section: LogisticRegressionSpec | None, spec: StudySpec
) -> PictureGroup:
    level = _level(spec)
    terms = rows[rows["term"] != INTERCEPT]
    outcome = rows["outcome"].iloc[0]
    limit = f" ({section.at_least:g} or more)" if section is not None else ""
    return PictureGroup(
        title=f"Logistic regression: {name}",
        words=f"Whether {outcome}{limit} occurred, by {listed(in_order(terms['term'], []))} at "
        "the same session; each session by itself. Intervals by the profile of the likelihood, p "
        "by its ratio.",
        pictures=(),
        tables=(_logistic_table(terms, level),),
        sentences=tuple(_odds(row, level) for row in records(terms.dropna(subset="odds_ratio"))),
        warnings=tuple(_logistic_warnings(terms)),
    )


def _odds(row: Mapping[str, Any], level: str) -> str:
    numbers = (
        f"odds ratio {_ratio(row['odds_ratio'])} for one unit more ({level} interval "
        f"{_ratio(row['odds_ratio_low'])} to {_ratio(row['odds_ratio_high'])}), "
        f"\u03c7\u00b2(1) = {number(row['statistic'], 2)}, {equals_p(row['p_value'], 'p')}"
    )
    where = f"{row['session']}, {row['term']}"
    size = f"{text(row['n_events'])} of {counted(int(row['n']), 'participant')}"
    return f"{row['outcome']} at {where}: {unbroken(numbers)}; it occurred in {size}."


def _ratio(value: Any) -> str:
    """Return an odds ratio; of one unit more it is often close to 1.

    >>> _ratio(1.0004), _ratio(12.34), _ratio(float("inf"))
    ('1.000', '12.3', 'inf')
    """
    return number(value, 3 if abs(value) < 10 else None)


def _logistic_warnings(terms: pd.DataFrame) -> list[str]:
    told = []
    for session, own in terms.groupby("session", sort=False):
        row, n_terms = records(own)[0], own["term"].nunique()
        if is_absent(row["estimate"]):
            reason = text(row["reason"], "no reason is given")
            told.append(f"No regression at {session}: {reason}.")
            continue
        fewer = min(row["n_events"], row["n"] - row["n_events"])
        if row["method"] == "firth":
            told.append(
                f"At {session} the predictors separate those in whom it occurred from the others: "
                "estimates are by Firth's penalized likelihood."
            )
        if fewer < FEWEST_EVENTS * n_terms:
            told.append(
                f"At {session} it occurred in {row['n_events']:.0f} and not in "
                f"{row['n'] - row['n_events']:.0f}: fewer than {FEWEST_EVENTS} for each predictor "
                "in the smaller group, so that estimates are unsure."
            )
    return told


def _logistic_table(terms: pd.DataFrame, level: str) -> TableView:
    rows = []
    for row in records(terms):
        statistic = ABSENT if is_absent(row["statistic"]) else number(row["statistic"], 2)
        rows.append(
            (
                *(row["session"], row["term"], f"{text(row['n_events'])} of {text(row['n'])}"),
                WITHHELD if row["reason"] == FEW else _ratio(row["odds_ratio"]),
                ABSENT
                if is_absent(row["odds_ratio"])
                else f"{_ratio(row['odds_ratio_low'])} to {_ratio(row['odds_ratio_high'])}",
                *(number(row["estimate"]), number(row["standard_error"])),
                *(statistic, p_value(row["p_value"])),
            )
        )
    heads = (
        "occurred",
        "odds ratio",
        f"{level} interval",
        "log odds",
        "SE",
        "\u03c7\u00b2(1)",
        "p",
    )
    columns = (Column("Session"), Column("Term"), *(Column(each, numeric=True) for each in heads))
    note = "Odds ratio and log odds of one unit more. p is not corrected."
    return TableView("Odds ratios", columns, tuple(rows), note=note)
