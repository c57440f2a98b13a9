"""Tests of means, correlations and counts against R, scipy and known answers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.group import inference

REFERENCE = Path(__file__).resolve().parents[2] / "reference" / "group_stats"
FIELDS = ("estimate", "statistic", "df", "p_value", "ci_low", "ci_high", "effect_size")


@pytest.fixture
def groups() -> tuple[np.ndarray, np.ndarray]:
    table = pd.read_csv(REFERENCE / "welch.csv")
    return tuple(table.loc[table.group == name, "x"].to_numpy() for name in "AB")


@pytest.mark.parametrize("name", ["welch", "student"])
def test_two_sample_tests_equal_r(groups: tuple[np.ndarray, np.ndarray], name: str) -> None:
    expected = pd.read_csv(REFERENCE / "out_ttest.tsv", sep="\t").set_index("term").loc[name]
    test = getattr(inference, f"{name}_t_test")
    result = test(first=groups[0], second=groups[1], confidence_level=0.95)
    got = [result.statistic, result.df, result.p_value, result.ci_low, result.ci_high]
    np.testing.assert_allclose(got, expected[["t", "df", "p", "lo", "hi"]], rtol=1e-12)
    assert (int(result.n), int(result.n_first), int(result.n_second)) == (21, 11, 10)
    assert result.statistic.shape == ()
    assert result.reason == ""


@pytest.mark.parametrize(("row", "yates"), [("chisq_yates", True), ("chisq_nocorrection", False)])
def test_chi_square_equals_r(row: str, yates: bool) -> None:
    table = pd.read_csv(REFERENCE / "chisq.csv", index_col=0)
    expected = pd.read_csv(REFERENCE / "out_chisq.tsv", sep="\t").set_index("term").loc[row]
    result = inference.chi_square_test(table=table, yates=yates)
    np.testing.assert_allclose(
        [result.statistic, result.df, result.p_value], expected[["stat", "df", "p"]], rtol=1e-12
    )
    assert result.n == 21


def test_chi_square_of_a_larger_table_ignores_yates() -> None:
    table = [[3, 5, 4], [6, 1, 2]]
    plain = inference.chi_square_test(table=table, yates=False)
    assert inference.chi_square_test(table=table, yates=True).statistic == plain.statistic
    assert plain.df == 2
    by_hand = ((np.array(table) - plain.expected) ** 2 / plain.expected).sum()
    assert plain.statistic == pytest.approx(by_hand, rel=1e-14)
    assert plain.effect_size == pytest.approx(np.sqrt(by_hand / 21), rel=1e-12)


def test_yates_correction_never_passes_the_expected_count() -> None:
    # All counts within 0.5 of their expectation: nothing is left to test.
    assert inference.chi_square_test(table=[[5, 5], [5, 6]], yates=True).statistic == 0.0


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([[3, 4]], "fewer than 2 rows or columns"),
        ([[3, 0], [2, 0]], "a row or column without participants"),
    ],
)
def test_chi_square_without_a_test_has_a_reason(table: list[list[int]], reason: str) -> None:
    result = inference.chi_square_test(table=table, yates=True)
    assert np.isnan([result.statistic, result.df, result.p_value, result.effect_size]).all()
    assert result.reason == reason


@pytest.mark.parametrize("table", [[[1, -1], [2, 2]], [[1.5, 2], [2, 2]], [[1, np.nan], [2, 2]]])
def test_chi_square_refuses_what_is_not_a_count(table: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="counts"):
        inference.chi_square_test(table=table, yates=False)


def test_contingency_table_leaves_out_who_has_no_category() -> None:
    counts = inference.contingency_table(
        rows=["k", "m", "k", None, "m"], columns=[1, 0, 1, 1, np.nan]
    )
    assert counts.to_numpy().tolist() == [[0, 2], [1, 0]]
    assert list(counts.index) == ["k", "m"]
    with pytest.raises(ValueError, match="differ in length"):
        inference.contingency_table(rows=["k"], columns=[1, 0])


@pytest.fixture
def measures() -> tuple[np.ndarray, np.ndarray]:
    """Nineteen participants, forty measures, a tenth of the values missing."""
    rng = np.random.default_rng(2021)
    first, second = rng.normal(size=(2, 19, 40))
    second += 0.5 * first + 0.3
    for values in (first, second):
        values[rng.random(values.shape) < 0.1] = np.nan
    return first, second


def scipy_welch(a: np.ndarray, b: np.ndarray) -> object:
    return stats.ttest_ind(a, b, equal_var=False, nan_policy="omit")


def scipy_student(a: np.ndarray, b: np.ndarray) -> object:
    return stats.ttest_ind(a, b, nan_policy="omit")


def scipy_paired(a: np.ndarray, b: np.ndarray) -> object:
    return stats.ttest_rel(a, b, nan_policy="omit")


def scipy_one_sample(a: np.ndarray, b: np.ndarray) -> object:
    return stats.ttest_1samp(a, 0.25, nan_policy="omit")


def one_sample(*, first: np.ndarray, second: np.ndarray, confidence_level: float) -> object:
    return inference.one_sample_t_test(
        values=first, population_mean=0.25, confidence_level=confidence_level
    )


@pytest.mark.parametrize(
    ("test", "reference"),
    [
        (inference.welch_t_test, scipy_welch),
        (inference.student_t_test, scipy_student),
        (inference.paired_t_test, scipy_paired),
        (one_sample, scipy_one_sample),
    ],
)
def test_t_tests_of_many_measures_equal_scipy(
    measures: tuple[np.ndarray, np.ndarray], test: Callable, reference: Callable
) -> None:
    first, second = measures
    result = test(first=first, second=second, confidence_level=0.9)
    expected = reference(first, second)
    interval = expected.confidence_interval(0.9)
    np.testing.assert_allclose(result.statistic, expected.statistic, rtol=1e-10)
    np.testing.assert_allclose(result.p_value, expected.pvalue, rtol=1e-10)
    np.testing.assert_allclose(result.df, expected.df, rtol=1e-12)
    np.testing.assert_allclose(result.ci_low, interval.low, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(result.ci_high, interval.high, rtol=1e-10, atol=1e-14)


def test_correlation_of_many_measures_equals_scipy(
    measures: tuple[np.ndarray, np.ndarray],
) -> None:
    first, second = measures
    result = inference.pearson_correlation(first=first, second=second, confidence_level=0.95)
    for column in range(first.shape[1]):
        complete = np.isfinite(first[:, column] + second[:, column])
        expected = stats.pearsonr(first[complete, column], second[complete, column])
        interval = expected.confidence_interval(0.95)
        assert result.n[column] == complete.sum()
        assert result.df[column] == complete.sum() - 2
        np.testing.assert_allclose(
            [result.estimate[column], result.p_value[column], result.ci_low[column]],
            [expected.statistic, expected.pvalue, interval.low],
            rtol=1e-10,
        )
        assert result.ci_high[column] == pytest.approx(interval.high, rel=1e-10)


@pytest.mark.parametrize("name", ["paired_t_test", "pearson_correlation"])
def test_one_outcome_serves_all_measures(
    measures: tuple[np.ndarray, np.ndarray], name: str
) -> None:
    first, second = measures
    test = getattr(inference, name)
    together = test(first=second[:, 0], second=first, confidence_level=0.95)
    alone = test(first=second[:, 0], second=first[:, 7], confidence_level=0.95)
    for field in (*FIELDS, "n"):
        np.testing.assert_allclose(getattr(together, field)[7], getattr(alone, field), rtol=1e-13)
    assert together.statistic.shape == (40,)
    assert alone.statistic.shape == ()


def test_hedges_g_has_known_values() -> None:
    # Two groups of 3 with means 4 and 2 and pooled s = 1: d = 2. J(4) = Gamma(2) /
    # (sqrt(2) Gamma(1.5)) = sqrt(2 / pi).
    first, second = [3.0, 4.0, 5.0], [1.0, 2.0, 3.0]
    for test in (inference.student_t_test, inference.welch_t_test):
        result = test(first=first, second=second, confidence_level=0.95)
        assert result.effect_size == pytest.approx(2 * np.sqrt(2 / np.pi), rel=1e-14)
    # One group of 3, mean 4, s = 1: J(2) = 1 / Gamma(0.5) = 1 / sqrt(pi).
    alone = inference.one_sample_t_test(values=first, population_mean=1.0, confidence_level=0.95)
    assert alone.effect_size == pytest.approx(3 / np.sqrt(np.pi), rel=1e-14)
    assert alone.estimate == 4.0
    paired = inference.paired_t_test(first=first, second=[2, 1, 3], confidence_level=0.95)
    assert paired.effect_size == pytest.approx(2 / np.sqrt(np.pi), rel=1e-14)


def test_two_participants_have_a_t_but_no_hedges_g() -> None:
    result = inference.one_sample_t_test(
        values=[1.0, 2.0], population_mean=0.0, confidence_level=0.95
    )
    assert result.statistic == pytest.approx(3.0)
    assert np.isnan(result.effect_size)


NAN = np.nan


@pytest.mark.parametrize(
    ("test", "first", "second", "reason"),
    [
        ("welch_t_test", [1, NAN], [1, 2], "fewer than 2 participants"),
        ("student_t_test", [1, 2], [NAN, NAN], "fewer than 2 participants"),
        ("paired_t_test", [1, NAN, 3], [1, 2, NAN], "fewer than 2 participants"),
        ("pearson_correlation", [1, 2, 3], [2, 3, NAN], "fewer than 3 participants"),
        ("welch_t_test", [0.1, 0.1, 0.1], [0.3, 0.3], "all values equal in each group"),
        ("student_t_test", [1, 1], [1, 1], "all values equal in each group"),
        ("paired_t_test", [1000.1, 1000.2, 7.3], [1000.0, 1000.1, 7.2], "all values equal"),
        ("pearson_correlation", [0.1] * 6, [1, 2, 3, 4, 5, 6], "all values equal"),
    ],
)
def test_what_cannot_be_tested_is_missing_with_its_reason(
    test: str, first: list[float], second: list[float], reason: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = getattr(inference, test)(first=first, second=second, confidence_level=0.95)
    assert str(result.reason) == reason
    for field in FIELDS:
        assert np.isnan(getattr(result, field)), field


def test_one_bad_measure_leaves_the_others_alone() -> None:
    values = np.array([[1.0, NAN, 5.0], [2.0, NAN, 5.0], [4.0, 3.0, 5.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = inference.one_sample_t_test(
            values=values, population_mean=0.0, confidence_level=0.95
        )
    assert result.n.tolist() == [3, 1, 3]
    assert result.reason.tolist() == ["", "fewer than 2 participants", "all values equal"]
    assert np.isnan(result.p_value).tolist() == [False, True, True]


def test_no_participant_and_no_measure_are_no_error() -> None:
    empty = np.empty((0, 2))
    result = inference.welch_t_test(first=empty, second=empty, confidence_level=0.95)
    assert result.reason.tolist() == ["fewer than 2 participants"] * 2
    none = inference.pearson_correlation(
        first=np.empty((5, 0)), second=np.arange(5), confidence_level=0.95
    )
    assert none.p_value.shape == (0,)


def test_groups_of_which_one_does_not_vary_can_be_compared() -> None:
    result = inference.welch_t_test(first=[1, 1, 1], second=[2, 4, 6], confidence_level=0.95)
    assert result.reason == ""
    assert result.df == pytest.approx(2.0)
    assert result.statistic == pytest.approx(-3 / np.sqrt(4 / 3))


def test_perfect_correlation_and_three_participants() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = inference.pearson_correlation(
            first=[0, 1, 2, 4], second=[0, -1, -2, -4], confidence_level=0.95
        )
        three = inference.pearson_correlation(
            first=[0, 1, 2], second=[0, 1, 1], confidence_level=0.95
        )
    assert result.estimate == pytest.approx(-1.0)
    assert result.ci_low == pytest.approx(-1.0)
    assert result.p_value == pytest.approx(0.0, abs=1e-12)
    assert three.estimate == pytest.approx(np.sqrt(3) / 2)
    assert np.isnan(three.ci_low)
    assert not np.isnan(three.p_value)


def test_correlation_of_the_largest_floats_does_not_overflow() -> None:
    first = np.array([1.0, 2.0, 4.0, 3.0, 7.0])
    second = np.array([2.0, 1.0, 3.0, 5.0, 6.0])
    small = inference.pearson_correlation(first=first, second=second, confidence_level=0.95)
    large = inference.pearson_correlation(
        first=first * 1e140, second=second * 1e140, confidence_level=0.95
    )
    assert large.estimate == pytest.approx(float(small.estimate), rel=1e-12)


def test_false_discovery_rate_skips_missing_tests() -> None:
    p_values = np.array([0.01, NAN, 0.02, 0.03, 0.5])
    adjusted = inference.false_discovery_rate(p_values=p_values)
    np.testing.assert_allclose(adjusted, [0.04, NAN, 0.04, 0.04, 0.5], rtol=1e-14)
    square = inference.false_discovery_rate(p_values=[[0.01, 0.2], [NAN, NAN]])
    np.testing.assert_allclose(square, [[0.02, 0.2], [NAN, NAN]])
    assert np.isnan(inference.false_discovery_rate(p_values=[NAN, NAN])).all()
    with pytest.raises(ValueError, match="p_values"):
        inference.false_discovery_rate(p_values=[1.2])


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_confidence_level_is_a_fraction(level: float) -> None:
    with pytest.raises(ValueError, match="confidence_level"):
        inference.one_sample_t_test(values=[1, 2], population_mean=0, confidence_level=level)
    with pytest.raises(ValueError, match="confidence_level"):
        inference.pearson_correlation(first=[1, 2], second=[1, 2], confidence_level=level)


def test_shapes_that_do_not_agree_are_refused() -> None:
    with pytest.raises(ValueError, match="same observations"):
        inference.paired_t_test(first=[1, 2], second=[1, 2, 3], confidence_level=0.95)
    with pytest.raises(ValueError, match="different measures"):
        inference.welch_t_test(first=np.ones((4, 2)), second=np.ones((4, 3)), confidence_level=0.95)
    with pytest.raises(ValueError, match="shape"):
        inference.one_sample_t_test(values=5.0, population_mean=0.0, confidence_level=0.95)


def test_an_edge_per_measure_takes_well_under_a_second() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 19, 55_000))
    first[rng.random(first.shape) < 0.05] = NAN
    start = time.process_time()
    result = inference.welch_t_test(first=first, second=second, confidence_level=0.95)
    assert time.process_time() - start < 1.5  # 0.15 s alone on one core
    assert np.mean(result.p_value < 0.05) == pytest.approx(0.05, abs=0.005)
