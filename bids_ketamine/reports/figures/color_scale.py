"""Colours of statistical maps: all values shown, small ones faded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import INK

FloatArray = NDArray[np.float64]

#: From this t on a value is opaque; smaller ones fade (Taylor et al. 2023,
#: doi:10.1016/j.neuroimage.2023.120138).
OPAQUE_FROM = 3.1
#: A narrower scale of t would make noise look strong.
SMALLEST_LIMIT = 5.0
#: A scale of F ends no earlier than at this many times its faded part.
SMALLEST_RATIO = 2.0
#: A little anatomy shines through everywhere.
MOST_OPAQUE = 0.92
#: Share of values that the scale holds, percent.
HELD = 99.5


@dataclass(frozen=True)
class ColorScale:
    """What colour and how much of it stands for a value.

    Attributes
    ----------
    symbol : str
        Statistic, ``t`` or ``F``.
    limit : float
        End of the scale; larger values look like it.
    opaque_from : float
        Size from which on values do not fade.
    signed : bool
        Whether values have two signs; else the scale begins at zero.
    """

    symbol: str
    limit: float
    opaque_from: float
    signed: bool

    def colors(self, values: FloatArray) -> FloatArray:
        """Return colours from 0 to 1, shape (..., 3)."""
        share = np.clip(values / self.limit, -1.0 if self.signed else 0.0, 1.0)
        name, place = ("RdBu_r", 0.5 + 0.5 * share) if self.signed else ("YlOrRd", share)
        return np.asarray(matplotlib.colormaps[name](place)[..., :3], dtype=np.float64)

    def opacity(self, values: FloatArray) -> FloatArray:
        """Return how much of a colour is seen, from 0 to 1."""
        return np.asarray(np.clip(np.abs(values) / self.opaque_from, 0, 1) ** 2, dtype=np.float64)

    def blend(self, values: FloatArray, ground: FloatArray, inside: FloatArray) -> FloatArray:
        """Lay values over greys.

        Parameters
        ----------
        values, ground, inside : ndarray of one shape
            Values, greys from 0 to 1, and 1 where there is a value.

        Returns
        -------
        ndarray of shape (..., 3)
            Colours.
        """
        opacity = (self.opacity(values) * MOST_OPAQUE * inside)[..., None]
        return ground[..., None] * (1 - opacity) + self.colors(values) * opacity

    def palette(self) -> FloatArray:
        """Return greys, and every colour of the scale over six greys, at most 256 in all."""
        sizes = np.linspace(0.12, 1, 15 if self.signed else 30)
        shares = np.r_[-sizes[::-1], sizes] if self.signed else sizes
        values = np.repeat(shares[:, None] * self.limit, 6, axis=1)
        ground = np.broadcast_to(np.linspace(0.4, 0.95, 6), values.shape)
        blends = self.blend(values, ground, np.ones_like(values))
        greys = np.repeat(np.linspace(0, 1, 40)[:, None], 3, axis=1)
        return np.vstack([greys, blends.reshape(-1, 3)])

    def draw_bar(self, figure: Figure, height: float) -> None:
        """Draw the scale at the foot of a figure.

        Parameters
        ----------
        figure : Figure
            A figure with 44 pixels of room below.
        height : float
            Its height, pixels of the page.
        """
        low = -self.limit if self.signed else 0.0
        left, width = (0.3, 0.4) if self.signed else (0.36, 0.28)
        axis = figure.add_axes((left, 21 / height, width, 9 / height))
        ramp = np.linspace(low, self.limit, 256)
        ground = np.full(256, 0.82)
        opacity = self.opacity(ramp)[:, None]
        shades = ground[:, None] * (1 - opacity) + self.colors(ramp) * opacity
        axis.imshow(shades[None], aspect="auto", extent=(low, self.limit, 0, 1))
        axis.spines[:].set_visible(False)
        axis.set_yticks([])
        ticks = [0.0, self.opaque_from, self.limit]
        ticks = [-self.limit, -self.opaque_from, *ticks] if self.signed else ticks
        labels = [f"{tick:.3g}".replace("-", "\u2212") for tick in ticks]
        axis.set_xticks(ticks, labels, color=INK, fontsize=7.5)
        axis.tick_params(length=2, pad=1.5)
        axis.text(1.03, 0.5, self.symbol, transform=axis.transAxes, va="center", color=INK,
                  style="italic")  # fmt: skip


def t_scale(maps: Sequence[FloatArray]) -> ColorScale:
    """Return a scale of two signs that serves several t maps.

    Parameters
    ----------
    maps : sequence of ndarray
        t values, NaN outside the mask.

    Examples
    --------
    >>> t_scale([np.full(10, -11.2), np.full(10, np.nan)]).limit
    12.0
    """
    limit = max(SMALLEST_LIMIT, float(np.ceil(_largest(maps))))
    return ColorScale("t", limit, OPAQUE_FROM, signed=True)


def f_scale(maps: Sequence[FloatArray], *, opaque_from: float) -> ColorScale:
    """Return a scale from zero upward that serves several F maps.

    Parameters
    ----------
    maps : sequence of ndarray
        F values, NaN outside the mask.
    opaque_from : float
        F from which on values do not fade.

    Examples
    --------
    >>> f_scale([np.full(10, 40.5)], opaque_from=7.0).limit
    41.0
    """
    smallest = SMALLEST_RATIO * opaque_from
    return ColorScale("F", float(np.ceil(max(smallest, _largest(maps)))), opaque_from, signed=False)


def _largest(maps: Sequence[FloatArray]) -> float:
    sizes = [np.abs(each[np.isfinite(each)]) for each in maps]
    return max((float(np.percentile(size, HELD)) for size in sizes if size.size), default=0.0)
