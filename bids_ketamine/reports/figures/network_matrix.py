"""A matrix of very many regions, ordered by network: one image, with names of networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.reports.figures.canvas import INK, QUIET, drawn, new_figure, png, shortened
from bids_ketamine.reports.figures.value_scale import COLORS, draw_value_bar, value_palette

FloatArray = NDArray[np.float64]

#: Side of the matrix, room of names on the left and above, and on the right, pixels of the page.
BODY, ROOM, RIGHT = 380.0, 108.0, 72.0
#: Blocks narrower than this have no name beside them, pixels of the page.
NARROWEST = 7.0
LONGEST = 16
#: Colour of cells that have no value, and of lines between blocks.
EMPTY, LINE = "#eef0f2", "#7d8891"
#: What regions of no network are called.
NO_NETWORK = "no network"
#: Least pixels of the picture for each pixel of the page, and per region.
PIXELS, PER_REGION = 1.5, 2.0


@dataclass(frozen=True)
class Block:
    """Regions in a row that belong to one network."""

    name: str
    first: int
    last: int

    @property
    def size(self) -> int:
        """Number of its regions."""
        return self.last - self.first + 1


def blocks_of(networks: Sequence[str]) -> list[Block]:
    """Return the runs of regions of one network.

    Parameters
    ----------
    networks : sequence of str
        Network of each region, in the order of the matrix; empty for none.

    Examples
    --------
    >>> [(each.name, each.size) for each in blocks_of(["visual", "visual", "", "limbic"])]
    [('visual', 2), ('no network', 1), ('limbic', 1)]
    """
    blocks, at = [], 0
    for name, members in groupby(networks):
        size = len(list(members))
        blocks.append(Block(name or NO_NETWORK, at, at + size - 1))
        at += size
    return blocks


@drawn
def network_matrix_figure(
    values: FloatArray,
    *,
    networks: Sequence[str],
    limit: float,
    label: str,
    description: str,
    triangles: tuple[str, str] | None = None,
) -> Markup:
    """Draw a matrix with lines between networks and their names at its sides.

    Parameters
    ----------
    values : ndarray of shape (n_regions, n_regions)
        Values; NaN where there is nothing to show. The diagonal stays blank.
    networks : sequence of str
        Network of each region; regions of one network stand together.
    limit : float
        End of the colour scale.
    label : str
        Stands beside the colour bar.
    description : str
        Text alternative.
    triangles : (str, str), optional
        What the lower and the upper triangle show, where they differ.
    """
    shown = np.array(values, dtype=np.float64)
    n_regions = len(shown)
    np.fill_diagonal(shown, np.nan)
    foot = 22.0 if triangles else 8.0
    head = ROOM + (16.0 if triangles else 0.0)
    width, height = ROOM + BODY + RIGHT, head + BODY + foot
    figure = new_figure(width, height)
    axis = figure.add_axes((ROOM / width, foot / height, BODY / width, BODY / height))
    axis.set_facecolor(EMPTY)
    axis.imshow(shown, cmap=COLORS, vmin=-limit, vmax=limit, interpolation="nearest")
    axis.plot([-0.5, n_regions - 0.5], [-0.5, n_regions - 0.5], color=LINE, linewidth=0.5)
    axis.set(xlim=(-0.5, n_regions - 0.5), ylim=(n_regions - 0.5, -0.5))
    for spine in axis.spines.values():
        spine.set(visible=True, color=LINE, linewidth=0.6)
    blocks = blocks_of(networks)
    for block in blocks[1:]:
        for draw in (axis.axhline, axis.axvline):
            draw(block.first - 0.5, color=LINE, linewidth=0.5)
    _name_blocks(axis, blocks, n_regions)
    if triangles:
        lower, upper = triangles
        figure.text(ROOM / width, 6 / height, f"below the diagonal: {lower}", ha="left",
                    va="bottom", fontsize=7.5, color=INK)  # fmt: skip
        figure.text((ROOM + BODY) / width, 1 - 4 / height, f"above the diagonal: {upper}",
                    ha="right", va="top", fontsize=7.5, color=INK)  # fmt: skip
    bar = ((ROOM + BODY + 12) / width, foot / height, 11 / width, BODY / height)
    draw_value_bar(figure, bar, limit=limit, label=label)
    scale = max(PIXELS, min(PER_REGION * n_regions / BODY, 2.5))
    return png(figure, description=description, palette=_palette(), scale=scale)


def _name_blocks(axis: Any, blocks: Sequence[Block], n_regions: int) -> None:
    """Write the names of all blocks that have room for one."""
    named = [block for block in blocks if block.size * BODY / n_regions >= NARROWEST]
    places = [(block.first + block.last) / 2 for block in named]
    labels = [shortened(block.name.replace("_", " "), LONGEST) for block in named]
    axis.xaxis.tick_top()
    axis.set_xticks(places, labels, rotation=90, fontsize=7.5)
    axis.set_yticks(places, labels, fontsize=7.5)
    axis.tick_params(length=0, pad=3, labelcolor=QUIET)


def _palette() -> FloatArray:
    """Return the colours of values, with those of empty cells and lines in place of two greys."""
    palette = value_palette().copy()
    for place, color in enumerate((EMPTY, LINE)):
        palette[20 + place] = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return palette
