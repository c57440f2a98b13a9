"""What the section on prediction shows: each model, each timing, and the whole."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.reports.group_legend import LegendItem
from bids_ketamine.reports.views import Picture, TableView


@dataclass(frozen=True)
class NetModelView:
    """One model.

    Attributes
    ----------
    title, result : str
        Its name, and what came of it in a few words.
    words : str
        How many predictors it keeps, and how its coefficients are to be read.
    coefficients : Picture or None
        Its largest coefficients.
    beside : tuple of Picture
        Predictions and the null.
    table : TableView or None
        All coefficients.
    """

    title: str
    result: str
    words: str
    coefficients: Picture | None = None
    beside: tuple[Picture, ...] = ()
    table: TableView | None = None


@dataclass(frozen=True)
class NetTimingView:
    """The models of changes, or those of the first session.

    Attributes
    ----------
    title, words : str
        Heading, and what is asked.
    legend : tuple of LegendItem
        Arms in pictures with participants.
    models : tuple of NetModelView
        Its models.
    raw_title, raw_words : str
        Heading of pictures of raw values, and what they show; empty where there are none.
    raw : tuple of Picture
        Raw values of measures that are kept.
    matrix : Picture or None
        Correlations of predictors.
    matrix_words : str
        How alike they are.
    dropped : TableView or None
        Predictors that did not enter.
    predictors : TableView or None
        All of them, with the share that is missing.
    """

    title: str
    words: str
    legend: tuple[LegendItem, ...]
    models: tuple[NetModelView, ...]
    raw_title: str
    raw_words: str
    raw: tuple[Picture, ...]
    matrix: Picture | None
    matrix_words: str
    dropped: TableView | None
    predictors: TableView | None


@dataclass(frozen=True)
class NetView:
    """The section on prediction.

    Attributes
    ----------
    summary : str
        What came of all models, in a line for the top of the report.
    words : str
        What was done.
    figures : tuple of (str, str)
        What the figures of a model mean, and which of them hold.
    table, details : TableView
        Figures of all models.
    chance : str
        How many small p there are.
    results : tuple of (str, str)
        What came of models, in a few words and with numbers; once for the same verdict.
    warnings : tuple of str
        What stands out.
    entered : tuple of TableView
        Who entered, and why others did not.
    persons : TableView or None
        The same for each participant.
    timings : tuple of NetTimingView
        Models by timing.
    notes : tuple of str
        What else is to be known.
    """

    summary: str
    words: str
    figures: tuple[tuple[str, str], ...]
    table: TableView
    details: TableView
    chance: str
    results: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    entered: tuple[TableView, ...]
    persons: TableView | None
    timings: tuple[NetTimingView, ...]
    notes: tuple[str, ...]
