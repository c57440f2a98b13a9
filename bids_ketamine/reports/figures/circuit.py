"""A circuit of regions: connections, what changes them, what drives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib import colormaps
from matplotlib.patches import Circle
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import INK, QUIET, drawn, new_figure, svg
from bids_ketamine.reports.figures.circuit_layout import curve, loop, wrapped
from bids_ketamine.reports.figures.circuit_plan import LINE, CircuitPlan, Coupling
from bids_ketamine.reports.figures.value_scale import COLORS

FloatArray = NDArray[np.float64]

#: How an arrow looks by which of its intervals excludes zero: none, only SPM's, the calibrated.
LOOKS = (
    {"linestyle": "-", "alpha": 0.75},
    {"linestyle": (0, (3.2, 1.8)), "alpha": 1.0},
    {"linestyle": "-", "alpha": 1.0},
)
THIN = 0.9
#: Arrows of estimates that are not to be read, and changes of self-connections.
FAINT, LOOP = "#9aa4ac", "#4a545d"
#: Width below which the picture scrolls, pixels of the page.
NARROWEST = 520


@drawn
def circuit_figure(
    regions: Sequence[str],
    couplings: Sequence[Coupling],
    *,
    limit: float,
    level: str,
    doubt: str = "",
    name: str,
    description: str,
) -> Markup:
    """Draw regions as discs, connections as arrows, driving inputs as arrows from outside.

    One region is in the middle, two are side by side, more are on a circle. Colour tells the
    sign, width the size, the line which interval excludes zero; changes of self-connections are
    grey, since more self-inhibition is less activity. Narrow screens scroll. Up to two regions,
    arrows carry estimates with both intervals, modulations among them; up to twelve connections,
    estimates.

    Parameters
    ----------
    regions : sequence of str
        Names of the regions.
    couplings : sequence of Coupling
        Connections between regions, modulations and driving inputs; self-connections are drawn
        where they are modulated.
    limit : float
        Size of a value whose arrow is widest, Hz.
    level : str
        Level of the intervals, such as ``90 %``.
    doubt : str, optional
        Why the estimates are not to be read: all arrows are then thin and grey, and it stands
        below.
    name, description : str
        Identifier and text alternative.
    """
    circuit = CircuitPlan(regions, couplings)
    limit = np.inf if doubt else limit
    figure = new_figure(circuit.width, circuit.height)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, circuit.width), ylim=(0, circuit.height))
    axis.set_axis_off()
    for region in circuit.regions:
        _draw_region(axis, circuit, region)
    for each in sorted(circuit.arrows(), key=lambda each: each.certainty):
        _draw_arrow(axis, circuit, each, limit)
    for region in circuit.regions:
        _draw_driving(axis, circuit, region, limit)
    if doubt:
        _draw_doubt(axis, doubt)
    else:
        loops = any(each.logarithmic and each.modulator for each in circuit.couplings)
        _draw_key(axis, level, circuit.width, loops=loops)
    # Shrunk to a narrow screen, words would be too small to read.
    markup = str(svg(figure, name=name, description=description))
    style = f'style="min-width:{NARROWEST}px;'
    markup = markup.replace('style="', style, 1)
    return Markup(
        f'<div class="scroll" role="region" tabindex="0" aria-label="Circuit">{markup}</div>'
    )


def _draw_region(axis: Any, circuit: CircuitPlan, region: str) -> None:
    at, radius = circuit.places[region], circuit.radius
    axis.add_patch(Circle(at, radius, facecolor="#eaf1f3", edgecolor=INK, linewidth=1.1, zorder=4))
    small_disc = radius < 30
    lines = wrapped(region, longest=10 if small_disc else 11, lines=3)
    font = min(8.5 if circuit.small else 8.0, 0.75 * 1.62 * radius / (0.6 * max(map(len, lines))))
    _write(axis, at, [(line, True) for line in lines], font=font, where="middle")


def _draw_arrow(axis: Any, circuit: CircuitPlan, arrow: Coupling, limit: float) -> None:
    own = circuit.of(arrow.source, arrow.target)
    start, end = circuit.places[arrow.source], circuit.places[arrow.target]
    radius = circuit.radius + 2
    if arrow.source == arrow.target:
        own = [each for each in own if each.modulator or circuit.small]
        towards = np.pi / 2
        if not circuit.small:  # beside what drives the region
            towards = float(np.arctan2(*circuit.directions[arrow.target][::-1])) + 0.95
        points = loop(start, towards, radius=radius, size=26.0 if circuit.small else 18.0)
        _line(axis, points, _strongest(own), limit)
        if circuit.small:
            _write(axis, start + np.array([0.0, radius + 32.0]), circuit.words(own), where="above")
        return
    bend = 32.0 if circuit.small else 9.0 + 0.045 * float(np.linalg.norm(end - start))
    points = curve(start, end, bend=bend, gap=radius)
    _line(axis, points, own[0], limit)
    if circuit.small:
        up = points[len(points) // 2][1] >= start[1]
        middle = points[len(points) // 2] + np.array([0.0, 7.0 if up else -7.0])
        _write(axis, middle, circuit.words(own), where="above" if up else "below")
    elif circuit.with_numbers:
        # Away from the middle of the circle, where arrows cross.
        at = points[int((0.5 if len(circuit.regions) == 3 else 0.36) * len(points))]
        _write(axis, at, circuit.words(own), where="middle", font=7.0, box=True)


def _strongest(couplings: Sequence[Coupling]) -> Coupling:
    """Return what colours a loop: the modulation of the largest size."""
    modulated = [each for each in couplings if each.modulator]
    return max(modulated, key=lambda each: abs(each.value))


def _draw_driving(axis: Any, circuit: CircuitPlan, region: str, limit: float) -> None:
    """Draw what drives a region side by side, from below or from outside the circle."""
    own = circuit.driving(region)
    if not own:
        return
    outward = np.array([0.0, -1.0]) if circuit.small else circuit.directions[region]
    across = np.array([-outward[1], outward[0]])
    near = circuit.places[region] + (circuit.radius + 2) * outward
    for place, each in enumerate(own):
        aside = 9.0 * (place - (len(own) - 1) / 2) * across
        _line(axis, np.linspace(near + 34 * outward, near, 9) + aside, each, limit)
    words = circuit.words(own)
    tail = near + 38 * outward
    if circuit.small or abs(outward[0]) < 0.6:
        _write(axis, tail, words, where="above" if outward[1] > 0 else "below")
        return
    # At the sides there is little room: name and value stand below each other.
    lines = [(part, True) for line, _ in words for part in line.rsplit(": ", 1)]
    beside = tail + np.array([3.0 * np.sign(outward[0]), 0.0])
    _write(axis, beside, lines, where="middle", align="left" if outward[0] > 0 else "right")


def _line(axis: Any, points: FloatArray, each: Coupling, limit: float) -> None:
    """Draw an arrow along points."""
    size = float(np.clip(each.value / limit, -1.0, 1.0)) if limit > 0.0 else 0.0
    share = size if np.isfinite(size) else 0.0
    # Pale colours would not be seen: they begin at a third of the scale.
    color: Any = colormaps[COLORS](0.5 + 0.5 * (np.copysign(0.35, share) + 0.6 * share))
    doubtful = np.isinf(limit) or not np.isfinite(each.value)
    if doubtful or each.logarithmic:
        color = FAINT if doubtful else LOOP
    certainty = 0 if doubtful else each.certainty
    width = THIN if certainty == 0 else 1.2 + 2.6 * abs(share)
    head = 6.0 + 1.5 * width
    along = points[-1] - points[-5]
    along = along / np.linalg.norm(along)
    across = np.array([-along[1], along[0]])
    base = points[-1] - head * along
    body = points[np.linalg.norm(points - points[-1], axis=1) > head]
    body = np.vstack([body, base + 0.15 * head * along])
    axis.plot(*body.T, color=color, linewidth=width, solid_capstyle="butt", zorder=2,
              **LOOKS[certainty])  # fmt: skip
    corners = np.stack([points[-1], base + 0.42 * head * across, base - 0.42 * head * across])
    axis.fill(*corners.T, color=color, linewidth=0, zorder=3)


def _write(
    axis: Any,
    at: FloatArray,
    lines: Sequence[tuple[str, bool]],
    *,
    where: str,
    align: str = "center",
    font: float = 7.5,
    box: bool = False,
) -> None:
    """Write lines above, below or around a place."""
    step = LINE * font / 7.5
    top = at[1] + {"above": step * len(lines), "below": 0.0, "middle": step * len(lines) / 2}[where]
    style = {"facecolor": "white", "edgecolor": "none", "pad": 0.6} if box else None
    for place, (words, bold) in enumerate(lines):
        axis.text(at[0], top - step * (place + 0.5), words, ha=align, va="center_baseline",
                  fontsize=font, color=INK if bold else QUIET, zorder=6, bbox=style,
                  fontweight="bold" if bold else "normal")  # fmt: skip


def _draw_doubt(axis: Any, doubt: str) -> None:
    """Say why arrows are grey, in place of the key."""
    for up, told in ((27.0, f"The model is {doubt}."), (12.0, "Do not rely on its estimates.")):
        axis.text(8.0, up, told, va="center_baseline", fontsize=7.5, color=INK)


def _draw_key(axis: Any, level: str, width: float, *, loops: bool) -> None:
    """Say what lines and colours mean, below the circuit."""
    words = (
        (f"calibrated {level} interval excludes 0", 2.6, LOOKS[2], INK),
        (f"only SPM's {level} interval does", 2.6, LOOKS[1], INK),
        ("neither does", THIN, LOOKS[0], INK),
    )
    columns = (8.0, width / 2 + 12)
    for place, (told, size, look, color) in enumerate(words):
        left, up = columns[place // 2], 27.0 - 15.0 * (place % 2)
        axis.plot([left, left + 24], [up, up], color=color, linewidth=size, **look)
        axis.text(left + 31, up, told, va="center_baseline", fontsize=7.5, color=QUIET)
    left, up = columns[1], 12.0
    signs: list[tuple[str, Any]] = [
        ("positive", colormaps[COLORS](0.96)),
        ("negative", colormaps[COLORS](0.04)),
    ]
    for place, (told, color) in enumerate(signs + ([("self, log", LOOP)] if loops else [])):
        start = left + 87.0 * place
        axis.plot([start, start + 24], [up, up], color=color, linewidth=2.6)
        axis.text(start + 31, up, told, va="center_baseline", fontsize=7.5, color=QUIET)
