"""Events to one condition per trial type and partition, and through the model of events."""

import numpy as np
import pytest

from bids_ketamine.core.events import model_events
from bids_ketamine.core.rsa.partitions import partitioned_events
from bids_ketamine.errors import InputDataError, UsageError
from tests.core.event_tables import ERRORS, Rule, condition, trials

FACES = condition("faces", ("fear", "calm", "angry"), blocks=True)
SHAPES = condition("shapes", blocks=True)


def divide(events, conditions, trial_types, rule, errors=None, maximum=None, scan_duration=1000.0):
    return partitioned_events(
        events,
        trial_type_column="trial_type",
        trial_types=trial_types,
        conditions=conditions,
        error_trials=errors,
        rule=rule,
        maximum_partitions=maximum,
        scan_duration=scan_duration,
    )


def modelled(divided, scan_duration=1000.0):
    return model_events(
        divided.events,
        trial_type_column="trial_type",
        conditions=divided.conditions,
        error_trials=divided.error_trials,
        scan_duration=scan_duration,
    )


def rows(model):
    return model.table.values.tolist()


def block(start, kind, n_trials=3, duration=2.0, interval=3.0):
    return [(start + interval * each, duration, kind, 1.0, 1) for each in range(n_trials)]


def test_run_gives_one_pattern_a_trial_type_and_leaves_the_rest():
    events = trials(*block(0, "fear", 2), *block(20, "calm", 2), *block(40, "shapes", 2))
    divided = divide(events, [FACES, SHAPES], ("fear",), "run")
    assert divided.regressors == (("fear_part1", "fear", 1),)
    assert [each.name for each in divided.conditions] == ["fear_part1", "faces", "shapes"]
    assert divided.conditions[1].trial_type == ("calm", "angry")
    assert divided.conditions[2] is SHAPES
    assert rows(modelled(divided)) == [
        [0.0, 5.0, "fear_part1"],
        [20.0, 5.0, "faces"],
        [40.0, 5.0, "shapes"],
    ]
    assert divided.rule == "run"


def test_blocks_become_partitions():
    events = trials(
        *block(0, "fear"), *block(20, "calm"), *block(40, "calm", 2), *block(60, "fear")
    )
    divided = divide(events, [FACES], ("fear", "calm"), "block")
    assert divided.regressors == (
        ("fear_part1", "fear", 1),
        ("fear_part2", "fear", 2),
        ("calm_part1", "calm", 1),
        ("calm_part2", "calm", 2),
    )
    assert rows(modelled(divided)) == [
        [0.0, 8.0, "fear_part1"],
        [20.0, 8.0, "calm_part1"],
        [40.0, 5.0, "calm_part2"],  # after a rest of 12 s: a block of its own
        [60.0, 8.0, "fear_part2"],
    ]
    assert divided.notes == ()


def test_a_short_rest_or_an_event_of_no_condition_does_not_end_a_block():
    events = trials(
        (0.0, 2.0, "fear", 1.0, 1),
        (5.0, 1.0, "fixation", np.nan, 0),
        (12.0, 2.0, "fear", 1.0, 1),
        (24.5, 2.0, "fear", 1.0, 1),
    )
    divided = divide(events, [FACES], ("fear",), "block")
    assert divided.events["trial_type"].tolist() == [
        "fear_part1",
        "fixation",
        "fear_part1",
        "fear_part2",
    ]


def test_more_blocks_of_one_type_are_spread_and_none_is_lost():
    starts = {"fear": [0, 100, 200, 300, 400], "calm": [50, 150]}
    events = trials(*(row for kind, own in starts.items() for at in own for row in block(at, kind)))
    divided = divide(events, [FACES], ("fear", "calm"), "block")
    by_onset = divided.events.sort_values("onset")
    fear = by_onset.loc[by_onset["trial_type"].str.startswith("fear"), "trial_type"]
    # floor(b * 2 / 5) + 1 for b = 0 ... 4
    assert fear[::3].tolist() == ["fear_part1"] * 3 + ["fear_part2"] * 2
    assert divided.notes == ("5 blocks of `fear` in 2 partitions",)


def test_maximum_of_partitions():
    events = trials(*(row for at in range(6) for row in block(50 * at, "fear", 1)))
    divided = divide(events, [FACES], ("fear",), "block", maximum=3)
    assert divided.events["trial_type"].tolist() == [
        *["fear_part1"] * 2,
        *["fear_part2"] * 2,
        *["fear_part3"] * 2,
    ]


def test_one_block_is_refused_and_named():
    events = trials(*block(0, "fear"), *block(20, "calm"), *block(40, "fear"))
    with pytest.raises(InputDataError, match="`calm`: one block in the run") as caught:
        divide(events, [FACES], ("fear", "calm"), "block")
    assert "half_block" in caught.value.cure


@pytest.mark.parametrize("interval", [2.0, 3.0, 1.5])
@pytest.mark.parametrize("n_trials", [2, 5, 6])
def test_halves_of_a_block_cover_its_time(interval, n_trials):
    events = trials(*block(10, "fear", n_trials, interval=interval), *block(40, "shapes"))
    whole = modelled(divide(events, [FACES, SHAPES], ("fear",), "run"))
    divided = divide(events, [FACES, SHAPES], ("fear",), "half_block")
    first, second, shapes = rows(modelled(divided))
    assert [first[2], second[2]] == ["fear_part1", "fear_part2"]
    boundary = 10 + interval * ((n_trials + 1) // 2)
    assert first[:2] == [10.0, boundary - 10]
    assert second[0] == boundary
    assert first[0] + first[1] == second[0]
    assert rows(whole) == [[10.0, first[1] + second[1], "fear_part1"], shapes]
    assert divided.rule == "half_block"


def test_one_trial_is_cut_in_the_middle():
    events = trials((0.0, 24.0, "fear", 1.0, 1), (36.0, 25.0, "calm", 1.0, 1))
    divided = divide(events, [FACES], ("fear", "calm"), "half_block")
    assert rows(modelled(divided)) == [
        [0.0, 12.0, "fear_part1"],
        [12.0, 12.0, "fear_part2"],
        [36.0, 12.5, "calm_part1"],
        [48.5, 12.5, "calm_part2"],
    ]


def test_first_halves_of_all_blocks_are_one_partition():
    events = trials((0.0, 24.0, "fear", 1.0, 1), *block(50, "fear", 4), (99.0, 4.0, "fear", 1.0, 1))
    divided = divide(events, [FACES], ("fear",), "half_block")
    assert [each.partition for each in divided.regressors] == [1, 2]
    assert rows(modelled(divided)) == [
        [0.0, 12.0, "fear_part1"],
        [12.0, 12.0, "fear_part2"],
        [50.0, 6.0, "fear_part1"],
        [56.0, 5.0, "fear_part2"],
        [99.0, 2.0, "fear_part1"],
        [101.0, 2.0, "fear_part2"],
    ]


def test_trials_without_blocks_are_divided_by_number_and_keep_their_time():
    words = condition("words", duration=1.0)
    events = trials(*block(0, "words", 5))
    divided = divide(events, [words], ("words",), "half_block")
    assert rows(modelled(divided)) == [
        [0.0, 1.0, "words_part1"],
        [3.0, 1.0, "words_part1"],
        [6.0, 1.0, "words_part1"],
        [9.0, 1.0, "words_part2"],
        [12.0, 1.0, "words_part2"],
    ]


def test_a_trial_listed_twice_is_one_trial():
    row = (0.0, 24.0, "fear", 1.0, 1)
    divided = divide(trials(row, row), [FACES], ("fear",), "half_block")
    assert rows(modelled(divided)) == [[0.0, 12.0, "fear_part1"], [12.0, 12.0, "fear_part2"]]
    twice = [row for row in block(0, "fear", 2) for _ in range(2)]
    divided = divide(trials(*twice), [FACES], ("fear",), "half_block")
    assert rows(modelled(divided)) == [[0.0, 3.0, "fear_part1"], [3.0, 2.0, "fear_part2"]]


@pytest.mark.parametrize(
    ("rule", "row", "reason"),
    [
        (condition("fear", duration=20.0), (0.0, 24.0), "gives it a duration of 20 s"),
        (condition("fear"), (0.0, 0.0), "one trial without a duration"),
        (condition("fear"), (0.0, np.nan), "one trial without a duration"),
    ],
)
def test_blocks_that_cannot_be_halved_are_refused(rule, row, reason):
    events = trials((*row, "fear", 1.0, 1))
    with pytest.raises(InputDataError, match=f"`fear` cannot be halved: .*{reason}"):
        divide(events, [rule], ("fear",), "half_block")


def test_several_trials_of_blocks_with_a_fixed_duration_cannot_be_halved():
    fixed = condition("fear", blocks=True, duration=20.0)
    with pytest.raises(InputDataError, match="duration of 20 s"):
        divide(trials(*block(0, "fear")), [fixed], ("fear",), "half_block")


def test_block_or_half_block_takes_blocks_where_all_types_have_two():
    two = trials(*block(0, "fear"), *block(20, "calm"), *block(40, "fear"), *block(60, "calm"))
    divided = divide(two, [FACES], ("fear", "calm"), "block_or_half_block")
    assert (divided.rule, divided.notes) == ("block", ())
    divided = divide(two.iloc[:9], [FACES], ("fear", "calm"), "block_or_half_block")
    assert divided.rule == "half_block"
    assert divided.notes == ("partitions are half blocks: one block of `calm` in the run",)


def test_absent_trial_types_are_left_out_with_a_note():
    events = trials(*block(0, "Fear"), *block(20, "calm"), *block(500, "angry"))
    divided = divide(events, [FACES], ("fear", "calm", "angry"), "half_block", scan_duration=400.0)
    assert {each.trial_type for each in divided.regressors} == {"calm"}
    assert divided.notes == (
        "no trials of `fear` in the run (the table has `Fear`): no patterns of it",
        "no trials of `angry` in the run: no patterns of it",
    )
    model = modelled(divided, scan_duration=400.0)
    assert model.conditions == ("calm_part1", "calm_part2")
    assert model.empty == {}


def test_blocks_after_the_end_of_the_run_do_not_count():
    events = trials(*block(0, "fear", 1), *block(50, "fear", 1), *block(900, "fear", 1))
    divided = divide(events, [FACES], ("fear",), "block", scan_duration=300.0)
    assert divided.events["trial_type"].tolist() == ["fear_part1", "fear_part2", "fear"]


def test_labels_are_compared_as_numbers_and_names_are_not_taken_twice():
    events = trials((0.0, 2.0, 1, 1.0, 1), (50.0, 2.0, 1, 1.0, 1), (99.0, 2.0, "1_part1", 1.0, 1))
    rules = [condition("first", ("1.0",), blocks=True), condition("1_part1")]
    divided = divide(events, rules, ("1",), "block")
    assert divided.events["trial_type"].tolist() == ["1_part1_", "1_part2", "1_part1"]
    assert modelled(divided).conditions == ("1_part1_", "1_part2", "1_part1")


def test_an_error_in_a_block_that_was_cut_is_modelled_once_at_its_response():
    events = trials((0.0, 24.0, "fear", 3.0, 0), *block(50, "fear", 2))
    rules = [condition("fear", blocks=True)]
    divided = divide(events, rules, ("fear",), "half_block", errors=ERRORS)
    model = modelled(divided)
    assert rows(model) == [
        [0.0, 12.0, "fear_part1"],
        [3.0, 0.0, "error_trials"],
        [12.0, 12.0, "fear_part2"],
        [50.0, 3.0, "fear_part1"],
        [53.0, 2.0, "fear_part2"],
    ]
    assert model.n_errors == 1
    assert model.dropped == ()


def test_an_error_that_leaves_its_condition_leaves_with_both_halves():
    words = condition("words")
    events = trials((0.0, 4.0, "words", 3.0, 0), (50.0, 4.0, "words", 3.0, 1))
    divided = divide(events, [words], ("words",), "half_block", errors=ERRORS)
    assert rows(modelled(divided)) == [
        [3.0, 0.0, "error_trials"],
        [50.0, 2.0, "words_part1"],
        [52.0, 2.0, "words_part2"],
    ]


def test_trial_types_that_need_no_answer_still_need_none():
    passive = Rule(**{**vars(ERRORS), "not_applicable": ("fear",)})
    events = trials(*((at, 2.0, "fear", np.nan, 0) for at in (0.0, 50.0)))
    divided = divide(events, [FACES], ("fear",), "block", errors=passive)
    assert modelled(divided).n_errors == 0
    assert divided.error_trials.not_applicable == ("fear", "fear_part1", "fear_part2")


def test_patterns_have_no_modulators_and_the_rest_keeps_them():
    stroop = condition("stroop", ("same", "other"), modulators=("load",))
    events = trials(
        *(
            (at, 1.0, kind, 1.0, 1, at)
            for at, kind in ((0.0, "same"), (5.0, "other"), (9.0, "other"))
        )
    )
    divided = divide(events, [stroop], ("same",), "run")
    assert [each.modulators for each in divided.conditions] == [(), ("load",)]
    np.testing.assert_array_equal(modelled(divided).modulators["stroop"]["load"], [-2.0, 2.0])


def test_the_table_given_is_not_changed():
    events = trials((0, 24, "fear", 1.0, 1))
    before = events.copy()
    divide(events, [FACES], ("fear",), "half_block")
    assert events.equals(before)


def test_mistakes_of_the_study_are_refused():
    events = trials(*block(0, "fear"))
    with pytest.raises(UsageError, match="in no condition: `sad`"):
        divide(events, [FACES], ("sad",), "run")
    with pytest.raises(UsageError, match="no partition `odd_even`"):
        divide(events, [FACES], ("fear",), "odd_even")
    with pytest.raises(UsageError, match="At most 1 partition"):
        divide(events, [FACES], ("fear",), "block", maximum=1)
