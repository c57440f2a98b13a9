"""Values of two signs as colours and as numbers: in matrices and on the brain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import INK, QUIET, RULE
from bids_ketamine.reports.words import number

FloatArray = NDArray[np.float64]

#: Colours of values, blue below zero and red above.
COLORS = "RdBu_r"
#: Numbers of scales that end within these are shown as they are, others with a power of ten.
PLAIN = (0.01, 1000.0)
EXPONENTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class CellNumbers:
    """How the values of one colour scale are written in little room.

    Attributes
    ----------
    power : int
        Values are shown in units of ten to this power.
    decimals : int
        Decimals of what is shown.
    """

    power: int
    decimals: int

    @classmethod
    def of(cls, limit: float) -> CellNumbers:
        """Return how to write the values of a scale that ends at `limit`.

        >>> CellNumbers.of(0.3), CellNumbers.of(4e-6)
        (CellNumbers(power=0, decimals=2), CellNumbers(power=-6, decimals=1))
        """
        size = int(np.floor(np.log10(limit) + 1e-9))
        if PLAIN[0] <= limit < PLAIN[1]:
            return cls(0, 3 if limit < 0.2 else max(0, 2 - max(size, 0)))
        return cls(size, 1)

    def text(self, value: float) -> str:
        """Return a value, without the zero before its point.

        >>> CellNumbers.of(0.3).text(-0.25), CellNumbers.of(20.0).text(10.52)
        ('−.25', '10.5')
        """
        return re.sub(r"^(\u2212?)0\.", r"\1.", number(value / 10.0**self.power, self.decimals))

    def label(self, unit: str) -> str:
        """Return a unit with the power of ten before it.

        >>> CellNumbers.of(4e-6).label("arbitrary unit")
        '10⁻⁶ arbitrary unit'
        """
        return f"10{str(self.power).translate(EXPONENTS)} {unit}".strip() if self.power else unit


def value_palette() -> FloatArray:
    """Return greys and the colours of the scale for a picture of pixels, shape (n_colors, 3)."""
    greys = np.repeat(np.r_[np.linspace(0, 0.85, 40), 1.0][:, None], 3, axis=1)
    colors = np.asarray(colormaps[COLORS](np.linspace(0, 1, 215)), dtype=np.float64)[:, :3]
    # What is nearly white would be taken for the white of the page.
    return np.vstack([greys, colors[colors.min(axis=1) < 0.93]])


def number_font(values: FloatArray, *, limit: float, cell: float) -> float:
    """Return the size of type with which all values fit into cells, points.

    Parameters
    ----------
    values : ndarray of any shape
        What is written; missing values are not.
    limit : float
        End of the colour scale.
    cell : float
        Width of a cell, pixels of the page.

    Examples
    --------
    >>> round(number_font(np.array([0.12, np.nan]), limit=0.3, cell=12.0), 3)  # for .12
    5.175
    """
    numbers = CellNumbers.of(limit)
    # Widths are shares of the size of type; a point is 4/3 pixels.
    widths = {".": 0.32, "\u2212": 0.84}
    longest = max(
        (
            sum(widths.get(sign, 0.64) for sign in numbers.text(value))
            for value in values[np.isfinite(values)]
        ),
        default=1.0,
    )
    return float(np.clip(0.75 * 0.92 * cell / longest, 5.0, 8.0))


def draw_numbers(axis: Any, values: FloatArray, *, limit: float, font: float) -> None:
    """Write each value into its cell, in white where the colour is strong.

    Parameters
    ----------
    axis : Axes
        Holds the matrix as a picture.
    values : ndarray of shape (n_rows, n_columns)
        Values; nothing is written where they are missing.
    limit : float
        End of the colour scale.
    font : float
        Size of type, points.
    """
    numbers = CellNumbers.of(limit)
    for row, column in np.argwhere(np.isfinite(values)):
        value = float(values[row, column])
        axis.text(column, row, numbers.text(value), ha="center", va="center", fontsize=font,
                  color="white" if abs(value) > 0.62 * limit else INK)  # fmt: skip


def strike_missing(axis: Any, missing: NDArray[np.bool_]) -> None:
    """Draw a thin stroke through each cell that should have a value and has none.

    Parameters
    ----------
    axis : Axes
        Holds the matrix as a picture.
    missing : ndarray of bool, shape (n_rows, n_columns)
        The cells.
    """
    for row, column in np.argwhere(missing):
        axis.plot([column - 0.5, column + 0.5], [row + 0.5, row - 0.5], color=RULE, linewidth=0.6)


def draw_value_bar(
    figure: Figure,
    place: tuple[float, float, float, float],
    *,
    limit: float,
    label: str,
    horizontal: bool = False,
) -> None:
    """Draw a colour scale with zero in its middle, and its unit.

    Parameters
    ----------
    figure : Figure
        Where it is drawn.
    place : (float, float, float, float)
        Left, bottom, width and height, shares of the figure.
    limit : float
        End of the scale.
    label : str
        Unit; stands to the right of an upright bar, above a lying one.
    horizontal : bool
        Whether the bar lies.
    """
    numbers = CellNumbers.of(limit)
    axis = figure.add_axes(place)
    ramp = np.linspace(-limit, limit, 256)
    ends = (-limit, limit)
    axis.imshow(ramp[None] if horizontal else ramp[:, None], cmap=COLORS, aspect="auto",
                extent=(*ends, 0, 1) if horizontal else (0, 1, *ends),
                origin="lower", interpolation="bilinear")  # fmt: skip
    axis.spines[:].set_visible(False)
    ticks = [-limit, -limit / 2, 0.0, limit / 2, limit]
    # One decimal more, so that half of the end is itself.
    finer = CellNumbers(numbers.power, numbers.decimals + 1)
    texts = [_without_end(finer.text(tick)) for tick in ticks]
    words = numbers.label(label)
    if horizontal:
        axis.set(yticks=[])
        axis.set_xticks(ticks, texts, fontsize=8)
        axis.set_title(words, fontsize=8, color=QUIET, pad=4)
    else:
        axis.set(xticks=[])
        axis.yaxis.tick_right()
        axis.yaxis.set_label_position("right")
        axis.set_yticks(ticks, texts, fontsize=8)
        axis.set_ylabel(words, fontsize=8, color=QUIET, labelpad=4)
    axis.tick_params(labelcolor=QUIET)


def _without_end(shown: str) -> str:
    return (shown.rstrip("0").rstrip(".") or "0") if "." in shown else shown
