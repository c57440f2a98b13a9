"""Readers of the group statistics by R."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.group.inference import (
    TestResult,
    chi_square_test,
    contingency_table,
    student_t_test,
    welch_t_test,
)
from tests.parity.evaluation import Context
from tests.parity.readers import reader

# Cases that expect no interval state no level.
UNSTATED_LEVEL = 0.95


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
        table = case["table"].iloc[:, 1:]  # the first column names the rows
    else:
        data = case["data"]
        table = contingency_table(rows=data[options["rows"]], columns=data[options["columns"]])
    result = chi_square_test(table=table, yates=options["yates"])
    return {"statistic": result.statistic, "df": result.df, "p": result.p_value}


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
