"""What the regions of a run did, beside its condition regressors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import (
    ACCENT,
    INK,
    PALETTE,
    QUIET,
    RULE,
    WIDTH,
    drawn,
    new_figure,
    png,
    svg,
)

FloatArray = NDArray[np.float64]

#: More regions than this are drawn as a heat map.
SEPARATE_REGIONS = 16
#: Heights in pixels of the page.
CONDITION, REGION, HEAT_MAP, FOOT, HEAD = 30.0, 46.0, 240.0, 40.0, 6.0


@drawn
def course_figure(
    *,
    design: pd.DataFrame | None,
    conditions: Sequence[str],
    series: pd.DataFrame | None,
    t_r: float | None,
    unit: str,
    name: str,
    description: str,
) -> Markup:
    """Draw condition regressors and region series of a run over one time axis.

    Parameters
    ----------
    design : DataFrame or None
        Design matrix, one row per volume; ``None`` at rest.
    conditions : sequence of str
        Its columns of interest.
    series : DataFrame or None
        One column per region, one row per volume, in `unit`.
    t_r : float or None
        Repetition time, s; volumes are counted when it is not known.
    unit : str
        Unit of the series.
    name, description : str
        Identifier and text alternative.
    """
    shown = [each for each in conditions if design is not None and each in design]
    regions = [] if series is None else [str(column) for column in series.columns]
    together = len(regions) > SEPARATE_REGIONS
    body = CONDITION * len(shown) + (HEAT_MAP if together else REGION * len(regions))
    height = HEAD + body + FOOT
    figure = new_figure(WIDTH, height)
    # One pair of axes for all rows, in pixels from the top: each pair costs time.
    axis = figure.add_axes((0.29, FOOT / height, 0.695, body / height))
    axis.set_ylim(body, 0)
    axis.spines["left"].set_visible(False)
    axis.set_yticks([])
    n_rows = max((len(each) for each in (design, series) if each is not None), default=1)
    times: FloatArray = np.arange(n_rows, dtype=np.float64) * (t_r or 1.0)
    axis.set_xlim(times[0], times[-1] + (t_r or 1.0))
    for place, condition in enumerate(shown):
        if design is not None:
            values = _values(design[condition])
            _draw_condition(axis, times, values, condition, place)
    top = CONDITION * len(shown)
    if series is not None and together:
        _draw_heat_map(axis, times, series, top=top, step=t_r or 1.0)
        _side_label(axis, f"{len(regions)} regions", top + HEAT_MAP / 2)
    elif series is not None and regions:
        limit = _common_limit(series)
        for place, region in enumerate(regions):
            middle = top + REGION * (place + 0.5)
            _draw_region(axis, times, _values(series[region]), limit=limit, middle=middle)
            _side_label(axis, region, middle)
        _draw_scale(axis, limit, unit, top + REGION / 2)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 3, 6, 10]))
    axis.set_xlabel("time, s" if t_r else "volume")
    if together:
        return png(figure, description=description)
    return svg(figure, name=name, description=description)


def _values(column: pd.Series) -> FloatArray:
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)


def _side_label(axis: Any, words: str, middle: float, **style: Any) -> None:
    shown = words.replace("_", " ")
    shown = shown if len(shown) <= 20 else shown[:19] + "…"
    where = axis.get_yaxis_transform()
    axis.text(-0.015, middle, shown, transform=where, ha="right", va="center", **style)


def _draw_condition(
    axis: Any, times: FloatArray, values: FloatArray, label: str, place: int
) -> None:
    color = PALETTE[place % len(PALETTE)]
    low, high = np.nanmin(values, initial=0.0), np.nanmax(values, initial=0.0)
    size = 0.8 * CONDITION / (high - low if high > low else 1.0)
    base = CONDITION * (place + 0.92) + low * size
    heights = base - values * size
    axis.fill_between(times[: values.size], base, heights, color=color, alpha=0.28, linewidth=0)
    axis.plot(times[: values.size], heights, color=color, linewidth=1.0)
    _side_label(axis, label, CONDITION * (place + 0.5), color=color, fontweight="bold")


def _draw_region(
    axis: Any, times: FloatArray, values: FloatArray, *, limit: float, middle: float
) -> None:
    axis.axhline(middle, color=RULE, linewidth=0.7, zorder=1)
    if not np.isfinite(values).any():
        axis.text(times[-1] / 2, middle, "no values", ha="center", va="center",
                  color=QUIET, fontsize=8)  # fmt: skip
        return
    centred = np.clip((values - np.nanmean(values)) / limit, -1.1, 1.1)
    axis.plot(
        times[: values.size], middle - centred * REGION / 2, color=INK, linewidth=0.8, clip_on=False
    )


def _common_limit(series: pd.DataFrame) -> float:
    """Return half the height of every row: the largest departure that is not a rare spike."""
    values = series.apply(_values).to_numpy()
    finite = np.isfinite(values)
    if not finite.any():
        return 1.0
    centred = values - np.nanmean(np.where(finite.any(axis=0), values, 0.0), axis=0)
    limit = float(np.nanpercentile(np.abs(centred), 99.8)) * 1.1
    return limit if limit > 0 else 1.0


def _draw_scale(axis: Any, limit: float, unit: str, middle: float) -> None:
    """Draw a bar at the right end of the first region that tells the height of all."""
    size = 10.0 ** np.floor(np.log10(limit))
    size *= max(step for step in (1, 2, 5) if step * size <= limit)
    half = size / limit * REGION / 4
    where = axis.get_yaxis_transform()
    axis.plot([1.006, 1.006], [middle - half, middle + half], transform=where, color=ACCENT,
              linewidth=2, clip_on=False, solid_capstyle="butt", zorder=5)  # fmt: skip
    axis.text(0.998, middle - REGION / 2, f"bar: {size:g} {unit}".rstrip(), transform=where,
              ha="right", va="top", color=ACCENT, fontsize=7.5, zorder=6)  # fmt: skip


def _draw_heat_map(
    axis: Any, times: FloatArray, series: pd.DataFrame, *, top: float, step: float
) -> None:
    values = series.apply(_values).to_numpy().T
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=1, keepdims=True)
    centred = values - sums / np.maximum(known.sum(axis=1, keepdims=True), 1)
    limit = float(np.nanpercentile(np.abs(centred), 98)) if known.any() else 1.0
    axis.imshow(
        centred, aspect="auto", cmap="gray", vmin=-limit, vmax=limit, interpolation="nearest",
        extent=(times[0], times[0] + step * values.shape[1], top + HEAT_MAP, top),
    )  # fmt: skip
    axis.set_ylim(top + HEAT_MAP, 0)
