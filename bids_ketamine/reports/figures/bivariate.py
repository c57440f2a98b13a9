"""Two values of each participant by arm, with fitted lines and the band of their mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from scipy import special

from bids_ketamine.reports.figures.arm_names import arm_names, draw_arm_names
from bids_ketamine.reports.figures.canvas import RULE, ArmStyle, drawn, new_figure, svg

FloatArray = NDArray[np.float64]

#: Fewest participants with a line, and with a band around it.
FEWEST_LINE, FEWEST_BAND = 3, 4
#: Points of a band.
STEPS = 41
#: Lines of arms, so that they are told apart in print without colour.
DASHES: tuple[tuple[float, tuple[float, ...] | None], ...] = (
    (0, None),
    (0, (5, 2)),
    (0, (1.2, 1.6)),
    (0, (6, 2, 1.2, 2)),
)


@dataclass(frozen=True)
class FittedLine:
    """A least-squares line and the confidence band of the mean.

    Attributes
    ----------
    across, middle : ndarray of shape (n_steps,)
        The line.
    low, high : ndarray of shape (n_steps,)
        Its band; NaN where there are too few participants.
    """

    across: FloatArray
    middle: FloatArray
    low: FloatArray
    high: FloatArray


def fitted_line(across: FloatArray, up: FloatArray, *, level: float) -> FittedLine | None:
    r"""Return the least-squares line with the pointwise confidence band of its mean.

    At x the band is :math:`\hat y \pm t_{n-2} s \sqrt{1/n + (x - \bar x)^2 / S_{xx}}` with
    :math:`s^2` the sum of squared residuals over n - 2.

    Parameters
    ----------
    across, up : ndarray of shape (n,)
        Pairs of values.
    level : float
        Level of the band.

    Returns
    -------
    FittedLine or None
        None for fewer than three pairs, or for equal values of `across`.

    Examples
    --------
    >>> line = fitted_line(np.arange(5.0), np.array([0.0, 2.0, 1.0, 3.0, 4.0]), level=0.95)
    >>> [round(float(each), 2) for each in (line.middle[20], line.low[20], line.high[20])]
    [2.0, 0.87, 3.13]
    """
    known = np.isfinite(across) & np.isfinite(up)
    across, up = across[known], up[known]
    n = across.size
    if n < FEWEST_LINE or np.ptp(across) == 0.0:
        return None
    centred = across - across.mean()
    spread = float(centred @ centred)
    slope = float(centred @ up / spread)
    points = np.linspace(across.min(), across.max(), STEPS)
    middle = up.mean() + slope * (points - across.mean())
    half = np.full(STEPS, np.nan)
    if n >= FEWEST_BAND:
        residual = up - up.mean() - slope * centred
        scale = np.sqrt(residual @ residual / (n - 2))
        quantile = float(special.stdtrit(n - 2, 0.5 + level / 2))
        half = quantile * scale * np.sqrt(1 / n + (points - across.mean()) ** 2 / spread)
    return FittedLine(points, middle, middle - half, middle + half)


@drawn
def bivariate_figure(
    points: Mapping[str, tuple[FloatArray, FloatArray]],
    *,
    styles: Mapping[str, ArmStyle],
    labels: tuple[str, str],
    level: float,
    name: str,
    description: str,
) -> Markup:
    """Draw pairs of values by arm, with least-squares lines and the bands of their means.

    Arms are named above.

    Parameters
    ----------
    points : mapping of str to (ndarray, ndarray)
        Horizontal and vertical values by arm, paired by position.
    styles : mapping of str to ArmStyle
        How arms look.
    labels : (str, str)
        Of the horizontal and the vertical axis.
    level : float
        Level of the bands.
    name, description : str
        Identifier and text alternative.
    """
    names = arm_names(list(points), everybody="without an arm", left=0.18 * 280, width=280)
    height = 230 + names.growth
    figure = new_figure(280, height)
    foot, head = 46 / height, max(names.height + 3, 7) / height
    axis = figure.add_axes((0.18, foot, 0.8, 1 - foot - head))
    draw_arm_names(figure, names, styles)
    # A line at zero tells gain from loss; values that stay away from zero need none.
    for side, draw_line in enumerate((axis.axvline, axis.axhline)):
        if _straddles_zero([pair[side] for pair in points.values()]):
            draw_line(0, color=RULE, linewidth=0.8, zorder=1)
    for place, (arm, (across, up)) in enumerate(points.items()):
        style = styles[arm]
        line = fitted_line(across, up, level=level)
        if line is not None:
            axis.fill_between(line.across, line.low, line.high, color=style.color, alpha=0.14,
                              linewidth=0, zorder=2)  # fmt: skip
            axis.plot(line.across, line.middle, color=style.color, linewidth=1.4, zorder=3,
                      linestyle=DASHES[place % len(DASHES)])  # fmt: skip
        axis.plot(across, up, style.marker, color=style.color, markersize=4.5, alpha=0.85,
                  markeredgewidth=0, zorder=4)  # fmt: skip
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.locator_params(nbins=5)
    return svg(figure, name=name, description=description)


def _straddles_zero(values: list[FloatArray]) -> bool:
    every = np.concatenate(values) if values else np.empty(0)
    every = every[np.isfinite(every)]
    return bool(every.size and every.min() <= 0.0 <= every.max())
