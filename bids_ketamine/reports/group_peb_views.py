"""What the section on effective connectivity of the group report shows."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.reports.group_legend import LegendItem
from bids_ketamine.reports.views import Picture, TableView


@dataclass(frozen=True)
class PebBlock:
    """One question to a model.

    Attributes
    ----------
    title, words : str
        Heading, and what is asked.
    results, others : tuple of str
        Sentences: those that stand, and those that are folded.
    chance : str
        How many large probabilities there would be without any effect.
    circuits, pictures, points : tuple of Picture
        Circuits; forest and leaving out; participants.
    third : str
        What the third level in the forest is; empty where there is none.
    marks, arms : tuple of LegendItem
        What is what in circuits, and in pictures of participants.
    points_words : str
        What these show.
    wide : bool
        Whether circuits need room.
    tables : tuple of TableView
        All effects of the analysis, one for each arm; with the last question to it.
    """

    title: str
    words: str
    results: tuple[str, ...]
    others: tuple[str, ...]
    chance: str
    circuits: tuple[Picture, ...]
    marks: tuple[LegendItem, ...]
    pictures: tuple[Picture, ...]
    third: str
    points: tuple[Picture, ...]
    arms: tuple[LegendItem, ...]
    points_words: str
    wide: bool
    tables: tuple[TableView, ...]


@dataclass(frozen=True)
class PebView:
    """All of one model.

    Attributes
    ----------
    title : str
        Heading.
    entered_words : str
        What of each participant enters.
    entered : tuple of TableView
        Who entered, and why others did not.
    persons : TableView or None
        Participant by participant.
    signs : str
        What signs of effects mean.
    blocks : tuple of PebBlock
        One for each question.
    fits : TableView or None
        How fits ended.
    notes : tuple of str
        Covariates, settings and what else is to be known.
    """

    title: str
    entered_words: str
    entered: tuple[TableView, ...]
    persons: TableView | None
    signs: str
    blocks: tuple[PebBlock, ...]
    fits: TableView | None
    notes: tuple[str, ...]
