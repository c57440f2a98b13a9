"""Connectivity matrix of a session."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from bids_ketamine.reports.figures.canvas import INK, QUIET, WIDTH, drawn, new_figure, png, svg

#: Largest matrices with a number in each cell, with a name on each row.
WITH_NUMBERS = 12
WITH_NAMES = 40


def common_limit(matrices: list[pd.DataFrame]) -> float:
    """Return the end of a colour scale that serves all matrices, between .3 and 1.

    Parameters
    ----------
    matrices : list of DataFrame
        Square, correlations; the diagonal does not count.
    """
    largest = 0.3
    for matrix in matrices:
        values = np.abs(matrix.to_numpy(dtype=np.float64, na_value=np.nan))
        off = values[~np.eye(len(values), values.shape[1], dtype=np.bool_)]
        off = off[np.isfinite(off)]
        if off.size:
            largest = max(largest, float(np.percentile(off, 99)))
    return min(1.0, float(np.ceil(largest * 10) / 10))


@drawn
def matrix_figure(matrix: pd.DataFrame, *, limit: float, name: str, description: str) -> Markup:
    """Draw a matrix of correlations; numbers stand in the cells of small ones.

    Parameters
    ----------
    matrix : DataFrame of shape (n_regions, n_regions)
        Pearson correlations; missing cells stay blank.
    limit : float
        End of the colour scale.
    name, description : str
        Identifier and text alternative.
    """
    names = [str(column).replace("_", " ") for column in matrix.columns]
    names = [each if len(each) <= 22 else each[:21] + "…" for each in names]
    size = len(names)
    values = matrix.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    np.fill_diagonal(values, np.nan)
    named = size <= WITH_NAMES
    left = 16 + 6.6 * max((len(each) for each in names), default=1) if named else 24.0
    body = WIDTH - 70 - left if named else 0.8 * WIDTH
    width, height = left + body + 70, body + (left if named else 24.0) + 8
    figure = new_figure(width, height)
    axis = figure.add_axes((left / width, 1 - (body + 8) / height, body / width, body / height))
    image = axis.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    axis.spines[:].set_visible(False)
    if named:
        font = 8.5 if size <= 16 else 6.5
        axis.set_xticks(range(size), names, rotation=90, fontsize=font)
        axis.set_yticks(range(size), names, fontsize=font)
        axis.tick_params(length=0, labelcolor=INK)
    else:
        axis.set(xticks=[], yticks=[], xlabel=f"{size} regions", ylabel=f"{size} regions")
    if size <= WITH_NUMBERS:
        for row, column in np.ndindex(size, size):
            value = values[row, column]
            if np.isfinite(value):
                strong = abs(value) > 0.62 * limit
                shown = f"{value:.2f}".replace("0.", ".").replace("-", "\u2212")
                axis.text(column, row, shown, ha="center", va="center", fontsize=8,
                          color="white" if strong else INK)  # fmt: skip
    bar_axis = figure.add_axes(
        ((left + body + 12) / width, 1 - (body + 8) / height, 11 / width, body / height)
    )
    bar = figure.colorbar(image, cax=bar_axis, ticks=[-limit, -limit / 2, 0, limit / 2, limit])
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelcolor=QUIET, labelsize=8)
    if size <= WITH_NAMES:
        return svg(figure, name=name, description=description)
    return png(figure, description=description)
