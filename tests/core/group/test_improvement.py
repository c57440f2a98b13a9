"""Improvement in clinical outcomes: means, tests and what cannot be tested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import gammaln

from bids_ketamine.core.group.improvement import IMPROVEMENT_COLUMNS, improvement_statistics

NAN = float("nan")
PLACEBO, DRUG = [1.0, 3.0, 2.0, 6.0, NAN], [9.0, 4.0, 7.0, 10.0]


def _outcomes(
    name: str = "madrs", change: str | None = "change", **arms: list[float]
) -> pd.DataFrame:
    rows = [(name, change, arm or None, value) for arm, of in arms.items() for value in of]
    return pd.DataFrame(rows, columns=["outcome", "change", "arm", "improvement"])


def _statistics(outcomes: pd.DataFrame, *levels: str, level: float = 0.95) -> pd.DataFrame:
    return improvement_statistics(
        outcomes=outcomes, levels=levels, confidence_level=level, minimum_participants=3
    )


def _hedges(df: float) -> float:
    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def test_means_and_differences_are_those_of_t_tests() -> None:
    table = _statistics(_outcomes(placebo=PLACEBO, drug=DRUG), "placebo", "drug", level=0.9)
    assert tuple(table.columns) == IMPROVEMENT_COLUMNS
    assert table["arm"].tolist() == ["all", "placebo", "drug", "drug - placebo"]
    assert table["n"].tolist() == [8, 4, 4, 4]
    rows = table.set_index("arm")
    known = np.array(PLACEBO[:4])
    for arm, values in (("all", np.array([*known, *DRUG])), ("placebo", known)):
        expected = stats.ttest_1samp(values, 0)
        limits = expected.confidence_interval(0.9)
        df = values.size - 1
        np.testing.assert_allclose(
            rows.loc[arm, ["estimate", "sd", "ci_low", "ci_high", "statistic", "df", "p_value",
                           "effect_size"]].to_numpy(dtype=float),
            [values.mean(), values.std(ddof=1), *limits, expected.statistic, df, expected.pvalue,
             _hedges(df) * values.mean() / values.std(ddof=1)],
            rtol=1e-10,
        )  # fmt: skip
    expected = stats.ttest_ind(DRUG, known, equal_var=False)
    limits = expected.confidence_interval(0.9)
    pooled = np.sqrt((3 * known.var(ddof=1) + 3 * np.var(DRUG, ddof=1)) / 6)
    difference = rows.loc["drug - placebo"]
    np.testing.assert_allclose(
        difference[["n_second", "estimate", "ci_low", "ci_high", "statistic", "df", "p_value",
                    "effect_size"]].to_numpy(dtype=float),
        [4, 4.5, *limits, expected.statistic, expected.df, expected.pvalue,
         _hedges(6) * 4.5 / pooled],
        rtol=1e-10,
    )  # fmt: skip
    assert np.isnan(difference["sd"])
    assert set(table["reason"]) == {""}


def test_means_of_few_are_told_without_a_test() -> None:
    rows = _statistics(_outcomes(a=[1.0, 2, 3, 4], b=[9.0, 11.0]), "a", "b").set_index("arm")
    assert rows.loc["b", ["n", "estimate"]].tolist() == [2, 10.0]
    assert rows.loc["b", "sd"] == pytest.approx(np.sqrt(2))
    assert np.isnan(rows.loc["b", "ci_low"])
    assert rows.loc["b", "reason"] == "fewer than 3 participants"
    assert rows.loc["b - a", ["n", "n_second"]].tolist() == [2, 4]
    assert rows.loc["b - a", ["estimate", "p_value"]].isna().all()
    assert rows.loc["all", "statistic"] == pytest.approx(
        stats.ttest_1samp([1, 2, 3, 4, 9, 11], 0).statistic
    )


def test_equal_values_and_empty_arms_have_a_reason() -> None:
    outcomes = _outcomes(a=[2.0, 2.0, 2.0], b=[2.0, 2.0, 2.0])
    rows = _statistics(outcomes, "a", "b", "c").set_index("arm")
    assert rows.loc["a", ["estimate", "sd", "reason"]].tolist() == [2.0, 0.0, "all values equal"]
    assert rows.loc["b - a", "reason"] == "all values equal in each group"
    assert rows.loc["c", ["n", "reason"]].tolist() == [0, "fewer than 3 participants"]
    assert np.isnan(rows.loc["c", "estimate"])
    assert rows.loc["c - a", ["n", "n_second"]].tolist() == [0, 3]


def test_outcomes_keep_their_order_and_those_without_a_change_need_values() -> None:
    outcomes = pd.concat(
        [
            _outcomes("late", None, a=[NAN, NAN]),
            _outcomes("zeta", "second", a=[1.0, 2.0, 4.0]),
            _outcomes("alpha", None, a=[3.0, 2.0, 4.0]),
        ]
    )
    table = _statistics(outcomes)
    assert table[["outcome", "arm", "n"]].to_numpy().tolist() == [
        ["zeta", "all", 3],
        ["alpha", "all", 3],
    ]
    assert table["change"].fillna("none").tolist() == ["second", "none"]
    assert _statistics(outcomes.iloc[:0], "a", "b").empty


def test_participants_without_an_arm_count_over_everybody_alone() -> None:
    outcomes = pd.concat([_outcomes(a=[1.0, 2.0, 3.0]), _outcomes(**{"": [6.0]})])
    rows = _statistics(outcomes, "a").set_index("arm")
    assert rows["n"].to_dict() == {"all": 4, "a": 3}
    assert rows.loc["all", "estimate"] == 3.0
