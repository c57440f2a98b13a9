"""Response, remission and improvement by visit: boundaries, dropouts, R's intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.clinical.response_rates import (
    improved,
    rates_by_visit,
    remitted,
    responded,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        (11, 21, 0.323695345828444, 0.716559938984658),
        (16, 22, 0.518482659875976, 0.868492397120105),
        (0, 5, 0.0, 0.434482464783175),
        (7, 7, 0.645669564933313, 1.0),
        (1, 30, 0.00590859038161246, 0.16670390991409170),
    ],
)
def test_wilson_interval_equals_r(count, n, low, high):
    """prop.test(count, n, correct = FALSE) of R 4.2.2."""
    found = wilson_interval(count=count, n=n, confidence_level=0.95)
    np.testing.assert_allclose(found, (low, high), rtol=1e-12)


def test_ends_of_wilson_interval_are_not_rejected_by_the_score_test():
    for end in wilson_interval(count=5, n=17, confidence_level=0.9):
        z = (5 / 17 - end) / np.sqrt(end * (1 - end) / 17)
        assert abs(z) == pytest.approx(1.6448536269514722, rel=1e-12)


def test_nobody_has_no_interval():
    assert np.isnan(wilson_interval(count=0, n=0, confidence_level=0.95)).all()
    with pytest.raises(ValueError, match="3 of 2"):
        wilson_interval(count=3, n=2, confidence_level=0.95)


def test_a_fall_of_exactly_the_share_is_a_response():
    falls = responded(baseline=[30, 30, 29, 31], scores=[15, 16, 14.5, 15.5], fall=0.5)
    assert falls.tolist() == [1.0, 0.0, 1.0, 1.0]
    # 10 * (1 - 0.3) is 7 but for rounding.
    assert responded(baseline=[10, 10], scores=[7, 7.01], fall=0.3).tolist() == [1.0, 0.0]


def test_a_rise_is_no_response_and_a_missing_score_is_unknown():
    found = responded(
        baseline=[20, 20, np.nan], scores=[[25, np.nan], [np.inf, 8], [5, 5]], fall=0.5
    )
    np.testing.assert_array_equal(found, [[0, np.nan], [np.nan, 1], [np.nan, np.nan]])


def test_a_baseline_of_0_has_no_relative_fall():
    assert np.isnan(responded(baseline=[0, -3], scores=[0, -9], fall=0.5)).all()


def test_remission_is_below_the_limit():
    np.testing.assert_array_equal(
        remitted(scores=[[9, 10], [9.5, np.nan]], below=10), [[1, 0], [1, np.nan]]
    )


def test_improvement_is_1_or_2_and_0_is_not_assessed():
    found = improved(ratings=[1, 2, 3, 7, 0, np.nan], at_most=2)
    np.testing.assert_array_equal(found, [1, 1, 0, 0, np.nan, np.nan])
    with pytest.raises(ValueError, match="from 1 to 7"):
        improved(ratings=[1, 8], at_most=2)


def test_rates_of_those_seen_and_of_everybody():
    outcomes = pd.DataFrame(
        {
            "day 1": [1.0] * 16 + [0.0] * 6 + [np.nan],
            "week 2": [1.0] * 11 + [0.0] * 10 + [np.nan] * 2,
            "week 8": [np.nan] * 23,
        }
    )
    table = rates_by_visit(outcomes, confidence_level=0.95).set_index(["visit", "counted"])
    seen, everybody = table.loc[("week 2", "seen")], table.loc[("week 2", "everybody")]
    assert (seen["count"], seen["n"], seen["n_missing"]) == (11, 21, 2)
    assert seen["proportion"] == pytest.approx(11 / 21, rel=1e-15)
    assert seen["ci_low"] == pytest.approx(0.323695345828444, rel=1e-12)
    assert (everybody["count"], everybody["n"]) == (11, 23)
    assert everybody["proportion"] == pytest.approx(11 / 23, rel=1e-15)
    assert table.loc[("day 1", "seen"), "proportion"] == pytest.approx(16 / 22, rel=1e-15)
    nobody = table.loc[("week 8", "seen")]
    assert (nobody["n"], nobody["reason"]) == (0, "nobody was seen")
    assert np.isnan([nobody["proportion"], nobody["ci_low"], nobody["ci_high"]]).all()
    assert table.loc[("week 8", "everybody"), "proportion"] == 0.0
    assert list(dict.fromkeys(visit for visit, _ in table.index)) == ["day 1", "week 2", "week 8"]


def test_other_values_than_0_and_1_are_an_error():
    with pytest.raises(ValueError, match="week 2 holds something else"):
        rates_by_visit(pd.DataFrame({"week 2": [0.0, 0.5]}), confidence_level=0.95)


@pytest.mark.parametrize("fall", [0.0, -0.5, 50.0])
def test_a_fall_is_a_share(fall):
    with pytest.raises(ValueError, match="fall must lie"):
        responded(baseline=[30], scores=[15], fall=fall)


def test_baseline_and_scores_are_of_the_same_participants():
    with pytest.raises(ValueError, match="same participants"):
        responded(baseline=[30, 31], scores=[[15, 15, 15]], fall=0.5)
