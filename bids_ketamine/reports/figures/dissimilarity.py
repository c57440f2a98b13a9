"""Representational dissimilarity matrices of regions, beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import (
    INK,
    QUIET,
    WIDTH,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.matrix import common_limit
from bids_ketamine.reports.figures.value_scale import (
    COLORS,
    draw_numbers,
    draw_value_bar,
    number_font,
    strike_missing,
)

FloatArray = NDArray[np.float64]

#: Matrices of at most this many trial types have a number in each cell.
WITH_NUMBERS = 6
#: Most matrices beside each other, with numbers and without.
BESIDE = (3, 4)
#: Widest cell, pixels of the page.
LARGEST_CELL = 56.0
#: Between matrices; room for the title above each and for the colour bar at the right, pixels.
GAP, HEAD, RIGHT = 12.0, 20.0, 76.0
#: Shortest colour bar, pixels of the page.
SHORTEST_BAR = 150.0
#: Longest name of a trial type, letters.
LONGEST = 18
#: Smallest size of type of a number in a cell, points.
SMALLEST_NUMBER = 6.0


@drawn
def dissimilarity_figure(
    matrices: Mapping[str, pd.DataFrame],
    *,
    name: str,
    description: str,
    limit: float | None = None,
    label: str = "squared distance / voxel",
) -> Markup:
    """Draw one matrix for each region on one colour scale, with zero in its middle.

    Numbers stand in the cells of at most six trial types. Missing cells have no colour and a
    thin stroke; the diagonal is blank.

    Parameters
    ----------
    matrices : mapping of str to DataFrame of shape (n_trial_types, n_trial_types)
        By region: dissimilarities of trial types (index and columns), in the unit of `label`;
        NaN where missing. Contrasts of patterns may be negative. All trial types that any of
        them has are shown.
    name, description : str
        Identifier and text alternative.
    limit : float, optional
        End of the colour scale, to share one between figures
        (``common_limit([...], bounded=False)``); that of these matrices when absent.
    label : str
        Stands at the colour bar.

    Raises
    ------
    ValueError
        If there is no matrix.
    """
    trial_types = list(dict.fromkeys(each for one in matrices.values() for each in one.columns))
    if not matrices or not trial_types:
        raise ValueError("there is no dissimilarity matrix")
    values = {region: _values(matrix, trial_types) for region, matrix in matrices.items()}
    if limit is None:
        limit = common_limit([pd.DataFrame(each) for each in values.values()], bounded=False)
    every = np.stack(list(values.values()))
    labels = [shortened(str(each).replace("_", " "), LONGEST) for each in trial_types]
    room = 12 + 6.1 * max(map(len, labels))
    most = _most_beside(every, limit=limit, free=WIDTH - room - RIGHT)
    columns = _n_columns(len(matrices), most=most)
    rows = -(-len(matrices) // columns)
    body = (WIDTH - room - RIGHT - (columns - 1) * GAP) / columns
    body = min(body, LARGEST_CELL * len(trial_types))
    height = max(rows * (HEAD + body) + (rows - 1) * GAP + room, HEAD + SHORTEST_BAR + 10)
    figure = new_figure(WIDTH, height)
    numbers: float | None = None
    if len(trial_types) <= WITH_NUMBERS:
        numbers = number_font(every, limit=limit, cell=body / len(trial_types))
    font = float(np.clip(0.6 * body / len(labels), 5.0, 8.0))
    for place, (region, array) in enumerate(values.items()):
        row, column = divmod(place, columns)
        left = room + column * (body + GAP)
        top = HEAD + row * (HEAD + body + GAP)
        axis = figure.add_axes(
            (left / WIDTH, 1 - (top + body) / height, body / WIDTH, body / height)
        )
        _draw_matrix(axis, array, limit=limit, numbers=numbers)
        _draw_title(axis, region, body)
        # Names stand at the left end and below the last matrix of each column.
        beside = labels if column == 0 else []
        below = labels if place + columns >= len(matrices) else []
        axis.set_yticks(range(len(beside)), beside, fontsize=font)
        axis.set_xticks(range(len(below)), below, rotation=90, fontsize=font)
    tall = float(np.clip(rows * (HEAD + body + GAP) - HEAD - GAP, SHORTEST_BAR, 2 * SHORTEST_BAR))
    start = room + columns * (body + GAP) + 2
    bar = (start / WIDTH, 1 - (HEAD + tall) / height, 11 / WIDTH, tall / height)
    draw_value_bar(figure, bar, limit=limit, label=label)
    return svg(figure, name=name, description=description)


def _values(matrix: pd.DataFrame, trial_types: list[Any]) -> FloatArray:
    """Return dissimilarities of all trial types, NaN where missing and on the diagonal."""
    table = matrix.reindex(index=trial_types, columns=trial_types)
    values = table.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    np.fill_diagonal(values, np.nan)
    return values


def _most_beside(values: FloatArray, *, limit: float, free: float) -> int:
    """Return how many matrices fit beside each other, with numbers that can be read."""
    size = values.shape[1]
    if size > WITH_NUMBERS:
        return BESIDE[1]
    for most in range(BESIDE[0], 2, -1):
        cell = (free - (most - 1) * GAP) / most / size
        if number_font(values, limit=limit, cell=cell) >= SMALLEST_NUMBER:
            return most
    return 2


def _n_columns(n_matrices: int, *, most: int) -> int:
    """Return how many stand beside each other, without a nearly empty last row.

    >>> [_n_columns(n, most=3) for n in (1, 2, 3, 4, 6, 12)]
    [1, 2, 3, 2, 3, 3]
    """
    rows = -(-n_matrices // most)
    return -(-n_matrices // rows)


def _draw_title(axis: Any, region: str, body: float) -> None:
    """Write the name of a region above its matrix: smaller, then shorter, if it is long."""
    words = region.replace("_", " ")
    # A letter is about .62 as wide as its font is high; a point of type is 4/3 pixels.
    font = float(np.clip((body + GAP - 4) / max(len(words), 1) / 0.62 * 0.75, 7.0, 8.5))
    longest = max(6, int((body + GAP - 4) / (0.62 * font / 0.75)))
    axis.set_title(shortened(words, longest), fontsize=font, pad=4)


def _draw_matrix(axis: Any, values: FloatArray, *, limit: float, numbers: float | None) -> None:
    """Draw dissimilarities as squares, with a stroke through those that are missing."""
    size = len(values)
    axis.imshow(values, cmap=COLORS, vmin=-limit, vmax=limit, interpolation="nearest")
    axis.spines[:].set_visible(True)
    axis.spines[:].set_linewidth(0.6)
    axis.tick_params(length=0, labelcolor=INK)
    missing = ~np.isfinite(values) & ~np.eye(size, dtype=np.bool_)
    if not np.isfinite(values).any():
        axis.text((size - 1) / 2, (size - 1) / 2, "no values", ha="center", va="center",
                  color=QUIET, fontsize=7.5)  # fmt: skip
        return
    strike_missing(axis, missing)
    if numbers is not None:
        draw_numbers(axis, values, limit=limit, font=numbers)
