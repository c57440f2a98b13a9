"""Fixed effects of a mixed model with their intervals under each rule of degrees of freedom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bids_ketamine.reports.figures.canvas import (
    INK,
    PIXEL,
    QUIET,
    RULE,
    WIDTH,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.forest import Estimate

#: Height of one estimate, pixels, and letters of a label.
STEP, LONGEST = 11.0, 30
#: Height of a title, pixels.
TITLE = 18.0

#: Colours and marks of rules, none of them an arm's of a trial with two arms.
COLORS = ("#1d2730", "#009E73", "#CC79A7", "#E69F00")
RULE_MARKERS = ("s", "^", "v", "P")

#: A method of estimation and a rule of degrees of freedom.
Way = tuple[str, str]


@drawn
def mixed_effects_figure(
    rows: Sequence[tuple[str, Mapping[Way, Estimate]]],
    *,
    title: str,
    unit: str,
    name: str,
    description: str,
) -> Markup:
    """Draw fixed effects: a colour and mark for each rule, hollow for every method but the first.

    Parameters
    ----------
    rows : sequence of (str, mapping of (method, rule) to Estimate)
        Label of a term and its estimates, from top to bottom.
    title : str
        What is modelled and by which model, above the picture.
    unit : str
        Label of the horizontal axis.
    name, description : str
        Identifier and text alternative.
    """
    ways = list(dict.fromkeys(way for _, found in rows for way in found))
    marks = {way: _mark(way, ways) for way in ways}
    step = STEP * max(len(ways), 1) + 9.0
    labels = [shortened(label, LONGEST) for label, _ in rows]
    left = 18 + 6.1 * max(map(len, labels), default=1)
    columns = max(1, int((WIDTH - 24) // (44 + 5.7 * max((len(", ".join(w)) for w in ways),
                                                        default=1))))  # fmt: skip
    head = 15.0 * -(-len(marks) // columns) + 6.0 + TITLE
    body = step * len(rows)
    height = body + 46 + head
    figure = new_figure(WIDTH, height)
    axis = figure.add_axes((left / WIDTH, 42 / height, 1 - (left + 10) / WIDTH, body / height))
    axis.axvline(0, color=QUIET, linewidth=0.9, zorder=1)
    for place, (_, found) in enumerate(rows):
        if place % 2:
            axis.axhspan(place * step, (place + 1) * step, color=RULE, alpha=0.22, linewidth=0)
        for order, way in enumerate(ways):
            if way in found:
                _draw(axis, place * step + 4.5 + STEP * (order + 0.5), found[way], marks[way])
    axis.set_ylim(body, 0.0)
    axis.set_yticks([step * (place + 0.5) for place in range(len(rows))], labels, fontsize=8)
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.spines["left"].set_visible(False)
    axis.locator_params(axis="x", nbins=6)
    axis.set_xlabel(unit)
    axis.legend(list(marks.values()), [", ".join(way) for way in marks], loc="lower left",
                bbox_to_anchor=((14 - left) / (WIDTH - left - 10), 1), ncols=columns,
                frameon=False, borderaxespad=0.2, handlelength=1.6, columnspacing=1.4,
                labelcolor=INK, fontsize=8)  # fmt: skip
    draw_title(figure, title)
    return svg(figure, name=name, description=description)


def draw_title(figure: Figure, title: str) -> None:
    """Write a title above a picture that has :data:`TITLE` pixels for it."""
    width, height = (size / PIXEL for size in figure.get_size_inches())
    figure.text(14 / width, 1 - 2 / height, shortened(title, int((width - 20) / 6.4)),
                va="top", ha="left", color=INK, fontsize=9)  # fmt: skip


def _mark(way: Way, ways: Sequence[Way]) -> Line2D:
    """Return how a method and rule look in the legend, and in rows."""
    methods = list(dict.fromkeys(method for method, _ in ways))
    place = list(dict.fromkeys(rule for _, rule in ways)).index(way[1])
    color = COLORS[place % len(COLORS)]
    full = way[0] == methods[0]
    marker = RULE_MARKERS[place % len(RULE_MARKERS)]
    return Line2D([], [], color=color, marker=marker, markersize=4.6, markeredgewidth=1.0,
                  linewidth=1.5 if full else 1.0, linestyle="-" if full else (0, (4, 1.5)),
                  markerfacecolor=color if full else "white")  # fmt: skip


def _draw(axis: Any, at: float, estimate: Estimate, look: Line2D) -> None:
    if not np.isfinite(estimate.value):
        return
    if np.isfinite(estimate.low) and np.isfinite(estimate.high):
        axis.plot([estimate.low, estimate.high], [at, at], color=look.get_color(),
                  solid_capstyle="butt", dash_capstyle="butt", linewidth=look.get_linewidth(),
                  linestyle=look.get_linestyle())  # fmt: skip
    axis.plot([estimate.value], [at], look.get_marker(), color=look.get_color(), markersize=4.6,
              markeredgewidth=1.0, markerfacecolor=look.get_markerfacecolor())  # fmt: skip
