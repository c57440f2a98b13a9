"""Agreement of two halves of the data."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.figures.canvas import ACCENT
from bids_ketamine.reports.figures.reliability import reliability_figure, swarm


def _draw(rows: list[tuple[str, float]], **words: str) -> str:
    table = pd.DataFrame(rows, columns=["region", "correlation"])
    return str(reliability_figure(table, name="r", description="d", **words))


def _texts(markup: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", markup)


def _dots(markup: str) -> list[float]:
    """Return where dots are, as correlations: ticks tell the scale."""
    places = [float(x) for x in re.findall(rf'<use [^>]*x="([\d.]+)"[^>]*fill: {ACCENT}', markup)]
    centred = r'<text[^>]*text-anchor: middle[^>]*x="([\d.]+)"[^>]*>(\u22121|1)</text>'
    shown = re.findall(centred, markup)
    ends = {words: float(x) for x, words in shown}
    low, high = ends["\u22121"], ends["1"]
    return [2 * (place - low) / (high - low) - 1 for place in places]


def test_every_split_is_a_dot_and_the_mean_is_a_number() -> None:
    rows = [("amygdala", 0.2), ("vm_PFC", -0.6), ("amygdala", 0.5), ("amygdala", 0.8)]
    markup = _draw(rows)
    assert _dots(markup) == pytest.approx([0.2, 0.5, 0.8, -0.6], abs=2e-3)
    texts = _texts(markup)
    assert texts.index("amygdala") < texts.index("vm PFC")
    assert {".50", "\u2212.60", "mean", "splits", "correlation of two halves, r"} <= set(texts)
    assert texts.count("3") == 1  # splits of the amygdala
    assert {"\u22121", "\u2212.5", "0", ".5"} <= set(texts)


def test_missing_correlations_are_left_out() -> None:
    markup = _draw([("a", np.nan), ("a", 0.3), ("b", np.nan)], label="r of halves")
    assert _dots(markup) == pytest.approx([0.3], abs=2e-3)
    texts = _texts(markup)
    assert texts.count("no value") == 1
    assert texts.count(".30") == 1
    assert "r of halves" in texts


def test_dots_of_a_swarm_do_not_cover_each_other() -> None:
    places = np.random.default_rng(0).normal(0, 8, 24)
    moved = swarm(places, distance=3.0, room=30.0)
    points = np.column_stack([places, moved])
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert distance[~np.eye(24, dtype=bool)].min() >= 3.0 - 1e-6
    assert np.abs(swarm(np.zeros(40), distance=3.0, room=8.0)).max() <= 8.0
    np.testing.assert_array_equal(swarm(np.array([0.0, 9.0]), distance=3.0, room=8.0), 0.0)


def test_hostile_and_long_names() -> None:
    texts = _texts(_draw([("größe_<b>$x$", 1.0), ("a_region" * 8, -1.0)]))
    assert "größe &lt;b&gt;$x$" in texts
    assert max(map(len, texts)) <= 34
    assert {"1.00", "\u22121.00"} <= set(texts)


def test_without_a_split_there_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no split"):
        _draw([])
