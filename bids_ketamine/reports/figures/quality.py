"""Motion and outlier volumes of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import (
    ACCENT,
    ALARM,
    QUIET,
    RULE,
    WIDTH,
    drawn,
    new_figure,
    svg,
)

#: Room below the axes for numbers and label, and above them, pixels.
BELOW, ABOVE = 45.6, 10.0


def motion_is_known(quality: pd.DataFrame) -> bool:
    """Tell whether a run's table holds displacement or DVARS: without, there is nothing to draw.

    Parameters
    ----------
    quality : DataFrame
        As for :func:`quality_figure`.
    """
    return any(_numbers(quality, name).size for name in ("framewise_displacement", "std_dvars"))


@drawn
def quality_figure(
    quality: pd.DataFrame,
    *,
    framewise_displacement: float | None,
    std_dvars: float | None,
    name: str,
    description: str,
) -> Markup:
    """Draw framewise displacement and standardized DVARS over the volumes of a run.

    Parameters
    ----------
    quality : DataFrame
        One row per volume: ``framewise_displacement`` (mm), ``std_dvars``, ``outlier``,
        ``non_steady_state``; what is missing is left out.
    framewise_displacement, std_dvars : float or None
        Thresholds of the study.
    name, description : str
        Identifier and text alternative.
    """
    rows = [
        ("framewise_displacement", "FD, mm", framewise_displacement),
        ("std_dvars", "std. DVARS", std_dvars),
    ]
    rows = [row for row in rows if _numbers(quality, row[0]).size]
    height = 60 + 84 * max(1, len(rows))
    figure = new_figure(WIDTH, height)
    axes = figure.subplots(max(1, len(rows)), 1, sharex=True, squeeze=False)[:, 0]
    top, bottom = 1 - ABOVE / height, BELOW / height
    figure.subplots_adjust(left=0.105, right=0.985, top=top, bottom=bottom, hspace=0.22)
    outliers = np.flatnonzero(_numbers(quality, "outlier") > 0) + 1
    unsteady = np.flatnonzero(_numbers(quality, "non_steady_state") > 0) + 1
    for axis, (column, label, threshold) in zip(axes, rows, strict=False):
        _draw_series(axis, _numbers(quality, column), threshold)
        axis.set_ylabel(label)
        if outliers.size:
            axis.vlines(outliers, 0, 1, transform=axis.get_xaxis_transform(), **_MARK)
        if unsteady.size:
            axis.axvspan(unsteady[0] - 0.5, unsteady[-1] + 0.5, color=RULE, alpha=0.6, lw=0)
    axes[-1].set_xlabel("volume")
    axes[-1].set_xlim(0.5, max(len(quality), 2) + 0.5)
    if outliers.size and rows:
        axes[0].plot(
            outliers,
            np.ones(outliers.size),
            "v",
            color=ALARM,
            markersize=4,
            clip_on=False,
            transform=axes[0].get_xaxis_transform(),
        )
    return svg(figure, name=name, description=description)


_MARK: dict[str, Any] = {"color": ALARM, "alpha": 0.35, "linewidth": 1.2, "zorder": 1}


def _numbers(table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column as numbers; empty when the table has none or nothing in it."""
    if column not in table:
        return np.empty(0)
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    return values if np.isfinite(values).any() else np.empty(0)


def _draw_series(axis: Any, values: NDArray[np.float64], threshold: float | None) -> None:
    axis.plot(np.arange(1, values.size + 1), values, color=ACCENT, linewidth=1.0, zorder=3)
    largest = float(np.nanmax(values))
    if threshold is not None:
        axis.axhline(threshold, color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)), zorder=2)
        axis.annotate(
            f"{threshold:g}",
            (1, threshold),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=7.5,
            color=QUIET,
        )
        largest = max(largest, 1.25 * threshold)
    axis.set_ylim(0, 1.08 * largest if largest > 0 else 1)
    axis.locator_params(axis="y", nbins=4)
