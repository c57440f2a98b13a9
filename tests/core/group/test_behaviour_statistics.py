"""Means and tests of behaviour against SciPy's t tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.group.behaviour import behaviour_statistics
from bids_ketamine.core.group.measure_tests import ComparisonSettings

PEOPLE = [f"sub-{number}" for number in range(1, 7)]
ARMS = ["b", "a", "b", "a", "b", "a"]
IN_A = np.array([arm == "a" for arm in ARMS])
BEFORE = np.array([0.90, 0.80, 0.70, 0.95, 0.85, 0.60])
AFTER = np.array([0.95, 0.70, 0.90, 0.90, 0.95, 0.65])


def table(before=BEFORE, after=AFTER, people=PEOPLE):
    rows = [
        (who, session, "faces", "all", value, 2.0 * value)
        for session, values in (("pre", before), ("post", after))
        for who, value in zip(people, values, strict=True)
    ]
    columns = ["participant_id", "session", "task", "condition", "accuracy", "reaction_time"]
    return pd.DataFrame(rows, columns=columns)


def results(behaviour, fewest=3, people=PEOPLE, arms=ARMS):
    return behaviour_statistics(
        behaviour,
        participants=people,
        arms=arms,
        conditions=[("faces", "all")],
        sessions=["pre", "post"],
        changes={"change": ("pre", "post")},
        settings=ComparisonSettings(
            levels=("a", "b"), confidence_level=0.9, minimum_participants=fewest
        ),
    )


def row(found, **cells):
    for name, cell in cells.items():
        found = found[found[name] == cell]
    assert len(found) == 1
    return found.iloc[0]


def test_means_with_intervals():
    summary = results(table()).summary
    assert summary[["quantity", "session", "arm"]].to_numpy().tolist() == [
        [quantity, session, arm]
        for quantity in ("accuracy", "reaction_time")
        for session in ("pre", "post")
        for arm in ("all", "a", "b")
    ]
    values = 2.0 * AFTER[IN_A]
    found = row(summary, quantity="reaction_time", session="post", arm="a")
    low, high = stats.t.interval(0.9, 2, values.mean(), stats.sem(values))
    assert found[["n", "mean", "sd", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [3, values.mean(), values.std(ddof=1), low, high]
    )


@pytest.mark.parametrize(("arm", "who"), [("all", slice(None)), ("a", IN_A), ("b", ~IN_A)])
def test_paired(arm, who):
    found = row(results(table()).tests, test="paired", quantity="accuracy", arm=arm)
    expected = stats.ttest_rel(AFTER[who], BEFORE[who])
    interval = expected.confidence_interval(0.9)
    assert found[["estimate", "ci_low", "ci_high", "statistic", "df", "p_value"]].tolist() == (
        pytest.approx(
            [
                (AFTER - BEFORE)[who].mean(),
                *interval,
                expected.statistic,
                expected.df,
                expected.pvalue,
            ]
        )
    )
    assert found["change"] == "change"
    assert np.isnan(found["n_second"])


def test_welch_of_the_change_is_each_arm_minus_the_reference():
    found = row(results(table()).tests, test="welch", quantity="reaction_time")
    change = 2.0 * (AFTER - BEFORE)
    expected = stats.ttest_ind(change[~IN_A], change[IN_A], equal_var=False)
    assert (found["arm"], found["n"], found["n_second"]) == ("b - a", 3, 3)
    assert found[["estimate", "statistic", "df", "p_value"]].tolist() == pytest.approx(
        [
            change[~IN_A].mean() - change[IN_A].mean(),
            expected.statistic,
            expected.df,
            expected.pvalue,
        ]
    )


def test_a_missing_session_leaves_the_other_in_its_mean():
    after = AFTER.copy()
    after[1] = np.nan  # arm a
    found = results(table(after=after))
    assert row(found.summary, quantity="accuracy", session="pre", arm="a")["n"] == 3
    assert row(found.summary, quantity="accuracy", session="post", arm="a")["n"] == 2
    paired = row(found.tests, test="paired", quantity="accuracy", arm="a")
    assert paired["n"] == 2
    assert np.isnan(paired["p_value"])
    assert paired["reason"] == "fewer than 3 participants"
    welch = row(found.tests, test="welch", quantity="accuracy")
    assert welch["reason"] == "fewer than 3 participants in an arm"


def test_all_changes_equal():
    found = row(results(table(after=BEFORE)).tests, test="paired", quantity="accuracy", arm="all")
    assert found["reason"] == "all values equal"
    assert np.isnan(found["p_value"])


def test_others_do_not_count():
    extra = pd.concat([table(), table(before=[0.1], after=[0.2], people=["sub-9"])])
    one, other = results(table()), results(extra)
    pd.testing.assert_frame_equal(one.summary, other.summary)
    pd.testing.assert_frame_equal(one.tests, other.tests)


def test_nobody():
    found = results(table().iloc[:0], people=[], arms=[])
    assert found.summary["n"].eq(0).all()
    assert found.tests["p_value"].isna().all()
