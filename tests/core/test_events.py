"""Trials to conditions: blocks, errors, omissions, empty conditions."""

from types import SimpleNamespace as Rule

import numpy as np
import pandas as pd

from bids_ketamine.core.events import model_events


def condition(name, trial_type=(), duration=None, blocks=False, longest_gap=10.0):
    return Rule(
        name=name, trial_type=trial_type, duration=duration, blocks=blocks, longest_gap=longest_gap
    )


ERRORS = Rule(
    column="accuracy",
    correct=("1", "correct"),
    response_time_column="response_time",
    delay_if_no_response=1.0,
    not_applicable=(),
    remove_from_conditions=True,
)


def trials(*rows):
    columns = ["onset", "duration", "trial_type", "response_time", "accuracy"]
    return pd.DataFrame(rows, columns=columns)


def run(events, conditions, errors=None, scan_duration=1000.0):
    return model_events(
        events,
        trial_type_column="trial_type",
        conditions=conditions,
        error_trials=errors,
        scan_duration=scan_duration,
    )


def test_blocks_run_from_first_onset_to_last_end_and_end_at_another_condition():
    events = trials(
        (0.0, 2.0, "fear", 1.0, 1),
        (3.0, 2.0, "angry", 1.0, 1),
        (10.0, 2.0, "shapes", 1.0, 1),
        (20.0, 2.0, "fear", 1.0, 1),
    )
    modelled = run(
        events,
        [
            condition("faces", ("fear", "angry"), blocks=True),
            condition("shapes", blocks=True),
        ],
    )
    assert modelled.table.values.tolist() == [
        [0.0, 5.0, "faces"],
        [10.0, 2.0, "shapes"],
        [20.0, 2.0, "faces"],
    ]


def test_events_in_no_condition_do_not_end_a_block_and_are_named():
    events = trials(
        (0.0, 2.0, "a", 1.0, 1), (2.0, 1.0, "fixation", np.nan, 0), (3.0, 2.0, "a", 1.0, 1)
    )
    modelled = run(events, [condition("a", blocks=True)])
    assert modelled.table.values.tolist() == [[0.0, 5.0, "a"]]
    assert modelled.dropped == ("trial types in no condition: fixation (1)",)


def test_errors_leave_their_condition_and_stand_at_the_response():
    events = trials((0.0, 1.0, "a", 0.8, 1), (10.0, 1.0, "a", 0.5, 0), (20.0, 1.0, "a", np.nan, 0))
    modelled = run(events, [condition("a", duration=0.0)], ERRORS)
    assert modelled.table.values.tolist() == [
        [0.0, 0.0, "a"],
        [10.5, 0.0, "error_trials"],
        [21.0, 0.0, "error_trials"],
    ]
    assert modelled.n_errors == 2


def test_blocks_are_kept_whole_whatever_the_answers():
    events = trials((0.0, 2.0, "a", 0.8, 1), (3.0, 2.0, "a", 0.5, 0))
    modelled = run(events, [condition("a", blocks=True)], ERRORS)
    assert modelled.table.values.tolist() == [[0.0, 5.0, "a"], [3.5, 0.0, "error_trials"]]


def test_answers_compare_as_numbers_and_without_case():
    events = trials(
        (0.0, 1.0, "a", 1.0, "1.0"), (5.0, 1.0, "a", 1.0, "Correct"), (9.0, 1.0, "a", 1.0, "n/a")
    )
    modelled = run(events, [condition("a")], ERRORS)
    assert modelled.table["trial_type"].tolist() == ["a", "a", "error_trials"]


def test_a_condition_without_trials_is_dropped_and_named():
    modelled = run(trials((0.0, 1.0, "a", 1.0, 1)), [condition("a"), condition("b")])
    assert modelled.conditions == ("a",)
    assert modelled.dropped == ("condition `b` has no trials",)


def test_events_without_onset_or_after_the_run_are_named():
    events = trials((np.nan, 1.0, "a", 1.0, 1), (5.0, 1.0, "a", 1.0, 1), (100.0, 1.0, "a", 1.0, 1))
    modelled = run(events, [condition("a")], scan_duration=100.0)
    assert modelled.table["onset"].tolist() == [5.0]
    assert modelled.dropped == ("1 events without an onset", "1 events after the end of the run")


def test_trials_without_duration_are_left_out_unless_the_study_gives_one():
    events = trials((0.0, np.nan, "a", 1.0, 1), (5.0, 1.0, "a", 1.0, 1))
    assert run(events, [condition("a")]).dropped == ("1 trials of `a` without a duration",)
    assert run(events, [condition("a", duration=2.0)]).table["duration"].tolist() == [2.0, 2.0]


def test_a_long_rest_ends_a_block():
    events = trials((0.0, 3.0, "a", 1.0, 1), (6.0, 3.0, "a", 1.0, 1), (39.0, 3.0, "a", 1.0, 1))
    modelled = run(events, [condition("a", blocks=True)])
    assert modelled.table.values.tolist() == [[0.0, 9.0, "a"], [39.0, 3.0, "a"]]
    whole = run(events, [condition("a", blocks=True, longest_gap=60.0)])
    assert whole.table.values.tolist() == [[0.0, 42.0, "a"]]


def test_errors_whose_response_is_after_the_run_are_named():
    events = trials((0.0, 1.0, "a", 1.0, 1), (50.0, 1.0, "a", 850.0, 0))
    modelled = run(events, [condition("a")], ERRORS, scan_duration=100.0)
    assert modelled.table["trial_type"].tolist() == ["a"]
    assert modelled.dropped == ("1 error trials whose response is after the run's end",)
