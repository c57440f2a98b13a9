"""Free parameters of a dynamic causal model, as its file tells them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bids_ketamine.reports.figures.circuit_plan import Coupling
from bids_ketamine.reports.words import is_number, region_words, text

#: Fields of parameters that tell what regions and inputs do to regions.
COUPLINGS = ("connection", "modulation", "driving")
#: Between the two ends of a connection.
TO = " \u2192 "
NOTHING = float("nan")


@dataclass(frozen=True)
class DcmParameter:
    """A free parameter.

    Attributes
    ----------
    name : str
        Its name in the file, such as ``amygdala > vmPFC by faces``.
    field : str
        ``connection``, ``modulation``, ``driving``, ``transit``, ``decay`` or ``epsilon``.
    source, target, modulator : str
        Regions and inputs; empty where there is none.
    unit : str
        ``Hz`` or ``log scale``.
    mean, probability : float
        Posterior mean, and the posterior probability of its sign.
    interval, calibrated : (float, float)
        SPM's interval and the calibrated one.
    calibrated_mean : float
        Estimate in the middle of the calibrated interval where it is not `mean`; else NaN.
    """

    name: str
    field: str
    source: str
    target: str
    modulator: str
    unit: str
    mean: float
    probability: float
    interval: tuple[float, float]
    calibrated: tuple[float, float]
    calibrated_mean: float

    @property
    def words(self) -> str:
        """Its name for the eye."""
        source, target = region_words(self.source), region_words(self.target)
        if self.field in ("connection", "modulation"):
            same = self.source == self.target
            connection = f"{target} self-connection" if same else f"{source}{TO}{target}"
            return f"{connection} by {self.modulator}" if self.modulator else connection
        if self.field == "driving":
            return f"{self.source}{TO}{target}"
        return region_words(self.name)

    def coupling(self) -> Coupling:
        """Return it for the picture of the circuit."""
        driving = self.field == "driving"
        parts = (self.source, self.target, self.modulator, driving, self.mean)
        both = (self.interval, self.calibrated)
        return Coupling(*parts, *both, self.unit, calibrated_mean=self.calibrated_mean)


def read_parameter(entry: Mapping[str, Any]) -> DcmParameter:
    """Read an entry of ``Parameters``; what is not there is empty or NaN.

    Parameters
    ----------
    entry : mapping
        The entry.
    """
    mean, calibrated = (number_of(entry.get(key)) for key in ("PosteriorMean", "CalibratedMean"))
    same = math.isclose(mean, calibrated, rel_tol=1e-6, abs_tol=1e-9)
    return DcmParameter(
        name=text(entry.get("Name"), ""),
        field=text(entry.get("Field"), ""),
        source=text(entry.get("Source"), ""),
        target=text(entry.get("Target"), ""),
        modulator=text(entry.get("Modulator"), ""),
        unit=text(entry.get("Unit"), ""),
        mean=mean,
        probability=number_of(entry.get("PosteriorProbability")),
        interval=_ends(entry.get("Interval")),
        calibrated=_ends(entry.get("CalibratedInterval")),
        calibrated_mean=NOTHING if same else calibrated,
    )


def _ends(told: Any) -> tuple[float, float]:
    if isinstance(told, list | tuple) and len(told) == 2:
        return number_of(told[0]), number_of(told[1])
    return NOTHING, NOTHING


def number_of(told: Any) -> float:
    """Return a number of a file; NaN where there is none.

    >>> number_of(2), number_of("2")
    (2.0, nan)
    """
    return float(told) if is_number(told) else NOTHING
