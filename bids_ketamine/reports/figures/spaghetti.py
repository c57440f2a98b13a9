"""A measure before and after, participant by participant, beside its normal variability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
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
from bids_ketamine.reports.figures.forest import Estimate

FloatArray = NDArray[np.float64]

HEIGHT, LEFT, FOOT = 262.0, 52.0, 42.0
#: Share of the width of the courses, and of the distance to the changes.
COURSES, BETWEEN = 0.52, 0.115
#: Distance of groups at one session, in sessions.
DODGE = 0.09
#: Share of differences within the band of normal variability, in standard deviations.
NORMAL = 1.96


@dataclass(frozen=True)
class SpaghettiData:
    """What a figure shows.

    Attributes
    ----------
    sessions : tuple of str
        Sessions that participants have: those before treatment, then the one after.
    mean_session : str
        Name of the mean of the first ones; empty where there is one session before treatment.
    lines : mapping of str to ndarray of shape (n_participants, n_columns)
        Values by group; columns are the sessions before, their mean (where it is one), and the
        session after. NaN where missing; empty when single participants are not to be shown.
    means : mapping of str to sequence of Estimate
        Means of the last two columns (before and after) by group.
    changes : mapping of str to ndarray of shape (n,)
        Change of each participant by group; empty when not to be shown.
    mean_changes : mapping of str to Estimate
        Mean change by group.
    normal : ndarray of shape (n,)
        Differences between the sessions before treatment; empty when not to be shown.
    normal_sd : float
        Their standard deviation; NaN where it is not known.
    """

    sessions: tuple[str, ...]
    mean_session: str
    lines: Mapping[str, FloatArray]
    means: Mapping[str, Sequence[Estimate]]
    changes: Mapping[str, FloatArray]
    mean_changes: Mapping[str, Estimate]
    normal: FloatArray
    normal_sd: float

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of :attr:`lines`."""
        if not self.mean_session:
            return self.sessions
        return (*self.sessions[:-1], self.mean_session, self.sessions[-1])


@drawn
def spaghetti_figure(
    data: SpaghettiData,
    *,
    styles: Mapping[str, ArmStyle],
    unit: str,
    change_label: str,
    normal_label: str,
    name: str,
    description: str,
) -> Markup:
    """Draw a line for each participant, means of groups, and changes beside what is normal.

    Parameters
    ----------
    data : SpaghettiData
        Values.
    styles : mapping of str to ArmStyle
        Groups and how they look.
    unit : str
        Label of the vertical axes.
    change_label, normal_label : str
        What the changes are, and what the differences between sessions before treatment are.
    name, description : str
        Identifier and text alternative.
    """
    groups = [group for group in styles if group in data.means or group in data.lines]
    if not groups:
        raise ValueError("there are no values")
    names = arm_names(groups, everybody="all participants", left=LEFT, width=WIDTH)
    height = HEIGHT + names.height
    figure = new_figure(WIDTH, height)
    body = HEIGHT - FOOT - 10
    place = (LEFT / WIDTH, FOOT / height, COURSES, body / height)
    axis = figure.add_axes(place)
    draw_arm_names(figure, names, styles)
    _draw_courses(axis, data, groups, styles)
    axis.set_ylabel(unit)
    axis.locator_params(axis="y", nbins=6)
    left = place[0] + COURSES + BETWEEN
    _draw_changes(
        figure, (left, place[1], 0.985 - left, place[3]), data, groups, styles,
        labels=(change_label, normal_label),
    )  # fmt: skip
    return svg(figure, name=name, description=description)


def _draw_courses(
    axis: Any, data: SpaghettiData, groups: Sequence[str], styles: Mapping[str, ArmStyle]
) -> None:
    columns = data.columns
    # Sessions before treatment stand close to each other.
    n_before = len(columns) - 1
    places = np.array([*(0.62 * at for at in range(n_before)), 0.62 * (n_before - 1) + 1.0])
    for order, group in enumerate(groups):
        style = styles[group]
        offset = (order - (len(groups) - 1) / 2) * DODGE
        for values in data.lines.get(group, np.empty((0, len(columns)))):
            _draw_person(axis, places, values, style, has_mean=bool(data.mean_session))
        means = data.means.get(group, ())
        across = places[-2:] + offset
        known = [(at, mean) for at, mean in zip(across, means, strict=False)
                 if np.isfinite(mean.value)]  # fmt: skip
        axis.plot([at for at, _ in known], [mean.value for _, mean in known],
                  color=style.color, linewidth=2.4, zorder=6)  # fmt: skip
        for at, mean in known:
            _draw_mean(axis, at, mean, style)
    axis.set_xlim(places[0] - 0.25, places[-1] + 0.25)
    axis.set_xticks(places, [_session(each, data) for each in columns])
    axis.tick_params(axis="x", length=0, labelcolor=INK)
    axis.margins(y=0.06)


def _session(session: str, data: SpaghettiData) -> str:
    named = shortened(session, 10)
    return f"{named}\n(mean)" if session == data.mean_session else named


def _draw_person(
    axis: Any, places: FloatArray, values: FloatArray, style: ArmStyle, *, has_mean: bool
) -> None:
    known = np.isfinite(values)
    if has_mean:
        before = known.copy()
        before[-2:] = False
        axis.plot(places[before], values[before], color=style.color, linewidth=0.7, alpha=0.45,
                  linestyle=(0, (1.5, 1.5)), zorder=2)  # fmt: skip
    last = known.copy()
    last[:-2] = False
    axis.plot(places[last], values[last], color=style.color, linewidth=0.8, alpha=0.45, zorder=3)
    axis.plot(places[known], values[known], style.marker, color=style.color, markersize=2.6,
              alpha=0.55, markeredgewidth=0, zorder=4)  # fmt: skip


def _draw_mean(axis: Any, at: float, mean: Estimate, style: ArmStyle) -> None:
    if np.isfinite(mean.low) and np.isfinite(mean.high):
        axis.plot([at, at], [mean.low, mean.high], color=style.color, linewidth=2.0, zorder=7,
                  solid_capstyle="butt")  # fmt: skip
    axis.plot([at], [mean.value], style.marker, color=style.color, markersize=6.5, zorder=8,
              markeredgecolor="white", markeredgewidth=0.9)  # fmt: skip


def _draw_changes(
    figure: Figure,
    place: tuple[float, float, float, float],
    data: SpaghettiData,
    groups: Sequence[str],
    styles: Mapping[str, ArmStyle],
    *,
    labels: tuple[str, str],
) -> None:
    """Draw changes of groups beside differences without treatment."""
    axis = figure.add_axes(place)
    change_label, normal_label = labels
    ticks: list[tuple[float, str]] = []
    first = 0.0
    if np.isfinite(data.normal_sd):
        half = NORMAL * data.normal_sd
        axis.axhspan(-half, half, color=RULE, alpha=0.45, linewidth=0, zorder=0)
        _draw_strip(axis, 0.0, data.normal, ArmStyle(QUIET, "o"))
        spread = Estimate(float("nan"), -half, half)
        axis.plot([0.25, 0.25], [spread.low, spread.high], color=QUIET, linewidth=1.2)
        ticks.append((0.0, normal_label))
        first = 1.0
    shown = [group for group in groups if group in data.mean_changes or group in data.changes]
    for order, group in enumerate(shown):
        at = first + 0.75 * order
        _draw_strip(axis, at - 0.08, data.changes.get(group, np.empty(0)), styles[group])
        if group in data.mean_changes and np.isfinite(data.mean_changes[group].value):
            _draw_mean(axis, at + 0.22, data.mean_changes[group], styles[group])
    if shown:
        ticks.append((first + 0.75 * (len(shown) - 1) / 2, change_label))
    axis.axhline(0, color=QUIET, linewidth=0.9, linestyle=(0, (3, 3)), zorder=1)
    axis.set_xlim(-0.5, first + 0.75 * max(len(shown) - 1, 0) + 0.55)
    axis.set_xticks([at for at, _ in ticks], [words for _, words in ticks], fontsize=7.5)
    axis.tick_params(axis="x", length=0, labelcolor=INK)
    axis.locator_params(axis="y", nbins=6)
    axis.margins(y=0.08)


def _draw_strip(axis: Any, at: float, values: FloatArray, style: ArmStyle) -> None:
    values = np.sort(values[np.isfinite(values)])
    # Neighbours in size go to different places, always the same ones.
    places = at + 0.24 * (np.arange(values.size) * 0.618034 % 1.0 - 0.5)
    axis.plot(places, values, style.marker, color=style.color, markersize=3.0, alpha=0.6,
              markeredgewidth=0, zorder=4)  # fmt: skip
