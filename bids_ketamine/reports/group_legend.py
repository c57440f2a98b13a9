"""Legends of the group report: how arms look, and how many of each are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.words import spread

_SHAPES = {
    "o": '<circle cx="5" cy="5" r="4.2"/>',
    "D": '<path d="M5 .4 9.6 5 5 9.6 .4 5z"/>',
    "s": '<path d="M1 1h8v8H1z"/>',
    "^": '<path d="M5 .6 9.6 9.2H.4z"/>',
    "v": '<path d="M5 9.4.4.8h9.2z"/>',
    "P": '<path d="M3.4 0h3.2v3.4H10v3.2H6.6V10H3.4V6.6H0V3.4h3.4z"/>',
    "X": '<path d="M2 0l3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3-3-3z"/>',
}


@dataclass(frozen=True)
class LegendItem:
    """An arm in the legend."""

    name: str
    color: str
    shape: Markup
    size: str


def legend(
    styles: Mapping[str, ArmStyle], values: Iterable[tuple[str, float]]
) -> tuple[LegendItem, ...]:
    """Return the legend of some pictures; empty where there is one kind of mark.

    Parameters
    ----------
    styles : mapping of str to ArmStyle
        Arms that may be drawn, in order.
    values : iterable of (str, float)
        Arm and number of participants with values, for everything that is drawn. An arm that is
        in none of them has no place in the legend; one without any value is told as such.

    Examples
    --------
    >>> from bids_ketamine.reports.figures.canvas import arm_styles
    >>> drawn = [("placebo", 4), ("placebo", 3), ("ketamine", 2), ("ketamine", 0)]
    >>> [(each.name, each.size) for each in legend(arm_styles(["placebo", "ketamine"]), drawn)]
    [('placebo', 'n = 3 to 4'), ('ketamine', 'n = 2')]
    """
    if set(styles) == {"all"}:
        return ()
    sizes: dict[str, list[int]] = {}
    for arm, n in values:
        sizes.setdefault(arm, []).append(int(n) if n == n else 0)
    return tuple(
        LegendItem(
            "all participants" if arm == "all" else arm,
            style.color,
            Markup(_SHAPES[style.marker]),
            f"n = {spread([n for n in sizes[arm] if n] or [0], 0)}",
        )
        for arm, style in styles.items()
        if arm in sizes
    )
