"""Participants through a trial as CONSORT draws it: a column for each arm, with what is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.patches import Polygon, Rectangle

from bids_ketamine.reports.figures.canvas import INK, QUIET, RULE, ArmStyle, drawn, new_figure, svg
from bids_ketamine.reports.figures.participant_flow_words import (
    FlowBox,
    FlowLine,
    box_lines,
    lost_lines,
)

#: Widths of boxes and distances, pixels. Three columns fit a printed page.
MAIN, SIDE, BESIDE, BETWEEN, EDGE = 204.0, 190.0, 18.0, 16.0, 6.0
#: Height of a line and room above and below it in a box; of a gap without side boxes, and
#: between boxes without an arrow.
LINE, PADDING, GAP, APART = 14.5, 8.0, 26.0, 9.0
HEAD = 5.0
WASH = "#f4f6f7"


@dataclass(frozen=True)
class _Place:
    """Where the columns stand: their middles, the middle of the stem, and the whole width."""

    columns: Mapping[str, float]
    stem: float
    width: float
    is_beside: bool


@drawn
def participant_flow_figure(
    stem: Sequence[FlowBox],
    rows: Sequence[Mapping[str, FlowBox]],
    endings: Sequence[Mapping[str, FlowBox]] = (),
    *,
    endings_follow: bool = True,
    styles: Mapping[str, ArmStyle],
    name: str,
    description: str,
) -> Markup:
    """Draw boxes and arrows from the dataset down to what is analysed.

    What is lost stands beside the arrow in the stem and in a single column, and below its box
    where there are several columns.

    Parameters
    ----------
    stem : sequence of FlowBox
        Stages before arms part, from above. What is lost between the last of them and the arms
        stands in the first row, under ``all``.
    rows : sequence of mapping of str to FlowBox
        Stages after that: the box of each arm.
    endings : sequence of mapping of str to FlowBox
        Counts side by side, below each other: no arrow is between them.
    endings_follow : bool
        Whether they are of those in the last row, to draw the arrow from there.
    styles : mapping of str to ArmStyle
        Arms from left to right, and their colours.
    name, description : str
        Identifier and text alternative.

    Returns
    -------
    Markup
        An ``<svg>`` as wide as its columns need.
    """
    every = [*rows, *endings]
    arms = [arm for arm in styles if any(arm in row for row in every)]
    place = _placed(stem, every, arms)
    shown = (stem, rows, endings, place, styles)
    height = _draw(None, *shown, endings_follow=endings_follow)
    figure = new_figure(place.width, height)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_xlim(0, place.width)
    axis.set_ylim(height, 0)
    axis.set_axis_off()
    _draw(axis, *shown, endings_follow=endings_follow)
    return svg(figure, name=name, description=description)


def _placed(
    stem: Sequence[FlowBox], rows: Sequence[Mapping[str, FlowBox]], arms: Sequence[str]
) -> _Place:
    """Return where columns stand."""
    pitch = MAIN + BETWEEN
    columns = {arm: EDGE + at * pitch + MAIN / 2 for at, arm in enumerate(arms)}
    middle = sum(columns.values()) / len(columns) if columns else EDGE + MAIN / 2
    is_beside = len(arms) < 2
    beside = [box.lost for box in stem] + [row["all"].lost for row in rows[:1] if "all" in row]
    beside += [row[arm].lost for row in rows for arm in arms if is_beside and arm in row]
    right = max([*columns.values(), middle]) + MAIN / 2
    right = max(right, middle + BESIDE + SIDE) if any(beside) else right
    return _Place(columns, middle, right + EDGE, is_beside)


def _draw(
    axis: Any,
    stem: Sequence[FlowBox],
    rows: Sequence[Mapping[str, FlowBox]],
    endings: Sequence[Mapping[str, FlowBox]],
    place: _Place,
    styles: Mapping[str, ArmStyle],
    *,
    endings_follow: bool,
) -> float:
    """Draw all, or nothing where there is no axis; return where it ends."""
    y = EDGE
    for number, box in enumerate(stem):
        if number:
            y = _arrow(axis, place.stem, y, y + _gap([box.lost]), box.lost)
        y = _box(axis, place.stem, y, _room(box_lines(box)), box, QUIET)
    bottoms = dict.fromkeys(place.columns, y)
    for number, row in enumerate([*rows, *endings]):
        boxes = {arm: row[arm] for arm in place.columns if arm in row}
        is_ending = number >= len(rows)
        top = max(bottoms.values(), default=y)
        if number > len(rows) or (is_ending and number and not endings_follow):
            top += APART
        elif not number and stem:
            top = _fork(axis, place, y, row.get("all"))
        elif number:
            lost = [box.lost for box in boxes.values()] if place.is_beside and not is_ending else []
            top += _gap(lost)
            for arm, box in boxes.items():
                _arrow(axis, place.columns[arm], bottoms[arm], top, box.lost if lost else ())
        room = max((_room(box_lines(box)) for box in boxes.values()), default=0.0)
        inside = is_ending or not place.is_beside or (not number and not stem)
        for arm, box in boxes.items():
            middle = place.columns[arm]
            bottoms[arm] = _box(axis, middle, top, room, box, styles[arm].color)
            if inside and box.lost:
                bottoms[arm] = _lost_below(axis, middle, bottoms[arm], box, styles[arm].color)
    return max([y, *bottoms.values()]) + EDGE


def _room(lines: Sequence[FlowLine]) -> float:
    return len(lines) * LINE + 2 * PADDING if lines else 0.0


def _gap(lost: Sequence[Sequence[str]]) -> float:
    """Return the length of arrows, which holds what is lost beside them."""
    beside = max((_room(lost_lines(each)) for each in lost), default=0.0)
    return beside + 14.0 if beside else GAP


def _box(axis: Any, middle: float, top: float, room: float, box: FlowBox, color: str) -> float:
    """Draw a box; return where it ends."""
    if axis is not None:
        corner = (middle - MAIN / 2, top)
        axis.add_patch(Rectangle(corner, MAIN, room, facecolor="white", edgecolor=color))
        _write(axis, middle - MAIN / 2 + 9.0, top + PADDING, box_lines(box), 8.5)
    return top + room


def _lost_below(axis: Any, middle: float, top: float, box: FlowBox, color: str) -> float:
    """Draw what is lost as the lower part of a box; return where it ends."""
    lines = lost_lines(box.lost)
    if axis is not None:
        corner = (middle - MAIN / 2, top)
        axis.add_patch(Rectangle(corner, MAIN, _room(lines), facecolor=WASH, edgecolor=color))
        _write(axis, middle - MAIN / 2 + 9.0, top + PADDING, lines, 7.8)
    return top + _room(lines)


def _arrow(axis: Any, x: float, y: float, end: float, lost: Sequence[str]) -> float:
    """Draw an arrow and what is lost beside it; return where it ends."""
    if axis is not None:
        _down(axis, x, y, end)
        if lost:
            _beside(axis, x, (y + end) / 2, lost_lines(lost))
    return end


def _fork(axis: Any, place: _Place, y: float, beside: FlowBox | None) -> float:
    """Draw the arrows from the stem to the arms; return where they end."""
    lost = beside.lost if beside is not None else ()
    bar = y + (_gap([lost]) if lost else GAP / 2)
    end = bar + GAP / (1 if lost else 2)
    if axis is None:
        return end
    axis.plot((place.stem, place.stem), (y, bar), color=QUIET, linewidth=1.0)
    if lost:
        _beside(axis, place.stem, (y + bar) / 2, lost_lines(lost))
    middles = list(place.columns.values())
    if len(middles) > 1:
        axis.plot((min(middles), max(middles)), (bar, bar), color=QUIET, linewidth=1.0)
    for x in middles:
        _down(axis, x, bar, end)
    return end


def _beside(axis: Any, x: float, y: float, lines: Sequence[FlowLine]) -> None:
    """Draw a side box at a height, with the arrow that leads to it."""
    left, room = x + BESIDE, _room(lines)
    axis.plot((x, left - HEAD), (y, y), color=QUIET, linewidth=1.0)
    head = [(left, y), (left - HEAD - 2, y - HEAD + 1), (left - HEAD - 2, y + HEAD - 1)]
    axis.add_patch(Polygon(head, facecolor=QUIET, edgecolor="none"))
    corner = (left, y - room / 2)
    axis.add_patch(Rectangle(corner, SIDE, room, facecolor=WASH, edgecolor=RULE))
    _write(axis, left + 8.0, y - room / 2 + PADDING, lines, 7.8)


def _down(axis: Any, x: float, top: float, bottom: float) -> None:
    axis.plot((x, x), (top, bottom - HEAD), color=QUIET, linewidth=1.0)
    head = [(x, bottom), (x - HEAD + 1, bottom - HEAD - 2), (x + HEAD - 1, bottom - HEAD - 2)]
    axis.add_patch(Polygon(head, facecolor=QUIET, edgecolor="none"))


def _write(axis: Any, left: float, top: float, lines: Sequence[FlowLine], size: float) -> None:
    for number, line in enumerate(lines):
        axis.text(
            left,
            top + (number + 0.76) * LINE,
            line.words,
            fontsize=size,
            color=INK,
            weight="bold" if line.strong else "normal",
            va="baseline",
        )
