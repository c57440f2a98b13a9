"""What a circuit shows: its couplings, where regions are, which words arrows carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bids_ketamine.reports.figures.canvas import shortened
from bids_ketamine.reports.figures.circuit_layout import circle_places
from bids_ketamine.reports.words import interval, is_number, listed, number

#: More connections than this carry no numbers; those of a circuit with fewer carry theirs, and
#: up to MOST_MODULATIONS modulations.
MOST_NUMBERS, MOST_MODULATIONS = 12, 4
#: Regions up to which there is room for intervals on the arrows.
WITH_INTERVALS = 2
#: Width of the picture, pixels of the page.
WIDE = 560.0
#: Height of a line of text, and of the key below, pixels.
LINE, KEY = 12.0, 46.0
#: Unit of what changes a self-connection.
LOG_SCALE = "log scale"
#: Longest name of an input, letters.
LONGEST = 14


@dataclass(frozen=True)
class Coupling:
    """What one region, or an input, does to a region.

    Attributes
    ----------
    source, target : str
        Regions; the source of a driving input is the input.
    modulator : str
        Input that changes the connection; empty for the connection itself.
    driving : bool
        Whether the source is an input.
    value : float
        Posterior mean, in `unit`.
    interval, calibrated : (float, float)
        SPM's interval and the calibrated one.
    unit : str
        ``Hz`` or ``log scale``.
    calibrated_mean : float
        Estimate in the middle of the calibrated interval where it is not `value`; else NaN.
    """

    source: str
    target: str
    modulator: str
    driving: bool
    value: float
    interval: tuple[float, float]
    calibrated: tuple[float, float]
    unit: str
    calibrated_mean: float = float("nan")

    @property
    def certainty(self) -> int:
        """2 if the calibrated interval excludes zero, 1 if only SPM's does, else 0.

        Where the calibrated fit has the other sign, neither speaks for the estimate.
        """
        middle = self.calibrated_mean if is_number(self.calibrated_mean) else self.value
        if middle * self.value < 0.0:
            return 0
        side = _side_of_zero(self.calibrated)
        if side:
            return 2 if side * self.value > 0.0 else 0
        return 1 if _side_of_zero(self.interval) else 0

    @property
    def logarithmic(self) -> bool:
        """Whether it scales self-inhibition: more of it is less activity."""
        return self.unit == LOG_SCALE


def _side_of_zero(ends: tuple[float, float]) -> int:
    """Return on which side of zero an interval lies, 0 if it holds zero or is unknown."""
    return int(ends[0] > 0.0) - int(ends[1] < 0.0)


class CircuitPlan:
    """Places and words of a circuit.

    Parameters
    ----------
    regions : sequence of str
        Names of the regions.
    couplings : sequence of Coupling
        What is drawn; those of other regions are left out.

    Attributes
    ----------
    small : bool
        Whether arrows carry intervals.
    with_numbers, with_modulations : bool
        Whether they carry estimates, and those of modulations.
    width, height, radius : float
        Size of the picture and of a region, pixels of the page.
    directions, places : dict of str to ndarray of shape (2,)
        Where regions are, seen from the middle and on the picture.
    """

    def __init__(self, regions: Sequence[str], couplings: Sequence[Coupling]) -> None:
        self.regions = list(regions)
        self.couplings = [
            each
            for each in couplings
            if each.target in regions and (each.driving or each.source in regions)
        ]
        self.small = len(regions) <= WITH_INTERVALS
        self.with_numbers = self.small or len(self.arrows(loops=False)) <= MOST_NUMBERS
        between = [e for e in self.couplings if e.modulator and e.source != e.target]
        self.with_modulations = self.small or (
            self.with_numbers and len(between) <= MOST_MODULATIONS
        )
        few = len(regions) <= 5
        self.radius = 40.0 if self.small else 34.0 if few else 27.0
        self.width = WIDE
        ring = 190.0 if self.small else 140.0 if few else 152.0
        self.directions = dict(zip(regions, circle_places(len(regions)), strict=True))
        above, below = self._small_rooms() if self.small else self._rooms(ring)
        self.height = above + below + KEY
        middle = np.array([self.width / 2, below + KEY])
        self.places = {each: middle + ring * at for each, at in self.directions.items()}

    def of(self, source: str, target: str) -> list[Coupling]:
        """Return a connection and what modulates it."""
        own = [e for e in self.couplings if not e.driving]
        return [e for e in own if (e.source, e.target) == (source, target)]

    def driving(self, region: str) -> list[Coupling]:
        """Return what drives a region."""
        return [each for each in self.couplings if each.driving and each.target == region]

    def arrows(self, *, loops: bool = True) -> list[Coupling]:
        """Return one coupling for each arrow between regions."""
        found: dict[tuple[str, str], Coupling] = {}
        for each in self.couplings:
            if not each.driving and (not _loop(each) or (loops and each.modulator)):
                found.setdefault((each.source, each.target), each)
        return list(found.values())

    def words(self, couplings: Sequence[Coupling]) -> list[tuple[str, bool]]:
        """Return the lines beside an arrow, and which of them stand out."""
        lines = []
        for each in couplings:
            if each.modulator and not self.with_modulations:
                continue
            told = each.modulator or (each.source if each.driving else "")
            if not told and each.source == each.target:
                told = "self"
            name = shortened(told.replace("_", " "), LONGEST)
            unit = each.unit.removesuffix(" scale") if self.small else ""
            value = f"{number(each.value, 2)} {unit}".strip()
            lines.append((f"{name}: {value}" if name else value, True))
            if self.small:
                lines.append((f"SPM {interval(*each.interval, 2)}", False))
                lines.append(
                    (f"calibrated {estimated(each.calibrated_mean, each.calibrated)}", False)
                )
        return lines

    def _small_rooms(self) -> tuple[float, float]:
        """Return the room above and below the middle of one or two regions, pixels."""
        first, *others = self.regions
        upper = max((len(self.words(self.of(first, each))) for each in others), default=0)
        lower = max((len(self.words(self.of(each, first))) for each in others), default=0)
        loops = [len(self.words(self.of(e.target, e.target))) for e in self.arrows() if _loop(e)]
        driving = max(len(self.words(self.driving(each))) for each in self.regions)
        return (
            max(50 + LINE * upper, 84 + LINE * max(loops) if loops else 50),
            max(50 + LINE * lower, 88 + LINE * driving if driving else 50),
        )

    def _rooms(self, ring: float) -> tuple[float, float]:
        """Return the room above and below the middle of a circle, pixels."""
        rooms = {}
        for sign in (1, -1):
            facing = [each for each, at in self.directions.items() if sign * at[1] > 0.4]
            most = max((len(self.driving(each)) for each in facing), default=0)
            furthest = max(sign * float(at[1]) for at in self.directions.values())
            rooms[sign] = ring * furthest + self.radius + (48 + LINE * most if most else 26)
        return rooms[1], rooms[-1]


def estimated(mean: float, ends: tuple[float, float]) -> str:
    """Return an interval, with the estimate before it where there is one of its own.

    Examples
    --------
    >>> estimated(0.5, (0.25, 0.75)), estimated(float("nan"), (0.25, 0.75))
    ('0.50 (0.25 to 0.75)', '0.25 to 0.75')
    """
    within = interval(*ends, 2)
    return f"{number(mean, 2)} ({within})" if is_number(mean) else within


def _loop(each: Coupling) -> bool:
    return not each.driving and each.source == each.target


def left_out(regions: Sequence[str], couplings: Sequence[Coupling]) -> str:
    """Say which numbers a circuit leaves to its table; empty if it leaves none.

    Parameters
    ----------
    regions, couplings
        As :func:`circuit_figure` takes them.

    Examples
    --------
    >>> one = Coupling("a", "b", "", False, 0.2, (0.1, 0.3), (0.0, 0.4), "Hz")
    >>> left_out(["a", "b"], [one]), left_out(["a", "b", "c"], [one])
    ('', 'Intervals stand in the table.')
    """
    circuit = CircuitPlan(regions, couplings)
    if len(circuit.regions) <= WITH_INTERVALS:
        return ""
    parts = ["Intervals"]
    modulated = [each for each in circuit.couplings if each.modulator]
    if modulated and not circuit.with_modulations:
        parts.append("modulations")
    elif any(each.source == each.target for each in modulated):
        parts.append("modulations of self-connections")
    if not circuit.with_numbers:
        parts.append("estimates")
    return f"{listed(parts)} stand in the table."
