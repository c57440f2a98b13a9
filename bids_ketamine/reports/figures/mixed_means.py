"""What entered a mixed model: means with intervals by session and arm, and each participant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from bids_ketamine.reports.figures.arm_names import arm_names, draw_arm_names
from bids_ketamine.reports.figures.canvas import (
    INK,
    WIDTH,
    ArmStyle,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.mixed_effects import TITLE, draw_title
from bids_ketamine.reports.figures.panels import Cell

HEIGHT, LEFT, FOOT = 250.0, 58.0, 26.0
#: Letters of a session and of the vertical label.
LONGEST, LONGEST_UNIT = 14, 34
#: Where one mark after the other stands in its room: neighbours in size apart.
GOLDEN = 0.618034


@drawn
def mixed_means_figure(
    cells: Mapping[tuple[str, str], Cell],
    *,
    title: str,
    unit: str,
    sessions: Sequence[str],
    styles: Mapping[str, ArmStyle],
    name: str,
    description: str,
) -> Markup:
    """Draw means with intervals by session and arm, and individual values beside them.

    Parameters
    ----------
    cells : mapping of (session, arm) to Cell
        What is drawn; others are left out.
    title : str
        What is modelled and by which model, above the picture.
    unit : str
        Label of the vertical axis.
    sessions : sequence of str
        Sessions from left to right.
    styles : mapping of str to ArmStyle
        Arms beside each other, and how they look.
    name, description : str
        Identifier and text alternative.
    """
    arms = [arm for arm in styles if any((session, arm) in cells for session in sessions)]
    names = arm_names(arms, everybody="all participants", left=LEFT, width=WIDTH)
    # The title has the first row.
    below = tuple((arm, left, row + 1) for arm, left, row in names.places)
    names = names._replace(places=below)
    height = HEIGHT + TITLE + names.growth
    figure = new_figure(WIDTH, height)
    foot, head = FOOT / height, (TITLE + max(names.height + 3, 7)) / height
    axis = figure.add_axes((LEFT / WIDTH, foot, 1 - (LEFT + 8) / WIDTH, 1 - foot - head))
    draw_arm_names(figure, names, styles)
    width = 0.62 / max(len(arms), 1)
    for place, arm in enumerate(arms):
        offset = (place - (len(arms) - 1) / 2) * width
        known = [(at + offset, cells[s, arm]) for at, s in enumerate(sessions) if (s, arm) in cells]
        for at, cell in known:
            _draw(axis, at, cell, styles[arm], width)
        axis.plot([at - 0.12 * width for at, _ in known], [cell.mean for _, cell in known],
                  color=styles[arm].color, linewidth=1.0, alpha=0.7)  # fmt: skip
    axis.set_xlim(-0.5, len(sessions) - 0.5)
    axis.set_xticks(range(len(sessions)), [shortened(each, LONGEST) for each in sessions])
    axis.tick_params(axis="x", length=0, labelcolor=INK)
    axis.set_ylabel(shortened(unit, LONGEST_UNIT))
    axis.locator_params(axis="y", nbins=6)
    axis.margins(y=0.08)
    draw_title(figure, title)
    return svg(figure, name=name, description=description)


def _draw(axis: Any, at: float, cell: Cell, style: ArmStyle, width: float) -> None:
    """Draw a mean left of its middle, and single values right of it."""
    values = np.sort(cell.values[np.isfinite(cell.values)])
    if values.size:
        apart = 0.3 * width * (np.arange(values.size) * GOLDEN % 1.0 - 0.25)
        axis.plot(at + 0.22 * width + apart, values, style.marker, color=style.color,
                  markersize=2.6, alpha=0.45, markeredgewidth=0, zorder=3)  # fmt: skip
    mean = at - 0.12 * width
    if np.isfinite(cell.low) and np.isfinite(cell.high):
        axis.plot([mean, mean], [cell.low, cell.high], color=style.color, linewidth=1.8, zorder=5,
                  solid_capstyle="butt")  # fmt: skip
    axis.plot([mean], [cell.mean], style.marker, color=style.color, markersize=5.5, zorder=6,
              markeredgecolor="white", markeredgewidth=0.8)  # fmt: skip
