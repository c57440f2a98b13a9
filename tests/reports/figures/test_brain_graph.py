"""Regions and connections on the brain."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex

from bids_ketamine.reports.figures.brain_graph import _boxes, brain_graph, shown_words
from bids_ketamine.reports.figures.brain_places import (
    connection_lines,
    connections,
    drawn_connections,
    region_dots,
    region_places,
)
from bids_ketamine.reports.figures.glass import VIEWS

SIDE, BACK, ABOVE = VIEWS
CENTRES = {
    "amygdala": [(22, -4, -18), (-22, -4, -18)],
    "anterior_hippocampus": [(-26, -16, -20), (26, -16, -20)],
    "vmPFC": [(-6, 44, -12), (6, 44, -12)],
    "dACC": [(0, 20, 36)],
}


def _draw(edges: object, **words: object) -> str:
    given = {"centres": CENTRES, "limit": 0.5, "label": "Fisher z"} | words
    return str(brain_graph(edges, name="g", description="d", **given))


def _texts(markup: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", markup)


def _strokes(markup: str, value: float, limit: float = 0.5) -> list[float]:
    """Return the widths of lines in the colour of a value, points."""
    color = to_hex(colormaps["RdBu_r"](0.5 + 0.5 * value / limit))
    found = re.findall(rf'style="fill: none;[^"]*stroke: {color}[^"]*"', markup)
    return [float(re.search(r"stroke-width: ([\d.]+)", each).group(1)) for each in found]


def test_bilateral_regions_have_two_dots_except_from_the_side() -> None:
    places = region_places(CENTRES | {"absent": [], "unknown": [(np.nan, 0, 0)]})
    assert list(places) == list(CENTRES)
    above = region_dots(places, ABOVE, radius=0.0)
    np.testing.assert_array_equal(above["amygdala"], [[-22, -4], [22, -4]])  # left first
    np.testing.assert_array_equal(above["vmPFC"], [[0, 44]])  # both beside the midline
    np.testing.assert_array_equal(above["dACC"], [[0, 20]])
    side = region_dots(places, SIDE, radius=0.0)
    np.testing.assert_array_equal(side["amygdala"], [[-4, -18]])


def test_dots_part_until_they_no_longer_cover_each_other() -> None:
    places = region_places(
        {"a": [(0, 0, 0)], "b": [(0, 0, 0)], "c": [(2, 0, 1)], "d": [(50, 0, 0)]}
    )
    dots = np.vstack(list(region_dots(places, BACK, radius=5.0).values()))
    distance = np.linalg.norm(dots[:, None] - dots[None], axis=2)
    assert distance[~np.eye(4, dtype=bool)].min() >= 10.0
    np.testing.assert_array_equal(dots[3], [50, 0])
    assert np.abs(dots[:3]).max() < 12.0


def test_lines_stay_within_hemispheres_or_fan_out_from_the_midline() -> None:
    two, other = np.array([[-20.0, 0], [20, 0]]), np.array([[-30.0, 5], [30, 5]])
    middle = np.array([[0.0, 40]])
    within = connection_lines(two, other)
    assert [(start[0], end[0]) for start, end in within] == [(-20, -30), (20, 30)]
    out = connection_lines(middle, two)
    assert [(start[0], end[0]) for start, end in out] == [(0, -20), (0, 20)]
    back = connection_lines(two, middle)
    assert [(start[0], end[0]) for start, end in back] == [(-20, 0), (20, 0)]


def test_a_pair_counts_once() -> None:
    edges = [
        ("a", "b", np.nan, False),
        ("b", "a", 0.2, True),
        ("a", "b", 0.9, True),
        ("a", "a", 1.0, True),
    ]
    assert connections(edges) == [("b", "a", 0.2, True)]
    table = pd.DataFrame(edges, columns=["first", "second", "value", "certain"])
    assert connections(table) == [("b", "a", 0.2, True)]


def test_certain_connections_are_wide_and_others_thin() -> None:
    edges = [("amygdala", "vmPFC", 0.3, True), ("amygdala", "dACC", -0.2, False)]
    markup = _draw(edges)
    # One shape in each view holds the lines of both hemispheres.
    assert _strokes(markup, 0.3) == [pytest.approx(1 + 3.5 * 0.6)] * 3
    assert _strokes(markup, -0.2) == [0.8] * 3
    assert _strokes(_draw([("amygdala", "vmPFC", np.nan, True)]), 0.3) == []


def test_numbers_in_dots_are_explained_once() -> None:
    texts = _texts(_draw([("amygdala", "dACC", 0.3, True)]))
    # From the side one dot, from the back and above one for each hemisphere, and the key.
    assert [texts.count(number) for number in "1234"] == [6, 6, 4, 4]
    for word in ("amygdala", "anterior hippocampus", "vmPFC", "dACC", "Fisher z"):
        assert texts.count(word) == 1
    assert texts.count("95 % interval excludes 0") == texts.count("it includes 0") == 1
    assert {"\u2212.5", "\u2212.25", "0", ".25", ".5"} <= set(texts)
    assert [texts.count(end) for end in "PALR"] == [1, 1, 2, 2]


def test_names_are_text_and_long_ones_keep_their_ends() -> None:
    centres = {
        "größe_<b>$x$": [(0, 0, 0)],
        "a_region_with_a_very_long_name_on_the_left": [(0, 9, 9)],
    }
    texts = _texts(_draw([], centres=centres))
    assert "größe &lt;b&gt;$x$" in texts
    assert "a region with a v… on the left" in texts


def _many(n_regions: int) -> tuple[dict[str, list[tuple[float, float, float]]], list[tuple]]:
    centres = {f"r{at}": [(-40.0, at - 30.0, at - 10.0), (40.0, at - 30.0, at - 10.0)]
               for at in range(n_regions)}  # fmt: skip
    names = list(centres)
    edges = [(a, b, 0.001 * (i * n_regions + j), True) for i, a in enumerate(names)
             for j, b in enumerate(names) if i < j]  # fmt: skip
    return centres, edges


def test_up_to_twenty_regions_have_names() -> None:
    centres, edges = _many(20)
    texts = _texts(_draw(edges[:50], centres=centres))
    assert texts.count("r19") == texts.count("r0") == 1
    assert texts.count("20") == 6
    assert "strongest" not in shown_words(edges, centres=centres)


def test_of_many_regions_the_strongest_connections_are_drawn() -> None:
    centres, edges = _many(21)
    shown = drawn_connections(edges, region_places(centres))
    assert len(edges) == 210
    assert len(shown) == 60
    assert min(edge[2] for edge in shown) == sorted(edge[2] for edge in edges)[150]
    assert shown[-1] == max(edges, key=lambda edge: edge[2])  # above all others
    assert "Of 210 connections, the 60 strongest are drawn." in shown_words(edges, centres=centres)
    assert _draw(edges, centres=centres).startswith("<img")


def test_words_name_regions_without_a_place() -> None:
    edges = [("amygdala", "anterior_insula", 0.3, True), ("rACC", "dACC", 0.1, True)]
    words = shown_words(edges, centres=CENTRES)
    assert words.startswith("The 95 % intervals of wide lines exclude 0, those of thin, faint")
    assert words.endswith("for want of a place in the brain: anterior insula and rACC.")
    assert "Not drawn" not in shown_words([], centres=CENTRES)


@pytest.mark.parametrize("mni", [True, False])
def test_one_region_and_spaces_without_a_template(mni: bool) -> None:
    markup = _draw([], centres={"amygdala": CENTRES["amygdala"]}, mni=mni)
    assert _texts(markup).count("1") == 6
    outlines = re.findall(r'style="fill: none; stroke: #c9d0d6; stroke-width: 1.1', markup)
    assert len(outlines) == (3 if mni else 0)


def test_view_widens_for_regions_at_its_rim() -> None:
    inside, outside = _boxes(region_places(CENTRES), mni=True), region_places({"a": [(0, 80, 2)]})
    assert inside == [(-76.0, 76.0), (-110.0, 78.0), (-74.0, 86.0)]
    assert _boxes(outside, mni=True) == [(-76.0, 76.0), (-110.0, 86.0), (-74.0, 86.0)]
    assert _boxes(outside, mni=False) == [(-25.0, 25.0), (55.0, 105.0), (-23.0, 27.0)]
    # Lines are clipped at the view, dots are not: one moved aside stays whole.
    markup = _draw([("amygdala", "vmPFC", 0.3, True)])
    dots = re.findall(r'<path [^>]*style="fill: #[0-9a-f]{6}; stroke: #ffffff[^>]*>', markup)
    assert len(dots) == 4 + 6 + 6
    assert not [each for each in dots if "clip-path" in each]
    assert "clip-path" in markup


def test_without_a_place_there_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no region has a centre"):
        _draw([], centres={"a": []})
