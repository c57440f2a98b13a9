"""What regions did in a run and what a model predicts of it, with the inputs above."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bids_ketamine.core.dcm.estimation import FLAT_VARIANCE
from bids_ketamine.reports.figures.canvas import (
    INK,
    PALETTE,
    QUIET,
    RULE,
    WIDTH,
    drawn,
    new_figure,
    shortened,
    svg,
)
from bids_ketamine.reports.words import is_number, percent

FloatArray = NDArray[np.float64]

#: Heights in pixels of the page: input, panel of a region with its title, foot, head.
INPUT, PANEL, TITLE, FOOT, HEAD = 15.0, 62.0, 19.0, 38.0, 22.0
#: Left end of the panels, pixels.
LEFT = 78.0
#: Narrowest band, as a share of the run, so that an event without duration is seen.
NARROWEST = 0.0012
OBSERVED = "#8d979f"
#: Longest names of inputs and regions, letters.
LONGEST = (13, 40)


@dataclass(frozen=True)
class RegionFit:
    """Series of a region in a run, in one unit.

    Attributes
    ----------
    region : str
        Its name.
    observed, predicted : ndarray of shape (n_scans,)
        What was measured, confounds removed, and what the model predicts.
    """

    region: str
    observed: FloatArray
    predicted: FloatArray

    @property
    def explained(self) -> float:
        """Share of variance explained, prediction / (prediction + residual), sums of squares."""
        explained = float(np.sum(self.predicted**2))
        left = float(np.sum((self.observed - self.predicted) ** 2))
        return explained / (explained + left) if explained + left > 0 else float("nan")


def explained_words(share: object) -> str:
    """Return a share of variance as a rounded percentage, on its own side of 10 % and of 100 %.

    Coverage and the like are cut off, since they are held against thresholds; this is an estimate.

    Parameters
    ----------
    share : object
        From 0 to 1, or what an empty cell holds.

    Examples
    --------
    >>> explained_words(0.329), explained_words(0.0996), explained_words(0.999)
    ('33 %', '9.9 %', '99 %')
    """
    if not is_number(share):
        return percent(share)
    given = float(share)  # type: ignore[arg-type]
    rounded = round(100 * given)
    if given < FLAT_VARIANCE and rounded >= 100 * FLAT_VARIANCE:
        return f"{int(1000 * given) / 10:.1f} %"
    return percent(given) if rounded >= 100 else f"{rounded} %"


def input_bands(level: FloatArray, *, step: float) -> FloatArray:
    """Return when an input is on.

    Parameters
    ----------
    level : ndarray of shape (n_bins,)
        The input.
    step : float
        Length of a bin, s.

    Returns
    -------
    ndarray of shape (n_bands, 2)
        Begin and end of each stretch of bins that are not zero, s.

    Examples
    --------
    >>> input_bands(np.array([0.0, 1.0, 1.0, 0.0, 2.0]), step=0.5).tolist()
    [[0.5, 1.5], [2.0, 2.5]]
    """
    on = np.concatenate([[False], level != 0.0, [False]])
    edges = np.flatnonzero(on[1:] != on[:-1])
    return step * edges.reshape(-1, 2).astype(np.float64)


def series_limit(fits: Sequence[RegionFit]) -> float:
    """Return half the height of panels that serves all series.

    Parameters
    ----------
    fits : sequence of RegionFit
        Regions of all runs.
    """
    both = [np.abs(series) for each in fits for series in (each.observed, each.predicted)]
    sizes = [float(np.percentile(each, 99.8)) for each in both if each.size]
    return 1.08 * max(sizes, default=0.0) or 1.0


@drawn
def series_fit_figure(
    fits: Sequence[RegionFit],
    *,
    inputs: Mapping[str, FloatArray],
    t_r: float,
    limit: float,
    unit: str,
    name: str,
    description: str,
) -> Markup:
    """Draw observed and predicted series of each region of a run below its inputs.

    Parameters
    ----------
    fits : sequence of RegionFit
        Regions from top to bottom.
    inputs : mapping of str to ndarray of shape (n_bands, 2)
        When each input is on, s (as :func:`input_bands` gives).
    t_r : float
        Repetition time, s.
    limit : float
        Half the height of each panel, in `unit`.
    unit : str
        Unit of the series.
    name, description : str
        Identifier and text alternative.
    """
    body = HEAD + INPUT * len(inputs) + (PANEL + TITLE) * len(fits)
    height = body + FOOT
    figure = new_figure(WIDTH, height)
    end = t_r * max((len(each.observed) for each in fits), default=1)
    wide = (WIDTH - LEFT - 14) / WIDTH

    def panel(top: float, tall: float) -> Any:
        axis = figure.add_axes((LEFT / WIDTH, 1 - (top + tall) / height, wide, tall / height))
        axis.set_xlim(0.0, end)
        return axis

    if inputs:
        _draw_inputs(panel(HEAD, INPUT * len(inputs)), inputs, end)
    top = HEAD + INPUT * len(inputs)
    for place, each in enumerate(fits):
        axis = panel(top + TITLE, PANEL)
        _draw_fit(axis, each, inputs, end=end, t_r=t_r, limit=limit)
        last = place == len(fits) - 1
        axis.tick_params(axis="x", labelbottom=last)
        if last:
            axis.set_xlabel("time, s")
        top += TITLE + PANEL
    middle = 1 - (body - (PANEL + TITLE) * len(fits) / 2) / height
    unit = unit if len(fits) > 1 else textwrap.fill(unit, 16)
    figure.text(14 / WIDTH, middle, unit, rotation=90, ha="center", va="center", fontsize=8,
                color=QUIET)  # fmt: skip
    lines = [
        Line2D([], [], color=OBSERVED, linewidth=1.0),
        Line2D([], [], color=INK, linewidth=1.7),
    ]
    figure.legend(lines, ["observed, confounds removed", "predicted"], loc="upper right", ncols=2,
                  bbox_to_anchor=(1 - 4 / WIDTH, 1.0), frameon=False, borderaxespad=0.2,
                  handlelength=1.8, columnspacing=1.4, labelcolor=QUIET, fontsize=7.5)  # fmt: skip
    return svg(figure, name=name, description=description)


def _draw_inputs(axis: Any, inputs: Mapping[str, FloatArray], end: float) -> None:
    """Draw each input as bands in a row of its own."""
    axis.set_ylim(len(inputs), 0)
    axis.spines[:].set_visible(False)
    axis.set_xticks([])
    for place, bands in enumerate(inputs.values()):
        axis.axhline(place + 0.5, color=RULE, linewidth=0.7, zorder=1)
        _bands(axis, bands, place + 0.18, place + 0.82, end, color=PALETTE[place % len(PALETTE)])
    names = [shortened(each.replace("_", " "), LONGEST[0]) for each in inputs]
    axis.set_yticks(np.arange(len(inputs)) + 0.5, names, fontsize=7.5)
    axis.tick_params(length=0, labelcolor=INK)


def _bands(axis: Any, bands: FloatArray, low: float, high: float, end: float, **style: Any) -> None:
    """Draw the bands of an input as one shape."""
    if not len(bands):
        return
    corners, codes = [], []
    for start, stop in bands:
        stop = max(stop, start + NARROWEST * end)
        corners += [(start, low), (stop, low), (stop, high), (start, high), (start, low)]
        codes += [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]
    axis.add_patch(PathPatch(Path(corners, codes), linewidth=0, **style))


def _draw_fit(
    axis: Any,
    fit: RegionFit,
    inputs: Mapping[str, FloatArray],
    *,
    end: float,
    t_r: float,
    limit: float,
) -> None:
    title = f"{shortened(fit.region.replace('_', ' '), LONGEST[1])}: "
    title += f"{explained_words(fit.explained)} of the variance explained"
    axis.set_title(title, loc="left", fontsize=8.5, pad=3)
    axis.set_ylim(-limit, limit)
    for place, bands in enumerate(inputs.values()):
        color = PALETTE[place % len(PALETTE)]
        _bands(axis, bands, -limit, limit, end, color=color, alpha=0.09, zorder=0)
    axis.axhline(0, color=RULE, linewidth=0.7, zorder=1)
    times = t_r * np.arange(len(fit.observed))
    axis.plot(times, fit.observed, color=OBSERVED, linewidth=0.9, zorder=2)
    axis.plot(times, fit.predicted, color=INK, linewidth=1.5, zorder=3)
    axis.yaxis.set_major_locator(MaxNLocator(nbins=3, symmetric=True, min_n_ticks=3))
    axis.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 3, 6, 10]))
