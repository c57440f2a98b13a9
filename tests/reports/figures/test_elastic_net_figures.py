"""Pictures of elastic nets."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.figures.coefficients import (
    SHADE,
    CoefficientRow,
    coefficient_figure,
)
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.null_distribution import n_outside, null_figure
from bids_ketamine.reports.figures.predicted import Predictions, predicted_figure
from bids_ketamine.reports.figures.predictor_matrix import predictor_matrix_figure, spaced
from bids_ketamine.reports.figures.raw_values import least_squares_line, raw_values_figure

STYLES = arm_styles(["placebo", "ketamine"])
NAME = {"name": "n", "description": "d"}
LONG = "anterior insula \u2013 anterior hippocampus"


def _row(kind: str, arm: str = "", frequency: float = 0.5, first: str = LONG) -> CoefficientRow:
    return CoefficientRow(first, "rest $x$", kind, arm, Estimate(1.0, -0.5, 2.0), frequency)


def _words(markup: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", markup)


def test_interactions_are_shaded_and_shares_told() -> None:
    rows = [
        _row("imaging", frequency=0.873),
        _row("interaction", "ketamine"),
        _row("arm", first="ketamine", frequency=np.nan),
        _row("interaction", "ketamine", 0.0),
    ]
    markup = coefficient_figure(rows, unit="points", **NAME)
    # Two rows and the legend.
    assert len(re.findall(f"fill: {SHADE}", markup)) == 3
    words = _words(markup)
    assert [each for each in words if each.endswith("%")] == ["87 %", "50 %", "0 %"]
    assert {"imaging measure", "imaging \u00d7 ketamine", "not imaging", "rest $x$"} <= {*words}


def test_interactions_name_their_arm() -> None:
    rows = [_row("interaction", "low"), _row("interaction", "high dose of ketamine")]
    words = _words(coefficient_figure(rows, unit="", **NAME))
    assert "imaging \u00d7 arm" in words
    labels = [each for each in words if each.startswith("anterior")]
    assert [label.partition(" \u00d7 ")[2] for label in labels] == ["low", "high do\u2026tamine"]
    assert all(len(label) == 32 for label in labels)
    rows = [_row("interaction", "ketamine", first="V1"), _row("imaging", first="V1")]
    words = _words(coefficient_figure(rows, unit="", **NAME))
    assert words.count("V1 \u00d7 ketamine") == 1
    assert words.count("V1") == 1


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="no coefficient"):
        coefficient_figure([], unit="", **NAME)
    with pytest.raises(ValueError, match="no permutations"):
        null_figure({"a": np.array([np.nan])}, observed=0.1, label="", unit="", **NAME)


@pytest.mark.parametrize("n", [1, 14, 1000])
def test_null_of_any_size(n: int) -> None:
    values = np.random.default_rng(1).standard_normal(n)
    nulls = {"measures": values, "outcome": np.empty(0)}
    words = _words(null_figure(nulls, observed=0.2, label="this", unit="R\u00b2", **NAME))
    assert [each for each in words if each in ("measures", "outcome", "this")] == [
        "measures",
        "this",
    ]


def test_permutations_outside_the_axis_are_counted() -> None:
    inside = np.linspace(-1.0, 1.0, 1000)
    assert n_outside({"a": inside}, observed=0.5) == 0
    nulls = {"a": np.r_[inside, -30.0, -40.0, np.nan], "b": np.r_[inside, -50.0]}
    assert n_outside(nulls, observed=0.5) == 3
    # An axis that reaches to the model holds what is right of it.
    assert n_outside(nulls, observed=-45.0) == 1


def test_each_participant_has_two_marks() -> None:
    arms = {
        arm: Predictions(np.arange(n) + 0.5, np.arange(n) / 2, np.arange(n) * 1.0)
        for arm, n in (("placebo", 4), ("ketamine", 3))
    }
    markup = predicted_figure(arms, styles=STYLES, unit="points", **NAME)
    # Marks in the plot are clipped; those of ticks and legend are not.
    clipped = re.findall(r'<g clip-path="[^"]*">(.*?)</g>', markup, re.DOTALL)
    assert "".join(clipped).count("<use ") == 2 * 7
    constant = {"all": Predictions(*(np.full(3, 5.0),) * 3)}
    assert "<svg" in predicted_figure(constant, styles=STYLES, unit="", **NAME)


def test_line_is_least_squares() -> None:
    rng = np.random.default_rng(4)
    across, up = rng.standard_normal((2, 12))
    line = least_squares_line(np.r_[across, np.nan], np.r_[up, 3.0])
    assert line is not None
    slope, intercept = np.polyfit(across, up, 1)
    np.testing.assert_allclose(line[1], intercept + slope * line[0], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(line[0], [across.min(), across.max()])
    assert least_squares_line(np.ones(5), np.arange(5.0)) is None
    assert least_squares_line(np.arange(2.0), np.arange(2.0)) is None
    points = {"placebo": (np.ones(5), np.arange(5.0)), "ketamine": (across, up)}
    assert "<svg" in raw_values_figure(points, styles=STYLES, labels=("a", "b"), **NAME)


def test_families_of_a_matrix_are_named_once() -> None:
    families = ["gppi, faces"] * 3 + ["covariates"] + ["a very long name of a family, rest"] * 4
    table = np.random.default_rng(2).standard_normal((30, 8))
    matrix = pd.DataFrame(np.corrcoef(table, rowvar=False))
    matrix.iloc[0, 1] = np.nan
    words = _words(predictor_matrix_figure(matrix, families, limit=0.6, **NAME))
    named = [each for each in words if not re.match(r"[\u2212.\d]+$|r$", each)]
    named = [each for each in named if each[0] not in "\u2264\u2265"]
    assert named == ["gppi", "faces", "covariates", "a very long\u2026a family", "rest"]


@pytest.mark.parametrize(("r", "ends"), [(0.95, ["\u2264 \u2212.8", "\u2265 .8"]), (0.7, [])])
def test_ends_of_a_clipped_scale_say_so(r: float, ends: list[str]) -> None:
    matrix = pd.DataFrame([[1.0, r], [r, 1.0]])
    words = _words(predictor_matrix_figure(matrix, ["a", "a"], limit=0.8, **NAME))
    assert [each for each in words if each[0] in "\u2264\u2265"] == ends
    assert (".8" in words) == (not ends)


def test_labels_without_room_keep_their_order() -> None:
    places = spaced(np.array([1.0, 2.0, 3.0]), sizes=np.full(3, 4.0), end=6.0)
    assert np.diff(places).tolist() == [4.0, 4.0]
