"""Correlations of many predictors, those of a family together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import (
    INK,
    QUIET,
    RULE,
    WIDTH,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.value_scale import COLORS, draw_value_bar

FloatArray = NDArray[np.float64]

#: Room around the matrix and for the colour bar below it, pixels.
RIM, FOOT = 8.0, 62.0
#: Distance of labels of one line and of another line, pixels, and letters of one.
LABEL, LINE, LONGEST = 13.0, 12.0, 20


@drawn
def predictor_matrix_figure(
    matrix: pd.DataFrame, families: Sequence[str], *, limit: float, name: str, description: str
) -> Markup:
    """Draw a matrix of correlations with lines between families, which are named at the left.

    Parameters
    ----------
    matrix : DataFrame of shape (n_predictors, n_predictors)
        Correlations; missing cells and the diagonal have no colour.
    families : sequence of str
        Family of each predictor; those of a family are neighbours.
    limit : float
        End of the colour scale; its labels say so where correlations are larger.
    name, description : str
        Identifier and text alternative.
    """
    values = matrix.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    np.fill_diagonal(values, np.nan)
    size = len(values)
    starts = [at for at in range(size) if not at or families[at] != families[at - 1]]
    names = [_lines(families[at]) for at in starts]
    left = 34 + 5.6 * max((len(line) for name in names for line in name.split("\n")), default=1)
    body = WIDTH - left - RIM
    height = body + RIM + FOOT
    figure = new_figure(WIDTH, height)
    bottom = FOOT / height
    axis = figure.add_axes((left / WIDTH, bottom, body / WIDTH, body / height))
    axis.imshow(values, cmap=COLORS, vmin=-limit, vmax=limit, interpolation="none")
    axis.spines[:].set(color=RULE, visible=True)
    axis.set(xticks=[], yticks=[])
    for at in starts[1:]:
        axis.axhline(at - 0.5, color=INK, linewidth=0.6)
        axis.axvline(at - 0.5, color=INK, linewidth=0.6)
    middles = (np.array(starts) + np.array([*starts[1:], size]) - 1) / 2
    cell = body / max(size, 1)
    sizes = np.array([LABEL + LINE * name.count("\n") for name in names])
    heights = spaced(middles * cell, sizes=sizes, end=body - cell) / cell
    for middle, at, label in zip(middles, heights, names, strict=True):
        axis.plot([-0.5 - 4 / cell, -0.5 - 16 / cell], [middle, at], color=QUIET, linewidth=0.6,
                  clip_on=False)  # fmt: skip
        axis.text(-0.5 - 19 / cell, at, label, ha="right", va="center", fontsize=7.5,
                  color=INK, linespacing=1.1)  # fmt: skip
    axis.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    place = ((left + 0.2 * body) / WIDTH, 20 / height, 0.6 * body / WIDTH, 11 / height)
    draw_value_bar(figure, place, limit=limit, label="r", horizontal=True)
    _mark_clipped(figure.axes[-1], values, limit)
    return svg(figure, name=name, description=description)


def _mark_clipped(bar: Any, values: FloatArray, limit: float) -> None:
    """Say at the ends of a colour bar that they stand for larger values too."""
    if not (np.abs(values[np.isfinite(values)]) > limit).any():
        return
    labels = [label.get_text() for label in bar.get_xticklabels()]
    labels[0], labels[-1] = f"≤ {labels[0]}", f"≥ {labels[-1]}"
    bar.set_xticks(bar.get_xticks(), labels)


def _lines(family: str) -> str:
    """Return the name of a family, its task on a line of its own."""
    return "\n".join(shortened(part, LONGEST) for part in family.split(", ", 1))


def spaced(places: FloatArray, *, sizes: FloatArray, end: float) -> FloatArray:
    """Return places of labels moved apart so that none covers another, as little as needed.

    Parameters
    ----------
    places : ndarray of shape (n,)
        Middles in rising order.
    sizes : ndarray of shape (n,)
        Heights.
    end : float
        Where the last may end; they start from 0 on, as far as there is room.

    Examples
    --------
    >>> spaced(np.array([2.0, 3.0, 30.0]), sizes=np.full(3, 4.0), end=32.0).tolist()
    [2.0, 6.0, 30.0]
    >>> spaced(np.array([20.0, 29.0, 30.0]), sizes=np.full(3, 4.0), end=32.0).tolist()
    [20.0, 26.0, 30.0]
    """
    moved = places.astype(np.float64).copy()
    halves = sizes / 2
    for at in range(1, moved.size):
        moved[at] = max(moved[at], moved[at - 1] + halves[at - 1] + halves[at])
    limit = end
    for at in range(moved.size - 1, -1, -1):
        moved[at] = min(moved[at], limit - halves[at])
        limit = moved[at] - halves[at]
    return moved
