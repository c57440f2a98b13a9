"""Figures of participants name their arms, marks and lines, so that a file can stand alone."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from bids_ketamine.reports.figures.baseline_coupling import (
    CouplingLine,
    CouplingPoints,
    coupling_figure,
)
from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.figures.predicted import Predictions, predicted_figure
from bids_ketamine.reports.figures.raw_values import EXPLAINED, raw_values_figure

ARMS = ["placebo", "ketamine"]
VALUES = np.array([1.0, 2.0, 4.0])
SHARED: dict[str, Any] = {"styles": arm_styles(ARMS), "name": "n", "description": "d"}


def _words(markup: object) -> list[str]:
    found = re.findall(r"<text[^>]*>([^<]*)</text>", str(markup))
    return sorted(each for each in found if re.search(r"[a-z]", each))


def _height(markup: object) -> float:
    found = re.search(r'viewBox="0 0 \S+ (\S+)"', str(markup))
    assert found is not None
    return float(found.group(1)) * 96 / 72


def test_predictions() -> None:
    marks = dict.fromkeys(ARMS, Predictions(VALUES, VALUES + 1, VALUES))
    markup = predicted_figure(marks, unit="improvement, caps5", **SHARED)
    assert _words(markup) == [
        *("in-sample", "ketamine", "nested", "observed improvement, caps5", "placebo"),
        *("predicted", "predicted = observed"),
    ]
    alone = predicted_figure({"all": marks["placebo"]}, unit="u", **SHARED)
    assert "all" not in _words(alone)
    # A row of names is 14 pixels.
    assert round(_height(markup) - _height(alone)) == 14


def test_raw_values() -> None:
    points = {"placebo": (VALUES, VALUES), "ketamine": (VALUES[:2], VALUES[:2])}
    markup = raw_values_figure(points, labels=("change", "improvement"), **SHARED)
    assert _words(markup) == ["change", "improvement", "ketamine", EXPLAINED, "placebo"]
    few = raw_values_figure({"ketamine": points["ketamine"]}, labels=("x", "y"), **SHARED)
    # Two participants have no line.
    assert _words(few) == ["ketamine", "x", "y"]


def test_coupling() -> None:
    points = dict.fromkeys(ARMS, CouplingPoints(VALUES, VALUES, VALUES / 2))
    line = CouplingLine(middle=2.0, height=0.1, slope=0.5)
    lines = {"placebo": line, "ketamine": line, "all": line}
    labels = ("improvement, caps5", "coupling, Hz")
    words = _words(coupling_figure(points, lines, labels=labels, **SHARED))
    assert words == [
        *("coupling, Hz", "group level", "group level, all arms", "improvement, caps5"),
        *("ketamine", "participant, group as prior", "placebo", "the same, alone"),
    ]
    alone = coupling_figure({"all": points["placebo"]}, {"all": line}, labels=labels, **SHARED)
    assert _words(alone) == [
        *("coupling, Hz", "group level", "improvement, caps5"),
        *("participant, group as prior", "the same, alone"),
    ]
    bare = coupling_figure(points, {}, labels=labels, **SHARED)
    assert not any("level" in each for each in _words(bare))
