"""How alike patients and controls are, before and after matching."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.clinical.contingency import chi_square
from bids_ketamine.core.group.association import contingency_table
from bids_ketamine.core.group.results import NO_VARIATION
from bids_ketamine.core.group.t_tests import welch_t_test
from bids_ketamine.core.matching.assignment import Matching
from bids_ketamine.core.matching.covariates import (
    Covariate,
    Kind,
    Summary,
    average_deviation,
    categories,
    check_covariates,
    numbers,
    summary,
)

BEFORE, AFTER = "before", "after"

#: Columns of the tables of :class:`Balance`.
BALANCE_COLUMNS = (
    *("covariate", "kind", "level", "stage", "n_patients", "n_controls"),
    *("missing_patients", "missing_controls", "patients", "controls"),
    *("sd_patients", "sd_controls", "standardized_difference", "variance_ratio"),
)
TEST_COLUMNS = ("covariate", "stage", "test", "statistic", "df", "p_value", "reason")


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Descriptions of both groups before and after matching.

    Attributes
    ----------
    rows : DataFrame
        :data:`BALANCE_COLUMNS`: a row a covariate (a level of a categorical one) and stage;
        ``patients`` and ``controls`` are means, or shares of the level.
    tests : DataFrame
        :data:`TEST_COLUMNS`; empty unless tests were asked for.
    """

    rows: pd.DataFrame
    tests: pd.DataFrame


def balance(
    patients: pd.DataFrame,
    controls: pd.DataFrame,
    *,
    covariates: Mapping[str, Covariate],
    matching: Matching | None,
    with_tests: bool,
    yates: bool,
) -> Balance:
    r"""Describe how covariates differ between patients and controls.

    .. math::

        SMD = \frac{\bar x_p - \bar x_c}{\sqrt{(s_p^2 + s_c^2) / 2}}, \quad
        VR = s_p^2 / s_c^2

    For a level of a category :math:`\bar x` is its share q and :math:`s^2 = q (1 - q)`. The divisor
    of the difference is that of everybody before matching in both stages, so that a difference
    does not grow because matching made the groups narrower. The variance ratio is that of the
    stage. Differences describe these groups: they are not estimates, and a test of them says
    more about the number of participants than about balance.

    Parameters
    ----------
    patients, controls : DataFrame of shape (n_participants, n_columns)
        Index: participants.
    covariates : mapping of str to Covariate
        Kind of each column; also others than those that were matched.
    matching : Matching or None
        Who is paired; None for the groups as they are (one stage).
    with_tests : bool
        Compare the groups: numbers by Welch's t test, categories by chi-square; after matching as
        groups, not as pairs.
    yates : bool
        Correct the chi-square of 2 x 2 tables for continuity.

    Returns
    -------
    Balance
        Each over those whose value is known.

    Raises
    ------
    ValueError
        If a column is absent or not numeric, or a participant is there twice or in both groups.

    References
    ----------
    Austin, P. C. (2009). Balance diagnostics for comparing the distribution of baseline covariates
    between treatment groups in propensity-score matched samples. Statistics in Medicine 28,
    3083-3107.
    Stuart, E. A. (2010). Matching methods for causal inference: a review and a look forward.
    Statistical Science 25, 1-21.

    Examples
    --------
    >>> patients = pd.DataFrame({"age": [30.0, 34.0]}, index=["a", "b"])
    >>> controls = pd.DataFrame({"age": [28.0, 30.0, 32.0]}, index=["c", "d", "e"])
    >>> found = balance(patients, controls, covariates={"age": Covariate(kind="numeric")},
    ...     matching=None, with_tests=False, yates=False)
    >>> found.rows[["patients", "controls", "standardized_difference", "variance_ratio"]].round(
    ...     3).to_numpy().tolist()
    [[32.0, 30.0, 0.816, 2.0]]
    """
    check_covariates(patients, controls, covariates)
    stages = {BEFORE: (patients, controls)}
    if matching is not None:
        pairs = matching.pairs
        stages[AFTER] = patients.loc[pairs["patient"]], controls.loc[pairs["control"]]
    rows: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    for name, covariate in covariates.items():
        describe = _number_rows if covariate.kind == "numeric" else _level_rows
        for described in describe(stages, name):
            rows.append({"covariate": name, "kind": covariate.kind} | described)
        for stage, groups in stages.items() if with_tests else ():
            test = _test(groups, name, covariate.kind, yates)
            tests.append({"covariate": name, "stage": stage} | test)
    return Balance(
        rows=pd.DataFrame(rows, columns=list(BALANCE_COLUMNS)),
        tests=pd.DataFrame(tests, columns=list(TEST_COLUMNS)),
    )


_Stages = Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]


def _number_rows(stages: _Stages, name: str) -> Iterator[dict[str, Any]]:
    divisor = average_deviation(*(numbers(group, name) for group in stages[BEFORE]))
    for stage, groups in stages.items():
        first, second = (summary(numbers(group, name)) for group in groups)
        ratio = first.variance / second.variance if second.variance > 0.0 else np.nan
        yield _row(stage, "", groups, (first, second), divisor) | {"variance_ratio": ratio}


def _level_rows(stages: _Stages, name: str) -> Iterator[dict[str, Any]]:
    everybody = [_known_levels(group, name) for group in stages[BEFORE]]
    for level in sorted({level for group in everybody for level in group}):
        variances = np.array([_share(group, level).variance for group in everybody])
        divisor = float(np.sqrt(variances.mean()))
        for stage, groups in stages.items():
            first, second = (_share(_known_levels(group, name), level) for group in groups)
            yield _row(stage, level, groups, (first, second), divisor) | {"variance_ratio": np.nan}


def _share(levels: np.ndarray, level: str) -> Summary:
    """Return the share of a level, q, and q (1 - q)."""
    share = float(np.mean(levels == level)) if levels.size else np.nan
    return Summary(len(levels), share, share * (1.0 - share))


def _row(
    stage: str,
    level: str,
    groups: tuple[pd.DataFrame, pd.DataFrame],
    found: tuple[Summary, Summary],
    divisor: float,
) -> dict[str, Any]:
    first, second = found
    difference = first.mean - second.mean
    standardized = difference / divisor if divisor > 0.0 else np.nan
    return {
        "level": level,
        "stage": stage,
        "n_patients": first.n,
        "n_controls": second.n,
        "missing_patients": len(groups[0]) - first.n,
        "missing_controls": len(groups[1]) - second.n,
        "patients": first.mean,
        "controls": second.mean,
        "sd_patients": float(np.sqrt(first.variance)),
        "sd_controls": float(np.sqrt(second.variance)),
        # Groups that do not vary and do not differ are balanced.
        "standardized_difference": 0.0 if difference == 0.0 else standardized,
    }


def _known_levels(table: pd.DataFrame, name: str) -> np.ndarray:
    found = categories(table, name)
    return found[np.array([cell is not None for cell in found], dtype=np.bool_)]


def _test(
    groups: tuple[pd.DataFrame, pd.DataFrame], name: str, kind: Kind, yates: bool
) -> dict[str, Any]:
    if kind == "numeric":
        first, second = (numbers(group, name) for group in groups)
        # The level of an interval that is not shown does not matter.
        test = welch_t_test(first=first, second=second, confidence_level=0.95)
        found = {"test": "welch", "statistic": float(test.statistic), "df": float(test.df)}
        return found | {"p_value": float(test.p_value), "reason": str(test.reason)}
    present = [_known_levels(group, name) for group in groups]
    everybody = np.concatenate(present)
    of_group = np.repeat(["patients", "controls"], [len(each) for each in present])
    nothing = {"statistic": np.nan, "df": np.nan, "p_value": np.nan}
    if not all(each.size for each in present):
        return {"test": "chi_square", "reason": "no known value in a group"} | nothing
    if len(set(everybody)) < 2:
        return {"test": "chi_square", "reason": NO_VARIATION} | nothing
    counts = contingency_table(rows=of_group, columns=everybody)
    result = chi_square(counts, yates=yates)
    reason = result.reason
    if not reason and result.n_small:
        reason = f"{result.n_small} of {result.expected.size} expected counts are below 5"
    return {
        "test": "chi_square_yates" if result.corrected else "chi_square",
        "statistic": result.statistic,
        "df": result.df,
        "p_value": result.p_value,
        "reason": reason,
    }
