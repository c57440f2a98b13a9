"""A measure of each participant against improvement, with a line for each arm."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.arm_names import ROW, arm_names, draw_arm_names
from bids_ketamine.reports.figures.canvas import QUIET, RULE, ArmStyle, drawn, new_figure, svg

FloatArray = NDArray[np.float64]

#: Width, pixels, and what lines are.
WIDE, EXPLAINED = 280.0, "marks: participants; lines: least squares"
#: Fewest participants through whom a line is drawn.
FEWEST = 3


@drawn
def raw_values_figure(
    points: Mapping[str, tuple[FloatArray, FloatArray]],
    *,
    styles: Mapping[str, ArmStyle],
    labels: tuple[str, str],
    name: str,
    description: str,
) -> Markup:
    """Draw values of participants against improvement, with the least-squares line of each arm.

    Arms and lines are named above.

    Parameters
    ----------
    points : mapping of str to (ndarray, ndarray)
        Values and improvement by arm, paired by position.
    styles : mapping of str to ArmStyle
        How arms look.
    labels : (str, str)
        Of the horizontal and the vertical axis.
    name, description : str
        Identifier and text alternative.
    """
    names = arm_names(
        [arm for arm in styles if arm in points],
        everybody="without an arm", left=0.18 * WIDE, width=WIDE,
    )  # fmt: skip
    lines = {arm: least_squares_line(*pairs) for arm, pairs in points.items()}
    is_explained = any(line is not None for line in lines.values())
    head = names.height + (ROW if is_explained else 0.0)
    height = 230 + head
    figure = new_figure(WIDE, height)
    axis = figure.add_axes((0.18, 46 / height, 0.8, 177 / height))
    draw_arm_names(figure, names, styles)
    if is_explained:
        figure.text(0.18, 1 - (names.height + ROW / 2) / height, EXPLAINED, color=QUIET,
                    fontsize=7.5, va="center")  # fmt: skip
    for arm, (across, up) in points.items():
        style = styles[arm]
        line = lines[arm]
        if line is not None:
            axis.plot(*line, color=style.color, linewidth=1.3, alpha=0.75, zorder=2)
        axis.plot(across, up, style.marker, color=style.color, markersize=4.5, alpha=0.85,
                  markeredgewidth=0, zorder=3)  # fmt: skip
    axis.axhline(0, color=RULE, linewidth=0.8, zorder=1)
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.locator_params(nbins=5)
    return svg(figure, name=name, description=description)


def least_squares_line(across: FloatArray, up: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return the ends of the least-squares line; None for few points or equal values.

    Parameters
    ----------
    across, up : ndarray of shape (n,)
        Pairs of values.

    Examples
    --------
    >>> [end.tolist() for end in least_squares_line(np.arange(3.0), np.array([1.0, 3.0, 5.0]))]
    [[0.0, 2.0], [1.0, 5.0]]
    """
    known = np.isfinite(across) & np.isfinite(up)
    across, up = across[known], up[known]
    if across.size < FEWEST or np.ptp(across) == 0.0:
        return None
    centred = across - across.mean()
    slope = float(centred @ up / (centred @ centred))
    ends = np.array([across.min(), across.max()])
    return ends, up.mean() + slope * (ends - across.mean())
