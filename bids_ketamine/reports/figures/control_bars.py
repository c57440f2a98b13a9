"""Patients before and after treatment beside controls, and how alike both groups are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.arm_names import arm_names, draw_arm_names
from bids_ketamine.reports.figures.canvas import (
    INK,
    QUIET,
    RULE,
    WIDTH,
    ArmStyle,
    drawn,
    new_figure,
    shortened,
    svg,
)

FloatArray = NDArray[np.float64]

HEIGHT, LEFT, FOOT = 226.0, 52.0, 40.0
#: Width of a bar, and distance between clusters of bars, in bars.
BAR, APART = 0.82, 0.9
#: A standardized difference beyond this is called large.
LARGE = 0.25


def _nothing() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True)
class Bar:
    """One group.

    Attributes
    ----------
    group : str
        Name in the legend.
    mean, low, high : float
        Mean and its interval.
    values : ndarray of shape (n,)
        Participants; empty when they are not to be shown.
    """

    group: str
    mean: float
    low: float
    high: float
    values: FloatArray = field(default_factory=_nothing)


@drawn
def control_bars_figure(
    clusters: Sequence[tuple[str, Sequence[Bar]]],
    *,
    styles: Mapping[str, ArmStyle],
    unit: str,
    name: str,
    description: str,
) -> Markup:
    """Draw bars of means with intervals and points of participants.

    Parameters
    ----------
    clusters : sequence of (str, sequence of Bar)
        Bars that stand together, such as everybody and matched pairs, with what they are.
    styles : mapping of str to ArmStyle
        Groups and how they look.
    unit : str
        Label of the vertical axis.
    name, description : str
        Identifier and text alternative.
    """
    groups = [
        group for group in styles if any(bar.group == group for _, c in clusters for bar in c)
    ]
    if not groups:
        raise ValueError("there are no means")
    names = arm_names(groups, everybody="everybody", left=LEFT, width=WIDTH)
    height = HEIGHT + names.height
    figure = new_figure(WIDTH, height)
    body = HEIGHT - FOOT - 8
    axis = figure.add_axes((LEFT / WIDTH, FOOT / height, 1 - (LEFT + 12) / WIDTH, body / height))
    draw_arm_names(figure, names, styles)
    at, ticks = 0.0, []
    for title, bars in clusters:
        for order, bar in enumerate(bars):
            _draw_bar(axis, at + order, bar, styles[bar.group])
        ticks.append((at + (len(bars) - 1) / 2, title))
        at += len(bars) + APART
    axis.axhline(0, color=QUIET, linewidth=0.9, zorder=5)
    axis.set_xlim(-0.7, at - APART - 0.3)
    axis.set_xticks([place for place, _ in ticks], [shortened(words, 34) for _, words in ticks])
    axis.tick_params(axis="x", length=0, labelcolor=INK)
    axis.spines["bottom"].set_visible(False)
    axis.set_ylabel(unit)
    axis.locator_params(axis="y", nbins=6)
    axis.margins(y=0.08)
    return svg(figure, name=name, description=description)


def _draw_bar(axis: Any, at: float, bar: Bar, style: ArmStyle) -> None:
    axis.bar([at], [bar.mean], width=BAR, color=style.color, alpha=0.32, linewidth=0, zorder=2)
    values = np.sort(bar.values[np.isfinite(bar.values)])
    # Neighbours in size go to different places, always the same ones.
    places = at + 0.5 * BAR * (np.arange(values.size) * 0.618034 % 1.0 - 0.5)
    axis.plot(places, values, style.marker, color=style.color, markersize=3.0, alpha=0.6,
              markeredgewidth=0, zorder=3)  # fmt: skip
    if np.isfinite(bar.low) and np.isfinite(bar.high):
        axis.plot([at, at], [bar.low, bar.high], color=INK, linewidth=1.6, zorder=6,
                  solid_capstyle="butt")  # fmt: skip
    axis.plot([at], [bar.mean], style.marker, color=style.color, markersize=6.0, zorder=7,
              markeredgecolor="white", markeredgewidth=0.9)  # fmt: skip


@drawn
def balance_figure(
    rows: Sequence[tuple[str, float, float]],
    *,
    styles: Mapping[str, ArmStyle],
    name: str,
    description: str,
) -> Markup:
    """Draw standardized differences of covariates before and after matching.

    Parameters
    ----------
    rows : sequence of (str, float, float)
        Covariate, its difference before and after matching; NaN where there is none.
    styles : mapping of str to ArmStyle
        Two of them: before and after.
    name, description : str
        Identifier and text alternative.
    """
    labels = [shortened(label, 34) for label, _, _ in rows]
    left = 14 + 6.4 * max(map(len, labels), default=1)
    stages = list(styles)
    names = arm_names(stages, everybody="", left=left, width=WIDTH)
    body = 19.0 * len(rows)
    height = body + 48 + names.height
    figure = new_figure(WIDTH, height)
    axis = figure.add_axes((left / WIDTH, 40 / height, 1 - (left + 12) / WIDTH, body / height))
    draw_arm_names(figure, names, styles)
    axis.axvspan(-LARGE, LARGE, color=RULE, alpha=0.35, linewidth=0, zorder=0)
    axis.axvline(0, color=QUIET, linewidth=0.9, zorder=1)
    for place, (_, before, after) in enumerate(rows):
        axis.plot([before, after], [place, place], color=RULE, linewidth=1.4, zorder=2)
        for stage, value in zip(stages, (before, after), strict=False):
            axis.plot([value], [place], styles[stage].marker, color=styles[stage].color,
                      markersize=5.5, markeredgewidth=0, zorder=3)  # fmt: skip
    known = [abs(value) for _, *both in rows for value in both if np.isfinite(value)]
    end = max([2 * LARGE, *(1.1 * value for value in known)])
    axis.set(xlim=(-end, end), ylim=(len(rows) - 0.5, -0.5))
    axis.set_yticks(range(len(rows)), labels, fontsize=8)
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.spines["left"].set_visible(False)
    axis.set_xlabel("patients minus controls, standard deviations before matching")
    return svg(figure, name=name, description=description)
