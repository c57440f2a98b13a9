"""Trials to conditions: blocks, errors, omissions, empty conditions."""

import numpy as np
import pytest

from bids_ketamine.errors import InputDataError
from tests.core.event_tables import ERRORS, condition, run, trials


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
    assert modelled.dropped == ("1 event without an onset", "1 event after the end of the run")


def test_trials_without_duration_are_left_out_unless_the_study_gives_one():
    events = trials((0.0, np.nan, "a", 1.0, 1), (5.0, 1.0, "a", 1.0, 1))
    assert run(events, [condition("a")]).dropped == ("1 trial of `a` without a duration",)
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
    assert modelled.dropped == (
        "1 response time of error trials above 100 s (milliseconds, where BIDS wants seconds?)",
        "1 error trial whose response is after the run's end",
    )


def test_numbers_are_the_same_condition_however_they_are_written():
    events = trials(*((10.0 * row, 1.0, kind, 1.0, 1) for row, kind in enumerate(["1", "1.0", 1])))
    modelled = run(events, [condition("first", ("1",)), condition("padded", ("01",))])
    assert modelled.table["trial_type"].tolist() == ["first"] * 3
    assert modelled.dropped == ("condition `padded` has no trials",)
    # Long numbers keep all their digits.
    events = trials((0.0, 1.0, "1234567", 1.0, 1), (5.0, 1.0, "1234568", 1.0, 1))
    assert run(events, [condition("1234567")]).table["onset"].tolist() == [0.0]


def test_names_with_spaces_signs_and_accents():
    events = trials((0.0, 1.0, "gef\u00fchl +/- (a)", 1.0, 1), (9.0, 1.0, "a - b", 1.0, 1))
    modelled = run(events, [condition("gefu\u0308hl +/- (a)"), condition("other", ("a - b",))])
    assert modelled.table["onset"].tolist() == [0.0, 9.0]
    assert modelled.dropped == ()


def test_a_condition_that_the_table_spells_otherwise():
    events = trials((0.0, 1.0, "Faces ", 1.0, 1), (5.0, 1.0, "01", 1.0, 1), (9.0, 1.0, "b", 1.0, 1))
    modelled = run(events, [condition("faces"), condition("one", ("1",)), condition("b")])
    assert modelled.conditions == ("b",)
    assert modelled.dropped == (
        "trial types in no condition: 01 (1), Faces (1)",
        "condition `faces` has no trials (the table has `Faces`)",
        "condition `one` has no trials (the table has `01`)",
    )


def test_a_repeated_row_counts_once():
    events = trials(
        (0.0, 2.0, "a", 1.0, 1), (0.0, 2.0, "a", 1.0, 1), (0.0, 2.0, "b", 1.0, 1),
        (8.0, np.nan, "a", 1.0, 1), (8.0, np.nan, "a", 1.0, 1),
    )  # fmt: skip
    modelled = run(events, [condition("a", duration=2.0), condition("b")])
    assert modelled.table.values.tolist() == [[0.0, 2.0, "a"], [0.0, 2.0, "b"], [8.0, 2.0, "a"]]
    assert modelled.dropped == (
        "2 rows of a trial that stands in the table already (same onset, duration and trial type)",
    )


def test_rows_of_one_trial_with_two_answers_are_both_kept():
    events = trials((0.0, 2.0, "a", 0.5, 1), (0.0, 2.0, "a", 0.7, 0))
    modelled = run(events, [condition("a")], ERRORS)
    assert modelled.table.values.tolist() == [[0.0, 2.0, "a"], [0.7, 0.0, "error_trials"]]


def test_overlapping_trials_and_those_that_outlast_the_run_are_named():
    events = trials((0.0, 6.0, "a", 1, 1), (5.0, 1.0, "a", 1, 1), (95.0, 10.0, "a", 1, 1))
    modelled = run(events, [condition("a")], scan_duration=100.0)
    assert modelled.table["duration"].tolist() == [6.0, 1.0, 10.0]
    assert modelled.dropped == (
        "1 trial of `a` begins before the one before has ended: their responses add up",
        "1 trial of `a` lasts beyond the end of the run (100 s): modelled up to it",
    )
    adjacent = trials((0.0, 5.0, "a", 1, 1), (5.0, 5.0, "a", 1, 1))
    assert run(adjacent, [condition("a")]).dropped == ()


def test_events_before_the_run_count_as_long_as_their_response_reaches_into_it():
    events = trials(
        (-60.0, 5.0, "a", 1, 1), (-30.0, 10.0, "a", 1, 1), (-4.0, 2.0, "a", 1, 1),
        (9.0, 2.0, "a", 1, 1),
    )  # fmt: skip
    modelled = run(events, [condition("a")])
    assert modelled.table["onset"].tolist() == [-30.0, -4.0, 9.0]
    assert modelled.dropped == (
        "1 event more than 24 s before the run: the response has passed",
        "2 events before the start of the run: of their responses, the part within it is modelled",
    )


def test_onsets_in_milliseconds_are_refused():
    events = trials(*((1000.0 * onset, 4.0, "a", 1, 1) for onset in (0, 20, 40, 260)))
    with pytest.raises(InputDataError, match="reach to 260000 s in a run of 270 s: they seem to"):
        run(events, [condition("a")], scan_duration=270.0)
    # Events of a run that was stopped early are dropped, not taken for milliseconds.
    events = trials(*((onset, 4.0, "a", 1, 1) for onset in (0.0, 20.0, 40.0, 900.0)))
    assert run(events, [condition("a")], scan_duration=30.0).conditions == ("a",)


def test_a_cue_and_its_target_at_the_start_do_not_hide_milliseconds():
    events = trials(*((onset, 200.0, "a", 1, 1) for onset in (0, 250, 10_000, 10_250, 290_000)))
    with pytest.raises(InputDataError, match="reach to 290000 s in a run of 300 s: they seem to"):
        run(events, [condition("a")], scan_duration=300.0)
    # Half of them within the run: one that was stopped early, or a wrong last row.
    for onsets in ((0.0, 25.0, 50.0, 9000.0), (0.0, 20.0, 500.0, 9000.0)):
        events = trials(*((onset, 4.0, "a", 1, 1) for onset in onsets))
        modelled = run(events, [condition("a")], scan_duration=300.0)
        assert modelled.table["onset"].tolist() == [each for each in onsets if each < 300.0]


def test_events_before_the_run_are_judged_by_the_duration_of_the_study():
    events = trials((-25.0, np.nan, "a", 1, 1), (-30.0, 40.0, "b", 1, 1), (5.0, 1.0, "b", 1, 1))
    modelled = run(events, [condition("a", duration=40.0), condition("b", duration=1.0)])
    assert modelled.table.values.tolist() == [[-25.0, 40.0, "a"], [5.0, 1.0, "b"]]
    assert modelled.dropped == (
        "1 event more than 24 s before the run: the response has passed",
        "1 event before the start of the run: of their responses, the part within it is modelled",
    )


def test_a_block_before_the_run_is_judged_as_a_whole():
    block = [(float(onset), 4.0, "a", 1, 1) for onset in range(-70, -34, 5)]
    modelled = run(trials(*block, (10.0, 4.0, "a", 1, 1)), [condition("a", blocks=True)])
    assert modelled.table.values.tolist() == [[10.0, 4.0, "a"]]
    # Its first trials ended long ago and it goes on: it begins where it began.
    block = [(float(onset), 4.0, "a", 1, 1) for onset in range(-50, -14, 5)]
    modelled = run(trials(*block), [condition("a", blocks=True)])
    assert modelled.table.values.tolist() == [[-50.0, 39.0, "a"]]


def test_an_error_before_the_run_is_judged_by_its_response():
    events = trials((-30.0, 0.0, "a", 8.0, 0), (-30.0, 0.0, "a", 5.0, 0), (9.0, 1.0, "a", 1.0, 1))
    modelled = run(events, [condition("a")], ERRORS)
    assert modelled.table.values.tolist() == [[-22.0, 0.0, "error_trials"], [9.0, 1.0, "a"]]
    assert modelled.n_errors == 1


def test_a_trial_type_of_a_condition_without_trials_is_named():
    modelled = run(
        trials((0.0, 2.0, "fear", 1.0, 1), (9.0, 2.0, "angyr", 1.0, 1)),
        [condition("faces", ("fear", "angry"))],
    )
    assert "no trials of `angry` for the condition `faces`" in modelled.dropped
