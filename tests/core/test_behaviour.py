"""Accuracy and reaction time of trials written by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.behaviour import judge_trials, task_behaviour
from tests.core.event_tables import ERRORS, Rule, condition, run, trials

NAN = float("nan")
TWO = [condition("faces", trial_type=("fearful", "neutral")), condition("shapes")]


def events(*rows, columns=("trial_type", "response_time", "accuracy")):
    """Return trials at 0, 5, 10, ... s."""
    timed = [(5.0 * place, 2.0, *row) for place, row in enumerate(rows)]
    return pd.DataFrame(timed, columns=["onset", "duration", *columns])


def judged(table, *, rule=ERRORS, conditions=TWO):
    return judge_trials(
        table, trial_type_column="trial_type", conditions=conditions, error_trials=rule
    )


def behaviour(*tables, rule=ERRORS, conditions=TWO, reaction_time="mean"):
    runs = [judged(table, rule=rule, conditions=conditions) for table in tables]
    found = task_behaviour(
        runs, conditions=conditions, error_trials=rule, reaction_time=reaction_time
    )
    return {each.condition: each for each in found}


HAND = events(
    ("fearful", 1.0, "1"),
    ("neutral", 2.0, "Correct"),  # without case
    ("fearful", 9.0, "0"),  # wrong: not in the reaction time
    ("neutral", NAN, NAN),  # missed
    ("shapes", 0.5, "1.0"),  # 1.0 is 1
    ("shapes", NAN, "1"),  # right, its time is not known
    ("fixation", NAN, NAN),  # in no condition
)


def test_accuracy_and_reaction_time_by_hand():
    found = behaviour(HAND)
    assert list(found) == ["all", "faces", "shapes"]
    assert found["faces"] == ("faces", 4, 3, 0.5, 1.5, "")
    assert found["shapes"] == ("shapes", 2, 2, 1.0, 0.5, "")
    assert found["all"][1:3] == (6, 5)
    assert found["all"].accuracy == pytest.approx(4 / 6)
    assert found["all"].reaction_time == pytest.approx(3.5 / 3)


def test_median_of_pooled_runs():
    second = events(("fearful", 6.0, "1"), ("neutral", 1.2, "0"))
    found = behaviour(HAND, second, reaction_time="median")
    assert found["faces"] == ("faces", 6, 5, 0.5, 2.0, "")  # of 1, 2 and 6 s
    # The mean over pooled trials is not the mean of the runs' means.
    assert behaviour(HAND, second)["faces"].reaction_time == pytest.approx(3.0)


def test_errors_are_those_of_the_glm():
    modelled = run(HAND, TWO, ERRORS)
    found = behaviour(HAND)["all"]
    assert modelled.n_errors == round(found.n_trials * (1 - found.accuracy)) == 2


def test_all_missed_has_no_reaction_time():
    found = behaviour(events(("fearful", NAN, "0"), ("neutral", NAN, "0")))["faces"]
    assert found[1:4] == (2, 0, 0.0)
    assert math.isnan(found.reaction_time)
    assert found.reason == (
        "no right answer in 2 trials: `accuracy` holds 0 (2), and right ones are 1, correct"
    )


def test_other_words_in_the_column_of_answers_are_told():
    reason = behaviour(events(("fearful", 1.0, "TRUE"), ("neutral", 1.0, "miss")))["all"].reason
    assert "`accuracy` holds TRUE (1), miss (1)" in reason


def test_text_answers_of_the_study():
    rule = Rule(**{**vars(ERRORS), "column": "resp", "correct": ("hit",)})
    columns = ("trial_type", "response_time", "resp")
    table = events(("fearful", 0.8, "Hit"), ("neutral", 0.6, "wrong"), columns=columns)
    assert behaviour(table, rule=rule)["faces"] == ("faces", 2, 2, 0.5, 0.8, "")


def test_missing_answers_may_be_right():
    rule = Rule(**{**vars(ERRORS), "correct": ("n/a",)})
    found = behaviour(events(("fearful", NAN, NAN), ("fearful", 0.4, "pressed")), rule=rule)["all"]
    assert found[1:4] == (2, 1, 0.5)  # a withheld answer is right, and none
    assert found.reason == "no right answer has a response time"


def test_trial_types_that_need_no_answer_do_not_count():
    rule = Rule(**{**vars(ERRORS), "not_applicable": ("shapes",)})
    found = behaviour(HAND, rule=rule)
    assert found["shapes"][1:3] == (0, 0)
    assert found["shapes"].reason == "its trials need no answer"
    assert np.isnan([found["shapes"].accuracy, found["shapes"].reaction_time]).all()
    assert found["all"][1:5] == found["faces"][1:5]


def test_without_response_times_who_gave_an_answer_answered():
    table = HAND.drop(columns="response_time")
    found = behaviour(table)["faces"]
    assert found[1:4] == (4, 3, 0.5)
    assert found.reason == "no column `response_time`"


def test_an_empty_column_of_response_times_is_none():
    found = behaviour(HAND.assign(response_time=NAN))["faces"]
    # Right, right and wrong; the fourth has neither time nor answer.
    assert found[1:4] == (4, 3, 0.5)
    assert found.reason == "no right answer has a response time"
    # Of two runs, one recorded times: a wrong answer without a time is none there.
    timed = events(("fearful", 1.0, "1"), ("neutral", NAN, "0"))
    both = behaviour(HAND.assign(response_time=NAN), timed)["faces"]
    assert both == ("faces", 6, 4, 0.5, 1.0, "")


@pytest.mark.parametrize("none", [0.0, -1.0])
def test_response_times_of_zero_and_below_are_none(none):
    found = behaviour(events(("fearful", none, "0"), ("fearful", 0.7, "1")))["faces"]
    assert found == ("faces", 2, 1, 0.5, 0.7, "")


def test_milliseconds_are_not_averaged():
    found = behaviour(events(("fearful", 640.0, "1"), ("neutral", 710.0, "1")))["faces"]
    assert found.accuracy == 1.0
    assert math.isnan(found.reaction_time)
    assert found.reason == (
        "2 response times above 100 s (milliseconds, where BIDS wants seconds?)"
    )


def test_repeated_rows_and_rows_without_onset_are_no_trials():
    table = pd.concat([HAND.iloc[:2], HAND.iloc[:1], HAND.iloc[4:5].assign(onset=NAN)])
    result = judged(table)
    assert result.left_out == (
        "1 row without an onset",
        "1 row of a trial that stands in the table already (same onset, duration and trial type)",
    )
    assert result.condition.tolist() == ["faces", "faces"]


def test_a_condition_without_trials_names_a_near_spelling():
    found = behaviour(events(("fearful", 1.0, "1"), ("Shapes", 1.0, "1")))["shapes"]
    assert found.n_trials == 0
    assert math.isnan(found.accuracy)
    assert found.reason == "condition `shapes` has no trials (the table has `Shapes`)"
    assert behaviour(events(("rest", 1.0, "1")))["all"].reason == "no trials in any condition"


def test_numbers_of_trial_types_are_equal_however_written():
    conditions = [condition("low", trial_type=("1",)), condition("high", trial_type=("2",))]
    found = behaviour(events(("1.0", 1.0, "1"), ("2", 3.0, "1")), conditions=conditions)
    assert (found["low"].reaction_time, found["high"].reaction_time) == (1.0, 3.0)


def test_input_is_left_as_it_was():
    table = trials((0.0, 2.0, "fearful", 1.0, "1"), (5.0, 2.0, "shapes", 0.0, "0"))
    before = table.copy()
    behaviour(table)
    pd.testing.assert_frame_equal(table, before)
