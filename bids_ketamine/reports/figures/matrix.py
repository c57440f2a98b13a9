"""Connectivity matrix of a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import (
    INK,
    PIXEL,
    QUIET,
    WIDTH,
    drawn,
    new_figure,
    png,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.value_scale import (
    COLORS,
    draw_numbers,
    draw_value_bar,
    number_font,
    strike_missing,
    value_palette,
)

FloatArray = NDArray[np.float64]

#: Largest matrices with a number in each cell, with a name on each row.
WITH_NUMBERS = 12
WITH_NAMES = 40
#: Longest name, letters.
LONGEST = 22
#: Ends of scales whose values are of any size, times a power of ten.
ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
#: Widest cell, pixels of the page.
LARGEST_CELL = 110.0
#: Room for the title of an axis and for that of the colour bar, pixels of the page.
TITLE = 17.0


def common_limit(matrices: Sequence[pd.DataFrame], *, bounded: bool = True) -> float:
    """Return the end of a colour scale that serves all matrices.

    Parameters
    ----------
    matrices : sequence of DataFrame
        Square; the diagonal does not count, nor do missing cells.
    bounded : bool
        Whether values are correlations: then the end lies between .3 and 1. Else (Fisher z,
        slopes, dissimilarities) it is a round number of any size.

    Examples
    --------
    >>> small = pd.DataFrame([[0.0, -0.014], [0.012, 0.0]])
    >>> common_limit([small]), common_limit([small], bounded=False)
    (0.3, 0.015)
    """
    largest = 0.3 if bounded else 0.0
    for matrix in matrices:
        values = np.abs(matrix.to_numpy(dtype=np.float64, na_value=np.nan))
        off = values[~np.eye(len(values), values.shape[1], dtype=np.bool_)]
        off = off[np.isfinite(off)]
        if off.size:
            largest = max(largest, float(np.percentile(off, 99)))
    if bounded:
        return min(1.0, float(np.ceil(largest * 10) / 10))
    return _round_above(largest)


def _round_above(largest: float) -> float:
    """Return the next round number; 1 where there is nothing to show."""
    if largest <= 0.0:
        return 1.0
    power = int(np.floor(np.log10(largest)))
    step = next(each for each in ROUND if each * 10.0**power >= largest * (1 - 1e-9))
    return float(f"{step}e{power}")


@drawn
def matrix_figure(
    matrix: pd.DataFrame,
    *,
    limit: float,
    name: str,
    description: str,
    directed: bool = False,
    label: str = "",
    noun: str = "regions",
) -> Markup:
    """Draw a matrix of connections; numbers stand in the cells of small ones.

    Parameters
    ----------
    matrix : DataFrame of shape (n_regions, n_regions)
        Values, in the unit of `label`. Missing cells have no colour and, where regions are
        named, a thin stroke; the diagonal stays blank.
    limit : float
        End of the colour scale.
    name, description : str
        Identifier and text alternative.
    directed : bool
        Whether rows are seeds (named by the index) and columns are targets: then both axes say
        so.
    label : str
        Stands beside the colour bar, such as ``Fisher z``.
    noun : str
        What rows and columns are; stands beside large matrices without names.
    """
    values = matrix.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    same = np.eye(*values.shape, dtype=np.bool_)
    if directed:
        same = np.asarray(matrix.index.to_numpy()[:, None] == matrix.columns.to_numpy())
    values[same] = np.nan
    columns = [shortened(str(each).replace("_", " "), LONGEST) for each in matrix.columns]
    rows = [shortened(str(each).replace("_", " "), LONGEST) for each in matrix.index]
    rows = rows if directed else columns
    size = len(columns)
    named = size <= WITH_NAMES
    title = TITLE if directed else 0.0
    room = 16 + 6.6 * max(map(len, [*rows, *columns]), default=1) + title if named else 24.0
    right = 70 + (TITLE if label else 0.0)
    body = min(WIDTH - right - room if named else 0.8 * WIDTH, LARGEST_CELL * max(size, 1))
    width, height = max(WIDTH if named else 0.0, room + body + right), body + room + 8
    figure = new_figure(width, height)
    bottom = 1 - (body + 8) / height
    axis = figure.add_axes((room / width, bottom, body / width, body / height))
    axis.imshow(values, cmap=COLORS, vmin=-limit, vmax=limit, interpolation="nearest")
    axis.spines[:].set_visible(False)
    if named:
        font = 8.5 if size <= 16 else 6.5
        axis.set_xticks(range(size), columns, rotation=90, fontsize=font)
        axis.set_yticks(range(len(rows)), rows, fontsize=font)
        axis.tick_params(length=0, labelcolor=INK)
    else:
        sides = ("seeds", "targets") if directed else (noun, noun)
        axis.set(xticks=[], yticks=[], ylabel=f"{len(rows)} {sides[0]}",
                 xlabel=f"{size} {sides[1]}")  # fmt: skip
    if directed and named:
        _draw_titles(figure, axis)
    if named:
        strike_missing(axis, ~np.isfinite(values) & ~same)
    if size <= WITH_NUMBERS:
        font = number_font(values, limit=limit, cell=body / max(size, 1))
        draw_numbers(axis, values, limit=limit, font=font)
    place = ((room + body + 12) / width, bottom, 11 / width, body / height)
    draw_value_bar(figure, place, limit=limit, label=label)
    if named:
        return svg(figure, name=name, description=description)
    return png(figure, description=description, palette=value_palette())


def _draw_titles(figure: Figure, axis: Any) -> None:
    """Say that rows are seeds and columns are targets, at the rim of the figure."""
    box = axis.get_position()
    width, height = figure.get_size_inches() / PIXEL
    figure.text(9 / width, box.y0 + box.height / 2, "seed", rotation=90, ha="center",
                va="center", color=QUIET)  # fmt: skip
    figure.text(box.x0 + box.width / 2, 4 / height, "target", ha="center", va="bottom",
                color=QUIET)  # fmt: skip
