"""Who and what enters, and the exact reasons of the rest."""

import numpy as np
import pytest

from bids_ketamine.core.prediction.columns import arms_codes, usable_predictors
from bids_ketamine.core.prediction.predictors import dummies
from bids_ketamine.core.prediction.preparation import prepare_blocks
from bids_ketamine.core.prediction.sets import left_out_sets
from bids_ketamine.core.prediction.trial_data import BASELINE, CHANGE, Covariate
from tests.core.prediction.drawn_trials import (
    BOTH,
    SETTINGS,
    drawn_trial,
    numeric,
    with_imaging,
)


def usable(trial, timing=CHANGE, model="measures", **settings):
    return usable_predictors(
        trial, timing=timing, model=model, settings=SETTINGS._replace(**settings)
    )


def categorical(name, values):
    return Covariate(name, "categorical", tuple(values), BOTH)


def with_change(trial, column, change):
    """Set the change of one measure."""
    second = trial.imaging.second.copy()
    second[:, column] = trial.imaging.first[:, column] + change
    return with_imaging(trial, second=second)


def exact_trial(seed, **sizes):
    """Draw a trial whose first values are whole numbers, so that changes are exact."""
    trial = drawn_trial(seed, missing=False, **sizes)
    return with_imaging(trial, first=np.round(trial.imaging.first))


def test_a_clean_trial_enters_whole():
    trial = drawn_trial(0, missing=False)
    found = usable(trial)
    assert found.dropped == ()
    assert found.excluded == ()
    assert found.data.participants == trial.participants
    assert found.data.imaging.names == trial.imaging.names
    assert np.array_equal(found.data.imaging.second, trial.imaging.second)
    assert set(found.missing_share) == {*trial.imaging.names, "c0", "c1", "c2"}
    assert set(found.missing_share.values()) == {0.0}


def test_shares_of_missing_values():
    found = usable(drawn_trial(0))
    assert found.missing_share["m3"] == pytest.approx(3 / 12)
    assert found.missing_share["m0"] == pytest.approx(1 / 12)
    assert found.missing_share["c1"] == pytest.approx(2 / 12)
    assert found.missing_share["m1"] == 0.0
    assert usable(drawn_trial(0), BASELINE).missing_share["m3"] == 0.0


def test_measures_that_cannot_enter():
    rng = np.random.default_rng(1)
    trial = exact_trial(1, p=8)
    change = rng.integers(-50, 50, 12).astype(float)
    some, two = np.full(12, np.nan), np.full(12, np.nan)
    some[:5], two[:2] = rng.standard_normal(5), rng.standard_normal(2)
    for column, values in enumerate([change, 0.5, np.nan, some, two, 3 * change + 1, -change]):
        trial = with_change(trial, column, values)
    found = usable(trial, residualize_motion=False)
    assert [tuple(each) for each in found.dropped] == [
        ("m1", "all values equal"),
        ("m2", "no values"),
        ("m3", "7 of 12 values missing, more than 50 %"),
        ("m4", "2 values, fewer than 3"),
        ("m5", "`m5` and `m0` are perfectly correlated (r = 1)"),
        ("m6", "`m6` and `m0` are perfectly correlated (r = -1)"),
    ]
    assert found.data.imaging.names == ("m0", "m7")
    np.testing.assert_array_equal(found.data.imaging.second, trial.imaging.second[:, [0, 7]])
    np.testing.assert_array_equal(found.data.imaging.first_fd, trial.imaging.first_fd[:, [0, 7]])
    assert found.missing_share["m2"] == 1.0
    assert found.missing_share["m3"] == pytest.approx(7 / 12)
    kept = usable(trial, residualize_motion=False, maximum_missing=7 / 12)
    assert "m3" in kept.data.imaging.names


def test_what_is_the_same_in_change_differs_at_baseline():
    trial = with_change(exact_trial(2), 1, 0.25)
    assert [each.name for each in usable(trial).dropped] == ["m1"]
    assert usable(trial, BASELINE).dropped == ()


def test_a_covariate_like_a_measure_or_another_covariate():
    trial = with_change(exact_trial(3), 2, np.arange(12.0))
    ages = np.array([30.0, 41, 25, 60, 33, 38, 52, 47, 29, 36, 44, 58])
    missing = ages.copy()
    missing[3] = np.nan
    trial = trial._replace(
        covariates=(
            numeric("order", 7.0 - np.arange(12.0)),
            numeric("age", ages),
            numeric("birth", 2020.0 - ages),
            numeric("age again", missing),  # not the same: it lacks a value
            numeric("site", np.ones(12)),
            categorical("sex", ["m", "f"] * 6),
            numeric("female", [0.0, 1.0] * 6),
        )
    )
    found = usable(trial)
    assert [tuple(each) for each in found.dropped] == [
        ("order", "`order` and `m2` are perfectly correlated (r = -1)"),
        ("birth", "`birth` and `age` are perfectly correlated (r = -1)"),
        ("site", "all values equal"),
        ("female", "`female` and `sex=m` are perfectly correlated (r = -1)"),
    ]
    assert [each.name for each in found.data.covariates] == ["age", "age again", "sex=m"]


def test_categorical_covariates():
    trial = drawn_trial(4, n=36, missing=False)
    site = ["b", "b", "a", "c"] * 9
    many = [f"town {row % 30}" for row in range(36)]
    rare = [None] * 28 + ["p", "q", "r", "s", "t", "p", "q", ""]
    trial = trial._replace(
        covariates=(
            categorical("site", [*site[:35], None]),
            categorical("town", many),
            categorical("rare", rare),
            categorical("single", ["x"] * 36),
            categorical("empty", [float("nan")] * 36),
        )
    )
    found = usable(trial, maximum_missing=0.9)
    assert [tuple(each) for each in found.dropped] == [
        ("town", "30 levels, more than 6"),
        ("rare", "5 levels for 7 participants"),
        ("single", "all values equal"),
        ("empty", "no values"),
    ]
    dummy_a, dummy_c = found.data.covariates  # the most frequent level is the reference
    assert (dummy_a.name, dummy_c.name) == ("site=a", "site=c")
    assert (dummy_a.kind, dummy_a.timings) == ("numeric", BOTH)
    assert dummy_a.values[:4].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert dummy_c.values[:4].tolist() == [0.0, 0.0, 0.0, 1.0]
    assert np.isnan([dummy_a.values[35], dummy_c.values[35]]).all()
    assert found.missing_share["site=a"] == pytest.approx(1 / 36)
    assert found.missing_share["town"] == 0.0
    assert found.missing_share["rare"] == pytest.approx(29 / 36)


def test_levels_that_are_equally_frequent_are_ordered_by_name():
    assert [each.name for each in dummies("g", ("z", "b", "z", "b", "c"))] == ["g=c", "g=z"]


def test_covariates_of_the_other_timing_do_not_enter():
    trial = drawn_trial(5, missing=False)
    trial = trial._replace(
        covariates=(numeric("income", np.arange(12.0), (BASELINE,)), trial.covariates[0])
    )
    assert [each.name for each in usable(trial).data.covariates] == ["c0"]
    assert [each.name for each in usable(trial, BASELINE).data.covariates] == ["income", "c0"]


def test_participants_who_cannot_enter():
    trial = drawn_trial(6, missing=False)
    outcome, concurrent = trial.outcome.copy(), trial.concurrent.copy()
    outcome[2], concurrent[5] = np.nan, np.nan
    second = trial.imaging.second.copy()
    second[7] = np.nan
    trial = with_imaging(trial, second=second)._replace(
        outcome=outcome, concurrent=concurrent, arms=(*trial.arms[:9], "", "other", trial.arms[11])
    )
    expected = {
        "sub-02": "no improvement of the outcome",
        "sub-07": "no imaging measure in both sessions",
    }
    found = usable(trial)
    assert dict(found.excluded) == expected
    assert found.data.participants == tuple(
        name for name in trial.participants if name not in expected
    )
    np.testing.assert_array_equal(found.data.outcome, np.delete(outcome, [2, 7]))
    np.testing.assert_array_equal(
        found.data.covariates[1].values, np.delete(trial.covariates[1].values, [2, 7])
    )
    expected |= {"sub-09": "no treatment arm", "sub-10": "no treatment arm"}
    assert dict(usable(trial, model="by_arm").excluded) == expected
    expected["sub-05"] = "no improvement of the concurrent outcome"
    assert dict(usable(trial, model="by_arm_and_concurrent").excluded) == expected
    assert list(dict(usable(trial, model="by_arm_and_concurrent").excluded)) == sorted(expected)
    assert dict(usable(trial, BASELINE).excluded) == {"sub-02": "no improvement of the outcome"}
    first = trial.imaging.first.copy()
    first[0] = np.nan
    reasons = dict(usable(with_imaging(trial, first=first), BASELINE).excluded)
    assert reasons["sub-00"] == "no imaging measure in the first session"


def test_nobody_has_an_outcome():
    trial = drawn_trial(7)
    found = usable(trial._replace(outcome=np.full(12, np.nan)))
    assert len(found.excluded) == 12
    assert found.data.participants == ()
    assert {each.reason for each in found.dropped} == {"no values"}
    assert found.data.imaging.first.shape == (0, 0)


def test_a_participant_left_without_measures_by_what_was_dropped():
    trial = exact_trial(8)
    second = trial.imaging.second.copy()
    second[3] = np.nan
    second[3, 1] = 4.0
    second[5:, 1] = np.nan  # measure 1, all that participant 3 has, is missing for most
    found = usable(with_imaging(trial, second=second))
    assert dict(found.excluded) == {"sub-03": "no imaging measure in both sessions"}
    assert [tuple(each) for each in found.dropped] == [
        ("m1", "7 of 12 values missing, more than 50 %")
    ]
    assert found.missing_share["m0"] == 0.0


def test_values_without_motion_are_missing_where_motion_is_taken_out():
    trial = drawn_trial(9, missing=False)
    first_fd = trial.imaging.first_fd.copy()
    first_fd[4, 2] = np.nan
    trial = with_imaging(trial, first_fd=first_fd)
    found = usable(trial)
    assert found.missing_share["m2"] == pytest.approx(1 / 12)
    assert np.isnan(found.data.imaging.first[4, 2])
    assert usable(trial, residualize_motion=False).missing_share["m2"] == 0.0


def test_complete_cases():
    found = usable(drawn_trial(10), imputation="complete_cases")
    assert dict(found.excluded) == {
        "sub-01": "complete cases only: no value of m3, m4, m5",
        "sub-02": "complete cases only: no value of c1",
        "sub-04": "complete cases only: no value of m3, m4, m5",
        "sub-05": "complete cases only: no value of c1",
        "sub-07": "complete cases only: no value of m3, m4, m5",
        "sub-10": "complete cases only: no value of m0",
    }
    assert found.missing_share["m3"] == pytest.approx(3 / 12)
    data = found.data
    assert data.participants == ("sub-00", "sub-03", "sub-06", "sub-08", "sub-09", "sub-11")
    blocks = prepare_blocks(
        data,
        timing=CHANGE,
        settings=SETTINGS._replace(imputation="complete_cases", residualize_motion=False),
        sets=left_out_sets(6, pairs=True),
        n_jobs=1,
    )
    change = data.imaging.second - data.imaging.first
    assert (blocks.imaging == change).all()
    wide = usable(drawn_trial(10, p=12), imputation="complete_cases")
    assert dict(wide.excluded)["sub-01"] == (
        "complete cases only: no value of m6, m7, m8 and 2 more"
    )


def test_complete_cases_may_leave_a_constant():
    trial = exact_trial(11)
    trial = with_change(trial, 0, [np.nan, *range(11)])
    trial = with_change(trial, 1, [5.0, *([2.0] * 11)])
    found = usable(trial, imputation="complete_cases", residualize_motion=False)
    assert [tuple(each) for each in found.dropped] == [("m1", "all values equal")]
    assert dict(found.excluded) == {"sub-00": "complete cases only: no value of m0"}


def test_values_of_the_outcome_decide_nothing():
    trial = drawn_trial(12)
    one, other = usable(trial), usable(trial._replace(outcome=trial.imaging.first[:, 1]))
    assert (one.dropped, one.excluded) == (other.dropped, other.excluded)
    assert one.data.imaging.names == other.data.imaging.names


def test_unknown_names():
    with pytest.raises(ValueError, match="model must be one of"):
        usable(drawn_trial(0), model="all")
    with pytest.raises(ValueError, match="timing must be one of"):
        usable(drawn_trial(0), "second")


def test_codes_of_arms():
    assert arms_codes(("c", "a", "", "b"), ("a", "b", "c")).tolist() == [2, 0, -1, 1]
    assert arms_codes(("", ""), ()).tolist() == [-1, -1]
