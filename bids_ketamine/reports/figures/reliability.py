"""How well two halves of the data agree, one row per region."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import (
    ACCENT,
    INK,
    QUIET,
    RULE,
    WIDTH,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.value_scale import CellNumbers

FloatArray = NDArray[np.float64]

#: Height of a row, and above and below all of them, pixels of the page.
ROW, HEAD, FOOT = 24.0, 18.0, 40.0
#: Room for the mean and the number of splits at the right, pixels of the page.
RIGHT = 74.0
#: Distance of two dots that do not cover each other, pixels of the page.
DOT = 5.2
#: Longest name, letters.
LONGEST = 34


@drawn
def reliability_figure(
    table: pd.DataFrame,
    *,
    name: str,
    description: str,
    label: str = "correlation of two halves, r",
) -> Markup:
    """Draw the correlation of each split of the data in halves, and their mean.

    A dot is a split, a diamond the arithmetic mean, which stands at the right as a number.

    Parameters
    ----------
    table : DataFrame
        One row per region and split: ``region``, ``correlation`` (NaN where there is none).
        Regions stand in the order in which they come.
    name, description : str
        Identifier and text alternative.
    label : str
        Stands below the horizontal axis.

    Raises
    ------
    ValueError
        If the table has no rows.
    """
    if not len(table):
        raise ValueError("there is no split of the data in halves")
    correlation = pd.to_numeric(table["correlation"], errors="coerce")
    groups = correlation.groupby(table["region"].astype(str), sort=False)
    regions = {region: values.to_numpy(dtype=np.float64) for region, values in groups}
    labels = [shortened(each.replace("_", " "), LONGEST) for each in regions]
    left = 14 + 5.9 * max(map(len, labels))
    body = ROW * len(regions)
    height = HEAD + body + FOOT
    across = WIDTH - left - RIGHT
    figure = new_figure(WIDTH, height)
    axis = figure.add_axes((left / WIDTH, FOOT / height, across / WIDTH, body / height))
    axis.set(xlim=(-1.03, 1.03), ylim=(len(regions) - 0.5, -0.5))
    axis.axvline(0, color=QUIET, linewidth=0.9, zorder=1)
    for place, values in enumerate(regions.values()):
        if place % 2:
            axis.axhspan(place - 0.5, place + 0.5, color=RULE, alpha=0.22, linewidth=0)
        _draw_region(axis, values[np.isfinite(values)], place, across=across)
    axis.set_yticks(range(len(labels)), labels, fontsize=8)
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.spines["left"].set_visible(False)
    axis.set_xticks([-1, -0.5, 0, 0.5, 1], ["\u22121", "\u2212.5", "0", ".5", "1"])
    axis.set_xlabel(label)
    for words, where in (("mean", 0.4 * RIGHT), ("splits", 0.97 * RIGHT)):
        axis.text(1 + where / across, 1 + 4 / body, words, transform=axis.transAxes, ha="right",
                  va="bottom", color=QUIET, fontsize=7.5)  # fmt: skip
    return svg(figure, name=name, description=description)


def _draw_region(axis: Any, values: FloatArray, place: int, *, across: float) -> None:
    """Draw the dots and the mean of a region in its row."""
    style = {"transform": axis.get_yaxis_transform(), "ha": "right", "va": "center", "fontsize": 8}
    ends = [1 + share * RIGHT / across for share in (0.4, 0.97)]
    axis.text(ends[1], place, str(values.size), color=QUIET, **style)
    if not values.size:
        axis.text(0, place, "no value", ha="center", va="center", color=QUIET, fontsize=7.5,
                  backgroundcolor="white")  # fmt: skip
        return
    heights = place + swarm(values * across / 2.06, distance=DOT, room=0.36 * ROW) / ROW
    axis.plot(values, heights, "o", color=ACCENT, alpha=0.4, markersize=4.0, markeredgewidth=0)
    mean = float(values.mean())
    axis.plot([mean], [place], "D", color=INK, markersize=5.6, markeredgecolor="white",
              markeredgewidth=0.8, zorder=4)  # fmt: skip
    axis.text(ends[0], place, CellNumbers(0, 2).text(mean), color=INK, **style)


def swarm(places: FloatArray, *, distance: float, room: float) -> FloatArray:
    """Return how far each dot is moved aside so that dots do not cover each other.

    Parameters
    ----------
    places : ndarray of shape (n_dots,)
        Places along a row.
    distance : float
        Distance of dots that just do not cover each other.
    room : float
        Farthest that a dot is moved; where that is not enough, dots do cover each other.

    Returns
    -------
    ndarray of shape (n_dots,)
        Distances from the middle of the row.

    Examples
    --------
    >>> swarm(np.array([0.0, 1.0, 20.0]), distance=5.0, room=5.0).round(1).tolist()
    [0.0, 4.9, 0.0]
    """
    offsets = np.zeros(places.size)
    done: list[int] = []
    for index in np.argsort(places, kind="stable"):
        near = [other for other in done if abs(places[other] - places[index]) < distance]
        away = [float(np.sqrt(distance**2 - (places[o] - places[index]) ** 2)) for o in near]
        candidates = [0.0, *(offsets[o] + s * a for o, a in zip(near, away, strict=True)
                             for s in (1, -1))]  # fmt: skip
        candidates = sorted((c for c in candidates if abs(c) <= room), key=abs)
        free = (
            c
            for c in candidates
            if all(abs(c - offsets[o]) >= a - 1e-9 for o, a in zip(near, away, strict=True))
        )
        offsets[index] = next(free, (-1) ** len(near) * room * (len(near) % 5) / 4)
        done.append(int(index))
    return offsets
