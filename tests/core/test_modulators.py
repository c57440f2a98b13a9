"""Parametric modulators: centred over the trials that are modelled, in the order of the table."""

from types import SimpleNamespace as Rule

import numpy as np
import pytest

from tests.core.event_tables import ERRORS, condition, run, trials


def test_values_are_centred_for_each_condition_and_follow_the_rows_of_the_table():
    events = trials(
        (30.0, 1.0, "a", 0.9, 1, 3.0),
        (10.0, 1.0, "a", 0.5, 1, 1.0),
        (20.0, 1.0, "b", 0.4, 1, 7.0),
        (40.0, 1.0, "b", 0.8, 1, 9.0),
        (50.0, 1.0, "a", 0.7, 1, 5.0),
    )
    conditions = [
        condition("a", modulators=("load", "response_time")),
        condition("b", modulators=("load",)),
    ]
    modelled = run(events, conditions)
    assert modelled.table["trial_type"].tolist() == ["a", "b", "a", "b", "a"]
    assert set(modelled.modulators) == {"a", "b"}
    assert list(modelled.modulators["a"]) == ["load", "response_time"]
    np.testing.assert_array_equal(modelled.modulators["a"]["load"], [-2.0, 0.0, 2.0])
    np.testing.assert_allclose(
        modelled.modulators["a"]["response_time"], [-0.2, 0.2, 0.0], atol=1e-15
    )
    np.testing.assert_array_equal(modelled.modulators["b"]["load"], [-1.0, 1.0])
    assert modelled.dropped == ()


def test_trials_at_one_time_keep_their_order():
    events = trials(
        (10.0, 1.0, "x", 0.5, 1, 4.0), (10.0, 1.0, "y", 0.5, 1, 1.0), (10.0, 1.0, "x", 0.6, 1, 1.0)
    )
    modelled = run(events, [condition("a", modulators=("load",), trial_type=("x", "y"))])
    np.testing.assert_array_equal(modelled.modulators["a"]["load"], [2.0, -1.0, -1.0])


def test_error_trials_and_trials_out_of_the_run_do_not_count():
    events = trials(
        (-60.0, 1.0, "a", 0.5, 1, 100.0),  # its response has passed
        (10.0, 1.0, "a", 0.5, 1, 1.0),
        (20.0, 1.0, "a", 0.5, 0, 50.0),  # an error
        (30.0, 1.0, "a", 0.5, 1, 2.0),
        (120.0, 1.0, "a", 0.5, 1, 70.0),  # after the run
    )
    modelled = run(events, [condition("a", modulators=("load",))], ERRORS, scan_duration=100.0)
    np.testing.assert_array_equal(modelled.modulators["a"]["load"], [-0.5, 0.5])
    assert modelled.table["trial_type"].tolist() == ["a", "error_trials", "a"]
    kept = Rule(**{**vars(ERRORS), "remove_from_conditions": False})
    modelled = run(events, [condition("a", modulators=("load",))], kept, scan_duration=100.0)
    np.testing.assert_allclose(
        modelled.modulators["a"]["load"], [1 - 53 / 3, 50 - 53 / 3, 2 - 53 / 3]
    )


def test_a_missing_value_counts_as_the_mean_of_the_known():
    events = trials(
        (10.0, 1.0, "a", 0.4, 1, 1.0), (20.0, 1.0, "a", np.nan, 1, 1.0), (30.0, 1.0, "a", 0.6, 1, 2)
    )
    modelled = run(events, [condition("a", modulators=("response_time",))])
    np.testing.assert_allclose(
        modelled.modulators["a"]["response_time"], [-0.1, 0.0, 0.1], atol=1e-15
    )
    assert modelled.dropped == ("1 of 3 trials of `a` without `response_time`: taken at the mean",)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((0.1, 0.1, 0.1), "0.1 in every trial"),
        ((np.nan, 0.1, 0.1), "0.1 in every trial"),
        ((np.nan, np.nan, np.nan), "no trial has a value"),
        ((np.nan, 0.4, np.nan), "one trial alone has a value"),
    ],
)
def test_a_modulator_without_variation_is_left_out(values, reason):
    events = trials(*((10.0 * n, 1.0, "a", 0.5, 1, value) for n, value in enumerate(values)))
    modelled = run(events, [condition("a", modulators=("load",))])
    assert modelled.modulators == {}
    assert modelled.conditions == ("a",)
    assert modelled.dropped == (f"modulator `load` of `a` left out: {reason}",)


def test_a_condition_without_trials_has_no_modulators():
    modelled = run(
        trials((0.0, 1.0, "a", 0.5, 0, 1.0)), [condition("a", modulators=("load",))], ERRORS
    )
    assert modelled.modulators == {}
    assert modelled.conditions == ()


def test_rows_that_differ_in_a_modulator_are_two_trials():
    events = trials((10.0, 1.0, "a", 0.5, 1, 1.0), (10.0, 1.0, "a", 0.5, 1, 2.0))
    assert len(run(events, [condition("a", modulators=("load",))]).table) == 2
    assert len(run(events, [condition("a")]).table) == 1


def test_time_and_duration_may_modulate():
    events = trials((10.0, 1.0, "a", 0.5, 1, 1.0), (20.0, 3.0, "a", 0.5, 1, 1.0))
    rule = condition("a", duration=0.0, modulators=("onset", "duration"))
    modelled = run(events, [rule])
    np.testing.assert_array_equal(modelled.modulators["a"]["onset"], [-5.0, 5.0])
    # Durations of the table, though the study gives the regressor another one.
    np.testing.assert_array_equal(modelled.modulators["a"]["duration"], [-1.0, 1.0])
    assert modelled.table["duration"].tolist() == [0.0, 0.0]
