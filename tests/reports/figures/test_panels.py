"""Panels of a measure, and names of arms above them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bids_ketamine.reports.figures.arm_names import LONGEST, arm_names
from bids_ketamine.reports.figures.canvas import ArmStyle, arm_styles
from bids_ketamine.reports.figures.panels import Cell, association_panel, session_panel

SESSIONS = ("pre", "post")


def _panel(arms: list[str], styles: dict[str, ArmStyle] | None = None) -> str:
    cells = {(each, arm): Cell(1.0, 0.5, 1.5) for each in SESSIONS for arm in arms}
    return str(
        session_panel(
            cells, sessions=SESSIONS, styles=styles or arm_styles(arms), zero=False, name="n",
            description="d",
        )
    )  # fmt: skip


def _texts(markup: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", markup)


def _height(markup: str) -> float:
    box = re.search(r'viewBox="0 0 \S+ (\S+)"', markup)
    assert box is not None
    return float(box.group(1)) * 96 / 72


def test_arms_of_a_panel_are_named_in_it() -> None:
    markup = _panel(["placebo", "ketamine <5 mg>"])
    assert [each for each in _texts(markup) if each[0] in "pk" and each not in SESSIONS] == [
        "placebo", "ketamine &lt;5 mg&gt;"
    ]  # fmt: skip
    assert _height(markup) == pytest.approx(180)
    # An arm without a cell has no name; one alone of several has.
    assert "ketamine" not in _texts(_panel(["placebo"], arm_styles(["placebo", "ketamine"])))
    assert "placebo" in _texts(_panel(["placebo"], arm_styles(["placebo", "ketamine"])))
    assert set(_texts(_panel(["all"]))) & {"all", "all participants"} == set()


def test_panel_of_many_arms_grows() -> None:
    arms = [f"dose of {number} mg" for number in range(6)]
    markup = _panel(arms)
    names = arm_names(arms, everybody="all participants", left=0.17 * 250, width=250)
    assert names.n_rows == 3
    assert _height(markup) == pytest.approx(180 + 14 * 2)
    assert set(arms) < set(_texts(markup))
    # The marks of an arm stand in the colour of its style.
    assert all(style.color.lower() in markup.lower() for arm, style in arm_styles(arms).items()
               if arm != "all")  # fmt: skip


def test_long_names_are_shortened_and_stay_inside() -> None:
    names = arm_names(["x" * 60, "b"], everybody="all participants", left=40.0, width=250.0)
    assert len(names.words("x" * 60)) == LONGEST
    assert names.places == (("x" * 60, 40.0, 0), ("b", 183.0, 0))


def test_associations_name_arms_and_those_without() -> None:
    points = {arm: (np.arange(3.0), np.arange(3.0)) for arm in ("a", "b", "all")}
    shared = {"styles": arm_styles(["a", "b"]), "labels": ("x", "y"), "description": "d"}
    texts = _texts(str(association_panel(points, name="n", **shared)))  # type: ignore[arg-type]
    assert {"a", "b", "without an arm"} <= set(texts)
    alone = {"all": points["all"]}
    texts = _texts(str(association_panel(alone, name="n", **shared)))  # type: ignore[arg-type]
    assert "without an arm" not in texts
