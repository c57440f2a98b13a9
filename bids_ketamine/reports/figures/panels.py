"""Pictures of the group: a measure by arm and session, and associations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.arm_names import arm_names, draw_arm_names
from bids_ketamine.reports.figures.canvas import INK, QUIET, RULE, ArmStyle, drawn, new_figure, svg

FloatArray = NDArray[np.float64]


def _nothing() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True)
class Cell:
    """One arm in one session.

    Attributes
    ----------
    mean, low, high : float
        Mean and its interval; NaN where there is none.
    values : ndarray of shape (n,)
        Individual values; empty when they are not to be shown.
    """

    mean: float
    low: float
    high: float
    values: FloatArray = field(default_factory=_nothing)


@drawn
def session_panel(
    cells: Mapping[tuple[str, str], Cell],
    *,
    sessions: Sequence[str],
    styles: Mapping[str, ArmStyle],
    zero: bool,
    name: str,
    description: str,
) -> Markup:
    """Draw means with intervals, and individual values, of one measure; arms are named above.

    Parameters
    ----------
    cells : mapping of (session, arm) to Cell
        What is drawn; others are left out.
    sessions : sequence of str
        Sessions from left to right.
    styles : mapping of str to ArmStyle
        Arms beside each other, and how they look.
    zero : bool
        Draw a line at zero and keep it in view.
    name, description : str
        Identifier and text alternative.
    """
    known_arms = [arm for arm in styles if any((each, arm) in cells for each in sessions)]
    names = arm_names(known_arms, everybody="all participants", left=0.17 * 250, width=250)
    height = 180 + names.growth
    figure = new_figure(250, height)
    foot, head = 25 / height, max(names.height + 3, 7) / height
    axis = figure.add_axes((0.17, foot, 0.81, 1 - foot - head))
    draw_arm_names(figure, names, styles)
    width = 0.62 / max(len(styles), 1)
    for place, (arm, style) in enumerate(styles.items()):
        offset = (place - (len(styles) - 1) / 2) * width
        known = [(at, cells[s, arm]) for at, s in enumerate(sessions) if (s, arm) in cells]
        for at, cell in known:
            _dots(axis, at + offset + 0.22 * width, cell.values, style, spread=0.3 * width)
            _mean(axis, at + offset - 0.12 * width, cell, style)
        means = [(at + offset - 0.12 * width, cell.mean) for at, cell in known]
        if len(means) > 1:
            axis.plot(*zip(*means, strict=True), color=style.color, linewidth=1.0, alpha=0.7)
    if zero:
        axis.axhline(0, color=QUIET, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
    axis.set_xlim(-0.5, len(sessions) - 0.5)
    axis.set_xticks(range(len(sessions)), [_short(session) for session in sessions])
    axis.tick_params(axis="x", length=0, labelcolor=INK)
    axis.locator_params(axis="y", nbins=5)
    axis.margins(y=0.08)
    return svg(figure, name=name, description=description)


@drawn
def association_panel(
    points: Mapping[str, tuple[FloatArray, FloatArray]],
    *,
    styles: Mapping[str, ArmStyle],
    labels: tuple[str, str],
    name: str,
    description: str,
) -> Markup:
    """Draw two scores of each participant against each other; arms are named above.

    Parameters
    ----------
    points : mapping of str to (ndarray, ndarray)
        Horizontal and vertical values by arm, paired by position.
    styles : mapping of str to ArmStyle
        How arms look.
    labels : (str, str)
        Of the horizontal and the vertical axis.
    name, description : str
        Identifier and text alternative.
    """
    arms = [arm for arm in styles if arm in points]
    names = arm_names(arms, everybody="without an arm", left=0.18 * 280, width=280)
    height = 230 + names.growth
    figure = new_figure(280, height)
    foot, head = 46 / height, max(names.height + 3, 8) / height
    axis = figure.add_axes((0.18, foot, 0.8, 1 - foot - head))
    draw_arm_names(figure, names, styles)
    for arm, (across, up) in points.items():
        style = styles[arm]
        axis.plot(across, up, style.marker, color=style.color, markersize=4.5, alpha=0.85,
                  markeredgewidth=0)  # fmt: skip
    axis.axvline(0, color=RULE, linewidth=0.8, zorder=1)
    axis.axhline(0, color=RULE, linewidth=0.8, zorder=1)
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.locator_params(nbins=5)
    return svg(figure, name=name, description=description)


def _mean(axis: Any, at: float, cell: Cell, style: ArmStyle) -> None:
    if np.isfinite(cell.low) and np.isfinite(cell.high):
        axis.plot([at, at], [cell.low, cell.high], color=style.color, linewidth=1.8, zorder=5,
                  solid_capstyle="butt")  # fmt: skip
    axis.plot([at], [cell.mean], style.marker, color=style.color, markersize=5.5, zorder=6,
              markeredgecolor="white", markeredgewidth=0.8)  # fmt: skip


def _dots(axis: Any, at: float, values: FloatArray, style: ArmStyle, *, spread: float) -> None:
    values = np.sort(values[np.isfinite(values)])
    if values.size == 0:
        return
    # Neighbours in size go to different places, always the same ones.
    places = at + spread * (np.arange(values.size) * 0.618034 % 1.0 - 0.25)
    axis.plot(places, values, style.marker, color=style.color, markersize=2.6, alpha=0.45,
              markeredgewidth=0, zorder=3)  # fmt: skip


def _short(label: str) -> str:
    return label if len(label) <= 14 else label[:13] + "…"
