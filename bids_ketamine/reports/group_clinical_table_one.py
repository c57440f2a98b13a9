"""Table 1: who the participants were, by arm."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_clinical_distributions import covariate_pictures
from bids_ketamine.reports.group_clinical_names import (
    arms_of,
    clinical_decimals,
    count_percent,
    mean_sd,
    shown_arms,
)
from bids_ketamine.reports.group_summaries import WITHHELD
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, Picture, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    capitalized,
    equals_p,
    is_absent,
    listed,
    number,
    p_value,
    text,
)
from bids_ketamine.study.baseline import baseline_session
from bids_ketamine.study.spec import StudySpec

#: Levels that say that something is so; of two levels such a one is printed.
AFFIRMATIVE = ("yes", "true", "1", "present", "positive")
#: What is told of a test of counts.
SMALL_COUNTS = re.compile(r"(\d+ of \d+) expected counts are below 5")
FISHER = re.compile(r"Fisher's exact test: p = ([\d.e+-]+)")
#: Before a level below its variable; an ordinary space would be lost in a page.
INDENT = "\u2003"
TESTS = {
    "welch": "Welch\u2019s t test (two arms)",
    "welch_anova": "Welch\u2019s analysis of variance (more arms)",
    "chi_square": "Pearson\u2019s chi-square test",
    "chi_square_yates": "chi-square test with Yates\u2019 correction (\u2020)",
}


@dataclass(frozen=True)
class TableOneView:
    """The section on baseline characteristics.

    Attributes
    ----------
    words : str
        What is shown.
    table : TableView
        Variables in rows, arms in columns, with tests.
    notes : tuple of str
        On tests, and why some are missing.
    pictures : tuple of Picture
        Distributions of numbers among the variables; none without individual data.
    """

    words: str
    table: TableView
    notes: tuple[str, ...]
    pictures: tuple[Picture, ...]


def table_one_view(
    clinical: ClinicalOutput,
    spec: StudySpec,
    *,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> TableOneView | None:
    """Print variables by arm as a paper does; None where there are none.

    Parameters
    ----------
    clinical : ClinicalOutput
        The tables.
    spec : StudySpec
        Units of outcomes, names of sessions.
    arms : sequence of str
        Arms in order.
    styles : mapping of str to ArmStyle
        How arms look in pictures.
    individual_data : bool
        Whether each participant may be shown.
    """
    rows, tests = clinical.tables["group_table_one"], clinical.tables["group_table_one_tests"]
    if rows.empty:
        return None
    found = arms_of(rows, arms)
    columns = shown_arms(found)
    test_of = {str(row["variable"]): row for row in records(tests)} if len(found) > 1 else {}
    cells: list[tuple[str, ...]] = []
    for variable, own in rows.groupby("variable", sort=False):
        test = test_of.get(str(variable))
        cells += _variable(str(variable), own, columns, test, spec)
    sizes = (rows["n"] + rows["missing"]).groupby(rows["arm"]).max()
    heads = [Column("")] + [
        Column(f"{_arm_words(arm)} (n = {text(sizes.get(arm))})", numeric=True) for arm in columns
    ]
    if test_of:
        heads += [Column("Test", numeric=True), Column("p", numeric=True)]
    else:
        cells = [row[: len(heads)] for row in cells]
    note = "Mean (SD) or n (%); percentages are of those in whom the variable is known."
    return TableOneView(
        words=_words(found, columns),
        table=TableView(
            "Table 1: characteristics of participants", tuple(heads), tuple(cells), note=note
        ),
        notes=tuple(_notes(tests, rows) if test_of else _reasons(tests)),
        pictures=covariate_pictures(
            clinical, arms=found, styles=styles, individual_data=individual_data
        ),
    )


def _arm_words(arm: str) -> str:
    return "All" if arm == "all" else arm


def _words(found: Sequence[str], columns: Sequence[str]) -> str:
    if len(found) > 1:
        return f"Participants before treatment, by arm: {listed(list(found))}."
    return "" if columns == ["all"] else f"Participants of the one arm, {columns[0]}."


def _variable(
    variable: str,
    own: pd.DataFrame,
    columns: Sequence[str],
    test: Mapping[str, Any] | None,
    spec: StudySpec,
) -> list[tuple[str, ...]]:
    """Return the rows of a variable: itself, its levels, and how many are missing."""
    label = variable.replace("_", " ")
    tested = _tested(test)
    levels = in_order(own["level"], [])
    if not levels:
        rows = [(f"{_measured(label, variable, own, spec)}, mean (SD)", *_means(own, columns))]
    elif len(levels) == 2:
        level = next((each for each in levels if each.lower() in AFFIRMATIVE), levels[0])
        shown = label if level.lower() in AFFIRMATIVE else f"{label}: {level.replace('_', ' ')}"
        rows = [(f"{shown}, n (%)", *_counts(own, level, columns))]
    else:
        rows = [(f"{label}, n (%)", *[""] * len(columns))]
        rows += [
            (INDENT + level.replace("_", " "), *_counts(own, level, columns)) for level in levels
        ]
    full = [(*rows[0], *tested)] + [(*row, "", "") for row in rows[1:]]
    missing = [_of_arm(own, arm)["missing"].max() for arm in columns]
    if any(each > 0 for each in missing):
        told = [text(each) for each in missing]
        full.append((f"{INDENT}missing, n", *told, "", ""))
    return full


def _measured(label: str, variable: str, own: pd.DataFrame, spec: StudySpec) -> str:
    """Return an outcome with its unit and session; other variables as they are."""
    outcome = next((each for each in spec.outcomes if each.name == variable), None)
    if outcome is None or not own["kind"].eq("outcome").any():
        return label
    session = baseline_session(spec, outcome)
    when = f" at {session}" if session is not None else ""
    return f"{variable}{when}, {outcome.unit}"


def _of_arm(own: pd.DataFrame, arm: str) -> pd.DataFrame:
    return own[own["arm"] == arm]


def _means(own: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    decimals = clinical_decimals(own["sd"], own["mean"])
    told = []
    for arm in columns:
        row = next(iter(records(_of_arm(own, arm))), None)
        if row is None or not row["n"] > 0:
            told.append(ABSENT)
        else:
            told.append(WITHHELD if is_absent(row["mean"])
                        else mean_sd(row["mean"], row["sd"], decimals))  # fmt: skip
    return told


def _counts(own: pd.DataFrame, level: str, columns: Sequence[str]) -> list[str]:
    told = []
    for arm in columns:
        here = _of_arm(own, arm)
        row = next(iter(records(here[here["level"] == level])), None)
        if row is None or not row["n"] > 0:
            told.append(ABSENT)
        else:
            told.append(WITHHELD if is_absent(row["count"])
                        else count_percent(row["count"], row["percent"]))  # fmt: skip
    return told


def _tested(test: Mapping[str, Any] | None) -> tuple[str, str]:
    if test is None or is_absent(test["p_value"]):
        return ABSENT, ABSENT
    statistic, first = number(test["statistic"], 2), test["df"]
    if test["test"] == "welch":
        words = f"t({number(first, 1)}) = {statistic}"
    elif test["test"] == "welch_anova":
        words = f"F({number(first, 0)}, {number(test['df_second'], 1)}) = {statistic}"
    else:
        mark = " \u2020" if test["test"] == "chi_square_yates" else ""
        words = f"\u03c7\u00b2({number(first, 0)}) = {statistic}{mark}"
    return words, p_value(test["p_value"])


def _notes(tests: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    used = in_order(tests.dropna(subset="p_value")["test"], list(TESTS))
    notes = []
    if used:
        told = listed([TESTS.get(each, each.replace("_", " ")) for each in used])
        notes.append(
            f"Tests: {told}. p is two-sided and not corrected for "
            f"{rows['variable'].nunique()} variables. Where participants were randomised, "
            "differences before treatment arose by chance, whatever their p: what matters is "
            "their size."
        )
    return notes + _reasons(tests)


def _reasons(tests: pd.DataFrame) -> list[str]:
    """Say why tests are missing, variables with one reason together; then what others are like."""
    told = tests[tests["reason"].notna()]
    computed = told["p_value"].notna()
    notes = [
        f"No test of {listed([str(each).replace('_', ' ') for each in own['variable']])}: {reason}."
        for reason, own in told[~computed].groupby("reason", sort=False)
    ]
    small, fisher, others = [], [], []
    for row in records(told[computed]):
        label = str(row["variable"]).replace("_", " ")
        for reason in str(row["reason"]).split("; "):
            if counts := SMALL_COUNTS.fullmatch(reason):
                small.append(f"{label} ({counts[1]})")
            elif exact := FISHER.fullmatch(reason):
                fisher.append(f"{label} {equals_p(float(exact[1]), 'p')}")
            else:
                others.append(f"{capitalized(label)}: {reason}.")
    if small:
        sentence = f"Expected counts are below 5, where chi-square is rough: {listed(small)}."
        told_too = f" Fisher\u2019s exact test: {', '.join(fisher)}." if fisher else ""
        notes.append(sentence + told_too)
    return notes + others
