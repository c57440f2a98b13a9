"""Fixed effects under each rule."""

from __future__ import annotations

import re

import numpy as np

from bids_ketamine.reports.figures.canvas import PALETTE, arm_styles
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.mixed_effects import COLORS, mixed_effects_figure
from bids_ketamine.reports.figures.mixed_means import mixed_means_figure
from bids_ketamine.reports.figures.panels import Cell


def test_rules_have_colours_and_methods_are_hollow() -> None:
    rows = [
        ("time <b>", {("REML", "one"): Estimate(1, 0, 2), ("ML", "two"): Estimate(1, 0.2, 1.8)}),
        ("arm", {("REML", "one"): Estimate(float("nan"), 0, 2)}),
    ]
    markup = str(
        mixed_effects_figure(
            rows, title="madrs, model course", unit="points", name="n", description="d"
        )
    )
    words = re.findall(r">([^<>]+)</text>", markup)
    assert words[-1] == "madrs, model course"
    assert "time &lt;b&gt;" in words
    assert "REML, one" in words
    assert "ML, two" in words
    assert COLORS[0].lower() in markup
    assert COLORS[1].lower() in markup
    assert "#ffffff" in markup
    assert not set(COLORS) & set(PALETTE[:2])


def test_means_stand_alone() -> None:
    cells = {
        ("pre", "placebo"): Cell(20.0, 18.0, 22.0, np.array([19.0, np.nan, 21.0])),
        ("post", "placebo"): Cell(15.0, float("nan"), float("nan")),
    }
    styles = arm_styles(["placebo", "ketamine"])
    markup = str(
        mixed_means_figure(
            cells,
            title="madrs, model course",
            unit="madrs, points",
            sessions=("pre", "post"),
            styles=styles,
            name="n",
            description="d",
        )
    )
    words = re.findall(r">([^<>]+)</text>", markup)
    assert {"madrs, model course", "madrs, points", "placebo", "pre", "post"} <= set(words)
    # An arm without values is not named.
    assert "ketamine" not in words
