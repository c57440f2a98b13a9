"""Effects on coupling of a task's contrasts and conditions."""

from __future__ import annotations

import numpy as np

from bids_ketamine.interfaces.gppi_effects import effects_of
from bids_ketamine.study.spec import ConditionSpec, ContrastSpec, TaskSpec

CONDITIONS = tuple(ConditionSpec(name=name) for name in ("a", "b", "c"))


def effects(*contrasts: ContrastSpec, empty=()):
    task = TaskSpec(name="faces", conditions=CONDITIONS, contrasts=contrasts)
    return effects_of(task, {name: f"condition `{name}` has no trials" for name in empty})


def weighted(name, **weights) -> ContrastSpec:
    return ContrastSpec(name=name, weights=weights)


def test_contrasts_come_first_then_every_condition():
    found, notes = effects(weighted("x", c=-0.5, a=1.0), weighted("y", b=2.0))
    assert found.names == ("x", "y", "a", "b", "c")
    expected = [[1, 0, -0.5], [0, 2, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    np.testing.assert_array_equal(found.weights, expected)
    assert [found.kind(each) for each in range(5)] == ["contrast"] * 2 + ["condition"] * 3
    assert notes == []
    assert found.contrasts.names == ("x", "y")
    assert found.contrasts.weights.shape == (2, 3)


def test_what_is_no_contrast_of_conditions_has_a_note():
    found, notes = effects(
        weighted("load", a_by_load=1.0),
        weighted("mixed", a=1.0, error=-1.0),
        ContrastSpec(name="any", f_test=({"a": 1.0},)),
        weighted("kept", a=1.0, a_by_load=0.0),
    )
    assert found.names == ("kept", "a", "b", "c")
    assert notes == [
        "no generalized PPI of `load`: `a_by_load` is not a condition",
        "no generalized PPI of `mixed`: `error` is not a condition",
        "no generalized PPI of `any`: it is an F contrast",
    ]


def test_empty_conditions_are_the_reason_of_what_weights_them():
    found, _ = effects(
        weighted("ab", a=1.0, b=-1.0), weighted("bc", b=1.0, c=1.0), weighted("a0", a=1.0, b=0.0),
        empty=("b", "c"),
    )  # fmt: skip
    told = dict(zip(found.names, found.reasons, strict=True))
    without = {name: f"condition `{name}` has no trials" for name in "bc"}
    assert told == {
        "ab": without["b"],
        "bc": f"{without['b']}; {without['c']}",
        "a0": "",
        "a": "",
        **without,
    }


def test_no_contrast_leaves_conditions():
    found, _ = effects(ContrastSpec(name="any", f_test=({"a": 1.0},)))
    assert (found.n_contrasts, found.names) == (0, ("a", "b", "c"))
    np.testing.assert_array_equal(found.weights, np.eye(3))
