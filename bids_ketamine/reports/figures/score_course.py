"""The course of a score over all sessions: means with intervals by arm, lines of participants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import (
    INK,
    WIDTH,
    ArmStyle,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.forest import Estimate

FloatArray = NDArray[np.float64]

HEIGHT, LEFT, RIGHT, FOOT, HEAD = 260.0, 52.0, 126.0, 30.0, 10.0
#: Distance of arms within a session, in sessions, and least distance of names, pixels.
DODGE, BETWEEN_NAMES = 0.07, 14.0


@drawn
def score_course_figure(
    means: Mapping[tuple[str, str], Estimate],
    *,
    lines: Mapping[str, FloatArray],
    sessions: Sequence[str],
    styles: Mapping[str, ArmStyle],
    unit: str,
    name: str,
    description: str,
) -> Markup:
    """Draw means with intervals of each arm over the sessions, and participants as thin lines.

    Parameters
    ----------
    means : mapping of (session, arm) to Estimate
        What is drawn; others are left out.
    lines : mapping of str to ndarray of shape (n_participants, n_sessions)
        Scores of participants by arm, NaN where missing; empty when they are not to be shown.
    sessions : sequence of str
        Sessions from left to right, at equal distances.
    styles : mapping of str to ArmStyle
        How arms look.
    unit : str
        Label of the vertical axis.
    name, description : str
        Identifier and text alternative.
    """
    arms = [arm for arm in styles if any((session, arm) in means for session in sessions)]
    if not arms:
        raise ValueError("there are no means")
    figure = new_figure(WIDTH, HEIGHT)
    wide, tall = 1 - (LEFT + RIGHT) / WIDTH, 1 - (FOOT + HEAD) / HEIGHT
    axis = figure.add_axes((LEFT / WIDTH, FOOT / HEIGHT, wide, tall))
    ends = []
    for place, arm in enumerate(arms):
        style, offset = styles[arm], (place - (len(arms) - 1) / 2) * DODGE
        across = np.arange(len(sessions)) + offset
        for scores in lines.get(arm, np.empty((0, len(sessions)))):
            known = np.isfinite(scores)
            axis.plot(across[known], scores[known], color=style.color, linewidth=0.7, alpha=0.3,
                      zorder=2, marker=style.marker, markersize=2.2,
                      markeredgewidth=0)  # fmt: skip
        known_means = [(across[at], means[session, arm]) for at, session in enumerate(sessions)
                       if (session, arm) in means]  # fmt: skip
        axis.plot([at for at, _ in known_means], [each.value for _, each in known_means],
                  color=style.color, linewidth=2.2, zorder=4)  # fmt: skip
        for at, mean in known_means:
            _draw_mean(axis, at, mean, style)
        ends.append(known_means[-1][1].value)
    axis.set_xlim(-0.35, len(sessions) - 0.65)
    longest = 16 if len(sessions) <= 3 else 9
    axis.set_xticks(range(len(sessions)), [shortened(each, longest) for each in sessions])
    axis.tick_params(axis="x", length=0, labelcolor=INK)
    axis.set_ylabel(unit)
    axis.locator_params(axis="y", nbins=6)
    axis.margins(y=0.06)
    if set(styles) != {"all"}:
        _name_arms(axis, arms, ends, styles, height=HEIGHT * tall, width=WIDTH * wide)
    return svg(figure, name=name, description=description)


def _draw_mean(axis: Any, at: float, mean: Estimate, style: ArmStyle) -> None:
    if np.isfinite(mean.low) and np.isfinite(mean.high):
        axis.plot([at, at], [mean.low, mean.high], color=style.color, linewidth=1.8, zorder=5,
                  solid_capstyle="butt")  # fmt: skip
    axis.plot([at], [mean.value], style.marker, color=style.color, markersize=6.5, zorder=6,
              markeredgecolor="white", markeredgewidth=0.8)  # fmt: skip


def _name_arms(
    axis: Any,
    arms: Sequence[str],
    ends: Sequence[float],
    styles: Mapping[str, ArmStyle],
    *,
    height: float,
    width: float,
) -> None:
    """Write each arm's name at the height where its line ends, apart from each other."""
    low, high = axis.get_ylim()
    shares = spread_apart(
        [(end - low) / (high - low) for end in ends], distance=BETWEEN_NAMES / height
    )
    for arm, share in zip(arms, shares, strict=True):
        axis.plot([1 + 8 / width], [share], styles[arm].marker, color=styles[arm].color,
                  markersize=5.5, markeredgewidth=0, transform=axis.transAxes,
                  clip_on=False)  # fmt: skip
        axis.text(1 + 16 / width, share, shortened(arm, 15), color=INK, va="center", ha="left",
                  transform=axis.transAxes)  # fmt: skip


def spread_apart(places: Sequence[float], *, distance: float) -> list[float]:
    """Move places apart until neighbours keep a distance, within 0 and 1 where there is room.

    Parameters
    ----------
    places : sequence of float
        Where they would stand.
    distance : float
        Least distance of neighbours.

    Examples
    --------
    >>> [round(each, 2) for each in spread_apart([0.5, 0.52, 0.1], distance=0.1)]
    [0.5, 0.6, 0.1]
    """
    order = sorted(range(len(places)), key=lambda at: places[at])
    result = list(places)
    for before, at in pairwise(order):
        result[at] = max(result[at], result[before] + distance)
    above = max(result[order[-1]] - 1.0, 0.0) if order else 0.0
    return [each - above for each in result]
