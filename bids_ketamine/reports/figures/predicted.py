"""Predicted against observed scores of each participant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bids_ketamine.reports.figures.arm_names import arm_names, draw_arm_names
from bids_ketamine.reports.figures.canvas import INK, QUIET, RULE, ArmStyle, drawn, new_figure, svg

FloatArray = NDArray[np.float64]

#: Width, pixels.
WIDE = 400.0


@dataclass(frozen=True)
class Predictions:
    """Scores of the participants of an arm.

    Attributes
    ----------
    observed : ndarray of shape (n,)
        What was measured.
    nested : ndarray of shape (n,)
        What is predicted from the other participants alone.
    fitted : ndarray of shape (n,)
        What the model of all participants gives.
    """

    observed: FloatArray
    nested: FloatArray
    fitted: FloatArray


@drawn
def predicted_figure(
    predictions: Mapping[str, Predictions],
    *,
    styles: Mapping[str, ArmStyle],
    unit: str,
    name: str,
    description: str,
) -> Markup:
    """Draw predicted against observed scores: full marks nested, faint rings in-sample.

    Arms and marks are named above.

    Parameters
    ----------
    predictions : mapping of str to Predictions
        By arm.
    styles : mapping of str to ArmStyle
        How arms look.
    unit : str
        What is predicted, with its unit.
    name, description : str
        Identifier and text alternative.
    """
    names = arm_names(
        [arm for arm in styles if arm in predictions],
        everybody="without an arm", left=0.14 * WIDE, width=WIDE,
    )  # fmt: skip
    height = 330 + names.height
    figure = new_figure(WIDE, height)
    axis = figure.add_axes((0.14, 43 / height, 0.83, 261 / height))
    draw_arm_names(figure, names, styles)
    every = [array for each in predictions.values()
             for array in (each.observed, each.nested, each.fitted)]  # fmt: skip
    values = np.concatenate(every) if every else np.empty(0)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    margin = 0.05 * (high - low) or 1.0
    ends = (low - margin, high + margin)
    axis.plot(ends, ends, color=RULE, linewidth=1.0, zorder=1)
    for arm, found in predictions.items():
        style = styles[arm]
        axis.plot(found.observed, found.fitted, style.marker, color=style.color, markersize=4.0,
                  markerfacecolor="none", markeredgewidth=0.9, alpha=0.55, zorder=2)  # fmt: skip
        axis.plot(found.observed, found.nested, style.marker, color=style.color, markersize=5.6,
                  alpha=0.9, markeredgewidth=0, zorder=4)  # fmt: skip
    axis.set(xlim=ends, ylim=ends)
    axis.locator_params(nbins=6)
    axis.set_xlabel(f"observed {unit}")
    axis.set_ylabel("predicted")
    marks = [
        Line2D([], [], color=QUIET, marker="o", markersize=5.6, linestyle="none"),
        Line2D([], [], color=QUIET, marker="o", markersize=4.0, linestyle="none",
               markerfacecolor="none", markeredgewidth=0.9),
        Line2D([], [], color=RULE, linewidth=1.0),
    ]  # fmt: skip
    axis.legend(marks, ["nested", "in-sample", "predicted = observed"], loc="lower left",
                bbox_to_anchor=(-0.02, 1), ncols=3, frameon=False, borderaxespad=0.2,
                handlelength=1.2, columnspacing=1.6, labelcolor=INK, fontsize=8)  # fmt: skip
    return svg(figure, name=name, description=description)
