"""Correlations of a design's conditions, with each other and with nuisance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
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
from bids_ketamine.reports.words import number

FloatArray = NDArray[np.float64]

#: Smallest and largest cell, and the smallest that holds a number, pixels of the page.
CELLS = (11.0, 44.0)
WITH_NUMBER = 19.0
#: Room between the matrix and the column of nuisance, cells.
GAP = 0.5
LONGEST = 22
#: Stands below the column of nuisance.
NUISANCE = "largest nuisance"


@drawn
def collinearity_figure(
    correlation: FloatArray,
    *,
    conditions: Sequence[str],
    nuisance: Mapping[str, tuple[str, float]],
    name: str,
    description: str,
) -> Markup:
    """Draw correlations of conditions and, in a column apart, the largest with nuisance.

    Parameters
    ----------
    correlation : ndarray of shape (n_conditions, n_conditions)
        Pearson correlations; missing cells stay blank.
    conditions : sequence of str
        Their names.
    nuisance : mapping of str to (str, float)
        By condition: the nuisance regressor it is most correlated with, and how much.
    name, description : str
        Identifier and text alternative.
    """
    size = len(conditions)
    labels = [shortened(each, LONGEST) for each in conditions]
    left = _room(labels)
    below = _room([*labels, NUISANCE] if nuisance else labels)
    others = [
        shortened(nuisance[each][0], LONGEST) if each in nuisance else "" for each in conditions
    ]
    right = 18 + 6.6 * max(map(len, others), default=0)
    across = size + (GAP + 1 if nuisance else 0.0)
    cell = float(np.clip((WIDTH - left - right) / across, *CELLS))
    width, height = max(WIDTH, left + across * cell + right), size * cell + below + 8
    figure = new_figure(width, height)
    bottom = 1 - (size * cell + 4) / height
    axis = figure.add_axes((left / width, bottom, size * cell / width, size * cell / height))
    font = float(np.clip(0.62 * cell, 6.0, 8.5))
    values = np.where(np.eye(size, dtype=np.bool_), np.nan, correlation)
    _draw_cells(axis, values, cell)
    axis.set_xticks(range(size), labels, rotation=90, fontsize=font)
    axis.set_yticks(range(size), labels, fontsize=font)
    axis.tick_params(length=0, labelcolor=INK)
    if nuisance:
        start = left + (size + GAP) * cell
        beside = figure.add_axes((start / width, bottom, cell / width, size * cell / height))
        column = [nuisance[each][1] if each in nuisance else np.nan for each in conditions]
        _draw_cells(beside, np.array(column, dtype=np.float64)[:, None], cell)
        beside.set_xticks([0], [NUISANCE], rotation=90, fontsize=font)
        beside.yaxis.tick_right()
        beside.set_yticks(range(size), others, fontsize=font)
        beside.tick_params(length=0, labelcolor=QUIET)
    return svg(figure, name=name, description=description)


def _room(labels: Sequence[str]) -> float:
    """Return the room that the longest label takes, pixels of the page."""
    return 14 + 6.4 * max(map(len, labels), default=1)


def _draw_cells(axis: Any, values: FloatArray, cell: float) -> None:
    """Draw correlations as squares, with numbers where there is room."""
    rows, columns = values.shape
    font = float(np.clip(0.3 * cell, 6.0, 8.0))
    axis.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest", aspect="auto")
    axis.spines[:].set_visible(False)
    for row, column in np.ndindex(rows, columns):
        value = values[row, column]
        if np.isfinite(value) and cell >= WITH_NUMBER:
            shown = number(value, 2).replace("0.", ".")
            axis.text(column, row, shown, ha="center", va="center", fontsize=font,
                      color="white" if abs(value) > 0.6 else INK)  # fmt: skip
