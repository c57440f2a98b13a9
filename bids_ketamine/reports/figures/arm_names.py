"""Names of arms above a picture, so that it can stand alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bids_ketamine.reports.figures.canvas import INK, PIXEL, ArmStyle, shortened

#: Height of a row, room of a mark, and distances between a name and the next mark, pixels.
ROW, MARK, BETWEEN = 14.0, 11.0, 12.0
#: Width of a letter, pixels, and most letters of a name.
LETTER, LONGEST = 6.0, 20


class ArmNames(NamedTuple):
    """Where names stand.

    Attributes
    ----------
    places : tuple of (str, float, int)
        Arm, distance of its mark from the left edge in pixels, and row from the top.
    everybody : str
        What ``all`` is called.
    n_rows : int
        Rows; 0 where no arm is named.
    """

    places: tuple[tuple[str, float, int], ...]
    everybody: str
    n_rows: int

    def words(self, arm: str) -> str:
        """Return what an arm is called."""
        return _words(arm, self.everybody)

    @property
    def height(self) -> float:
        """Room of all rows, pixels."""
        return ROW * self.n_rows

    @property
    def growth(self) -> float:
        """Height by which a picture grows that has room for one row, pixels."""
        return ROW * max(self.n_rows - 1, 0)


def arm_names(arms: Sequence[str], *, everybody: str, left: float, width: float) -> ArmNames:
    """Place the names of arms in rows; none for all participants alone.

    Parameters
    ----------
    arms : sequence of str
        Arms that are drawn.
    everybody : str
        What ``all`` is called where it stands beside arms.
    left, width : float
        Where the first name of a row begins, and the picture's width, pixels.

    Examples
    --------
    >>> arms = ["placebo", "ketamine"]
    >>> arm_names(arms, everybody="all participants", left=40.0, width=250.0).places
    (('placebo', 40.0, 0), ('ketamine', 105.0, 0))
    >>> arm_names(arms, everybody="all participants", left=40.0, width=150.0).height
    28.0
    >>> arm_names(["all"], everybody="all participants", left=40.0, width=250.0).height
    0.0
    """
    if not arms or list(arms) == ["all"]:
        return ArmNames((), everybody, 0)
    places: list[tuple[str, float, int]] = []
    at, row = left, 0
    for arm in arms:
        room = MARK + LETTER * len(_words(arm, everybody))
        if at > left and at + room > width:
            at, row = left, row + 1
        places.append((arm, at, row))
        at += room + BETWEEN
    return ArmNames(tuple(places), everybody, row + 1)


def _words(arm: str, everybody: str) -> str:
    return shortened(everybody if arm == "all" else arm, LONGEST)


def draw_arm_names(figure: Figure, names: ArmNames, styles: Mapping[str, ArmStyle]) -> None:
    """Draw marks and names of arms at the top of a figure.

    Parameters
    ----------
    figure : Figure
        Its upper :attr:`ArmNames.height` pixels are free.
    names : ArmNames
        Result of :func:`arm_names`.
    styles : mapping of str to ArmStyle
        How arms look.
    """
    width, height = figure.get_figwidth() / PIXEL, figure.get_figheight() / PIXEL
    for arm, left, row in names.places:
        across, up = (left + MARK / 2 - 2) / width, 1 - ROW * (row + 0.5) / height
        figure.add_artist(
            Line2D([across], [up], color=styles[arm].color, marker=styles[arm].marker,
                   markersize=4.6, markeredgewidth=0, linestyle="none",
                   transform=figure.transFigure)
        )  # fmt: skip
        figure.text((left + MARK) / width, up, names.words(arm), ha="left", va="center",
                    color=INK, fontsize=7.5)  # fmt: skip
