"""What all parts of the section on networks share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from bids_ketamine.reports.figures.canvas import PALETTE, QUIET, ArmStyle
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.group_clinical import ClinicalOutput
from bids_ketamine.reports.group_data import GroupOutput
from bids_ketamine.reports.group_legend import LegendItem
from bids_ketamine.reports.group_networks_data import NetworkOutput
from bids_ketamine.reports.views import Picture, TableView
from bids_ketamine.reports.words import capitalized, is_number
from bids_ketamine.study.measure_names import NETWORK, network_measures
from bids_ketamine.study.spec import ChangeSpec, ResponseSpec, StudySpec

#: Groups of the change where a study has a rule of response.
RESPONDERS, OTHERS, UNKNOWN = "responders", "others", "response not known"
RESPONSE_STYLES = {
    RESPONDERS: ArmStyle(PALETTE[1], "D"),
    OTHERS: ArmStyle(PALETTE[0], "o"),
    UNKNOWN: ArmStyle(QUIET, "s"),
}


@dataclass(frozen=True)
class NetworkPart:
    """One part of the section.

    Attributes
    ----------
    anchor, title, words : str
        Identifier, heading, and what is shown.
    results : tuple of str
        Results with estimate and interval.
    warnings : tuple of str
        Stand out.
    legend : tuple of LegendItem
        Of the pictures.
    pictures : tuple of Picture
        Beside and below each other.
    tables, details : tuple of TableView
        Below them; the latter folded.
    notes : tuple of str
        What is to be known.
    narrow : bool
        Whether pictures are small.
    summary : str
        What came of it in a line, for the top of the page; empty for nothing.
    """

    anchor: str
    title: str
    words: str = ""
    results: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    legend: tuple[LegendItem, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[TableView, ...] = ()
    details: tuple[TableView, ...] = ()
    notes: tuple[str, ...] = ()
    narrow: bool = False
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class NetworkContext:
    """What the parts are made of.

    Attributes
    ----------
    spec : StudySpec
        The study.
    networks : NetworkOutput
        Tables of networks.
    group : GroupOutput
        Participants, measures and tests.
    clinical : ClinicalOutput
        Mixed models.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    individual_data : bool
        Whether single participants may be shown.
    """

    spec: StudySpec
    networks: NetworkOutput
    group: GroupOutput
    clinical: ClinicalOutput
    styles: Mapping[str, ArmStyle]
    individual_data: bool

    @property
    def level(self) -> str:
        """Level of intervals."""
        return f"{100 * self.spec.group.confidence_level:g} %"

    @property
    def order(self) -> list[str]:
        """Names of all sessions in order."""
        return [each.name for each in self.spec.sessions]

    def table(self, stem: str) -> pd.DataFrame:
        """Return a table of networks."""
        return self.networks.tables[stem]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the network measures, in the order of the study."""
        return self.spec.networks.measures if self.spec.networks is not None else ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Measures of network means, one for each nuisance model."""
        return network_measures(self.spec) if self.spec.networks is not None else ()

    @property
    def change(self) -> ChangeSpec | None:
        """The change that is shown: that of the edges, else the first of the study."""
        section = self.spec.edge_statistics
        asked = section.changes if section is not None else ()
        changes = {each.name: each for each in self.spec.changes}
        return next((changes[each] for each in (*asked, *changes) if each in changes), None)

    @property
    def treated(self) -> tuple[str, ...]:
        """Arms whose change is shown; those of the study when nothing says which."""
        section = self.spec.edge_statistics
        if section is not None and section.arms:
            return section.arms
        arms = self.group.arms
        controls = self.spec.controls.level if self.spec.controls is not None else None
        return tuple(arm for arm in arms if arm != controls)

    @property
    def response(self) -> ResponseSpec | None:
        """Rule of response, where a mixed model of measures or the clinical course has one."""
        models = self.spec.mixed_models
        found = (each.response for each in models if each.measures and each.response is not None)
        rule = next(found, None)
        course = self.spec.clinical_course
        if rule is None and course is not None:
            return ResponseSpec(outcome=course.outcome, fall=course.response_fall)
        return rule


def network_words(name: object) -> str:
    """Return the name of a network, of a pair or of a ratio, for the eye.

    >>> network_words("sgACC_default_mode"), network_words("limbic/cortex")
    ('sgACC default mode', 'limbic / cortex')
    """
    return str(name).replace("_", " ").replace("/", " / ")


def network_title(name: object) -> str:
    """Return the name of a network for the start of a line; abbreviations stay as they are.

    >>> network_title("default_mode"), network_title("sgACC_default_mode")
    ('Default mode', 'sgACC default mode')
    """
    words = network_words(name)
    return capitalized(words) if words.partition(" ")[0].islower() else words


def model_words(measure: object, spec: StudySpec) -> str:
    """Return the nuisance model of a measure of networks.

    Parameters
    ----------
    measure : str
        ``network_connectivity`` or ``network_connectivity_36P``.
    spec : StudySpec
        Tells the first model.
    """
    further = str(measure).removeprefix(NETWORK).removeprefix("_")
    if further:
        return further
    return spec.cleaning.models[0] if spec.cleaning is not None else "as read"


def mean_estimate(values: ArrayLike, confidence_level: float) -> Estimate:
    """Return a mean with its interval by t; NaN where there is none.

    >>> found = mean_estimate([1.0, 2.0, 3.0, float("nan")], 0.95)
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (2.0, -0.48, 4.48)
    """
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    if not array.size:
        return Estimate(np.nan, np.nan, np.nan)
    mean = float(array.mean())
    if array.size < 2:
        return Estimate(mean, np.nan, np.nan)
    half = float(stats.t.ppf((1 + confidence_level) / 2, array.size - 1))
    half *= float(array.std(ddof=1) / np.sqrt(array.size))
    return Estimate(mean, mean - half, mean + half)


def moments_estimate(mean: Any, sd: Any, n: Any, confidence_level: float) -> Estimate:
    """Return a mean with its interval from its standard deviation and number.

    >>> found = moments_estimate(2.0, 1.0, 3, 0.95)
    >>> round(found.low, 2), round(found.high, 2)
    (-0.48, 4.48)
    """
    if not is_number(mean):
        return Estimate(np.nan, np.nan, np.nan)
    value = float(mean)
    if not (is_number(sd) and is_number(n)) or float(n) < 2:
        return Estimate(value, np.nan, np.nan)
    half = float(stats.t.ppf((1 + confidence_level) / 2, float(n) - 1))
    half *= float(sd / np.sqrt(float(n)))
    return Estimate(value, value - half, value + half)


def wide(rows: pd.DataFrame, sessions: Sequence[str], *, value: str = "adjusted") -> pd.DataFrame:
    """Return the values of participants, a column for each session.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``group_measures`` of one measure.
    sessions : sequence of str
        Columns of the result.
    value : str
        What is told.
    """
    own = rows[rows["included"].astype(bool) & rows["session"].isin(list(sessions))]
    table = own.pivot_table(
        index="participant_id", columns="session", values=value, aggfunc="first", sort=False
    )
    return table.reindex(columns=list(sessions)).astype(np.float64)


def as_array(values: pd.Series | pd.DataFrame) -> NDArray[np.float64]:
    """Return numbers without those that are missing."""
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]
