"""Coefficients of a model of many predictors, with how often each is selected."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from bids_ketamine.reports.figures.canvas import (
    ACCENT,
    INK,
    QUIET,
    RULE,
    WIDTH,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.forest import Estimate

#: Height of a row, above and below all rows, and width of the column of selection, pixels.
STEP, HEAD, FOOT, SELECTED = 27.0, 46.0, 38.0, 84.0
#: Letters of a label, and of what stands below it.
LONGEST, LONGEST_BELOW = 32, 38
#: Colour behind interactions.
SHADE = "#f6ead3"


@dataclass(frozen=True)
class Look:
    """Mark of a kind of predictor."""

    marker: str
    is_full: bool


LOOKS = {
    "imaging": Look("o", is_full=True),
    "interaction": Look("D", is_full=True),
    "other": Look("s", is_full=False),
}
#: What marks mean.
NAMES = {"imaging": "imaging measure", "other": "not imaging"}


@dataclass(frozen=True)
class CoefficientRow:
    """A predictor and its coefficient.

    Attributes
    ----------
    first, second : str
        Name, and what stands below it in smaller letters.
    kind : str
        ``imaging``, ``interaction``, or any other.
    arm : str
        Arm of an interaction; empty for others.
    estimate : Estimate
        Coefficient with its interval.
    frequency : float
        Share of bootstrap samples in which it is selected; NaN where there are none.
    """

    first: str
    second: str
    kind: str
    arm: str
    estimate: Estimate
    frequency: float

    @property
    def look(self) -> str:
        """Name of its mark."""
        return self.kind if self.kind in LOOKS else "other"


@drawn
def coefficient_figure(
    rows: Sequence[CoefficientRow], *, unit: str, name: str, description: str
) -> Markup:
    """Draw coefficients with intervals, interactions shaded, selection frequency at the right.

    Parameters
    ----------
    rows : sequence of CoefficientRow
        From top to bottom.
    unit : str
        Label of the horizontal axis.
    name, description : str
        Identifier and text alternative.

    Raises
    ------
    ValueError
        If there are no rows.
    """
    if not rows:
        raise ValueError("there is no coefficient")
    arms = list(dict.fromkeys(row.arm for row in rows if row.arm))
    firsts = [_label(row) for row in rows]
    seconds = [shortened(row.second, LONGEST_BELOW) for row in rows]
    left = 20 + max(5.9 * max(map(len, firsts)), 5.0 * max(map(len, seconds)))
    body = STEP * len(rows)
    height = HEAD + body + FOOT
    across = WIDTH - left - SELECTED - 16
    figure = new_figure(WIDTH, height)
    _draw_shades(figure, rows, body, height)
    place = (left / WIDTH, FOOT / height, across / WIDTH, body / height)
    axis = figure.add_axes(place)
    axis.axvline(0, color=QUIET, linewidth=0.9, zorder=1)
    for at, row in enumerate(rows):
        _draw_row(axis, at, row)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_yticks([])
    for at, (first, second) in enumerate(zip(firsts, seconds, strict=True)):
        up = 0.16 if second else 0.0
        words: dict[str, Any] = {
            "transform": axis.get_yaxis_transform(),
            "ha": "right",
            "va": "center_baseline",
        }
        axis.text(-10 / across, at - up, first, color=INK, fontsize=8, **words)
        axis.text(-10 / across, at + 0.27, second, color=QUIET, fontsize=6.8, **words)
    axis.spines["left"].set_visible(False)
    axis.margins(x=0.06)
    axis.locator_params(axis="x", nbins=5)
    axis.set_xlabel(unit)
    place = (1 - (SELECTED + 2) / WIDTH, FOOT / height, SELECTED / WIDTH, body / height)
    _draw_selection(figure.add_axes(place), [row.frequency for row in rows])
    names = {**NAMES, "interaction": f"imaging × {_arm(arms[0]) if len(arms) == 1 else 'arm'}"}
    _draw_legend(figure, {row.look for row in rows}, names, height)
    return svg(figure, name=name, description=description)


def _draw_shades(
    figure: Figure, rows: Sequence[CoefficientRow], body: float, height: float
) -> None:
    """Shade the rows of interactions from rim to rim, and rule off the others."""
    axis = figure.add_axes((0, FOOT / height, 1, body / height), zorder=-1)
    axis.set_axis_off()
    axis.set(xlim=(0, WIDTH), ylim=(len(rows) - 0.5, -0.5))
    for at, row in enumerate(rows):
        if row.kind == "interaction":
            box = Rectangle((6, at - 0.5), WIDTH - 6, 1, facecolor=SHADE, edgecolor="none")
            axis.add_patch(box)
    lines = np.arange(1, len(rows)) - 0.5
    axis.hlines(lines, 6, WIDTH, color=RULE, linewidth=0.5, alpha=0.6)


def _draw_row(axis: Any, at: int, row: CoefficientRow) -> None:
    estimate = row.estimate
    if np.isfinite(estimate.low) and np.isfinite(estimate.high):
        axis.plot([estimate.low, estimate.high], [at, at], color=ACCENT, linewidth=1.5,
                  solid_capstyle="butt", alpha=0.75)  # fmt: skip
    if np.isfinite(estimate.value):
        axis.add_line(_mark(row.look, at=(estimate.value, at)))


def _mark(look: str, *, at: tuple[float, float] | None = None) -> Line2D:
    marker, is_full = LOOKS[look].marker, LOOKS[look].is_full
    x, y = ([], []) if at is None else ([at[0]], [at[1]])
    return Line2D(x, y, color=ACCENT, marker=marker, markersize=5.4, linestyle="none",
                  markeredgewidth=1.1, zorder=4,
                  markerfacecolor=ACCENT if is_full else "white")  # fmt: skip


def _draw_selection(axis: Any, shares: Sequence[float]) -> None:
    """Draw the share of bootstrap samples as bars with their numbers."""
    axis.set(xlim=(0, 1.75), ylim=(len(shares) - 0.5, -0.5), xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    if not np.isfinite(shares).any():
        return
    axis.text(0, -0.62, "selected", color=QUIET, fontsize=7.5, va="bottom")
    known = np.flatnonzero(np.isfinite(shares))
    lengths = np.asarray(shares, dtype=np.float64)[known]
    axis.hlines(known, 0, 1, color=RULE, alpha=0.5, linewidth=5.4)
    axis.hlines(known, 0, lengths, color=QUIET, linewidth=5.4)
    for at, share in zip(known, lengths, strict=True):
        axis.text(1.7, at, f"{100 * share:.0f} %", ha="right", va="center_baseline", color=INK,
                  fontsize=7.5)  # fmt: skip


def _label(row: CoefficientRow) -> str:
    """Return the name of a row; a long one loses letters before its arm does."""
    arm = row.arm or ("arm" if row.kind == "interaction" else "")
    end = f" × {_arm(arm)}" if arm else ""
    return shortened(row.first, LONGEST - len(end)) + end


def _arm(arm: str) -> str:
    return shortened(arm, 14)


def _draw_legend(
    figure: Figure, found: Collection[str], names: Mapping[str, str], height: float
) -> None:
    """Name the marks that are drawn, from left to right."""
    looks = [look for look in LOOKS if look in found]
    marks: list[Any] = [_mark(look) for look in looks]
    marks = [
        (Patch(facecolor=SHADE, edgecolor="none"), mark) if look == "interaction" else mark
        for look, mark in zip(looks, marks, strict=True)
    ]
    figure.legend(marks, [names[look] for look in looks], loc="upper left",
                  bbox_to_anchor=(0.005, 1 - 2 / height), ncols=len(looks), frameon=False,
                  borderaxespad=0.0, handlelength=1.8, handletextpad=0.5, columnspacing=1.6,
                  labelcolor=INK, fontsize=8)  # fmt: skip
