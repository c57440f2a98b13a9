"""Displacement of a run with what is left out, and the time that a session keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import (
    ACCENT,
    ALARM,
    INK,
    QUIET,
    RULE,
    WIDTH,
    drawn,
    new_figure,
    shortened,
    svg,
)

FloatArray = NDArray[np.float64]

HEIGHT, LEFT, FOOT = 150.0, 52.0, 38.0
#: Height of a bar of minutes, pixels.
ROW = 22.0
#: Colour of displacement before breathing is taken out of it.
UNFILTERED = "#9aa5ad"


@drawn
def censoring_figure(
    displacement: FloatArray,
    left_out: NDArray[np.bool_],
    *,
    filtered: FloatArray | None,
    threshold: float | None,
    name: str,
    description: str,
) -> Markup:
    """Draw framewise displacement over the volumes of a run and mark those left out.

    Parameters
    ----------
    displacement : ndarray of shape (n_volumes,)
        mm; NaN where unknown.
    left_out : ndarray of bool, shape (n_volumes,)
        Volumes that are not used.
    filtered : ndarray of shape (n_volumes,) or None
        Displacement of motion without breathing; then the threshold holds for it.
    threshold : float or None
        mm.
    name, description : str
        Identifier and text alternative.
    """
    series = displacement if filtered is None else filtered
    known = [each for each in (displacement, filtered) if each is not None]
    head = 20.0 if filtered is not None else 8.0
    height = HEIGHT + head
    figure = new_figure(WIDTH, height)
    body = HEIGHT - FOOT
    axis = figure.add_axes((LEFT / WIDTH, FOOT / height, 1 - (LEFT + 16) / WIDTH, body / height))
    volumes = np.arange(1, len(displacement) + 1)
    for first, last in _stretches(left_out):
        axis.axvspan(first + 0.5, last + 1.5, color=ALARM, alpha=0.22, linewidth=0, zorder=1)
    if filtered is not None:
        axis.plot(volumes, displacement, color=UNFILTERED, linewidth=0.8, zorder=2)
    axis.plot(volumes, series, color=ACCENT, linewidth=1.1, zorder=3)
    largest = max((float(np.nanmax(each)) for each in known if np.isfinite(each).any()), default=0)
    if threshold is not None:
        largest = max(largest, 1.25 * threshold)
        axis.axhline(threshold, color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)), zorder=4)
        axis.annotate(f"{threshold:g}", (1, threshold), xycoords=("axes fraction", "data"),
                      xytext=(-2, 2), textcoords="offset points", ha="right", va="bottom",
                      fontsize=7.5, color=QUIET)  # fmt: skip
    if filtered is not None:
        marks = [Line2D([], [], color=color, linewidth=1.4) for color in (UNFILTERED, ACCENT)]
        axis.legend(marks, ["as estimated", "without breathing"], loc="lower left", ncols=2,
                    bbox_to_anchor=(0, 1), frameon=False, borderaxespad=0.2, fontsize=7.5,
                    labelcolor=INK)  # fmt: skip
    axis.set(xlim=(0.5, max(len(displacement), 2) + 0.5), xlabel="volume", ylabel="FD, mm",
             ylim=(0, 1.08 * largest if largest > 0 else 1))  # fmt: skip
    axis.locator_params(axis="y", nbins=4)
    return svg(figure, name=name, description=description)


def _stretches(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return first and last volume of each stretch that is marked, counted from 0.

    >>> _stretches(np.array([True, False, True, True])).tolist()
    [[0, 0], [2, 3]]
    """
    edges = np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1], axis=1)


@drawn
def minutes_figure(
    sessions: Sequence[tuple[str, float, float]],
    *,
    minimum: float | None,
    name: str,
    description: str,
) -> Markup:
    """Draw the minutes that each session keeps, of all it has, against the minimum.

    Parameters
    ----------
    sessions : sequence of (str, float, float)
        Session, minutes kept, and minutes of all volumes (NaN where unknown).
    minimum : float or None
        Fewest minutes of a session.
    name, description : str
        Identifier and text alternative.
    """
    if not sessions:
        raise ValueError("no session has been cleaned")
    body = ROW * len(sessions)
    height = body + 44
    figure = new_figure(WIDTH, height)
    axis = figure.add_axes((92 / WIDTH, 36 / height, 1 - 178 / WIDTH, body / height))
    for place, (_, kept, whole) in enumerate(sessions):
        enough = minimum is None or kept >= minimum
        axis.barh([place], [whole], height=0.55, color=RULE, alpha=0.6, linewidth=0)
        axis.barh([place], [kept], height=0.55, color=ACCENT if enough else ALARM, linewidth=0)
        axis.annotate(_minutes(kept, whole), (1, place), xycoords=("axes fraction", "data"),
                      xytext=(4, 0), textcoords="offset points", va="center", fontsize=7.5,
                      color=INK, annotation_clip=False)  # fmt: skip
    if minimum:
        axis.axvline(minimum, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=4)
    longest = max(max(kept, whole if np.isfinite(whole) else 0.0) for _, kept, whole in sessions)
    axis.set(xlim=(0, 1.04 * max(longest, 1.2 * (minimum or 0.0), 0.1)))
    axis.set_ylim(len(sessions) - 0.5, -0.5)
    axis.set_yticks(range(len(sessions)), [shortened(each, 13) for each, _, _ in sessions])
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.set_xlabel("minutes" + (f"; at least {minimum:g} are needed" if minimum else ""))
    return svg(figure, name=name, description=description)


def _minutes(kept: float, whole: Any) -> str:
    return f"{kept:.1f}" + (f" of {whole:.1f}" if np.isfinite(whole) else "")
