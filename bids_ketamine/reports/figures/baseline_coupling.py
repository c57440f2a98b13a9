"""Coupling of each participant against improvement, with the lines of a group level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import RULE, ArmStyle, drawn, new_figure, svg

FloatArray = NDArray[np.float64]


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
    figure = new_figure(400, 260)
    axis = figure.add_axes((0.15, 0.17, 0.83, 0.8))
    axis.axhline(0, color=RULE, linewidth=0.8, zorder=1)
    every = np.concatenate([each.improvement for each in points.values()] or [np.empty(0)])
    every = every[np.isfinite(every)]
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
    if "all" in lines and "all" not in points and len(every):
        ends = np.array([every.min(), every.max()])
        axis.plot(ends, lines["all"].at(ends), color=styles["all"].color, linewidth=1.3,
                  linestyle=(0, (4, 2)), zorder=3)  # fmt: skip
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.locator_params(nbins=5)
    return svg(figure, name=name, description=description)
