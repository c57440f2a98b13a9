"""Effects of a group level by arm: estimates of several kinds side by side."""

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
    shortened,
    svg,
)
from bids_ketamine.reports.figures.forest import Estimate

#: Height of one estimate, pixels, and letters of a label.
STEP, LONGEST = 10.0, 34


@dataclass(frozen=True)
class _Look:
    """How a kind of estimate is told from others of its arm."""

    marker: str = ""
    is_full: bool = False
    width: float = 1.0
    line: tuple[float, tuple[float, float]] | None = None


#: Of the first kind, of the second, and of the third, whose mark is not the arm's.
LOOKS = (_Look(is_full=True, width=1.6), _Look(), _Look(marker="x", line=(0, (1.5, 1.5))))


@drawn
def effect_forest_figure(
    rows: Sequence[tuple[str, Mapping[str, Sequence[Estimate | None]]]],
    *,
    styles: Mapping[str, ArmStyle],
    names: Sequence[str],
    unit: str,
    name: str,
    description: str,
) -> Markup:
    """Draw estimates with intervals: full marks, hollow ones and crosses for up to three kinds.

    Parameters
    ----------
    rows : sequence of (str, mapping of str to sequence of (Estimate or None))
        Label, and for each arm an estimate of each kind, from top to bottom.
    styles : mapping of str to ArmStyle
        Order and look of arms.
    names : sequence of str
        What the kinds are called.
    unit : str
        Label of the horizontal axis.
    name, description : str
        Identifier and text alternative.
    """
    arms = [arm for arm in styles if any(arm in found for _, found in rows)]
    kinds = {arm: _kinds([found[arm] for _, found in rows if arm in found]) for arm in arms}
    drawn_kinds = sorted({kind for own in kinds.values() for kind in own})
    slots = [STEP * max(len(kinds[arm]), 1) + 5.0 for arm in arms]
    step = sum(slots) + 10.0
    left = 18 + 6.1 * max((len(shortened(label, LONGEST)) for label, _ in rows), default=1)
    marks = {arm: _mark(styles[arm], LOOKS[0]) for arm in arms}
    if len(drawn_kinds) > 1:
        grey = ArmStyle(QUIET, "o")
        marks |= {names[kind]: _mark(grey, LOOKS[kind]) for kind in drawn_kinds}
    longest = max((len(shortened(each, LONGEST)) for each in marks), default=1)
    columns = max(1, int((WIDTH - 24) // (42 + 5.7 * longest)))
    head = 15.0 * -(-len(marks) // columns) + 6.0
    body = step * len(rows)
    height = body + 40 + head
    figure = new_figure(WIDTH, height)
    axis = figure.add_axes((left / WIDTH, 36 / height, 1 - (left + 10) / WIDTH, body / height))
    axis.axvline(0, color=QUIET, linewidth=0.9, zorder=1)
    for place, (_, found) in enumerate(rows):
        top = place * step
        if place % 2:
            axis.axhspan(top, top + step, color=RULE, alpha=0.22, linewidth=0)
        top += 5.0
        for arm, slot in zip(arms, slots, strict=True):
            for order, kind in enumerate(kinds[arm]):
                given = found.get(arm, ())
                if kind < len(given):
                    at = top + 2.5 + STEP * (order + 0.5)
                    _draw(axis, at, given[kind], styles[arm], LOOKS[kind])
            top += slot
    axis.set_ylim(body, 0.0)
    axis.set_yticks([step * (place + 0.5) for place in range(len(rows))],
                    [shortened(label, LONGEST) for label, _ in rows], fontsize=8)  # fmt: skip
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.spines["left"].set_visible(False)
    axis.locator_params(axis="x", nbins=6)
    axis.set_xlabel(unit)
    axis.legend(list(marks.values()), [shortened(each, LONGEST) for each in marks],
                loc="lower left", bbox_to_anchor=((14 - left) / (WIDTH - left - 10), 1),
                ncols=columns, frameon=False, borderaxespad=0.2, handlelength=1.6,
                columnspacing=1.4, labelcolor=INK, fontsize=8)  # fmt: skip
    return svg(figure, name=name, description=description)


def _kinds(rows: Sequence[Sequence[Estimate | None]]) -> list[int]:
    """Return the kinds of estimates that an arm has in any row."""
    return sorted({kind for row in rows for kind, each in enumerate(row) if each is not None})


def _draw(axis: Any, at: float, estimate: Estimate | None, style: ArmStyle, look: _Look) -> None:
    if estimate is None or not np.isfinite(estimate.value):
        return
    axis.plot([estimate.low, estimate.high], [at, at], color=style.color, solid_capstyle="butt",
              linewidth=look.width, linestyle=look.line or "-")  # fmt: skip
    axis.add_line(_mark(style, look, at=(estimate.value, at)))


def _mark(style: ArmStyle, look: _Look, *, at: tuple[float, float] | None = None) -> Line2D:
    """Return a mark at a place, or with its line for a legend."""
    marker = look.marker or style.marker
    x, y = ([], []) if at is None else ([at[0]], [at[1]])
    return Line2D(x, y, color=style.color, marker=marker, markeredgewidth=1.0,
                  markersize=6.4 if marker == "*" else 4.6, linewidth=look.width,
                  linestyle=(look.line or "-") if at is None else "none",
                  markerfacecolor=style.color if look.is_full else "white")  # fmt: skip
