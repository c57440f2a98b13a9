"""How far an estimate moves when each participant is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

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
from bids_ketamine.reports.figures.forest import Estimate

FloatArray = NDArray[np.float64]

#: Height of a row and of a heading, pixels, and letters of a label.
STEP, HEAD, LONGEST = 27.0, 19.0, 30
#: Letters of a participant's name, and the width of one, pixels.
LONGEST_NAME, LETTER = 16, 5.8


def _nothing() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True)
class Influence:
    """An estimate, and what it is without each participant.

    Attributes
    ----------
    label : str
        What is estimated.
    style : ArmStyle
        How it looks.
    estimate : Estimate
        With everybody.
    lowest, highest : float
        Ends of the estimates without one participant.
    without : ndarray of shape (n,)
        Each of them; empty when they are not to be shown.
    named : (float, str) or None
        The estimate without one participant, and who that is.
    heading : str
        Stands above this row and those that follow; empty where it is that of the row before.
    """

    label: str
    style: ArmStyle
    estimate: Estimate
    lowest: float
    highest: float
    without: FloatArray = field(default_factory=_nothing)
    named: tuple[float, str] | None = None
    heading: str = ""


@drawn
def influence_figure(
    rows: Sequence[Influence], *, unit: str, name: str, description: str
) -> Markup:
    """Draw estimates with intervals, and below each a bar over those without one participant.

    Parameters
    ----------
    rows : sequence of Influence
        From top to bottom.
    unit : str
        Label of the horizontal axis.
    name, description : str
        Identifier and text alternative.
    """
    labels = [shortened(row.label, LONGEST) for row in rows]
    left = 18 + 6.1 * max(map(len, labels), default=1)
    heads = np.cumsum([HEAD * bool(row.heading) for row in rows])
    places = heads + STEP * (np.arange(len(rows)) + 0.5)
    body = STEP * len(rows) + HEAD * sum(bool(row.heading) for row in rows)
    height = body + 48
    figure = new_figure(WIDTH, height)
    axis = figure.add_axes((left / WIDTH, 38 / height, 1 - (left + 10) / WIDTH, body / height))
    axis.axvline(0, color=QUIET, linewidth=0.9, zorder=1)
    for order, (row, place) in enumerate(zip(rows, places, strict=True)):
        if order % 2:
            ends = place - STEP / 2, place + STEP / 2
            axis.axhspan(*ends, color=RULE, alpha=0.22, linewidth=0)
        if row.heading:
            axis.text(1 - (WIDTH - 14) / (WIDTH - left - 10), place - STEP / 2 - 0.4 * HEAD,
                      shortened(row.heading, 60), transform=axis.get_yaxis_transform(),
                      va="center_baseline", fontsize=8, fontweight="bold")  # fmt: skip
        color, upper, lower = row.style.color, place - 0.2 * STEP, place + 0.16 * STEP
        axis.plot([row.estimate.low, row.estimate.high], [upper, upper], color=color,
                  linewidth=1.4, solid_capstyle="butt")  # fmt: skip
        size = 6.4 if row.style.marker == "*" else 4.6
        axis.plot([row.estimate.value], [upper], row.style.marker, color=color, markersize=size,
                  markeredgewidth=0)  # fmt: skip
        axis.plot([row.lowest, row.highest], [lower, lower], color=color, linewidth=4.5,
                  alpha=0.25, solid_capstyle="butt")  # fmt: skip
        axis.plot(row.without, np.full(len(row.without), lower), "|", color=color, markersize=5.5,
                  markeredgewidth=0.9, alpha=0.8)  # fmt: skip
        if row.named is not None and np.isfinite(row.named[0]):
            at, who = row.named
            to_left = _is_left(row)
            axis.plot([at], [lower], "|", color=INK, markersize=8, markeredgewidth=1.6, zorder=5)
            axis.annotate(shortened(who, LONGEST_NAME), (_name_at(row), lower),
                          (-5 if to_left else 5, -0.5), textcoords="offset points",
                          ha="right" if to_left else "left", va="center",
                          fontsize=7, color=INK, zorder=6)  # fmt: skip
    axis.margins(x=0.08)
    axis.set_xlim(_with_names(axis.get_xlim(), rows, WIDTH - left - 10))
    axis.set_ylim(body, 0.0)
    axis.set_yticks(places, labels, fontsize=8)
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.spines["left"].set_visible(False)
    axis.locator_params(axis="x", nbins=6)
    axis.set_xlabel(unit)
    return svg(figure, name=name, description=description)


def _is_left(row: Influence) -> bool:
    """Tell the side on which a name stands."""
    return row.named is not None and row.named[0] < row.estimate.value


def _name_at(row: Influence) -> float:
    """Return where a name begins: at the end of the bar on its side."""
    at = row.named[0] if row.named is not None else float("nan")
    return float(np.fmin(at, row.lowest) if _is_left(row) else np.fmax(at, row.highest))


def _with_names(
    limits: tuple[float, float], rows: Sequence[Influence], width: float
) -> tuple[float, float]:
    """Return limits between which names have room too; `width` is in pixels."""
    low, high = limits
    for row in rows:
        if row.named is None or not np.isfinite(row.named[0]):
            continue
        at, who = _name_at(row), row.named[1]
        share = min(0.4, (10.0 + LETTER * len(shortened(who, LONGEST_NAME))) / width)
        if _is_left(row):
            low = min(low, (at - share * high) / (1.0 - share))
        else:
            high = max(high, (at - share * low) / (1.0 - share))
    return low, high
