"""A value of each participant against another, with the least-squares line and its band."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from scipy import stats

from bids_ketamine.reports.figures.canvas import INK, ArmStyle, drawn, new_figure, shortened, svg

FloatArray = NDArray[np.float64]

SIDE, HEIGHT = 250.0, 214.0
#: Fewest participants of a line.
FEWEST = 3


@drawn
def volume_scatter_figure(
    across: FloatArray,
    up: FloatArray,
    *,
    style: ArmStyle,
    labels: tuple[str, str],
    confidence_level: float,
    name: str,
    description: str,
) -> Markup:
    """Draw participants, the regression of one value on the other and the band of its mean.

    Parameters
    ----------
    across, up : ndarray of shape (n_participants,)
        Values, none missing.
    style : ArmStyle
        How marks look.
    labels : (str, str)
        Of the horizontal and of the vertical axis.
    confidence_level : float
        Level of the band, between 0 and 1.
    name, description : str
        Identifier and text alternative.
    """
    if not len(across):
        raise ValueError("nobody has both values")
    figure = new_figure(SIDE, HEIGHT)
    axis = figure.add_axes((0.2, 44 / HEIGHT, 0.74, 1 - 54 / HEIGHT))
    if len(across) >= FEWEST and np.ptp(across) > 0:
        _draw_line(axis, across, up, style, confidence_level)
    axis.plot(across, up, style.marker, color=style.color, markersize=4.5, alpha=0.85,
              markeredgewidth=0, zorder=4)  # fmt: skip
    axis.set_xlabel(shortened(labels[0], 40))
    axis.set_ylabel(shortened(labels[1], 32))
    axis.locator_params(nbins=5)
    axis.tick_params(labelcolor=INK)
    return svg(figure, name=name, description=description)


def _draw_line(
    axis: Any, across: FloatArray, up: FloatArray, style: ArmStyle, confidence_level: float
) -> None:
    n, centre = len(across), across.mean()
    spread = float(((across - centre) ** 2).sum())
    slope = float(((across - centre) * (up - up.mean())).sum()) / spread
    at = np.linspace(across.min(), across.max(), 41)
    line = up.mean() + slope * (at - centre)
    residual = up - up.mean() - slope * (across - centre)
    error = np.sqrt((residual**2).sum() / (n - 2))
    half = float(stats.t.ppf((1 + confidence_level) / 2, n - 2)) * error
    half = half * np.sqrt(1 / n + (at - centre) ** 2 / spread)
    axis.fill_between(at, line - half, line + half, color=style.color, alpha=0.14, linewidth=0)
    axis.plot(at, line, color=style.color, linewidth=1.4, zorder=3)
