"""What the section on mixed models shows."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.reports.group_legend import LegendItem
from bids_ketamine.reports.views import Picture, TableView


@dataclass(frozen=True)
class MixedValueView:
    """One mixed model of one outcome or measure.

    Attributes
    ----------
    title : str
        The value that is modelled.
    results : tuple of str
        A sentence for each term of interest.
    warnings : tuple of str
        What stands out: small samples, boundaries, fits that failed.
    remarks : tuple of str
        Below the results, such as rules that disagree.
    pictures : tuple of Picture
        Estimates, and means by session and arm.
    tables : tuple of TableView
        Estimates by method and rule.
    details : tuple of TableView
        Tests of terms, variances, means, who entered; folded.
    persons : TableView or None
        Participant by participant.
    legend : tuple of LegendItem
        Arms in the picture of means.
    """

    title: str
    results: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[TableView, ...] = ()
    details: tuple[TableView, ...] = ()
    persons: TableView | None = None
    legend: tuple[LegendItem, ...] = ()


@dataclass(frozen=True)
class MixedModelView:
    """One mixed model, of every outcome and measure that it was asked for.

    Attributes
    ----------
    anchor, title : str
        Place in the page, and name of the model.
    summary : str
        What came of it, in a line for the top of the report.
    words : tuple of str
        Formula and coding.
    count : str
        How many small p there are; empty for one value.
    overview : TableView or None
        The first term of interest of each value, where there are several.
    values : tuple of MixedValueView
        In full.
    left_out : str
        Says where values are that are not shown in full.
    """

    anchor: str
    title: str
    summary: str
    words: tuple[str, ...]
    count: str
    overview: TableView | None
    values: tuple[MixedValueView, ...]
    left_out: str
