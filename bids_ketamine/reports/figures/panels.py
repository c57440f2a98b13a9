"""Pictures of the group: a measure by arm and session, scores before and after, associations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Course:
    """Scores of one arm before and after.

    Attributes
    ----------
    first, second : Cell
        Means with intervals; their values, where shown, are paired by position.
    """

    first: Cell
    second: Cell


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
    """Draw means with intervals, and individual values, of one measure.

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
    figure = new_figure(250, 180)
    axis = figure.add_axes((0.17, 0.14, 0.81, 0.82))
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
def course_panel(
    courses: Mapping[str, Course],
    *,
    ends: tuple[str, str],
    styles: Mapping[str, ArmStyle],
    unit: str,
    name: str,
    description: str,
) -> Markup:
    """Draw scores before and after, a pair of columns for each arm.

    Parameters
    ----------
    courses : mapping of str to Course
        By arm.
    ends : (str, str)
        Names of the two sessions.
    styles : mapping of str to ArmStyle
        How arms look.
    unit : str
        Unit of the score.
    name, description : str
        Identifier and text alternative.
    """
    n_arms = max(len(courses), 1)
    width = 90.0 + 130.0 * n_arms
    figure = new_figure(width, 230)
    axis = figure.add_axes((48 / width, 0.14, 1 - 56 / width, 0.74))
    ticks, labels = [], []
    for place, (arm, course) in enumerate(courses.items()):
        left, right = 1.6 * place, 1.6 * place + 0.8
        style = styles[arm]
        for pair in zip(course.first.values, course.second.values, strict=False):
            axis.plot([left, right], pair, color=style.color, linewidth=0.8, alpha=0.4, zorder=2)
        means = [course.first.mean, course.second.mean]
        axis.plot([left, right], means, color=style.color, linewidth=2.4, zorder=4)
        _mean(axis, left, course.first, style)
        _mean(axis, right, course.second, style)
        axis.text((left + right) / 2, 1.04, _short(arm), transform=axis.get_xaxis_transform(),
                  ha="center", va="bottom", color=style.color, fontweight="bold")  # fmt: skip
        ticks += [left, right]
        labels += [_short(ends[0]), _short(ends[1])]
    axis.set_xlim(-0.4, 1.6 * (n_arms - 1) + 1.2)
    axis.set_xticks(ticks, labels)
    axis.tick_params(axis="x", length=0, labelcolor=INK)
    axis.set_ylabel(unit)
    axis.locator_params(axis="y", nbins=6)
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
    """Draw two scores of each participant against each other.

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
    figure = new_figure(280, 230)
    axis = figure.add_axes((0.18, 0.2, 0.8, 0.76))
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
