"""Tests of the group level: counted, drawn, told in sentences, and listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from bids_ketamine.reports.figure_data import file_name
from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.forest import Estimate, forest_figure
from bids_ketamine.reports.group_legend import LegendItem, legend
from bids_ketamine.reports.group_sentences import (
    change_words,
    counts_sentence,
    decimals_of_df,
    result_sentence,
    where_words,
)
from bids_ketamine.reports.repeated_tests import REPEATS, without_repeats
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, Picture, TableView, picture
from bids_ketamine.reports.words import (
    capitalized,
    interval,
    is_absent,
    listed,
    measure_words,
    number,
    p_value,
    region_words,
    text,
    unit_words,
)
from bids_ketamine.study.spec import StudySpec

#: The measure whose one-sample tests are of modulations.
MODELS = "dcm"
#: Tests shown of one kind in one session or change, arm and outcome: those with smallest p.
MOST_TESTS = 50
#: Rows of a picture.
MOST_ROWS = 25
#: Sentences that stand unfolded.
MOST_UNFOLDED = 5
#: What tests told together share.
SCOPE = ["test", "session", "change", "arm", "outcome"]

#: What a forest shows of each test.
DATA = [
    *("test", "session", "change", "arm", "outcome", "measure", "task", "contrast", "regions"),
    *("unit", "n", "n_second", "estimate", "ci_low", "ci_high", "p_value", "q_value"),
]

KINDS = {
    "one_sample": "Contrasts against zero",
    "paired": "Change between sessions",
    "welch": "Difference of change between arms",
    "correlation": "Change and clinical improvement",
}


@dataclass(frozen=True)
class KindView:
    """All tests of one kind."""

    anchor: str
    title: str
    count: str
    pictures: tuple[Picture, ...]
    first: tuple[str, ...]
    others: tuple[str, ...]
    table: TableView | None
    legend: tuple[LegendItem, ...]
    left_out: str


def kind_views(
    tests: pd.DataFrame, spec: StudySpec, *, styles: Mapping[str, ArmStyle]
) -> list[KindView]:
    """Return one view for each kind of test.

    Parameters
    ----------
    tests : DataFrame
        ``group_tests``.
    spec : StudySpec
        Sessions of each change, level of intervals.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    """
    told = without_repeats(tests)
    styles = {**{arm: style for arm, style in styles.items() if arm != "all"}, "all": styles["all"]}
    return [
        _kind(
            kind,
            told[told["test"] == kind],
            spec,
            styles,
            has_repeats=told["test"].eq(kind).sum() < tests["test"].eq(kind).sum(),
        )
        for kind in in_order(tests["test"], list(KINDS))
    ]


def _kind(
    kind: str,
    rows: pd.DataFrame,
    spec: StudySpec,
    styles: Mapping[str, ArmStyle],
    *,
    has_repeats: bool,
) -> KindView:
    known = rows.dropna(subset="p_value").sort_values("p_value", kind="stable")
    shown = known.groupby(SCOPE, dropna=False, sort=False).head(MOST_TESTS)
    sentences = [result_sentence(row, spec) for row in records(shown)]
    left_out = ""
    if len(shown) < len(known):
        left_out = (
            f"Told are the {MOST_TESTS} tests with the smallest p of each session or change, arm "
            f"and outcome: {len(shown):,} of {len(known):,}. All are in group_tests.tsv. The "
            "smallest of many p values are small by selection: read q."
        )
    return KindView(
        anchor=f"tests-{kind.replace('_', '-')}",
        title=_title(kind, rows),
        count=counts_sentence(rows) + (f" {REPEATS}" if has_repeats else ""),
        pictures=tuple(_forests(kind, known, spec, styles)),
        first=tuple(sentences[:MOST_UNFOLDED]),
        others=tuple(sentences[MOST_UNFOLDED:]),
        table=_table(kind, shown, spec) if len(shown) else None,
        legend=legend(styles, zip(known["arm"].fillna("all"), known["n"], strict=True)),
        left_out=left_out,
    )


def _title(kind: str, rows: pd.DataFrame) -> str:
    """Return the title; of what is tested against zero, modulations are no contrasts."""
    is_model = rows["measure"] == MODELS
    if kind != "one_sample" or not is_model.any():
        return KINDS.get(kind, kind)
    return (
        "Modulations against zero" if is_model.all() else "Contrasts and modulations against zero"
    )


def _scope_words(kind: str, scope: Mapping[str, Any], spec: StudySpec) -> str:
    if kind == "one_sample":
        return f"session {text(scope['session'])}"
    words = change_words(scope, spec)
    if kind == "correlation":
        words += f" and improvement in {text(scope['outcome'])}"
    return words


def _forests(
    kind: str, known: pd.DataFrame, spec: StudySpec, styles: Mapping[str, ArmStyle]
) -> list[Picture]:
    by = ["session", "change", "outcome", "measure", "task", "contrast"]
    groups = sorted(
        known.groupby(by, dropna=False, sort=False), key=lambda group: group[1].index.min()
    )
    pictures = []
    for place, (key, rows) in enumerate(groups):
        scope = dict(zip(by, key, strict=True))
        regions = list(dict.fromkeys(rows["regions"]))[:MOST_ROWS]
        more = rows["regions"].nunique() - len(regions)
        if not more:
            regions = list(dict.fromkeys(rows.sort_index()["regions"]))
        estimates: dict[str, dict[str, Estimate]] = {region: {} for region in regions}
        for row in records(rows[rows["regions"].isin(regions)]):
            estimate = Estimate(row["estimate"], row["ci_low"], row["ci_high"])
            estimates[row["regions"]][text(row["arm"], "all")] = estimate
        arms = {arm for each in estimates.values() for arm in each}
        own = {arm: style for arm, style in styles.items() if arm in arms}
        own |= dict.fromkeys(sorted(arms - set(own)), styles["all"])
        words = f"{capitalized(measure_words(scope['measure']))} ({where_words(scope)}), "
        words += _scope_words(kind, scope, spec)
        words += f", {listed(sorted(arms))}".replace(" - ", " minus ") if kind == "welch" else ""
        words += f"; the {len(regions)} with the smallest p" if more else ""
        draw = partial(
            forest_figure,
            [(region_words(region), estimates[region]) for region in regions],
            styles=own,
            unit="Pearson r" if kind == "correlation" else unit_words(rows["unit"].iloc[0]),
            limits=(-1.0, 1.0) if kind == "correlation" else None,
            legend=len(own) > 1,
            name=f"forest-{kind}-{place}",
            description=f"Estimates with intervals: {words}",
        )
        name = file_name("tests", kind, *key)
        data = rows.loc[rows["regions"].isin(regions), DATA].reset_index(drop=True)
        pictures.append(picture(words, draw, name=name, data=data))
    return pictures


def _table(kind: str, shown: pd.DataFrame, spec: StudySpec) -> TableView:
    columns = [Column("Regions"), Column("Measure")]
    columns.append(Column("Session" if kind == "one_sample" else "Change"))
    columns.append(Column("Arm"))
    if kind == "correlation":
        columns.append(Column("Outcome"))
    names = [
        "n",
        "estimate",
        "interval",
        "t",
        "df",
        "p",
        "q",
        "r" if kind == "correlation" else "g",
    ]
    columns += [Column(name, numeric=True) for name in names]
    rows = []
    for row in records(shown):
        n = text(row["n"])
        n += "" if is_absent(row["n_second"]) else f" / {text(row['n_second'])}"
        measure = f"{measure_words(row['measure'])}: {where_words(row)}"
        cells = [region_words(row["regions"]), measure]
        cells.append(text(row["session"]) if kind == "one_sample" else change_words(row, spec))
        cells.append(text(row["arm"]))
        if kind == "correlation":
            cells.append(text(row["outcome"]))
        cells += [
            n,
            number(row["estimate"]),
            interval(row["ci_low"], row["ci_high"]),
            number(row["statistic"], 2),
            number(row["df"], decimals_of_df(row)),
            p_value(row["p_value"]),
            p_value(row["q_value"]),
            number(row["effect_size"], 2),
        ]
        rows.append(tuple(cells))
    return TableView(f"{_title(kind, shown)}: all told, by p", tuple(columns), tuple(rows))
