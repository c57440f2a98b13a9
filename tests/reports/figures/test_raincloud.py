"""Rainclouds, distributions, and courses of scores."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.figures.distribution import distribution_figure, stacked
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.raincloud import half_violin, raincloud_figure
from bids_ketamine.reports.figures.score_course import score_course_figure, spread_apart

STYLES = {arm: arm_styles(["a", "b"])[arm] for arm in ("a", "b")}
SESSIONS = ("pre", "post")


def _draw(values: dict[tuple[str, str], np.ndarray], *, individual_data: bool = True) -> str:
    return str(
        raincloud_figure(
            values,
            sessions=SESSIONS,
            styles=STYLES,
            unit="points",
            individual_data=individual_data,
            name="cloud",
            description="Scores <&>",
        )
    )


def _values(n: int = 9) -> dict[tuple[str, str], np.ndarray]:
    rng = np.random.default_rng(2)
    return {(s, a): 30 + 5 * rng.standard_normal(n) for s in SESSIONS for a in STYLES}


def _marks(markup: str) -> int:
    """Count marks: markers are drawn as uses of a shape; ticks are among them."""
    return len(re.findall(r"<use ", markup))


def test_half_violin_is_a_density_over_the_range() -> None:
    values = np.random.default_rng(4).normal(10.0, 2.0, 4000)
    found = half_violin(values)
    assert found is not None
    at, density = found
    assert (at[0], at[-1]) == (values.min(), values.max())
    assert np.trapezoid(density, at) == pytest.approx(1.0, abs=0.01)
    assert at[density.argmax()] == pytest.approx(10.0, abs=0.5)
    assert half_violin(values[:2]) is None
    assert half_violin(np.ones(5)) is None


def test_every_value_is_a_mark_and_drawing_is_the_same_each_time() -> None:
    values = _values()
    markup = _draw(values)
    assert markup == _draw(values)
    more = {key: np.append(each, each.mean()) for key, each in values.items()}
    assert _marks(_draw(more)) - _marks(markup) == len(values)
    # A missing value is none.
    with_missing = {key: np.append(each, np.nan) for key, each in values.items()}
    assert _draw(with_missing) == markup
    assert "Scores &lt;&amp;&gt;" in markup


def test_without_individual_data_values_of_one_mean_and_deviation_look_alike() -> None:
    values = {key: np.array([1.0, 2.0, 3.0, 4.0]) for key in _values()}
    # The same mean and the same deviation from other values.
    half = np.sqrt(5 / 3 * 3 / 4)
    others = {key: np.array([2.5 - half, 2.5 - half, 2.5 + half, 2.5 + half]) for key in values}
    assert _draw(values) != _draw(others)
    assert _draw(values, individual_data=False) == _draw(others, individual_data=False)
    few = {("pre", "a"): np.array([1.0, 2.0]), ("pre", "b"): np.arange(4.0)}
    assert "fewer than 3" in _draw(few, individual_data=False)


def test_few_equal_and_no_values() -> None:
    assert "<svg" in _draw({("pre", "a"): np.array([3.0]), ("post", "b"): np.full(5, 2.0)})
    with pytest.raises(ValueError, match="no values"):
        _draw({("pre", "a"): np.array([np.nan])})


def test_classes_hold_every_value_once() -> None:
    rng = np.random.default_rng(3)
    for values in (rng.normal(size=60), rng.integers(0, 80, 60).astype(float), np.full(4, 7.0)):
        stacks = stacked({"a": values[:20], "b": values[20:] if values.size > 20 else values})
        assert stacks["a"].counts.sum() == min(20, values.size)
        assert np.array_equal(stacks["a"].middles, stacks["b"].middles)
        assert len(stacks["a"].middles) <= 24


def test_distribution_of_many_is_drawn_as_columns() -> None:
    few = {"a": np.arange(6.0), "b": np.arange(7.0)}
    shared = {"styles": STYLES, "label": "age", "name": "age", "description": "Age"}
    drawn = str(distribution_figure(few, **shared))  # type: ignore[arg-type]
    many = {"a": np.repeat(np.arange(6.0), 30), "b": np.arange(7.0)}
    columns = str(distribution_figure(many, **shared))  # type: ignore[arg-type]
    # The two arms' own marks remain, the dots are gone.
    assert _marks(drawn) - _marks(columns) == 13
    means = {"a": Estimate(1.0, 0.5, 1.5)}
    alone = distribution_figure({}, means=means, zero=True, **shared)  # type: ignore[arg-type]
    assert "<svg" in alone


def test_names_of_arms_keep_their_distance() -> None:
    assert spread_apart([0.2, 0.8], distance=0.1) == [0.2, 0.8]
    moved = spread_apart([0.98, 0.99, 1.0], distance=0.1)
    assert moved[-1] == pytest.approx(1.0)
    assert np.diff(moved) == pytest.approx(0.1, abs=0.02)


def test_course_draws_means_and_lines_of_participants() -> None:
    means = {(s, a): Estimate(3.0, 2.0, 4.0) for s in SESSIONS for a in STYLES}
    shared = {"sessions": SESSIONS, "styles": STYLES, "unit": "points", "name": "course",
              "description": "Course"}  # fmt: skip
    without = str(score_course_figure(means, lines={}, **shared))  # type: ignore[arg-type]
    lines = {"a": np.array([[1.0, 5.0], [2.0, np.nan]])}
    with_lines = str(score_course_figure(means, lines=lines, **shared))  # type: ignore[arg-type]
    assert _marks(with_lines) - _marks(without) == 3
    with pytest.raises(ValueError, match="no means"):
        score_course_figure({}, lines={}, **shared)  # type: ignore[arg-type]
