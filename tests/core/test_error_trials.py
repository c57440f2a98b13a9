"""Wrong and missing answers: runs with few right ones, or none."""

from types import SimpleNamespace as Rule

import numpy as np

from tests.core.event_tables import ERRORS, condition, run, trials


def test_a_miss_stands_at_the_delay_and_an_answer_without_a_time_too():
    events = trials(
        (0.0, 1.0, "a", np.nan, np.nan),  # a miss: neither answer nor time
        (10.0, 1.0, "a", 0.0, 0),  # some scanners' software writes 0 for none
        (20.0, 1.0, "a", -1.0, 0),
        (30.0, 1.0, "a", np.nan, 1),  # right, its time not recorded
    )
    modelled = run(events, [condition("a", duration=0.0)], ERRORS)
    assert modelled.table.values.tolist() == [
        [1.0, 0.0, "error_trials"],
        [11.0, 0.0, "error_trials"],
        [21.0, 0.0, "error_trials"],
        [30.0, 0.0, "a"],
    ]
    assert (modelled.n_errors, modelled.dropped) == (3, ())


def test_a_table_without_response_times_has_errors_at_the_delay():
    events = trials((0.0, 1.0, "a", 0.5, 0), (10.0, 1.0, "a", 0.5, 1)).drop(columns="response_time")
    modelled = run(events, [condition("a")], ERRORS)
    assert modelled.table["onset"].tolist() == [1.0, 10.0]


def test_a_condition_of_errors_alone_is_dropped_with_the_reason():
    events = trials(
        (0.0, 1.0, "a", 0.5, 1), (5.0, 1.0, "b", 0.5, 0), (9.0, 1.0, "b", 0.5, 0),
        (20.0, 1.0, "c", 0.5, 0),
    )  # fmt: skip
    modelled = run(events, [condition("a"), condition("b"), condition("c", blocks=True)], ERRORS)
    assert modelled.conditions == ("a", "c")
    assert modelled.dropped == ("condition `b` has no trials: all 2 are errors",)
    assert modelled.n_errors == 3
    one = run(events, [condition("a"), condition("c")], ERRORS)
    assert "condition `c` has no trials: the only one is an error" in one.dropped


def test_a_run_without_a_right_answer_names_the_answers_that_the_table_has():
    answers = ["hit", "hit", "miss", np.nan]
    events = trials(*((10.0 * n, 1.0, "ab"[n % 2], 0.5, each) for n, each in enumerate(answers)))
    modelled = run(events, [condition("a"), condition("b")], ERRORS)
    assert modelled.conditions == ()
    assert modelled.table["trial_type"].tolist() == ["error_trials"] * 4
    assert modelled.dropped == (
        "no right answer in 4 trials: `accuracy` holds hit (2), miss (1), n/a (1), and right ones "
        "are 1, correct",
        "condition `a` has no trials: all 2 are errors",
        "condition `b` has no trials: all 2 are errors",
    )


def test_all_answers_wrong_with_some_trials_that_need_none():
    events = trials((0.0, 1.0, "rest", np.nan, np.nan), (10.0, 1.0, "a", 0.5, 0))
    rule = Rule(**{**vars(ERRORS), "not_applicable": ("rest",)})
    modelled = run(events, [condition("rest"), condition("a")], rule)
    assert modelled.conditions == ("rest",)
    assert modelled.dropped == (
        "no right answer in 1 trial: `accuracy` holds 0.0 (1), and right ones are 1, correct",
        "condition `a` has no trials: the only one is an error",
    )
    # Where nothing needs an answer there is nothing to tell.
    assert run(events.iloc[:1], [condition("rest")], rule).dropped == ()


def test_no_answer_may_be_the_right_one():
    events = trials((0.0, 1.0, "nogo", np.nan, np.nan), (10.0, 1.0, "nogo", 0.4, "0"))
    rule = Rule(**{**vars(ERRORS), "correct": ("1", "n/a")})
    modelled = run(events, [condition("nogo")], rule)
    assert modelled.table.values.tolist() == [[0.0, 1.0, "nogo"], [10.4, 0.0, "error_trials"]]


def test_without_errors_there_is_no_regressor_of_errors():
    modelled = run(trials((0.0, 1.0, "a", 0.5, 1)), [condition("a")], ERRORS)
    assert modelled.table["trial_type"].tolist() == ["a"]
    assert (modelled.n_errors, modelled.dropped, modelled.modulators) == (0, (), {})


def test_error_trials_that_stay_in_their_condition_count_twice():
    events = trials((0.0, 1.0, "a", 0.5, 0), (10.0, 1.0, "a", 0.5, 1))
    rule = Rule(**{**vars(ERRORS), "remove_from_conditions": False})
    modelled = run(events, [condition("a", duration=0.0)], rule)
    assert modelled.table.values.tolist() == [
        [0.0, 0.0, "a"], [0.5, 0.0, "error_trials"], [10.0, 0.0, "a"],
    ]  # fmt: skip


def test_a_table_without_usable_trials_gives_an_empty_table():
    modelled = run(trials((np.nan, 1.0, "a", 0.5, 1)), [condition("a")], ERRORS)
    assert modelled.table.columns.tolist() == ["onset", "duration", "trial_type"]
    assert len(modelled.table) == 0
    assert modelled.dropped == ("1 event without an onset", "condition `a` has no trials")
