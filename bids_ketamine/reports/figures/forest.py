"""Estimates with intervals, one row per measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.lines import Line2D

from bids_ketamine.reports.figures.canvas import (
    INK,
    QUIET,
    RULE,
    WIDTH,
    ArmStyle,
    drawn,
    new_figure,
    svg,
)


@dataclass(frozen=True)
class Estimate:
    """An estimate with its interval; NaN where there is none."""

    value: float
    low: float
    high: float


@drawn
def forest_figure(
    rows: Sequence[tuple[str, Mapping[str, Estimate]]],
    *,
    styles: Mapping[str, ArmStyle],
    unit: str,
    limits: tuple[float, float] | None,
    legend: bool = False,
    name: str,
    description: str,
) -> Markup:
    """Draw estimates and intervals, arms of a measure below each other.

    Parameters
    ----------
    rows : sequence of (str, mapping of str to Estimate)
        Label, and an estimate for each arm, from top to bottom.
    styles : mapping of str to ArmStyle
        Order and look of arms.
    unit : str
        Label of the horizontal axis.
    limits : (float, float) or None
        Its ends; those of the intervals when None.
    legend : bool
        Name the arms above.
    name, description : str
        Identifier and text alternative.
    """
    arms = [arm for arm in styles if any(arm in estimates for _, estimates in rows)]
    step = max(17.0, 9.0 * len(arms) + 5.0)
    labels = [label if len(label) <= 40 else label[:39] + "…" for label, _ in rows]
    left = 14 + 6.4 * max((len(label) for label in labels), default=1)
    body = step * len(rows)
    head = 20.0 if legend else 0.0
    height = body + 46 + head
    figure = new_figure(WIDTH, height)
    axis = figure.add_axes((left / WIDTH, 38 / height, 1 - (left + 10) / WIDTH, body / height))
    axis.axvline(0, color=QUIET, linewidth=0.9, zorder=1)
    for place, (_, estimates) in enumerate(rows):
        if place % 2:
            axis.axhspan(place - 0.5, place + 0.5, color=RULE, alpha=0.22, linewidth=0)
        for order, arm in enumerate(arms):
            estimate = estimates.get(arm)
            if estimate is None or not np.isfinite(estimate.value):
                continue
            at = place + (order - (len(arms) - 1) / 2) * 9.0 / step
            style = styles[arm]
            axis.plot([estimate.low, estimate.high], [at, at], color=style.color, linewidth=1.4,
                      solid_capstyle="butt")  # fmt: skip
            axis.plot([estimate.value], [at], style.marker, color=style.color, markersize=4.2,
                      markeredgewidth=0)  # fmt: skip
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_yticks(range(len(rows)), labels, fontsize=8)
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.spines["left"].set_visible(False)
    axis.locator_params(axis="x", nbins=6)
    if limits is not None:
        axis.set_xlim(*limits)
    axis.set_xlabel(unit)
    if legend:
        _draw_legend(axis, {arm: styles[arm] for arm in arms})
    return svg(figure, name=name, description=description)


def _draw_legend(axis: Any, styles: Mapping[str, ArmStyle]) -> None:
    """Name arms above the rows, from left to right."""
    marks = []
    for style in styles.values():
        mark = Line2D([], [], color=style.color, marker=style.marker, linewidth=1.4)
        mark.set(markersize=4.2, markeredgewidth=0)
        marks.append(mark)
    axis.legend(marks, [_cut(arm) for arm in styles], loc="lower left", bbox_to_anchor=(0, 1),
                ncols=4, frameon=False, borderaxespad=0.2, handlelength=1.6, columnspacing=1.6,
                labelcolor=INK, fontsize=8)  # fmt: skip


def _cut(label: str) -> str:
    return label if len(label) <= 20 else label[:19] + "…"
