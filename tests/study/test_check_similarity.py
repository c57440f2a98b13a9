"""Rules on representational similarity, from the text of a study."""

from __future__ import annotations

import pytest

from bids_ketamine.errors import BidsKetamineError


@pytest.mark.parametrize(
    "further",
    [
        "rsa: {task: faces}\n",
        "rsa: {task: faces, trial_types: [fear, calm], pairs: [[calm, fear]]}\n",
        "rsa: {task: faces, trial_types: [fear, shapes]}\n",
        'rsa: {task: faces, pairs: [[fear, "3"], [fear, shapes]]}\n',
    ],
)
def test_sound_sections_are_read(load, further):
    assert load(further).notices == ()


@pytest.mark.parametrize(
    ("further", "message"),
    [
        ("rsa: {}\n", "task"),
        ("rsa: {task: stroop}\n",
         "rsa.task names no task of the study: `stroop`; tasks: faces; `rsa: null` leaves the "
         "method out"),
        ("rsa: {task: faces, trial_types: [fear, angry]}\n",
         "rsa.trial_types names no trial type of the task's conditions: `angry`; trial types: "
         "fear, calm, 3, shapes"),
        ("rsa: {task: faces, pairs: [[fear, faces]]}\n",
         "rsa.pairs names no trial type of the task's conditions: `faces`"),
        ("rsa: {task: faces, trial_types: [fear]}\n", "rsa needs two trial types at least"),
        ("rsa: {task: faces, trial_types: [fear, fear]}\n",
         "rsa.trial_types names a trial type twice"),
        ("rsa: {task: faces, pairs: [[fear, calm], [calm, fear]]}\n",
         "rsa.pairs, number 2 stands there twice"),
        ("rsa: {task: faces, pairs: [[fear, fear]]}\n",
         "rsa.pairs, number 1: a pair is two different trial types"),
        ("rsa: {task: faces, pairs: [[fear]]}\n",
         "rsa.pairs, number 1: a pair is two different trial types"),
        ("rsa: {task: faces, pairs: [[fear, calm, shapes]]}\n",
         "rsa.pairs, number 1: a pair is two different trial types"),
        ("rsa: {task: faces, pairs: [fear, calm]}\n", "rsa.pairs"),
        ("rsa: {task: faces, trial_types: [fear, calm], pairs: [[fear, shapes]]}\n",
         "rsa.pairs, number 1 is of a trial type not in rsa.trial_types"),
        ("rsa: {task: faces, partition: session}\n", "rsa.partition must be one of"),
        ("rsa: {task: faces, covariance: ledoit}\n", "rsa.covariance must be one of"),
        ("rsa: {task: faces, training: ols}\n", "rsa.training must be one of"),
        ("rsa: {task: faces, maximum_partitions: 1}\n",
         "rsa.maximum_partitions must be at least 2"),
    ],
)  # fmt: skip
def test_mistakes_are_named(load, further, message):
    with pytest.raises(BidsKetamineError) as caught:
        load(further)
    assert message in str(caught.value)
    assert caught.value.exit_code == 64


def test_trial_types_are_compared_as_in_the_model(load):
    """3 and "3" and 3.0 are one label: twice is twice."""
    spec = load('rsa: {task: faces, pairs: [["3.0", fear]]}\n').spec
    assert spec.rsa.pairs == (("3.0", "fear"),)
    with pytest.raises(BidsKetamineError, match="number 2 stands there twice"):
        load('rsa: {task: faces, pairs: [["3", fear], ["3.0", fear]]}\n')


def test_one_trial_type_in_all_is_too_few(load):
    with pytest.raises(BidsKetamineError, match="rsa needs two trial types at least"):
        load(
            "rsa: {task: one}\n",
            "tasks:\n",
            "tasks:\n  one: {conditions: {x: {}}, contrasts: {x: {weights: x}}}\n",
        )


def test_a_wrong_trial_type_in_a_pair_is_one_problem(load):
    with pytest.raises(BidsKetamineError) as caught:
        load("rsa: {task: faces, trial_types: [fear, calm], pairs: [[fear, clam]]}\n")
    assert str(caught.value).startswith("1 problem in the study file")
    assert "rsa.pairs names no trial type of the task's conditions: `clam`" in str(caught.value)


def test_patterns_need_regions_of_images(load):
    definitions = "definitions: {a: {spheres: [[0, 0, 0]]}, b: {spheres: [[9, 0, 0]]}}"
    told = "rsa needs regions of images: name them under regions.definitions"
    inputs = "inputs: {timeseries_atlas: mine}\nrest: {}\nrsa: {task: faces}\n"
    for columns in ("definitions: {a: {columns: [A]}}", "all_columns: true"):
        with pytest.raises(BidsKetamineError, match=told):
            load(inputs, definitions, columns)
    one = "definitions: {a: {spheres: [[0, 0, 0]]}}"
    assert load("rsa: {task: faces}\n", definitions, one).notices == ()


@pytest.mark.parametrize("partition", ["run", "half_block"])
def test_partitions_whose_number_is_fixed_have_no_maximum(load, partition):
    given = f"rsa: {{task: faces, partition: {partition}, maximum_partitions: 4}}\n"
    assert load(given).notices == (
        "the setting rsa.maximum_partitions is about partitions by block and changes nothing with "
        f"the partition {partition}",
    )
    assert load(given.replace("4", "null")).notices == ()
    for other in ("block", "block_or_half_block"):
        assert load(given.replace(partition, other)).notices == ()
