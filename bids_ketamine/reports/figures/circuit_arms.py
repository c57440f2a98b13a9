"""A circuit with what a group level found: effects on connections, and on their modulations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib import colormaps
from matplotlib.patches import Circle
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import INK, QUIET, drawn, new_figure, shortened, svg
from bids_ketamine.reports.figures.circuit_layout import circle_places, curve, loop, wrapped
from bids_ketamine.reports.figures.value_scale import COLORS

FloatArray = NDArray[np.float64]
Ends = tuple[str, str]

#: Connections that the group level says nothing of.
PLAIN = "#8b959e"
#: Changes of self-connections: more self-inhibition is less activity, so they have no sign colour.
LOOP = "#4a545d"
#: Regions up to which modulations carry words, and modulations of a connection up to which.
MOST_WORDED_REGIONS, MOST_WORDED = 2, 2
#: Modulations up to which a circle of regions carries numbers.
MOST_NUMBERS = 8
#: Letters of an input.
LONGEST = 14
LINE, FONT = 13.0, 8.2
#: How far curves bend, lines of modulations reach, loops and what drives stand out; pixels.
BEND, STEM, LOOP_SIZE, DRIVE = 26.0, 24.0, 16.0, 28.0


@dataclass(frozen=True)
class CircuitEffect:
    """What a group level found of a connection, a modulation or a driving input.

    Attributes
    ----------
    source, target : str
        Regions; the source of a driving input is the input.
    modulator : str
        Input that modulates the connection; empty for the connection itself.
    driving : bool
        Whether the source is an input.
    value : float
        Estimate.
    short : str
        The estimate in little room.
    words : tuple of str
        Lines beside it where there is room; the first stands out.
    certainty : int
        2 if all speaks for an effect, 1 if only some does, else 0.
    logarithmic : bool
        Whether it scales self-inhibition.
    """

    source: str
    target: str
    modulator: str
    driving: bool
    value: float
    short: str
    words: tuple[str, ...]
    certainty: int
    logarithmic: bool = False


@drawn
def circuit_arms_figure(
    regions: Sequence[str],
    connections: Sequence[Ends],
    effects: Sequence[CircuitEffect],
    *,
    limit: float,
    name: str,
    description: str,
) -> Markup:
    """Draw regions as discs, connections as arrows, modulations as lines that end round on them.

    Colour tells the sign, width the size. An end is full where all speaks for an effect, else
    hollow; the line is thin where nothing does.

    Parameters
    ----------
    regions : sequence of str
        Names of the regions.
    connections : sequence of (str, str)
        Source and target of each connection between regions.
    effects : sequence of CircuitEffect
        What was found; that of other regions is left out.
    limit : float
        Size of an estimate that is drawn widest.
    name, description : str
        Identifier and text alternative.
    """
    layout = _Layout(regions, connections, effects)
    figure = new_figure(layout.width, layout.height)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, layout.width), ylim=(0, layout.height))
    axis.set_axis_off()
    for region in layout.regions:
        _draw_region(axis, layout, region)
    for ends in layout.arrows:
        _draw_connection(axis, layout, ends, limit)
    for region in layout.regions:
        _draw_driving(axis, layout, region, limit)
    return svg(figure, name=name, description=description)


class _Layout:
    """Places of regions, and what is drawn between them."""

    def __init__(
        self, regions: Sequence[str], connections: Sequence[Ends], effects: Sequence[CircuitEffect]
    ) -> None:
        self.regions = list(regions)
        self.effects = [
            each
            for each in effects
            if each.target in regions and (each.driving or each.source in regions)
        ]
        between = [(e.source, e.target) for e in self.effects if not e.driving]
        known = [ends for ends in connections if {*ends} <= {*regions}]
        self.arrows = list(dict.fromkeys([*known, *between]))
        self.small = len(regions) <= MOST_WORDED_REGIONS
        modulated = [each for each in self.effects if each.modulator]
        self.with_numbers = self.small or len(modulated) <= MOST_NUMBERS
        few = len(regions) <= 5
        self.radius = 31.0 if self.small else 30.0 if few else 24.0
        self.width = 290.0 if self.small else 400.0
        ring = 100.0 if self.small else 120.0 if few else 145.0
        self.directions = dict(zip(regions, circle_places(len(regions)), strict=True))
        loops = any(one == other for one, other in self.arrows)
        drives = any(each.driving for each in self.effects)
        if self.small:
            above, below = self._small_rooms(loops=loops, drives=drives)
        else:
            above = below = ring + self.radius + (54.0 if drives or loops else 24.0)
        self.height = above + below
        middle = np.array([self.width / 2, below])
        self.places = {each: middle + ring * at for each, at in self.directions.items()}

    def _small_rooms(self, *, loops: bool, drives: bool) -> tuple[float, float]:
        """Return the room above and below the middle of one or two regions, pixels."""
        lines = LINE * max((len(self.words(each)) for each in self.effects), default=0)
        between = BEND + STEM + 10.0 + lines if len(self.regions) > 1 else self.radius + 10.0
        above = self.radius + LOOP_SIZE + STEM + 10.0 + lines if loops else 0.0
        below = self.radius + DRIVE + 8.0 + LINE + lines if drives else 0.0
        return max(between, above), max(between, below)

    def words(self, each: CircuitEffect) -> tuple[str, ...]:
        """Return the lines beside an effect: all, or name and value where there is little room."""
        told = each.source if each.driving else each.modulator
        name = (shortened(told.replace("_", " "), LONGEST),) if told else ()
        several = any(len(self.of(ends)) > 1 for ends in self.arrows)
        others = any(e.driving or e.source == e.target for e in self.effects)
        if several or (others and len(self.regions) > 1):
            return (each.short, *name)
        return (*name, *each.words) if each.driving else each.words

    def of(self, ends: Ends) -> list[CircuitEffect]:
        """Return what was found of a connection."""
        return [e for e in self.effects if not e.driving and (e.source, e.target) == ends]

    def driving(self, region: str) -> list[CircuitEffect]:
        """Return what drives a region."""
        return [each for each in self.effects if each.driving and each.target == region]


def _draw_region(axis: Any, layout: _Layout, region: str) -> None:
    at, radius = layout.places[region], layout.radius
    axis.add_patch(Circle(at, radius, facecolor="#eaf1f3", edgecolor=INK, linewidth=1.0, zorder=4))
    lines = wrapped(region, longest=10, lines=3)
    font = min(8.0, 0.75 * 1.62 * radius / (0.6 * max(map(len, lines))))
    for place, words in enumerate(lines):
        up = (len(lines) / 2 - place - 0.5) * LINE * font / FONT
        axis.text(at[0], at[1] + up, words, ha="center", va="center_baseline", fontsize=font,
                  color=INK, fontweight="bold", zorder=6)  # fmt: skip


def _draw_connection(axis: Any, layout: _Layout, ends: Ends, limit: float) -> None:
    """Draw an arrow, with modulations that end on it."""
    own = layout.of(ends)
    direct = next((each for each in own if not each.modulator), None)
    modulations = [each for each in own if each.modulator]
    start, end = (layout.places[each] for each in ends)
    if ends[0] == ends[1]:
        outward = np.pi / 2
        if not layout.small:
            outward = float(np.arctan2(*layout.directions[ends[1]][::-1]))
        points = loop(start, outward, radius=layout.radius + 2, size=LOOP_SIZE)
    else:
        bend = BEND if layout.small else 8.0 + 0.045 * float(np.linalg.norm(end - start))
        points = curve(start, end, bend=bend, gap=layout.radius + 2)
    _draw_arrow(axis, points, direct, limit)
    if direct is not None and layout.small and not modulations:
        middle = points[len(points) // 2]
        side = 1.0 if middle[1] >= start[1] else -1.0
        words = layout.words(direct)
        _write(axis, middle + np.array([0.0, 6.0 * side]), words, up=side > 0)
    for place, each in enumerate(modulations):
        share = (place + 1) / (len(modulations) + 1)
        if not layout.small and len(modulations) == 1 and ends[0] != ends[1]:
            share = 0.36  # away from the middle of the circle, where arrows cross
        # Two stems are as far apart as their words are wide.
        share = (0.16, 0.84)[place] if layout.small and len(modulations) == 2 else share
        _draw_modulation(axis, layout, points, share, each, limit, len(modulations))


def _draw_modulation(
    axis: Any,
    layout: _Layout,
    points: FloatArray,
    share: float,
    each: CircuitEffect,
    limit: float,
    n_here: int,
) -> None:
    nearest = int(np.clip(round(share * (len(points) - 1)), 1, len(points) - 2))
    at, along = points[nearest], points[nearest + 1] - points[nearest - 1]
    # Curves bend to the left of their way, and so does the outside.
    outward = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    if layout.small:
        outward = np.array([0.0, np.sign(outward[1]) or 1.0])
    if each.source == each.target:
        outward = at - layout.places[each.target]
        outward = outward / np.linalg.norm(outward)
    color, width = _look(each, limit)
    tail = at + (STEM if layout.small else 15.0) * outward
    line = "-" if each.certainty != 1 else (0, (3.0, 1.6))
    axis.plot(*np.stack([tail, at]).T, color=color, linewidth=width, linestyle=line, zorder=5,
              solid_capstyle="butt")  # fmt: skip
    face = color if each.certainty == 2 else "white"
    axis.plot(*at, "o", markersize=4.2 + 0.9 * width, markerfacecolor=face,
              markeredgecolor=color, markeredgewidth=1.3, zorder=6)  # fmt: skip
    if layout.small and n_here <= MOST_WORDED:
        _write(
            axis, tail + np.array([0.0, 2.0 * outward[1]]), layout.words(each), up=outward[1] > 0
        )
    elif not layout.small and layout.with_numbers:
        axis.text(*(tail + 9.0 * outward), each.short, ha="center", va="center_baseline",
                  fontsize=7.0, color=INK, zorder=7, fontweight="bold",
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip


def _draw_driving(axis: Any, layout: _Layout, region: str, limit: float) -> None:
    """Draw what drives a region, from below or from outside the circle."""
    own = layout.driving(region)
    outward = np.array([0.0, -1.0]) if layout.small else layout.directions[region]
    across = np.array([-outward[1], outward[0]])
    near = layout.places[region] + (layout.radius + 2) * outward
    for place, each in enumerate(own):
        aside = 10.0 * (place - (len(own) - 1) / 2) * across
        _draw_arrow(axis, np.linspace(near + 26 * outward, near, 9) + aside, each, limit)
    if len(own) == 1 and layout.small:
        _write(axis, near + DRIVE * outward, layout.words(own[0]), up=False)


def _draw_arrow(axis: Any, points: FloatArray, each: CircuitEffect | None, limit: float) -> None:
    color, width = _look(each, limit) if each is not None else (PLAIN, 1.2)
    head = 6.0 + 1.5 * width
    along = points[-1] - points[-5]
    along = along / np.linalg.norm(along)
    across = np.array([-along[1], along[0]])
    base = points[-1] - head * along
    body = points[np.linalg.norm(points - points[-1], axis=1) > head]
    body = np.vstack([body, base + 0.15 * head * along])
    line = (0, (3.0, 1.6)) if each is not None and each.certainty == 1 else "-"
    axis.plot(*body.T, color=color, linewidth=width, linestyle=line, zorder=2,
              solid_capstyle="butt")  # fmt: skip
    corners = np.stack([points[-1], base + 0.42 * head * across, base - 0.42 * head * across])
    axis.fill(*corners.T, color=color, linewidth=0, zorder=3)


def _look(each: CircuitEffect, limit: float) -> tuple[Any, float]:
    """Return colour and width."""
    share = float(np.clip(each.value / limit, -1.0, 1.0)) if limit > 0.0 else 0.0
    if not np.isfinite(share):
        return PLAIN, 1.0
    width = 1.0 if each.certainty == 0 else 1.4 + 2.2 * abs(share)
    # Pale colours would not be seen: they begin at a third of the scale.
    color = colormaps[COLORS](0.5 + 0.5 * (np.copysign(0.35, share) + 0.6 * share))
    return (LOOP if each.logarithmic else color), width


def _write(axis: Any, at: FloatArray, lines: Sequence[str], *, up: bool) -> None:
    """Write lines above or below a place, the first bold."""
    top = at[1] + (LINE * len(lines) if up else 0.0)
    for place, words in enumerate(lines):
        axis.text(at[0], top - LINE * (place + 0.5), words, ha="center", va="center_baseline",
                  fontsize=FONT, color=INK if place == 0 else QUIET, zorder=7,
                  fontweight="bold" if place == 0 else "normal")  # fmt: skip
