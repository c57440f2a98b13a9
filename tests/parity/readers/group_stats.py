"""Readers of the group statistics by R."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from bids_ketamine.core.clinical.contingency import chi_square as chi_square_test
from bids_ketamine.core.clinical.contingency import fisher_exact as fisher_exact_test
from bids_ketamine.core.clinical.repeated_measures import (
    PARTICIPANT,
    RESIDUALS,
    STRATIFIED,
    WITHIN,
    repeated_measures_anova,
)
from bids_ketamine.core.group.inference import (
    TestResult,
    contingency_table,
    student_t_test,
    welch_t_test,
)
from tests.parity.evaluation import Context
from tests.parity.readers import reader

# Cases that expect no interval state no level.
UNSTATED_LEVEL = 0.95

#: Numbers of a term by R's names.
ANOVA_OUTPUTS = {
    "df": "df",
    "sum_sq": "sum_sq",
    "mean_sq": "mean_sq",
    "F": "f_value",
    "p": "p_value",
}


@reader("welch")
def welch(case: Context) -> dict[str, object]:
    """Read Welch's t test of two groups."""
    first, second = _groups(case)
    level = case.options.get("level", UNSTATED_LEVEL)
    return _t_outputs(welch_t_test(first=first, second=second, confidence_level=level))


@reader("student")
def student(case: Context) -> dict[str, object]:
    """Read Student's t test of two groups."""
    first, second = _groups(case)
    level = case.options.get("level", UNSTATED_LEVEL)
    return _t_outputs(student_t_test(first=first, second=second, confidence_level=level))


@reader("chi_square")
def chi_square(case: Context) -> dict[str, object]:
    """Read the chi-square test of a table, or of two columns of participants."""
    options = case.options
    if "table" in case:
        table = _counts(case)
    else:
        data = case["data"]
        table = contingency_table(rows=data[options["rows"]], columns=data[options["columns"]])
    result = chi_square_test(table, yates=options["yates"])
    return {"statistic": result.statistic, "df": result.df, "p": result.p_value}


@reader("fisher_exact")
def fisher_exact(case: Context) -> dict[str, object]:
    """Read Fisher's exact test of a table."""
    result = fisher_exact_test(_counts(case))
    return {"odds_ratio": result.odds_ratio, "p": result.p_value}


@reader("anova_stratified", "anova_pooled")
def anova(case: Context) -> dict[str, object]:
    """Read a repeated-measures analysis of variance, rows in the order of R's table."""
    data = case["data"]
    value, design = re.split(r"\s*~\s*", case.options["formula"])
    participant, _, crossed = case.options["error"].partition("/")
    factors = design.split("*")
    # Constant within every participant.
    between = [name for name in factors if data.groupby(participant)[name].nunique().max() == 1]
    table = repeated_measures_anova(
        data,
        value=value,
        participant=participant,
        between=between,
        within=[name for name in factors if name not in between],
        error_strata=STRATIFIED if crossed else PARTICIPANT,
    )
    found = {(row.stratum, _factors(row.term)): row for row in table.itertuples()}
    rows = [
        found[_stratum(stratum, participant), _factors(term)]
        for stratum, term in zip(case["stratum"], case["term"], strict=True)
    ]
    if len(rows) != len(found):
        raise ValueError(f"{len(found)} rows, R has {len(rows)}")
    return {
        output: np.array([getattr(row, name) for row in rows])
        for output, name in ANOVA_OUTPUTS.items()
    }


def _factors(term: str) -> frozenset[str]:
    return frozenset([RESIDUALS] if term == RESIDUALS else term.split(":"))


def _stratum(name: str, participant: str) -> str:
    """Return the package's word for R's stratum."""
    first, *others = name.removeprefix("Error: ").split(":")
    if first == "Within":
        return WITHIN
    assert first == participant
    return ":".join([PARTICIPANT, *others])


def _counts(case: Context) -> pd.DataFrame:
    return case["table"].iloc[:, 1:]  # the first column names the rows


def _groups(case: Context) -> list[np.ndarray]:
    options = case.options
    data = case["data"].set_index(options["group"])[options["value"]]
    return [data.loc[name].to_numpy() for name in options["difference"].split(" minus ")]


def _t_outputs(result: TestResult) -> dict[str, object]:
    return {
        "t": result.statistic,
        "df": result.df,
        "p": result.p_value,
        "lo": result.ci_low,
        "hi": result.ci_high,
    }
