"""Connections of regions, seen through the brain from three sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib import colormaps
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from bids_ketamine.reports.figures.brain_places import (
    STRONGEST,
    WITH_NAMES,
    Edge,
    connection_lines,
    connections,
    drawn_connections,
    region_dots,
    region_places,
)
from bids_ketamine.reports.figures.canvas import (
    INK,
    QUIET,
    RULE,
    WIDTH,
    drawn,
    new_figure,
    png,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.glass import MNI_BOX, VIEWS, View, template_outline
from bids_ketamine.reports.figures.value_scale import COLORS, draw_value_bar, value_palette
from bids_ketamine.reports.words import counted, listed

FloatArray = NDArray[np.float64]

#: Radius of dots with and without a number, pixels of the page.
RADII = (7.0, 3.0)
#: Widest line, and the width of uncertain ones, points.
WIDEST, UNCERTAIN = 4.5, 0.8
#: More connections than this make pictures of pixels: shapes would take more room.
AS_PIXELS = 100
#: Space around the dots where there is no outline, and the least there is, mm.
MARGIN, RIM_OF_VIEW = 25.0, 6.0
#: Between views, and below each of them, pixels of the page.
GAP, FOOT = 14.0, 14.0
#: Around wide lines.
RIM = "#a9b1b8"
#: Names that stand below each other in one column, and the longest of one and of two columns.
ONE_COLUMN = 9
LONGEST = (30, 17)
#: Where names start, and the height of each, pixels of the page.
KEY_TOP, ROW = 18.0, 16.0


@drawn
def brain_graph(
    edges: pd.DataFrame | Sequence[Edge],
    *,
    centres: Mapping[str, Sequence[Sequence[float]]],
    limit: float,
    label: str,
    name: str,
    description: str,
    mni: bool = True,
) -> Markup:
    """Draw regions as dots and connections as lines, from the side, the back and above.

    Colour and width tell the value; what is not certain is thin and faint. A connection of two
    bilateral regions is drawn in each hemisphere, one of a bilateral region and a region with
    one centre goes to both sides. Dots that would cover each other are moved apart.

    Parameters
    ----------
    edges : DataFrame or sequence of (str, str, float, bool)
        First region, second region, value, and whether its 95 % interval excludes zero; a table
        has the columns ``first``, ``second``, ``value`` and ``certain``. Those without a value
        are not drawn. One of the two directions of a pair is enough.
    centres : mapping of str to sequence of (x, y, z)
        Centres of each region, mm: one, or two of a bilateral region. Regions without a centre
        are not drawn.
    limit : float
        End of the colour scale (as :func:`.matrix.common_limit` gives).
    label : str
        Stands at the colour bar, such as ``Fisher z``.
    name, description : str
        Identifier and text alternative.
    mni : bool
        Whether centres are in MNI space: then the template's outline is drawn.

    Raises
    ------
    ValueError
        If no region has a centre.
    """
    places = region_places(centres)
    if not places:
        raise ValueError("no region has a centre")
    shown = drawn_connections(edges, places)
    boxes = _boxes(places, mni=mni)
    sizes = [high - low for low, high in boxes]
    # From the side and from behind above, from above below the latter: the fourth place is free.
    side, back, above = VIEWS
    zoom = (WIDTH - GAP) / (sizes[side.across] + sizes[back.across])
    top = zoom * sizes[side.up]
    low = max(zoom * sizes[above.up], _key_height(len(places)))
    height = top + low + 2 * FOOT
    figure = new_figure(WIDTH, height)
    second = zoom * sizes[side.across] + GAP
    under = FOOT + low - zoom * sizes[above.up]
    corners = ((0.0, low + 2 * FOOT), (second, low + 2 * FOOT), (second, under))
    for view, (left, bottom) in zip(VIEWS, corners, strict=True):
        wide, tall = zoom * sizes[view.across], zoom * sizes[view.up]
        axis = figure.add_axes((left / WIDTH, bottom / height, wide / WIDTH, tall / height))
        axis.set(xlim=boxes[view.across], ylim=boxes[view.up])
        axis.set_axis_off()
        _draw_head(axis, view, mni=mni)
        _draw_view(axis, view, places, shown, limit=limit, zoom=zoom)
    key = figure.add_axes((0, 0, (second - GAP) / WIDTH, (low + FOOT) / height))
    key.set(xlim=(0, second - GAP), ylim=(low + FOOT, 0))
    key.set_axis_off()
    _draw_key(key, list(places))
    bar = (28 / WIDTH, 26 / height, (second - GAP - 56) / WIDTH, 9 / height)
    draw_value_bar(figure, bar, limit=limit, label=label, horizontal=True)
    if len(places) > WITH_NAMES or len(shown) > AS_PIXELS:
        return png(figure, description=description, palette=value_palette())
    return svg(figure, name=name, description=description)


def shown_words(
    edges: pd.DataFrame | Sequence[Edge],
    *,
    centres: Mapping[str, Sequence[Sequence[float]]],
) -> str:
    """Return what a brain graph shows and what it leaves out, in sentences for its caption.

    Parameters
    ----------
    edges, centres
        As :func:`brain_graph` takes them.

    Examples
    --------
    >>> print(shown_words([("a", "b", 0.3, True), ("b", "c", 0.1, False)], centres={
    ...     "a": [(-20, 0, 0), (20, 0, 0)], "b": [(0, 40, 0)]}))
    The 95 % intervals of wide lines exclude 0, those of thin, faint ones do not. Not drawn, for \
want of a place in the brain: c.
    """
    places = region_places(centres)
    known = [edge for edge in connections(edges) if np.isfinite(edge[2])]
    inside = [edge for edge in known if edge[0] in places and edge[1] in places]
    sentences = ["The 95 % intervals of wide lines exclude 0, those of thin, faint ones do not."]
    if len(places) > WITH_NAMES and len(inside) > STRONGEST:
        sentences.append(f"Of {len(inside):,} connections, the {STRONGEST} strongest are drawn.")
    regions = dict.fromkeys(region for edge in known for region in edge[:2])
    absent = [region.replace("_", " ") for region in regions if region not in places]
    if absent:
        which = listed(absent) if len(absent) <= 6 else counted(len(absent), "region")
        sentences.append(f"Not drawn, for want of a place in the brain: {which}.")
    return " ".join(sentences)


def _boxes(places: Mapping[str, FloatArray], *, mni: bool) -> Sequence[tuple[float, float]]:
    """Return the ends of the picture along each axis, mm."""
    points = np.vstack(list(places.values()))
    margin = RIM_OF_VIEW if mni else MARGIN
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    if mni:
        outer = np.asarray(MNI_BOX)
        low, high = np.minimum(low, outer[:, 0]), np.maximum(high, outer[:, 1])
    return [(float(start), float(end)) for start, end in zip(low, high, strict=True)]


def _draw_head(axis: Any, view: View, *, mni: bool) -> None:
    """Draw the outline of the brain and say what lies at both ends."""
    if mni:
        outline, (across, up) = template_outline(view)
        # It is smooth: every third point tells it all in a third of the room.
        axis.contour(across[::3], up[::3], outline[::3, ::3], levels=[0.5], colors=[RULE],
                     linewidths=1.1)  # fmt: skip
    for end, place in zip(view.ends, (0.02, 0.98), strict=True):
        axis.text(place, 0.0, end, transform=axis.transAxes, ha="center", va="top",
                  fontsize=7.5, color=QUIET)  # fmt: skip


def _draw_view(
    axis: Any,
    view: View,
    places: Mapping[str, FloatArray],
    edges: Sequence[Edge],
    *,
    limit: float,
    zoom: float,
) -> None:
    named = len(places) <= WITH_NAMES
    radius = RADII[0 if named else 1] / zoom
    dots = region_dots(places, view, radius=radius if named else 0.0)
    lines = {edge[:2]: connection_lines(dots[edge[0]], dots[edge[1]]) for edge in edges}
    # Many lines leave little room for each.
    n_wide = max(1, sum(len(lines[edge[:2]]) for edge in edges if edge[3]))
    widest = float(np.clip(WIDEST * np.sqrt(16 / n_wide), WIDEST / 2.5, WIDEST))
    for first, second, value, certain in edges:
        share = float(np.clip(value / limit, -1.0, 1.0))
        width = 1.0 + (widest - 1.0) * abs(share) if certain else UNCERTAIN
        # Dots that touch leave no room for a line.
        apart = [
            ends for ends in lines[first, second] if np.linalg.norm(ends[1] - ends[0]) > 2 * radius
        ]
        color = colormaps[COLORS](0.5 + 0.5 * share)
        _draw_lines(axis, apart, color, width=width, certain=certain)
    for number, points in enumerate(dots.values(), start=1):
        for point in points:
            # A dot that was moved aside at the rim of the view stays whole.
            axis.add_patch(Circle(point, radius, facecolor=INK, edgecolor="white",
                                  linewidth=0.9, zorder=4, clip_on=False))  # fmt: skip
            if named:
                _draw_number(axis, point, number)


def _draw_number(axis: Any, point: Sequence[float] | FloatArray, number: int) -> None:
    axis.text(*point, str(number), ha="center", va="center_baseline", color="white", zorder=5,
              fontsize=7.0 if number < 10 else 6.2)  # fmt: skip


def _draw_lines(
    axis: Any,
    ends: Sequence[tuple[FloatArray, FloatArray]],
    color: Any,
    *,
    width: float,
    certain: bool,
) -> None:
    """Draw the lines of one connection as one shape."""
    if not ends:
        return
    lines = Path(np.vstack([np.stack(each) for each in ends]),
                 [Path.MOVETO, Path.LINETO] * len(ends))  # fmt: skip
    style = {"alpha": 1.0 if certain else 0.8, "zorder": 3 if certain else 2}
    if certain:  # pale colours need a rim
        axis.add_patch(PathPatch(lines, facecolor="none", edgecolor=RIM, linewidth=width + 0.8,
                                 capstyle="butt", zorder=3))  # fmt: skip
    axis.add_patch(PathPatch(lines, facecolor="none", edgecolor=color, linewidth=width,
                             capstyle="butt", **style))  # fmt: skip


def _key_height(n_regions: int) -> float:
    """Return the room below the view from the side that names and scale take, pixels."""
    return KEY_TOP + ROW * _key_rows(n_regions) + 15 * 2 + 60


def _key_rows(n_regions: int) -> int:
    if n_regions > WITH_NAMES:
        return 1
    return n_regions if n_regions <= ONE_COLUMN else -(-n_regions // 2)


def _draw_key(axis: Any, regions: Sequence[str]) -> None:
    """Name the numbers, and say what lines mean; in pixels from the top left."""
    rows = _key_rows(len(regions))
    single = rows == len(regions)
    if len(regions) > WITH_NAMES:
        axis.text(14, KEY_TOP, f"{len(regions)} regions", va="center", fontsize=8.5)
    else:
        for place, region in enumerate(regions):
            column, row = divmod(place, rows)
            at = (14 + column * axis.get_xlim()[1] / 2, KEY_TOP + ROW * row)
            axis.add_patch(Circle(at, RADII[0], facecolor=INK, linewidth=0))
            _draw_number(axis, at, place + 1)
            words = shortened(region.replace("_", " "), LONGEST[0 if single else 1])
            axis.text(at[0] + 12, at[1], words, va="center_baseline",
                      fontsize=8.5 if single else 7.5)  # fmt: skip
    below = KEY_TOP + ROW * rows + 6
    style = {"va": "center_baseline", "fontsize": 7.5, "color": QUIET}
    certainty = ((3.0, "95 % interval excludes 0"), (UNCERTAIN, "it includes 0"))
    for width, words in certainty:
        axis.plot([7, 25], [below] * 2, color=QUIET, linewidth=width, solid_capstyle="butt")
        axis.text(31, below, words, **style)
        below += 15
