"""Coupling of each participant against improvement, with the lines of a group level."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bids_ketamine.reports.figures.arm_names import ROW, arm_names, draw_arm_names
from bids_ketamine.reports.figures.canvas import (
    INK,
    QUIET,
    RULE,
    ArmStyle,
    drawn,
    new_figure,
    svg,
)

FloatArray = NDArray[np.float64]

#: Width, pixels, and the line of all participants beside those of arms.
WIDE, DASHES = 400.0, (0, (4, 2))


@dataclass(frozen=True)
class CouplingPoints:
    """Coupling of the participants of an arm.

    Attributes
    ----------
    improvement : ndarray of shape (n,)
        Improvement of each.
    own : ndarray of shape (n,)
        Estimates of the participants' models, Hz.
    reevaluated : ndarray of shape (n,)
        The same when the group is their prior, Hz.
    """

    improvement: FloatArray
    own: FloatArray
    reevaluated: FloatArray


@dataclass(frozen=True)
class CouplingLine:
    """Group line: coupling at the mean improvement, and its slope (per point)."""

    middle: float
    height: float
    slope: float

    def at(self, improvement: FloatArray) -> FloatArray:
        """Return the coupling at some values of improvement."""
        return self.height + self.slope * (improvement - self.middle)


@drawn
def coupling_figure(
    points: Mapping[str, CouplingPoints],
    lines: Mapping[str, CouplingLine],
    *,
    styles: Mapping[str, ArmStyle],
    labels: tuple[str, str],
    name: str,
    description: str,
) -> Markup:
    """Draw coupling against improvement: full marks re-evaluated, faint rings as estimated.

    Arms, marks and lines are named above.

    Parameters
    ----------
    points : mapping of str to CouplingPoints
        Participants by arm.
    lines : mapping of str to CouplingLine
        Line of each arm's group level.
    styles : mapping of str to ArmStyle
        How arms look.
    labels : (str, str)
        Of the horizontal and the vertical axis.
    name, description : str
        Identifier and text alternative.
    """
    names = arm_names(
        [arm for arm in styles if arm in points],
        everybody="without an arm", left=0.15 * WIDE, width=WIDE,
    )  # fmt: skip
    every = np.concatenate([each.improvement for each in points.values()] or [np.empty(0)])
    every = every[np.isfinite(every)]
    dashed = "all" in lines and "all" not in points and len(every) > 0
    is_lined = any(arm in lines for arm in points)
    marks = _marks(is_lined=is_lined, dashed=styles["all"].color if dashed else None)
    head = names.height + ROW * math.ceil(len(marks) / 2) + 10
    height = 250 + head
    figure = new_figure(WIDE, height)
    axis = figure.add_axes((0.15, 44 / height, 0.83, 206 / height))
    draw_arm_names(figure, names, styles)
    figure.legend(list(marks.values()), list(marks), loc="upper left", ncols=2, frameon=False,
                  bbox_to_anchor=(0.14, 1 - (names.height + 1) / height), borderaxespad=0.0,
                  borderpad=0.2, handlelength=1.6, handletextpad=0.5, columnspacing=1.4,
                  labelspacing=0.35, labelcolor=INK, fontsize=7.5)  # fmt: skip
    axis.axhline(0, color=RULE, linewidth=0.8, zorder=1)
    for arm, found in points.items():
        style = styles[arm]
        axis.plot(found.improvement, found.own, style.marker, color=style.color, markersize=3.8,
                  markerfacecolor="none", markeredgewidth=0.8, alpha=0.5, zorder=2)  # fmt: skip
        axis.vlines(found.improvement, found.own, found.reevaluated, color=style.color,
                    linewidth=0.5, alpha=0.35, zorder=2)  # fmt: skip
        axis.plot(found.improvement, found.reevaluated, style.marker, color=style.color,
                  markersize=5.2, alpha=0.9, markeredgewidth=0, zorder=4)  # fmt: skip
        here = found.improvement[np.isfinite(found.improvement)]
        if arm in lines and len(here):
            ends = np.array([here.min(), here.max()])
            axis.plot(ends, lines[arm].at(ends), color=style.color, linewidth=1.8, zorder=3)
    if dashed:
        ends = np.array([every.min(), every.max()])
        axis.plot(ends, lines["all"].at(ends), color=styles["all"].color, linewidth=1.3,
                  linestyle=DASHES, zorder=3)  # fmt: skip
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.locator_params(nbins=5)
    return svg(figure, name=name, description=description)


def _marks(*, is_lined: bool, dashed: str | None) -> dict[str, Line2D]:
    """Return what marks and lines mean."""
    full = Line2D([], [], color=QUIET, marker="o", markersize=5.2, linestyle="none")
    ring = Line2D([], [], color=QUIET, marker="o", markersize=3.8, linestyle="none",
                  markerfacecolor="none", markeredgewidth=0.8)  # fmt: skip
    marks = {"participant, group as prior": full, "the same, alone": ring}
    if is_lined:
        marks["group level"] = Line2D([], [], color=QUIET, linewidth=1.8)
    if dashed is not None:
        marks["group level, all arms"] = Line2D(
            [], [], color=dashed, linewidth=1.3, linestyle=DASHES
        )
    return marks
