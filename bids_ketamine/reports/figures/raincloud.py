"""Raincloud plots: the distribution of a score, its quartiles, and every participant.

Allen M et al. (2021). Raincloud plots: a multi-platform tool for robust data visualization.
Wellcome Open Research 4:63. doi:10.12688/wellcomeopenres.15191.2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from scipy import stats

from bids_ketamine.reports.figures.canvas import (
    INK,
    QUIET,
    RULE,
    WIDTH,
    ArmStyle,
    drawn,
    new_figure,
    shortened,
    svg,
)

FloatArray = NDArray[np.float64]

#: Height of one cloud with its rain, and of the distance between sessions, pixels.
CLOUD, GAP = 40.0, 12.0
HEAD, FOOT = 8.0, 38.0
#: Room of names on the left, pixels, and their most letters.
SESSION, ARM, SESSION_LETTERS, ARM_LETTERS = 80.0, 102.0, 11, 13
#: Where cloud, box and rain of a row stand, as shares of its height from its middle.
BASE, TOP, BOX, RAIN, DROP = 0.02, 0.47, 0.13, 0.27, 0.42
#: Fewest values of a cloud, and of a box; with fewer there are drops alone.
FEWEST_CLOUD, FEWEST_BOX = 3, 4
#: Fewest values shown in any form without individual data.
FEWEST_SHOWN = 3


@drawn
def raincloud_figure(
    values: Mapping[tuple[str, str], FloatArray],
    *,
    sessions: Sequence[str],
    styles: Mapping[str, ArmStyle],
    unit: str,
    individual_data: bool,
    name: str,
    description: str,
) -> Markup:
    """Draw values by session and arm: half a violin, quartiles and median, one drop a value.

    Drops lie at their value; across it they are spread by a rule, the same in every drawing.
    Without individual data there are mean and standard deviation alone, of three values or
    more: clouds, quartiles and drops all tell values of single participants.

    Parameters
    ----------
    values : mapping of (session, arm) to ndarray of shape (n,)
        In `unit`; NaN is left out.
    sessions : sequence of str
        Sessions from top to bottom; those without values are left out.
    styles : mapping of str to ArmStyle
        Arms below each other, and how they look.
    unit : str
        Label of the horizontal axis.
    individual_data : bool
        Whether values of single participants may be told.
    name, description : str
        Identifier and text alternative.
    """
    known = {key: _finite(each) for key, each in values.items()}
    rows = [
        (session, arm)
        for session in sessions
        for arm in styles
        if known.get((session, arm), np.empty(0)).size
    ]
    if not rows:
        raise ValueError("there are no values")
    middles, height = _places(rows)
    named = set(styles) != {"all"}
    left = SESSION + (ARM if named else 0.0)
    figure = new_figure(WIDTH, HEAD + height + FOOT)
    full = HEAD + height + FOOT
    axis = figure.add_axes((left / WIDTH, FOOT / full, 1 - (left + 10) / WIDTH, height / full))
    axis.set_ylim(height, 0)
    clouds = {key: half_violin(known[key]) for key in rows} if individual_data else {}
    highest = max((each[1].max() for each in clouds.values() if each is not None), default=1.0)
    for key in rows:
        style = styles[key[1]]
        if individual_data:
            cloud = clouds[key]
            if cloud is not None:
                _draw_cloud(axis, cloud, style, middles[key], highest)
            _draw_box(axis, known[key], style, middles[key])
            _draw_rain(axis, known[key], style, middles[key])
        else:
            _draw_spread(axis, known[key], style, middles[key])
    _name_rows(axis, rows, middles, styles if named else {}, left)
    axis.spines["left"].set_visible(False)
    axis.set_yticks([])
    axis.locator_params(axis="x", nbins=7)
    axis.margins(x=0.03)
    axis.set_xlabel(unit)
    return svg(figure, name=name, description=description)


def half_violin(values: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return a density over the range of some values; None for few values or equal ones.

    A Gaussian kernel with Scott's bandwidth; it ends at the smallest and the largest value, so
    that it shows no score that nobody has.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite values.

    Returns
    -------
    (ndarray of shape (101,), ndarray of shape (101,)) or None
        Values, and the density there.

    Examples
    --------
    >>> at, density = half_violin(np.array([1.0, 2.0, 3.0]))
    >>> float(at[50]), bool(density.argmax() == 50)
    (2.0, True)
    >>> half_violin(np.array([1.0, 1.0, 1.0]))
    """
    if values.size < FEWEST_CLOUD or np.ptp(values) == 0.0:
        return None
    at = np.linspace(values.min(), values.max(), 101)
    return at, stats.gaussian_kde(values)(at)


def _finite(values: FloatArray) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def _places(rows: Sequence[tuple[str, str]]) -> tuple[dict[tuple[str, str], float], float]:
    """Return the middle of each row, and the height of all, pixels from the top."""
    middles: dict[tuple[str, str], float] = {}
    at, before = 0.0, rows[0][0]
    for key in rows:
        at += GAP if key[0] != before else 0.0
        middles[key], before = at + CLOUD / 2, key[0]
        at += CLOUD
    return middles, at


def _draw_cloud(
    axis: Any, cloud: tuple[FloatArray, FloatArray], style: ArmStyle, middle: float, highest: float
) -> None:
    at, density = cloud
    base = middle - BASE * CLOUD
    top = base - (TOP - BASE) * CLOUD * density / highest
    axis.fill_between(at, base, top, color=style.color, alpha=0.3, linewidth=0, zorder=2)
    axis.plot(at, top, color=style.color, linewidth=1.0, zorder=3)


def _draw_box(axis: Any, values: FloatArray, style: ArmStyle, middle: float) -> None:
    if values.size < FEWEST_BOX:
        return
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    at, half = middle + BOX * CLOUD, 0.07 * CLOUD
    axis.plot([values.min(), values.max()], [at, at], color=style.color, linewidth=0.7, zorder=3)
    axis.fill_between([low, high], at - half, at + half, color=style.color, linewidth=0, zorder=4)
    axis.plot([median, median], [at - half, at + half], color="white", linewidth=1.6, zorder=5,
              solid_capstyle="butt")  # fmt: skip


def _draw_rain(axis: Any, values: FloatArray, style: ArmStyle, middle: float) -> None:
    ordered = np.sort(values)
    # Neighbours in size go to different places, always the same ones.
    share = np.arange(ordered.size) * 0.618034 % 1.0
    places = middle + CLOUD * (RAIN + (DROP - RAIN) * share)
    axis.plot(ordered, places, style.marker, color=style.color, markersize=3.4, alpha=0.75,
              markeredgewidth=0, zorder=4)  # fmt: skip


def _draw_spread(axis: Any, values: FloatArray, style: ArmStyle, middle: float) -> None:
    """Draw mean and standard deviation, which tell no single value."""
    if values.size < FEWEST_SHOWN:
        axis.text(0.5, middle, f"fewer than {FEWEST_SHOWN}", ha="center", va="center", color=QUIET,
                  transform=axis.get_yaxis_transform())  # fmt: skip
        return
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    axis.plot([mean - sd, mean + sd], [middle, middle], color=style.color, linewidth=5, alpha=0.35,
              solid_capstyle="butt", zorder=3)  # fmt: skip
    axis.plot([mean], [middle], style.marker, color=style.color, markersize=6, zorder=4,
              markeredgecolor="white", markeredgewidth=0.8)  # fmt: skip


def _name_rows(
    axis: Any,
    rows: Sequence[tuple[str, str]],
    middles: Mapping[tuple[str, str], float],
    styles: Mapping[str, ArmStyle],
    left: float,
) -> None:
    """Write session and arm beside each row; a mark repeats how the arm looks."""
    room = WIDTH - left - 10
    where = axis.get_yaxis_transform()
    before = ""
    for key in rows:
        session, arm = key
        if session != before:
            if before:
                between = middles[key] - (CLOUD + GAP) / 2
                axis.plot([-left / room, 1], [between, between], color=RULE, linewidth=0.8,
                          transform=where, clip_on=False, zorder=1)  # fmt: skip
            axis.text(-left / room, middles[key], shortened(session, SESSION_LETTERS), ha="left",
                      va="center", fontweight="bold", color=INK, transform=where)  # fmt: skip
        before = session
        if arm in styles:
            axis.plot([-(ARM - 6) / room], [middles[key]], styles[arm].marker, markersize=5,
                      color=styles[arm].color, markeredgewidth=0, transform=where,
                      clip_on=False)  # fmt: skip
            axis.text(-(ARM - 14) / room, middles[key], shortened(arm, ARM_LETTERS), ha="left",
                      va="center", color=INK, transform=where)  # fmt: skip
