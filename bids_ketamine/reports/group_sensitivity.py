"""What results do under other choices: motion, methods of mixed models, error strata, outliers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.group_data import KEYS
from bids_ketamine.reports.group_elastic_net_names import PredictorNames
from bids_ketamine.reports.group_peb_data import GAUSSIAN, SECOND, STUDENT
from bids_ketamine.reports.group_peb_words import SPEAKS, unbroken
from bids_ketamine.reports.group_sensitivity_mixed import mixed_sensitivity
from bids_ketamine.reports.group_sensitivity_views import (
    MOST_ROWS,
    SensitivityView,
    left_out,
    side_of_limit,
)
from bids_ketamine.reports.group_sentences import SIGNIFICANCE, change_words, where_words
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    counted,
    decimals_for,
    is_absent,
    measure_words,
    number,
    region_words,
    text,
)
from bids_ketamine.study.spec import StudySpec

#: What tells one test from another.
TEST_KEYS = ["test", "change", "arm", "outcome", *KEYS]
CHANGE_TESTS = ("paired", "welch", "correlation")
KINDS = {"paired": "change", "welch": "difference of change", "correlation": "with improvement"}


def motion_sensitivity(
    tests: pd.DataFrame, unadjusted: pd.DataFrame, spec: StudySpec
) -> SensitivityView | None:
    """Compare tests of change with and without adjustment for motion.

    Parameters
    ----------
    tests, unadjusted : DataFrame
        ``group_tests`` and ``group_tests_unadjusted``.
    spec : StudySpec
        Sessions of changes.
    """
    first, second = (
        table[table["test"].isin(CHANGE_TESTS)].drop_duplicates(TEST_KEYS)
        for table in (tests, unadjusted)
    )
    wanted = [*TEST_KEYS, "estimate", "p_value"]
    pairs = first[wanted].merge(second[wanted], on=TEST_KEYS, suffixes=("", "_without"))
    pairs = pairs.dropna(subset=["p_value", "p_value_without"])
    if pairs.empty:
        return None
    with_, without = pairs["p_value"] < SIGNIFICANCE, pairs["p_value_without"] < SIGNIFICANCE
    crossing = pairs[with_ != without]
    sentence = (
        f"Of {counted(len(pairs), 'test')} of change, {int(with_.sum()):,} have p < .05 with "
        f"adjustment for head motion and {int(without.sum()):,} without; "
    )
    if crossing.empty:
        sentence += "none crosses .05."
    else:
        verb = "crosses" if len(crossing) == 1 else "cross"
        sentence += (
            f"{len(crossing):,} {verb} .05, {int((with_ & ~without).sum()):,} small only with it "
            f"and {int((without & ~with_).sum()):,} only without."
        )
    tables = (_motion_table(crossing, spec),) if len(crossing) else ()
    return SensitivityView("Adjustment for head motion", unbroken(sentence), tables)


def _motion_table(crossing: pd.DataFrame, spec: StudySpec) -> TableView:
    smaller = crossing[["p_value", "p_value_without"]].min(axis=1)
    shown = crossing.loc[smaller.sort_values(kind="stable").index].head(MOST_ROWS)
    rows = []
    for row in records(shown):
        what = KINDS.get(str(row["test"]), text(row["test"]))
        decimals = decimals_for([row["estimate"], row["estimate_without"]])
        what += "" if is_absent(row["outcome"]) else f" in {text(row['outcome'])}"
        rows.append(
            (
                region_words(row["regions"]),
                f"{measure_words(row['measure'])}: {where_words(row)}",
                f"{what}, {change_words(row, spec)}",
                text(row["arm"], "all").replace(" - ", " minus "),
                *(number(row["estimate"], decimals), side_of_limit(row["p_value"])),
                number(row["estimate_without"], decimals),
                side_of_limit(row["p_value_without"]),
            )
        )
    columns = (
        *(Column("Regions"), Column("Measure"), Column("Test"), Column("Arm")),
        *(Column(name, numeric=True, group="adjusted") for name in ("estimate", "p")),
        *(Column(name, numeric=True, group="not adjusted") for name in ("estimate", "p")),
    )
    note = left_out(len(crossing), "group_tests_unadjusted.tsv")
    return TableView("Tests whose p crosses .05", columns, tuple(rows), note=note)


def anova_sensitivity(anova: pd.DataFrame) -> SensitivityView | None:
    """Compare repeated-measures ANOVA with participants as the one stratum and stratified.

    Parameters
    ----------
    anova : DataFrame
        ``group_anova``.
    """
    known = anova[anova["f_value"].notna()].drop_duplicates(["outcomes", "error_strata", "term"])
    pooled, stratified = (
        known[known["error_strata"] == name].drop(columns="error_strata")
        for name in ("participant", "stratified")
    )
    pairs = pooled.merge(stratified, on=["outcomes", "term"], suffixes=("", "_own"))
    pairs = pairs.dropna(subset=["p_value", "p_value_own"])
    # Between participants, and with one outcome, both have the same error: no choice.
    same = np.isclose(pairs["f_value"], pairs["f_value_own"], rtol=1e-6)
    pairs = pairs[~(same & (pairs["df_residual"] == pairs["df_residual_own"]))]
    if pairs.empty:
        return None
    crosses = (pairs["p_value"] < SIGNIFICANCE) != (pairs["p_value_own"] < SIGNIFICANCE)
    n = int(crosses.sum())
    sentence = (
        f"{n} of {counted(len(pairs), 'term')} {'crosses' if n == 1 else 'cross'} p = .05 when "
        "each within-participant term is tested against its own error instead of one error of "
        "everything within participants."
    )
    rows = [
        (
            text(row["outcomes"]).replace("+", " + "),
            text(row["term"]).replace(":", " × "),
            *_f_cells(row, ""),
            *_f_cells(row, "_own"),
        )
        for row in records(pairs.head(MOST_ROWS))
    ]
    columns = (
        *(Column("Outcomes"), Column("Term")),
        *(Column(name, numeric=True, group="one error") for name in ("df", "F", "p")),
        *(Column(name, numeric=True, group="own errors") for name in ("df", "F", "p")),
    )
    alarms = frozenset((place, 1) for place, each in enumerate(crosses[:MOST_ROWS]) if each)
    table = TableView(
        "Repeated-measures ANOVA by error",
        columns,
        tuple(rows),
        note=left_out(len(pairs), "group_anova.tsv"),
        alarms=alarms,
    )
    return SensitivityView("Error strata of the ANOVA", unbroken(sentence), (table,))


def _f_cells(row: Mapping[str, Any], end: str) -> tuple[str, str, str]:
    df = f"{number(row[f'df{end}'], 0)}, {number(row[f'df_residual{end}'], 0)}"
    return df, number(row[f"f_value{end}"], 2), side_of_limit(row[f"p_value{end}"])


def peb_sensitivity(effects: pd.DataFrame) -> SensitivityView | None:
    """Say how many effects on effective connectivity stay at the Student-t level.

    Parameters
    ----------
    effects : DataFrame
        ``group_peb``.
    """
    keys = ["model", "task", "analysis", "arm", "effect", "parameter"]
    own = effects[(effects["level"] == SECOND) & effects["posterior_probability"].notna()]
    gaussian, student = (
        own[own["distribution"] == name].drop_duplicates(keys) for name in (GAUSSIAN, STUDENT)
    )
    wanted = [*keys, "estimate", "posterior_probability"]
    pairs = gaussian[wanted].merge(student[wanted], on=keys, suffixes=("", "_student"))
    if pairs.empty:
        return None
    large = pairs["posterior_probability"] > SPEAKS
    same = pairs["estimate"] * pairs["estimate_student"] > 0.0
    stays = large & same & (pairs["posterior_probability_student"] > SPEAKS)
    sentence = (
        f"Of {counted(len(pairs), 'effect')}, {int(large.sum())} have Pp > .95 at the Gaussian "
        f"level; {int(stays.sum())} of them keep it at the Student-t level, which single outlying "
        "participants cannot drive."
    )
    link = ("effective", "Effective connectivity")
    return SensitivityView("Outlying participants in PEB", unbroken(sentence), link=link)


def sensitivity_views(
    spec: StudySpec,
    *,
    tests: pd.DataFrame,
    clinical: Mapping[str, pd.DataFrame],
    peb_effects: pd.DataFrame,
    summary: pd.DataFrame,
) -> list[SensitivityView]:
    """Return every comparison of choices for which there are results.

    Parameters
    ----------
    spec : StudySpec
        Sessions of changes.
    tests : DataFrame
        ``group_tests``.
    clinical : mapping of str to DataFrame
        ``group_tests_unadjusted``, ``group_mixed_effects``, ``group_mixed_means``,
        ``group_course`` and ``group_anova``, each empty where there is none.
    peb_effects : DataFrame
        ``group_peb``.
    summary : DataFrame
        ``group_summary``: names and units of measures.
    """
    outcomes, names = {each.name for each in spec.outcomes}, PredictorNames(summary)

    def value_words(value: str) -> str:
        return value if value in outcomes else names.of(value, "imaging").words

    found: Sequence[SensitivityView | None] = (
        motion_sensitivity(tests, clinical["group_tests_unadjusted"], spec),
        mixed_sensitivity(
            clinical["group_mixed_effects"],
            value_words,
            means=clinical["group_mixed_means"],
            course=clinical["group_course"],
        ),
        anova_sensitivity(clinical["group_anova"]),
        peb_sensitivity(peb_effects),
    )
    return [each for each in found if each is not None]
