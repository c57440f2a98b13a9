"""Design matrix of a run."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from bids_ketamine.reports.figures.canvas import (
    ACCENT,
    QUIET,
    WIDTH,
    drawn,
    new_figure,
    shortened,
    svg,
)

#: More columns of one kind than this share a label.
SEPARATE_LABELS = 3
#: Letters of a label.
LONGEST = 20


def column_groups(names: Sequence[str]) -> list[tuple[str, int, int]]:
    """Join neighbouring columns whose names differ in their numbers alone.

    Parameters
    ----------
    names : sequence of str
        Columns of a design matrix.

    Returns
    -------
    list of (label, first, last)
        Positions of the columns under one label, ends included.

    >>> column_groups(["faces", "drift_1", "drift_2", "drift_3", "drift_4", "constant"])
    [('faces', 0, 0), ('drift × 4', 1, 4), ('constant', 5, 5)]
    """
    groups: list[tuple[str, int, int]] = []
    start = 0
    while start < len(names):
        stem = _stem(names[start])
        end = start
        while end + 1 < len(names) and stem and _stem(names[end + 1]) == stem:
            end += 1
        if end - start + 1 > SEPARATE_LABELS:
            groups.append((f"{stem} × {end - start + 1}", start, end))
        else:
            groups.extend((str(names[at]), at, at) for at in range(start, end + 1))
        start = end + 1
    return groups


def _stem(name: str) -> str:
    return re.sub(r"[\d_]+$", "", str(name))


@drawn
def design_figure(
    design: pd.DataFrame, *, conditions: Sequence[str], name: str, description: str
) -> Markup:
    """Draw a design matrix: volumes downward, one column per regressor.

    Parameters
    ----------
    design : DataFrame
        One row per volume, one column per regressor; each is scaled to its largest size.
    conditions : sequence of str
        Columns of interest, whose labels stand out.
    name, description : str
        Identifier and text alternative.
    """
    names = [str(column) for column in design.columns]
    values = design.to_numpy(dtype=np.float64, na_value=np.nan)
    largest = np.nanmax(np.abs(values), axis=0, initial=0.0)
    scaled = np.nan_to_num(values / np.where(largest > 0, largest, 1.0))
    groups = column_groups(names)
    label_height = 14 + 6.4 * max(
        (len(shortened(label, LONGEST)) for label, _, _ in groups), default=1
    )
    body, foot = 230.0, 34.0
    figure = new_figure(WIDTH, label_height + body + foot)
    total = label_height + body + foot
    axis = figure.add_axes((0.1, foot / total, 0.87, body / total))
    axis.imshow(
        scaled, aspect="auto", cmap="gray", vmin=-1, vmax=1, interpolation="nearest", zorder=1
    )
    axis.spines[:].set_visible(False)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.set_ylabel("volume", labelpad=2)
    axis.set_xticks([])
    above = axis.get_xaxis_transform()
    for label, first, last in groups:
        of_interest = label in conditions
        color = ACCENT if of_interest else QUIET
        axis.plot([first - 0.38, last + 0.38], [1.012, 1.012], transform=above, clip_on=False,
                  color=color, linewidth=2.4 if of_interest else 1.0)  # fmt: skip
        axis.text((first + last) / 2, 1.03, shortened(label, LONGEST), transform=above, rotation=90,
                  ha="center", va="bottom", color=color, fontsize=8,
                  fontweight="bold" if of_interest else "normal")  # fmt: skip
    axis.set_xlabel(f"{len(names)} regressors", labelpad=5)
    return svg(figure, name=name, description=description)
