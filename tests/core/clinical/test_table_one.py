"""Baseline characteristics: R's tests, hand-counted cells, and columns with nothing to compare."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.clinical.contingency import fisher_exact
from bids_ketamine.core.clinical.table_one import ROW_COLUMNS, TEST_COLUMNS, table_one
from bids_ketamine.core.clinical.welch_anova import welch_anova

REFERENCE = Path(__file__).resolve().parents[2] / "reference" / "group_stats"
ARMS = ["midazolam", "ketamine"]
PEOPLE = [f"sub-{number:02d}" for number in range(1, 9)]
OF_PEOPLE = pd.Series(["midazolam"] * 4 + ["ketamine"] * 4, index=PEOPLE)


def described(column, *, kind, arms=OF_PEOPLE, levels=ARMS, yates=True):
    values = pd.DataFrame({"it": pd.Series(column, index=arms.index)})
    return table_one(values, kinds={"it": kind}, arms=arms, levels=levels, yates=yates)


def only_test(found):
    (row,) = found.tests.to_dict("records")
    return row


def test_the_trial_equals_r():
    table = pd.read_csv(REFERENCE / "trial_table1.tsv", sep="\t", skipinitialspace=True)
    expected = pd.read_csv(REFERENCE / "trial_table1_tests.tsv", sep="\t", skipinitialspace=True)
    found = table_one(
        table[["age", "medication", "race"]],
        kinds={"age": "numeric", "medication": "categorical", "race": "categorical"},
        arms=table["arm"].str.strip(),
        levels=ARMS,
        yates=True,
    )
    assert found.tests["test"].tolist() == ["welch", "chi_square_yates", "chi_square"]
    np.testing.assert_allclose(
        found.tests[["statistic", "df", "p_value"]].to_numpy(),
        expected[["statistic", "df", "p"]].to_numpy(),
        rtol=1e-10,
        atol=1e-12,
    )
    assert tuple(found.rows.columns) == ROW_COLUMNS
    assert tuple(found.tests.columns) == TEST_COLUMNS
    medication = found.rows.query("variable == 'medication' and arm == 'ketamine'")
    assert medication["level"].tolist() == ["0", "1"]
    assert medication["count"].sum() == 11


def test_numbers_by_hand():
    found = described([1.0, 2.0, 3.0, np.nan, 10.0, 12.0, 14.0, 16.0], kind="numeric")
    rows = found.rows.set_index("arm")
    assert rows["n"].to_dict() == {"all": 7, "midazolam": 3, "ketamine": 4}
    assert rows["missing"].to_dict() == {"all": 1, "midazolam": 1, "ketamine": 0}
    assert rows.loc["midazolam", ["mean", "sd"]].tolist() == [2.0, 1.0]
    assert rows.loc["ketamine", "mean"] == 13.0
    assert rows.loc["ketamine", "sd"] == pytest.approx(np.sqrt(20 / 3))
    assert rows[["count", "percent"]].isna().all(axis=None)
    assert (rows["level"] == "").all()
    test = only_test(found)
    # t = (13 - 2) / sqrt(1 / 3 + 5 / 3): a further arm minus the reference.
    assert test["statistic"] == pytest.approx(11 / np.sqrt(2.0))
    assert test["df"] == pytest.approx(4.0 / ((1 / 3) ** 2 / 2 + (5 / 3) ** 2 / 3))
    assert (test["test"], test["reason"]) == ("welch", "")
    assert np.isnan(test["df_second"])


def test_counts_by_hand():
    found = described(["m", "m", "f", None, "f", "f", "f", np.nan], kind="categorical")
    cells = found.rows.set_index(["level", "arm"])
    assert cells["count"].to_dict() == {
        ("f", "all"): 4,
        ("f", "midazolam"): 1,
        ("f", "ketamine"): 3,
        ("m", "all"): 2,
        ("m", "midazolam"): 2,
        ("m", "ketamine"): 0,
    }
    assert cells.loc[("f", "midazolam"), "percent"] == pytest.approx(100 / 3)
    assert cells.loc[("f", "ketamine"), "percent"] == 100.0
    assert cells.xs("midazolam", level="arm")[["n", "missing"]].to_numpy().tolist() == [[3, 1]] * 2
    test = only_test(found)
    # Expected counts 2, 1, 2, 1; all deviations are 1, corrected 0.5.
    assert test["statistic"] == pytest.approx(0.25 * (1 / 2 + 1 + 1 / 2 + 1))
    assert test["test"] == "chi_square_yates"
    p_value = fisher_exact([[1, 2], [3, 0]]).p_value
    assert test["reason"] == (
        f"4 of 4 expected counts are below 5; Fisher's exact test: p = {p_value:.3g}"
    )
    assert "p = 0.4" in test["reason"]


def test_without_the_correction():
    column = ["m", "m", "f", None, "f", "f", "f", None]
    test = only_test(described(column, kind="categorical", yates=False))
    assert (test["test"], test["statistic"]) == ("chi_square", pytest.approx(3.0))


def test_three_arms_are_compared_by_welch_anova_and_a_larger_table():
    arms = pd.Series([*"aaa", *"bbb", *"ccc"])
    numbers = [1.0, 2.0, 4.0, 3.0, 6.0, 8.0, 9.0, 9.5, 7.0]
    test = only_test(described(numbers, kind="outcome", arms=arms, levels=[*"abc"]))
    expected = welch_anova([numbers[:3], numbers[3:6], numbers[6:]])
    assert (test["test"], test["df"], test["statistic"], test["df_second"], test["p_value"]) == (
        "welch_anova",
        2.0,
        expected.f_value,
        expected.df_second,
        expected.p_value,
    )
    letters = [*"xxy", *"xyy", *"yyy"]
    test = only_test(described(letters, kind="categorical", arms=arms, levels=[*"abc"]))
    # Expected counts 1 and 2 in each arm.
    assert test["statistic"] == pytest.approx(1 + 1 / 2 + 0 + 0 + 1 + 1 / 2)
    assert (test["df"], test["reason"]) == (2.0, "6 of 6 expected counts are below 5")


@pytest.mark.parametrize("levels", [["midazolam"], []])
def test_one_arm_has_no_tests(levels):
    found = described([1.0, 2, 3, 4, 5, 6, 7, 8], kind="numeric", levels=levels)
    assert len(found.tests) == 0
    assert tuple(found.tests.columns) == TEST_COLUMNS
    assert found.rows["arm"].tolist() == ["all", *levels]


def test_a_level_nobody_has_is_shown_and_left_out_of_the_test():
    kinds = pd.CategoricalDtype(["mild", "severe", "extreme"], ordered=True)
    column = pd.Series(["mild"] * 3 + ["severe"] * 5, index=PEOPLE, dtype=kinds)
    found = described(column, kind="ordered")
    counts = found.rows.query("arm == 'all'").set_index("level")["count"]
    assert counts.to_dict() == {"mild": 3, "severe": 5, "extreme": 0}
    assert counts.index.tolist() == ["mild", "severe", "extreme"]
    test = only_test(found)
    assert (test["test"], test["df"]) == ("chi_square_yates", 1.0)
    assert test["reason"].endswith("without the levels that nobody in an arm has: extreme")


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_equal_values_have_a_reason(kind):
    test = only_test(described([0.1] * 8, kind=kind))
    expected = {"numeric": "all values equal in each group", "categorical": "all values equal"}
    assert test["reason"] == expected[kind]
    assert np.isnan([test["statistic"], test["df"], test["p_value"]]).all()


def test_an_arm_without_known_values_has_a_reason():
    column = ["a", "b", "a", "b", None, "", np.nan, None]
    test = only_test(described(column, kind="categorical"))
    assert test["reason"] == "no known value in ketamine"
    column = [1.0, 2.0, 3.0, 4.0, 5.0, np.nan, np.nan, np.nan]
    test = only_test(described(column, kind="numeric"))
    assert test["reason"] == "fewer than 2 participants"


def test_a_variable_nobody_knows_is_shown():
    found = described([None] * 8, kind="categorical")
    assert found.rows[["level", "arm", "n", "missing", "count"]].to_numpy().tolist() == [
        ["", "all", 0, 8, 0],
        ["", "midazolam", 0, 4, 0],
        ["", "ketamine", 0, 4, 0],
    ]
    assert found.rows["percent"].isna().all()
    assert only_test(found)["reason"] == "no known value in midazolam, ketamine"
    found = described([np.nan] * 8, kind="numeric")
    assert found.rows["mean"].isna().all()
    assert only_test(found)["reason"] == "fewer than 2 participants"


def test_participants_without_an_arm_count_among_all():
    arms = pd.Series(["midazolam"] * 4 + ["ketamine"] * 3 + [None], index=PEOPLE)
    found = described([1.0, 2, 3, 4, 5, 6, 7, 80], kind="numeric", arms=arms)
    assert found.rows.set_index("arm")["n"].to_dict() == {"all": 8, "midazolam": 4, "ketamine": 3}


def test_arms_are_matched_by_participant():
    values = pd.DataFrame({"age": [10.0, 20.0, 30.0]}, index=["c", "a", "b"])
    arms = pd.Series(["midazolam", "midazolam", "ketamine"], index=["a", "b", "c"])
    found = table_one(values, kinds={"age": "numeric"}, arms=arms, levels=ARMS, yates=True)
    assert found.rows.set_index("arm")["mean"].to_dict() == {
        "all": 20.0,
        "midazolam": 25.0,
        "ketamine": 10.0,
    }


def test_numeric_levels_stand_in_the_order_of_numbers():
    found = described([10.0, 2, 2, 10, 2, np.nan, 10, 1], kind="ordered")
    assert found.rows["level"].drop_duplicates().tolist() == ["1", "2", "10"]


def test_wrong_kinds_and_cells_are_refused():
    with pytest.raises(ValueError, match="the kind of it must be one of"):
        described([1.0] * 8, kind="nominal")
    with pytest.raises(ValueError, match="it is numeric but holds something else"):
        described(["1", "two", "3", "4", "5", "6", "7", "8"], kind="numeric")
