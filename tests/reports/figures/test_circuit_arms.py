"""Pictures of the group level of dynamic causal models."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from bids_ketamine.reports.figures.baseline_coupling import (
    CouplingLine,
    CouplingPoints,
    coupling_figure,
)
from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.figures.circuit_arms import (
    LOOP,
    PLAIN,
    CircuitEffect,
    _Layout,
    circuit_arms_figure,
)
from bids_ketamine.reports.figures.effect_forest import effect_forest_figure
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.influence import (
    Influence,
    _name_at,
    _with_names,
    influence_figure,
)

PAIR = ("vmPFC", "amygdala")
BOTH = ((PAIR[0], PAIR[1]), (PAIR[1], PAIR[0]))
STYLES = arm_styles(["placebo", "ketamine"])


def _effect(source: str, target: str, value: float = 0.5, **changes: object) -> CircuitEffect:
    given = {"modulator": "faces", "driving": False, "certainty": 2, "short": f"{value:.2f}"}
    given["words"] = (f"{value:.2f} Hz", "faces, Pp = .980", "0.10 to 0.90")
    return CircuitEffect(source, target, value=value, **(given | changes))  # type: ignore[arg-type]


def _draw(regions: tuple[str, ...], connections: object, effects: list[CircuitEffect]) -> str:
    given = {"limit": 1.0, "name": "c", "description": "d"}
    return str(circuit_arms_figure(regions, connections, effects, **given))  # type: ignore[arg-type]


def _texts(markup: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", markup)


def _strokes(markup: str) -> list[tuple[str, float]]:
    """Return colour and width, pixels, of each line."""
    found = re.findall(r"fill: none; stroke(?:-dasharray)?[^\"]*", markup)
    lines = []
    for each in found:
        color, width = (
            re.search(r"stroke: (#\w+)", each),
            re.search(r"stroke-width: ([\d.]+)", each),
        )
        lines.append((color.group(1) if color else "", float(width.group(1)) if width else 1.0))
    return lines


def test_modulations_end_round_on_plain_arrows() -> None:
    markup = _draw(PAIR, BOTH, [_effect(*PAIR)])
    assert [color for color, _ in _strokes(markup)].count(PLAIN) == 2
    assert markup.count("<use ") == 1
    assert {"0.50 Hz", "faces, Pp = .980", "0.10 to 0.90"} < {*_texts(markup)}


@pytest.mark.parametrize(("certainty", "width"), [(2, 2.5), (1, 2.5), (0, 1.0)])
def test_what_speaks_for_an_effect_is_seen(certainty: int, width: float) -> None:
    markup = _draw(PAIR, (), [_effect(*PAIR, certainty=certainty)])
    line = next((color, wide) for color, wide in _strokes(markup) if color != PLAIN)
    assert line[1] == pytest.approx(width)
    assert ("stroke-dasharray" in markup) == (certainty == 1)
    mark = re.search(r"<use [^>]*style=\"fill: (#\w+)", markup)
    assert mark is not None
    assert (mark.group(1) == "#ffffff") == (certainty < 2)


def test_colour_is_the_sign() -> None:
    for value in (0.8, -0.8):
        markup = _draw(PAIR, (), [_effect(*PAIR, value)])
        color = next(color for color, _ in _strokes(markup) if color != PLAIN)
        red, blue = int(color[1:3], 16), int(color[5:7], 16)
        assert (red > blue) == (value > 0)
    markup = _draw(PAIR, (), [_effect(PAIR[0], PAIR[0], logarithmic=True)])
    assert LOOP in [color for color, _ in _strokes(markup)]


def test_crowded_pairs_carry_name_and_value() -> None:
    two = [_effect(*PAIR, modulator="happy_faces"), _effect(*PAIR, -0.25, modulator="sad_faces")]
    texts = _texts(_draw(PAIR, BOTH, two))
    assert {"0.50", "happy faces", "-0.25", "sad faces"} < {*texts}
    assert not any("Pp" in each for each in texts)


def test_circles_carry_few_numbers() -> None:
    regions = ("a", "b", "c", "d")
    pairs = [(one, other) for one in regions for other in regions if one != other]
    few = [_effect(*ends) for ends in pairs[:8]]
    assert _texts(_draw(regions, pairs, few)).count("0.50") == 8
    assert "0.50" not in _texts(_draw(regions, pairs, [_effect(*ends) for ends in pairs]))


def test_effects_on_connections_and_inputs_are_arrows() -> None:
    effects = [_effect(*PAIR, modulator=""), _effect("on", PAIR[1], modulator="", driving=True)]
    markup = _draw(PAIR, BOTH, effects)
    assert markup.count("<use ") == 0
    assert "on" in _texts(markup)
    assert [color for color, _ in _strokes(markup)].count(PLAIN) == 1


def test_everything_lies_inside() -> None:
    for n_regions in range(1, 11):
        regions = [f"r{place}" for place in range(n_regions)]
        effects = [_effect(each, each) for each in regions]
        effects += [_effect("on", each, modulator="", driving=True) for each in regions]
        layout = _Layout(regions, (), effects)
        places = np.array([layout.places[each] for each in regions])
        assert places.min() > layout.radius
        assert (places < np.array([layout.width, layout.height]) - layout.radius).all()


def test_missing_values_and_hostile_names_do_no_harm() -> None:
    hostile = "<script>$x"
    effects = [_effect(hostile, "b", float("nan")), _effect("a", "elsewhere")]
    markup = _draw((hostile, "b"), (("a", "b"),), effects)
    assert "<script" not in markup
    assert "&lt;script&gt;$x" in markup


def test_forest_tells_kinds_of_estimates_apart() -> None:
    first, second, third = Estimate(0.5, 0.1, 0.9), Estimate(0.4, 0.0, 0.8), Estimate(0.3, -2, 3)
    rows = [("a to b", {"placebo": (first, second, None), "ketamine": (first, None, third)})]
    given = {"styles": STYLES, "names": ("one", "other", "third"), "unit": "Hz", "name": "f"}
    markup = str(effect_forest_figure(rows, description="d", **given))
    assert {"a to b", "placebo", "ketamine", "one", "other", "third", "Hz"} <= {*_texts(markup)}
    # Filled white: the second estimate, and its entry of the legend. Dotted: the third.
    assert len(re.findall(r"<use [^>]*fill: #ffffff", markup)) >= 2
    assert markup.count("stroke-dasharray") == 2
    alone = [("a to b", {"placebo": (first, None, None)})]
    single = str(effect_forest_figure(alone, description="d", **given))
    assert not {"one", "other", "third"} & {*_texts(single)}
    assert "#ffffff" not in single
    assert "stroke-dasharray" not in single


def test_influence_names_one_and_marks_none_unless_given() -> None:
    row = Influence("all", STYLES["all"], Estimate(0.5, 0.1, 0.9), 0.4, 0.6, heading="a to b")
    given = {"unit": "Hz", "name": "i", "description": "d"}
    plain = str(influence_figure([row], **given))
    assert {"all", "a to b"} < {*_texts(plain)}
    values = np.array([0.4, 0.5, 0.6])
    told = Influence("all", STYLES["all"], row.estimate, 0.4, 0.6, values, (0.4, "sub-03"))
    marked = str(influence_figure([told], **given))
    assert "sub-03" in _texts(marked)
    assert marked.count("<use ") - plain.count("<use ") == 3 + 1


@pytest.mark.parametrize("at", [-0.9, 2.0])
def test_names_in_pictures_of_influence_have_room(at: float) -> None:
    bounds = (-0.9, 2.0)
    row = Influence("all", STYLES["all"], Estimate(0.5, 0.1, 0.9), *bounds, named=(at, "sub-03"))
    low, high = _with_names(bounds, [row], 300.0)
    room = (at - low if at < 0.5 else high - at) / (high - low) * 300.0
    assert room == pytest.approx(10.0 + 6 * 5.8)
    assert (high == bounds[1]) == (at < 0.5)
    inside = replace(row, named=(0.4, "sub-03"))
    assert _name_at(inside) == bounds[0]  # beside the bar, not on it


def test_coupling_is_drawn_with_its_line() -> None:
    points = {"ketamine": CouplingPoints(*np.array([[1.0, 5.0], [0.1, 0.9], [0.2, 0.7]]))}
    lines = {"ketamine": CouplingLine(3.0, 0.5, 0.1), "all": CouplingLine(3.0, 0.4, 0.05)}
    assert lines["ketamine"].at(np.array([3.0, 13.0])).tolist() == [0.5, 1.5]
    given = {"styles": STYLES, "labels": ("improvement", "coupling"), "name": "p"}
    markup = str(coupling_figure(points, lines, description="d", **given))
    empty = str(coupling_figure({}, lines, description="d", **given))
    assert STYLES["ketamine"].color.lower() in markup
    assert "stroke-dasharray" in markup
    assert "stroke-dasharray" not in empty
