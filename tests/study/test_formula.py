"""Contrasts as formulas: names of every kind, and what is refused."""

import unicodedata

import pytest

from bids_ketamine.study.formula import parse_weights


@pytest.mark.parametrize(
    ("formula", "weights"),
    [
        ("faces - shapes", {"faces": 1.0, "shapes": -1.0}),
        ("`no go (left)` - 2*`a-b`", {"no go (left)": 1.0, "a-b": -2.0}),
        ("`1` - `2.0`", {"1": 1.0, "2.0": -1.0}),
        ("gefühl - 表情", {"gefühl": 1.0, "表情": -1.0}),
        (unicodedata.normalize("NFD", "gefühl - `é à`"), {"gefühl": 1.0, "é à": -1.0}),
        ("(a + b + c) / 3 - d", {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3, "d": -1.0}),
    ],
)
def test_names_of_conditions(formula, weights):
    found, problem = parse_weights(formula)
    assert problem is None
    assert found == pytest.approx(weights)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("a -", "ends too early"),
        ("`a - b", "cannot read the formula from"),
        ("a b", "is not expected"),
        ("a * b", "cannot be multiplied"),
        ("a / 0", "divides by zero"),
        ("1", "a number alone"),
        ("a - a", "no condition left"),
        ("(a", "not closed"),
        ("", "ends too early"),
    ],
)
def test_formulas_that_mean_nothing(formula, words):
    weights, problem = parse_weights(formula)
    assert weights == {}
    assert words in problem
