"""Means by visit with rates under them."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.figures.clinical_visits import clinical_visits_figure
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.response_rates import RateMark, draw_rates

NAN = float("nan")
STYLES = arm_styles(["placebo", "drug"])
VISITS = ["pre", "day1"]


def test_rates_stand_at_their_percentage_filled_if_seen() -> None:
    axis = Figure().add_subplot()
    rates = {
        RateMark("response", "day1", "drug", "seen"): Estimate(0.75, 0.3, 0.95),
        RateMark("response", "day1", "drug", "everybody"): Estimate(0.6, 0.2, 0.9),
        RateMark("response", "pre", "drug", "seen"): Estimate(NAN, NAN, NAN),
        RateMark("remission", "day1", "drug", "seen"): Estimate(0.1, 0.0, 0.4),
    }
    draw_rates(axis, rates, rate="response", visits=VISITS, styles={"drug": STYLES["drug"]})
    marks = [line for line in axis.lines if line.get_marker() == STYLES["drug"].marker]
    assert [float(line.get_ydata()[0]) for line in marks] == [75.0, 60.0]
    assert [line.get_markerfacecolor() for line in marks] == [STYLES["drug"].color, "white"]
    (seen,) = (line for line in axis.lines if list(line.get_ydata()) == [30.0, 95.0])
    # Side by side about the visit.
    assert seen.get_xdata()[0] < 1.0 < marks[1].get_xdata()[0]


def test_a_row_for_each_rate_under_the_course() -> None:
    means = {(visit, arm): Estimate(20.0, 15.0, 25.0) for visit in VISITS for arm in STYLES}
    picture = clinical_visits_figure(
        means, {}, visits=VISITS, rate_names=["response", "remission"], styles=STYLES,
        title="madrs", unit="points", limit=10.0, name="visits", description="Course & rates",
    )  # fmt: skip
    for text in (*VISITS, "madrs", "points", "response", "remission", "placebo", "drug"):
        assert f">{text}<" in picture
    assert 'aria-label="Course &amp; rates"' in picture


def test_one_arm_of_everybody_is_not_named() -> None:
    means = {("pre", "all"): Estimate(20.0, NAN, NAN)}
    picture = clinical_visits_figure(
        means, {}, visits=VISITS, rate_names=[], styles={"all": STYLES["all"]}, title="madrs",
        unit="points", limit=None, name="visits", description="Course",
    )  # fmt: skip
    assert ">all<" not in picture


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="no means"):
        clinical_visits_figure(
            {}, {}, visits=VISITS, rate_names=[], styles=STYLES, title="", unit="", limit=None,
            name="x", description="",
        )  # fmt: skip
