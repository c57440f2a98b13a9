"""A figure of merit beside those of permuted data."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import ALARM, INK, QUIET, drawn, new_figure, svg

FloatArray = NDArray[np.float64]

#: Share of permutations below the left end of the axis: a few are far below all others.
LEFT_OUT = 0.01
#: Fewest and most bars.
BARS = (8, 36)


def _known(nulls: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return what is finite; raise ValueError if nothing is."""
    known = {key: each[np.isfinite(each)] for key, each in nulls.items()}
    known = {key: each for key, each in known.items() if each.size}
    if not known:
        raise ValueError("there are no permutations")
    return known


def _ends(known: Mapping[str, FloatArray], observed: float) -> tuple[float, float]:
    """Return where the axis starts and ends."""
    low = min(float(np.quantile(each, LEFT_OUT)) for each in known.values())
    high = max(float(each.max()) for each in known.values())
    low, high = min(low, observed), max(high, observed)
    margin = 0.04 * (high - low) or 0.05
    return low - margin, high + margin


def n_outside(nulls: Mapping[str, FloatArray], *, observed: float) -> int:
    """Count permutations that lie outside the axis, which the first bar holds.

    Parameters
    ----------
    nulls : mapping of str to ndarray of shape (n_permutations,)
        Values by what was permuted.
    observed : float
        Value of the data.

    Raises
    ------
    ValueError
        If there are no permutations.

    Examples
    --------
    >>> n_outside({"a": np.r_[-50.0, np.linspace(0, 1, 999)]}, observed=0.5)
    1
    """
    known = _known(nulls)
    start = _ends(known, observed)[0]
    return sum(int((each < start).sum()) for each in known.values())


@drawn
def null_figure(
    nulls: Mapping[str, FloatArray],
    *,
    observed: float,
    label: str,
    unit: str,
    name: str,
    description: str,
) -> Markup:
    """Draw what permuted data give as bars, and as a line the value of the data themselves.

    Parameters
    ----------
    nulls : mapping of str to ndarray of shape (n_permutations,)
        Values by what was permuted: the first is drawn as bars, a second as an outline.
    observed : float
        Value of the data.
    label : str
        Stands at its line.
    unit : str
        Label of the horizontal axis.
    name, description : str
        Identifier and text alternative.

    Raises
    ------
    ValueError
        If there are no permutations.
    """
    known = _known(nulls)
    figure = new_figure(400, 215)
    axis = figure.add_axes((0.14, 0.2, 0.83, 0.64))
    start, end = _ends(known, observed)
    n_bars = int(np.clip(2 * np.sqrt(next(iter(known.values())).size), *BARS))
    edges = np.linspace(start, end, 1 + n_bars)
    marks: list[Patch | Line2D] = []
    for place, values in enumerate(known.values()):
        shares = np.histogram(np.clip(values, edges[0], None), edges)[0] / values.size
        if place:
            axis.stairs(100 * shares, edges, color=QUIET, linewidth=1.1, linestyle=(0, (2, 1.5)))
            marks.append(Line2D([], [], color=QUIET, linewidth=1.1, linestyle=(0, (2, 1.5))))
        else:
            axis.stairs(100 * shares, edges, fill=True, color="#b5c4cb")
            marks.append(Patch(facecolor="#b5c4cb"))
    axis.axvline(observed, color=ALARM, linewidth=2.0, zorder=4)
    marks.append(Line2D([], [], color=ALARM, linewidth=2.0))
    axis.set_xlim(edges[0], edges[-1])
    axis.set_ylim(0, None)
    axis.locator_params(axis="x", nbins=7)
    axis.locator_params(axis="y", nbins=4)
    axis.set_xlabel(unit)
    axis.set_ylabel("% of permutations")
    axis.legend(marks, [*known, label], loc="lower left", bbox_to_anchor=(-0.13, 1.01),
                ncols=len(marks), frameon=False, borderaxespad=0.2, handlelength=1.4,
                handletextpad=0.5, columnspacing=1.2, labelcolor=INK, fontsize=8)  # fmt: skip
    return svg(figure, name=name, description=description)
