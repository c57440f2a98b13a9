"""Graph of a circuit."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bids_ketamine.reports.figures.circuit import FAINT, LOOP, NARROWEST, THIN, circuit_figure
from bids_ketamine.reports.figures.circuit_layout import circle_places, curve, loop, wrapped
from bids_ketamine.reports.figures.circuit_plan import CircuitPlan, Coupling, left_out

PAIR = ("vmPFC", "amygdala")


def _coupling(source: str, target: str, value: float = 0.3, **changes: object) -> Coupling:
    given = {
        "modulator": "",
        "driving": False,
        "interval": (value - 0.1, value + 0.1),
        "calibrated": (value - 0.2, value + 0.2),
        "unit": "Hz",
    }
    return Coupling(source, target, value=value, **(given | changes))  # type: ignore[arg-type]


def _draw(regions: tuple[str, ...], couplings: list[Coupling], doubt: str = "") -> str:
    given = {"level": "90 %", "name": "c", "description": "d"}
    return str(circuit_figure(regions, couplings, limit=1.0, doubt=doubt, **given))


def _lines(markup: str) -> list[tuple[str, float]]:
    """Return colour and width, pixels, of each line but those of discs."""
    found = re.findall(r"fill: none; stroke[^\"]*", markup)
    lines = [
        (
            re.search(r"stroke: (#\w+)", each),
            re.search(r"stroke-width: ([\d.]+)", each),
        )
        for each in found
    ]
    return [(color.group(1), float(width.group(1)) if width else 1.0) for color, width in lines]


def _texts(markup: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", markup)


def test_pair_carries_both_intervals_modulations_and_inputs() -> None:
    texts = _texts(
        _draw(
            PAIR,
            [
                _coupling("vmPFC", "amygdala", -0.35),
                _coupling("vmPFC", "amygdala", 0.21, modulator="happy_faces"),
                _coupling("all_trials", "amygdala", 0.8, driving=True),
            ],
        )
    )
    drawn = ["vmPFC", "amygdala"]
    drawn += [
        "\u22120.35 Hz",
        "SPM \u22120.45 to \u22120.25",
        "calibrated \u22120.55 to \u22120.15",
        "happy faces: 0.21 Hz",
        "SPM 0.11 to 0.31",
        "calibrated 0.01 to 0.41",
        "all trials: 0.80 Hz",
        "SPM 0.70 to 0.90",
        "calibrated 0.60 to 1.00",
    ]
    key = ["neither does", "positive", "negative"]
    assert sorted(each for each in texts if "90 %" not in each) == sorted([*drawn, *key])
    assert "calibrated 90 % interval excludes 0" in texts


@pytest.mark.parametrize(
    ("interval", "calibrated", "certainty"),
    [
        ((0.1, 0.5), (0.01, 0.6), 2),
        ((0.1, 0.5), (-0.6, -0.01), 0),  # the other sign
        ((-0.1, 0.5), (-0.6, -0.01), 0),
        ((0.1, 0.5), (-0.1, 0.7), 1),
        ((-0.1, 0.5), (-0.2, 0.7), 0),
        ((float("nan"),) * 2, (float("nan"),) * 2, 0),
    ],
)
def test_which_interval_excludes_zero(
    interval: tuple[float, float], calibrated: tuple[float, float], certainty: int
) -> None:
    coupling = _coupling("a", "b", interval=interval, calibrated=calibrated)
    assert coupling.certainty == certainty
    markup = _draw(("a", "b"), [coupling])
    dashed = len(re.findall("stroke-dasharray", markup))
    assert dashed == (2 if certainty == 1 else 1)  # the key has one


def test_the_calibrated_estimate_must_have_the_same_sign() -> None:
    assert _coupling("a", "b", -0.3, calibrated=(-0.6, -0.01)).certainty == 2
    assert _coupling("a", "b", 0.3, calibrated=(-0.5, 0.2), calibrated_mean=-0.2).certainty == 0
    assert _coupling("a", "b", 0.3, calibrated=(-0.1, 0.5), calibrated_mean=0.2).certainty == 1
    assert _coupling("a", "b", -0.3, calibrated=(0.1, 0.5), calibrated_mean=0.2).certainty == 0


def test_width_and_colour_have_a_scale_of_their_own() -> None:
    markup = _draw(("a", "b"), [_coupling("a", "b", 0.01, calibrated=(0.005, 0.015))])
    (color, width), *_ = _lines(markup)
    assert width == pytest.approx(1.2 + 2.6 * 0.01, abs=1e-3)
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    assert red > 220
    assert min(green, blue) > 110  # pale
    (_, width), *_ = _lines(_draw(("a", "b"), [_coupling("a", "b", 1.0)]))
    assert width == pytest.approx(3.8)


def test_doubtful_models_are_thin_and_grey_with_a_word() -> None:
    couplings = [_coupling("a", "b", 0.9), _coupling("on", "b", -0.8, driving=True)]
    couplings.append(_coupling("a", "a", 0.5, modulator="on", unit="log scale"))
    markup = _draw(("a", "b"), couplings, doubt="flat: it explains 3 % of the variance")
    assert {*_lines(markup)} == {(FAINT, THIN)}
    assert "The model is flat: it explains 3 % of the variance." in _texts(markup)
    assert not any("interval excludes" in each for each in _texts(markup))


def test_changes_of_self_connections_have_no_sign_colour() -> None:
    loop = [_coupling("a", "a", value, modulator="on", unit="log scale") for value in (0.5, -0.5)]
    for each in loop:
        markup = _draw(("a", "b", "c"), [each])
        assert _lines(markup)[0] == (LOOP, pytest.approx(1.2 + 2.6 * 0.5))
        assert "self, log" in _texts(markup)
    assert "self, log" not in _texts(_draw(("a", "b", "c"), [_coupling("a", "b")]))


def test_narrow_screens_scroll() -> None:
    markup = _draw(PAIR, [_coupling(*PAIR)])
    assert markup.startswith('<div class="scroll" role="region" tabindex="0"')
    assert markup.count(f"min-width:{NARROWEST}px") == 1


def test_circle_carries_estimates_and_few_modulations() -> None:
    regions = ("a", "b", "c")
    couplings = [_coupling(one, other) for one in regions for other in regions if one != other]
    couplings.append(_coupling("a", "b", -0.44, modulator="faces"))
    texts = _texts(_draw(regions, couplings))
    assert texts.count("0.30") == 6
    assert "faces: \u22120.44" in texts
    assert not any(each.startswith("SPM") for each in texts)
    assert left_out(regions, couplings) == "Intervals stand in the table."
    couplings.append(_coupling("c", "c", modulator="faces", unit="log scale"))
    told = "Intervals and modulations of self-connections stand in the table."
    assert left_out(regions, couplings) == told


def test_crowded_circuits_leave_numbers_to_the_table() -> None:
    regions = tuple("abcdefghij")
    couplings = [_coupling(one, other) for one in regions for other in regions if one != other]
    couplings += [_coupling("a", "b", modulator="faces"), _coupling("on", "c", driving=True)]
    texts = _texts(_draw(regions, couplings))
    assert texts.count("0.30") == 1  # of the driving input
    assert "on" in texts
    told = "Intervals, modulations and estimates stand in the table."
    assert left_out(regions, couplings) == told


def test_regions_lie_apart_and_inside() -> None:
    for n_regions in range(1, 11):
        regions = [f"r{number}" for number in range(n_regions)]
        drives = [_coupling("on", each, driving=True) for each in regions]
        plan = CircuitPlan(regions, drives)
        places = np.array([plan.places[each] for each in regions])
        assert places.min() > plan.radius
        assert (places < np.array([plan.width, plan.height]) - plan.radius).all()
        distance = np.linalg.norm(places[:, None] - places[None], axis=2)
        assert n_regions == 1 or distance[distance > 0].min() > 2 * plan.radius + 20


def test_self_connections_are_drawn_where_they_are_modulated() -> None:
    plain = CircuitPlan(PAIR, [_coupling("vmPFC", "vmPFC", unit="log scale")])
    assert plain.arrows() == []
    texts = _texts(
        _draw(PAIR, [_coupling("vmPFC", "vmPFC", 0.2, modulator="faces", unit="log scale")])
    )
    assert "faces: 0.20 log" in texts


def test_couplings_of_other_regions_and_missing_values_do_no_harm() -> None:
    nothing = float("nan")
    odd = _coupling("a", "b", nothing, interval=(nothing,) * 2, calibrated=(nothing,) * 2)
    assert "\u2013 Hz" in _texts(_draw(("a", "b"), [odd, _coupling("a", "elsewhere")]))


def test_names_are_text() -> None:
    hostile = "<script>$x"
    markup = _draw((hostile, "b"), [_coupling(hostile, "b"), _coupling(hostile, "b", driving=True)])
    assert "<script" not in markup
    assert "&lt;script&gt;$x" in markup


def test_two_ways_of_a_pair_do_not_meet() -> None:
    one, other = np.array([0.0, 0.0]), np.array([200.0, 0.0])
    there = curve(one, other, bend=30.0, gap=40.0)
    back = curve(other, one, bend=30.0, gap=40.0)
    assert there[:, 1].min() > 0 > back[:, 1].max()
    assert np.linalg.norm(there[0] - one) == pytest.approx(40.0, abs=1.0)
    assert np.linalg.norm(there[-1] - other) == pytest.approx(40.0, abs=1.0)
    around = loop(one, 0.0, radius=40.0, size=20.0)
    assert np.linalg.norm(around, axis=1).max() == pytest.approx(60.0, abs=1.0)
    assert np.linalg.norm(around[[0, -1]], axis=1) == pytest.approx([40.0, 40.0])


def test_places_are_on_a_circle() -> None:
    assert circle_places(1).tolist() == [[0.0, 0.0]]
    assert np.linalg.norm(circle_places(7), axis=1) == pytest.approx(np.ones(7))
    assert wrapped("anterior_hippocampus", longest=10, lines=3) == ["anterior", "hippocampus"]
    assert wrapped("", longest=10, lines=3) == [" "]
    assert max(map(len, wrapped("a" * 60, longest=10, lines=2))) <= 13
