"""How a score is distributed in each arm: a dot a participant, or columns where there are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import (
    INK,
    QUIET,
    RULE,
    ArmStyle,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.figures.forest import Estimate

FloatArray = NDArray[np.float64]

#: Size of a panel, and of what stands around its rows, pixels of the page.
PANEL, LEFT, RIGHT, FOOT, HEAD = 270.0, 12.0, 16.0, 38.0, 4.0
#: Height of an arm's name, of its mean, and of one dot, pixels; most dots above each other.
NAME, MEAN, DOT, TALLEST = 15.0, 11.0, 5.6, 7
#: Classes of values.
CLASSES = 24


@dataclass(frozen=True)
class Stack:
    """Values in classes of one width.

    Attributes
    ----------
    middles : ndarray of shape (n_classes,)
        Middle of each class.
    counts : ndarray of int, shape (n_classes,)
        Values in it.
    """

    middles: FloatArray
    counts: NDArray[np.int64]


@drawn
def distribution_figure(
    values: Mapping[str, FloatArray],
    *,
    styles: Mapping[str, ArmStyle],
    label: str,
    means: Mapping[str, Estimate] | None = None,
    zero: bool = False,
    name: str,
    description: str,
) -> Markup:
    """Draw the values of each arm above one axis, with mean and interval where given.

    Parameters
    ----------
    values : mapping of str to ndarray of shape (n,)
        By arm; NaN is left out. Arms without values may be left out where means are given.
    styles : mapping of str to ArmStyle
        Arms below each other, and how they look.
    label : str
        Label of the horizontal axis.
    means : mapping of str to Estimate, optional
        Mean of each arm with its interval.
    zero : bool
        Draw a line at zero.
    name, description : str
        Identifier and text alternative.
    """
    given = means or {}
    finite = {arm: each[np.isfinite(each)] for arm, each in values.items()}
    arms = [arm for arm in styles if finite.get(arm, np.empty(0)).size or arm in given]
    if not arms:
        raise ValueError("there are no values")
    stacks = stacked({arm: finite[arm] for arm in arms if finite.get(arm, np.empty(0)).size})
    tallest = max((int(each.counts.max()) for each in stacks.values()), default=0)
    room = DOT * min(tallest, TALLEST)
    mean_room = MEAN if given else 0.0
    row = NAME + room + mean_room + 7.0
    height = HEAD + row * len(arms) + FOOT
    figure = new_figure(PANEL, height)
    wide, tall = 1 - (LEFT + RIGHT) / PANEL, row * len(arms) / height
    axis = figure.add_axes((LEFT / PANEL, FOOT / height, wide, tall))
    axis.set_ylim(row * len(arms), 0)
    for place, arm in enumerate(arms):
        base = row * place + NAME + room
        _draw_name(axis, arm, finite.get(arm), styles[arm], row * place + NAME / 2 - 1)
        if arm in stacks:
            _draw_stack(axis, stacks[arm], styles[arm], base, tallest)
        axis.axhline(base, color=RULE, linewidth=0.8, zorder=1)
        if zero:  # not through the names
            axis.plot([0, 0], [base - room, base + mean_room], color=QUIET, linewidth=0.8,
                      linestyle=(0, (3, 3)), zorder=1)  # fmt: skip
        if arm in given:
            _draw_mean(axis, given[arm], styles[arm], base + 0.55 * MEAN)
    axis.spines["left"].set_visible(False)
    axis.set_yticks([])
    axis.locator_params(axis="x", nbins=6)
    axis.margins(x=0.04)
    axis.set_xlabel(shortened(label, 44))
    return svg(figure, name=name, description=description)


def stacked(values: Mapping[str, FloatArray]) -> dict[str, Stack]:
    """Sort the values of all arms into the same classes of equal width.

    Whole numbers keep classes of whole numbers, so that a score stands at itself.

    Parameters
    ----------
    values : mapping of str to ndarray of shape (n,)
        Finite values by arm, at least one each.

    Examples
    --------
    >>> stack = stacked({"placebo": np.array([1.0, 2.0, 2.0, 4.0])})["placebo"]
    >>> stack.middles.tolist(), stack.counts.tolist()
    ([1.0, 2.0, 3.0, 4.0], [1, 2, 0, 1])
    """
    if not values:
        return {}
    together = np.concatenate(list(values.values()))
    low, high = float(together.min()), float(together.max())
    if high == low:
        width, n_classes = 1.0, 1
    elif np.all(together == np.round(together)):
        width = float(np.ceil((high - low + 1) / CLASSES))
        n_classes = int((high - low) // width) + 1
    else:
        width, n_classes = (high - low) / (CLASSES - 1), CLASSES
    # Classes of several whole numbers have their middle between them.
    whole = width > 1.0 and np.all(together == np.round(together))
    places = np.arange(n_classes, dtype=np.float64)
    middles: FloatArray = low + width * places + ((width - 1.0) / 2 if whole else 0.0)
    edges = np.append(middles - width / 2, middles[-1] + width / 2)
    return {
        arm: Stack(middles, np.histogram(each, bins=edges)[0].astype(np.int64))
        for arm, each in values.items()
    }


def _draw_name(axis: Any, arm: str, values: FloatArray | None, style: ArmStyle, at: float) -> None:
    where = axis.get_yaxis_transform()
    words = "all participants" if arm == "all" else shortened(arm, 22)
    if values is not None and values.size:
        words += f", n = {values.size}"
    axis.plot([0.012], [at], style.marker, color=style.color, markersize=5, markeredgewidth=0,
              transform=where, clip_on=False)  # fmt: skip
    axis.text(0.045, at, words, ha="left", va="center", color=INK, fontsize=8,
              transform=where)  # fmt: skip


def _draw_stack(axis: Any, stack: Stack, style: ArmStyle, base: float, tallest: int) -> None:
    used = np.flatnonzero(stack.counts)
    if tallest <= TALLEST:
        across = np.repeat(stack.middles[used], stack.counts[used])
        up = np.concatenate([np.arange(count) for count in stack.counts[used]])
        axis.plot(across, base - DOT * (up + 0.5), style.marker, color=style.color, markersize=3.6,
                  alpha=0.85, markeredgewidth=0, zorder=3)  # fmt: skip
        return
    width = float(np.diff(stack.middles[:2]).sum()) or 1.0
    tops = DOT * TALLEST * stack.counts[used] / tallest
    axis.bar(stack.middles[used], -tops, width=0.92 * width, bottom=base, color=style.color,
             alpha=0.7, linewidth=0, zorder=3)  # fmt: skip


def _draw_mean(axis: Any, mean: Estimate, style: ArmStyle, at: float) -> None:
    if not np.isfinite(mean.value):
        return
    if np.isfinite(mean.low) and np.isfinite(mean.high):
        axis.plot([mean.low, mean.high], [at, at], color=style.color, linewidth=1.8, zorder=4,
                  solid_capstyle="butt")  # fmt: skip
    axis.plot([mean.value], [at], style.marker, color=style.color, markersize=5.5, zorder=5,
              markeredgecolor="white", markeredgewidth=0.8)  # fmt: skip
