"""The clinical course of a score by visit, with rates of response and remission under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.lines import Line2D

from bids_ketamine.reports.figures.canvas import (
    INK,
    QUIET,
    WIDTH,
    ArmStyle,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.response_rates import RateMark, draw_rates

LEFT, RIGHT, HEAD, FOOT = 52.0, 126.0, 22.0, 28.0
#: Heights of the course, of each rate, and of what is between them, pixels.
COURSE, RATE, BETWEEN = 170.0, 62.0, 26.0
#: Distance of arms within a visit, in visits, and of lines of the legend, pixels.
DODGE, LINE = 0.07, 15.0


@drawn
def clinical_visits_figure(
    means: Mapping[tuple[str, str], Estimate],
    rates: Mapping[RateMark, Estimate],
    *,
    visits: Sequence[str],
    rate_names: Sequence[str],
    styles: Mapping[str, ArmStyle],
    title: str,
    unit: str,
    limit: float | None,
    name: str,
    description: str,
) -> Markup:
    """Draw means with intervals by visit and arm, and under them a row for each rate.

    Parameters
    ----------
    means : mapping of (visit, arm) to Estimate
        What is drawn; others are left out.
    rates : mapping of RateMark to Estimate
        Shares from 0 to 1 with intervals.
    visits : sequence of str
        Visits from left to right, at equal distances.
    rate_names : sequence of str
        Rates from above to below.
    styles : mapping of str to ArmStyle
        How arms look; ``all`` stands for everybody.
    title, unit : str
        The score, and its unit.
    limit : float or None
        Score below which is remission: a dotted line.
    name, description : str
        Identifier and text alternative.

    Raises
    ------
    ValueError
        If there is no mean to draw.
    """
    arms = [arm for arm in styles if any((visit, arm) in means for visit in visits)]
    if not arms:
        raise ValueError("there are no means")
    height = HEAD + COURSE + len(rate_names) * (RATE + BETWEEN) + FOOT
    figure = new_figure(WIDTH, height)
    wide = (WIDTH - LEFT - RIGHT) / WIDTH

    def panel(top: float, tall: float) -> Any:
        low = (height - top - tall) / height
        return figure.add_axes((LEFT / WIDTH, low, wide, tall / height))

    course = panel(HEAD, COURSE)
    _draw_course(course, means, visits=visits, arms=arms, styles=styles, limit=limit)
    course.set_title(title, loc="left", pad=4)
    course.set_ylabel(unit)
    panels = [course]
    for row, rate in enumerate(rate_names):
        axis = panel(HEAD + COURSE + BETWEEN + row * (RATE + BETWEEN), RATE)
        draw_rates(axis, rates, rate=rate, visits=visits, styles={arm: styles[arm] for arm in arms})
        panels.append(axis)
    for axis in panels:
        axis.set_xlim(-0.4, len(visits) - 0.6)
        axis.set_xticks(range(len(visits)), [])
        axis.tick_params(axis="x", length=0, labelcolor=INK)
    longest = 16 if len(visits) <= 3 else 9
    panels[-1].set_xticklabels([shortened(each, longest) for each in visits])
    across = 1 - (RIGHT - 14) / WIDTH
    if arms != ["all"]:
        for row, arm in enumerate(arms):
            place = 1 - (HEAD + 8 + row * LINE) / height
            _entry(figure, across, place, styles[arm], shortened(arm, 15), color=styles[arm].color)
    if rate_names:
        top = HEAD + COURSE + BETWEEN + 8
        for row, (label, fill) in enumerate((("of those seen", QUIET), ("dropouts", "white"))):
            place = 1 - (top + row * LINE) / height
            _entry(figure, across, place, styles[arms[0]], label, color=fill)
        place = 1 - (top + 2 * LINE - 2) / height
        figure.text(across + 12 / WIDTH, place, "as failures", va="center")
    return svg(figure, name=name, description=description)


def _draw_course(
    axis: Any,
    means: Mapping[tuple[str, str], Estimate],
    *,
    visits: Sequence[str],
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    limit: float | None,
) -> None:
    for place, arm in enumerate(arms):
        style, offset = styles[arm], (place - (len(arms) - 1) / 2) * DODGE
        known = [(at + offset, means[visit, arm]) for at, visit in enumerate(visits)
                 if (visit, arm) in means]  # fmt: skip
        axis.plot([at for at, _ in known], [each.value for _, each in known], color=style.color,
                  linewidth=2.0, zorder=3)  # fmt: skip
        for at, mean in known:
            if np.isfinite(mean.low) and np.isfinite(mean.high):
                axis.plot([at, at], [mean.low, mean.high], color=style.color, linewidth=1.8,
                          zorder=4, solid_capstyle="butt")  # fmt: skip
            axis.plot([at], [mean.value], style.marker, color=style.color, markersize=6.5,
                      zorder=5, markeredgecolor="white", markeredgewidth=0.8)  # fmt: skip
    if limit is not None:
        axis.axhline(limit, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)), zorder=2)
    axis.locator_params(axis="y", nbins=6)
    axis.margins(y=0.08)


def _entry(figure: Any, x: float, y: float, style: ArmStyle, label: str, *, color: str) -> None:
    """Write a line of the legend behind its mark."""
    edge = QUIET if color == "white" else color
    mark = Line2D([x], [y], transform=figure.transFigure, linestyle="none", marker=style.marker,
                  markersize=5.5, color=color, markeredgecolor=edge)  # fmt: skip
    figure.add_artist(mark)
    figure.text(x + 12 / WIDTH, y, label, va="center")
